package polls

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
)

// days opens a poll that ends some days later.
func (x *fixture) days(pid ID, preset string, n int) OpenInput {
	x.t.Helper()
	in := x.tomorrow(pid, preset)
	in.Day = x.Clock.Now().AddDate(0, 0, n).Format(time.DateOnly)
	return in
}

// decides has the nth group decide in its own poll, and counts that.
func (x *fixture) decides(a *alliance, n int, poll PollID, paper byte) ID {
	x.t.Helper()
	own, err := x.Own(x.t.Context(), a.delegates[n], string(poll), x.groups[a.groups[n]].Handle)
	x.must(err)
	mine := x.opens(a.delegates[n], own, x.tomorrow(own, byMajority))
	x.casts(a.delegates[n], mine, paper)
	x.over(mine)
	return own
}

// says is what a seat says, 0 for nothing and else its one answer and 1.
func (x *fixture) says(poll PollID, seat int) (paper int) {
	x.t.Helper()
	x.must(x.DB.Read(x.t.Context(), func(tx *db.Tx) error {
		body, err := x.boxes.SeatSays(x.t.Context(), tx, x.box(poll), uint32(seat))
		if paper = 0; leaf.BodyKind(body) == leaf.SayBallot {
			paper = int(body[1]) + 1
		}
		return err
	}))
	return paper
}

// sends gives a group of a coalition another delegate.
func (x *fixture) sends(a *alliance, n int, mandate string) authz.Actor {
	x.t.Helper()
	d := x.person(fmt.Sprintf("more%d", len(x.people)))
	x.seats[a.id] = append(x.seats[a.id], Seat{ID: x.IDs.New(), Group: a.groups[n], GroupName: "g", Person: d.Person, Weight: 1, Mandate: mandate})
	return d
}

// binds opens a poll of a coalition of two groups, of which the first has bound its
// delegate.
func (x *fixture) binds(byGroups bool, preset string) (*alliance, PollID) {
	x.t.Helper()
	a := x.coalition(fmt.Sprint(byGroups), 1, 1)
	x.seats[a.id][0].Mandate = bound
	pid := x.discussed(a.chair, x.groups[a.id].Handle, benches())
	in := x.days(pid, preset, 5)
	in.ByGroups = byGroups
	return a, x.opens(a.chair, pid, in)
}

// TestNobodyCarriesWithoutAMandate: what a group decides for which nobody speaks any
// more is not entered, until somebody does again.
func TestNobodyCarriesWithoutAMandate(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		for _, byGroups := range []bool{true, false} {
			a, poll := x.binds(byGroups, byMajority)
			x.recalled(a, 0)
			own := x.decides(a, 0, poll, tally.Yes)
			if got := x.says(poll, 0); got != 0 {
				t.Errorf("by groups %v: a group that nobody speaks for votes %d", byGroups, got)
			}
			x.sends(a, 0, bound)
			if again, err := x.Own(t.Context(), a.delegates[0], string(poll), x.groups[a.groups[0]].Handle); err != nil || again != own || x.says(poll, 0) != 1+tally.Yes {
				t.Errorf("by groups %v: what it decided is not entered when somebody speaks for it: %v", byGroups, err)
			}
		}
	})
}

