package rides

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/web"
)

type (
	apiRideSay struct {
		ID     string `path:"id"`
		Secret string `path:"secret"`
		Body   struct {
			Offer string      `json:"offer" doc:"The ride: one’s own, to all who ride along, or one with a seat of one’s own."`
			Say   apiSentence `json:"say"`
		}
	}
	apiRideReport struct {
		ID     string `path:"id"`
		Secret string `path:"secret"`
		Offer  string `path:"offer"`
	}
)

// mountSay adds what a holder says of rides.
func (w *Web) mountSay(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{
			Method: method, Path: "/events/{id}/attendance/{secret}/ride" + path, ID: name, Tag: "attendance", Scope: api.Attendance, Open: true,
			Summary: summary, Doc: doc,
		}
	}
	say := op(http.MethodPost, "/messages", "sayInRide", "Send a sentence to the other side of a ride", "Five at most. Repeated with its key it is sent once.")
	say.Keyed = true
	api.Do(a, say, func(c *web.Call, in *apiRideSay) error {
		ev, err := w.event(c)
		if err != nil {
			return err
		}
		key, err := a.Key(c)
		if err != nil {
			return err
		}
		return w.Send(c.Context(), &ev, in.Secret, in.Body.Offer, key, string(in.Body.Say))
	})
	api.Do(a, op(http.MethodPut, "/reports/{offer}", "reportRide", "Report an offer to the organizers", "It counts once."), func(c *web.Call, in *apiRideReport) error {
		ev, err := w.event(c)
		if err != nil {
			return err
		}
		return w.Report(c.Context(), &ev, in.Secret, in.Offer)
	})
	api.Do(a, op(http.MethodDelete, "/news", "putRideNewsAway", "Put away what has changed in one’s rides", "Repeated, it changes nothing."), func(c *web.Call, in *apiRidePathOnly) error {
		ev, err := w.event(c)
		if err != nil {
			return err
		}
		return w.Seen(c.Context(), &ev, in.Secret)
	})
}

// apiRidePathOnly is a ride without a town to look from.
type apiRidePathOnly struct {
	ID     string `path:"id"`
	Secret string `path:"secret"`
}
