package campaigns

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.HasCode(err, code) {
		t.Errorf("got %v, want the fault %s", err, code)
	}
}

func wantKind(t *testing.T, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Errorf("got %v, want a fault with status %d", err, k.Status())
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func TestCreateOnceByOrganizersOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		k := x.key()
		_, err := x.Create(ctx, authz.Actor{}, "riverside", k, careDay)
		wantKind(t, err, fault.KindUnauthenticated)
		_, err = x.Create(ctx, of("hill"), "riverside", k, careDay)
		wantKind(t, err, fault.KindForbidden)
		h, err := x.Create(ctx, of("riverside"), "riverside", k, careDay)
		ok(t, err)
		again, err := x.Create(ctx, of("riverside"), "riverside", k, careDay)
		if err != nil || again != h {
			t.Errorf("the same form again: %q, %v", again, err)
		}
		_, err = x.Create(ctx, of("hill"), "hill", x.key(), careDay)
		wantCode(t, err, "campaign.handle_taken")
		c, err := x.see(authz.Actor{}, h)
		if err != nil || c.Text.Title != "Day of care" || !strings.Contains(string(c.Text.HTML), "<strong>care</strong>") || len(c.Dates) != 2 {
			t.Errorf("visitors see %+v, %v", c, err)
		}
		page, more, err := x.List(ctx, false, cursor{}, 10)
		if err != nil || more || len(page) != 1 {
			t.Errorf("the list has %d, %v, %v", len(page), more, err)
		}
	})
}

func TestDraftIsKnownToItsOwnersOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		in := careDay
		in.State = Draft
		h := x.start(in)
		for _, by := range []authz.Actor{{}, of("hill"), {Person: "op", Operator: true}} {
			_, err := x.see(by, h)
			wantKind(t, err, fault.KindNotFound)
		}
		_, err := x.see(of("riverside"), h)
		ok(t, err)
		if page, _, err := x.List(t.Context(), false, cursor{}, 10); err != nil || len(page) != 0 {
			t.Errorf("a draft is listed: %v", err)
		}
		// A group that is asked may answer, and nobody else learns of it.
		ok(t, x.Ask(t.Context(), of("riverside"), h, "hill"))
		wantKind(t, x.Join(t.Context(), of("harbour"), h, "harbour"), fault.KindNotFound)
		ok(t, x.Join(t.Context(), of("hill"), h, "hill"))
		_, err = x.see(of("hill"), h)
		ok(t, err)
	})
}

func TestOwnersHaveEqualRights(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx, h := t.Context(), x.start(careDay)
		wantKind(t, x.Ask(ctx, of("hill"), h, "hill"), fault.KindForbidden)
		wantCode(t, x.Join(ctx, of("hill"), h, "hill"), "campaign.not_asked")
		ok(t, x.Ask(ctx, of("riverside"), h, "hill"))
		ok(t, x.Ask(ctx, of("riverside"), h, "hill")) // twice is once
		ok(t, x.Join(ctx, of("hill"), h, "hill"))
		ok(t, x.Ask(ctx, of("hill"), h, "harbour"))
		ok(t, x.Unask(ctx, of("riverside"), h, "harbour"))
		wantCode(t, x.Join(ctx, of("harbour"), h, "harbour"), "campaign.not_asked")
		ok(t, x.Unask(ctx, of("riverside"), h, "hill")) // an owner is not removed
		in := careDay
		in.Title = "Days of care"
		c, err := x.see(of("hill"), h)
		ok(t, err)
		ok(t, x.Edit(ctx, of("hill"), h, c.Sequence, in))
		wantCode(t, x.Edit(ctx, of("riverside"), h, c.Sequence, careDay), "campaign.changed_meanwhile")
		ok(t, x.Leave(ctx, of("riverside"), h, "riverside"))
		wantKind(t, x.Edit(ctx, of("riverside"), h, c.Sequence+1, careDay), fault.KindForbidden)
		wantCode(t, x.Leave(ctx, of("hill"), h, "hill"), "campaign.last_owner")
		ok(t, x.Ask(ctx, of("hill"), h, "harbour"))
		ok(t, x.Join(ctx, of("harbour"), h, "harbour"))
		for name, rest := range map[string]func(g *Group, yes bool){
			"suspended": func(g *Group, yes bool) { g.Suspended = yes }, "ended": func(g *Group, yes bool) { g.Ended = yes },
		} {
			x.groups.change("g-harbour", func(g *Group) { rest(g, true) })
			if err := x.Leave(ctx, of("hill"), h, "hill"); !fault.HasCode(err, "campaign.last_owner") {
				t.Errorf("the only other owner is %s: %v", name, err)
			}
			x.groups.change("g-harbour", func(g *Group) { rest(g, false) })
		}
		ok(t, x.Leave(ctx, of("harbour"), h, "harbour"))
		want := map[id.Group]OwnerState{"g-riverside": Left, "g-hill": Owns, "g-harbour": Left}
		if d := cmp.Diff(want, x.owners(h)); d != "" {
			t.Error(d)
		}
		wantKind(t, x.Leave(ctx, of("riverside"), h, "hill"), fault.KindForbidden) // for another group
	})
}

