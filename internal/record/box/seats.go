package box

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
)

// NamedSeat is who votes by name: of a delegate the name of the group, never that of
// a person. Salt hides the name in the record; it is published beside the poll, so
// that both could be erased.
type NamedSeat struct {
	Name   string
	Salt   [32]byte
	Weight uint32
}

// MaxSeats bounds the seats of a poll by name.
const MaxSeats = 20_000

// Salt is one for a seat.
func Salt() (s [32]byte, err error) {
	_, err = rand.Read(s[:])
	return s, err
}

// OpenNamed opens a poll by name: its seats are a roll of its own, in the order
// given, which nobody can change. The manifest is filled in as by [Boxes.Open].
func (b *Boxes) OpenNamed(ctx context.Context, tx *db.Tx, m leaf.Box, seats []NamedSeat) (leaf.ID, error) {
	if len(seats) == 0 || len(seats) > MaxSeats {
		return leaf.ID{}, fault.Conflict("roll.seats", "A poll by name needs from 1 to {max} who vote.", "max", MaxSeats)
	}
	salt, err := Salt()
	if err != nil {
		return leaf.ID{}, err
	}
	rm := leaf.RollManifest{
		V: 1, Node: b.Record.Node, Gate: leaf.BySeat, Closed: true, Size: uint32(len(seats)), Registrar: b.Record.Node, Salt: hex.EncodeToString(salt[:16]),
	}
	text, err := leaf.Canonical(rm)
	if err != nil {
		return leaf.ID{}, err
	}
	if _, err := leaf.ParseRoll(text); err != nil {
		return leaf.ID{}, fmt.Errorf("make a roll of seats: %w", err)
	}
	leaves := [][]byte{leaf.Roll{Manifest: text}.Encode()}
	d := &Draft{ID: leaf.IDOf(leaves[0]), gate: leaf.BySeat, opening: leaves[0], sealed: [][]byte{{}}}
	if err := insertRoll(ctx, tx, d); err != nil {
		return leaf.ID{}, err
	}
	if err := b.Record.Start(ctx, tx, record.RollLog(d.ID)); err != nil {
		return leaf.ID{}, err
	}
	var all int64
	for _, s := range seats {
		if all += int64(s.Weight); s.Weight == 0 || all > tally.MaxWeight {
			return leaf.ID{}, fmt.Errorf("make a roll of seats: %w: %d", tally.ErrWeight, s.Weight)
		}
		leaves = append(leaves, leaf.Seat{Commitment: leaf.Commitment(s.Salt, s.Name), Weight: s.Weight}.Encode())
	}
	if _, err := b.Record.Append(ctx, tx, record.RollLog(d.ID), leaves...); err != nil {
		return leaf.ID{}, err
	}
	m.Takes = leaf.TakesVote
	return b.Open(ctx, tx, d.ID, 0, m)
}

// Vote writes down what a seat of a poll by name says, in the caller's transaction:
// a ballot, or [leaf.Withdraw]. Who may speak for the seat is for the caller to know.
// What the seat says already is not written again. reason is that of a ballot which
// says why, nil for others, as in [Boxes.CastWith]. A vote is taken back also between
// the end of its time and the moment when the box closes, which may be a minute later:
// somebody may have lost the seat just before.
func (b *Boxes) Vote(ctx context.Context, tx *db.Tx, id leaf.ID, seat uint32, body []byte, reason *Reason) error {
	i, err := b.load(ctx, tx, id)
	if err != nil {
		return err
	}
	if i.Manifest.Takes != leaf.TakesVote || seat >= i.Size {
		return errLeaf(fmt.Errorf("seat %d of box %s", seat, id))
	}
	if err := i.allows(body); err != nil {
		return err
	}
	if err := i.reasoned(body, reason); err != nil {
		return err
	}
	c := b.entry(i, tx)
	if leaf.BodyKind(body) == leaf.SayWithdraw {
		err = c.unclosed(ctx)
	} else {
		err = c.open(ctx)
	}
	if err != nil {
		return err
	}
	k := leaf.SeatKey(seat)
	old, has, err := saidBy(ctx, tx, id, k)
	if err != nil {
		return err
	}
	l := leaf.Vote{Seat: seat, Counter: old.counter + 1, Body: body}
	now, err := i.apply(old, &leaf.Say{Counter: l.Counter, Body: body})
	if err != nil {
		return err
	}
	if has && old.live && now.live {
		before, err := b.body(ctx, tx, i, old.idx)
		if err != nil || string(before) == string(body) {
			return err
		}
	}
	_, _ = rand.Read(l.Salt[:]) // never fails
	if reason != nil {
		if err := insertReason(ctx, tx, id, reason); err != nil {
			return err
		}
	}
	return c.vote(ctx, &l, old, now, has)
}

// vote puts one vote into the box.
func (c *entry) vote(ctx context.Context, l *leaf.Vote, old, now said, has bool) error {
	encoded := l.Encode()
	at, err := c.b.Record.Append(ctx, c.tx, c.i.Log(), encoded)
	if err != nil {
		return err
	}
	k := leaf.SeatKey(l.Seat)
	if !has {
		if err := c.b.Sets.Add(ctx, c.tx, c.i.Log(), []keyset.Entry{{Key: keyset.Key(k[:16]), Leaf: at}}); err != nil {
			return err
		}
	}
	now.leaf, now.idx = leafName(encoded), at
	if err := putSaid(ctx, c.tx, c.i.ID, k, now); err != nil {
		return err
	}
	if err := c.tally(ctx, old, now); err != nil {
		return err
	}
	if err := addCounts(ctx, c.tx, c.i.ID, c.counts); err != nil {
		return err
	}
	c.tx.Touch("box:" + c.i.ID.String() + "~")
	return nil
}

// SeatSays is what a seat of a poll by name says now, nil when it says nothing or
// has taken it back.
func (b *Boxes) SeatSays(ctx context.Context, tx *db.Tx, id leaf.ID, seat uint32) ([]byte, error) {
	i, err := b.load(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	s, ok, err := saidBy(ctx, tx, id, leaf.SeatKey(seat))
	if err != nil || !ok || !s.live {
		return nil, err
	}
	return b.body(ctx, tx, i, s.idx)
}

// body is what the leaf at an index of a box says.
func (b *Boxes) body(ctx context.Context, tx *db.Tx, i *Info, at int64) ([]byte, error) {
	raw, err := record.Leaf(ctx, tx, i.Log(), at)
	if err != nil {
		return nil, err
	}
	return bodyOf(raw)
}

func bodyOf(raw []byte) ([]byte, error) {
	if k, err := leaf.KindOf(raw); err == nil && k == leaf.KindVote {
		l, err := leaf.DecodeVote(raw)
		return l.Body, err
	}
	l, err := leaf.DecodeSay(raw)
	return l.Body, err
}
