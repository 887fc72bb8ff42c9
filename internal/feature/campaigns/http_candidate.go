package campaigns

import (
	"net/url"
	"slices"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// candidateView is a demand that was put forward, with those that were merged into it.
type candidateView struct {
	Candidate
	By        Group
	StateName string
	Merged    []candidateView
	Into      []web.Choice // what it can be merged into, by who may
	Mine      bool         // the reader speaks for its group
}

type forwardData struct {
	Form     *web.Form
	Campaign Campaign
	URL      string
	All      []candidateView // put forward, and chosen
	Groups   []web.Choice    // for which the reader may put something forward
	Edit     bool
	Vote     []voteLink
}

// voteLink is where an owner puts something about its campaign to the vote.
type voteLink struct{ Group, Href string }

// voteLinks are those of the owners for which the reader may speak.
func voteLinks(seat Seat, campaign string, e fact.Effect) (out []voteLink) {
	for _, g := range seat.Owners {
		q := url.Values{"group": {g.Handle}, "effect": {string(e)}, "campaign": {campaign}}
		out = append(out, voteLink{g.Name, "/proposals/new?" + q.Encode()})
	}
	return out
}

var forwardPage = web.NewPage[forwardData](pages, "pages/forward.html")

// forward is where groups put demands forward, and merge like ones.
func (w *Web) forward(c *web.Call) error { return w.forwardPage(c, c.NewForm()) }

func (w *Web) forwardPage(c *web.Call, f *web.Form) error {
	d := forwardData{Form: f}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		camp, seat, err := w.load(c.Context(), tx, c.Actor(), c.Param("handle"))
		if err != nil {
			return err
		}
		d = forwardData{Form: f, Campaign: camp, URL: "/campaigns/" + camp.Handle, Edit: authz.May(c.Actor(), authz.EditCampaign, seat.Subject())}
		for _, g := range seat.Groups {
			err := w.allied(c.Context(), tx, &camp, g.ID)
			if err == nil {
				d.Groups = append(d.Groups, web.Choice{Value: g.Handle, Label: g.Name, On: f.Has("group", g.Handle)})
			} else if fault.Of(err) == nil {
				return err
			}
		}
		d.Vote = voteLinks(seat, camp.Handle, fact.EffectDemand)
		return w.candidates(c, tx, &d, seat)
	})
	if err != nil {
		return err
	}
	if !id.ValidSecret(f.Line("key")) {
		f.Set("key", c.NewKey())
	}
	c.Header().Set("Cache-Control", "no-store")
	return forwardPage.RenderForm(c, f, d)
}

func (w *Web) candidates(c *web.Call, tx *db.Tx, d *forwardData, seat Seat) error {
	all, err := candidatesOf(c.Context(), tx, d.Campaign.ID)
	if err != nil {
		return err
	}
	of := make([]id.Group, len(all))
	for i, k := range all {
		of[i] = k.Group
	}
	groups, err := w.Groups.ByIDs(c.Context(), tx, of)
	if err != nil {
		return err
	}
	view := func(k Candidate) candidateView {
		v := candidateView{Candidate: k, By: groups[k.Group], StateName: c.Locale.T(k.State.Name())}
		v.Mine = slices.ContainsFunc(seat.Groups, func(g Group) bool { return g.ID == k.Group })
		return v
	}
	for _, k := range all {
		if k.State != Forward && k.State != Chosen {
			continue
		}
		v := view(k)
		for _, x := range all {
			switch {
			case x.State == Merged && x.Into == k.ID:
				v.Merged = append(v.Merged, view(x))
			case (d.Edit || v.Mine) && mergeable(&k, &x) == nil:
				v.Into = append(v.Into, web.Choice{Value: x.ID, Label: x.Body})
			}
		}
		d.All = append(d.All, v)
	}
	return nil
}

// forwardAct puts a demand forward, merges, parts or takes back.
func (w *Web) forwardAct(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	ctx, by, handle, k := c.Context(), c.Actor(), c.Param("handle"), f.Line("candidate")
	switch f.Line("do") {
	case "merge":
		err = w.Merge(ctx, by, handle, k, f.Line("into"))
	case "part":
		err = w.Part(ctx, by, handle, k)
	case "retire":
		err = w.Retire(ctx, by, handle, k)
	default:
		err = w.PutForward(ctx, by, handle, f.Line("group"), f.Line("key"), DemandInput{Body: f.Text("body"), Addressee: f.Line("addressee")})
	}
	if f.Accepts(err) {
		return w.forwardPage(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/campaigns/" + handle + "/forward")
}
