package roles

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Two different organizers must confirm where the group wants it: one twice is
// one, and who is no organizer any more does not count.
func TestTwoOrganizers(t *testing.T) {
	t.Parallel()
	crews(t, func(t *testing.T, c *crew) {
		e := c.event(t, marshals(2))
		wantCode(t, c.SetRule(t.Context(), ann, e, 2), "")
		one := c.helper(t, e, "marshal")
		for range 3 {
			wantCode(t, c.confirm(t, ann, e, "marshal", one), "")
		}
		m, err := c.Mine(t.Context(), e, one)
		if err != nil || m.Confirmers != 2 || m.Offers[0].State != Offered || m.Offers[0].Confirmed != 1 {
			t.Fatalf("the same one three times: %+v, %v", m, err)
		}
		c.set(ann, false)
		wantCode(t, c.confirm(t, ben, e, "marshal", one), "")
		if got := c.stateOf(t, e, one, "marshal"); got != Offered {
			t.Errorf("with one who is no organizer any more: %s", got)
		}
		d, err := c.Desk(t.Context(), ben, e, "marshal", "")
		if err != nil || d.Offers[0].Confirmed != 1 || !d.Offers[0].Mine {
			t.Errorf("%+v, %v", d, err)
		}
		wantCode(t, c.confirm(t, ann, e, "marshal", one), "authz.forbidden")
		wantCode(t, c.confirm(t, cem, e, "marshal", one), "")
		if got := c.stateOf(t, e, one, "marshal"); got != Confirmed {
			t.Errorf("two who are: %s", got)
		}
		// Each confirmation is audited once, without a trace of the offer.
		want := []string{
			"ann: rule of roles " + string(e), "ann: confirm a role " + string(e), "ben: confirm a role " + string(e), "cem: confirm a role " + string(e),
		}
		if d := cmp.Diff(want, c.audited); d != "" {
			t.Error(d)
		}
	})
}

// Two organizers at once are two, whichever comes first.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	crews(t, func(t *testing.T, c *crew) {
		e := c.event(t, marshals(10))
		wantCode(t, c.SetRule(t.Context(), ann, e, 2), "")
		for range 10 {
			one := c.helper(t, e, "marshal")
			together(t, func() error { return c.confirm(t, ann, e, "marshal", one) }, func() error { return c.confirm(t, ben, e, "marshal", one) })
			if got := c.stateOf(t, e, one, "marshal"); got != Confirmed {
				t.Errorf("after both: %s", got)
			}
		}
		if n := c.number(t, "select confirmed from role_count where event_id = $1", string(e)); n != 10 {
			t.Errorf("%d counted", n)
		}
	})
}

