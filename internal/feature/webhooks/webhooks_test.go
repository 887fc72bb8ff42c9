package webhooks

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

var (
	olga = authz.Actor{Person: "olga", Handle: "olga"}
	mia  = authz.Actor{Person: "mia", Handle: "mia"}
	otto = authz.Actor{Person: "otto", Handle: "otto"}
)

// stand is a group, riverside, that olga organizes and mia belongs to, and a
// receiver that answers as the test says.
type stand struct {
	*Service
	t         *testing.T
	clock     *clock.Manual
	suspended bool
	answer    int // 0 is not reached
	got       []post
}

type post struct {
	url    string
	header http.Header
	body   []byte
}

func (s *stand) ByID(_ context.Context, _ *db.Tx, g id.Group) (Group, error) {
	return Group{ID: g, Handle: "riverside", Name: "Riverside Neighbours", Suspended: s.suspended}, nil
}

func (s *stand) ByHandle(ctx context.Context, tx *db.Tx, h string) (Group, error) {
	if h != "riverside" {
		return Group{}, web.ErrNotFound()
	}
	return s.ByID(ctx, tx, "g1")
}

func (s *stand) Role(_ context.Context, _ *db.Tx, _ id.Group, p id.Person) (authz.Role, error) {
	return map[id.Person]authz.Role{"olga": authz.Organizer, "mia": authz.Member}[p], nil
}

func (s *stand) Post(_ context.Context, address string, h http.Header, body []byte) (int, error) {
	s.got = append(s.got, post{address, h, body})
	if s.answer == 0 {
		return 0, errors.New("no answer")
	}
	return s.answer, nil
}

func (s *stand) Tag(_ context.Context, purpose, value string) ([]byte, error) {
	sum := sha256.Sum256([]byte(purpose + value))
	return sum[:16], nil
}

func each(t *testing.T, f func(t *testing.T, s *stand)) {
	t.Helper()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			if engine == "sqlite" {
				f(t, newStand(t, dbtest.SQLite(t)))
			} else {
				f(t, newStand(t, dbtest.Postgres(t)))
			}
		})
	}
}

