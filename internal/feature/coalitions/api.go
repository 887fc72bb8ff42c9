package coalitions

import (
	"net/http"
	"time"

	"convoke/internal/api"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/plaintext"
	"convoke/internal/web"
)

// CoalitionItem is a coalition as lists show it. It is exported to be described as part
// of another type.
type CoalitionItem struct {
	Handle  string `json:"handle"`
	Name    string `json:"name"`
	URL     string `json:"url" doc:"Of its page."`
	Groups  int    `json:"groups" doc:"That belong to it."`
	Weights string `json:"weights" enum:"group,bands,delegates"`
}

// apiCoalition is how a coalition works.
type apiCoalition struct {
	CoalitionItem
	Rule      string           `json:"rule" doc:"How weights come about, in the language of the request."`
	Bands     []apiBand        `json:"bands" nullable:"false" doc:"What a group can declare, by index, and its weight where bands count."`
	Delegates int              `json:"delegates" doc:"Who hold a seat."`
	Polls     string           `json:"polls" enum:"open,secret" doc:"Open is by the name of the group."`
	Entry     string           `json:"entry" enum:"apply,invite"`
	Seats     int              `json:"seats" doc:"Of each group."`
	Notice    int              `json:"notice" doc:"Days between the call and an assembly."`
	Place     string           `json:"place" doc:"Empty when it has none. It is changed as that of a group."`
	Zone      string           `json:"zone" doc:"IANA name of the time zone by which votes and assemblies go."`
	Points    apiUnity         `json:"points" doc:"Of unity, the last version."`
	Applied   []apiAskingGroup `json:"applied" nullable:"false" doc:"Groups that ask to come in, for delegates; the first of them."`
	Invited   []apiAskingGroup `json:"invited" nullable:"false" doc:"Groups that are invited, for delegates."`
	Sequence  int              `json:"sequence" doc:"A change sends it back."`
}

type apiBand struct {
	Name   string `json:"name"`
	Weight int    `json:"weight"`
}

type apiUnity struct {
	Version int    `json:"version" doc:"0 when there are none."`
	Body    string `json:"body" doc:"Markdown."`
	Day     string `json:"day,omitempty"`
}

type apiAskingGroup struct {
	Handle string `json:"handle"`
	Name   string `json:"name"`
}

// CoalitionRules are the rules of a coalition as the form takes them. It is exported to be
// described as part of another type.
type CoalitionRules struct {
	Weights  string `json:"weights" enum:"group,bands,delegates"`
	Polls    string `json:"polls" enum:"open,secret"`
	Entry    string `json:"entry" enum:"apply,invite"`
	Seats    int    `json:"seats" doc:"1 to 20."`
	Notice   int    `json:"notice" doc:"0 to 90."`
	Sequence int    `json:"sequence,omitempty" doc:"For a change: that of the coalition as it was read."`
}

func (in CoalitionRules) typed() Settings {
	return Settings(in)
}

// apiCoalitionInput is a new coalition as the form takes it.
type apiCoalitionInput struct {
	CoalitionRules
	Group  string `json:"group" doc:"Handle of its first member; the caller is its first delegate."`
	Band   int    `json:"band" doc:"How many members that group has: 0 is under 10, 1 under 50, 2 under 200, 3 under 1,000, 4 more."`
	Name   string `json:"name"`
	Handle string `json:"handle"`
	About  string `json:"about,omitempty" doc:"Markdown."`
	Place  string `json:"place,omitempty" doc:"Town or postcode. Without one it is where its first member is."`
	Pick   string `json:"place_pick,omitempty" doc:"Which of several places of that name is meant: its name in full."`
	Anyway bool   `json:"anyway,omitempty" doc:"A look-alike of another group is meant."`
	Points string `json:"points" doc:"Of unity, as Markdown."`
}

