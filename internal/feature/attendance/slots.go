package attendance

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/fault"
	"convoke/internal/id"
)

// Limits of the slots of one event.
const (
	maxSlots     = 200 // three weeks with six shifts a day, and some more
	maxSlotTitle = 100
	maxSlotRoom  = 1_000_000
	// setUp is how long before the event a slot may begin: some come to set up.
	setUp = 7 * 24 * time.Hour
)

// Slot is a span of an event that people choose when they sign up: a shift, a
// day, a leg of a march. The counters are of people.
type Slot struct {
	ID             string
	Title          string
	Start, End     time.Time
	Capacity       int // people; 0 is no limit
	Least          int // people that it needs; 0 is nothing said
	Closed         bool
	Going, Waiting int
	Needs          []Need
	EventAt        time.Time // the start of its event when it was last saved
}

// left says that the event was moved since, to start, and it was not.
func (s *Slot) left(start, now time.Time) bool {
	return !s.EventAt.Equal(start) && s.End.After(now)
}

// version changes with whatever the form of a slot holds, and with nothing else.
func (s *Slot) version() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %d %d %d %d %t", s.Title, s.Start.UnixMicro(), s.End.UnixMicro(), s.Capacity, s.Least, s.Closed))
	return hex.EncodeToString(sum[:6])
}

// missing is how many more people it needs.
func (s *Slot) missing() int { return max(0, s.Least-s.Going) }

// Takes says whether it can be chosen, and whether those who wait move up.
func (s *Slot) Takes(now time.Time) bool { return !s.Closed && s.End.After(now) }

func (s *Slot) free() int {
	if s.Capacity == 0 {
		return 1 << 30
	}
	return s.Capacity - s.Going
}

// largest is the largest party that could ever get into it.
func (s *Slot) largest(r roster) int {
	if s.Capacity == 0 {
		return r.largest()
	}
	return min(r.largest(), s.Capacity)
}

// choice is that one sign-up has chosen one slot.
type choice struct {
	hash  []byte
	slot  string
	state State
	queue int
	party int
	in    bool // the sign-up has a place at the event already
}

// Chosen is a slot that somebody chose, as its holder sees it.
type Chosen struct {
	Slot
	State State
	Ahead int // people waiting for it before them
}

// errTooMany says that a slot is too small for a party.
func errTooMany(s *Slot) fault.FieldError {
	return fault.Field("party", "slot.large", "“{title}” has room for {max} people. Please sign up fewer, or choose another time.",
		"title", s.Title, "max", s.Capacity)
}

// choose finds the slots that ids name, in their order in time. Those in had
// stay also when they are closed.
func choose(all []Slot, ids []string, had []choice, party, before int, now time.Time) ([]Slot, error) {
	var out []Slot
	known := 0
	for _, s := range all {
		if !slices.Contains(ids, s.ID) {
			continue
		}
		known++
		kept := slices.ContainsFunc(had, func(c choice) bool { return c.slot == s.ID })
		if !kept && !s.Takes(now) {
			return nil, fault.Invalid(fault.Field("slot", "slot.closed", "“{title}” takes nobody any more. Please choose another time.", "title", s.Title))
		}
		if s.Capacity > 0 && party > s.Capacity && (!kept || party > before) {
			return nil, fault.Invalid(errTooMany(&s))
		}
		out = append(out, s)
	}
	unique := slices.Clone(ids)
	slices.Sort(unique)
	if known != len(slices.Compact(unique)) {
		return nil, fault.Invalid(fault.Field("slot", "slot.unknown", "A time that you chose is not offered any more. Please choose again."))
	}
	if len(out) == 0 && len(all) > 0 && (len(had) > 0 || before == 0) {
		return nil, fault.Invalid(fault.Field("slot", "slot.none", "Choose at least one time."))
	}
	return out, nil
}

// SlotInput is a slot as typed, in the time of the event's place.
type SlotInput struct {
	Title              string
	StartDate          string // 2026-11-28
	StartTime, EndTime string // 10:00
	EndDate            string // "" means the same day
	Capacity           string // "" is no limit
	Least              string // "" is nothing said
	Closed             bool
	// Version is of what the change was filled from, "" when that is not known.
	Version string
}

