package polls

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
	"convoke/internal/seal"
)

// TestFromDraftToDecision: drafted, discussed, changed, opened, voted in secret,
// counted, and erased after half a year.
func TestFromDraftToDecision(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ana, ben, eve := x.person("sam"), x.person("ana"), x.person("ben"), x.person("eve")
		g := x.group("riverside", sam, ana, ben)
		key := x.IDs.Secret()
		in := benches()
		in.Effect, in.Subject = "task", "ben 2027-05-08"
		pid, err := x.Create(ctx, ana, "riverside", key, in)
		x.must(err)
		if again, err := x.Create(ctx, ana, "riverside", key, in); err != nil || again != pid {
			t.Errorf("the same form once more makes %s, %v", again, err)
		}
		_, err = x.Create(ctx, eve, "riverside", x.IDs.Secret(), in)
		refused(t, err, "authz.forbidden")
		_, err = x.Opens(ctx, sam, string(pid), x.IDs.Secret(), x.tomorrow(pid, byMajority))
		refused(t, err, "poll.draft")
		x.must(x.Move(ctx, ana, string(pid), doDiscuss))
		x.must(x.Say(ctx, ben, string(pid), x.IDs.Secret(), "", "Three would be better."))
		refused(t, x.Say(ctx, eve, string(pid), x.IDs.Secret(), "", "Me too."), "web.not_found")
		aid, err := x.Amend(ctx, ben, string(pid), x.IDs.Secret(), AmendInput{Body: "We build **three benches**.", Why: "Two are full every evening."})
		x.must(err)
		refused(t, x.Answer(ctx, ben, string(pid), aid, doAccept), "authz.forbidden")
		for range 2 {
			x.must(x.Answer(ctx, ana, string(pid), aid, doAccept))
		}
		if p := x.proposal(pid); p.Version != 2 || !strings.Contains(p.Body, "three") {
			t.Errorf("the text is %d: %s", p.Version, p.Body)
		}
		_, err = x.Opens(ctx, ana, string(pid), x.IDs.Secret(), x.tomorrow(pid, byMajority))
		refused(t, err, "authz.forbidden")
		key = x.IDs.Secret()
		open := x.tomorrow(pid, byMajority)
		open.Quorum = "50%"
		poll, err := x.Opens(ctx, sam, string(pid), key, open)
		x.must(err)
		if again, err := x.Opens(ctx, sam, string(pid), key, open); err != nil || again != poll {
			t.Errorf("the same form once more opens %s, %v", again, err)
		}
		p := x.poll(poll)
		salt, err := hex.DecodeString(p.Salt)
		x.must(err)
		if h := sha256.Sum256(append(salt, p.Body...)); hex.EncodeToString(h[:]) != p.Hash || !strings.Contains(p.Body, "three benches") || strings.Contains(p.Body, string(ben.Person)) {
			t.Error("the record holds another text")
		}
		if p.Eligible != 3 || p.Rules.Quorum != 2 || len(x.told[g]) != 1 {
			t.Errorf("eligible %d, quorum %d, told %v", p.Eligible, p.Rules.Quorum, x.told[g])
		}
		x.casts(sam, poll, tally.Yes)
		x.casts(ana, poll, tally.Yes)
		x.casts(ben, poll, tally.No) // with the third they are in the box: they wait for each other
		p = x.over(poll)
		if p.State != Counted || p.Result == nil || !p.Result.Adopted || p.Result.Papers != 3 {
			t.Fatalf("it came out %+v", p.Result)
		}
		d := x.proposal(pid)
		if d.State != Decided || !d.Adopted {
			t.Errorf("the proposal is %s, %v", d.State, d.Adopted)
		}
		decided, ok := x.facts[0].(fact.PollDecided)
		task, given := x.facts[1].(fact.TaskGiven)
		if len(x.facts) != 2 || !ok || !given || !decided.Adopted || decided.By != sam.Person || task.Owner != ben.Person ||
			task.Until.Format(time.DateOnly) != "2027-05-08" || !slices.Equal(decided.Winners, []int{0}) || decided.Options[0] != in.Title {
			t.Errorf("told %+v", x.facts)
		}
		refused(t, x.Edit(ctx, ana, string(pid), d.Sequence, benches()), "proposal.frozen")
		refused(t, x.Say(ctx, ben, string(pid), x.IDs.Secret(), "", "Good."), "proposal.over")
		x.Clock.Add(181 * 24 * time.Hour)
		x.must(x.Expire(ctx))
		if _, err := x.Vault.Existing(ctx, ScopePrefix+string(pid)); !errors.Is(err, seal.ErrDestroyed) {
			t.Errorf("the key is there still: %v", err)
		}
		if d = x.proposal(pid); d.Wrote != "" || x.poll(poll).By != "" {
			t.Error("who wrote it is known still")
		}
		refused(t, x.Say(ctx, ben, string(pid), x.IDs.Secret(), "", "Good."), "proposal.over")
	})
}

