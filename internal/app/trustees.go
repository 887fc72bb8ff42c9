package app

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/polls"
	"convoke/internal/feature/trustees"
	"convoke/internal/record/leaf"
	"convoke/internal/web"
)

// newTrustees makes the feature of those who keep polls shut, and gives it to polls.
func (n *Node) newTrustees() {
	n.Trustees = trustees.New(trustees.Deps{
		DB: n.DB, IDs: n.IDs, Proposals: trusteeProposals{n.Polls}, Boxes: n.Boxes, Node: n.Record.Node, Audit: n.audited,
	})
	n.Polls.Trustees = pollTrustees{n.Trustees}
}

// trusteePages are the pages of trustees.
func (n *Node) trusteePages(limits *limiter) {
	n.trusteesWeb = &trustees.Web{Service: n.Trustees, Limiter: limits, Client: func(c *web.Call) string { return n.client(c.R) }}
}

// trusteeProposals answers trustees about what is voted on.
type trusteeProposals struct{ s *polls.Service }

// About implements trustees.Proposals.
func (t trusteeProposals) About(ctx context.Context, tx *db.Tx, by authz.Actor, proposal string, do authz.Action) (trustees.About, error) {
	p, url, talks, err := t.s.About(ctx, tx, by, proposal, do)
	return trustees.About{Title: p.Title, Lang: p.Lang, URL: url, Group: p.Group, Talks: talks}, err
}

// Opened implements trustees.Proposals.
func (t trusteeProposals) Opened(ctx context.Context, tx *db.Tx, b leaf.ID) error {
	return t.s.Opened(ctx, tx, b)
}

// pollTrustees answers polls about who keeps them shut.
type pollTrustees struct{ s *trustees.Service }

func toTrusteeRun(r *trustees.Run, released int) polls.TrusteeRun {
	return polls.TrusteeRun{ID: r.ID, Names: r.Names(), Need: int(r.Setup().Need), Released: released, Transcript: r.Transcript}
}

// Ready implements polls.Trustees.
func (p pollTrustees) Ready(ctx context.Context, tx *db.Tx, proposal polls.ID) (out []polls.TrusteeRun, err error) {
	all, err := p.s.Ready(ctx, tx, string(proposal))
	for _, r := range all {
		out = append(out, toTrusteeRun(r, 0))
	}
	return out, err
}

// Keep implements polls.Trustees.
func (p pollTrustees) Keep(ctx context.Context, tx *db.Tx, run string, b leaf.ID) error {
	return p.s.Keep(ctx, tx, run, b)
}

// Of implements polls.Trustees.
func (p pollTrustees) Of(ctx context.Context, tx *db.Tx, b leaf.ID) (polls.TrusteeRun, bool, error) {
	r, released, ok, err := p.s.Of(ctx, tx, b)
	if err != nil || !ok {
		return polls.TrusteeRun{}, false, err
	}
	return toTrusteeRun(r, released), true, nil
}
