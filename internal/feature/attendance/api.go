package attendance

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"convoke/internal/api"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// apiNeed is something that people may need.
type apiNeed string

// Schema implements huma.SchemaProvider.
func (apiNeed) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, n := range needs {
		s.Enum = append(s.Enum, n.code)
	}
	s.PrecomputeMessages()
	return s
}

// apiNumbers is how many come, never who.
type apiNumbers struct {
	Open     bool           `json:"open" doc:"Takes sign-ups now."`
	Capacity int            `json:"capacity" doc:"People; 0 is no limit."`
	Going    int            `json:"going"`
	Waiting  int            `json:"waiting"`
	Needs    map[string]int `json:"needs,omitempty" doc:"People by what they need; for organizers only."`
	Slots    []apiSlot      `json:"slots" nullable:"false" doc:"Times of the event to choose from, as they follow; often none."`
	SeenBy   []string       `json:"seen_by" nullable:"false" doc:"Handles of those who may see the sign-ups of this event. Show them to people before they sign up."`
}

// apiSlot is one time of an event that people choose when they sign up.
type apiSlot struct {
	ID       string         `json:"id"`
	Title    string         `json:"title"`
	Start    string         `json:"start" doc:"Local to the place, as in 2027-05-08T10:00+02:00."`
	End      string         `json:"end"`
	Open     bool           `json:"open" doc:"Can be chosen now."`
	Capacity int            `json:"capacity" doc:"People; 0 is no limit."`
	Least    int            `json:"least" doc:"People that it needs; 0 when nothing is said."`
	Going    int            `json:"going"`
	Waiting  int            `json:"waiting"`
	Version  string         `json:"version" doc:"Of what is said above; a change may send it back."`
	Needs    map[string]int `json:"needs,omitempty" doc:"For organizers only."`
}

// apiChosen is a slot that its holder chose.
type apiChosen struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Start string `json:"start"`
	End   string `json:"end"`
	State string `json:"state" enum:"going,waiting"`
	Ahead int    `json:"ahead" doc:"People who wait for it before them."`
}

// apiSlotInput is a slot as the form takes it, field for member.
type apiSlotInput struct {
	Title     string `json:"title"`
	StartDate string `json:"start_date" doc:"2027-05-08, at the place."`
	StartTime string `json:"start_time" doc:"10:00."`
	EndDate   string `json:"end_date,omitempty" doc:"As start_date when absent."`
	EndTime   string `json:"end_time"`
	Capacity  int    `json:"capacity,omitempty" doc:"People; 0 or absent is no limit."`
	Least     int    `json:"least,omitempty" doc:"People that it needs; 0 or absent when nothing is said."`
	Closed    bool   `json:"closed,omitempty" doc:"Nobody else can choose it."`
	Version   string `json:"version,omitempty" doc:"For a change: that of the time as it was read. When somebody changed it meanwhile, nothing is overwritten."`
}

type apiSignUpInput struct {
	Party int       `json:"party" doc:"How many people, 1 to 20."`
	Needs []apiNeed `json:"needs,omitempty" nullable:"false"`
	Email string    `json:"email,omitempty" doc:"To hear of changes; sealed, and destroyed seven days after the event."`
	Slot  []string  `json:"slot,omitempty" nullable:"false" doc:"Ids of the times they choose, where the event has some."`
}

// apiSignUp is one sign-up, for whoever holds its secret.
type apiSignUp struct {
	Secret string    `json:"secret" doc:"Opens, changes and cancels this sign-up. Whoever has it holds it; it is kept nowhere here."`
	URL    string    `json:"url" doc:"The private link."`
	State  string    `json:"state" enum:"going,waiting"`
	Party  int       `json:"party"`
	Ahead  int       `json:"ahead" doc:"People who wait before them."`
	Needs  []apiNeed `json:"needs" nullable:"false"`
	Email  string    `json:"email"`
	// Slots are what they chose.
	Slots []apiChosen   `json:"slots" nullable:"false"`
	Door  apiDoorCode   `json:"door" doc:"What to show at the door. It can change and cancel nothing."`
	Place *apiHeldPlace `json:"place,omitempty" doc:"Where exactly the event is, when that is not for everybody: absent until they may know."`
}

