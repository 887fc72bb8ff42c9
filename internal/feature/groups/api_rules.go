package groups

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/web"
)

// apiConduct is a version of a group's rules of conduct.
type apiConduct struct {
	Version int    `json:"version" doc:"0 when there are none any more."`
	Body    string `json:"body" doc:"Markdown."`
	Day     string `json:"day,omitempty" doc:"On which it was published."`
	// For members, with a token.
	Accepted bool `json:"accepted,omitempty" doc:"The token’s person is a member and has accepted this version."`
}

// apiNewcomers is how people come into a group.
type apiNewcomers struct {
	Joining string `json:"joining" enum:"open,request,invitation"`
	Welcome string `json:"welcome,omitempty" doc:"Markdown; for those who have just come in."`
	Version string `json:"version,omitempty" doc:"Of both; a change may send it back. When somebody changed them meanwhile, nothing is overwritten."`
}

type (
	apiConductPath struct {
		Handle  string `path:"handle"`
		Version int    `query:"version" doc:"The one that counts when absent." minimum:"0"`
	}
	apiConductPut struct {
		Handle string `path:"handle"`
		Body   struct {
			Body    string `json:"body" doc:"Markdown; empty ends them."`
			Version *int   `json:"version,omitempty" minimum:"0" doc:"The one that counted when they were read, 0 for none. When another counts meanwhile, nothing is overwritten."`
		}
	}
	apiNewcomersPut struct {
		Handle string `path:"handle"`
		Body   apiNewcomers
	}
)

// mountRules adds what stewards say of how people are together and how they come
// in.
func (s *Service) mountRules(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: "/groups/{handle}" + path, ID: name, Tag: "groups", Summary: summary, Doc: doc, Scope: api.Groups}
	}
	get := op(http.MethodGet, "/conduct", "getConduct", "The rules of conduct of a group", "")
	get.Scope, get.Open = api.Read, true
	api.Add(a, get, s.apiConduct)
	api.Add(a, op(http.MethodPut, "/conduct", "setConduct", "Publish rules of conduct",
		"For stewards. Members are asked to accept a new version. Repeated, it changes nothing."),
		func(c *web.Call, in *apiConductPut) (apiConduct, error) {
			f, err := api.Form(c, in.Body)
			if err != nil {
				return apiConduct{}, err
			}
			body := f.Text("body")
			if err := s.SetConduct(c.Context(), c.Actor(), in.Handle, body, f.Line("version")); err != nil {
				return apiConduct{}, err
			}
			if body == "" {
				return apiConduct{}, nil
			}
			return s.apiConduct(c, &apiConductPath{Handle: in.Handle})
		})
	api.Add(a, op(http.MethodGet, "/newcomers", "getNewcomers", "How people come into a group", "For stewards."),
		func(c *web.Call, in *apiHandle) (apiNewcomers, error) { return s.apiNewcomers(c, in.Handle) })
	api.Add(a, op(http.MethodPut, "/newcomers", "setNewcomers", "Say how people come into a group", "For stewards. It becomes what is sent."),
		func(c *web.Call, in *apiNewcomersPut) (apiNewcomers, error) {
			f, err := api.Form(c, in.Body)
			if err != nil {
				return apiNewcomers{}, err
			}
			if err := s.SetNewcomers(c.Context(), c.Actor(), in.Handle, readSettings(f)); err != nil {
				return apiNewcomers{}, err
			}
			return s.apiNewcomers(c, in.Handle)
		})
}

func (s *Service) apiConduct(c *web.Call, in *apiConductPath) (apiConduct, error) {
	g, sub, t, err := s.Conduct(c.Context(), c.Actor(), in.Handle, in.Version)
	if err != nil {
		return apiConduct{}, err
	}
	out := apiConduct{Version: t.Version, Body: t.Body, Day: day.ISO(t.Day)}
	if sub.Role == authz.None {
		return out, nil
	}
	err = s.DB.Read(c.Context(), func(tx *db.Tx) error {
		was, err := acceptedConduct(c.Context(), tx, g.ID, c.Actor().Person)
		out.Accepted = was == t.Version
		return absent(err)
	})
	return out, err
}

func (s *Service) apiNewcomers(c *web.Call, handle string) (apiNewcomers, error) {
	_, set, err := s.Newcomers(c.Context(), c.Actor(), handle)
	c.Header().Set("Cache-Control", "no-store")
	return apiNewcomers{string(set.Joining), set.Welcome, set.Version}, err
}
