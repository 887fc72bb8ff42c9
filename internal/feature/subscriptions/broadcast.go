package subscriptions

import (
	"context"
	"errors"
	"slices"
	"time"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/geo"
	"convoke/internal/job"
)

const (
	// mostLately bounds what is not urgent: chains that begin for one recipient in a day.
	mostLately = 12
	// first is how long before now a broadcast asks to have been run: it overtakes all
	// other jobs that wait.
	first = 30 * 24 * time.Hour
	// mendFor is how long at least those hear of what a chain told them, and is not true any
	// more: as long as a withdrawal lasts.
	mendFor = 12 * time.Hour
)

// sendJob is the job of what the newest alert of a chain has to do on one channel.
type sendJob struct {
	Chain   string `json:"chain"`
	Channel string `json:"channel"`
}

// Kind implements job.Args.
func (sendJob) Kind() string { return "subscriptions.broadcast" }

// broadcast is one alert on its way.
type broadcast struct {
	alert, chain string
	n            int64
	kind         fact.AlertKind
	drill        bool
	category     string
	mended       int64
	expires      time.Time // then what it says is over
	mends        time.Time // until then it is said to those whom it puts right; never earlier
	urgent       bool
	areas        []geo.Area // that hear of one of its cells
}

// ends reports an alert after which there is nothing to hear of: it goes only to those who
// were reached.
func (b *broadcast) ends() bool { return b.kind == fact.AlertWithdraw || b.kind == fact.AlertClear }

// until is how long it is said to somebody. Those whom its chain told what is not true any more
// hear so even when the alert is over: their service may not work for as long as it lasts.
func (b *broadcast) until(r reach) time.Time {
	if r != (reach{}) && b.ends() || b.misled(r) {
		return b.mends
	}
	return b.expires
}

// misled reports that somebody was told what was put right since, and may not know it.
func (b *broadcast) misled(r reach) bool {
	return r != (reach{}) && int64(r.first) < b.mended && int64(r.heard) < b.mended
}

// recipient is somebody whom an alert may go to, with what they have heard of its chain.
type recipient struct {
	Subscription
	reach
	lately int  // chains that said something to them in the last day
	tries  int  // of this alert
	waited bool // was among those who get it later
}

// verdict is what becomes of an alert for one recipient.
type verdict int

const (
	skip verdict = iota
	send
	hold // until the end of their quiet hours
)

// decide is the rule of who gets an alert when. until is for hold.
func (b *broadcast) decide(r *recipient, now time.Time) (v verdict, until time.Time) {
	reached := r.reach != reach{}
	switch {
	case !now.Before(b.until(r.reach)) || int64(r.heard) >= b.n || !now.Before(r.Ends):
		return skip, until
	case !reached && (b.ends() || !r.wants(b.category, b.drill) || !b.near(r.Area)):
		return skip, until
	}
	// What they heard was wrong: that cannot wait, even if more has happened since.
	if b.urgent || b.misled(r.reach) {
		return send, until
	}
	if !reached && r.lately >= mostLately {
		return skip, until
	}
	if until = r.Quiet.until(now, r.Zone); until.IsZero() {
		return send, until
	}
	if !until.Before(b.until(r.reach)) {
		return skip, until
	}
	return hold, until
}

func (b *broadcast) near(a geo.Area) bool {
	_, ok := slices.BinarySearch(b.areas, a)
	return ok
}

// AlertSent listens to alerts: it notes what goes out and lets it begin, on each channel for
// itself. What older ones of the chain still had to do ends with the commit.
func (s *Service) AlertSent(ctx context.Context, tx *db.Tx, x fact.AlertSent) error {
	last, err := newest(ctx, tx, x.Chain)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return err
	}
	b := broadcast{
		alert: x.Alert, chain: x.Chain, n: last.n + 1, kind: x.Kind, drill: x.Drill, category: x.Category, mended: last.mended, mends: x.Expires,
	}
	if x.Kind == fact.AlertCorrect || x.Kind == fact.AlertWithdraw {
		b.mended = b.n
	}
	if least := tx.Now().Add(mendFor); (b.ends() || b.mended > 0) && b.mends.Before(least) {
		b.mends = least
	}
	if err := insertBroadcast(ctx, tx, &b, x.Cells); err != nil {
		return err
	}
	for _, w := range s.Ways {
		if err := startRun(ctx, tx, &b, w.Code); err != nil {
			return err
		}
		if err := s.enqueue(ctx, tx, sendJob{x.Chain, w.Code}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) enqueue(ctx context.Context, tx *db.Tx, a sendJob) error {
	return s.Jobs.Enqueue(ctx, tx, a, job.Insert{RunAt: tx.Now().Add(-first), Unique: a.Chain + " " + a.Channel})
}

// Due goes on with what waits for a time, or was left by a process that died. It runs every
// some seconds.
func (s *Service) Due(ctx context.Context) error {
	var due []sendJob
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		due, err = dueRuns(ctx, tx, page)
		return err
	})
	if err != nil || len(due) == 0 {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		for _, a := range due {
			if err := s.enqueue(ctx, tx, a); err != nil {
				return err
			}
		}
		return nil
	})
}

// Count is how an alert went on one channel.
type Count struct {
	Channel   string
	Delivered int // taken by the service, which is all that can be known
	Waiting   int // quiet hours, or their service does not work now
	Failed    int
	Gone      int // nobody is there any more
	OptedOut  int // left after it
}

// Counts are those of all channels.
type Counts struct {
	Channels []Count
	Done     bool // all of its area were told, or it is over
}

// Progress counts how an alert went so far. It returns no rows for one that was never sent.
func (s *Service) Progress(ctx context.Context, tx *db.Tx, alert string) (c Counts, err error) {
	if c.Channels, err = counts(ctx, tx, alert); err != nil {
		return c, err
	}
	busy, err := busyRuns(ctx, tx, alert)
	c.Done = busy == 0
	return c, err
}

// Audience is how many an alert about some cells could reach: those whose area has one of
// them, whatever its category, and, where it follows a chain, whom that reached. Show less
// than [Few] as that, never as a number.
func (s *Service) Audience(ctx context.Context, tx *db.Tx, cells []geo.GridCell, chain string) (int, error) {
	near, err := countAreas(ctx, tx, geo.AreasWith(cells, levels()...))
	if err != nil || chain == "" {
		return near, err
	}
	heard, err := countReached(ctx, tx, chain)
	return max(near, heard), err
}
