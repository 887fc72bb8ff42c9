package app_test

import (
	"strings"
	"time"
)

// refused asks an operation for what must not be, and wants that it says so.
func (d *described) refused(role, op string, body any, status int, code, field string, names ...string) {
	d.t.Helper()
	method, path, _ := strings.Cut(d.ops[op], " ")
	for _, v := range names {
		at := unfilled.FindStringIndex(path)
		path = path[:at[0]] + v + path[at[1]:]
	}
	var pointer []string
	if field != "" {
		pointer = []string{"#/" + field, code}
		code = "form.invalid"
	}
	d.c.As(d.tokens[role]).Do(method, strings.TrimPrefix(path, "/api/v1"), body, "Idempotency-Key", d.IDs.Secret()).Refused(status, code, pointer...)
}

// but is a body with something else in it.
func but(body obj, name string, v any) obj {
	out := obj{}
	for k, x := range body {
		out[k] = x
	}
	out[name] = v
	return out
}

// alertsAsDescribed goes from a new network over a report to an alert, its update and its
// withdrawal.
func (d *described) alertsAsDescribed() {
	const n = "streets"
	body := obj{"handle": n, "group": "riverside", "name": "Streets", "area": "Leipzig; 4", "categories": []string{"fire", "road"}}
	d.refused("steward", "startAlertNetwork", but(body, "area", "Nowhere at all; 4"), 422, "alert.area_place", "area")
	d.refused("member", "startAlertNetwork", body, 403, "authz.forbidden", "")
	x := d.do("steward", "startAlertNetwork", body)
	body = obj{"name": "Streets", "area": "Leipzig; 5", "categories": []string{"fire", "road"}, "rules": "We look first.", "sequence": x["sequence"]}
	d.do("steward", "changeAlertNetwork", body, n)
	d.refused("steward", "changeAlertNetwork", body, 409, "alert.changed_meanwhile", "", n)
	if in(d.do("visitor", "getAlertNetwork", nil, n), "area.0.km") != "5" {
		d.t.Error("the area has not changed")
	}
	d.do("visitor", "listAlertNetworks", nil)
	d.do("steward", "askToRunNetwork", nil, n, "hill")
	d.refused("steward", "runNetwork", nil, 403, "authz.forbidden", "", n, "hill")
	d.do("other", "runNetwork", nil, n, "hill")
	d.refused("other", "nameVerifier", obj{"group": "riverside"}, 422, "alert.group", "group", n, "the-member")
	d.do("other", "nameVerifier", obj{"group": "hill"}, n, "the-other")
	d.do("steward", "nameVerifier", obj{"group": "riverside"}, n, "the-organizer")
	d.refused("account", "dropVerifier", nil, 403, "authz.forbidden", "", n, "the-organizer")
	d.do("organizer", "dropVerifier", nil, n, "the-organizer")
	d.refused("organizer", "getVerifiersQueue", nil, 404, "web.not_found", "", n)
	d.refused("other", "chooseCall", obj{"link": "x"}, 422, "alert.call_link", "link", n)
	d.refused("account", "chooseCall", obj{"link": ""}, 404, "web.not_found", "", n)
	d.do("other", "chooseCall", obj{"link": ""}, n)
	at := d.clock.Now().Add(time.Hour)
	shift := obj{"person": "the-other", "start": at.Format(time.RFC3339), "end": at.Add(4 * time.Hour).Format(time.RFC3339)}
	d.refused("other", "addShift", but(shift, "end", at.Format(time.RFC3339)), 422, "alert.shift", "end", n)
	d.do("other", "dropShift", nil, n, "the-other", in(d.do("other", "addShift", shift, n), "id"))
	d.sentAsDescribed(n)
	d.officialAsDescribed(n)
	d.passedAsDescribed(n)
	d.refused("other", "leaveNetwork", nil, 403, "authz.forbidden", "", n, "riverside")
	for range 2 { // twice is once
		d.do("other", "leaveNetwork", nil, n, "hill")
	}
	d.refused("other", "runNetwork", nil, 409, "alert.not_asked", "", n, "hill")
}