type (
	apiCoalitionsIn struct {
		After string `query:"after" doc:"The member next of the page before."`
	}
	apiCoalitionPath struct {
		Handle string `path:"handle"`
	}
	apiNewCoalition struct {
		Body apiCoalitionInput
	}
	apiChangedCoalition struct {
		Handle string `path:"handle"`
		Body   CoalitionRules
	}
	apiNewPoints struct {
		Handle string `path:"handle"`
		Body   apiUnityInput
	}
	apiMembership struct {
		Handle string `path:"handle"`
		Body   apiMembershipInput
	}
)

type apiUnityInput struct {
	Version int    `json:"version" doc:"The last one, as it was read."`
	Points  string `json:"points" doc:"Markdown."`
}

type apiMembershipInput struct {
	Group   string `json:"group" doc:"Handle."`
	Do      string `json:"do" enum:"apply,invite,accept,refuse,terms,leave" doc:"Apply, terms and leave are for organizers of the group, the others for delegates of the coalition. A group that was invited comes in by applying."`
	Version int    `json:"version,omitempty" doc:"Of the points of unity that the group agrees to; to apply and for terms."`
	Band    int    `json:"band,omitempty" doc:"How many members the group has, as an index of bands; to apply and for terms."`
}

func op(method, path, name, summary, doc string) api.Op {
	return api.Op{Method: method, Path: path, ID: name, Tag: "coalitions", Summary: summary, Doc: doc, Scope: api.Groups}
}

// open makes an operation that everybody may read.
func open(o api.Op, tags func(c *web.Call) ([]string, time.Duration)) api.Op {
	o.Scope, o.Open, o.Cache = api.Read, true, tags
	return o
}

// groupTags are those of a group of the address.
func (w *Web) groupTags(c *web.Call) ([]string, time.Duration) {
	v, err := w.seen(c)
	if err != nil {
		return []string{"groups"}, 0
	}
	return tags(v.ID), pageTTL
}

// MountAPI adds the operations on coalitions.
func (w *Web) MountAPI(a *api.API) {
	list := op(http.MethodGet, "/coalitions", "listCoalitions", "Find coalitions", "The newest first.")
	api.Add(a, open(list, func(*web.Call) ([]string, time.Duration) { return []string{"coalitions", "site"}, pageTTL }), w.apiList)
	create := op(http.MethodPost, "/coalitions", "startCoalition", "Start a coalition", "For organizers of a group, which is its first member.")
	create.Status, create.Keyed = http.StatusCreated, true
	api.Add(a, create, func(c *web.Call, in *apiNewCoalition) (apiCoalition, error) { return w.apiCreate(c, a, &in.Body) })
	get := op(http.MethodGet, "/groups/{handle}/coalition", "getCoalition", "How a coalition works", "Its rules, and what its member groups agree on.")
	api.Add(a, open(get, w.groupTags), func(c *web.Call, in *apiCoalitionPath) (apiCoalition, error) { return w.apiShow(c, in.Handle) })
	api.Add(a, op(http.MethodPut, "/groups/{handle}/coalition", "changeCoalition", "Change the rules of a coalition", "For its delegates."),
		func(c *web.Call, in *apiChangedCoalition) (apiCoalition, error) {
			if err := w.Set(c.Context(), c.Actor(), in.Handle, in.Body.typed()); err != nil {
				return apiCoalition{}, err
			}
			return w.apiShow(c, in.Handle)
		})
	api.Add(a, op(http.MethodPut, "/groups/{handle}/coalition/points", "changePointsOfUnity", "Make a new version of the points of unity", "For delegates. Members stay, and are asked to agree to it."),
		func(c *web.Call, in *apiNewPoints) (apiCoalition, error) {
			if err := w.SetPoints(c.Context(), c.Actor(), in.Handle, in.Body.Version, plaintext.Text(in.Body.Points)); err != nil {
				return apiCoalition{}, err
			}
			return w.apiShow(c, in.Handle)
		})
	api.Do(a, op(http.MethodPost, "/groups/{handle}/coalition/groups", "changeCoalitionGroup", "Come into a coalition, answer, agree, or leave", ""),
		func(c *web.Call, in *apiMembership) error {
			t := Terms{in.Body.Version, in.Body.Band}
			return w.do(c, in.Body.Do, in.Handle, in.Body.Group, t)
		})
	w.mountDelegates(a)
	w.mountWorking(a)
}

