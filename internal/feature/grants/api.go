package grants

import (
	"net/http"
	"time"

	"convoke/internal/api"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// apiManager is somebody who helps with an event.
type apiManager struct {
	ID     string `json:"id" doc:"Of what they were granted, to take it back."`
	Handle string `json:"handle"`
	Since  string `json:"since" doc:"A day."`
}

// apiHelpLink is a link that nobody has used.
type apiHelpLink struct {
	ID     string    `json:"id"`
	Handle string    `json:"handle" doc:"Who alone can use it; empty for anybody."`
	Ends   time.Time `json:"ends"`
}

type apiManagers struct {
	Managers []apiManager  `json:"managers" nullable:"false"`
	Links    []apiHelpLink `json:"links" nullable:"false" doc:"Links that nobody has used. Their secrets are kept nowhere here."`
}

type apiHelpURL struct {
	URL string `json:"url" doc:"Shown this once. It makes one person a manager of the event, once."`
}

// apiHelping is what somebody was granted.
type apiHelping struct {
	ID    string `json:"id"`
	What  string `json:"what" enum:"manager,roster" doc:"Manages the event, or sees who signed up for it: on its page only."`
	Event string `json:"event"`
	Title string `json:"title"`
	Since string `json:"since" doc:"A day."`
}

type (
	apiNothing     struct{}
	apiHelpingPath struct {
		Grant string `path:"grant"`
	}
	apiEventPath struct {
		ID string `path:"id"`
	}
	apiManagerNew struct {
		ID   string `path:"id"`
		Body struct {
			Handle string `json:"handle,omitempty" doc:"Who alone can use the link. Whether there is such an account is not looked up."`
		}
	}
	apiManagerPath struct {
		ID    string `path:"id"`
		Grant string `path:"grant"`
	}
	apiHelpLinkPath struct {
		ID   string `path:"id"`
		Link string `path:"link"`
	}
)

// MountAPI adds the operations on managers. Who sees sign-ups, and what they
// see, is for people on pages: no token reaches it.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: "/events/{id}/managers" + path, ID: name, Tag: "events", Summary: summary, Doc: doc, Scope: api.Roles}
	}
	api.Add(a, op(http.MethodGet, "", "listManagers", "Who helps with an event, and links that nobody has used", "For organizers of its group."),
		func(c *web.Call, _ *apiEventPath) (apiManagers, error) { return w.apiManagers(c) })
	invite := op(http.MethodPost, "/links", "inviteManager", "Make a link that makes somebody a manager of the event",
		"For organizers of its group.")
	invite.Status, invite.Keyed = http.StatusCreated, true
	api.Add(a, invite, func(c *web.Call, in *apiManagerNew) (apiHelpURL, error) { return w.apiInvite(c, a, in) })
	api.Do(a, op(http.MethodDelete, "/links/{link}", "revokeManagerLink", "Revoke a link that nobody has used", ""), func(c *web.Call, in *apiHelpLinkPath) error {
		e, err := eventID(c)
		if err != nil {
			return err
		}
		return w.RevokeLink(c.Context(), c.Actor(), e, in.Link)
	})
	api.Do(a, op(http.MethodDelete, "/{grant}", "endManager", "Take it back from somebody who helps", "At once. For organizers of its group."), w.apiEnd)
	mine := api.Op{Method: http.MethodGet, Path: "/me/helping", ID: "listMyHelping", Tag: "events", Summary: "The events that the token's person helps with", Scope: api.Read}
	api.Add(a, mine, func(c *web.Call, _ *apiNothing) (api.Page[apiHelping], error) { return w.apiMine(c) })
	stop := api.Op{Method: http.MethodDelete, Path: "/me/helping/{grant}", ID: "stopHelping", Tag: "events", Summary: "Help with an event no longer", Scope: api.Roles}
	api.Do(a, stop, func(c *web.Call, in *apiHelpingPath) error { return w.GiveUp(c.Context(), c.Actor(), in.Grant) })
}

func (w *Web) apiMine(c *web.Call) (api.Page[apiHelping], error) {
	all, of, err := w.Mine(c.Context(), c.Actor())
	out := make([]apiHelping, len(all))
	for i, g := range all {
		out[i] = apiHelping{g.ID, string(g.Kind), string(g.Event), of[i].Title, g.Since.Format(time.DateOnly)}
	}
	c.Header().Set("Cache-Control", "no-store")
	return api.PageOf(out, ""), err
}

func (w *Web) apiPeople(c *web.Call) (id.Event, People, error) {
	e, err := eventID(c)
	if err != nil {
		return "", People{}, err
	}
	p, err := w.People(c.Context(), c.Actor(), e)
	c.Header().Set("Cache-Control", "no-store")
	return e, p, err
}

func (w *Web) apiManagers(c *web.Call) (apiManagers, error) {
	out := apiManagers{Managers: []apiManager{}, Links: []apiHelpLink{}}
	_, p, err := w.apiPeople(c)
	for _, g := range p.Grants {
		if g.Kind == Manager {
			out.Managers = append(out.Managers, apiManager{g.ID, g.Handle, g.Since.Format(time.DateOnly)})
		}
	}
	for _, l := range p.Links {
		out.Links = append(out.Links, apiHelpLink(l))
	}
	return out, err
}

func (w *Web) apiInvite(c *web.Call, a *api.API, in *apiManagerNew) (apiHelpURL, error) {
	e, err := eventID(c)
	if err != nil {
		return apiHelpURL{}, err
	}
	key, f, err := a.Keyed(c, in.Body)
	if err != nil {
		return apiHelpURL{}, err
	}
	path, err := w.Invite(c.Context(), c.Actor(), e, f.Line("handle"), key)
	if fault.HasCode(err, "form.key_used") {
		err = api.ErrKeyReused()
	}
	if err != nil {
		return apiHelpURL{}, err
	}
	c.Header().Set("Cache-Control", "no-store")
	return apiHelpURL{c.BaseURL() + path}, nil
}

// apiEnd ends what a manager was granted, and no other grant.
func (w *Web) apiEnd(c *web.Call, in *apiManagerPath) error {
	e, p, err := w.apiPeople(c)
	if err != nil {
		return err
	}
	for _, g := range p.Grants {
		if g.ID == in.Grant && g.Kind == Manager {
			return w.End(c.Context(), c.Actor(), e, in.Grant)
		}
	}
	return errNoGrant()
}
