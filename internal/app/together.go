package app

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/feature/coalitions"
	"convoke/internal/feature/members"
	"convoke/internal/feature/polls"
	"convoke/internal/id"
	"convoke/internal/web"
)

// together connects what groups decide with in common: polls know who speaks for
// whom in a coalition, and campaigns know whose demands a coalition hears.
func (n *Node) together() {
	n.Polls.Coalitions = pollCoalitions{n.Coalitions}
	n.Campaigns.Member = n.Coalitions.Belongs
}

// nextAssembly is the next assembly of a group that the reader may know of.
func (n *Node) nextAssembly(c *web.Call, g id.Group) (m members.Meeting, ok bool, err error) {
	a, ok, err := n.assembliesWeb.Next(c, g)
	return members.Meeting{Title: a.Title, URL: a.URL, When: a.When, Where: a.Where, Start: a.Start}, ok, err
}

// pollCoalitions answers polls about groups of groups.
type pollCoalitions struct{ s *coalitions.Service }

// Rule implements polls.Coalitions.
func (p pollCoalitions) Rule(ctx context.Context, tx *db.Tx, g id.Group) (weights string, secret bool, err error) {
	c, _, err := p.s.Rules(ctx, tx, g)
	return string(c.Weights), c.Secret, err
}

func toPollSeats(all []coalitions.Seat, err error) ([]polls.Seat, error) {
	out := make([]polls.Seat, len(all))
	for i, x := range all {
		out[i] = polls.Seat{ID: x.ID, Group: x.Group, GroupName: x.GroupName, Person: x.Person, Weight: x.Weight, Mandate: x.Mandate}
	}
	return out, err
}

// Electorate implements polls.Coalitions.
func (p pollCoalitions) Electorate(ctx context.Context, tx *db.Tx, c id.Group) ([]polls.Seat, error) {
	return toPollSeats(p.s.Electorate(ctx, tx, c))
}

// Weight implements polls.Coalitions.
func (p pollCoalitions) Weight(ctx context.Context, tx *db.Tx, c id.Group) (int, error) {
	return p.s.Weight(ctx, tx, c)
}

// SeatsOf implements polls.Coalitions. A mandate is one whatever it weighs now: open
// polls keep the seats and weights with which they opened.
func (p pollCoalitions) SeatsOf(ctx context.Context, tx *db.Tx, c id.Group, person id.Person) ([]polls.Seat, error) {
	x, ok, err := p.s.Mandate(ctx, tx, c, person)
	if err != nil || !ok {
		return nil, err
	}
	return toPollSeats([]coalitions.Seat{x}, nil)
}

// SeatsOfGroup implements polls.Coalitions.
func (p pollCoalitions) SeatsOfGroup(ctx context.Context, tx *db.Tx, c, g id.Group) ([]polls.Seat, error) {
	return toPollSeats(p.s.SeatsOf(ctx, tx, c, g))
}

// Forward implements polls.Elsewhere.
func (p pollElsewhere) Forward(ctx context.Context, tx *db.Tx, c id.Campaign, options []string) ([]string, error) {
	return p.n.Campaigns.Forward(ctx, tx, c, options)
}

// Options implements polls.Elsewhere: what groups put forward, where demands are
// voted on.
func (p pollElsewhere) Options(ctx context.Context, tx *db.Tx, by authz.Actor, e fact.Effect, campaign string) ([]string, error) {
	if e != fact.EffectDemand {
		return nil, nil
	}
	_, all, err := p.n.Campaigns.Candidates(ctx, tx, by, campaign)
	return all, err
}
