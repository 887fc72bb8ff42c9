package app_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"convoke/internal/api/apitest"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/feature/subscriptions"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/notify/notifytest"
)

// oneAlert says the same of every alert.
type oneAlert struct{}

func (oneAlert) Say(context.Context, *db.Tx, string, *i18n.Locale) (subscriptions.Said, error) {
	return subscriptions.Said{Title: "Fire in the market hall", Lines: []string{"Keep the street free."}, Link: "http://example.org/alerts/x"}, nil
}

func (oneAlert) Categories() []subscriptions.Category {
	return []subscriptions.Category{{Code: "fire", Name: "Fire"}, {Code: "flood", Name: "Flood"}}
}

// TestSubscribe: somebody subscribes on the page, confirms, hears of an alert, changes what
// they hear of, and leaves with one click.
func TestSubscribe(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *mailStand) {
		s.Subscriptions.Alerts = oneAlert{}
		mails := func() []notifytest.Mail {
			t.Helper()
			if _, err := s.Jobs.RunPending(t.Context()); err != nil {
				t.Fatal(err)
			}
			return s.sink.Messages()
		}
		v := s.visitor()
		page := v.Get("/alerts/subscribe?near=Leipzig%2C+Germany&category=fire").Want(t, 200, "")
		if page.Attr("#near", "value") != "Leipzig, Germany" || strings.Count(page.Body, `name="category" value="fire" checked`) != 1 || strings.Contains(page.Body, `value="flood" checked`) {
			t.Errorf("the form does not begin as the address says:\n%s", page.Body)
		}
		form := []string{"channel", "email", "near", "Leipzig, Germany", "size", "town", "category", "fire", "lang", "en", "contact", "ann@example.org"}
		if a := v.Post("/alerts/subscribe", append([]string{}, "channel", "email", "near", "Springfield", "size", "town", "contact", "ann", "quiet_from", "x")...); a.Status != 422 ||
			a.Attr("#contact", "value") != "ann" || a.Attr("input[name=place_pick]", "value") == "" || a.Text("#quiet_from-error") == "" {
			t.Errorf("bad input: %d\n%s", a.Status, a.Text("main"))
		}
		wants(t, v.Post("/alerts/subscribe", form...), "A message is on its way")
		all := mails()
		if len(all) != 1 || all[0].To[0] != "ann@example.org" {
			t.Fatalf("%d mails", len(all))
		}
		link := strings.Fields(all[0].Text[strings.Index(all[0].Text, "http://example.org/subscriptions/"):])[0]
		mine := strings.TrimPrefix(link, "http://example.org")
		wants(t, v.Get(mine), "Shall this address get alerts near")
		v.Post(mine, "do", "confirm").Want(t, 303, mine+"?saved=1")

		spot, ok := s.Places.Lookup("Leipzig", "", "DE")
		if !ok {
			t.Fatal("no Leipzig")
		}
		alert := func(id, category string, kind fact.AlertKind) {
			t.Helper()
			err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
				return s.Subscriptions.AlertSent(t.Context(), tx, fact.AlertSent{
					Alert: id, Chain: id, Kind: kind, Category: category, Cells: []int64{int64(geo.GridAt(spot.Point))}, Expires: s.clock.Now().Add(time.Hour),
				})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		alert("f", "fire", fact.AlertNew)
		alert("w", "flood", fact.AlertNew)
		if all = mails(); len(all) != 2 || all[1].Subject != "Fire in the market hall" || !strings.Contains(all[1].Text, link) {
			t.Fatalf("%d mails, the last %+v", len(all), all[len(all)-1])
		}
		if a := v.Post(mine, "do", "change", "size", "region", "cell", "zz"); a.Status != 422 {
			t.Errorf("a wrong cell: %d", a.Status)
		}
		cell := v.Get(mine).Attr("input[name=cell]", "value")
		if a := v.Post(mine, "do", "change", "cell", cell, "near", "Springfield", "size", "near"); a.Status != 422 || a.Attr("input[name=place_pick]", "value") == "" {
			t.Errorf("a typed place counts before the old one: %d", a.Status)
		}
		v.Post(mine, "do", "change", "cell", cell, "size", "region", "category", "flood", "quiet_from", "22:00", "quiet_to", "06:30", "lang", "es").Want(t, 303, mine+"?saved=1")
		if a := v.Get(mine); a.Attr("#quiet_to", "value") != "06:30" || !strings.Contains(a.Body, `<option value="es" selected`) || strings.Contains(a.Body, `value="fire" checked`) {
			t.Errorf("changed: %s", a.Text("main"))
		}
		wants(t, v.Get(mine+"/leave"), "One click, and no more alerts come")
		// As a mail program does it: no cookie, no origin, no redirect.
		for range 2 {
			wants(t, s.visitor().Post(mine+"/leave", "List-Unsubscribe", "One-Click").Want(t, 200, ""), "You get no more alerts")
		}
		v.Get(mine).Want(t, 404, "")
		if n := s.count("select count(*) from alert_subscription"); n != 0 {
			t.Errorf("%d rows are left", n)
		}
		err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
			c, err := s.Subscriptions.Progress(t.Context(), tx, "f")
			if len(c.Channels) != 1 || c.Channels[0] != (subscriptions.Count{Channel: "email", Delivered: 1, OptedOut: 1}) {
				t.Errorf("%+v", c)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestSubscribeAPI: a program does what the forms do.
func TestSubscribeAPI(t *testing.T) {
	t.Parallel()
	cfg, sink := settings(t, ""), notifytest.Sink(t)
	cfg.SMTPURL, cfg.MailFrom, cfg.BaseURL = sink.URL(), "post@example.org", "http://example.org"
	s := start(t, cfg)
	s.Subscriptions.Alerts = oneAlert{}
	c := apitest.New(t, s.Site)
	spot, _ := s.Places.Lookup("Leipzig", "", "DE")
	cell := geo.GridAt(spot.Point).String()
	c.Do("POST", "/alerts/subscribe", map[string]any{"cell": cell, "size": "town", "channel": "email", "contact": "ann", "categories": []string{"dragon"}}).Refused(422, "form.invalid")
	if n := s.count("select count(*) from alert_subscription"); n != 0 {
		t.Errorf("%d were stored", n)
	}
	var ticket struct {
		Ticket    string
		Confirmed bool
	}
	for _, who := range []string{"ann", "ben", "cid", "dot", "eve", "fox", "gil", "hal", "ida", "joe"} {
		c.Do("POST", "/alerts/subscribe", map[string]any{"cell": cell, "size": "town", "channel": "email", "contact": who + "@example.org", "quiet_from": "22:00", "quiet_to": "07:00"}).Want(200, &ticket)
	}
	if ticket.Confirmed || ticket.Ticket == "" {
		t.Errorf("%+v", ticket)
	}
	if _, err := s.Jobs.RunPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	var secret string
	for i, m := range sink.Messages() {
		_, rest, _ := strings.Cut(m.Text, "http://example.org/subscriptions/")
		secret = strings.Fields(rest)[0]
		var near struct{ People *int }
		c.Do("GET", "/alerts/subscribers?cell="+cell, nil).Want(200, &near)
		if near.People != nil {
			t.Errorf("%d are said", i)
		}
		c.Do("PUT", "/subscriptions/"+secret+"/confirmed", nil).Want(204, nil)
	}
	var near struct{ People *int }
	c.Do("GET", "/alerts/subscribers?cell="+cell, nil).Want(200, &near)
	if near.People == nil || *near.People != 10 {
		t.Error("ten are not said")
	}
	c.Do("GET", "/alerts/subscribers?cell=zz", nil).Refused(404, "alerts.cell")
	var sub struct {
		Channel, Cell, Place, Size, Zone string
		QuietFrom                        string `json:"quiet_from"`
		Confirmed                        bool
		Categories                       []string
	}
	c.Do("GET", "/subscriptions/"+secret, nil).Want(200, &sub)
	if sub.Place != "Leipzig, Germany" || sub.Zone != "Europe/Berlin" || sub.QuietFrom != "22:00" || !sub.Confirmed || sub.Size != "town" {
		t.Errorf("%+v", sub)
	}
	c.Do("PUT", "/subscriptions/"+secret, map[string]any{"cell": sub.Cell, "size": "near", "categories": []string{"flood"}}).Want(200, &sub)
	if len(sub.Categories) != 1 || sub.Size != "near" {
		t.Errorf("%+v", sub)
	}
	c.Do("PUT", "/subscriptions/"+ticket.Ticket+"/code", map[string]any{"code": "123456"}).Refused(404, "alerts.code")
	for range 2 {
		c.Do("DELETE", "/subscriptions/"+secret, nil).Want(204, nil)
	}
	c.Do("GET", "/subscriptions/"+secret, nil).Refused(404, "alerts.no_link")
}

// pocket is a channel that keeps what it is given.
type pocket struct{ got []subscriptions.Parcel }

func (p *pocket) Parse(typed string) (string, error) { return typed, nil }

func (p *pocket) Prepare(x subscriptions.Parcel) (func(context.Context) error, error) {
	return func(context.Context) error { p.got = append(p.got, x); return nil }, nil
}

func (d *described) subscriptionsAsDescribed() {
	var phone pocket
	d.Subscriptions.Alerts = oneAlert{}
	d.Subscriptions.Ways = []subscriptions.Way{{Code: "sms", Name: "SMS", Label: "Number", Type: "tel", Proof: subscriptions.ByCode, Channel: &phone}}
	ticket := in(d.do("visitor", "subscribeToAlerts", obj{"near": "Leipzig, Germany", "size": "town", "channel": "sms", "contact": "+49170"}), "ticket")
	for len(phone.got) == 0 {
		if _, err := d.Jobs.RunPending(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
	}
	secret := phone.got[0].Manage[strings.LastIndex(phone.got[0].Manage, "/")+1:]
	d.do("visitor", "confirmSubscription", obj{"code": phone.got[0].Short[:6]}, ticket)
	d.do("visitor", "renewSubscription", nil, secret)
	d.c.Do("GET", "/alerts/subscribers?cell="+in(d.do("visitor", "getSubscription", nil, secret), "cell"), nil).Want(200, nil)
	d.do("visitor", "changeSubscription", obj{"near": "Leipzig, Germany", "size": "near", "quiet_from": "22:00", "quiet_to": "07:00"}, secret)
	d.do("visitor", "leaveAlerts", nil, secret)
}

// TestSubscribeBySMS: a number in a text message confirms, and STOP, which the gateway hands
// on, ends it.
func TestSubscribeBySMS(t *testing.T) {
	t.Parallel()
	texts := make(chan string, 10)
	gate := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { texts <- r.FormValue("text") }))
	defer gate.Close()
	cfg := settings(t, "")
	cfg.SMSURL, cfg.SMSBody, cfg.SMSInboundSecret = gate.URL, "to={to}&text={text}", "0123456789abcdef"
	s := start(t, cfg)
	s.Subscriptions.Alerts = oneAlert{}
	v := s.visitor()
	at := v.Post("/alerts/subscribe", "channel", "sms", "near", "Leipzig, Germany", "size", "near", "contact", "0049 170 1234567", "lang", "es").Location
	if !strings.HasSuffix(at, "/code") {
		t.Fatalf("it goes on at %q", at)
	}
	if _, err := s.Jobs.RunPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	code := (<-texts)[:6]
	if a := v.Post(at, "code", "12"); a.Status != 422 || a.Attr("#code", "value") != "12" {
		t.Errorf("a wrong number: %d", a.Status)
	}
	v.Post(at, "code", code).Want(t, 200, "")
	left := func() int { return s.count("select count(*) from alert_subscription where confirmed") }
	for path, form := range map[string][]string{
		"/subscriptions/0123456789abcdee/answer": {"from", "+491701234567", "text", "STOP"},
		"/subscriptions/x/answer":                {"from", "+491701234567", "text", "STOP"},
	} {
		v.Post(path, form...).Want(t, 404, "")
	}
	const in = "/subscriptions/0123456789abcdef/answer"
	v.Post(in, "from", "+491701234567", "text", "Thank you!").Want(t, 200, "")
	v.Post(in, "from", "+491709999999", "text", "STOP").Want(t, 200, "")
	v.Post(in, "text", "STOP").Want(t, 400, "")
	if left() != 1 {
		t.Fatal("somebody left who did not say so")
	}
	for range 2 {
		v.Post(in, "from", "0049 170 1234567", "text", "Stop.").Want(t, 200, "")
	}
	if left() != 0 {
		t.Error("STOP does not end it")
	}
}

// TestMovedByTheBrowser: the worker of a browser tells where its next messages go.
func TestMovedByTheBrowser(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	var phone pocket
	s.Subscriptions.Alerts = oneAlert{}
	s.Subscriptions.Ways = []subscriptions.Way{{Code: "push", Name: "Browser", Label: "Keys", Type: "text", Proof: subscriptions.ByKeys, Channel: &phone}}
	s.visitor().Post("/alerts/subscribe", "channel", "push", "near", "Leipzig, Germany", "size", "town", "lang", "en", "contact", `{"old":1}`).Want(t, 200, "")
	if _, err := s.Jobs.RunPending(t.Context()); err != nil || len(phone.got) != 1 {
		t.Fatalf("%d greetings, %v", len(phone.got), err)
	}
	mine := strings.TrimPrefix(phone.got[0].Manage, s.Config.BaseURL)
	for _, x := range []struct {
		path, body string
		status     int
	}{
		{mine, `{"subscription":`, 400}, {mine, `{"subscription":"` + strings.Repeat("x", 9000) + `"}`, 400}, {"/subscriptions/x", `{"subscription":{}}`, 404},
		{mine, `{"subscription":{"new":1}}`, 204}, {mine, `{"subscription":{"new":1}}`, 204},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, x.path+"/push", strings.NewReader(x.body))
		r.Host = "localhost"
		r.Header.Set("Content-Type", "application/json")
		a := httptest.NewRecorder()
		s.Site.ServeHTTP(a, r)
		if a.Code != x.status {
			t.Errorf("%.40s to %s: %d, want %d", x.body, x.path, a.Code, x.status)
		}
	}
	for contact, hears := range map[string]bool{`{"old":1}`: false, `{"new":1}`: true} {
		if place, err := s.Subscriptions.Around(t.Context(), "push", contact); err != nil || (place != "") != hears {
			t.Errorf("%s hears of %q, %v", contact, place, err)
		}
	}
}
