package ical

import (
	"fmt"
	"strings"
	"time"
)

// shift is one change of the clocks of a zone.
type shift struct {
	at   time.Time
	wall time.Time // in the offset before
}

// shiftKind is what all shifts of one observance share.
type shiftKind struct {
	from, to int
	name     string
	dst      bool
}

// describe writes the VTIMEZONE of a zone (RFC 5545, 3.6.5): every change from
// 1970 until well after the event, as rules where they follow one. A rule that
// still holds at the end has no end, so later events are covered too.
func (w *Writer) describe(name string, loc *time.Location, year int) {
	firstYear, lastYear := min(1970, year-1), max(2040, year+3)
	first := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC)
	abbreviation, offset := first.In(loc).Zone()
	w.put("BEGIN", "VTIMEZONE")
	w.put("TZID", escape(name))
	w.observance(shiftKind{offset, offset, abbreviation, false}, first, "")
	byKind, order := shifts(first, lastYear, loc)
	for _, kind := range order {
		w.runs(kind, byKind[kind], lastYear)
	}
	w.put("END", "VTIMEZONE")
}

// shifts lists the changes after first until the end of lastYear. It looks at
// the offset every six days and searches in between, because Time.ZoneBounds
// stands still at the end of leap years that only the zone's rule covers. Changes
// that cancel each other are a week apart at least (Asia/Hebron in 2040).
func shifts(first time.Time, lastYear int, loc *time.Location) (map[shiftKind][]shift, []shiftKind) {
	const step = 6 * 24 * 3600
	byKind := make(map[shiftKind][]shift)
	var order []shiftKind
	z := zone{loc: loc}
	end := time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	for t, before := first.Unix(), z.offset(first.Unix()); t < end; {
		if z.offset(t+step) == before {
			t += step
			continue
		}
		low, high := t, t+step // the change lies in (low, high]
		for high-low > 1 {
			if mid := (low + high) / 2; z.offset(mid) == before {
				low = mid
			} else {
				high = mid
			}
		}
		at := time.Unix(high, 0).In(loc)
		name, offset := at.Zone()
		kind := shiftKind{before, offset, name, at.IsDST()}
		if byKind[kind] == nil {
			order = append(order, kind)
		}
		wall := time.Unix(high+int64(before), 0).UTC()
		byKind[kind] = append(byKind[kind], shift{at: at, wall: wall})
		t, before = high, offset
	}
	return byKind, order
}

// runs writes the shifts of one kind: those that follow a rule for three years
// or more as a rule, the others as dates.
func (w *Writer) runs(kind shiftKind, list []shift, lastYear int) {
	var single []string
	var singleStart time.Time
	for i := 0; i < len(list); {
		nth, n := longestRun(list[i:])
		last := list[i+n-1]
		if n < 3 {
			if len(single) == 0 {
				singleStart = list[i].wall
			}
			single = append(single, list[i].wall.Format("20060102T150405"))
			i++
			continue
		}
		days := [...]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}
		rule := fmt.Sprintf("FREQ=YEARLY;BYMONTH=%d;BYDAY=%d%s", last.wall.Month(), nth, days[last.wall.Weekday()])
		if last.wall.Year() < lastYear {
			rule += ";UNTIL=" + utc(last.at)
		}
		w.observance(kind, list[i].wall, "RRULE:"+rule)
		i += n
	}
	if len(single) > 0 {
		rest := ""
		if len(single) > 1 {
			rest = "RDATE:" + strings.Join(single[1:], ",")
		}
		w.observance(kind, singleStart, rest)
	}
}

// longestRun gives how many shifts from the first on, one a year, fall on the
// same weekday of the same month at the same time, and which one it is: the
// nth, or -1 for the last.
func longestRun(list []shift) (nth, n int) {
	first := list[0].wall
	for _, try := range []int{-1, (first.Day()-1)/7 + 1} {
		k := 0
		for k < len(list) {
			t := list[k].wall
			if t.Year() != first.Year()+k || t.Month() != first.Month() || t.Weekday() != first.Weekday() ||
				t.Sub(midnight(t)) != first.Sub(midnight(first)) {
				break
			}
			isLast := t.Day()+7 > daysIn(t.Year(), t.Month())
			if try == -1 && !isLast || try > 0 && (t.Day()-1)/7+1 != try {
				break
			}
			k++
		}
		if k > n {
			nth, n = try, k
		}
	}
	return nth, max(n, 1)
}

func (w *Writer) observance(k shiftKind, start time.Time, more string) {
	part := "STANDARD"
	if k.dst {
		part = "DAYLIGHT"
	}
	w.put("BEGIN", part)
	w.put("DTSTART", start.Format("20060102T150405"))
	w.put("TZOFFSETFROM", offsetText(k.from))
	w.put("TZOFFSETTO", offsetText(k.to))
	w.put("TZNAME", escape(k.name))
	if name, value, ok := strings.Cut(more, ":"); ok {
		w.put(name, value)
	}
	w.put("END", part)
}

// offsetText is the reverse of parseOffset.
func offsetText(seconds int) string {
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	out := fmt.Sprintf("%s%02d%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		out += fmt.Sprintf("%02d", seconds%60)
	}
	return out
}
