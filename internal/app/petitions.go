package app

import (
	"context"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/petitions"
	"convoke/internal/id"
	"convoke/internal/notify"
	"convoke/internal/print"
	"convoke/internal/web"
)

func (n *Node) newPetitions(facts *facts, sender notify.Sender) {
	var mail *petitions.Mail
	if sender != nil {
		mail = &petitions.Mail{Jobs: n.Jobs, Sender: sender, Locales: n.locales, BaseURL: strings.TrimSuffix(n.Config.BaseURL, "/")}
	}
	n.Petitions = petitions.New(petitions.Deps{
		DB: n.DB, IDs: n.IDs, Vault: n.Vault, Clock: n.Clock, Groups: petitionGroups{n.Groups}, Campaigns: petitionCampaigns{n.Campaigns},
		Boxes: n.Boxes, Facts: facts, Mail: mail,
	})
}

func (n *Node) petitionPages(limits *limiter, press *print.Press) {
	n.petitionsWeb = &petitions.Web{Service: n.Petitions, Limiter: limits, Print: press, Client: func(c *web.Call) string { return n.client(c.R) }}
}

// petitionGroups answers petitions about groups.
type petitionGroups struct{ s *groups.Service }

func toPetitionGroup(b groups.Brief, err error) (petitions.Group, error) {
	return petitions.Group{ID: b.ID, Handle: b.Handle, Name: b.Name, Zone: b.Zone, Langs: b.Langs, Suspended: b.Suspended, Ended: b.Over()}, err
}

func (g petitionGroups) ByID(ctx context.Context, tx *db.Tx, gid id.Group) (petitions.Group, error) {
	return toPetitionGroup(g.s.ByID(ctx, tx, gid))
}

func (g petitionGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (petitions.Group, error) {
	return toPetitionGroup(g.s.ByHandle(ctx, tx, h))
}

func (g petitionGroups) Role(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person) (authz.Role, error) {
	return g.s.Acting(ctx, tx, gid, p)
}

func (g petitionGroups) People(ctx context.Context, tx *db.Tx, gid id.Group) ([]string, error) {
	return g.s.People(ctx, tx, gid)
}

// petitionCampaigns answers petitions about campaigns.
type petitionCampaigns struct{ s *campaigns.Service }

func toPetitionCampaign(c campaigns.Campaign, err error) (petitions.Campaign, error) {
	return petitions.Campaign{ID: c.ID, Handle: c.Handle, Title: c.Text.Title}, err
}

func (c petitionCampaigns) ByHandle(ctx context.Context, tx *db.Tx, h string) (petitions.Campaign, error) {
	return toPetitionCampaign(c.s.ByHandle(ctx, tx, h))
}

func (c petitionCampaigns) ByID(ctx context.Context, tx *db.Tx, cid id.Campaign) (petitions.Campaign, error) {
	return toPetitionCampaign(c.s.ByID(ctx, tx, cid))
}

func (c petitionCampaigns) Owns(ctx context.Context, tx *db.Tx, cid id.Campaign, g id.Group) (bool, error) {
	return c.s.Owned(ctx, tx, cid, g)
}
