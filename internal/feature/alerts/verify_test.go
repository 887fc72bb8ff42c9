package alerts

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/i18n"
)

func wants(t *testing.T, err error, code string) {
	t.Helper()
	if fault.HasCode(err, code) {
		return
	}
	if e := fault.Of(err); e != nil {
		for _, x := range e.Fields {
			if x.Code == code {
				return
			}
		}
	}
	t.Errorf("wanted %s: %v", code, err)
}

// TestTwoVerifiers: an alert goes out when two verifiers of different lineage say the
// same, of whom one has seen it and neither reported it; not before, and not otherwise.
func TestTwoVerifiers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.network("bo", "cy", "dee", "eve", "fay", "gus")
		_, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		m := f.message(c)
		for _, x := range []struct{ first, second, code string }{
			{"bo", "bo", "alert.same_person"},
			{"bo", "dee", "alert.same_lineage"},  // let in by him
			{"dee", "bo", "alert.same_lineage"},  // the other way round
			{"bo", "eve", "alert.same_lineage"},  // over another one
			{"ada", "cy", "alert.same_lineage"},  // by the first of the group
			{"dee", "eve", "alert.same_lineage"}, // both through bo
			{"fay", "gus", "alert.same_lineage"},
		} {
			if _, err := f.send(c.ID, m, x.first, x.second); !fault.HasCode(err, x.code) {
				t.Errorf("%s and %s: %v", x.first, x.second, err)
			}
			must(t, f.Release(ctx, as(x.first), "near", c.ID))
			f.exec("delete from alert_draft")
		}
		must(t, f.Propose(ctx, as("bo"), "near", c.ID, m, false, 3))
		v, err := f.Case(ctx, as("cy"), "near", c.ID)
		must(t, err)
		_, err = f.Confirm(ctx, as("cy"), "near", c.ID, v.Draft.Hash(), false, 3)
		wants(t, err, "alert.first_hand")
		_, err = f.Confirm(ctx, as("cy"), "near", c.ID, v.Draft.Hash(), true, 2)
		wants(t, err, "alert.checks")
		_, err = f.Confirm(ctx, as("cy"), "near", c.ID, "0000000000000000", true, 3)
		wants(t, err, "alert.draft_changed")
		_, err = f.Confirm(ctx, as("mallory"), "near", c.ID, v.Draft.Hash(), true, 3)
		wants(t, err, "web.not_found")
		if len(f.heard.all)+len(f.lines.all) > 0 {
			t.Fatalf("something went out: %+v", f.heard.all)
		}
		sent, err := f.Confirm(ctx, as("cy"), "near", c.ID, v.Draft.Hash(), true, 3)
		must(t, err)
		if len(f.heard.all) != 1 || f.heard.all[0].Alert != sent || f.heard.all[0].Cells[0] != int64(c.Cell) || len(f.lines.all) != 1 || f.lines.all[0].Alert != sent {
			t.Errorf("%+v %+v", f.heard.all, f.lines.all)
		}
		_, err = f.Confirm(ctx, as("fay"), "near", c.ID, v.Draft.Hash(), true, 3)
		wants(t, err, "alert.no_draft")
		wants(t, f.Propose(ctx, as("fay"), "near", c.ID, m, true, 3), "alert.sent_already")
	})
}

// TestWhoReportsDoesNotVerify: a verifier who reports while signed in keeps themselves and
// all of their lineage from verifying it; others may.
func TestWhoReportsDoesNotVerify(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.network("bo", "cy", "dee", "eve", "fay")
		_, err := f.report("dee", smoke())
		must(t, err)
		c := f.first()
		for who, kept := range map[string]bool{"dee": true, "bo": true, "eve": true, "ada": true, "cy": false, "fay": false} {
			v, err := f.Case(ctx, as(who), "near", c.ID)
			must(t, err)
			if v.Kept != kept {
				t.Errorf("%s is kept from it: %v", who, v.Kept)
			}
			err = f.Propose(ctx, as(who), "near", c.ID, f.message(c), true, 3)
			if fault.HasCode(err, "alert.reporter") != kept {
				t.Errorf("%s: %v", who, err)
			}
			f.exec("delete from alert_draft")
		}
		if _, err := f.send(c.ID, f.message(c), "cy", "bo"); !fault.HasCode(err, "alert.reporter") {
			t.Errorf("the second is related to who reported it: %v", err)
		}
		f.exec("delete from alert_draft")
		if _, err := f.send(c.ID, f.message(c), "cy", "fay"); err != nil {
			t.Error(err)
		}
	})
}

