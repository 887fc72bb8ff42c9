package identity

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/web/webtest"
)

// A form whose answer was lost shows words again, for the same person.
func TestLostWordsAreShownAgain(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]func(t *testing.T, n *node) string{
		"invitation": func(t *testing.T, n *node) string {
			group := riverside
			return "/invitations/" + invite(t, n.Service, InviteInput{Group: &group, Role: "member"})
		},
		"setup": func(t *testing.T, n *node) string {
			path, ok, err := n.SetupLink(t.Context())
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			return path
		},
		"reset": func(t *testing.T, n *node) string {
			account(t, n.Service, RoleAccount, "sam")
			path, err := n.ResetSignIn(t.Context(), "sam")
			if err != nil {
				t.Fatal(err)
			}
			return path
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNode(t)
			path := link(t, n)
			key := n.browser().Get(path).Want(t, 200, "").Attr("main input[name=key]", "value")
			send := func(b *webtest.Browser, key string) webtest.Answer {
				return b.Post(path, "key", key, "name", "Springfield", "language", "en", "handle", "sam")
			}
			first := n.browser() // this answer never arrives
			lost := send(first, key).Want(t, 200, "")
			for _, other := range []string{"", "x", n.IDs.Secret()} {
				send(n.browser(), other).Want(t, 410, "")
			}
			b := n.browser()
			a := send(b, key).Want(t, 200, "")
			words, next := a.Text("#words"), a.Attr("main a.button", "href")
			if len(strings.Fields(words)) != passWords || words == lost.Text("#words") || a.Header.Get("Cache-Control") != "no-store" ||
				next != lost.Attr("main a.button", "href") || !strings.Contains(a.Text(".kv"), "sam") {
				t.Errorf("answered again: %s", a.Text("main"))
			}
			b.Get("/me").Want(t, 200, "")
			first.Get("/me").Want(t, 303, "/sign-in?next=%2Fme")
			n.browser().Post("/sign-in", "handle", "sam", "passphrase", lost.Text("#words")).Want(t, 422, "")
			people := 0
			if err := n.List(t.Context(), func(Person) error { people++; return nil }); err != nil || people != 1 {
				t.Errorf("%d accounts, %v", people, err)
			}
			// The browser may have kept the cookie of an answer that broke off.
			words = send(b, key).Want(t, 200, "").Text("#words")
			n.clock.Add(retryTime - time.Second)
			words2 := send(n.browser(), key).Want(t, 200, "").Text("#words")
			n.browser().Post("/sign-in", "handle", "sam", "passphrase", words).Want(t, 422, "")
			n.clock.Add(time.Second)
			send(n.browser(), key).Want(t, 410, "")
			n.browser().Post("/sign-in", "handle", "sam", "passphrase", words2).Want(t, 303, "/me")
		})
	}
}

// Whoever finds the form in a browser's history has no use of it once the words
// were used, or their owner has signed out.
func TestNoWordsAgainOnceTheyArrived(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, _ *clock.Manual) {
		ctx := t.Context()
		for name, arrived := range map[string]func(j Joined, by authz.Actor, session string) error{
			"sign-in": func(j Joined, _ authz.Actor, _ string) error {
				_, err := s.SignIn(ctx, j.Handle, j.Words, "")
				return err
			},
			"sign-out": func(_ Joined, by authz.Actor, session string) error { return s.SignOut(ctx, by, session) },
			"new": func(j Joined, by authz.Actor, session string) error {
				_, err := s.NewPassphrase(ctx, by, session, "", j.Words)
				return err
			},
			"reset": func(j Joined, _ authz.Actor, _ string) error {
				path, err := s.ResetSignIn(ctx, j.Handle)
				if err == nil {
					_, err = s.Reset(ctx, strings.TrimPrefix(path, "/reset/"), "")
				}
				return err
			},
			"suspended": func(j Joined, _ authz.Actor, _ string) error { return s.Suspend(ctx, j.Handle, true) },
		} {
			secret, key := invite(t, s, InviteInput{Role: RoleAccount}), s.IDs.Secret()
			j, err := s.AcceptNew(ctx, secret, key, "p-"+name, 0)
			if err != nil {
				t.Fatal(err)
			}
			x, _, err := s.Session(ctx, j.Session)
			if err != nil {
				t.Fatal(err)
			}
			if err := arrived(j, x.Actor, x.ID); err != nil {
				t.Fatal(name, err)
			}
			_, err = s.Again(ctx, authz.Actor{}, secret, key)
			if !fault.Is(err, fault.KindGone) {
				t.Errorf("after %s: %v", name, err)
			}
		}
	})
}

