package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/web"
)

// Scope is what a token allows. A token never allows more than its person may.
type Scope string

// The scopes.
const (
	Read       Scope = "read"
	Events     Scope = "events:write"
	Groups     Scope = "groups:write"
	Statements Scope = "statements:write"
	Campaigns  Scope = "campaigns:write"
	Petitions  Scope = "petitions:write"
	Attendance Scope = "attendance:write"
	// Roles is for what decides who may do what.
	Roles Scope = "roles:write"
)

// Scopes lists all scopes.
func Scopes() []Scope {
	return []Scope{Read, Events, Groups, Statements, Campaigns, Petitions, Attendance, Roles}
}

// Name is the English name of the scope, a key for translation.
func (s Scope) Name() string {
	switch s {
	case Read:
		return i18n.Mark("See what you see")
	case Events:
		return i18n.Mark("Publish and change events")
	case Groups:
		return i18n.Mark("Start, change and end groups")
	case Statements:
		return i18n.Mark("Publish and change statements")
	case Campaigns:
		return i18n.Mark("Start and change campaigns, and speak for your groups in them")
	case Petitions:
		return i18n.Mark("Start and change petitions")
	case Attendance:
		return i18n.Mark("Sign up for events")
	case Roles:
		return i18n.Mark("Invite, change roles, remove members, join and leave groups")
	}
	return ""
}

// Grant is a token that holds.
type Grant struct {
	ID      string
	Actor   authz.Actor
	Scopes  []Scope
	Expires time.Time
}

// Tokens finds the grant of a token's secret. ok is false for one that is
// unknown, expired or revoked.
type Tokens interface {
	Grant(ctx context.Context, secret string) (g Grant, ok bool, err error)
}

type grantKey struct{}

// GrantOf is the token of a request, if it has one.
func GrantOf(c *web.Call) (Grant, bool) {
	g, ok := c.Context().Value(grantKey{}).(Grant)
	return g, ok
}

// enter decides whose the request is, and whether it may go on to op. Operators'
// powers stay with their sessions.
func (a *API) enter(c *web.Call, op Op) error {
	c.Session = web.Session{}
	g, ok, err := a.grant(c)
	if often := a.slow(c, g); often != nil { // wrong tokens are counted too
		return often
	}
	switch {
	case err != nil:
		return err
	case !ok && op.Open:
		return nil
	case !ok:
		c.Header().Set("WWW-Authenticate", "Bearer")
		return fault.Unauthenticated("token.missing", "This needs a token: make one on the page of your account, and send it as “Authorization: Bearer …”.")
	case !slices.Contains(g.Scopes, op.Scope):
		return fault.Forbidden("token.scope", "This token does not allow that. It needs the scope “{scope}”.", "scope", string(op.Scope))
	}
	g.Actor.Operator = false
	c.Session.Actor = g.Actor
	c.R = c.R.WithContext(context.WithValue(c.Context(), grantKey{}, g))
	return nil
}

func (a *API) grant(c *web.Call) (Grant, bool, error) {
	all := c.R.Header.Get("Authorization")
	if all == "" {
		return Grant{}, false, nil
	}
	scheme, secret, _ := strings.Cut(all, " ")
	if strings.EqualFold(scheme, "Bearer") {
		g, ok, err := a.Tokens.Grant(c.Context(), strings.TrimSpace(secret))
		if ok || err != nil {
			return g, ok, err
		}
	}
	c.Header().Set("WWW-Authenticate", "Bearer")
	return Grant{}, false, fault.Unauthenticated("token.invalid", "This token is not known, has expired or was revoked.")
}

// slow counts the request against its token, or against where it comes from.
func (a *API) slow(c *web.Call, g Grant) error {
	who := g.ID
	if who == "" {
		who = a.Client(c.R)
	}
	if ok, wait := a.Limit.Allow("api", who); !ok {
		return fault.After(fault.RateLimited("api.often", "These were very many requests. Please wait a little."), wait)
	}
	return nil
}
