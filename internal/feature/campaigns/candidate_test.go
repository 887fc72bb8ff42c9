package campaigns

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// standing are the bodies that were put forward, with those merged into them.
func (x *fixture) standing(h string) map[string][]string {
	x.t.Helper()
	out := map[string][]string{}
	c, err := x.see(of("riverside"), h)
	ok(x.t, err)
	x.write(func(tx *db.Tx) error {
		all, err := candidatesOf(x.t.Context(), tx, c.ID)
		clear(out)
		names := map[string]string{}
		for _, k := range all {
			names[k.ID] = k.Body
			if k.State == Forward {
				out[k.Body] = nil
			}
		}
		for _, k := range all {
			if k.State == Merged {
				out[names[k.Into]] = append(out[names[k.Into]], k.Body)
			}
		}
		return err
	})
	return out
}

// named is the id of what was put forward with those words.
func (x *fixture) named(h, body string) (found string) {
	x.t.Helper()
	c, err := x.see(of("riverside"), h)
	ok(x.t, err)
	x.write(func(tx *db.Tx) error {
		all, err := candidatesOf(x.t.Context(), tx, c.ID)
		for _, k := range all {
			if k.Body == body {
				found = k.ID
			}
		}
		return err
	})
	return found
}

// TestDemandsTogether: groups put demands forward, like ones are merged and keep who
// said them, and a poll makes the winners demands.
func TestDemandsTogether(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx, h := t.Context(), x.start(careDay)
		c, err := x.see(of("riverside"), h)
		ok(t, err)
		put := func(group, key, body, to string) error {
			return x.PutForward(ctx, of(group), h, group, key, DemandInput{Body: body, Addressee: to})
		}
		key := x.key()
		for range 2 {
			ok(t, put("riverside", key, "Benches by the river", "The council"))
		}
		wantCode(t, put("riverside", key, "Something else", "The council"), "form.key_used")
		wantCode(t, put("hill", x.key(), "Seats by the river", "The council"), "candidate.outside")
		ok(t, x.Endorse(ctx, of("hill"), h, "hill", 0))
		ok(t, put("hill", x.key(), "Seats by the river", "The council"))
		x.Member = func(_ context.Context, _ *db.Tx, coalition, group id.Group) (bool, error) {
			return coalition == "g-riverside" && group == "g-harbour", nil
		}
		ok(t, put("harbour", x.key(), "A ramp", "The port"))
		wantCode(t, put("market", x.key(), "A ramp", "The port"), "candidate.outside")
		wantKind(t, put("hill", x.key(), "", ""), fault.KindInvalid)

		benches, seats, ramp := x.named(h, "Benches by the river"), x.named(h, "Seats by the river"), x.named(h, "A ramp")
		wantCode(t, x.Merge(ctx, of("riverside"), h, seats, seats), "candidate.itself")
		wantCode(t, x.Merge(ctx, of("riverside"), h, seats, ramp), "candidate.addressee")
		wantCode(t, x.Merge(ctx, of("riverside"), h, seats, "nothing"), "candidate.into")
		wantKind(t, x.Merge(ctx, of("market"), h, seats, benches), fault.KindForbidden)
		for range 2 {
			ok(t, x.Merge(ctx, of("riverside"), h, seats, benches))
		}
		if d := cmp.Diff(map[string][]string{"Benches by the river": {"Seats by the river"}, "A ramp": nil}, x.standing(h)); d != "" {
			t.Error(d)
		}
		wantCode(t, x.Merge(ctx, of("riverside"), h, benches, seats), "candidate.settled")
		ok(t, x.Part(ctx, of("hill"), h, seats)) // its own group takes it out
		ok(t, x.Merge(ctx, of("hill"), h, seats, benches))
		wantKind(t, x.Retire(ctx, of("riverside"), h, ramp), fault.KindForbidden) // that of another group
		ok(t, x.Retire(ctx, of("harbour"), h, ramp))
		ok(t, put("harbour", x.key(), "A lift", "The port"))

		decided := fact.PollDecided{
			Poll: "poll-1", Group: "g-riverside", Campaign: c.ID, Effect: fact.EffectDemand, Adopted: true, At: x.clock.Now(),
			Candidates: []string{benches, x.named(h, "A lift"), ""}, Winners: []int{1, 2, 0},
		}
		foreign := decided
		foreign.Group = "g-hill"
		x.write(func(tx *db.Tx) error { return x.Decided(ctx, tx, foreign) })
		x.write(func(tx *db.Tx) error { return x.Decided(ctx, tx, decided) })
		x.write(func(tx *db.Tx) error {
			met := fact.PollDecided{Poll: "poll-2", Group: "g-riverside", Campaign: c.ID, Effect: fact.EffectMet, Subject: "1:met", Adopted: true, At: x.clock.Now()}
			return x.Decided(ctx, tx, met)
		})
		var got [][3]string
		x.write(func(tx *db.Tx) error {
			all, err := demandsOf(ctx, tx, c.ID)
			got = nil
			for _, d := range all {
				got = append(got, [3]string{d.Body, string(d.State), d.History[len(d.History)-1].Poll})
			}
			return err
		})
		if d := cmp.Diff([][3]string{{"A lift", "met", "poll-2"}, {"Benches by the river", "open", "poll-1"}}, got); d != "" {
			t.Error(d)
		}
		if left := x.standing(h); len(left) != 1 || len(left["Benches by the river"]) != 1 {
			t.Errorf("what stays: %v", left)
		}
		wantCode(t, x.Retire(ctx, of("riverside"), h, benches), "candidate.chosen")
	})
}

