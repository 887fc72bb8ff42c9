package identity

import (
	"strconv"

	"convoke/internal/api"
	"convoke/internal/web"
)

// MountTokens adds the page of one's tokens.
func (s *Service) MountTokens(site *web.Site) {
	site.Handle("GET /me/tokens", s.tokens)
	site.Handle("POST /me/tokens", s.makeToken)
	site.Handle("POST /me/tokens/{id}/revoke", s.revokeToken)
}

type tokensData struct {
	Form   *web.Form
	Secret string // shown once
	Tokens []tokenView
	Scopes []web.Choice
	Days   []web.Choice
}

type tokenView struct {
	TokenInfo
	Allows []string
}

// Unused reports that the token was never used.
func (t tokenView) Unused() bool { return t.Used.IsZero() }

var tokensPage = web.NewPage[tokensData](pages, "pages/tokens.html")

func (s *Service) tokens(c *web.Call) error {
	return s.showTokens(c, c.NewForm().Set("scope", string(api.Read)).Set("days", "90").Set("key", c.NewKey()), "")
}

func (s *Service) showTokens(c *web.Call, f *web.Form, secret string) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	all, err := s.Tokens(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	l := c.Locale
	d := tokensData{Form: f, Secret: secret}
	for _, t := range all {
		v := tokenView{TokenInfo: t}
		for _, x := range t.Scopes {
			v.Allows = append(v.Allows, l.T(x.Name()))
		}
		d.Tokens = append(d.Tokens, v)
	}
	for _, x := range api.Scopes() {
		d.Scopes = append(d.Scopes, web.Choice{Value: string(x), Label: l.T(x.Name()), On: f.Has("scope", string(x))})
	}
	for _, n := range tokenDays {
		d.Days = append(d.Days, web.Choice{Value: strconv.Itoa(n), Label: l.N("{n} day", "{n} days", n), On: f.Has("days", strconv.Itoa(n))})
	}
	c.Header().Set("Cache-Control", "no-store")
	return tokensPage.RenderForm(c, f, d)
}

// makeToken shows the secret in its answer: there is no address at which it
// could be asked for again.
func (s *Service) makeToken(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	secret := ""
	if err = s.Prove(c, f); err == nil {
		days, _ := f.Int("days")
		secret, err = s.MakeToken(c.Context(), c.Actor(), TokenInput{Name: f.Line("name"), Scopes: f.All("scope"), Days: days, Key: f.Line("key")})
	}
	if f.Accepts(err) {
		return s.showTokens(c, f, "")
	}
	if err != nil {
		return err
	}
	return s.showTokens(c, c.NewForm().Set("scope", string(api.Read)).Set("days", "90").Set("key", c.NewKey()), secret)
}

func (s *Service) revokeToken(c *web.Call) error {
	if err := s.RevokeToken(c.Context(), c.Actor(), c.Param("id")); err != nil {
		return err
	}
	return c.SeeOther("/me/tokens")
}
