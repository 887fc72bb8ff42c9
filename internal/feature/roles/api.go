package roles

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/id"
	"convoke/internal/web"
)

// apiEventRole is how many of one role an event needs and has.
type apiEventRole struct {
	ID        string `json:"id" doc:"What addresses call it."`
	Role      string `json:"role,omitempty" doc:"Absent when the group names the role itself."`
	Name      string `json:"name,omitempty"`
	Needed    int    `json:"needed"`
	Confirmed int    `json:"confirmed"`
	Offered   int    `json:"offered" doc:"Without an answer, and as many as could still be confirmed."`
	Reserve   int    `json:"reserve" doc:"Behind those; they move up by themselves."`
}

type apiRoleDesk struct {
	Confirmers int            `json:"confirmers" enum:"1,2" doc:"How many organizers confirm an offer."`
	Roles      []apiEventRole `json:"roles" nullable:"false"`
}

// apiRoleOffer is one offer for organizers.
type apiRoleOffer struct {
	Code      string `json:"code" doc:"Of the sign-up, the same for all its roles. Nothing else is known of it."`
	State     string `json:"state" enum:"confirmed,offered,reserve"`
	Note      string `json:"note"`
	Confirmed int    `json:"confirmed" doc:"By how many organizers."`
	Mine      bool   `json:"mine" doc:"You are one of them."`
}

type apiRoleRule struct {
	Confirmers int `json:"confirmers" doc:"1 or 2."`
}

type apiRoleAnswer struct {
	Answer string `json:"answer" enum:"confirm,not_needed"`
	Reason string `json:"reason,omitempty" enum:"enough,training,meet,changed" doc:"Why it is not needed."`
}

// apiHeldRole is an offer for whoever made it.
type apiHeldRole struct {
	ID        string `json:"id"`
	Role      string `json:"role,omitempty" doc:"Absent when the group names the role itself."`
	Name      string `json:"name,omitempty"`
	State     string `json:"state" enum:"offered,reserve,confirmed,declined"`
	Confirmed int    `json:"confirmed" doc:"By how many organizers, while it is offered and two must."`
	Ahead     int    `json:"ahead" doc:"In reserve before this one."`
	Reason    string `json:"reason,omitempty" doc:"Why it is not needed."`
	Note      string `json:"note"`
}

// apiFreeRole is a role that can be offered to take.
type apiFreeRole struct {
	ID      string `json:"id"`
	Role    string `json:"role,omitempty"`
	Name    string `json:"name,omitempty"`
	Needed  int    `json:"needed" doc:"More, beside those confirmed or offered; 0 means the reserve."`
	Reserve int    `json:"reserve"`
}

type apiHeldRoles struct {
	Code       string        `json:"code" doc:"What organizers see of this sign-up."`
	Confirmers int           `json:"confirmers" doc:"How many organizers confirm an offer."`
	Open       bool          `json:"open" doc:"Roles can be offered to take now."`
	Offers     []apiHeldRole `json:"offers" nullable:"false"`
	Free       []apiFreeRole `json:"free" nullable:"false"`
}

type apiRoleNote struct {
	Note string `json:"note,omitempty" doc:"At most 300 characters; sealed, and deleted with the sign-up."`
}

type (
	apiEventPath struct {
		ID string `path:"id"`
	}
	apiRulePut struct {
		ID   string `path:"id"`
		Body apiRoleRule
	}
	apiOffersPath struct {
		ID    string `path:"id"`
		Role  string `path:"role"`
		After string `query:"after"`
	}
	apiAnswerPut struct {
		ID   string `path:"id"`
		Role string `path:"role"`
		Code string `path:"code"`
		Body apiRoleAnswer
	}
	apiHeldPath struct {
		ID     string `path:"id"`
		Secret string `path:"secret"`
	}
	apiHeldOne struct {
		ID     string `path:"id"`
		Secret string `path:"secret"`
		Role   string `path:"role"`
	}
	apiOfferPut struct {
		ID     string `path:"id"`
		Secret string `path:"secret"`
		Role   string `path:"role"`
		Body   apiRoleNote
	}
)

// MountAPI adds the operations of roles.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: "/events/{id}/roles" + path, ID: name, Tag: "roles", Summary: summary, Doc: doc, Scope: api.Events}
	}
	api.Add(a, op(http.MethodGet, "", "getRoles", "Roles of an event, in numbers", "For organizers of its group."),
		func(c *web.Call, _ *apiEventPath) (apiRoleDesk, error) { return w.apiDesk(c) })
	api.Add(a, op(http.MethodPut, "", "setRoleRule", "Say how many organizers confirm", ""),
		func(c *web.Call, in *apiRulePut) (apiRoleDesk, error) {
			if b, err := w.edits(c); err != nil {
				return apiRoleDesk{}, err
			} else if err := w.SetRule(c.Context(), c.Actor(), b.ID, in.Body.Confirmers); err != nil {
				return apiRoleDesk{}, err
			}
			return w.apiDesk(c)
		})
	api.Add(a, op(http.MethodGet, "/{role}", "listRoleOffers", "Offers to take a role", "Confirmed ones, then open ones in their order. Never who."), w.apiOffers)
	api.Do(a, op(http.MethodPut, "/{role}/{code}", "answerRoleOffer", "Answer an offer",
		"A confirmation is of the person of the token. Repeated, it counts once."), w.apiAnswer)
	w.mountHeld(a)
}

