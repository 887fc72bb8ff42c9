package rides

import (
	"net/http"
	"slices"

	"convoke/internal/api"
	"convoke/internal/web"
)

type (
	// apiRideBus is a bus of the organizers.
	apiRideBus struct {
		Offer  apiRideOffer     `json:"offer"`
		Riders []apiRideRider   `json:"riders" nullable:"false" doc:"Parties by the words that they say at the meeting point. Never who."`
		Said   []apiRideMessage `json:"said" nullable:"false" doc:"To all who ride along."`
	}
	// apiRideDesk is what organizers see of rides.
	apiRideDesk struct {
		Open     bool           `json:"open" doc:"Rides can be arranged now."`
		Towns    []apiRideTown  `json:"towns" nullable:"false"`
		Buses    []apiRideBus   `json:"buses" nullable:"false"`
		Reported []apiRideOffer `json:"reported" nullable:"false" doc:"Offers that somebody reported. Of others organizers see nothing."`
	}
	apiRideBusNew struct {
		ID   string `path:"id"`
		Body apiRideBusInput
	}
	// apiRideBusInput is a bus as the form takes it, field for member.
	apiRideBusInput struct {
		From       string `json:"from" doc:"A town or its postcode; when several have the name, as the server writes it: “Springfield, Illinois, US”."`
		Meeting    string `json:"meeting" doc:"In words that everybody knows. Addresses, numbers to call and links are refused, here and in the note."`
		Date       string `json:"date" doc:"2027-05-08, in that town."`
		Time       string `json:"time" doc:"07:30."`
		Seats      int    `json:"seats" doc:"1 to 50."`
		Back       bool   `json:"back,omitempty"`
		BackDate   string `json:"back_date,omitempty" doc:"At the event; when absent, the day when it ends."`
		BackTime   string `json:"back_time,omitempty"`
		Wheelchair bool   `json:"wheelchair,omitempty"`
		Note       string `json:"note,omitempty"`
	}
	apiRideBusPath struct {
		ID    string `path:"id"`
		Offer string `path:"offer"`
	}
	apiRideBusSay struct {
		ID    string `path:"id"`
		Offer string `path:"offer"`
		Body  struct {
			Say apiSentence `json:"say"`
		}
	}
	apiRideReported struct {
		ID    string `path:"id"`
		Offer string `path:"offer"`
		Body  struct {
			Answer string `json:"answer" enum:"keep,remove"`
			Reason string `json:"reason,omitempty" doc:"Why it is removed: who offers the ride will read it."`
		}
	}
)

func (w *Web) mountDeskAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: "/events/{id}/rides" + path, ID: name, Tag: "attendance", Summary: summary, Doc: doc, Scope: api.Events}
	}
	api.Add(a, op(http.MethodGet, "/desk", "getRideDesk", "Rides to an event, for those who may edit it", "Totals, their own buses, and offers that somebody reported."),
		func(c *web.Call, _ *apiRideEvent) (apiRideDesk, error) { return w.apiDesk(c) })
	add := op(http.MethodPost, "/buses", "addBus", "Offer a bus", "For those who may edit the event. Repeated with its key it is the same bus.")
	add.Status, add.Keyed = http.StatusCreated, true
	api.Add(a, add, func(c *web.Call, in *apiRideBusNew) (apiRideBus, error) { return w.apiAddBus(c, a, in) })
	api.Do(a, op(http.MethodDelete, "/buses/{offer}", "removeBus", "Withdraw a bus", "Who has a seat in it learns of it."), w.apiRemoveBus)
	say := op(http.MethodPost, "/buses/{offer}/messages", "tellRiders", "Send a sentence to all who ride in a bus", "Five at most. Repeated with its key it is sent once.")
	say.Keyed = true
	api.Do(a, say, func(c *web.Call, in *apiRideBusSay) error {
		ev, err := w.edits(c)
		if err != nil {
			return err
		}
		key, err := a.Key(c)
		if err != nil {
			return err
		}
		return w.SendBus(c.Context(), &ev, in.Offer, key, string(in.Body.Say))
	})
	api.Do(a, op(http.MethodPut, "/reported/{offer}", "answerRideReport", "Keep or remove an offer that somebody reported",
		"Kept, it is reported no more. Removed, who offered it reads the reason, and seats in it are free again. Repeated, it changes nothing."), w.apiReported)
}

