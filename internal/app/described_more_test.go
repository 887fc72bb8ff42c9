package app_test

import "regexp"

var roomLink = regexp.MustCompile(`/door/([0-9a-z]{26})`)

// assembliesAsDescribed goes through an assembly from its draft to a correction of its
// minutes.
func (d *described) assembliesAsDescribed() {
	call := obj{"title": "Plenary", "lang": "en", "place": "Old school", "day": d.day(3), "start": "18:00", "end": "20:00", "public": true}
	a := d.do("steward", "createAssembly", call, "riverside")
	at := in(a, "id")
	call["about"], call["sequence"] = "We meet.", a["sequence"]
	d.do("steward", "changeAssembly", call, at)
	d.do("steward", "addAssemblyItem", obj{"title": "Welcome", "minutes": 5}, at)
	a = d.do("steward", "addAssemblyItem", obj{"title": "Benches"}, at)
	item := in(a, "agenda.1.id")
	a = d.do("steward", "changeAssemblyItem", obj{"title": "Two benches", "minutes": 20, "sequence": a["sequence"]}, at, item)
	a = d.do("member", "arrangeAssemblyItem", obj{"do": "up", "place": 2}, at, item)
	if in(a, "agenda.0.id") != item {
		d.t.Error("the item has not moved")
	}
	a = d.do("steward", "callAssembly", obj{"do": "call", "sequence": a["sequence"]}, at)
	d.do("member", "takeAssemblyRole", obj{"role": "notes", "do": "take"}, at)
	a = d.do("steward", "runAssembly", obj{"do": "open", "step": a["step"]}, at)
	d.do("member", "raiseHand", obj{"do": "up", "name": "Mia"}, at)
	d.inTheRoom(at)
	a = d.do("steward", "runAssembly", obj{"do": "next", "step": a["step"]}, at)

	notes := obj{"notes": "All agree.", "decisions": []string{"Two benches."}, "tasks": []obj{{"task": "Find wood", "owner": "the-member", "until": d.day(9)}}}
	d.do("member", "writeAssemblyNotes", notes, at, item)
	d.do("steward", "runAssembly", obj{"do": "close", "step": a["step"]}, at)
	d.do("member", "actOnAssemblyMinutes", obj{"do": "publish", "for": "public"}, at)
	d.do("steward", "actOnAssemblyMinutes", obj{"do": "approve"}, at)
	m := d.do("steward", "actOnAssemblyMinutes", obj{"do": "correct", "body": "Three benches."}, at)
	if in(m, "items.0.tasks.0.owner") != "the-member" || in(m, "corrections.0.body") != "Three benches." {
		d.t.Errorf("the minutes say %v", m)
	}
	d.do("visitor", "getAssemblyMinutes", nil, at)
}

// inTheRoom has somebody without an account ask to speak.
func (d *described) inTheRoom(at string) {
	found := roomLink.FindStringSubmatch(d.browser["steward"].Get("/assemblies/"+at+"/run").Want(d.t, 200, "").Body)
	if found == nil {
		d.t.Fatal("there is no link for the room")
	}
	d.do("visitor", "getAssemblyInRoom", nil, at, found[1])
	hand := in(d.do("visitor", "raiseHandInRoom", obj{"name": "Noor"}, at, found[1]), "secret")
	if got := in(d.do("visitor", "getOwnHand", nil, at, hand), "hand"); got != "up" {
		d.t.Errorf("the hand is %s", got)
	}
	d.do("visitor", "moveOwnHand", obj{"do": "down"}, at, hand)
	d.do("visitor", "moveOwnHand", obj{"do": "again"}, at, hand)
}

func (d *described) laddersAsDescribed() {
	const c = "clear-water"
	plan := obj{"steps": []obj{
		{"key": "first", "title": "First", "kind": "other"},
		{"key": "next", "title": "Next", "kind": "other", "gate": obj{"trigger": obj{"name": "They say no", "k": 1, "delegates": []string{"the-member"}}}},
	}}
	draft := d.do("steward", "getLadderDraft", nil, c)
	draft = d.do("steward", "changeLadderDraft", obj{"sequence": draft["sequence"], "plan": plan}, c)
	d.do("steward", "simulateLadder", obj{"until": "2027-01-01T00:00:00Z", "assumed": []obj{{"condition": 0, "at": "2026-06-01T00:00:00Z"}}}, c)
	d.do("steward", "publishLadder", obj{"sequence": draft["sequence"]}, c)
	d.do("member", "declareTrigger", obj{"trigger": "They say no", "declared": true}, c)
	if l := d.do("visitor", "getLadder", nil, c); in(l, "steps.1.state") != "open" {
		d.t.Errorf("the ladder is %v", l)
	}
	if done := d.do("steward", "actOnLadder", obj{"step": "next", "group": "riverside", "do": "halt", "note": "It rains."}, c); done["done"] != true {
		d.t.Errorf("it is %v", done)
	}
}
