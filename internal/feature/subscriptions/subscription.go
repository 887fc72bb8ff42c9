package subscriptions

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"convoke/internal/geo"
	"convoke/internal/i18n"
)

// Category is one kind of alert: its code, and its English name, marked for translation.
type Category struct{ Code, Name string }

// size is how large an area is: the level of its nine cells.
type size struct {
	code, name string
	level      int
}

var sizes = [...]size{
	{"near", i18n.Mark("Nearby: about {km}"), 12},
	{"town", i18n.Mark("The town and what is around it: about {km}"), 10},
	{"region", i18n.Mark("The region: about {km}"), 8},
}

// levels are those of all sizes.
func levels() []int {
	var out []int
	for _, s := range sizes {
		out = append(out, s.level)
	}
	return out
}

// levelOf is 0 for no size.
func levelOf(code string) int {
	for _, s := range sizes {
		if s.code == code {
			return s.level
		}
	}
	return 0
}

func sizeOf(a geo.Area) string {
	for _, s := range sizes {
		if s.level == a.Level() {
			return s.code
		}
	}
	return ""
}

// Quiet are hours of the day in which only what is urgent is said: from one minute of the
// day to another one, over midnight when that is earlier. Equal ends are no hours.
type Quiet struct{ From, To int }

// until is when the quiet hours that now lies in end, in a zone; zero when it lies in none.
func (q Quiet) until(now time.Time, zone string) time.Time {
	if q.From == q.To {
		return time.Time{}
	}
	loc, err := geo.LoadZone(zone)
	if err != nil {
		loc = time.UTC
	}
	now = now.In(loc)
	at := now.Hour()*60 + now.Minute()
	length, since := (q.To-q.From+1440)%1440, (at-q.From+1440)%1440
	if since >= length {
		return time.Time{}
	}
	y, m, d := now.Date()
	end := time.Date(y, m, d, q.To/60, q.To%60, 0, 0, loc)
	if !end.After(now) {
		end = time.Date(y, m, d+1, q.To/60, q.To%60, 0, 0, loc)
	}
	return end.UTC()
}

// clockOf writes a minute of the day as "22:00"; parseClock reads it.
func clockOf(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

func parseClock(s string) (int, bool) {
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil
}

// Subscription is what somebody wants to hear of, without where to write to them.
type Subscription struct {
	id        string
	month     string
	sealed    []byte
	asked     time.Time
	Channel   string
	Area      geo.Area
	Lang      string
	Groups    []string // codes of categories; none is all
	Drills    bool
	Quiet     Quiet
	Zone      string
	Confirmed bool
	tries     int
	Ends      time.Time
}

// wants reports whether somebody chose alerts of a category.
func (s *Subscription) wants(category string, drill bool) bool {
	return (s.Drills || !drill) && (len(s.Groups) == 0 || slices.Contains(s.Groups, category))
}

func joinGroups(all []string) string { return strings.Join(all, ",") }

func splitGroups(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}
