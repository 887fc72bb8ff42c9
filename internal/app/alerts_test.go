package app_test

import (
	"context"
	"encoding/hex"
	"maps"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/feature/alerts"
	"convoke/internal/feature/alerts/official"
	"convoke/internal/feature/groups"
	"convoke/internal/fetch"
	"convoke/internal/id"
	"convoke/internal/web/webtest"
)

// warning is a network near Leipzig of two groups, run from the first of which a steward
// is, with a verifier of each.
type warning struct {
	*stand
	handle        string
	first, second authz.Actor // verifiers
}

// warns lets a group start a network, and another one run it, too; verifiers are of one
// each. Only they are: stewards give that up.
func (s *stand) warns(handle, group, other string, steward, founder, first, second authz.Actor) *warning {
	s.t.Helper()
	ctx := s.t.Context()
	s.must(s.Alerts.Start(ctx, steward, s.IDs.Secret(), alerts.NetworkInput{
		Handle: handle, Name: "Near the river", Group: group, Area: "Leipzig; 8", Categories: []string{"fire", "road"}, Rules: "We look first.",
	}))
	s.must(s.Alerts.Ask(ctx, steward, handle, other))
	s.must(s.Alerts.Answer(ctx, founder, handle, other, true))
	s.must(s.Alerts.Name(ctx, steward, handle, group, first.Handle))
	s.must(s.Alerts.Name(ctx, founder, handle, other, second.Handle))
	if steward.Person != first.Person {
		s.must(s.Alerts.Unname(ctx, steward, handle, steward.Handle))
	}
	return &warning{s, handle, first, second}
}

func (s *stand) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// report sends one and returns its key, and the case that it is in.
func (w *warning) report(by authz.Actor, category string, photo []byte) (key, of string) {
	w.t.Helper()
	key = w.IDs.Secret()
	w.must(w.Alerts.Report(w.t.Context(), by, key, alerts.ReportInput{
		Category: category, Place: "Leipzig", Network: w.handle, Ago: "15", FirstHand: "seen", Note: "By the market", Photo: photo,
	}))
	return key, w.column("select case_id from alert_report where hash = $1", id.Hash(key))[0]
}

// forestFire is an official warning for Leipzig.
const forestFire = `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>1</identifier><sender>warn@example.org</sender><sent>2026-05-02T13:30:00+02:00</sent>
<status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><category>Fire</category><event>Forest fire</event><urgency>Immediate</urgency><severity>Severe</severity>
<certainty>Observed</certainty><expires>2026-05-09T20:00:00+02:00</expires><headline>The forest burns</headline><area><areaDesc>Leipzig</areaDesc><circle>51.34,12.37 20</circle></area></info></alert>`

// files are what is at some addresses.
type files map[string]string

// GetNewer implements official.Source.
func (f files) GetNewer(_ context.Context, address, _ string, _ fetch.Version) ([]byte, fetch.Version, error) {
	if text, ok := f[address]; ok {
		return []byte(text), fetch.Version{}, nil
	}
	return nil, fetch.Version{}, fetch.ErrStatus
}

// official has an authority warn, and returns the warning's id.
func (s *stand) official() string {
	s.t.Helper()
	s.Alerts.Official.From, s.Alerts.Official.Feeds = files{"https://warn.example.org/": forestFire}, []official.Feed{{Address: "https://warn.example.org/"}}
	s.must(s.Alerts.Official.Refresh(s.t.Context()))
	return s.column("select id from alert_official")[0]
}

// message is what the verifiers say of a case.
func (w *warning) message(of string) alerts.Message {
	w.t.Helper()
	c, err := w.Alerts.Case(w.t.Context(), w.first, w.handle, of)
	w.must(err)
	return alerts.Message{
		Kind: fact.AlertNew, Category: c.Category, Basis: alerts.Seen, Confidence: alerts.Certain, Guidance: []string{"away"}, Cells: []string{c.Cell.String()},
		Seen: c.Seen.Unix(), Lasts: 240,
	}
}

// propose has the first verifier say so, and returns what the second one reads.
func (w *warning) propose(subject string, m alerts.Message) (hash string) {
	w.t.Helper()
	w.must(w.Alerts.Propose(w.t.Context(), w.first, w.handle, subject, m, true, 3))
	d := alerts.Draft{Subject: subject, Message: m}
	return d.Hash()
}

