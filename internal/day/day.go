// Package day is days as numbers: 28 November 2026 is 20261128, and 0 is none. That
// is how they are stored where the hour is nobody's business, and they sort by
// themselves.
package day

import "time"

// Of is the day of t, on the clock that t has.
func Of(t time.Time) int {
	y, m, d := t.Date()
	return y*10000 + int(m)*100 + d
}

// Time is when d begins in UTC; the zero time for none.
func Time(d int) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return At(d, time.UTC)
}

// At is when d begins at a place.
func At(d int, loc *time.Location) time.Time {
	return time.Date(d/10000, time.Month(d/100%100), d%100, 0, 0, 0, 0, loc)
}

// After is the day n days after d.
func After(d, n int) int { return Of(Time(d).AddDate(0, 0, n)) }

// ISO writes d as 2026-11-28, and none as "".
func ISO(d int) string {
	if d <= 0 {
		return ""
	}
	return Time(d).Format(time.DateOnly)
}

// Read is the reverse of [ISO]; ok is false for what is no day of the years 1000 to
// 9999.
func Read(s string) (d int, ok bool) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1000 {
		return 0, false
	}
	return Of(t), true
}
