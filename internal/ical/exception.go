package ical

import "time"

// exceptions are the EXDATEs of a series.
type exceptions struct {
	times map[time.Time]*exception // by wall time
	days  map[time.Time]*exception // by midnight: a date takes its whole day away
	list  []*exception
}

type exception struct {
	wall time.Time
	line int
	used bool
}

// exceptions reads the EXDATEs in the wall time of the start. Programs write
// them as times for all-day series and as dates for timed ones; both count.
func (s *series) exceptions() *exceptions {
	out := &exceptions{times: map[time.Time]*exception{}, days: map[time.Time]*exception{}}
	for _, d := range s.c.removed {
		x := &exception{line: d.line}
		if s.c.start.date || d.date {
			x.wall = midnight(d.wall)
			if d.utc {
				x.wall = midnight(s.zone.wallOf(d.wall))
			}
			out.days[x.wall] = x
		} else {
			x.wall = s.sameClock(d)
			out.times[x.wall] = x
		}
		out.list = append(out.list, x)
	}
	return out
}

// take says whether a date is taken away.
func (x *exceptions) take(wall time.Time) bool {
	one := x.times[wall]
	if one == nil {
		one = x.days[midnight(wall)]
	}
	if one != nil {
		one.used = true
	}
	return one != nil
}

// checkExceptions reports the first EXDATE in the window that took nothing
// away: the date that somebody cancelled is then still shown.
func (s *series) checkExceptions(gone *exceptions) {
	if len(s.found) == 0 {
		return
	}
	for _, x := range gone.list {
		known := x.wall.After(s.from) && (s.stop.IsZero() || x.wall.Before(s.stop)) &&
			(s.cut.IsZero() || x.wall.Before(s.cut))
		if known && !x.used {
			s.report(x.line, s.c.uid, codeExUnmatched, x.wall.Format(wallDay))
			return
		}
	}
}
