package webhooks

import (
	"embed"

	"convoke/internal/i18n"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// shown is how many deliveries of each webhook the page shows.
const shown = 10

// Mount adds the routes.
func (s *Service) Mount(site *web.Site) {
	site.Handle("GET /groups/{handle}/webhooks", s.list)
	site.Handle("POST /groups/{handle}/webhooks", s.add)
	site.Handle("POST /groups/{handle}/webhooks/{id}/remove", s.after(func(c *web.Call) error {
		return s.Remove(c.Context(), c.Actor(), c.Param("handle"), c.Param("id"))
	}))
	site.Handle("POST /groups/{handle}/webhooks/{id}/enable", s.after(func(c *web.Call) error {
		return s.Enable(c.Context(), c.Actor(), c.Param("handle"), c.Param("id"))
	}))
	site.Handle("POST /groups/{handle}/webhooks/{id}/deliveries/{delivery}/replay", s.after(func(c *web.Call) error {
		_, err := s.Replay(c.Context(), c.Actor(), c.Param("handle"), c.Param("id"), c.Param("delivery"))
		return err
	}))
}

// after does something to what is on the page and shows it again.
func (s *Service) after(do func(*web.Call) error) func(*web.Call) error {
	return func(c *web.Call) error {
		if err := do(c); err != nil {
			return err
		}
		return c.SeeOther("/groups/" + c.Param("handle") + "/webhooks")
	}
}

type listData struct {
	Form   *web.Form
	Group  Group
	Secret string // shown once
	Hooks  []hookView
	Kinds  []web.Choice
	Key    string
}

type hookView struct {
	Webhook
	Hears []string
	Sent  []sentView
}

type sentView struct {
	Delivery
	What, How string
}

// Again reports whether the delivery can be sent once more.
func (v sentView) Again() bool { return v.State != Pending }

var listPage = web.NewPage[listData](pages, "pages/list.html")

func (s *Service) list(c *web.Call) error {
	f := c.NewForm()
	for _, k := range kinds {
		f.Set("kinds", append(f.All("kinds"), string(k.kind))...)
	}
	return s.show(c, f.Set("key", c.NewKey()), "")
}

func (s *Service) show(c *web.Call, f *web.Form, secret string) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	g, all, sent, err := s.List(c.Context(), c.Actor(), c.Param("handle"), shown)
	if err != nil {
		return err
	}
	l := c.Locale
	d := listData{Form: f, Group: g, Secret: secret, Key: f.Line("key")}
	for _, h := range all {
		v := hookView{Webhook: h}
		for _, k := range h.Kinds {
			v.Hears = append(v.Hears, kindText(l, k))
		}
		for _, x := range sent[h.ID] {
			v.Sent = append(v.Sent, sentView{x, kindText(l, x.Kind), stateText(l, x)})
		}
		d.Hooks = append(d.Hooks, v)
	}
	for _, k := range kinds {
		d.Kinds = append(d.Kinds, web.Choice{Value: string(k.kind), Label: l.T(k.name), On: f.Has("kinds", string(k.kind))})
	}
	c.Header().Set("Cache-Control", "no-store")
	return listPage.RenderForm(c, f, d)
}

func kindText(l *i18n.Locale, k Kind) string {
	for _, x := range kinds {
		if x.kind == k {
			return l.T(x.name)
		}
	}
	return l.T("A test")
}

// stateText says how a delivery went, with the receiver's answer as a number.
func stateText(l *i18n.Locale, d Delivery) string {
	switch {
	case d.State == Delivered:
		return l.T("Delivered")
	case d.State == Failed && d.Status == 0:
		return l.T("Given up: not reached")
	case d.State == Failed:
		return l.T("Given up: the answer was {status}", "status", d.Status)
	case d.Tries == 0:
		return l.T("Waiting")
	case d.Status == 0:
		return l.N("Not reached yet, after {n} try", "Not reached yet, after {n} tries", d.Tries)
	}
	return l.T("The answer was {status}; it will be tried again", "status", d.Status)
}

// readInput takes an Input from the form.
func readInput(f *web.Form) Input { return Input{URL: f.Line("url"), Kinds: f.All("kinds")} }

// add shows the secret in its answer; the same form again shows it again.
func (s *Service) add(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	_, secret, err := s.Add(c.Context(), c.Actor(), c.Param("handle"), f.Line("key"), readInput(f))
	if f.Accepts(err) {
		return s.show(c, f, "")
	}
	if err != nil {
		return err
	}
	return s.show(c, c.NewForm().Set("key", c.NewKey()), secret)
}
