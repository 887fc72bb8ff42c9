package members

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/notify"
)

// The rule, written out as a table of days.
func TestTheRule(t *testing.T) {
	t.Parallel()
	active := Dormancy{Months: 6, Phase: Active, Active: 20260101}
	quiet := Dormancy{Months: 6, Phase: Quiet, Active: 20260101, Since: 20260701}
	asked := quiet.asks("mia", 20260901)
	back := Dormancy{Months: 6, Phase: Active, Active: 20260905}
	for name, x := range map[string]struct {
		was   Dormancy
		day   int
		there bool
		want  Dormancy
		step  step
	}{
		"a day too early":          {active, 20260630, false, active, nothing},
		"six months":               {active, 20260701, false, quiet, fellOff},
		"nothing is known yet":     {Dormancy{Months: 6, Phase: Active}, 20260101, false, active, nothing},
		"quiet stays quiet":        {quiet, 20300101, false, quiet, nothing},
		"somebody asks":            {asked, 20260914, true, asked, nothing},
		"after fourteen days":      {asked, 20260915, true, Dormancy{Months: 6, Phase: Active, Active: 20260915}, handed},
		"who asked is gone":        {asked, 20260915, false, quiet, gone},
		"the end of a short month": {Dormancy{Months: 3, Phase: Active, Active: 20251130}, 20260228, false, Dormancy{Months: 3, Phase: Active, Active: 20251130}, nothing},
	} {
		if got, s := x.was.tick(x.day, x.there); got != x.want || s != x.step {
			t.Errorf("%s: %+v, %q", name, got, s)
		}
	}
	for name, x := range map[string]struct {
		was  Dormancy
		role authz.Role
		want Dormancy
		step step
	}{
		"a member of an active group":    {active, authz.Member, active, nothing},
		"an organizer of an active one":  {active, authz.Organizer, Dormancy{Months: 6, Phase: Active, Active: 20260905}, nothing},
		"once more within a week":        {Dormancy{Phase: Active, Active: 20260829}, authz.Steward, Dormancy{Phase: Active, Active: 20260829}, nothing},
		"a member of a quiet group":      {quiet, authz.Member, quiet, nothing},
		"an organizer of a quiet group":  {quiet, authz.Organizer, back, cameBack},
		"an organizer while one asks":    {asked, authz.Organizer, asked, nothing},
		"a steward who declines":         {asked, authz.Steward, back, cameBack},
		"a stranger, whatever they do":   {asked, authz.None, asked, nothing},
		"a steward of a quiet group too": {quiet, authz.Steward, back, cameBack},
	} {
		if got, s := x.was.acted(x.role, 20260905); got != x.want || s != x.step {
			t.Errorf("%s: %+v, %q", name, got, s)
		}
	}
	for _, x := range []struct {
		was   Dormancy
		role  authz.Role
		since int
		from  int
		ok    bool
	}{
		{active, authz.Organizer, 20250101, 0, false}, {asked, authz.Organizer, 20250101, 0, false}, {quiet, authz.Steward, 20250101, 0, false},
		{quiet, authz.None, 0, 0, false}, {quiet, authz.Organizer, 20260820, 20260830, true}, {quiet, authz.Member, 20250101, 20260929, true},
		{quiet, authz.Member, 20260820, 20261118, true},
	} {
		if from, ok := x.was.opens(x.role, x.since); from != x.from || ok != x.ok {
			t.Errorf("%s of %s: %d, %v", x.role, x.was.Phase, from, ok)
		}
	}
}

