package events

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/web"
)

// apiEventText is what an event says in another language.
type apiEventText struct {
	Lang        string `json:"lang" doc:"ISO 639."`
	Title       string `json:"title"`
	Description string `json:"description" doc:"Markdown. Here and below, what is empty is as the event itself says it."`
	AccessNote  string `json:"access_note"`
	Bring       string `json:"bring" doc:"Markdown."`
	Credit      string `json:"credit" doc:"Who translated, as they want to be named."`
	Older       bool   `json:"older" doc:"The event itself was changed since."`
}

type apiEventTextInput struct {
	Title       string `json:"title,omitempty" doc:"Needed, unless it is removed."`
	Description string `json:"description,omitempty" doc:"Markdown."`
	AccessNote  string `json:"access_note,omitempty"`
	Bring       string `json:"bring,omitempty" doc:"Markdown."`
	Credit      string `json:"credit,omitempty" doc:"Who translated; everybody sees it."`
	Remove      bool   `json:"remove,omitempty" doc:"There is to be none in this language."`
	Sequence    int    `json:"sequence" doc:"That of the event as it was read."`
}

type apiTextChange struct {
	ID   string `path:"id"`
	Lang string `path:"lang" doc:"ISO 639."`
	Body apiEventTextInput
}

func (w *Web) mountVersionsAPI(a *api.API) {
	put := api.Op{
		Method: http.MethodPut, Path: "/events/{id}/texts/{lang}", ID: "translateEvent", Tag: "events", Summary: "Add, change or remove a version in another language",
		Doc: "For those who may edit the event. Dates to come of the same series get it too, where they say the same.", Scope: api.Events,
	}
	api.Add(a, put, w.apiTranslate)
}

func (w *Web) apiTranslate(c *web.Call, in *apiTextChange) (apiEvent, error) {
	if err := w.mayEdit(c); err != nil {
		return apiEvent{}, err
	}
	eid, err := eventID(in.ID)
	if err != nil {
		return apiEvent{}, err
	}
	f, err := api.Form(c, in.Body)
	if err != nil {
		return apiEvent{}, err
	}
	if err := w.Translate(c.Context(), c.Actor(), eid, in.Body.Sequence, readVersion(f.Set("lang", in.Lang))); err != nil {
		return apiEvent{}, err
	}
	return w.apiShow(c, eid)
}

// apiTexts are the versions of an event. bring is what the event itself says.
func apiTexts(e *Event, bring string, vs []Version) []apiEventText {
	out := make([]apiEventText, len(vs))
	now := ""
	for i := range vs {
		v := &vs[i]
		if now == "" {
			now = e.said(bring)
		}
		out[i] = apiEventText{v.Lang, v.Title, v.Description, v.AccessNote, v.Bring, v.Credit, v.Older(now)}
	}
	return out
}
