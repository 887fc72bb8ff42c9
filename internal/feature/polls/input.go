package polls

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/markdown"
	"convoke/internal/record/tally"
	"convoke/internal/web"
)

// Limits.
const (
	maxTitle   = 200
	maxOptions = tally.MaxOptions
	maxOption  = 750 // as long as a demand and of whom it is demanded
	maxNote    = 500
	maxComment = 4000
	maxWhy     = 2000
	// maxOpen is how long a poll can be open at most.
	maxOpen = 366 * 24 * time.Hour
)

// Input is a proposal as somebody typed it.
type Input struct {
	Title, Body, Lang string
	Options           string // one a line
	Effect, Subject   string
	Campaign          string // handle
	Note              string // what changed, for the history
}

type parser struct{ fields []fault.FieldError }

func (p *parser) fail(name, code, msg string, args ...any) {
	p.fields = append(p.fields, fault.Field(name, code, msg, args...))
}

// long refuses what is longer than limit characters.
func (p *parser) long(name, s string, limit int) {
	if utf8.RuneCountInString(s) > limit {
		p.fail(name, "form.long", "This is too long: at most {limit} characters, please.", "limit", limit)
	}
}

// text checks all that needs no database, and lists what is wrong at once.
func (in *Input) text(p *parser) Proposal {
	out := Proposal{Text: Text{Title: in.Title, Lang: in.Lang, Body: in.Body}}
	if in.Title == "" {
		p.fail("title", "proposal.no_title", "Give the proposal a title.")
	}
	p.long("title", in.Title, maxTitle)
	p.long("note", in.Note, maxNote)
	if !knownLanguage(in.Lang) {
		p.fail("lang", "proposal.lang", "Say in which language this is written.")
	}
	if in.Body == "" {
		p.fail("body", "proposal.no_text", "Write what exactly is proposed.")
	}
	var err error
	switch out.HTML, err = markdown.Render(in.Body); {
	case errors.Is(err, markdown.ErrTooLong):
		p.fail("body", "proposal.long", "This text is too long: at most {kib} KiB.", "kib", markdown.MaxBytes>>10)
	case err != nil:
		p.fail("body", "proposal.unreadable", "This text cannot be shown. Remove what is unusual in it.")
	}
	out.Options = p.options(in.Options)
	return out
}

func (p *parser) options(typed string) (out []string) {
	seen := map[string]bool{}
	for l := range strings.SplitSeq(typed, "\n") {
		l = strings.Join(strings.Fields(l), " ")
		if l == "" {
			continue
		}
		if seen[strings.ToLower(l)] {
			p.fail("options", "proposal.option_twice", "“{name}” is there twice.", "name", l)
		}
		seen[strings.ToLower(l)] = true
		p.long("options", l, maxOption)
		out = append(out, l)
	}
	if len(out) == 1 || len(out) > maxOptions {
		p.fail("options", "proposal.options", "Write from {min} to {max} options, one a line, or none for yes or no.", "min", 2, "max", maxOptions)
	}
	return out
}

func knownLanguage(code string) bool {
	for _, l := range web.Languages() {
		if l.Value == code {
			return true
		}
	}
	return false
}

// effect finds what the proposal does when it is adopted.
func (s *Service) effect(ctx context.Context, tx *db.Tx, p *parser, g Group, in *Input, out *Proposal) error {
	i := effectOf(fact.Effect(in.Effect))
	if i < 0 {
		p.fail("effect", "proposal.effect", "Choose what it does when it is adopted.")
		return nil
	}
	e := effects[i]
	out.Effect = e.code
	if in.Campaign != "" {
		c, err := s.Elsewhere.Campaign(ctx, tx, strings.TrimPrefix(in.Campaign, "@"))
		switch {
		case fault.Is(err, fault.KindNotFound):
			p.fail("campaign", "proposal.no_campaign", "There is no campaign with this handle.")
		case err != nil:
			return err
		}
		out.Campaign = c
	} else if e.campaign {
		p.fail("campaign", "proposal.campaign", "Say which campaign this is about.")
	}
	if e.code == fact.EffectNone || e.campaign && out.Campaign == "" {
		return nil
	}
	var err error
	switch e.code {
	case fact.EffectVote:
		out.Subject, err = s.voteSubject(ctx, tx, g, in.Subject)
	case fact.EffectTask:
		out.Subject, err = s.taskSubject(ctx, tx, g, in.Subject)
	default:
		var why fact.Obstacle
		if out.Subject, why, err = s.Elsewhere.Subject(ctx, tx, g.ID, e.code, out.Campaign, in.Subject); err == nil && why != "" {
			p.bar("subject", why)
			return nil
		}
		if err == nil {
			_, err = s.stand(ctx, tx, p, "options", g, e.code, out.Campaign, &out.Text)
		}
	}
	if fault.Is(err, fault.KindNotFound) {
		p.bar("subject", fact.Unclear)
		return nil
	}
	if f := fault.Of(err); f != nil && f.Kind == fault.KindInvalid {
		p.fields = append(p.fields, f.Fields...)
		return nil
	}
	return err
}

