package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"convoke/internal/db"
	"convoke/internal/feature/about"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/feature/turnout"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/job"
	"convoke/internal/markdown"
	"convoke/internal/media"
	"convoke/internal/notify"
	"convoke/internal/ratelimit"
	"convoke/internal/web"
)

// wire makes every feature and mounts its pages. Features do not know each
// other; what one needs of another is given here.
func (n *Node) wire(ctx context.Context) error {
	limits := &limiter{ratelimit.New(n.Clock, nil)}
	facts := &facts{}
	n.Jobs = job.New(n.DB, n.Clock, n.Log)
	n.Identity = identity.New(identity.Deps{
		DB: n.DB, IDs: n.IDs, Log: n.Log, Locales: n.locales, Limit: limits,
		Client:      n.client,
		SiteChanged: func(name, language string) { n.setInfo(name, language) },
	})
	n.Groups = groups.New(groups.Deps{
		DB: n.DB, IDs: n.IDs, Places: n.Places, Fold: geo.Fold, Invitations: invitations{n.Identity}, Facts: facts,
		Audit: n.Identity.Audit,
	})
	n.Identity.Groups = n.Groups
	n.Turnout = turnout.New(turnout.Deps{DB: n.DB, IDs: n.IDs, Events: turnoutEvents{n}})
	n.Events = events.New(events.Deps{
		DB: n.DB, IDs: n.IDs, Facts: facts, Groups: eventGroups{n.Groups}, Places: n.Places, Tally: tally{n.Turnout},
		Render: func(s string) (string, error) { h, err := markdown.Render(s); return string(h), err },
		Plain:  markdown.Plain,
	})
	notices, mail, err := n.notices()
	if err != nil {
		return err
	}
	n.Attendance = attendance.New(attendance.Deps{DB: n.DB, Vault: n.Vault, Entropy: rand.Reader, Notices: notices})
	facts.attendance, facts.events = n.Attendance, n.Events
	n.pages(limits, mail)
	n.schedules()
	return n.mount(ctx)
}

// client names the corner of the network that a request comes from, coarsely,
// or "" when that is not known: over an onion service, or behind a web server
// on this machine that is not trusted to say.
func (n *Node) client(r *http.Request) string {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !addr.Addr().IsLoopback() {
		return ratelimit.Prefix(r.RemoteAddr)
	}
	if !n.Config.TrustedProxy {
		return ""
	}
	// The last entry is what the web server on this machine saw.
	list := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
	last := strings.TrimSpace(list[len(list)-1])
	if _, err := netip.ParseAddr(last); err != nil {
		return ""
	}
	return ratelimit.Prefix(net.JoinHostPort(last, "0"))
}

// notices sends mail where the operator has set up a server.
func (n *Node) notices() (attendance.Notices, bool, error) {
	if n.Config.SMTPURL == "" {
		return attendance.NoNotices{}, false, nil
	}
	s, err := notify.NewSMTP(notify.SMTPOptions{URL: n.Config.SMTPURL, From: n.Config.MailFrom, Clock: n.Clock})
	if err != nil {
		return nil, false, err
	}
	return attendance.NewNotices(attendance.NoticeDeps{
		DB: n.DB, Vault: n.Vault, Jobs: n.Jobs, Bundle: n.locales, Sender: s, Describe: describer{n}, BaseURL: n.Config.BaseURL,
	}), true, nil
}

func (n *Node) pages(limits *limiter, mail bool) {
	n.attendWeb = &attendance.Web{
		Service: n.Attendance, Events: briefs{n}, Limiter: limits, Mail: mail,
		Client: func(c *web.Call) string { return n.client(c.R) },
	}
	n.turnoutWeb = &turnout.Web{Service: n.Turnout}
	n.eventsWeb = &events.Web{
		Service: n.Events, Map: newDrawer(n.basemap),
		Pictures: &pictures{store: n.blobs, norm: media.NewNormalizer(1), maxBytes: int64(n.Config.MaxUploadMiB) << 20},
		Attend: func(c *web.Call, e *events.Event, can events.Can) (events.Fragment, error) {
			return n.attendWeb.Panel(c, e.ID, e.End, can.SeeNumbers)
		},
		Turnout: func(c *web.Call, e *events.Event, can events.Can) (events.Fragment, error) {
			return n.turnoutWeb.Panel(c, e.ID, can.Edit)
		},
	}
	n.Groups.Panels = []groups.Panel{n.eventsWeb.GroupPanel}
	n.aboutWeb = &about.Web{
		Sources: n.sources, Mail: mail, Onion: n.Config.Onion,
		Credits: []string{geo.Credit, n.basemap.Credit()},
	}
}

