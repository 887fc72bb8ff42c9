package events

import (
	"fmt"
	"time"

	"convoke/internal/day"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/ical"
	"convoke/internal/id"
)

// archivedSeries is a series in the archive of its group. Its events are rows of
// events.json.
type archivedSeries struct {
	ID        string         `json:"id"`
	Rule      string         `json:"rule"`    // RRULE of RFC 5545
	Starts    string         `json:"starts"`  // 2026-05-05T18:00, by the clock of the place
	Minutes   int            `json:"minutes"` // that each date lasts by that clock
	AllDay    bool           `json:"all_day"`
	Zone      string         `json:"zone"`
	Continues bool           `json:"continues"` // further dates are added by themselves
	Dates     []archivedDate `json:"dates"`
}

// archivedDate is a date that was decided, named by its day in the rule. Event is
// "" where it does not take place.
type archivedDate struct {
	Day   string   `json:"day"` // 2026-05-05
	Event string   `json:"event"`
	Own   []string `json:"own"` // what its event says itself
}

// ownParts names what a date can say itself, by its bit.
var ownParts = [...]struct {
	bit  int64
	name string
}{
	{ownTitle, "title"}, {ownKind, "kind"}, {ownDescription, "description"}, {ownState, "state"}, {ownWhen, "when"}, {ownWhere, "where"},
	{ownLang, "language"}, {ownAccess, "access"}, {ownCapacity, "capacity"}, {ownPicture, "picture"}, {ownProgramme, "programme"},
}

// maxArchivedDates bounds the dates of one series.
const maxArchivedDates = 20_000

func archivedSeriesOf(x *series, dates []dated) archivedSeries {
	a := archivedSeries{
		ID: x.ID, Rule: x.Rule, Starts: x.Starts.Format(wallText), Minutes: int(x.Length / time.Minute), AllDay: x.AllDay, Zone: x.Zone,
		Continues: !x.Next.IsZero(), Dates: []archivedDate{},
	}
	for _, k := range dates {
		d := archivedDate{day.ISO(k.Day), string(k.Event), []string{}}
		for _, part := range ownParts {
			if k.Own&part.bit != 0 {
				d.Own = append(d.Own, part.name)
			}
		}
		a.Dates = append(a.Dates, d)
	}
	return a
}

// parse checks a series as strictly as the form does. Its dates name events as
// the file does.
func (a *archivedSeries) parse() (series, []dated, error) {
	var p parser
	x := series{ID: a.ID, Rule: a.Rule, Length: time.Duration(a.Minutes) * time.Minute, AllDay: a.AllDay, Zone: a.Zone, Version: 1}
	if !id.Valid(a.ID) {
		p.fail("id", "event.id", "This is not an id.")
	}
	rule, ok := knownRule(a.Rule)
	if !ok || a.Continues && !rule.endless() {
		p.fail("rule", "series.rule", "This is not a rule by which dates repeat here.")
	}
	var err error
	if x.Starts, err = time.Parse(wallText, a.Starts); err != nil || x.Starts.Year() < firstYear || x.Starts.Year() > lastYear {
		p.fail("starts", "event.year", "Choose a year between 1971 and 2399.")
	}
	if a.Minutes < 1 || a.Minutes > int(maxLength/time.Minute) {
		p.fail("minutes", "event.too_long", "An event lasts at most one year. Make another one for what comes after.")
	}
	if !geo.KnownZone(a.Zone) {
		p.fail("zone", "event.zone_unknown", "There is no time zone of that name.")
	}
	return x, p.archivedDates(a), fault.Invalid(p.fields...)
}

// knownRule reads a rule that the form can have made.
func knownRule(rule string) (pattern, bool) {
	p, err := patternOf(rule)
	if err != nil || p.rule() != rule || p.every < 1 || p.every > maxEvery || p.count < 0 || p.count > maxDates ||
		p.day < -1 || p.day > 31 || p.nth < -1 || p.nth > 5 || len(p.days) > len(weekdays) {
		return p, false
	}
	_, ok := ical.ParseRule(rule)
	return p, ok
}

func (p *parser) archivedDates(a *archivedSeries) []dated {
	if len(a.Dates) > maxArchivedDates {
		p.fail("dates", "series.many", "That would be more than {max} dates. Choose an earlier last day, or let it go on without an end.", "max", maxArchivedDates)
		return nil
	}
	var out []dated
	for _, d := range a.Dates {
		at, err := time.Parse(time.DateOnly, d.Day)
		k := dated{Series: a.ID, Event: id.Event(d.Event)}
		if err == nil {
			k.Day = day.Of(at)
		}
		if err != nil || at.Year() < firstYear || at.Year() > lastYear || len(out) > 0 && k.Day <= out[len(out)-1].Day {
			p.fail("dates", "series.dates", "The dates of a series are days, one after the other.")
			return nil
		}
		for _, name := range d.Own {
			bit := ownBit(name)
			if bit == 0 {
				p.fail("dates", "series.own", "A date of a series cannot say {part} itself.", "part", fmt.Sprintf("%.40q", name))
				return nil
			}
			k.Own |= bit
		}
		out = append(out, k)
	}
	return out
}

func ownBit(name string) int64 {
	for _, part := range ownParts {
		if part.name == name {
			return part.bit
		}
	}
	return 0
}
