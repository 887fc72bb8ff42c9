package subscriptions

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"convoke/internal/db"
)

// reach is what somebody has heard of a chain: the number of the last alert that was handed
// over to them, and of the last that may have been. Zero is none.
type reach struct{ heard, maybe int64 }

// reached is everybody whom a chain reached on one channel, by subscription.
type reached map[string]reach

// add takes in what one commit wrote down.
func (r reached) add(n int64, sure bool, ids []string) {
	for _, sid := range ids {
		x := r[sid]
		if sure {
			x.heard = max(x.heard, n)
		} else {
			x.maybe = max(x.maybe, n)
		}
		r[sid] = x
	}
}

// before lists, in their order, those who have not heard alert n.
func (r reached) before(n int64) []string {
	return slices.Sorted(func(yield func(string) bool) {
		for sid, x := range maps.All(r) {
			if x.heard < n && !yield(sid) {
				return
			}
		}
	})
}

// busy is how many chains reached each subscription on a channel since a moment, when there
// are enough of them that it matters: else it is nil.
func busy(ctx context.Context, tx *db.Tx, channel string, since time.Time) (map[string]int, error) {
	chains, err := chainsSince(ctx, tx, channel, since)
	if err != nil || len(chains) < mostLately {
		return nil, err
	}
	out := map[string]int{}
	for _, c := range chains {
		all := reached{}
		if err := all.load(ctx, tx, c, channel, since); err != nil {
			return nil, err
		}
		for sid, x := range all {
			if x.heard > 0 {
				out[sid]++
			}
		}
	}
	return out, nil
}

// idSize is the length of the id of a subscription.
const idSize = 26

func joinIDs(all []string) string { return strings.Join(all, "") }

func splitIDs(s string) []string {
	out := make([]string, 0, len(s)/idSize)
	for ; len(s) >= idSize; s = s[idSize:] {
		out = append(out, s[:idSize])
	}
	return out
}