// TestOpenPollsCannotBeChanged: nobody is added, no rule and no word changes, nothing
// opens again, and of two organizers at once one opens.
func TestOpenPollsCannotBeChanged(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ola, ana, new := x.person("sam"), x.person("ola"), x.person("ana"), x.person("new")
		g := x.group("riverside", sam, ana)
		x.roles[g][ola.Person] = authz.Organizer
		pid := x.discussed(ana, "riverside", benches())
		in, other := x.tomorrow(pid, byMajority), x.tomorrow(pid, byTwo)
		var polls [2]PollID
		var errs [2]error
		var both sync.WaitGroup
		for i, by := range []authz.Actor{sam, ola} {
			both.Go(func() {
				polls[i], errs[i] = x.Opens(ctx, by, string(pid), x.IDs.Secret(), []OpenInput{in, other}[i])
			})
		}
		both.Wait()
		won := slices.IndexFunc(errs[:], func(err error) bool { return err == nil })
		if won < 0 || errs[1-won] == nil {
			t.Fatalf("two at once: %v", errs)
		}
		refused(t, errs[1-won], "poll.open_already")
		poll := polls[won]
		before := x.poll(poll)

		x.roles[g][new.Person] = authz.Member // packed after opening
		if _, err := x.voter(new, poll); err == nil {
			t.Error("somebody who joined later can vote")
		}
		p := x.proposal(pid)
		refused(t, x.Edit(ctx, sam, string(pid), p.Sequence, benches()), "proposal.frozen")
		refused(t, x.Move(ctx, sam, string(pid), doWithdraw), "proposal.frozen")
		other.Sequence, other.Quorum = p.Sequence, "1"
		_, err := x.Opens(ctx, sam, string(pid), x.IDs.Secret(), other)
		refused(t, err, "poll.open_already")
		refused(t, x.CloseEarly(ctx, sam, string(poll)), "poll.not_early")
		x.must(x.Remind(ctx, sam, string(poll)))
		refused(t, x.Remind(ctx, ola, string(poll)), "poll.reminded")
		if len(x.told[g]) != 2 {
			t.Errorf("told %v", x.told[g])
		}
		late, err := x.voter(ana, poll)
		x.must(err)
		after := x.over(poll)
		after.State, after.Result, after.Counted, after.Reminded = before.State, nil, before.Counted, before.Reminded
		if after.Hash != before.Hash || after.Box != before.Box || after.Body != before.Body || after.Eligible != before.Eligible {
			t.Errorf("%+v became %+v", before, after)
		}
		if _, err := x.boxes.Cast(ctx, x.box(poll), late.Says(leaf.Ballot([]byte{tally.Yes}))); err == nil {
			t.Error("a vote came after the close")
		}
		p = x.proposal(pid)
		_, err = x.Opens(ctx, sam, string(pid), x.IDs.Secret(), x.tomorrow(pid, byMajority)) // closed and reopened
		refused(t, err, "proposal.frozen")
		if p.State != Decided || p.Adopted {
			t.Errorf("nobody voted, and it is %s, %v", p.State, p.Adopted)
		}
	})
}

