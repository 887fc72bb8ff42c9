package identity

import (
	"net/http"
	"time"

	"convoke/internal/api"
	"convoke/internal/web"
)

type apiMe struct {
	Handle  string      `json:"handle"`
	Scopes  []api.Scope `json:"scopes" nullable:"false" doc:"What this token allows."`
	Expires time.Time   `json:"expires" doc:"When this token ends."`
}

type apiNothing struct{}

// MountAPI adds what a token may know of itself. All that has to do with signing
// in is for people, on pages.
func (s *Service) MountAPI(a *api.API) {
	api.Add(a, api.Op{
		Method: http.MethodGet, Path: "/me", ID: "getMe", Tag: "me", Summary: "Whose the token is, and what it allows", Scope: api.Read,
	}, func(c *web.Call, _ *apiNothing) (apiMe, error) {
		g, _ := api.GrantOf(c)
		return apiMe{g.Actor.Handle, g.Scopes, g.Expires}, nil
	})
}
