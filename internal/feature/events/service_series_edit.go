package events

import (
	"context"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/ical"
	"convoke/internal/id"
)

// Scope says which dates of a series a change is for. The ones that are over
// never change with others.
type Scope string

// The scopes.
const (
	OnlyThis Scope = "only"
	After    Scope = "after" // those that come later, not this one
	Later    Scope = "later" // this one and those that come later
	All      Scope = "all"
)

// Reach is what a change of one date is for. Version is that of the series as
// the form was filled: when somebody has changed several dates meanwhile,
// nothing is overwritten. AnyVersion asks for no such check.
type Reach struct {
	Scope   Scope
	Version int
}

// AnyVersion is for what follows a change that was checked.
const AnyVersion = -1

// Spread is what a change of several dates did.
type Spread struct {
	Changed int // this one included
	Kept    int // that say a part of it themselves, and were not changed there
}

// UpdateSeries is [Service.Update] for several dates at once: what differs from
// before is brought to the others, part by part, but for the parts that were
// changed on one of them alone. Those who signed up hear of what concerns them.
func (s *Service) UpdateSeries(ctx context.Context, by authz.Actor, eid id.Event, sequence int, r Reach, in Input) (Spread, error) {
	if r.Scope == "" || r.Scope == OnlyThis {
		return Spread{Changed: 1}, s.Update(ctx, by, eid, sequence, in)
	}
	change, err := s.typed(ctx, eid, sequence, in)
	if err != nil {
		return Spread{}, err
	}
	return s.spread(ctx, by, eid, r, change)
}

// SetSeriesPicture is [Service.SetPicture] for several dates at once.
func (s *Service) SetSeriesPicture(ctx context.Context, by authz.Actor, eid id.Event, scope Scope, key string) error {
	if scope != Later && scope != All {
		return s.SetPicture(ctx, by, eid, key)
	}
	_, err := s.spread(ctx, by, eid, Reach{scope, AnyVersion}, func(_ *db.Tx, _, e *Event) error {
		e.Picture = key
		return nil
	})
	return err
}

// spreading is one change of several dates.
type spreading struct {
	x     series
	at    dated
	scope Scope
	parts int64 // that change
	whole bool  // the change is for the series from its first date on
}

func (s *Service) spread(ctx context.Context, by authz.Actor, eid id.Event, r Reach, change func(tx *db.Tx, old, e *Event) error) (Spread, error) {
	var out Spread
	if r.Scope != Later && r.Scope != All {
		return out, fault.Invalid(fault.Field("scope", "series.scope", "Choose which dates the change is for."))
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		out = Spread{}
		old, err := s.repeatable(ctx, tx, by, eid)
		if err != nil {
			return err
		}
		x, at, err := belongs(ctx, tx, eid)
		switch {
		case err != nil:
			return err
		case x == nil:
			return errNoSeries()
		case r.Version != AnyVersion && r.Version != x.Version:
			return errSeriesChanged()
		}
		e := old
		if err := change(tx, &old, &e); err != nil {
			return err
		}
		w := spreading{x: *x, at: at, scope: r.Scope, parts: differences(&old, &e)}
		if w.parts&ownWhen != 0 && scheduled(&old) != scheduled(&e) {
			return fault.Invalid(fault.Field("start_date", "series.day",
				"One change cannot move all dates to another day. Choose “Only this date”, or change how it repeats."))
		}
		if err := w.begin(ctx, tx, &e, s.IDs.New()); err != nil {
			return err
		}
		out, err = s.spreadOver(ctx, tx, &w, &old, &e)
		return err
	})
	return out, err
}

// begin brings the series itself to the change: its time of day, and its end
// when the later dates are called off. A new time of day for later dates only
// makes a series of its own of them, with the id fresh.
func (w *spreading) begin(ctx context.Context, tx *db.Tx, e *Event, fresh string) error {
	before, err := hasDatesBefore(ctx, tx, w.x.ID, w.at.Day)
	if err != nil {
		return err
	}
	w.whole = w.scope == All || !before
	if w.parts&ownWhen != 0 && !w.whole {
		if err := w.split(ctx, tx, fresh); err != nil {
			return err
		}
	}
	w.x.Version++
	if w.parts&ownWhen != 0 {
		like := seriesFrom(e)
		clock := like.Starts.Sub(like.Starts.Truncate(24 * time.Hour))
		w.x.Starts = w.x.Starts.Truncate(24 * time.Hour).Add(clock)
		w.x.Length, w.x.AllDay, w.x.Zone = like.Length, like.AllDay, like.Zone
	}
	if w.parts&ownState != 0 && e.State == Cancelled {
		w.x.Next = time.Time{}
	}
	return putSeries(ctx, tx, &w.x)
}

// split makes a series of its own of the event's date and the later ones.
func (w *spreading) split(ctx context.Context, tx *db.Tx, fresh string) error {
	rule, err := patternOf(w.x.Rule)
	if err != nil {
		return err
	}
	old := w.x
	if rule.count > 0 {
		rule.count = max(1, rule.count-countBefore(&old, w.at.Day))
	}
	w.x.ID, w.x.UID = fresh, fresh
	w.x.Starts, w.x.Rule = old.on(w.at.Day), rule.rule()
	if err := old.endBefore(w.at.Day); err != nil {
		return err
	}
	if err := touchSeries(ctx, tx, old.ID); err != nil {
		return err
	}
	if err := putSeries(ctx, tx, &old); err != nil {
		return err
	}
	if err := putSeries(ctx, tx, &w.x); err != nil {
		return err
	}
	return moveLinksFrom(ctx, tx, old.ID, w.x.ID, w.at.Day)
}

