package tasks

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/day"
	"convoke/internal/web"
)

// apiTask is a task as members see it.
type apiTask struct {
	ID     string `json:"id"`
	Group  string `json:"group" doc:"Handle."`
	URL    string `json:"url"`
	Title  string `json:"title"`
	Note   string `json:"note,omitempty" doc:"Markdown."`
	From   string `json:"from,omitempty" doc:"Path of the page where it was decided."`
	Owner  string `json:"owner,omitempty" doc:"Handle of the member who does it; absent for nobody yet."`
	Until  string `json:"until,omitempty" format:"date"`
	First  bool   `json:"first_time,omitempty" doc:"Good for a first time. Its title is on the newcomers' page."`
	State  string `json:"state" enum:"open,done,dropped"`
	Made   string `json:"made" format:"date"`
	Closed string `json:"closed,omitempty" format:"date"`
}

func apiOf(base string, g Group, t *Task) apiTask {
	return apiTask{
		ID: t.ID, Group: g.Handle, URL: base + urlOf(g) + "/" + t.ID, Title: t.Title, Note: t.Note, From: t.Source, Owner: t.Handle,
		Until: day.ISO(t.Until), First: t.First, State: string(t.State), Made: day.ISO(t.Made), Closed: day.ISO(t.Closed),
	}
}

// apiTaskInput is one as the form takes it.
type apiTaskInput struct {
	Title string `json:"title"`
	Note  string `json:"note,omitempty" doc:"Markdown."`
	Until string `json:"until,omitempty" doc:"2027-05-08."`
	Mine  bool   `json:"mine,omitempty" doc:"The token's person does it."`
}

type apiTaskAct struct {
	Do string `json:"do" enum:"take,back,finish,reopen,give,drop,first,later"`
	To string `json:"to,omitempty" doc:"For give: the handle of a member, nobody when absent."`
}

type (
	apiGroupPath struct {
		Handle string `path:"handle"`
	}
	apiNew struct {
		Handle string `path:"handle"`
		Body   apiTaskInput
	}
	apiPath struct {
		Handle string `path:"handle"`
		ID     string `path:"id"`
	}
	apiAct struct {
		Handle string `path:"handle"`
		ID     string `path:"id"`
		Body   apiTaskAct
	}
	apiNothing struct{}
)

// MountAPI adds the operations on tasks.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string, scope api.Scope) api.Op {
		return api.Op{Method: method, Path: path, ID: name, Tag: "tasks", Summary: summary, Doc: doc, Scope: scope}
	}
	const tasks = "/groups/{handle}/tasks"
	api.Add(a, op(http.MethodGet, tasks, "listTasks", "The tasks of a group", "For its members. What is open by day, then what was closed last.", api.Read), w.apiList)
	create := op(http.MethodPost, tasks, "addTask", "Add a task", "For members. Repeated with its key it is made once.", api.Groups)
	create.Status, create.Keyed = http.StatusCreated, true
	api.Add(a, create, func(c *web.Call, in *apiNew) (apiTask, error) { return w.apiAdd(c, a, in) })
	api.Add(a, op(http.MethodGet, tasks+"/{id}", "getTask", "One task", "For members of its group.", api.Read), w.apiShow)
	api.Add(a, op(http.MethodPut, tasks+"/{id}", "actOnTask", "Take a task, hand it back, finish it",
		"Members take, hand back and finish; organizers also give, drop and mark. What is so already stays so.", api.Groups), w.apiAct)
	api.Add(a, op(http.MethodGet, "/me/tasks", "listMyTasks", "The open tasks of the token's person", "", api.Read), w.apiMine)
}

func (w *Web) apiList(c *web.Call, in *apiGroupPath) (api.Page[apiTask], error) {
	l, err := w.List(c.Context(), c.Actor(), in.Handle)
	if err != nil {
		return api.Page[apiTask]{}, err
	}
	all := append(l.Open, l.Done...)
	out := make([]apiTask, len(all))
	for i := range all {
		out[i] = apiOf(c.BaseURL(), l.Group, &all[i])
	}
	c.Header().Set("Cache-Control", "no-store")
	return api.PageOf(out, ""), nil
}

func (w *Web) apiAdd(c *web.Call, a *api.API, in *apiNew) (apiTask, error) {
	key, f, err := a.Keyed(c, in.Body)
	if err != nil {
		return apiTask{}, err
	}
	typed := readInput(f)
	typed.Key, typed.Mine = key, in.Body.Mine
	t, err := w.Add(c.Context(), c.Actor(), in.Handle, typed)
	if err != nil {
		return apiTask{}, err
	}
	if t.Title != typed.Title || t.Note != typed.Note || day.ISO(t.Until) != typed.Until { // the key stood for another one
		return apiTask{}, api.ErrKeyReused()
	}
	c.Header().Set("Location", c.BaseURL()+"/api/v1/groups/"+in.Handle+"/tasks/"+t.ID)
	return apiOf(c.BaseURL(), Group{Handle: in.Handle}, &t), nil
}

func (w *Web) apiShow(c *web.Call, in *apiPath) (apiTask, error) {
	g, t, _, err := w.Get(c.Context(), c.Actor(), in.Handle, in.ID)
	c.Header().Set("Cache-Control", "no-store")
	return apiOf(c.BaseURL(), g, &t), err
}

func (w *Web) apiAct(c *web.Call, in *apiAct) (apiTask, error) {
	t, err := w.Act(c.Context(), c.Actor(), in.Handle, in.ID, Do(in.Body.Do), in.Body.To)
	return apiOf(c.BaseURL(), Group{Handle: in.Handle}, &t), err
}

func (w *Web) apiMine(c *web.Call, _ *apiNothing) (api.Page[apiTask], error) {
	list, of, err := w.Mine(c.Context(), c.Actor())
	out := make([]apiTask, len(list))
	for i := range list {
		out[i] = apiOf(c.BaseURL(), of[i], &list[i])
	}
	c.Header().Set("Cache-Control", "no-store")
	return api.PageOf(out, ""), err
}
