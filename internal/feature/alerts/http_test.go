package alerts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"convoke/internal/cap"
	"convoke/internal/web/webtest"
)

// browser is somebody's, of the fixture's site; "" is a visitor's.
func (f *fixture) browser(handle string) *webtest.Browser {
	b := webtest.NewBrowser(f.t, f.site)
	if handle == "" {
		return b
	}
	return b.WithSession(handle)
}

// TestFromReportToAlert is the whole way by forms, without script: a visitor reports, two
// verifiers confirm, everybody reads it, and one verifier takes it back.
func TestFromReportToAlert(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		v, bo, cy := f.browser(""), f.browser("bo"), f.browser("cy")
		form := v.Get("/alerts/report?near=Leipzig&category=fire").Want(t, 200, "")
		key := form.Attr("input[name=key]", "value")
		var pic bytes.Buffer
		must(t, png.Encode(&pic, image.NewGray(image.Rect(0, 0, 4, 4))))
		v.PostFile("/alerts/report", "photo", "x.png", pic.Bytes(), "key", key, "category", "fire", "place", "Leipzig", "ago", "15", "first_hand", "seen", "note", "Smoke over the market").
			Want(t, 303, "/alerts/report/"+key)
		held := v.Get("/alerts/report/"+key).Want(t, 200, "")
		if !strings.Contains(held.Body, "Waits for verifiers") || held.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s", held.Text("main"))
		}
		v.Post("/alerts/report/"+key, "note", "It grows").Want(t, 303, "/alerts/report/"+key)
		if a := v.Get("/alerts").Want(t, 200, ""); strings.Contains(a.Text("main"), "Smoke") || !strings.Contains(a.Text("main"), "No alert holds now.") {
			t.Error("a report is public")
		}

		cy.Get("/alerts/queue").Want(t, 303, "/alerts/queue/near")
		queue := bo.Get("/alerts/queue/near").Want(t, 200, "")
		page := queue.Attr("article.card a", "href")
		c := bo.Get(page).Want(t, 200, "")
		for _, want := range []string{"Smoke over the market", "It grows", "51.3400, 12.3700", "Seen"} {
			if !strings.Contains(c.Text("main"), want) {
				t.Errorf("%q is missing: %s", want, c.Text("main"))
			}
		}
		src := c.Attr("article img", "src")
		if small, whole := bo.Get(src).Want(t, 200, ""), bo.Get(strings.TrimSuffix(src, "?small=1")).Want(t, 200, ""); len(small.Body) != 1 || whole.Body != pic.String() {
			t.Errorf("the picture on the page has %d bytes, the one behind it %d of %d", len(small.Body), len(whole.Body), pic.Len())
		}
		f.browser("mallory").Get(page).Want(t, 404, "")
		f.browser("mallory").Get(c.Attr("article img", "src")).Want(t, 404, "")
		v.Get(page).Want(t, 303, "/sign-in?next="+url.QueryEscape(page))
		bo.Post(page, "do", "claim").Want(t, 303, page)
		send := strings.Replace(page, "/cases/", "/send/", 1)
		compose := bo.Get(send).Want(t, 200, "")
		cell := compose.Attr("fieldset#cells input", "value")
		typed := []string{
			"do", "propose", "category", "fire", "basis", "seen", "confidence", "certain", "guidance", "away", "guidance", "windows", "cells", cell, "lasts", "120",
			"checked", "0", "checked", "1", "checked", "2", "seen_it", "1",
		}
		bo.Post(send, typed[:len(typed)-4]...).Want(t, 422, "") // something is not made sure of
		bo.Post(send, typed...).Want(t, 303, send)
		if a := bo.Get(send).Want(t, 200, ""); !strings.Contains(a.Text("main"), "Another verifier has to confirm it") || strings.Contains(a.Body, `value="confirm"`) {
			t.Errorf("%s", a.Text("main"))
		}
		read := cy.Get(send).Want(t, 200, "")
		if !strings.Contains(read.Text("main"), "Close windows and doors.") || read.Attr("div[lang=en]", "dir") != "ltr" {
			t.Errorf("%s", read.Text("main"))
		}
		hash := read.Attr("input[name=hash]", "value")
		if a := cy.Post(send, "do", "confirm", "hash", hash, "checked", "0", "checked", "2").Want(t, 422, ""); !strings.Contains(a.Text("main"), "The fire brigade knows of it.") ||
			!strings.Contains(a.Body, `name="checked" value="2" checked`) || strings.Contains(a.Body, `name="checked" value="1" checked`) {
			t.Errorf("what was ticked is lost: %s", a.Text("main"))
		}
		sent := cy.Post(send, "do", "confirm", "hash", hash, "checked", "0", "checked", "1", "checked", "2")
		if sent.Status != 303 {
			t.Fatalf("%d %s", sent.Status, sent.Text("main"))
		}

		a := v.Get(sent.Location).Want(t, 200, "")
		for _, want := range []string{"Fire and smoke, Leipzig, Germany", "at least one saw it", "Stay away from there.", "Until" /* not on the page */} {
			if strings.Contains(a.Text("main"), want) != (want != "Until") {
				t.Errorf("%q: %s", want, a.Text("main"))
			}
		}
		if strings.Contains(a.Body, "bo<") || strings.Contains(a.Body, "Smoke over") || strings.Contains(a.Body, "51.34,") {
			t.Error("the page says who verified it, what was reported, or where exactly")
		}
		f.formats(v, sent.Location)
		cy.Post(send, "do", "confirm", "hash", hash).Want(t, 409, "")
		chain := strings.TrimPrefix(sent.Location, "/alerts/")
		withdrawn := bo.Post("/alerts/queue/near/send/"+chain, "do", "withdraw")
		if withdrawn.Status != 303 {
			t.Fatalf("%d %s", withdrawn.Status, withdrawn.Text("main"))
		}
		if a := v.Get(withdrawn.Location).Want(t, 303, sent.Location); strings.Contains(a.Body, "<h1") {
			t.Errorf("what leads to the chain is a page, too: %s", a.Text("main"))
		}
		if a := v.Get(sent.Location).Want(t, 200, ""); !strings.Contains(a.Text("main h1"), "Withdrawn: Fire and smoke") || !strings.Contains(a.Text("main"), "What we told you was a mistake.") {
			t.Errorf("%s", a.Text("main"))
		}
	})
}

