package mailings

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/web"
)

type apiAsk struct {
	Email string `json:"email" doc:"A mail address. A link goes to it, if it gets anything."`
}

type apiMailing struct {
	Source string `json:"source" doc:"The code of what sends it, as petitions."`
	Ref    string `json:"ref" doc:"Names it there."`
	Title  string `json:"title"`
	URL    string `json:"url,omitempty" doc:"Of the page that it is about."`
}

type apiMailings struct {
	Address  string       `json:"address" doc:"The one that the link was sent to."`
	Mailings []apiMailing `json:"mailings" nullable:"false"`
}

type (
	apiAskIn  struct{ Body apiAsk }
	apiLinkIn struct {
		Link string `path:"link" doc:"What follows /mailings/ in the link of the message. It is good for an hour."`
	}
	apiLeaveIn struct {
		Link   string `path:"link" doc:"What follows /mailings/ in the link of the message. It is good for an hour."`
		Source string `path:"source" doc:"As in the list."`
		Ref    string `path:"ref" doc:"As in the list."`
	}
)

// MountAPI adds the operations. Whoever has the link of a message needs no token.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: path, ID: name, Tag: "mailings", Summary: summary, Doc: doc, Scope: api.Read, Open: true}
	}
	api.Do(a, op(http.MethodPost, "/mailings", "askForMailings", "Ask for the list of all that an address gets",
		"It answers the same whether the address gets anything. The list is made when the link of the message is opened; none is kept."),
		func(c *web.Call, in *apiAskIn) error {
			if err := w.slowed(c); err != nil {
				return err
			}
			return w.Ask(c.Context(), in.Body.Email, c.Locale.Tag())
		})
	api.Add(a, op(http.MethodGet, "/mailings/{link}", "listMailings", "All that an address gets", ""),
		func(c *web.Call, in *apiLinkIn) (apiMailings, error) {
			c.Header().Set("Cache-Control", "no-store")
			to, all, err := w.List(c.Context(), in.Link, c.Locale)
			out := apiMailings{Address: to, Mailings: []apiMailing{}}
			for _, s := range all {
				for _, m := range s.Mailings {
					x := apiMailing{Source: s.Code, Ref: m.Ref, Title: m.Title}
					if m.URL != "" {
						x.URL = c.BaseURL() + m.URL
					}
					out.Mailings = append(out.Mailings, x)
				}
			}
			return out, err
		})
	api.Do(a, op(http.MethodDelete, "/mailings/{link}/{source}/{ref}", "endMailing", "End one thing that an address gets", "Repeated, it is done already."),
		func(c *web.Call, in *apiLeaveIn) error { return w.Leave(c.Context(), in.Link, in.Source, in.Ref) })
	api.Do(a, op(http.MethodDelete, "/mailings/{link}", "endMailings", "End all that an address gets", ""),
		func(c *web.Call, in *apiLinkIn) error { return w.LeaveAll(c.Context(), in.Link) })
}
