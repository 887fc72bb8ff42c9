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
	site.Handle("GET /groups/{handle}/members/{member}", s.roleForm)
	site.Handle("POST /groups/{handle}/members/{member}", s.changeRole)
	site.Handle("GET /groups/{handle}/members/{member}/remove", s.removeForm)
	site.Handle("POST /groups/{handle}/members/{member}/remove", s.remove)
	site.Handle("GET /groups/{handle}/lineage", s.lineage)
	site.Handle("GET /groups/{handle}/lineage/{member}", s.removeLineageForm)
	site.Handle("POST /groups/{handle}/lineage/{member}", s.removeLineage)
	site.Handle("GET /groups/{handle}/leave", s.leaveForm)
	site.Handle("POST /groups/{handle}/leave", s.leave)
	site.Handle("GET /groups/{handle}/invitations", s.invitations)
	site.Handle("POST /groups/{handle}/invitations", s.invite)
	site.Handle("POST /groups/{handle}/invitations/{id}/revoke", s.revoke)
	site.Handle("GET /groups/{handle}/join", s.joinForm)
	site.Handle("POST /groups/{handle}/join", s.join)
	site.Handle("POST /groups/{handle}/join/withdraw", s.withdraw)
	site.Handle("GET /groups/{handle}/requests", s.requests)
	site.Handle("POST /groups/{handle}/requests", s.answer)
	site.Handle("GET /groups/{handle}/newcomers", s.newcomersForm)
	site.Handle("POST /groups/{handle}/newcomers", s.newcomers)
	site.Handle("GET /groups/{handle}/welcome", s.welcome)
	site.Handle("GET /groups/{handle}/announcements", s.announcements)
	site.Handle("POST /groups/{handle}/announcements", s.announce)
	site.Handle("POST /groups/{handle}/announcements/{id}/delete", s.retract)
	site.Handle("GET /groups/{handle}/conduct", s.conduct)
	site.Handle("GET /groups/{handle}/conduct/edit", s.editConductForm)
	site.Handle("POST /groups/{handle}/conduct/edit", s.editConduct)
	site.Handle("POST /groups/{handle}/conduct/accept", s.acceptConduct)
	s.mountArchive(site)
	site.Handle("GET /groups/{handle}/suspend", s.suspendForm)
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
	}, "q", "after")
}

// short cuts what a stranger put into an address, at a character.
func short(s string, n int) string {
	r := []rune(strings.ToValidUTF8(s, ""))
	if len(r) > n {
		r = r[:n]
	}
	return string(r)
}

type mineData struct {
	Groups []mineView
	Asked  []askedView
}

// askedView is what the reader asked a group.
type askedView struct {
	Request
	Group Brief
}

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
			m, roleName(c.Locale, m.Role), authz.May(c.Actor(), authz.CreateEvent, authz.Subject{Role: m.Role, Suspended: m.Suspended, Ended: m.Over()}),
		})
	}
	asked, of, err := s.Asked(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	for i, r := range asked {
		d.Asked = append(d.Asked, askedView{r, of[i]})
	}
	return minePage.Render(c, d)
}

type showData struct {
	Group  Group
	URL    string
	Panels []template.HTML
	Role   string // the reader's, or ""
	Can    can
	// Waiting is how many people ask to come in.
	Waiting int
	// Welcome says that there is something for new members.
	Welcome bool
	Ask     ask
	// News is what members were told lately.
	News []Announcement
	// Saved is what the browser kept of the form that was just saved.
	Saved string
}

// can says which links the page shows; the service checks again.
type can struct{ Edit, Members, Invite, Event, Suspend, Answer, Join, Export, Newcomers, Leave bool }

func (a can) any() bool { return a.Edit || a.Members || a.Invite || a.Event }

// Any reports whether there is anything to do for the reader.
func (d showData) Any() bool { return d.Can.any() || d.Role != "" }

var showPage = web.NewPage[showData](pages, "pages/show.html", "pages/parts.html")

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
			Suspend: authz.May(by, authz.SuspendGroup, sub), Answer: authz.May(by, authz.AnswerRequest, sub),
			Join:   sub.Role == authz.None && g.Joining != ByInvitation && !g.Suspended && !g.Over(),
			Export:    authz.May(by, authz.ExportGroup, sub),
			Newcomers: authz.May(by, authz.EditGroup, sub), Leave: sub.Role != authz.None,
		},
	}
	if err := s.withoutPersons(c, g, &d.Can); err != nil {
		return err
	}
	if d.Can.Edit {
		d.Saved = savedDraft(c.Query().Get("saved"), g.Handle)
	}
	if sub.Role != authz.None {
		if err := s.inside(c, g, &d); err != nil {
			return err
		}
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

// withoutPersons takes away what a coalition does not do: persons are sent there.
func (s *Service) withoutPersons(c *web.Call, g Group, a *can) error {
	return s.DB.Read(c.Context(), func(tx *db.Tx) error {
		is, err := s.isCoalition(c.Context(), tx, g.ID)
		if is {
			a.Members, a.Invite, a.Answer, a.Join, a.Newcomers, a.Leave = false, false, false, false, false, false
		}
		return err
	})
}

// inside adds what only members see.
func (s *Service) inside(c *web.Call, g Group, d *showData) error {
	err := s.DB.Read(c.Context(), func(tx *db.Tx) error {
		welcome, _, err := welcomeOf(c.Context(), tx, g.ID)
		d.Welcome = welcome != ""
		if err == nil {
			d.News, err = announcements(c.Context(), tx, g.ID, panelSize)
		}
		if err == nil && d.Can.Answer {
			d.Waiting, err = countWaiting(c.Context(), tx, g.ID)
		}
		return err
	})
	if err != nil {
		return err
	}
	d.Ask, err = s.asks(c, g, d.URL)
	return err
}

// publicGroup is the JSON of a group: what its public page says.
type publicGroup struct {
	Handle    string   `json:"handle"`
	Name      string   `json:"name"`
	About     string   `json:"about"` // Markdown
	Place     string   `json:"place"`
	Languages []string `json:"languages"` // ISO 639 codes
	URL       string   `json:"url"`
	Ended     string   `json:"ended,omitempty"`    // the day on which it ended its work
	MovedTo   string   `json:"moved_to,omitempty"` // an address at which it is now
}

func showJSON(c *web.Call, g Group) error {
	langs := g.Langs
	if langs == nil {
		langs = []string{}
	}
	b, err := json.Marshal(publicGroup{g.Handle, g.Name, g.About, g.Place, langs, c.BaseURL() + "/groups/" + g.Handle, g.endDay(), g.MovedTo})
	if err != nil {
		return fmt.Errorf("encode group: %w", err)
	}
	return c.Write(http.StatusOK, "application/json", b)
}

type suspendData struct {
	Form  *web.Form
	Group Group
}

var suspendPage = web.NewPage[suspendData](pages, "pages/suspend.html")

func (s *Service) suspendForm(c *web.Call) error { return s.confirmSuspension(c, c.NewForm()) }

func (s *Service) confirmSuspension(c *web.Call, f *web.Form) error {
	g, err := s.Suspendable(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	return suspendPage.RenderForm(c, f, suspendData{f, g})
}

func (s *Service) suspend(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err = s.Prove(c, f); err == nil {
		err = s.Suspend(c.Context(), c.Actor(), c.Param("handle"), f.Line("suspended") == "1")
	}
	if f.Accepts(err) {
		return s.confirmSuspension(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle"))
}