// send has both say so.
func (w *warning) send(subject string, m alerts.Message) (alert string) {
	w.t.Helper()
	alert, err := w.Alerts.Confirm(w.t.Context(), w.second, w.handle, subject, w.propose(subject, m), true, 3)
	w.must(err)
	return alert
}

// photoOf is the address of the picture of a report.
func photoOf(key string) string { return hex.EncodeToString(id.Hash(key)) }

// verifies makes robin a verifier who is on call, checks a report, wrote a note on it,
// proposes an alert about it, and named a neighbour.
func (s *mailStand) verifies(sam, robin authz.Actor) {
	s.t.Helper()
	ctx := s.t.Context()
	w := s.warns("near", "riverside", "hillside", sam, robin, robin, robin)
	_, of := w.report(authz.Actor{}, "fire", nil)
	s.must(s.Alerts.AddShift(ctx, robin, "near", s.IDs.Secret(), robin.Handle, s.clock.Now(), s.clock.Now().Add(time.Hour)))
	s.must(s.Alerts.Start(ctx, sam, s.IDs.Secret(), alerts.NetworkInput{Handle: "beyond", Name: "Beyond", Group: "riverside", Area: "Dresden; 5", Categories: []string{"fire"}}))
	s.must(s.Alerts.Neighbour(ctx, robin, "near", "beyond"))
	s.must(s.Alerts.Claim(ctx, robin, "near", of))
	s.must(s.Alerts.Write(ctx, robin, "near", of, s.IDs.Secret(), "I go there"))
	w.propose(of, w.message(of))
}

// TestAlertsSentTwice: each form of alerts may be sent again, as [twice] says.
func TestAlertsSentTwice(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	sam, by := s.signIn("sam")
	kim, other := s.signIn("kim")
	s.group(by, "riverside", "Riverside Neighbours")
	s.group(other, "hill", "Hill Gardeners")
	twice := func(path string, again int, pairs ...string) {
		t.Helper()
		first, second := sam.Post(path, pairs...), sam.Post(path, pairs...)
		if first.Status != 303 || second.Status != again {
			t.Errorf("%s %q: %d, then %d: %s", path, pairs, first.Status, second.Status, first.Text(".error-summary"))
		}
	}
	one := func(q string, want int) {
		t.Helper()
		if n := s.count(q); n != want {
			t.Errorf("%s: %d, not %d", q, n, want)
		}
	}
	const network, people, queue = "/alerts/networks/near", "/alerts/networks/near/people", "/alerts/queue/near"
	text := []string{"name", "Near", "area", "Leipzig; 8", "categories", "fire", "categories", "road"}
	twice("/alerts/networks/new", 303, append([]string{"key", s.IDs.Secret(), "handle", "near", "group", "riverside"}, text...)...)
	one("select count(*) from alert_network", 1)
	twice(network+"/edit", 422, append([]string{"sequence", "0", "rules", "We look first."}, text...)...)
	twice(network, 303, "do", "ask", "group", "hill")
	one("select count(*) from alert_owner", 2)
	s.must(s.Alerts.Answer(t.Context(), other, "near", "hill", true))
	s.must(s.Alerts.Name(t.Context(), other, "near", "hill", "kim"))
	twice(people, 303, "do", "name", "group", "riverside", "member", "sam")
	one("select count(*) from alert_verifier", 2)
	shift := []string{"key", s.IDs.Secret(), "person", "sam", "day", s.clock.Now().AddDate(0, 0, 1).Format(time.DateOnly), "start", "10:00", "hours", "4"}
	twice(people, 303, append(shift, "do", "shift")...)
	twice(people, 303, "do", "mail")
	one("select count(*) from alert_verifier where call_sealed is null", 2)
	one("select count(*) from alert_shift", 1)
	twice(people, 303, "do", "drop", "person", "sam", "shift", shift[1])

	report := func(category string) (key, of string) {
		t.Helper()
		key = s.IDs.Secret()
		twice("/alerts/report", 303, "key", key, "category", category, "place", "Leipzig", "ago", "0", "first_hand", "seen")
		return key, s.column("select case_id from alert_report where hash = $1", id.Hash(key))[0]
	}
	key, of := report("road") // by a member, who so keeps themselves from verifying it
	one("select reports from alert_case", 1)
	twice("/alerts/report/"+key, 303, "note", "It grows")
	one("select more from alert_report", 1)
	twice(queue, 303, "key", s.IDs.Secret(), "note", "All quiet")
	twice(queue+"/cases/"+of, 303, "do", "note", "key", s.IDs.Secret(), "note", "I go there")
	one("select count(*) from alert_note", 2)
	w := &warning{s, "near", by, other}
	_, fire := w.report(authz.Actor{}, "fire", nil)
	for _, do := range [][]string{{"do", "claim"}, {"do", "release"}, {"do", "deny"}, {"do", "reopen"}} {
		twice(queue+"/cases/"+fire, 303, do...)
	}
	s.clock.Add(3 * time.Hour) // what is reported now is another case
	_, again := w.report(authz.Actor{}, "fire", nil)
	twice(queue+"/cases/"+again, 303, "do", "same", "of", fire)
	one("select count(*) from alert_case where state = 'duplicate'", 1)
	one("select reports from alert_case where category = 'fire' and state = 'new'", 2)

	s.clock.Add(13 * time.Hour)
	_, of = w.report(authz.Actor{}, "fire", nil)
	m := w.message(of)
	send := queue + "/send/" + of
	typed := []string{"basis", "seen", "confidence", "certain", "guidance", "away", "cells", m.Cells[0], "lasts", "60", "checked", "0", "checked", "1", "checked", "2", "seen_it", "1"}
	twice(send, 303, append([]string{"do", "propose"}, typed...)...)
	one("select count(*) from alert_draft", 1)
	confirm := []string{"do", "confirm", "hash", kim.Get(send).Want(t, 200, "").Attr("input[name=hash]", "value"), "checked", "0", "checked", "1", "checked", "2"}
	if a := kim.Post(send, confirm...); a.Status != 303 {
		t.Fatalf("%d: %s", a.Status, a.Text("main"))
	}
	kim.Post(send, confirm...).Want(t, 409, "") // it is out already
	one("select count(*) from alert", 1)
	twice(queue+"/send/"+s.column("select chain_id from alert")[0], 303, "do", "withdraw")
	one("select count(*) from alert", 2)
	twice(people, 303, "do", "unname", "person", "sam")
	twice(network, 303, "do", "close")
	twice(network, 303, "do", "part", "group", "riverside")
	one("select count(*) from alert_owner", 1)
}

