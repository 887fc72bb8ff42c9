package assemblies

import (
	"net/http"
	"strconv"

	"convoke/internal/api"
	"convoke/internal/fault"
	"convoke/internal/plaintext"
	"convoke/internal/web"
)

type (
	apiCreate struct {
		Handle string `path:"handle"`
		Body   apiAssemblyInput
	}
	apiChange struct {
		ID   string `path:"id"`
		Body apiAssemblyInput
	}
	apiCall struct {
		ID   string `path:"id"`
		Body apiAssemblyCall
	}
	apiNotice struct {
		Handle string `path:"handle"`
		Body   apiAssemblyNotice
	}
	apiPoint struct {
		ID   string `path:"id"`
		Body apiAssemblyPointInput
	}
	apiPointChange struct {
		ID   string `path:"id"`
		Item string `path:"item"`
		Body apiAssemblyPointInput
	}
	apiArrange struct {
		ID   string `path:"id"`
		Item string `path:"item"`
		Body apiAssemblyArrange
	}
	apiRun struct {
		ID   string `path:"id"`
		Body apiAssemblyRun
	}
	apiRole struct {
		ID   string `path:"id"`
		Body apiAssemblyRole
	}
	apiHand struct {
		ID   string `path:"id"`
		Body apiAssemblyHand
	}
	apiDoor struct {
		ID     string `path:"id"`
		Secret string `path:"secret"`
	}
	apiDoorHand struct {
		ID     string `path:"id"`
		Secret string `path:"secret"`
		Body   apiAssemblyName
	}
	apiOwnHand struct {
		ID     string `path:"id"`
		Secret string `path:"secret"`
		Body   apiAssemblyOwn
	}
	apiNotesChange struct {
		ID   string `path:"id"`
		Item string `path:"item"`
		Body apiAssemblyNotesInput
	}
	apiMinutesAct struct {
		ID   string `path:"id"`
		Body apiAssemblyMinutesAct
	}
)

type apiAssemblyCall struct {
	Do       string `json:"do" enum:"call,off"`
	Urgent   bool   `json:"urgent,omitempty" doc:"Call it later than the group asks for."`
	Sequence int    `json:"sequence,omitempty" doc:"That of the assembly as it was read."`
}

type apiAssemblyNotice struct {
	Days int `json:"days" minimum:"0" maximum:"90" doc:"Days of notice that the group asks for."`
}

type apiAssemblyArrange struct {
	Do       string `json:"do" enum:"up,down,accept,remove"`
	Place    int    `json:"place,omitempty" doc:"For up and down: at which place on the agenda the item was read; the first is 1. Of two who move it at once, the second moves nothing."`
	Sequence int    `json:"sequence,omitempty" doc:"For accept and remove: that of the assembly as it was read."`
}

type apiAssemblyRun struct {
	Do     string `json:"do" enum:"open,close,next,speaker,hush,timer,more,speak-time,door,plus,minus,people,show-people,hide-people" doc:"next goes to the next item, speaker calls who is next, hush takes the floor back, timer and speak-time stop a timer or go on, more gives five minutes, door makes another link."`
	Step   int    `json:"step,omitempty" doc:"That of the assembly as it was read. Counting needs none."`
	People string `json:"people,omitempty" doc:"For people: how many are here."`
}

type apiAssemblyRole struct {
	Role string `json:"role" enum:"facilitator,notes"`
	Do   string `json:"do" enum:"take,free"`
}

type apiAssemblyHand struct {
	Do   string `json:"do" enum:"up,again,down"`
	Name string `json:"name,omitempty" doc:"By which one is called, for up. It is shown in the room only."`
}

type apiAssemblyName struct {
	Name string `json:"name" doc:"By which one is called. It is shown in the room only."`
}

type apiAssemblyOwn struct {
	Do string `json:"do" enum:"again,down"`
}

type apiAssemblyRaised struct {
	Secret string `json:"secret" doc:"Of one's own hand: keep it to oneself."`
	URL    string `json:"url" doc:"Of the page of one's own hand."`
}

type apiAssemblyNotesInput struct {
	Notes     string            `json:"notes,omitempty" doc:"Markdown."`
	Decisions []string          `json:"decisions,omitempty" nullable:"false"`
	Tasks     []apiAssemblyTask `json:"tasks,omitempty" nullable:"false"`
	Sequence  int               `json:"sequence,omitempty" doc:"That of these notes as they were read."`
}

type apiAssemblyMinutesAct struct {
	Do   string `json:"do" enum:"publish,approve,correct"`
	For  string `json:"for,omitempty" enum:"members,public" doc:"For publish."`
	Body string `json:"body,omitempty" doc:"For correct: what was wrong, and how it is right."`
}

// keyReused says what [errUsed] says as programs know it.
func keyReused(err error) error {
	if fault.HasCode(err, "form.key_used") {
		return api.ErrKeyReused()
	}
	return err
}

