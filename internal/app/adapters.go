package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/feature/about"
	"convoke/internal/feature/alerts"
	"convoke/internal/feature/assemblies"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/coalitions"
	"convoke/internal/feature/door"
	"convoke/internal/feature/events"
	"convoke/internal/feature/feedback"
	"convoke/internal/feature/grants"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/feature/ladders"
	"convoke/internal/feature/members"
	"convoke/internal/feature/petitions"
	"convoke/internal/feature/pledges"
	"convoke/internal/feature/polls"
	"convoke/internal/feature/rides"
	"convoke/internal/feature/roles"
	"convoke/internal/feature/statements"
	"convoke/internal/feature/subscriptions"
	"convoke/internal/feature/tasks"
	"convoke/internal/feature/turnout"
	"convoke/internal/feature/webhooks"
	"convoke/internal/geo/basemap"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/media"
	"convoke/internal/ratelimit"
	"convoke/internal/web"
)

// facts brings what one feature says to those who listen, in its transaction.
type facts struct {
	identity   *identity.Service
	attendance *attendance.Service
	events     *events.Service
	campaigns  *campaigns.Service
	statements *statements.Service
	petitions  *petitions.Service
	rides      *rides.Service
	webhooks   *webhooks.Service
	door       *door.Service
	feedback   *feedback.Service
	roles      *roles.Service
	grants     *grants.Service
	pledges    *pledges.Service
	coalitions *coalitions.Service
	tasks      *tasks.Service
	members    *members.Service
	polls      *polls.Service
	assemblies *assemblies.Service
	ladders    *ladders.Service
	alerts     *alerts.Service

	subscriptions *subscriptions.Service

	down func(ctx context.Context, tx *db.Tx, c id.Campaign) error
}

