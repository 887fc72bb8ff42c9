package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/ladders"
	"convoke/internal/notify/notifytest"
)

func (x *climb) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x *climb) act(by authz.Actor, group, step, do string) {
	x.t.Helper()
	_, err := x.Ladders.Act(x.t.Context(), by, "benches", ladders.ActInput{Step: step, Group: group, Do: do})
	x.must(err)
}

// stands has the campaign end, or go on.
func (x *climb) stands(state campaigns.State) {
	x.t.Helper()
	n := x.count("select sequence from campaign where handle = 'benches'")
	x.must(x.Campaigns.Edit(x.t.Context(), x.by, "benches", n, campaigns.Input{Title: "Benches for all", Lang: "en", State: state}))
}

// TestLadderBroken: what is wrong with a ladder takes no signature with it, and stops no
// other ladder.
func TestLadderBroken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newClimb(t, s)
		ctx := t.Context()
		x.publish(climbing)
		_, err := s.Campaigns.Create(ctx, x.by, "riverside", s.IDs.Secret(), campaigns.Input{Handle: "trees", Title: "Trees", Lang: "en", State: campaigns.Open})
		x.must(err)
		x.must(s.Ladders.SaveText(ctx, x.by, "trees", 0, `{"steps":[{"key":"plant","title":"Plant","kind":"other","gate":{"date":"2026-07-01T18:00","zone":"Europe/Berlin"}}]}`))
		x.must(s.Ladders.Publish(ctx, x.by, "trees", 1, ""))
		x.signs(2)
		var plan string
		break1 := func(text string) {
			x.must(s.DB.Write(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(ctx, "update ladder_version set plan = $1 where campaign_id = (select id from campaign where handle = 'benches')", text)
				return err
			}))
		}
		plan = s.column("select plan from ladder_version where campaign_id = (select id from campaign where handle = 'benches')")[0]
		break1("{")
		if _, err := s.Boxes.Cast(background(t), x.petition, s.pledger(x.petition).Signs()); err != nil {
			t.Fatalf("a signature is refused: %v", err)
		}
		s.clock.Set(time.Date(2026, 7, 1, 16, 0, 0, 0, time.UTC))
		if err := s.Ladders.Due(ctx); err == nil {
			t.Error("nobody hears that a ladder is broken")
		}
		x.is("plant", "open")
		break1(plan)
		x.work()
		x.is("petition", "met")
		due(t, s)
		x.is("walkout", "open")
		x.proven()
	})
}

// TestLadderCorrects: who heard that a step opened hears it once, hears when it is halted
// after all, and nobody hears what is not so any more.
func TestLadderCorrects(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, sink := settings(t, url(t)), notifytest.Sink(t)
			cfg.SMTPURL, cfg.MailFrom, cfg.BaseURL = sink.URL(), "post@example.org", "http://example.org"
			s := start(t, cfg)
			x := newClimb(t, s)
			page, v, seen := "/campaigns/benches/ladder", s.visitor(), 0
			hears := func(what string, want ...string) {
				t.Helper()
				x.work()
				x.work()
				var got []string
				all := sink.Messages()
				for _, m := range all[seen:] {
					got = append(got, strings.TrimSuffix(m.To[0], "@example.org")+": "+m.Subject)
				}
				seen = len(all)
				slices.Sort(got)
				if a, b := strings.Join(got, "; "), strings.Join(want, "; "); a != b {
					t.Errorf("%s: got %q, want %q", what, a, b)
				}
			}
			joins := func(who string) {
				t.Helper()
				v.Post(page+"/news", "email", who+"@example.org").Want(t, 200, "")
				x.work()
				all := sink.Messages()
				m := all[len(all)-1]
				seen = len(all)
				link := strings.TrimPrefix(strings.Fields(m.Text[strings.Index(m.Text, "http://example.org"+page+"/news/"):])[0], "http://example.org")
				v.Post(link, "do", "confirm").Want(t, 303, link)
			}
			x.publish(`{"steps":[
				{"key":"one","title":"One","kind":"other","gate":{"trigger":{"name":"One","k":1,"delegates":["kim"]}}},
				{"key":"two","title":"Two","kind":"other","gate":{"trigger":{"name":"Two","k":1,"delegates":["kim"]}}}]}`)
			opens := func(trigger string) { x.must(s.Ladders.Declare(t.Context(), x.other, "benches", trigger, true)) }
			goesOn := func(step string) {
				do := "resume"
				if step == "" {
					do = "up"
				}
				x.act(x.by, "riverside", step, do)
				x.act(x.other, "hill", step, do)
			}
			joins("ana")
			opens("One")
			x.act(x.by, "riverside", "one", "halt")
			hears("halted before the mail went")
			goesOn("one")
			hears("open after all", "ana: Open now: One")
			x.act(x.by, "riverside", "one", "halt")
			goesOn("one")
			hears("halted for a moment")
			joins("ben")
			x.act(x.by, "riverside", "one", "halt")
			hears("halted", "ana: Halted: One")
			if m := sink.Messages(); !strings.Contains(m[len(m)-1].Text, "It is halted now: a group that owns the campaign said so.") {
				t.Errorf("the correction says %q", m[len(m)-1].Text)
			}
			x.must(s.DB.Write(t.Context(), func(tx *db.Tx) error { // many moves say nothing else
				_, err := tx.Exec(t.Context(), `with recursive c(n) as (select 1000 union all select n + 1 from c where n < 1400)
					insert into ladder_move (campaign_id, n, step, state, reason, note, moved_at) select ladder.campaign_id, n, 'two', 'waiting', 'owners', '', 0 from c, ladder`)
				return err
			}))
			goesOn("one")
			hears("it goes on", "ana: Open now: One", "ben: Open now: One")
			opens("Two")
			x.act(x.by, "riverside", "", "down")
			hears("stood down", "ana: Halted: One", "ben: Halted: One")
			goesOn("")
			x.stands(campaigns.Ended)
			hears("ended before the mail went")
		})
	}
}

