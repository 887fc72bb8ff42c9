package groups

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/web"
)

type (
	apiEnd struct {
		Handle string `path:"handle"`
		Body   struct {
			Ended bool `json:"ended" doc:"False takes the work up again, within 30 days."`
		}
	}
	apiMove struct {
		Handle string `path:"handle"`
		Body   struct {
			MovedTo string `json:"moved_to" doc:"A full address; empty for this one."`
		}
	}
)

// mountEnd adds the twins of forms that ask for the words again. Like all of
// those that a token reaches, they are for tokens that were made for it.
func (s *Service) mountEnd(a *api.API) {
	op := func(path, name, summary, doc string) api.Op {
		return api.Op{
			Method: http.MethodPut, Path: "/groups/{handle}" + path, ID: name, Tag: "groups", Summary: summary, Doc: doc, Scope: api.Groups,
		}
	}
	api.Add(a, op("/ended", "endGroup", "End a group’s work, or go on",
		"For stewards. Its pages, events and texts stay, and nothing is added to them. For 30 days it can go on. Repeated, it changes nothing."),
		func(c *web.Call, in *apiEnd) (apiGroup, error) {
			if err := s.End(c.Context(), c.Actor(), in.Handle, in.Body.Ended); err != nil {
				return apiGroup{}, err
			}
			return s.apiShow(c, in.Handle)
		})
	api.Add(a, op("/moved_to", "moveGroup", "Say at which address a group is now",
		"For stewards. Its page and those of its events lead there. Repeated, it changes nothing."),
		func(c *web.Call, in *apiMove) (apiGroup, error) {
			f, err := api.Form(c, in.Body)
			if err != nil {
				return apiGroup{}, err
			}
			if err := s.SetMovedTo(c.Context(), c.Actor(), in.Handle, f.Line("moved_to")); err != nil {
				return apiGroup{}, err
			}
			return s.apiShow(c, in.Handle)
		})
}
