package identity

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web/webtest"
)

func TestRecoverySteps(t *testing.T) {
	t.Parallel()
	at := dbtest.Now
	one, two := recoveryRow{made: at}, recoveryRow{made: at, starts: at}
	for _, x := range []struct {
		r     recoveryRow
		after time.Duration
		want  recoveryStep
	}{
		{recoveryRow{}, 0, recoveryNone},
		{one, 0, recoveryFirst},
		{one, recoveryKept - 1, recoveryFirst},
		{one, recoveryKept, recoveryNone},
		{two, 0, recoveryWaiting},
		{two, 72*time.Hour - 1, recoveryWaiting},
		{two, 72 * time.Hour, recoveryReady},
		{two, 10*24*time.Hour - 1, recoveryReady},
		{two, 10 * 24 * time.Hour, recoveryNone},
	} {
		if got := x.r.step(at.Add(x.after)); got != x.want {
			t.Errorf("%+v after %v: %q, want %q", x.r, x.after, got, x.want)
		}
	}
}

func TestMayRecover(t *testing.T) {
	t.Parallel()
	ok := Recovering{Member: "lee", Stewards: []id.Person{"robin", "kim"}}
	higher, alone := ok, ok
	higher.Higher, alone.Stewards = true, ok.Stewards[:1]
	for name, x := range map[string]struct {
		g    Recovering
		p    personRow
		by   id.Person
		want string
	}{
		"two stewards":        {ok, personRow{}, "robin", ""},
		"one steward":         {alone, personRow{}, "robin", "recovery.alone"},
		"oneself":             {ok, personRow{}, "lee", "recovery.self"},
		"an operator":         {ok, personRow{operator: true}, "robin", "recovery.not_here"},
		"somebody suspended":  {ok, personRow{suspended: true}, "robin", "recovery.not_here"},
		"a steward elsewhere": {higher, personRow{}, "robin", "recovery.not_here"},
	} {
		err := mayRecover(x.g, x.p, x.by)
		if (err == nil) != (x.want == "") || err != nil && !fault.HasCode(err, x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// three are two stewards and a member of one group.
func three(t *testing.T, s *Service, g *fakeGroups) (robin, kim, lee authz.Actor) {
	t.Helper()
	_, robin, _ = account(t, s, RoleAccount, "robin")
	_, kim, _ = account(t, s, RoleAccount, "kim")
	_, lee, _ = account(t, s, RoleAccount, "lee")
	g.member = "lee"
	g.recovering = Recovering{
		Group: riverside, Handle: "riverside", Name: "Riverside Neighbours", Member: lee.Person,
		Stewards: []id.Person{robin.Person, kim.Person},
	}
	return robin, kim, lee
}

func TestRecoveryByStewards(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, g *fakeGroups, c *clock.Manual) {
		ctx := t.Context()
		robin, kim, lee := three(t, s, g)
		_, eve, _ := account(t, s, RoleAccount, "eve")
		confirm := func(by authz.Actor) {
			t.Helper()
			if err := s.ConfirmRecovery(ctx, by, "riverside", "lee"); err != nil {
				t.Fatal(err)
			}
		}
		step := func(by authz.Actor, want recoveryStep) Recovery {
			t.Helper()
			r, err := s.Recovery(ctx, by, "riverside", "lee")
			if err != nil || r.Step != want {
				t.Fatalf("%q, %v; want %q", r.Step, err, want)
			}
			return r
		}
		noLink := func(by authz.Actor) {
			t.Helper()
			_, err := s.RecoveryLink(ctx, by, "riverside", "lee")
			wantKind(t, err, fault.KindConflict)
		}
		told := func(by authz.Actor) (bool, int) {
			t.Helper()
			own, others, err := s.Recoveries(ctx, by)
			if err != nil {
				t.Fatal(err)
			}
			return own != nil, len(others)
		}
		wantKind(t, s.ConfirmRecovery(ctx, authz.Actor{}, "riverside", "lee"), fault.KindUnauthenticated)
		wantKind(t, s.ConfirmRecovery(ctx, eve, "riverside", "lee"), fault.KindNotFound)
		wantKind(t, s.ConfirmRecovery(ctx, lee, "riverside", "lee"), fault.KindConflict)

		confirm(robin)
		confirm(robin) // twice is once
		if r := step(robin, recoveryFirst); !r.First || r.Refused != nil {
			t.Errorf("%+v", r)
		}
		if own, n := told(lee); own || n != 0 {
			t.Error("the member is told before two stewards say so")
		}
		if _, n := told(kim); n != 1 {
			t.Error("the other steward is not told")
		}
		noLink(robin)
		confirm(kim)
		confirm(kim)
		if r := step(kim, recoveryWaiting); r.First || !r.Second || !r.Ready.Equal(c.Now().Add(72*time.Hour)) {
			t.Errorf("%+v", r)
		}
		if own, _ := told(lee); !own {
			t.Error("the member is not told")
		}
		c.Add(72*time.Hour - time.Second)
		noLink(robin)
		c.Add(time.Second)
		noLink(kim) // was the second
		link, err := s.RecoveryLink(ctx, robin, "riverside", "lee")
		if err != nil {
			t.Fatal(err)
		}
		// The member can stop it even then.
		if err := s.StopOwnRecovery(ctx, lee); err != nil {
			t.Fatal(err)
		}
		_, err = s.Reset(ctx, strings.TrimPrefix(link, "/reset/"), "")
		wantKind(t, err, fault.KindGone)
		step(robin, recoveryNone)

		// So can any steward, and nobody else.
		confirm(kim)
		confirm(robin)
		wantKind(t, s.StopRecovery(ctx, eve, "riverside", "lee"), fault.KindNotFound)
		if err := s.StopRecovery(ctx, robin, "riverside", "lee"); err != nil {
			t.Fatal(err)
		}
		step(robin, recoveryNone)

		// Being let in by another way meanwhile keeps that way.
		confirm(kim)
		confirm(robin)
		codes, err := s.NewCodes(ctx, lee)
		if err != nil {
			t.Fatal(err)
		}
		_, reset, err := s.SignInCode(ctx, "lee", codes[0], "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Reset(ctx, strings.TrimPrefix(reset, "/reset/"), ""); err != nil {
			t.Fatal(err)
		}
		step(robin, recoveryNone)
		withPasskey(t, s, lee, true)

		// A third time nobody does. The link works until the end, once.
		confirm(kim)
		confirm(robin)
		c.Add(recoveryDelay)
		old, err := s.RecoveryLink(ctx, kim, "riverside", "lee")
		if err != nil {
			t.Fatal(err)
		}
		link, err = s.RecoveryLink(ctx, kim, "riverside", "lee")
		if err != nil {
			t.Fatal(err)
		}
		c.Add(recoveryKept - time.Second)
		if err := s.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		_, err = s.Reset(ctx, strings.TrimPrefix(old, "/reset/"), "")
		wantKind(t, err, fault.KindGone)
		j, err := s.Reset(ctx, strings.TrimPrefix(link, "/reset/"), "")
		if err != nil || j.Handle != "lee" {
			t.Fatalf("%+v, %v", j, err)
		}
		step(kim, recoveryNone)
		left, err := s.Codes(ctx, lee)
		keys, err2 := s.Passkeys(ctx, lee)
		if left != 0 || len(keys) != 0 || err != nil || err2 != nil {
			t.Errorf("%d codes and %d passkeys are left, %v, %v", left, len(keys), err, err2)
		}

		// What nobody finishes is forgotten.
		confirm(kim)
		c.Add(recoveryKept)
		if err := s.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		err = s.DB.Read(ctx, func(tx *db.Tx) error {
			r, err := recoveryOf(ctx, tx, lee.Person)
			if r.person != "" {
				t.Error("an unfinished recovery is kept")
			}
			audit, err2 := db.Column[string](ctx, tx, "select action from audit where action like '%recovery%'")
			if len(audit) != 16 {
				t.Errorf("audit: %v", audit)
			}
			if err == nil {
				err = err2
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// Only one group's stewards can be at it.
func TestRecoveryIsOfOneGroup(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, g *fakeGroups, _ *clock.Manual) {
		ctx := t.Context()
		robin, kim, _ := three(t, s, g)
		if err := s.ConfirmRecovery(ctx, robin, "riverside", "lee"); err != nil {
			t.Fatal(err)
		}
		g.recovering.Group = "01jhillside00000000000000"
		wantKind(t, s.ConfirmRecovery(ctx, kim, "riverside", "lee"), fault.KindConflict)
		wantKind(t, s.StopRecovery(ctx, kim, "riverside", "lee"), fault.KindConflict)
	})
}

func TestRecoveryIsToldByMail(t *testing.T) {
	t.Parallel()
	eachMailed(t, false, func(t *testing.T, m *mailed) {
		ctx := t.Context()
		robin, kim, lee := three(t, m.Service, m.Groups.(*fakeGroups))
		for by, address := range map[authz.Actor]string{lee: "lee@example.org", kim: "kim@example.org"} {
			if err := m.AskConfirm(ctx, by, address, "en", "", m.clock.Now()); err != nil {
				t.Fatal(err)
			}
			_, secret, _ := m.mail()
			if err := m.ConfirmMail(ctx, by, secret); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.SetLocale(ctx, lee, "es"); err != nil {
			t.Fatal(err)
		}
		if err := m.ConfirmRecovery(ctx, robin, "riverside", "lee"); err != nil {
			t.Fatal(err)
		}
		if got := m.mails(); len(got) != 0 {
			t.Errorf("%d mails after one steward", len(got))
		}
		if err := m.ConfirmRecovery(ctx, kim, "riverside", "lee"); err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		for _, x := range m.mails() {
			texts[x.To] = x.Lang + x.Text
		}
		if len(texts) != 2 || !strings.HasPrefix(texts["lee@example.org"], "es") || !strings.Contains(texts["lee@example.org"], "riverside.example/me") ||
			!strings.Contains(texts["kim@example.org"], "riverside.example/groups/riverside/members/lee/recovery") {
			t.Errorf("told: %v", texts)
		}
		// What was stopped is not told.
		if err := m.StopOwnRecovery(ctx, lee); err != nil {
			t.Fatal(err)
		}
		for _, by := range []authz.Actor{robin, kim} {
			if err := m.ConfirmRecovery(ctx, by, "riverside", "lee"); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.StopOwnRecovery(ctx, lee); err != nil {
			t.Fatal(err)
		}
		if got := m.mails(); len(got) != 0 {
			t.Errorf("%d mails about what was stopped", len(got))
		}
	})
}

func TestRecoveryPages(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	jr, robin, _ := account(t, n.Service, RoleAccount, "robin")
	jk, kim, _ := account(t, n.Service, RoleAccount, "kim")
	jl, lee, _ := account(t, n.Service, RoleAccount, "lee")
	n.groups.member = "lee"
	n.groups.recovering = Recovering{
		Group: riverside, Handle: "riverside", Name: "Riverside Neighbours", Member: lee.Person,
		Stewards: []id.Person{robin.Person, kim.Person},
	}
	r, k, l := n.as(jr.Session), n.as(jk.Session), n.as(jl.Session)
	const path = "/groups/riverside/members/lee/recovery"
	n.clock.Add(time.Hour)
	if a := r.Get(path).Want(t, 200, ""); len(a.All("#passphrase")) != 1 || len(a.All("form[action="+path+"/stop]")) != 0 {
		t.Errorf("page: %s", a.Text("main"))
	}
	r.Post(path).Want(t, 422, "")
	r.Post(path, "passphrase", jr.Words).Want(t, 303, path)
	if a := r.Get(path); len(a.All("form[action="+path+"]")) != 0 || len(a.All("form[action="+path+"/stop]")) != 1 {
		t.Errorf("after one's own word: %s", a.Text("main"))
	}
	if a := k.Get("/me"); len(a.All("a[href="+path+"]")) != 1 {
		t.Error("the other steward is not told")
	}
	k.Post(path, "passphrase", jk.Words).Want(t, 303, path)
	r.Post(path+"/link").Want(t, 422, "")
	if a := l.Get("/me"); len(a.All("form[action=/me/recovery/stop]")) != 1 || !strings.Contains(a.Text(".notice"), "Riverside Neighbours") {
		t.Errorf("the member is not told: %s", a.Text("main"))
	}
	l.Post(path).Want(t, 422, "")
	l.Get(path).Want(t, 200, "")
	l.Post("/me/recovery/stop").Want(t, 303, "/me")
	if a := l.Get("/me"); len(a.All("form[action=/me/recovery/stop]")) != 0 {
		t.Error("not stopped")
	}
	r.Post(path).Want(t, 303, path)
	k.Post(path).Want(t, 303, path)
	k.Post(path+"/stop").Want(t, 303, path)
	r.Post(path).Want(t, 303, path)
	k.Post(path).Want(t, 303, path)
	n.clock.Add(recoveryDelay)
	if a := k.Get(path); len(a.All("form[action="+path+"/link]")) != 0 {
		t.Error("the second steward is offered the link")
	}
	r.Post(path+"/link").Want(t, 422, "")
	a := r.Post(path+"/link", "passphrase", jr.Words).Want(t, 200, "")
	link := strings.TrimPrefix(a.Text("#link"), "http://"+webtest.Host)
	if !strings.HasPrefix(link, "/reset/") || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("link %q", link)
	}
	if strings.Contains(r.Get(path).Body, link) {
		t.Error("the link is shown again")
	}
	n.browser().Post(link).Want(t, 200, "")
	n.as(jl.Session).Get("/me").Want(t, 303, "/sign-in?next=%2Fme")
	n.browser().Post(path).Want(t, 401, "")
}
