package subscriptions

import (
	"context"
	"errors"
	"sync"
	"time"

	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/seal"
)

const (
	// leastAir and mostAir bound the messages of a broadcast that are in the air at once. Those
	// go out twice when the process dies, so there are only as many as it takes to hand over
	// perSecond of them at the pace of the service.
	leastAir  = 20
	mostAir   = 256
	perSecond = 2000
	// landFor is how long landings are waited for that can be written down together.
	landFor = 5 * time.Millisecond
	// sliceFor is how long a job sends before it lets others have its turn; sendFor bounds one
	// message, and leaseFor, which is longer, how long a process that died is waited for.
	sliceFor = 10 * time.Second
	sendFor  = 20 * time.Second
	leaseFor = 30 * time.Second
	jobFor   = sliceFor + leaseFor
	pageSize = 256
)

// run is one alert on its way over one channel, by this process.
type run struct {
	*broadcast
	s       *Service
	way     Way
	job     sendJob
	reached reached     // when it began
	busy    map[key]int // how many chains reached somebody in the last day, if that matters
	flying  []string    // who has a message in the air, as it is written down
	me      string      // names the lease
	stop    time.Time   // of this slice
	at      cursor      // behind what is handed out
	lease   time.Time   // until when
	said    map[string]Said
	pace    time.Duration // how long the service takes, about
}

// item is a recipient with what becomes of them, ready to be handed over.
type item struct {
	recipient
	what  verdict
	until time.Time // for hold
	read  time.Time // when they were read, and how many subscriptions had been dropped then
	drops int64
	at    cursor // behind them
	send  func(context.Context) error
}

// landing is how handing over an item ended.
type landing struct {
	item
	err  error
	took time.Duration
}

// broadcast is the worker of sendJob: it sends the newest alert of a chain, and when a newer
// one comes meanwhile, that one.
func (s *Service) broadcast(ctx context.Context, a sendJob) error {
	way, ok := s.way(a.Channel)
	if !ok {
		return nil
	}
	var stop time.Time
	me := s.IDs.Secret()
	for {
		r := &run{s: s, way: way, job: a, me: me, said: map[string]Said{}, reached: reached{}}
		ok, err := r.take(ctx)
		if !ok {
			return err
		}
		if stop.IsZero() {
			stop = s.Clock.Now().Add(sliceFor)
			if way.Ahead != nil {
				defer s.ready.pause()()
			}
		}
		r.stop = stop
		done := false
		if err == nil {
			done, err = r.work(ctx)
		}
		if err == nil && !done && ctx.Err() == nil && s.Clock.Now().Before(stop) {
			continue // a newer alert came, or another process took over
		}
		return errors.Join(err, r.end(ctx, a, done))
	}
}

// take takes the lease, and reads what there is to send and who has heard of it. It is not ok
// when there is nothing, or another process does it.
func (r *run) take(ctx context.Context) (ok bool, err error) {
	var b broadcast
	err = r.s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		r.lease = tx.Now().Add(leaseFor)
		if b, r.at, ok, err = acquire(ctx, tx, r.job, r.me, r.lease); err != nil || !ok {
			return err
		}
		return settleAir(ctx, tx, r.job, r.me, b.n)
	})
	if err != nil || !ok {
		return false, err
	}
	r.broadcast = &b
	return true, r.s.DB.Read(ctx, func(tx *db.Tx) error {
		l := r.s.Locales.Match("en")
		if err := r.say(ctx, tx, l); err != nil {
			return err
		}
		if r.expires = r.said[l.Tag()].Expires; r.expires.IsZero() {
			r.expires = r.mends
		}
		if err := r.reached.load(ctx, tx, r.chain, r.job.Channel, time.Time{}); err != nil || r.urgent {
			return err
		}
		r.busy, err = busy(ctx, tx, r.job.Channel, tx.Now().Add(-24*time.Hour))
		return err
	})
}

// say words the alert in a language, once.
func (r *run) say(ctx context.Context, tx *db.Tx, l *i18n.Locale) error {
	if _, ok := r.said[l.Tag()]; ok {
		return nil
	}
	said, err := r.s.Alerts.Say(ctx, tx, r.alert, l)
	if err != nil {
		return err
	}
	r.said[l.Tag()], r.urgent = said, said.Urgent
	return nil
}

// end gives the lease back, and lets what is left be done next.
func (r *run) end(ctx context.Context, a sendJob, done bool) error {
	ctx = context.WithoutCancel(ctx)
	return r.s.DB.Write(ctx, func(tx *db.Tx) error {
		again, err := r.release(ctx, tx, done)
		if err != nil || !again {
			return err
		}
		return r.s.enqueue(ctx, tx, a)
	})
}

