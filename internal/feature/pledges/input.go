package pledges

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/markdown"
	"convoke/internal/web"
)

// Limits.
const (
	maxTitle  = 200
	maxParts  = 200
	maxLabel  = 120
	minPeople = 2
	maxPeople = 1_000_000
	// maxAhead is how far away the last day to pledge can be.
	maxAhead = 2 * 366 * 24 * time.Hour
)

// Input is a pledge as somebody typed it.
type Input struct {
	Title, Body, Lang, Kind string
	Gate, Split, Rule       string // Rule is "same" or "own"
	Parts                   string // one a line
	People                  string
	Day, Time               string // 2026-12-31 and 18:00 or "", which is the end of the day
	Campaign                string // handle
	Event                   string // id
}

type parser struct{ fields []fault.FieldError }

func (p *parser) fail(name, code, msg string, args ...any) {
	p.fields = append(p.fields, fault.Field(name, code, msg, args...))
}

// parse checks all that needs no database, and lists what is wrong at once.
func (in Input) parse(p *parser, zone string, now time.Time) Pledge {
	out := in.check(p)
	out.Zone = zone
	p.deadline(&out, in, now)
	return out
}

// check is [Input.parse] for all but the deadline.
func (in Input) check(p *parser) Pledge {
	out := Pledge{
		Title: in.Title, Body: in.Body, Lang: in.Lang, Kind: in.Kind, Gate: in.Gate, Split: in.Split, Personal: in.Rule == "own",
	}
	switch {
	case in.Title == "":
		p.fail("title", "pledge.no_title", "Give the pledge a title.")
	case utf8.RuneCountInString(in.Title) > maxTitle:
		p.fail("title", "form.long", "This is too long: at most {limit} characters, please.", "limit", maxTitle)
	}
	if Will(in.Kind) == "" {
		p.fail("kind", "pledge.kind", "Choose what people pledge to do.")
	}
	if !knownLanguage(in.Lang) {
		p.fail("lang", "pledge.lang", "Say in which language this is written.")
	}
	if in.Rule != "same" && in.Rule != "own" {
		p.fail("rule", "pledge.rule", "Choose who says how many it takes.")
	}
	if !one(len(gates), func(i int) bool { return gates[i].code == in.Gate }) {
		p.fail("gate", "pledge.gate", "Choose who can pledge.")
	}
	if !one(len(splits), func(i int) bool { return splits[i].code == in.Split }) {
		p.fail("split", "pledge.split", "Choose how people are counted.")
	}
	p.body(&out)
	n, err := strconv.Atoi(strings.TrimSpace(in.People))
	if err != nil || n < minPeople || n > maxPeople {
		p.fail("people", "pledge.people", "Write how many people it takes: from {min} to {max}.", "min", minPeople, "max", maxPeople)
	}
	out.People = n
	return out
}

func one(n int, fits func(i int) bool) bool {
	for i := range n {
		if fits(i) {
			return true
		}
	}
	return false
}

func (p *parser) body(out *Pledge) {
	if out.Body == "" {
		p.fail("body", "pledge.no_text", "Write what exactly people pledge to do.")
	}
	var err error
	switch out.HTML, err = markdown.Render(out.Body); {
	case errors.Is(err, markdown.ErrTooLong):
		p.fail("body", "pledge.long", "This text is too long: at most {kib} KiB.", "kib", markdown.MaxBytes>>10)
	case err != nil:
		p.fail("body", "pledge.unreadable", "This text cannot be shown. Remove what is unusual in it.")
	}
}

// deadline reads the last moment to pledge on the clocks of the place.
func (p *parser) deadline(out *Pledge, in Input, now time.Time) {
	loc, err := geo.LoadZone(out.Zone)
	if err != nil {
		out.Zone, loc = "UTC", time.UTC
	}
	d, err := time.Parse(time.DateOnly, strings.TrimSpace(in.Day))
	if err != nil {
		p.fail("day", "pledge.day", "Write the day as year-month-day, such as 2026-11-28.")
		return
	}
	clock := strings.TrimSpace(in.Time)
	if clock == "" { // the end of that day
		out.Deadline = time.Date(d.Year(), d.Month(), d.Day()+1, 0, 0, 0, 0, loc).UTC()
	} else {
		t, err := time.Parse("15:04", clock)
		if err != nil {
			p.fail("time", "pledge.time", "Write the time with hours and minutes, such as 18:30.")
			return
		}
		at := time.Date(d.Year(), d.Month(), d.Day(), t.Hour(), t.Minute(), 0, 0, loc)
		if at.Hour() != t.Hour() || at.Minute() != t.Minute() {
			p.fail("time", "pledge.time_skipped", "The clocks go forward that night, so this time does not exist.")
			return
		}
		out.Deadline = at.UTC()
	}
	p.fields = append(p.fields, checkDeadline(out.Deadline, now)...)
}

