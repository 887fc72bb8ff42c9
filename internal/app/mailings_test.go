package app_test

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/api/apitest"
	"convoke/internal/db"
	"convoke/internal/feature/mailings"
	"convoke/internal/feature/petitions"
	"convoke/internal/i18n"
	"convoke/internal/notify"
	"convoke/internal/notify/notifytest"
	"convoke/internal/record/box"
)

// linked is the path of the newest link below a path that an address got.
func (s *mailStand) linked(below string) string {
	s.t.Helper()
	if _, err := s.Jobs.RunPending(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	all := s.sink.Messages()
	link := regexp.MustCompile(`http://example\.org(` + below + `[^/\s]+)`).FindStringSubmatch(all[len(all)-1].Text)
	if link == nil {
		s.t.Fatalf("no link to %s in %q", below, all[len(all)-1].Text)
	}
	return link[1]
}

// everything lets an address hear of all that it can hear of.
func (s *mailStand) everything(address string) {
	s.t.Helper()
	s.Subscriptions.Alerts = oneAlert{}
	_, _, sam := s.filled() // which gives it a weekly mail, and makes the ladder
	slug, _ := s.pledge(sam, "riverside", toolDay())
	asked, err := s.Petitions.Create(s.t.Context(), sam, "riverside", s.IDs.Secret(), petitions.Input{
		Title: "A bench", Addressee: "The town council", Markdown: "To **sit**.", Lang: "en", Stages: "2", Gate: box.GateBrowser,
	})
	s.must(err)
	s.must(s.Petitions.OpenUp(s.t.Context(), sam, asked, 0, ""))
	v := s.visitor()
	for _, path := range []string{"/pledges/" + slug + "/news", "/petitions/" + asked + "/updates", "/campaigns/benches/ladder/news"} {
		v.Post(path, "email", address)
		link := s.linked(path + "/")
		v.Post(link, "do", "confirm").Want(s.t, 303, link)
	}
	v.Post("/alerts/subscribe", "channel", "email", "near", "Leipzig, Germany", "size", "town", "lang", "en", "contact", address).Want(s.t, 200, "")
	v.Post(s.linked("/subscriptions/"), "do", "confirm")
}

// TestMailings: somebody sees all that their address gets, behind a link that goes to it
// alone, and ends one of it, then the rest. What nobody confirmed is not shown.
func TestMailings(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *mailStand) {
		s.everything("robin@example.org")
		v := s.visitor()
		for _, bad := range []string{"", "robin", "Robin <robin@example.org>"} {
			if a := v.Post("/mailings", "email", bad); a.Status != 422 || a.Attr("#email", "value") != bad {
				t.Errorf("%q: %d", bad, a.Status)
			}
		}
		before := len(s.sink.Messages())
		known := v.Post("/mailings", "email", "Robin@Example.org").Want(t, 200, "")
		if s.count("select count(*) from job where kind = 'mailings.link' and priority > 0") != 1 {
			t.Error("who asks very often is in everybody's way")
		}
		link := s.linked("/mailings/")
		// What a stranger types leads to no message, and looks the same.
		if unknown := v.Post("/mailings", "email", "victim@example.org").Want(t, 200, ""); unknown.Text("main") != known.Text("main") {
			t.Errorf("a known address: %s\nan unknown one: %s", known.Text("main"), unknown.Text("main"))
		}
		s.run()
		if all := s.sink.Messages()[before:]; len(all) != 1 || !slices.Equal(all[0].To, []string{"Robin@Example.org"}) {
			t.Errorf("%d messages, %+v", len(all), all)
		}
		page := v.Get(link).Want(t, 200, "")
		for _, want := range []string{"Leipzig", "A bench", "A tool for the garden day", "Benches for all", "Riverside"} {
			if !strings.Contains(page.Text("main"), want) {
				t.Errorf("the page lacks %q: %s", want, page.Text("main"))
			}
		}
		if n := strings.Count(page.Body, `name="ref"`); n != 5 || page.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d things to end, kept %q", n, page.Header.Get("Cache-Control"))
		}
		petition := s.column("select id from petition")[0]
		v.Post(link, "source", "nothing", "ref", petition).Want(t, 400, "")
		for range 2 {
			v.Post(link, "source", "petitions", "ref", petition).Want(t, 303, link)
		}
		if s.count("select count(*) from petition_follower") != 0 {
			t.Error("the updates of the petition did not end")
		}
		for _, forged := range []string{"/mailings/x", link[:len(link)-2] + "AA", link + "A", "/mailings/" + strings.Repeat("A", 1000)} {
			v.Get(forged).Want(t, 404, "")
			v.Post(forged, "do", "all").Want(t, 404, "")
		}
		if rows := s.scan("victim@example.org", "Robin@Example.org"); len(rows) != 0 {
			t.Errorf("an address stands in %v", rows)
		}
		v.Post(link, "do", "all").Want(t, 303, link)
		wants(t, v.Get(link), "Nothing is sent to this address now.")
		for _, table := range []string{"pledge_news", "ladder_news", "alert_subscription", "digest"} {
			if n := s.count("select count(*) from " + table); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
		s.clock.Add(time.Hour)
		v.Get(link).Want(t, 404, "")
		s.clock.Add(24 * time.Hour)
		s.run()
		if n := s.keys("mailings:"); n != 0 {
			t.Errorf("%d keys are left the day after", n)
		}
	})
}

