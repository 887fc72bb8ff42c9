package door

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

func TestCodesAsTyped(t *testing.T) {
	t.Parallel()
	hash := []byte{0x08, 0x42, 0x10, 0x84, 0x21, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	if got := id.Code(hash); got != "1111-1111" {
		t.Fatal(got)
	}
	for typed, ok := range map[string]bool{
		"1111-1111": true, "11111111": true, " lLiI 1111 ": true, "1111\u20111111": true, "1 1 1 1 - 1 1 1 1": true,
		"": false, "1111-111": false, "1111-11111": false, "1111-111u": false, "1111-111é": false, "????????": false,
		strings.Repeat(" ", maxTyped) + "11111111": false,
	} {
		b, got := parseCode(typed)
		if got != ok || ok && !bytes.Equal(b, hash[:5]) {
			t.Errorf("%q: %x, %v", typed, b, got)
		}
	}
	if a, _ := parseCode("OoQ0-zZ00"); !bytes.Equal(a, []byte{0x00, 0x2e, 0x0f, 0xfc, 0x00}) {
		t.Errorf("%x", a)
	}
	long := longCode(hash)
	if b, ok := parseCode(long); !ok || !bytes.Equal(b, hash[:15]) {
		t.Errorf("the long code %q: %x, %v", long, b, ok)
	}
	from, to := span(hash[:5])
	if len(from) != 16 || len(to) != 16 || bytes.Compare(from, hash) > 0 || bytes.Compare(to, hash) < 0 {
		t.Errorf("%x to %x", from, to)
	}
}

// Whatever is typed, it is refused, or stands for one code that reads back.
func FuzzParseCode(f *testing.F) {
	for _, s := range []string{"kq4m-7d2x", "KQ4M 7D2X", "ooooiill", "", "u", "\xff\xff", strings.Repeat("z", 24), "kq4m\u20137d2x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, ok := parseCode(s)
		if !ok {
			return
		}
		if len(b) != shortBytes && len(b) != longBytes {
			t.Fatalf("%q: %d bytes", s, len(b))
		}
		again := encoding.EncodeToString(b)
		if c, ok := parseCode(again); !ok || !bytes.Equal(b, c) {
			t.Fatalf("%q: its own form %q is %x", s, again, c)
		}
		from, to := span(b)
		if len(from) != hashBytes || len(to) != hashBytes || bytes.Compare(from, to) > 0 {
			t.Fatalf("%q: from %x to %x", s, from, to)
		}
	})
}

func TestCheckInCountsOnce(t *testing.T) {
	t.Parallel()
	gates(t, func(t *testing.T, g *gate) {
		e := g.event(t)
		north, south := g.door(t, e, "North gate"), g.door(t, e, "South gate")
		hash := g.signUp(t, e, 3, "going")
		g.signUp(t, e, 2, "going")
		in := Tap{Key: g.ids.Secret(), Code: id.Code(hash)}
		first := g.checkAs(t, north, in)
		want := Outcome{Result: Welcome, Tap: first.Tap, Code: longCode(hash), Party: 3, People: 3, Times: []string{"Morning shift"}}
		if d := cmp.Diff(want, first); d != "" || first.Tap == "" {
			t.Error(d)
		}
		if again := g.checkAs(t, north, in); !cmp.Equal(first, again) {
			t.Errorf("sent again: %+v", again)
		}
		want.Result, want.Tap, want.Door = Already, "", "North gate"
		if d := cmp.Diff(want, g.check(t, south, strings.ToUpper(id.Code(hash)))); d != "" {
			t.Error(d)
		}
		n := g.came(t, e, 3, 0)
		if n.Expected != 5 || n.Missing() != 2 || len(n.Doors) != 2 || n.Doors[0].Attended != 3 || n.Doors[1].All() != 0 {
			t.Errorf("%+v", n)
		}
		// Two of the three came; the third comes later, at the other door.
		for people, door := range []string{2: north, 3: south} {
			if people == 0 || door == "" {
				continue
			}
			if out, err := g.SetPeople(t.Context(), door, first.Code, people); err != nil || out.People != people {
				t.Errorf("%+v, %v", out, err)
			}
			g.came(t, e, people, 0)
		}
		for _, bad := range []int{-1, 0, 4} {
			out, err := g.SetPeople(t.Context(), north, first.Code, bad)
			if !fault.HasCode(err, "form.invalid") || out.Party != 3 {
				t.Errorf("%d people: %+v, %v", bad, out, err)
			}
		}
		g.came(t, e, 3, 0)
		for range 2 { // twice is once
			if out, err := g.Undo(t.Context(), north, first.Tap); err != nil || out.Result != Undone {
				t.Errorf("%+v, %v", out, err)
			}
			g.came(t, e, 0, 0)
		}
		if out := g.checkAs(t, north, in); out.Result != Undone { // the old tap arrives late
			t.Errorf("a tap that was undone, sent again: %+v", out)
		}
		g.came(t, e, 0, 0)
		if out := g.check(t, south, id.Code(hash)); out.Result != Welcome {
			t.Errorf("after undoing: %+v", out)
		}
		g.came(t, e, 3, 0)
	})
}

