package identity

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/fault"
	"convoke/internal/job"
	"convoke/internal/notify"
	"convoke/internal/notify/notifytest"
	"convoke/internal/seal"
	"convoke/internal/web/webtest"
)

// post is a mail server that keeps what it is given.
type post struct {
	mu   sync.Mutex
	sent []notify.Message
}

func (p *post) Send(_ context.Context, m notify.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	m.Text = notifytest.Plain(m)
	p.sent = append(p.sent, m)
	return nil
}

// mailed is a service that sends mail.
type mailed struct {
	*Service
	t     *testing.T
	clock *clock.Manual
	post  *post
}

func newMailed(t *testing.T, d *db.DB, c *clock.Manual, register bool) *mailed {
	t.Helper()
	keys, err := db.Open(t.Context(), db.Options{
		URL: filepath.Join(t.TempDir(), "keys.db"), Migrations: migrations.Keys, Clock: c, CacheKiB: 512, SecureDelete: true, Log: webtest.Log(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keys.Close() })
	if _, err := keys.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	plain, _ := newService(t, d, c)
	deps, p := plain.Deps, &post{}
	if deps.Vault, err = seal.Open(keys, seal.BootKey{1}, c); err != nil {
		t.Fatal(err)
	}
	deps.Jobs = job.New(d, c, webtest.Log(t))
	deps.Mail = &Mail{Sender: p, Register: register, BaseURL: "https://riverside.example"}
	return &mailed{New(deps), t, c, p}
}

func eachMailed(t *testing.T, register bool, f func(t *testing.T, m *mailed)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clock.NewManual(dbtest.Now)
			f(t, newMailed(t, dbtest.Open(t, url(t), c), c, register))
		})
	}
}

var (
	linkIn = regexp.MustCompile(`https://riverside\.example(/mail/[0-9a-z]{26})\b`)
	codeIn = regexp.MustCompile(`\b\d{4} \d{4}\b`)
)

// mails are those that were sent since the last call.
func (m *mailed) mails() []notify.Message {
	m.t.Helper()
	if _, err := m.Jobs.RunPending(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
	m.post.mu.Lock()
	defer m.post.mu.Unlock()
	out := m.post.sent
	m.post.sent = nil
	return out
}

// mail is the only mail that was sent: its address, link and code.
func (m *mailed) mail() (to, secret, code string) {
	m.t.Helper()
	all := m.mails()
	if len(all) != 1 {
		m.t.Fatalf("%d mails", len(all))
	}
	link := linkIn.FindStringSubmatch(all[0].Text)
	code = codeIn.FindString(all[0].Text)
	if link == nil || code == "" {
		m.t.Fatalf("no link or no code in %q", all[0].Text)
	}
	return all[0].To, strings.TrimPrefix(link[1], "/mail/"), code
}

func (m *mailed) ask(address, form string) {
	m.t.Helper()
	if err := m.AskMail(m.t.Context(), address, "en", form, m.clock.Now()); err != nil {
		m.t.Fatal(err)
	}
}

// withAddress is an account that has an address.
func (m *mailed) withAddress(handle, address string) authz.Actor {
	m.t.Helper()
	_, by, _ := account(m.t, m.Service, RoleAccount, handle)
	if err := m.AskConfirm(m.t.Context(), by, address, "en", "", m.clock.Now()); err != nil {
		m.t.Fatal(err)
	}
	_, secret, _ := m.mail()
	if err := m.ConfirmMail(m.t.Context(), by, secret); err != nil {
		m.t.Fatal(err)
	}
	return by
}

// column reads a column as text.
func (m *mailed) column(q string) []string {
	m.t.Helper()
	var out []string
	err := m.DB.Read(m.t.Context(), func(tx *db.Tx) error {
		var err error
		out, err = db.Column[string](m.t.Context(), tx, q)
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		" Robin.B@Example.org ": "Robin.B@Example.org", "sam@xn--bcher-kva.example": "sam@xn--bcher-kva.example",
		"": "", "sam": "", "sam@": "", "Sam <sam@example.org>": "", "sam@example.org, ada@example.org": "",
		"sam@example.org\r\nBcc: ada@example.org": "", strings.Repeat("a", 250) + "@example.org": "",
	} {
		got, err := parseAddress(typed)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
}

// The table of mails tells nothing that would help to guess a code.
func TestCodesAreHashedWithTheirForm(t *testing.T) {
	t.Parallel()
	if bytes.Equal(codeMark("a", "1234 5678"), codeMark("b", "1234 5678")) || !bytes.Equal(codeMark("a", "1234 5678"), codeMark("a", " 12345678 ")) {
		t.Error("a code has one mark in all forms, or two in one")
	}
}

func TestSignInByMail(t *testing.T) {
	t.Parallel()
	eachMailed(t, false, func(t *testing.T, m *mailed) {
		ctx := t.Context()
		sam := m.withAddress("sam", "Sam@example.org")
		if a, err := m.Address(ctx, sam); a != "Sam@example.org" || err != nil {
			t.Errorf("address %q, %v", a, err)
		}
		m.clock.Add(mailPause)
		m.ask("sam@EXAMPLE.org", m.IDs.Secret())
		if _, err := m.Jobs.RunPending(ctx); err != nil || m.post.sent[0].Class != notify.Access {
			t.Errorf("others could use up the share of it: %v", err)
		}
		to, secret, _ := m.mail()
		if to != "sam@EXAMPLE.org" {
			t.Errorf("sent to %q", to)
		}
		// A second mail soon after is not sent, whoever asks.
		m.ask("sam@example.org", m.IDs.Secret())
		if got := m.mails(); len(got) != 0 {
			t.Errorf("%d more mails", len(got))
		}
		for range 3 { // programs that check mail open links
			if x, err := m.PeekMail(ctx, secret); err != nil || x.Kind != mailSignIn || x.Handle != "sam" {
				t.Fatalf("%+v, %v", x, err)
			}
		}
		var in atomic.Int32
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				s, next, err := m.SignInMail(ctx, secret, true, "")
				if fault.Is(err, fault.KindGone) {
					return
				}
				x, ok, err2 := m.Session(ctx, s)
				if err != nil || err2 != nil || !ok || x.Actor.Person != sam.Person {
					t.Errorf("%v, %v, %v, %v", x, ok, err, err2)
				}
				if h, err := m.peekReset(ctx, strings.TrimPrefix(next, "/reset/")); h != "sam" || err != nil {
					t.Errorf("new words of %q, %v", h, err)
				}
				in.Add(1)
			})
		}
		wg.Wait()
		if in.Load() != 1 {
			t.Errorf("%d got in with one link", in.Load())
		}
		m.ask("sam@example.org", m.IDs.Secret())
		_, secret, _ = m.mail()
		m.clock.Add(mailTTL)
		_, _, err := m.SignInMail(ctx, secret, false, "")
		wantKind(t, err, fault.KindGone)
		if err := m.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		if left := m.column("select id from mail_link"); len(left) != 0 {
			t.Errorf("%d mails are kept", len(left))
		}
		if err := m.Suspend(ctx, "sam", true); err != nil {
			t.Fatal(err)
		}
		m.ask("sam@example.org", m.IDs.Secret())
		if got := m.mails(); len(got) != 0 {
			t.Error("a suspended account gets a link")
		}
	})
}

