package petitions

import (
	"errors"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"convoke/internal/day"
	"convoke/internal/fault"
	"convoke/internal/handle"
	"convoke/internal/markdown"
	"convoke/internal/slug"
)

// Limits of what a petition may say, in characters, and of how much.
const (
	maxTitle     = 160
	maxAddressee = 160
	maxStages    = 8
	maxGoal      = 100_000_000
	maxURL       = 500
)

// Input is a petition as somebody typed it.
type Input struct {
	Addressee, Title, Markdown string
	Lang                       string
	Slug                       string // "" follows from the title
	Stages                     string // "100, 1000, 10000"
	Gate                       string
	Opens, Closes              string // days; may be empty
	Campaign                   string // handle; may be empty
}

type parser struct{ fields []fault.FieldError }

func (p *parser) fail(name, code, msg string, args ...any) {
	p.fields = append(p.fields, fault.Field(name, code, msg, args...))
}

func (p *parser) line(name, s string, limit int) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > limit {
		p.fail(name, "form.long", "This is too long: at most {limit} characters, please.", "limit", limit)
	}
	return s
}

// markdown renders a text that must not be empty.
func (p *parser) markdown(name, s string) (string, template.HTML) {
	s = strings.TrimSpace(s)
	if s == "" {
		p.fail(name, "petition.no_text", "Write what you have to say.")
	}
	h, err := markdown.Render(s)
	switch {
	case errors.Is(err, markdown.ErrTooLong):
		p.fail(name, "petition.long", "This text is too long: at most {kib} KiB.", "kib", markdown.MaxBytes>>10)
	case err != nil:
		p.fail(name, "petition.unreadable", "This text cannot be shown. Remove what is unusual in it.")
	}
	return s, h
}

// day reads a day, which may be empty.
func (p *parser) day(name, s string) int {
	s = strings.TrimSpace(s)
	d, ok := day.Read(s)
	if !ok && s != "" {
		p.fail(name, "petition.day", "Write the day as year-month-day, such as 2026-11-28.")
	}
	return d
}

// web reads an address of a page, which may be empty.
func (p *parser) web(name, s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(s) > maxURL {
		p.fail(name, "petition.link", "Write a full address that begins with https://.")
	}
	return s
}

// parse checks everything and lists all that is wrong at once.
func (in Input) parse() (Petition, error) {
	var p parser
	x := Petition{State: Draft, Gate: in.Gate, Text: p.text(in)}
	x.Stages = p.stages(in.Stages)
	x.Opens, x.Closes = p.day("opens", in.Opens), p.day("closes", in.Closes)
	if x.Closes != 0 && x.Closes < x.Opens {
		p.fail("closes", "petition.order", "The last day must not be before the first one.")
	}
	if !slices.Contains(gates(), in.Gate) {
		p.fail("gate", "petition.gate", "Choose who may sign.")
	}
	if in.Slug != "" {
		x.Slug = slug.Of(in.Slug, slug.Length)
		if !validSlug(x.Slug) || x.Slug != strings.ToLower(strings.TrimSpace(in.Slug)) {
			p.fail("slug", "petition.slug", "Use the letters a to z, digits and hyphens, at most {limit}.", "limit", slug.Length)
		}
	}
	return x, fault.Invalid(p.fields...)
}

func (p *parser) text(in Input) Text {
	t := Text{Lang: in.Lang, Addressee: p.line("addressee", in.Addressee, maxAddressee), Title: p.line("title", in.Title, maxTitle)}
	if t.Title == "" {
		p.fail("title", "petition.no_title", "Say in one line what you ask for.")
	}
	if t.Addressee == "" {
		p.fail("addressee", "petition.no_addressee", "Say who is asked, such as “The town council”.")
	}
	t.Markdown, t.HTML = p.markdown("markdown", in.Markdown)
	if !knownLanguage(in.Lang) {
		p.fail("lang", "petition.lang", "Say in which language this is written.")
	}
	return t
}

// stages reads counts with commas or spaces between.
func (p *parser) stages(s string) []uint64 {
	var out []uint64
	for _, w := range stageWords(s) {
		n, err := strconv.ParseUint(w, 10, 63)
		if err != nil || n < 1 || n > maxGoal {
			p.fail("stages", "petition.stage", "“{text}” is no number of people from 1 to {max}.", "text", w, "max", maxGoal)
			return nil
		}
		out = append(out, n)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	switch {
	case len(out) == 0:
		p.fail("stages", "petition.no_goal", "Say how many signatures you want to reach.")
	case len(out) > maxStages:
		p.fail("stages", "petition.stages", "At most {n} stages, please.", "n", maxStages)
	}
	return out
}

func stageWords(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\n' })
}

// validSlug reports whether a petition can have that address.
func validSlug(s string) bool {
	return len(s) >= 3 && slug.Valid(s, slug.Length) && !slices.Contains(handle.Reserved(), s)
}