// work hands over until all is done, a newer alert comes, or the slice is over. Nothing is in
// the air when it returns.
func (r *run) work(ctx context.Context) (done bool, err error) {
	var wait sync.WaitGroup
	defer wait.Wait()
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	pages, src := make(chan result), source{run: r, at: r.at}
	wait.Go(func() { src.read(reading, pages) })
	landings := make(chan landing, mostAir)
	var queue []item
	var landed []landing
	inAir, going, last := 0, true, false
	for {
		going = going && ctx.Err() == nil && r.s.Clock.Now().Before(r.stop)
		room := going && len(queue) > 0 && inAir < r.air()
		if len(landed) == 0 && !room {
			more, stop := pages, ctx.Done()
			if !going || last || len(queue) > 0 {
				more = nil
			}
			if !going {
				stop = nil // what flies still lands
			}
			if more == nil && inAir == 0 {
				return going, err
			}
			select {
			case p := <-more:
				queue, last = p.items, p.last
				if p.err != nil {
					going, err = false, p.err
				}
			case l := <-landings:
				landed = append(landed, l)
			case <-stop:
			}
		}
		landed = collect(landed, landings, inAir)
		var ready []item
		if going {
			ready, queue = next(queue, r.air()-inAir+len(landed))
		}
		fly, ok, broken := r.commit(context.WithoutCancel(ctx), landed, ready)
		if broken != nil {
			return false, errors.Join(err, broken)
		}
		going, inAir, landed = going && ok, inAir-len(landed)+len(fly), landed[:0]
		for _, x := range fly {
			wait.Go(func() { landings <- r.fly(ctx, x) })
		}
	}
}

// fly hands one message over.
func (r *run) fly(ctx context.Context, x item) landing {
	ctx, cancel := context.WithTimeout(ctx, sendFor)
	defer cancel()
	start := r.s.Clock.Now()
	err := x.send(ctx)
	return landing{x, err, r.s.Clock.Now().Sub(start)}
}

// air is how many messages may be in it now.
func (r *run) air() int {
	n := min(max(int(r.pace.Seconds()*perSecond), leastAir), mostAir)
	if r.way.AtOnce > 0 {
		n = min(n, r.way.AtOnce)
	}
	return n
}

// collect takes what lands, until all that flies has or a short while is over: what a quick
// service takes together is written down together.
func collect(landed []landing, from <-chan landing, flying int) []landing {
	if len(landed) == 0 {
		return nil
	}
	over := time.NewTimer(landFor)
	defer over.Stop()
	for len(landed) < flying {
		select {
		case l := <-from:
			landed = append(landed, l)
		case <-over.C:
			return landed
		}
	}
	return landed
}

// next takes items from a queue until so many of them are to be sent.
func next(queue []item, sends int) (ready, rest []item) {
	for i := range queue {
		if queue[i].what == send {
			if sends <= 0 {
				return queue[:i], queue[i:]
			}
			sends--
		}
	}
	return queue, nil
}

// result is a page of recipients; the last one is empty.
type result struct {
	items []item
	last  bool
	err   error
}

// read reads and prepares pages, one ahead of what is sent, until there are no more.
func (s *source) read(ctx context.Context, to chan<- result) {
	for p := (result{}); !p.last && p.err == nil; {
		p.items, p.err = s.next(ctx)
		p.last = len(p.items) == 0
		if p.err == nil {
			p.err = s.run.prepare(ctx, p.items)
		}
		select {
		case to <- p:
		case <-ctx.Done():
			return
		}
	}
}

// cooks prepare at the same time: about as many as there are processors.
const cooks = 4

// prepare opens the contacts of those who get the alert now, and does what needs no network.
func (r *run) prepare(ctx context.Context, items []item) error {
	errs := make([]error, cooks)
	var wait sync.WaitGroup
	for c := range cooks {
		wait.Go(func() {
			for i := c; i < len(items); i += cooks {
				if x := &items[i]; x.what == send {
					errs[c] = errors.Join(errs[c], r.prepareOne(ctx, x))
				}
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

func (r *run) prepareOne(ctx context.Context, x *item) error {
	l := r.s.Locales.Match(x.Lang)
	p, err := r.s.parcel(ctx, &x.Subscription, r.said[l.Tag()], r.alert, r.chain)
	if errors.Is(err, seal.ErrDestroyed) || errors.Is(err, seal.ErrSealed) {
		x.send = failing(ErrGone)
		return nil
	}
	if err != nil {
		return err
	}
	p.Until = r.until(x.reach)
	p.Ahead = r.s.ready.take(x.id)
	if x.send, err = r.way.Channel.Prepare(p); err != nil {
		x.send = failing(err)
	}
	return nil
}

func failing(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}
