package roles

import (
	"net/url"
	"strconv"

	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// roleRow is one role of the desk.
type roleRow struct {
	ID, Label                           string
	Needed, Confirmed, Offered, Reserve int
	Current                             bool
}

// offerRow is one offer of the desk.
type offerRow struct {
	Code, State, Note string
	By                string // by how many it is confirmed, where two must
	Mine              bool
	Confirmed         bool
	Full              bool // no more are needed
	Action            string
	Reason            web.FieldView
	Reasons           []web.Choice
}

type deskData struct {
	Event  Brief
	Form   *web.Form
	Rule   []web.Choice
	Roles  []roleRow
	Role   string // label of the one whose offers are shown
	Offers []offerRow
	Next   string
	Saved  bool
}

var deskPage = web.NewPage[deskData](pages, "pages/desk.html")

func deskPath(e id.Event, role string) string {
	to := "/events/" + string(e) + "/roles"
	if role != "" {
		to += "?role=" + url.QueryEscape(role)
	}
	return to
}

// edits is the event of the address, for somebody who may edit it.
func (w *Web) edits(c *web.Call) (Brief, error) {
	if !id.Valid(c.Param("id")) {
		return Brief{}, web.ErrNotFound()
	}
	return w.Events.Edits(c, id.Event(c.Param("id")))
}

// desk is where organizers answer offers.
func (w *Web) desk(c *web.Call) error {
	b, err := w.edits(c)
	if err != nil {
		return err
	}
	return w.showDesk(c, b, c.NewForm(), c.Query().Get("role"), c.Query().Get("after"))
}

func (w *Web) showDesk(c *web.Call, b Brief, f *web.Form, role, after string) error {
	all, err := w.Desk(c.Context(), c.Actor(), b.ID, role, after)
	if err != nil {
		return err
	}
	l := c.Locale
	d := deskData{Event: b, Form: f, Saved: c.Query().Has("saved")}
	if len(f.All("confirmers")) == 0 {
		f.Set("confirmers", strconv.Itoa(all.Confirmers))
	}
	d.Rule = f.Choose("confirmers", []web.Choice{
		{Value: "1", Label: l.T("One organizer confirms")}, {Value: "2", Label: l.T("Two different organizers confirm")},
	})
	for _, r := range all.Roles {
		d.Roles = append(d.Roles, roleRow{IDOf(r.Role), label(l, r.Role), r.Needed, r.Confirmed, r.Offered, r.Reserve, r.Role == all.Role.Role})
	}
	if all.Role.Role != "" {
		d.Role = label(l, all.Role.Role)
		w.fillOffers(c, f, &d, b.ID, all)
	}
	c.Header().Set("Cache-Control", "no-store")
	return deskPage.RenderForm(c, f, d)
}

func (w *Web) fillOffers(c *web.Call, f *web.Form, d *deskData, e id.Event, all Desk) {
	l, rid := c.Locale, IDOf(all.Role.Role)
	state := map[State]string{Confirmed: l.T("Confirmed"), Offered: l.T("Offered"), Reserve: l.T("In reserve")}
	choices := []web.Choice{{Label: l.T("Choose")}}
	for _, r := range reasons {
		choices = append(choices, web.Choice{Value: r.code, Label: l.T(r.name)})
	}
	for _, o := range all.Offers {
		row := offerRow{
			Code: o.Code, State: state[o.State], Note: o.Note, Mine: o.Mine, Confirmed: o.State == Confirmed,
			Full:   all.Role.Confirmed >= all.Role.Needed,
			Action: "/events/" + string(e) + "/roles/" + rid + "/" + o.Code,
			Reason: f.Field(reasonField(o.Code), l.T("If not, why")),
		}
		row.Reasons = f.Choose(row.Reason.Name, choices)
		if all.Confirmers > 1 && o.State.Open() {
			row.By = l.T("Confirmed by {n} of {all} organizers.", "n", o.Confirmed, "all", all.Confirmers)
		}
		d.Offers = append(d.Offers, row)
	}
	if all.Next != "" {
		d.Next = deskPath(e, rid) + "&after=" + all.Next + "#offers"
	}
}

func reasonField(code string) string { return "reason_" + code }

func (w *Web) setRule(c *web.Call) error {
	return w.deskForm(c, "", func(b Brief, f *web.Form) error {
		n, _ := f.Int("confirmers")
		return w.SetRule(c.Context(), c.Actor(), b.ID, n)
	})
}

func (w *Web) answer(c *web.Call) error {
	role, code := c.Param("role"), c.Param("code")
	return w.deskForm(c, role, func(b Brief, f *web.Form) error {
		a := Answer{Confirm: f.Has("answer", "confirm"), Reason: f.Line(reasonField(code))}
		err := w.Answer(c.Context(), c.Actor(), b.ID, role, code, a)
		if fault.HasCode(err, "roles.reason") {
			return fault.Invalid(fault.Field(reasonField(code), "roles.reason", "Choose why it is not needed."))
		}
		return err
	})
}

// deskForm does what one form of the desk asks for.
func (w *Web) deskForm(c *web.Call, role string, do func(b Brief, f *web.Form) error) error {
	b, err := w.edits(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = do(b, f)
	if f.Accepts(err) {
		return w.showDesk(c, b, f, role, "")
	}
	if err != nil {
		return err
	}
	to := deskPath(b.ID, role)
	if role == "" {
		return c.SeeOther(to + "?saved=1")
	}
	return c.SeeOther(to + "&saved=1#offers")
}
