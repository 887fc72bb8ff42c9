package subscriptions

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
)

func contacts(got []post) (out []string) {
	for _, p := range got {
		out = append(out, p.contact+" "+p.alert)
	}
	slices.Sort(out)
	return out
}

func same(t *testing.T, what string, got []post, want ...string) {
	t.Helper()
	slices.Sort(want)
	if have := contacts(got); !slices.Equal(have, want) {
		t.Errorf("%s: got %q, want %q", what, have, want)
	}
}

// TestChain: an alert reaches its area, and what follows it all whom it reached, whatever
// they chose since; who did not hear of it hears nothing of its end.
func TestChain(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		leipzig, berlin := cell(t, "Leipzig").String(), cell(t, "Berlin")
		ann := x.join(Choice{Cell: leipzig, Size: "near", Contact: "ann"})
		x.join(Choice{Cell: leipzig, Size: "region", Contact: "bob", Categories: []string{"fire", "ice"}})
		x.join(Choice{Cell: leipzig, Size: "town", Contact: "cid", Categories: []string{"flood"}})
		x.join(Choice{Cell: berlin.String(), Size: "region", Contact: "dot"})
		dan := x.join(Choice{Cell: leipzig, Size: "town", Contact: "dan"})
		at := cell(t, "Leipzig")
		x.sent("a", 1, fact.AlertNew, "fire", 48*time.Hour, at)
		x.run()
		same(t, "the alert", x.channel.take(), "ann a/1", "bob a/1", "dan a/1")
		x.run()
		same(t, "once more", x.channel.take())

		// Ann wants nothing like it any more, and another place; Dan leaves; Eve is new.
		if err := x.Change(x.ctx, ann, Choice{Cell: berlin.String(), Size: "near", Categories: []string{"flood"}}); err != nil {
			t.Fatal(err)
		}
		if err := x.Leave(x.ctx, dan); err != nil {
			t.Fatal(err)
		}
		x.join(Choice{Cell: leipzig, Size: "near", Contact: "eve"})
		x.sent("a", 2, fact.AlertUpdate, "fire", 48*time.Hour, at)
		x.run()
		same(t, "the update", x.channel.take(), "ann a/2", "bob a/2", "eve a/2")
		x.join(Choice{Cell: leipzig, Size: "near", Contact: "fox"})
		x.sent("a", 3, fact.AlertWithdraw, "fire", 48*time.Hour, at)
		x.run()
		same(t, "the withdrawal", x.channel.take(), "ann a/3", "bob a/3", "eve a/3")
		err := x.DB.Read(x.ctx, func(tx *db.Tx) error {
			c, err := x.Progress(x.ctx, tx, "a/1")
			if want := []Count{{Channel: "test", Delivered: 3, OptedOut: 1}}; err == nil && (!slices.Equal(c.Channels, want) || !c.Done) {
				t.Errorf("progress: %+v", c)
			}
			if err != nil {
				return err
			}
			n, err := x.Near(x.ctx, tx, at)
			if n != 4 { // bob, cid, eve, fox; Berlin is far
				t.Errorf("%d are near", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestQuietHours: what can wait does, what was wrong cannot, and what is over by then is
// never said.
func TestQuietHours(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		for _, name := range []string{"ann", "bob"} {
			in := Choice{Cell: at.String(), Size: "near", Contact: name}
			if name == "ann" {
				in.QuietFrom, in.QuietTo = "21:00", "07:00"
			}
			x.join(in)
		}
		x.clock.Add(10 * time.Hour) // ten in the evening
		x.alerts.urgent["life/1"] = true
		x.sent("short", 1, fact.AlertNew, "ice", 3*time.Hour, at)
		x.sent("long", 1, fact.AlertNew, "ice", 30*time.Hour, at)
		x.sent("wrong", 1, fact.AlertNew, "ice", 30*time.Hour, at)
		x.sent("life", 1, fact.AlertNew, "fire", 30*time.Hour, at)
		x.run()
		same(t, "at night", x.channel.take(), "bob short/1", "bob long/1", "bob wrong/1", "bob life/1", "ann life/1")
		x.sent("wrong", 2, fact.AlertWithdraw, "ice", 30*time.Hour, at)
		x.sent("life", 2, fact.AlertUpdate, "fire", 30*time.Hour, at)
		x.run()
		same(t, "more", x.channel.take(), "bob wrong/2", "bob life/2")
		x.sent("life", 3, fact.AlertCorrect, "fire", 30*time.Hour, at)
		x.run()
		same(t, "a correction", x.channel.take(), "bob life/3", "ann life/3")
		x.clock.Add(9*time.Hour - time.Second)
		x.run()
		same(t, "a second before seven", x.channel.take())
		x.clock.Add(time.Second)
		x.run()
		same(t, "in the morning", x.channel.take(), "ann long/1")
	})
}

// TestFailures: what was not taken comes again, who is gone is deleted, and what may have
// arrived is corrected like what did.
func TestFailures(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		fails := map[string]error{"gone": ErrGone, "no": ErrRefused, "busy": Later{After: 5 * time.Minute}, "maybe": errLine, "later": Later{After: time.Hour}}
		for name := range fails {
			x.join(Choice{Cell: at.String(), Size: "near", Contact: name})
		}
		x.channel.on = func(p Parcel) error { return fails[p.Contact] }
		x.sent("a", 1, fact.AlertNew, "fire", 48*time.Hour, at)
		x.run()
		same(t, "nobody", x.channel.take())
		if n := x.count("select count(*) from alert_subscription"); n != 4 {
			t.Errorf("%d are left", n)
		}
		delete(fails, "busy")
		x.clock.Add(5 * time.Minute)
		x.run()
		same(t, "after five minutes", x.channel.take(), "busy a/1")
		fails = nil
		x.sent("a", 2, fact.AlertWithdraw, "fire", 48*time.Hour, at)
		x.run()
		same(t, "the withdrawal", x.channel.take(), "busy a/2", "maybe a/2")
		x.clock.Add(2 * time.Hour)
		x.run()
		same(t, "later", x.channel.take())
		err := x.DB.Read(x.ctx, func(tx *db.Tx) error {
			c, err := x.Progress(x.ctx, tx, "a/1")
			if want := []Count{{Channel: "test", Delivered: 1, Failed: 1, Gone: 1}}; !slices.Equal(c.Channels, want) {
				t.Errorf("progress: %+v", c)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestCap: nobody hears of more than some new chains in a day, but of what is urgent.
func TestCap(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		x.join(Choice{Cell: at.String(), Size: "near", Contact: "ann"})
		for i := range mostLately + 3 {
			x.sent(fmt.Sprint("c", i), 1, fact.AlertNew, "ice", 48*time.Hour, at)
			x.run()
		}
		if n := len(x.channel.take()); n != mostLately {
			t.Errorf("%d came", n)
		}
		x.alerts.urgent["life/1"] = true
		x.sent("life", 1, fact.AlertNew, "fire", 48*time.Hour, at)
		x.sent("c0", 2, fact.AlertUpdate, "ice", 48*time.Hour, at)
		x.run()
		same(t, "what matters", x.channel.take(), "ann life/1", "ann c0/2")
	})
}

// TestOvertaken: a withdrawal that comes while the wrong alert goes out stops it, and reaches
// those who got it.
func TestOvertaken(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig")
		const people = 100
		for i := range people {
			x.join(Choice{Cell: at.String(), Size: "near", Contact: fmt.Sprint("p", i)})
		}
		withdrawn, before, gone := false, 0, make(chan struct{})
		x.channel.after = func(p Parcel) error {
			x.channel.mu.Lock()
			now := !withdrawn && len(x.channel.got) >= 30
			withdrawn = withdrawn || now
			wait := withdrawn && !now
			x.channel.mu.Unlock()
			switch {
			case wait:
				<-gone // what flies meanwhile lands when it is withdrawn
			case now:
				defer close(gone)
				x.sent("a", 2, fact.AlertWithdraw, "fire", 48*time.Hour, at)
				x.channel.mu.Lock()
				before = len(x.channel.got)
				x.channel.mu.Unlock()
			}
			return nil
		}
		x.sent("a", 1, fact.AlertNew, "fire", 48*time.Hour, at)
		x.run()
		wrong, right, seen := 0, 0, map[string]int{}
		for _, p := range x.channel.take() {
			seen[p.contact]++
			if p.alert == "a/1" {
				wrong++
				continue
			}
			right++
			if seen[p.contact] != 2 {
				t.Errorf("%s hears of what they never heard", p.contact)
			}
		}
		if wrong > before+leastAir || right != wrong {
			t.Errorf("%d got the wrong alert, %d of them before it was withdrawn, %d its withdrawal", wrong, before, right)
		}
		t.Logf("%d of %d got the wrong alert", wrong, people)
	})
}

// TestLife: what is not confirmed vanishes, what is lasts a year and asks before it ends, and
// keys go with the last of their month.
func TestLife(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig").String()
		in := Choice{Cell: at, Size: "near", Contact: "ann@example.org", Channel: "test"}
		if _, err := x.Subscribe(x.ctx, in); err != nil {
			t.Fatal(err)
		}
		x.run()
		first := x.channel.take()
		if len(first) != 1 || !strings.Contains(first[0].parcel.Short, first[0].parcel.Manage) {
			t.Fatalf("asked: %+v", first)
		}
		// At once again, nothing comes; later it does, with another link.
		for range 2 {
			if _, err := x.Subscribe(x.ctx, in); err != nil {
				t.Fatal(err)
			}
			x.run()
			x.clock.Add(askPause)
		}
		second := x.channel.take()
		if len(second) != 1 || secretOf(second[0].parcel) == secretOf(first[0].parcel) {
			t.Fatalf("asked again: %v", second)
		}
		x.clock.Add(askedFor)
		must(t, x.Expire(x.ctx))
		if err := x.Confirm(x.ctx, secretOf(second[0].parcel)); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("confirmed too late: %v", err)
		}
		secret := x.join(in)
		// Known contacts get a message that leads to what there is, also in another month.
		x.clock.Add(40 * 24 * time.Hour)
		if _, err := x.Subscribe(x.ctx, in); err != nil {
			t.Fatal(err)
		}
		x.run()
		if got := x.channel.take(); len(got) != 1 || secretOf(got[0].parcel) != secret || x.count("select count(*) from alert_subscription") != 1 {
			t.Errorf("known: %v", got)
		}
		x.clock.Add(300 * 24 * time.Hour)
		must(t, x.Expire(x.ctx))
		must(t, x.Expire(x.ctx))
		x.run()
		if got := x.channel.take(); len(got) != 1 || !strings.Contains(got[0].parcel.Title, "still want") {
			t.Errorf("asked whether to go on: %v", got)
		}
		must(t, x.Confirm(x.ctx, secret))
		x.clock.Add(60 * 24 * time.Hour)
		must(t, x.Expire(x.ctx))
		if months := x.count("select count(*) from alert_month"); months != 1 {
			t.Errorf("%d months have keys", months)
		}
		if _, err := x.Vault.Existing(x.ctx, ScopePrefix+"2026-05"); err == nil {
			t.Error("the key of the first month is there")
		}
		if _, err := x.Find(x.ctx, secret); err != nil {
			t.Error(err)
		}
		x.clock.Add(400 * 24 * time.Hour)
		must(t, x.Expire(x.ctx))
		if n := x.count("select count(*) from alert_subscription") + x.count("select count(*) from alert_month"); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestProofs: a number confirms, five wrong ones do not; keys of a browser are proof enough.
func TestProofs(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		at := cell(t, "Leipzig").String()
		ask := func(contact string) (ticket, code string) {
			t.Helper()
			ticket, err := x.Subscribe(x.ctx, Choice{Cell: at, Size: "near", Contact: contact, Channel: "sms"})
			must(t, err)
			x.run()
			got := x.channel.take()
			return ticket, got[0].parcel.Short[:6]
		}
		ticket, code := ask("+491701")
		must(t, x.ConfirmCode(x.ctx, ticket, " "+code))
		ticket, code = ask("+491702")
		for range mostTries {
			if err := x.ConfirmCode(x.ctx, ticket, "0"+code[1:]+"x"); err == nil {
				t.Fatal("a wrong number confirmed")
			}
		}
		if err := x.ConfirmCode(x.ctx, ticket, code); err == nil {
			t.Error("the sixth number was taken")
		}
		if _, err := x.Subscribe(x.ctx, Choice{Cell: at, Size: "near", Contact: "keys", Channel: "push"}); err != nil {
			t.Fatal(err)
		}
		x.run()
		got := x.channel.take()
		if len(got) != 1 || x.count("select count(*) from alert_subscription where confirmed") != 2 {
			t.Fatalf("greeted: %v", got)
		}
		must(t, x.LeaveBy(x.ctx, "sms", "+491701"))
		must(t, x.LeaveBy(x.ctx, "sms", "+491799"))
		bounce := x.DB.Read(x.ctx, func(tx *db.Tx) error {
			return tx.Get(x.ctx, "select id from alert_subscription where confirmed", nil, &code)
		})
		must(t, bounce)
		must(t, x.Bounced(x.ctx, code, true, "5.1.1")) // the id alone is no proof
		code = got[0].parcel.Bounce
		for _, made := range []string{"", "x", code[:len(code)-1] + "!", code + "0"} {
			must(t, x.Bounced(x.ctx, made, true, "5.1.1"))
		}
		must(t, x.Bounced(x.ctx, code, false, "4.2.2"))
		must(t, x.Bounced(x.ctx, code, true, "5.7.1"))
		if n := x.count("select count(*) from alert_subscription where confirmed"); n != 1 {
			t.Errorf("%d are left", n)
		}
		must(t, x.Bounced(x.ctx, code, true, "5.1.1"))
		if n := x.count("select count(*) from alert_subscription where confirmed"); n != 0 {
			t.Errorf("%d are left behind a bad address", n)
		}
	})
}

// TestBadInput stores nothing and says what is wrong.
func TestBadInput(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		good := Choice{Cell: cell(t, "Leipzig").String(), Size: "near", Contact: "ann", Channel: "test"}
		for field, change := range map[string]func(*Choice){
			"size":       func(c *Choice) { c.Size = "world" },
			"near":       func(c *Choice) { c.Cell, c.Near = "", "" },
			"near ":      func(c *Choice) { c.Cell = "zz" },
			"near  ":     func(c *Choice) { c.Cell, c.Near = "", "Nowherehausen an der Nirgends" },
			"near   ":    func(c *Choice) { c.Cell, c.Near = "", "Springfield" },
			"category":   func(c *Choice) { c.Categories = []string{"fire", "dragon"} },
			"quiet_from": func(c *Choice) { c.QuietFrom, c.QuietTo = "25:00", "07:00" },
			"quiet_to":   func(c *Choice) { c.QuietFrom = "22:00" },
			"channel":    func(c *Choice) { c.Channel = "pigeon" },
			"contact":    func(c *Choice) { c.Contact = "a b" },
		} {
			in := good
			change(&in)
			_, err := x.Subscribe(x.ctx, in)
			f := fault.Of(err)
			if f == nil || f.Kind != fault.KindInvalid || len(f.Fields) != 1 || f.Fields[0].Name != strings.TrimSpace(field) {
				t.Errorf("%s: %v", field, err)
			}
		}
		if n := x.count("select count(*) from alert_subscription") + x.count("select count(*) from job where kind like 'subscriptions%'"); n != 0 {
			t.Errorf("%d rows were stored", n)
		}
		for _, secret := range []string{"", "x", strings.Repeat("a", 26)} {
			if err := x.Confirm(x.ctx, secret); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("%q: %v", secret, err)
			}
			must(t, x.Leave(x.ctx, secret))
		}
	})
}

