package groups

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/handle"
	"convoke/internal/id"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Panel renders a part of a group's page that another feature owns. Its page
// is cached with the tags "group:ID", "group-events:ID" and "site".
type Panel func(c *web.Call, group id.Group) (template.HTML, error)

// Mount adds the routes. /groups/HANDLE/events.ics, to which HANDLE.ics leads,
// is another feature's.
func (s *Service) Mount(site *web.Site) {
	site.Handle("GET /groups", s.list)
	site.Handle("GET /groups/mine", s.mine)
	site.Handle("GET /groups/new", s.newForm)
	site.Handle("POST /groups/new", s.create)
	site.Handle("GET /groups/{handle}", s.show)
	site.Handle("GET /groups/{handle}/edit", s.editForm)
	site.Handle("POST /groups/{handle}/edit", s.edit)
	site.Handle("GET /groups/{handle}/members", s.members)
	site.Handle("POST /groups/{handle}/members", s.changeRole)
	site.Handle("GET /groups/{handle}/members/{member}/remove", s.removeForm)
	site.Handle("POST /groups/{handle}/members/{member}/remove", s.remove)
	site.Handle("GET /groups/{handle}/leave", s.leaveForm)
	site.Handle("POST /groups/{handle}/leave", s.leave)
	site.Handle("GET /groups/{handle}/invitations", s.invitations)
	site.Handle("POST /groups/{handle}/invitations", s.invite)
	site.Handle("POST /groups/{handle}/invitations/{id}/revoke", s.revoke)
	site.Handle("POST /groups/{handle}/suspend", s.suspend)
}

const (
	pageSize = 50
	listTTL  = time.Hour
	pageTTL  = 5 * time.Minute
)

type listData struct {
	Query  string
	Groups []Group
	Next   string
	First  bool // not a later page
}

// LangNames names a group's languages.
func (g Group) LangNames() string { return languageNames(g.Langs) }

var listPage = web.NewPage[listData](pages, "pages/list.html")

func (s *Service) list(c *web.Call) error {
	return c.Cached([]string{"groups", "site"}, listTTL, func() error {
		v := c.Query()
		q, after := short(v.Get("q"), maxName), short(v.Get("after"), handle.Max)
		page, more, err := s.List(c.Context(), q, after, pageSize)
		if err != nil {
			return err
		}
		d := listData{Query: q, Groups: page, First: after == ""}
		if more {
			next := url.Values{"after": {page[len(page)-1].Handle}}
			if q != "" {
				next.Set("q", q)
			}
			d.Next = "/groups?" + next.Encode()
		}
		return listPage.Render(c, d)
	})
}

// short cuts what a stranger put into an address, at a character.
func short(s string, n int) string {
	r := []rune(strings.ToValidUTF8(s, ""))
	if len(r) > n {
		r = r[:n]
	}
	return string(r)
}

type mineData struct{ Groups []mineView }

type mineView struct {
	Mine
	RoleName string
	Organize bool
}

var minePage = web.NewPage[mineData](pages, "pages/mine.html")

func (s *Service) mine(c *web.Call) error {
	list, err := s.Mine(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	var d mineData
	for _, m := range list {
		d.Groups = append(d.Groups, mineView{
			m, roleName(c.Locale, m.Role), authz.May(c.Actor(), authz.CreateEvent, authz.Subject{Role: m.Role, Suspended: m.Suspended}),
		})
	}
	return minePage.Render(c, d)
}

type showData struct {
	Group  Group
	URL    string
	Panels []template.HTML
	Role   string // the reader's, or ""
	Can    can
}

// can says which links the page shows; the service checks again.
type can struct{ Edit, Members, Invite, Event, Suspend bool }

func (a can) any() bool { return a.Edit || a.Members || a.Invite || a.Event }

// Any reports whether there is anything to do for the reader.
func (d showData) Any() bool { return d.Can.any() || d.Role != "" }

var showPage = web.NewPage[showData](pages, "pages/show.html")

// show is the public page, and the group as .json and .ics.
func (s *Service) show(c *web.Call) error {
	handle, format, dotted := strings.Cut(c.Param("handle"), ".")
	if dotted && format != "json" && format != "ics" {
		return web.ErrNotFound()
	}
	var g Group
	var sub authz.Subject
	err := s.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		g, sub, err = s.load(c.Context(), tx, c.Actor(), handle)
		return err
	})
	if err != nil {
		return err
	}
	if format == "ics" {
		http.Redirect(c.W, c.R, "/groups/"+g.Handle+"/events.ics", http.StatusFound)
		return nil
	}
	tags := []string{"group:" + string(g.ID), "group-events:" + string(g.ID), "site"}
	return c.Cached(tags, pageTTL, func() error {
		if format == "json" {
			return showJSON(c, g)
		}
		return s.page(c, g, sub)
	})
}

func (s *Service) page(c *web.Call, g Group, sub authz.Subject) error {
	by := c.Actor()
	d := showData{
		Group: g, URL: "/groups/" + g.Handle, Role: roleName(c.Locale, sub.Role),
		Can: can{
			Edit: authz.May(by, authz.EditGroup, sub), Members: authz.May(by, authz.SeeMembers, sub),
			Invite: authz.May(by, authz.InviteMember, sub), Event: authz.May(by, authz.CreateEvent, sub),
			Suspend: authz.May(by, authz.SuspendGroup, sub),
		},
	}
	for _, p := range s.Panels {
		h, err := p(c, g.ID)
		if err != nil {
			return fmt.Errorf("panel of a group's page: %w", err)
		}
		d.Panels = append(d.Panels, h)
	}
	return showPage.Render(c, d)
}

// publicGroup is the JSON of a group: what its public page says.
type publicGroup struct {
	Handle    string   `json:"handle"`
	Name      string   `json:"name"`
	About     string   `json:"about"` // Markdown
	Place     string   `json:"place"`
	Languages []string `json:"languages"` // ISO 639 codes
	URL       string   `json:"url"`
}

func showJSON(c *web.Call, g Group) error {
	langs := g.Langs
	if langs == nil {
		langs = []string{}
	}
	b, err := json.Marshal(publicGroup{g.Handle, g.Name, g.About, g.Place, langs, c.BaseURL() + "/groups/" + g.Handle})
	if err != nil {
		return fmt.Errorf("encode group: %w", err)
	}
	return c.Write(http.StatusOK, "application/json", b)
}

func (s *Service) suspend(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := s.Suspend(c.Context(), c.Actor(), c.Param("handle"), f.Line("suspended") == "1"); err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle"))
}
