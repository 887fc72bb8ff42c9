package events

import (
	"html/template"
	"net/url"
	"strconv"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

// panelEvents is how many events a campaign's page lists.
const panelEvents = 10

type campaignPanelData struct {
	Map            mapView
	Upcoming, Past []Item
	All, Calendar  string // addresses
	More           bool
}

var (
	campaignPanel = web.NewPage[campaignPanelData](pages, "pages/campaign.html", "pages/parts.html")
	campaignList  = web.NewPage[campaignPanelData](pages, "pages/campaign_list.html", "pages/parts.html")
)

// CampaignPanel is the map and the next events of a campaign, on its page.
func (w *Web) CampaignPanel(c *web.Call, under id.Campaign, handle string) (template.HTML, error) {
	d, err := w.campaignData(c, under, handle, panelEvents)
	if err != nil {
		return "", err
	}
	q := Query{Campaign: handle, Under: under, All: true, Limit: mapLimit}
	all, err := w.Points(c.Context(), q)
	if err != nil {
		return "", err
	}
	if box, ok := boxOf(all); ok {
		d.Map = w.mapIn(c, &q, box)
	}
	if len(d.Upcoming) == 0 {
		q.Past, q.All, q.Limit = true, false, panelEvents
		r, err := w.search(c, q)
		if err != nil {
			return "", err
		}
		d.Past = w.items(c, r.Events, nil)
	}
	return campaignPanel.Fragment(c, d)
}

// CampaignList is the next events of a campaign, for pages of others.
func (w *Web) CampaignList(c *web.Call, under id.Campaign, handle string) (template.HTML, error) {
	d, err := w.campaignData(c, under, handle, pageSize)
	if err != nil {
		return "", err
	}
	return campaignList.Fragment(c, d)
}

func (w *Web) campaignData(c *web.Call, under id.Campaign, handle string, limit int) (campaignPanelData, error) {
	v := url.Values{"campaign": {handle}}
	d := campaignPanelData{All: withQuery("/events", v), Calendar: withQuery("/calendar", v)}
	r, err := w.search(c, Query{Campaign: handle, Under: under, Limit: limit})
	if err != nil {
		return d, err
	}
	d.Upcoming, d.More = w.items(c, r.Events, nil), r.More
	return d, nil
}

// formCampaign finds the campaign that the form's event belongs to or is to
// belong to, and fills a new form from what it says for all its events.
func (w *Web) formCampaign(c *web.Call, f *web.Form, d *editData) error {
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		if d.Event != nil {
			d.Campaign, err = w.campaignOf(c.Context(), tx, d.Event)
		} else if h := f.Line("campaign"); h != "" {
			d.Campaign, err = w.Campaigns.ByHandle(c.Context(), tx, h)
		}
		if fault.Is(err, fault.KindNotFound) {
			err = nil // it was there when the page was opened: the event is still worth having
		}
		return err
	})
	if err != nil || f.Raw("template") != "" || d.Campaign.Handle == "" {
		return err
	}
	t := d.Campaign.Template
	f.Set("template", strconv.Itoa(t.Version))
	if d.Event != nil {
		return nil
	}
	for name, v := range map[string]string{
		"title": t.Title, "kind": string(t.Kind), "description": t.Description, "access_note": t.AccessNote, "start_date": d.Campaign.Day,
	} {
		if v != "" {
			f.Set(name, v)
		}
	}
	return nil
}

// KindChoices are the kinds of events for a form.
func KindChoices(l *i18n.Locale) []web.Choice {
	out := make([]web.Choice, len(kinds))
	for i, k := range kinds {
		out[i] = web.Choice{Value: string(k.kind), Label: l.T(k.name)}
	}
	return out
}
