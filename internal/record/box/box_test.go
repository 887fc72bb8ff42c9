package box_test

import (
	"bytes"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
)

// TestSign goes from the gate to the receipt, twice each.
func TestSign(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		roll := s.roll(t, box.RollInput{Gate: box.GateBrowser})
		i := s.open(t, roll, 0, leaf.Box{Goals: []uint64{2, 5}})
		form := s.ids.Secret()
		g, err := s.AdmitAnybody(ctx, roll, form)
		if err != nil {
			t.Fatal(err)
		}
		c := code(t)
		v, err := s.issue(i, g, c)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := s.issue(i, g, c); err != nil || !bytes.Equal(again.Auth, v.Auth) {
			t.Errorf("a lost answer is not given again: %v", err)
		}
		_, err = s.issue(i, g, code(t))
		wantCode(t, err, "box.issued")
		if r := s.cast(t, i, v.Signs()); r.Index != 0 || r.Again {
			t.Errorf("receipt %+v", r)
		}
		if r := s.cast(t, i, v.Signs()); r.Index != 0 || !r.Again {
			t.Errorf("the second time, receipt %+v", r)
		}
		for range 2 {
			s.cast(t, i, s.anybody(t, i).Signs())
		}
		n := s.numbers(t, i)
		if n.Counted != 3 || n.Issued != 3 || len(n.Reached) != 1 || n.Reached[0].Goal != 2 {
			t.Errorf("numbers %+v", n)
		}
		if got := s.leaves(t, i.Log()); len(got) != 3 || !bytes.Equal(got[0], v.Signs()) {
			t.Errorf("%d leaves", len(got))
		}
		s.cast(t, i, v.Say(i.Origin, nil, 1, leaf.Withdraw()))
		if n := s.numbers(t, i); n.Counted != 2 || n.Withdrawn != 1 || len(n.Reached) != 1 {
			t.Errorf("after taking back: %+v", n)
		}
		_, err = s.Cast(ctx, i.ID, v.Say(i.Origin, nil, 2, leaf.Withdraw()))
		wantCode(t, err, "box.nothing")
		if len(s.reached) != 1 {
			t.Errorf("told of %v", s.reached)
		}
		var milestones int
		for _, l := range s.leaves(t, record.NodeLog) {
			if m, err := leaf.DecodeMilestone(l); err == nil {
				milestones++
				if m.Goal != 2 || m.Box != i.ID || m.Part != box.Whole {
					t.Errorf("milestone %+v", m)
				}
			}
		}
		if milestones != 1 {
			t.Errorf("%d milestones in the record", milestones)
		}
	})
}

