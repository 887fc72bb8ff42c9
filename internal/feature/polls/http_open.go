package polls

import (
	"strconv"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/record/box"
	"convoke/internal/web"
)

type openData struct {
	Form             *web.Form
	Proposal         Proposal
	URL, Key, Zone   string
	Amendment        string
	Presets          []web.Choice
	Gates, Secrecy   []web.Choice
	Coalition        bool
	Early            []web.Choice // what is possible only when it is said now
	ByGroups         []web.Choice
	Trustees         []web.Choice
	Voters           int // as things are now
	MayCodes, Secret bool
}

var openPage = web.NewPage[openData](pages, "pages/open.html")

// openPage shows the form; what it offers depends on the group.
func (w *Web) openPage(c *web.Call, f *web.Form, p *Proposal, g Group, key string) error {
	l := c.Locale
	d := openData{Form: f, Proposal: *p, URL: urlOf(p), Key: key, Zone: g.Zone, Amendment: f.Raw("amendment"), MayCodes: p.Public}
	choose := len(p.Options) > 0 && d.Amendment == ""
	for _, x := range presets {
		if x.code != byFeeling && choose != several(x.method) || x.code == byFeeling && d.Amendment != "" {
			continue
		}
		hint := l.T(x.hint)
		if x.form != "" {
			hint += " " + l.T(x.form)
		}
		d.Presets = append(d.Presets, choice(x.code, l.T(x.name), hint))
	}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		ctx := c.Context()
		weights, secret, err := w.coalition(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		d.Coalition, d.Secret = weights != "", secret
		if d.Trustees, err = w.trustees(c, tx, p.ID); err != nil {
			return err
		}
		if !d.Coalition {
			all, err := w.Groups.Members(ctx, tx, g.ID)
			d.Voters = len(all)
			return err
		}
		d.Voters, err = w.Coalitions.Weight(ctx, tx, g.ID)
		return err
	})
	if err != nil {
		return err
	}
	d.Gates = f.Choose("gate", []web.Choice{
		choice(box.GateMembers, l.T("Members, as they are when it opens"), l.T("Nobody is added later.")),
		choice(box.GateCodes, l.T("Whoever has a code from your list"), l.T("You bring the codes.")),
	})
	d.Secrecy = []web.Choice{choice("secret", l.T("In secret"), l.T("Only where all votes weigh the same and no mandate is bound."))}
	if !d.Secret {
		d.Secrecy = append([]web.Choice{choice("named", l.T("By name of their groups"), l.T("After the close everybody can read who voted what."))}, d.Secrecy...)
	}
	d.Presets, d.Secrecy = f.Choose("preset", d.Presets), f.Choose("secrecy", d.Secrecy)
	d.Trustees = f.Choose("trustees", d.Trustees)
	d.Early = f.Choose("early", []web.Choice{choice("yes", l.T("Organizers may close it before its time"), l.T("Only if you say so now, and it stands on the page."))})
	d.ByGroups = f.Choose("by_groups", []web.Choice{choice("yes", l.T("Each member group decides in its own poll"), l.T("Seats are groups then, and what each decided is entered as its vote. No delegate types it."))})
	c.Header().Set("Cache-Control", "no-store")
	return openPage.RenderForm(c, f, d)
}

// trustees are those who can keep a poll about a proposal shut, and nobody; empty where
// nobody has made a key.
func (w *Web) trustees(c *web.Call, tx *db.Tx, p ID) (out []web.Choice, err error) {
	all, err := w.Trustees.Ready(c.Context(), tx, p)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	out = []web.Choice{{Value: "", Label: c.Locale.T("Nobody: this server hides them, but whoever runs it could look")}}
	for i := range all {
		out = append(out, web.Choice{Value: all[i].ID, Label: keepers(c.Locale, &all[i])})
	}
	return out, nil
}

// keepers says who opens a poll.
func keepers(l *i18n.Locale, r *TrusteeRun) string {
	return l.N("Any {n} of these: {names}", "Any {n} of these: {names}", r.Need, "names", strings.Join(r.Names, ", "))
}

// choice is one whose hint is too long to stand beside it on a phone.
func choice(value, label, hint string) web.Choice {
	return web.Choice{Value: value, Label: label + ": " + hint}
}

func (w *Web) openForm(c *web.Call) error {
	p, g, err := w.editable(c, authz.RunPoll)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("sequence", strconv.Itoa(p.Sequence)).Set("preset", byMajority).Set("gate", box.GateMembers).Set("secrecy", "named").
		Set("amendment", c.Query().Get("amendment"))
	if len(p.Options) > 0 && f.Raw("amendment") == "" {
		f.Set("preset", byRank)
	}
	if err := openable(&p, &OpenInput{Sequence: p.Sequence}); err != nil {
		return err
	}
	return w.openPage(c, f, &p, g, c.NewKey())
}

func readOpen(f *web.Form) OpenInput {
	seq, _ := f.Int("sequence")
	in := OpenInput{
		Sequence: seq, Amendment: f.Line("amendment"), Preset: f.Line("preset"), Quorum: f.Line("quorum"), Support: f.Line("support"), Share: f.Line("share"),
		Blocks: f.Line("blocks"), Winners: f.Line("winners"), Day: f.Line("day"), Time: f.Line("time"),
		FromDay: f.Line("from_day"), FromTime: f.Line("from_time"), Secrecy: f.Line("secrecy"), Gate: f.Line("gate"),
		Codes: f.Text("codes"), Early: f.Has("early", "yes"), ByGroups: f.Has("by_groups", "yes"),
		Trustees: f.Line("trustees"),
	}
	if in.Gate == "" {
		in.Gate = box.GateMembers // a coalition is not asked
	}
	return in
}

func (w *Web) open(c *web.Call) error {
	p, g, err := w.editable(c, authz.RunPoll)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	pid, err := w.Opens(c.Context(), c.Actor(), string(p.ID), f.Line("key"), readOpen(f))
	if f.Accepts(err) {
		return w.openPage(c, f, &p, g, f.Line("key"))
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/polls/" + string(pid))
}
