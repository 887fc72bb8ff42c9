package box_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
)

func yesno() *tally.Rules { return &tally.Rules{Method: tally.YesNo, Options: 1} }

var yes, no = leaf.Ballot([]byte{0}), leaf.Ballot([]byte{1})

// people names n members of a closed roll.
func people(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("person %d", i)
	}
	return out
}

// poll opens a secret poll of n members.
func (s *stand) poll(t fataler, n int, m leaf.Box) (*box.Info, []string) {
	t.Helper()
	refs := people(n)
	m.Type, m.Takes = leaf.Poll, leaf.TakesSay
	if m.Poll == nil {
		m.Poll = yesno()
	}
	return s.open(t, s.roll(t, box.RollInput{Gate: box.GateMembers, References: refs}), 0, m), refs
}

// member takes the credential of somebody on the list.
func (s *stand) member(t fataler, i *box.Info, ref string) *boxtest.Voter {
	t.Helper()
	g, err := s.AdmitMember(ctx, i.Roll, ref)
	if err != nil {
		t.Fatal(err)
	}
	v, err := boxtest.Issue(ctx, s.Boxes, i, g)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestPoll votes, changes and takes back, and counts what is left after the close.
func TestPoll(t *testing.T) {
	eachCounted(t, func(t *testing.T, s *stand) {
		rules := yesno()
		rules.Quorum = 3
		i, refs := s.poll(t, 5, leaf.Box{Poll: rules})
		var all []*boxtest.Voter
		for _, ref := range refs[:4] {
			all = append(all, s.member(t, i, ref))
		}
		s.cast(t, i, all[0].Says(yes))
		s.cast(t, i, all[1].Says(no))
		s.cast(t, i, all[1].Says(yes))
		s.cast(t, i, all[2].Says(yes))
		s.cast(t, i, all[3].Says(no))
		s.cast(t, i, all[3].Says(leaf.Withdraw()))
		_, err := s.Cast(ctx, i.ID, all[3].Says(leaf.Ballot([]byte{9})))
		wantCode(t, err, "box.paper")
		_, err = s.Cast(ctx, i.ID, all[3].Says(leaf.Pledge{Threshold: 1}.Encode()))
		wantCode(t, err, "box.body")
		if _, err := s.AdmitMember(ctx, i.Roll, "somebody who joined later"); err == nil {
			t.Error("the electorate was packed")
		}
		if x, ok := s.said(t, i, all[1].Public()); !ok || !bytes.Equal(x.Body, yes) {
			t.Errorf("the second says %+v", x)
		}
		if page, _, err := s.Papers(ctx, i.ID, 0, 100); err != nil || len(page) != 0 {
			t.Errorf("while it is open, %d ballots are shown: %v", len(page), err)
		}
		if _, err := s.Count(ctx, i.ID); err == nil {
			t.Error("it was counted while it was open")
		}
		if err := s.Close(ctx, i.ID); err != nil {
			t.Fatal(err)
		}
		_, err = s.Cast(ctx, i.ID, all[0].Says(no))
		wantCode(t, err, "box.closed")
		r, err := s.Count(ctx, i.ID)
		if err != nil || !r.Adopted || r.Sums[0] != 3 || r.Sums[1] != 0 || r.Eligible != 5 {
			t.Errorf("it came out %+v, %v", r, err)
		}
		var shown int
		for from := int64(0); from >= 0; {
			var page []box.Paper
			if page, from, err = s.Papers(ctx, i.ID, from, 2); err != nil {
				t.Fatal(err)
			}
			shown += len(page)
		}
		if shown != 3 {
			t.Errorf("%d ballots are shown", shown)
		}
	})
}

// TestWithheld: while a poll is open there is nothing to read of it but how long its
// log is; a petition can be read all the time.
func TestWithheld(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i, refs := s.poll(t, 3, leaf.Box{})
		s.cast(t, i, s.member(t, i, refs[0]).Says(yes))
		files := func() (n int) {
			err := s.Record.Export(ctx, func(log string) bool { return log == i.Log() }, func(path string, _ []byte) error {
				if bytes.HasPrefix([]byte(path), []byte(i.Log()+"/tile")) {
					n++
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := files(); n != 0 {
			t.Errorf("%d files of an open poll were written", n)
		}
		if err := s.Close(ctx, i.ID); err != nil {
			t.Fatal(err)
		}
		if files() == 0 {
			t.Error("a closed poll has no files")
		}
	})
}

// TestByName: seats vote by what they weigh; a mandate that ends takes its vote along,
// and whoever comes after votes again.
func TestByName(t *testing.T) {
	eachCounted(t, func(t *testing.T, s *stand) {
		var seats []box.NamedSeat
		for n, name := range []string{"River", "Harbour", "Hill"} {
			salt, err := box.Salt()
			if err != nil {
				t.Fatal(err)
			}
			seats = append(seats, box.NamedSeat{Name: name, Salt: salt, Weight: uint32(n + 1)})
		}
		m := leaf.Box{Type: leaf.Poll, Poll: yesno(), Opens: dbtest.Now.Unix(), Closes: dbtest.Now.Add(time.Hour).Unix(), Text: fmt.Sprintf("%064d", 1)}
		var b leaf.ID
		s.write(t, func(tx *db.Tx) (err error) {
			b, err = s.OpenNamed(ctx, tx, m, seats)
			return err
		})
		i, err := s.Info(ctx, b)
		if err != nil {
			t.Fatal(err)
		}
		vote := func(seat uint32, body []byte) (err error) {
			return s.DB.Write(ctx, func(tx *db.Tx) error { return s.Vote(ctx, tx, b, seat, body, nil) })
		}
		for _, x := range []struct {
			seat uint32
			body []byte
		}{{0, yes}, {1, no}, {2, no}, {2, leaf.Withdraw()}, {1, no}, {2, yes}} {
			if err := vote(x.seat, x.body); err != nil {
				t.Fatal(err)
			}
		}
		leaves := s.leaves(t, i.Log())
		if len(leaves) != 5 {
			t.Errorf("%d leaves: the same vote again is none", len(leaves))
		}
		salts := map[[16]byte]bool{{}: true} // none is nothing, and none is another's
		for _, raw := range leaves {
			l, err := leaf.DecodeVote(raw)
			if err != nil || salts[l.Salt] {
				t.Errorf("%+v, %v: the vote can be guessed from the head", l, err)
			}
			salts[l.Salt] = true
		}
		wantCode(t, vote(3, yes), "box.leaf")
		wantCode(t, vote(0, leaf.Ballot([]byte{7})), "box.paper")
		if err := vote(0, leaf.Withdraw()); err != nil {
			t.Fatal(err)
		}
		wantCode(t, vote(0, leaf.Withdraw()), "box.nothing")
		var says []byte
		s.write(t, func(tx *db.Tx) (err error) {
			says, err = s.SeatSays(ctx, tx, b, 2)
			return err
		})
		if !bytes.Equal(says, yes) {
			t.Errorf("the third seat says %x", says)
		}
		n := s.numbers(t, i)
		if n.Counted != 2 || n.Withdrawn != 1 {
			t.Errorf("numbers %+v", n)
		}
		if err := s.Close(ctx, b); err != nil {
			t.Fatal(err)
		}
		wantCode(t, vote(0, yes), "box.closed")
		r, err := s.Count(ctx, b)
		if err != nil || r.Sums[0] != 3 || r.Sums[1] != 2 || r.Eligible != 6 {
			t.Errorf("it came out %+v, %v", r, err)
		}
		var seen []box.Paper
		for from := int64(0); from >= 0; {
			var page []box.Paper
			if page, from, err = s.Papers(ctx, b, from, 2); err != nil {
				t.Fatal(err)
			}
			seen = append(seen, page...)
		}
		if len(seen) != 2 || seen[0].Seat != 1 || seen[0].Weight != 2 || seen[1].Seat != 2 || seen[1].Weight != 3 {
			t.Errorf("shown are %+v", seen)
		}
		for from, seat := range map[int64]uint32{math.MinInt64: 1, -7: 1, 0: 1, 3: 1, 4: 2, 5: 2} { // of six leaves the second and the fifth count
			page, next, err := s.Papers(ctx, b, from, 4)
			if err != nil || len(page) != 1 || page[0].Seat != seat || next != map[uint32]int64{1: 4, 2: -1}[seat] {
				t.Errorf("from %d on there is %+v, %d, %v", from, page, next, err)
			}
		}
		for _, from := range []int64{6, 8, 99, math.MaxInt64} {
			if page, _, err := s.Papers(ctx, b, from, 4); !errors.Is(err, box.ErrNoPage) {
				t.Errorf("behind the end, from %d on, there is %+v, %v", from, page, err)
			}
		}
	})
}

// TestTakenBackAtTheClose: between the end of a poll and its close a vote by name is
// taken back, as when a mandate ended just before, and nothing else is said.
func TestTakenBackAtTheClose(t *testing.T) {
	eachCounted(t, func(t *testing.T, s *stand) {
		closes := dbtest.Now.Add(time.Hour)
		m := leaf.Box{Type: leaf.Poll, Poll: yesno(), Opens: dbtest.Now.Unix(), Closes: closes.Unix(), Text: fmt.Sprintf("%064d", 1)}
		var b leaf.ID
		s.write(t, func(tx *db.Tx) (err error) {
			b, err = s.OpenNamed(ctx, tx, m, []box.NamedSeat{{Name: "River", Weight: 1}, {Name: "Hill", Weight: 1}})
			return err
		})
		vote := func(seat uint32, body []byte) (err error) {
			return s.DB.Write(ctx, func(tx *db.Tx) error { return s.Vote(ctx, tx, b, seat, body, nil) })
		}
		for seat := range uint32(2) {
			if err := vote(seat, yes); err != nil {
				t.Fatal(err)
			}
		}
		s.Clock.Set(closes.Add(30 * time.Second))
		wantCode(t, vote(1, no), "box.closed")
		if err := vote(0, leaf.Withdraw()); err != nil {
			t.Error(err)
		}
		wantCode(t, vote(0, yes), "box.closed")
		if err := s.CloseDue(ctx); err != nil {
			t.Fatal(err)
		}
		wantCode(t, vote(1, leaf.Withdraw()), "box.closed")
		if r, err := s.Count(ctx, b); err != nil || r.Papers != 1 {
			t.Errorf("it came out %+v, %v", r, err)
		}
	})
}

// TestNamedReasons: a block by name comes with why, which is told with the ballots and
// not before, and sent again is one.
func TestNamedReasons(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		m := leaf.Box{
			Type: leaf.Poll, Poll: &tally.Rules{Method: tally.Consent, Options: 1}, Opens: dbtest.Now.Unix(), Closes: dbtest.Now.Add(time.Hour).Unix(), Text: fmt.Sprintf("%064d", 1),
		}
		var b leaf.ID
		s.write(t, func(tx *db.Tx) (err error) {
			b, err = s.OpenNamed(ctx, tx, m, []box.NamedSeat{{Name: "River", Weight: 1}, {Name: "Hill", Weight: 1}})
			return err
		})
		why := box.Reason{Salt: [32]byte{1}, Text: "It costs more than we have."}
		h := why.Hash()
		vote := func(seat uint32, paper []byte, r *box.Reason) (err error) {
			return s.DB.Write(ctx, func(tx *db.Tx) error { return s.Vote(ctx, tx, b, seat, leaf.Ballot(paper), r) })
		}
		block := append([]byte{tally.Block}, h[:]...)
		wantCode(t, vote(0, block, nil), "box.reason")
		wantCode(t, vote(0, block, &box.Reason{Text: "Another one."}), "box.reason")
		wantCode(t, vote(0, []byte{tally.Agree}, &why), "box.reason")
		for range 2 {
			if err := vote(0, block, &why); err != nil {
				t.Fatal(err)
			}
		}
		if err := vote(1, []byte{tally.Agree}, nil); err != nil {
			t.Fatal(err)
		}
		if n := len(s.leaves(t, record.BoxLog(b))); n != 2 {
			t.Errorf("%d leaves", n)
		}
		if page, _, err := s.Papers(ctx, b, 0, 10); err != nil || len(page) != 0 {
			t.Errorf("while it is open, %+v is shown: %v", page, err)
		}
		if err := s.Close(ctx, b); err != nil {
			t.Fatal(err)
		}
		page, _, err := s.Papers(ctx, b, 0, 10)
		if err != nil || len(page) != 2 || page[0].Reason == nil || *page[0].Reason != why || page[1].Reason != nil {
			t.Errorf("shown are %+v, %v", page, err)
		}
	})
}

// TestHeavySeats: a poll whose seats weigh more than can be counted, or nothing, is not
// opened.
func TestHeavySeats(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		m := leaf.Box{Type: leaf.Poll, Poll: yesno(), Opens: dbtest.Now.Unix(), Closes: dbtest.Now.Add(time.Hour).Unix(), Text: fmt.Sprintf("%064d", 1)}
		for _, seats := range [][]box.NamedSeat{slices.Repeat([]box.NamedSeat{{Name: "River", Weight: math.MaxUint32}}, 21), {{Name: "River"}}} {
			err := s.DB.Write(ctx, func(tx *db.Tx) error {
				_, err := s.OpenNamed(ctx, tx, m, seats)
				return err
			})
			if !errors.Is(err, tally.ErrWeight) {
				t.Errorf("%d seats: %v", len(seats), err)
			}
		}
	})
}

