package subscriptions

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"convoke/internal/db"
)

// reach is what somebody has heard of a chain: the number of the last alert that was handed
// over to them, of the last that may have been, and of the first of both. Zero is none.
type reach struct{ heard, maybe, first int32 }

// reached is everybody whom a chain reached on one channel. It has no pointers, as there may
// be millions.
type reached map[key]reach

// key is the id of a subscription.
type key [26]byte

// keyOf takes as much of s as an id is long.
func keyOf(s string) (k key) {
	copy(k[:], s)
	return k
}

// add takes in what one commit wrote down, as [joinIDs] writes it.
func (r reached) add(n int32, sure bool, ids string) {
	for ; len(ids) >= len(key{}); ids = ids[len(key{}):] {
		k := keyOf(ids)
		x := r[k]
		if sure {
			x.heard = max(x.heard, n)
		} else {
			x.maybe = max(x.maybe, n)
		}
		if x.first == 0 || n < x.first {
			x.first = n
		}
		r[k] = x
	}
}

// before lists, in their order, those who have not heard alert n.
func (r reached) before(n int32) []key {
	var out []key
	for k, x := range r {
		if x.heard < n {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b key) int { return bytes.Compare(a[:], b[:]) })
	return out
}

// busy is how many chains reached each subscription on a channel since a moment, when there
// are enough of them that it matters: else it is nil.
func busy(ctx context.Context, tx *db.Tx, channel string, since time.Time) (map[key]int, error) {
	chains, err := chainsSince(ctx, tx, channel, since)
	if err != nil || len(chains) < mostLately {
		return nil, err
	}
	out := map[key]int{}
	for _, c := range chains {
		all := reached{}
		if err := all.load(ctx, tx, c, channel, since); err != nil {
			return nil, err
		}
		for k, x := range all {
			if x.heard > 0 {
				out[k]++
			}
		}
	}
	return out, nil
}

// joinIDs writes ids one behind the other: each is as long as the other.
func joinIDs(all []string) string { return strings.Join(all, "") }
