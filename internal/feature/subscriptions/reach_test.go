package subscriptions

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/id"
)

// TestReachMoves: whom chains reached before 1.5 is known afterwards.
func TestReachMoves(t *testing.T) {
	ids := make([]string, 4)
	for i := range ids {
		ids[i] = fmt.Sprintf("%026d", i)
	}
	at := clock.Micros(start)
	dbtest.Upgrade(t, "202611300300_alert_reach", func(t *testing.T, d *db.DB) {
		must(t, d.Write(t.Context(), func(tx *db.Tx) error {
			for i, sid := range ids {
				_, err := tx.Exec(t.Context(), `insert into alert_subscription (id, month, channel, centre, hash, tag, sealed, lang, categories, drills, quiet_from, quiet_to, zone, confirmed, tries, asked_at, ends_at)
					values ($1, '2026-05', 'test', 1, $2, $2, $2, 'en', '', false, 0, 0, 'UTC', true, 0, 0, $3)`, sid, []byte(sid), at)
				if err != nil {
					return err
				}
				heard, air := []int{2, 1, 0, 1}[i], []int{0, 2, 2, 0}[i]
				if _, err := tx.Exec(t.Context(), "insert into alert_heard (chain, channel, subscription_id, heard, air, heard_at) values ('c', $1, $2, $3, $4, $5)",
					[]string{"test", "test", "test", "sms"}[i], sid, heard, air, at); err != nil {
					return err
				}
			}
			return nil
		}))
	}, func(t *testing.T, d *db.DB) {
		must(t, d.Read(t.Context(), func(tx *db.Tx) error {
			got := reached{}
			if err := got.load(t.Context(), tx, "c", "test", time.Time{}); err != nil {
				return err
			}
			want := reached{keyOf(ids[0]): {heard: 2, first: 2}, keyOf(ids[1]): {heard: 1, maybe: 2, first: 1}, keyOf(ids[2]): {maybe: 2, first: 2}}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%v, want %v", got, want)
			}
			n, err := countReached(t.Context(), tx, "c")
			if n != 3 {
				t.Errorf("%d were reached, want 3", n)
			}
			return err
		}))
	})
}

// TestReached: what was written down in any order says the same of everybody.
func TestReached(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type line struct {
			n    int32
			sure bool
			who  int
		}
		lines := rapid.SliceOf(rapid.Custom(func(t *rapid.T) line {
			return line{rapid.Int32Range(1, 4).Draw(t, "n"), rapid.Bool().Draw(t, "sure"), rapid.IntRange(0, 5).Draw(t, "who")}
		})).Draw(t, "lines")
		got := reached{}
		for _, l := range lines {
			got.add(l.n, l.sure, fmt.Sprintf("%026d", l.who))
		}
		var lacking []string
		for who := range 6 {
			var heard, maybe, first int32
			for _, l := range lines {
				if l.who == who && (first == 0 || l.n < first) {
					first = l.n
				}
				switch {
				case l.who == who && l.sure:
					heard = max(heard, l.n)
				case l.who == who:
					maybe = max(maybe, l.n)
				}
			}
			sid := fmt.Sprintf("%026d", who)
			if x := got[keyOf(sid)]; x != (reach{heard, maybe, first}) {
				t.Fatalf("%d heard %+v, want %d, %d and %d", who, x, heard, maybe, first)
			}
			if heard+maybe > 0 && heard < 3 {
				lacking = append(lacking, sid)
			}
		}
		var before []string
		for _, k := range got.before(3) {
			before = append(before, string(k[:]))
		}
		if !slices.Equal(before, lacking) {
			t.Fatalf("%s lack the third, want %s", strings.Join(before, " "), strings.Join(lacking, " "))
		}
	})
}

// TestLeftMeanwhile: who leaves while an alert goes out, here or by another process, gets
// nothing any more; and how far it is can be seen.
func TestLeftMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) { leftMeanwhile(t, x, false) })
}

func TestLeftElsewhere(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) { leftMeanwhile(t, x, true) })
}

