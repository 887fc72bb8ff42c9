package box

import (
	"context"
	"errors"
	"fmt"
	"math/bits"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/record/leaf"
)

func insertRoll(ctx context.Context, tx *db.Tx, d *Draft) error {
	_, err := tx.Exec(ctx, "insert into roll (id, manifest, gate, ended, issued, assisted) values ($1, $2, $3, $4, 0, 0)",
		d.ID.String(), d.opening, d.gate, false)
	if err != nil {
		return fmt.Errorf("store a roll: %w", err)
	}
	for n, sealed := range d.sealed {
		_, err := tx.Exec(ctx, "insert into slot_key (roll_id, n, sealed, frozen, issued, activated) values ($1, $2, $3, $4, 0, 0)",
			d.ID.String(), n, sealed, false)
		if err != nil {
			return fmt.Errorf("store the key of a slot: %w", err)
		}
	}
	for i, c := range d.members {
		_, err := tx.Exec(ctx, "insert into roll_member (roll_id, commitment, idx) values ($1, $2, $3)", d.ID.String(), c[:], i)
		if err != nil {
			return fmt.Errorf("store a roll's members: %w", err)
		}
	}
	return nil
}

func rollOpening(ctx context.Context, tx *db.Tx, roll leaf.ID) ([]byte, error) {
	var b []byte
	err := tx.Get(ctx, "select manifest from roll where id = $1", []any{roll.String()}, &b)
	return b, err
}

func rollState(ctx context.Context, tx *db.Tx, roll leaf.ID) (gate string, ended bool, err error) {
	err = tx.Get(ctx, "select gate, ended from roll where id = $1", []any{roll.String()}, &gate, &ended)
	if errors.Is(err, db.ErrNoRows) {
		err = errNoBox()
	}
	return gate, ended, err
}

func memberIndex(ctx context.Context, tx *db.Tx, roll leaf.ID, commitment []byte) (uint32, error) {
	var n uint32
	err := tx.Get(ctx, "select idx from roll_member where roll_id = $1 and commitment = $2", []any{roll.String(), commitment}, &n)
	return n, err
}

func sealedSlot(ctx context.Context, tx *db.Tx, roll leaf.ID, n int) ([]byte, error) {
	var b []byte
	err := tx.Get(ctx, "select sealed from slot_key where roll_id = $1 and n = $2", []any{roll.String(), n}, &b)
	return b, err
}

func frozenSlots(ctx context.Context, tx *db.Tx, roll leaf.ID) (set uint32, err error) {
	all, err := db.Column[int](ctx, tx, "select n from slot_key where roll_id = $1 and frozen", roll.String())
	for _, n := range all {
		set |= 1 << n
	}
	return set, err
}

// insertCode stores a code; fresh is false when it is there already.
func insertCode(ctx context.Context, tx *db.Tx, roll leaf.ID, tag []byte) (fresh bool, err error) {
	n, err := tx.Exec(ctx, "insert into roll_code (roll_id, tag) values ($1, $2) on conflict do nothing", roll.String(), tag)
	if err != nil {
		return false, fmt.Errorf("store a code: %w", err)
	}
	return n == 1, nil
}

func codeThere(ctx context.Context, tx *db.Tx, roll leaf.ID, tag []byte) (bool, error) {
	var n int
	err := tx.Get(ctx, "select count(*) from roll_code where roll_id = $1 and tag = $2", []any{roll.String(), tag}, &n)
	return n > 0, err
}

func takeCode(ctx context.Context, tx *db.Tx, roll leaf.ID, tag []byte) (bool, error) {
	n, err := tx.Exec(ctx, "delete from roll_code where roll_id = $1 and tag = $2", roll.String(), tag)
	return n > 0, err
}

// issuedTo returns db.ErrNoRows when a tag has taken no credential.
func issuedTo(ctx context.Context, tx *db.Tx, roll leaf.ID, tag []byte) (slots uint32, hash []byte, err error) {
	err = tx.Get(ctx, "select slots, hash from issued where roll_id = $1 and tag = $2", []any{roll.String(), tag}, &slots, &hash)
	return slots, hash, err
}

func insertIssued(ctx context.Context, tx *db.Tx, roll leaf.ID, tag []byte, in IssueInput, hash []byte) error {
	_, err := tx.Exec(ctx, "insert into issued (roll_id, tag, slots, hash) values ($1, $2, $3, $4)", roll.String(), tag, int64(in.Slots), hash)
	if err != nil {
		return fmt.Errorf("note an issue: %w", err)
	}
	assisted := 0
	if in.Mode == leaf.Assisted {
		assisted = 1
	}
	_, err = tx.Exec(ctx, "update roll set issued = issued + 1, assisted = assisted + $2 where id = $1", roll.String(), assisted)
	if err != nil {
		return fmt.Errorf("count an issue: %w", err)
	}
	for set := in.Slots; set != 0; set &= set - 1 {
		_, err := tx.Exec(ctx, "update slot_key set issued = issued + 1 where roll_id = $1 and n = $2", roll.String(), bits.TrailingZeros32(set))
		if err != nil {
			return fmt.Errorf("count an issue: %w", err)
		}
	}
	return nil
}