// TestANoNeverCompletesAQuorum, but in a strike ballot it does, as the page says.
func TestANoNeverCompletesAQuorum(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		a := x.coalition("", 1, 1, 1)
		for preset, adopted := range map[string]bool{byMajority: false, byStrike: true} {
			pid := x.discussed(a.chair, "valley", benches())
			in := x.tomorrow(pid, preset)
			in.Quorum, in.Share = "3", "1/2"
			poll := x.opens(a.chair, pid, in)
			for n, vote := range []byte{tally.Yes, tally.Yes, tally.No} {
				x.must(x.votes(a.delegates[n], poll, n, vote))
			}
			if p := x.over(poll); p.Result.Adopted != adopted {
				t.Errorf("%s: %+v", preset, p.Result)
			}
		}
	})
}

// TestDelegates: by name and weight, changed until the close, recalled during the
// poll, and followed by somebody else.
func TestDelegates(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		a := x.coalition("", 3, 2, 2)
		in := benches()
		in.Options = "Oak\nSteel\nStone"
		pid := x.discussed(a.delegates[0], "valley", in)
		poll := x.opens(a.chair, pid, x.tomorrow(pid, byRank))
		p := x.poll(poll)
		if !p.Named || p.Eligible != 7 || len(p.Rules.Lots) != 3 || len(x.told) != 4 {
			t.Fatalf("named %v, eligible %d, lots %v, told %v", p.Named, p.Eligible, p.Rules.Lots, x.told)
		}
		x.must(x.votes(a.delegates[0], poll, 0, 1, 2, 3))
		x.must(x.votes(a.delegates[1], poll, 1, 3, 2, 1))
		x.must(x.votes(a.delegates[1], poll, 1, 3, 1, 2)) // changed
		x.must(x.votes(a.delegates[2], poll, 2, 3, 1, 2))
		refused(t, x.votes(a.delegates[1], poll, 0, 1, 2, 3), "poll.no_seat") // another's
		refused(t, x.votes(a.chair, poll, 0, 1, 2, 3), "poll.no_seat")
		refused(t, x.votes(a.delegates[0], poll, 0, 1, 1, 5), "poll.paper")

		x.recalled(a, 0)
		refused(t, x.votes(a.delegates[0], poll, 0, 1, 2, 3), "poll.no_seat")
		refused(t, x.votes(x.person("stranger"), poll, 0, 1, 2, 3), "web.not_found")
		x.must(x.DB.Read(ctx, func(tx *db.Tx) error {
			says, err := x.boxes.SeatSays(ctx, tx, x.box(poll), 0)
			if says != nil {
				t.Errorf("the recalled delegate's vote counts still: %x", says)
			}
			return err
		}))
		next := x.person("next")
		x.seats[a.id] = append(x.seats[a.id], Seat{ID: x.IDs.New(), Group: a.groups[0], GroupName: "g0", Person: next.Person, Weight: 3, Mandate: "free"})
		x.must(x.votes(next, poll, 0, 3, 1, 2))
		second := x.person("second") // a further delegate of the same group has no seat
		x.seats[a.id] = append(x.seats[a.id], Seat{ID: x.IDs.New(), Group: a.groups[0], GroupName: "g0", Person: second.Person, Weight: 3, Mandate: "free"})
		refused(t, x.votes(second, poll, 0, 1, 2, 3), "poll.no_seat")
		joined := x.person("joined") // and one of a group that came later has none
		g := x.group("late", joined)
		x.seats[a.id] = append(x.seats[a.id], Seat{ID: x.IDs.New(), Group: g, GroupName: "late", Person: joined.Person, Weight: 9, Mandate: "free"})
		refused(t, x.votes(joined, poll, 0, 1, 2, 3), "poll.no_seat")
		x.recalled(a, 1) // the third group leaves
		p = x.over(poll)
		if r := p.Result; r.Papers != 2 || r.Weight != 5 || r.Eligible != 7 || !slices.Equal(r.Order, []int{1, 2, 0}) {
			t.Errorf("it came out %+v", r)
		}
		refused(t, x.votes(a.delegates[1], poll, 1, 1, 2, 3), "poll.late")
		x.recalled(a, 0) // too late to take anything back
		if again := x.poll(poll); again.Result.Papers != 2 {
			t.Error("the result changed")
		}
	})
}

