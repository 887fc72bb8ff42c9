package app

import (
	"context"
	"crypto/rand"
	"html/template"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/backup"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/feature/polls"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/take"
	"convoke/internal/web"
)

// newPolls makes the feature of proposals and polls.
func (n *Node) newPolls(f *facts) *polls.Service {
	s := polls.New(polls.Deps{
		DB: n.DB, IDs: n.IDs, Vault: n.Vault, Jobs: n.Jobs, Boxes: pollBoxes{n.Boxes, n}, Groups: pollGroups{n.Groups}, People: n.Groups,
		Elsewhere: pollElsewhere{n}, Facts: f, Entropy: rand.Reader, Locales: n.locales, Audit: n.audited,
	})
	f.polls = s
	return s
}

// pollPages puts proposals onto the pages of groups; those of campaigns are put
// together by [campaignPages].
func (n *Node) pollPages(limits *limiter) {
	n.pollsWeb = &polls.Web{Service: n.Polls, Limiter: limits}
	n.Groups.Panels = append(n.Groups.Panels, n.pollsWeb.GroupPanel)
}

// schedulePolls are the jobs of polls.
func (n *Node) schedulePolls() {
	n.Jobs.Every("count polls that have closed", 5*time.Minute, n.Polls.CountDue)
	n.Jobs.Every("erase discussions that are over", time.Hour, n.Polls.Expire)
}

// pollRows are discussions, which only keys make readable.
func pollRows() (out []backup.Sealed) {
	for _, table := range []string{polls.CommentTable, polls.AmendmentTable} {
		out = append(out, backup.Sealed{Table: table, Column: polls.SealedColumn, Prefix: polls.ScopePrefix})
	}
	return out
}

// pollBoxes closes boxes as [Node.closeDue] does, also before their time.
type pollBoxes struct {
	*box.Boxes
	n *Node
}

// Close implements polls.Boxes.
func (b pollBoxes) Close(ctx context.Context, id leaf.ID) error {
	if err := b.n.Coalitions.Due(ctx); err != nil {
		return err
	}
	return b.Boxes.Close(ctx, id)
}

// pollGroups answers polls about groups.
type pollGroups struct{ s *groups.Service }

func toPollGroup(b groups.Brief, err error) (polls.Group, error) {
	return polls.Group{ID: b.ID, Handle: b.Handle, Name: b.Name, Zone: b.Zone, Langs: b.Langs, Suspended: b.Suspended, Ended: b.Over()}, err
}

// ByID implements polls.Groups.
func (g pollGroups) ByID(ctx context.Context, tx *db.Tx, gid id.Group) (polls.Group, error) {
	return toPollGroup(g.s.ByID(ctx, tx, gid))
}

