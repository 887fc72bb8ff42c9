package campaigns

import (
	"errors"
	"html/template"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/day"
	"convoke/internal/fault"
	"convoke/internal/handle"
	"convoke/internal/markdown"
	"convoke/internal/version"
	"convoke/internal/web"
)

// Limits of what a campaign may say, in characters, and of how much.
const (
	maxTitle     = 120
	maxBody      = 600 // of a demand
	maxAddressee = 120
	maxNote      = 600
	maxDates     = 60
	maxDemands   = 40
	maxDays      = 366 // of one span
)

// Input is a campaign as somebody typed it.
type Input struct {
	Handle           string // fixed once the campaign exists
	Title, Statement string
	Lang             string
	Dates            string // a line each: 2026-11-28, or 2026-12-05 to 2026-12-26
	State            State
	PictureAlt       string
}

type parser struct{ fields []fault.FieldError }

func (p *parser) fail(name, code, msg string, args ...any) {
	p.fields = append(p.fields, fault.Field(name, code, msg, args...))
}

func (p *parser) text(name, s string, limit int) string {
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > limit {
		p.fail(name, "form.long", "This is too long: at most {limit} characters, please.", "limit", limit)
	}
	return s
}

// markdown renders src and fails the field when it cannot be shown.
func (p *parser) markdown(name, src string) template.HTML {
	html, err := markdown.Render(src)
	switch {
	case errors.Is(err, markdown.ErrTooLong):
		p.fail(name, "campaign.text_long", "This text is too long: at most {kib} KiB.", "kib", markdown.MaxBytes>>10)
	case err != nil:
		p.fail(name, "campaign.text_unreadable", "This text cannot be shown. Remove what is unusual in it.")
	}
	return html
}

// parse checks everything and lists all that is wrong at once. old is nil for a
// new campaign.
func (in Input) parse(old *Campaign) (Campaign, error) {
	var c Campaign
	var p parser
	if old != nil {
		c = *old
	} else {
		c.Handle = handle.Fold(in.Handle)
		if f, bad := handles().Check(c.Handle); bad {
			p.fields = append(p.fields, f)
		}
	}
	c.Text = p.textOf(in.Title, in.Statement, in.Lang)
	c.Dates = p.dates(in.Dates)
	c.Alt = p.text("picture_alt", in.PictureAlt, maxTitle)
	c.State = in.State
	switch {
	case in.State.Name() == "":
		p.fail("state", "campaign.state", "Choose where the campaign stands.")
	case old != nil && old.State.Public() && !in.State.Public():
		p.fail("state", "campaign.back_to_draft", "A published campaign cannot become a draft again. End it instead, so that everybody can see so.")
	}
	return c, fault.Invalid(p.fields...)
}

func (p *parser) textOf(title, statement, lang string) Text {
	t := Text{Lang: lang, Title: p.text("title", title, maxTitle), Statement: statement, HTML: p.markdown("statement", statement)}
	if t.Title == "" {
		p.fail("title", "campaign.no_title", "Give the campaign a title.")
	}
	if !knownLanguage(lang) {
		p.fail("lang", "campaign.lang", "Say in which language this is written.")
	}
	return t
}

// credit keeps the name of who translated.
func (p *parser) credit(t *Text, name string) {
	credit, problems := version.Check("credit", name)
	t.Credit, p.fields = credit, append(p.fields, problems...)
}

func knownLanguage(code string) bool {
	for _, l := range web.Languages() {
		if l.Value == code {
			return true
		}
	}
	return false
}

// dates reads a day or a span of days in each line. They are put in order.
func (p *parser) dates(s string) []Span {
	var out []Span
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		d, ok := readSpan(line)
		if !ok {
			p.fail("dates", "campaign.dates", "We cannot read “{line}”. Write a day as 2026-11-28, or several as 2026-12-05 to 2026-12-26.", "line", shorten(line, 40))
			return nil
		}
		out = append(out, d)
	}
	if len(out) > maxDates {
		p.fail("dates", "campaign.many_dates", "At most {n} lines, please.", "n", maxDates)
	}
	sortSpans(out)
	return out
}

// readSpan reads "2026-11-28" or two such days with anything between them.
func readSpan(line string) (Span, bool) {
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == ';' || r == '–' || r == '…' })
	var days []time.Time
	for _, w := range words {
		if t, err := time.Parse(time.DateOnly, w); err == nil && t.Year() > 1970 && t.Year() < 2400 {
			days = append(days, t)
		} else if strings.ContainsAny(w, "0123456789") {
			return Span{}, false
		}
	}
	switch len(days) {
	case 1:
		return Span{day.Of(days[0]), day.Of(days[0])}, true
	case 2:
		n := days[1].Sub(days[0]).Hours() / 24
		return Span{day.Of(days[0]), day.Of(days[1])}, n >= 0 && n <= maxDays
	}
	return Span{}, false
}

func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// Typed are the dates as [Input.Dates] has them.
func typedDates(all []Span) string {
	var b strings.Builder
	for _, s := range all {
		b.WriteString(day.ISO(s.First))
		if s.Last != s.First {
			b.WriteString(" – " + day.ISO(s.Last))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// DemandInput is a demand as typed.
type DemandInput struct {
	Body, Addressee string
	State           DemandState
	Note            string // why the state changed
	Key             string // of the request that adds it; "" when a page's form does
}

func (in DemandInput) parse(isNew bool) (Demand, error) {
	var p parser
	d := Demand{Body: p.text("body", in.Body, maxBody), Addressee: p.text("addressee", in.Addressee, maxAddressee), State: in.State}
	p.text("note", in.Note, maxNote)
	if isNew {
		d.State = "open"
		if d.Body == "" {
			p.fail("body", "demand.no_body", "Write what you demand.")
		}
		if d.Addressee == "" {
			p.fail("addressee", "demand.no_addressee", "Say of whom you demand it.")
		}
	} else if d.State.Name() == "" {
		p.fail("state", "demand.state", "Choose where the demand stands.")
	}
	return d, fault.Invalid(p.fields...)
}
