package events

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/ical"
	"convoke/internal/id"
)

func errNoSeries() error {
	return fault.NotFound("series.not_found", "This event does not repeat, or it is not public.")
}

func errSeriesChanged() error {
	return fault.Conflict("series.changed_meanwhile",
		"Somebody else has changed this event’s dates meanwhile. Please open the page again: what you typed is still here to copy.")
}

// planned is one date as it would be.
type planned struct {
	Wall       time.Time
	Start, End time.Time
	Clock      ical.Clock
	Event      *Event // that is there already
	own        int64
	skipped    bool // it was taken out before
}

func (p *planned) day() int { return day.Of(p.Wall) }

// plan is what a rule would do to an event and its series.
type plan struct {
	series  series    // as it would be
	was     *series   // that the event belongs to; nil when it does not repeat yet
	first   bool      // the event is the first date of was
	at      dated     // of the event
	rule    pattern   // of series
	dates   []planned // the event itself first
	rest    []planned // later events of was that are on none of the dates
	gone    []Event   // those of rest that are still to come, and are called off
	missing []time.Time
}

// shown names what a preview was of.
func (p *plan) shown() string {
	return p.series.Rule + " " + p.series.Starts.Format(wallText) + " " + p.series.Length.String() + " " + p.series.Zone
}

// token names the state of a series that a form was filled from.
func (p *plan) token() string { return token(p.was) }

func token(x *series) string {
	if x == nil {
		return ""
	}
	return fmt.Sprintf("%s.%d", x.ID, x.Version)
}

// repeatable returns the event for somebody who may make it repeat, or change
// several of its dates: one who may make events of its group. Managers have one
// date in their hands, not the others.
func (s *Service) repeatable(ctx context.Context, tx *db.Tx, by authz.Actor, eid id.Event) (Event, error) {
	e, _, sub, err := s.Get(ctx, tx, by, eid)
	if err != nil {
		return e, err
	}
	if err := authz.Check(by, authz.EditEvent, sub); err != nil {
		return e, err
	}
	return e, authz.Check(by, authz.CreateEvent, sub)
}

// belongs finds the series of an event, nil when it does not repeat.
func belongs(ctx context.Context, tx *db.Tx, eid id.Event) (*series, dated, error) {
	k, ok, err := linkOf(ctx, tx, eid)
	if err != nil || !ok {
		return nil, k, err
	}
	x, err := oneSeries(ctx, tx, "id = $1", k.Series)
	if err != nil {
		return nil, k, fmt.Errorf("series of event %s: %w", eid, err)
	}
	return &x, k, nil
}

// plan works out the dates that an event would have, and what becomes of those
// that it has.
func (s *Service) plan(ctx context.Context, tx *db.Tx, e *Event, in RepeatInput) (plan, error) {
	switch {
	case e.State == Cancelled:
		return plan{}, fault.Conflict("series.cancelled", "This event is cancelled. Repeat one that takes place.")
	case e.Past(tx.Now()):
		return plan{}, fault.Conflict("series.over", "This event is over. Repeat one that is still to come.")
	}
	p := plan{series: seriesFrom(e)}
	var err error
	if p.rule, err = in.parse(p.series.Starts, tx.Now()); err != nil {
		return p, err
	}
	p.series.Rule = p.rule.rule()
	walls, err := p.series.dates(p.rule, tx.Now())
	if err != nil {
		return p, err
	}
	for _, w := range walls {
		d := planned{Wall: w}
		d.Start, d.End, d.Clock = p.series.span(w)
		p.dates = append(p.dates, d)
	}
	p.dates[0].Start, p.dates[0].End = e.Start, e.End
	p.missing = p.rule.gaps(walls)
	if p.was, p.at, err = belongs(ctx, tx, e.ID); err != nil || p.was == nil {
		return p, err
	}
	before, err := hasDatesBefore(ctx, tx, p.was.ID, p.at.Day)
	if err != nil {
		return p, err
	}
	p.first = !before
	return p, p.match(ctx, tx, e)
}

// match finds the later events of the old series on the new dates. A series
// without an end keeps those that fit it and are further ahead than it is filled.
func (p *plan) match(ctx context.Context, tx *db.Tx, e *Event) error {
	links, err := datesFrom(ctx, tx, p.was.ID, p.at.Day)
	if err != nil {
		return err
	}
	es, err := eventsFrom(ctx, tx, p.was.ID, p.at.Day, len(links))
	if err != nil {
		return err
	}
	byEvent := map[id.Event]*Event{}
	for i := range es {
		byEvent[es[i].ID] = &es[i]
	}
	var far []time.Time
	if p.rule.endless() {
		far, _ = p.series.walls(0, farthest(p.series.Starts, tx.Now()), maxYears*366)
	}
	for _, k := range links {
		x := byEvent[k.Event]
		has := func(w time.Time) bool { return day.Of(w) == k.Day }
		at := slices.IndexFunc(p.dates[1:], func(d planned) bool { return has(d.Wall) })
		switch {
		case k.Event == e.ID:
		case at >= 0:
			d := &p.dates[1+at]
			d.Event, d.own, d.skipped = x, k.Own, x == nil
		case x == nil:
		case slices.ContainsFunc(far, has):
			p.dates = append(p.dates, planned{Wall: p.series.on(k.Day), Start: x.Start, End: x.End, Event: x, own: k.Own})
		default:
			p.rest = append(p.rest, planned{Wall: day.Time(k.Day), Event: x, own: k.Own})
			if !x.Past(tx.Now()) && x.State != Cancelled {
				p.gone = append(p.gone, *x)
			}
		}
	}
	return nil
}

