package identity

import (
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/api"
	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/web/webtest"
)

func token(t *testing.T, s *Service, by authz.Actor, in TokenInput) string {
	t.Helper()
	secret, err := s.MakeToken(t.Context(), by, in)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// holds reports whether a token's secret opens anything.
func holds(t *testing.T, s *Service, secret string) bool {
	t.Helper()
	_, ok, err := s.Grant(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestTokens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, c *clock.Manual) {
		ctx := t.Context()
		_, sam, _ := account(t, s, RoleAccount, "sam")
		_, eve, _ := account(t, s, RoleAccount, "eve")
		secret := token(t, s, sam, TokenInput{Name: "website", Scopes: []string{"events:write", "read", "everything"}, Days: 30})
		g, ok, err := s.Grant(ctx, secret)
		if err != nil || !ok || g.Actor != (authz.Actor{Person: sam.Person, Handle: "sam"}) || !slices.Equal(g.Scopes, []api.Scope{api.Read, api.Events}) {
			t.Fatalf("%+v, %v, %v", g, ok, err)
		}
		for _, wrong := range []string{"", "convoke_", secret[:len(secret)-1], strings.TrimPrefix(secret, "convoke_"), secret + "0"} {
			if holds(t, s, wrong) {
				t.Errorf("%q opens something", wrong)
			}
		}
		mine := func(by authz.Actor) []TokenInfo {
			t.Helper()
			all, err := s.Tokens(ctx, by)
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		if all := mine(sam); len(all) != 1 || all[0].Name != "website" || !all[0].Used.Equal(c.Now().Truncate(24*time.Hour)) {
			t.Errorf("%+v", all)
		}
		if len(mine(eve)) != 0 {
			t.Error("somebody sees another's tokens")
		}
		c.Add(48 * time.Hour)
		holds(t, s, secret)
		if all := mine(sam); !all[0].Used.Equal(c.Now().Truncate(24 * time.Hour)) {
			t.Errorf("last use: %v", all[0].Used)
		}
		wantKind(t, s.RevokeToken(ctx, eve, g.ID), fault.KindNotFound)
		if !holds(t, s, secret) {
			t.Error("somebody revoked another's token")
		}
		if err := s.RevokeToken(ctx, sam, g.ID); err != nil || holds(t, s, secret) {
			t.Errorf("it is not revoked: %v", err)
		}
		secret = token(t, s, sam, TokenInput{Name: "short", Scopes: []string{"read"}, Days: 7})
		c.Add(7*24*time.Hour + time.Second)
		if holds(t, s, secret) || len(mine(sam)) != 0 {
			t.Error("it has not expired")
		}
		if err := s.ExpireTokens(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.DB.Read(ctx, func(tx *db.Tx) error {
			var n int
			err := tx.Get(ctx, "select count(*) from api_token", nil, &n)
			if n != 0 {
				t.Errorf("%d rows stay", n)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTokensAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, _ *clock.Manual) {
		_, sam, _ := account(t, s, RoleAccount, "sam")
		good := TokenInput{Name: "website", Scopes: []string{"read"}, Days: 30}
		_, err := s.MakeToken(t.Context(), authz.Actor{}, good)
		wantKind(t, err, fault.KindUnauthenticated)
		for code, change := range map[string]func(*TokenInput){
			"token.no_name":      func(in *TokenInput) { in.Name = "" },
			"session.label_long": func(in *TokenInput) { in.Name = strings.Repeat("x", 41) },
			"token.no_scope":     func(in *TokenInput) { in.Scopes = []string{"operator"} },
			"token.days":         func(in *TokenInput) { in.Days = 5000 },
		} {
			in := good
			change(&in)
			if _, err := s.MakeToken(t.Context(), sam, in); !fault.HasCode(err, code) {
				t.Errorf("%s: %v", code, err)
			}
		}
		for range maxTokens {
			token(t, s, sam, good)
		}
		if _, err := s.MakeToken(t.Context(), sam, good); !fault.HasCode(err, "token.many") {
			t.Errorf("one more: %v", err)
		}
	})
}

// A token ends with the words of its time, and rests while its person is
// suspended.
func TestTokensEndWithThePassphrase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, _ *clock.Manual) {
		ctx := t.Context()
		j, sam, here := account(t, s, RoleAccount, "sam")
		in := TokenInput{Name: "website", Scopes: []string{"read"}, Days: 30}
		secret := token(t, s, sam, in)
		suspend := func(yes bool) {
			t.Helper()
			err := s.DB.Write(ctx, func(tx *db.Tx) error { return setSuspended(ctx, tx, sam.Person, yes) })
			if err != nil {
				t.Fatal(err)
			}
		}
		suspend(true)
		if holds(t, s, secret) {
			t.Error("a suspended account's token holds")
		}
		suspend(false)
		if !holds(t, s, secret) {
			t.Error("it does not hold again")
		}
		if _, err := s.NewPassphrase(ctx, sam, here, s.IDs.Secret(), j.Words); err != nil {
			t.Fatal(err)
		}
		if holds(t, s, secret) {
			t.Error("the token outlives the passphrase")
		}
		token(t, s, sam, in)
		if all, err := s.Tokens(ctx, sam); err != nil || len(all) != 1 {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

func TestTokensPage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.MountTokens(n.site)
	j, sam, _ := account(t, n.Service, RoleAccount, "sam")
	b := n.as(j.Session)
	n.browser().Get("/me/tokens").Want(t, 303, "/sign-in?next=%2Fme%2Ftokens")
	b.Get("/me/tokens").Want(t, 200, "")
	p := b.Post("/me/tokens", "name", "", "scope", "events:write", "days", "30").Want(t, 422, "")
	if p.Text("#name-error") == "" || len(p.All("input[checked=]")) != 2 {
		t.Error(p.Body)
	}
	p = b.Post("/me/tokens", "name", "website", "scope", "events:write", "scope", "read", "days", "30").Want(t, 200, "")
	secret := p.Text("#token")
	if !holds(t, n.Service, secret) || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%q", secret)
	}
	if p := b.Get("/me/tokens").Want(t, 200, ""); strings.Contains(p.Body, secret) || p.Text("tbody th") != "website" {
		t.Error(p.Body)
	}
	// After ten minutes the words are asked for again.
	n.clock.Add(time.Hour)
	p = b.Post("/me/tokens", "name", "other", "scope", "read", "days", "30").Want(t, 422, "")
	if p.Text("#passphrase-error") == "" || p.Attr("input#name", "value") != "other" {
		t.Error(p.Body)
	}
	b.Post("/me/tokens", "name", "other", "scope", "read", "days", "30", "passphrase", j.Words).Want(t, 200, "")
	all, err := n.Tokens(t.Context(), sam)
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	b.Post("/me/tokens/"+all[0].ID+"/revoke").Want(t, 303, "/me/tokens")
	b.Post("/me/tokens/"+all[0].ID+"/revoke").Want(t, 404, "")
}

func TestAPIMe(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	a := apitest.Node(t, n.site)
	a.Tokens = n.Service
	n.MountAPI(a)
	_, sam, _ := account(t, n.Service, RoleOperator, "sam")
	c := apitest.New(t, n.site)
	var me apiMe
	c.As(token(t, n.Service, sam, TokenInput{Name: "x", Scopes: []string{"read", "roles:write"}, Days: 7})).Get("/me").Want(200, &me)
	if me.Handle != "sam" || !slices.Equal(me.Scopes, []api.Scope{api.Read, api.Roles}) || me.Expires.Before(n.clock.Now()) {
		t.Errorf("%+v", me)
	}
	c.Get("/me").Refused(401, "token.missing")
	c.As("convoke_"+strings.Repeat("0", 26)).Get("/me").Refused(401, "token.invalid")
	// A session is not a token.
	j, _, _ := account(t, n.Service, RoleAccount, "eve")
	if got := webtest.NewBrowser(t, n.site).WithSession(j.Session).Get("/api/v1/me"); got.Status != 401 {
		t.Errorf("a cookie opens the API: %d", got.Status)
	}
}