func (w *Web) apiDesk(c *web.Call) (apiRideDesk, error) {
	out := apiRideDesk{Towns: []apiRideTown{}, Buses: []apiRideBus{}, Reported: []apiRideOffer{}}
	ev, err := w.edits(c)
	if err != nil {
		return out, err
	}
	d, err := w.Desk(c.Context(), &ev)
	out.Open = ev.Takes(c.Now()) == nil
	for _, t := range viewTotals(c.Locale, d.Totals) {
		out.Towns = append(out.Towns, apiRideTown{Town: t.Town, Offered: t.Offered, Free: t.Free, Wanted: t.Wanted})
	}
	for i := range d.Buses {
		out.Buses = append(out.Buses, apiBus(&d.Buses[i], &ev))
	}
	for i := range d.Reported {
		out.Reported = append(out.Reported, apiOffer(&d.Reported[i], &ev))
	}
	c.Header().Set("Cache-Control", "no-store")
	return out, err
}

func apiBus(b *Bus, ev *Event) apiRideBus {
	return apiRideBus{apiOffer(&b.Offer, ev), apiRiders(b.Riders), apiMessages(b.Told)}
}

func apiRiders(all []Rider) []apiRideRider {
	out := make([]apiRideRider, len(all))
	for i, r := range all {
		out[i] = apiRideRider{r.Seats, r.Code, apiMessages(r.Messages)}
	}
	return out
}

func (w *Web) apiAddBus(c *web.Call, a *api.API, in *apiRideBusNew) (apiRideBus, error) {
	ev, err := w.edits(c)
	if err != nil {
		return apiRideBus{}, err
	}
	key, f, err := a.Keyed(c, in.Body)
	if err != nil {
		return apiRideBus{}, err
	}
	typed := readOffer(f)
	if err := w.AddBus(c.Context(), &ev, key, typed); err != nil {
		return apiRideBus{}, err
	}
	want, err := typed.parse(w.Places, &ev, true)
	if err != nil {
		return apiRideBus{}, err
	}
	b, ok, err := w.bus(c, &ev, key)
	if err == nil && (!ok || b.Town.Label != want.Town.Label || !b.Leaves.Equal(want.Leaves) || b.Seats != want.Seats || b.Meeting != want.Meeting || b.Note != want.Note) {
		err = api.ErrKeyReused()
	}
	return apiBus(&b, &ev), err
}

// bus finds one of the organizers'.
func (w *Web) bus(c *web.Call, ev *Event, offer string) (Bus, bool, error) {
	d, err := w.Desk(c.Context(), ev)
	i := slices.IndexFunc(d.Buses, func(b Bus) bool { return b.ID == offer })
	c.Header().Set("Cache-Control", "no-store")
	if err != nil || i < 0 {
		return Bus{}, false, err
	}
	return d.Buses[i], true, nil
}

func (w *Web) apiRemoveBus(c *web.Call, in *apiRideBusPath) error {
	ev, err := w.edits(c)
	if err != nil {
		return err
	}
	if _, ok, err := w.bus(c, &ev, in.Offer); err != nil || !ok {
		if err == nil {
			err = web.ErrNotFound() // or it is nobody's business here
		}
		return err
	}
	return w.Remove(c.Context(), &ev, in.Offer, "")
}

func (w *Web) apiReported(c *web.Call, in *apiRideReported) error {
	ev, err := w.edits(c)
	if err != nil {
		return err
	}
	if in.Body.Answer == "keep" {
		return w.Keep(c.Context(), &ev, in.Offer)
	}
	if _, isBus, err := w.bus(c, &ev, in.Offer); err != nil || isBus {
		if err == nil {
			err = errGone() // nobody reports a bus
		}
		return err
	}
	f, err := api.Form(c, in.Body)
	if err != nil {
		return err
	}
	return w.Remove(c.Context(), &ev, in.Offer, f.Line("reason"))
}
