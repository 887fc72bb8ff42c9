package events

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/i18n"
)

// Limits and lifetimes of an exact place.
const (
	maxExact      = 200
	maxDirections = 1000
	keepExact     = 7 * 24 * time.Hour
	// postponedFor is how long it waits for a postponed event's new date, as
	// sign-ups do.
	postponedFor = 30 * 24 * time.Hour
)

// Exact is where exactly an event is, for those who may know.
type Exact struct {
	Address    string `json:"a,omitempty"` // of the place, or of the meeting point
	Directions string `json:"d,omitempty"`
	OnlineURL  string `json:"o,omitempty"`
}

// Empty reports that nothing is said.
func (x Exact) Empty() bool { return x == Exact{} }

// Release says who sees an exact place, and from when.
type Release struct {
	Early bool      // those who signed up see it at once
	At    time.Time // from when everybody does; zero is never
	Start time.Time // of the event, when At was chosen
}

// public reports whether everybody may know at now, and else from when they
// may; zero when no hour holds. An hour that was chosen for another date does not
// hold, nor does any while the event is postponed or cancelled: a place that is
// shown by mistake cannot be taken back.
func (r Release) public(e *Event, now time.Time) (shown bool, from time.Time) {
	if !e.State.Listed() || e.State == Cancelled || e.State == Postponed || r.At.IsZero() || r.outdated(e) {
		return false, time.Time{}
	}
	if now.Before(r.At) {
		return false, r.At
	}
	return true, time.Time{}
}

// held is public for somebody who signed up; going says that they have a place.
func (r Release) held(e *Event, going bool, now time.Time) bool {
	if !e.State.Listed() || e.State == Cancelled {
		return false
	}
	shown, _ := r.public(e, now)
	return shown || going && r.Early
}

// outdated reports that the hour was chosen for another date, or for an event
// that now ends before it.
func (r Release) outdated(e *Event) bool {
	return !r.At.IsZero() && (!r.Start.Equal(e.Start) || !r.At.Before(e.End))
}

// forgotten is when the exact place of an event is erased.
func (e *Event) forgotten() time.Time {
	if e.State == Postponed {
		return e.End.Add(postponedFor + keepExact)
	}
	return e.End.Add(keepExact)
}

// ExactInput is an exact place as typed. All of it empty takes the place back.
type ExactInput struct {
	Address, Directions, OnlineURL string
	Early                          bool
	ShowDate, ShowTime             string // from when everybody sees it, local to the place; both may be ""
}

// parse checks everything and lists all that is wrong at once.
func (in ExactInput) parse(e *Event) (Exact, Release, error) {
	var p parser
	x := Exact{
		Address:    p.text("address", strings.TrimSpace(in.Address), maxExact),
		Directions: p.text("directions", strings.TrimSpace(in.Directions), maxDirections),
		OnlineURL:  strings.TrimSpace(in.OnlineURL),
	}
	if x.Empty() {
		return x, Release{}, nil
	}
	if x.OnlineURL != "" && webAddress(x.OnlineURL) == "" {
		p.fail("online_url", "event.online_url", "Write a full address that begins with https://.")
	}
	if x.Address == "" && x.OnlineURL == "" {
		p.fail("address", "place.address_missing", "Write the address or the meeting point, or an address online.")
	}
	r := Release{Early: in.Early, At: p.release(in, e), Start: e.Start}
	if !r.Early && in.ShowDate == "" && in.ShowTime == "" {
		p.fail("early", "place.nobody", "Nobody would see it. Tick this, or choose an hour from which everybody sees it.")
	}
	return x, r, fault.Invalid(p.fields...)
}

// release reads the hour from which everybody sees the place.
func (p *parser) release(in ExactInput, e *Event) time.Time {
	if in.ShowDate == "" && in.ShowTime == "" {
		return time.Time{}
	}
	if in.ShowTime == "" {
		p.fail("show_time", "place.time_missing", "Say from what time, with hours and minutes.")
		return time.Time{}
	}
	loc, err := geo.LoadZone(e.Zone)
	if err != nil {
		loc = time.UTC
	}
	t, ok := p.moment("show", in.ShowDate, in.ShowTime, loc)
	switch {
	case !ok:
	case t.Year() < 1971:
		p.fail("show_date", "event.year", "Choose a year between 1971 and 2399.")
	case !t.Before(e.End):
		p.fail("show_date", "place.after_end", "Choose an hour before the event ends.")
	}
	return t.UTC()
}

// encode pads what is sealed, so that its length does not tell what it is.
func (x Exact) encode() ([]byte, error) {
	b, err := json.Marshal(x)
	if err != nil {
		return nil, fmt.Errorf("encode exact place: %w", err)
	}
	const block = 512
	for len(b)%block != 0 {
		b = append(b, ' ')
	}
	return b, nil
}

func decodeExact(b []byte) (Exact, error) {
	var x Exact
	if err := json.Unmarshal(b, &x); err != nil {
		return x, fmt.Errorf("decode exact place: %w", err)
	}
	return x, nil
}

// at is the event as those see it who may know the exact place.
func (x Exact) at(e Event) Event {
	if x.Address != "" {
		e.Where.Address = x.Address
	}
	if x.OnlineURL != "" {
		e.Where.OnlineURL = x.OnlineURL
	}
	e.Where.Directions = x.Directions
	return e
}

// calendarText is what a calendar says of the exact place beside the address.
func (x Exact) calendarText(l *i18n.Locale) string {
	var b strings.Builder
	if x.OnlineURL != "" {
		b.WriteString("\n\n" + l.T("Take part online") + ": " + x.OnlineURL)
	}
	if x.Directions != "" {
		b.WriteString("\n\n" + x.Directions)
	}
	return b.String()
}