// TestABoundVoteIsTheGroups: nobody types over what a group decided itself, a delegate
// with a free mandate votes in a seat of their own, and no bound one says how it feels.
func TestABoundVoteIsTheGroups(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		a := x.coalition("", 1, 1, 1)
		x.seats[a.id][0].Mandate = bound
		free := x.sends(a, 0, "free") // with a seat of their own
		pid := x.discussed(a.chair, "valley", benches())
		poll := x.opens(a.chair, pid, x.days(pid, byMajority, 5))
		later := x.sends(a, 0, "free") // and one who came too late for one
		x.must(x.votes(free, poll, 3, tally.No))
		refused(t, x.votes(later, poll, 0, tally.No), "poll.no_seat")
		x.decides(a, 0, poll, tally.Yes)
		refused(t, x.votes(later, poll, 0, tally.No), "poll.no_seat")
		refused(t, x.votes(free, poll, 0, tally.No), "poll.no_seat")
		x.recalled(a, 0) // the bound one goes, and others speak for the group
		if x.says(poll, 0) != 1+tally.Yes || x.says(poll, 3) != 1+tally.No {
			t.Errorf("the group's vote is %d, that of its free delegate %d", x.says(poll, 0), x.says(poll, 3))
		}
		refused(t, x.votes(later, poll, 0, tally.No), "poll.bound")
		x.must(x.votes(free, poll, 3, tally.Abstain))
		if p := x.over(poll); p.Result.Papers != 2 || p.Result.Sums[tally.Yes] != 1 {
			t.Errorf("it came out %+v", p.Result)
		}

		feels := x.coalition("b", 1, 1)
		x.seats[feels.id][0].Mandate = bound
		pid = x.discussed(feels.chair, "valleyb", benches())
		poll = x.opens(feels.chair, pid, x.tomorrow(pid, byFeeling))
		refused(t, x.votes(feels.delegates[0], poll, 0, 3), "poll.bound")
		x.must(x.votes(feels.delegates[1], poll, 1, 3))
	})
}

// TestGroupsDecideInTheirOwnPolls where the coalition asks groups: no delegate types
// their vote, whatever their mandate, and how a group feels is no vote.
func TestGroupsDecideInTheirOwnPolls(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		a := x.coalition("", 1, 1, 1)
		x.seats[a.id][1].Mandate, x.seats[a.id][2].Mandate = "advised", bound
		pid := x.discussed(a.chair, "valley", benches())
		in := x.days(pid, byMajority, 5)
		in.ByGroups = true
		poll := x.opens(a.chair, pid, in)
		for n, by := range a.delegates {
			refused(t, x.votes(by, poll, n, tally.Yes), "poll.by_groups")
		}
		for n := range 2 {
			x.decides(a, n, poll, tally.No)
			refused(t, x.votes(a.delegates[n], poll, n, tally.Yes), "poll.by_groups")
			refused(t, x.Vote(t.Context(), a.delegates[n], string(poll), VoteInput{Seat: n, Withdraw: true}), "poll.by_groups")
		}
		if p := x.over(poll); p.Result.Papers != 2 || p.Result.Sums[tally.No] != 2 {
			t.Errorf("it came out %+v", p.Result)
		}
		pid = x.discussed(a.chair, "valley", benches())
		in = x.days(pid, byFeeling, 5)
		in.ByGroups = true
		_, err := x.Opens(t.Context(), a.chair, string(pid), x.IDs.Secret(), in)
		refused(t, err, "poll.groups_check")
	})
}

// blocks has somebody block in secret, and say why.
func (x *fixture) blocks(by authz.Actor, poll PollID) {
	x.t.Helper()
	v, err := x.voter(by, poll)
	x.must(err)
	why := box.Reason{Text: "It costs more than we have."}
	h := why.Hash()
	_, err = x.boxes.CastWith(context.WithoutCancel(x.t.Context()), x.box(poll), v.Says(leaf.Ballot(append([]byte{tally.Block}, h[:]...))), &why)
	x.must(err)
}

// reasons is how many are kept of the votes in a box.
func (x *fixture) reasons(box string) (n int) {
	x.t.Helper()
	x.must(x.DB.Read(x.t.Context(), func(tx *db.Tx) error {
		return tx.Get(x.t.Context(), "select count(*) from box_reason where box_id = $1", []any{box}, &n)
	}))
	return n
}

