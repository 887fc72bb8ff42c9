package rides

import (
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"convoke/internal/api"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// apiSentence is one of the sentences that two sides can send each other.
type apiSentence string

// Schema implements huma.SchemaProvider.
func (apiSentence) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, x := range sentences() {
		s.Enum = append(s.Enum, x.code)
	}
	s.PrecomputeMessages()
	return s
}

type (
	// apiRideTown is what everybody may know.
	apiRideTown struct {
		Town    string `json:"town"`
		Offered int    `json:"offered" doc:"Seats in rides from there."`
		Free    int    `json:"free" doc:"Those that nobody has taken."`
		Wanted  int    `json:"wanted" doc:"People from there who look for a seat; 0 when they are fewer than ten."`
		Few     bool   `json:"wanted_few,omitempty" doc:"Somebody looks for a seat, and they are fewer than ten."`
	}
	apiRideTotals struct {
		Towns []apiRideTown `json:"towns" nullable:"false" doc:"By name; at most 100."`
	}
	// apiRideOffer is an offer, for those who signed up.
	apiRideOffer struct {
		ID         string `json:"id"`
		Town       string `json:"town"`
		Leaves     string `json:"leaves" doc:"Local to the town, as in 2027-05-08T07:30+02:00."`
		Meeting    string `json:"meeting"`
		Note       string `json:"note"`
		Back       string `json:"back,omitempty" doc:"Local to the event; absent without a way back."`
		Seats      int    `json:"seats"`
		Free       int    `json:"free"`
		Wheelchair bool   `json:"wheelchair"`
		Bus        bool   `json:"bus" doc:"Of the organizers."`
		EventMoved bool   `json:"event_moved" doc:"The event was moved since; the time may be wrong."`
	}
	apiRideMessage struct {
		Say apiSentence `json:"say"`
		At  string      `json:"at"`
	}
	apiRideRider struct {
		Seats int              `json:"seats"`
		Code  string           `json:"code" doc:"The words that they say at the meeting point."`
		Said  []apiRideMessage `json:"said" nullable:"false"`
	}
	apiRideOwn struct {
		Offer  apiRideOffer     `json:"offer"`
		Riders []apiRideRider   `json:"riders" nullable:"false"`
		Said   []apiRideMessage `json:"said" nullable:"false" doc:"To all who ride along."`
	}
	apiRideNeed struct {
		Town  string `json:"town"`
		Seats int    `json:"seats"`
		Taken int    `json:"taken" doc:"Those that they have."`
	}
	apiRideSeat struct {
		Offer    apiRideOffer     `json:"offer"`
		Seats    int              `json:"seats"`
		Code     string           `json:"code" doc:"The words to say at the meeting point."`
		Changed  bool             `json:"changed" doc:"Since they put the news away last."`
		TheySaid []apiRideMessage `json:"they_said" nullable:"false"`
		YouSaid  []apiRideMessage `json:"you_said" nullable:"false"`
	}
	apiRideNews struct {
		What   string `json:"what" enum:"withdrawn,removed,refused" doc:"A ride with one's seat was withdrawn, or removed by the organizers; or one's offer was."`
		Town   string `json:"town"`
		Reason string `json:"reason,omitempty"`
	}
	apiRideFound struct {
		Offer apiRideOffer `json:"offer"`
		Km    float64      `json:"km" doc:"From the town where one looks, or else from the event."`
	}
	// apiRide is everything that a holder sees of rides.
	apiRide struct {
		Offer *apiRideOwn    `json:"offer,omitempty"`
		Need  *apiRideNeed   `json:"need,omitempty"`
		Seats []apiRideSeat  `json:"seats" nullable:"false"`
		News  []apiRideNews  `json:"news" nullable:"false"`
		Found []apiRideFound `json:"found" nullable:"false" doc:"Rides with free seats, nearest first; at most 40."`
	}
	apiRideOfferInput struct {
		From       string `json:"from" doc:"A town or its postcode; when several have the name, as the server writes it: “Springfield, Illinois, US”."`
		Meeting    string `json:"meeting" doc:"In words that everybody knows. Addresses, numbers to call and links are refused, here and in the note."`
		Date       string `json:"date" doc:"2027-05-08, in that town."`
		Time       string `json:"time" doc:"07:30."`
		Seats      int    `json:"seats" doc:"For others, 1 to 8."`
		Back       bool   `json:"back,omitempty"`
		BackDate   string `json:"back_date,omitempty" doc:"At the event; when absent, the day when it ends."`
		BackTime   string `json:"back_time,omitempty"`
		Wheelchair bool   `json:"wheelchair,omitempty"`
		Note       string `json:"note,omitempty"`
	}
	apiRideNeedInput struct {
		From  string `json:"from"`
		Seats int    `json:"seats"`
	}
	apiRideSeatInput struct {
		Offer string `json:"offer"`
		Seats int    `json:"seats"`
	}
	apiRideInput struct {
		Offer *apiRideOfferInput `json:"offer,omitempty"`
		Need  *apiRideNeedInput  `json:"need,omitempty"`
		Seats []apiRideSeatInput `json:"seats,omitempty" nullable:"false" doc:"How many of which ride."`
	}
	apiRideEvent struct {
		ID string `path:"id"`
	}
	apiRidePath struct {
		ID     string `path:"id"`
		Secret string `path:"secret"`
		From   string `query:"from" doc:"A town to look from."`
	}
	apiRideChange struct {
		ID     string `path:"id"`
		Secret string `path:"secret"`
		Body   apiRideInput
	}
)