// TestSecretDelegates: what would show whose vote it is, is refused.
func TestSecretDelegates(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		a, b := x.coalition("a", 1, 2), x.coalition("b", 1, 1)
		open := func(a *alliance, tag string, change func(*OpenInput)) error {
			pid := x.discussed(a.chair, "valley"+tag, benches())
			in := x.tomorrow(pid, byMajority)
			in.Secrecy = "secret"
			change(&in)
			poll, err := x.Opens(ctx, a.chair, string(pid), x.IDs.Secret(), in)
			if err == nil && x.poll(poll).Named {
				t.Error("it is by name")
			}
			return err
		}
		nothing := func(*OpenInput) {}
		refused(t, open(a, "a", nothing), "poll.secret_weights")
		refused(t, open(b, "b", func(in *OpenInput) { in.ByGroups = true }), "poll.secret_groups")
		x.must(open(b, "b", nothing))
		x.secret = true // the rule: nobody can ask for less
		x.must(open(b, "b", func(in *OpenInput) { in.Secrecy = "named" }))
		x.seats[b.id][1].Person = b.delegates[0].Person
		refused(t, open(b, "b", nothing), "poll.double_delegate")
		x.seats[b.id][1].Person, x.seats[b.id][1].Mandate = b.delegates[1].Person, bound
		refused(t, open(b, "b", nothing), "poll.secret_weights")
		x.seats[b.id] = []Seat{}
		refused(t, open(b, "b", nothing), "poll.nobody")
	})
}

// TestMemberGroupsDecide: each group in its own poll, whose outcome is its vote.
func TestMemberGroupsDecide(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		a := x.coalition("", 1, 1, 1)
		x.seats[a.id][0].Mandate = bound
		pid := x.discussed(a.chair, "valley", benches())
		in := x.tomorrow(pid, byMajority)
		in.ByGroups, in.Day = true, x.Clock.Now().AddDate(0, 0, 5).Format(time.DateOnly)
		poll := x.opens(a.chair, pid, in)
		x.decides(a, 1, poll, tally.No)
		_, err := x.Own(ctx, a.delegates[1], string(poll), "g0")
		refused(t, err, "authz.forbidden")
		own, err := x.Own(ctx, a.delegates[0], string(poll), "g0")
		x.must(err)
		if again, err := x.Own(ctx, a.delegates[0], string(poll), "g0"); err != nil || again != own {
			t.Errorf("again %s, %v", again, err)
		}
		if p := x.proposal(own); p.Effect != fact.EffectVote || p.Subject != string(poll) || p.State != Discussed {
			t.Errorf("its own proposal is %+v", p)
		}
		late := x.tomorrow(own, byMajority)
		late.Day = in.Day
		_, err = x.Opens(ctx, a.delegates[0], string(own), x.IDs.Secret(), late)
		refused(t, err, "poll.coalition_later")
		_, err = x.Opens(ctx, a.delegates[0], string(own), x.IDs.Secret(), x.tomorrow(own, byConsent))
		refused(t, err, "poll.coalition_method")
		mine := x.opens(a.delegates[0], own, x.tomorrow(own, byTwo))
		x.casts(a.delegates[0], mine, tally.Yes)
		x.over(mine)
		held := func() int {
			n := 0
			x.must(x.DB.Read(ctx, func(tx *db.Tx) error {
				says, err := x.boxes.SeatSays(ctx, tx, x.box(poll), 0)
				n = len(says)
				return err
			}))
			return n
		}
		follower := x.person("follower") // what the group decided stays while anybody speaks for it
		x.seats[a.id] = append(x.seats[a.id], Seat{ID: x.IDs.New(), Group: a.groups[0], GroupName: "g0", Person: follower.Person, Weight: 1, Mandate: bound})
		x.recalled(a, 0)
		if held() == 0 {
			t.Error("the group's decision went with its delegate")
		}
		x.recalled(a, len(x.seats[a.id])-1) // now nobody does
		if held() != 0 {
			t.Error("a group that nobody speaks for votes")
		}
		x.seats[a.id] = append(x.seats[a.id], Seat{ID: x.IDs.New(), Group: a.groups[0], GroupName: "g0", Person: follower.Person, Weight: 1, Mandate: bound})
		if _, err = x.Own(ctx, a.delegates[0], string(poll), "g0"); err != nil || held() == 0 {
			t.Errorf("what was decided is not entered again: %v", err)
		}
		p := x.over(poll)
		if r := p.Result; r.Papers != 2 || r.Sums[tally.Yes] != 1 || r.Sums[tally.No] != 1 {
			t.Errorf("it came out %+v", r)
		}
		_, err = x.Own(ctx, a.delegates[2], string(poll), "g2")
		refused(t, err, "poll.late")
	})
}