// Whatever happens in a group, nobody becomes a steward by the rule unless the group
// was quiet for its months and sixty days, they asked, and no steward did anything for
// the fourteen days that all saw it.
func TestNobodyTakesAGroupThatIsLookedAfter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		today := 20260101
		d := Dormancy{Months: rapid.SampledFrom(monthChoices()).Draw(r, "months"), Phase: Active, Active: today}
		lastOrganizer, lastSteward, askedOn := today, today, 0
		for range 40 {
			today = day.After(today, rapid.IntRange(0, 70).Draw(r, "days"))
			before := d
			var s step
			if d, s = d.tick(today, true); s == handed {
				free := day.Of(day.Time(day.After(lastOrganizer, -stampDays)).AddDate(0, d.Months, 0))
				if askedOn < day.After(free, answerDays) || today < day.After(askedOn, shownDays) || lastSteward >= askedOn || before.By != "mia" {
					r.Fatalf("handed over on %d: asked on %d, last organizer on %d, last steward on %d", today, askedOn, lastOrganizer, lastSteward)
				}
			}
			if due := d.due(); due > 0 && due <= today {
				r.Fatalf("on %d it is still due: %+v", today, d)
			}
			switch rapid.SampledFrom([]string{"nothing", "organizer", "steward", "member", "ask", "withdraw"}).Draw(r, "what") {
			case "organizer":
				if d.Phase != Asked {
					lastOrganizer = today
				}
				d, _ = d.acted(authz.Organizer, today)
			case "steward":
				lastOrganizer, lastSteward = today, today
				d, _ = d.acted(authz.Steward, today)
				if d.Phase != Active {
					r.Fatalf("a steward is back, and it is %s", d.Phase)
				}
			case "member":
				if got, s := d.acted(authz.Member, today); got != d || s != nothing {
					r.Fatal("a member's act counts")
				}
			case "ask":
				role := rapid.SampledFrom([]authz.Role{authz.Member, authz.Organizer}).Draw(r, "role")
				if from, ok := d.opens(role, 20200101); ok && from <= today {
					d, askedOn = d.asks("mia", today), today
				}
			case "withdraw":
				d = d.withdrawn()
			}
			if (d.By != "") != (d.Phase == Asked) || (d.Since == 0) != (d.Phase == Active) || (d.AskedOn == 0) != (d.Phase != Asked) {
				r.Fatalf("%+v", d)
			}
		}
	})
}

func (x *fixture) acted(who string) {
	x.t.Helper()
	x.write(func(tx *db.Tx) error {
		r, _, err := x.groups.Member(x.t.Context(), tx, "riverside", id.Person(who))
		if err != nil {
			return err
		}
		return x.Acted(x.t.Context(), tx, "riverside", r)
	})
}

func (x *fixture) phase(who string) Standing {
	x.t.Helper()
	s, err := x.Standing(x.t.Context(), as(who), "riverside")
	x.must(err)
	return s
}

