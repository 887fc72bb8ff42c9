package alerts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"convoke/internal/cap"
	"convoke/internal/fact"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/web"
)

// capSender names this node in CAP messages: a name under its domain.
func capSender(c *web.Call) string {
	u, err := url.Parse(c.BaseURL())
	if err != nil || u.Hostname() == "" {
		return "alerts@localhost"
	}
	return "alerts@" + u.Hostname()
}

// capOf is an alert as a CAP 1.2 message, with one info a language.
func (w *Web) capOf(c *web.Call, n *Network, a *Alert, chain []Alert) *cap.Alert {
	out := &cap.Alert{
		Identifier: a.ID, Sender: capSender(c), Sent: local(a.Sent, n.Zone), Status: cap.StatusActual, MsgType: cap.MsgAlert, Scope: cap.ScopePublic, Source: n.Name,
	}
	if a.Drill {
		out.Status = cap.StatusExercise
	}
	if a.N > 1 {
		out.MsgType = cap.MsgUpdate
		if a.Kind == fact.AlertWithdraw {
			out.MsgType = cap.MsgCancel
		}
		for i := range chain {
			if chain[i].N < a.N {
				out.References = append(out.References, cap.Reference{Sender: out.Sender, Identifier: chain[i].ID, Sent: local(chain[i].Sent, n.Zone)})
			}
		}
	}
	for _, l := range w.locales(c) {
		out.Info = append(out.Info, w.capInfo(c, l, n, a))
	}
	return out
}

func (w *Web) capInfo(c *web.Call, l *i18n.Locale, n *Network, a *Alert) cap.Info {
	k, _ := categoryOf(a.Category)
	said := w.Said(l, n, &a.Message, a.Sent)
	info := cap.Info{
		Language: l.Tag(), Category: []cap.Category{cap.Category(k.CAP)}, Event: l.T(k.Name), Urgency: cap.UrgencyExpected, Severity: cap.SeverityModerate,
		Certainty: cap.CertaintyObserved, Effective: local(a.Sent, n.Zone), Onset: local(time.Unix(a.Seen, 0), n.Zone), Expires: local(a.Expires, n.Zone),
		SenderName: n.Name, Headline: said.Title, Web: c.BaseURL() + a.Path(),
	}
	if k.Life {
		info.Urgency, info.Severity = cap.UrgencyImmediate, cap.SeveritySevere
	}
	if a.Confidence == Likely {
		info.Certainty = cap.CertaintyLikely
	}
	if a.Kind == fact.AlertClear || a.Kind == fact.AlertWithdraw {
		info.Urgency, info.Severity, info.ResponseType = cap.UrgencyPast, cap.SeverityMinor, []cap.Response{cap.ResponseAllClear}
	}
	var about []string
	for i, p := range said.Parts {
		if i == 1 && len(said.Parts) == 5 {
			info.Instruction = p.Text
			continue
		}
		about = append(about, p.Text)
	}
	info.Description = strings.Join(about, "\n")
	area := cap.Area{Desc: w.where(l, &a.Message)}
	cells := a.cells()
	if a.Passed != nil {
		cells = append(cells, a.at()...)
	}
	for _, x := range cells {
		corners := x.Corners()
		area.Polygon = append(area.Polygon, append(cap.Polygon(corners[:]), corners[0]))
	}
	info.Area = []cap.Area{area}
	return info
}

func (w *Web) oneCAP(c *web.Call, n *Network, a *Alert, chain []Alert) error {
	b, err := w.capOf(c, n, a, chain).Marshal()
	if err != nil {
		return fmt.Errorf("write an alert as CAP: %w", err)
	}
	c.Header().Set("Access-Control-Allow-Origin", "*")
	return c.Write(200, cap.MediaType, b)
}

// capFeed is the list as an Atom feed whose entries link to CAP files, as agencies
// publish theirs.
func (w *Web) capFeed(c *web.Call) error { return w.feed(c, true) }

// atom is the list as an Atom feed for people who read feeds.
func (w *Web) atom(c *web.Call) error { return w.feed(c, false) }