// Emit implements the features' Facts.
func (f *facts) Emit(ctx context.Context, tx *db.Tx, what any) error {
	switch x := what.(type) {
	case fact.EventChanged:
		return tell(ctx, tx, x, f.attendance.EventChanged, f.rides.EventChanged, f.door.EventChanged, f.grants.EventChanged,
			f.webhooks.EventChanged)
	case fact.EventProposed:
		return f.campaigns.EventProposed(ctx, tx, x)
	case fact.ProgrammeChanged:
		return f.roles.ProgrammeChanged(ctx, tx, x)
	case fact.SignUpChanged:
		return tell(ctx, tx, x, f.door.SignUpChanged, f.roles.SignUpChanged, f.rides.SignUpChanged)
	case fact.SignUpCancelled:
		return tell(ctx, tx, x, f.door.SignUpCancelled, f.feedback.SignUpCancelled, f.roles.SignUpCancelled, f.rides.SignUpCancelled)
	case fact.SignUpsExpired:
		return f.roles.SignUpsExpired(ctx, tx, x)
	case fact.EventCopied:
		return tell(ctx, tx, x, f.attendance.EventCopied, f.campaigns.EventCopied)
	case fact.PlaceChanged:
		return f.attendance.PlaceChanged(ctx, tx, x)
	case fact.StatementPublished:
		return f.webhooks.StatementPublished(ctx, tx, x)
	case fact.GroupChanged:
		return tell(ctx, tx, x, f.webhooks.GroupChanged, f.coalitions.GroupChanged)
	case fact.CampaignShown:
		return tell(ctx, tx, x, f.statements.CampaignShown, f.ladders.CampaignShown)
	case fact.CampaignEnded:
		return f.ladders.CampaignEnded(ctx, tx, x)
	case fact.GroupSuspended:
		return tell(ctx, tx, x, f.events.GroupSuspended, f.campaigns.GroupSuspended, f.statements.GroupSuspended,
			f.petitions.GroupSuspended, f.pledges.GroupSuspended, f.coalitions.GroupSuspended, f.assemblies.GroupSuspended)
	case fact.MemberLeft:
		return tell(ctx, tx, x, f.grants.MemberLeft, f.coalitions.MemberLeft, f.tasks.MemberLeft, f.members.MemberLeft,
			f.assemblies.MemberLeft, f.polls.MemberLeft, f.ladders.MemberLeft, f.alerts.MemberLeft)
	case fact.PollDecided:
		return tell(ctx, tx, x, f.campaigns.Decided, f.coalitions.PollDecided, f.ladders.PollDecided)
	case fact.ProposalWithdrawn:
		return f.ladders.ProposalWithdrawn(ctx, tx, x)
	case fact.PetitionDelivered:
		return f.ladders.PetitionDelivered(ctx, tx, x)
	case fact.NotCarriedOut:
		return f.polls.NotCarriedOut(ctx, tx, x)
	case fact.GroupEnded:
		return tell(ctx, tx, x, f.events.GroupEnded, f.coalitions.GroupEnded)
	case fact.GroupCleared:
		return tell(ctx, tx, x, f.identity.GroupCleared, f.webhooks.GroupCleared, f.coalitions.GroupCleared, f.tasks.GroupCleared,
			f.members.GroupCleared, f.polls.GroupCleared, f.assemblies.GroupCleared, f.ladders.GroupCleared, f.alerts.GroupCleared)
	case fact.TaskGiven:
		return f.tasks.TaskGiven(ctx, tx, x)
	case fact.MandateEnded:
		return f.polls.MandateEnded(ctx, tx, x)
	case fact.PetitionAnswered:
		return f.ladders.PetitionAnswered(ctx, tx, x)
	case fact.PetitionSilent:
		return f.ladders.PetitionSilent(ctx, tx, x)
	case fact.TurnoutPublished:
		return f.ladders.TurnoutPublished(ctx, tx, x)
	case fact.DemandsStand:
		return f.ladders.DemandsStand(ctx, tx, x)
	case fact.PledgeReached, fact.PledgeMissed, fact.PetitionReached, fact.LadderMoved:
		return nil // pages say so; nobody else reacts
	case fact.AlertSent:
		return f.subscriptions.AlertSent(ctx, tx, x)
	case fact.CampaignDown:
		return f.down(ctx, tx, x.Campaign)
	case fact.CampaignBack:
		return f.down(ctx, tx, x.Campaign)
	}
	return fmt.Errorf("nobody knows the fact %T", what)
}

// tell brings a fact to its listeners, one after the other: each can undo all of it.
func tell[F any](ctx context.Context, tx *db.Tx, x F, to ...func(context.Context, *db.Tx, F) error) error {
	for _, listen := range to {
		if err := listen(ctx, tx, x); err != nil {
			return err
		}
	}
	return nil
}

// limiter sets the rates of each kind of action.
type limiter struct{ *ratelimit.Limiter }