// A group falls quiet, its stewards are told, and it is handed to who asks; all of it
// is noted.
func TestAGroupIsHandedOver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		x.acted("mia")
		if n := x.count("select count(*) from dormancy"); n != 0 {
			t.Fatal("a member's act is noted")
		}
		x.acted("olga")
		x.days(3)
		x.acted("sam")
		if n := x.count("select active_day from dormancy"); n != day.Of(dbtest.Now) {
			t.Errorf("written again within a week: %d", n)
		}
		x.days(180)
		if s := x.phase("mia"); s.Phase != Active {
			t.Fatalf("quiet too early: %+v", s)
		}
		x.days(5)
		if s := x.phase("mia"); s.Phase != Quiet || s.May {
			t.Fatalf("not quiet: %+v", s)
		}
		if mails := x.sent.take(); len(mails) != 1 || !strings.Contains(mails["sam@example.org"].Text, "https://example.org/groups/riverside/quiet") {
			t.Errorf("told: %v", mails)
		}
		if got := x.noted(); !slices.Equal(got, []string{": group is quiet riverside"}) {
			t.Errorf("noted: %q", got)
		}
		x.write(func(tx *db.Tx) error {
			of, err := x.QuietOf(ctx, tx, "sam")
			if len(of) != 1 || of[0].Handle != "riverside" {
				t.Errorf("sam is told of %v", of)
			}
			return err
		})
		if err := x.Ask(ctx, as("olga"), "riverside"); !fault.HasCode(err, "quiet.early") {
			t.Errorf("olga, at once: %v", err)
		}
		if err := x.Ask(ctx, as("sam"), "riverside"); !fault.HasCode(err, "quiet.steward") {
			t.Errorf("a steward: %v", err)
		}
		x.days(answerDays)
		if s := x.phase("olga"); !s.May {
			t.Errorf("olga may not ask: %+v", s)
		}
		if err := x.Ask(ctx, as("mia"), "riverside"); !fault.HasCode(err, "quiet.early") {
			t.Errorf("a member, before their time: %v", err)
		}
		x.days(membersWait)
		if err := x.Ask(ctx, as("eve"), "riverside"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a stranger: %v", err)
		}
		x.must(x.Ask(ctx, as("mia"), "riverside"))
		x.must(x.Ask(ctx, as("mia"), "riverside"))
		if err := x.Ask(ctx, as("olga"), "riverside"); !fault.HasCode(err, "quiet.asked") {
			t.Errorf("two at once: %v", err)
		}
		x.jobs()
		if mails := x.sent.take(); len(mails) != 1 || mails["sam@example.org"].Class != notify.Urgent || !strings.Contains(mails["sam@example.org"].Text, "takes") && !strings.Contains(mails["sam@example.org"].Text, "take") {
			t.Errorf("told: %v", mails)
		}
		x.acted("olga") // whoever organizes does not decline
		if s := x.phase("ned"); s.Phase != Asked || s.Asker != "mia" || s.Me {
			t.Errorf("ned sees %+v", s)
		}
		x.must(x.Withdraw(ctx, as("ned"), "riverside")) // is not his to withdraw
		x.must(x.Withdraw(ctx, as("mia"), "riverside"))
		if s := x.phase("mia"); s.Phase != Quiet || !s.May {
			t.Errorf("withdrawn: %+v", s)
		}
		x.must(x.Ask(ctx, as("mia"), "riverside"))
		x.days(shownDays - 1)
		if r, _, _ := x.member("mia"); r != authz.Member {
			t.Errorf("mia is %s too early", r)
		}
		x.noted()
		x.days(1)
		if r, _, _ := x.member("mia"); r != authz.Steward || x.phase("mia").Phase != Active {
			t.Errorf("mia is %s", r)
		}
		if got := x.noted(); !slices.Equal(got, []string{": group handed over riverside mia"}) {
			t.Errorf("noted: %q", got)
		}
	})
}

func (x *fixture) member(who string) (r authz.Role, since int, err error) {
	x.write(func(tx *db.Tx) error {
		r, since, err = x.groups.Member(x.t.Context(), tx, "riverside", id.Person(who))
		return err
	})
	return r, since, err
}