// TestRefused tries what must not count. Nothing of it may leave a leaf.
func TestRefused(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		roll := s.roll(t, box.RollInput{Gate: box.GateBrowser, Slots: 3})
		i := s.open(t, roll, 0, leaf.Box{})
		other := s.open(t, roll, 1, leaf.Box{})
		early := s.open(t, roll, 2, leaf.Box{Opens: dbtest.Now.Add(time.Hour).Unix()})
		v, foreign := s.anybody(t, i), s.anybody(t, other)
		wrong := bytes.Clone(v.Signs())
		wrong[100] ^= 1
		swapped := leaf.Sign{Key: foreign.Public()}
		copy(swapped.Auth[:], v.Auth)
		for name, c := range map[string]struct {
			b    []byte
			code string
		}{
			"nothing":                    {nil, "box.leaf"},
			"another version":            {append([]byte{2}, v.Signs()[1:]...), "box.leaf"},
			"another kind":               {leaf.Batch{Count: 9}.Encode(), "box.leaf"},
			"too short":                  {v.Signs()[:289], "box.leaf"},
			"too long":                   {append(v.Signs(), 0), "box.leaf"},
			"a credential of a slot":     {foreign.Signs(), "box.credential"},
			"a flipped bit":              {wrong, "box.credential"},
			"another's credential":       {swapped.Encode(), "box.credential"},
			"no credential":              {v.Say(i.Origin, nil, 1, leaf.Withdraw()), "box.unknown_key"},
			"a statement for elsewhere":  {v.Say(other.Origin, v.Auth, 1, leaf.Withdraw()), "box.signature"},
			"a pledge in a petition":     {v.Say(i.Origin, v.Auth, 1, leaf.Pledge{Threshold: 1}.Encode()), "box.body"},
			"taking back what was never": {v.Say(i.Origin, v.Auth, 1, leaf.Withdraw()), "box.nothing"},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := s.Cast(ctx, i.ID, c.b)
				wantCode(t, err, c.code)
			})
		}
		_, err := s.Cast(ctx, early.ID, v.Signs())
		wantCode(t, err, "box.early")
		_, err = s.Cast(ctx, leaf.ID{1}, v.Signs())
		wantCode(t, err, "box.not_found")
		if n := len(s.leaves(t, i.Log())); n != 0 {
			t.Errorf("%d leaves came into the box", n)
		}
		for name, c := range map[string]struct {
			in   box.IssueInput
			code string
		}{
			"no slot":        {box.IssueInput{Blinded: [][]byte{make([]byte, 256)}}, "box.slots"},
			"two for one":    {box.IssueInput{Slots: 1, Blinded: [][]byte{make([]byte, 256), make([]byte, 256)}}, "box.slots"},
			"a short one":    {box.IssueInput{Slots: 1, Blinded: [][]byte{make([]byte, 255)}}, "box.blinded"},
			"above the key":  {box.IssueInput{Slots: 1, Blinded: [][]byte{bytes.Repeat([]byte{0xff}, 256)}}, "box.blinded"},
			"a slot too far": {box.IssueInput{Slots: 1 << 9, Blinded: [][]byte{make([]byte, 256)}}, "box.slot"},
		} {
			t.Run(name, func(t *testing.T) {
				if c.in.Grant, err = s.AdmitAnybody(ctx, roll, s.ids.Secret()); err != nil {
					t.Fatal(err)
				}
				_, err := s.Issue(ctx, roll, c.in)
				wantCode(t, err, c.code)
			})
		}
		if n := s.numbers(t, i).Issued; n != 1 {
			t.Errorf("%d issued, want 1", n)
		}
		_, err = s.Issue(ctx, roll, box.IssueInput{Grant: "nonsense", Slots: 1, Blinded: [][]byte{make([]byte, 256)}})
		wantCode(t, err, "box.grant")
	})
}

// TestClose proves that nothing is taken afterwards, and that what connects people
// with credentials is gone.
func TestClose(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		roll := s.roll(t, box.RollInput{Gate: box.GateBrowser})
		i := s.open(t, roll, 0, leaf.Box{})
		v, late := s.anybody(t, i), s.anybody(t, i)
		s.cast(t, i, v.Signs())
		g, err := s.AdmitAnybody(ctx, roll, s.ids.Secret())
		if err != nil {
			t.Fatal(err)
		}
		s.Clock.Add(24 * time.Hour)
		_, err = s.Cast(ctx, i.ID, late.Signs())
		wantCode(t, err, "box.closed")
		for range 2 {
			if err := s.CloseDue(ctx); err != nil {
				t.Fatal(err)
			}
		}
		s.Clock.Set(dbtest.Now) // a clock that goes back opens nothing
		_, err = s.Cast(ctx, i.ID, late.Signs())
		wantCode(t, err, "box.closed")
		_, err = s.issue(i, g, code(t))
		wantCode(t, err, "box.closed")
		for _, scope := range []string{box.RollScope(roll), box.SlotScope(roll, 0)} {
			if _, err := s.Vault.Existing(ctx, scope); err == nil {
				t.Errorf("the key of %s is there", scope)
			}
		}
		if _, err := s.Vault.Key(ctx, box.RollScope(roll)); err == nil {
			t.Error("a new key is made for what is over")
		}
		var rows int
		s.write(t, func(tx *db.Tx) error {
			return tx.Get(ctx, "select (select count(*) from issued) + (select count(*) from roll_code) + (select count(*) from slot_key where length(sealed) > 0)", nil, &rows)
		})
		if rows != 0 {
			t.Errorf("%d rows are left", rows)
		}
		closes := 0
		for _, l := range s.leaves(t, record.NodeLog) {
			if c, err := leaf.DecodeClose(l); err == nil && c.Box == i.ID && c.Size == 1 {
				closes++
			}
		}
		if closes != 1 || len(s.closed) != 1 {
			t.Errorf("%d closes in the record, told %d times", closes, len(s.closed))
		}
	})
}