// preview works out the dates of an event without storing anything.
func (s *Service) preview(ctx context.Context, by authz.Actor, eid id.Event, in RepeatInput) (plan, error) {
	var p plan
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		e, err := s.repeatable(ctx, tx, by, eid)
		if err == nil {
			p, err = s.plan(ctx, tx, &e, in)
		}
		return err
	})
	return p, err
}

// Repeat makes an event the first of a series: its dates are made at once, in
// one transaction, and say what it says. An event that repeats already, and all
// its later dates, follow the new rule: what fits stays as it is, with all who
// signed up, and what does not is cancelled, or deleted while it is a draft. key
// is the form's: sent twice, it is done once. was names the series that the form
// was filled from.
func (s *Service) Repeat(ctx context.Context, by authz.Actor, eid id.Event, key, was string, in RepeatInput) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		e, err := s.repeatable(ctx, tx, by, eid)
		if err != nil {
			return err
		}
		if _, err := oneSeries(ctx, tx, "group_id = $1 and uid = $2", string(e.Group), key); !errors.Is(err, db.ErrNoRows) {
			return err // done before, or not known
		}
		p, err := s.plan(ctx, tx, &e, in)
		if err != nil {
			return err
		}
		switch {
		case p.token() != was:
			return errSeriesChanged()
		case in.Shown != "" && in.Shown != p.shown():
			return errShownOther()
		case !slices.ContainsFunc(p.dates[1:], func(d planned) bool { return in.keeps(day.ISO(d.day())) }):
			return fault.Invalid(fault.Field("date", "series.none", "Leave at least one further date."))
		}
		return s.carryOut(ctx, tx, &e, &p, key, in)
	})
}

func errShownOther() error {
	return fault.Conflict("series.shown", "The dates have changed since you saw them. Look at them again, then save.")
}

// carryOut does what is planned.
func (s *Service) carryOut(ctx context.Context, tx *db.Tx, e *Event, p *plan, key string, in RepeatInput) error {
	x := &p.series
	x.ID, x.UID, x.Version = s.IDs.New(), key, 1
	if p.was != nil && p.first {
		x.ID, x.Version = p.was.ID, p.was.Version+1
	}
	if p.rule.endless() {
		x.Next = tx.Now().Add(rollEvery)
	}
	if err := s.leaveOld(ctx, tx, p); err != nil {
		return err
	}
	if err := putSeries(ctx, tx, x); err != nil {
		return err
	}
	if err := putLink(ctx, tx, dated{x.ID, p.dates[0].day(), e.ID, 0}); err != nil {
		return err
	}
	if err := s.leaveOut(ctx, tx, p); err != nil {
		return err
	}
	says, err := originalOf(ctx, tx, e)
	if err != nil {
		return err
	}
	for i := range p.dates[1:] {
		d := &p.dates[1+i]
		if err := s.carryOutDate(ctx, tx, &says, x, d, in.keeps(day.ISO(d.day()))); err != nil {
			return err
		}
	}
	return touchSeries(ctx, tx, x.ID)
}

// leaveOld ends the rule that the event followed so far, before the event.
func (s *Service) leaveOld(ctx context.Context, tx *db.Tx, p *plan) error {
	if p.was == nil {
		return nil
	}
	if err := dropLinksFrom(ctx, tx, p.was.ID, p.at.Day); err != nil || p.first {
		return err
	}
	if err := p.was.endBefore(p.at.Day); err != nil {
		return err
	}
	if err := putSeries(ctx, tx, p.was); err != nil {
		return err
	}
	return touchSeries(ctx, tx, p.was.ID)
}

// leaveOut calls off what does not fit. It stays among the dates, to be seen.
func (s *Service) leaveOut(ctx context.Context, tx *db.Tx, p *plan) error {
	for i := range p.gone {
		if err := s.callOff(ctx, tx, &p.gone[i]); err != nil {
			return err
		}
	}
	for _, d := range p.rest {
		if d.Event.State == Draft {
			continue
		}
		if err := putLink(ctx, tx, dated{p.series.ID, d.day(), d.Event.ID, d.own | ownState}); err != nil {
			return err
		}
	}
	return nil
}