// A steward who is back declines; who asked and leaves asks no more; a suspended group
// is not quiet by that, and an ended one never.
func TestAGroupIsNotHandedOver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		x.acted("sam")
		x.must(x.SetMonths(ctx, as("sam"), "riverside", "3"))
		for _, bad := range []string{"", "1", "-3", "x"} {
			if err := x.SetMonths(ctx, as("sam"), "riverside", bad); !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%q months: %v", bad, err)
			}
		}
		if err := x.SetMonths(ctx, as("olga"), "riverside", "3"); !fault.HasCode(err, "authz.forbidden") {
			t.Errorf("olga sets months: %v", err)
		}
		x.days(93)
		x.days(answerDays + membersWait)
		x.must(x.Ask(ctx, as("mia"), "riverside"))
		if err := x.Here(ctx, as("olga"), "riverside"); !fault.HasCode(err, "authz.forbidden") {
			t.Errorf("olga declines: %v", err)
		}
		x.noted()
		x.must(x.Here(ctx, as("sam"), "riverside"))
		x.must(x.Here(ctx, as("sam"), "riverside"))
		if s := x.phase("mia"); s.Phase != Active || s.By != "" {
			t.Errorf("declined: %+v", s)
		}
		if got := x.noted(); !slices.Equal(got, []string{": group is looked after again riverside"}) {
			t.Errorf("noted: %q", got)
		}
		if err := x.Ask(ctx, as("mia"), "riverside"); !fault.HasCode(err, "quiet.active") {
			t.Errorf("asked of an active group: %v", err)
		}
		x.days(93)
		x.days(answerDays + membersWait)
		x.must(x.Ask(ctx, as("mia"), "riverside"))
		x.write(func(tx *db.Tx) error {
			return x.MemberLeft(ctx, tx, fact.MemberLeft{Group: "riverside", Person: "ned"})
		})
		if s := x.phase("olga"); s.Phase != Asked {
			t.Errorf("somebody else left: %+v", s)
		}
		x.write(func(tx *db.Tx) error {
			return x.MemberLeft(ctx, tx, fact.MemberLeft{Group: "riverside", Person: "mia"})
		})
		if s := x.phase("olga"); s.Phase != Quiet || !s.May {
			t.Errorf("mia left: %+v", s)
		}
		// An account that is erased leaves a request of nobody's.
		x.must(x.Ask(ctx, as("mia"), "riverside"))
		x.exec("delete from person where id = 'mia'")
		x.days(shownDays)
		if s := x.phase("olga"); s.Phase != Quiet {
			t.Errorf("mia is erased: %+v", s)
		}
		x.acted("sam")
		x.groups.all["riverside"].Suspended = true
		x.days(100)
		x.groups.all["riverside"].Suspended = false
		if s := x.phase("olga"); s.Phase != Active {
			t.Errorf("quiet by a suspension: %+v", s)
		}
		x.groups.all["riverside"].Ended = true
		x.days(200)
		if n := x.count("select count(*) from dormancy where due_day > 0"); n != 0 {
			t.Error("an ended group is still due")
		}
		x.write(func(tx *db.Tx) error { return x.GroupCleared(ctx, tx, fact.GroupCleared{Group: "riverside"}) })
		if n := x.count("select count(*) from dormancy"); n != 0 {
			t.Error("something is left of a group that was cleared")
		}
	})
}

// Nobody looks at how a coalition is looked after: its groups send who does.
func TestACoalitionIsNotHandedOver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		x.acted("sam")
		x.groups.all["riverside"].Coalition = true
		x.acted("olga")
		x.days(400)
		if n := x.count("select count(*) from dormancy"); n != 0 {
			t.Error("it is still noted")
		}
		x.acted("sam")
		if n := x.count("select count(*) from dormancy"); n != 0 {
			t.Error("it is noted again")
		}
		for name, err := range map[string]error{
			"ask": x.Ask(ctx, as("mia"), "riverside"), "withdraw": x.Withdraw(ctx, as("mia"), "riverside"),
			"here": x.Here(ctx, as("sam"), "riverside"), "months": x.SetMonths(ctx, as("sam"), "riverside", "3"),
		} {
			if !fault.Is(err, fault.KindNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A group of before this was counted is first seen active, and its months begin.
func TestAGroupOfBefore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		x.exec("insert into dormancy (group_id, months, state, active_day, since_day, asked_day, due_day) values ('riverside', 6, 'active', 0, 0, 0, 1)")
		x.days(1)
		if s := x.phase("mia"); s.Phase != Active || s.Active != day.Of(dbtest.Now.Add(24*time.Hour)) {
			t.Errorf("%+v", s)
		}
		x.days(185)
		if s := x.phase("mia"); s.Phase != Quiet {
			t.Errorf("%+v", s)
		}
	})
}

// What is due is found by its index, whatever else there is.
func TestDueRowsAreFoundByIndex(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now))
	for name, q := range map[string]string{
		"dormancy_due": selectDue, "digest_due": digestDue, "skill_ends": "select group_id, person_id from skill where ends_day <= $1 order by ends_day limit $2",
	} {
		if plan := dbtest.Plan(t, d, q, 20260502, 50); !strings.Contains(plan, name) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s: %s", name, plan)
		}
	}
}
