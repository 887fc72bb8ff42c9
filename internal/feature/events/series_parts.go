package events

import (
	"time"

	"convoke/internal/day"
	"convoke/internal/ical"
	"convoke/internal/id"
)

// The parts of an event that a date of a series can say itself, stored as bits.
// Never reorder, only append.
const (
	ownTitle int64 = 1 << iota
	ownKind
	ownDescription
	ownState
	ownWhen
	ownWhere
	ownLang
	ownAccess
	ownCapacity
	ownPicture
	ownProgramme
)

// differences are the parts in which two events differ, but for the programme,
// which lies elsewhere.
func differences(a, b *Event) int64 {
	var out int64
	for bit, differs := range map[int64]bool{
		ownTitle: a.Title != b.Title, ownKind: a.Kind != b.Kind, ownDescription: a.Description != b.Description, ownState: a.State != b.State,
		ownWhen:  !a.Start.Equal(b.Start) || !a.End.Equal(b.End) || a.Zone != b.Zone || a.AllDay != b.AllDay,
		ownWhere: a.Where != b.Where, ownLang: a.Lang != b.Lang, ownAccess: a.Access != b.Access, ownCapacity: a.Capacity != b.Capacity,
		ownPicture: a.Picture != b.Picture || a.PictureAlt != b.PictureAlt,
	} {
		if differs {
			out |= bit
		}
	}
	return out
}

// take brings parts of x to e, but for the time: see [series.place].
func (e *Event) take(x *Event, parts int64) {
	follows := func(bit int64) {
		e.Follows &^= bit
		if e.Campaign == x.Campaign {
			e.Follows |= x.Follows & bit
		}
	}
	if parts&ownTitle != 0 {
		e.Title = x.Title
		follows(followTitle)
	}
	if parts&ownKind != 0 {
		e.Kind = x.Kind
		follows(followKind)
	}
	if parts&ownDescription != 0 {
		e.Description, e.HTML = x.Description, x.HTML
		follows(followDescription)
	}
	if parts&ownState != 0 {
		e.State = x.State
	}
	if parts&ownWhere != 0 {
		e.Where = x.Where
	}
	if parts&ownLang != 0 {
		e.Lang = x.Lang
	}
	if parts&ownAccess != 0 {
		e.Access = x.Access
		follows(followAccess)
	}
	if parts&ownCapacity != 0 {
		e.Capacity = x.Capacity
	}
	if parts&ownPicture != 0 {
		e.Picture, e.PictureAlt = x.Picture, x.PictureAlt
	}
}

// place brings e to where the series has the date of a day.
func (x *series) place(e *Event, day int) {
	e.Start, e.End, _ = x.span(x.on(day))
	e.Zone, e.AllDay = x.Zone, x.AllDay
}

// scheduled is the day of the rule that an event lies on as it is now.
func scheduled(e *Event) int { return day.Of(ical.WallOf(e.Local(e.Start))) }

// copied is the state in which a new date begins.
func copied(s State) State {
	switch s {
	case Draft, Proposed:
		return s
	}
	return Confirmed
}

// copyOf is a new event that says what e says, as the date of a day.
func (x *series) copyOf(e *Event, eid id.Event, d int) Event {
	n := *e
	n.Seq, n.Sequence, n.ID = 0, 0, eid
	n.UID = x.ID + "-" + day.ISO(d)
	n.Group, n.State = x.Group, copied(e.State)
	n.WasPlace, n.Campaign, n.Follows = "", "", 0
	n.wasAt(time.Time{}, "", false)
	x.place(&n, d)
	return n
}