func (w *Web) apiList(c *web.Call, _ *apiCoalitionsIn) (api.Page[CoalitionItem], error) {
	page, more, err := w.List(c.Context(), after(c), pageSize)
	if err != nil {
		return api.Page[CoalitionItem]{}, err
	}
	out := make([]CoalitionItem, len(page))
	for i, x := range page {
		out[i] = itemOf(c.BaseURL(), &x.Coalition, x.Group, x.Members)
	}
	next := ""
	if more {
		next = string(page[len(page)-1].Coalition.Group)
	}
	return api.PageOf(out, next), nil
}

func itemOf(base string, x *Coalition, g Group, members int) CoalitionItem {
	return CoalitionItem{Handle: g.Handle, Name: g.Name, URL: base + "/groups/" + g.Handle, Groups: members, Weights: string(x.Weights)}
}

func (w *Web) apiCreate(c *web.Call, a *api.API, in *apiCoalitionInput) (apiCoalition, error) {
	key, err := a.Key(c)
	if err != nil {
		return apiCoalition{}, err
	}
	handle, err := w.Create(c.Context(), c.Actor(), key, Input{
		Settings: in.typed(), Group: in.Group, Band: in.Band, Name: plaintext.Line(in.Name), Handle: plaintext.Line(in.Handle),
		About: plaintext.Text(in.About), Place: plaintext.Line(in.Place), Pick: plaintext.Line(in.Pick), Anyway: in.Anyway, Points: plaintext.Text(in.Points),
	})
	if err != nil {
		return apiCoalition{}, err
	}
	c.Header().Set("Location", c.BaseURL()+"/api/v1/groups/"+handle+"/coalition")
	return w.apiShow(c, handle)
}

func (w *Web) apiShow(c *web.Call, handle string) (out apiCoalition, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		ctx, l := c.Context(), c.Locale
		x, v, err := w.coalition(ctx, tx, c.Actor(), handle)
		if err != nil {
			return err
		}
		members, err := countMembers(ctx, tx, x.Group, Belongs)
		if err != nil {
			return err
		}
		_, rule := x.Weights.words()
		out = apiCoalition{
			CoalitionItem: itemOf(c.BaseURL(), &x, v.Group, members), Rule: l.T(rule), Polls: "open", Entry: string(x.Entry), Seats: x.Seats, Notice: x.Notice,
			Place: v.Place, Zone: v.Zone, Applied: []apiAskingGroup{}, Invited: []apiAskingGroup{}, Sequence: x.Sequence,
		}
		if x.Secret {
			out.Polls = "secret"
		}
		for _, b := range bands {
			out.Bands = append(out.Bands, apiBand{l.T(b.name), int(b.weight)})
		}
		if out.Delegates, err = countSeats(ctx, tx, x.Group); err != nil {
			return err
		}
		if x.Points > 0 {
			p, err := pointsOf(ctx, tx, x.Group, x.Points)
			if err != nil {
				return err
			}
			out.Points = apiUnity{p.Version, p.Body, day.ISO(p.Day)}
		}
		if !v.speaks(c.Actor()) {
			return nil
		}
		for state, to := range map[MemberState]*[]apiAskingGroup{Applied: &out.Applied, Invited: &out.Invited} {
			all, _, err := w.asks(ctx, tx, l, x.Group, state)
			if err != nil {
				return err
			}
			for _, g := range all {
				*to = append(*to, apiAskingGroup{g.Handle, g.Name})
			}
		}
		return nil
	})
	return out, err
}
