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
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/feature/turnout"
	"convoke/internal/geo/basemap"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/media"
	"convoke/internal/ratelimit"
	"convoke/internal/web"
)

// facts brings what one feature says to those who listen, in its transaction.
type facts struct {
	attendance *attendance.Service
	events     *events.Service
}

// Emit implements the features' Facts.
func (f *facts) Emit(ctx context.Context, tx *db.Tx, what any) error {
	switch x := what.(type) {
	case fact.EventChanged:
		return f.attendance.EventChanged(ctx, tx, x)
	case fact.GroupSuspended:
		return f.events.GroupSuspended(ctx, tx, x)
	}
	return fmt.Errorf("nobody knows the fact %T", what)
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
	if bucket == "attend" {
		rate = ratelimit.Rate{N: 3000, Per: 10 * time.Minute}
	}
	return l.Limiter.Allow(bucket, subject, rate)
}

// invitations makes links for groups.
type invitations struct{ s *identity.Service }

func (i invitations) Invite(ctx context.Context, tx *db.Tx, g id.Group, role authz.Role, by id.Person, ttl time.Duration) (string, error) {
	return i.s.Invite(ctx, tx, identity.InviteInput{Group: &g, Role: string(role), MadeBy: by, TTL: ttl})
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
	}, err
}

func (g eventGroups) ByID(ctx context.Context, tx *db.Tx, gid id.Group) (events.Group, error) {
	return toEventGroup(g.s.ByID(ctx, tx, gid))
}

func (g eventGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (events.Group, error) {
	return toEventGroup(g.s.ByHandle(ctx, tx, h))
}

func (g eventGroups) Role(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person) (authz.Role, error) {
	return g.s.Role(ctx, tx, gid, p)
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
		out[i] = turnout.Estimate(x)
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

func (briefs) brief(c *web.Call, it events.Item, e events.Event, err error) (attendance.Brief, error) {
	if err != nil {
		return attendance.Brief{}, err
	}
	return attendance.Brief{
		ID: e.ID, Title: it.Title, Start: it.Start, Datetime: it.Datetime, ThisYear: it.ThisYear,
		Day: c.Locale.Date(it.Start), When: it.When, Where: it.Where, State: string(e.State),
	}, nil
}

// describer words an event for messages.
type describer struct{ n *Node }

func (d describer) Describe(ctx context.Context, eid id.Event, l *i18n.Locale) (attendance.NoticeData, error) {
	x, err := d.n.Events.Describe(ctx, eid, l)
	return attendance.NoticeData{
		Title: x.Title, When: x.When, Where: x.Where, WasWhen: x.WasWhen, WasWhere: x.WasWhere, Cancelled: x.Cancelled,
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
	ctx, cancel := context.WithTimeout(c.Context(), 20*time.Second)
	defer cancel()
	pic, err := p.norm.Normalize(ctx, f, media.Limits{MaxBytes: p.maxBytes})
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
	if bytes.HasPrefix(b, []byte("\x89PNG")) {
		return b, "image/png", nil
	}
	return b, "image/jpeg", nil
}

// turnoutEvents tells turnout what event an estimate is for.
type turnoutEvents struct{ n *Node }

// About implements turnout.Events.
func (t turnoutEvents) About(ctx context.Context, tx *db.Tx, by authz.Actor, eid id.Event) (turnout.About, authz.Subject, error) {
	e, _, sub, err := t.n.Events.Get(ctx, tx, by, eid)
	if err != nil {
		return turnout.About{}, sub, err
	}
	return turnout.About{Event: eid, Title: e.Title, Spot: (*turnout.Spot)(e.Spot()), Start: e.Local(e.Start)}, sub, nil
}