func checkDeadline(t, now time.Time) []fault.FieldError {
	switch {
	case !t.After(now.Add(time.Minute)): // the box must open before
		return []fault.FieldError{fault.Field("day", "pledge.past", "This time has passed already. Choose a later one.")}
	case t.Sub(now) > maxAhead:
		return []fault.FieldError{fault.Field("day", "pledge.far", "This is too far away: at most two years, please.")}
	}
	return nil
}

// lines are the lines that say something.
func lines(s string) (out []string) {
	for l := range strings.SplitSeq(s, "\n") {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// parts finds the places or groups that count apart.
func (s *Service) parts(ctx context.Context, tx *db.Tx, p *parser, in Input) ([]Part, error) {
	if in.Split != ByPlace && in.Split != ByGroup {
		return nil, nil
	}
	all := lines(in.Parts)
	if len(all) < 2 || len(all) > maxParts {
		p.fail("parts", "pledge.parts", "Write from {min} to {max} of them, one a line.", "min", 2, "max", maxParts)
		return nil, nil
	}
	var out []Part
	seen := map[string]bool{}
	for _, l := range all {
		x, err := s.part(ctx, tx, in.Split, l)
		switch {
		case fault.Is(err, fault.KindNotFound) && in.Split == ByGroup:
			p.fail("parts", "pledge.no_group", "There is no group with the handle “{name}” here.", "name", l)
		case fault.Is(err, fault.KindNotFound):
			p.fail("parts", "pledge.no_place", "We know no place called “{name}”. Write the town, with its country where several have its name.", "name", l)
		case err != nil:
			return nil, err
		case seen[x.Label]:
			p.fail("parts", "pledge.part_twice", "“{name}” is there twice.", "name", x.Label)
		}
		seen[x.Label] = true
		out = append(out, x)
		if len(p.fields) > 9 {
			break
		}
	}
	return out, nil
}

func (s *Service) part(ctx context.Context, tx *db.Tx, split, line string) (Part, error) {
	if split == ByGroup {
		g, err := s.Groups.ByHandle(ctx, tx, strings.TrimPrefix(line, "@"))
		if err == nil && (g.Suspended || g.Ended) {
			err = web.ErrNotFound()
		}
		return Part{Label: "@" + g.Handle, Group: g.ID}, err
	}
	found := s.Places.Find(line, 1)
	if len(found) == 0 || utf8.RuneCountInString(found[0].Label()) > maxLabel {
		return Part{}, web.ErrNotFound()
	}
	return Part{Label: found[0].Label()}, nil
}

// belongs finds the campaign or event that the pledge is for. Only who may change
// those can put a pledge there.
func (s *Service) belongs(ctx context.Context, tx *db.Tx, by authz.Actor, p *parser, in Input, out *Pledge) error {
	refused := func(err error) bool {
		return fault.Is(err, fault.KindNotFound) || fault.Is(err, fault.KindForbidden) || fault.Is(err, fault.KindUnauthenticated)
	}
	if in.Campaign != "" {
		c, err := s.Elsewhere.Campaign(ctx, tx, by, strings.TrimPrefix(in.Campaign, "@"))
		switch {
		case refused(err):
			p.fail("campaign", "pledge.no_campaign", "You own no campaign with this handle.")
		case err != nil:
			return err
		}
		out.Campaign = c
	}
	if in.Event == "" {
		return nil
	}
	e := id.Event(in.Event[strings.LastIndexByte(in.Event, '/')+1:])
	err := web.ErrNotFound()
	if id.Valid(string(e)) {
		err = s.Elsewhere.Event(ctx, tx, by, e)
	}
	switch {
	case refused(err):
		p.fail("event", "pledge.no_event", "You can change no event with this address.")
	case err != nil:
		return err
	}
	out.Event = e
	return nil
}

// parsed is the pledge that in describes, of a group of that zone.
func (s *Service) parsed(ctx context.Context, tx *db.Tx, by authz.Actor, in Input, zone string) (Pledge, error) {
	var p parser
	out := in.parse(&p, zone, tx.Now())
	var err error
	if out.Parts, err = s.parts(ctx, tx, &p, in); err != nil {
		return out, err
	}
	if err := s.belongs(ctx, tx, by, &p, in, &out); err != nil {
		return out, err
	}
	return out, fault.Invalid(p.fields...)
}

func knownLanguage(code string) bool {
	all := web.Languages()
	return one(len(all), func(i int) bool { return all[i].Value == code })
}