// Whoever had an account is led on and keeps their words.
func TestJoiningAgainWithAnAccount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, g *fakeGroups, _ *clock.Manual) {
		ctx := t.Context()
		group := riverside
		j, sam, _ := account(t, s, RoleAccount, "sam")
		_, eve, _ := account(t, s, RoleAccount, "eve")
		secret, key := invite(t, s, InviteInput{Group: &group, Role: "member"}), s.IDs.Secret()
		if _, err := s.Accept(ctx, sam, secret, key, 0); err != nil {
			t.Fatal(err)
		}
		again, err := s.Again(ctx, sam, secret, key)
		if err != nil || again.Words != "" || again.Next != "/groups/riverside/welcome" || len(g.joined) != 1 {
			t.Errorf("%+v, %v, joined %q", again, err, g.joined)
		}
		if _, err := s.SignIn(ctx, "sam", j.Words, ""); err != nil {
			t.Error(err)
		}
		_, err = s.Again(ctx, authz.Actor{}, secret, key)
		wantKind(t, err, fault.KindGone)

		// Nobody else's browser gets the words of a new account.
		secret, key = invite(t, s, InviteInput{Role: RoleAccount}), s.IDs.Secret()
		if _, err := s.AcceptNew(ctx, secret, key, "ada", 0); err != nil {
			t.Fatal(err)
		}
		_, err = s.Again(ctx, eve, secret, key)
		wantKind(t, err, fault.KindGone)
	})
}

// Two presses of the button make one person, whose last words work.
func TestDoublePostMakesOnePerson(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, _ *clock.Manual) {
		ctx := t.Context()
		secret, key := invite(t, s, InviteInput{Role: RoleAccount}), s.IDs.Secret()
		const n = 6
		answers := make(chan string, n)
		for range n {
			go func() {
				j, err := s.AcceptNew(ctx, secret, key, "sam", 0)
				if fault.Is(err, fault.KindGone) {
					j, err = s.Again(ctx, authz.Actor{}, secret, key)
				}
				if err != nil {
					t.Errorf("no answer: %v", err)
				}
				answers <- j.Words
			}()
		}
		var all []string
		for range n {
			all = append(all, <-answers)
		}
		people, sessions := 0, 0
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			if err := tx.Get(ctx, "select count(*) from person", nil, &people); err != nil {
				return err
			}
			return tx.Get(ctx, "select count(*) from session", nil, &sessions)
		})
		if err != nil || people != 1 || sessions != 1 {
			t.Errorf("%d accounts, %d sessions, %v", people, sessions, err)
		}
		work := 0
		for _, words := range all {
			if _, err := s.SignIn(ctx, "sam", words, ""); err == nil {
				work++
			}
		}
		if work != 1 {
			t.Errorf("%d of the answers work", work)
		}
	})
}

// Making new words on one's own page can be sent again too.
func TestLostNewWords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, c *clock.Manual) {
		ctx := t.Context()
		j, sam, here := account(t, s, RoleAccount, "sam")
		key := s.IDs.Secret()
		renew := func(key, words string) (string, error) { return s.NewPassphrase(ctx, sam, here, key, words) }
		lost, err := renew(key, j.Words)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range []string{"", s.IDs.Secret()} {
			_, err = renew(other, j.Words)
			wantKind(t, err, fault.KindInvalid)
		}
		words, err := renew(key, j.Words)
		if err != nil || words == lost {
			t.Fatalf("%q, %v", words, err)
		}
		_, err = s.SignIn(ctx, "sam", lost, "")
		wantKind(t, err, fault.KindInvalid)
		other, err := s.SignIn(ctx, "sam", words, "")
		if err != nil {
			t.Fatal(err)
		}
		x, _, err := s.Session(ctx, other)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.NewPassphrase(ctx, sam, x.ID, key, j.Words)
		wantKind(t, err, fault.KindInvalid) // not in another browser
		c.Add(retryTime)
		_, err = renew(key, j.Words)
		wantKind(t, err, fault.KindInvalid)
		if err := s.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		left := 0
		if err := s.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.Get(ctx, "select count(*) from session where pass_key is not null", nil, &left)
		}); err != nil || left != 0 {
			t.Errorf("%d hashes of forms are kept, %v", left, err)
		}

		// Words that were typed have arrived.
		if words, err = renew(key, words); err != nil {
			t.Fatal(err)
		}
		if err := s.ProveWords(ctx, sam, here, words); err != nil {
			t.Fatal(err)
		}
		_, err = renew(key, "")
		wantKind(t, err, fault.KindInvalid)
	})
}