// MountAPI adds the operations of rides.
func (w *Web) MountAPI(a *api.API) {
	totals := api.Op{
		Method: http.MethodGet, Path: "/events/{id}/rides", ID: "getRides", Tag: "attendance", Scope: api.Read, Open: true,
		Summary: "Seats to an event, by town", Doc: "Totals only: nobody else sees a single ride.",
	}
	api.Add(a, totals, w.apiTotals)
	op := func(method, name, summary, doc string) api.Op {
		return api.Op{
			Method: method, Path: "/events/{id}/attendance/{secret}/ride", ID: name, Tag: "attendance", Scope: api.Attendance, Open: true,
			Summary: summary, Doc: doc,
		}
	}
	api.Add(a, op(http.MethodGet, "getRide", "One's own ride, and rides to choose from", ""), func(c *web.Call, in *apiRidePath) (apiRide, error) {
		return w.apiMine(c, in.From)
	})
	api.Add(a, op(http.MethodPut, "arrangeRide", "Arrange one's ride",
		"It becomes what is sent, all of it or nothing: an offer that is absent is withdrawn, seats that are absent are given back, and what is needed without being named ends with the seats."), w.apiArrange)
	api.Do(a, op(http.MethodDelete, "endRide", "Withdraw the offer, give back all seats and look for none", "Repeated, it changes nothing."),
		func(c *web.Call, _ *apiRidePath) error {
			ev, err := w.event(c)
			if err != nil {
				return err
			}
			return w.Arrange(c.Context(), &ev, c.Param("secret"), Wish{Withdraw: true, Drop: true})
		})
	w.mountDeskAPI(a)
	w.mountSay(a)
}

func (w *Web) apiTotals(c *web.Call, in *apiRideEvent) (apiRideTotals, error) {
	out := apiRideTotals{Towns: []apiRideTown{}}
	if !id.Valid(in.ID) {
		return out, web.ErrNotFound()
	}
	ev, err := w.Events.Brief(c, id.Event(in.ID))
	if err != nil || ev.Takes(c.Now()) != nil {
		return out, err
	}
	all, err := w.Totals(c.Context(), ev.ID)
	for _, t := range publicTotals(c.Locale, all) {
		out.Towns = append(out.Towns, apiRideTown{t.Town, t.Offered, t.Free, t.Wanted, t.Few})
	}
	return out, err
}