func newStand(t *testing.T, url string) *stand {
	t.Helper()
	c := clock.NewManual(dbtest.Now)
	d := dbtest.Open(t, url, c)
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)
			values ('g1', 'riverside', 'Riverside Neighbours', '', '', '', '', 'UTC', '', $1, $1, 0)`, false)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{t: t, clock: c, answer: 204}
	s.Service = New(Deps{
		DB: d, IDs: id.NewSource(c, nil), Jobs: job.New(d, c, webtest.Log(t)), Groups: s, Sender: s, Keys: s, BaseURL: "https://example.org",
	})
	return s
}

// add makes a webhook and forgets its ping.
func (s *stand) add(kinds ...Kind) (Webhook, string) {
	s.t.Helper()
	in := Input{URL: "https://hooks.example.org/in"}
	for _, k := range kinds {
		in.Kinds = append(in.Kinds, string(k))
	}
	h, secret, err := s.Add(s.t.Context(), olga, "riverside", s.IDs.Secret(), in)
	if err != nil {
		s.t.Fatal(err)
	}
	s.run()
	s.got = nil
	return h, secret
}

// run does what is due; receivers that fail are not the test's failure.
func (s *stand) run() {
	s.t.Helper()
	s.clock.Add(time.Second) // what comes later sorts later
	if _, err := s.Jobs.RunPending(s.t.Context()); err != nil && s.answer >= 200 && s.answer < 300 {
		s.t.Fatal(err)
	}
}

func (s *stand) happens(f any) {
	s.t.Helper()
	err := s.DB.Write(s.t.Context(), func(tx *db.Tx) error {
		if e, ok := f.(fact.EventChanged); ok {
			return s.EventChanged(s.t.Context(), tx, e)
		}
		return s.GroupChanged(s.t.Context(), tx, f.(fact.GroupChanged))
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.run()
}

func (s *stand) types() string {
	var out []string
	for _, p := range s.got {
		var m message
		if err := json.Unmarshal(p.body, &m); err != nil {
			s.t.Fatal(err)
		}
		out = append(out, string(m.Type))
	}
	return strings.Join(out, " ")
}

func (s *stand) sent(h Webhook) []Delivery {
	s.t.Helper()
	page, _, err := s.Deliveries(s.t.Context(), olga, "riverside", h.ID, "", 100)
	if err != nil {
		s.t.Fatal(err)
	}
	return page
}

func wantKind(t *testing.T, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Errorf("got %v, want a fault with status %d", err, k.Status())
	}
}

func TestMessagesAreSigned(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		key := s.IDs.Secret()
		in := Input{URL: "https://hooks.example.org/in", Kinds: []string{"event.changed", "nonsense", "event.published"}}
		h, secret, err := s.Add(t.Context(), olga, "riverside", key, in)
		if err != nil || !slices.Equal(h.Kinds, []Kind{EventPublished, EventChanged}) {
			t.Fatalf("%+v, %v", h, err)
		}
		again, same, err := s.Add(t.Context(), olga, "riverside", key, in)
		if err != nil || again.ID != h.ID || same != secret {
			t.Errorf("the same form: %+v %q, %v", again, same, err)
		}
		s.run()
		if len(s.got) != 1 || s.types() != "ping" || s.got[0].url != in.URL {
			t.Fatalf("%+v", s.got)
		}
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(raw) != 32 {
			t.Fatalf("%q: %v", secret, err)
		}
		p := s.got[0]
		m := hmac.New(sha256.New, raw)
		m.Write([]byte(p.header.Get("webhook-id") + "." + p.header.Get("webhook-timestamp") + "." + string(p.body)))
		if want := "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil)); p.header.Get("webhook-signature") != want {
			t.Errorf("signed %q, want %q", p.header.Get("webhook-signature"), want)
		}
		if p.header.Get("webhook-timestamp") != strconv.FormatInt(s.clock.Now().Unix(), 10) {
			t.Errorf("at %s", p.header.Get("webhook-timestamp"))
		}
	})
}

func TestWhoHearsWhat(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		s.add(EventPublished, EventCancelled, GroupChanged)
		e := fact.EventChanged{Event: "e1", Group: "g1", State: "draft"}
		s.happens(e) // a draft is nobody's business
		e.State = "confirmed"
		e.Published = true
		s.happens(e)
		e.Published = false
		s.happens(e) // not chosen
		e.State, e.Cancelled = "cancelled", true
		s.happens(e)
		s.happens(fact.GroupChanged{Group: "g1"})
		s.happens(fact.GroupChanged{Group: "g2"})
		s.happens(fact.EventChanged{Event: "e2", State: "confirmed", Published: true}) // imported: of no group
		s.suspended = true
		s.happens(fact.GroupChanged{Group: "g1"})
		if got := s.types(); got != "event.published event.cancelled group.changed" {
			t.Fatalf("heard: %s", got)
		}
		want := `{"type":"event.published","timestamp":"2026-03-01T12:00:00Z","data":{"id":"e1","page":"https://example.org/events/e1","api":"https://example.org/api/v1/events/e1"}}`
		var a, b bytes.Buffer
		if json.Compact(&a, s.got[0].body) != nil || json.Compact(&b, []byte(want)) != nil {
			t.Fatal("no JSON")
		}
		var got message
		if err := json.Unmarshal(s.got[0].body, &got); err != nil {
			t.Fatal(err)
		}
		got.Timestamp = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		enc, err := got.encode()
		if err != nil || string(enc) != b.String() {
			t.Errorf("%s, want %s", enc, want)
		}
	})
}

func TestFailuresAreTriedAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		h, _ := s.add(GroupChanged)
		s.answer = 500
		s.happens(fact.GroupChanged{Group: "g1"})
		if d := s.sent(h)[0]; d.State != Pending || d.Tries != 1 || d.Status != 500 {
			t.Errorf("%+v", d)
		}
		s.answer = 200
		s.clock.Add(24 * time.Hour)
		s.run()
		if d := s.sent(h)[0]; d.State != Delivered || d.Tries != 2 || d.Tried.IsZero() {
			t.Errorf("%+v", d)
		}
		if len(s.got) != 2 || s.got[0].header.Get("webhook-id") != s.got[1].header.Get("webhook-id") ||
			s.got[0].header.Get("webhook-signature") == s.got[1].header.Get("webhook-signature") {
			t.Errorf("%+v", s.got)
		}

		// One that fails for good is given up, and leaves no failed job.
		s.answer = 0
		s.happens(fact.GroupChanged{Group: "g1"})
		for range maxTries {
			s.clock.Add(24 * time.Hour)
			s.run()
		}
		if d := s.sent(h)[0]; d.State != Failed || d.Tries != maxTries || d.Status != 0 {
			t.Errorf("%+v", d)
		}
		failed, err := s.Jobs.Failed(t.Context())
		if err != nil || len(failed) != 0 {
			t.Errorf("failed jobs: %+v, %v", failed, err)
		}
		// Replayed, it is the same message, signed anew.
		s.answer, s.got = 200, nil
		d := s.sent(h)[0]
		if _, err := s.Replay(t.Context(), olga, "riverside", h.ID, d.ID); err != nil {
			t.Fatal(err)
		}
		s.run()
		if len(s.got) != 1 || s.got[0].header.Get("webhook-id") != d.ID || !bytes.Equal(s.got[0].body, d.Body) || s.sent(h)[0].State != Delivered {
			t.Errorf("%+v", s.got)
		}
	})
}

func TestTooManyFailuresSwitchItOff(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		h, _ := s.add(GroupChanged)
		hook := func() Webhook {
			t.Helper()
			_, all, _, err := s.List(t.Context(), olga, "riverside", 1)
			if err != nil {
				t.Fatal(err)
			}
			return all[0]
		}
		s.answer = 404
		for range maxFailures + 1 {
			s.happens(fact.GroupChanged{Group: "g1"})
		}
		for range maxTries {
			s.clock.Add(24 * time.Hour)
			s.run()
		}
		if x := hook(); !x.Disabled || x.Failures != maxFailures {
			t.Fatalf("%+v", x)
		}
		for _, d := range s.sent(h) {
			if d.State == Pending {
				t.Errorf("%+v waits for what will not come", d)
			}
		}
		s.got = nil
		s.happens(fact.GroupChanged{Group: "g1"})
		if len(s.got) != 0 {
			t.Error("it is asked still")
		}
		_, err := s.Replay(t.Context(), olga, "riverside", h.ID, s.sent(h)[0].ID)
		wantKind(t, err, fault.KindConflict)
		if err := s.Enable(t.Context(), olga, "riverside", h.ID); err != nil {
			t.Fatal(err)
		}
		s.answer = 410 // the receiver wants no more
		s.happens(fact.GroupChanged{Group: "g1"})
		if x := hook(); len(s.got) != 1 || !x.Disabled {
			t.Errorf("%+v", x)
		}
	})
}

func TestOldDeliveriesAreForgotten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		h, _ := s.add(GroupChanged)
		s.clock.Add(6 * 24 * time.Hour)
		s.happens(fact.GroupChanged{Group: "g1"})
		s.clock.Add(2 * 24 * time.Hour)
		if err := s.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.sent(h); len(got) != 1 || got[0].Kind != GroupChanged {
			t.Errorf("%+v", got)
		}
		if err := s.Remove(t.Context(), olga, "riverside", h.ID); err != nil {
			t.Fatal(err)
		}
		_, _, err := s.Deliveries(t.Context(), olga, "riverside", h.ID, "", 10)
		wantKind(t, err, fault.KindNotFound)
	})
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		h, _ := s.add(GroupChanged)
		d := s.sent(h)[0]
		in := Input{URL: "https://hooks.example.org/", Kinds: []string{"group.changed"}}
		for by, want := range map[authz.Actor]fault.Kind{{}: fault.KindUnauthenticated, mia: fault.KindForbidden, otto: fault.KindNotFound} {
			_, _, err := s.Add(ctx, by, "riverside", s.IDs.Secret(), in)
			wantKind(t, err, want)
			_, _, _, err = s.List(ctx, by, "riverside", 1)
			wantKind(t, err, want)
			_, _, err = s.Deliveries(ctx, by, "riverside", h.ID, "", 1)
			wantKind(t, err, want)
			_, err = s.Replay(ctx, by, "riverside", h.ID, d.ID)
			wantKind(t, err, want)
			wantKind(t, s.Remove(ctx, by, "riverside", h.ID), want)
			wantKind(t, s.Enable(ctx, by, "riverside", h.ID), want)
		}
		wantKind(t, s.Remove(ctx, olga, "riverside", "other"), fault.KindNotFound)
		_, err := s.Replay(ctx, olga, "riverside", h.ID, "other")
		wantKind(t, err, fault.KindNotFound)
		for code, in := range map[string]Input{
			"webhook.url":   {URL: "http://hooks.example.org/", Kinds: in.Kinds},
			"form.long":     {URL: "https://example.org/" + strings.Repeat("x", maxURL), Kinds: in.Kinds},
			"webhook.kinds": {URL: in.URL, Kinds: []string{"ping"}},
		} {
			if _, _, err := s.Add(ctx, olga, "riverside", s.IDs.Secret(), in); !fault.HasCode(err, code) {
				t.Errorf("%s: %v", code, err)
			}
		}
		for range maxHooks - 1 {
			s.add(GroupChanged)
		}
		_, _, err = s.Add(ctx, olga, "riverside", s.IDs.Secret(), in)
		wantKind(t, err, fault.KindConflict)
	})
}

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{"list": listPage.Check})
}

// nameIsSession signs in whoever the cookie names.
type nameIsSession struct{}

func (nameIsSession) Session(_ context.Context, secret string) (web.Session, bool, error) {
	return web.Session{ID: "s", Actor: authz.Actor{Person: id.Person(secret), Handle: secret}}, true, nil
}

func TestPage(t *testing.T) {
	t.Parallel()
	s := newStand(t, dbtest.SQLite(t))
	site := webtest.New(t, s.clock, nameIsSession{})
	s.Mount(site)
	const path = "/groups/riverside/webhooks"
	webtest.NewBrowser(t, site).Get(path).Want(t, 303, "/sign-in?next=%2Fgroups%2Friverside%2Fwebhooks")
	webtest.NewBrowser(t, site).WithSession("mia").Get(path).Want(t, 403, "")
	b := webtest.NewBrowser(t, site).WithSession("olga")
	p := b.Get(path).Want(t, 200, "")
	key := p.Attr("input[name=key]", "value")
	p = b.Post(path, "key", key, "url", "ftp://x", "kinds", "event.published").Want(t, 422, "")
	if p.Text("#url-error") == "" || p.Attr("input#url", "value") != "ftp://x" || p.Attr("input[name=key]", "value") != key {
		t.Error(p.Body)
	}
	form := []string{"key", key, "url", "https://hooks.example.org/in", "kinds", "event.published"}
	p = b.Post(path, form...).Want(t, 200, "")
	secret := p.Text("#secret")
	if !strings.HasPrefix(secret, "whsec_") || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%q", secret)
	}
	if again := b.Post(path, form...).Want(t, 200, ""); again.Text("#secret") != secret {
		t.Error("an answer that was lost is lost for good")
	}
	s.answer = 500
	s.run()
	if p = b.Get(path).Want(t, 200, ""); strings.Contains(p.Body, secret) || !strings.Contains(p.Text("tbody td.nowrap"), "2026") && p.Text("tbody th") != "A test" {
		t.Error(p.Body)
	}
	s.answer = 200
	s.clock.Add(24 * time.Hour)
	s.run()
	p = b.Get(path).Want(t, 200, "")
	if !strings.Contains(p.Text("tbody"), "Delivered") {
		t.Error(p.Text("tbody"))
	}
	to := p.Attr("tbody form", "action")
	b.Post(to).Want(t, 303, path)
	s.run()
	if len(s.got) != 3 {
		t.Errorf("sent %d times", len(s.got))
	}
	remove := strings.Split(to, "/deliveries/")[0] + "/remove"
	b.Post(remove).Want(t, 303, path)
	b.Post(remove).Want(t, 404, "")
}

func TestAPI(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		site := webtest.New(t, s.clock, nil)
		s.MountAPI(apitest.Node(t, site))
		c := apitest.New(t, site)
		const path = "/groups/riverside/webhooks"
		body := map[string]any{"url": "https://hooks.example.org/in", "kinds": []string{"event.published"}}
		var h, again apiWebhook
		c.As("olga").Do("POST", path, body, "Idempotency-Key", "website-1").Want(201, &h)
		c.As("olga").Do("POST", path, body, "Idempotency-Key", "website-1").Want(201, &again)
		if again.ID != h.ID || again.Secret != h.Secret || h.Secret == "" {
			t.Errorf("%+v, %+v", h, again)
		}
		body["kinds"] = []string{"event.changed"}
		c.As("olga").Do("POST", path, body, "Idempotency-Key", "website-1").Refused(409, "api.key_reused")
		body["kinds"] = []string{"weather"}
		c.As("olga").Do("POST", path, body, "Idempotency-Key", "website-2").Refused(422, "form.invalid", "#/kinds/0", "api.choice")
		c.As("olga read").Get(path).Refused(403, "token.scope")
		c.As("mia").Get(path).Refused(403, "authz.forbidden")
		c.As("otto").Get(path).Refused(404, "web.not_found")
		s.run()
		for range apiPage {
			s.happens(fact.EventChanged{Event: "e1", Group: "g1", State: "confirmed", Published: true})
		}
		var list struct{ Items []apiWebhook }
		c.As("olga").Get(path).Want(200, &list)
		if len(list.Items) != 1 || list.Items[0].Secret != "" || list.Items[0].Disabled {
			t.Errorf("%+v", list)
		}
		seen := 0
		after := ""
		var last apiDelivery
		for range 5 {
			var page struct {
				Items []apiDelivery
				Next  string
			}
			c.As("olga").Get(path+"/"+h.ID+"/deliveries?after="+after).Want(200, &page)
			seen += len(page.Items)
			last = page.Items[len(page.Items)-1]
			if after = page.Next; after == "" {
				break
			}
		}
		if seen != apiPage+1 || last.Type != "ping" || last.State != "delivered" || last.Status != 204 {
			t.Errorf("%d, %+v", seen, last)
		}
		s.got = nil
		c.As("olga").Do("POST", fmt.Sprint(path, "/", h.ID, "/deliveries/", last.ID, "/replay"), nil).Want(200, &last)
		s.run()
		if last.State != "pending" || len(s.got) != 1 || s.types() != "ping" {
			t.Errorf("%+v %+v", last, s.got)
		}
		c.As("olga").Do("POST", path+"/"+h.ID+"/enable", nil).Want(204, nil)
		c.As("olga").Do("DELETE", path+"/"+h.ID, nil).Want(204, nil)
		c.As("olga").Do("DELETE", path+"/"+h.ID, nil).Refused(404, "web.not_found")
	})
}