// TestAmendments: on an older text it is proposed again; a vote puts it into the text.
func TestAmendments(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		a := x.coalition("", 1, 1, 1)
		pid := x.discussed(a.chair, "valley", benches())
		amend := func(body string) string {
			aid, err := x.Amend(ctx, a.delegates[0], string(pid), x.IDs.Secret(), AmendInput{Body: body, Why: "Because."})
			x.must(err)
			return aid
		}
		_, err := x.Amend(ctx, a.delegates[0], string(pid), x.IDs.Secret(), AmendInput{Body: benches().Body, Why: "Because."})
		refused(t, err, "proposal.same")
		first, second := amend("We build three benches."), amend("We build one bench.")
		in := x.tomorrow(pid, byMajority)
		in.Amendment = first
		poll := x.opens(a.chair, pid, in)
		refused(t, x.Answer(ctx, a.chair, string(pid), second, doAccept), "proposal.frozen")
		_, err = x.Amend(ctx, a.delegates[0], string(pid), x.IDs.Secret(), AmendInput{Body: "x", Why: "Because."})
		refused(t, err, "proposal.no_amendments")
		for n := range 2 {
			x.must(x.votes(a.delegates[n], poll, n, tally.Yes))
		}
		x.over(poll)
		p := x.proposal(pid)
		if p.State != Discussed || p.Version != 2 || p.Body != "We build three benches." || len(x.facts) != 0 {
			t.Errorf("%+v, told %v", p, x.facts)
		}
		refused(t, x.Answer(ctx, a.chair, string(pid), second, doAccept), "proposal.older")
		in = x.tomorrow(pid, byMajority)
		in.Amendment = second
		_, err = x.Opens(ctx, a.chair, string(pid), x.IDs.Secret(), in)
		refused(t, err, "proposal.older")
		x.must(x.Answer(ctx, a.delegates[0], string(pid), second, doRetire))
		third := amend("We build four benches.")
		in.Amendment, in.Sequence, in.Day = third, x.proposal(pid).Sequence, x.Clock.Now().AddDate(0, 0, 2).Format(time.DateOnly)
		x.over(x.opens(a.chair, pid, in)) // nobody votes
		if p = x.proposal(pid); p.Version != 2 || p.State != Discussed {
			t.Errorf("not adopted, and it is %+v", p)
		}
	})
}

