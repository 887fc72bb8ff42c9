package alerts

import (
	"html/template"
	"strconv"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/handle"
	"convoke/internal/i18n"
	"convoke/internal/markdown"
	"convoke/internal/web"
)

func (w *Web) mountNetworks(site *web.Site) {
	site.Handle("GET /alerts/networks", w.networks)
	site.Handle("GET /alerts/networks/new", w.newNetwork)
	site.Handle("POST /alerts/networks/new", w.startNetwork)
	site.Handle("GET /alerts/networks/{handle}", w.showNetwork)
	site.Handle("POST /alerts/networks/{handle}", w.actNetwork)
	site.Handle("GET /alerts/networks/{handle}/edit", w.editNetwork)
	site.Handle("POST /alerts/networks/{handle}/edit", w.saveNetwork)
	site.Handle("GET /alerts/networks/{handle}/area", w.areaForm)
	site.Handle("POST /alerts/networks/{handle}/area", w.drawArea)
	site.Handle("GET /alerts/networks/{handle}/area.png", w.areaPicture)
	site.Handle("GET /alerts/networks/{handle}/people", w.people)
	site.Handle("POST /alerts/networks/{handle}/people", w.actPeople)
}

const networkPage = 50

type networksData struct {
	Networks []Network
	Next     string
	Start    bool
}

var networksPage = web.NewPage[networksData](pages, "pages/networks.html", "pages/parts.html")

func (w *Web) networks(c *web.Call) error {
	return c.Cached([]string{"alerts", "site"}, time.Hour, func() error {
		var d networksData
		err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
			d.Networks, err = networksAfter(c.Context(), tx, c.Query().Get("after"), networkPage+1)
			return err
		})
		if err != nil {
			return err
		}
		if len(d.Networks) > networkPage {
			d.Networks = d.Networks[:networkPage]
			d.Next = "/alerts/networks?after=" + d.Networks[networkPage-1].Handle
		}
		d.Start = !c.Actor().Visitor()
		return networksPage.Render(c, d)
	}, "after")
}

type editData struct {
	Form       *web.Form
	Network    *Network // nil for a new one
	Key        string
	Action     string
	Groups     []web.Choice
	Categories []web.Choice
}

var editPage = web.NewPage[editData](pages, "pages/edit.html")

// myGroups are those of which the reader is a steward.
func (w *Web) myGroups(c *web.Call, f *web.Form) (out []web.Choice, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := w.Groups.MemberOf(c.Context(), tx, c.Actor().Person, authz.Steward)
		out = nil
		for _, g := range all {
			out = append(out, web.Choice{Value: g.Handle, Label: g.Name, On: f.Has("group", g.Handle)})
		}
		return err
	})
	return out, err
}

func (w *Web) showEdit(c *web.Call, f *web.Form, n *Network) error {
	d := editData{Form: f, Network: n, Key: f.Line("key"), Action: "/alerts/networks/new", Categories: w.categoryChoices(c.Locale, f, w.allowed(), "")}
	var err error
	if n != nil {
		d.Action = n.path() + "/edit"
	} else if d.Groups, err = w.myGroups(c, f); err != nil {
		return err
	} else if len(d.Groups) == 0 {
		return fault.Conflict("alert.no_groups", "A network is run by groups. Start a group first, or become a steward of one.")
	}
	c.Header().Set("Cache-Control", "no-store")
	return editPage.RenderForm(c, f, d)
}

func (n *Network) path() string { return "/alerts/networks/" + n.Handle }

func (w *Web) newNetwork(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f := c.NewForm().Set("key", c.NewKey()).Set("categories", w.allowed()...)
	return w.showEdit(c, f, nil)
}

func readNetwork(f *web.Form) NetworkInput {
	return NetworkInput{Handle: f.Line("handle"), Name: f.Line("name"), Group: f.Line("group"), Rules: f.Text("rules"), Area: f.Text("area"), Categories: f.All("categories")}
}

func (w *Web) startNetwork(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	in := readNetwork(f)
	err = w.Start(c.Context(), c.Actor(), f.Line("key"), in)
	if f.Accepts(err) {
		return w.showEdit(c, f, nil)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/alerts/networks/" + handle.Fold(in.Handle))
}

// run is the network of the address for a steward of a group that runs it.
func (w *Web) runs(c *web.Call) (n *Network, me seat, err error) {
	if err := c.RequireActor(); err != nil {
		return nil, me, err
	}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		n, me, err = w.steward(c.Context(), tx, c.Actor(), c.Param("handle"))
		return err
	})
	return n, me, err
}

