package groups

import (
	"net/http"
	"time"

	"convoke/internal/api"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/web"
)

// apiMyRequest is what the token's person asked a group.
type apiMyRequest struct {
	Group  string `json:"group" doc:"Handle."`
	Name   string `json:"name"`
	State  string `json:"state" enum:"waiting,refused,member" doc:"Member: the group is open, or they belong to it."`
	Reason string `json:"reason,omitempty" doc:"Why not."`
	Day    string `json:"day,omitempty" format:"date" doc:"On which it was asked, or refused."`
}

// apiLineage is a member with who let them in.
type apiLineage struct {
	Handle string `json:"handle"`
	By     string `json:"by" doc:"Handle of the member who let them in; empty when they came by themselves."`
	Others int    `json:"others" doc:"How many came in through them, also through those whom they let in."`
}

type apiWelcome struct {
	Welcome string `json:"welcome" doc:"Markdown; empty when there is none."`
}

type (
	apiAsk struct {
		Handle string `path:"handle"`
		Body   struct {
			Note    string `json:"note,omitempty" doc:"For the organizers, where the group wants to be asked. It is sealed, and destroyed with the answer."`
			Conduct int    `json:"conduct,omitempty" doc:"The version of the rules of conduct that the person has read and accepts; needed where there are some."`
		}
	}
	apiAccept struct {
		Handle string `path:"handle"`
		Body   struct {
			Version int `json:"version" minimum:"1" doc:"The one that was read. Only the one that counts can be accepted."`
		}
	}
	apiLineageCut struct {
		Handle string `path:"handle"`
		Member string `path:"member" doc:"Handle."`
		Count  int    `query:"count" required:"true" minimum:"1" doc:"How many go, with the member: one more than others in the lineage. When that has changed, nothing happens."`
	}
)

// mountPeople adds what somebody does to come in, what members read first, and
// who let whom in.
func (s *Service) mountPeople(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: path, ID: name, Tag: "groups", Summary: summary, Doc: doc, Scope: api.Roles}
	}
	asked := op(http.MethodGet, "/me/requests", "listMyRequests", "What the token’s person asked of groups", "Those that wait for an answer, and those that were refused lately.")
	asked.Scope = api.Read
	api.Add(a, asked, s.apiAsked)
	api.Add(a, op(http.MethodPut, "/me/requests/{handle}", "askToJoin", "Join an open group, or ask to",
		"By invitation only: 409. A refusal stands for a month. Repeated, it changes nothing."), s.apiAsk)
	api.Do(a, op(http.MethodDelete, "/me/requests/{handle}", "withdrawJoinRequest", "Take back that one asked to join", "What was answered stays. Repeated, it changes nothing."),
		func(c *web.Call, in *apiHandle) error { return s.Withdraw(c.Context(), c.Actor(), in.Handle) })
	api.Add(a, op(http.MethodPut, "/groups/{handle}/conduct/accepted", "acceptConduct", "Accept the rules of conduct, as a member",
		"Only for a person who has read them. Repeated, it changes nothing."),
		func(c *web.Call, in *apiAccept) (apiConduct, error) {
			if err := s.AcceptConduct(c.Context(), c.Actor(), in.Handle, in.Body.Version); err != nil {
				return apiConduct{}, err
			}
			now, err := s.apiConduct(c, &apiConductPath{Handle: in.Handle})
			if err == nil && now.Version != in.Body.Version {
				err = fault.Invalid(otherConduct("version"))
			}
			return now, err
		})
	welcome := op(http.MethodGet, "/groups/{handle}/welcome", "getWelcome", "What new members read first", "For members.")
	welcome.Scope = api.Read
	api.Add(a, welcome, func(c *web.Call, in *apiHandle) (apiWelcome, error) {
		_, text, err := s.Welcome(c.Context(), c.Actor(), in.Handle)
		c.Header().Set("Cache-Control", "no-store")
		return apiWelcome{text.Body}, err
	})
	api.Add(a, op(http.MethodGet, "/groups/{handle}/lineage", "getLineage", "Who let whom in",
		"For stewards. All members, each behind the one who let them in."), s.apiLineage)
	api.Do(a, op(http.MethodDelete, "/groups/{handle}/lineage/{member}", "removeLineage", "Remove a member and all who came in through them",
		"For stewards. Links that they gave out end, too."),
		func(c *web.Call, in *apiLineageCut) error {
			return s.RemoveLineage(c.Context(), c.Actor(), in.Handle, in.Member, in.Count)
		})
}

func (s *Service) apiAsked(c *web.Call, _ *apiNothing) (api.Page[apiMyRequest], error) {
	list, of, err := s.Asked(c.Context(), c.Actor())
	out := make([]apiMyRequest, len(list))
	for i, r := range list {
		out[i] = apiMyRequestOf(of[i], r)
	}
	c.Header().Set("Cache-Control", "no-store")
	return api.PageOf(out, ""), err
}

func apiMyRequestOf(g Brief, r Request) apiMyRequest {
	return apiMyRequest{g.Handle, g.Name, string(r.State), r.Reason, r.Day.Format(time.DateOnly)}
}

func (s *Service) apiAsk(c *web.Call, in *apiAsk) (apiMyRequest, error) {
	note := c.NewForm().Set("note", in.Body.Note).Text("note")
	joined, err := s.Ask(c.Context(), c.Actor(), in.Handle, JoinInput{Note: note, Conduct: in.Body.Conduct})
	if err != nil {
		return apiMyRequest{}, err
	}
	c.Header().Set("Cache-Control", "no-store")
	var g Group
	var r Request
	err = s.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		if g, _, err = s.load(c.Context(), tx, c.Actor(), in.Handle); err == nil && !joined {
			r, err = requestOf(c.Context(), tx, g.ID, c.Actor().Person)
		}
		return err
	})
	if joined {
		return apiMyRequest{Group: g.Handle, Name: g.Name, State: "member"}, err
	}
	return apiMyRequestOf(g.Brief, r), absent(err)
}

func (s *Service) apiLineage(c *web.Call, in *apiHandle) (api.Page[apiLineage], error) {
	_, roots, err := s.Lineage(c.Context(), c.Actor(), in.Handle)
	var out []apiLineage
	var walk func(by string, all []*branch)
	walk = func(by string, all []*branch) {
		for _, b := range all {
			out = append(out, apiLineage{b.Handle, by, b.Others()})
			walk(b.Handle, b.Below)
		}
	}
	walk("", roots)
	c.Header().Set("Cache-Control", "no-store")
	return api.PageOf(out, ""), err
}