// parse checks everything and lists all that is wrong at once. start and end
// are the event's, in the zone of its place.
func (in SlotInput) parse(start, end time.Time) (Slot, error) {
	var fs []fault.FieldError
	fail := func(name, code, msg string, args ...any) { fs = append(fs, fault.Field(name, code, msg, args...)) }
	s := Slot{Title: strings.TrimSpace(in.Title), Closed: in.Closed, EventAt: start}
	switch n := utf8.RuneCountInString(s.Title); {
	case n == 0:
		fail("title", "slot.title", "Give it a name, such as “Morning shift”.")
	case n > maxSlotTitle:
		fail("title", "form.long", "This is too long: at most {limit} characters, please.", "limit", maxSlotTitle)
	}
	loc := start.Location()
	var from, to bool
	s.Start, from = moment(in.StartDate, in.StartTime, "start", loc, fail)
	s.End, to = moment(cmp.Or(strings.TrimSpace(in.EndDate), in.StartDate), in.EndTime, "end", loc, fail)
	switch {
	case !from || !to:
	case !s.End.After(s.Start):
		fail("end_time", "slot.end", "The end must be after the start.")
	case s.End.After(end):
		fail("end_time", "slot.late", "It must end with the event at the latest. Change the end of the event first.")
	case s.Start.Before(start.Add(-setUp)):
		fail("start_date", "slot.early", "It can begin up to seven days before the event, not earlier.")
	}
	s.Capacity, s.Least = people(in.Capacity, in.Least, fail)
	return s, fault.Invalid(fs...)
}

// people reads how many fit into a slot, and how many it needs.
func people(capacity, least string, fail func(name, code, msg string, args ...any)) (room, needs int) {
	var err error
	if capacity = strings.TrimSpace(capacity); capacity != "" {
		if room, err = strconv.Atoi(capacity); err != nil || room < 1 || room > maxSlotRoom {
			fail("capacity", "slot.capacity_number", "Write a number of people from 1 to {max}, or leave it empty for no limit.", "max", maxSlotRoom)
			room = 0
		}
	}
	if least = strings.TrimSpace(least); least == "" {
		return room, 0
	}
	needs, err = strconv.Atoi(least)
	switch {
	case err != nil || needs < 0 || needs > maxSlotRoom:
		fail("least", "slot.least", "Write a number of people up to {max}, or leave it empty.", "max", maxSlotRoom)
	case room > 0 && needs > room:
		fail("least", "slot.least_over", "It cannot need more people than fit.")
	}
	return room, needs
}

// moment reads a local date and time. One that a clock change skips does not
// exist, and is refused.
func moment(date, clock, which string, loc *time.Location, fail func(name, code, msg string, args ...any)) (time.Time, bool) {
	d, err := time.Parse(time.DateOnly, strings.TrimSpace(date))
	if err != nil || d.Year() < 1971 || d.Year() > 2399 {
		fail(which+"_date", "slot.date", "Write the date as year-month-day, such as 2026-11-28.")
	}
	h, err2 := time.Parse("15:04", strings.TrimSpace(clock))
	if err2 != nil {
		fail(which+"_time", "slot.time", "Write the time with hours and minutes, such as 18:30.")
	}
	if err != nil || err2 != nil {
		return time.Time{}, false
	}
	t := time.Date(d.Year(), d.Month(), d.Day(), h.Hour(), h.Minute(), 0, 0, loc)
	if t.Hour() != h.Hour() || t.Minute() != h.Minute() {
		fail(which+"_time", "slot.time_skipped", "The clocks go forward that night, so this time does not exist.")
		return t, false
	}
	return t, true
}

// keepsPromises refuses to make a slot smaller than what people were told.
func (s *Slot) keepsPromises(going int) error {
	if s.Capacity == 0 || s.Capacity >= going {
		return nil
	}
	return fault.Invalid(fault.Field("capacity", "slot.capacity",
		"{going} people have this time already. Allow at least that many.", "going", going))
}

func errNoSlot() error {
	return fault.NotFound("slot.not_found", "This event has no such time. It may have been removed.")
}

// head is the first in one of the lines before an event: that of a slot, or of
// the event as a whole, which has no slot.
type head struct {
	choice
	slotRoom int
}

// next is the head that moves up now, -1 for none. Each line keeps its order. A
// party that fits its slot and not the event claims the event's room: nobody
// behind it takes that, but those who have a place at the event need none.
func next(heads []head, eventRoom int) int {
	slices.SortStableFunc(heads, func(a, b head) int { return cmp.Compare(a.queue, b.queue) })
	claimed := false
	for i, h := range heads {
		switch {
		case h.party > h.slotRoom:
		case h.in:
			return i
		case claimed:
		case h.party <= eventRoom:
			return i
		default:
			claimed = true
		}
	}
	return -1
}

// validSlot says whether s can be the id of a slot: the key of the form that
// made it, so that a form sent twice makes one.
func validSlot(s string) bool { return id.ValidSecret(s) }