// TestABlockIsCarried with where the group's reasons are: a group that is bound stops what
// its members block.
func TestABlockIsCarried(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		for _, byGroups := range []bool{true, false} {
			a, poll := x.binds(byGroups, byConsent)
			own, err := x.Own(t.Context(), a.delegates[0], string(poll), x.groups[a.groups[0]].Handle)
			x.must(err)
			mine := x.opens(a.delegates[0], own, x.tomorrow(own, byConsent))
			x.blocks(a.delegates[0], mine)
			x.over(mine)
			if got, n := x.says(poll, 0), x.reasons(x.poll(poll).Box); got != 1+tally.Block || n != 1 {
				t.Fatalf("by groups %v: a group that blocked votes %d, with %d reasons", byGroups, got, n)
			}
			_, err = x.Own(t.Context(), a.delegates[0], string(poll), x.groups[a.groups[0]].Handle) // enters it once more
			x.must(err)
			if n := x.reasons(x.poll(poll).Box); n != 1 {
				t.Errorf("it is entered %d times", n)
			}
			if p := x.over(poll); p.Result.Adopted || !slices.Contains(p.Result.Reasons, tally.ReasonBlocked) {
				t.Errorf("by groups %v: it came out %+v", byGroups, p.Result)
			}
			page, _, err := x.boxes.Papers(t.Context(), x.box(poll), 0, 10)
			x.must(err)
			if want := "The group blocked it in its own poll. /polls/" + string(mine); len(page) != 1 || page[0].Reason == nil || page[0].Reason.Text != want {
				t.Errorf("the votes are %+v, want the reason %q", page, want)
			}
		}
	})
}

// TestMandatesThatEndJustBefore a poll closes take their vote along, also when that is
// heard afterwards; one that ends with it has held all the time.
func TestMandatesThatEndJustBefore(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		a := x.coalition("", 1, 1, 1)
		pid := x.discussed(a.chair, "valley", benches())
		poll := x.opens(a.chair, pid, x.tomorrow(pid, byMajority))
		for n := range a.groups {
			x.must(x.votes(a.delegates[n], poll, n, tally.Yes))
		}
		closes := x.poll(poll).Closes
		x.Clock.Set(closes.Add(40 * time.Second)) // the schedule runs once a minute
		for n, at := range []time.Time{closes.Add(-time.Microsecond), closes} {
			s := x.seats[a.id][n]
			x.write(func(tx *db.Tx) error {
				return x.MandateEnded(t.Context(), tx, fact.MandateEnded{Coalition: a.id, Group: s.Group, Seat: s.ID, Person: s.Person, At: at})
			})
		}
		refused(t, x.Vote(t.Context(), a.delegates[2], string(poll), VoteInput{Seat: 2, Withdraw: true}), "poll.late")
		if p := x.over(poll); p.Result.Papers != 2 {
			t.Errorf("it came out %+v", p.Result)
		}
	})
}

// TestOwnPollOnAChange: a member group decides on the text that the coalition votes on,
// not on the one that a change would replace.
func TestOwnPollOnAChange(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		a := x.coalition("", 1, 1)
		in := benches()
		in.Options = "Oak\nSteel"
		pid := x.discussed(a.chair, "valley", in)
		aid, err := x.Amend(ctx, a.delegates[0], string(pid), x.IDs.Secret(), AmendInput{Body: "We build **three benches**.", Options: "Oak\nStone", Why: "Because."})
		x.must(err)
		open := x.days(pid, byMajority, 5)
		open.Amendment, open.Early = aid, true
		poll := x.opens(a.chair, pid, open)
		own, err := x.Own(ctx, a.delegates[0], string(poll), "g0")
		x.must(err)
		p := x.proposal(own)
		if p.Body != "- Oak\n- Stone\n\nWe build **three benches**." || p.Title != in.Title || p.Lang != "en" || len(p.Options) != 0 || !strings.Contains(string(p.HTML), "three benches") {
			t.Errorf("it decides on %+v", p)
		}
		x.must(x.CloseEarly(ctx, a.chair, string(poll)))
		_, err = x.queue.RunPending(ctx)
		x.must(err)
		poll = x.opens(a.chair, pid, x.days(pid, byApproval, 5)) // not adopted
		own, err = x.Own(ctx, a.delegates[0], string(poll), "g0")
		x.must(err)
		if p = x.proposal(own); p.Body != in.Body || !slices.Equal(p.Options, []string{"Oak", "Steel"}) {
			t.Errorf("it decides on %+v", p)
		}
	})
}