// TestOwnersModel: whatever groups do, a campaign has at least one owner, and
// nobody becomes one without being asked and saying yes.
func TestOwnersModel(t *testing.T) {
	t.Parallel()
	x := newFixture(t, dbtest.SQLite(t))
	names := []string{"riverside", "hill", "harbour", "market"}
	rapid.Check(t, func(r *rapid.T) {
		in := careDay
		in.Handle = "c" + x.key()
		h := x.start(in)
		model := map[string]OwnerState{"riverside": Owns}
		owners := func() (n int) {
			for _, s := range model {
				if s == Owns {
					n++
				}
			}
			return n
		}
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			by, other := rapid.SampledFrom(names).Draw(r, "by"), rapid.SampledFrom(names).Draw(r, "other")
			switch rapid.SampledFrom([]string{"ask", "unask", "join", "leave"}).Draw(r, "do") {
			case "ask":
				err := x.Ask(t.Context(), of(by), h, other)
				if (err == nil) != (model[by] == Owns) {
					r.Fatalf("%s asks %s: %v", by, other, err)
				}
				if err == nil && model[other] != Owns {
					model[other] = Asked
				}
			case "unask":
				if x.Unask(t.Context(), of(by), h, other) == nil && model[other] == Asked {
					delete(model, other)
				}
			case "join":
				err := x.Join(t.Context(), of(by), h, by)
				if (err == nil) != (model[by] == Asked || model[by] == Owns) {
					r.Fatalf("%s joins: %v", by, err)
				}
				if err == nil {
					model[by] = Owns
				}
			case "leave":
				err := x.Leave(t.Context(), of(by), h, by)
				if (err == nil) == (model[by] == Owns && owners() == 1) {
					r.Fatalf("%s leaves %d: %v", by, owners(), err)
				}
				if err == nil && model[by] == Owns {
					model[by] = Left
				} else if err == nil && model[by] == Asked {
					delete(model, by)
				}
			}
		}
		got := map[string]OwnerState{}
		for g, s := range x.owners(h) {
			got[strings.TrimPrefix(string(g), "g-")] = s
		}
		if d := cmp.Diff(model, got); d != "" {
			r.Fatal(d)
		}
	})
}

