package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/i18n"
	"convoke/internal/notify"
	"convoke/internal/notify/notifytest"
	"convoke/internal/notify/outbox"
	"convoke/internal/seal"
)

// world is a box in front of a mail server.
type world struct {
	*outbox.Box
	sink  *notifytest.Server
	clock *clock.Manual
	left  map[string]int
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{sink: notifytest.Sink(t), clock: clock.NewManual(dbtest.Now), left: map[string]int{}}
			d := dbtest.Open(t, url(t), w.clock)
			keys, err := db.Open(t.Context(), db.Options{URL: t.TempDir() + "/keys.db", Migrations: migrations.Keys, Clock: w.clock, SecureDelete: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = keys.Close() })
			if _, err := keys.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			vault, err := seal.Open(keys, seal.BootKey{1}, w.clock)
			if err != nil {
				t.Fatal(err)
			}
			locales, err := i18n.Load(false)
			if err != nil {
				t.Fatal(err)
			}
			over, err := notify.NewSMTP(notify.SMTPOptions{URL: w.sink.URL(), From: "post@example.org", Bounces: "bounces@example.org", Clock: w.clock})
			if err != nil {
				t.Fatal(err)
			}
			w.Box = outbox.New(outbox.Options{
				Sender: over, DB: d, Vault: vault, Clock: w.clock, Locales: locales, BaseURL: "https://example.org/",
				Left: func(why string) { w.left[why]++ },
			})
			f(t, w)
		})
	}
}

func letter(to string, c notify.Class) notify.Message {
	return notify.Message{To: to, Subject: "Hello", Lang: "en", Class: c, Body: notify.Body{Parts: []notify.Part{notify.Paragraph("Hello.")}}}
}

func (w *world) send(t *testing.T, m notify.Message) {
	t.Helper()
	if err := w.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

// TestShares: nobody can have a mailbox filled, and what is urgent is never held up.
func TestShares(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for range 30 {
			w.send(t, letter("sam@example.net", notify.Asked))
		}
		if n := len(w.sink.Messages()); n != 20 || w.left["share"] != 10 {
			t.Errorf("asked for 30 times: %d came, %v left out", n, w.left)
		}
		w.sink.OnRecipient(func(string) error { return notifytest.Reply(451, "4.3.0", "later") })
		for range 12 { // which counts for nothing
			if err := w.Send(t.Context(), letter("Sam@example.net", notify.News)); err == nil {
				t.Fatal("it was taken")
			}
		}
		w.sink.OnRecipient(nil)
		for range 30 {
			w.send(t, letter("Sam@example.net", notify.News))
		}
		err := w.Send(t.Context(), letter("sam+a@EXAMPLE.net", notify.News))
		var wait outbox.Later
		if !errors.As(err, &wait) || wait.After <= 0 || wait.After > 24*time.Hour {
			t.Errorf("news beyond a day's share: %v", err)
		}
		w.send(t, letter("sam@example.net", notify.Urgent))
		w.send(t, letter("sam@example.net", notify.Access))  // nobody shuts them out by typing their address
		w.send(t, letter("robin@example.net", notify.Asked)) // others have shares of their own
		if n := len(w.sink.Messages()); n != 53 {
			t.Errorf("%d messages, want 52", n)
		}
		for range 50 {
			w.send(t, letter("sam@example.net", notify.Soon))
		}
		if err := w.Send(t.Context(), letter("sam@example.net", notify.Soon)); !errors.As(err, new(outbox.Later)) {
			t.Errorf("an event that is moved again and again: %v", err)
		}
		w.clock.Add(wait.After)
		w.send(t, letter("sam@example.net", notify.News))
	})
}

// TestAccess: whoever asks for other things in somebody's name keeps nobody out.
func TestAccess(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for range 30 {
			w.send(t, letter("sam@example.net", notify.Asked))
		}
		for range 80 {
			w.send(t, letter("sam@example.net", notify.Access))
		}
		if n := len(w.sink.Messages()); n != 80 {
			t.Errorf("%d messages", n)
		}
		w.clock.Add(time.Minute)
		w.send(t, letter("sam@example.net", notify.Access))
		if n := len(w.sink.Messages()); n != 81 {
			t.Error("nothing lets in a minute later")
		}
		for range 100 { // as often as the form to sign in sends
			w.clock.Add(3 * time.Minute)
			w.send(t, letter("sam@example.net", notify.Access))
		}
		if n := len(w.sink.Messages()); n != 181 {
			t.Errorf("%d messages: the form to sign in keeps people out", n)
		}
	})
}

// TestOutage: what was not sent takes nothing of a share.
func TestOutage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.sink.OnData(func() error { return notifytest.Reply(451, "4.7.1", "later") })
		for range 50 {
			for _, c := range []notify.Class{notify.Asked, notify.News} {
				if err := w.Send(t.Context(), letter("sam@example.net", c)); err == nil || errors.As(err, new(outbox.Later)) {
					t.Fatalf("%v", err)
				}
			}
		}
		w.sink.OnData(nil)
		for range 20 {
			w.send(t, letter("sam@example.net", notify.Asked))
		}
		if n := len(w.sink.Messages()); n != 20 {
			t.Errorf("%d messages after an outage", n)
		}
	})
}

