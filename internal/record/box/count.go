package box

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
)

// Paper is one ballot that counts, in the order of the box: what it says behind its
// first byte, and in polls by name of which seat it is. Reason is why, as long as it is
// not erased, where [Boxes.Papers] shows it.
type Paper struct {
	Paper  []byte
	Seat   uint32
	Weight int64
	Reason *Reason
}

// Count counts a poll that has closed, from the leaves of its box: what anybody
// computes who reads the record. It reads the box in parts. Its error is [ErrShut] while
// trustees keep it shut.
func (b *Boxes) Count(ctx context.Context, id leaf.ID) (tally.Result, error) {
	i, err := b.Info(ctx, id)
	if err != nil {
		return tally.Result{}, err
	}
	if i.Manifest.Poll == nil {
		return tally.Result{}, fmt.Errorf("box %s is no poll", id)
	}
	c := tally.New(*i.Manifest.Poll)
	eligible, err := b.eligible(ctx, i)
	if err != nil {
		return tally.Result{}, err
	}
	if err := b.each(ctx, i, func(p Paper) error { return c.Add(p.Paper, p.Weight) }); err != nil {
		return tally.Result{}, err
	}
	return c.Result(eligible), nil
}

// leavesAtOnce are read in one transaction: some bundles.
const leavesAtOnce = 8_192

