package polls

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/db"
)

// codesFirst opens a poll whose voters get their codes until tomorrow, and which may be
// closed early.
func (x *fixture) codesFirst(pid ID) OpenInput {
	in := x.tomorrow(pid, byMajority)
	in.FromDay, in.FromTime = in.Day, "09:00"
	in.Early = true
	return in
}

// TestCalledOff: before voting begins a poll is called off with a reason, and nothing is
// decided; from then on it is closed and counted.
func TestCalledOff(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ana := x.person("sam"), x.person("ana")
		g := x.group("riverside", sam, ana)
		pid := x.discussed(ana, "riverside", benches())
		aid, err := x.Amend(ctx, ana, string(pid), x.IDs.Secret(), AmendInput{Body: "We build **three benches**.", Why: "Because."})
		x.must(err)
		for _, amendment := range []string{aid, ""} {
			x.told[g] = nil
			in := x.codesFirst(pid)
			in.Amendment = amendment
			poll := x.opens(sam, pid, in)
			refused(t, x.CloseEarly(ctx, sam, string(poll)), "poll.not_begun")
			refused(t, x.CallOff(ctx, ana, string(poll), "The date is wrong."), "authz.forbidden")
			refused(t, x.CallOff(ctx, sam, string(poll), ""), "form.invalid")
			refused(t, x.CallOff(ctx, sam, string(poll), strings.Repeat("x", maxNote+1)), "form.invalid")
			if p := x.poll(poll); p.State != Open || p.Why != "" {
				t.Errorf("what was refused is stored: %+v", p)
			}
			for range 2 {
				x.must(x.CallOff(ctx, sam, string(poll), "The date is wrong."))
			}
			now := x.Clock.Now()
			x.Clock.Set(x.poll(poll).Closes.Add(time.Minute))
			x.must(x.boxes.CloseDue(ctx))
			x.must(x.CountDue(ctx))
			_, err = x.queue.RunPending(ctx)
			x.must(err)
			p, about := x.poll(poll), x.proposal(pid)
			if p.State != CalledOff || p.Why != "The date is wrong." || p.Result != nil || !p.ended().Equal(now) {
				t.Errorf("the poll is %s, %q, %+v, since %s", p.State, p.Why, p.Result, p.ended())
			}
			if about.State != Discussed || about.Adopted || !about.Decided.IsZero() || len(x.facts) != 0 {
				t.Errorf("the proposal is %s, and heard was %+v", about.State, x.facts)
			}
			if len(x.told[g]) != 2 {
				t.Errorf("members were told %v", x.told[g])
			}
		}
		x.write(func(tx *db.Tx) error {
			a, _, err := amendmentBy(ctx, tx, pid, aid)
			if a.State != Proposed {
				t.Errorf("the change is %s", a.State)
			}
			return err
		})

		// Once voting has begun it is closed, not called off; also when somebody had begun to.
		poll := x.opens(sam, pid, x.codesFirst(pid))
		x.write(func(tx *db.Tx) error { return putWhy(ctx, tx, poll, "The date is wrong.") })
		x.Clock.Set(x.poll(poll).Opens.Add(-30 * time.Second))
		refused(t, x.CallOff(ctx, sam, string(poll), "The date is wrong."), "poll.begun")
		x.Clock.Set(x.poll(poll).Opens)
		refused(t, x.CallOff(ctx, sam, string(poll), "The date is wrong."), "poll.begun")
		x.must(x.CloseEarly(ctx, sam, string(poll)))
		if p := x.over(poll); p.State != Counted || p.Result.Adopted || x.proposal(pid).State != Decided {
			t.Errorf("nobody voted, and it is %s", p.State)
		}
		refused(t, x.CallOff(ctx, sam, string(poll), "The date is wrong."), "poll.begun")

		// Only where that was said when it opened.
		pid = x.discussed(ana, "riverside", benches())
		in := x.codesFirst(pid)
		in.Early = false
		poll = x.opens(sam, pid, in)
		refused(t, x.CallOff(ctx, sam, string(poll), "The date is wrong."), "poll.not_early")
		if v, err := x.voter(ana, poll); err != nil || v == nil {
			t.Errorf("a code before the vote: %v", err)
		}
	})
}