// An address that nobody has leaves the same traces, but for the mail.
func TestUnknownAddressesCannotBeToldFromKnownOnes(t *testing.T) {
	t.Parallel()
	eachMailed(t, false, func(t *testing.T, m *mailed) {
		ctx := t.Context()
		m.withAddress("sam", "sam@example.org")
		m.clock.Add(mailPause)
		known, unknown := m.IDs.Secret(), m.IDs.Secret()
		m.ask("sam@example.org", known)
		m.ask("ada@example.org", unknown)
		rows := m.column("select coalesce(person_id, '-') || lang || length(tag) || length(hash) || tries from mail_link where made_at > " +
			fmt.Sprint(clock.Micros(dbtest.Now)))
		jobs := m.column("select kind from job where kind = 'identity.mail'")
		if len(rows) != 2 || rows[0] != rows[1] || len(jobs) != 2 {
			t.Errorf("rows %v, jobs %v", rows, jobs)
		}
		for _, form := range []string{known, unknown} {
			_, err := m.MailCode(ctx, form, "1234 567")
			wantKind(t, err, fault.KindInvalid)
		}
		if got := m.mails(); len(got) != 1 || got[0].To != "sam@example.org" {
			t.Errorf("sent: %v", got)
		}
		// Nothing says who has an address.
		for _, q := range []string{
			"select args from job", "select coalesce(unique_key, '') from job", "select error from job",
			"select handle from person", "select subject from audit", "select id || key_id || lang from mail_link", "select key_id from person_mail",
		} {
			for _, x := range m.column(q) {
				if strings.Contains(strings.ToLower(x), "example") {
					t.Errorf("%s: %s", q, x)
				}
			}
		}
	})
}