// each gives every ballot that counts. What the keys said last is read once: 8 bytes
// a ballot.
func (b *Boxes) each(ctx context.Context, i *Info, take func(Paper) error) error {
	o, err := b.opener(ctx, i)
	if err != nil {
		return err
	}
	var live []int64
	var size int64
	err = b.DB.Read(ctx, func(tx *db.Tx) error {
		live = nil
		closed, err := boxClosed(ctx, tx, i.ID)
		if err == nil && !closed {
			err = fmt.Errorf("box %s is open", i.ID)
		}
		if err != nil {
			return err
		}
		if size, err = record.Size(ctx, tx, i.Log()); err != nil {
			return err
		}
		live, err = db.Column[int64](ctx, tx, "select idx from box_say where box_id = $1 and live", i.ID.String())
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(live)
	for from := int64(0); from < size; from += leavesAtOnce {
		var page []Paper
		var left []int64
		err := b.DB.Read(ctx, func(tx *db.Tx) error {
			page, left = page[:0], live
			return record.Leaves(ctx, tx, i.Log(), from, min(size, from+leavesAtOnce), func(idx int64, raw []byte) error {
				if len(left) == 0 || left[0] != idx {
					return nil
				}
				left = left[1:]
				p, ok, err := o.paper(raw)
				if ok {
					page = append(page, p)
				}
				return err
			})
		})
		if err != nil {
			return err
		}
		live = left
		for _, p := range page {
			if err := take(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// eligible is what all weigh who may vote, 0 where nobody knows.
func (b *Boxes) eligible(ctx context.Context, i *Info) (sum int64, err error) {
	if i.Manifest.Takes != leaf.TakesVote {
		return int64(i.Size), nil
	}
	w, err := b.weights(ctx, i)
	for _, x := range w {
		sum += x
	}
	return sum, err
}

// weights are those of the seats, from the roll's log; nil where nobody has a name.
// They never change, so they are read once.
func (b *Boxes) weights(ctx context.Context, i *Info) ([]int64, error) {
	if i.Manifest.Takes != leaf.TakesVote {
		return nil, nil
	}
	if w := i.weights.Load(); w != nil {
		return *w, nil
	}
	out := make([]int64, 0, i.Size)
	err := b.DB.Read(ctx, func(tx *db.Tx) error {
		out = out[:0]
		return record.Leaves(ctx, tx, record.RollLog(i.Roll), 1, int64(i.Size)+1, func(_ int64, raw []byte) error {
			s, err := leaf.DecodeSeat(raw)
			out = append(out, int64(s.Weight))
			return err
		})
	})
	if err == nil {
		i.weights.Store(&out)
	}
	return out, err
}

// ErrNoPage says that a page begins behind the end of what there is to see.
var ErrNoPage = errors.New("the box ends before this page")

// Papers are up to n ballots that count with their reasons, from an index of the box
// on, and the index from which to go on: -1 at the end. Pages begin at multiples of n;
// another index means the page that it is on, and one behind the end is [ErrNoPage]. Of
// a poll that is open there are none to see.
func (b *Boxes) Papers(ctx context.Context, id leaf.ID, from int64, n int) (page []Paper, next int64, err error) {
	i, err := b.Info(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	o, err := b.opener(ctx, i)
	shut := errors.Is(err, ErrShut)
	if err != nil && !shut {
		return nil, 0, err
	}
	err = b.DB.Read(ctx, func(tx *db.Tx) error {
		page, next = nil, -1
		closed, err := boxClosed(ctx, tx, id)
		size := int64(0)
		if err == nil && closed && !shut {
			size, err = record.Size(ctx, tx, i.Log())
		}
		if err == nil && from > 0 && from >= size {
			err = ErrNoPage
		}
		if err != nil || size == 0 {
			return err
		}
		from := max(0, from) / int64(n) * int64(n)
		to := min(size, from+int64(n)) // few have voted more than once, so a page may be shorter
		if to < size {
			next = to
		}
		if page, err = b.papersAt(ctx, tx, &o, from, to); err != nil {
			return err
		}
		return addReasons(ctx, tx, id, page)
	})
	return page, next, err
}

// papersAt are the ballots that count of the leaves of a page.
func (b *Boxes) papersAt(ctx context.Context, tx *db.Tx, o *opener, from, to int64) (page []Paper, err error) {
	var raws [][]byte
	var keys []any
	err = record.Leaves(ctx, tx, o.Log(), from, to, func(_ int64, raw []byte) error {
		k := keyOf(raw)
		raws, keys = append(raws, bytes.Clone(raw)), append(keys, k[:16])
		return nil
	})
	if err != nil || len(raws) == 0 {
		return nil, err
	}
	live, err := db.Column[int64](ctx, tx, "select idx from box_say where box_id = $1 and live and k in ("+listed(2, len(keys))+")",
		append([]any{o.ID.String()}, keys...)...)
	if err != nil {
		return nil, err
	}
	slices.Sort(live)
	for n, raw := range raws {
		if _, ok := slices.BinarySearch(live, from+int64(n)); !ok {
			continue
		}
		p, ok, err := o.paper(raw)
		if err != nil {
			return nil, err
		}
		if ok {
			page = append(page, p)
		}
	}
	return page, nil
}

// listed is n placeholders from $from on.
func listed(from, n int) string {
	var s strings.Builder
	for i := range n {
		if i > 0 {
			s.WriteString(", ")
		}
		fmt.Fprintf(&s, "$%d", from+i)
	}
	return s.String()
}

// keyOf is the key that stands for whoever made a leaf of a poll.
func keyOf(raw []byte) leaf.Key {
	if l, err := leaf.DecodeVote(raw); err == nil {
		return leaf.SeatKey(l.Seat)
	}
	l, _ := leaf.DecodeSay(raw) // what is in the box was decoded before
	return l.Key
}

func paperOf(raw []byte, weights []int64) (Paper, error) {
	body, err := bodyOf(raw)
	if err != nil || len(body) == 0 {
		return Paper{}, fmt.Errorf("read a ballot: %w", err)
	}
	p := Paper{Paper: body[1:], Weight: 1}
	if weights != nil {
		l, err := leaf.DecodeVote(raw)
		if err != nil || int(l.Seat) >= len(weights) {
			return p, fmt.Errorf("read the vote of seat %d: %w", l.Seat, err)
		}
		p.Seat, p.Weight = l.Seat, weights[l.Seat]
	}
	return p, nil
}

// PutResult puts the hash of what came out of a poll into the node's log, in the
// caller's transaction. text is [tally.Result.JSON].
func (b *Boxes) PutResult(ctx context.Context, tx *db.Tx, id leaf.ID, text []byte) error {
	_, err := b.Record.Append(ctx, tx, record.NodeLog, leaf.Result{Box: id, File: sha256.Sum256(text)}.Encode())
	return err
}
