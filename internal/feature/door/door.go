package door

import (
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/fault"
	"convoke/internal/id"
)

// Limits.
const (
	maxDoors   = 50
	maxName    = 60
	maxWalkIns = 100 // at one tap
	maxPeople  = 20_000_000
	// opensBefore and closesAfter are when a door link works.
	opensBefore = 24 * time.Hour
	closesAfter = 12 * time.Hour
	// keepFor is how long after the event taps are kept, as sign-ups are.
	keepFor = 7 * 24 * time.Hour
)

// Event is what this feature shows of an event.
type Event struct {
	ID       id.Event
	Title    string
	Start    time.Time // in the zone of the place
	End      time.Time
	Datetime string
	ThisYear bool
	Day      string
	When     string
	Where    string
	State    string
}

// off says that an event in a state does not take place as planned.
func off(state string) bool { return state == "cancelled" || state == "postponed" }

// SignUp is what a door learns of a sign-up.
type SignUp struct {
	Hash  []byte
	Place bool // they have one at the event
	Party int
	Times []string // the names of those they have a place in
}

// Door is one door link.
type Door struct {
	Event   id.Event
	Number  int
	Name    string
	Revoked bool
	Count
}

// Count is how many people came.
type Count struct {
	Attended int // of those who had signed up and had a place
	WalkIns  int // others
}

// All is how many came.
func (c Count) All() int { return c.Attended + c.WalkIns }

// total is the row of an event with doors.
type total struct {
	start, end time.Time
	off        bool
	Count
}

// open returns a fault when nobody is checked in now.
func (t total) open(now time.Time) error {
	switch {
	case now.Before(t.start.Add(-opensBefore)):
		return fault.Conflict("door.early", "This door link works from one day before the event.")
	case !now.Before(t.end.Add(closesAfter)):
		return fault.Gone("door.over", "This event is over, so nobody is checked in any more.")
	case t.off:
		return fault.Gone("door.off", "This event does not take place as planned, so nobody is checked in.")
	}
	return nil
}

// arrival is one tap.
type arrival struct {
	tap      string
	door     int
	hash     []byte // nil for people without sign-up
	hadPlace bool
	people   int // 0 once it is undone
}

// counts is what it adds to the totals.
func (a arrival) counts() Count {
	if a.hadPlace {
		return Count{Attended: a.people}
	}
	return Count{WalkIns: a.people}
}

// minus is what changes when b becomes c.
func (c Count) minus(b Count) Count { return Count{c.Attended - b.Attended, c.WalkIns - b.WalkIns} }

// Result is what a tap led to.
type Result string

// The results.
const (
	Welcome Result = "welcome" // they are counted now
	Counted Result = "counted" // people without sign-up are
	Already Result = "already" // they came before; nothing has changed
	Waits   Result = "waiting" // they have no place; nothing has changed
	Several Result = "several" // sign-ups share the code; nothing has changed
	Undone  Result = "undone"  // the tap was taken back
)

// Choice is one of the sign-ups that share a code.
type Choice struct {
	Code  string // tells them apart
	Party int
	Times []string
}

// Outcome is what a tap led to, and with whom.
type Outcome struct {
	Result  Result
	Tap     string // names it, where it is kept
	Code    string // of the sign-up, for what may follow
	Party   int
	People  int // who came of them
	Times   []string
	Door    string // where they came before
	Choices []Choice
}

// Tap is a check-in as typed.
type Tap struct {
	Key  string // of the form
	Code string
	// People is how many of the party came; 0 is all.
	People int
	// LetIn says that who waits may come in.
	LetIn bool
}

func errNoDoor() error {
	return fault.NotFound("door.not_found", "This door link does not work. Ask the organizers for a new one.")
}

func errCode() error {
	return fault.Invalid(fault.Field("code", "door.code", "No sign-up of this event has this code. Check it, or count them as people without sign-up."))
}

func errPeople(party int) error {
	return fault.Invalid(fault.Field("people", "door.people",
		"Write how many of them came, from 1 to {max}. Count others as people without sign-up.", "max", party))
}

func errKey() error {
	return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
}

// tapName names a tap after the key of its form and what was typed: the same
// page sent with another code, as after going back, is another tap.
func tapName(key, what string) string { return id.SecretOf(id.Hash(key + "\n" + what)) }

// checkName cleans the name of a door.
func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "", fault.Invalid(fault.Field("name", "door.name", "Give the door a name, such as “North gate”."))
	case n > maxName:
		return "", fault.Invalid(fault.Field("name", "form.long", "This is too long: at most {limit} characters, please.", "limit", maxName))
	}
	return name, nil
}

// likelyHigh is what the range of a count at the door reaches up to, unless its
// organizers know better: a tenth more, for those whom nobody saw come in.
func likelyHigh(low int) int { return low + max(1, (low+9)/10) }
