package identity

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

func TestNormalCode(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"7x3k-90qa-f2mm-c81d":       "7x3k90qaf2mmc81d",
		" 7X3K 9OQA\tF2MM–C8ld ":    "7x3k90qaf2mmc81d",
		"7x3k90qaf2mmc8Id":          "7x3k90qaf2mmc81d",
		"7x3k-90qa-f2mm":            "",
		"7x3k-90qa-f2mm-c81d-7":     "",
		"":                          "",
		strings.Repeat("7x3k", 200): "",
	} {
		if got := normalCode(typed); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
	seen := map[string]bool{}
	random := id.NewSource(clock.System{}, nil)
	for range 100 {
		c := drawCode(random.Bytes)
		if len(normalCode(c)) != codeLength || seen[c] {
			t.Fatalf("code %q", c)
		}
		seen[c] = true
	}
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, c *clock.Manual) {
		ctx := t.Context()
		_, sam, _ := account(t, s, RoleAccount, "sam")
		_, ada, _ := account(t, s, RoleAccount, "ada")
		first, err := s.NewCodes(ctx, sam)
		if err != nil || len(first) != codes {
			t.Fatalf("%d codes, %v", len(first), err)
		}
		// Nothing of the codes is stored as it is.
		if err := s.DB.Read(ctx, func(tx *db.Tx) error {
			hashes, err := db.Column[[]byte](ctx, tx, "select hash from recovery_code")
			for _, h := range hashes {
				if len(h) != 16 {
					t.Errorf("a hash of %d bytes", len(h))
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, wrong := range [][2]string{{"sam", "aaaa-aaaa-aaaa-aaaa"}, {"ada", first[0]}, {"nobody", first[0]}, {"sam", "x"}, {"", first[0]}, {"sam", " "}} {
			_, _, err := s.SignInCode(ctx, wrong[0], wrong[1], "")
			wantKind(t, err, fault.KindInvalid)
		}
		// Twenty at once: one is let in.
		var in atomic.Int32
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, _, err := s.SignInCode(ctx, "Sam", strings.ToUpper(first[0]), ""); err == nil {
					in.Add(1)
				} else if !fault.Is(err, fault.KindInvalid) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if in.Load() != 1 {
			t.Errorf("%d got in with one code", in.Load())
		}
		if n, err := s.Codes(ctx, sam); n != codes-1 || err != nil {
			t.Errorf("%d codes left, %v", n, err)
		}
		secret, next, err := s.SignInCode(ctx, "sam", first[1], "")
		if err != nil {
			t.Fatal(err)
		}
		x, ok, err := s.Session(ctx, secret)
		if err != nil || !ok || x.Actor.Person != sam.Person {
			t.Fatalf("session of %v, %v, %v", x.Actor, ok, err)
		}
		if h, err := s.peekReset(ctx, strings.TrimPrefix(next, "/reset/")); h != "sam" || err != nil {
			t.Errorf("leads to new words of %q, %v", h, err)
		}
		if err := s.SignOut(ctx, x.Actor, x.ID); err != nil {
			t.Fatal(err)
		}
		_, err = s.peekReset(ctx, strings.TrimPrefix(next, "/reset/"))
		wantKind(t, err, fault.KindGone)

		second, err := s.NewCodes(ctx, sam)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = s.SignInCode(ctx, "sam", first[2], "")
		wantKind(t, err, fault.KindInvalid)
		if err := s.Suspend(ctx, "sam", true); err != nil {
			t.Fatal(err)
		}
		_, _, err = s.SignInCode(ctx, "sam", second[0], "")
		wantKind(t, err, fault.KindInvalid)
		if n, _ := s.Codes(ctx, ada); n != 0 {
			t.Errorf("ada has %d codes", n)
		}
	})
}

func TestRecoveryCodePages(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	j, _, _ := account(t, n.Service, RoleAccount, "sam")
	b := n.as(j.Session)
	n.clock.Add(time.Hour)
	if a := b.Get("/me/codes").Want(t, 200, ""); len(a.All("#passphrase")) != 1 || len(a.All("#codes")) != 0 {
		t.Errorf("page: %s", a.Text("main"))
	}
	b.Post("/me/codes").Want(t, 422, "")
	a := b.Post("/me/codes", "passphrase", j.Words).Want(t, 200, "")
	list := a.All("#codes li")
	if len(list) != codes || a.Header.Get("Cache-Control") != "no-store" || !strings.Contains(a.Text("main"), "/sign-in/code") {
		t.Fatalf("%d codes: %s", len(list), a.Text("main"))
	}
	code := a.Text("#codes li")
	if strings.Contains(b.Get("/me/codes").Body, code) {
		t.Error("the codes are shown again")
	}
	v := n.browser()
	if a := v.Get("/sign-in"); len(a.All("a[href=/sign-in/code]")) != 1 {
		t.Error("no way to the codes")
	}
	a = v.Post("/sign-in/code", "handle", "sam", "code", "aaaa-aaaa-aaaa-aaaa").Want(t, 422, "")
	if a.Attr("#handle", "value") != "sam" || a.Text("#code-error") == "" {
		t.Error("the handle is lost or the code has no message")
	}
	if other := v.Post("/sign-in/code", "handle", "nobody", "code", "aaaa-aaaa-aaaa-aaaa"); other.Text("#code-error") != a.Text("#code-error") {
		t.Error("an unknown handle can be told from a wrong code")
	}
	a = v.Post("/sign-in/code", "handle", "sam", "code", code)
	next := a.Header.Get("Location")
	a = v.Get(next).Want(t, 200, "")
	if a.Attr("main p a", "href") != "" && len(a.All("main a[href=/me]")) != 1 {
		t.Errorf("no way on without new words: %s", a.Text("main"))
	}
	v.Get("/me").Want(t, 200, "")
	words := v.Post(next, "key", a.Attr("main input[name=key]", "value")).Want(t, 200, "").Text("#words")
	if len(strings.Fields(words)) != passWords {
		t.Errorf("words %q", words)
	}
	b.Get("/me").Want(t, 303, "/sign-in?next=%2Fme") // every other browser is signed out
	v.Get("/me").Want(t, 200, "")
	n.Limit = never{}
	v.Post("/sign-in/code", "handle", "sam", "code", code).Want(t, 429, "")
	n.Limit = always{}
	n.clock.Add(web.ProofLasts)
	v.Post("/me/codes", "passphrase", words).Want(t, 200, "")
	n.browser().Get("/me/codes").Want(t, 303, "/sign-in?next=%2Fme%2Fcodes")
}