// TestLengthTellsNothing: contacts of all usual lengths are sealed alike.
func TestLengthTellsNothing(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		for _, n := range []int{3, 20, 60, 90} {
			x.join(Choice{Cell: cell(t, "Leipzig").String(), Size: "near", Contact: strings.Repeat("a", n)})
		}
		if n := x.count("select count(distinct length(sealed)) from alert_subscription"); n != 1 {
			t.Errorf("%d lengths", n)
		}
	})
}

// TestQuiet: hours over midnight and over a change of the clock.
func TestQuiet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		q         Quiet
		now, want string
	}{
		{Quiet{}, "2026-05-02T02:00:00+02:00", ""},
		{Quiet{22 * 60, 7 * 60}, "2026-05-02T21:59:59+02:00", ""},
		{Quiet{22 * 60, 7 * 60}, "2026-05-02T22:00:00+02:00", "2026-05-03T07:00:00+02:00"},
		{Quiet{22 * 60, 7 * 60}, "2026-05-03T06:59:59+02:00", "2026-05-03T07:00:00+02:00"},
		{Quiet{22 * 60, 7 * 60}, "2026-05-03T07:00:00+02:00", ""},
		{Quiet{12 * 60, 13 * 60}, "2026-05-03T12:30:00+02:00", "2026-05-03T13:00:00+02:00"},
		{Quiet{22 * 60, 7 * 60}, "2026-03-29T00:30:00+01:00", "2026-03-29T07:00:00+02:00"},
		{Quiet{22 * 60, 2*60 + 30}, "2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		must(t, err)
		got := c.q.until(now, "Europe/Berlin")
		var want time.Time
		if c.want != "" {
			want, err = time.Parse(time.RFC3339, c.want)
			must(t, err)
		}
		if !got.Equal(want) {
			t.Errorf("%+v at %s: %s, want %s", c.q, c.now, got, want)
		}
	}
}