// TestCountDue: what waits for its count is left to the job, page by page.
func TestCountDue(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		a := x.coalition("", 1)
		var polls []PollID
		for range 3 {
			pid := x.discussed(a.chair, "valley", benches())
			polls = append(polls, x.opens(a.chair, pid, x.tomorrow(pid, byMajority)))
		}
		for _, p := range polls {
			x.must(x.boxes.Close(ctx, x.box(p)))
		}
		x.write(func(tx *db.Tx) error { // as after a restore
			_, err := tx.Exec(ctx, "delete from job where kind = 'polls.count'")
			return err
		})
		var seen []PollID
		x.must(x.DB.Read(ctx, func(tx *db.Tx) error {
			seen = nil
			for after := PollID(""); ; {
				page, err := uncounted(ctx, tx, after, 2)
				if seen = append(seen, page...); err != nil || len(page) < 2 {
					return err
				}
				after = page[1]
			}
		}))
		slices.Sort(polls)
		if !slices.Equal(seen, polls) {
			t.Errorf("due are %v, want %v", seen, polls)
		}
		for range 2 {
			x.must(x.CountDue(ctx))
		}
		if p := x.poll(polls[0]); p.State != Closed {
			t.Error("the schedule counts by itself, and others wait for it")
		}
		if n, err := x.queue.RunPending(ctx); err != nil || n != 3 || x.poll(polls[2]).State != Counted {
			t.Errorf("%d jobs, %v", n, err)
		}
	})
}

// TestReasonsOfManyPolls: also those of the first of very many are erased.
func TestReasonsOfManyPolls(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		a := x.coalition("", 1)
		pid := x.discussed(a.chair, "valley", benches())
		var first string
		for n := range 52 {
			x.Clock.Add(time.Second) // so that the first is the first
			aid, err := x.Amend(ctx, a.delegates[0], string(pid), x.IDs.Secret(), AmendInput{Body: fmt.Sprintf("We build %d benches.", n+3), Why: "Because."})
			x.must(err)
			in := x.tomorrow(pid, byConsent)
			in.Amendment = aid
			poll := x.opens(a.chair, pid, in)
			if n == 0 {
				first = x.poll(poll).Box
				x.must(x.Vote(ctx, a.delegates[0], string(poll), VoteInput{Paper: []byte{tally.Block}, Reason: "It costs more than we have."}))
			}
			x.must(x.boxes.Close(ctx, x.box(poll)))
			x.must(x.Count(ctx, poll))
		}
		if x.reasons(first) != 1 {
			t.Fatal("there is no reason")
		}
		x.must(x.Move(ctx, a.chair, string(pid), doWithdraw))
		x.Clock.Add(181 * 24 * time.Hour)
		x.must(x.Expire(ctx))
		if x.reasons(first) != 0 {
			t.Error("the reason outlives the discussion")
		}
	})
}

// TestSeatsThatAreFree go to those who follow in their order, whoever votes first, and
// what a group decides is entered where its bound delegate sits.
func TestSeatsThatAreFree(t *testing.T) {
	t.Parallel()
	seats := []PollSeat{{N: 0, Mandate: "gone"}, {N: 1, Mandate: "stays"}, {N: 2, Mandate: "gone too"}}
	now := []Seat{{ID: "stays", Mandate: "free"}, {ID: "first", Mandate: "free"}, {ID: "second", Mandate: bound}, {ID: "third", Mandate: bound}}
	for mandate, want := range map[string]int{"stays": 1, "first": 0, "second": 2, "third": -1, "gone": 0} {
		if s, ok := seatOf(seats, now, mandate); ok != (want >= 0) || ok && s.N != want {
			t.Errorf("%s has seat %d, %v", mandate, s.N, ok)
		}
	}
	if got := boundSeats(seats, now, false); len(got) != 1 || got[0].N != 2 {
		t.Errorf("bound are %+v", got)
	}
	seats[2].Mandate = "second" // who voted before the other one did
	if s, ok := seatOf(seats, now, "first"); !ok || s.N != 0 {
		t.Errorf("the first has seat %d, %v", s.N, ok)
	}
}
