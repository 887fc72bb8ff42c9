package groups

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"html/template"
	"slices"
	"strings"
	"time"

	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/markdown"
)

// Joining is how people come into a group, besides invitations.
type Joining string

// The ways in.
const (
	FreeForAll   Joining = "open"
	ByRequest    Joining = "request"
	ByInvitation Joining = "invitation"
)

func joinings() []Joining { return []Joining{FreeForAll, ByRequest, ByInvitation} }

// Lengths in characters, and how long a request is kept: without an answer, or
// for its maker to read why it was refused.
const (
	maxNote     = 300
	keepRequest = 30 * 24 * time.Hour
)

// SettingsInput is what a steward says about newcomers.
type SettingsInput struct {
	Joining Joining
	Welcome string // Markdown
	// Version is of what the change was filled from, "" when that is not known.
	Version string
}

// version changes with whatever the form for newcomers holds.
func (in SettingsInput) version() string {
	sum := sha256.Sum256([]byte(string(in.Joining) + "\x00" + in.Welcome))
	return hex.EncodeToString(sum[:6])
}

func (in SettingsInput) parse() (template.HTML, error) {
	var bad []fault.FieldError
	if !slices.Contains(joinings(), in.Joining) {
		bad = append(bad, fault.Field("joining", "group.joining", "Choose how people join."))
	}
	html, wrong, is := render("welcome", in.Welcome)
	if is {
		bad = append(bad, wrong)
	}
	return html, fault.Invalid(bad...)
}

// render makes HTML of Markdown that was typed into a field.
func render(field, src string) (template.HTML, fault.FieldError, bool) {
	html, err := markdown.Render(src)
	if errors.Is(err, markdown.ErrTooLong) {
		return "", fault.Field(field, "group.about_long", "This text is too long: at most {kib} KiB.", "kib", markdown.MaxBytes>>10), true
	}
	if err != nil {
		return "", fault.Field(field, "group.about_unreadable", "This text cannot be shown. Remove what is unusual in it."), true
	}
	return html, fault.FieldError{}, false
}

// JoinInput is what somebody says who wants to come in.
type JoinInput struct {
	Note    string
	Conduct int // the version of the rules that they accept
}

func (in JoinInput) check(g Group) error {
	var bad []fault.FieldError
	if len([]rune(in.Note)) > maxNote {
		bad = append(bad, fault.Field("note", "group.note_long", "This is too long: at most {max} characters.", "max", maxNote))
	}
	if wrong, is := g.unaccepted(in.Conduct); is {
		bad = append(bad, wrong)
	}
	return fault.Invalid(bad...)
}

// unaccepted says that the group has rules, and that version is not them.
func (g Group) unaccepted(version int) (fault.FieldError, bool) {
	return otherConduct("conduct"), g.Conduct > 0 && version != g.Conduct
}

// otherConduct tells who accepts other rules than those that count.
func otherConduct(field string) fault.FieldError {
	return fault.Field(field, "group.conduct", "Read the group’s rules of conduct as they are now, and accept them.")
}

func checkReason(reason string) error {
	switch n := len([]rune(strings.TrimSpace(reason))); {
	case n == 0:
		return fault.Invalid(fault.Field("reason", "group.no_reason", "Say why, for the one who asked."))
	case n > maxNote:
		return fault.Invalid(fault.Field("reason", "group.note_long", "This is too long: at most {max} characters.", "max", maxNote))
	}
	return nil
}

// RequestState is what became of a request.
type RequestState string

// A request waits, was refused, or is done with: the job erases the row.
const (
	Waiting RequestState = "waiting"
	Refused RequestState = "refused"
	done    RequestState = "done"
)

// Request is somebody who asks to come in.
type Request struct {
	ID      string
	Group   id.Group
	Person  id.Person
	Handle  string // of the person
	Note    string // "" once it is answered
	State   RequestState
	Reason  string
	Day     time.Time
	conduct int
	sealed  []byte
}
