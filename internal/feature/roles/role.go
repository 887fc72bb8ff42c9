package roles

import (
	"crypto/sha256"
	"slices"
	"strings"
	"unicode/utf8"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// Limits.
const (
	maxNote = 300 // characters
	// maxReserve bounds those who wait behind the ones needed, so that a flood of
	// offers fills neither the table nor the organizers' evening.
	maxReserve = 500
	// maxConfirmers is the most organizers that a rule can ask for.
	maxConfirmers = 2
)

// State of an offer.
type State string

// The states. Offered and Reserve have no answer yet.
const (
	Offered   State = "offered"
	Reserve   State = "reserve"
	Confirmed State = "confirmed"
	Declined  State = "declined"
)

// Open reports that nobody has answered it yet.
func (s State) Open() bool { return s == Offered || s == Reserve }

// known are the roles that the program has words for.
var known = [...]struct{ code, name string }{
	{"marshal", i18n.Mark("Marshals")}, {"medic", i18n.Mark("Medics")}, {"legal_observer", i18n.Mark("Legal observers")},
	{"de_escalation", i18n.Mark("De-escalation")}, {"interpreter", i18n.Mark("Interpreters")},
	{"childcare", i18n.Mark("Childcare")}, {"access", i18n.Mark("Help with access")},
}

// reasons with which an offer is not needed: chosen, not written, so that
// nothing is said of a person.
var reasons = [...]struct{ code, name string }{
	{"enough", i18n.Mark("Enough people have this role already")},
	{"training", i18n.Mark("This role takes training that we could not check")},
	{"meet", i18n.Mark("We only give this role to people we have met: come and talk to us")},
	{"changed", i18n.Mark("The plan has changed")},
}

func validReason(code string) bool {
	for _, r := range reasons {
		if r.code == code {
			return true
		}
	}
	return false
}

func reasonText(l *i18n.Locale, code string) string {
	for _, r := range reasons {
		if r.code == code {
			return l.T(r.name)
		}
	}
	return ""
}

// ownMark begins the key of a role that the group named itself.
const ownMark = "="

// keyOf is what a role is stored as.
func keyOf(code, name string) string {
	if code != "" {
		return code
	}
	return ownMark + name
}

// parts are the code and the name of a key; one of them is empty.
func parts(key string) (code, name string) {
	if name, own := strings.CutPrefix(key, ownMark); own {
		return "", name
	}
	return key, ""
}

// IDOf is what addresses and forms call a role: its code, or own- and a hash of
// its name, which may hold anything.
func IDOf(key string) string {
	if !strings.HasPrefix(key, ownMark) {
		return key
	}
	h := sha256.Sum256([]byte(key))
	return "own-" + id.SecretOf(h[:])[:12]
}

func label(l *i18n.Locale, key string) string {
	code, name := parts(key)
	for _, r := range known {
		if r.code == code {
			return l.T(r.name)
		}
	}
	if name == "" {
		return code
	}
	return name
}

// Count is how many of one role are needed and took it.
type Count struct {
	Role                                string // its key
	Needed, Confirmed, Offered, Reserve int
	position, queue                     int
}

// unused reports that nobody is needed or offers, as after the last withdrew from
// a role that the programme does not have any more.
func (c Count) unused() bool { return c.Needed+c.Confirmed+c.Offered+c.Reserve == 0 }

// room is how many more offers may wait to be confirmed, beside those that do;
// negative when some must go to the reserve.
func (c Count) room() int { return max(0, c.Needed-c.Confirmed) - c.Offered }

// place is where a new offer goes.
func (c Count) place() State {
	if c.room() > 0 {
		return Offered
	}
	return Reserve
}

func byID(all []Count, rid string) (Count, bool) {
	i := slices.IndexFunc(all, func(c Count) bool { return IDOf(c.Role) == rid })
	if i < 0 {
		return Count{}, false
	}
	return all[i], true
}

// Input is an offer as typed.
type Input struct {
	Roles []string // ids
	Note  string
}

// check finds the roles that in names.
func (in Input) check(all []Count) ([]Count, error) {
	var fs []fault.FieldError
	var out []Count
	if utf8.RuneCountInString(in.Note) > maxNote {
		fs = append(fs, fault.Field("note", "form.long", "This is too long: at most {limit} characters, please.", "limit", maxNote))
	}
	ids := slices.Clone(in.Roles)
	slices.Sort(ids)
	for _, rid := range slices.Compact(ids) {
		c, ok := byID(all, rid)
		if !ok || c.Needed == 0 {
			fs = append(fs, fault.Field("role", "roles.unknown", "A role that you chose is not asked for any more. Please choose again."))
			break
		}
		out = append(out, c)
	}
	if len(ids) == 0 {
		fs = append(fs, fault.Field("role", "roles.none", "Choose at least one role."))
	}
	return out, fault.Invalid(fs...)
}

func errNoOffer() error {
	return fault.NotFound("roles.not_found", "There is no such offer any more. It may have been withdrawn.")
}

func errNoRole() error {
	return fault.NotFound("roles.no_role", "This event has no such role. Its programme may have changed.")
}
