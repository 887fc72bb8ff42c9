package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/alerts"
	"convoke/internal/feature/alerts/official"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/fetch"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/media"
	"convoke/internal/notify"
	"convoke/internal/web"
)

// newAlerts makes the feature of alerts.
func (n *Node) newAlerts(f *facts, sender notify.Sender) error {
	for _, code := range n.Config.AlertKinds {
		if !slices.ContainsFunc(alerts.Categories(), func(c alerts.Category) bool { return c.Code == code }) {
			return fmt.Errorf("alert_categories: there is no category %q", code)
		}
	}
	var post *alerts.Post
	if sender != nil {
		post = &alerts.Post{Addresses: n.Identity, Sender: sender}
	}
	replies, err := n.replies(sender)
	if err != nil {
		return err
	}
	n.Alerts = alerts.New(alerts.Deps{
		DB: n.DB, IDs: n.IDs, Entropy: rand.Reader, Vault: n.Vault, Groups: alertGroups{n.Groups}, Places: n.Places, Locales: n.locales, Record: n.Record, Facts: f,
		Nearest: func(p geo.Point) (string, float64) {
			at, km := n.Places.Nearest(p)
			return at.Label(), km
		},
		Audit: n.audited, Jobs: n.Jobs, Post: post, Replies: replies, BaseURL: strings.TrimSuffix(n.Config.BaseURL, "/"), Allowed: n.Config.AlertKinds, Official: n.newOfficial(),
	})
	f.alerts = n.Alerts
	return nil
}

// newOfficial makes the reader of the feeds that the operator named.
func (n *Node) newOfficial() *official.Reader {
	d := official.Deps{DB: n.DB, IDs: n.IDs, From: fetch.New(nil), Log: n.Log}
	for _, f := range n.Config.CAPFeeds {
		d.Feeds = append(d.Feeds, official.Feed{Address: f.Address, Name: f.Name})
	}
	return official.New(d)
}

func (n *Node) alertPages(limits *limiter) {
	n.alertsWeb = &alerts.Web{
		Service: n.Alerts, Limiter: limits, Pictures: freshPictures{n.pictures}, Map: n.eventsWeb.Map, Client: func(c *web.Call) string { return n.client(c.R) }, Subscribe: "/alerts/subscribe",
	}
}

func (n *Node) scheduleAlerts() {
	n.Jobs.Every("call verifiers", time.Minute, n.Alerts.Call)
	n.Jobs.Every("catch up with neighbours", time.Minute, n.Alerts.CatchUp)
	n.Jobs.Every("forget reports and alerts", 10*time.Minute, n.Alerts.Expire)
	n.Jobs.Every("read official warnings", 5*time.Minute, n.Alerts.Official.Refresh, job.Timeout(official.Timeout))
}

// alertGroups answers alerts about groups.
type alertGroups struct{ s *groups.Service }

func toAlertGroup(b groups.Brief) alerts.Group {
	return alerts.Group{ID: b.ID, Handle: b.Handle, Name: b.Name, Place: b.Place, Zone: b.Zone, Suspended: b.Suspended, Ended: b.Over()}
}

// ByID implements alerts.Groups.
func (g alertGroups) ByID(ctx context.Context, tx *db.Tx, gid id.Group) (alerts.Group, error) {
	b, err := g.s.ByID(ctx, tx, gid)
	return toAlertGroup(b), err
}

// ByHandle implements alerts.Groups.
func (g alertGroups) ByHandle(ctx context.Context, tx *db.Tx, handle string) (alerts.Group, error) {
	b, err := g.s.ByHandle(ctx, tx, handle)
	return toAlertGroup(b), err
}

// Role implements alerts.Groups.
func (g alertGroups) Role(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person) (authz.Role, error) {
	return g.s.Role(ctx, tx, gid, p)
}

