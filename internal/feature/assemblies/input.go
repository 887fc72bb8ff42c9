package assemblies

import (
	"errors"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/day"
	"convoke/internal/fault"
	"convoke/internal/ical"
	"convoke/internal/markdown"
	"convoke/internal/web"
)

// Limits of what is typed.
const (
	maxTitle  = 200
	maxPlace  = 300
	maxURL    = 500
	maxName   = 40
	maxNotice = 90  // days
	maxSpeak  = 60  // minutes
	maxLine   = 500 // of a decision or a task
	maxLines  = 40
	// maxAhead is how far away an assembly can be.
	maxAhead = 2 * 366 * 24 * time.Hour
)

// Input is an assembly as somebody typed it.
type Input struct {
	Title, About, Lang string
	Place, OnlineURL   string
	OnlineInside       bool
	Day, Start, End    string // 2026-12-31, 18:00 and 20:00 on the clocks of the group's place
	Public, FirstFirst bool
	Speak              string // minutes for each who speaks; "" is no limit
	Urgent             bool   // of a call that is moved
}

type parser struct{ fields []fault.FieldError }

func (p *parser) fail(name, code, msg string, args ...any) {
	p.fields = append(p.fields, fault.Field(name, code, msg, args...))
}

// short checks the length of one line.
func (p *parser) short(name, s string, limit int) {
	if utf8.RuneCountInString(s) > limit {
		p.fail(name, "form.long", "This is too long: at most {limit} characters, please.", "limit", limit)
	}
}

// text renders Markdown.
func (p *parser) text(name, src string) template.HTML {
	html, err := markdown.Render(src)
	switch {
	case errors.Is(err, markdown.ErrTooLong):
		p.fail(name, "assembly.long", "This text is too long: at most {kib} KiB.", "kib", markdown.MaxBytes>>10)
	case err != nil:
		p.fail(name, "assembly.unreadable", "This text cannot be shown. Remove what is unusual in it.")
	}
	return html
}

// count reads a small number, 0 for nothing.
func (p *parser) count(name, typed string, limit int) int {
	if strings.TrimSpace(typed) == "" {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSpace(typed))
	if err != nil || n < 0 || n > limit {
		p.fail(name, "assembly.number", "Write a whole number from 0 to {max}.", "max", limit)
		return 0
	}
	return n
}

// parse checks all that is typed at once. zone is the group's.
func (in Input) parse(zone string, now time.Time) (Assembly, error) {
	var p parser
	a := in.texts(&p, zone)
	p.times(&a, in, now)
	return a, fault.Invalid(p.fields...)
}

// texts checks all but when it is.
func (in Input) texts(p *parser, zone string) Assembly {
	a := Assembly{
		Title: in.Title, About: in.About, Lang: in.Lang, Place: in.Place, OnlineURL: in.OnlineURL, OnlineInside: in.OnlineInside,
		Public: in.Public, FirstFirst: in.FirstFirst, Zone: zone, People: uncounted, Minutes: MinutesDraft,
	}
	if in.Title == "" {
		p.fail("title", "assembly.no_title", "Give the assembly a title.")
	}
	p.short("title", in.Title, maxTitle)
	p.short("place", in.Place, maxPlace)
	if !knownLanguage(in.Lang) {
		p.fail("lang", "assembly.lang", "Say in which language this is written.")
	}
	if in.Place == "" && in.OnlineURL == "" {
		p.fail("place", "assembly.no_place", "Say where it is: a place, an address online, or both.")
	}
	if in.OnlineURL != "" && !validURL(in.OnlineURL) {
		p.fail("online_url", "assembly.online", "Write a full address that begins with https://.")
	}
	a.HTML = p.text("about", in.About)
	a.Speak = p.count("speak", in.Speak, maxSpeak)
	return a
}

func validURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && len(s) <= maxURL
}

func knownLanguage(code string) bool {
	for _, l := range web.Languages() {
		if l.Value == code {
			return true
		}
	}
	return false
}

