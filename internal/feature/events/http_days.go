package events

import (
	"time"

	"convoke/internal/i18n"
)

// dayInWords tells which day of an event it is, such as "Day 5 of 21"; "" when it is
// not on, or lasts no longer than 24 hours.
func dayInWords(l *i18n.Locale, e *Event, now time.Time) string {
	start, end := e.Local(e.Start), e.Local(e.End)
	if end.Sub(start) <= 24*time.Hour || now.Before(start) || !now.Before(end) {
		return ""
	}
	return l.T("Day {day} of {days}", "day", 1+daysFrom(start, e.Local(now)), "days", 1+daysFrom(start, end.Add(-time.Nanosecond)))
}

// daysFrom is how many days b is after a, at any hour.
func daysFrom(a, b time.Time) int {
	date := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(date(b).Sub(date(a)) / (24 * time.Hour))
}
