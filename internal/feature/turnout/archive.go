package turnout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"convoke/internal/archive"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/plaintext"
)

// archivedEstimate is an estimate in the archive of a group.
type archivedEstimate struct {
	Low        int       `json:"low"`
	High       int       `json:"high"`
	Words      string    `json:"words"`
	Method     string    `json:"method"`
	SourceName string    `json:"source_name"`
	SourceURL  string    `json:"source_url"`
	Nth        int       `json:"nth,omitempty"` // the day of the event, 0 for the first
	Made       time.Time `json:"made"`
}

// ExportEstimates returns what is said of events that somebody said something of.
func (s *Service) ExportEstimates(ctx context.Context, tx *db.Tx, es []id.Event) (map[id.Event]any, error) {
	rows := map[id.Event][]archivedEstimate{}
	if len(es) == 0 {
		return nil, nil
	}
	args, list := make([]any, len(es)), make([]string, len(es))
	for i, e := range es {
		args[i], list[i] = string(e), fmt.Sprintf("$%d", i+1)
	}
	err := tx.Each(ctx, `select event_id, low, high, words, method, source_name, source_url, made_at, nth from estimate
		where event_id in (`+strings.Join(list, ", ")+") order by event_id, made_at, id", args, func(scan func(...any) error) error {
		var e id.Event
		var x archivedEstimate
		var made int64
		err := scan(&e, &x.Low, &x.High, &x.Words, &x.Method, &x.SourceName, &x.SourceURL, &made, &x.Nth)
		x.Made = clock.FromMicros(made)
		rows[e] = append(rows[e], x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list estimates: %w", err)
	}
	out := make(map[id.Event]any, len(rows))
	for e, x := range rows {
		out[e] = x
	}
	return out, nil
}

// ImportEstimates takes in what is said of a new event that counts at spot, nil
// while it is not public.
func (s *Service) ImportEstimates(ctx context.Context, tx *db.Tx, e id.Event, spot *Spot, raw []byte, write bool) error {
	var in []archivedEstimate
	if err := archive.Strict(raw, &in); err != nil {
		return fmt.Errorf("%w: %w", archive.ErrUnreadable, err)
	}
	if len(in) > maxEstimates {
		return fault.Invalid(fault.Field("estimates", "turnout.many", "This event has {max} estimates already; no more can be added.", "max", maxEstimates))
	}
	var all []Estimate
	for _, a := range in {
		x, err := a.parse()
		if err != nil {
			return err
		}
		all = append(all, x)
	}
	if !write || len(all) == 0 {
		return nil
	}
	keys := make([]string, len(all)) // in order, for they decide where two were made at once
	for i := range keys {
		keys[i] = s.IDs.New()
	}
	slices.Sort(keys)
	var rows [][]any
	for i, x := range all {
		on := 0
		if spot != nil {
			on = day.After(spot.Day, x.Nth)
		}
		rows = append(rows, estimateRow(keys[i], e, on, x, moment(in[i].Made, tx.Now())))
	}
	if err := insertRows(ctx, tx, insertEstimates, 11, rows); err != nil {
		return fmt.Errorf("insert estimates: %w", err)
	}
	next := daysOfEstimates(all)
	if err := putSpan(ctx, tx, e, next.whole()); err != nil {
		return err
	}
	c := changes{}
	c.count(spot, nil, -1)
	c.count(spot, next, 1)
	return apply(ctx, tx, c)
}

func (a archivedEstimate) parse() (Estimate, error) {
	x := Estimate{a.Low, a.High, plaintext.Line(a.Words), a.Method, plaintext.Line(a.SourceName), a.SourceURL, a.Nth}
	bad := x.problems()
	if x.Nth < 0 || x.Nth > maxAltogether {
		bad = append(bad, fault.Field("day", "turnout.nth", "This estimate is about a day that the event has not."))
	}
	if x.Low < 0 || x.High > maxPeople || x.High < x.Low {
		bad = append(bad, fault.Field("low", "turnout.number", "Write a whole number of people from 0 to {max}.", "max", maxPeople))
	}
	return x, fault.Invalid(bad...)
}

// moment is when something was said, which was not after now.
func moment(t, now time.Time) time.Time {
	if t.Year() < 1971 || t.After(now) {
		return now
	}
	return t
}
