package coalitions

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/markdown"
)

// maxPurpose bounds what a working group is for, in characters.
const maxPurpose = 200

// Settings are what a coalition says of itself, as typed.
type Settings struct {
	Weights  string
	Polls    string // "open" or "secret"
	Entry    string
	Seats    int
	Notice   int
	Sequence int // of the settings that a change was filled from
}

// Input is a new coalition as somebody typed it.
type Input struct {
	Settings
	Group               string // handle of its first member
	Band                int
	Name, Handle, About string
	Place, Pick         string // as a group has it; "" is that of the first member
	Anyway              bool   // a look-alike of another group is meant
	Points              string
}

type parser struct{ fields []fault.FieldError }

func (p *parser) fail(name, code, msg string, args ...any) {
	p.fields = append(p.fields, fault.Field(name, code, msg, args...))
}

// parse checks the settings; what is wrong is listed at once.
func (in Settings) parse(p *parser) Coalition {
	c := Coalition{Weights: Weights(in.Weights), Secret: in.Polls == "secret", Entry: Entry(in.Entry), Seats: in.Seats, Notice: in.Notice}
	if c.Weights.name() == "" {
		p.fail("weights", "coalition.weights", "Choose how votes are weighed.")
	}
	if in.Polls != "open" && in.Polls != "secret" {
		p.fail("polls", "coalition.polls", "Choose whether polls of delegates are open or secret.")
	}
	if c.Entry.name() == "" {
		p.fail("entry", "coalition.entry", "Choose how groups come in.")
	}
	if in.Seats < 1 || in.Seats > MaxSeats {
		p.fail("seats", "coalition.seats", "Write how many seats each group has: from 1 to {max}.", "max", MaxSeats)
	}
	if in.Notice < 0 || in.Notice > maxNotice {
		p.fail("notice", "coalition.notice", "Write how many days ahead assemblies are called: from 0 to {max}.", "max", maxNotice)
	}
	return c
}

// band checks a declared band.
func (p *parser) band(b int) {
	if bandName(b) == "" {
		p.fail("band", "coalition.band", "Choose how many members your group has.")
	}
}

// points checks a version of the points of unity.
func (p *parser) points(body string) Points {
	if strings.TrimSpace(body) == "" {
		p.fail("points", "coalition.no_points", "Write what the member groups agree on.")
	}
	html, err := markdown.Render(body)
	p.text("points", err)
	return Points{Body: body, HTML: html}
}

// text says what is wrong with a Markdown text that was rendered.
func (p *parser) text(field string, err error) {
	switch {
	case errors.Is(err, markdown.ErrTooLong):
		p.fail(field, "coalition.long", "This text is too long: at most {kib} KiB.", "kib", markdown.MaxBytes>>10)
	case err != nil:
		p.fail(field, "coalition.unreadable", "This text cannot be shown. Remove what is unusual in it.")
	}
}

// purpose checks what a working group is for.
func (p *parser) purpose(s string) {
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		p.fail("purpose", "coalition.no_purpose", "Write what it works on.")
	case n > maxPurpose:
		p.fail("purpose", "form.long", "This is too long: at most {limit} characters, please.", "limit", maxPurpose)
	}
}

// AppointInput is a mandate as somebody typed it.
type AppointInput struct {
	Coalition    string // handle
	Seat         int    // 0 is the first that is free
	Person       string // handle of a member of the group
	Alternate    string // handle, or ""
	Mandate      string
	Instructions string // Markdown
	Everybody    bool
	Day          string // the last day, 2027-05-31
}

// parse checks all that needs no database. zone is the coalition's.
func (in AppointInput) parse(p *parser, zone string, now time.Time) Delegate {
	d := Delegate{Mandate: in.Mandate, Instructions: in.Instructions, Everybody: in.Everybody, State: Asked, Seat: in.Seat}
	if mandateName(in.Mandate) == "" {
		p.fail("mandate", "coalition.mandate", "Choose what binds the delegate.")
	}
	var err error
	d.InstructionsHTML, err = markdown.Render(in.Instructions)
	p.text("instructions", err)
	day, err := time.Parse(time.DateOnly, strings.TrimSpace(in.Day))
	if err != nil {
		p.fail("day", "coalition.day", "Write the day as year-month-day, such as 2027-05-31.")
		return d
	}
	d.Until = endOf(day, zone)
	switch {
	case !d.Until.After(now):
		p.fail("day", "coalition.past", "This day has passed already. Choose a later one.")
	case d.Until.After(now.AddDate(longestTerm, 0, 1)):
		p.fail("day", "coalition.far", "A mandate lasts at most two years. Then the group chooses again.")
	}
	return d
}

// Group is what the feature needs to know of a group.
type Group struct {
	ID           id.Group
	Handle, Name string
	Place        string // "" when it has none
	Zone         string
	Suspended    bool
	Ended        bool
}

// acts reports whether the group can do anything now.
func (g Group) acts() bool { return !g.Suspended && !g.Ended }