func together(t *testing.T, fs ...func() error) {
	t.Helper()
	var wg sync.WaitGroup
	for _, f := range fs {
		wg.Go(func() {
			if err := f(); err != nil && fault.Of(err) == nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// However many offer and confirm at once, no more are confirmed than needed, and
// a change of the programme meanwhile does not break that.
func TestCapacityIsExact(t *testing.T) {
	t.Parallel()
	crews(t, func(t *testing.T, c *crew) {
		e := c.event(t, marshals(3))
		secrets := make([]string, 12)
		var all []func() error
		for i := range secrets {
			secrets[i] = c.guest(t, e)
			all = append(all, func() error { return c.Offer(t.Context(), e, secrets[i], Input{Roles: []string{"marshal"}}) })
		}
		together(t, all...)
		if n := c.number(t, "select offered * 100 + reserve from role_count where event_id = $1", string(e)); n != 309 {
			t.Fatalf("offered and in reserve: %d", n)
		}
		all = nil
		for _, s := range secrets {
			all = append(all, func() error { return c.confirm(t, ann, e, "marshal", s) }, func() error { return c.confirm(t, ben, e, "marshal", s) })
		}
		all = append(all, func() error { return c.need(t.Context(), e, marshals(2)) })
		together(t, all...)
		n := c.number(t, "select needed from role_count where event_id = $1", string(e))
		if got := c.number(t, "select count(*) from role_offer where event_id = $1 and state = 'confirmed'", string(e)); got != n {
			t.Errorf("%d confirmed of %d", got, n)
		}
		if d := c.drifts(t); len(d) > 0 {
			t.Errorf("%+v", d)
		}
	})
}

// A note is sealed, differs per role, opens for organizers, and is erased with
// the answer no; the code is all that they see besides.
func TestNotes(t *testing.T) {
	t.Parallel()
	crews(t, func(t *testing.T, c *crew) {
		e := c.event(t, marshals(1), fact.RoleNeeded{Code: "medic", People: 1})
		s := c.guest(t, e)
		const note = "I trained with the river rescue."
		wantCode(t, c.Offer(t.Context(), e, s, Input{Roles: []string{"marshal", "medic"}, Note: note}), "")
		var sealed [][]byte
		read := func() {
			t.Helper()
			err := c.db.Read(t.Context(), func(tx *db.Tx) (err error) {
				sealed, err = db.Column[[]byte](t.Context(), tx, "select sealed from role_offer where event_id = $1 order by role", string(e))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		read()
		if len(sealed) != 2 || bytes.Equal(sealed[0], sealed[1]) || bytes.Contains(sealed[0], []byte("river")) {
			t.Fatalf("%q", sealed)
		}
		d, err := c.Desk(t.Context(), ann, e, "medic", "")
		want := []OfferView{{Code: code(s), State: Offered, Note: note}}
		if diff := cmp.Diff(want, d.Offers); diff != "" || err != nil {
			t.Fatal(diff, err)
		}
		wantCode(t, c.Answer(t.Context(), ann, e, "medic", code(s), Answer{Reason: "training"}), "")
		read()
		if len(sealed[0]) == 0 || len(sealed[1]) != 0 {
			t.Errorf("after the answers: %q", sealed)
		}
		m, err := c.Mine(t.Context(), e, s)
		if err != nil || m.Offers[1].Reason != "training" || m.Offers[1].Note != "" || m.Offers[0].Note != note {
			t.Errorf("%+v %v", m, err)
		}
		// A note of one offer opens in no other.
		c.exec(t, "update role_offer set sealed = $1, state = 'offered' where event_id = $2 and role = 'medic'", sealed[0], string(e))
		if _, err := c.Desk(t.Context(), ann, e, "medic", ""); err == nil {
			t.Error("a note that was moved opens")
		}
		// Without the event's key there is no note, and the page still comes.
		if err := c.vault.Destroy(t.Context(), "event:"+string(e)); err != nil {
			t.Fatal(err)
		}
		if d, err = c.Desk(t.Context(), ann, e, "marshal", ""); err != nil || d.Offers[0].Note != "" {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

// A week after the event, nothing of the offers or of who confirmed them is left.
func TestExpiry(t *testing.T) {
	t.Parallel()
	crews(t, func(t *testing.T, c *crew) {
		e, other := c.event(t, marshals(1)), c.event(t, marshals(1))
		s, kept := c.helper(t, e, "marshal"), c.helper(t, other, "marshal")
		c.helper(t, e, "marshal")
		wantCode(t, c.SetRule(t.Context(), ann, e, 2), "")
		wantCode(t, c.confirm(t, ann, e, "marshal", s), "")
		wantCode(t, c.confirm(t, ben, e, "marshal", s), "")
		wantCode(t, c.confirm(t, ann, other, "marshal", kept), "")
		held := func(p id.Person) (n int) {
			err := c.db.Read(t.Context(), func(tx *db.Tx) error {
				all, err := HeldBy(t.Context(), tx, p)
				n = len(all)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if held("ann") != 2 || held("ben") != 1 || held("cem") != 0 {
			t.Errorf("held: %d, %d, %d", held("ann"), held("ben"), held("cem"))
		}
		for range 2 { // an expiry that was interrupted begins again
			err := c.db.Write(t.Context(), func(tx *db.Tx) error {
				return c.SignUpsExpired(t.Context(), tx, fact.SignUpsExpired{Event: e})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, table := range []string{"role_offer", "role_confirmation", "role_rule"} {
			if n := c.number(t, "select count(*) from "+table+" where event_id = $1", string(e)); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
		if held("ann") != 1 || c.stateOf(t, other, kept, "marshal") != Confirmed || len(c.drifts(t)) > 0 {
			t.Errorf("the other event: %d, %+v", held("ann"), c.drifts(t))
		}
	})
}

// An account that is erased takes its confirmations along; what is confirmed
// stays so.
func TestErasedAccount(t *testing.T) {
	t.Parallel()
	crews(t, func(t *testing.T, c *crew) {
		e := c.event(t, marshals(1))
		s := c.helper(t, e, "marshal")
		wantCode(t, c.confirm(t, ann, e, "marshal", s), "")
		c.exec(t, "delete from person where id = 'ann'")
		if c.stateOf(t, e, s, "marshal") != Confirmed || c.number(t, "select count(*) from role_confirmation") != 0 {
			t.Error("the role is lost, or the name is kept")
		}
	})
}

// Drifts sees a counter that is wrong, and an offer whose role is lost; Recount
// repairs both.
func TestDriftIsSeen(t *testing.T) {
	t.Parallel()
	crews(t, func(t *testing.T, c *crew) {
		e := c.event(t, marshals(1), fact.RoleNeeded{Code: "medic", People: 2})
		s := c.helper(t, e, "marshal", "medic")
		wantCode(t, c.confirm(t, ann, e, "medic", s), "")
		c.exec(t, "update role_count set offered = offered + 1 where role = 'marshal'")
		c.exec(t, "delete from role_count where role = 'medic'")
		want := []Drift{
			{Event: string(e), Role: "marshal", Offered: 2, RowOffered: 1}, {Event: string(e), Role: "medic", RowConfirmed: 1},
		}
		if d := cmp.Diff(want, c.drifts(t)); d != "" {
			t.Fatal(d)
		}
		if err := c.db.Write(t.Context(), func(tx *db.Tx) error { return Recount(t.Context(), tx, string(e)) }); err != nil {
			t.Fatal(err)
		}
		if d := c.drifts(t); len(d) > 0 {
			t.Errorf("%+v", d)
		}
		wantCode(t, c.need(t.Context(), e, marshals(1)), "roles.confirmed")
	})
}

// What the programme may not do, and what it says then.
func TestProgrammeVeto(t *testing.T) {
	t.Parallel()
	crews(t, func(t *testing.T, c *crew) {
		tea := fact.RoleNeeded{Name: "Tea", Field: "role_1_people", People: 1}
		e := c.event(t, marshals(2), tea)
		for range 2 {
			wantCode(t, c.confirm(t, ann, e, "marshal", c.helper(t, e, "marshal")), "")
		}
		wantCode(t, c.confirm(t, ann, e, IDOf("=Tea"), c.helper(t, e, IDOf("=Tea"))), "")
		for _, x := range []struct {
			needs []fact.RoleNeeded
			want  string // fields with their codes
		}{
			{[]fact.RoleNeeded{marshals(1), tea}, "role_marshal_people roles.confirmed [n 2]"},
			{[]fact.RoleNeeded{marshals(0), tea}, "role_marshal_people roles.confirmed [n 2]"},
			{[]fact.RoleNeeded{marshals(2)}, "role_1_name roles.confirmed_gone [role Tea n 1]"},
			{[]fact.RoleNeeded{tea}, "role_1_name roles.confirmed [n 2]"},
			{nil, "role_1_name roles.confirmed [n 2]; role_1_name roles.confirmed_gone [role Tea n 1]"},
			{[]fact.RoleNeeded{marshals(2), tea}, ""},
			{[]fact.RoleNeeded{marshals(1), marshals(1), tea}, ""}, // two rows of one role
		} {
			err := c.need(t.Context(), e, x.needs...)
			var got []string
			if f := fault.Of(err); f != nil {
				for _, y := range f.Fields {
					got = append(got, fmt.Sprintf("%s %s %v", y.Name, y.Code, y.Args))
				}
			}
			if strings.Join(got, "; ") != x.want {
				t.Errorf("%v: %q, want %q", x.needs, got, x.want)
			}
		}
		if n := c.number(t, "select sum(needed) from role_count where event_id = $1", string(e)); n != 3 {
			t.Errorf("half stored: %d", n)
		}
	})
}

// What is refused, and that nothing of it is stored.
func TestRefused(t *testing.T) {
	t.Parallel()
	crews(t, func(t *testing.T, c *crew) {
		e := c.event(t, marshals(1), fact.RoleNeeded{Code: "medic", People: 1})
		over, draft := c.event(t, marshals(1)), c.event(t, marshals(1))
		s, late, waiting := c.guest(t, e), c.guest(t, over), c.guest(t, e)
		c.closed[over], c.draft[draft] = true, true
		c.exec(t, "update attendance set state = 'waiting' where hash = $1", id.Hash(waiting))
		offer := func(e id.Event, secret, note string, roles ...string) error {
			return c.Offer(t.Context(), e, secret, Input{Roles: roles, Note: note})
		}
		there := c.helper(t, e, "medic")
		for name, x := range map[string]struct {
			err  error
			want string
		}{
			"no role":          {offer(e, s, ""), "roles.none"},
			"unknown role":     {offer(e, s, "", "marshal", "king"), "roles.unknown"},
			"long note":        {offer(e, s, strings.Repeat("ä", 301), "marshal"), "form.long"},
			"another's secret": {offer(over, s, "", "marshal"), "attendance.not_found"},
			"nonsense":         {offer(e, "nonsense", "", "marshal"), "attendance.not_found"},
			"over":             {offer(over, late, "", "marshal"), "attendance.over"},
			"no place":         {offer(e, waiting, "", "marshal"), "roles.waiting"},
			"withdraw nothing": {c.Withdraw(t.Context(), e, s, "marshal"), "roles.not_found"},
			"withdraw unknown": {c.Withdraw(t.Context(), e, there, "king"), "roles.not_found"},
			"confirm nothing":  {c.confirm(t, ann, e, "marshal", s), "roles.not_found"},
			"unknown role's":   {c.confirm(t, ann, e, "king", there), "roles.not_found"},
			"no reason":        {c.Answer(t.Context(), ann, e, "medic", code(there), Answer{}), "roles.reason"},
			"own reason":       {c.Answer(t.Context(), ann, e, "medic", code(there), Answer{Reason: "ugly"}), "roles.reason"},
			"visitor":          {c.confirm(t, authz.Actor{}, e, "medic", there), "authz.sign_in"},
			"member":           {c.confirm(t, authz.Actor{Person: "mia"}, e, "medic", there), "authz.forbidden"},
			"draft":            {c.SetRule(t.Context(), ann, draft, 2), "roles.not_public"},
			"rule":             {c.SetRule(t.Context(), ann, e, 3), "roles.confirmers"},
		} {
			if !fault.HasCode(x.err, x.want) {
				t.Errorf("%s: %v, want %s", name, x.err, x.want)
			}
		}
		for _, after := range []string{"x", "offered", "offered-x", "declined-1", "offered-01", "-1"} {
			_, err := c.Desk(t.Context(), ann, e, "", after)
			wantCode(t, err, "roles.cursor")
		}
		_, err := c.Desk(t.Context(), ann, e, "king", "")
		wantCode(t, err, "roles.no_role")
		if n := c.number(t, "select count(*) from role_offer"); n != 1 {
			t.Errorf("%d offers", n)
		}
		if n := c.number(t, "select count(*) from role_confirmation"); n != 0 {
			t.Errorf("%d confirmations", n)
		}
	})
}

// The reserve is bounded, and the desk walks along all of it.
func TestManyOffers(t *testing.T) {
	t.Parallel()
	c := newCrew(t, sqliteFile(t))
	e := c.event(t, marshals(2))
	c.exec(t, "update role_count set reserve = $1", maxReserve) // as if so many had offered
	c.helper(t, e, "marshal")
	c.helper(t, e, "marshal")
	wantCode(t, c.Offer(t.Context(), e, c.guest(t, e), Input{Roles: []string{"marshal"}}), "roles.enough")
	c.exec(t, "update role_count set reserve = 0")
	for range 58 {
		c.helper(t, e, "marshal")
	}
	wantCode(t, c.confirm(t, ann, e, "marshal", c.helper(t, e, "marshal")), "")
	seen := map[string]bool{}
	after := ""
	for pages := 1; ; pages++ {
		d, err := c.Desk(t.Context(), ann, e, "", after)
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range d.Offers {
			if seen[o.Code] || (o.State == Confirmed) != (pages == 1 && i == 0) {
				t.Errorf("page %d: %+v", pages, o)
			}
			seen[o.Code] = true
		}
		if after = d.Next; after == "" {
			break
		}
	}
	if len(seen) != 61 {
		t.Errorf("%d offers", len(seen))
	}
}

// Who loses their place is confirmed no longer: the next in reserve moves up, and
// organizers confirm anew.
func TestPlaceLost(t *testing.T) {
	t.Parallel()
	crews(t, func(t *testing.T, c *crew) {
		e := c.event(t, marshals(1))
		one := c.helper(t, e, "marshal")
		wantCode(t, c.confirm(t, ann, e, "marshal", one), "")
		say := func(secret string, place bool) {
			t.Helper()
			err := c.db.WriteHot(t.Context(), string(e), func(tx *db.Tx) error {
				state := map[bool]string{true: "going", false: "waiting"}[place]
				_, err := tx.Exec(t.Context(), "update attendance set state = $3 where event_id = $1 and hash = $2", string(e), id.Hash(secret), state)
				if err != nil {
					return err
				}
				return c.SignUpChanged(t.Context(), tx, fact.SignUpChanged{Event: e, Hash: id.Hash(secret), Party: 1, Place: place})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		say(one, true)
		if got := c.stateOf(t, e, one, "marshal"); got != Confirmed {
			t.Fatalf("with a place: %s", got)
		}
		for range 2 {
			say(one, false)
		}
		if got := c.stateOf(t, e, one, "marshal"); got != Offered {
			t.Errorf("without a place: %s", got)
		}
		if n := c.number(t, "select count(*) from role_confirmation"); n != 0 {
			t.Errorf("%d confirmations are left", n)
		}
		wantCode(t, c.confirm(t, ann, e, "marshal", one), "roles.no_place")
		say(one, true)
		wantCode(t, c.confirm(t, ann, e, "marshal", one), "")
		if d := c.drifts(t); len(d) > 0 {
			t.Errorf("counters: %+v", d)
		}
	})
}
