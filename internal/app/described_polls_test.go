package app_test

// pollsAsDescribed goes from a draft of a coalition to the vote of a delegate.
func (d *described) pollsAsDescribed() {
	body := obj{"title": "Benches by the lake", "body": "We build two.", "lang": "en", "options": []string{"Oak", "Steel"}}
	p := d.do("steward", "createProposal", body, "lakes")
	at := in(p, "id")
	body["body"], body["note"], body["sequence"] = "We build three.", "One more.", p["sequence"]
	d.do("steward", "changeProposal", body, at)
	d.do("steward", "moveProposal", obj{"do": "discuss"}, at)
	d.do("steward", "sayToProposal", obj{"text": "Who has wood?"}, at)
	d.do("steward", "hideComment", obj{"why": "It was asked before."}, at, in(d.do("steward", "readProposal", nil, at), "comments.0.id"))
	d.do("steward", "amendProposal", obj{"body": "We build four.", "options": []string{"Oak", "Steel"}, "why": "Three are too few."}, at)
	change := in(d.do("steward", "readProposal", nil, at), "amendments.0.id")
	d.do("steward", "answerAmendment", obj{"do": "accept"}, at, change)
	p = d.do("steward", "readProposal", nil, at)
	if in(p, "body") != "We build four." {
		d.t.Errorf("the proposal says %s", in(p, "body"))
	}
	run := in(d.do("steward", "beginTrustees", obj{"trustees": 3, "need": 2}, at), "id")
	d.do("visitor", "getTrustees", nil, run)
	d.trusteeJoins(run)
	poll := in(d.do("steward", "openPoll", obj{"sequence": p["sequence"], "preset": "rank", "day": d.day(5), "secrecy": "named"}, at), "id")
	d.do("steward", "voteByName", obj{"each": []int{1, 2}}, poll)
	d.do("steward", "actOnPoll", obj{"do": "remind"}, poll)
	d.do("steward", "listBallots", nil, poll)
}

// trusteeJoins takes a seat among trustees.
func (d *described) trusteeJoins(run string) {
	d.t.Helper()
	if got := d.do("visitor", "sayAsTrustee", obj{"message": d.seat(run)}, run); in(got, "seats.0.name") != "Library 1" {
		d.t.Errorf("the seats are %v", got)
	}
}

// candidatesAsDescribed puts demands forward, merges two and takes one back.
func (d *described) candidatesAsDescribed() {
	const c = "open-doors"
	forward := func(text string) {
		d.do("steward", "putForward", obj{"group": "riverside", "text": text, "addressee": "The town council"}, c)
	}
	forward("A ramp at the door")
	forward("A door without steps")
	all := d.do("visitor", "listCandidates", nil, c)
	one, other := in(all, "items.0.id"), in(all, "items.1.id")
	merged := d.do("steward", "mergeCandidate", obj{"into": one}, c, other)
	if in(merged, "items.1.into") != one {
		d.t.Errorf("merged: %v", merged)
	}
	d.do("steward", "partCandidate", nil, c, other)
	d.do("steward", "retireCandidate", nil, c, other)
}