// Allow implements the features' Limiter. Who cannot be told from others is not
// limited: it would shut everybody out together. Passphrases are long enough
// not to be guessed, and capacity is what a flood meets then.
func (l *limiter) Allow(bucket, subject string) (bool, time.Duration) {
	if subject == "" {
		return true, 0
	}
	rate := ratelimit.Rate{N: 20, Per: 10 * time.Minute} // signing in, links
	switch bucket {
	case "attend", "cast":
		rate = ratelimit.Rate{N: 3000, Per: 10 * time.Minute}
	case "door": // one door link, however many phones have it
		rate = ratelimit.Rate{N: 1200, Per: 10 * time.Minute}
	case "take": // steps of taking part, or looks with a code
		rate = ratelimit.Rate{N: 1200, Per: 10 * time.Minute}
	case "take-mail": // codes that were mailed for one corner of the network
		rate = ratelimit.Rate{N: 120, Per: 10 * time.Minute}
	case "take-address": // and to one address
		rate = ratelimit.Rate{N: 4, Per: 10 * time.Minute}
	case "live", "hand": // pages that follow an assembly, and hands that go up: a hall shares one corner
		rate = ratelimit.Rate{N: 12_000, Per: 10 * time.Minute}
	case "report": // of one corner of the network: a block of flats may share it
		rate = ratelimit.Rate{N: 60, Per: 10 * time.Minute}
	case "report-sender": // who writes reports by text message or mail
		rate = ratelimit.Rate{N: 10, Per: 10 * time.Minute}
	case "report-door": // all of one way together
		rate = ratelimit.Rate{N: 600, Per: 10 * time.Minute}
	case "report-answer": // to one of them
		rate = ratelimit.Rate{N: 6, Per: time.Hour}
	case "report-answers": // to all of one way: text messages cost, and senders can be forged
		rate = ratelimit.Rate{N: 600, Per: time.Hour}
	case "invitation-mail": // of one person: who is invited did not ask for it
		rate = ratelimit.Rate{N: 10, Per: 24 * time.Hour}
	case "copy": // records as one file
		rate = ratelimit.Rate{N: 60, Per: 10 * time.Minute}
	case "archive": // of one group
		rate = ratelimit.Rate{N: 6, Per: time.Hour}
	case "trustees": // what they paste
		rate = ratelimit.Rate{N: 120, Per: 10 * time.Minute}
	case "translate", "propose", "comment":
		rate = ratelimit.Rate{N: 300, Per: 10 * time.Minute}
	case "api":
		rate = ratelimit.Rate{N: 6000, Per: 10 * time.Minute}
	}
	return l.Limiter.Allow(bucket, subject, rate)
}

// invitations makes links for groups.
type invitations struct{ s *identity.Service }

func (i invitations) Invite(ctx context.Context, tx *db.Tx, g id.Group, role authz.Role, by id.Person, ttl time.Duration, key string) (string, error) {
	return i.s.Invite(ctx, tx, identity.InviteInput{Group: &g, Role: string(role), MadeBy: by, TTL: ttl, Secret: key})
}

func (i invitations) Open(ctx context.Context, tx *db.Tx, g id.Group) ([]groups.Invitation, error) {
	open, err := i.s.OpenInvitations(ctx, tx, g)
	out := make([]groups.Invitation, len(open))
	for k, o := range open {
		out[k] = groups.Invitation{ID: o.ID, Role: authz.Role(o.Role), Ends: o.Ends}
	}
	return out, err
}

func (i invitations) Revoke(ctx context.Context, tx *db.Tx, g id.Group, iid string, by id.Person) (bool, error) {
	return i.s.RevokeInvitation(ctx, tx, g, iid, by)
}

func (i invitations) RevokeBy(ctx context.Context, tx *db.Tx, g id.Group, maker id.Person) error {
	return i.s.RevokeInvitationsBy(ctx, tx, g, maker)
}

// eventGroups answers events about groups.
type eventGroups struct{ s *groups.Service }

func toEventGroup(b groups.Brief, err error) (events.Group, error) {
	return events.Group{
		ID: b.ID, Handle: b.Handle, Name: b.Name, Place: b.Place, Zone: b.Zone, Langs: b.Langs, Suspended: b.Suspended,
		Ended: b.Over(),
	}, err
}

func (g eventGroups) ByID(ctx context.Context, tx *db.Tx, gid id.Group) (events.Group, error) {
	return toEventGroup(g.s.ByID(ctx, tx, gid))
}

