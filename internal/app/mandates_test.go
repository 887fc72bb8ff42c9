package app_test

import (
	"context"
	"strings"
	"testing"

	"convoke/internal/authz"
	"convoke/internal/fault"
	"convoke/internal/feature/coalitions"
	"convoke/internal/feature/polls"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
	"convoke/internal/web/webtest"
)

// set changes the rule by which votes are weighed.
func (x *alliance) set(weights string, seats, sequence int) {
	x.t.Helper()
	in := coalitions.Settings{Weights: weights, Polls: "open", Entry: "apply", Seats: seats, Notice: 7, Sequence: sequence}
	if err := x.Coalitions.Set(x.t.Context(), x.actors["riverside"], "valley", in); err != nil {
		x.t.Fatal(err)
	}
}

// sends has the hill send somebody to a seat, with a mandate.
func (x *alliance) sends(handle string, seat int) (who authz.Actor, mandate string) {
	x.t.Helper()
	ctx := x.t.Context()
	x.browsers[handle], x.actors[handle] = x.signIn(handle)
	x.join(x.groupID("hill"), x.actors[handle])
	did, err := x.Coalitions.Appoint(ctx, x.actors["hill"], "hill", x.IDs.Secret(), coalitions.AppointInput{
		Coalition: "valley", Seat: seat, Person: handle, Mandate: "free", Day: x.clock.Now().AddDate(0, 6, 0).Format("2006-01-02"),
	})
	if err == nil {
		err = x.Coalitions.Take(ctx, x.actors[handle], did)
	}
	if err != nil {
		x.t.Fatal(err)
	}
	return x.actors[handle], did
}

// recalled has the hill end the mandate of its delegate, whom nobody follows.
func (x *alliance) recalled() {
	x.t.Helper()
	err := x.Coalitions.Decline(x.t.Context(), x.actors["alternate"], x.mandate)
	if err == nil {
		err = x.Coalitions.Recall(x.t.Context(), x.actors["hill"], "hill", x.mandate)
	}
	if err != nil {
		x.t.Fatal(err)
	}
}

// opens opens a poll of the coalition on benches, and returns its id and its box.
func (x *alliance) opens(secrecy string) (poll, box string) {
	x.t.Helper()
	ctx, by := x.t.Context(), x.actors["riverside"]
	pid, err := x.Polls.Create(ctx, by, "valley", x.IDs.Secret(), polls.Input{Title: "Benches", Body: "We build two.", Lang: "en"})
	for _, do := range []string{"discuss", "publish"} {
		if err == nil {
			err = x.Polls.Move(ctx, by, string(pid), do)
		}
	}
	if err != nil {
		x.t.Fatal(err)
	}
	id, err := x.Polls.Opens(ctx, by, string(pid), x.IDs.Secret(), polls.OpenInput{
		Sequence: 2, Preset: "majority", Secrecy: secrecy, Gate: "members", Day: "2026-05-10", Time: "18:00",
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return string(id), x.column("select box_id from poll where id = $1", string(id))[0]
}

// mayVote tries to vote in each seat, and reports in how many somebody could.
func (x *alliance) mayVote(by authz.Actor, poll string, paper byte) (seats int) {
	x.t.Helper()
	for n := range 6 {
		switch err := x.Polls.Vote(x.t.Context(), by, poll, polls.VoteInput{Seat: n, Paper: []byte{paper}}); {
		case err == nil:
			seats++
		case !fault.HasCode(err, "poll.no_seat"):
			x.t.Fatal(err)
		}
	}
	return seats
}

// TestWeightsFreeze: while a poll is open another rule of weights takes nobody's seat in
// it, neither that of a further delegate nor that of whoever follows them.
func TestWeightsFreeze(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newAlliance(s)
		x.set("delegates", 3, 0)
		second, mandate := x.sends("second", 2)
		poll, box := x.opens("named")
		if x.mayVote(second, poll, tally.Yes) != 1 {
			t.Fatal("a second delegate has no vote")
		}
		x.set("group", 3, 1)
		if x.mayVote(second, poll, tally.No) != 1 || x.mayVote(x.actors["hill"], poll, tally.No) != 1 {
			t.Error("another rule takes the vote of somebody who had one")
		}
		third, _ := x.sends("third", 3)
		if n := x.mayVote(third, poll, tally.Yes); n != 0 {
			t.Errorf("somebody who had no seat votes in %d", n)
		}
		if err := s.Coalitions.Decline(t.Context(), second, mandate); err != nil {
			t.Fatal(err)
		}
		if x.mayVote(third, poll, tally.Yes) != 1 || x.mayVote(second, poll, tally.Yes) != 0 {
			t.Error("a seat of the poll goes to nobody")
		}
		s.closes(box)
		if r := s.column("select result from poll"); !strings.Contains(r[0], `"sums":[1,1,0]`) {
			t.Errorf("it came out %s", r)
		}
	})
}

// TestALowerSeat: a group that sends somebody to a seat before the one that it votes
// in keeps its vote.
func TestALowerSeat(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newAlliance(s)
		x.set("group", 2, 0)
		bert, _ := x.sends("bert", 2)
		x.recalled()
		poll, _ := x.opens("named")
		anna, _ := x.sends("anna", 1)
		if x.mayVote(bert, poll, tally.Yes) != 1 || x.mayVote(anna, poll, tally.Yes) != 0 {
			t.Error("the vote of the group is not with the delegate who had it")
		}
	})
}

