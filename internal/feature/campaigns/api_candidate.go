package campaigns

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

type apiCandidate struct {
	ID        string `json:"id"`
	Group     string `json:"group" doc:"Handle of who put it forward."`
	Text      string `json:"text"`
	Addressee string `json:"addressee"`
	State     string `json:"state" enum:"forward,merged,chosen,retired"`
	Into      string `json:"into,omitempty" doc:"The one that it was merged into."`
	Number    int    `json:"number,omitempty" doc:"Of the demand that came of it."`
	Day       string `json:"day" format:"date"`
}

type (
	apiForwardInput struct {
		Group     string `json:"group" doc:"Handle of the group that puts it forward."`
		Text      string `json:"text"`
		Addressee string `json:"addressee"`
	}
	apiForward struct {
		Handle string `path:"handle"`
		Body   apiForwardInput
	}
	apiCandidatePath struct {
		Handle string `path:"handle"`
		ID     string `path:"id"`
	}
	apiMergeInput struct {
		Into string `json:"into" doc:"The one that says the same."`
	}
	apiMerge struct {
		Handle string `path:"handle"`
		ID     string `path:"id"`
		Body   apiMergeInput
	}
)

// mountCandidates adds what groups put forward.
func (w *Web) mountCandidates(a *api.API) {
	list := op(http.MethodGet, "/candidates", "listCandidates", "The demands that groups put forward", "Merged and retired ones too, the oldest first.")
	list.Scope, list.Open = api.Read, true
	api.Add(a, list, w.apiCandidates)
	put := op(http.MethodPost, "/candidates", "putForward", "Put a demand forward",
		"For organizers of groups that own or endorse the campaign, or are members of a coalition that owns it. Repeated with its key, it is one.")
	put.Status, put.Keyed = http.StatusCreated, true
	api.Add(a, put, func(c *web.Call, in *apiForward) (api.Page[apiCandidate], error) {
		key, err := a.Key(c)
		if err == nil {
			err = w.PutForward(c.Context(), c.Actor(), in.Handle, in.Body.Group, key, DemandInput{Body: oneText(c, in.Body.Text), Addressee: oneLine(c, in.Body.Addressee)})
		}
		if fault.HasCode(err, "form.key_used") {
			err = api.ErrKeyReused()
		}
		return w.candidatesAfter(c, in.Handle, renamed(err, "body", "text"))
	})
	api.Add(a, op(http.MethodPut, "/candidates/{id}/into", "mergeCandidate", "Merge a demand into one that says the same", "For its group and for owners of the campaign."),
		func(c *web.Call, in *apiMerge) (api.Page[apiCandidate], error) {
			return w.candidatesAfter(c, in.Handle, w.Merge(c.Context(), c.Actor(), in.Handle, in.ID, in.Body.Into))
		})
	api.Do(a, op(http.MethodDelete, "/candidates/{id}/into", "partCandidate", "Take a demand out of the one that it was merged into", "For its group and for owners of the campaign."),
		func(c *web.Call, in *apiCandidatePath) error {
			return w.Part(c.Context(), c.Actor(), in.Handle, in.ID)
		})
	api.Do(a, op(http.MethodDelete, "/candidates/{id}", "retireCandidate", "Take back what one’s group put forward", "It stays in the list as taken back."),
		func(c *web.Call, in *apiCandidatePath) error {
			return w.Retire(c.Context(), c.Actor(), in.Handle, in.ID)
		})
}

func (w *Web) candidatesAfter(c *web.Call, handle string, err error) (api.Page[apiCandidate], error) {
	if err != nil {
		return api.Page[apiCandidate]{}, err
	}
	return w.apiCandidates(c, &apiPath{handle})
}

func (w *Web) apiCandidates(c *web.Call, in *apiPath) (api.Page[apiCandidate], error) {
	out := []apiCandidate{}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		camp, _, err := w.load(c.Context(), tx, c.Actor(), in.Handle)
		if err != nil {
			return err
		}
		all, err := candidatesOf(c.Context(), tx, camp.ID)
		if err != nil {
			return err
		}
		of := make([]id.Group, len(all))
		for i, k := range all {
			of[i] = k.Group
		}
		groups, err := w.Groups.ByIDs(c.Context(), tx, of)
		out = out[:0]
		for _, k := range all {
			out = append(out, apiCandidate{k.ID, groups[k.Group].Handle, k.Body, k.Addressee, string(k.State), k.Into, k.Number, day.ISO(k.Day)})
		}
		return err
	})
	return api.PageOf(out, ""), err
}
