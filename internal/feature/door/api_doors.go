package door

import (
	"context"
	"net/http"
	"slices"

	"convoke/internal/api"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/web"
)

// apiDoorMade is a door link that was just made.
type apiDoorMade struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
	Secret string `json:"secret" doc:"Shown this once. Whoever has it counts at this door, without an account."`
	URL    string `json:"url" doc:"The page of the door."`
}

// apiCounted is what was published of a count.
type apiCounted struct {
	Low  int `json:"low" doc:"People who were counted."`
	High int `json:"high" doc:"How many there may have been."`
}

type (
	apiDoorNew struct {
		ID   string `path:"id"`
		Body struct {
			Name string `json:"name" doc:"As people call it: North gate. At most 60 characters."`
		}
	}
	apiDoorOne struct {
		ID   string `path:"id"`
		Door int    `path:"door" doc:"Its number."`
	}
	apiCountNew struct {
		ID   string `path:"id"`
		Body struct {
			High int `json:"high" doc:"How many there may have been: more than were counted, as nobody sees everybody come in."`
		}
	}
)

func (w *Web) mountDoors(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: "/events/{id}" + path, ID: name, Tag: "door", Summary: summary, Doc: doc, Scope: api.Events}
	}
	api.Add(a, op(http.MethodGet, "/doors", "listDoors", "The door links of an event", "For those who may edit it. Their secrets are kept nowhere here."),
		func(c *web.Call, _ *apiEventPath) (api.Page[apiDoorLink], error) { return w.apiDoors(c) })
	add := op(http.MethodPost, "/doors", "addDoor", "Make a door link",
		"For those who may edit the event. Repeated with its key it is the same door, and the answer has its secret again.")
	add.Status, add.Keyed = http.StatusCreated, true
	api.Add(a, add, func(c *web.Call, in *apiDoorNew) (apiDoorMade, error) { return w.apiAddDoor(c, a, in) })
	api.Do(a, op(http.MethodDelete, "/doors/{door}", "revokeDoor", "Revoke a door link", "What was counted with it stays. Repeated, it is revoked still."),
		func(c *web.Call, in *apiDoorOne) error {
			e, err := w.edits(c)
			if err != nil {
				return err
			}
			if in.Door < 1 || in.Door > maxDoors {
				return errNoDoor()
			}
			return w.Revoke(c.Context(), e.ID, in.Door)
		})
	say := op(http.MethodPost, "/arrivals/estimate", "publishArrivals", "Publish how many came, as an estimate",
		"For those who may edit the event, once it is over: from what was counted at all doors to how many there may have been.")
	say.Status, say.Keyed = http.StatusCreated, true
	api.Add(a, say, func(c *web.Call, in *apiCountNew) (apiCounted, error) { return w.apiPublish(c, a, in) })
}

func (w *Web) apiDoors(c *web.Call) (api.Page[apiDoorLink], error) {
	e, err := w.edits(c)
	if err != nil {
		return api.Page[apiDoorLink]{}, err
	}
	n, _, err := w.Numbers(c.Context(), e.ID)
	c.Header().Set("Cache-Control", "no-store")
	return api.PageOf(linksOf(n.Doors), ""), err
}

func linksOf(all []Door) []apiDoorLink {
	out := make([]apiDoorLink, len(all))
	for i, d := range all {
		out[i] = apiDoorLink{d.Number, d.Name, d.Revoked, apiCame(d.Count)}
	}
	return out
}

func (w *Web) apiAddDoor(c *web.Call, a *api.API, in *apiDoorNew) (apiDoorMade, error) {
	e, err := w.edits(c)
	if err != nil {
		return apiDoorMade{}, err
	}
	key, f, err := a.Keyed(c, in.Body)
	if err != nil {
		return apiDoorMade{}, err
	}
	name := f.Line("name")
	if err := w.Add(c.Context(), e, key, name); err != nil {
		return apiDoorMade{}, err
	}
	d, err := w.made(c.Context(), key)
	if err == nil && d.Name != name {
		err = api.ErrKeyReused()
	}
	if err != nil {
		return apiDoorMade{}, err
	}
	c.Header().Set("Cache-Control", "no-store")
	return apiDoorMade{d.Number, d.Name, key, c.BaseURL() + "/door/" + key}, nil
}

// made is the door that a secret opens, revoked or not.
func (s *Service) made(ctx context.Context, secret string) (Door, error) {
	var d Door
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		d, err = doorByHash(ctx, tx, id.Hash(secret))
		return err
	})
	return d, err
}

func (w *Web) apiPublish(c *web.Call, a *api.API, in *apiCountNew) (apiCounted, error) {
	e, err := w.edits(c)
	if err != nil {
		return apiCounted{}, err
	}
	key, f, err := a.Keyed(c, in.Body)
	if err != nil {
		return apiCounted{}, err
	}
	n, _, err := w.Numbers(c.Context(), e.ID)
	if err != nil {
		return apiCounted{}, err
	}
	if err := w.say(c, e, n.All(), f.Set("key", key)); err != nil {
		return apiCounted{}, err
	}
	all, err := w.Published(c.Context(), e.ID)
	if err != nil {
		return apiCounted{}, err
	}
	// The latest: somebody may have come in between the request and its repetition.
	for _, x := range slices.Backward(all) {
		if x.High == in.Body.High {
			return apiCounted(x), nil
		}
	}
	return apiCounted{}, api.ErrKeyReused()
}