func (w *Web) editNetwork(c *web.Call) error {
	n, _, err := w.runs(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("name", n.Name).Set("rules", n.Rules).Set("area", n.areaText()).Set("categories", n.Categories...).Set("sequence", strconv.Itoa(n.Sequence))
	return w.showEdit(c, f, n)
}

func (w *Web) saveNetwork(c *web.Call) error {
	n, _, err := w.runs(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	sequence, _ := f.Int("sequence")
	err = w.Edit(c.Context(), c.Actor(), n.Handle, sequence, readNetwork(f))
	if f.Accepts(err) {
		return w.showEdit(c, f, n)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(n.path())
}

type countView struct {
	Month, What, Kind, N string
}

type networkData struct {
	Form       *web.Form
	Network    Network
	Rules      template.HTML
	Categories []string
	Cells      int
	Verifiers  string
	OnCall     bool
	Counts     []countView
	Now        []alertView
	Run        bool     // the reader is a steward of a group that runs it
	Asked      []string // handles of groups for which the reader can answer
	Mine       []Group  // that the reader can take out
	Verifies   bool
	Subscribe  string
	Neighbours []Network
}

var networkPageOf = web.NewPage[networkData](pages, "pages/network.html", "pages/parts.html")

func (w *Web) showNetwork(c *web.Call) error {
	return w.cachedNetwork(c, nil)
}

func (w *Web) cachedNetwork(c *web.Call, f *web.Form) error {
	if f != nil {
		return w.renderNetwork(c, f)
	}
	return c.Cached([]string{"alerts", "site"}, pageTTL, func() error { return w.renderNetwork(c, c.NewForm()) })
}

func (w *Web) renderNetwork(c *web.Call, f *web.Form) error {
	l := c.Locale
	d := networkData{Form: f, Subscribe: w.Subscribe}
	var all []Alert
	var counts []Count
	var verifiers []Verifier
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		ctx := c.Context()
		n, err := w.network(ctx, tx, c.Param("handle"))
		if err != nil {
			return err
		}
		d.Network = *n
		me, err := w.seat(ctx, tx, c.Actor(), n)
		if err != nil {
			return err
		}
		d.Mine, d.Verifies = n.owning(me.Stewards), me.Verifies
		d.Run, d.Asked = len(d.Mine) > 0, nil
		for _, o := range n.Owners {
			for _, g := range me.Stewards {
				if o.Asked && g.ID == o.ID {
					d.Asked = append(d.Asked, g.Handle)
				}
			}
		}
		cells, err := areaOf(ctx, tx, n.ID)
		if err != nil {
			return err
		}
		d.Cells = len(cells)
		if d.Neighbours, err = neighboursOf(ctx, tx, n.ID); err != nil {
			return err
		}
		if verifiers, err = verifiersOf(ctx, tx, n.ID); err != nil {
			return err
		}
		shifts, err := shiftsOf(ctx, tx, n.ID, tx.Now())
		if err != nil {
			return err
		}
		d.OnCall = len(shifts) > 0 && !shifts[0].Start.After(tx.Now())
		if counts, err = countsOf(ctx, tx, n.ID, 200); err != nil {
			return err
		}
		all, err = newest(ctx, tx, false, n.ID, listed)
		return err
	})
	if err != nil {
		return err
	}
	n := &d.Network
	if d.Rules, err = markdown.Render(n.Rules); err != nil {
		return err
	}
	for _, code := range n.Categories {
		k, _ := categoryOf(code)
		d.Categories = append(d.Categories, l.T(k.Name))
	}
	d.Verifiers = fewer(l, len(verifiers))
	for i := range all {
		d.Now = append(d.Now, w.view(l, n, &all[i], c.Now()))
		if all[i].Expires.After(c.Now()) {
			c.ShownUntil(all[i].Expires)
		}
	}
	for _, x := range counts {
		k, _ := categoryOf(x.Category)
		v := countView{Month: l.Month(time.Date(x.Month/100, time.Month(x.Month%100), 1, 0, 0, 0, 0, time.UTC)), What: l.T(k.Name), N: l.Number(int64(x.N))}
		if v.Kind = l.T(kindName(fact.AlertKind(x.Kind))); x.Drill {
			v.Kind = l.T("Drill")
		}
		d.Counts = append(d.Counts, v)
	}
	return networkPageOf.RenderForm(c, f, d)
}

// fewer says a number of people, of a handful none: so few could be recognised by it.
func fewer(l *i18n.Locale, n int) string {
	if n < 10 {
		return l.T("fewer than ten")
	}
	return l.Number(int64(n))
}

// actNetwork does what the buttons of a network's page say.
func (w *Web) actNetwork(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	ctx, by, h, g := c.Context(), c.Actor(), c.Param("handle"), handle.Fold(f.Line("group"))
	switch f.Line("do") {
	case "ask":
		err = w.Ask(ctx, by, h, g)
	case "join":
		err = w.Answer(ctx, by, h, g, true)
	case "refuse":
		err = w.Answer(ctx, by, h, g, false)
	case "part":
		err = w.Part(ctx, by, h, g)
	case "neighbour":
		err = w.Neighbour(ctx, by, h, handle.Fold(f.Line("neighbour")))
	case "apart":
		err = w.Apart(ctx, by, h, handle.Fold(f.Line("neighbour")))
	case "close":
		err = w.SetClosed(ctx, by, h, true)
	case "open":
		err = w.SetClosed(ctx, by, h, false)
	default:
		err = errUnreadable()
	}
	if f.Accepts(err) {
		return w.cachedNetwork(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/alerts/networks/" + h)
}

func errUnreadable() error {
	return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
}

type shiftView struct {
	ID, Handle, When string
	Now, Mine        bool
}

type peopleData struct {
	Form      *web.Form
	Network   Network
	Verifiers []Verifier
	Shifts    []shiftView
	Groups    []web.Choice
	People    []web.Choice
	Key       string
	Run       bool
	Me        string
	Calls     bool   // the reader is a verifier and can choose how they are called
	Called    string // on what channel; "" for mail
}

var peoplePage = web.NewPage[peopleData](pages, "pages/people.html")

// people is the verifiers and their shifts, for stewards and for the verifiers.
func (w *Web) people(c *web.Call) error {
	return w.showPeople(c, c.NewForm())
}

func (w *Web) showPeople(c *web.Call, f *web.Form) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	d := peopleData{Form: f, Key: c.NewKey(), Me: c.Actor().Handle}
	var shifts []Shift
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		n, err := w.network(c.Context(), tx, c.Param("handle"))
		if err != nil {
			return err
		}
		me, err := w.seat(c.Context(), tx, c.Actor(), n)
		if err != nil {
			return err
		}
		mine := n.owning(me.Stewards)
		d.Calls = me.Verifies && w.Ways != nil
		if d.Network, d.Run = *n, len(mine) > 0; !d.Run && !me.Verifies {
			return authz.Check(c.Actor(), authz.RunNetwork, authz.Subject{})
		}
		d.Groups = nil
		for _, g := range mine {
			d.Groups = append(d.Groups, web.Choice{Value: g.Handle, Label: g.Name, On: f.Has("group", g.Handle)})
		}
		if d.Verifiers, err = verifiersOf(c.Context(), tx, n.ID); err != nil {
			return err
		}
		shifts, err = shiftsOf(c.Context(), tx, n.ID, tx.Now())
		return err
	})
	if err != nil {
		return err
	}
	if d.Calls {
		called, err := w.Called(c.Context(), c.Actor(), d.Network.ID)
		if err != nil {
			return err
		}
		if called != "" {
			d.Called = c.Locale.T(called)
		}
	}
	for _, v := range d.Verifiers {
		if d.Run || v.Person == c.Actor().Person {
			d.People = append(d.People, web.Choice{Value: v.Handle, Label: v.Handle, On: f.Has("person", v.Handle)})
		}
	}
	for _, x := range shifts {
		d.Shifts = append(d.Shifts, shiftView{
			ID: x.ID, Handle: x.Handle, When: stamp(c.Locale, x.Start, d.Network.Zone) + " – " + stamp(c.Locale, x.End, d.Network.Zone), Now: !x.Start.After(c.Now()),
			Mine: d.Run || x.Person == c.Actor().Person,
		})
	}
	c.Header().Set("Cache-Control", "no-store")
	return peoplePage.RenderForm(c, f, d)
}

