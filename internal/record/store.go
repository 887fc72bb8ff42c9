package record

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db"
	"convoke/internal/record/tile"
)

// headOf returns db.ErrNoRows for a log that there is not.
func headOf(ctx context.Context, tx *db.Tx, log string) (*head, error) {
	h := &head{id: log}
	var edge []byte
	err := tx.Get(ctx, "select size, edge, closed from record_log where id = $1", []any{log}, &h.size, &edge, &h.closed)
	h.edge = hashesOf(edge)
	return h, err
}

func insertLog(ctx context.Context, tx *db.Tx, log string) error {
	_, err := tx.Exec(ctx, `insert into record_log (id, size, root, edge, checkpoint, cosigned, anchored, closed)
		values ($1, 0, $2, $3, '', '', 0, $4)`, log, emptyRoot[:], []byte{}, false)
	if err != nil {
		return fmt.Errorf("start log %s: %w", log, err)
	}
	return nil
}

func storeHead(ctx context.Context, tx *db.Tx, h *head, checkpoint string) error {
	root := h.root()
	_, err := tx.Exec(ctx, "update record_log set size = $2, root = $3, edge = $4, checkpoint = $5 where id = $1",
		h.id, h.size, root[:], bytesOf(h.edge), checkpoint)
	if err != nil {
		return fmt.Errorf("store the head of log %s: %w", h.id, err)
	}
	return nil
}

// Checkpoint is the signed size and root of a log; db.ErrNoRows when there is
// none. log is its path: "log", "b/ID", "r/ID".
func Checkpoint(ctx context.Context, tx *db.Tx, log string) (string, error) {
	var s string
	err := tx.Get(ctx, "select checkpoint from record_log where id = $1", []any{log}, &s)
	return s, err
}

func putTail(ctx context.Context, tx *db.Tx, log string, at int64, leaves [][]byte) error {
	for i, l := range leaves {
		_, err := tx.Exec(ctx, "insert into record_tail (log_id, idx, leaf) values ($1, $2, $3)", log, at+int64(i), l)
		if err != nil {
			return fmt.Errorf("append to log %s: %w", log, err)
		}
	}
	return nil
}

// tailOf is the leaves from index from on that are in no full bundle yet.
func tailOf(ctx context.Context, tx *db.Tx, log string, from int64) ([][]byte, error) {
	return db.Column[[]byte](ctx, tx, "select leaf from record_tail where log_id = $1 and idx >= $2 order by idx", log, from)
}

func takeTail(ctx context.Context, tx *db.Tx, log string, from int64) ([][]byte, error) {
	out, err := tailOf(ctx, tx, log, from)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, "delete from record_tail where log_id = $1", log); err != nil {
		return nil, fmt.Errorf("empty the tail of log %s: %w", log, err)
	}
	return out, nil
}

func putBundle(ctx context.Context, tx *db.Tx, log string, index int64, data []byte) error {
	_, err := tx.Exec(ctx, "insert into record_bundle (log_id, idx, data) values ($1, $2, $3)", log, index, data)
	if err != nil {
		return fmt.Errorf("write bundle %d of log %s: %w", index, log, err)
	}
	return nil
}

func putTile(ctx context.Context, tx *db.Tx, log string, level int, index int64, data []byte) error {
	_, err := tx.Exec(ctx, `insert into record_tile (log_id, level, idx, data) values ($1, $2, $3, $4)
		on conflict (log_id, level, idx) do update set data = excluded.data`, log, level, index, data)
	if err != nil {
		return fmt.Errorf("write tile %d of level %d of log %s: %w", index, level, log, err)
	}
	return nil
}

// tileData is a tile as far as it goes, nothing where there is none.
func tileData(ctx context.Context, tx *db.Tx, log string, level int, index int64) ([]byte, error) {
	var data []byte
	err := tx.Get(ctx, "select data from record_tile where log_id = $1 and level = $2 and idx = $3", []any{log, level, index}, &data)
	if errors.Is(err, db.ErrNoRows) {
		if level > 0 {
			return nil, nil
		}
		return tailHashes(ctx, tx, log, index)
	}
	return data, err
}

// tailHashes is the last tile of level 0, which is not stored.
func tailHashes(ctx context.Context, tx *db.Tx, log string, index int64) ([]byte, error) {
	tail, err := tailOf(ctx, tx, log, index*tile.Width)
	var out []byte
	for _, l := range tail {
		h := tlog.RecordHash(l)
		out = append(out, h[:]...)
	}
	return out, err
}

// bundleData is a bundle as far as it goes, with the number of its leaves.
func bundleData(ctx context.Context, tx *db.Tx, log string, index int64) (data []byte, n int, err error) {
	err = tx.Get(ctx, "select data from record_bundle where log_id = $1 and idx = $2", []any{log, index}, &data)
	if err == nil {
		return data, tile.Width, nil
	}
	if !errors.Is(err, db.ErrNoRows) {
		return nil, 0, err
	}
	tail, err := tailOf(ctx, tx, log, index*tile.Width)
	for _, l := range tail {
		data = tile.AppendEntry(data, l)
	}
	return data, len(tail), err
}

// reader reads the hashes of a log by their number in storage (see tlog), each
// tile once.
type reader struct {
	ctx   context.Context
	tx    *db.Tx
	log   string
	tiles map[[2]int64][]byte
}

func newReader(ctx context.Context, tx *db.Tx, log string) *reader {
	return &reader{ctx, tx, log, map[[2]int64][]byte{}}
}

// ReadHashes implements tlog.HashReader.
func (r *reader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		t := tlog.TileForIndex(tile.Height, x)
		place := [2]int64{int64(t.L), t.N}
		data, ok := r.tiles[place]
		if !ok {
			var err error
			if data, err = tileData(r.ctx, r.tx, r.log, t.L, t.N); err != nil {
				return nil, err
			}
			r.tiles[place] = data
		}
		h, err := tlog.HashFromTile(t, data, x)
		if err != nil {
			return nil, fmt.Errorf("read log %s: %w", r.log, err)
		}
		out[i] = h
	}
	return out, nil
}

// File is a tile or a bundle as its name says, cut to its width. It returns
// db.ErrNoRows where the log does not reach so far.
func File(ctx context.Context, tx *db.Tx, log string, n tile.Name) ([]byte, error) {
	if n.Level == tile.Entries {
		data, have, err := bundleData(ctx, tx, log, n.Index)
		if err != nil || have < n.Width {
			return nil, errors.Join(err, missing(have < n.Width))
		}
		return firstEntries(data, n.Width), nil
	}
	data, err := tileData(ctx, tx, log, n.Level, n.Index)
	if short := len(data) < n.Width*tlog.HashSize; err != nil || short {
		return nil, errors.Join(err, missing(short))
	}
	return data[:n.Width*tlog.HashSize], nil
}

func missing(yes bool) error {
	if yes {
		return db.ErrNoRows
	}
	return nil
}

// firstEntries is the beginning of a bundle, n leaves long.
func firstEntries(data []byte, n int) []byte {
	at := 0
	for range n {
		at += 2 + int(binary.BigEndian.Uint16(data[at:]))
	}
	return data[:at]
}