// TestRevokedVerifier: what somebody proposed counts no more once they are out of the
// group, by themselves or with a whole lineage, and they see nothing more.
func TestRevokedVerifier(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.network("bo", "dee", "fay")
		_, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		must(t, f.Propose(ctx, as("dee"), "near", c.ID, f.message(c), true, 3))
		v, err := f.Case(ctx, as("fay"), "near", c.ID)
		must(t, err)
		f.exec("delete from member where person_id = 'dee'")
		_, err = f.Confirm(ctx, as("fay"), "near", c.ID, v.Draft.Hash(), true, 3)
		wants(t, err, "alert.first_gone")
		_, err = f.Queue(ctx, as("dee"), "near", Fresh, "", 0)
		wants(t, err, "web.not_found")
		must(t, f.Propose(ctx, as("bo"), "near", c.ID, f.message(c), true, 3))
		must(t, f.DB.Write(ctx, func(tx *dbTx) error { return f.MemberLeft(ctx, tx, fact.MemberLeft{Group: "hill", Person: "bo"}) }))
		if v, err = f.Case(ctx, as("fay"), "near", c.ID); err != nil || v.Draft != nil {
			t.Errorf("%+v %v", v.Draft, err)
		}
		f.groups.all["river"].Suspended = true
		_, err = f.Queue(ctx, as("fay"), "near", Fresh, "", 0)
		wants(t, err, "web.not_found")
	})
}

// TestReportedAfterAnAlert: reports join a case while its alert stands. Once that is over,
// they wait for verifiers, who have to see whether it is something new.
func TestReportedAfterAnAlert(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.network("bo", "cy")
		waiting := func(when string, want int) {
			t.Helper()
			_, err := f.report("", smoke())
			must(t, err)
			q, err := f.Queue(ctx, as("bo"), "near", Fresh, "", 0)
			must(t, err)
			if len(q.Cases) != want {
				t.Errorf("%s: %d cases wait, not %d", when, len(q.Cases), want)
			}
		}
		waiting("at first", 1)
		for _, end := range []func(chain string, m Message){
			func(chain string, _ Message) {
				_, err := f.Withdraw(ctx, as("bo"), "near", chain)
				must(t, err)
			},
			func(chain string, m Message) {
				m.Kind = fact.AlertClear
				_, err := f.send(chain, m, "bo", "cy")
				must(t, err)
			},
			func(string, Message) { advance(f, time.Hour) },
		} {
			advance(f, 45*time.Minute)
			c := f.first()
			m := f.message(c)
			m.Lasts = 60
			chain, err := f.send(c.ID, m, "bo", "cy")
			must(t, err)
			waiting("while it stands", 0)
			advance(f, 15*time.Minute)
			end(chain, m)
			waiting("when it is over", 1)
		}
	})
}

// TestChain: an alert is updated, corrected, cleared and withdrawn, each told as what it is.
func TestChain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.network("bo", "cy", "fay")
		_, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		m := f.message(c)
		chain, err := f.send(c.ID, m, "bo", "cy")
		must(t, err)
		for _, k := range []fact.AlertKind{fact.AlertUpdate, fact.AlertCorrect} {
			m.Kind = k
			advance(f, 25*time.Minute)
			_, err = f.send(chain, m, "cy", "fay")
			must(t, err)
		}
		m.Kind = fact.AlertUpdate
		_, err = f.send(chain, m, "cy", "fay")
		wants(t, err, "alert.often") // three went to the cell within an hour
		advance(f, 31*time.Minute)
		m.Kind = fact.AlertClear
		f.exec("delete from alert_draft")
		_, err = f.send(chain, m, "cy", "fay")
		must(t, err)
		m.Kind = fact.AlertUpdate
		_, err = f.send(chain, m, "cy", "fay")
		wants(t, err, "alert.over")
		sent, err := f.Withdraw(ctx, as("bo"), "near", chain) // alone, and however often it was changed
		must(t, err)
		again, err := f.Withdraw(ctx, as("cy"), "near", chain)
		if must(t, err); again != sent {
			t.Error("it is withdrawn twice")
		}
		m.Kind = fact.AlertCorrect
		_, err = f.send(chain, m, "cy", "fay")
		wants(t, err, "alert.withdrawn")
		var kinds []fact.AlertKind
		for i, h := range f.heard.all {
			kinds = append(kinds, h.Kind)
			if h.Chain != chain || f.lines.all[i].N != i+1 {
				t.Errorf("%+v %+v", h, f.lines.all[i])
			}
		}
		if len(kinds) != 5 || kinds[4] != fact.AlertWithdraw || len(f.lines.all[4].Verifiers) != 1 {
			t.Errorf("%v", kinds)
		}
	})
}

