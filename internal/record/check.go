package record

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db"
	"convoke/internal/record/tile"
)

// Status is what can be seen of a record from its database alone, without its key.
type Status struct {
	Node  string
	Lines int64 // of the node's log
	// Restored says that the database was brought back from a copy and nobody has
	// chosen yet how the record goes on.
	Restored  bool
	Witnessed int64     // lines of the node's log that a quorum has cosigned
	Signed    time.Time // of the newest cosignature, zero without one
}

// StatusOf reads the status; ok is false where there is no record yet.
func StatusOf(ctx context.Context, tx *db.Tx) (s Status, ok bool, err error) {
	var cosigned string
	err = tx.Get(ctx, "select size, witnessed, cosigned from record_log where id = $1", []any{NodeLog}, &s.Lines, &s.Witnessed, &cosigned)
	if errors.Is(err, db.ErrNoRows) {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	if err := tx.Get(ctx, "select value from setting where name = 'record.node'", nil, &s.Node); err != nil {
		return s, false, err
	}
	var n int
	if err := tx.Get(ctx, "select count(*) from setting where name = $1", []any{RestoredSetting}, &n); err != nil {
		return s, false, err
	}
	s.Restored = n > 0 && s.Lines > 0
	s.Signed = newestCosignature(cosigned)
	return s, true, nil
}

// newestCosignature is the time of the newest one in a checkpoint.
func newestCosignature(checkpoint string) (at time.Time) {
	_, lines, _ := strings.Cut(checkpoint, "\n\n")
	for l := range strings.Lines(lines) {
		f := strings.Fields(l)
		if len(f) != 3 {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(f[2])
		if err != nil || len(raw) != 4+8+64 { // the log's own has no time
			continue
		}
		if t, err := fnote.CoSigV1Timestamp(note.Signature{Name: f[1], Base64: f[2]}); err == nil && t.After(at) {
			at = t
		}
	}
	return at
}

// Ahead reports how many lines were published, by the note outside the database,
// when that is not what the database has.
func Ahead(ctx context.Context, d *db.DB, node, headFile string) (lines int64, ahead bool, err error) {
	r := &Record{Deps: Deps{DB: d, Node: node, HeadFile: headFile}}
	now, _, err := r.nodeHead(ctx)
	if err != nil {
		return 0, false, err
	}
	was, err := r.readHead()
	if err != nil || was.Origin != now.Origin {
		return 0, false, err
	}
	return was.Size, was.Size > now.Size || was.Size == now.Size && was.Root != now.Root, nil
}

// Logs are the first logs in the order of their names, and how many there are.
func Logs(ctx context.Context, tx *db.Tx, limit int) (logs []string, all int, err error) {
	if err := tx.Get(ctx, "select count(*) from record_log", nil, &all); err != nil {
		return nil, 0, err
	}
	logs, err = db.Column[string](ctx, tx, "select id from record_log order by case when id = 'log' then 0 else 1 end, id limit $1", limit)
	return logs, all, err
}

// CheckLog compares what is stored of a log in several ways: its head, its
// checkpoint, the root that its tiles make, and the leaves of its last bundle and of
// one more. It returns what does not fit, "" when all does.
func CheckLog(ctx context.Context, tx *db.Tx, log string) (wrong string, err error) {
	h, err := headOf(ctx, tx, log)
	if err != nil {
		return "", err
	}
	cp, err := Checkpoint(ctx, tx, log)
	if err != nil {
		return "", err
	}
	root := h.root()
	if want := fmt.Sprintf("\n%d\n%s\n\n", h.size, root); !strings.Contains(cp, want) {
		return "its checkpoint is of another size or root", nil
	}
	tiles, err := tlog.TreeHash(h.size, newReader(ctx, tx, log))
	if err != nil {
		return err.Error(), nil //nolint:nilerr // tiles that are missing are what is looked for
	}
	if tiles != root {
		return "its tiles make another root than was signed", nil
	}
	last := max(h.size-1, 0) / tile.Width
	for _, index := range []int64{last, last / 2} {
		if wrong, err := checkBundle(ctx, tx, log, index, h.size); err != nil || wrong != "" {
			return wrong, err
		}
	}
	return "", nil
}

// checkBundle compares the leaves of a bundle with their hashes.
func checkBundle(ctx context.Context, tx *db.Tx, log string, index, size int64) (wrong string, err error) {
	width := int(min(tile.Width, size-index*tile.Width))
	if width == 0 {
		return "", nil
	}
	data, err := File(ctx, tx, log, tile.Name{Level: tile.Entries, Index: index, Width: width})
	if errors.Is(err, db.ErrNoRows) {
		return fmt.Sprintf("leaves from %d on are missing", index*tile.Width), nil
	}
	if err != nil {
		return "", err
	}
	leaves, err := tile.ReadEntries(data, width)
	if err != nil {
		return fmt.Sprintf("the bundle of leaves from %d on is damaged", index*tile.Width), nil //nolint:nilerr // that is what is looked for
	}
	hashes, err := File(ctx, tx, log, tile.Name{Index: index, Width: width})
	if err != nil {
		return "", err
	}
	for i, l := range leaves {
		if h := tlog.RecordHash(l); string(h[:]) != string(hashes[i*tlog.HashSize:(i+1)*tlog.HashSize]) {
			return fmt.Sprintf("leaf %d differs from its hash", index*tile.Width+int64(i)), nil
		}
	}
	return "", nil
}
