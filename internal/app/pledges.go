package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/pledges"
	"convoke/internal/id"
	"convoke/internal/notify"
	"convoke/internal/record/box"
	"convoke/internal/web"
)

// newPledges makes the feature of pledges.
func (n *Node) newPledges(f *facts, sender notify.Sender) *pledges.Service {
	var news *pledges.News
	if sender != nil {
		news = &pledges.News{
			Entropy: rand.Reader, Jobs: n.Jobs, Locales: n.locales, Sender: sender,
			BaseURL: strings.TrimSuffix(n.Config.BaseURL, "/"),
		}
	}
	s := pledges.New(pledges.Deps{
		DB: n.DB, IDs: n.IDs, Boxes: n.Boxes, Groups: pledgeGroups{n.Groups}, Elsewhere: pledgeElsewhere{n}, Places: n.Places, Facts: f,
		Audit: n.audited, Vault: n.Vault, News: news,
	})
	f.pledges = s
	return s
}

// pledgePages puts pledges onto the pages of groups and events; those of campaigns
// are put together by [campaignPages].
func (n *Node) pledgePages(limits *limiter) {
	n.pledgesWeb = &pledges.Web{Service: n.Pledges, Limiter: limits, Client: func(c *web.Call) string { return n.client(c.R) }}
	n.Groups.Panels = append(n.Groups.Panels, n.pledgesWeb.GroupPanel)
	n.eventsWeb.Panels = append(n.eventsWeb.Panels, func(c *web.Call, e *events.Event, can events.Can) (events.Fragment, error) {
		add, err := n.pledgingGroup(c, e, can)
		if err != nil {
			return "", err
		}
		return n.pledgesWeb.EventPanel(c, e.ID, add)
	})
}

// pledgingGroup is the handle of an event's group, for those of its organizers who
// can add a pledge to the event.
func (n *Node) pledgingGroup(c *web.Call, e *events.Event, can events.Can) (handle string, err error) {
	if !can.Edit || e.Group == "" || c.Actor().Visitor() || e.Past(c.Now()) {
		return "", nil
	}
	err = n.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := n.Groups.Organizes(c.Context(), tx, c.Actor().Person)
		for _, g := range all {
			if g.ID == e.Group {
				handle = g.Handle
			}
		}
		return err
	})
	return handle, err
}

// schedulePledges are the jobs of pledges.
func (n *Node) schedulePledges() {
	n.Jobs.Every("settle pledges whose time is over", time.Minute, n.Pledges.Due)
	n.Jobs.Every("expire who wants news of pledges", time.Hour, n.Pledges.ExpireNews)
}

// pledgeGroups answers pledges about groups.
type pledgeGroups struct{ s *groups.Service }

func toPledgeGroup(b groups.Brief, err error) (pledges.Group, error) {
	return pledges.Group{ID: b.ID, Handle: b.Handle, Name: b.Name, Zone: b.Zone, Langs: b.Langs, Suspended: b.Suspended, Ended: b.Over()}, err
}

// ByID implements pledges.Groups.
func (g pledgeGroups) ByID(ctx context.Context, tx *db.Tx, gid id.Group) (pledges.Group, error) {
	return toPledgeGroup(g.s.ByID(ctx, tx, gid))
}

// ByHandle implements pledges.Groups.
func (g pledgeGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (pledges.Group, error) {
	return toPledgeGroup(g.s.ByHandle(ctx, tx, h))
}

// Organizes implements pledges.Groups.
func (g pledgeGroups) Organizes(ctx context.Context, tx *db.Tx, p id.Person) ([]pledges.Group, error) {
	all, err := g.s.Organizes(ctx, tx, p)
	out := make([]pledges.Group, len(all))
	for i, b := range all {
		out[i], _ = toPledgeGroup(b, nil)
	}
	return out, err
}

// Members implements pledges.Groups.
func (g pledgeGroups) Members(ctx context.Context, tx *db.Tx, gid id.Group) ([]string, error) {
	return g.s.People(ctx, tx, gid)
}

// pledgeElsewhere answers pledges about campaigns and events.
type pledgeElsewhere struct{ n *Node }

// Campaign implements pledges.Elsewhere.
func (p pledgeElsewhere) Campaign(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (id.Campaign, error) {
	c, err := p.n.Campaigns.OrganizedBy(ctx, tx, by, handle)
	return c.ID, err
}

// Event implements pledges.Elsewhere.
func (p pledgeElsewhere) Event(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event) error {
	_, _, sub, err := p.n.Events.Get(ctx, tx, by, e)
	if err != nil {
		return err
	}
	return authz.Check(by, authz.EditEvent, sub)
}

// AboutCampaign implements pledges.Elsewhere.
func (p pledgeElsewhere) AboutCampaign(ctx context.Context, tx *db.Tx, cid id.Campaign) (string, pledges.Ref, error) {
	c, err := p.n.Campaigns.ByID(ctx, tx, cid)
	if err != nil {
		return "", pledges.Ref{}, err
	}
	return c.Handle, pledges.Ref{Title: c.Text.Title, URL: "/campaigns/" + c.Handle}, nil
}

// AboutEvent implements pledges.Elsewhere.
func (p pledgeElsewhere) AboutEvent(ctx context.Context, tx *db.Tx, eid id.Event) (pledges.Ref, error) {
	e, _, _, err := p.n.Events.Get(ctx, tx, authz.Actor{}, eid)
	if err != nil {
		return pledges.Ref{}, err
	}
	return pledges.Ref{Title: e.Title, URL: "/events/" + string(eid)}, nil
}

// demoPledge opens one for the demo's first group.
func (n *Node) demoPledge(ctx context.Context, tx *db.Tx, g id.Group, roll *box.Draft) error {
	err := n.Pledges.CreateSample(ctx, tx, g, roll, pledges.Input{
		Title: "A tool for the garden day", Lang: "en", Kind: "bring", Gate: box.GateBrowser, Split: pledges.Together, Rule: "own", People: "21",
		Body: "I will bring **a tool to the garden day** if 20 others do: a spade, a rake, shears, or whatever you have.\n\nWrite your name on it, and take it home in the evening.",
		Day:  tx.Now().AddDate(0, 0, 20).Format(time.DateOnly),
	})
	if err != nil {
		return fmt.Errorf("open the demo's pledge: %w", err)
	}
	return nil
}
