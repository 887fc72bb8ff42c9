package events

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/id"
	"convoke/internal/web"
)

// apiExact is an exact place for those who edit it.
type apiExact struct {
	Address    string `json:"address" doc:"Of the place, or of the meeting point. Empty when no exact place is kept."`
	Directions string `json:"directions"`
	OnlineURL  string `json:"online_url"`
	Early      bool   `json:"early" doc:"Those who signed up and have a place see it at once."`
	ShowFrom   string `json:"show_from,omitempty" doc:"From when everybody sees it, local to the place; absent when never. It holds while the event starts when it did as the hour was chosen, and is not postponed or cancelled."`
	Shown      bool   `json:"shown" doc:"Everybody sees it now."`
	Outdated   bool   `json:"outdated" doc:"The event was moved since the hour was chosen, so the hour does not hold."`
	Version    int    `json:"version" doc:"Grows with every change; a change sends it back."`
}

// apiExactInput is an exact place as the form takes it, field for member.
type apiExactInput struct {
	Address    string `json:"address,omitempty" doc:"At most 200 characters."`
	Directions string `json:"directions,omitempty" doc:"At most 1000 characters."`
	OnlineURL  string `json:"online_url,omitempty"`
	Early      bool   `json:"early,omitempty" doc:"Those who signed up and have a place see it at once."`
	ShowDate   string `json:"show_date,omitempty" doc:"2027-05-08, at the place; with show_time, from when everybody sees it."`
	ShowTime   string `json:"show_time,omitempty" doc:"09:00."`
	Version    int    `json:"version,omitempty" doc:"That of the exact place as it was read. When somebody changed it meanwhile, nothing is overwritten."`
}

type apiSetExact struct {
	ID   string `path:"id"`
	Body apiExactInput
}

func (w *Web) mountExactAPI(a *api.API) {
	op := api.Op{
		Method: http.MethodGet, Path: "/events/{id}/place", ID: "getExactPlace", Tag: "events", Summary: "The exact place of an event",
		Doc: "For organizers of its group. Those who signed up find it in their sign-up, everybody from the hour on on the event's page.", Scope: api.Events,
	}
	api.Add(a, op, func(c *web.Call, _ *apiEventID) (apiExact, error) { return w.apiExactOf(c) })
	op.Method, op.ID, op.Summary = http.MethodPut, "setExactPlace", "Set the exact place of an event"
	op.Doc = "For organizers of its group. It becomes what is sent; without address, directions and online_url it is taken back. Those who can see it hear of a change."
	api.Add(a, op, func(c *web.Call, in *apiSetExact) (apiExact, error) {
		if _, err := eventID(in.ID); err != nil {
			return apiExact{}, err
		}
		f, err := api.Form(c, in.Body)
		if err != nil {
			return apiExact{}, err
		}
		if in.Body.Early {
			f.Set("early", "1")
		}
		if err := w.SetExact(c.Context(), c.Actor(), id.Event(in.ID), in.Body.Version, readExact(f)); err != nil {
			return apiExact{}, err
		}
		return w.apiExactOf(c)
	})
}

func (w *Web) apiExactOf(c *web.Call) (apiExact, error) {
	e, x, err := w.exactOf(c)
	if err != nil {
		return apiExact{}, err
	}
	out := apiExact{
		Address: x.Address, Directions: x.Directions, OnlineURL: x.OnlineURL, Early: x.Early, Version: x.Version,
		Outdated: x.outdated(&e),
	}
	out.Shown, _ = x.public(&e, c.Now())
	if !x.At.IsZero() {
		out.ShowFrom = e.Local(x.At).Format(minuteFormat)
	}
	c.Header().Set("Cache-Control", "no-store")
	return out, nil
}
