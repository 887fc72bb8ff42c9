package attendance

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// Limits and lifetimes (design.md section 6).
const (
	maxParty = 20
	maxEmail = 254
	keepFor  = 7 * 24 * time.Hour
	// postponedFor is how long sign-ups wait for a postponed event's new date.
	postponedFor = 30 * 24 * time.Hour
)

// State of a sign-up.
type State string

// The states.
const (
	Going   State = "going"
	Waiting State = "waiting"
)

// needs that people may name; organizers see only how many named each.
var needs = [...]struct{ code, name string }{
	{"step_free", i18n.Mark("A step-free way")}, {"seating", i18n.Mark("Somewhere to sit")},
	{"sign_language", i18n.Mark("Sign language")}, {"hearing_loop", i18n.Mark("Hearing loop")},
	{"captions", i18n.Mark("Captions")}, {"quiet_space", i18n.Mark("A quiet space")},
	{"childcare", i18n.Mark("Childcare")}, {"interpreting", i18n.Mark("Interpreting")},
}

// Input is a sign-up as typed.
type Input struct {
	Party int
	Needs []string
	Email string
	Lang  string   // the language to write to them in
	Slots []string // ids of the slots they chose
	// Part says which slots the form of a change has shown: what they chose of
	// the others stays. nil is all.
	Part func(*Slot) bool
}

// personal is what is sealed.
type personal struct {
	Needs []string `json:"n,omitempty"`
	Email string   `json:"e,omitempty"`
	Lang  string   `json:"l,omitempty"`
}

// check validates and returns what is personal in it.
func (in Input) check() (personal, error) {
	var fs []fault.FieldError
	if in.Party < 1 || in.Party > maxParty {
		fs = append(fs, fault.Field("party", "attendance.party", "Write how many you are, from 1 to {max}. Larger parties: sign up twice.", "max", maxParty))
	}
	p := personal{Lang: in.Lang}
	for _, n := range needs {
		if slices.Contains(in.Needs, n.code) {
			p.Needs = append(p.Needs, n.code)
		}
	}
	if e := strings.TrimSpace(in.Email); e != "" {
		a, err := mail.ParseAddress(e)
		if err != nil || a.Address != e || len(e) > maxEmail || !strings.Contains(e[strings.LastIndexByte(e, '@'):], ".") {
			fs = append(fs, fault.Field("email", "attendance.email", "This does not look like an e-mail address. You can leave it empty."))
		}
		p.Email = e
	}
	return p, fault.Invalid(fs...)
}

func (p personal) encode() ([]byte, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode sign-up: %w", err)
	}
	// Padded, so that the length does not tell whether there is an address.
	const block = 64
	for len(b)%block != 0 {
		b = append(b, ' ')
	}
	return b, nil
}

func decode(b []byte) (personal, error) {
	var p personal
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("decode sign-up: %w", err)
	}
	return p, nil
}

// roster is the rules and counters of one event.
type roster struct {
	Capacity       int
	Open           bool
	Going, Waiting int
	Queue          int
	Slots          int // how many there are to choose from
	Start, End     time.Time
	Campaign       id.Campaign // that the event is part of
}

// free is how many more people fit; a very large number without a limit.
func (r roster) free() int {
	if r.Capacity == 0 {
		return 1 << 30
	}
	return r.Capacity - r.Going
}

// place decides where a party goes: in, when it fits and nobody waits for that
// room already; else to the end of the queue.
func (r roster) place(party int) State {
	if party <= r.free() && r.Waiting == 0 {
		return Going
	}
	return Waiting
}

// takes returns a fault when nobody can sign up any more.
func (r roster) takes(now time.Time) error {
	switch {
	case !r.End.After(now):
		return fault.Gone("attendance.over", "This event is over.")
	case !r.Open:
		return fault.Gone("attendance.closed", "Sign-up for this event is closed. Nothing was recorded.")
	}
	return nil
}

// largest is the largest party that could ever get in.
func (r roster) largest() int {
	if r.Capacity == 0 {
		return maxParty
	}
	return min(r.Capacity, maxParty)
}

// admits is takes for a party of some size. One larger than the whole event
// would wait for ever, and everybody behind it.
func (r roster) admits(now time.Time, party int) error {
	if err := r.takes(now); err != nil {
		return err
	}
	if party > r.largest() {
		return errLarge(r)
	}
	return nil
}

func errLarge(r roster) error {
	return fault.Invalid(fault.Field("party", "attendance.large",
		"This event has room for {max} people. Please sign up fewer.", "max", r.largest()))
}

// Record is one sign-up as its holder sees it.
type Record struct {
	State State
	Party int
	Ahead int // people waiting before them
	Needs []string
	Email string
	Slots []Chosen // as they follow in time; empty for the event as a whole
}