// sentAsDescribed reports something, and has two verifiers tell everybody.
func (d *described) sentAsDescribed(n string) {
	report := obj{"category": "road", "place": "51.36, 12.40", "network": n, "ago": 15, "first_hand": true, "note": "By the market"}
	d.refused("visitor", "reportSomething", but(report, "note", "a van L-XY 1234"), 422, "alert.note_plate", "note")
	d.refused("visitor", "reportSomething", but(report, "category", "fires"), 422, "alert.category", "category")
	key := in(d.do("visitor", "reportSomething", report), "key")
	d.refused("visitor", "addToReport", obj{"note": "sam@example.org"}, 422, "alert.note_contact", "note", key)
	d.do("visitor", "addToReport", obj{"note": "Buses go round."}, key)
	if got := in(d.do("visitor", "getReport", nil, key), "state"); got != "new" {
		d.t.Errorf("the report is %s", got)
	}
	d.refused("visitor", "getReport", nil, 404, "alert.no_report", "", d.IDs.Secret())
	of := in(d.do("steward", "getVerifiersQueue", nil, n), "items.0.id")
	d.do("steward", "actOnCase", obj{"do": "claim"}, n, of)
	d.refused("other", "actOnCase", obj{"do": "claim"}, 409, "alert.claimed", "", n, of)
	d.do("other", "actOnCase", obj{"do": "note", "note": "I look, too."}, n, of)
	d.do("other", "handOver", obj{"note": "All quiet."}, n)
	c := d.do("other", "getCase", nil, n, of)
	if in(c, "said.0.note") != "By the market" || in(c, "said.0.more.0") != "Buses go round." || in(c, "notes.0") != "I look, too." {
		d.t.Errorf("the case is %v", c)
	}
	d.refused("account", "getCase", nil, 404, "web.not_found", "", n, of)
	d.refused("other", "getDeliveries", nil, 404, "web.not_found", "", n, of) // which is no alert

	say := obj{
		"do": "propose", "category": "road", "basis": "seen", "confidence": "certain", "guidance": []string{"detour"}, "cells": []string{in(c, "cell")}, "lasts": 120, "checked": true,
		"first_hand": true,
	}
	d.refused("steward", "sendAlert", but(say, "checked", false), 422, "alert.checks", "checked", n, of)
	d.refused("steward", "sendAlert", but(say, "lasts", 721), 422, "alert.lasts", "lasts", n, of)
	d.refused("steward", "sendAlert", but(say, "cells", []string{"nowhere"}), 422, "alert.cells", "cells", n, of)
	both := func(subject string) obj {
		draft := d.do("steward", "sendAlert", say, n, subject)
		confirm := obj{"do": "confirm", "hash": in(draft, "draft.hash"), "checked": true}
		d.refused("steward", "sendAlert", confirm, 409, "alert.same_person", "", n, subject)
		d.refused("other", "sendAlert", but(confirm, "hash", "0000000000000000"), 409, "alert.draft_changed", "", n, subject)
		return d.do("other", "sendAlert", confirm, n, subject)
	}
	chain := in(both(of), "alert")
	d.do("visitor", "listAlerts", nil)
	say["kind"] = "update"
	if got := d.do("visitor", "getAlert", nil, in(both(chain), "alert")); in(got, "kind") != "update" || in(got, "chain") != chain {
		d.t.Errorf("the alert is %v", got)
	}
	d.do("other", "getDeliveries", nil, n, chain)
	d.refused("account", "getDeliveries", nil, 404, "web.not_found", "", n, chain)
	d.do("other", "sendAlert", obj{"do": "withdraw"}, n, chain)
	d.refused("steward", "sendAlert", say, 409, "alert.withdrawn", "", n, chain)
	d.refused("visitor", "getAlert", nil, 404, "web.not_found", "", "nothing")
}

// officialAsDescribed finds an official warning, and makes a report of it.
func (d *described) officialAsDescribed(n string) {
	wid := d.official()
	one := d.do("visitor", "listOfficialWarnings", nil)
	if in(one, "items.0.id") != wid || in(one, "items.0.texts.0.headline") != "The forest burns" || in(one, "items.0.category") != "fire" || in(one, "items.0.source") != "warn@example.org" {
		d.t.Errorf("the warnings are %v", one)
	}
	d.refused("account", "reportOfficialWarning", nil, 404, "web.not_found", "", n, wid)
	d.refused("other", "reportOfficialWarning", nil, 404, "web.not_found", "", n, "nothing")
	d.do("other", "reportOfficialWarning", nil, n, wid)
	if got := d.do("other", "getVerifiersQueue", nil, n); in(got, "items.0.category") != "fire" || in(got, "items.0.first_hand") != "0" {
		d.t.Errorf("the queue is %v", got)
	}
}

// passedAsDescribed hears of a neighbour's alert, and passes it on.
func (d *described) passedAsDescribed(n string) {
	alert := d.values["alert"]
	d.refused("other", "passAlert", nil, 404, "web.not_found", "", n, alert)
	d.refused("member", "addNeighbour", nil, 403, "authz.forbidden", "", n, "beyond")
	d.refused("steward", "addNeighbour", nil, 422, "alert.no_network", "neighbour", n, n)
	d.do("steward", "addNeighbour", nil, n, "beyond")
	if got := in(d.do("visitor", "getAlertNetwork", nil, n), "neighbours.0"); got != "beyond" {
		d.t.Errorf("it hears of %s", got)
	}
	d.refused("account", "leaveAlert", nil, 404, "web.not_found", "", n, alert)
	d.do("other", "leaveAlert", nil, n, alert)
	sent := in(d.do("other", "passAlert", nil, n, alert), "alert")
	if got := d.do("visitor", "getAlert", nil, sent); in(got, "network") != n || in(got, "passed.chain") != alert || in(got, "kind") != "alert" {
		d.t.Errorf("what is passed on: %v", got)
	}
	d.do("steward", "dropNeighbour", nil, n, "beyond")
	d.refused("other", "passAlert", nil, 404, "web.not_found", "", n, alert)
}