func leftMeanwhile(t *testing.T, x *fixture, elsewhere bool) {
	at := cell(t, "Leipzig")
	const people = 100
	secrets := map[string]string{}
	for i := range people {
		who := fmt.Sprint("p", i)
		secrets[who] = x.join(Choice{Cell: at.String(), Size: "near", Contact: who})
	}
	gone, now := map[string]bool{}, make(chan struct{})
	var once sync.Once
	x.channel.after = func(Parcel) error {
		x.channel.mu.Lock()
		n := len(x.channel.got)
		got := map[string]bool{}
		for _, p := range x.channel.got {
			got[p.contact] = true
		}
		x.channel.mu.Unlock()
		if n < 50 {
			return nil
		}
		once.Do(func() {
			defer close(now)
			var left []string
			for who := range secrets {
				if !got[who] {
					left = append(left, who)
				}
			}
			// Up to twenty may be in the air, with this one.
			for _, who := range left {
				if !elsewhere {
					must(t, x.Leave(x.ctx, secrets[who]))
				} else {
					must(t, x.DB.Write(x.ctx, func(tx *db.Tx) error {
						_, err := tx.Exec(x.ctx, "delete from alert_subscription where hash = $1", id.Hash(secrets[who]))
						return err
					}))
				}
				gone[who] = true
			}
			if elsewhere {
				x.clock.Add(2 * time.Second)
			}
			must(t, x.DB.Read(x.ctx, func(tx *db.Tx) error {
				c, err := x.Progress(x.ctx, tx, "a/1")
				if c.Done || len(c.Channels) != 1 || c.Channels[0].Delivered < 20 || c.Channels[0].Delivered >= n {
					t.Errorf("after %d: %+v", n, c)
				}
				return err
			}))
		})
		<-now
		return nil
	}
	x.sent("a", 1, fact.AlertNew, "fire", 48*time.Hour, at)
	x.run()
	late := 0
	for _, p := range x.channel.take() {
		if gone[p.contact] {
			late++
		}
	}
	if len(gone) == 0 || late > leastAir {
		t.Errorf("%d of %d who left got it", late, len(gone))
	}
}

// TestOverMeanwhile: an alert that ends while it goes out has reached those who got it, and
// nobody else hears of its withdrawal.
func TestOverMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		for i := range 60 {
			x.join(Choice{Cell: at.String(), Size: "near", Contact: fmt.Sprint("p", i)})
		}
		var once sync.Once
		x.channel.after = func(Parcel) error {
			once.Do(func() { x.clock.Add(9 * time.Second) }) // within its slice
			return nil
		}
		x.sent("a", 1, fact.AlertNew, "fire", 8*time.Second, at)
		x.run()
		got := map[string]bool{}
		for _, p := range x.channel.take() {
			got[p.contact] = true
		}
		if len(got) > leastAir {
			t.Errorf("%d got it, most of them when it was over", len(got))
		}
		x.clock.Add(time.Minute)
		x.sent("a", 2, fact.AlertWithdraw, "fire", 48*time.Hour, at)
		x.run()
		for _, p := range x.channel.take() {
			if !got[p.contact] {
				t.Errorf("%s hears of the withdrawal of what they never got", p.contact)
			}
			delete(got, p.contact)
		}
		if len(got) > 0 {
			t.Errorf("%d got it and do not hear of its withdrawal", len(got))
		}
	})
}

// TestForgottenMeanwhile: a chain that is to be forgotten is not when it gets another alert
// just then.
func TestForgottenMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		x.join(Choice{Cell: at.String(), Size: "near", Contact: "ann"})
		x.sent("a", 1, fact.AlertNew, "fire", time.Hour, at)
		x.run()
		same(t, "the alert", x.channel.take(), "ann a/1")
		x.clock.Add(keptFor + 2*time.Hour)
		x.sent("a", 2, fact.AlertCorrect, "fire", time.Hour, at)
		must(t, x.dropChain(x.ctx, "a", x.clock.Now().Add(-keptFor)))
		x.run()
		same(t, "the correction", x.channel.take(), "ann a/2")
		x.clock.Add(keptFor + mendFor)
		must(t, x.Expire(x.ctx))
		for _, table := range []string{"alert_run", "alert_air", "alert_reach", "alert_broadcast"} {
			if n := x.count("select count(*) from " + table); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
	})
}

// TestNeverCame: who leaves before they confirm leaves because of no alert.
func TestNeverCame(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		x.join(Choice{Cell: at.String(), Size: "near", Contact: "ann"})
		x.sent("a", 1, fact.AlertNew, "fire", 48*time.Hour, at)
		x.run()
		x.channel.take()
		_, err := x.Subscribe(x.ctx, Choice{Cell: at.String(), Size: "near", Contact: "bob", Channel: "test"})
		must(t, err)
		x.run()
		must(t, x.Leave(x.ctx, secretOf(x.channel.take()[0].parcel)))
		must(t, x.DB.Read(x.ctx, func(tx *db.Tx) error {
			c, err := x.Progress(x.ctx, tx, "a/1")
			if len(c.Channels) != 1 || c.Channels[0].OptedOut != 0 {
				t.Errorf("%+v", c)
			}
			return err
		}))
	})
}
