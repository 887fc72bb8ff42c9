package ladders

import (
	"context"
	"errors"
	"slices"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/record/leaf"
)

// about is what a condition is called for one reader and where they find it, "" for what
// they may not know of; and how far it is now. So says that it is so already, Never that
// it cannot become so any more.
type about struct {
	Title, URL, Part string
	Have             int
	So, Never        bool
	Due              time.Time // when it becomes so if nothing happens before
	Reply            *Reply    // nil for what is no petition, or unknown
	Closes           time.Time
	Zone             string // of Closes
}

// look finds for a reader what the gates of a plan are about.
func (s *Service) look(ctx context.Context, tx *db.Tx, by authz.Actor, d *Ladder, p *Plan) error {
	d.About = map[string]about{}
	var errs []error
	p.leaves(func(_ *Step, g *Gate) {
		if _, known := d.About[g.atom()]; known {
			return
		}
		a, err := s.aboutOf(ctx, tx, by, d, g)
		errs = append(errs, err)
		d.About[g.atom()] = a
	})
	return errors.Join(errs...)
}

// hidden leaves out what a reader may not know of.
func hidden(err error) error {
	if fault.Is(err, fault.KindNotFound) {
		return nil
	}
	return err
}

func (s *Service) aboutOf(ctx context.Context, tx *db.Tx, by authz.Actor, d *Ladder, g *Gate) (a about, err error) {
	switch g.kind() {
	case "count":
		return s.aboutCount(ctx, tx, by, g)
	case "silence":
		if a, err = s.aboutPetition(ctx, tx, by, g.Silence.Petition); a.Reply != nil {
			a.So, a.Never, a.Due = a.Reply.Silent, a.Reply.neverSilent(), a.Reply.SilentAt
		}
	case "refusal":
		if a, err = s.aboutPetition(ctx, tx, by, g.Refusal.Petition); a.Reply != nil {
			a.So, a.Never = a.Reply.Refused, a.Reply.neverRefused()
		}
	case "decision":
		return s.aboutDecision(ctx, tx, by, g.Decision.Proposal)
	case "turnout":
		if g.Turnout.Campaign {
			a.Have, err = s.Elsewhere.CampaignLow(ctx, tx, d.Of.ID)
		} else if a.Title, a.Have, err = s.Elsewhere.Event(ctx, tx, by, id.Event(g.Turnout.Event)); err == nil {
			a.URL = "/events/" + g.Turnout.Event
		}
		a.So = a.Have >= g.Turnout.Low
	}
	return a, hidden(err)
}

func (s *Service) aboutPetition(ctx context.Context, tx *db.Tx, by authz.Actor, slug string) (about, error) {
	x, err := s.Elsewhere.Petition(ctx, tx, by, slug)
	if err != nil {
		return about{}, hidden(err)
	}
	return about{Title: x.Title, URL: "/petitions/" + slug, Reply: &x.Reply}, nil
}

func (s *Service) aboutDecision(ctx context.Context, tx *db.Tx, by authz.Actor, proposal string) (a about, err error) {
	x, err := s.Elsewhere.Proposal(ctx, tx, by, proposal)
	if err == nil {
		a.Title, a.URL, a.So, a.Never, a.Closes, a.Zone = x.Title, "/proposals/"+proposal, x.Adopted, x.Over, x.Closes, x.Zone
	}
	return a, hidden(err)
}

// aboutCount counts what a reader does not find where it was when the ladder was
// published.
func (s *Service) aboutCount(ctx context.Context, tx *db.Tx, by authz.Actor, g *Gate) (a about, err error) {
	n, find, url := *g.Count, s.Elsewhere.Petition, "/petitions/"+g.Count.Petition
	if n.Pledge != "" {
		find, url = s.Elsewhere.Pledge, "/pledges/"+n.Pledge
	}
	var in leaf.ID
	x, err := find(ctx, tx, by, n.Petition+n.Pledge)
	switch {
	case err == nil:
		a.Title, a.URL, in = x.Title, url, x.Box
		if at := x.part(n.Part); at >= 0 {
			a.Part, n.Index = x.Parts[at].Name, &at
		}
	case hidden(err) == nil && n.Box != "":
		in, err = leaf.ParseID(n.Box)
	}
	if err != nil || in == (leaf.ID{}) || n.Part != "" && n.Index == nil {
		return a, hidden(err)
	}
	if a.Have, err = s.had(ctx, tx, in, &n, len(x.Parts)); err != nil {
		return a, err
	}
	a.So = a.Have >= g.need()
	return a, nil
}

// part is the place of a part, -1 when there is none of that label.
func (x *Counting) part(label string) int {
	return slices.IndexFunc(x.Parts, func(p Part) bool { return p.Label == label })
}

// live is what is known, with what was looked up of what has not happened yet. For a draft
// what is so already happened now, as when it is published.
func (d *Ladder) live(draft bool, now time.Time) Known {
	f := d.facts()
	for atom, a := range d.About {
		x := f[atom]
		if !x.Since.IsZero() {
			continue
		}
		x.Never, x.Due = x.Never || a.Never, a.Due
		if a.Have > 0 {
			x.Have = a.Have
		}
		if draft && a.So {
			x.Have, x.Since = max(x.Have, 1), now
		}
		f[atom] = x
	}
	return f
}