// shown answers a use case with the assembly as it is then.
func (w *Web) shown(c *web.Call, aid string, err error) (apiAssembly, error) {
	if err != nil {
		return apiAssembly{}, keyReused(err)
	}
	return w.apiShow(c, ID(aid), room{By: c.Actor()})
}

func (w *Web) mountCall(a *api.API) {
	create := op(http.MethodPost, "/groups/{handle}/assemblies", "createAssembly", "Draft an assembly", "For organizers of the group.")
	create.Status, create.Keyed = http.StatusCreated, true
	api.Add(a, create, func(c *web.Call, in *apiCreate) (apiAssembly, error) {
		key, err := a.Key(c)
		if err != nil {
			return apiAssembly{}, err
		}
		aid, err := w.Create(c.Context(), c.Actor(), in.Handle, key, in.Body.typed())
		if err == nil {
			c.Header().Set("Location", c.BaseURL()+"/api/v1/assemblies/"+string(aid))
		}
		return w.shown(c, string(aid), err)
	})
	api.Do(a, op(http.MethodPut, "/groups/{handle}/assembly_notice", "setAssemblyNotice", "Say how much notice assemblies need", "For stewards of the group. A coalition says it with its rules."),
		func(c *web.Call, in *apiNotice) error {
			return w.SetNotice(c.Context(), c.Actor(), in.Handle, strconv.Itoa(in.Body.Days))
		})
	api.Add(a, op(http.MethodPut, "/assemblies/{id}", "changeAssembly", "Change the call of an assembly", "Until it opens. What moves is called anew."),
		func(c *web.Call, in *apiChange) (apiAssembly, error) {
			return w.shown(c, in.ID, w.Edit(c.Context(), c.Actor(), ID(in.ID), in.Body.Sequence, in.Body.typed()))
		})
	api.Add(a, op(http.MethodPost, "/assemblies/{id}/call", "callAssembly", "Call an assembly, or call it off", ""),
		func(c *web.Call, in *apiCall) (apiAssembly, error) {
			if in.Body.Do == "off" {
				return w.shown(c, in.ID, w.CallOff(c.Context(), c.Actor(), ID(in.ID)))
			}
			return w.shown(c, in.ID, w.Call(c.Context(), c.Actor(), ID(in.ID), in.Body.Sequence, in.Body.Urgent))
		})
	add := op(http.MethodPost, "/assemblies/{id}/items", "addAssemblyItem", "Add to the agenda", "A member's waits until an organizer takes it on.")
	add.Status, add.Keyed = http.StatusCreated, true
	api.Add(a, add, func(c *web.Call, in *apiPoint) (apiAssembly, error) {
		key, err := a.Key(c)
		if err == nil {
			err = w.AddItem(c.Context(), c.Actor(), ID(in.ID), key, c.BaseURL(), in.Body.typed())
		}
		return w.shown(c, in.ID, err)
	})
	api.Add(a, op(http.MethodPut, "/assemblies/{id}/items/{item}", "changeAssemblyItem", "Change an item of the agenda", ""),
		func(c *web.Call, in *apiPointChange) (apiAssembly, error) {
			return w.shown(c, in.ID, w.EditItem(c.Context(), c.Actor(), ID(in.ID), in.Body.Sequence, in.Item, c.BaseURL(), in.Body.typed()))
		})
	api.Add(a, op(http.MethodPost, "/assemblies/{id}/items/{item}/arrange", "arrangeAssemblyItem", "Move, take on or remove an item", "Members move it until the assembly opens, then whoever runs it. The rest is for organizers."),
		func(c *web.Call, in *apiArrange) (apiAssembly, error) {
			if in.Body.Do == ItemUp || in.Body.Do == ItemDown {
				return w.shown(c, in.ID, w.Move(c.Context(), c.Actor(), ID(in.ID), in.Item, in.Body.Do, in.Body.Place))
			}
			return w.shown(c, in.ID, w.Arrange(c.Context(), c.Actor(), ID(in.ID), in.Body.Sequence, in.Item, in.Body.Do))
		})
}