// TestLadderStops: in a campaign that has ended or is hidden nothing moves; when it goes
// on, its steps may move from then on.
func TestLadderStops(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newClimb(t, s)
		ctx := t.Context()
		x.publish(`{"steps":[
			{"key":"first","title":"First","kind":"other","gate":{"date":"2026-07-01T18:00","zone":"Europe/Berlin"}},
			{"key":"second","title":"Second","kind":"other","gate":{"date":"2026-07-10T18:00","zone":"Europe/Berlin"}},
			{"key":"lost","title":"Lost","kind":"other","gate":{"date":"2026-07-10T18:00","zone":"Europe/Berlin"},"lapses":{"date":"2026-07-11T18:00","zone":"Europe/Berlin"}},
			{"key":"said","title":"Said","kind":"other","gate":{"trigger":{"name":"One","k":1,"delegates":["kim"]}}}]}`)
		x.stands(campaigns.Ended)
		x.must(s.Ladders.Declare(ctx, x.other, "benches", "One", true))
		x.is("said", "waiting")
		s.clock.Set(time.Date(2026, 7, 2, 16, 0, 0, 0, time.UTC))
		due(t, s)
		x.is("first", "waiting")
		for _, do := range []string{"up", "resume"} {
			step := map[string]string{"resume": "first"}[do]
			_, err := s.Ladders.Act(ctx, x.by, "benches", ladders.ActInput{Group: "riverside", Step: step, Do: do})
			refused(t, err, "ladder.no_act")
		}
		x.stands(campaigns.Open)
		x.is("first", "open")
		x.is("said", "open")
		if got := s.count("select opened_at from ladder_step where step = 'first'"); int64(got) != s.clock.Now().UnixMicro() {
			t.Errorf("it opened at %d, when nobody was there", got)
		}
		hide := func(yes bool) {
			for _, g := range []string{"riverside", "hill"} {
				x.must(s.Groups.Suspend(ctx, authz.Actor{Person: x.by.Person, Handle: x.by.Handle, Operator: true}, g, yes))
			}
		}
		hide(true)
		s.clock.Set(time.Date(2026, 7, 12, 16, 0, 0, 0, time.UTC))
		due(t, s)
		x.is("second", "waiting")
		hide(false)
		x.is("second", "open")
		x.is("lost", "lapsed")
		x.proven()
	})
}