func TestDemandsKeepTheirHistory(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx, h := t.Context(), x.start(careDay)
		in := DemandInput{Body: "Benches at each stop", Addressee: "The town council"}
		wantKind(t, x.AddDemand(ctx, of("hill"), h, 0, in), fault.KindForbidden)
		ok(t, x.AddDemand(ctx, of("riverside"), h, 0, in))
		ok(t, x.AddDemand(ctx, of("riverside"), h, 0, in)) // the same form once more
		ok(t, x.AddDemand(ctx, of("riverside"), h, 1, DemandInput{Body: "Shade", Addressee: "The town council"}))
		met := DemandInput{State: "partly_met", Note: "Ten benches stand."}
		ok(t, x.ChangeDemand(ctx, of("riverside"), h, 1, met))
		ok(t, x.ChangeDemand(ctx, of("riverside"), h, 1, met))
		wantKind(t, x.ChangeDemand(ctx, of("riverside"), h, 3, met), fault.KindNotFound)
		wantKind(t, x.ChangeDemand(ctx, of("riverside"), h, 1, DemandInput{State: "won"}), fault.KindInvalid)
		var got []Demand
		ok(t, x.DB.Read(ctx, func(tx *db.Tx) error {
			c, err := campaignBy(ctx, tx, "handle", h)
			if err != nil {
				return err
			}
			got, err = demandsOf(ctx, tx, c.ID)
			return err
		}))
		day := day.Of(x.clock.Now())
		want := []Demand{
			{1, "Benches at each stop", "The town council", "partly_met", []Change{{State: "open", Note: "", Day: day}, {State: "partly_met", Note: "Ten benches stand.", Day: day}}},
			{2, "Shade", "The town council", "open", []Change{{State: "open", Note: "", Day: day}}},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		// Where several groups own it, a vote decides; what happened can be said.
		ok(t, x.Ask(ctx, of("riverside"), h, "hill"))
		ok(t, x.Join(ctx, of("hill"), h, "hill"))
		for _, to := range []DemandState{"open", "met", "withdrawn"} {
			wantCode(t, x.ChangeDemand(ctx, of("hill"), h, 1, DemandInput{State: to}), "demand.decision")
		}
		ok(t, x.ChangeDemand(ctx, of("hill"), h, 1, DemandInput{State: "partly_met", Note: "Twelve by now."}))
		decide := func(subject string) {
			x.write(func(tx *db.Tx) error {
				c, err := campaignBy(ctx, tx, "handle", h)
				if err != nil {
					return err
				}
				return x.Decided(ctx, tx, fact.PollDecided{Group: "g-hill", Campaign: c.ID, Effect: fact.EffectMet, Subject: subject, Adopted: true, At: x.clock.Now()})
			})
		}
		for _, to := range []string{"met", "open"} { // a vote takes it back, too
			decide("1:" + to)
			if now := x.demandState(h, 1); now != DemandState(to) {
				t.Errorf("it is %s, want %s", now, to)
			}
		}
	})
}

// demandState is where a demand stands.
func (x *fixture) demandState(h string, number int) (state DemandState) {
	x.t.Helper()
	x.write(func(tx *db.Tx) error {
		return tx.Get(x.t.Context(), "select state from demand where campaign_id = (select id from campaign where handle = $1) and number = $2", []any{h, number}, &state)
	})
	return state
}

func TestEndorsingIsOfAVersion(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx, h := t.Context(), x.start(careDay)
		ok(t, x.SetPoints(ctx, of("riverside"), h, 0, "No violence."))
		ok(t, x.SetPoints(ctx, of("riverside"), h, 0, "No violence.")) // the same form once more
		wantCode(t, x.Endorse(ctx, of("hill"), h, "hill", 0), "campaign.points_changed")
		ok(t, x.Endorse(ctx, of("hill"), h, "hill", 1))
		wantCode(t, x.SetPoints(ctx, of("riverside"), h, 0, "Other."), "campaign.changed_meanwhile")
		ok(t, x.SetPoints(ctx, of("riverside"), h, 1, "No violence. Listen first."))
		ok(t, x.Endorse(ctx, of("harbour"), h, "harbour", 2))
		wantKind(t, x.Endorse(ctx, of("hill"), h, "market", 2), fault.KindForbidden)
		list := func() map[id.Group]int {
			out := map[id.Group]int{}
			ok(t, x.DB.Read(ctx, func(tx *db.Tx) error {
				c, err := campaignBy(ctx, tx, "handle", h)
				if err != nil {
					return err
				}
				all, err := endorsementsOf(ctx, tx, c.ID)
				for _, e := range all {
					out[e.Group] = e.Version
				}
				return err
			}))
			return out
		}
		if d := cmp.Diff(map[id.Group]int{"g-hill": 1, "g-harbour": 2}, list()); d != "" {
			t.Error(d)
		}
		ok(t, x.Withdraw(ctx, of("hill"), h, "hill"))
		if d := cmp.Diff(map[id.Group]int{"g-harbour": 2}, list()); d != "" {
			t.Error(d)
		}
	})
}