// TestFreeze: credentials are given out beforehand; nobody votes before the roll is
// frozen, and nobody is added afterwards.
func TestFreeze(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		opens := dbtest.Now.Add(time.Hour)
		i, refs := s.poll(t, 3, leaf.Box{Freeze: true, Opens: opens.Unix()})
		v := s.member(t, i, refs[0])
		activated := leaf.Activate{Key: v.Public()}
		copy(activated.Auth[:], v.Auth)
		if err := s.Activate(ctx, i.Roll, activated.Encode()); err != nil {
			t.Fatal(err)
		}
		_, err := s.Cast(ctx, i.ID, v.Say(i.Origin, nil, 1, yes))
		wantCode(t, err, "box.early")
		s.Clock.Set(opens)
		_, err = s.Cast(ctx, i.ID, v.Say(i.Origin, nil, 1, yes))
		wantCode(t, err, "box.early") // until the roll is frozen, within a minute
		if err := s.CloseDue(ctx); err != nil {
			t.Fatal(err)
		}
		g, err := s.AdmitMember(ctx, i.Roll, refs[1])
		if err != nil {
			t.Fatal(err)
		}
		_, err = boxtest.Issue(ctx, s.Boxes, i, g)
		wantCode(t, err, "box.frozen")
		if r := s.cast(t, i, v.Say(i.Origin, nil, 1, yes)); r.Again {
			t.Error("it was there")
		}
		frozen := 0
		for _, l := range s.leaves(t, record.RollLog(i.Roll)) {
			if f, err := leaf.DecodeFreeze(l); err == nil && f.Issued == 1 && f.Activated == 1 {
				frozen++
			}
		}
		if err := s.CloseDue(ctx); err != nil || frozen != 1 {
			t.Errorf("frozen %d times, %v", frozen, err)
		}
	})
}

