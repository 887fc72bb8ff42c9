package door

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/web"
)

// apiArrivalInput is what somebody at the door does.
type apiArrivalInput struct {
	Code    string `json:"code,omitempty" doc:"Of a sign-up, as in kq4m-7d2x. Leave it out to count people without one."`
	People  int    `json:"people,omitempty" doc:"How many of the party came; all when absent."`
	LetIn   bool   `json:"let_in,omitempty" doc:"Lets somebody in who has no place. They count as people without sign-up."`
	WalkIns int    `json:"walk_ins,omitempty" doc:"People without sign-up, 1 to 100, when there is no code."`
}

// apiArrival is what a tap led to.
type apiArrival struct {
	Result  string             `json:"result" enum:"welcome,counted,already,waiting,several,undone" doc:"Already, waiting and several have changed nothing."`
	ID      string             `json:"id" doc:"Undoes it; empty when nothing has changed."`
	Code    string             `json:"code" doc:"Of the sign-up, so long that no other has it."`
	Party   int                `json:"party" doc:"People who signed up."`
	People  int                `json:"people" doc:"People who came."`
	Times   []string           `json:"times" nullable:"false" doc:"Names of the times they have a place in."`
	Door    string             `json:"door" doc:"Where they came before, when they did."`
	Choices []apiArrivalChoice `json:"choices" nullable:"false" doc:"The sign-ups that share the code: ask how many they are, and send the code of one."`
}

type apiArrivalChoice struct {
	Code  string   `json:"code"`
	Party int      `json:"party"`
	Times []string `json:"times" nullable:"false"`
}

// apiCame is how many came.
type apiCame struct {
	Attended int `json:"attended" doc:"Of those who had signed up and had a place."`
	WalkIns  int `json:"walk_ins" doc:"Others."`
}

type apiDoorView struct {
	Event string  `json:"event"`
	Name  string  `json:"name"`
	Here  apiCame `json:"here"`
	All   apiCame `json:"all" doc:"At all doors of the event."`
}

// apiDoorLink is a door as organizers see it.
type apiDoorLink struct {
	Number  int     `json:"number"`
	Name    string  `json:"name"`
	Revoked bool    `json:"revoked"`
	Came    apiCame `json:"came"`
}

// apiArrivals is how many came to an event.
type apiArrivals struct {
	SignedUp int           `json:"signed_up" doc:"People who have a place."`
	Came     apiCame       `json:"came" doc:"At all doors."`
	Missing  int           `json:"missing" doc:"People with a place who have not come; final once the event is over."`
	Doors    []apiDoorLink `json:"doors" nullable:"false"`
}

type (
	apiDoorPath struct {
		Secret string `path:"secret"`
	}
	apiTapNew struct {
		Secret string `path:"secret"`
		Body   apiArrivalInput
	}
	apiPeople struct {
		Secret string `path:"secret"`
		Body   struct {
			Code   string `json:"code"`
			People int    `json:"people"`
		}
	}
	apiTapPath struct {
		Secret string `path:"secret"`
		ID     string `path:"id"`
	}
	apiEventPath struct {
		ID string `path:"id"`
	}
)

// MountAPI adds the operations at the door.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: "/door/{secret}" + path, ID: name, Tag: "door", Summary: summary, Doc: doc, Scope: api.Attendance, Open: true}
	}
	api.Add(a, op(http.MethodGet, "", "getDoor", "How many came, for whoever has a door link", ""),
		func(c *web.Call, in *apiDoorPath) (apiDoorView, error) { return w.apiLook(c, in.Secret) })
	post := op(http.MethodPost, "/arrivals", "checkIn", "Check somebody in at the door",
		"Repeated with its key it counts once. Another key for a sign-up that has come changes nothing either.")
	post.Keyed = true
	api.Add(a, post, func(c *web.Call, in *apiTapNew) (apiArrival, error) { return w.apiTap(c, a, in) })
	api.Add(a, op(http.MethodPut, "/arrivals", "setArrived", "Say how many of a party came", ""), w.apiPeople)
	api.Add(a, op(http.MethodDelete, "/arrivals/{id}", "undoArrival", "Take back what was counted at this door", "Repeated, it is taken back still."), w.apiUndo)
	api.Add(a, api.Op{
		Method: http.MethodGet, Path: "/events/{id}/arrivals", ID: "getArrivals", Tag: "door", Summary: "How many came, of those who signed up and besides",
		Doc: "For organizers of its group. Never who.", Scope: api.Read,
	}, w.apiNumbers)
	w.mountDoors(a)
}

func apiOf(o Outcome) apiArrival {
	out := apiArrival{
		Result: string(o.Result), ID: o.Tap, Code: o.Code, Party: o.Party, People: o.People, Times: names(o.Times), Door: o.Door, Choices: []apiArrivalChoice{},
	}
	for _, x := range o.Choices {
		out.Choices = append(out.Choices, apiArrivalChoice{x.Code, x.Party, names(x.Times)})
	}
	return out
}

// names is never null.
func names(all []string) []string {
	if all == nil {
		return []string{}
	}
	return all
}

func (w *Web) apiLook(c *web.Call, secret string) (apiDoorView, error) {
	v, err := w.Look(c.Context(), secret)
	c.Header().Set("Cache-Control", "no-store")
	return apiDoorView{string(v.Door.Event), v.Door.Name, apiCame(v.Door.Count), apiCame(v.Total)}, err
}

func (w *Web) apiTap(c *web.Call, a *api.API, in *apiTapNew) (apiArrival, error) {
	if err := w.limit(c.Context(), in.Secret); err != nil {
		return apiArrival{}, err
	}
	key, err := a.Key(c)
	if err != nil {
		return apiArrival{}, err
	}
	var out Outcome
	if in.Body.Code == "" {
		out, err = w.WalkIn(c.Context(), in.Secret, key, in.Body.WalkIns)
	} else {
		out, err = w.CheckIn(c.Context(), in.Secret, Tap{Key: key, Code: in.Body.Code, People: in.Body.People, LetIn: in.Body.LetIn})
	}
	return apiOf(out), err
}

func (w *Web) apiPeople(c *web.Call, in *apiPeople) (apiArrival, error) {
	if err := w.limit(c.Context(), in.Secret); err != nil {
		return apiArrival{}, err
	}
	out, err := w.SetPeople(c.Context(), in.Secret, in.Body.Code, in.Body.People)
	return apiOf(out), err
}

func (w *Web) apiUndo(c *web.Call, in *apiTapPath) (apiArrival, error) {
	if err := w.limit(c.Context(), in.Secret); err != nil {
		return apiArrival{}, err
	}
	out, err := w.Undo(c.Context(), in.Secret, in.ID)
	return apiOf(out), err
}

func (w *Web) apiNumbers(c *web.Call, _ *apiEventPath) (apiArrivals, error) {
	e, err := w.edits(c)
	if err != nil {
		return apiArrivals{}, err
	}
	n, _, err := w.Numbers(c.Context(), e.ID)
	out := apiArrivals{SignedUp: n.Expected, Came: apiCame(n.Count), Missing: n.Missing(), Doors: linksOf(n.Doors)}
	c.Header().Set("Cache-Control", "no-store")
	return out, err
}