// countBefore is how many dates the rule has before a day.
func countBefore(x *series, d int) int {
	walls, _ := x.walls(0, day.Time(d).Add(-time.Second), maxDates)
	return len(walls)
}

// spreadOver stores the change of the event and brings it to the others.
func (s *Service) spreadOver(ctx context.Context, tx *db.Tx, w *spreading, old, e *Event) (Spread, error) {
	out := Spread{Changed: 1}
	w.at.Series, w.at.Own = w.x.ID, w.at.Own&^w.parts
	if scheduled(e) != w.at.Day {
		w.at.Own |= ownWhen
	}
	e.Sequence, e.Updated = old.Sequence+1, tx.Now()
	if err := updateEvent(ctx, tx, old, e, nil); err != nil {
		return out, err
	}
	if err := putLink(ctx, tx, w.at); err != nil {
		return out, err
	}
	if err := s.changed(ctx, tx, old, e); err != nil {
		return out, err
	}
	from := firstDay(w.scope, w.at.Day, tx.Now())
	links, err := datesFrom(ctx, tx, w.x.ID, from)
	if err != nil {
		return out, err
	}
	es, err := eventsFrom(ctx, tx, w.x.ID, from, len(links))
	if err != nil {
		return out, err
	}
	byEvent := map[id.Event]dated{}
	for _, k := range links {
		byEvent[k.Event] = k
	}
	for i := range es {
		if es[i].ID == e.ID || es[i].Past(tx.Now()) {
			continue
		}
		k := byEvent[es[i].ID]
		if w.parts&k.Own != 0 {
			out.Kept++
		}
		if err := s.spreadTo(ctx, tx, w, &es[i], e, k); err != nil {
			return out, err
		}
		if w.parts&^k.Own != 0 {
			out.Changed++
		}
	}
	return out, touchSeries(ctx, tx, w.x.ID)
}

// spreadTo brings the change of e to another date, but for what that says itself.
func (s *Service) spreadTo(ctx context.Context, tx *db.Tx, w *spreading, old, e *Event, k dated) error {
	parts := w.parts &^ k.Own
	n := *old
	n.take(e, parts)
	if parts&ownWhen != 0 {
		w.x.place(&n, k.Day)
	}
	return s.store(ctx, tx, old, &n)
}

// noteOwn remembers what was changed on one date alone: it stays so when
// several are changed.
func (s *Service) noteOwn(ctx context.Context, tx *db.Tx, eid id.Event, parts int64) error {
	if parts == 0 {
		return nil
	}
	k, ok, err := linkOf(ctx, tx, eid)
	if err != nil || !ok {
		return err
	}
	if k.Own|parts != k.Own {
		k.Own |= parts
		if err := putLink(ctx, tx, k); err != nil {
			return err
		}
	}
	return touchSeries(ctx, tx, k.Series)
}

// firstDay is from which day on a change looks at dates, for the event of a day.
// All means all that may still be to come: the past of a long series is not read.
func firstDay(scope Scope, d int, now time.Time) int {
	switch scope {
	case After:
		return d + 1
	case Later:
		return d
	}
	return day.Of(now.AddDate(0, 0, -pastDays))
}

// EndSeries calls off dates of a series: public ones are cancelled, and stay to
// be seen, drafts are deleted. No further dates follow. It returns how many were
// called off.
func (s *Service) EndSeries(ctx context.Context, by authz.Actor, eid id.Event, r Reach) (int, error) {
	if r.Scope != After && r.Scope != Later && r.Scope != All {
		return 0, fault.Invalid(fault.Field("end_scope", "series.scope", "Choose which dates the change is for."))
	}
	n := 0
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		n = 0
		if _, err := s.repeatable(ctx, tx, by, eid); err != nil {
			return err
		}
		x, at, err := belongs(ctx, tx, eid)
		switch {
		case err != nil:
			return err
		case x == nil:
			return errNoSeries()
		case r.Version != AnyVersion && r.Version != x.Version:
			return errSeriesChanged()
		}
		from := firstDay(r.Scope, at.Day, tx.Now())
		if err := touchSeries(ctx, tx, x.ID); err != nil {
			return err
		}
		n, err = s.callOffFrom(ctx, tx, x, from)
		return err
	})
	return n, err
}

// callOffFrom calls off what is still to come of a series, from a day on.
func (s *Service) callOffFrom(ctx context.Context, tx *db.Tx, x *series, from int) (int, error) {
	links, err := datesFrom(ctx, tx, x.ID, from)
	if err != nil {
		return 0, err
	}
	es, err := eventsFrom(ctx, tx, x.ID, from, len(links))
	if err != nil {
		return 0, err
	}
	n := 0
	for i := range es {
		if es[i].Past(tx.Now()) || es[i].State == Cancelled {
			continue
		}
		if err := s.callOff(ctx, tx, &es[i]); err != nil {
			return n, err
		}
		if es[i].State != Draft {
			if err := s.noteOwn(ctx, tx, es[i].ID, ownState); err != nil {
				return n, err
			}
		}
		n++
	}
	if first := day.Of(ical.WallOf(tx.Now().In(x.zone()))); from < first {
		from = first // what was stays in the rule
	}
	if from <= day.Of(x.Starts) {
		from = day.Of(x.Starts) + 1 // a rule has one date at least
	}
	if err := x.endBefore(from); err != nil {
		return n, err
	}
	return n, putSeries(ctx, tx, x)
}