// TestTheRuleOfWeightsIsShown with a poll, and with what came out of it, as it was when
// the poll opened.
func TestTheRuleOfWeightsIsShown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newAlliance(s)
		x.set("bands", 1, 0)
		poll, box := x.opens("named")
		x.set("delegates", 1, 1)
		visitor, url := s.visitor(), "/polls/"+poll
		const rule = "Weights: each group weighs 1 to 8, by the size that it declared."
		wants(t, visitor.Get(url), rule)
		if p := s.pollJSON(visitor, url); p.Weights != "bands" || !strings.Contains(p.Text, "\nweights: bands\n") {
			t.Errorf("programs read %q, and in the text %q", p.Weights, p.Text)
		}
		if own := x.browsers["hill"].Post(url, "do", "own", "group", "hill"); strings.Contains(x.browsers["hill"].Get(led(t, own)).Text("main"), "weights: bands") {
			t.Error("a member group decides on the weights, too")
		}
		x.mayVote(x.actors["hill"], poll, tally.Yes)
		s.closes(box)
		s.later()
		if page := visitor.Get(url).Want(t, 200, "").Text("main"); strings.Count(page, rule) != 2 {
			t.Errorf("the result does not say how votes are weighed: %s", page)
		}
		wants(t, visitor.Get(url+"/ballots"), rule)
		s.pollRecounted(box)
	})
}

// TestNoSecretVoteAfterARecall: whoever is recalled gets no credential any more, and the
// pages say what a recall cannot do.
func TestNoSecretVoteAfterARecall(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newAlliance(s)
		poll, box := x.opens("secret")
		take, says := "/b/"+box+"/take", "A recall ends a mandate, not a secret vote"
		for _, page := range []string{"/polls/" + poll, take} {
			wants(t, x.browsers["hill"].Get(page), says)
		}
		x.recalled()
		for _, a := range []webtest.Answer{x.browsers["hill"].Get(take), x.browsers["hill"].Post(take)} {
			if text := a.Want(t, 403, "").Text("main"); !strings.Contains(text, "your mandate is over") {
				t.Errorf("the page for who was recalled says %s", text)
			}
		}
		for _, who := range []string{"harbour", "riverside"} {
			x.browsers[who].Get(take).Want(t, 200, "")
		}
		wants(t, s.visitor().Get(take), "Sign in")
		named, _ := x.opens("named")
		if text := x.browsers["harbour"].Get("/polls/" + named).Text("main"); strings.Contains(text, says) {
			t.Error("a vote by name goes with its mandate, and the page says it does not")
		}
		wants(t, s.visitor().Get("/groups/valley/coalition"), "a secret vote that is in the box cannot be found and stays")
	})
}

// TestAGroupsOwnPollOnPages: where member groups decide, pages say that nobody types what
// they decide, and lead to where a group blocked.
func TestAGroupsOwnPollOnPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newAlliance(s)
		sam, hill := x.browsers["riverside"], x.browsers["hill"]
		url := led(t, sam.Post("/proposals/new", proposalForm("key", s.IDs.Secret(), "group", "valley")...))
		for _, do := range []string{"discuss", "publish"} {
			sam.Post(url, "do", do).Want(t, 303, url)
		}
		opening := []string{"key", s.IDs.Secret(), "sequence", "2", "secrecy", "named", "by_groups", "yes"}
		if text := sam.Post(url+"/open", pollForm("check", opening...)...).Want(t, 422, "").Text("#by_groups-error"); !strings.Contains(text, "no decision") {
			t.Errorf("how groups feel is asked: %q", text)
		}
		poll := led(t, sam.Post(url+"/open", pollForm("consent", opening...)...))
		wants(t, s.visitor().Get(poll), "Nobody types it, and a group that has decided nothing has not voted.")
		wants(t, hill.Get(poll), "nobody types its vote")
		hill.Post(poll+"/vote", "one", "0", "do", "confirm").Want(t, 403, "")
		own := led(t, hill.Post(poll, "do", "own", "group", "hill"))
		mine := led(t, hill.Post(own+"/open", "key", s.IDs.Secret(), "sequence", "1", "preset", "consent", "gate", "members", "day", "2026-05-09", "time", "18:00"))
		v, why := s.voter(x.actors["hill"], s.pollJSON(hill, mine).Box), box.Reason{Text: "It costs more than we have."}
		h := why.Hash()
		if _, err := s.Boxes.CastWith(context.WithoutCancel(t.Context()), v.Box.ID, v.Says(leaf.Ballot(append([]byte{tally.Block}, h[:]...))), &why); err != nil {
			t.Fatal(err)
		}
		s.closes(v.Box.ID.String())
		b := s.pollJSON(hill, poll).Box
		s.closes(b)
		s.later()
		wants(t, s.visitor().Get(poll), "It was blocked.")
		page := s.visitor().Get(poll + "/ballots")
		wants(t, page, "Group hill", "The group blocked it in its own poll.")
		if got := page.Attr("td a", "href"); got != mine {
			t.Errorf("the reason leads to %q, want %q", got, mine)
		}
		s.pollRecounted(b)
	})
}