// TestReportsSayNothing: of what somebody reports nothing can be read without the keys, and
// nothing says who they are, also not of a member who is signed in.
func TestReportsSayNothing(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	_, by := s.signIn("sam")
	eve, member := s.signIn("eve")
	g := s.group(by, "riverside", "Riverside Neighbours")
	s.group(member, "hill", "Hill Gardeners")
	s.must(s.DB.Write(t.Context(), func(tx *db.Tx) error {
		return s.Groups.Join(t.Context(), tx, g, member.Person, groups.Admission{Role: "member", By: by.Person})
	}))
	s.warns("near", "riverside", "hill", by, member, by, member)
	s.must(s.Alerts.Unname(t.Context(), member, "near", "eve"))
	was := s.scan(string(member.Person))
	for _, b := range []*webtest.Browser{eve, s.visitor()} {
		key := s.IDs.Secret()
		b.PostFile("/alerts/report", "photo", "a.png", picture(t), "key", key, "category", "fire", "place", "51.3321, 12.3654", "ago", "0", "first_hand", "seen", "note", "By the fountain").
			Want(t, 303, "/alerts/report/"+key)
		b.Post("/alerts/report/"+key, "note", "Heavier now").Want(t, 303, "/alerts/report/"+key)
		if got := s.scan("fountain", "Heavier", "51.3321", "12.3654", key, "192.0.2.1", hex.EncodeToString([]byte("fountain"))); len(got) > 0 {
			t.Errorf("it can be read in %v", got)
		}
	}
	if now := s.scan(string(member.Person)); !maps.Equal(was, now) || s.count("select count(*) from alert_report where member") != 1 || s.count("select count(*) from alert_photo") != 2 {
		t.Errorf("of who reported %v became %v", was, now)
	}
	if n := s.count("select count(*) from alert_report_tag"); n == 0 || n > 20 {
		t.Errorf("%d tags keep the member from verifying", n)
	}
}