const apiTime = "2006-01-02T15:04Z07:00"

func apiOffer(o *Offer, ev *Event) apiRideOffer {
	out := apiRideOffer{
		ID: o.ID, Town: o.Town.Label, Leaves: o.Leaves.Format(apiTime), Meeting: o.Meeting, Note: o.Note, Seats: o.Seats, Free: o.Free(),
		Wheelchair: o.Wheelchair, Bus: o.Bus, EventMoved: o.Moved,
	}
	if !o.Back.IsZero() {
		out.Back = o.Back.In(ev.Start.Location()).Format(apiTime)
	}
	return out
}

func apiMessages(all []Message) []apiRideMessage {
	out := make([]apiRideMessage, len(all))
	for i, m := range all {
		out[i] = apiRideMessage{apiSentence(m.Code), m.At.Format(time.RFC3339)}
	}
	return out
}

func (w *Web) apiMine(c *web.Call, from string) (apiRide, error) {
	var near *Town
	if from != "" {
		f := c.NewForm().Set("from", from)
		if near = w.searched(f); near == nil {
			return apiRide{}, fault.Invalid(fault.Field("from", "ride.town_unknown",
				"This town was not found. Try the nearest larger one; a street or a whole region does not help."))
		}
	}
	ev, m, err := w.heldFrom(c, near)
	if err != nil {
		return apiRide{}, err
	}
	c.Header().Set("Cache-Control", "no-store")
	return apiRideOf(&m, &ev), nil
}

func apiRideOf(m *Mine, ev *Event) apiRide {
	out := apiRide{Seats: []apiRideSeat{}, News: []apiRideNews{}, Found: []apiRideFound{}}
	if m.Offer != nil {
		out.Offer = &apiRideOwn{apiOffer(m.Offer, ev), apiRiders(m.Riders), apiMessages(m.Told)}
	}
	if m.Need != nil {
		out.Need = &apiRideNeed{m.Need.Town.Label, m.Need.Seats, m.Need.Taken}
	}
	for i := range m.Seats {
		s := &m.Seats[i]
		out.Seats = append(out.Seats, apiRideSeat{apiOffer(&s.Offer, ev), s.Seats, s.Code, s.Changed, apiMessages(s.Theirs), apiMessages(s.Mine)})
	}
	for _, n := range m.News {
		out.News = append(out.News, apiRideNews{n.What, n.Town, n.Reason})
	}
	for i := range m.Found {
		f := &m.Found[i]
		out.Found = append(out.Found, apiRideFound{apiOffer(&f.Offer, ev), float64(int(f.Km + .5))})
	}
	return out
}

func (w *Web) apiArrange(c *web.Call, in *apiRideChange) (apiRide, error) {
	ev, err := w.event(c)
	if err != nil {
		return apiRide{}, err
	}
	wish := Wish{Only: true, Seats: map[string]int{}, Withdraw: in.Body.Offer == nil, Drop: in.Body.Need == nil && len(in.Body.Seats) == 0}
	if o := in.Body.Offer; o != nil {
		f, err := api.Form(c, o)
		if err != nil {
			return apiRide{}, err
		}
		typed := readOffer(f)
		wish.Offer = &typed
	}
	if n := in.Body.Need; n != nil {
		wish.Need = &NeedInput{From: n.From, Seats: strconv.Itoa(n.Seats)}
	}
	for _, s := range in.Body.Seats {
		if s.Seats < 1 || s.Seats > maxParty {
			return apiRide{}, fault.Invalid(fault.Field("seats", "ride.need_seats", "Write how many seats you need, from 1 to {max}.", "max", maxParty))
		}
		if !id.ValidSecret(s.Offer) { // nor is it text that every database takes
			return apiRide{}, errGone()
		}
		wish.Seats[s.Offer] = s.Seats
	}
	if err := w.Arrange(c.Context(), &ev, in.Secret, wish); err != nil {
		return apiRide{}, err
	}
	return w.apiMine(c, "")
}