func insertBox(ctx context.Context, tx *db.Tx, box leaf.ID, m leaf.Box, opening []byte) error {
	freezes := int64(0)
	if m.Freeze {
		freezes = m.Opens * 1_000_000
	}
	_, err := tx.Exec(ctx, `insert into box (id, roll_id, slot, kind, manifest, closed, closes_at, freezes_at, counted, withdrawn, declared, done)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, 0)`, box.String(), m.Roll, m.Slot, m.Type, opening, false, m.Closes*1_000_000, freezes)
	if err != nil {
		return fmt.Errorf("open a box: %w", err)
	}
	return nil
}

func boxManifest(ctx context.Context, tx *db.Tx, box leaf.ID) ([]byte, error) {
	var b []byte
	err := tx.Get(ctx, "select manifest from box where id = $1", []any{box.String()}, &b)
	return b, err
}

func boxClosed(ctx context.Context, tx *db.Tx, box leaf.ID) (bool, error) {
	var closed bool
	err := tx.Get(ctx, "select closed from box where id = $1", []any{box.String()}, &closed)
	if errors.Is(err, db.ErrNoRows) {
		err = errNoBox()
	}
	return closed, err
}

func numbersOf(ctx context.Context, tx *db.Tx, box leaf.ID) (n Numbers, err error) {
	err = tx.Get(ctx, `select b.counted, b.withdrawn, b.declared, b.done, s.issued, r.assisted, b.closed from box b
		join slot_key s on s.roll_id = b.roll_id and s.n = b.slot join roll r on r.id = b.roll_id where b.id = $1`,
		[]any{box.String()}, &n.Counted, &n.Withdrawn, &n.Declared, &n.Done, &n.Issued, &n.Assisted, &n.Closed)
	return n, err
}

// counts is what changes in the counters of a box.
type counts struct{ counted, withdrawn, declared, done int64 }

func addCounts(ctx context.Context, tx *db.Tx, box leaf.ID, c counts) error {
	_, err := tx.Exec(ctx, `update box set counted = counted + $2, withdrawn = withdrawn + $3, declared = declared + $4, done = done + $5
		where id = $1`, box.String(), c.counted, c.withdrawn, c.declared, c.done)
	if err != nil {
		return fmt.Errorf("count statements: %w", err)
	}
	return nil
}

// said is what a key says now.
type said struct {
	counter   uint32
	leaf      []byte
	idx       int64
	threshold uint32
	part      uint16
	live      bool
	done      bool
}

// saidBy is not ok for a key that has said nothing.
func saidBy(ctx context.Context, tx *db.Tx, box leaf.ID, k leaf.Key) (s said, ok bool, err error) {
	err = tx.Get(ctx, "select counter, leaf, idx, threshold, part, live, done from box_say where box_id = $1 and k = $2",
		[]any{box.String(), k[:16]}, &s.counter, &s.leaf, &s.idx, &s.threshold, &s.part, &s.live, &s.done)
	if errors.Is(err, db.ErrNoRows) {
		return s, false, nil
	}
	return s, err == nil, err
}

func putSaid(ctx context.Context, tx *db.Tx, box leaf.ID, k leaf.Key, s said) error {
	_, err := tx.Exec(ctx, `insert into box_say (box_id, k, counter, leaf, idx, threshold, part, live, done)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (box_id, k) do update set counter = excluded.counter, leaf = excluded.leaf,
		idx = excluded.idx, threshold = excluded.threshold, part = excluded.part, live = excluded.live, done = excluded.done`,
		box.String(), k[:16], int64(s.counter), s.leaf, s.idx, int64(s.threshold), s.part, s.live, s.done)
	if err != nil {
		return fmt.Errorf("note what a key says: %w", err)
	}
	return nil
}

func bend(ctx context.Context, tx *db.Tx, box leaf.ID, part uint16, threshold uint32, by int) error {
	_, err := tx.Exec(ctx, `insert into box_curve (box_id, part, threshold, people) values ($1, $2, $3, $4)
		on conflict (box_id, part, threshold) do update set people = box_curve.people + excluded.people`, box.String(), part, int64(threshold), by)
	if err != nil {
		return fmt.Errorf("count a threshold: %w", err)
	}
	return nil
}

// insertMilestone is not ok when it was reached before.
func insertMilestone(ctx context.Context, tx *db.Tx, box leaf.ID, part int, goal uint64) (ok bool, err error) {
	n, err := tx.Exec(ctx, "insert into box_milestone (box_id, part, goal, reached_at) values ($1, $2, $3, $4) on conflict do nothing",
		box.String(), part, int64(goal), clock.Micros(tx.Now()))
	return n == 1, err
}

func milestonesOf(ctx context.Context, tx *db.Tx, box leaf.ID) ([]Reached, error) {
	return db.Query(ctx, tx, "select part, goal, reached_at from box_milestone where box_id = $1 order by part, goal", []any{box.String()},
		func(scan func(...any) error) (Reached, error) {
			r := Reached{Box: box}
			var at int64
			err := scan(&r.Part, &r.Goal, &at)
			r.At = clock.FromMicros(at)
			return r, err
		})
}
