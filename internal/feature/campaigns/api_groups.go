package campaigns

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/web"
)

type apiEndorseInput struct {
	Version int `json:"version" doc:"Of the points of unity that the group has read, 0 where there are none. When they changed meanwhile, nothing is noted."`
}

type (
	apiGroupPath struct {
		Handle string `path:"handle"`
		Group  string `path:"group" doc:"Handle."`
	}
	apiEndorse struct {
		Handle string `path:"handle"`
		Group  string `path:"group" doc:"Handle."`
		Body   apiEndorseInput
	}
)

// mountGroups adds what groups do with a campaign. Who owns it decides who may
// do what, so that needs the scope for roles.
func (w *Web) mountGroups(a *api.API) {
	api.Add(a, op(http.MethodPut, "/endorsements/{group}", "endorseCampaign", "Endorse a campaign", "For organizers of the group, while the campaign is open."),
		func(c *web.Call, in *apiEndorse) (apiWhole, error) {
			return w.shownAfter(c, in.Handle, w.Endorse(c.Context(), c.Actor(), in.Handle, in.Group, in.Body.Version))
		})
	api.Do(a, op(http.MethodDelete, "/endorsements/{group}", "withdrawEndorsement", "Withdraw an endorsement", "For organizers of the group, at any time."),
		func(c *web.Call, in *apiGroupPath) error {
			return w.Withdraw(c.Context(), c.Actor(), in.Handle, in.Group)
		})
	roles := func(method, path, name, summary, doc string) api.Op {
		o := op(method, path, name, summary, doc)
		o.Scope = api.Roles
		return o
	}
	api.Add(a, roles(http.MethodGet, "/requests", "listOwnerRequests", "The groups that were asked and have not answered", "For organizers of any owner."), w.apiAsked)
	api.Do(a, roles(http.MethodPut, "/requests/{group}", "askToOwn", "Ask a group to own the campaign too",
		"For organizers of any owner. A group that says yes has the same rights as all others."),
		func(c *web.Call, in *apiGroupPath) error { return w.Ask(c.Context(), c.Actor(), in.Handle, in.Group) })
	api.Do(a, roles(http.MethodDelete, "/requests/{group}", "takeRequestBack", "Take back a request that was not answered", ""),
		func(c *web.Call, in *apiGroupPath) error { return w.Unask(c.Context(), c.Actor(), in.Handle, in.Group) })
	api.Add(a, roles(http.MethodPut, "/owners/{group}", "agreeToOwn", "Say yes to such a request", "For organizers of the group that was asked."),
		func(c *web.Call, in *apiGroupPath) (apiWhole, error) {
			return w.shownAfter(c, in.Handle, w.Join(c.Context(), c.Actor(), in.Handle, in.Group))
		})
	api.Do(a, roles(http.MethodDelete, "/owners/{group}", "leaveCampaign", "End a group’s part, or say no to a request",
		"For organizers of the group itself. The last owner cannot leave."),
		func(c *web.Call, in *apiGroupPath) error { return w.Leave(c.Context(), c.Actor(), in.Handle, in.Group) })
	points := op(http.MethodGet, "/points/{version}", "getPoints", "The points of unity in one version", "To read what a group agreed to when it endorsed.")
	points.Scope, points.Open = api.Read, true
	api.Add(a, points, w.apiPoints)
}

func (w *Web) apiAsked(c *web.Call, in *apiPath) (api.Page[apiOwner], error) {
	var out []apiOwner
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		camp, seat, err := w.load(c.Context(), tx, c.Actor(), in.Handle)
		if err != nil {
			return err
		}
		if err := authz.Check(c.Actor(), authz.EditCampaign, seat.Subject()); err != nil {
			return err
		}
		all, err := ownersOf(c.Context(), tx, camp.ID)
		if err != nil {
			return err
		}
		for _, o := range all {
			if o.State != Asked {
				continue
			}
			g, err := w.Groups.ByID(c.Context(), tx, o.Group)
			if err != nil {
				return err
			}
			out = append(out, apiOwner{g.Handle, g.Name})
		}
		return nil
	})
	return api.PageOf(out, ""), err
}

func (w *Web) apiPoints(c *web.Call, in *apiPointsPath) (apiPoints, error) {
	camp, _, err := w.read(c, c.Actor(), in.Handle)
	if err != nil {
		return apiPoints{}, err
	}
	var p Points
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		p, err = pointsOf(c.Context(), tx, camp.ID, in.Version)
		return err
	})
	if err == nil && p.Body == "" {
		err = fault.NotFound("campaign.no_version", "There is no such version.")
	}
	if err != nil {
		return apiPoints{}, err
	}
	return apiPoints{p.Version, p.Body, day.ISO(p.Day)}, nil
}