// TestCandidatesOfAPoll: what was voted on becomes a demand with its own words, whether or
// not it was merged or taken back meanwhile; and two with the same words are told apart by
// of whom they are demanded.
func TestCandidatesOfAPoll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx, h := t.Context(), x.start(careDay)
		for _, to := range []string{"The port", "The council", "the council"} {
			ok(t, x.PutForward(ctx, of("riverside"), h, "riverside", x.key(), DemandInput{Body: "A ramp", Addressee: to}))
			x.clock.Add(time.Second)
		}
		for _, body := range []string{"Seats", "Trees", "Light"} {
			ok(t, x.PutForward(ctx, of("riverside"), h, "riverside", x.key(), DemandInput{Body: body, Addressee: "The council"}))
		}
		var c id.Campaign
		var ballot, ids []string
		x.write(func(tx *db.Tx) (err error) {
			if c, ballot, err = x.Candidates(ctx, tx, of("riverside"), h); err == nil {
				ids, err = x.Forward(ctx, tx, c, append(ballot, "None of these", "A ramp"))
			}
			return err
		})
		slices.Sort(ballot[2:])
		if d := cmp.Diff([]string{"A ramp (The port)", "A ramp (The council)", "Light", "Seats", "Trees"}, ballot); d != "" {
			t.Error(d)
		}
		if slices.Contains(ids[:5], "") || ids[5] != "" || ids[6] != "" {
			t.Errorf("they are %q", ids)
		}
		seats, trees, light := x.named(h, "Seats"), x.named(h, "Trees"), x.named(h, "Light")
		ok(t, x.Merge(ctx, of("riverside"), h, seats, light))
		ok(t, x.Retire(ctx, of("riverside"), h, trees))
		f := fact.PollDecided{
			Poll: "poll-1", Group: "g-riverside", Campaign: c, Effect: fact.EffectDemand, Adopted: true, At: x.clock.Now(),
			Candidates: []string{seats, trees, ids[1], ""}, Winners: []int{0, 1, 2, 3},
		}
		for range 2 {
			x.write(func(tx *db.Tx) error { return x.Decided(ctx, tx, f) })
		}
		var got [][2]string
		x.write(func(tx *db.Tx) error {
			all, err := demandsOf(ctx, tx, c)
			got = nil
			for _, d := range all {
				got = append(got, [2]string{d.Body, d.Addressee})
			}
			return err
		})
		if d := cmp.Diff([][2]string{{"Seats", "The council"}, {"Trees", "The council"}, {"A ramp", "The council"}}, got); d != "" {
			t.Error(d)
		}
		if left := x.standing(h); len(left["Light"]) != 0 {
			t.Errorf("a demand is merged into something still: %v", left)
		}
	})
}

// TestMergeable: nothing is lost or there twice, however candidates are merged and
// parted.
func TestMergeable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := make([]Candidate, rapid.IntRange(2, 6).Draw(t, "candidates"))
		for i := range all {
			all[i] = Candidate{ID: string(rune('a' + i)), State: Forward, Addressee: rapid.SampledFrom([]string{"port", "council"}).Draw(t, "to")}
		}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			from, into := rapid.SampledFrom(all).Draw(t, "from"), rapid.SampledFrom(all).Draw(t, "into")
			err := mergeable(&from, &into)
			if (err == nil) != (from.ID != into.ID && from.State == Forward && into.State == Forward && from.Addressee == into.Addressee) {
				t.Fatalf("%+v into %+v: %v", from, into, err)
			}
			if err != nil {
				continue
			}
			for i := range all {
				if all[i].ID == from.ID || all[i].Into == from.ID {
					all[i].State, all[i].Into = Merged, into.ID
				}
			}
			for _, k := range all {
				if k.State == Merged && all[k.Into[0]-'a'].State != Forward {
					t.Fatalf("%+v is behind one that is merged itself", k)
				}
			}
		}
	})
}

func TestDemandMove(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{"3:met": true, "1:withdrawn": true, "x:met": false, "3:gone": false, "3": false, "": false} {
		if _, _, ok := demandMove(in); ok != want {
			t.Errorf("%q: %v", in, ok)
		}
	}
}