// A form that is sent again with another code, as after going back, is another
// tap: nobody is welcomed without being counted.
func TestOneKeyForTwoCodes(t *testing.T) {
	t.Parallel()
	gates(t, func(t *testing.T, g *gate) {
		e := g.event(t)
		door, key := g.door(t, e, "Door"), g.ids.Secret()
		a, b := g.signUp(t, e, 1, "going"), g.signUp(t, e, 2, "going")
		for _, h := range [][]byte{a, b} {
			if out := g.checkAs(t, door, Tap{Key: key, Code: id.Code(h)}); out.Result != Welcome {
				t.Errorf("%+v", out)
			}
		}
		g.came(t, e, 3, 0)
		for range 2 {
			if out, err := g.WalkIn(t.Context(), door, key, 2); err != nil || out.Result != Counted || out.People != 2 {
				t.Errorf("%+v, %v", out, err)
			}
			g.came(t, e, 3, 2)
		}
	})
}

func TestWhoWaitsMayBeLetIn(t *testing.T) {
	t.Parallel()
	gates(t, func(t *testing.T, g *gate) {
		e := g.event(t)
		door := g.door(t, e, "Door")
		hash := g.signUp(t, e, 2, "waiting")
		if out := g.check(t, door, id.Code(hash)); out.Result != Waits || out.Party != 2 || out.Tap != "" {
			t.Errorf("%+v", out)
		}
		g.came(t, e, 0, 0)
		out := g.checkAs(t, door, Tap{Key: g.ids.Secret(), Code: id.Code(hash), LetIn: true})
		if out.Result != Welcome || out.People != 2 {
			t.Errorf("%+v", out)
		}
		g.came(t, e, 0, 2)
		// A place comes free for them while they are inside.
		g.change(t, e, hash, 2, "going")
		g.came(t, e, 2, 0)
		g.change(t, e, hash, 1, "going")
		g.came(t, e, 1, 0)
		g.change(t, e, hash, 5, "going")
		g.came(t, e, 1, 0)
	})
}

// Who cancels after they came is still counted, and nothing refers to them.
func TestCancelledAfterComing(t *testing.T) {
	t.Parallel()
	gates(t, func(t *testing.T, g *gate) {
		e := g.event(t)
		door := g.door(t, e, "Door")
		hash := g.signUp(t, e, 3, "going")
		in := Tap{Key: g.ids.Secret(), Code: id.Code(hash)}
		first := g.checkAs(t, door, in)
		g.cancel(t, e, hash)
		if n := g.came(t, e, 0, 3); n.Expected != 0 || n.Missing() != 0 {
			t.Errorf("%+v", n)
		}
		if out := g.checkAs(t, door, in); out.Result != Counted || out.Code != "" {
			t.Errorf("sent again: %+v", out)
		}
		if _, err := g.CheckIn(t.Context(), door, Tap{Key: g.ids.Secret(), Code: id.Code(hash)}); !fault.HasCode(err, "form.invalid") {
			t.Errorf("its code: %v", err)
		}
		if _, err := g.Undo(t.Context(), door, first.Tap); err != nil {
			t.Error(err)
		}
		g.came(t, e, 0, 0)
		g.cancel(t, e, g.signUp(t, e, 1, "going")) // who never came
		g.came(t, e, 0, 0)
	})
}

// Two sign-ups whose hashes begin alike are told apart by who they are for, or
// by the long code.
func TestSharedCode(t *testing.T) {
	t.Parallel()
	gates(t, func(t *testing.T, g *gate) {
		e, other := g.event(t), g.event(t)
		door := g.door(t, e, "Door")
		one := id.Hash("one")
		two := bytes.Clone(one)
		two[9]++
		g.insert(t, e, one, 4, "going")
		g.insert(t, other, two, 1, "going") // of another event: no matter
		if out := g.check(t, door, id.Code(one)); out.Result != Welcome || out.Party != 4 {
			t.Errorf("%+v", out)
		}
		g.insert(t, e, two, 1, "going")
		out := g.check(t, door, id.Code(one))
		if out.Result != Several || out.Tap != "" || len(out.Choices) != 2 {
			t.Fatalf("%+v", out)
		}
		g.came(t, e, 4, 0)
		i := slices.IndexFunc(out.Choices, func(c Choice) bool { return c.Party == 1 })
		if out := g.check(t, door, out.Choices[i].Code); out.Result != Welcome || out.Party != 1 {
			t.Errorf("%+v", out)
		}
		g.came(t, e, 5, 0)
		if out := g.check(t, door, out.Choices[1-i].Code); out.Result != Already || out.Party != 4 {
			t.Errorf("%+v", out)
		}
	})
}