func (g eventGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (events.Group, error) {
	return toEventGroup(g.s.ByHandle(ctx, tx, h))
}

func (g eventGroups) Role(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person) (authz.Role, error) {
	return g.s.Acting(ctx, tx, gid, p)
}

// statementGroups answers statements about groups.
type statementGroups struct{ s *groups.Service }

func toStatementGroup(b groups.Brief, err error) (statements.Group, error) {
	return statements.Group{ID: b.ID, Handle: b.Handle, Name: b.Name, Zone: b.Zone, Langs: b.Langs, Suspended: b.Suspended, Ended: b.Over()}, err
}

func (g statementGroups) ByID(ctx context.Context, tx *db.Tx, gid id.Group) (statements.Group, error) {
	return toStatementGroup(g.s.ByID(ctx, tx, gid))
}

func (g statementGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (statements.Group, error) {
	return toStatementGroup(g.s.ByHandle(ctx, tx, h))
}

func (g statementGroups) Role(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person) (authz.Role, error) {
	return g.s.Acting(ctx, tx, gid, p)
}

// statementCampaigns answers statements about campaigns.
type statementCampaigns struct{ s *campaigns.Service }

func toStatementCampaign(c campaigns.Campaign, err error) (statements.Campaign, error) {
	return statements.Campaign{ID: c.ID, Handle: c.Handle, Title: c.Text.Title}, err
}

func (c statementCampaigns) ByHandle(ctx context.Context, tx *db.Tx, h string) (statements.Campaign, error) {
	return toStatementCampaign(c.s.ByHandle(ctx, tx, h))
}

func (c statementCampaigns) ByID(ctx context.Context, tx *db.Tx, cid id.Campaign) (statements.Campaign, error) {
	return toStatementCampaign(c.s.ByID(ctx, tx, cid))
}

func (c statementCampaigns) Owns(ctx context.Context, tx *db.Tx, cid id.Campaign, g id.Group) (bool, error) {
	return c.s.Owned(ctx, tx, cid, g)
}

// tally keeps turnout totals for events.
type tally struct{ s *turnout.Service }

func (t tally) Set(ctx context.Context, tx *db.Tx, e id.Event, was, now *events.Spot, es []events.Estimate) error {
	return t.s.Set(ctx, tx, e, (*turnout.Spot)(was), (*turnout.Spot)(now), toEstimates(es))
}

// SetNew implements events.BulkTally.
func (t tally) SetNew(ctx context.Context, tx *db.Tx, all []events.Arrival) error {
	fresh := make([]turnout.Fresh, len(all))
	for i, a := range all {
		fresh[i] = turnout.Fresh{Event: a.Event, Spot: (*turnout.Spot)(a.Spot), Estimates: toEstimates(a.Estimates)}
	}
	return t.s.SetNew(ctx, tx, fresh)
}

// toEstimates keeps the difference between none and nothing said.
func toEstimates(es []events.Estimate) []turnout.Estimate {
	if es == nil {
		return nil
	}
	out := make([]turnout.Estimate, len(es))
	for i, x := range es {
		out[i] = turnout.Estimate{
			Low: x.Low, High: x.High, Words: x.Words, Method: x.Method, SourceName: x.SourceName, SourceURL: x.SourceURL,
		}
	}
	return out
}

// briefs shows attendance pages what event they are about.
type briefs struct{ n *Node }

func (b briefs) Brief(c *web.Call, eid id.Event) (attendance.Brief, error) {
	it, e, err := b.n.eventsWeb.Brief(c, eid)
	return b.brief(c, it, e, err)
}

// Held implements attendance.Events.
func (b briefs) Held(c *web.Call, eid id.Event) (attendance.Brief, error) {
	it, e, err := b.n.eventsWeb.Held(c, eid)
	return b.brief(c, it, e, err)
}

// Edits implements attendance.Events.
func (b briefs) Edits(c *web.Call, eid id.Event) (attendance.Brief, error) {
	it, e, err := b.n.eventsWeb.Edits(c, eid)
	return b.brief(c, it, e, err)
}

func (briefs) brief(c *web.Call, it events.Item, e events.Event, err error) (attendance.Brief, error) {
	if err != nil {
		return attendance.Brief{}, err
	}
	return attendance.Brief{
		ID: e.ID, Title: it.Title, Start: it.Start, End: e.Local(e.End), Datetime: it.Datetime, ThisYear: it.ThisYear,
		Day: c.Locale.Date(it.Start), When: it.When, Where: it.Where, State: string(e.State), Was: it.Was,
	}, nil
}

// attendPanel is the part of an event's page about sign-ups. Organizers see first
// what was not moved with the event.
func (n *Node) attendPanel(c *web.Call, e *events.Event, can events.Can) (events.Fragment, error) {
	panel, err := n.attendWeb.Panel(c, e.ID, e.Local(e.End), can.SeeNumbers)
	if err != nil || !can.Edit || e.State == events.Cancelled {
		return panel, err
	}
	left, err := n.attendWeb.LeftPanel(c, e.ID, e.Start)
	return left + panel, err
}

// describer words an event for messages.
type describer struct{ n *Node }

func (d describer) Describe(ctx context.Context, eid id.Event, l *i18n.Locale) (attendance.NoticeData, error) {
	x, err := d.n.Events.Describe(ctx, eid, l)
	return attendance.NoticeData{
		Title: x.Title, When: x.When, Where: x.Where, WasWhen: x.WasWhen, WasWhere: x.WasWhere, Cancelled: x.Cancelled, Zone: x.Zone,
	}, err
}

// sources lists imports for the page that credits them.
func (n *Node) sources(ctx context.Context) ([]about.Source, error) {
	var out []about.Source
	err := n.DB.Read(ctx, func(tx *db.Tx) error {
		all, err := events.Sources(ctx, tx)
		out = nil
		for _, s := range all {
			out = append(out, about.Source{Name: s.Name, Credit: s.Credit, URL: s.URL, Sample: s.Sample, Imported: s.Imported})
		}
		return err
	})
	return out, err
}

// drawer lets two pictures be drawn at once: each needs some megabytes.
type drawer struct {
	*basemap.Archive
	slots chan struct{}
}

func newDrawer(a *basemap.Archive) *drawer { return &drawer{a, make(chan struct{}, 2)} }

// Draw implements events.Drawer.
func (d *drawer) Draw(ctx context.Context, w io.Writer, p basemap.Picture) error {
	select {
	case d.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-d.slots }()
	return d.Archive.Draw(ctx, w, p)
}

// pictures cleans and keeps uploads.
type pictures struct {
	store    media.Store
	norm     *media.Normalizer
	maxBytes int64
}

// Save implements events.Pictures.
func (p *pictures) Save(c *web.Call, field string) (string, error) {
	f, _, err := c.R.FormFile(field)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read upload: %w", err)
	}
	defer f.Close()
	return p.keep(c.Context(), f)
}

// keep cleans and stores a picture and returns its key.
func (p *pictures) keep(ctx context.Context, r io.Reader) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	pic, err := p.norm.Normalize(ctx, r, media.Limits{MaxBytes: p.maxBytes})
	if err != nil {
		return "", err
	}
	key := media.Key(pic.Data)
	return key, p.store.Put(ctx, key, pic.Data)
}

// Get implements events.Pictures.
func (p *pictures) Get(c *web.Call, key string) ([]byte, string, error) {
	b, err := p.store.Get(c.Context(), key)
	if err != nil {
		return nil, "", err
	}
	return b, pictureType(b), nil
}

// pictureType is that of a picture that was kept.
func pictureType(b []byte) string {
	if bytes.HasPrefix(b, []byte("\x89PNG")) {
		return "image/png"
	}
	return "image/jpeg"
}

// turnoutEvents tells turnout what event an estimate is for.
type turnoutEvents struct{ n *Node }

// About implements turnout.Events.
func (t turnoutEvents) About(ctx context.Context, tx *db.Tx, by authz.Actor, eid id.Event) (turnout.About, authz.Subject, error) {
	e, _, sub, err := t.n.Events.Get(ctx, tx, by, eid)
	if err != nil {
		return turnout.About{}, sub, err
	}
	return turnout.About{Event: eid, Title: e.Title, Campaign: e.Campaign, Spot: (*turnout.Spot)(e.Spot()), Start: e.Local(e.Start), End: e.Local(e.End)}, sub, nil
}
