package verify

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"os"

	"convoke/internal/record/leaf"
)

// entrySize is what is kept of a leaf.
const entrySize = 4 + 16 + 1 + 4 + 4 + 2

// entry is what a leaf says of a key: all that counting needs.
type entry struct {
	leaf  uint32
	key   [16]byte // see parts.keyed
	kind  byte     // a body's, or one of those below; 0 is no entry
	shown bool     // a credential comes with it, or did before in the roll
	leaf.Pledge
	counter uint32
}

// Kinds of entries besides those of bodies.
const (
	signs     = 0x7f // a signature
	misspoken = 0x7e // a say that is wrong whoever says it
)

// parts splits the leaves of a box by their keys, so that each part can be counted
// alone and what is known of keys stays small. Entries of a part keep their order. All
// parts share one temporary file of blocks; the last block of each is in memory, and
// so is a box of a single part.
type parts struct {
	secret [16]byte
	block  int // bytes
	all    []part
	file   *os.File
	gone   bool  // its name is
	size   int64 // of the file
	buf    []byte
	err    error // of the file: something is not in it
}

type part struct {
	blocks []int64 // where they are in the file
	last   []byte
}

// partSizes says how large parts and blocks are; tests make them small.
type partSizes struct {
	leaves int64
	block  int // entries
	most   int64
}

// usualParts take 20 MiB each while they are counted, and 64 MiB together before
// that. Beyond a billion leaves they grow.
var usualParts = partSizes{leaves: 1 << 18, block: 512, most: 4096}

func newParts(leaves int64, s partSizes) *parts {
	p := &parts{block: s.block * entrySize, all: make([]part, min(leaves/s.leaves+1, s.most))}
	_, _ = rand.Read(p.secret[:]) // never fails (Go 1.24)
	if len(p.all) == 1 {
		p.block = math.MaxInt
	}
	return p
}

// keyed stands for a key. It is secret, so nobody can make keys that look alike or
// come into one part.
func (p *parts) keyed(k leaf.Key) [16]byte {
	var both [48]byte
	copy(both[:], p.secret[:])
	copy(both[16:], k[:])
	h := sha256.Sum256(both[:])
	return [16]byte(h[:])
}

// add keeps an entry.
func (p *parts) add(e entry) error {
	hi, _ := bits.Mul64(binary.BigEndian.Uint64(e.key[:]), uint64(len(p.all)))
	part := &p.all[hi]
	part.last = e.append(part.last)
	if len(part.last) < p.block {
		return nil
	}
	if err := p.write(part.last); err != nil {
		p.err = fmt.Errorf("a box as large as this one needs room for a temporary file: %w", err)
		return p.err
	}
	part.blocks, part.last = append(part.blocks, p.size), part.last[:0]
	p.size += int64(p.block)
	return nil
}

func (p *parts) write(block []byte) (err error) {
	if p.file == nil {
		if p.file, err = os.CreateTemp("", "convoke-verify-"); err != nil {
			return err
		}
		p.gone = os.Remove(p.file.Name()) == nil // not on every system while it is open
	}
	_, err = p.file.WriteAt(block, p.size)
	return err
}

// each gives the entries of a part in their order, until one is refused.
func (p *parts) each(n int, take func(entry) bool) error {
	if p.err != nil {
		return p.err
	}
	part := &p.all[n]
	for _, at := range part.blocks {
		if p.buf == nil {
			p.buf = make([]byte, p.block)
		}
		if _, err := p.file.ReadAt(p.buf, at); err != nil {
			return fmt.Errorf("read a temporary file: %w", err)
		}
		if !entries(p.buf, take) {
			return nil
		}
	}
	entries(part.last, take)
	return nil
}

// close removes the file.
func (p *parts) close() {
	if p.file == nil {
		return
	}
	_ = p.file.Close()
	if !p.gone {
		_ = os.Remove(p.file.Name())
	}
}

func entries(b []byte, take func(entry) bool) bool {
	for ; len(b) > 0; b = b[entrySize:] {
		if !take(entryOf(b)) {
			return false
		}
	}
	return true
}

func (e *entry) append(b []byte) []byte {
	b = append(binary.BigEndian.AppendUint32(b, e.leaf), e.key[:]...)
	kind := e.kind << 1
	if e.shown {
		kind |= 1
	}
	b = binary.BigEndian.AppendUint32(append(b, kind), e.counter)
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(b, e.Threshold), e.Part)
}

func entryOf(b []byte) entry {
	return entry{
		leaf: binary.BigEndian.Uint32(b), key: [16]byte(b[4:20]), kind: b[20] >> 1, shown: b[20]&1 == 1, counter: binary.BigEndian.Uint32(b[21:]),
		Pledge: leaf.Pledge{Threshold: binary.BigEndian.Uint32(b[25:]), Part: binary.BigEndian.Uint16(b[29:])},
	}
}