// TestCrowd casts from many sides at once, each statement twice.
func TestCrowd(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		roll := s.roll(t, box.RollInput{Gate: box.GateBrowser})
		i := s.open(t, roll, 0, leaf.Box{Goals: []uint64{10}})
		const n = 60
		var all [][]byte
		for range n {
			all = append(all, s.anybody(t, i).Signs())
		}
		var work sync.WaitGroup
		for range 2 {
			for _, b := range all {
				work.Go(func() {
					if _, err := s.Cast(ctx, i.ID, b); err != nil {
						t.Error(err)
					}
				})
			}
		}
		work.Wait()
		if got := s.leaves(t, i.Log()); len(got) != n {
			t.Errorf("%d leaves, want %d", len(got), n)
		}
		if c := s.numbers(t, i).Counted; c != n {
			t.Errorf("%d count, want %d", c, n)
		}
		if len(s.reached) != 1 {
			t.Errorf("told of %v", s.reached)
		}
	})
}

// TestClosedRoll proves that only those on the list take part, each once, and that
// each can check their line.
func TestClosedRoll(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		refs := []string{"ana", "ben", "cleo"}
		roll := s.roll(t, box.RollInput{Gate: box.GateMembers, References: refs})
		i := s.open(t, roll, 0, leaf.Box{})
		if _, err := s.AdmitMember(ctx, roll, "dan"); !fault.HasCode(err, "box.not_member") && fault.Of(err).Code != "box.not_member" {
			t.Errorf("a stranger gets %v", err)
		}
		all := s.leaves(t, record.RollLog(roll))
		if len(all) != 4 {
			t.Fatalf("%d lines of the roll", len(all))
		}
		for _, ref := range refs {
			g, err := s.AdmitMember(ctx, roll, ref)
			if err != nil {
				t.Fatal(err)
			}
			v, err := s.issue(i, g, code(t))
			if err != nil {
				t.Fatal(err)
			}
			s.cast(t, i, v.Signs())
			if _, err = s.issue(i, g, code(t)); err == nil {
				t.Errorf("%s takes two credentials", ref)
			}
			salt, err := s.Salt(ctx, roll, ref)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for n, l := range all[1:] {
				if bytes.Equal(l, leaf.Member{Commitment: leaf.Commitment(unhex(t, salt), ref)}.Encode()) {
					found = true
					issues := s.leaves(t, record.RollLog(roll))
					if x, err := leaf.DecodeIssue(issues[len(issues)-1]); err != nil || int(x.Member) != n {
						t.Errorf("%s is member %d, issued to %d: %v", ref, n, x.Member, err)
					}
				}
			}
			if !found {
				t.Errorf("%s is not in the roll's log", ref)
			}
		}
		if n := s.numbers(t, i); n.Counted != 3 || n.Issued != 3 {
			t.Errorf("%+v", n)
		}
	})
}

// TestCodes tries printed codes and those of a closed list.
func TestCodes(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		b := make([]byte, 12)
		_, _ = rand.Read(b)
		printed := box.FormatCode(b)
		roll := s.roll(t, box.RollInput{Gate: box.GatePaper})
		i := s.open(t, roll, 0, leaf.Box{})
		s.write(t, func(tx *db.Tx) error { _, err := s.PrintCodes(ctx, tx, roll, []string{printed}); return err })
		_, err := s.AdmitCode(ctx, roll, box.GatePaper, "0000-0000-0000")
		wantCode(t, err, "box.code")
		g, err := s.AdmitCode(ctx, roll, box.GatePaper, " "+printed+" ")
		if err != nil {
			t.Fatal(err)
		}
		c := code(t)
		if _, err := s.issue(i, g, c); err != nil {
			t.Fatal(err)
		}
		again, err := s.AdmitCode(ctx, roll, box.GatePaper, printed)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.issue(i, again, c); err != nil {
			t.Errorf("a lost answer is not given again: %v", err)
		}
		_, err = s.issue(i, again, code(t))
		wantCode(t, err, "box.issued")

		listed := s.roll(t, box.RollInput{Gate: box.GateCodes, References: []string{box.CleanCode(printed)}})
		j := s.open(t, listed, 0, leaf.Box{})
		_, err = s.AdmitCode(ctx, listed, box.GateCodes, "0000")
		wantCode(t, err, "box.code")
		if g, err = s.AdmitCode(ctx, listed, box.GateCodes, printed); err != nil {
			t.Fatal(err)
		}
		v, err := s.issue(j, g, code(t))
		if err != nil {
			t.Fatal(err)
		}
		s.cast(t, j, v.Signs())
	})
}