// TestLadderForgets: who may declare something may so while their group owns the
// campaign, and is named nowhere once the ladder is over, or their account gone.
func TestLadderForgets(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newClimb(t, s)
		ctx := t.Context()
		_, lee := s.signIn("lee")
		x.must(s.DB.Write(ctx, func(tx *db.Tx) error {
			return s.Groups.Join(ctx, tx, s.groupID("riverside"), lee.Person, groups.Admission{Role: "member"})
		}))
		plan := `{"steps":[{"key":"one","title":"One","kind":"other","gate":{"trigger":{"name":"One","k":2,"delegates":["kim","sam","lee"]}}}]}`
		named := func(who string) int {
			return s.count(`select (select count(*) from ladder where draft like $1) + (select count(*) from ladder_version where plan like $1)`, `%"`+who+`"%`)
		}
		x.publish(plan)
		x.must(s.Ladders.Declare(ctx, x.other, "benches", "One", true))
		x.must(s.Campaigns.Leave(ctx, x.other, "benches", "hill"))
		refused(t, s.Ladders.Declare(ctx, x.other, "benches", "One", false), "web.not_found")
		x.kim.Get("/campaigns/benches/ladder/declare").Want(t, 404, "")
		x.must(s.Ladders.Declare(ctx, x.by, "benches", "One", true))
		x.is("one", "waiting") // what kim has said does not count any more
		// Named in a draft only, without any group.
		_, max := s.signIn("max")
		x.write(strings.Replace(plan, `"lee"]`, `"lee","max"]`, 1))
		if named("max") != 1 {
			t.Fatal("max is not named")
		}
		x.must(s.Identity.Erase(ctx, max))
		if named("max") != 0 {
			t.Error("somebody who is gone is named in a draft")
		}
		x.must(s.Identity.Erase(ctx, lee))
		if named("lee") != 0 {
			t.Error("somebody who is gone is named")
		}
		x.must(s.Campaigns.Ask(ctx, x.by, "benches", "hill"))
		x.must(s.Campaigns.Join(ctx, x.other, "benches", "hill"))
		x.must(s.Groups.End(ctx, x.other, "hill", true))
		s.clock.Add(31 * 24 * time.Hour)
		if x.must(s.Groups.Expire(ctx)); named("kim") != 0 {
			t.Error("a member of a group that is cleared is named")
		}
		x.stands(campaigns.Ended)
		for _, days := range []int{29, 2} {
			s.clock.Add(time.Duration(days) * 24 * time.Hour)
			x.must(s.Ladders.Expire(ctx))
			if n := named("sam") + named("kim") + s.count("select count(*) from ladder_delegate"); (n == 0) != (days == 2) {
				t.Errorf("%d days later %d rows name somebody", days, n)
			}
		}
		x.proven()
	})
}

// TestLadderSilence: nobody answers, and nobody looks for hours; the step that waits for
// silence opens all the same, as of the moment from which there was silence.
func TestLadderSilence(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newClimb(t, s)
		x.publish(`{"steps":[{"key":"walk","title":"Walk","kind":"walkout","gate":{"silence":{"petition":"benches"}},"lapses":{"date":"2026-05-21T12:00","zone":"Europe/Berlin"}}]}`)
		x.work()
		s.clock.Set(time.Date(2026, 5, 6, 20, 0, 0, 0, time.UTC))
		x.sam.Post("/petitions/benches/deliver", "key", s.IDs.Secret(), "day", "2026-05-06", "reply_by", "2026-05-20", "markdown", "By hand.").Want(t, 303, "/petitions/benches")
		x.is("walk", "waiting")
		s.clock.Set(time.Date(2026, 5, 21, 11, 0, 0, 0, time.UTC)) // the server was off meanwhile
		x.work()
		x.is("walk", "open")
		at := time.UnixMicro(int64(s.count("select opened_at from ladder_step"))).UTC()
		if want := time.Date(2026, 5, 20, 22, 0, 0, 0, time.UTC); !at.Equal(want) {
			t.Errorf("it opened at %s, want %s", at, want)
		}
		x.proven()
	})
}

// TestLadderKeepsGates: a step that has moved keeps its gate in the next version, whatever
// has become of what it counts; and the record proves it.
func TestLadderKeepsGates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newClimb(t, s)
		ctx := t.Context()
		plan := func(more string) string {
			return `{"steps":[
				{"key":"sign","title":"Sign","kind":"petition","met_by":{"count":{"petition":"benches","people":2}}},
				{"key":"tell","title":"Tell","kind":"other","gate":{"trigger":{"name":"One","k":2,"delegates":["sam","kim"]}}}` + more + `]}`
		}
		x.publish(plan(""))
		x.signs(1)
		for _, who := range []authz.Actor{x.by, x.other} {
			x.must(s.Ladders.Declare(ctx, who, "benches", "One", true))
		}
		x.is("tell", "open")
		sam := authz.Actor{Person: x.by.Person, Handle: x.by.Handle, Operator: true}
		x.must(s.Groups.Suspend(ctx, sam, "riverside", true)) // and with it its petition
		x.by, x.other = x.other, x.by
		x.publish(plan(`,{"key":"more","title":"More","kind":"other","after":["sign"],"gate":{"step":"sign","state":"met"}}`))
		x.must(s.Groups.Suspend(ctx, sam, "riverside", false))
		x.is("more", "waiting")
		x.signs(1)
		x.is("sign", "met")
		x.is("more", "open")
		x.write(plan("")[:10] + strings.Replace(plan("")[10:], `"people":2`, `"people":3`, 1))
		refused(t, s.Ladders.Publish(ctx, x.by, "benches", x.sequence, "x"), "ladder.moved")
		x.proven()
	})
}