// ByHandle implements polls.Groups.
func (g pollGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (polls.Group, error) {
	return toPollGroup(g.s.ByHandle(ctx, tx, h))
}

// Role implements polls.Groups.
func (g pollGroups) Role(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person) (authz.Role, error) {
	return g.s.Role(ctx, tx, gid, p)
}

// Member implements polls.Groups.
func (g pollGroups) Member(ctx context.Context, tx *db.Tx, gid id.Group, handle string) (id.Person, error) {
	return g.s.Member(ctx, tx, gid, handle)
}

// Members implements polls.Groups.
func (g pollGroups) Members(ctx context.Context, tx *db.Tx, gid id.Group) ([]string, error) {
	return g.s.People(ctx, tx, gid)
}

// Mine implements polls.Groups.
func (g pollGroups) Mine(ctx context.Context, tx *db.Tx, p id.Person, organizes bool) (out []polls.Group, err error) {
	role := authz.Member
	if organizes {
		role = authz.Organizer
	}
	all, err := g.s.MemberOf(ctx, tx, p, role)
	for _, b := range all {
		x, _ := toPollGroup(b, nil)
		out = append(out, x)
	}
	return out, err
}

// Tell implements polls.Groups.
func (g pollGroups) Tell(ctx context.Context, tx *db.Tx, gid id.Group, key, title, body string) error {
	return g.s.Tell(ctx, tx, gid, key, title, body)
}

// pollElsewhere answers polls about campaigns, and about what comes of a decision.
type pollElsewhere struct{ n *Node }

// Campaign implements polls.Elsewhere.
func (p pollElsewhere) Campaign(ctx context.Context, tx *db.Tx, handle string) (id.Campaign, error) {
	c, err := p.n.Campaigns.ByHandle(ctx, tx, handle)
	return c.ID, err
}

// AboutCampaign implements polls.Elsewhere.
func (p pollElsewhere) AboutCampaign(ctx context.Context, tx *db.Tx, cid id.Campaign) (string, polls.Ref, error) {
	c, err := p.n.Campaigns.ByID(ctx, tx, cid)
	if err != nil {
		return "", polls.Ref{}, err
	}
	return c.Handle, polls.Ref{Title: c.Text.Title, URL: "/campaigns/" + c.Handle}, nil
}

// Subject implements polls.Elsewhere.
func (p pollElsewhere) Subject(ctx context.Context, tx *db.Tx, g id.Group, e fact.Effect, cid id.Campaign, typed string) (string, fact.Obstacle, error) {
	f, ask := fact.PollDecided{Group: g, Campaign: cid, Effect: e, Subject: typed}, p.n.Campaigns.Obstacle
	switch e {
	case fact.EffectDelegate, fact.EffectPart:
		of, rest, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(typed), "@"), " ")
		g, err := p.group(ctx, tx, of)
		if fault.Is(err, fault.KindNotFound) {
			return "", map[fact.Effect]fact.Obstacle{fact.EffectDelegate: fact.NoCoalition, fact.EffectPart: fact.NotInvolved}[e], nil
		}
		if err != nil {
			return "", "", err
		}
		f.Subject, ask = strings.TrimSpace(string(g)+" "+strings.Join(strings.Fields(rest), " ")), p.n.Coalitions.Obstacle
	case fact.EffectStep, fact.EffectHalt, fact.EffectDown:
		handle, _, err := p.AboutCampaign(ctx, tx, cid)
		if fault.Is(err, fault.KindNotFound) {
			return "", fact.NotOpen, nil
		}
		if err != nil {
			return "", "", err
		}
		if f.Subject = handle; e != fact.EffectDown {
			f.Subject += "#" + typed[strings.LastIndexByte(typed, '#')+1:]
		}
		ask = p.n.Ladders.Obstacle
	case fact.EffectDemand, fact.EffectEndorse:
		f.Subject = ""
	default:
	}
	why, err := ask(ctx, tx, f)
	return f.Subject, why, err
}

// group is found by its handle, or by the id that was found before.
func (p pollElsewhere) group(ctx context.Context, tx *db.Tx, of string) (id.Group, error) {
	g, err := p.n.Groups.ByHandle(ctx, tx, of)
	if err != nil && id.Valid(of) {
		g, err = p.n.Groups.ByID(ctx, tx, id.Group(of))
	}
	return g.ID, err
}

// pollSubjects says what the boxes of polls are about.
type pollSubjects struct{ n *Node }

// Subject implements take.Subjects.
func (s pollSubjects) Subject(c *web.Call, b leaf.ID) (take.Subject, error) {
	x, err := s.n.pollsWeb.Subject(c, b)
	return take.Subject{
		Title: x.Title, Lang: x.Lang, URL: x.URL, Kind: leaf.Poll, Verb: i18n.Mark("Vote"),
		Ballot: &take.BallotAsk{Question: x.Title, Method: x.Method, Options: x.Options, Max: x.Max, Lang: x.Lang, Hint: x.Hint},
	}, err
}

// Reference implements take.Subjects.
func (s pollSubjects) Reference(c *web.Call, b leaf.ID) (string, bool, error) {
	return s.n.pollsWeb.Reference(c, b)
}

// After implements take.Subjects.
func (s pollSubjects) After(*web.Call, leaf.ID) (template.HTML, error) { return "", nil }

// heldProposals is what a person wrote about what groups decide, table by table.
func (n *Node) heldProposals(ctx context.Context, tx *db.Tx, p id.Person) (out []identity.Held, err error) {
	all, err := n.Polls.HeldOf(ctx, tx, p)
	for _, x := range []struct{ table, title string }{
		{"poll_proposal", i18n.Mark("What you proposed")}, {polls.CommentTable, i18n.Mark("What you said about proposals")},
		{polls.AmendmentTable, i18n.Mark("Changes that you proposed")}, {"poll", i18n.Mark("Votes that you opened")},
	} {
		h := identity.Held{
			Table: x.table, Title: x.title, Columns: []identity.Column{{Name: "title", Label: i18n.Mark("Proposal")}},
			Note: i18n.Mark("Members of the group see your handle beside it, until the discussion is erased 180 days after the decision."),
		}
		for _, w := range all {
			if w.Table == x.table {
				h.Rows = append(h.Rows, []any{w.Title})
			}
		}
		out = append(out, h)
	}
	return out, err
}