func (w *Web) feed(c *web.Call, asCAP bool) error {
	return c.Cached([]string{"alerts", "site"}, pageTTL, func() error {
		f := c.NewForm()
		for _, k := range []string{"near", "cell", "category"} {
			f.Set(k, c.Query().Get(k))
		}
		q := w.query(f)
		if f.Failed() {
			return errQuery()
		}
		all, of, err := w.find(c, q)
		if err != nil {
			return err
		}
		base := c.BaseURL()
		out := cap.Feed{ID: base + "/alerts", Title: c.Locale.T("Alerts"), Author: base, Lang: c.Locale.Tag(), Self: base + c.R.URL.RequestURI(), Updated: time.Unix(0, 0).UTC()}
		for i := range all {
			a := &all[i]
			said := w.Said(c.Locale, of[a.Network], &a.Message, a.Sent)
			e := cap.Entry{ID: base + "/alerts/" + a.ID, Title: said.Title, Updated: a.Sent, Link: base + "/alerts/" + a.ID + ".cap", Page: base + a.Path()}
			var parts []string
			for _, p := range said.Parts {
				parts = append(parts, p.Label+": "+p.Text)
			}
			e.Summary = strings.Join(parts, "\n")
			if a.Sent.After(out.Updated) {
				out.Updated = a.Sent
			}
			out.Entries = append(out.Entries, e)
		}
		if !asCAP { // whose entries are ours: a program that passes them on would pass on what it can get at its source
			if err := w.addOfficial(c, q, &out); err != nil {
				return err
			}
		}
		b, err := out.Marshal()
		if err != nil {
			return fmt.Errorf("write a feed of alerts: %w", err)
		}
		return c.Write(200, "application/atom+xml; charset=utf-8", b)
	}, "near", "cell", "category")
}

// oneJSON is one alert with all by which it can be compared with the public record.
func (w *Web) oneJSON(c *web.Call, n *Network, a *Alert, chain []Alert) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(w.apiAlert(c, n, a)); err != nil {
		return fmt.Errorf("write an alert as JSON: %w", err)
	}
	c.Header().Set("Access-Control-Allow-Origin", "*")
	return c.Write(200, "application/json", b.Bytes())
}

// apiAlert is an alert in the JSON API.
type apiAlert struct {
	ID         string     `json:"id"`
	Chain      string     `json:"chain" doc:"The first alert of its chain."`
	N          int        `json:"n" doc:"In its chain, from 1."`
	Kind       string     `json:"kind" enum:"alert,update,correct,withdraw,clear"`
	Drill      bool       `json:"drill"`
	Network    string     `json:"network" doc:"Handle."`
	Category   string     `json:"category"`
	Passed     *apiOrigin `json:"passed,omitempty" doc:"Whose alert it passes on."`
	Basis      string     `json:"basis"`
	Confidence string     `json:"confidence"`
	Title      string     `json:"title"`
	Parts      []apiPart  `json:"parts" nullable:"false"`
	Cells      []apiCell  `json:"cells" nullable:"false"`
	Seen       time.Time  `json:"seen"`
	Sent       time.Time  `json:"sent"`
	Expires    time.Time  `json:"expires"`
	Over       bool       `json:"over"`
	URL        string     `json:"url"`
	CAP        string     `json:"cap"`
	Statement  string     `json:"statement" doc:"What the hash in the public record is of, behind the salt and a line break."`
	Salt       string     `json:"salt"`
	Text       string     `json:"text" doc:"That hash."`
}

// apiOrigin is where an alert comes from that a network passes on.
type apiOrigin struct {
	Chain   string `json:"chain"`
	Network string `json:"network" doc:"Name."`
}

type apiPart struct {
	Label string `json:"label"`
	Text  string `json:"text"`
}

type apiCell struct {
	Cell    string       `json:"cell"`
	Corners [][2]float64 `json:"corners" nullable:"false" doc:"Longitude and latitude."`
}

func (w *Web) apiAlert(c *web.Call, n *Network, a *Alert) apiAlert {
	said := w.Said(c.Locale, n, &a.Message, a.Sent)
	out := apiAlert{
		ID: a.ID, Chain: a.Chain, N: a.N, Kind: string(a.Kind), Drill: a.Drill, Network: n.Handle, Category: a.Category, Basis: string(a.Basis), Confidence: string(a.Confidence),
		Title: said.Title, Seen: time.Unix(a.Seen, 0).UTC(), Sent: a.Sent, Expires: a.Expires, Over: a.over(c.Now()), URL: c.BaseURL() + a.Path(),
		CAP: c.BaseURL() + "/alerts/" + a.ID + ".cap", Statement: a.Statement(n), Salt: a.Salt, Text: a.Hash, Parts: []apiPart{}, Cells: []apiCell{},
	}
	if a.Passed != nil {
		out.Passed = &apiOrigin{a.Passed.Chain, a.Passed.Network}
	}
	for _, p := range said.Parts {
		out.Parts = append(out.Parts, apiPart(p))
	}
	for _, x := range a.cells() {
		cell := apiCell{Cell: x.String()}
		for _, p := range x.Corners() {
			cell.Corners = append(cell.Corners, lonLat(p))
		}
		out.Cells = append(out.Cells, cell)
	}
	return out
}

func lonLat(p geo.Point) [2]float64 { return [2]float64{p.Lon, p.Lat} }
