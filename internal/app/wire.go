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

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/about"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/door"
	"convoke/internal/feature/events"
	"convoke/internal/feature/feedback"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/feature/rides"
	"convoke/internal/feature/statements"
	"convoke/internal/feature/translate"
	"convoke/internal/feature/turnout"
	"convoke/internal/feature/webhooks"
	"convoke/internal/fetch"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/ical"
	"convoke/internal/job"
	"convoke/internal/markdown"
	"convoke/internal/media"
	"convoke/internal/notify"
	"convoke/internal/print"
	"convoke/internal/ratelimit"
	"convoke/internal/web"
)

// wire makes every feature and mounts its pages. Features do not know each
// other; what one needs of another is given here.
func (n *Node) wire(ctx context.Context) error {
	limits := &limiter{ratelimit.New(n.Clock, nil)}
	facts := &facts{}
	n.Jobs = job.New(n.DB, n.Clock, n.Log)
	sender, err := n.sender()
	if err != nil {
		return err
	}
	n.mailer = sender
	n.Boxes.NoMail = sender == nil
	n.Identity = identity.New(identity.Deps{
		Vault: n.Vault, Jobs: n.Jobs, Mail: n.signInMail(sender),
		DB: n.DB, IDs: n.IDs, Log: n.Log, Locales: n.locales, Limit: limits,
		Client:      n.client,
		SiteChanged: func(name, language string) { n.setInfo(name, language) },
	})
	n.Groups = groups.New(groups.Deps{
		DB: n.DB, IDs: n.IDs, Places: n.Places, Fold: geo.Fold, Invitations: invitations{n.Identity}, Facts: facts,
		Audit: n.Identity.Audit, Prove: n.Identity.Prove, Vault: n.Vault, BaseURL: strings.TrimSuffix(n.Config.BaseURL, "/"),
	})
	if sender != nil {
		n.Groups.Letters = n.Identity
	}
	n.Identity.Groups, n.Identity.Elsewhere = identityGroups{n.Groups, n}, n.heldElsewhere
	n.Turnout = turnout.New(turnout.Deps{DB: n.DB, IDs: n.IDs, Events: turnoutEvents{n}})
	n.Events = events.New(events.Deps{
		DB: n.DB, IDs: n.IDs, Facts: facts, Groups: eventGroups{n.Groups}, Places: n.Places, Tally: tally{n.Turnout},
		Render: func(s string) (string, error) { h, err := markdown.Render(s); return string(h), err },
		Plain:  markdown.Plain, Vault: n.Vault,
	})
	n.Campaigns = campaigns.New(campaigns.Deps{
		DB: n.DB, IDs: n.IDs, Groups: campaignGroups{n.Groups}, Events: campaignEvents{n}, Vault: n.Vault, Audit: n.audited,
		Facts: facts,
	})
	n.Events.Campaigns, n.Groups.Export = eventCampaigns{n.Campaigns}, n.archiveExport(limits)
	n.Statements = statements.New(statements.Deps{
		DB: n.DB, IDs: n.IDs, Groups: statementGroups{n.Groups}, Campaigns: statementCampaigns{n.Campaigns}, Facts: facts,
	})
	notices, mail := n.notices(sender), sender != nil
	n.Attendance = attendance.New(attendance.Deps{DB: n.DB, Vault: n.Vault, Entropy: rand.Reader, Notices: notices, Facts: facts})
	n.Door = door.New(door.Deps{DB: n.DB, SignUps: doorSignUps{n.Attendance}, Hidden: n.Events.Suspended})
	n.Feedback = feedback.New(feedback.Deps{
		DB: n.DB, IDs: n.IDs, Entropy: rand.Reader, SignUps: feedbackSignUps{n.Attendance}, Keys: eventKeys{n.Vault},
	})
	n.Roles = n.newRoles(notices)
	n.newGrants()
	n.Events.Attached = n.attached()
	n.Rides = rides.New(rides.Deps{
		DB: n.DB, IDs: n.IDs, Entropy: rand.Reader, Keys: rideKeys{n.Vault}, Holders: rideHolders{n.Attendance}, Places: n.Places,
	})
	n.Webhooks = webhooks.New(webhooks.Deps{
		DB: n.DB, IDs: n.IDs, Jobs: n.Jobs, Groups: webhookGroups{n.Groups}, Sender: fetch.New(nil), Keys: apiKeys{n.Vault},
		BaseURL: strings.TrimSuffix(n.Config.BaseURL, "/"),
	})
	n.newPetitions(facts, sender)
	n.Translate = translate.New(translate.Deps{DB: n.DB, Locales: n.locales, Reloaded: func() { n.Site.Reloaded() }})
	facts.identity, facts.webhooks = n.Identity, n.Webhooks
	facts.attendance, facts.events = n.Attendance, n.Events
	facts.door, facts.feedback = n.Door, n.Feedback
	facts.grants = n.Grants
	facts.rides = n.Rides
	facts.campaigns, facts.statements = n.Campaigns, n.Statements
	facts.roles = n.Roles
	facts.petitions = n.Petitions
	n.Pledges = n.newPledges(facts, sender)
	n.Coalitions = n.newCoalitions(facts)
	n.newMembers(facts, sender)
	n.Polls = n.newPolls(facts)
	n.newTrustees()
	n.together()
	n.newAssemblies(facts)
	n.newLadders(facts, sender)
	if err := n.newAlerts(facts, sender); err != nil {
		return err
	}
	if err := n.newSubscriptions(ctx, facts, sender); err != nil {
		return err
	}
	n.newMailings(sender)
	n.listenToBoxes()
	press := print.New(n.locales)
	n.pages(limits, mail, press)
	n.schedules()
	return n.mount(ctx, limits)
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
func (n *Node) notices(sender notify.Sender) attendance.Notices {
	if sender == nil {
		return attendance.NoNotices{}
	}
	return attendance.NewNotices(attendance.NoticeDeps{
		DB: n.DB, Vault: n.Vault, Jobs: n.Jobs, Bundle: n.locales, Sender: sender, Describe: describer{n}, BaseURL: n.Config.BaseURL,
		Named: n.named,
	})
}

func (n *Node) pages(limits *limiter, mail bool, press *print.Press) {
	n.attendWeb = &attendance.Web{
		Service: n.Attendance, Events: briefs{n}, Limiter: limits, Mail: mail,
		Client: func(c *web.Call) string { return n.client(c.R) },
		Named:  n.named, Legal: n.Events.LegalHelp,
		Panels: []attendance.HeldPanel{n.exactPanel, n.heldRide}, Places: heldPlaces{n},
	}
	n.ridesWeb = &rides.Web{Service: n.Rides, Events: rideEvents{n}}
	n.turnoutWeb = &turnout.Web{Service: n.Turnout}
	n.atTheDoor(limits)
	n.pictures = &pictures{store: n.blobs, norm: media.NewNormalizer(1), maxBytes: int64(n.Config.MaxUploadMiB) << 20}
	n.campaignsWeb = &campaigns.Web{
		Service: n.Campaigns, Pictures: n.pictures, Shown: campaignPages{n}, Limiter: limits, Print: press,
		Client: func(c *web.Call) string { return n.client(c.R) },
	}
	n.statementsWeb = &statements.Web{Service: n.Statements, Pictures: n.pictures}
	n.petitionPages(limits, press)
	n.eventsWeb = &events.Web{
		Service: n.Events, Map: newDrawer(n.basemap),
		Pictures: n.pictures, Print: press,
		Attend: n.attendPanel,
		Panels: []events.Panel{
			func(c *web.Call, e *events.Event, _ events.Can) (events.Fragment, error) {
				return n.Groups.EndedPanel(c, e.Group)
			},
			n.ridePanel,
			func(c *web.Call, e *events.Event, can events.Can) (events.Fragment, error) {
				return n.turnoutWeb.Panel(c, e.ID, can.Edit)
			},
			func(c *web.Call, e *events.Event, can events.Can) (events.Fragment, error) {
				return n.doorWeb.Panel(c, e.ID, e.Local(e.End), can.Edit)
			},
		},
		Tools: []events.Tool{
			{Path: "/repeat", Text: i18n.Mark("Repeat"), Needs: authz.CreateEvent},
			{Path: "/timeslots", Text: i18n.Mark("Times to choose from")},
			{Path: "/place", Text: i18n.Mark("Exact place")},
			{Path: "/messages", Text: i18n.Mark("Messages"), Public: true},
			{Path: "/doors", Text: i18n.Mark("At the door"), Public: true},
			{Path: "/feedback", Text: i18n.Mark("Feedback"), Public: true},
			{Path: "/roles", Text: i18n.Mark("Roles"), Public: true, Needs: authz.CreateEvent},
			{Path: "/people", Text: i18n.Mark("Who helps"), Needs: authz.MakeManager},
			{Path: "/roster", Text: i18n.Mark("Sign-ups"), Needs: authz.SeeRoster},
			{Path: "/rides", Text: i18n.Mark("Rides"), Public: true},
		},
	}
	n.rolePages()
	n.Groups.Panels = []groups.Panel{n.eventsWeb.GroupPanel, n.campaignsWeb.GroupPanel, n.petitionsWeb.GroupPanel, n.statementsWeb.GroupPanel}
	n.pledgePages(limits)
	n.coalitionPages()
	n.memberPages()
	n.pollPages(limits)
	n.trusteePages(limits)
	n.assemblyPages(limits)
	n.ladderPages(limits)
	n.alertPages(limits)
	n.subscriptionPages(limits)
	n.mailingPages(limits)
	n.reportDoors(limits)
	n.aboutWeb = &about.Web{
		Sources: n.sources, Mail: mail, Onion: n.Config.Onion,
		Credits: []string{geo.Credit, n.basemap.Credit(), ical.Credit},
	}
}

// schedules are the jobs that nobody asks for.
func (n *Node) schedules() {
	n.Jobs.Every("expire sign-ups", time.Hour, n.Attendance.Expire)
	n.Jobs.Every("expire what doors counted one by one", time.Hour, n.Door.Expire)
	n.Jobs.Every("erase exact places", time.Hour, n.Events.ExpireExact)
	n.Jobs.Every("expire rides", time.Hour, n.Rides.Expire)
	n.Jobs.Every("move up the waiting lists", time.Minute, n.Attendance.PromoteAll)
	n.Jobs.Every("remind those who signed up", 5*time.Minute, n.Attendance.Remind)
	n.Jobs.Every("forget failed messages", time.Hour, func(ctx context.Context) error {
		before := n.Clock.Now().AddDate(0, 0, -7)
		var errs []error
		for _, kind := range messageKinds() {
			errs = append(errs, n.Jobs.DropFailed(ctx, kind, before))
		}
		return errors.Join(errs...)
	})
	n.Jobs.Every("expire sessions and invitations", time.Hour, n.Identity.Expire)
	n.Jobs.Every("expire requests to join and announcements", time.Hour, n.Groups.Expire)
	n.Jobs.Every("expire what was granted for events", time.Hour, n.Grants.Expire)
	n.Jobs.Every("add dates to series", time.Hour, n.Events.Roll)
	n.Jobs.Every("forget imports that can no longer be undone", time.Hour, n.Events.ExpireRuns)
	n.Jobs.Every("expire proposals", time.Hour, n.Campaigns.Expire)
	n.Jobs.Every("expire tokens", time.Hour, n.Identity.ExpireTokens)
	n.Jobs.Every("expire proposed translations", 24*time.Hour, n.Translate.Expire)
	n.Jobs.Every("forget what was sent to webhooks", time.Hour, n.Webhooks.Expire)
	n.Jobs.Every("expire what is personal of petitions", time.Hour, n.Petitions.Expire)
	n.scheduleRecord()
	n.schedulePledges()
	n.scheduleCoalitions()
	n.scheduleMembers()
	n.schedulePolls()
	n.Jobs.Every("delete keys of trustees without a poll", time.Hour, n.Trustees.Expire)
	n.Jobs.Every("close assemblies and erase who spoke", 15*time.Minute, n.Assemblies.Expire)
	n.scheduleLadders()
	n.scheduleAlerts()
	n.scheduleSubscriptions()
	n.scheduleMail()
}

func (n *Node) mount(ctx context.Context, limits *limiter) error {
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
		n.assembliesWeb.Touched(tags) // whose pages ask again, when the cache has forgotten
		n.noteTouched(tags)
	})
	n.Site.Nav("/events", i18n.Mark("Events"))
	n.Site.Nav("/calendar", i18n.Mark("Calendar"))
	n.Site.Nav("/campaigns", i18n.Mark("Campaigns"))
	n.Site.Nav("/petitions", i18n.Mark("Petitions"))
	n.Site.Nav("/alerts", i18n.Mark("Alerts"))
	n.Site.Nav("/groups", i18n.Mark("Groups"))
	n.Site.Nav("/turnout", i18n.Mark("Turnout"))
	n.Identity.Mount(n.Site)
	n.Groups.Mount(n.Site)
	n.eventsWeb.Mount(n.Site)
	n.attendWeb.Mount(n.Site)
	n.grantsWeb.Mount(n.Site)
	n.turnoutWeb.Mount(n.Site)
	n.doorWeb.Mount(n.Site)
	n.feedbackWeb.Mount(n.Site)
	n.rolesWeb.Mount(n.Site)
	n.ridesWeb.Mount(n.Site)
	n.campaignsWeb.Mount(n.Site)
	n.statementsWeb.Mount(n.Site)
	n.petitionsWeb.Mount(n.Site)
	n.pledgesWeb.Mount(n.Site)
	n.coalitionsWeb.Mount(n.Site)
	n.tasksWeb.Mount(n.Site)
	n.membersWeb.Mount(n.Site)
	n.pollsWeb.Mount(n.Site)
	n.trusteesWeb.Mount(n.Site)
	n.assembliesWeb.Mount(n.Site)
	n.laddersWeb.Mount(n.Site)
	n.alertsWeb.Mount(n.Site)
	n.subscriptionsWeb.Mount(n.Site)
	n.mailingsWeb.Mount(n.Site)
	n.aboutWeb.Mount(n.Site)
	n.Identity.MountTokens(n.Site)
	n.Webhooks.Mount(n.Site)
	(&translate.Web{Service: n.Translate, Limiter: limits, Client: func(c *web.Call) string { return n.client(c.R) }}).Mount(n.Site)
	n.mountRecord(limits)
	n.mountAPI(limits)
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
