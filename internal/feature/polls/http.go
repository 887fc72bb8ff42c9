package polls

import (
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Limiter bounds how often something is done.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, wait time.Duration)
}

// Web is the feature's pages.
type Web struct {
	*Service
	Limiter Limiter
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /proposals", w.list)
	site.Handle("GET /proposals/new", w.newForm)
	site.Handle("POST /proposals/new", w.create)
	site.Handle("GET /proposals/{id}", w.show)
	site.Handle("POST /proposals/{id}", w.move)
	site.Handle("GET /proposals/{id}/edit", w.editForm)
	site.Handle("POST /proposals/{id}/edit", w.save)
	site.Handle("POST /proposals/{id}/comments", w.say)
	site.Handle("POST /proposals/{id}/comments/{comment}", w.hide)
	site.Handle("GET /proposals/{id}/amend", w.amendForm)
	site.Handle("POST /proposals/{id}/amend", w.amend)
	site.Handle("GET /proposals/{id}/amendments/{amendment}", w.amendment)
	site.Handle("POST /proposals/{id}/amendments/{amendment}", w.answer)
	site.Handle("GET /proposals/{id}/open", w.openForm)
	site.Handle("POST /proposals/{id}/open", w.open)
	site.Handle("GET /polls/{id}", w.poll)
	site.Handle("POST /polls/{id}", w.pollAct)
	site.Handle("GET /polls/{id}/ballots", w.ballots)
	site.Handle("GET /polls/{id}/vote", w.voteForm)
	site.Handle("POST /polls/{id}/vote", w.vote)
}

const (
	pageTTL   = time.Hour
	listTTL   = time.Minute
	pageSize  = 30
	talkSize  = 50
	panelSize = 5
)

func urlOf(p *Proposal) string  { return "/proposals/" + string(p.ID) }
func (p *Poll) url() string     { return "/polls/" + string(p.ID) }
func (p *Poll) about() string   { return "/proposals/" + string(p.Proposal) }
func (p *Poll) moment() string  { return p.Local(p.ended()).Format(time.RFC3339) }
func tagOf(pid string) []string { return []string{"proposal:" + pid, "groups", "site"} }

// item is a proposal in a list.
type item struct {
	URL, Title, Lang, Dir string
	State                 string
	Old                   bool // it is settled
	Day                   string
}

func itemsOf(l *i18n.Locale, all []Proposal) (out []item) {
	for i := range all {
		p := &all[i]
		out = append(out, item{
			URL: urlOf(p), Title: p.Title, Lang: p.Lang, State: l.T(p.stateName()), Old: !p.open() && p.State != Frozen, Day: l.DateShort(p.Updated),
		})
	}
	return out
}

func readCursor(s string) cursor {
	a, b, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(a, 10, 64)
	if err != nil || !id.Valid(b) {
		return cursor{}
	}
	return cursor{n, b}
}

// cursor is the place behind p.
func (p *Proposal) cursor() string {
	return strconv.FormatInt(clock.Micros(p.Updated), 10) + "." + string(p.ID)
}

// List reads one page of proposals: those that everybody may read, or all that the
// actor may know of in one group.
func (s *Service) List(c *web.Call, group string, after cursor) (page []Proposal, g Group, next string, err error) {
	err = s.DB.Read(c.Context(), func(tx *db.Tx) error {
		ctx := c.Context()
		inside := false
		if group != "" {
			if g, err = s.Groups.ByHandle(ctx, tx, group); err != nil {
				return err
			}
			in, err := s.insideOf(ctx, tx, c.Actor(), g)
			if err != nil {
				return err
			}
			if inside = authz.May(c.Actor(), authz.SeeDraft, in.subject()); g.Suspended && !inside {
				return web.ErrNotFound()
			}
		}
		if after.id == "" {
			after = cursor{clock.Micros(tx.Now()) + 1, "~"}
		}
		page, err = listProposals(ctx, tx, g.ID, inside, after, pageSize+1)
		return err
	})
	if len(page) > pageSize {
		page = page[:pageSize]
		next = page[pageSize-1].cursor()
	}
	return page, g, next, err
}

type listData struct {
	Group *Group
	First bool
	Items []item
	Next  string
	New   string
}

var listPage = web.NewPage[listData](pages, "pages/list.html", "pages/parts.html")

func (w *Web) list(c *web.Call) error {
	return c.Cached([]string{"proposals", "groups", "site"}, listTTL, func() error {
		after := readCursor(c.Query().Get("after"))
		page, g, next, err := w.List(c, c.Query().Get("group"), after)
		if err != nil {
			return err
		}
		d := listData{First: after == cursor{}, Items: itemsOf(c.Locale, page), New: "/proposals/new"}
		q := url.Values{}
		if g.ID != "" {
			d.Group, d.New = &g, "/proposals/new?group="+g.Handle
			q.Set("group", g.Handle)
		}
		if next != "" {
			q.Set("after", next)
			d.Next = "/proposals?" + q.Encode()
		}
		return listPage.Render(c, d)
	}, "group", "after")
}

type panelData struct {
	Items    []item
	All, New string
}

var panelPage = web.NewPage[panelData](pages, "pages/panel.html", "pages/parts.html")

// GroupPanel is a group's proposals on its page.
func (w *Web) GroupPanel(c *web.Call, gid id.Group) (template.HTML, error) {
	var d panelData
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		ctx := c.Context()
		g, err := w.Groups.ByID(ctx, tx, gid)
		if err != nil {
			return err
		}
		in, err := w.insideOf(ctx, tx, c.Actor(), g)
		if err != nil {
			return err
		}
		d = panelData{All: "/proposals?group=" + g.Handle}
		inside := authz.May(c.Actor(), authz.SeeDraft, in.subject())
		if g.Suspended && !inside {
			return nil
		}
		all, err := listProposals(ctx, tx, gid, inside, cursor{clock.Micros(tx.Now()) + 1, "~"}, panelSize)
		if err != nil {
			return err
		}
		d.Items = itemsOf(c.Locale, all)
		if authz.May(c.Actor(), authz.Propose, in.subject()) {
			d.New = "/proposals/new?group=" + g.Handle
		}
		return nil
	})
	if err != nil || len(d.Items) == 0 && d.New == "" {
		return "", err
	}
	return panelPage.Fragment(c, d)
}

// CampaignPanel is the proposals about a campaign that everybody may read.
func (w *Web) CampaignPanel(c *web.Call, cid id.Campaign) (template.HTML, error) {
	var d panelData
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := ofCampaign(c.Context(), tx, cid, panelSize)
		d.Items = itemsOf(c.Locale, all)
		return err
	})
	if err != nil || len(d.Items) == 0 {
		return "", err
	}
	return panelPage.Fragment(c, d)
}

func writeJSON(c *web.Call, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	c.Header().Set("Access-Control-Allow-Origin", "*")
	return c.Write(http.StatusOK, "application/json", append(b, '\n'))
}

// split takes a format off the id in the address.
func split(c *web.Call) (pid, format string, err error) {
	pid, format, dotted := strings.Cut(c.Param("id"), ".")
	if dotted && format != "json" {
		err = web.ErrNotFound()
	}
	return pid, format, err
}

// known turns what is not public any more into nothing.
func known(err error) error {
	if fault.Is(err, fault.KindNotFound) {
		return nil
	}
	return err
}