// TestHiddenComments: organizers say why, people take back their own, and nobody
// answers an answer.
func TestHiddenComments(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ana, ben := x.person("sam"), x.person("ana"), x.person("ben")
		x.group("riverside", sam, ana, ben)
		pid := x.discussed(ana, "riverside", benches())
		x.must(x.Say(ctx, ana, string(pid), x.IDs.Secret(), "", "One."))
		all := func() (top, answers []comment) {
			x.must(x.DB.Read(ctx, func(tx *db.Tx) (err error) {
				top, answers, err = threads(ctx, tx, pid, "", 10)
				return err
			}))
			return top, answers
		}
		top, _ := all()
		key := x.IDs.Secret()
		for range 2 {
			x.must(x.Say(ctx, ben, string(pid), key, top[0].ID, "Two."))
		}
		refused(t, x.Say(ctx, ben, string(pid), key, top[0].ID, "Something else."), "form.key_used")
		_, answers := all()
		if len(answers) != 1 {
			t.Fatalf("%d answers", len(answers))
		}
		refused(t, x.Say(ctx, ben, string(pid), x.IDs.Secret(), answers[0].ID, "Three."), "web.not_found")
		refused(t, x.Say(ctx, ben, string(pid), x.IDs.Secret(), "", ""), "proposal.no_comment")
		refused(t, x.Say(ctx, ben, string(pid), x.IDs.Secret(), "", strings.Repeat("x", 4001)), "form.long")
		refused(t, x.Hide(ctx, ben, string(pid), top[0].ID, "No."), "authz.forbidden")
		refused(t, x.Hide(ctx, sam, string(pid), top[0].ID, ""), "proposal.no_reason")
		x.must(x.Hide(ctx, sam, string(pid), top[0].ID, "It names somebody."))
		x.must(x.Hide(ctx, ben, string(pid), answers[0].ID, ""))
		top, answers = all()
		if len(top[0].Sealed)+len(answers[0].Sealed) != 0 || top[0].Hidden == "" || answers[0].Wrote != "" {
			t.Errorf("kept %+v %+v", top, answers)
		}
	})
}

// TestBlockWithReason: a delegate who blocks says why. Nobody reads it before the close,
// then it stands with the vote, until it is erased with the discussion.
func TestBlockWithReason(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		ctx := context.WithoutCancel(t.Context())
		a := x.coalition("", 1, 1)
		pid := x.discussed(a.chair, "valley", benches())
		poll := x.opens(a.chair, pid, x.tomorrow(pid, byConsent))
		x.must(x.votes(a.delegates[1], poll, 1, tally.Agree))
		refused(t, x.votes(a.delegates[0], poll, 0, tally.Block), "poll.no_reason")
		const why = "It costs more than we have."
		refused(t, x.Vote(ctx, a.delegates[0], string(poll), VoteInput{Paper: []byte{tally.Block}, Reason: strings.Repeat("x", box.MaxReason+1)}), "form.long")
		leaves := func() (n int64) {
			x.must(x.DB.Read(ctx, func(tx *db.Tx) (err error) {
				n, err = record.Size(ctx, tx, record.BoxLog(x.box(poll)))
				return err
			}))
			return n
		}
		for range 2 { // sent twice it is said once
			x.must(x.Vote(ctx, a.delegates[0], string(poll), VoteInput{Paper: []byte{tally.Block}, Reason: why}))
			if n := leaves(); n != 2 {
				t.Errorf("%d votes are in the box", n)
			}
		}
		x.must(x.DB.Read(ctx, func(tx *db.Tx) error {
			top, _, err := threads(ctx, tx, pid, "", 10)
			if len(top) != 0 {
				t.Error("the discussion tells how somebody votes before the close")
			}
			return err
		}))
		said := func() string {
			page, _, err := x.boxes.Papers(ctx, x.box(poll), 0, 10)
			x.must(err)
			for _, p := range page {
				if p.Seat == 0 && p.Reason != nil {
					return p.Reason.Text
				}
			}
			return ""
		}
		if said() != "" {
			t.Error("the reason is shown before the close")
		}
		if p := x.over(poll); p.Result.Adopted || !slices.Equal(p.Result.Reasons, []string{tally.ReasonBlocked}) {
			t.Errorf("it came out %+v", p.Result)
		}
		if got := said(); got != why {
			t.Errorf("the reason is %q", got)
		}
		x.Clock.Add(181 * 24 * time.Hour)
		x.must(x.Expire(ctx))
		if said() != "" {
			t.Error("the reason outlives the discussion")
		}
	})
}

// TestForgotten: what nobody touches for a year counts as withdrawn.
func TestForgotten(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		sam := x.person("sam")
		x.group("riverside", sam)
		pid := x.discussed(sam, "riverside", benches())
		x.Clock.Add(364 * 24 * time.Hour)
		x.must(x.Expire(t.Context()))
		if p := x.proposal(pid); p.State != Discussed {
			t.Errorf("it is %s", p.State)
		}
		x.Clock.Add(3 * 24 * time.Hour)
		x.must(x.Expire(t.Context()))
		if p := x.proposal(pid); p.State != Withdrawn || p.Ends == 0 {
			t.Errorf("it is %s", p.State)
		}
	})
}