// schedules are the jobs that nobody asks for.
func (n *Node) schedules() {
	n.Jobs.Every("expire sign-ups", time.Hour, n.Attendance.Expire)
	n.Jobs.Every("move up the waiting lists", time.Minute, n.Attendance.PromoteAll)
	n.Jobs.Every("forget failed messages", time.Hour, func(ctx context.Context) error {
		before := n.Clock.Now().AddDate(0, 0, -7)
		return errors.Join(n.Jobs.DropFailed(ctx, "attendance.tell", before), n.Jobs.DropFailed(ctx, "attendance.tell_all", before))
	})
	n.Jobs.Every("expire sessions and invitations", time.Hour, n.Identity.Expire)
}

func (n *Node) mount(ctx context.Context) error {
	base, err := n.baseURL()
	if err != nil {
		return err
	}
	n.metrics = newMetrics(n)
	n.Site, err = web.New(web.Options{
		BaseURL: base, Listen: n.Config.Listen, Hosts: n.Config.Hosts, Onion: n.Config.Onion, Dev: n.Config.Dev,
		Clock: n.Clock, IDs: n.IDs, Log: n.Log, Locales: n.locales, Observe: n.metrics.observe,
		MaxUpload: int64(n.Config.MaxUploadMiB) << 20,
	}, n.Identity)
	if err != nil {
		return err
	}
	n.DB.OnTouch(func(tags []string) {
		n.Site.Cache().Touch(tags)
		n.noteTouched(tags)
	})
	n.Site.Nav("/events", i18n.Mark("Events"))
	n.Site.Nav("/calendar", i18n.Mark("Calendar"))
	n.Site.Nav("/groups", i18n.Mark("Groups"))
	n.Site.Nav("/turnout", i18n.Mark("Turnout"))
	n.Identity.Mount(n.Site)
	n.Groups.Mount(n.Site)
	n.eventsWeb.Mount(n.Site)
	n.attendWeb.Mount(n.Site)
	n.turnoutWeb.Mount(n.Site)
	n.aboutWeb.Mount(n.Site)
	n.Site.Handle("GET /map/tiles/{z}/{x}/{y}", func(c *web.Call) error { return n.basemap.Serve(c.W, c.R) })
	n.Site.Handle("GET /healthz", n.healthz)
	n.Site.Handle("GET /readyz", n.readyz)
	return n.loadInfo(ctx)
}

// loadInfo reads what every page shows: the node's name, its language, and
// whether sample data is on show.
func (n *Node) loadInfo(ctx context.Context) error {
	name, language, err := n.Identity.Site(ctx)
	if err != nil {
		return fmt.Errorf("read the node's name: %w", err)
	}
	i := web.Info{Name: name, Language: language}
	if i.Name == "" {
		i.Name = "Convoke"
	}
	if i.Language == "" {
		i.Language = n.Config.Language
	}
	err = n.DB.Read(ctx, func(tx *db.Tx) error {
		var k int
		if err := tx.Get(ctx, "select count(*) from source where sample", nil, &k); err != nil {
			return err
		}
		i.Sample = k > 0
		return nil
	})
	if err != nil {
		return err
	}
	if i != n.Site.Info() {
		n.Site.SetInfo(i)
	}
	return nil
}

func (n *Node) setInfo(name, language string) {
	i := n.Site.Info()
	i.Name, i.Language = name, language
	n.Site.SetInfo(i)
}