// voteSubject is the poll of a coalition that the address names, when the group has a
// seat in it.
func (s *Service) voteSubject(ctx context.Context, tx *db.Tx, g Group, typed string) (string, error) {
	pid := typed[strings.LastIndexByte(typed, '/')+1:]
	if !id.Valid(pid) {
		return "", web.ErrNotFound()
	}
	p, err := pollBy(ctx, tx, "id", pid)
	if errors.Is(err, db.ErrNoRows) {
		return "", web.ErrNotFound()
	}
	if err != nil {
		return "", err
	}
	seats, err := seatsOfGroup(ctx, tx, p.ID, g.ID)
	if err == nil && len(seats) == 0 {
		err = web.ErrNotFound()
	}
	return pid, err
}

// taskSubject is the member's id and the day, or "-".
func (s *Service) taskSubject(ctx context.Context, tx *db.Tx, g Group, typed string) (string, error) {
	who, day, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(typed), "@"), " ")
	if day = strings.TrimSpace(day); day == "" {
		day = "-"
	} else if _, err := time.Parse(time.DateOnly, day); err != nil {
		return "", fault.Invalid(fault.Field("subject", "proposal.day", "Write the day as year-month-day, such as 2026-11-28."))
	}
	person, err := s.Groups.Member(ctx, tx, g.ID, who)
	return string(person) + " " + day, err
}

// deadline reads the last moment to vote on the clocks of the group's place. A time
// that the clocks show twice is the later one: nobody is cut off early.
func (p *parser) deadline(typedDay, typedTime, zone string, now time.Time) time.Time {
	at := p.moment("", typedDay, typedTime, zone, 1)
	if !at.IsZero() {
		p.fields = append(p.fields, checkDeadline(at, now)...)
	}
	return at
}

// begins reads when voting begins in a poll whose voters get their credentials before.
func (p *parser) begins(in *OpenInput, zone string, named bool, now, closes time.Time) time.Time {
	at := p.moment("from_", in.FromDay, in.FromTime, zone, 0)
	switch {
	case named:
		p.fail("from_day", "poll.from_named", "Who votes by name needs no code, so voting begins at once. Leave this empty.")
	case !at.IsZero() && !closes.IsZero() && (!at.After(now.Add(time.Minute)) || !at.Before(closes)):
		p.fail("from_day", "poll.from", "Voting begins later than now and before the last moment to vote.")
	}
	return at
}

// moment reads a day and a time from fields whose names begin so; without a time it is
// the beginning of that day, or of one some days later. It is zero for a mistake.
func (p *parser) moment(fields, typedDay, typedTime, zone string, days int) time.Time {
	loc, err := geo.LoadZone(zone)
	if err != nil {
		loc = time.UTC
	}
	d, err := time.Parse(time.DateOnly, strings.TrimSpace(typedDay))
	if err != nil {
		p.fail(fields+"day", "poll.day", "Write the day as year-month-day, such as 2026-11-28.")
		return time.Time{}
	}
	var at time.Time
	if clock := strings.TrimSpace(typedTime); clock == "" {
		at = later(time.Date(d.Year(), d.Month(), d.Day()+days, 0, 0, 0, 0, loc))
	} else {
		t, err := time.Parse("15:04", clock)
		if err != nil {
			p.fail(fields+"time", "poll.time", "Write the time with hours and minutes, such as 18:30.")
			return time.Time{}
		}
		at = later(time.Date(d.Year(), d.Month(), d.Day(), t.Hour(), t.Minute(), 0, 0, loc))
		if at.Hour() != t.Hour() || at.Minute() != t.Minute() {
			p.fail(fields+"time", "poll.time_skipped", "The clocks go forward that night, so this time does not exist.")
		}
	}
	return at.UTC()
}

// later is the last moment at which the clocks of a place show what they show at t.
func later(t time.Time) time.Time {
	for _, d := range []time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour} {
		if u := t.Add(d); u.Hour() == t.Hour() && u.Minute() == t.Minute() && u.Day() == t.Day() {
			return u
		}
	}
	return t
}

func checkDeadline(t, now time.Time) []fault.FieldError {
	switch {
	case !t.After(now.Add(time.Minute)): // the box must open before
		return []fault.FieldError{fault.Field("day", "poll.past", "This time has passed already. Choose a later one.")}
	case t.Sub(now) > maxOpen:
		return []fault.FieldError{fault.Field("day", "poll.far", "A poll can be open for a year at most.")}
	}
	return nil
}
