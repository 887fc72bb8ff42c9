package app

import (
	"context"
	"crypto/rand"
	"errors"
	"html/template"
	"slices"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/feature/ladders"
	"convoke/internal/feature/petitions"
	"convoke/internal/feature/polls"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/notify"
	"convoke/internal/web"
)

// newLadders makes the feature of ladders.
func (n *Node) newLadders(f *facts, sender notify.Sender) {
	var news *ladders.News
	if sender != nil {
		news = &ladders.News{
			Entropy: rand.Reader, Locales: n.locales, Sender: sender,
			BaseURL: strings.TrimSuffix(n.Config.BaseURL, "/"),
		}
	}
	n.Ladders = ladders.New(ladders.Deps{
		DB: n.DB, IDs: n.IDs, Campaigns: ladderCampaigns{n}, Elsewhere: ladderElsewhere{n}, Boxes: n.Boxes, Record: n.Record, Facts: f, Vault: n.Vault, Jobs: n.Jobs,
		News: news, Audit: n.audited,
	})
	f.ladders, f.down = n.Ladders, n.Events.TouchCampaign
	n.Turnout.Told = n.Ladders.TurnoutPublished
	n.Boxes.Watcher = n.Ladders.BoxCounted
}

// ladderPages puts onto the pages of a campaign, and of all that belongs to it, that it
// has stood down.
func (n *Node) ladderPages(limits *limiter) {
	n.laddersWeb = &ladders.Web{Service: n.Ladders, Limiter: limits, Client: func(c *web.Call) string { return n.client(c.R) }}
	n.campaignsWeb.Notice, n.petitionsWeb.Notice, n.pledgesWeb.Notice = n.laddersWeb.Notice, n.laddersWeb.Notice, n.laddersWeb.Notice
	n.eventsWeb.Panels = slices.Insert(n.eventsWeb.Panels, 0, func(c *web.Call, e *events.Event, _ events.Can) (template.HTML, error) {
		if e.Campaign == "" {
			return "", nil
		}
		return n.laddersWeb.Notice(c, e.Campaign)
	})
}

// scheduleLadders are the jobs of ladders.
func (n *Node) scheduleLadders() {
	n.Jobs.Every("open steps whose time has come", time.Minute, func(ctx context.Context) error {
		// A silence that is over comes first: a step may wait for it that would lapse else.
		return errors.Join(n.Petitions.FallSilent(ctx), n.Ladders.Due(ctx))
	})
	n.Jobs.Every("expire who wants news of ladders, or declares something", time.Hour, n.Ladders.Expire)
}

// ladderCampaigns answers ladders about campaigns.
type ladderCampaigns struct{ n *Node }

func toLadderCampaign(c campaigns.Campaign) ladders.Campaign {
	return ladders.Campaign{
		ID: c.ID, Handle: c.Handle, Title: c.Text.Title, Lang: c.Text.Lang, Public: c.State.Public(), Ended: c.State == campaigns.Ended,
	}
}

func (l ladderCampaigns) groups(ctx context.Context, tx *db.Tx, all []campaigns.Group) (out []ladders.Group, err error) {
	for _, g := range all {
		b, err := l.n.Groups.ByID(ctx, tx, g.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, ladders.Group{ID: b.ID, Handle: b.Handle, Name: b.Name, Zone: b.Zone})
	}
	return out, nil
}

