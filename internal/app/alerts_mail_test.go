package app_test

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/fault"
	"convoke/internal/notify/notifytest"
	"convoke/internal/web/webtest"
)

// TestFromReportToMail is the whole way on a whole node, by forms: somebody subscribes, a
// visitor reports, two verifiers check it, a mail goes out, one verifier takes it back,
// and the same person hears of that; and the public record counts.
func TestFromReportToMail(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *mailStand) {
		mails := func(n int) []notifytest.Mail {
			t.Helper()
			if _, err := s.Jobs.RunPending(t.Context()); err != nil {
				t.Fatal(err)
			}
			all := s.sink.Messages()
			if len(all) != n {
				t.Fatalf("%d mails, not %d", len(all), n)
			}
			return all
		}
		sam, steward := s.signIn("sam")
		s.group(steward, "riverside", "Riverside Neighbours")
		kim, k := s.signIn("kim")
		ned, n := s.signIn("ned")
		s.joined(k, authz.Member)
		s.joined(n, authz.Member)
		key := sam.Get("/alerts/networks/new").Want(t, 200, "").Attr("input[name=key]", "value")
		sam.Post("/alerts/networks/new", "key", key, "group", "riverside", "handle", "near", "name", "Near", "area", "Leipzig, Germany; 6", "categories", "fire").Want(t, 303, "/alerts/networks/near")
		for _, v := range []string{"kim", "ned"} {
			sam.Post("/alerts/networks/near/people", "do", "name", "group", "riverside", "member", v).Want(t, 303, "/alerts/networks/near/people")
		}
		v := s.visitor()
		v.Post("/alerts/subscribe", "channel", "email", "near", "Leipzig, Germany", "size", "town", "category", "fire", "lang", "es", "contact", "ann@example.org").Want(t, 200, "")
		first := mails(1)[0].Text
		mine := strings.TrimPrefix(strings.Fields(first[strings.Index(first, "http://example.org/subscriptions/"):])[0], "http://example.org")
		v.Post(mine, "do", "confirm").Want(t, 303, mine+"?saved=1")

		send := proposed(t, v, kim)
		mails(1) // nothing goes out by one person's word
		read := ned.Get(send).Want(t, 200, "")
		if !strings.Contains(read.Text("main"), "At most so many people get it: fewer than ten") {
			t.Errorf("%s", read.Text("main"))
		}
		sent := ned.Post(send, "do", "confirm", "hash", read.Attr("input[name=hash]", "value"), "checked", "0", "checked", "1", "checked", "2")
		if sent.Status != 303 {
			t.Fatalf("%d %s", sent.Status, sent.Text("main"))
		}
		told := mails(2)[1]
		for _, want := range []string{"Cierra ventanas y puertas.", "http://example.org" + sent.Location, mine + "/leave"} {
			if !strings.Contains(told.Text+told.Header.Get("List-Unsubscribe"), want) {
				t.Errorf("%q is missing: %s", want, told.Text)
			}
		}
		// How it went is for verifiers, and of a handful no number is said.
		id := strings.TrimPrefix(sent.Location, "/alerts/")
		wants(t, kim.Get("/alerts/queue/near/send/"+id), "How it went", "E-mail", "Taken by the service fewer than ten")
		if all, done, err := s.Alerts.Deliveries(t.Context(), k, "near", id); err != nil || !done || len(all) != 1 || all[0].Taken != 1 {
			t.Errorf("%+v, %v: %v", all, done, err)
		}
		if _, _, err := s.Alerts.Deliveries(t.Context(), authz.Actor{Person: "nobody"}, "near", id); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("somebody else sees how it went: %v", err)
		}
		s.clock.Add(time.Hour)
		kim.Post("/alerts/queue/near/send/"+strings.TrimPrefix(sent.Location, "/alerts/"), "do", "withdraw")
		back := mails(3)[2]
		if back.To[0] != "ann@example.org" || !strings.Contains(back.Subject, ":") || strings.Contains(back.Text, "Cierra ventanas") {
			t.Errorf("%s: %s", back.Subject, back.Text)
		}
		if r := s.verified(); len(r.Wrong) > 0 {
			t.Errorf("%+v", r.Wrong)
		}

		v.Post(mine+"/leave").Want(t, 200, "")
		send = proposed(t, v, kim)
		sent = ned.Post(send, "do", "confirm", "hash", ned.Get(send).Attr("input[name=hash]", "value"), "checked", "0", "checked", "1", "checked", "2")
		mails(3)
		wants(t, kim.Get("/alerts/queue/near/send/"+strings.TrimPrefix(sent.Location, "/alerts/")), "How it went", "nobody near had subscribed")
	})
}

// proposed is where a second verifier confirms what a visitor has reported and one verifier
// proposes.
func proposed(t *testing.T, visitor, verifier *webtest.Browser) (send string) {
	t.Helper()
	key := visitor.Get("/alerts/report").Want(t, 200, "").Attr("input[name=key]", "value")
	visitor.Post("/alerts/report", "key", key, "category", "fire", "place", "Leipzig, Germany", "ago", "0", "first_hand", "seen").Want(t, 303, "/alerts/report/"+key)
	page := verifier.Get("/alerts/queue/near").Want(t, 200, "").Attr("article.card a", "href")
	send = strings.Replace(page, "/cases/", "/send/", 1)
	cell := verifier.Get(send).Want(t, 200, "").Attr("fieldset#cells input", "value")
	verifier.Post(send, "do", "propose", "basis", "seen", "confidence", "certain", "guidance", "windows", "cells", cell, "lasts", "120", "category", "fire",
		"checked", "0", "checked", "1", "checked", "2", "seen_it", "1").Want(t, 303, send)
	return send
}