// apiDoorCode checks somebody in.
type apiDoorCode struct {
	Code string `json:"code" doc:"To read out, as in kq4m-7d2x; empty where nobody is checked in."`
	URL  string `json:"url" doc:"For a picture."`
}

type (
	apiSlotNew struct {
		ID   string `path:"id"`
		Body apiSlotInput
	}
	apiSlotPath struct {
		ID   string `path:"id"`
		Slot string `path:"slot"`
	}
	apiSlotChange struct {
		ID   string `path:"id"`
		Slot string `path:"slot"`
		Body apiSlotInput
	}
	apiEventPath struct {
		ID string `path:"id"`
	}
	apiSignUpPath struct {
		ID     string `path:"id"`
		Secret string `path:"secret"`
	}
	apiNew struct {
		ID   string `path:"id"`
		Body apiSignUpInput
	}
	apiChange struct {
		ID     string `path:"id"`
		Secret string `path:"secret"`
		Body   apiSignUpInput
	}
)

// MountAPI adds the operations of signing up. seesNeeds tells whether somebody
// may know what the people of an event need.
func (w *Web) MountAPI(a *api.API, seesNeeds func(c *web.Call, e id.Event) (bool, error)) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: "/events/{id}/attendance" + path, ID: name, Tag: "attendance", Summary: summary, Doc: doc, Scope: api.Attendance, Open: true}
	}
	get := op(http.MethodGet, "", "getNumbers", "How many come", "")
	get.Scope = api.Read
	api.Add(a, get, func(c *web.Call, in *apiEventPath) (apiNumbers, error) { return w.apiNumbers(c, seesNeeds) })
	post := op(http.MethodPost, "", "signUp", "Sign up",
		"Repeated with its key it is the same sign-up, counted once. A token changes nothing about it: nobody is listed.")
	post.Status, post.Keyed = http.StatusCreated, true
	api.Add(a, post, func(c *web.Call, in *apiNew) (apiSignUp, error) { return w.apiSignUp(c, a, in.Body) })
	api.Add(a, op(http.MethodGet, "/{secret}", "getSignUp", "One's own sign-up", ""),
		func(c *web.Call, in *apiSignUpPath) (apiSignUp, error) { return w.apiShow(c, in.Secret) })
	api.Add(a, op(http.MethodPut, "/{secret}", "changeSignUp", "Change one's own sign-up", "It becomes what is sent."), w.apiChange)
	api.Do(a, op(http.MethodDelete, "/{secret}", "cancelSignUp", "Cancel one's own sign-up", "Repeated, it is cancelled still."), w.apiCancel)
	w.mountSlots(a)
	w.mountFill(a)
	w.mountMessages(a)
}

func (w *Web) mountSlots(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{
			Method: method, Path: "/events/{id}/timeslots" + path, ID: name, Tag: "attendance", Summary: summary, Doc: doc, Scope: api.Events,
		}
	}
	add := op(http.MethodPost, "", "addTimeslot", "Offer a time of the event to choose from", "For organizers of its group.")
	add.Status, add.Keyed = http.StatusCreated, true
	api.Add(a, add, func(c *web.Call, in *apiSlotNew) (apiSlot, error) { return w.apiAddSlot(c, a, in.Body) })
	api.Add(a, op(http.MethodPut, "/{slot}", "changeTimeslot", "Change a time", "It becomes what is sent. Those who chose it hear of another time."), w.apiChangeSlot)
	api.Do(a, op(http.MethodDelete, "/{slot}", "removeTimeslot", "Remove a time that nobody chose", ""), func(c *web.Call, in *apiSlotPath) error {
		b, err := w.edits(c)
		if err != nil {
			return err
		}
		return w.RemoveSlot(c.Context(), b.ID, in.Slot)
	})
}