func TestEventsOfOwnersAndTrustedHostsNeedNoAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx, h := t.Context(), x.start(careDay)
		own, first, second, third := x.event("own", "riverside"), x.event("first", "hill"), x.event("second", "hill"), x.event("third", "harbour")
		ok(t, x.Propose(ctx, of("riverside"), h, own))
		ok(t, x.Propose(ctx, of("hill"), h, first))
		wantKind(t, x.Propose(ctx, of("hill"), h, third), fault.KindInvalid) // of another group
		wantKind(t, x.Propose(ctx, of("hill"), h, "nothing"), fault.KindInvalid)
		if d := cmp.Diff([]id.Event{"own"}, keys(x.events.joined)); d != "" {
			t.Error(d)
		}
		wantKind(t, x.Decide(ctx, of("hill"), h, first, Decision{Accept: true}), fault.KindForbidden)
		wantKind(t, x.Decide(ctx, of("riverside"), h, first, Decision{}), fault.KindInvalid) // no reason
		ok(t, x.Decide(ctx, of("riverside"), h, first, Decision{Accept: true, Trust: true}))
		ok(t, x.Decide(ctx, of("riverside"), h, first, Decision{Reason: "too late"})) // the first answer counts
		ok(t, x.write2(func(tx *db.Tx) error {
			return x.EventProposed(ctx, tx, fact.EventProposed{Event: second, Group: "g-hill", Campaign: h, By: "p-hill"})
		}))
		ok(t, x.Propose(ctx, of("harbour"), h, third))
		ok(t, x.Decide(ctx, of("riverside"), h, third, Decision{Reason: "Please name a place."}))
		if d := cmp.Diff([]id.Event{"first", "own", "second"}, keys(x.events.joined)); d != "" {
			t.Error(d)
		}
		ok(t, x.Propose(ctx, of("harbour"), h, third)) // changed and proposed again
		q, err := x.Queue(ctx, of("riverside"), h)
		if err != nil || len(q.Events) != 1 || q.Events[0].ID != third {
			t.Errorf("waiting are %+v, %v", q.Events, err)
		}
		_, err = x.Queue(ctx, of("hill"), h)
		wantKind(t, err, fault.KindForbidden)
		wantKind(t, x.Remove(ctx, of("harbour"), h, second), fault.KindForbidden)
		ok(t, x.Remove(ctx, of("hill"), h, second))
		ok(t, x.Remove(ctx, of("riverside"), h, own))
		if d := cmp.Diff([]id.Event{"first"}, keys(x.events.joined)); d != "" {
			t.Error(d)
		}
		other := careDay
		other.Handle = "another"
		x.start(other)
		wantCode(t, x.Propose(ctx, of("hill"), "another", first), "campaign.other")
	})
}

func TestHostWithoutAGroup(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx, h := t.Context(), x.start(careDay)
		secret, no := x.key(), x.key()
		host := Host{Near: "Leipzig", Place: "Old pier", Day: "2026-11-28", Start: "10:00", Note: "We are four.", Contact: "canary@example.org"}
		wantKind(t, x.ProposeHost(ctx, authz.Actor{}, h, secret, Host{}), fault.KindInvalid)
		ok(t, x.ProposeHost(ctx, authz.Actor{}, h, secret, host))
		ok(t, x.ProposeHost(ctx, authz.Actor{}, h, secret, host)) // the same form once more
		x.later(time.Second)                                      // the queue is in the order of coming
		ok(t, x.ProposeHost(ctx, authz.Actor{}, h, no, host))
		q, err := x.Queue(ctx, of("riverside"), h)
		if err != nil || len(q.Proposals) != 2 || q.Proposals[0].Host != host {
			t.Fatalf("waiting are %+v, %v", q.Proposals, err)
		}
		p := q.Proposals[0].ID
		wantKind(t, x.DecideHost(ctx, of("hill"), h, p, "hill", Decision{Accept: true}), fault.KindForbidden)
		ok(t, x.DecideHost(ctx, of("riverside"), h, p, "riverside", Decision{Accept: true}))
		ok(t, x.DecideHost(ctx, of("riverside"), h, p, "riverside", Decision{Accept: true}))
		ok(t, x.DecideHost(ctx, of("riverside"), h, q.Proposals[1].ID, "", Decision{Reason: "One is enough there."}))
		a, err := x.Answered(ctx, secret)
		b, err2 := x.Answered(ctx, no)
		if err != nil || err2 != nil || a.State != Accepted || x.events.joined[a.Event] == "" || b.State != Refused || b.Reason != "One is enough there." {
			t.Errorf("the answers are %+v, %v and %+v, %v", a, err, b, err2)
		}
		x.later(keepAnswered + 48*time.Hour)
		ok(t, x.Expire(ctx))
		_, err = x.Answered(ctx, secret)
		wantKind(t, err, fault.KindNotFound)
		if _, err := x.vault.Existing(ctx, ScopePrefix+p); err == nil {
			t.Error("the key of an expired proposal is still there")
		}
	})
}