// formats reads an alert in all its formats.
func (f *fixture) formats(v *webtest.Browser, path string) {
	f.t.Helper()
	a, err := cap.Parse([]byte(v.Get(path+".cap").Want(f.t, 200, "").Body))
	must(f.t, err)
	if a.Status != cap.StatusActual || a.MsgType != cap.MsgAlert || len(a.Info) != len(webtest.Locales(f.t).Locales()) || len(a.Info[0].Area[0].Polygon) != 1 {
		f.t.Errorf("%+v", a)
	}
	feed, err := cap.ParseFeed([]byte(v.Get("/alerts.cap").Want(f.t, 200, "").Body), &url.URL{Scheme: "http", Host: webtest.Host})
	must(f.t, err)
	if len(feed.Entries) != 1 || !strings.HasSuffix(feed.Entries[0].Link, path+".cap") {
		f.t.Errorf("%+v", feed)
	}
	for q, n := range map[string]int{"near=Halle": 0, "near=Leipzig": 1, "category=road": 0, "category=fire": 1} {
		feed, err := cap.ParseFeed([]byte(v.Get("/alerts.atom?"+q).Want(f.t, 200, "").Body), &url.URL{Scheme: "http", Host: webtest.Host})
		if must(f.t, err); len(feed.Entries) != n {
			f.t.Errorf("%s: %d entries", q, len(feed.Entries))
		}
	}
	v.Get("/alerts.atom?cell=x").Want(f.t, 400, "")
	if a := v.Get("/alerts?near=Nowhere").Want(f.t, 422, ""); strings.Contains(a.Text("main"), "No alert holds") {
		f.t.Error("of a place that is not known it says that nothing holds there")
	}
	var j apiAlert
	must(f.t, json.Unmarshal([]byte(v.Get(path+".json").Want(f.t, 200, "").Body), &j))
	if j.Text != f.lines.all[0].Text || j.Statement == "" || len(j.Parts) != 5 {
		f.t.Errorf("%+v", j)
	}
	v.Get(path+".pdf").Want(f.t, 404, "")
}