// TestReasons: a block comes with why, and that is not in the record.
func TestReasons(t *testing.T) {
	eachCounted(t, func(t *testing.T, s *stand) {
		i, refs := s.poll(t, 3, leaf.Box{Poll: &tally.Rules{Method: tally.Consent, Options: 1}})
		v := s.member(t, i, refs[0])
		why := box.Reason{Salt: [32]byte{1}, Text: "It costs more than we have."}
		h := why.Hash()
		block := leaf.Ballot(append([]byte{3}, h[:]...))
		b := v.Says(block)
		_, err := s.Cast(ctx, i.ID, b)
		wantCode(t, err, "box.reason")
		_, err = s.CastWith(ctx, i.ID, b, &box.Reason{Text: "Another one."})
		wantCode(t, err, "box.reason")
		_, err = s.CastWith(ctx, i.ID, v.Says(leaf.Ballot([]byte{0})), &why)
		wantCode(t, err, "box.reason")
		if _, err := s.CastWith(ctx, i.ID, b, &why); err != nil {
			t.Fatal(err)
		}
		for _, l := range s.leaves(t, i.Log()) {
			if bytes.Contains(l, []byte(why.Text)) {
				t.Error("the text is in the record")
			}
		}
		if err := s.Close(ctx, i.ID); err != nil {
			t.Fatal(err)
		}
		page, _, err := s.Papers(ctx, i.ID, 0, 10)
		if err != nil || len(page) != 1 {
			t.Fatalf("%d ballots, %v", len(page), err)
		}
		s.write(t, func(tx *db.Tx) error {
			got, err := s.ReasonOf(ctx, tx, i.ID, page[0])
			if err == nil && (got == nil || *got != why) {
				t.Errorf("the reason is %+v", got)
			}
			if err == nil {
				err = s.EraseReasons(ctx, tx, i.ID)
			}
			return err
		})
		r, err := s.Count(ctx, i.ID)
		if err != nil || r.Adopted {
			t.Errorf("a block stopped nothing: %+v, %v", r, err)
		}
	})
}
