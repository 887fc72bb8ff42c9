package attendance

import (
	"net/http"
	"time"

	"convoke/internal/api"
	"convoke/internal/web"
)

// apiMessages is what those who signed up are told.
type apiMessages struct {
	Morning  bool        `json:"morning" doc:"They are reminded in the morning of the day, too."`
	Feedback string      `json:"feedback" doc:"Address that the thanks lead to; empty for the event’s own questions."`
	Next     string      `json:"next,omitempty" enum:"before,morning,thanks" doc:"What they are sent next; absent when nothing is."`
	At       string      `json:"at,omitempty" doc:"When, local to the place: 2027-05-07T10:00+02:00."`
	Coming   int         `json:"coming" doc:"People who answered that they still come."`
	Notices  []apiNotice `json:"notices" nullable:"false" doc:"What organizers told them, the newest first."`
}

type apiNotice struct {
	Day  string `json:"day"`
	Text string `json:"text"`
}

type (
	apiRemindersPut struct {
		ID   string `path:"id"`
		Body struct {
			Morning  bool   `json:"morning,omitempty" doc:"Remind them in the morning of the day, too."`
			Feedback string `json:"feedback,omitempty" doc:"Address that the thanks lead to."`
		}
	}
	apiNoticeNew struct {
		ID   string `path:"id"`
		Body struct {
			Text string `json:"text" doc:"Plain text. Only who signed up sees it; it is sealed, and deleted with the sign-ups."`
		}
	}
)

func (w *Web) mountMessages(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{
			Method: method, Path: "/events/{id}/messages" + path, ID: name, Tag: "attendance", Summary: summary, Doc: doc, Scope: api.Events,
		}
	}
	api.Add(a, op(http.MethodGet, "", "getMessages", "What those who signed up are told", "For those who may edit the event."),
		func(c *web.Call, _ *apiEventPath) (apiMessages, error) { return w.apiMessages(c, nil) })
	api.Add(a, op(http.MethodPut, "", "setReminders", "Say which reminders there are", "Beside that of the day before, which there always is."),
		func(c *web.Call, in *apiRemindersPut) (apiMessages, error) {
			return w.apiMessages(c, func(b Brief) error {
				f, err := api.Form(c, in.Body)
				if err != nil {
					return err
				}
				return w.SetReminders(c.Context(), b.ID, in.Body.Morning, f.Line("feedback"))
			})
		})
	tell := op(http.MethodPost, "/notices", "tellAll", "Tell those who signed up something",
		"Once a day. The same text again is the same notice. They find it on their private pages, and get it by mail where they left an address.")
	tell.Status = http.StatusCreated
	api.Add(a, tell, func(c *web.Call, in *apiNoticeNew) (apiMessages, error) {
		return w.apiMessages(c, func(b Brief) error {
			f, err := api.Form(c, in.Body)
			if err != nil {
				return err
			}
			return w.Tell(c.Context(), b.ID, f.Text("text"))
		})
	})
}

// apiMessages answers how it is once do, unless it is nil, has changed it.
func (w *Web) apiMessages(c *web.Call, do func(b Brief) error) (apiMessages, error) {
	b, err := w.edits(c)
	if err != nil {
		return apiMessages{}, err
	}
	if do != nil {
		if err := do(b); err != nil {
			return apiMessages{}, err
		}
	}
	m, err := w.Messages(c.Context(), b.ID)
	out := apiMessages{Morning: m.Morning, Feedback: m.Feedback, Next: m.Next, Coming: m.Coming, Notices: []apiNotice{}}
	if m.Next != "" {
		out.At = apiTime(m.At, b)
	}
	for _, n := range m.Notices {
		out.Notices = append(out.Notices, apiNotice{n.Made.In(b.zone()).Format(time.DateOnly), n.Text})
	}
	c.Header().Set("Cache-Control", "no-store")
	return out, err
}
