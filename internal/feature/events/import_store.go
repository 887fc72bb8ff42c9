package events

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/search"
)

// hashSize is the part of a stored hash that tells contents apart; the rest is
// the file's revision number.
const hashSize = 16

// fingerprint is 16 bytes of SHA-256 over all that a file says of an event,
// and, when it is not 0, the file's revision number in four bytes. It begins
// with a version: raise it when imports begin to read more.
func fingerprint(e *Event, estimates []Estimate, revision int) []byte {
	const version = 2
	w := &e.Where
	b := make([]byte, 0, 1024)
	b = append(b, version)
	for _, s := range []string{
		e.Title, e.Description, string(e.Kind), string(e.State), e.Zone, w.Place, w.Address, w.Locality, w.Region, w.Country,
		string(w.Precise), w.OnlineURL, e.Lang, e.Organizer, e.SourceURL,
	} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	for _, n := range []int64{clock.Micros(e.Start), clock.Micros(e.End), flag(e.AllDay), flag(w.HasPoint), e.Access.Yes, int64(e.Capacity)} {
		b = binary.AppendVarint(b, n)
	}
	if !e.WasStart.IsZero() || e.WasPlace != "" { // of others, what was stored before still fits
		b = binary.AppendVarint(append(append(b, 'w'), e.WasPlace...), clock.Micros(e.WasStart))
		if b = append(b, e.WasZone...); e.WasAllDay != e.AllDay {
			b = append(b, 'd')
		}
	}
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(w.Point.Lat))
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(w.Point.Lon))
	for _, x := range estimates {
		b = binary.AppendVarint(b, int64(x.Low))
		b = binary.AppendVarint(b, int64(x.High))
		for _, s := range []string{x.Words, x.Method, x.SourceName, x.SourceURL} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
	}
	sum := sha256.Sum256(b)
	if revision <= 0 {
		return sum[:hashSize]
	}
	return binary.BigEndian.AppendUint32(sum[:hashSize:hashSize], uint32(min(revision, math.MaxInt32))) //nolint:gosec // bounded
}

// revisionOf is the revision number in a stored hash.
func revisionOf(hash []byte) int {
	if len(hash) != hashSize+4 {
		return 0
	}
	return int(binary.BigEndian.Uint32(hash[hashSize:]))
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// storedHashes finds by uid which rows of a batch are here. The statement has
// always the same text, so that it is prepared once.
func storedHashes(ctx context.Context, tx *db.Tx, source string, batch []incoming) (map[string][]byte, error) {
	args := make([]any, 0, batchRows+1)
	args = append(args, source)
	for i := range batchRows {
		args = append(args, batch[min(i, len(batch)-1)].event.UID)
	}
	known := make(map[string][]byte, len(batch))
	q := "select uid, hash from event where source_id = $1 and uid in (" + placeholders(2, batchRows)[2:] + ")"
	err := tx.Each(ctx, q, args, func(scan func(...any) error) error {
		var uid string
		var hash []byte
		if err := scan(&uid, &hash); err != nil {
			return fmt.Errorf("scan hash: %w", err)
		}
		known[uid] = hash
		return nil
	})
	return known, err
}

// insertRows is how many events one statement inserts: most of what a
// statement costs is then shared, above all the way to PostgreSQL and back.
const insertRows = 25

var insertManySQL = insertStatement(insertRows)

func insertStatement(rows int) string {
	var b strings.Builder
	b.WriteString("insert into event (seq, " + columns + ") values ")
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(" + placeholders(i*(columnCount+1)+1, columnCount+1)[2:] + ")")
	}
	return b.String()
}

// insertMany stores exactly insertRows new events and their words, as
// [insertEvent] does with one.
func insertMany(ctx context.Context, tx *db.Tx, all []freshEvent) error {
	args := make([]any, 0, insertRows*(columnCount+1))
	for i := range all {
		e := &all[i].Event
		e.AtKey = atKey(e.Start, e.Seq)
		args = append(args, e.Seq)
		args = append(args, values(e, all[i].in.hash)...)
	}
	if _, err := tx.Exec(ctx, insertManySQL, args...); err != nil {
		return fmt.Errorf("insert events: %w", err)
	}
	for i := range all {
		e := &all[i].Event
		if !e.State.Listed() {
			continue
		}
		if err := search.Put(ctx, tx, e.AtKey, words(e), tagsOf(e)...); err != nil {
			return err
		}
	}
	return nil
}