func TestWhenDoorsWork(t *testing.T) {
	t.Parallel()
	gates(t, func(t *testing.T, g *gate) {
		e, other := g.event(t), g.event(t)
		e.Start, e.End = e.Start.Add(30*time.Hour), e.End.Add(30*time.Hour)
		door, foreign := g.door(t, e, "Door"), g.door(t, other, "Elsewhere")
		hash := g.signUp(t, e, 1, "going")
		refused := func(secret, code string) {
			t.Helper()
			in := Tap{Key: g.ids.Secret(), Code: id.Code(hash)}
			_, err1 := g.CheckIn(t.Context(), secret, in)
			_, err2 := g.WalkIn(t.Context(), secret, in.Key, 1)
			_, err3 := g.Look(t.Context(), secret)
			for _, err := range []error{err1, err2, err3} {
				if !fault.HasCode(err, code) {
					t.Errorf("%v, want %s", err, code)
				}
			}
		}
		refused(door, "door.early")
		if _, err := g.CheckIn(t.Context(), foreign, Tap{Key: g.ids.Secret(), Code: id.Code(hash)}); !fault.HasCode(err, "form.invalid") {
			t.Errorf("at the door of another event: %v", err)
		}
		refused(g.ids.Secret(), "door.not_found")
		refused("x", "door.not_found")
		g.clock.Set(e.Start.Add(-24 * time.Hour))
		tap := Tap{Key: g.ids.Secret(), Code: id.Code(hash)}
		g.checkAs(t, door, tap)
		moved := func(f fact.EventChanged) {
			t.Helper()
			f.Event = e.ID
			g.write(t, func(ctx context.Context, tx *db.Tx) error { return g.EventChanged(ctx, tx, f) })
		}
		moved(fact.EventChanged{Start: e.Start, End: e.End, State: "cancelled"})
		refused(door, "door.off")
		moved(fact.EventChanged{Start: e.Start, End: e.End, State: "moved"})
		g.clock.Set(e.End.Add(12*time.Hour - time.Microsecond))
		g.check(t, door, id.Code(hash))
		g.clock.Set(e.End.Add(12 * time.Hour))
		refused(door, "door.over")
		if out := g.checkAs(t, door, tap); out.Result != Welcome {
			t.Errorf("a tap that was kept, sent again after the end: %+v", out)
		}
		if _, err := g.Undo(t.Context(), door, tapName(tap.Key, "")); !fault.HasCode(err, "door.over") {
			t.Errorf("undo after the end: %v", err)
		}
		moved(fact.EventChanged{Start: e.Start, End: e.End.Add(24 * time.Hour), State: "confirmed"})
		if err := g.Revoke(t.Context(), e.ID, 1); err != nil {
			t.Fatal(err)
		}
		refused(door, "door.not_found")
		if n := g.came(t, e, 1, 0); !n.Doors[0].Revoked {
			t.Errorf("%+v", n)
		}
		if err := g.Revoke(t.Context(), e.ID, 2); !fault.HasCode(err, "door.not_found") {
			t.Error(err)
		}
	})
}