func (w *Web) mountRun(a *api.API) {
	run := op(http.MethodPost, "/assemblies/{id}/run", "runAssembly", "Go on with an assembly", "For organizers and whoever facilitates. Of two who go on at once, the second is told.")
	run.Keyed = true
	api.Add(a, run, func(c *web.Call, in *apiRun) (apiAssembly, error) {
		key, err := a.Key(c)
		if err == nil {
			err = w.Run(c.Context(), c.Actor(), ID(in.ID), RunInput{Form: key, Step: in.Body.Step, Do: in.Body.Do, People: in.Body.People})
		}
		return w.shown(c, in.ID, err)
	})
	api.Do(a, op(http.MethodPost, "/assemblies/{id}/role", "takeAssemblyRole", "Facilitate, take notes, or stop it", "For members."),
		func(c *web.Call, in *apiRole) error {
			return w.TakeOn(c.Context(), c.Actor(), ID(in.ID), in.Body.Role, in.Body.Do)
		})
	api.Add(a, op(http.MethodPut, "/assemblies/{id}/minutes/{item}", "writeAssemblyNotes", "Write the minutes of one item", "For organizers and the note-taker."),
		func(c *web.Call, in *apiNotesChange) (apiAssemblyMinutes, error) {
			n := NotesInput{Notes: plaintext.Text(in.Body.Notes)}
			for _, x := range in.Body.Decisions {
				n.Decisions += oneLine(x) + "\n"
			}
			for _, t := range in.Body.Tasks {
				n.Tasks = append(n.Tasks, TaskInput{oneLine(t.Task), oneLine(t.Owner), t.Until})
			}
			if err := w.WriteNotes(c.Context(), c.Actor(), ID(in.ID), in.Item, in.Body.Sequence, n); err != nil {
				return apiAssemblyMinutes{}, err
			}
			return w.apiMinutes(c, ID(in.ID))
		})
	act := op(http.MethodPost, "/assemblies/{id}/minutes", "actOnAssemblyMinutes", "Publish, approve or correct minutes", "")
	act.Keyed = true
	api.Add(a, act, func(c *web.Call, in *apiMinutesAct) (apiAssemblyMinutes, error) {
		key, err := a.Key(c)
		if err == nil {
			err = w.ActOnMinutes(c.Context(), c.Actor(), ID(in.ID),
				MinutesInput{Form: key, Do: in.Body.Do, For: in.Body.For, Body: plaintext.Text(in.Body.Body)})
		}
		if err != nil {
			return apiAssemblyMinutes{}, keyReused(err)
		}
		return w.apiMinutes(c, ID(in.ID))
	})
}

func (w *Web) mountHands(a *api.API) {
	hand := op(http.MethodPost, "/assemblies/{id}/hand", "raiseHand", "Raise or lower one's hand", "For members.")
	hand.Keyed = true
	api.Add(a, hand, func(c *web.Call, in *apiHand) (apiAssembly, error) {
		r, aid := room{By: c.Actor()}, ID(in.ID)
		switch in.Body.Do {
		case HandAgain:
			return w.shown(c, in.ID, w.AgainHand(c.Context(), aid, r))
		case HandDown:
			return w.shown(c, in.ID, w.LowerHand(c.Context(), aid, r))
		}
		key, err := a.Key(c)
		if err == nil {
			err = w.RaiseHand(c.Context(), aid, r, key, oneLine(in.Body.Name))
		}
		return w.shown(c, in.ID, err)
	})
	api.Add(a, open(http.MethodGet, "/assemblies/{id}/door/{secret}", "getAssemblyInRoom", "An assembly, with the link that is handed out in the room", ""),
		func(c *web.Call, in *apiDoor) (apiAssembly, error) {
			r, err := doorRoom(in.Secret)
			if err != nil {
				return apiAssembly{}, err
			}
			return w.apiShow(c, ID(in.ID), r)
		})
	door := open(http.MethodPost, "/assemblies/{id}/door/{secret}", "raiseHandInRoom", "Raise one's hand with the link of the room", "Whoever has the link, without an account.")
	door.Status, door.Keyed = http.StatusCreated, true
	api.Add(a, door, func(c *web.Call, in *apiDoorHand) (apiAssemblyRaised, error) {
		var out apiAssemblyRaised
		r, err := doorRoom(in.Secret)
		if err == nil {
			err = w.slow(c)
		}
		if err != nil {
			return out, err
		}
		key, err := a.Key(c)
		if err == nil {
			err = w.RaiseHand(c.Context(), ID(in.ID), r, key, oneLine(in.Body.Name))
		}
		if err != nil {
			return out, keyReused(err)
		}
		return apiAssemblyRaised{key, c.BaseURL() + "/assemblies/" + in.ID + "/hand/" + key}, nil
	})
	api.Add(a, open(http.MethodGet, "/assemblies/{id}/hand/{secret}", "getOwnHand", "An assembly, with one's own hand", ""),
		func(c *web.Call, in *apiDoor) (apiAssembly, error) {
			r, err := handRoom(c)
			if err != nil {
				return apiAssembly{}, err
			}
			return w.apiShow(c, ID(in.ID), r)
		})
	api.Add(a, open(http.MethodPost, "/assemblies/{id}/hand/{secret}", "moveOwnHand", "Lower one's own hand, or raise it again", "Whoever has the secret."),
		func(c *web.Call, in *apiOwnHand) (apiAssembly, error) {
			r, err := handRoom(c)
			if err == nil {
				err = w.slow(c)
			}
			if err == nil && in.Body.Do == HandAgain {
				err = w.AgainHand(c.Context(), ID(in.ID), r)
			} else if err == nil {
				err = w.LowerHand(c.Context(), ID(in.ID), r)
			}
			if err != nil {
				return apiAssembly{}, err
			}
			return w.apiShow(c, ID(in.ID), r)
		})
}
