package alerts

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/web"
)

type (
	apiNeighbourIn struct {
		Handle    string `path:"handle"`
		Neighbour string `path:"neighbour"`
	}
	apiPassIn struct {
		Handle string `path:"handle"`
		Alert  string `path:"alert" doc:"The newest of its chain, as it was read."`
	}
	apiPassedOn struct {
		Alert string `json:"alert" doc:"The first alert of the chain in which it is passed on."`
	}
)

func (w *Web) mountNeighboursAPI(a *api.API, op opOf) {
	neighbour := func(method, name, summary string, do func(c *web.Call, in *apiNeighbourIn) error) {
		api.Do(a, op(method, "/networks/{handle}/neighbours/{neighbour}", name, summary, "For stewards."), do)
	}
	neighbour(http.MethodPut, "addNeighbour", "Hear of the alerts of another network", func(c *web.Call, in *apiNeighbourIn) error {
		return w.Neighbour(c.Context(), c.Actor(), in.Handle, in.Neighbour)
	})
	neighbour(http.MethodDelete, "dropNeighbour", "Hear of them no more", func(c *web.Call, in *apiNeighbourIn) error {
		return w.Apart(c.Context(), c.Actor(), in.Handle, in.Neighbour)
	})
	api.Add(a, op(http.MethodPut, "/queue/{handle}/passed/{alert}", "passAlert", "Pass an alert of a neighbour on",
		"For verifiers of the network. It goes to the cells of its area that are nearest to it, and changes and ends with what the neighbour says."), func(c *web.Call, in *apiPassIn) (apiPassedOn, error) {
		sent, err := w.Pass(c.Context(), c.Actor(), in.Handle, in.Alert)
		return apiPassedOn{sent}, err
	})
	api.Do(a, op(http.MethodDelete, "/queue/{handle}/passed/{alert}", "leaveAlert", "Leave an alert of a neighbour",
		"For verifiers of the network: it is shown to them no more until it changes. What is passed on already stays so."), func(c *web.Call, in *apiPassIn) error {
		return w.Leave(c.Context(), c.Actor(), in.Handle, in.Alert)
	})
}