// TestForgotten: reports are gone after a day with their keys, alerts after seven, and
// only counts are left.
func TestForgotten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.network("bo", "cy")
		in := smoke()
		in.Photo = []byte("picture")
		key, err := f.report("bo", in)
		must(t, err)
		must(t, f.More(ctx, key, "It is getting less"))
		must(t, f.Write(ctx, as("cy"), "near", f.first().ID, f.ids.Secret(), "I go and look"))
		scope := hourScope(f.clock.Now())
		if _, err := f.vault.Existing(ctx, scope); err != nil {
			t.Fatal(err)
		}
		advance(f, 24*time.Hour)
		must(t, f.Expire(ctx))
		if _, err := f.Held(ctx, key); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("the report is there: %v", err)
		}
		for _, s := range []string{scope, dayScope(f.clock.Now().AddDate(0, 0, -1))} {
			if _, err := f.vault.Existing(ctx, s); err == nil {
				t.Errorf("the key %s is there", s)
			}
		}
		for _, table := range []string{"alert_report", "alert_photo", "alert_note", "alert_case", "alert_report_tag", "alert_draft"} {
			if n := f.count(table); n != 0 {
				t.Errorf("%s has %d rows", table, n)
			}
		}
		_, err = f.report("", smoke())
		must(t, err)
		c := f.first()
		_, err = f.send(c.ID, f.message(c), "cy", "ada")
		wants(t, err, "alert.same_lineage")
		f.member("river", "zoe", "member", "")
		must(t, f.Name(ctx, as("fay"), "near", "river", "zoe"))
		f.exec("delete from alert_draft")
		_, err = f.send(c.ID, f.message(c), "cy", "zoe")
		must(t, err)
		advance(f, 7*24*time.Hour+time.Second)
		must(t, f.Expire(ctx))
		if f.count("alert") != 0 || f.count("alert_cell") != 0 || f.count("alert_count") != 1 {
			t.Errorf("%d alerts, %d cells, %d counts", f.count("alert"), f.count("alert_cell"), f.count("alert_count"))
		}
	})
}

func (f *fixture) count(table string) (n int) {
	f.t.Helper()
	must(f.t, f.DB.Read(f.ctx(), func(tx *dbTx) error { return tx.Get(f.ctx(), "select count(*) from "+table, nil, &n) }))
	return n
}

// TestAllowed: what the operator does not allow is reported to nobody, and sent by nobody,
// even by a network that chose it before.
func TestAllowed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		f.Allowed = []string{"road"}
		_, err = f.report("", smoke())
		wants(t, err, "alert.not_theirs")
		wants(t, f.Propose(t.Context(), as("bo"), "near", c.ID, f.message(c), true, 3), "alert.category")
		if page := f.browser("").Get("/alerts/networks/near").Want(t, 200, ""); strings.Contains(page.Text("main"), "Fire and smoke") {
			t.Error("the network says that it warns of it")
		}
	})
}

// TestDrillsHoldUpNothing: three drills in an hour are enough, and an alert goes out beside
// them.
func TestDrillsHoldUpNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		m := f.message(c)
		m.Drill = true
		for i := range 4 {
			_, err := f.send(f.ids.Secret(), m, "bo", "cy")
			if i < 3 {
				must(t, err)
			} else {
				wants(t, err, "alert.many_drills")
			}
		}
		_, err = f.send(c.ID, f.message(c), "bo", "cy")
		must(t, err)
	})
}

// TestUntilTomorrow: what ends on another day says which.
func TestUntilTomorrow(t *testing.T) {
	t.Parallel()
	en, sent := i18n.English(), time.Date(2026, 5, 2, 20, 0, 0, 0, time.UTC) // 22:00 in Berlin
	if a, b := ends(en, sent, time.Hour, "Europe/Berlin"), ends(en, sent, 3*time.Hour, "Europe/Berlin"); strings.Contains(a, "May") || !strings.Contains(b, "May 3") {
		t.Errorf("%q %q", a, b)
	}
}