// TestMailingsByProgram: the same by the API.
func TestMailingsByProgram(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *mailStand) {
		s.everything("robin@example.org")
		c := apitest.New(t, s.Site)
		c.Do(http.MethodPost, "/mailings", map[string]any{"email": "robin"}).Refused(422, "form.invalid", "#/email", "mail.address")
		c.Do(http.MethodPost, "/mailings", map[string]any{"email": "robin@example.org"}).Want(204, nil)
		link := s.linked("/mailings/")
		var list struct {
			Address  string
			Mailings []struct{ Source, Ref, Title, URL string }
		}
		got := c.Get(link)
		got.Want(200, &list)
		if kept := got.Header.Get("Cache-Control"); kept != "no-store" {
			t.Errorf("what an address gets is kept: %s", kept)
		}
		if len(list.Mailings) != 5 || list.Address != "robin@example.org" || list.Mailings[1].Source != "petitions" || !strings.HasPrefix(list.Mailings[1].URL, "http") {
			t.Errorf("%+v", list)
		}
		for range 2 {
			c.Do(http.MethodDelete, link+"/digests/"+list.Mailings[4].Ref, nil).Want(204, nil)
		}
		c.Get(link).Want(200, &list)
		if len(list.Mailings) != 4 {
			t.Errorf("%+v", list)
		}
		c.Do(http.MethodDelete, link, nil).Want(204, nil)
		c.Get(link).Want(200, &list)
		if len(list.Mailings) != 0 {
			t.Errorf("%+v", list)
		}
	})
}

// run does what is due.
func (s *mailStand) run() {
	s.t.Helper()
	if _, err := s.Jobs.RunPending(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// keys counts those whose scope begins with a text.
func (s *stand) keys(prefix string) (n int) {
	s.t.Helper()
	err := s.Keys.Read(s.t.Context(), func(tx *db.Tx) error {
		return tx.Get(s.t.Context(), "select count(*) from seal_key where scope like $1", []any{prefix + "%"}, &n)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// letters keeps what is sent.
type letters struct{ all []string }

// Send implements notify.Sender.
func (l *letters) Send(_ context.Context, m notify.Message) error {
	l.all = append(l.all, notifytest.Plain(m))
	return nil
}

func (d *described) mailingsAsDescribed() {
	var sent letters
	d.Mailings.Sender, d.Mailings.BaseURL = &sent, "http://example.org"
	d.Mailings.Sources = []mailings.Source{{
		Code: "news", Name: "News",
		Of: func(context.Context, string, *i18n.Locale) ([]mailings.Mailing, error) {
			return []mailings.Mailing{{Ref: "all", Title: "All of it", URL: "/news"}}, nil
		},
		Leave: func(context.Context, string, string) error { return nil },
	}}
	d.do("visitor", "askForMailings", obj{"email": "ana@example.org"})
	if _, err := d.Jobs.RunPending(d.t.Context()); err != nil || len(sent.all) != 1 {
		d.t.Fatalf("%d messages, %v", len(sent.all), err)
	}
	_, link, _ := strings.Cut(sent.all[0], "/mailings/")
	link = strings.Fields(link)[0]
	d.do("visitor", "listMailings", nil, link)
	d.do("visitor", "endMailing", nil, link, "news", "all")
	d.do("visitor", "endMailings", nil, link)
}