func (w *Web) mountHeld(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{
			Method: method, Path: "/events/{id}/attendance/{secret}/roles" + path, ID: name, Tag: "roles", Summary: summary, Doc: doc,
			Scope: api.Attendance, Open: true,
		}
	}
	api.Add(a, op(http.MethodGet, "", "getOwnRoles", "Roles of one's own sign-up", ""),
		func(c *web.Call, in *apiHeldPath) (apiHeldRoles, error) { return w.apiHeld(c, in.Secret) })
	api.Add(a, op(http.MethodPut, "/{role}", "offerRole", "Offer to take a role", "Repeated, it is the same offer, with another note if one is sent."),
		func(c *web.Call, in *apiOfferPut) (apiHeldRoles, error) {
			f, err := api.Form(c, in.Body)
			if err != nil {
				return apiHeldRoles{}, err
			}
			b, err := w.holder(c)
			if err != nil {
				return apiHeldRoles{}, err
			}
			if err := w.Offer(c.Context(), b.ID, in.Secret, Input{Roles: []string{in.Role}, Note: f.Text("note")}); err != nil {
				return apiHeldRoles{}, err
			}
			return w.apiHeld(c, in.Secret)
		})
	api.Do(a, op(http.MethodDelete, "/{role}", "withdrawRole", "Withdraw an offer", ""), func(c *web.Call, in *apiHeldOne) error {
		b, err := w.holder(c)
		if err != nil {
			return err
		}
		return w.Withdraw(c.Context(), b.ID, in.Secret, in.Role)
	})
}

func (w *Web) apiDesk(c *web.Call) (apiRoleDesk, error) {
	b, err := w.edits(c)
	if err != nil {
		return apiRoleDesk{}, err
	}
	d, err := w.Desk(c.Context(), c.Actor(), b.ID, "", "")
	out := apiRoleDesk{Confirmers: d.Confirmers, Roles: []apiEventRole{}}
	for _, r := range d.Roles {
		code, name := parts(r.Role)
		out.Roles = append(out.Roles, apiEventRole{IDOf(r.Role), code, name, r.Needed, r.Confirmed, r.Offered, r.Reserve})
	}
	c.Header().Set("Cache-Control", "no-store")
	return out, err
}

func (w *Web) apiOffers(c *web.Call, in *apiOffersPath) (api.Page[apiRoleOffer], error) {
	var out []apiRoleOffer
	b, err := w.edits(c)
	if err != nil {
		return api.PageOf(out, ""), err
	}
	d, err := w.Desk(c.Context(), c.Actor(), b.ID, in.Role, in.After)
	for _, o := range d.Offers {
		out = append(out, apiRoleOffer{o.Code, string(o.State), o.Note, o.Confirmed, o.Mine})
	}
	c.Header().Set("Cache-Control", "no-store")
	return api.PageOf(out, d.Next), err
}

func (w *Web) apiAnswer(c *web.Call, in *apiAnswerPut) error {
	b, err := w.edits(c)
	if err != nil {
		return err
	}
	a := Answer{Confirm: in.Body.Answer == "confirm", Reason: in.Body.Reason}
	return w.Answer(c.Context(), c.Actor(), b.ID, in.Role, in.Code, a)
}

func (w *Web) apiHeld(c *web.Call, secret string) (apiHeldRoles, error) {
	out := apiHeldRoles{Offers: []apiHeldRole{}, Free: []apiFreeRole{}}
	if !id.Valid(c.Param("id")) {
		return out, web.ErrNotFound()
	}
	m, err := w.Mine(c.Context(), id.Event(c.Param("id")), secret)
	out.Code, out.Confirmers, out.Open = m.Code, m.Confirmers, m.Open
	for _, o := range m.Offers {
		code, name := parts(o.Role)
		out.Offers = append(out.Offers, apiHeldRole{IDOf(o.Role), code, name, string(o.State), o.Confirmed, o.Ahead, o.Reason, o.Note})
	}
	for _, r := range m.Free {
		code, name := parts(r.Role)
		out.Free = append(out.Free, apiFreeRole{IDOf(r.Role), code, name, max(0, r.room()), r.Reserve})
	}
	c.Header().Set("Cache-Control", "no-store")
	return out, err
}
