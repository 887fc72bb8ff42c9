package attendance

import (
	"time"

	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/notify"
)

// Hours of the place's day within which people are reminded.
const (
	dayBegins = 8
	dayEnds   = 22
)

const (
	maxFeedback = 500
	maxNotice   = 1000
)

// reminder is what is planned for one event.
type reminder struct {
	Zone     string
	Morning  bool   // also on the day itself
	Feedback string // where people tell how it was; "" means no message after it
	Next     what   // "" when nothing is planned
	At       time.Time
}

func (m reminder) zone() *time.Location {
	loc, err := geo.LoadZone(m.Zone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// plan sets what comes first at from or later.
func (m *reminder) plan(r roster, from time.Time) {
	m.Next, m.At = "", time.Time{}
	if !r.Open {
		return
	}
	start, end := r.Start.In(m.zone()), r.End.In(m.zone())
	type step struct {
		what what
		at   time.Time
	}
	steps := []step{{before, awake(start.AddDate(0, 0, -1))}}
	if m.Morning && start.Hour() >= dayBegins+2 {
		steps = append(steps, step{morning, hour(start, dayBegins)})
	}
	if m.Feedback != "" {
		steps = append(steps, step{thanks, hour(end.AddDate(0, 0, 1), 10)})
	}
	for _, s := range steps {
		if !s.at.Before(from) {
			m.Next, m.At = s.what, s.at.UTC()
			return
		}
	}
}

func hour(t time.Time, h int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), h, 0, 0, 0, t.Location())
}

// awake is t, or the nearest moment of its day at which nobody is asleep.
func awake(t time.Time) time.Time {
	switch {
	case t.Hour() < dayBegins:
		return hour(t, dayBegins)
	case t.Hour() >= dayEnds-1:
		return hour(t, dayEnds-1)
	}
	return t
}

// quietUntil is when the day begins for those who are asleep at now; the zero
// time when they are awake.
func quietUntil(now time.Time, zone *time.Location) time.Time {
	t := now.In(zone)
	switch {
	case t.Hour() < dayBegins:
		return hour(t, dayBegins)
	case t.Hour() >= dayEnds:
		return hour(t.AddDate(0, 0, 1), dayBegins)
	}
	return time.Time{}
}

// timely says whether a reminder still helps at now.
func (w what) timely(r roster, now time.Time) bool {
	switch w {
	case before:
		return now.Before(r.Start.Add(-3 * time.Hour))
	case morning:
		return now.Before(r.Start)
	}
	return now.After(r.End) && now.Before(r.End.Add(keepFor-24*time.Hour))
}

// reminds says whether w is a reminder: sent by the clock, once for each date,
// and only to those who have a place.
func (w what) reminds() bool { return w == before || w == morning || w == thanks }

// checkFeedback returns a fault when s is no address to which a message can lead.
func checkFeedback(s string) error {
	if s == "" || notify.CanLink(s) && len(s) <= maxFeedback {
		return nil
	}
	return fault.Invalid(fault.Field("feedback", "reminder.feedback", "Write a full address that begins with https://, or leave it empty."))
}
