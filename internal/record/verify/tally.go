package verify

import (
	"context"
	"errors"

	"convoke/internal/record/leaf"
)

// said is what a key says now; the zero value is one that never took part.
type said struct {
	leaf.Pledge
	counter uint32
	here    bool // it took part
	spoke   bool // not by a signature alone
	live    bool
	done    bool
}

// sums are what leaves change.
type sums struct {
	counted, withdrawn, done int64
	curve                    map[leaf.Pledge]int64 // how many pledge so
}

// tally counts one part after another, and returns the first leaf that is wrong.
func (c *count) tally(ctx context.Context) (first *Wrong, err error) {
	says := map[[16]byte]said{}
	for n := range c.parts.all {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		clear(says)
		at := 0
		err := c.parts.each(n, func(e entry) bool {
			n := int64(e.leaf)
			if first != nil && n > first.Leaf {
				return false
			}
			for at < len(c.sizes) && c.sizes[at] <= n {
				at++
			}
			old := says[e.key]
			now, err := old.hear(e)
			if err != nil {
				first = &Wrong{c.path, n, err.Error()}
				return false
			}
			says[e.key] = now
			c.sums[at].change(old, now)
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	return first, nil
}

// hear is docs/record.md, "Which boxes are right", 3 to 6, as far as it depends on
// the key.
func (s said) hear(e entry) (said, error) {
	old := s
	s.here = true
	switch {
	case e.kind == signs && old.here:
		return s, errors.New("its key has signed before")
	case e.kind == signs:
		s.live = true
		return s, nil
	case !old.here && !e.shown:
		return s, errors.New("its key shows no credential and has not taken part before")
	case old.spoke && e.counter <= old.counter:
		return s, errors.New("its key has said something newer before")
	}
	s.counter, s.spoke = e.counter, true
	switch e.kind {
	case leaf.SayPledge, leaf.SayBallot, leaf.SaySealed:
		s.Pledge, s.live = e.Pledge, true
	case leaf.SayWithdraw:
		if !old.live {
			return s, errors.New("it takes back what does not count")
		}
		s.live = false
	case leaf.SayDone:
		if !old.live {
			return s, errors.New("it says that something was done that was not pledged")
		}
		s.done = true
	}
	return s, nil
}

func (s *sums) change(old, now said) {
	switch {
	case old.live && !now.live:
		s.counted--
		s.withdrawn++
	case !old.live && now.live:
		s.counted++
		if old.here {
			s.withdrawn--
		}
	}
	if now.done && !old.done {
		s.done++
	}
	s.bend(old, -1)
	s.bend(now, 1)
}

func (s *sums) bend(k said, by int64) {
	if !k.live || k.Threshold == 0 {
		return
	}
	if s.curve == nil {
		s.curve = map[leaf.Pledge]int64{}
	}
	s.curve[k.Pledge] += by
}
