package campaigns

import (
	"cmp"
	"context"
	"html/template"
	"net/url"
	"slices"
	"strconv"

	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Place is a town and how many of a campaign's events are in it.
type Place struct {
	Label  string
	Events int
}

// Gap is the place of a group that stands behind a campaign and has no event of
// it.
type Gap struct {
	Label  string
	Groups int
	Href   string // where to host one
}

// maxGaps and maxPlaces bound the tables of one page.
const (
	maxGaps   = 100
	maxPlaces = 200
)

// gaps finds the places of owners and endorsers that have no event.
func (s *Service) gaps(ctx context.Context, tx *db.Tx, c *Campaign, have []Place) ([]Gap, error) {
	owners, err := ownersOf(ctx, tx, c.ID)
	if err != nil {
		return nil, err
	}
	endorsers, err := endorsementsOf(ctx, tx, c.ID)
	if err != nil {
		return nil, err
	}
	groups, err := s.named(ctx, tx, owners, endorsers)
	if err != nil {
		return nil, err
	}
	covered := map[string]bool{"": true}
	for _, p := range have {
		covered[p.Label] = true
	}
	without := map[string]int{}
	for _, g := range groups {
		if !g.Suspended && !covered[g.Place] {
			without[g.Place]++
		}
	}
	var out []Gap
	for label, n := range without {
		v := url.Values{"near": {label}}
		out = append(out, Gap{label, n, "/campaigns/" + c.Handle + "/host?" + v.Encode()})
	}
	slices.SortFunc(out, func(a, b Gap) int { return cmp.Or(-cmp.Compare(a.Groups, b.Groups), cmp.Compare(a.Label, b.Label)) })
	return out[:min(len(out), maxGaps)], nil
}

// named finds the groups that own or endorse.
func (s *Service) named(ctx context.Context, tx *db.Tx, owners []Owner, endorsers []Endorsement) (map[id.Group]Group, error) {
	var all []id.Group
	for _, o := range owners {
		if o.State == Owns {
			all = append(all, o.Group)
		}
	}
	for _, e := range endorsers {
		all = append(all, e.Group)
	}
	return s.Groups.ByIDs(ctx, tx, all)
}

type placeView struct {
	Place
	Href string
}

type placesData struct {
	Campaign Campaign
	URL      string
	Places   []placeView
	Gaps     []Gap
	Open     bool
	Total    int
	First    bool
	Next     string
}

var placesPage = web.NewPage[placesData](pages, "pages/places.html")

// places is the table of towns with events, and of those still without.
func (w *Web) places(c *web.Call) error {
	tags, err := w.tags(c, c.Param("handle"))
	if err != nil {
		return err
	}
	return c.Cached(tags, pageTTL, func() error {
		camp, _, err := w.read(c, c.Actor(), c.Param("handle"))
		if err != nil {
			return err
		}
		from, _ := strconv.Atoi(c.Query().Get("from"))
		d := placesData{Campaign: camp, URL: "/campaigns/" + camp.Handle, Open: camp.State == Open, First: from <= 0}
		err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
			all, err := w.Shown.Places(c.Context(), tx, camp.ID)
			if err != nil {
				return err
			}
			for i, p := range all {
				d.Total += p.Events
				if i < from || i >= max(from, 0)+maxPlaces {
					continue
				}
				v := url.Values{"campaign": {camp.Handle}, "near": {p.Label}}
				d.Places = append(d.Places, placeView{p, "/events?" + v.Encode()})
			}
			if next := max(from, 0) + maxPlaces; next < len(all) {
				d.Next = d.URL + "/places?from=" + strconv.Itoa(next)
			}
			if !d.First {
				return nil
			}
			d.Gaps, err = w.gaps(c.Context(), tx, &camp, all)
			return err
		})
		if err != nil {
			return err
		}
		return placesPage.Render(c, d)
	}, "from")
}

// GroupPanel is the campaigns of a group, on its page.
func (w *Web) GroupPanel(c *web.Call, g id.Group) (template.HTML, error) {
	var d groupPanelData
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := campaignsOf(c.Context(), tx, g, Owns)
		if err != nil {
			return err
		}
		for i := range all {
			if shown, err := w.shown(c.Context(), tx, &all[i]); err != nil {
				return err
			} else if shown {
				d.Owns = append(d.Owns, item(c.Locale, &all[i]))
			}
		}
		if c.Actor().Visitor() {
			return nil
		}
		mine, err := w.Groups.Organizes(c.Context(), tx, c.Actor().Person)
		if err != nil {
			return err
		}
		for _, m := range mine {
			if m.ID != g {
				continue
			}
			d.New = "/campaigns/new?group=" + m.Handle
			asked, err := campaignsOf(c.Context(), tx, g, Asked)
			if err != nil {
				return err
			}
			for i := range asked {
				d.Asked = append(d.Asked, item(c.Locale, &asked[i]))
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if len(d.Owns)+len(d.Asked) == 0 && d.New == "" {
		return "", nil
	}
	return groupPanel.Fragment(c, d)
}
