package backup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

const (
	formatVersion = 1
	chunkSize     = 1 << 20  // rows of one entry, about
	maxEntry      = 64 << 20 // what a reader accepts
	manifestName  = "manifest.json"
	sumsName      = "sums.json"
	blobPrefix    = "blobs/"
)

// Names of the databases in a backup.
const (
	mainName = "main"
	keysName = "keys"
)

// Errors of reading a backup.
var (
	// ErrNotBackup: the file is something else.
	ErrNotBackup = errors.New("this is not a backup of convoke")
	// ErrDamaged: the file is cut off or was changed.
	ErrDamaged = errors.New("the backup is damaged: it was cut off or changed after it was written")
	// ErrIdentity: the key at hand does not open the file.
	ErrIdentity = errors.New("this key does not open the backup: it was encrypted to another one")
	// ErrNotMain and ErrNotKeys: it is the other of the two files.
	ErrNotMain = errors.New("this file holds the keys of a backup, not the backup itself")
	ErrNotKeys = errors.New("this file holds a backup, not the keys of one")
	// ErrNewer: a newer program wrote it.
	ErrNewer = errors.New("this backup was made by a newer convoke; please install that version or a newer one")
)

// KeysSuffix makes the name of a keys file from that of its main file.
const KeysSuffix = ".keys"

// Manifest says what a file of a backup holds.
type Manifest struct {
	Format  int       `json:"format"`
	Version string    `json:"version"` // of the program that wrote it
	Created time.Time `json:"created"`
	// BootKey is the [Fingerprint] of the boot key that wraps the keys; only a
	// keys file has it.
	BootKey   string     `json:"boot_key,omitempty"`
	Databases []Database `json:"databases"` // exactly one
}

// Database is one of the two databases of a node.
type Database struct {
	Name       string      `json:"name"`   // "main" or "keys"
	Engine     string      `json:"engine"` // "sqlite" or "postgres": where it came from
	Migrations []Migration `json:"migrations"`
	Tables     []Table     `json:"tables"` // a table comes after those that it refers to
}

// Migration is one step of the schema that the rows are of.
type Migration struct {
	Name     string `json:"name"`
	Checksum string `json:"checksum"` // SHA-256 in hexadecimal
}

// Table is the columns of one table in the order in which rows hold them.
type Table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Key     []string `json:"key"` // the primary key
}

// Sums end a file: they say that it is whole.
type Sums struct {
	Tables []TableSum `json:"tables"`
	Blobs  BlobSum    `json:"blobs"`
}

// TableSum is what the rows of one table come to.
type TableSum struct {
	Database string `json:"database"`
	Table    string `json:"table"`
	Rows     int64  `json:"rows"`
	SHA256   string `json:"sha256"`
}

// BlobSum is what the pictures come to; SHA256 is over their keys in order.
type BlobSum struct {
	Count  int64  `json:"count"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Rows is the number of rows of all tables.
func (s *Sums) Rows() int64 {
	var n int64
	for _, t := range s.Tables {
		n += t.Rows
	}
	return n
}

// database returns the database of that name, or nil.
func (m *Manifest) database(name string) *Database {
	for i := range m.Databases {
		if m.Databases[i].Name == name {
			return &m.Databases[i]
		}
	}
	return nil
}

// Kinds of values.
const (
	isNull byte = iota
	isInt
	isReal
	isText
	isBytes
)

// appendRow writes the values of a row as database/sql scans them.
func appendRow(b []byte, values []any) ([]byte, error) {
	for _, v := range values {
		switch x := v.(type) {
		case nil:
			b = append(b, isNull)
		case int64:
			b = binary.AppendVarint(append(b, isInt), x)
		case bool:
			var n int64
			if x {
				n = 1
			}
			b = binary.AppendVarint(append(b, isInt), n)
		case float64:
			if math.IsNaN(x) {
				return b, errors.New("a value is not a number")
			}
			b = binary.BigEndian.AppendUint64(append(b, isReal), math.Float64bits(x+0)) // -0 + 0 is 0
		case string:
			b = binary.AppendUvarint(append(b, isText), uint64(len(x)))
			b = append(b, x...)
		case []byte:
			b = binary.AppendUvarint(append(b, isBytes), uint64(len(x)))
			b = append(b, x...)
		default:
			return b, fmt.Errorf("a value has the unknown type %T", v)
		}
	}
	return b, nil
}

// nextRow reads n values from the front of b. What it returns shares no memory
// with b.
func nextRow(b []byte, n int) (values []any, rest []byte, err error) {
	values = make([]any, n)
	for i := range values {
		if values[i], b, err = nextValue(b); err != nil {
			return nil, nil, err
		}
	}
	return values, b, nil
}

var errValue = fmt.Errorf("%w (a row cannot be read)", ErrDamaged)

func nextValue(b []byte) (any, []byte, error) {
	if len(b) == 0 {
		return nil, nil, errValue
	}
	kind, b := b[0], b[1:]
	switch kind {
	case isNull:
		return nil, b, nil
	case isInt:
		x, k := binary.Varint(b)
		if k <= 0 {
			return nil, nil, errValue
		}
		return x, b[k:], nil
	case isReal:
		if len(b) < 8 {
			return nil, nil, errValue
		}
		return math.Float64frombits(binary.BigEndian.Uint64(b)), b[8:], nil
	case isText, isBytes:
		size, k := binary.Uvarint(b)
		if k <= 0 || size > uint64(len(b)-k) {
			return nil, nil, errValue
		}
		x, rest := b[k:k+int(size)], b[k+int(size):]
		if kind == isText {
			return string(x), rest, nil
		}
		return append([]byte{}, x...), rest, nil
	}
	return nil, nil, errValue
}