func (w *Web) apiAddSlot(c *web.Call, a *api.API, body apiSlotInput) (apiSlot, error) {
	b, err := w.edits(c)
	if err != nil {
		return apiSlot{}, err
	}
	key, f, err := a.Keyed(c, body)
	if err != nil {
		return apiSlot{}, err
	}
	typed := readSlot(f)
	if err := w.AddSlot(c.Context(), b.ID, key, b.Start, b.End, typed); err != nil {
		return apiSlot{}, err
	}
	want, err := typed.parse(b.Start, b.End)
	if err != nil {
		return apiSlot{}, err
	}
	s, err := w.apiSlotOf(c, b, key)
	if err == nil && (s.Title != want.Title || s.Start != apiTime(want.Start, b) || s.End != apiTime(want.End, b) || s.Capacity != want.Capacity || s.Least != want.Least) {
		err = api.ErrKeyReused()
	}
	return s, err
}

func (w *Web) apiChangeSlot(c *web.Call, in *apiSlotChange) (apiSlot, error) {
	b, err := w.edits(c)
	if err != nil {
		return apiSlot{}, err
	}
	f, err := api.Form(c, in.Body)
	if err != nil {
		return apiSlot{}, err
	}
	if err := w.ChangeSlot(c.Context(), b.ID, in.Slot, b.Start, b.End, readSlot(f)); err != nil {
		return apiSlot{}, err
	}
	return w.apiSlotOf(c, b, in.Slot)
}

func (w *Web) apiSlotOf(c *web.Call, b Brief, slot string) (apiSlot, error) {
	all, err := w.Slots(c.Context(), b.ID)
	if err != nil {
		return apiSlot{}, err
	}
	s := slotByID(all, slot)
	if s == nil {
		return apiSlot{}, errNoSlot()
	}
	return apiSlotView(c, s, b, true), nil
}

// apiTime is a time at the place of the event.
func apiTime(t time.Time, b Brief) string {
	return t.In(b.Start.Location()).Format("2006-01-02T15:04Z07:00")
}

func apiSlotView(c *web.Call, s *Slot, b Brief, needs bool) apiSlot {
	out := apiSlot{
		ID: s.ID, Title: s.Title, Start: apiTime(s.Start, b), End: apiTime(s.End, b), Open: s.Takes(c.Now()),
		Capacity: s.Capacity, Least: s.Least, Going: s.Going, Waiting: s.Waiting, Version: s.version(),
	}
	if needs {
		out.Needs = apiNeeds(s.Needs)
	}
	return out
}

func apiNeeds(ns []Need) map[string]int {
	out := map[string]int{}
	for _, x := range ns {
		out[x.Code] = x.People
	}
	return out
}

func (w *Web) apiNumbers(c *web.Call, seesNeeds func(*web.Call, id.Event) (bool, error)) (apiNumbers, error) {
	b, err := w.eventOf(c)
	if err != nil {
		return apiNumbers{}, err
	}
	n, ok, err := w.Numbers(c.Context(), b.ID)
	if err != nil {
		return apiNumbers{}, err
	}
	if !ok {
		return apiNumbers{}, errNoRoster()
	}
	out := apiNumbers{Open: n.Open, Capacity: n.Capacity, Going: n.Going, Waiting: n.Waiting, Slots: []apiSlot{}, SeenBy: []string{}}
	named, err := w.Named.of(c.Context(), b.ID)
	if err != nil {
		return out, err
	}
	for _, x := range named {
		out.SeenBy = append(out.SeenBy, x.Handle)
	}
	sees, err := seesNeeds(c, b.ID)
	if err != nil {
		return out, err
	}
	if sees {
		out.Needs = apiNeeds(n.Needs)
		if n.Slots, err = w.Slots(c.Context(), b.ID); err != nil {
			return out, err
		}
	}
	for i := range n.Slots {
		out.Slots = append(out.Slots, apiSlotView(c, &n.Slots[i], b, sees))
	}
	return out, nil
}

// apiInput reads and cleans what was sent, as the form does.
func (w *Web) apiInput(c *web.Call, body apiSignUpInput) (Input, error) {
	f, err := api.Form(c, body)
	if err != nil {
		return Input{}, err
	}
	if f.Line("email") != "" && !w.Mail {
		return Input{}, fault.Invalid(fault.Field("email", "attendance.no_mail", "This server sends no e-mail, so it takes no address."))
	}
	return w.read(c, f.Set("need", f.All("needs")...)), nil
}