// TestNetworkByForms: a steward starts a network, asks another group, names verifiers and
// plans shifts; others cannot.
func TestNetworkByForms(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ada, bo, fay, v := f.browser("ada"), f.browser("bo"), f.browser("fay"), f.browser("")
		v.Get("/alerts/networks/new").Want(t, 303, "/sign-in?next=%2Falerts%2Fnetworks%2Fnew")
		bo.Get("/alerts/networks/new").Want(t, 409, "")
		key := ada.Get("/alerts/networks/new").Want(t, 200, "").Attr("input[name=key]", "value")
		typed := []string{"key", key, "group", "hill", "handle", "near", "name", "Near", "area", "Leipzig; 8\nHalle: 3 km", "categories", "fire", "categories", "road", "rules", "**We** look first."}
		for field, bad := range map[string]string{"handle": "queue", "name": "", "area": "Atlantis; 3"} {
			in := append([]string(nil), typed...)
			for i := 0; i < len(in); i += 2 {
				if in[i] == field {
					in[i+1] = bad
				}
			}
			if a := ada.Post("/alerts/networks/new", in...).Want(t, 422, ""); a.Text("#"+field+"-error") == "" {
				t.Errorf("%s: %s", field, a.Text("main"))
			}
		}
		ada.Post("/alerts/networks/new", typed...).Want(t, 303, "/alerts/networks/near")
		ada.Post("/alerts/networks/new", typed...).Want(t, 303, "/alerts/networks/near") // twice is once
		page := v.Get("/alerts/networks/near").Want(t, 200, "")
		for _, want := range []string{"Leipzig", "Halle", "Fire and smoke", "We look first.", "fewer than ten"} {
			if !strings.Contains(page.Text("main"), want) {
				t.Errorf("%q is missing", want)
			}
		}
		ada.Post("/alerts/networks/near", "do", "ask", "group", "nobody").Want(t, 422, "")
		ada.Post("/alerts/networks/near", "do", "ask", "group", "@river").Want(t, 303, "/alerts/networks/near")
		bo.Post("/alerts/networks/near", "do", "close").Want(t, 403, "")
		fay.Post("/alerts/networks/near", "do", "join", "group", "river").Want(t, 303, "/alerts/networks/near")
		people := "/alerts/networks/near/people"
		ada.Post(people, "do", "name", "group", "hill", "member", "gus").Want(t, 422, "")
		fay.Post(people, "do", "name", "group", "hill", "member", "bo").Want(t, 422, "")
		ada.Post(people, "do", "name", "group", "hill", "member", "bo").Want(t, 303, people)
		f.browser("gus").Get(people).Want(t, 403, "")
		shift := ada.Get(people).Want(t, 200, "").Attr("input[name=key]", "value")
		bo.Post(people, "do", "shift", "key", shift, "person", "ada", "day", "2026-05-02", "start", "13:00", "hours", "4").Want(t, 403, "")
		bo.Post(people, "do", "shift", "key", shift, "person", "bo", "day", "someday", "start", "13:00", "hours", "4").Want(t, 422, "")
		bo.Post(people, "do", "shift", "key", shift, "person", "bo", "day", "2026-05-02", "start", "13:00", "hours", "4").Want(t, 303, people)
		if a := v.Get("/alerts/networks/near").Want(t, 200, ""); strings.Contains(a.Body, ">bo<") || !strings.Contains(a.Text("main"), "somebody is on call") {
			t.Errorf("%s", a.Text("main"))
		}
		for _, who := range []string{"bo", "cy", "nobody"} { // a verifier, and others
			f.browser("gus").Post(people, "do", "unname", "person", who).Want(t, 403, "")
		}
		ada.Post(people, "do", "unname", "person", "bo").Want(t, 303, people)
		bo.Get("/alerts/queue/near").Want(t, 404, "")
		ada.Post("/alerts/networks/near/edit", "sequence", "7", "name", "Nearby", "area", "Leipzig; 4", "categories", "fire").Want(t, 422, "")
		ada.Post("/alerts/networks/near/edit", "sequence", "0", "name", "Nearby", "area", "Leipzig; 4", "categories", "fire").Want(t, 303, "/alerts/networks/near")
		for range 2 { // twice is once
			fay.Post("/alerts/networks/near", "do", "part", "group", "river").Want(t, 303, "/alerts/networks/near")
		}
		fay.Post("/alerts/networks/near", "do", "join", "group", "river").Want(t, 422, "")
		ada.Post("/alerts/networks/near", "do", "part", "group", "hill").Want(t, 422, "")
		ada.Post("/alerts/networks/near", "do", "close").Want(t, 303, "/alerts/networks/near")
		if _, err := f.report("", smoke()); err == nil {
			t.Error("a closed network takes a report")
		}
	})
}

