package assemblies

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/ical"
	"convoke/internal/id"
	"convoke/internal/markdown"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Limiter slows a flood.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retryAfter time.Duration)
}

// Web is the feature's pages.
type Web struct {
	*Service
	Limiter Limiter
	// Client names the corner of the network that a request comes from, or "".
	Client func(c *web.Call) string
	Hub    *Hub

	kept memo
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /assemblies", w.list)
	site.Handle("GET /assemblies.json", w.listJSON)
	site.Handle("GET /assemblies/new", w.newForm)
	site.Handle("POST /assemblies/new", w.create)
	site.Handle("GET /assemblies/{id}", w.show)
	site.Handle("GET /assemblies/{id}/edit", w.editForm)
	site.Handle("POST /assemblies/{id}/edit", w.save)
	site.Handle("GET /assemblies/{id}/call", w.callForm)
	site.Handle("POST /assemblies/{id}/call", w.call)
	site.Handle("GET /assemblies/{id}/agenda", w.agendaForm)
	site.Handle("POST /assemblies/{id}/agenda", w.agendaAct)
	site.Handle("POST /assemblies/{id}/role", w.role)
	site.Handle("POST /assemblies/{id}/hand", w.handAct)
	site.Handle("GET /assemblies/{id}/run", w.runForm)
	site.Handle("POST /assemblies/{id}/run", w.run)
	site.Handle("GET /assemblies/{id}/room", w.room)
	site.Handle("GET /assemblies/{id}/now", w.now)
	site.Handle("GET /assemblies/{id}/live", w.live)
	site.Handle("GET /assemblies/{id}/door/{secret}", w.door)
	site.Handle("POST /assemblies/{id}/door/{secret}", w.doorRaise)
	site.Handle("GET /assemblies/{id}/door/{secret}/now", w.now)
	site.Handle("GET /assemblies/{id}/door/{secret}/room", w.room)
	site.Handle("GET /assemblies/{id}/hand/{secret}", w.ownHand)
	site.Handle("POST /assemblies/{id}/hand/{secret}", w.ownHandAct)
	site.Handle("GET /assemblies/{id}/hand/{secret}/now", w.ownNow)
	site.Handle("GET /assemblies/{id}/minutes", w.minutes)
	site.Handle("POST /assemblies/{id}/minutes", w.minutesAct)
	site.Handle("GET /assemblies/{id}/minutes/{item}", w.notesForm)
	site.Handle("POST /assemblies/{id}/minutes/{item}", w.notes)
	site.Handle("GET /groups/{handle}/assemblies", w.ofGroup)
	site.Handle("POST /groups/{handle}/assemblies", w.setNotice)
}

const (
	pageTTL  = time.Hour
	listTTL  = time.Minute
	pageSize = 30
)

// tags are what the public pages of an assembly show.
func tags(aid ID) []string { return []string{"assembly:" + string(aid), "groups", "site"} }

// item is an assembly in a list.
type item struct {
	URL, Title, Lang, When, ISO, Where, Badge string
}

// when is the hours of an assembly in one line.
func when(l *i18n.Locale, a *Assembly) string {
	from, to := a.Local(a.Starts), a.Local(a.Ends)
	return l.DateShort(from) + ", " + l.T("{start} to {end}", "start", l.Time(from), "end", l.Time(to))
}

func itemOf(l *i18n.Locale, a *Assembly) item {
	it := item{URL: a.url(), Title: a.Title, Lang: a.Lang, When: when(l, a), ISO: a.Local(a.Starts).Format(time.RFC3339), Where: a.Place}
	if it.Where == "" {
		it.Where = l.T("Online")
	}
	if a.State != Called {
		it.Badge = l.T(a.State.name())
	}
	return it
}

func itemsOf(l *i18n.Locale, all []Assembly) []item {
	var out []item
	for i := range all {
		out = append(out, itemOf(l, &all[i]))
	}
	return out
}

// readCursor begins at the beginning of its direction for what is none.
func readCursor(s string, past bool) cursor {
	a, b, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(a, 10, 64)
	switch {
	case err == nil && id.Valid(b):
		return cursor{n, b}
	case past:
		return cursor{1 << 62, ""}
	}
	return cursor{}
}

// write is the cursor behind a.
func (a *Assembly) cursor() string {
	return strconv.FormatInt(clock.Micros(a.Starts), 10) + "." + string(a.ID)
}

type listData struct {
	Past, First bool
	Items       []item
	Next        string
}

var listPage = web.NewPage[listData](pages, "pages/list.html", "pages/parts.html")

func (w *Web) list(c *web.Call) error {
	return c.Cached([]string{"assemblies", "site"}, listTTL, func() error {
		past := c.Query().Get("when") == "past"
		all, more, err := w.List(c.Context(), past, readCursor(c.Query().Get("after"), past), pageSize)
		if err != nil {
			return err
		}
		d := listData{Past: past, First: c.Query().Get("after") == "", Items: itemsOf(c.Locale, all)}
		if more {
			next := url.Values{"after": {all[len(all)-1].cursor()}}
			if past {
				next.Set("when", "past")
			}
			d.Next = "/assemblies?" + next.Encode()
		}
		return listPage.Render(c, d)
	}, "when", "after")
}

// listJSON is the list for programs, as the API has it.
func (w *Web) listJSON(c *web.Call) error {
	return c.Cached([]string{"assemblies", "site"}, listTTL, func() error {
		page, err := w.apiList(c, &apiList{When: c.Query().Get("when"), After: c.Query().Get("after")})
		if err != nil {
			return err
		}
		return writeJSON(c, page)
	}, "when", "after")
}