func TestDoorsAreMadeOnce(t *testing.T) {
	t.Parallel()
	gates(t, func(t *testing.T, g *gate) {
		e, other := g.event(t), g.event(t)
		if _, ok, err := g.Numbers(t.Context(), e.ID); ok || err != nil {
			t.Errorf("without doors: %v, %v", ok, err)
		}
		secret := g.door(t, e, "North gate")
		if err := g.Add(t.Context(), e, secret, "North gate"); err != nil {
			t.Error(err)
		}
		for _, x := range []struct {
			e            Event
			secret, name string
			code         string
		}{
			{other, secret, "x", "door.key_used"}, {e, "short", "x", "form.key"}, {e, g.ids.Secret(), " ", "form.invalid"},
			{e, g.ids.Secret(), strings.Repeat("é", 61), "form.invalid"},
		} {
			if err := g.Add(t.Context(), x.e, x.secret, x.name); !fault.HasCode(err, x.code) {
				t.Errorf("%q: %v, want %s", x.name, err, x.code)
			}
		}
		for i := 1; i < maxDoors; i++ {
			g.door(t, e, fmt.Sprint("Door ", i))
		}
		if err := g.Add(t.Context(), e, g.ids.Secret(), "One more"); !fault.HasCode(err, "door.many") {
			t.Error(err)
		}
		if n := g.came(t, e, 0, 0); len(n.Doors) != maxDoors {
			t.Errorf("%d doors", len(n.Doors))
		}
		door := secret
		for _, n := range []int{0, -1, 101} {
			if _, err := g.WalkIn(t.Context(), door, g.ids.Secret(), n); !fault.HasCode(err, "form.invalid") {
				t.Errorf("%d people: %v", n, err)
			}
		}
		if _, err := g.WalkIn(t.Context(), door, "", 1); !fault.HasCode(err, "form.key") {
			t.Error(err)
		}
		if _, err := g.CheckIn(t.Context(), door, Tap{Code: "kq4m-7d2x"}); !fault.HasCode(err, "form.key") {
			t.Error(err)
		}
		hash := g.signUp(t, e, 2, "going")
		if _, err := g.CheckIn(t.Context(), door, Tap{Key: g.ids.Secret(), Code: id.Code(hash), People: 3}); !fault.HasCode(err, "form.invalid") {
			t.Error(err)
		}
		if _, err := g.Undo(t.Context(), door, "nothing"); !fault.HasCode(err, "door.no_tap") {
			t.Error(err)
		}
		g.came(t, e, 0, 0)
	})
}

// Two doors that check the same code in at once count it once, and one of them
// hears that it came already.
func TestTwoDoorsAtOnce(t *testing.T) {
	t.Parallel()
	gates(t, func(t *testing.T, g *gate) {
		e := g.event(t)
		doors := []string{g.door(t, e, "North"), g.door(t, e, "South")}
		for range 5 {
			hash := g.signUp(t, e, 2, "going")
			var wg sync.WaitGroup
			results := make([]Result, 8)
			for i := range results {
				wg.Go(func() {
					out, err := g.CheckIn(t.Context(), doors[i%2], Tap{Key: g.ids.Secret(), Code: id.Code(hash)})
					if err != nil {
						t.Error(err)
					}
					results[i] = out.Result
				})
			}
			wg.Wait()
			slices.Sort(results)
			if results[0] != Already || results[6] != Already || results[7] != Welcome {
				t.Errorf("%q", results)
			}
		}
		g.came(t, e, 10, 0)
	})
}

// The rows go, the totals stay.
func TestTotalsOutliveTheRows(t *testing.T) {
	t.Parallel()
	gates(t, func(t *testing.T, g *gate) {
		e := g.event(t)
		door := g.door(t, e, "Door")
		g.check(t, door, id.Code(g.signUp(t, e, 3, "going")))
		if _, err := g.WalkIn(t.Context(), door, g.ids.Secret(), 4); err != nil {
			t.Fatal(err)
		}
		rows := func() (n int) {
			t.Helper()
			if err := g.db.Read(t.Context(), func(tx *db.Tx) error {
				return tx.Get(t.Context(), "select count(*) from arrival where event_id = $1", []any{string(e.ID)}, &n)
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		expire := func(at time.Time) {
			t.Helper()
			g.clock.Set(at)
			if err := g.Expire(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		expire(e.End.Add(keepFor))
		if n := rows(); n != 2 {
			t.Errorf("%d rows a week after the event", n)
		}
		// The sign-up is removed with all that refers to it.
		g.write(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, "delete from attendance where event_id = $1", string(e.ID))
			return err
		})
		if n := rows(); n != 1 {
			t.Errorf("%d rows without the sign-up", n)
		}
		for range 2 {
			expire(e.End.Add(keepFor + time.Minute))
		}
		if n := rows(); n != 0 {
			t.Errorf("%d rows after all", n)
		}
		g.came(t, e, 3, 4)
	})
}

// What drifted is found and counted again.
func TestRecount(t *testing.T) {
	t.Parallel()
	gates(t, func(t *testing.T, g *gate) {
		e := g.event(t)
		door := g.door(t, e, "Door")
		g.check(t, door, id.Code(g.signUp(t, e, 3, "going")))
		var drifts []Drift
		g.write(t, func(ctx context.Context, tx *db.Tx) error {
			if err := count(ctx, tx, e.ID, 1, Count{1, 1}); err != nil {
				return err
			}
			var err error
			drifts, err = Drifts(ctx, tx)
			return err
		})
		if want := []Drift{{string(e.ID), Count{4, 1}, Count{3, 0}}}; !cmp.Equal(drifts, want) {
			t.Errorf("%+v", drifts)
		}
		g.write(t, func(ctx context.Context, tx *db.Tx) error { return Recount(ctx, tx, string(e.ID)) })
		g.came(t, e, 3, 0)
	})
}