// MemberOf implements alerts.Groups.
func (g alertGroups) MemberOf(ctx context.Context, tx *db.Tx, p id.Person, role authz.Role) (out []alerts.Group, err error) {
	all, err := g.s.MemberOf(ctx, tx, p, role)
	for _, b := range all {
		out = append(out, toAlertGroup(b))
	}
	return out, err
}

// Member implements alerts.Groups.
func (g alertGroups) Member(ctx context.Context, tx *db.Tx, gid id.Group, handle string) (id.Person, error) {
	return g.s.Member(ctx, tx, gid, handle)
}

// Chain implements alerts.Groups.
func (g alertGroups) Chain(ctx context.Context, tx *db.Tx, p id.Person) (out []alerts.Link, err error) {
	all, err := g.s.Chain(ctx, tx, p)
	for _, l := range all {
		out = append(out, alerts.Link(l))
	}
	return out, err
}

// freshPictures makes pictures afresh without keeping them.
type freshPictures struct{ p *pictures }

// Fresh implements alerts.Pictures.
func (f freshPictures) Fresh(c *web.Call, field string) ([]byte, error) {
	file, _, err := c.R.FormFile(field)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	defer file.Close()
	ctx, cancel := context.WithTimeout(c.Context(), 20*time.Second)
	defer cancel()
	pic, err := f.p.norm.Normalize(ctx, file, media.Limits{MaxBytes: f.p.maxBytes, MaxWidth: 1280})
	if err != nil {
		return nil, media.Fault(field, err)
	}
	return pic.Data, nil
}

// Small implements alerts.Pictures.
func (f freshPictures) Small(c *web.Call, pic []byte) ([]byte, error) {
	small, err := f.p.norm.Normalize(c.Context(), bytes.NewReader(pic), media.Limits{MaxWidth: 640})
	return small.Data, err
}

// heldAlerts is what alert networks hold about a person, table by table.
func (n *Node) heldAlerts(ctx context.Context, tx *db.Tx, p id.Person) (out []identity.Held, err error) {
	network := identity.Column{Name: "network", Label: i18n.Mark("Network")}
	out = []identity.Held{
		{
			Table: "alert_verifier", Title: i18n.Mark("Networks for which you verify"), Columns: []identity.Column{network, {Name: "group", Label: i18n.Mark("Group")}},
			Note: i18n.Mark("With the link of the subscription through which you are called, sealed, if you chose one."),
		},
		{
			Table: "alert_shift", Title: i18n.Mark("When you are on call"),
			Columns: []identity.Column{network, {Name: "starts", Label: i18n.Mark("From")}, {Name: "ends", Label: i18n.Mark("Until")}}, Note: i18n.Mark("Kept until a day after."),
		},
		{
			Table: "alert_case", Title: i18n.Mark("Reports that you are checking"), Columns: []identity.Column{network, {Name: "case", Label: i18n.Mark("Report")}},
			Note: i18n.Mark("Kept for at most a day."),
		},
		{
			Table: "alert_draft", Title: i18n.Mark("Alerts that you proposed and nobody has sent yet"), Columns: []identity.Column{network, {Name: "case", Label: i18n.Mark("Report")}},
			Note: i18n.Mark("Kept for at most two hours."),
		},
		{
			Table: "alert_note", Title: i18n.Mark("Notes that you wrote for other verifiers"), Columns: []identity.Column{network, {Name: "case", Label: i18n.Mark("Report")}},
			Note: i18n.Mark("Their text is sealed. Kept for at most a day."),
		},
		{
			Table: "alert_neighbour", Title: i18n.Mark("Networks that you named as neighbours"), Columns: []identity.Column{network, {Name: "neighbour", Label: i18n.Mark("Neighbour")}},
			Note: i18n.Mark("Kept as long as they are neighbours: you do not also pass on what they say."),
		},
	}
	all, err := n.Alerts.HeldOf(ctx, tx, p)
	for _, x := range all {
		for i := range out {
			if out[i].Table == x.Table {
				out[i].Rows = append(out[i].Rows, x.Row)
			}
		}
	}
	return out, err
}
