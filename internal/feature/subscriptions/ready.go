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
	// mostReady bounds the recipients for whom something is done ahead; each takes some 150
	// bytes.
	mostReady = 250_000
	// readyRest is how many times as long as it works what works ahead rests.
	readyRest = 9
	// readyPause is between two rounds when nothing was sent.
	readyPause = time.Hour
)

// ready is what was done ahead of the next message to each recipient, in memory alone: a disk
// that is seized holds none of it.
type ready struct {
	mu      sync.Mutex
	now     map[key]webpush.Prepared
	before  map[key]webpush.Prepared // of the round before, as far as this one has not come to it
	sending int
	sent    chan struct{} // something was
}

func newReady() *ready {
	return &ready{now: map[key]webpush.Prepared{}, sent: make(chan struct{}, 1)}
}

// begin says that something is being sent until done is called: then nobody works ahead.
func (r *ready) begin() (done func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sending++
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.sending--
		select {
		case r.sent <- struct{}{}:
		default:
		}
	}
}

// take returns what there is for a recipient, or nil, and forgets it: it is used once.
func (r *ready) take(sid string) *webpush.Prepared {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := keyOf(sid)
	for _, m := range []*map[key]webpush.Prepared{&r.now, &r.before} {
		p, ok := (*m)[k]
		if !ok {
			continue
		}
		if delete(*m, k); len(*m) == 0 {
			*m = map[key]webpush.Prepared{} // one that is emptied keeps its memory
		}
		return &p
	}
	return nil
}

// round begins with all that there is as the round before; the end of it forgets what is left
// of that, which is for nobody any more.
func (r *ready) round(begin bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !begin {
		r.before = nil
		return
	}
	for k, p := range r.before { // of a round that was interrupted
		r.now[k] = p
	}
	r.before, r.now = r.now, map[key]webpush.Prepared{}
}

// lacks reports whether there is nothing yet for a recipient, and room for it.
func (r *ready) lacks(sid string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := keyOf(sid)
	if p, ok := r.before[k]; ok {
		r.now[k] = p
		delete(r.before, k)
	}
	_, ok := r.now[k]
	return !ok && len(r.now)+len(r.before) < mostReady
}

func (r *ready) put(sid string, p webpush.Prepared) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now[keyOf(sid)] = p
}

func (r *ready) busy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sending > 0
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
	s.ready.round(true)
	for _, w := range s.Ways {
		if w.Ahead == nil {
			continue
		}
		if err := s.getReady(ctx, w, rest); err != nil {
			return err
		}
	}
	s.ready.round(false)
	return nil
}

func (s *Service) getReady(ctx context.Context, w Way, rest int) error {
	for after := ""; ; {
		var all []Subscription
		err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
			all, err = confirmedOn(ctx, tx, w.Code, after, page)
			return err
		})
		if err != nil || len(all) == 0 {
			return err
		}
		start := s.Clock.Now()
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
	for first := true; first && d > 0 || r.busy(); first = false {
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