// endBefore leaves a series with the dates before a day.
func (x *series) endBefore(d int) error {
	p, err := patternOf(x.Rule)
	if err != nil {
		return err
	}
	last := day.Time(d).AddDate(0, 0, -1)
	switch {
	case p.count > 0:
		p.count = max(1, min(p.count, countBefore(x, d)))
	case p.until.IsZero() || p.until.After(last):
		p.until = last
	}
	x.Rule, x.Next = p.rule(), time.Time{}
	x.Version++
	return nil
}

// carryOutDate makes one further date what it is to be.
func (s *Service) carryOutDate(ctx context.Context, tx *db.Tx, e *original, x *series, d *planned, takesPlace bool) error {
	k := dated{Series: x.ID, Day: d.day(), Own: d.own}
	switch {
	case d.Event == nil && takesPlace && d.End.After(tx.Now()):
		n, err := s.addDate(ctx, tx, e, x, d.day())
		if err != nil {
			return err
		}
		k.Event = n
	case d.Event != nil && !takesPlace && d.Event.State != Cancelled:
		k.Event, k.Own = d.Event.ID, k.Own|ownState
		if err := s.callOff(ctx, tx, d.Event); err != nil {
			return err
		}
		if d.Event.State == Draft {
			k.Event = ""
		}
	case d.Event != nil:
		k.Event = d.Event.ID
		if d.own&ownWhen == 0 {
			if err := s.reschedule(ctx, tx, d.Event, x, d.day()); err != nil {
				return err
			}
		}
	}
	return putLink(ctx, tx, k)
}

// reschedule brings a date to the time of day of its series.
func (s *Service) reschedule(ctx context.Context, tx *db.Tx, old *Event, x *series, day int) error {
	e := *old
	x.place(&e, day)
	return s.store(ctx, tx, old, &e)
}

// store saves a change of one date, and tells those who signed up when it was
// moved or cancelled. What has not changed is left alone.
func (s *Service) store(ctx context.Context, tx *db.Tx, old, e *Event) error {
	if differences(old, e) == 0 && old.Follows == e.Follows {
		return nil
	}
	noteMove(e, old)
	e.Sequence, e.Updated = old.Sequence+1, tx.Now()
	if err := updateEvent(ctx, tx, old, e, nil); err != nil {
		return err
	}
	return s.changed(ctx, tx, old, e)
}

// callOff cancels a date that is public, for all to see, and deletes a draft.
func (s *Service) callOff(ctx context.Context, tx *db.Tx, old *Event) error {
	if old.State == Draft {
		deleted, err := deleteDraft(ctx, tx, old)
		if err != nil || deleted {
			tx.Touch("event:"+string(old.ID), "group-events:"+string(old.Group))
			return err
		}
	}
	e := *old
	e.State = Cancelled
	return s.store(ctx, tx, old, &e)
}

// original is an event with all that its copies take from it.
type original struct {
	*Event
	programme Programme
	versions  []Version
}

func originalOf(ctx context.Context, tx *db.Tx, e *Event) (original, error) {
	all, err := programmesOf(ctx, tx, *e)
	if err != nil {
		return original{}, err
	}
	said, err := versionsOf(ctx, tx, "", *e)
	return original{e, *all.of(e), said[e.ID]}, err
}

// addDate makes a new date that says what e says.
func (s *Service) addDate(ctx context.Context, tx *db.Tx, e *original, x *series, day int) (id.Event, error) {
	n := x.copyOf(e.Event, id.Event(s.IDs.New()), day)
	if err := s.insert(ctx, tx, &n); err != nil {
		return "", err
	}
	if p := e.programme; !p.Empty() {
		if p.Start.Equal(e.Start) {
			p.Start = n.Start
		} else {
			p.Start = time.Time{} // the meeting times were open already
		}
		if err := errors.Join(putProgramme(ctx, tx, n.ID, &p), s.tellNeeds(ctx, tx, n.ID, &p)); err != nil {
			return "", err
		}
	}
	if err := addVersions(ctx, tx, &n, e.versions); err != nil {
		return "", err
	}
	return n.ID, s.Facts.Emit(ctx, tx, fact.EventCopied{
		Event: n.ID, From: e.ID, Group: n.Group, Start: n.Start, FromStart: e.Start, Zone: n.Zone, Campaign: e.Campaign,
	})
}

// touchSeries says that the pages of a series are out of date: each shows the
// dates around it.
func touchSeries(ctx context.Context, tx *db.Tx, series string) error {
	since := day.Of(tx.Now().AddDate(0, 0, -pastDays))
	all, err := datesFrom(ctx, tx, series, since)
	for _, k := range all {
		if k.Event != "" {
			tx.Touch("event:" + string(k.Event))
		}
	}
	return err
}

// pastDays is how far back pages of a series look: a date may have been moved by
// that much.
const pastDays = 60