// TestAddress proves that one address takes part once, under each of its usual
// forms, and only with the code that was sent to it.
func TestAddress(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		roll := s.roll(t, box.RollInput{Gate: box.GateEmail})
		i := s.open(t, roll, 0, leaf.Box{})
		ask := func(address, typed string) (string, error) {
			p, err := s.AskAddress(ctx, roll, address, "kq4m-7d2x")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.issue(i, p, code(t)); err == nil {
				t.Error("an unconfirmed address takes part")
			}
			return s.ConfirmAddress(ctx, roll, p, typed)
		}
		_, err := ask("ana@example.org", "kq4m-7d2y")
		wantCode(t, err, "box.mailed")
		g, err := ask("ana@example.org", "KQ4M 7D2X")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.issue(i, g, code(t)); err != nil {
			t.Fatal(err)
		}
		for _, a := range []string{"Ana@Example.org", "ana+two@example.org"} {
			g, err := ask(a, "kq4m7d2x")
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.issue(i, g, code(t))
			wantCode(t, err, "box.issued")
		}
		p, err := s.AskAddress(ctx, roll, "ben@example.org", "kq4m-7d2x")
		if err != nil {
			t.Fatal(err)
		}
		s.Clock.Add(16 * time.Minute)
		_, err = s.ConfirmAddress(ctx, roll, p, "kq4m-7d2x")
		wantCode(t, err, "box.grant")
	})
}

// TestTwoPhase activates before the vote: then nobody can be added.
func TestTwoPhase(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		roll := s.roll(t, box.RollInput{Gate: box.GateMembers, References: []string{"ana", "ben", "cem"}})
		i := s.open(t, roll, 0, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay})
		var voters []*boxtest.Voter
		for _, ref := range []string{"ana", "ben"} {
			g, err := s.AdmitMember(ctx, roll, ref)
			if err != nil {
				t.Fatal(err)
			}
			v, err := s.issue(i, g, code(t))
			if err != nil {
				t.Fatal(err)
			}
			voters = append(voters, v)
		}
		activate := func(v *boxtest.Voter) []byte {
			l := leaf.Activate{Key: v.Public()}
			copy(l.Auth[:], v.Auth)
			return l.Encode()
		}
		for range 2 {
			if err := s.Activate(ctx, roll, activate(voters[0])); err != nil {
				t.Fatal(err)
			}
			if err := s.Freeze(ctx, roll, 0); err != nil {
				t.Fatal(err)
			}
		}
		wantCode(t, s.Activate(ctx, roll, activate(voters[1])), "box.frozen")
		s.cast(t, i, voters[0].Say(i.Origin, nil, 1, leaf.Pledge{Threshold: 1}.Encode()))
		_, err := s.Cast(ctx, i.ID, voters[1].Say(i.Origin, nil, 1, leaf.Pledge{Threshold: 1}.Encode()))
		wantCode(t, err, "box.unknown_key")
		all := s.leaves(t, record.RollLog(roll))
		f, err := leaf.DecodeFreeze(all[len(all)-1])
		if want := (leaf.Freeze{Issued: 2, Activated: 1}); err != nil || f != want {
			t.Errorf("freeze %+v, %v", f, err)
		}
		// Nobody gets a credential any more; those that were given out stay good.
		g, err := s.AdmitMember(ctx, roll, "cem")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.issue(i, g, code(t))
		wantCode(t, err, "box.frozen")
		s.cast(t, i, voters[1].Say(i.Origin, voters[1].Auth, 1, leaf.Pledge{Threshold: 1}.Encode()))
		if frozen, err := s.Frozen(ctx, i); err != nil || !frozen {
			t.Errorf("frozen %v, %v", frozen, err)
		}
		if err := s.Close(ctx, i.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.Freeze(ctx, roll, 0), "box.closed")
		wantCode(t, s.Freeze(ctx, leaf.ID{1}, 0), "box.not_found")
	})
}