// Find implements ladders.Campaigns.
func (l ladderCampaigns) Find(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (ladders.Campaign, []ladders.Group, error) {
	c, seat, err := l.n.Campaigns.Seated(ctx, tx, by, handle)
	if err != nil {
		return ladders.Campaign{}, nil, err
	}
	speaks, err := l.groups(ctx, tx, seat.Owners)
	return toLadderCampaign(c), speaks, err
}

// ByID implements ladders.Campaigns.
func (l ladderCampaigns) ByID(ctx context.Context, tx *db.Tx, cid id.Campaign) (ladders.Campaign, error) {
	c, err := l.n.Campaigns.ByID(ctx, tx, cid)
	return toLadderCampaign(c), err
}

// Owners implements ladders.Campaigns.
func (l ladderCampaigns) Owners(ctx context.Context, tx *db.Tx, cid id.Campaign) ([]ladders.Group, error) {
	all, err := l.n.Campaigns.OwnersOf(ctx, tx, cid)
	if err != nil {
		return nil, err
	}
	return l.groups(ctx, tx, all)
}

// OwnedBy implements ladders.Campaigns.
func (l ladderCampaigns) OwnedBy(ctx context.Context, tx *db.Tx, g id.Group) ([]id.Campaign, error) {
	return l.n.Campaigns.OwnedBy(ctx, tx, g)
}

// ladderElsewhere answers ladders about what gates wait for.
type ladderElsewhere struct{ n *Node }

// Petition implements ladders.Elsewhere.
func (l ladderElsewhere) Petition(ctx context.Context, tx *db.Tx, by authz.Actor, slug string) (ladders.Counting, error) {
	f, err := l.n.Petitions.Get(ctx, tx, by, slug)
	p := &f.Petition
	r := ladders.Reply{
		Delivered: p.State == petitions.Delivered || p.State == petitions.Answered, Answered: p.State == petitions.Answered, Silent: p.Silent, Refused: p.Refused,
	}
	r.Until, r.Left, r.SilentAt = f.Awaited(tx.Now())
	return ladders.Counting{ID: p.ID, Title: p.Text.Title, Here: p.Public() && p.Elsewhere == nil, Box: p.Box, Over: p.State != petitions.Open, Reply: r}, err
}

// Pledge implements ladders.Elsewhere.
func (l ladderElsewhere) Pledge(ctx context.Context, tx *db.Tx, by authz.Actor, slug string) (ladders.Counting, error) {
	p, b, here, err := l.n.Pledges.Known(ctx, tx, by, slug)
	out := ladders.Counting{ID: string(p.ID), Title: p.Title, Here: here, Box: b}
	if here && err == nil {
		n, failed := l.n.Boxes.Numbers(ctx, tx, b)
		out.Over, err = n.Closed, failed
	}
	for _, x := range p.Parts {
		part := ladders.Part{Label: x.Label, Name: x.Label}
		if x.Group != "" && err == nil {
			var g groups.Brief
			if g, err = l.n.Groups.ByID(ctx, tx, x.Group); err == nil {
				part.Name = g.Name
			}
		}
		out.Parts = append(out.Parts, part)
	}
	return out, err
}

// Proposal implements ladders.Elsewhere.
func (l ladderElsewhere) Proposal(ctx context.Context, tx *db.Tx, by authz.Actor, pid string) (ladders.Proposal, error) {
	p, open, err := l.n.Polls.Voted(ctx, tx, by, pid)
	out := ladders.Proposal{Title: p.Title, Adopted: p.Adopted, Over: p.State == polls.Withdrawn || p.State == polls.Decided && !p.Adopted}
	if open != nil {
		out.Closes, out.Zone = open.Closes, open.Zone
	}
	return out, err
}

// Poll implements ladders.Elsewhere.
func (l ladderElsewhere) Poll(ctx context.Context, tx *db.Tx, by authz.Actor, pid string) (string, error) {
	p, err := l.n.Polls.KnownPoll(ctx, tx, by, pid)
	return p.Title, err
}

// Event implements ladders.Elsewhere.
func (l ladderElsewhere) Event(ctx context.Context, tx *db.Tx, by authz.Actor, eid id.Event) (string, int, error) {
	e, _, _, err := l.n.Events.Get(ctx, tx, by, eid)
	if err != nil {
		return "", 0, err
	}
	low, err := l.n.Turnout.EventLow(ctx, tx, eid)
	return e.Title, low, err
}

// CampaignLow implements ladders.Elsewhere.
func (l ladderElsewhere) CampaignLow(ctx context.Context, tx *db.Tx, cid id.Campaign) (int, error) {
	return l.n.Turnout.CampaignLow(ctx, tx, cid)
}

// Member implements ladders.Elsewhere.
func (l ladderElsewhere) Member(ctx context.Context, tx *db.Tx, owners []ladders.Group, handle string) (id.Person, error) {
	for _, g := range owners {
		p, err := l.n.Groups.Member(ctx, tx, g.ID, handle)
		if !fault.Is(err, fault.KindNotFound) {
			return p, err
		}
	}
	return "", web.ErrNotFound()
}

// heldLadders is what ladders hold about a person, table by table.
func (n *Node) heldLadders(ctx context.Context, tx *db.Tx, p id.Person) (out []identity.Held, err error) {
	campaign := identity.Column{Name: "campaign", Label: i18n.Mark("Campaign")}
	what := identity.Column{Name: "what", Label: i18n.Mark("What you can declare")}
	out = []identity.Held{
		{
			Table: "ladder", Title: i18n.Mark("Drafts of ladders that name you"), Columns: []identity.Column{campaign, what},
			Note: i18n.Mark("Organizers of the groups that own the campaign see your handle in it."),
		},
		{
			Table: "ladder_version", Title: i18n.Mark("Ladders that name you"), Columns: []identity.Column{campaign, what},
			Note: i18n.Mark("The page and the public record have only how many can declare it."),
		},
		{
			Table: "ladder_delegate", Title: i18n.Mark("What you can declare"),
			Columns: []identity.Column{campaign, what, {Name: "declared", Label: i18n.Mark("Declared")}},
		},
		{
			Table: "ladder_agree", Title: i18n.Mark("What you want of a ladder, and another owner has to want, too"),
			Columns: []identity.Column{campaign, {Name: "step", Label: i18n.Mark("Step")}, {Name: "act", Label: i18n.Mark("What")}},
			Note:    i18n.Mark("Kept for at most a week."),
		},
	}
	act := map[string]string{ladders.DoResume: i18n.Mark("Let it go on"), ladders.DoMet: i18n.Mark("It is met"), ladders.DoUp: i18n.Mark("Let it go on")}
	all, err := n.Ladders.HeldOf(ctx, tx, p)
	for _, x := range all {
		title, err := n.Campaigns.TitleOf(ctx, tx, x.Campaign)
		if err != nil {
			return nil, err
		}
		row := []any{title, x.What}
		switch x.Table {
		case "ladder_delegate":
			if x.What == "" {
				row[1] = identity.Said{Text: i18n.Mark("Ladders that name you")}
			}
			row = append(row, x.Declared)
		case "ladder_agree":
			row = append(row, identity.Said{Raw: x.Act, Text: act[x.Act]})
		}
		for i := range out {
			if out[i].Table == x.Table {
				out[i].Rows = append(out[i].Rows, row)
			}
		}
	}
	return out, err
}