func TestMailCode(t *testing.T) {
	t.Parallel()
	eachMailed(t, false, func(t *testing.T, m *mailed) {
		ctx := t.Context()
		m.withAddress("sam", "sam@example.org")
		m.clock.Add(mailPause)
		form := m.IDs.Secret()
		m.ask("sam@example.org", form)
		_, secret, code := m.mail()
		wrong := "1111 1111"
		if code == wrong {
			wrong = "2222 2222"
		}
		_, err := m.MailCode(ctx, m.IDs.Secret(), code) // another browser
		wantKind(t, err, fault.KindInvalid)
		for range codeTries - 1 {
			_, err := m.MailCode(ctx, form, wrong)
			wantKind(t, err, fault.KindInvalid)
		}
		if got, err := m.MailCode(ctx, form, strings.ReplaceAll(code, " ", "")); got != secret || err != nil {
			t.Errorf("the fifth try: %v", err)
		}
		_, err = m.MailCode(ctx, form, code)
		wantKind(t, err, fault.KindInvalid)
		if _, _, err := m.SignInMail(ctx, secret, false, ""); err != nil {
			t.Errorf("the link ends with the code: %v", err)
		}
	})
}

func TestConfirmAndRemoveAddress(t *testing.T) {
	t.Parallel()
	eachMailed(t, false, func(t *testing.T, m *mailed) {
		ctx := t.Context()
		sam := m.withAddress("sam", "sam@example.org")
		_, ada, _ := account(t, m.Service, RoleAccount, "ada")
		m.clock.Add(mailPause)
		if err := m.AskConfirm(ctx, ada, "sam@example.org", "en", "", m.clock.Now()); err != nil {
			t.Fatal(err)
		}
		_, secret, _ := m.mail()
		wantKind(t, m.ConfirmMail(ctx, sam, secret), fault.KindGone) // another's link
		_, _, err := m.SignInMail(ctx, secret, false, "")
		wantKind(t, err, fault.KindGone)
		wantKind(t, m.ConfirmMail(ctx, ada, secret), fault.KindConflict)
		key := m.column("select key_id from person_mail")[0]
		if _, err := m.Vault.Existing(ctx, MailScope+key); err != nil {
			t.Fatal(err)
		}
		if err := m.RemoveMail(ctx, sam); err != nil {
			t.Fatal(err)
		}
		if got := m.mails(); len(got) != 0 {
			t.Error("a mail about a removal")
		}
		if _, err := m.Vault.Existing(ctx, MailScope+key); err == nil {
			t.Error("the key of a removed address is left")
		}
		if a, err := m.Address(ctx, sam); a != "" || err != nil {
			t.Errorf("%q, %v", a, err)
		}
		if err := m.ConfirmMail(ctx, ada, secret); err != nil {
			t.Errorf("the link ended with a refusal: %v", err)
		}
		// Erasing an account destroys the key, too; the day's goes a day later.
		keys := m.column("select key_id from person_mail")
		if err := m.Erase(ctx, ada); err != nil {
			t.Fatal(err)
		}
		m.clock.Add(48 * time.Hour)
		m.mails()
		for _, k := range append(keys, dayKey(dbtest.Now)) {
			if _, err := m.Vault.Existing(ctx, MailScope+k); err == nil {
				t.Errorf("the key %s is left", k)
			}
		}
	})
}