func (w *Web) actPeople(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	ctx, by, h, who := c.Context(), c.Actor(), c.Param("handle"), handle.Fold(f.Line("person"))
	switch f.Line("do") {
	case "name":
		err = w.Name(ctx, by, h, f.Line("group"), handle.Fold(f.Line("member")))
	case "unname":
		err = w.Unname(ctx, by, h, who)
	case "shift":
		err = w.shift(c, f, h, who)
	case "call":
		if err = errCallLink(); f.Line("link") != "" {
			err = w.SetCall(ctx, by, h, f.Line("link"))
		}
	case "mail":
		err = w.SetCall(ctx, by, h, "")
	case "drop":
		err = w.DropShift(ctx, by, h, who, f.Line("shift"))
	default:
		err = errUnreadable()
	}
	if f.Accepts(err) {
		return w.showPeople(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/alerts/networks/" + h + "/people")
}

// shift reads when a shift begins and how long it is, on the clocks of the network.
func (w *Web) shift(c *web.Call, f *web.Form, network, who string) error {
	var n *Network
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		n, err = w.network(c.Context(), tx, network)
		return err
	})
	if err != nil {
		return err
	}
	zone, err := geo.LoadZone(n.Zone)
	if err != nil {
		zone = time.UTC
	}
	start, err := time.ParseInLocation("2006-01-02 15:04", f.Line("day")+" "+f.Line("start"), zone)
	if err != nil {
		return fault.Invalid(fault.Field("day", "alert.shift_day", "Write the day and the time at which the shift begins."))
	}
	hours, ok := f.Int("hours")
	if !ok || hours < 1 || hours > 24 {
		return fault.Invalid(fault.Field("hours", "alert.shift_hours", "A shift lasts from 1 to 24 hours."))
	}
	return w.AddShift(c.Context(), c.Actor(), network, f.Line("key"), who, start, start.Add(time.Duration(hours)*time.Hour))
}