// TestDrill: a drill looks unlike an alert, has an address of its own and is in no list.
func TestDrill(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		bo, cy, v := f.browser("bo"), f.browser("cy"), f.browser("")
		queue := bo.Get("/alerts/queue/near").Want(t, 200, "")
		var send string
		for _, a := range queue.All("main p a") {
			if h := webtest.Attr(a, "href"); strings.HasSuffix(h, "?drill=1") {
				send = h
			}
		}
		cell := bo.Get(send).Want(t, 200, "").Attr("fieldset#cells input", "value")
		bo.Post(send, "do", "propose", "category", "fire", "basis", "seen", "confidence", "certain", "cells", cell, "lasts", "60").Want(t, 303, strings.TrimSuffix(send, "?drill=1"))
		send = strings.TrimSuffix(send, "?drill=1")
		sent := cy.Post(send, "do", "confirm", "hash", cy.Get(send).Want(t, 200, "").Attr("input[name=hash]", "value"))
		if sent.Status != 303 {
			t.Fatalf("%d: %s", sent.Status, sent.Text("main"))
		}
		at := v.Get(sent.Location)
		if !strings.HasPrefix(at.Location, "/alerts/drills/") {
			t.Fatalf("%d %s", at.Status, at.Location)
		}
		page := v.Get(at.Location).Want(t, 200, "")
		if !strings.Contains(page.Text("h1"), "DRILL.") || !strings.Contains(page.Text("main"), "there is nothing to do") || page.Text(".drill") == "" {
			t.Errorf("%s", page.Text("main"))
		}
		a, err := cap.Parse([]byte(v.Get(strings.Replace(at.Location, "drills/", "", 1)+".cap").Want(t, 200, "").Body))
		if must(t, err); a.Status != cap.StatusExercise {
			t.Error(a.Status)
		}
		if l := v.Get("/alerts").Want(t, 200, ""); strings.Contains(l.Text("main"), "DRILL") {
			t.Error("it stands among alerts")
		}
		if !f.lines.all[0].Drill || !f.heard.all[0].Drill {
			t.Error("it is told as an alert")
		}
	})
}

// TestFlood: ten thousand false reports at once, in all places there are and many about the
// very thing that is true, leave the queue usable, and what a member saw is at its head.
func TestFlood(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("many reports")
	}
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		start := time.Now()
		var senders errgroup.Group
		senders.SetLimit(32)
		for i := range 10_000 {
			senders.Go(func() error {
				in := smoke()
				in.Place, in.Note = coordinates(webPoint(i)), "False"
				if i%10 == 0 {
					in.Category, in.Place, in.FirstHand = "road", "Leipzig", "heard"
				}
				_, err := f.report("", in)
				return err
			})
		}
		must(t, senders.Wait())
		if _, err := f.report("eve", ReportInput{Category: "road", Place: "Leipzig", Ago: "0", FirstHand: "seen", Note: "The bridge is closed"}); err != nil {
			t.Fatal(err)
		}
		t.Logf("10,001 reports in %v", time.Since(start))
		q, err := f.Queue(t.Context(), as("cy"), "near", Fresh, "", 0)
		must(t, err)
		if len(q.Cases) == 0 || q.Cases[0].Category != "road" || len(q.Cases) > queuePage {
			t.Errorf("%d cases, the first %+v", len(q.Cases), q.Cases[0])
		}
		v, err := f.Case(t.Context(), as("cy"), "near", q.Cases[0].ID)
		must(t, err)
		if len(v.Reports) == 0 || !strings.Contains(fmt.Sprint(v.Reports[0]), "The bridge is closed") || v.Case.Reports < 1001 {
			t.Errorf("%d reports, of which the first says %+v", v.Case.Reports, v.Reports)
		}
	})
}
