package subscriptions

import (
	"context"
	"errors"
	"sync"
	"time"

	"convoke/internal/db"
	"convoke/internal/notify/webpush"
	"convoke/internal/seal"
)

const (
	// mostReady bounds the recipients for whom something is done ahead; each takes some 200
	// bytes.
	mostReady = 250_000
	// readyRest is how many times as long as it works what works ahead rests.
	readyRest = 9
	// readyPause is between two rounds when nothing was sent.
	readyPause = time.Hour
	slabSize   = 1024
)

// ready is what was done ahead of the next message to each recipient, in memory alone: a disk
// that is seized holds none of it.
type ready struct {
	mu     sync.Mutex
	at     map[key]spot
	slabs  [][]webpush.Prepared
	free   []int32 // places in slabs
	round  uint8   // counts over
	pauses int
	sent   chan struct{} // something was
}

// spot is where something lies, and the last round in which its recipient was there.
type spot struct {
	slot  int32
	round uint8
}

func newReady() *ready { return &ready{at: map[key]spot{}, sent: make(chan struct{}, 1)} }

// pause says that something is being sent until done is called: then nobody works ahead.
func (r *ready) pause() (done func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pauses++
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.pauses--
		select {
		case r.sent <- struct{}{}:
		default:
		}
	}
}

func (r *ready) paused() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pauses > 0
}

func (r *ready) slot(i int32) *webpush.Prepared { return &r.slabs[i/slabSize][i%slabSize] }

// take returns what there is for a recipient, or nil, and forgets it: it is used once.
func (r *ready) take(sid string) *webpush.Prepared {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := keyOf(sid)
	x, ok := r.at[k]
	if !ok {
		return nil
	}
	p := *r.slot(x.slot)
	r.forget(k, x)
	return &p
}

// forget is called with the lock.
func (r *ready) forget(k key, x spot) {
	*r.slot(x.slot) = webpush.Prepared{}
	delete(r.at, k)
	r.free = append(r.free, x.slot)
	if len(r.at) == 0 { // what is empty gives its memory back
		r.at, r.slabs, r.free = map[key]spot{}, nil, nil
	}
}

// lacks reports whether there is nothing yet for a recipient, and room for it.
func (r *ready) lacks(sid string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := keyOf(sid)
	x, ok := r.at[k]
	if ok {
		r.at[k] = spot{x.slot, r.round}
	}
	return !ok && len(r.at) < mostReady
}

// put keeps something for a recipient who lacks it.
func (r *ready) put(sid string, p webpush.Prepared) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.free) == 0 {
		first := int32(len(r.slabs)) * slabSize //nolint:gosec // far below mostReady
		r.slabs = append(r.slabs, make([]webpush.Prepared, slabSize))
		for i := range int32(slabSize) {
			r.free = append(r.free, first+i)
		}
	}
	last := len(r.free) - 1
	x := spot{r.free[last], r.round}
	r.free, r.at[keyOf(sid)] = r.free[:last], x
	*r.slot(x.slot) = p
}

// begin begins a round.
func (r *ready) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.round++
}

// end ends a round in which all recipients were seen: what is for nobody any more is forgotten.
func (r *ready) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, x := range r.at {
		if x.round != r.round {
			r.forget(k, x)
		}
	}
}

// KeepReady does, for all recipients and while nothing is sent, what of their next message can
// be done before there is one, so that an alert need not wait for it. It takes a tenth of a
// processor, and returns when ctx ends.
func (s *Service) KeepReady(ctx context.Context) error {
	for {
		if err := s.GetReady(ctx, readyRest); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.ready.sent:
		case <-time.After(readyPause):
		}
	}
}

// GetReady is one round of [Service.KeepReady]. After each piece of work it rests so many
// times as long as that took.
func (s *Service) GetReady(ctx context.Context, rest int) error {
	s.ready.begin()
	for _, w := range s.Ways {
		if w.Ahead == nil {
			continue
		}
		if err := s.getReady(ctx, w, rest); err != nil {
			return err
		}
	}
	s.ready.end()
	return nil
}

func (s *Service) getReady(ctx context.Context, w Way, rest int) error {
	for after := ""; ; {
		start := s.Clock.Now()
		var all []Subscription
		err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
			all, err = confirmedOn(ctx, tx, w.Code, after, page)
			return err
		})
		if err != nil || len(all) == 0 {
			return err
		}
		for i := range all {
			if err := s.getReadyFor(ctx, w, &all[i]); err != nil {
				return err
			}
		}
		if err := s.ready.rest(ctx, s.Clock.Now().Sub(start)*time.Duration(rest)); err != nil {
			return err
		}
		after = all[len(all)-1].id
	}
}

func (s *Service) getReadyFor(ctx context.Context, w Way, sub *Subscription) error {
	if !s.ready.lacks(sub.id) {
		return nil
	}
	x, _, err := s.open(ctx, sub)
	if errors.Is(err, seal.ErrDestroyed) || errors.Is(err, seal.ErrSealed) {
		return nil
	}
	if err != nil {
		return err
	}
	if p, err := w.Ahead(x.contact); err == nil {
		s.ready.put(sub.id, p)
	}
	return nil
}

// rest waits for a while, and while something is sent.
func (r *ready) rest(ctx context.Context, d time.Duration) error {
	for first := true; first && d > 0 || r.paused(); first = false {
		if !first {
			d = time.Second
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d):
		}
	}
	return ctx.Err()
}