// times reads the hours of a day at the place. A time that the clocks skip does not
// exist and is refused; of one that they show twice the first is meant. An end that
// is not after the start is on the next day.
func (p *parser) times(a *Assembly, in Input, now time.Time) {
	d, ok := day.Read(strings.TrimSpace(in.Day))
	if !ok {
		p.fail("day", "assembly.day", "Write the day as year-month-day, such as 2026-11-28.")
		return
	}
	from, ok := p.clock("start", in.Start)
	to, ok2 := p.clock("end", in.End)
	if !ok || !ok2 {
		return
	}
	last := d
	if to <= from {
		last = day.After(d, 1)
	}
	loc := a.location()
	starts, skipped := ical.At(day.Time(d).Add(from), loc)
	if skipped == ical.Skipped {
		p.fail("start", "assembly.time_skipped", "The clocks go forward that night, so this time does not exist.")
	}
	ends, skipped := ical.At(day.Time(last).Add(to), loc)
	if skipped == ical.Skipped {
		p.fail("end", "assembly.time_skipped", "The clocks go forward that night, so this time does not exist.")
	}
	a.Starts, a.Ends = starts.UTC(), ends.UTC()
	if !a.Ends.After(a.Starts) { // the hour that is there twice
		a.Ends = a.Ends.Add(time.Hour)
	}
	switch {
	case !a.Starts.After(now):
		p.fail("day", "assembly.past", "This time has passed already. Choose a later one.")
	case a.Starts.Sub(now) > maxAhead:
		p.fail("day", "assembly.far", "This is too far away: at most two years, please.")
	}
}

func (p *parser) clock(name, typed string) (time.Duration, bool) {
	t, err := time.Parse("15:04", strings.TrimSpace(typed))
	if err != nil {
		p.fail(name, "assembly.time", "Write the time with hours and minutes, such as 18:30.")
		return 0, false
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, true
}

// ItemInput is a thing for the agenda as somebody typed it.
type ItemInput struct{ Title, Minutes, Link string }

// parse checks it. base is the address of this node.
func (in ItemInput) parse(base string) (Item, error) {
	var p parser
	i := Item{Title: in.Title, Minutes: p.count("minutes", in.Minutes, maxPlanned)}
	if in.Title == "" {
		p.fail("item", "assembly.no_item", "Say what it is about.")
	}
	p.short("item", in.Title, maxItemLine)
	var err error
	if i.Link, err = link(in.Link, base); err != nil {
		p.fields = append(p.fields, fault.Of(err).Fields...)
	}
	return i, fault.Invalid(p.fields...)
}

// TaskInput is a task of the minutes as somebody typed it.
type TaskInput struct{ Body, Owner, Until string }

// NotesInput is the minutes of one item as somebody typed them.
type NotesInput struct {
	Notes     string // Markdown
	Decisions string // one a line
	Tasks     []TaskInput
}

// owner is who has a task, by handle, and the field in which that was typed.
type owner struct{ handle, field string }

// parse checks all but the owners, who are returned beside the lines.
func (in NotesInput) parse(i *Item) (owners []owner, err error) {
	var p parser
	i.Notes, i.HTML, i.Lines = in.Notes, p.text("notes", in.Notes), nil
	for l := range strings.SplitSeq(in.Decisions, "\n") {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			i.Lines = append(i.Lines, Line{Kind: Decision, Body: l})
			owners = append(owners, owner{})
			p.short("decisions", l, maxLine)
		}
	}
	for n, t := range in.Tasks {
		field := func(name string) string { return name + strconv.Itoa(n+1) }
		if t.Body == "" && t.Owner == "" && t.Until == "" {
			continue
		}
		x := Line{Kind: Task, Body: t.Body}
		p.short(field("task"), t.Body, maxLine)
		if t.Body == "" {
			p.fail(field("task"), "assembly.no_task", "Say what is to be done.")
		}
		if t.Owner == "" {
			p.fail(field("owner"), "assembly.no_owner", "Say who does it: the handle of a member.")
		}
		if t.Until != "" {
			var ok bool
			if x.Until, ok = day.Read(strings.TrimSpace(t.Until)); !ok {
				p.fail(field("until"), "assembly.day", "Write the day as year-month-day, such as 2026-11-28.")
			}
		}
		i.Lines = append(i.Lines, x)
		owners = append(owners, owner{strings.TrimPrefix(t.Owner, "@"), field("owner")})
	}
	if len(i.Lines) > maxLines {
		p.fail("decisions", "assembly.many_lines", "At most {max} decisions and tasks, please.", "max", maxLines)
	}
	return owners, fault.Invalid(p.fields...)
}

// shortName is the name under which somebody asks to speak.
func shortName(typed string) (string, error) {
	name := strings.Join(strings.Fields(typed), " ")
	switch {
	case name == "":
		return "", fault.Invalid(fault.Field("name", "assembly.no_name", "Write a name by which you are called."))
	case utf8.RuneCountInString(name) > maxName:
		return "", fault.Invalid(fault.Field("name", "form.long", "This is too long: at most {limit} characters, please.", "limit", maxName))
	}
	return name, nil
}
