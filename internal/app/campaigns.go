package app

import (
	"context"
	"html/template"
	"slices"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

// campaignGroups answers campaigns about groups.
type campaignGroups struct{ s *groups.Service }

func toCampaignGroup(b groups.Brief, err error) (campaigns.Group, error) {
	return campaigns.Group{ID: b.ID, Handle: b.Handle, Name: b.Name, Place: b.Place, Suspended: b.Suspended, Ended: b.Over()}, err
}

func (g campaignGroups) ByID(ctx context.Context, tx *db.Tx, gid id.Group) (campaigns.Group, error) {
	return toCampaignGroup(g.s.ByID(ctx, tx, gid))
}

func (g campaignGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (campaigns.Group, error) {
	return toCampaignGroup(g.s.ByHandle(ctx, tx, h))
}

func (g campaignGroups) ByIDs(ctx context.Context, tx *db.Tx, all []id.Group) (map[id.Group]campaigns.Group, error) {
	found, err := g.s.ByIDs(ctx, tx, all)
	out := make(map[id.Group]campaigns.Group, len(found))
	for _, b := range found {
		out[b.ID], _ = toCampaignGroup(b, nil)
	}
	return out, err
}

func (g campaignGroups) Organizes(ctx context.Context, tx *db.Tx, p id.Person) ([]campaigns.Group, error) {
	all, err := g.s.Organizes(ctx, tx, p)
	out := make([]campaigns.Group, len(all))
	for i, b := range all {
		out[i], _ = toCampaignGroup(b, nil)
	}
	return out, err
}

// eventCampaigns answers events about campaigns.
type eventCampaigns struct{ s *campaigns.Service }

func toTemplate(t campaigns.Template) events.Template {
	return events.Template{
		Version: t.Version, Title: t.Title, Kind: events.Kind(t.Kind), Description: t.Description, AccessNote: t.AccessNote,
		Bring: t.Bring,
	}
}

func (e eventCampaigns) brief(ctx context.Context, tx *db.Tx, c campaigns.Campaign, err error) (events.Campaign, error) {
	if err != nil {
		return events.Campaign{}, err
	}
	t, err := e.s.Template(ctx, tx, c.ID, c.Template)
	return events.Campaign{ID: c.ID, Handle: c.Handle, Title: c.Text.Title, Day: c.FirstDay(), Template: toTemplate(t)}, err
}

func (e eventCampaigns) ByHandle(ctx context.Context, tx *db.Tx, h string) (events.Campaign, error) {
	c, err := e.s.ByHandle(ctx, tx, h)
	return e.brief(ctx, tx, c, err)
}

func (e eventCampaigns) ByID(ctx context.Context, tx *db.Tx, cid id.Campaign) (events.Campaign, error) {
	c, err := e.s.ByID(ctx, tx, cid)
	return e.brief(ctx, tx, c, err)
}

func (e eventCampaigns) Template(ctx context.Context, tx *db.Tx, cid id.Campaign, version int) (events.Template, error) {
	t, err := e.s.Template(ctx, tx, cid, version)
	return toTemplate(t), err
}

// campaignEvents keeps a campaign's events.
type campaignEvents struct{ n *Node }

func (e campaignEvents) About(ctx context.Context, tx *db.Tx, by authz.Actor, eid id.Event) (campaigns.Event, error) {
	x, _, _, err := e.n.Events.Get(ctx, tx, by, eid)
	if err != nil {
		return campaigns.Event{}, err
	}
	return campaigns.Event{
		ID: x.ID, Group: x.Group, Title: x.Title, When: x.Local(x.Start), Where: x.Where.Label(), Over: x.Past(tx.Now()),
	}, nil
}

func (e campaignEvents) Join(ctx context.Context, tx *db.Tx, eid id.Event, c id.Campaign, t campaigns.Template) error {
	return e.n.Events.Join(ctx, tx, eid, c, toTemplate(t))
}

func (e campaignEvents) Leave(ctx context.Context, tx *db.Tx, eid id.Event) error {
	return e.n.Events.Leave(ctx, tx, eid)
}

func (e campaignEvents) Retell(ctx context.Context, tx *db.Tx, c id.Campaign, now campaigns.Template) error {
	return e.n.Events.Retell(ctx, tx, c, toTemplate(now))
}

func (e campaignEvents) CheckTemplate(t campaigns.Template) error {
	return e.n.Events.CheckTemplate(toTemplate(t))
}

// hosted is a host's proposal as an event's form.
func hosted(h campaigns.Host, c campaigns.Campaign, t campaigns.Template) events.Input {
	in := events.Input{
		Title: t.Title, Kind: events.Kind(t.Kind), Description: t.Description, AccessNote: t.AccessNote, State: events.Confirmed,
		StartDate: h.Day, StartTime: h.Start, EndTime: h.End, Near: h.Near, Place: h.Place, Lang: c.Text.Lang,
	}
	if in.Title == "" {
		in.Title = c.Text.Title
	}
	if in.Kind == "" {
		in.Kind = "other"
	}
	return in
}

// hostFields gives the fields of an event's form the names that they have in a
// host's.
func hostFields(err error) error {
	f := fault.Of(err)
	if f == nil || f.Kind != fault.KindInvalid {
		return err
	}
	names := map[string]string{"start_date": "day", "end_date": "day", "start_time": "start", "end_time": "end"}
	fields := slices.Clone(f.Fields)
	for i := range fields {
		if n, ok := names[fields[i].Name]; ok {
			fields[i].Name = n
		}
	}
	return fault.Invalid(fields...)
}

func (e campaignEvents) CheckHost(h campaigns.Host, c campaigns.Campaign, t campaigns.Template) error {
	return hostFields(e.n.Events.Check(hosted(h, c, t)))
}

func (e campaignEvents) Create(ctx context.Context, tx *db.Tx, g id.Group, key string, h campaigns.Host, c campaigns.Campaign, t campaigns.Template) (id.Event, error) {
	return e.n.Events.Hosted(ctx, tx, g, key, hosted(h, c, t))
}

// campaignPages shows a campaign's events on its page.
type campaignPages struct{ n *Node }

func (p campaignPages) Panel(c *web.Call, cid id.Campaign, handle string) (template.HTML, error) {
	news, err := p.n.statementsWeb.CampaignPanel(c, cid, handle)
	if err != nil {
		return "", err
	}
	asks, err := p.n.petitionsWeb.CampaignPanel(c, cid)
	if err != nil {
		return "", err
	}
	promises, err := p.n.pledgesWeb.CampaignPanel(c, cid)
	if err != nil {
		return "", err
	}
	decides, err := p.n.pollsWeb.CampaignPanel(c, cid)
	if err != nil {
		return "", err
	}
	shown, err := p.n.eventsWeb.CampaignPanel(c, cid, handle)
	if err != nil {
		return "", err
	}
	ladder, err := p.n.laddersWeb.CampaignPanel(c, handle)
	if err != nil {
		return "", err
	}
	told, err := p.n.laddersWeb.ToldPanel(c, cid)
	return ladder + told + news + asks + promises + decides + shown, err
}

func (p campaignPages) List(c *web.Call, cid id.Campaign, handle string) (template.HTML, error) {
	return p.n.eventsWeb.CampaignList(c, cid, handle)
}

func (p campaignPages) Places(ctx context.Context, tx *db.Tx, cid id.Campaign) ([]campaigns.Place, error) {
	all, err := p.n.Events.CampaignPlaces(ctx, tx, cid)
	out := make([]campaigns.Place, len(all))
	for i, x := range all {
		out[i] = campaigns.Place{Label: x.Label, Events: x.Events}
	}
	return out, err
}

func (p campaignPages) Going(ctx context.Context, tx *db.Tx, cid id.Campaign) (int, error) {
	return attendance.CampaignGoing(ctx, tx, cid)
}

func (p campaignPages) Kinds(l *i18n.Locale) []web.Choice { return events.KindChoices(l) }