// TestIndices: nothing walks through all subscriptions.
func TestIndices(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		if x.DB.Engine() != db.SQLite {
			return
		}
		plan := func(index, query string, args ...any) {
			t.Helper()
			if p := dbtest.Plan(t, x.DB, query, args...); !strings.Contains(p, index) || strings.Contains(p, "SCAN") || strings.Contains(p, "TEMP B-TREE") {
				t.Errorf("%s\n%s", query, p)
			}
		}
		plan("alert_subscription_centre (centre=? AND channel=? AND id>?)", areaQuery, 1, "test", "", "a", 10)
		plan("alert_subscription_centre (centre=?)", countQuery, 1)
		plan("sqlite_autoindex_alert_subscription_1 (id=?)", reachedQuery+"($3)", "a", "test", "s")
		plan("alert_later_due", waitingQuery, "a", "test", 1, 0, "", 10)
		plan("(chain=? AND channel=?)", lastReach, "c", "test")
		plan("alert_later_due", laterFirst, "a", "test")
		plan("alert_run_wake", dueQuery, 1, 10)
		plan("alert_run_channel (channel=?)", busyQuery, "test", 1)
		if p := dbtest.Plan(t, x.DB, heardQuery, "test", "%s%", 0); strings.Count(p, "alert_run_channel (channel=?)") != 2 || strings.Count(p, "(chain=? AND channel=?)") != 2 {
			t.Errorf("%s", p)
		}
		// It sorts what the chains of a week said last, which are few.
		if p := dbtest.Plan(t, x.DB, lastSaid, "test", 1, 10); !strings.Contains(p, "alert_run_channel (channel=?)") || strings.Contains(p, "SCAN") {
			t.Errorf("%s", p)
		}
	})
}

// TestCellsOfAnAlert: an alert of many cells asks for few areas.
func TestCellsOfAnAlert(t *testing.T) {
	t.Parallel()
	cells, ok := geo.GridWithin(geo.Point{Lat: 51.34, Lon: 12.37}, 25, 1000)
	if n := len(geo.AreasWith(cells, levels()...)); !ok || n > 700 {
		t.Errorf("%d areas for %d cells", n, len(cells))
	}
}