// TestInput: each mistake beside its field.
func TestInput(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		sam := x.person("sam")
		x.group("riverside", sam)
		for code, change := range map[string]func(*Input){
			"proposal.no_title":     func(in *Input) { in.Title = "" },
			"form.long":             func(in *Input) { in.Title = strings.Repeat("x", 201) },
			"proposal.no_text":      func(in *Input) { in.Body = "" },
			"proposal.long":         func(in *Input) { in.Body = strings.Repeat("x ", 1<<16) },
			"proposal.lang":         func(in *Input) { in.Lang = "xx" },
			"proposal.options":      func(in *Input) { in.Options = "One" },
			"proposal.option_twice": func(in *Input) { in.Options = "One\none" },
			"proposal.effect":       func(in *Input) { in.Effect = "magic" },
			"proposal.campaign":     func(in *Input) { in.Effect = "down" },
			"proposal.no_campaign":  func(in *Input) { in.Campaign = "nowhere" },
			"proposal.subject":      func(in *Input) { in.Effect, in.Subject = "task", "nobody" },
			"proposal.day":          func(in *Input) { in.Effect, in.Subject = "task", "sam soon" },
		} {
			in := benches()
			change(&in)
			_, err := x.Create(t.Context(), sam, "riverside", x.IDs.Secret(), in)
			refused(t, err, code)
		}
		in := benches()
		in.Effect, in.Subject = "vote", "/polls/"+x.IDs.New()
		_, err := x.Create(t.Context(), sam, "riverside", x.IDs.Secret(), in)
		refused(t, err, "proposal.subject")
		_, err = x.Create(t.Context(), sam, "riverside", "short", benches())
		refused(t, err, "form.key")
		pid := x.discussed(sam, "riverside", benches())
		refused(t, x.Edit(t.Context(), sam, string(pid), 0, benches()), "proposal.changed_meanwhile")
		stale := x.tomorrow(pid, byMajority)
		x.must(x.Edit(t.Context(), sam, string(pid), stale.Sequence, benches()))
		_, err = x.Opens(t.Context(), sam, string(pid), x.IDs.Secret(), stale) // on a text that somebody has changed
		refused(t, err, "proposal.changed_meanwhile")
	})
}

// TestAFormOpensOnePoll: sent again it leads to the poll that it opened, and with anything
// else in it, or for something else, it is refused.
func TestAFormOpensOnePoll(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam := x.person("sam")
		x.group("riverside", sam)
		pid, other := x.discussed(sam, "riverside", benches()), x.discussed(sam, "riverside", benches())
		x.must(x.Move(ctx, sam, string(pid), doPublish))
		in, key := x.tomorrow(pid, byMajority), x.IDs.Secret()
		in.Gate, in.Codes = box.GateCodes, "CODE-NUMBER-ONE\nCODE-NUMBER-TWO"
		poll, err := x.Opens(ctx, sam, string(pid), key, in)
		x.must(err)
		if again, err := x.Opens(ctx, sam, string(pid), key, in); err != nil || again != poll {
			t.Errorf("the same form opens %s, %v", again, err)
		}
		for name, change := range map[string]func(*OpenInput){
			"quorum": func(in *OpenInput) { in.Quorum = "2" }, "method": func(in *OpenInput) { in.Preset = byConsent },
			"end": func(in *OpenInput) { in.Time = "21:00" }, "codes": func(in *OpenInput) { in.Codes = "CODE-NUMBER-ONE\nCODE-NUMBER-SIX" },
		} {
			typed := in
			change(&typed)
			if _, err := x.Opens(ctx, sam, string(pid), key, typed); !fault.HasCode(err, "form.key_used") {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err = x.Opens(ctx, sam, string(other), key, in)
		refused(t, err, "form.key_used")
	})
}
