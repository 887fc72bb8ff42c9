package grants

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// Kind is what a grant is for.
type Kind string

// The kinds.
const (
	Manager Kind = "manager"
	Roster  Kind = "roster"
)

// Bounds.
const (
	maxManagers = 20
	maxRoster   = 3
	maxLinks    = 20 // unused links to one event
	pageSize    = 50
	logSize     = 200 // lines of who looked, the newest
	mineSize    = 100 // events on one's own page
	// keepFor is how long a grant outlasts its event: as long as the sign-ups.
	keepFor = 7 * 24 * time.Hour
	// postponedFor is how long one waits for a postponed event's new date.
	postponedFor = 30 * 24 * time.Hour
)

// Audited actions.
const (
	ActMake    = "make event manager"
	ActName    = "name roster steward"
	ActEnd     = "end event grant"
	ActLook    = "look at sign-ups"
	ActAddress = "look at an address"
)

// KindName is what a grant lets somebody do, a text of the catalogue.
func KindName(k Kind) string {
	if k == Roster {
		return i18n.Mark("Sees sign-ups")
	}
	return i18n.Mark("Manages the event")
}

// ends is when the grants of an event end.
func ends(end time.Time, postponed bool) time.Time {
	if postponed {
		end = end.Add(postponedFor)
	}
	return end.Add(keepFor)
}

// Grant is one row, as the organizers see it.
type Grant struct {
	ID     string
	Event  id.Event
	Person id.Person
	Handle string
	Kind   Kind
	Since  time.Time // a day
	Mine   bool      // held by who asks; else only made by them
}

// Look is how often somebody looked on a day.
type Look struct {
	Day              time.Time
	Handle           string // "" when their account is gone
	Pages, Addresses int
}

// merge adds up what was noted, a row for each action, to a line for each person
// and day, the newest first.
func merge(rows []Noted) []Look {
	var out []Look
	at := map[string]int{}
	for _, r := range rows {
		k := r.Day.Format(time.DateOnly) + " " + r.Handle
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, Look{Day: r.Day, Handle: r.Handle})
		}
		if r.Action == ActAddress {
			out[i].Addresses += r.Count
		} else {
			out[i].Pages += r.Count
		}
	}
	slices.SortStableFunc(out, func(a, b Look) int {
		return cmp.Or(b.Day.Compare(a.Day), strings.Compare(a.Handle, b.Handle))
	})
	return out
}

// parseHash reads the place in a list, or the sign-up that a form names; nil when
// it is none.
func parseHash(s string) []byte {
	if len(s) != 32 {
		return nil
	}
	b, err := hex.DecodeString(strings.ToLower(s))
	if err != nil {
		return nil
	}
	return b
}

func errNoGrant() error {
	return fault.NotFound("grant.not_found", "There is nobody here to end this for. It may have ended already.")
}

func errOver() error {
	return fault.Conflict("grant.over", "This event has been over for a week, so nobody can help with it any more.")
}