// TestReturned: what comes back for good silences news, and nothing else, for a month.
func TestReturned(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.send(t, letter("sam@example.net", notify.News))
		from := w.sink.Messages()[0].From
		token := strings.TrimSuffix(strings.TrimPrefix(from, "bounces+"), "@example.org")
		if !outbox.Mine(token) || strings.Contains(from, "sam") {
			t.Fatalf("the way back is %q", from)
		}
		for _, x := range []struct{ token, status string }{
			{token, "4.2.2"}, {token, "5.2.2"}, {token, "5.7.1"}, {token, ""}, // full, or taken for spam: others can bring that about
			{"mailzz", "5.1.1"}, {token + "00", "5.1.1"}, {strings.Repeat("z", len(token)), "5.1.1"},
			{token[:len(token)-16] + "0123456789abcdef", "5.1.1"}, // the mark of an address alone proves nothing
		} {
			if err := w.Returned(ctx, x.token, x.status); err != nil {
				t.Fatal(err)
			}
		}
		w.send(t, letter("sam@example.net", notify.News))
		if err := w.Returned(ctx, token, "5.1.1"); err != nil {
			t.Fatal(err)
		}
		if n, err := w.Silent(ctx); err != nil || n != 1 {
			t.Errorf("%d silent, %v", n, err)
		}
		w.send(t, letter("SAM@example.net", notify.News))
		w.send(t, letter("sam@example.net", notify.Asked)) // its owner may have made it anew
		own := letter("sam@example.net", notify.News)
		own.Bounce = "abc" // somebody else looks after it
		w.send(t, own)
		w.send(t, letter("sam@example.net", notify.Urgent)) // a mistake must not keep that away
		if n := len(w.sink.Messages()); n != 5 || w.left["returned"] != 1 {
			t.Errorf("%d messages, %v left out", n, w.left)
		}
		w.clock.Add(31 * 24 * time.Hour)
		if err := w.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		if n := rows(t, w.DB); n != 0 {
			t.Errorf("%d rows after a month", n)
		}
		w.send(t, letter("sam@example.net", notify.News))
	})
}

// TestOldReturns: whoever once saw where a message comes back to cannot silence its reader
// for ever.
func TestOldReturns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.send(t, letter("sam@example.net", notify.News))
		token := strings.TrimSuffix(strings.TrimPrefix(w.sink.Messages()[0].From, "bounces+"), "@example.org")
		for _, x := range []struct {
			days   int
			silent int
		}{{70, 0}, {-45, 1}} {
			w.clock.Add(time.Duration(x.days) * 24 * time.Hour)
			if err := w.Returned(t.Context(), token, "5.1.1"); err != nil {
				t.Fatal(err)
			}
			if n, err := w.Silent(t.Context()); err != nil || n != x.silent {
				t.Errorf("%d silent, want %d; %v", n, x.silent, err)
			}
		}
	})
}

func rows(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	err := d.Read(t.Context(), func(tx *db.Tx) error { return tx.Get(t.Context(), "select count(*) from mail_return", nil, &n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestUnknown: a server that does not know an address says so at once; one that refuses
// this server says nothing about the address.
func TestUnknown(t *testing.T) {
	t.Parallel()
	for status, silent := range map[string]int{"5.1.1": 1, "5.7.1": 0} {
		each(t, func(t *testing.T, w *world) {
			w.sink.OnRecipient(func(string) error { return notifytest.Reply(550, status, "no") })
			if err := w.Send(t.Context(), letter("sam@example.net", notify.News)); !errors.Is(err, notify.ErrPermanent) {
				t.Fatalf("%v", err)
			}
			if n, err := w.Silent(t.Context()); err != nil || n != silent {
				t.Errorf("%s: %d silent, %v", status, n, err)
			}
		})
	}
}

// TestFooter: each message leads to the page with all that is sent.
func TestFooter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		m := letter("sam@example.net", notify.News)
		m.Body.Footer = make([]notify.Part, 0, 4)
		w.send(t, m)
		w.send(t, m)
		for _, got := range w.sink.Messages() {
			if n := strings.Count(got.Text, "https://example.org/mailings"); n != 1 {
				t.Errorf("%d links in %q", n, got.Text)
			}
		}
		m.Class = notify.Access
		w.send(t, m)
		if all := w.sink.Messages(); strings.Contains(all[len(all)-1].Text, "/mailings") {
			t.Error("a code leads to a page: mail is read on its way")
		}
		if err := w.Send(context.WithoutCancel(t.Context()), notify.Message{To: "no address", Body: m.Body}); err == nil || fmt.Sprint(err) == "" {
			t.Error("no address is one")
		}
	})
}
