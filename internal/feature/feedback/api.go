package feedback

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// apiFeedback is what one sign-up says.
type apiFeedback struct {
	Mood   string `json:"mood" enum:"good,mixed,bad" doc:"How it was."`
	Access string `json:"access,omitempty" enum:"yes,partly,no,none" doc:"Whether access was as promised; none when it does not concern them."`
	Again  string `json:"again,omitempty" enum:"yes,no" doc:"Whether they would come again."`
	Text   string `json:"text,omitempty" doc:"What the organizers should know, up to 1000 characters. Sealed, and destroyed with the sign-up."`
}

// apiFeedbackReport is what organizers see.
type apiFeedbackReport struct {
	Few    bool           `json:"few" doc:"Fewer than five have answered, so nothing is told."`
	People int            `json:"people" doc:"Who answered."`
	Mood   map[string]int `json:"mood"`
	Access map[string]int `json:"access"`
	Again  map[string]int `json:"again"`
	Texts  []string       `json:"texts" nullable:"false" doc:"Up to 200, in an order that follows nothing."`
	More   bool           `json:"more" doc:"There are other texts: ask again."`
}

type (
	apiPath struct {
		ID     string `path:"id"`
		Secret string `path:"secret"`
	}
	apiGive struct {
		ID     string `path:"id"`
		Secret string `path:"secret"`
		Body   apiFeedback
	}
	apiEventPath struct {
		ID string `path:"id"`
	}
)

// MountAPI adds the operations of feedback.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, name, summary, doc string) api.Op {
		return api.Op{
			Method: method, Path: "/events/{id}/attendance/{secret}/feedback", ID: name, Tag: "feedback", Summary: summary, Doc: doc,
			Scope: api.Attendance, Open: true,
		}
	}
	api.Add(a, op(http.MethodGet, "getFeedback", "What one's own sign-up says of the event", ""),
		func(c *web.Call, _ *apiPath) (apiFeedback, error) { return w.apiMine(c) })
	api.Add(a, op(http.MethodPut, "giveFeedback", "Say how the event was", "From its end until the sign-up is removed. It becomes what is sent, and is counted once."), w.apiGive)
	api.Add(a, api.Op{
		Method: http.MethodGet, Path: "/events/{id}/feedback", ID: "getFeedbackReport", Tag: "feedback", Summary: "What people say of an event",
		Doc: "For organizers of its group. Nothing tells who said what.", Scope: api.Read,
	}, w.apiReport)
}

func (w *Web) apiMine(c *web.Call) (apiFeedback, error) {
	e, h, err := w.held(c)
	if err != nil {
		return apiFeedback{}, err
	}
	a, ok, err := w.Mine(c.Context(), e.ID, h.Hash)
	if err == nil && !ok {
		err = fault.NotFound("feedback.none", "This sign-up has not said how it was.")
	}
	c.Header().Set("Cache-Control", "no-store")
	return apiFeedback(a), err
}

func (w *Web) apiGive(c *web.Call, in *apiGive) (apiFeedback, error) {
	e, _, err := w.held(c)
	if err != nil {
		return apiFeedback{}, err
	}
	f, err := api.Form(c, in.Body)
	if err != nil {
		return apiFeedback{}, err
	}
	a := read(f)
	if err := w.Give(c.Context(), e.ID, in.Secret, a); err != nil {
		return apiFeedback{}, err
	}
	c.Header().Set("Cache-Control", "no-store")
	return apiFeedback(a), nil
}

func (w *Web) apiReport(c *web.Call, in *apiEventPath) (apiFeedbackReport, error) {
	if !id.Valid(in.ID) {
		return apiFeedbackReport{}, web.ErrNotFound()
	}
	e, err := w.Events.Edits(c, id.Event(in.ID))
	if err != nil {
		return apiFeedbackReport{}, err
	}
	r, err := w.Report(c.Context(), e.ID)
	if err != nil {
		return apiFeedbackReport{}, err
	}
	out := apiFeedbackReport{Few: r.Few, People: r.People, Mood: map[string]int{}, Access: map[string]int{}, Again: map[string]int{}, Texts: []string{}, More: r.More}
	of := map[string]map[string]int{"mood": out.Mood, "access": out.Access, "again": out.Again}
	for _, t := range r.Totals {
		of[t.Question][t.Answer] = t.People
	}
	out.Texts = append(out.Texts, r.Texts...)
	c.Header().Set("Cache-Control", "no-store")
	return out, nil
}