func TestMakeAnAccountByMail(t *testing.T) {
	t.Parallel()
	eachMailed(t, true, func(t *testing.T, m *mailed) {
		ctx := t.Context()
		account(t, m.Service, RoleAccount, "sam")
		m.ask("ada@example.org", "")
		_, secret, _ := m.mail()
		for _, h := range []string{"", "sam"} {
			_, err := m.JoinMail(ctx, secret, h)
			wantKind(t, err, fault.KindInvalid)
		}
		var made atomic.Int32
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() {
				j, err := m.JoinMail(ctx, secret, fmt.Sprint("ada", i))
				if err == nil && len(strings.Fields(j.Words)) == passWords {
					made.Add(1)
				} else if !fault.Is(err, fault.KindGone) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if all := m.column("select handle from person where handle like 'ada%'"); made.Load() != 1 || len(all) != 1 {
			t.Errorf("%d accounts made: %v", made.Load(), all)
		}
		m.clock.Add(mailPause)
		m.ask("ada@example.org", "")
		_, secret, _ = m.mail()
		if _, _, err := m.SignInMail(ctx, secret, false, ""); err != nil {
			t.Errorf("the new account has no address: %v", err)
		}
		if n := len(m.column("select person_id from person_mail")); n != 1 {
			t.Errorf("%d addresses", n)
		}
	})
}

func TestMailPages(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(dbtest.Now)
	m := newMailed(t, dbtest.Open(t, dbtest.SQLite(t), c), c, true)
	site := webtest.New(t, c, m.Service)
	m.Mount(site)
	b := webtest.NewBrowser(t, site)
	if a := b.Get("/sign-in?next=/groups/new"); a.Attr("main p a", "href") != "/sign-in/mail?next=%2fgroups%2fnew" {
		t.Errorf("the way to mail: %s", a.Body)
	}
	a := b.Get("/sign-in/mail?next=/groups/new").Want(t, 200, "")
	key := a.Attr("main input[name=key]", "value")
	a = b.Post("/sign-in/mail", "key", key, "email", "ada at home", "next", "/groups/new").Want(t, 422, "")
	if a.Attr("#email", "value") != "ada at home" || a.Text("#email-error") == "" || a.Attr("main input[name=key]", "value") != key {
		t.Errorf("what was typed is lost: %s", a.Text("main"))
	}
	b.Post("/sign-in/mail", "key", key, "email", "ada@example.org", "next", "/groups/new").Want(t, 200, "")
	_, secret, code := m.mail()
	b.Post("/sign-in/mail/code", "key", key, "code", "0").Want(t, 422, "")
	b.Post("/sign-in/mail/code", "key", key, "code", code, "next", "/groups/new").Want(t, 303, "/mail/"+secret+"?next=%2Fgroups%2Fnew")
	a = b.Get("/mail/"+secret+"?next=/groups/new").Want(t, 200, "")
	if len(a.All("#handle")) != 1 {
		t.Errorf("no account is offered: %s", a.Text("main"))
	}
	b.Post("/mail/"+secret, "handle", "a b").Want(t, 422, "")
	a = b.Post("/mail/"+secret, "handle", "ada", "next", "/groups/new").Want(t, 200, "")
	if len(strings.Fields(a.Text("#words"))) != passWords || a.Attr("main a.button", "href") != "/groups/new" {
		t.Errorf("words: %s", a.Text("main"))
	}
	words := a.Text("#words")
	b.Get("/me").Want(t, 200, "")
	b.Get("/mail/"+secret).Want(t, 410, "")
	b.Post("/mail/"+secret, "handle", "eve").Want(t, 410, "")

	// Another browser signs in by mail.
	c.Add(mailPause)
	v := webtest.NewBrowser(t, site)
	v.Post("/sign-in/mail", "key", "", "email", "ADA@example.org").Want(t, 200, "")
	_, secret, _ = m.mail()
	if a := v.Get("/mail/" + secret); !strings.Contains(a.Text("h1"), "ada") || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("link: %s", a.Text("main"))
	}
	v.Post("/mail/"+secret, "next", "//evil.example").Want(t, 303, "/me")
	v.Get("/me").Want(t, 200, "")

	// The address can be changed and removed, by whoever knows the words.
	c.Add(time.Hour)
	if a := v.Get("/me/mail").Want(t, 200, ""); !strings.Contains(a.Text(".lede"), "ada@example.org") || len(a.All("#passphrase")) != 1 {
		t.Errorf("my mail: %s", a.Text("main"))
	}
	v.Post("/me/mail/remove").Want(t, 422, "")
	if a := v.Post("/me/mail", "email", "new@example.org").Want(t, 422, ""); a.Attr("#email", "value") != "new@example.org" {
		t.Error("the address is lost")
	}
	v.Post("/me/mail", "key", m.IDs.Secret(), "email", "new@example.org", "passphrase", words).Want(t, 200, "")
	_, secret, _ = m.mail()
	webtest.NewBrowser(t, site).Post("/mail/"+secret).Want(t, 401, "")
	webtest.NewBrowser(t, site).Get("/mail/"+secret).Want(t, 303, "/sign-in?next=%2Fmail%2F"+secret)
	v.Post("/mail/"+secret).Want(t, 303, "/me/mail")
	if a := v.Get("/me/mail"); !strings.Contains(a.Text(".lede"), "new@example.org") {
		t.Errorf("my mail: %s", a.Text("main"))
	}
	if a := v.Get("/me/data"); !strings.Contains(a.Text("main"), "new@example.org") {
		t.Error("the address is not among what is held")
	}
	v.Post("/me/mail/remove").Want(t, 303, "/me/mail")
	if a := v.Get("/me/mail"); strings.Contains(a.Body, "new@example.org") {
		t.Error("the address is left")
	}
	m.Limit = never{}
	for _, path := range []string{"/sign-in/mail", "/sign-in/mail/code", "/mail/" + m.IDs.Secret()} {
		webtest.NewBrowser(t, site).Post(path).Want(t, 429, "")
	}
}

// Without a mail server nothing of it is there.
func TestNoMailPages(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	if a := n.browser().Get("/sign-in"); strings.Contains(a.Body, "/sign-in/mail") {
		t.Error("a way to mail without mail")
	}
	n.browser().Get("/sign-in/mail").Want(t, 404, "")
	n.browser().Get("/mail/"+n.IDs.Secret()).Want(t, 404, "")
}