func TestSuspendedOwnersHideTheirCampaign(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx, h := t.Context(), x.start(careDay)
		ok(t, x.Ask(ctx, of("riverside"), h, "hill"))
		ok(t, x.Join(ctx, of("hill"), h, "hill"))
		suspend := func(g string, yes bool) {
			x.groups.suspend(id.Group("g-"+g), yes)
			ok(t, x.write2(func(tx *db.Tx) error {
				return x.GroupSuspended(ctx, tx, fact.GroupSuspended{Group: id.Group("g-" + g), Suspended: yes})
			}))
		}
		listed := func(want int) {
			t.Helper()
			page, _, err := x.List(ctx, false, cursor{}, 10)
			_, see := x.see(authz.Actor{}, h)
			if err != nil || len(page) != want || (see == nil) != (want == 1) {
				t.Errorf("%d are listed, want %d; %v, %v", len(page), want, err, see)
			}
		}
		c, err := x.see(authz.Actor{}, h)
		ok(t, err)
		x.told = nil
		told := func(want ...any) {
			t.Helper()
			if d := cmp.Diff(want, x.told); d != "" {
				t.Errorf("others hear %s", d)
			}
			x.told = nil
		}
		suspend("riverside", true)
		listed(1)
		told()
		suspend("hill", true)
		listed(0)
		told(fact.CampaignShown{Campaign: c.ID})
		suspend("riverside", false)
		listed(1)
		told(fact.CampaignShown{Campaign: c.ID, Shown: true})
		suspend("hill", false)
		suspend("riverside", true)
		// Only a suspended owner would be left: nobody could look after it.
		wantCode(t, x.Leave(ctx, of("hill"), h, "hill"), "campaign.last_owner")
		listed(1)
		told()
	})
}

func TestTemplateReachesEvents(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx, h := t.Context(), x.start(careDay)
		wantKind(t, x.SetTemplate(ctx, of("riverside"), h, 0, Template{Kind: "nonsense"}), fault.KindInvalid)
		ok(t, x.SetTemplate(ctx, of("riverside"), h, 0, Template{Title: "Day of care"}))
		ok(t, x.SetTemplate(ctx, of("riverside"), h, 0, Template{Title: "Day of care"}))
		wantCode(t, x.SetTemplate(ctx, of("riverside"), h, 0, Template{Title: "Other"}), "campaign.changed_meanwhile")
		ok(t, x.SetTemplate(ctx, of("riverside"), h, 1, Template{Title: "Days of care"}))
		want := []Template{{Version: 1, Title: "Day of care"}, {Version: 2, Title: "Days of care"}}
		if d := cmp.Diff(want, x.events.told); d != "" {
			t.Error(d)
		}
	})
}

func TestListGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		want := map[bool][]string{}
		for _, c := range []struct {
			handle, dates string
			past          bool
		}{
			{"soon", "2026-06-01", false}, {"later", "2026-07-01", false}, {"never", "", false},
			{"last-year", "2025-05-01", true}, {"long-ago", "2020-05-01", true},
		} {
			in := careDay
			in.Handle, in.Dates = c.handle, c.dates
			x.start(in)
			want[c.past] = append(want[c.past], c.handle)
		}
		for _, past := range []bool{false, true} {
			var got []string
			after := cursor{}
			for range 10 {
				page, more, err := x.List(t.Context(), past, after, 1)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range page {
					got = append(got, c.Handle)
					after = cursor{c.lastDay(), string(c.ID)}
				}
				if !more {
					break
				}
			}
			if d := cmp.Diff(want[past], got); d != "" {
				t.Errorf("past %v: %s", past, d)
			}
		}
	})
}