func (w *Web) apiSignUp(c *web.Call, a *api.API, body apiSignUpInput) (apiSignUp, error) {
	key, err := a.Key(c)
	if err != nil {
		return apiSignUp{}, err
	}
	b, err := w.eventOf(c)
	if err != nil {
		return apiSignUp{}, err
	}
	if err := w.limit(c, b.ID); err != nil {
		return apiSignUp{}, err
	}
	in, err := w.apiInput(c, body)
	if err != nil {
		return apiSignUp{}, err
	}
	if _, err := w.SignUp(c.Context(), b.ID, key, in); err != nil {
		return apiSignUp{}, err
	}
	out, err := w.apiRecord(c, b, key)
	if err != nil {
		return apiSignUp{}, err
	}
	if out.Party != in.Party || out.Email != in.Email || !sameSet(out.Needs, body.Needs) || !sameSet(slotIDs(out.Slots), body.Slot) {
		return apiSignUp{}, api.ErrKeyReused() // or it was changed since; either way it is not what was sent
	}
	c.Header().Set("Location", c.BaseURL()+"/api/v1/events/"+string(b.ID)+"/attendance/"+key)
	return out, nil
}

func slotIDs(all []apiChosen) []string {
	var out []string
	for _, s := range all {
		out = append(out, s.ID)
	}
	return out
}

// sameSet compares what is kept, once each, with what was sent.
func sameSet[T cmp.Ordered](kept, sent []T) bool {
	sent = slices.Clone(sent)
	slices.Sort(sent)
	kept = slices.Clone(kept)
	slices.Sort(kept)
	return slices.Equal(kept, slices.Compact(sent))
}

func (w *Web) apiRecord(c *web.Call, b Brief, secret string) (apiSignUp, error) {
	rec, err := w.Find(c.Context(), b.ID, secret)
	out := apiSignUp{
		Secret: secret, URL: c.BaseURL() + link(b.ID, secret), State: string(rec.State), Party: rec.Party, Ahead: rec.Ahead,
		Needs: make([]apiNeed, len(rec.Needs)), Email: rec.Email, Slots: []apiChosen{},
	}
	for _, s := range rec.Slots {
		out.Slots = append(out.Slots, apiChosen{s.ID, s.Title, apiTime(s.Start, b), apiTime(s.End, b), string(s.State), s.Ahead})
	}
	for i, n := range rec.Needs {
		out.Needs[i] = apiNeed(n)
	}
	if w.Door != nil {
		out.Door.Code, out.Door.URL = w.Door(c, Holder{Event: b.ID, Hash: id.Hash(secret), State: rec.State, Party: rec.Party})
	}
	c.Header().Set("Cache-Control", "no-store")
	if err == nil {
		out.Place, err = w.apiPlace(c, b, secret, rec)
	}
	return out, err
}

func (w *Web) apiShow(c *web.Call, secret string) (apiSignUp, error) {
	b, _, err := w.find(c)
	if err != nil {
		return apiSignUp{}, err
	}
	return w.apiRecord(c, b, secret)
}

func (w *Web) apiChange(c *web.Call, in *apiChange) (apiSignUp, error) {
	b, _, err := w.find(c)
	if err != nil {
		return apiSignUp{}, err
	}
	typed, err := w.apiInput(c, in.Body)
	if err != nil {
		return apiSignUp{}, err
	}
	if err := w.Change(c.Context(), b.ID, in.Secret, typed); err != nil {
		return apiSignUp{}, err
	}
	return w.apiRecord(c, b, in.Secret)
}

// apiCancel succeeds also when there is nothing to cancel any more.
func (w *Web) apiCancel(c *web.Call, in *apiSignUpPath) error {
	if !id.ValidSecret(in.Secret) {
		return errNoSignUp()
	}
	err := w.Cancel(c.Context(), id.Event(in.ID), in.Secret)
	if fault.Is(err, fault.KindNotFound) {
		_, err = w.eventOf(c)
	}
	return err
}
