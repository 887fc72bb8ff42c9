package events

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/ical"
)

const (
	rollEvery = 24 * time.Hour // between two looks at a series without an end
	rollPage  = 100
	modelSize = 60 // newest dates that are asked what their series says
)

// Roll gives the series without an end the dates that have come near. It is
// called now and then.
func (s *Service) Roll(ctx context.Context) error {
	var errs []error // of one series, which keeps no other waiting
	var at int64
	after := ""
	for {
		var some []series
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			var err error
			some, err = dueSeries(ctx, tx, clock.Micros(tx.Now()), at, after, rollPage)
			return err
		})
		if err != nil {
			return err
		}
		for i := range some {
			if err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.roll(ctx, tx, some[i].ID) }); err != nil {
				errs = append(errs, fmt.Errorf("add dates to series %s: %w", some[i].ID, err))
			}
		}
		if len(some) < rollPage {
			return errors.Join(errs...)
		}
		at, after = clock.Micros(some[rollPage-1].Next), some[rollPage-1].ID
	}
}

// roll adds the dates of one series that have come near.
func (s *Service) roll(ctx context.Context, tx *db.Tx, sid string) error {
	x, err := oneSeries(ctx, tx, "id = $1", sid)
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil || x.Next.IsZero() || x.Next.After(tx.Now()) { // another process was here
		return err
	}
	g, err := s.Groups.ByID(ctx, tx, x.Group)
	if err != nil {
		return err
	}
	x.Next = tx.Now().Add(rollEvery)
	if !g.Suspended && !g.Ended {
		if err := s.addDue(ctx, tx, &x); err != nil {
			return err
		}
	}
	return putSeries(ctx, tx, &x)
}

func (s *Service) addDue(ctx context.Context, tx *db.Tx, x *series) error {
	now := ical.WallOf(tx.Now().In(x.zone()))
	decided, err := datesFrom(ctx, tx, x.ID, day.Of(now)+1)
	if err != nil {
		return err
	}
	// What came and went while nobody looked is not made up for.
	walls, _ := x.walls(day.Of(now), now.AddDate(maxYears, 0, 0), maxYears*366)
	walls = slices.DeleteFunc(walls, func(w time.Time) bool {
		return slices.ContainsFunc(decided, func(k dated) bool { return k.Day == day.Of(w) })
	})
	walls = due(walls, now, near(decided, day.Of(now.AddDate(0, 0, aheadDays))))
	if len(walls) == 0 {
		return nil
	}
	e, err := modelOf(ctx, tx, x)
	if err != nil || e == nil {
		return err
	}
	says, err := originalOf(ctx, tx, e)
	if err != nil {
		return err
	}
	for _, w := range walls {
		n, err := s.addDate(ctx, tx, &says, x, day.Of(w))
		if err != nil {
			return err
		}
		if err := putLink(ctx, tx, dated{Series: x.ID, Day: day.Of(w), Event: n}); err != nil {
			return err
		}
	}
	return touchSeries(ctx, tx, x.ID)
}

// near counts the events up to a day; those behind it count as one.
func near(decided []dated, day int) int {
	n, far := 0, 0
	for _, k := range decided {
		switch {
		case k.Event == "":
		case k.Day <= day:
			n++
		default:
			far = 1
		}
	}
	return max(n, far)
}

// modelOf is what a series says: part by part what its last date says that was
// not changed there alone. It is nil for a series without any event left.
func modelOf(ctx context.Context, tx *db.Tx, x *series) (*Event, error) {
	es, err := lastEvents(ctx, tx, x.ID, modelSize)
	if err != nil || len(es) == 0 {
		return nil, err
	}
	links, err := linksOf(ctx, tx, es)
	if err != nil {
		return nil, err
	}
	at := 0 // whose programme and timeslots the new dates get
	for i := range es {
		if links[es[i].ID].Own == 0 {
			at = i
			break
		}
	}
	out := es[at]
	for bit := ownTitle; bit < ownProgramme; bit <<= 1 {
		for i := range es {
			if links[es[i].ID].Own&bit == 0 {
				out.take(&es[i], bit)
				break
			}
		}
	}
	return &out, nil
}
