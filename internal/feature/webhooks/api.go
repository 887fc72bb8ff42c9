package webhooks

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"convoke/internal/api"
	"convoke/internal/fault"
	"convoke/internal/web"
)

// apiPage is how many deliveries one page of the list holds.
const apiPage = 50

// apiKind is what a webhook can hear of.
type apiKind string

// Schema implements huma.SchemaProvider.
func (apiKind) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, k := range kinds {
		s.Enum = append(s.Enum, string(k.kind))
	}
	s.PrecomputeMessages()
	return s
}

type apiWebhook struct {
	ID       string    `json:"id"`
	URL      string    `json:"url"`
	Kinds    []apiKind `json:"kinds" nullable:"false"`
	Disabled bool      `json:"disabled" doc:"It failed too often, or answered 410, and is off."`
	Secret   string    `json:"secret,omitempty" doc:"Shown once, when it is made."`
}

type apiWebhookInput struct {
	URL   string    `json:"url" doc:"https://, on port 443, at a public address."`
	Kinds []apiKind `json:"kinds" nullable:"false"`
}

// apiDelivery holds what was sent as it was sent.
type apiDelivery struct {
	ID      string          `json:"id" doc:"The header webhook-id."`
	Type    string          `json:"type"`
	Body    json.RawMessage `json:"body" doc:"What was or will be sent."`
	State   string          `json:"state" enum:"pending,delivered,failed"`
	Tries   int             `json:"tries"`
	Status  int             `json:"status" doc:"Of the last answer; 0 for none."`
	Created time.Time       `json:"created"`
	Tried   *time.Time      `json:"tried,omitempty"`
}

type (
	apiHandle struct {
		Handle string `path:"handle"`
	}
	apiAdd struct {
		Handle string `path:"handle"`
		Body   apiWebhookInput
	}
	apiHook struct {
		Handle string `path:"handle"`
		ID     string `path:"id"`
	}
	apiSent struct {
		Handle string `path:"handle"`
		ID     string `path:"id"`
		After  string `query:"after" doc:"The member next of the page before."`
	}
	apiOne struct {
		Handle   string `path:"handle"`
		ID       string `path:"id"`
		Delivery string `path:"delivery"`
	}
)

// MountAPI adds the operations on webhooks.
func (s *Service) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: "/groups/{handle}/webhooks" + path, ID: name, Tag: "webhooks", Summary: summary, Doc: doc, Scope: api.Groups}
	}
	api.Add(a, op(http.MethodGet, "", "listWebhooks", "The group's webhooks", "For organizers."), s.apiList)
	add := op(http.MethodPost, "", "addWebhook", "Hear of what changes",
		"For organizers. Messages are signed as Standard Webhooks says, with the secret in the answer; a ping is sent at once.")
	add.Status, add.Keyed = http.StatusCreated, true
	api.Add(a, add, func(c *web.Call, in *apiAdd) (apiWebhook, error) { return s.apiAdd(c, a, in) })
	api.Do(a, op(http.MethodDelete, "/{id}", "removeWebhook", "Remove a webhook", ""),
		func(c *web.Call, in *apiHook) error { return s.Remove(c.Context(), c.Actor(), in.Handle, in.ID) })
	api.Do(a, op(http.MethodPost, "/{id}/enable", "enableWebhook", "Switch a webhook on that failed too often", ""),
		func(c *web.Call, in *apiHook) error { return s.Enable(c.Context(), c.Actor(), in.Handle, in.ID) })
	api.Add(a, op(http.MethodGet, "/{id}/deliveries", "listDeliveries", "What was sent in the last seven days", "The latest first."), s.apiSent)
	api.Add(a, op(http.MethodPost, "/{id}/deliveries/{delivery}/replay", "replayDelivery", "Send something once more", "Under its own id and with its own body."),
		func(c *web.Call, in *apiOne) (apiDelivery, error) {
			d, err := s.Replay(c.Context(), c.Actor(), in.Handle, in.ID, in.Delivery)
			return apiDeliveryOf(d), err
		})
}

func apiOf(h Webhook, secret string) apiWebhook {
	out := apiWebhook{ID: h.ID, URL: h.URL, Kinds: []apiKind{}, Disabled: h.Disabled, Secret: secret}
	for _, k := range h.Kinds {
		out.Kinds = append(out.Kinds, apiKind(k))
	}
	return out
}

func apiDeliveryOf(d Delivery) apiDelivery {
	out := apiDelivery{ID: d.ID, Type: string(d.Kind), Body: d.Body, State: string(d.State), Tries: d.Tries, Status: d.Status, Created: d.Created}
	if !d.Tried.IsZero() {
		out.Tried = &d.Tried
	}
	return out
}

func (s *Service) apiList(c *web.Call, in *apiHandle) (api.Page[apiWebhook], error) {
	_, all, _, err := s.List(c.Context(), c.Actor(), in.Handle, 0)
	var out []apiWebhook
	for _, h := range all {
		out = append(out, apiOf(h, ""))
	}
	return api.PageOf(out, ""), err
}

func (s *Service) apiAdd(c *web.Call, a *api.API, in *apiAdd) (apiWebhook, error) {
	if _, _, _, err := s.List(c.Context(), c.Actor(), in.Handle, 0); err != nil { // for those who may see them
		return apiWebhook{}, err
	}
	key, f, err := a.Keyed(c, in.Body)
	if err != nil {
		return apiWebhook{}, err
	}
	h, secret, err := s.Add(c.Context(), c.Actor(), in.Handle, key, readInput(f))
	if fault.HasCode(err, "webhook.key_used") {
		err = api.ErrKeyReused()
	}
	c.Header().Set("Cache-Control", "no-store")
	return apiOf(h, secret), err
}

func (s *Service) apiSent(c *web.Call, in *apiSent) (api.Page[apiDelivery], error) {
	page, more, err := s.Deliveries(c.Context(), c.Actor(), in.Handle, in.ID, in.After, apiPage)
	var out []apiDelivery
	for _, d := range page {
		out = append(out, apiDeliveryOf(d))
	}
	next := ""
	if more {
		next = page[len(page)-1].ID
	}
	return api.PageOf(out, next), err
}
