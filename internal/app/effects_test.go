package app_test

import (
	"strings"
	"testing"

	"convoke/internal/feature/polls"
)

// proposes drafts something of a group of the alliance, which everybody may read.
func (x *alliance) proposes(who, group string, in polls.Input) polls.ID {
	x.t.Helper()
	ctx := x.t.Context()
	pid, err := x.Polls.Create(ctx, x.actors[who], group, x.IDs.Secret(), in)
	for _, do := range []string{"discuss", "publish"} {
		if err == nil {
			err = x.Polls.Move(ctx, x.actors[who], string(pid), do)
		}
	}
	if err != nil {
		x.t.Fatal(err)
	}
	return pid
}

// opens opens a poll on it by name, where delegates vote.
func (x *alliance) opens(who string, pid polls.ID, preset string) (poll, box string) {
	x.t.Helper()
	id, err := x.Polls.Opens(x.t.Context(), x.actors[who], string(pid), x.IDs.Secret(), polls.OpenInput{
		Sequence: 2, Preset: preset, Gate: "members", Secrecy: "named", Day: "2026-05-10", Time: "18:00",
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return string(id), x.column("select box_id from poll where id = $1", string(id))[0]
}

// say has all three delegates say the same.
func (x *alliance) say(poll string, paper ...byte) {
	x.t.Helper()
	for n, who := range []string{"harbour", "hill", "riverside"} {
		if err := x.Polls.Vote(x.t.Context(), x.actors[who], poll, polls.VoteInput{Seat: n, Paper: paper}); err != nil {
			x.t.Fatal(err)
		}
	}
}

// TestWhatIsVotedOnBecomesADemand: whoever merges the winner into another demand while the
// poll is open, or takes it back, undoes nothing.
func TestWhatIsVotedOnBecomesADemand(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newAlliance(s)
		left := x.forwards()
		named := func(body string) string { return x.column("select id from demand_candidate where body = $1", body)[0] }
		for n, meanwhile := range []func() error{
			func() error {
				return s.Campaigns.Merge(t.Context(), x.actors["riverside"], "clear-water", named(left[0]), named(left[1]))
			},
			func() error {
				return s.Campaigns.Retire(t.Context(), x.actors["harbour"], "clear-water", named(left[2]))
			},
		} {
			winner := []string{left[0], left[2]}[n]
			pid := x.proposes("riverside", "valley", polls.Input{
				Title: "Which?", Body: "One of two.", Lang: "en", Effect: "demand", Campaign: "clear-water", Options: winner + "\n" + left[3],
			})
			poll, box := x.opens("riverside", pid, "rank")
			x.say(poll, 1, 2)
			if err := meanwhile(); err != nil {
				t.Fatal(err)
			}
			s.closes(box)
			s.later()
			wants(t, s.visitor().Get("/polls/"+poll), "Adopted: "+winner)
			wants(t, s.visitor().Get("/campaigns/clear-water"), winner, "decided by a vote")
		}
		if got := strings.Join(x.column("select body from demand order by number"), ", "); got != left[0]+", "+left[2] {
			t.Errorf("the demands are %s", got)
		}
	})
}
