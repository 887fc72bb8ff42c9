package record

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record/leaf"
	"convoke/internal/seal"
)

// NodeLog is the log of the node itself.
const NodeLog = "log"

// BoxLog is the log of a box.
func BoxLog(box leaf.ID) string { return "b/" + box.String() }

// RollLog is the log of a roll.
func RollLog(roll leaf.ID) string { return "r/" + roll.String() }

// Deps are what the record needs.
type Deps struct {
	DB    *db.DB
	Vault *seal.Vault
	Log   *slog.Logger
	// Node is the name under which this node's logs are known, a host as in
	// "convoke.example.org". The first start settles it for good: what was signed
	// under one name does not change when the address does.
	Node string
	// Witnesses are the lines of a tlog-policy that name witnesses and the quorum;
	// "" has none.
	Witnesses string
	// HeadFile is where the largest size that was published is noted, outside the
	// database; "" notes nothing.
	HeadFile string
	// Withheld says whether what is in a log is not published yet, as while a poll is
	// open: its checkpoint is, and receipts are. nil withholds nothing.
	Withheld func(ctx context.Context, tx *db.Tx, log string) (bool, error)
	// Beside is a file that belongs to a log and is published with it; its name is ""
	// where there is none. nil is none for all.
	Beside func(ctx context.Context, tx *db.Tx, log string) (name string, data []byte, err error)
}

// Hides reports whether what is in a log is not published yet.
func (r *Record) Hides(ctx context.Context, tx *db.Tx, log string) (bool, error) {
	if r.Withheld == nil {
		return false, nil
	}
	return r.Withheld(ctx, tx, log)
}

// Record is the node's public record. It is safe for concurrent use, and several
// processes may share a database.
type Record struct {
	Deps
	key ed25519.PrivateKey
	// halted says why nothing more is signed; nil while all is well.
	halted atomic.Pointer[string]
}

// Open loads the node's name and key, starts its log when there is none, and
// compares it with the largest that was ever published: see [Record.Halted].
func Open(ctx context.Context, d Deps) (*Record, error) {
	r := &Record{Deps: d}
	var err error
	if r.key, err = LoadKey(ctx, d.DB, d.Vault, nodeKey); err != nil {
		return nil, err
	}
	err = d.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "insert into setting (name, value) values ('record.node', $1) on conflict (name) do nothing", d.Node)
		if err != nil {
			return err
		}
		if err := tx.Get(ctx, "select value from setting where name = 'record.node'", nil, &r.Node); err != nil {
			return err
		}
		_, err = headOf(ctx, tx, NodeLog)
		if errors.Is(err, db.ErrNoRows) {
			return r.Start(ctx, tx, NodeLog)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open the record: %w", err)
	}
	return r, r.checkHead(ctx)
}

func (r *Record) origin(log string) string { return r.Node + "/" + log }

// Start begins a log.
func (r *Record) Start(ctx context.Context, tx *db.Tx, log string) error {
	if err := r.writable(); err != nil {
		return err
	}
	if err := insertLog(ctx, tx, log); err != nil {
		return err
	}
	return r.putHead(ctx, tx, &head{id: log})
}

// Append adds leaves to the end of a log, signs its new size, and returns the
// index of the first. Writers of a busy log use [db.DB.WriteHot] with the log's
// name as the key.
func (r *Record) Append(ctx context.Context, tx *db.Tx, log string, leaves ...[]byte) (first int64, err error) {
	if err := r.writable(); err != nil {
		return 0, err
	}
	h, err := headOf(ctx, tx, log)
	if err != nil {
		return 0, fmt.Errorf("find log %s: %w", log, err)
	}
	if h.closed {
		return 0, fmt.Errorf("log %s: %w", log, errClosed)
	}
	for _, l := range leaves {
		if len(l) > leaf.MaxLeaf {
			return 0, fmt.Errorf("log %s: a leaf of %d bytes is too long", log, len(l))
		}
	}
	if first, err = appendLeaves(ctx, tx, h, leaves); err != nil {
		return 0, err
	}
	tx.Touch("record:" + log)
	return first, r.putHead(ctx, tx, h)
}

// End closes a log: nothing is ever added again. It returns its size and root.
func (r *Record) End(ctx context.Context, tx *db.Tx, log string) (size uint64, root [32]byte, err error) {
	if err := r.writable(); err != nil {
		return 0, root, err
	}
	h, err := headOf(ctx, tx, log)
	if err != nil {
		return 0, root, fmt.Errorf("find log %s: %w", log, err)
	}
	if _, err := tx.Exec(ctx, "update record_log set closed = $2 where id = $1", log, true); err != nil {
		return 0, root, fmt.Errorf("close log %s: %w", log, err)
	}
	return uint64(h.size), h.root(), nil
}

// Size is how many leaves a log has; db.ErrNoRows when there is none.
func Size(ctx context.Context, tx *db.Tx, log string) (int64, error) {
	var n int64
	err := tx.Get(ctx, "select size from record_log where id = $1", []any{log}, &n)
	return n, err
}

func (r *Record) putHead(ctx context.Context, tx *db.Tx, h *head) error {
	n, err := r.sign(h.id, h.size, h.root())
	if err != nil {
		return err
	}
	return storeHead(ctx, tx, h, n)
}

// sign writes the checkpoint (C2SP tlog-checkpoint) of a log.
func (r *Record) sign(log string, size int64, root tlog.Hash) (string, error) {
	origin := r.origin(log)
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]))
	b, err := note.Sign(&note.Note{Text: text}, newSigner(origin, r.key))
	if err != nil {
		return "", fmt.Errorf("sign log %s: %w", log, err)
	}
	return string(b), nil
}

// Halted is why nothing is signed any more, "" while all is well: the database
// is older than what was published, so that signing would say two things of one
// size. Pages still show what there is.
func (r *Record) Halted() string {
	if p := r.halted.Load(); p != nil {
		return *p
	}
	return ""
}

func (r *Record) halt(why string) { r.halted.Store(&why) }

func (r *Record) writable() error {
	if r.Halted() == "" {
		return nil
	}
	return fault.Unavailable("record.halted",
		"This server was restored from an old copy and takes nothing for the public record until its operator has mended that. Nothing was recorded.")
}
