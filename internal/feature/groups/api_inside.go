package groups

import (
	"net/http"
	"slices"
	"time"

	"convoke/internal/api"
	"convoke/internal/web"
)

// apiAnnouncement is what members were told.
type apiAnnouncement struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Body  string `json:"body" doc:"Markdown."`
	Day   string `json:"day"`
}

// apiJoinRequest is somebody who asks to come in.
type apiJoinRequest struct {
	ID     string `json:"id"`
	Handle string `json:"handle"`
	Note   string `json:"note" doc:"What they wrote. It is sealed, and destroyed with the answer."`
	Day    string `json:"day"`
}

type (
	apiAnnouncementNew struct {
		Handle string `path:"handle"`
		Body   struct {
			Title string `json:"title"`
			Body  string `json:"body" doc:"Markdown."`
		}
	}
	apiAnnouncementPath struct {
		Handle string `path:"handle"`
		ID     string `path:"id"`
	}
	apiRequestAnswer struct {
		Handle string `path:"handle"`
		ID     string `path:"id"`
		Body   struct {
			Answer string `json:"answer" enum:"accept,refuse"`
			Reason string `json:"reason,omitempty" doc:"Why not, for the one who asked."`
		}
	}
)

// mountInside adds what members are told, and who asks to be one.
func (s *Service) mountInside(a *api.API) {
	op := func(method, path, name, summary, doc string, scope api.Scope) api.Op {
		return api.Op{Method: method, Path: "/groups/{handle}" + path, ID: name, Tag: "groups", Summary: summary, Doc: doc, Scope: scope}
	}
	api.Add(a, op(http.MethodGet, "/announcements", "listAnnouncements", "What the members of a group are told", "For its members. The newest first.", api.Read), s.apiAnnouncements)
	tell := op(http.MethodPost, "/announcements", "announce", "Tell the members of a group something", "For organizers. Repeated with its key it is told once.", api.Groups)
	tell.Status, tell.Keyed = http.StatusCreated, true
	api.Add(a, tell, func(c *web.Call, in *apiAnnouncementNew) (apiAnnouncement, error) { return s.apiAnnounce(c, a, in) })
	api.Do(a, op(http.MethodDelete, "/announcements/{id}", "retractAnnouncement", "Delete an announcement", "For organizers.", api.Groups),
		func(c *web.Call, in *apiAnnouncementPath) error {
			return s.Retract(c.Context(), c.Actor(), in.Handle, in.ID)
		})
	api.Add(a, op(http.MethodGet, "/requests", "listJoinRequests", "Who asks to become a member", "For organizers. The oldest first, 50 at most.", api.Roles), s.apiRequests)
	api.Do(a, op(http.MethodPut, "/requests/{id}", "answerJoinRequest", "Let somebody in who asked, or refuse", "For organizers. The first answer counts.", api.Roles),
		func(c *web.Call, in *apiRequestAnswer) error {
			f, err := api.Form(c, in.Body)
			if err != nil {
				return err
			}
			return s.Answer(c.Context(), c.Actor(), in.Handle, in.ID, in.Body.Answer == "accept", f.Text("reason"))
		})
}

func (s *Service) apiAnnouncements(c *web.Call, in *apiHandle) (api.Page[apiAnnouncement], error) {
	_, list, _, err := s.Announcements(c.Context(), c.Actor(), in.Handle)
	out := make([]apiAnnouncement, len(list))
	for i, x := range list {
		out[i] = apiAnnouncementOf(x)
	}
	c.Header().Set("Cache-Control", "no-store")
	return api.PageOf(out, ""), err
}

func apiAnnouncementOf(x Announcement) apiAnnouncement {
	return apiAnnouncement{x.ID, x.Title, x.Body, x.Day.Format(time.DateOnly)}
}

func (s *Service) apiAnnounce(c *web.Call, a *api.API, in *apiAnnouncementNew) (apiAnnouncement, error) {
	key, f, err := a.Keyed(c, in.Body)
	if err != nil {
		return apiAnnouncement{}, err
	}
	typed := AnnounceInput{Key: key, Title: f.Line("title"), Body: f.Text("body")}
	if err := s.Announce(c.Context(), c.Actor(), in.Handle, typed); err != nil {
		return apiAnnouncement{}, err
	}
	_, list, _, err := s.Announcements(c.Context(), c.Actor(), in.Handle)
	if err != nil {
		return apiAnnouncement{}, err
	}
	i := slices.IndexFunc(list, func(x Announcement) bool { return x.Title == typed.Title && x.Body == typed.Body })
	if i < 0 { // the key stood for another one
		return apiAnnouncement{}, api.ErrKeyReused()
	}
	return apiAnnouncementOf(list[i]), nil
}

func (s *Service) apiRequests(c *web.Call, in *apiHandle) (api.Page[apiJoinRequest], error) {
	_, list, err := s.Requests(c.Context(), c.Actor(), in.Handle)
	out := make([]apiJoinRequest, len(list))
	for i, r := range list {
		out[i] = apiJoinRequest{r.ID, r.Handle, r.Note, r.Day.Format(time.DateOnly)}
	}
	c.Header().Set("Cache-Control", "no-store")
	if err != nil {
		out = nil
	}
	return api.PageOf(out, ""), err
}
