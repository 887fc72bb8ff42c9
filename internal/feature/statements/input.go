package statements

import (
	"errors"
	"html/template"
	"slices"
	"strings"
	"unicode/utf8"

	"convoke/internal/day"
	"convoke/internal/fault"
	"convoke/internal/markdown"
	"convoke/internal/version"
	"convoke/internal/web"
)

// Limits of what a statement may say, in characters, and of how much.
const (
	maxTitle  = 200
	maxByline = 200
	maxNote   = 600
	maxTags   = 20
	maxTag    = 60
	maxAlt    = 300
	maxHandle = 40
)

// Input is a statement as somebody typed it, in its own language.
type Input struct {
	Title, Markdown string
	Lang            string
	Day             string // 2026-11-28
	Byline          string
	Tags            string // with commas between
	PictureAlt      string
	Campaign        string // handle; may be empty
	State           State  // Draft or Published
	Change          Change
}

// campaign is the handle as it is stored.
func (in *Input) campaign() string { return handleOf(in.Campaign) }

func handleOf(s string) string {
	return strings.ToLower(strings.TrimPrefix(strings.TrimSpace(s), "@"))
}

// TextInput is a version in one language as somebody typed it.
type TextInput struct {
	Lang, Title, Markdown string
	Credit                string // who translated
	Change                Change
}

// Change says of a published text what was corrected.
type Change struct {
	Note     string
	Spelling bool // only spelling changed, so that there is nothing to note
}

type parser struct{ fields []fault.FieldError }

func (p *parser) fail(name, code, msg string, args ...any) {
	p.fields = append(p.fields, fault.Field(name, code, msg, args...))
}

func (p *parser) line(name, s string, limit int) string {
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > limit {
		p.fail(name, "form.long", "This is too long: at most {limit} characters, please.", "limit", limit)
	}
	return s
}

func (p *parser) text(lang, title, md string) Text {
	t := Text{Lang: lang, Title: p.line("title", title, maxTitle), Markdown: strings.TrimSpace(md)}
	if t.Title == "" {
		p.fail("title", "statement.no_title", "Give the statement a title.")
	}
	if t.Markdown == "" {
		p.fail("markdown", "statement.no_text", "Write what you have to say.")
	}
	if !knownLanguage(lang) {
		p.fail("lang", "statement.lang", "Say in which language this is written.")
	}
	var err error
	switch t.HTML, err = render(t.Markdown); {
	case errors.Is(err, markdown.ErrTooLong):
		p.fail("markdown", "statement.long", "This text is too long: at most {kib} KiB.", "kib", markdown.MaxBytes>>10)
	case err != nil:
		p.fail("markdown", "statement.unreadable", "This text cannot be shown. Remove what is unusual in it.")
	}
	return t
}

// credit keeps the name of who translated.
func (p *parser) credit(t *Text, name string) {
	credit, problems := version.Check("credit", name)
	t.Credit, p.fields = credit, append(p.fields, problems...)
}

func render(md string) (template.HTML, error) { return markdown.Render(md) }

// parse checks everything and lists all that is wrong at once.
func (in Input) parse() (Statement, Text, error) {
	var p parser
	s := Statement{State: in.State, Lang: in.Lang, Byline: p.line("byline", in.Byline, maxByline), PictureAlt: p.line("picture_alt", in.PictureAlt, maxAlt)}
	t := p.text(in.Lang, in.Title, in.Markdown)
	day, ok := day.Read(strings.TrimSpace(in.Day))
	if !ok {
		p.fail("day", "statement.day", "Write the day as year-month-day, such as 2026-11-28.")
	}
	s.Day = day
	if in.State != Draft && in.State != Published {
		p.fail("state", "statement.state", "Choose where the statement stands.")
	}
	s.Tags = splitTags(in.Tags)
	if len(s.Tags) > maxTags {
		p.fail("tags", "statement.many_tags", "At most {n} keywords, please.", "n", maxTags)
	}
	for _, tag := range s.Tags {
		p.line("tags", tag, maxTag)
	}
	p.line("campaign", in.Campaign, maxHandle)
	in.Change.check(&p)
	return s, t, fault.Invalid(p.fields...)
}

func (in TextInput) parse() (Text, error) {
	var p parser
	t := p.text(in.Lang, in.Title, in.Markdown)
	p.credit(&t, in.Credit)
	in.Change.check(&p)
	return t, fault.Invalid(p.fields...)
}

func (c Change) check(p *parser) { p.line("note", c.Note, maxNote) }

// splitTags reads keywords with commas between, each once.
func splitTags(s string) []string {
	var out []string
	for tag := range strings.SplitSeq(s, ",") {
		if tag = strings.Join(strings.Fields(tag), " "); tag != "" && !slices.Contains(out, tag) {
			out = append(out, tag)
		}
	}
	return out
}

func joinTags(tags []string) string { return strings.Join(tags, ", ") }

func knownLanguage(code string) bool { return languageName(code) != "" }

// languageName is what a language is called by its speakers; "" when it is none
// that can be chosen.
func languageName(code string) string {
	for _, l := range web.Languages() {
		if l.Value == code {
			return l.Label
		}
	}
	return ""
}

// settle decides what a change of a public statement leaves behind: a correction
// that is shown, or only the day of the change. It returns a fault when somebody
// must still say which.
func (c Change) settle(changed bool, lang string, today int) (note *Correction, revised int, err error) {
	switch {
	case strings.TrimSpace(c.Note) != "":
		return &Correction{Day: today, Lang: lang, Note: strings.Join(strings.Fields(c.Note), " ")}, 0, nil
	case !changed:
		return nil, 0, nil
	case c.Spelling:
		return nil, today, nil
	}
	return nil, 0, fault.Invalid(fault.Field("note", "statement.no_note",
		"This statement is public, so say what you corrected; or tick the box below if only spelling changed."))
}