func writeJSON(c *web.Call, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	return c.Write(200, "application/json", append(b, '\n'))
}

type panelData struct {
	Items []item
	All   string // address of all of them
	New   string
}

var panelPage = web.NewPage[panelData](pages, "pages/panel.html", "pages/parts.html")

const panelSize = 3

// GroupPanel is a group's assemblies on its page.
func (w *Web) GroupPanel(c *web.Call, g id.Group) (template.HTML, error) {
	var d panelData
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		group, err := w.Groups.ByID(c.Context(), tx, g)
		if err != nil {
			return err
		}
		all, seat, err := w.groupList(c, tx, group, readCursor("", true), panelSize)
		if err != nil {
			return err
		}
		d = panelData{Items: itemsOf(c.Locale, all)}
		if len(all) > 0 || seat.Inside {
			d.All = "/groups/" + group.Handle + "/assemblies"
		}
		if seat.Calls {
			d.New = "/assemblies/new?group=" + group.Handle
		}
		return nil
	})
	if err != nil || d.All == "" {
		return "", err
	}
	return panelPage.Fragment(c, d)
}

// Meeting is when and where an assembly is, for pages of other features.
type Meeting struct {
	Title, URL, When, Where string
	Start                   time.Time
}

// Next is the next assembly of a group that the reader may know of; ok is false when
// none is called.
func (w *Web) Next(c *web.Call, g id.Group) (m Meeting, ok bool, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		m, ok = Meeting{}, false
		group, err := w.Groups.ByID(c.Context(), tx, g)
		if err != nil {
			return err
		}
		all, _, err := w.groupList(c, tx, group, readCursor("", true), pageSize)
		for i := range all { // the latest first
			a := &all[i]
			if (a.State == Called || a.State == Open) && a.Ends.After(tx.Now()) {
				it := itemOf(c.Locale, a)
				m, ok = Meeting{Title: it.Title, URL: it.URL, When: it.When, Where: it.Where, Start: a.Starts}, true
			}
		}
		return err
	})
	return m, ok, err
}

// groupList is what the reader may know of a group's assemblies, the latest first.
func (w *Web) groupList(c *web.Call, tx *db.Tx, g Group, after cursor, limit int) ([]Assembly, Seat, error) {
	seat, err := w.seat(c.Context(), tx, c.Actor(), g, &Assembly{})
	if err != nil {
		return nil, seat, err
	}
	// Read on behind what the reader may not know of.
	var out []Assembly
	for len(out) < limit {
		all, err := ofGroup(c.Context(), tx, g.ID, after, limit)
		if err != nil {
			return nil, seat, err
		}
		for i := range all {
			if authz.MayKnow(c.Actor(), all[i].listed(), seat.Sub) && len(out) < limit {
				out = append(out, all[i])
			}
			after = cursor{clock.Micros(all[i].Starts), string(all[i].ID)}
		}
		if len(all) < limit {
			break
		}
	}
	return out, seat, nil
}

// show is the page of an assembly for a phone, and the assembly as .json and .ics.
func (w *Web) show(c *web.Call) error {
	raw, format, dotted := strings.Cut(c.Param("id"), ".")
	aid := ID(raw)
	if !id.Valid(raw) || dotted && format != "json" && format != "ics" {
		return web.ErrNotFound()
	}
	return c.Cached(tags(aid), pageTTL, func() error {
		switch format {
		case "json":
			a, err := w.apiShow(c, aid, room{By: c.Actor()})
			if err != nil {
				return err
			}
			return writeJSON(c, a)
		case "ics":
			a, seat, err := w.Get(c.Context(), c.Actor(), aid)
			if err != nil {
				return err
			}
			return writeICS(c, &a, seat)
		}
		return w.showPage(c, aid, c.NewForm())
	})
}

// writeICS is the call as a calendar file.
func writeICS(c *web.Call, a *Assembly, seat Seat) error {
	host := ""
	if u, err := url.Parse(c.BaseURL()); err == nil {
		host = u.Hostname()
	}
	status := "CONFIRMED"
	switch a.State {
	case Off:
		status = "CANCELLED"
	case Draft:
		status = "TENTATIVE"
	}
	about := markdown.Plain(a.About, 2000)
	if a.OnlineURL != "" && (!a.OnlineInside || seat.Inside) {
		about = strings.TrimSpace(about + "\n\n" + a.OnlineURL)
	}
	var out bytes.Buffer
	iw := ical.NewWriter(&out, ical.Calendar{Name: a.Title, Host: host, Language: c.Locale.Tag()})
	err := iw.Event(ical.Out{
		UID: "assembly-" + string(a.ID) + "@" + host, Sequence: a.Sequence, LastModified: a.Updated, Summary: a.Title, Description: about,
		Location: a.Place, URL: c.BaseURL() + a.url(), Status: status, Organizer: seat.Group.Name, Start: a.Starts, End: a.Ends, Zone: a.Zone,
		Language: a.Lang,
	})
	if err == nil {
		err = iw.Close()
	}
	if err != nil {
		return fmt.Errorf("write a calendar file: %w", err)
	}
	c.Header().Set("Content-Disposition", `attachment; filename="assembly.ics"`)
	return c.Write(200, "text/calendar; charset=utf-8", out.Bytes())
}
