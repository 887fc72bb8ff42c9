package tasks

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
	"convoke/internal/web/webtest"
)

// The table of who may do what to a task, by whose it is: of mia, who asks; of
// somebody else; or of nobody.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		role  authz.Role
		owner id.Person
		state State
		want  string
	}{
		{authz.Member, "", Open, "take finish"},
		{authz.Member, "mia", Open, "back finish"},
		{authz.Member, "ned", Open, ""},
		{authz.Member, "mia", Done, "reopen"},
		{authz.Member, "mia", Dropped, ""},
		{authz.Member, "ned", Done, ""},
		{authz.Organizer, "", Open, "take finish give drop first"},
		{authz.Organizer, "ned", Open, "finish give drop first"},
		{authz.Organizer, "mia", Open, "back finish give drop first"},
		{authz.Organizer, "ned", Done, "reopen"},
		{authz.Organizer, "ned", Dropped, "reopen"},
		{authz.None, "mia", Open, ""},
	} {
		task := Task{Owner: x.owner, State: x.state}
		var got []string
		for _, do := range dos() {
			if task.allows(do, "mia", authz.Subject{Role: x.role}) {
				got = append(got, string(do))
			}
			if task.allows(do, "mia", authz.Subject{Role: x.role, Suspended: true}) || task.allows(do, "mia", authz.Subject{Role: x.role, Ended: true}) {
				t.Errorf("%s in a group that may not act", do)
			}
		}
		if s := strings.Join(got, " "); s != x.want {
			t.Errorf("%s, task of %q, %s: may %q, want %q", x.role, x.owner, x.state, s, x.want)
		}
	}
}

// Whatever is allowed makes what it says, so doing it again changes nothing; only what
// is closed has a day on which it was.
func TestActsAreDoneOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		task := Task{State: Open}
		for range 8 {
			who := rapid.SampledFrom([]id.Person{"mia", "ned"}).Draw(r, "who")
			role := rapid.SampledFrom(authz.Roles()).Draw(r, "role")
			do := rapid.SampledFrom(dos()).Draw(r, "do")
			if !task.allows(do, who, authz.Subject{Role: role}) {
				continue
			}
			task = task.done(do, who, "ned", 20260502)
			if !task.is(do, who, "ned") {
				r.Fatalf("%s by %s is not done: %+v", do, who, task)
			}
			if (task.State == Open) != (task.Closed == 0) {
				r.Fatalf("closed on %d: %+v", task.Closed, task)
			}
		}
	})
}

func TestTasks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		in := Input{Key: x.IDs.Secret(), Title: "Print the flyers", Note: "At the **library**", Until: "2026-06-01", Mine: true}
		for range 2 { // sent twice
			if _, err := x.Add(ctx, as("mia"), "riverside", in); err != nil {
				t.Fatal(err)
			}
		}
		waits := x.add("ned", "Buy paint", false)
		l, err := x.List(ctx, as("ned"), "riverside")
		if err != nil || len(l.Open) != 2 || l.Open[0].Handle != "mia" || l.Open[0].Until != 20260601 || l.Open[1].ID != waits.ID {
			t.Fatalf("%+v, %v", l.Open, err)
		}
		for _, who := range []string{"eve"} {
			if _, err := x.List(ctx, as(who), "riverside"); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("%s: %v", who, err)
			}
			if _, err := x.act(who, waits, Take, ""); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("%s takes: %v", who, err)
			}
		}
		if _, err := x.List(ctx, authz.Actor{}, "riverside"); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("a visitor: %v", err)
		}
		for _, do := range []Do{Drop, Give, First} {
			if _, err := x.act("mia", waits, do, "mia"); !fault.HasCode(err, "authz.forbidden") {
				t.Errorf("a member may %s: %v", do, err)
			}
		}
		for range 2 {
			if got, err := x.act("mia", waits, Take, ""); err != nil || got.Owner != "mia" {
				t.Fatalf("%+v, %v", got, err)
			}
		}
		if _, err := x.act("ned", waits, Take, ""); !fault.HasCode(err, "task.taken") {
			t.Errorf("taken twice: %v", err)
		}
		if _, err := x.act("ned", waits, Finish, ""); !fault.HasCode(err, "task.not_yours") {
			t.Errorf("another's: %v", err)
		}
		if _, err := x.act("olga", waits, Give, "@ned"); err != nil {
			t.Fatal(err)
		}
		if _, err := x.act("olga", waits, Give, "eve"); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("given to a stranger: %v", err)
		}
		if mine, of, err := x.Mine(ctx, as("ned")); err != nil || len(mine) != 1 || mine[0].ID != waits.ID || of[0].Handle != "riverside" {
			t.Errorf("ned has %+v, %v", mine, err)
		}
		if _, err := x.act("ned", waits, Finish, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := x.act("ned", waits, Back, ""); !fault.HasCode(err, "task.closed") {
			t.Errorf("handed back when done: %v", err)
		}
		if _, err := x.Act(ctx, as("ned"), "hill", waits.ID, Take, ""); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("through another group: %v", err)
		}
		if _, err := x.act("ned", Task{ID: "none"}, Take, ""); !fault.HasCode(err, "task.none") {
			t.Errorf("one that is not there: %v", err)
		}
		if _, err := x.act("ned", waits, "burn", ""); !fault.Is(err, fault.KindMalformed) {
			t.Errorf("an act that is none: %v", err)
		}
		// 90 days later it is deleted, and what is open is not.
		x.clock.Add((keepDone - 1) * 24 * time.Hour)
		x.expire()
		if n := x.count(); n != 2 {
			t.Errorf("%d tasks after 89 days", n)
		}
		x.clock.Add(24 * time.Hour)
		x.expire()
		if n := x.count(); n != 1 {
			t.Errorf("%d tasks after 90 days", n)
		}
	})
}

// What is open goes 180 days after its day or the last change, whichever is later.
func TestForgottenTasks(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		task Task
		want int
	}{
		"without a day":   {Task{State: Open}, 20260629},
		"a day to come":   {Task{State: Open, Until: 20260201}, 20260731},
		"a day gone by":   {Task{State: Open, Until: 20250101}, 20260629},
		"done":            {Task{State: Done, Until: 20270101, Closed: 20260101}, 20260401},
		"dropped, before": {Task{State: Dropped, Closed: 20251201}, 20260301},
	} {
		if got := x.task.expires(20251231); got != x.want {
			t.Errorf("%s: %d", name, got)
		}
	}
	each(t, func(t *testing.T, x *fixture) {
		chairs := x.add("mia", "Set up chairs", false)
		x.add("mia", "Write minutes", false)
		x.clock.Add((keepOpen - 1) * 24 * time.Hour)
		if _, err := x.act("olga", chairs, First, ""); err != nil {
			t.Fatal(err)
		}
		x.expire()
		if n := x.count(); n != 2 {
			t.Errorf("%d tasks after 179 days", n)
		}
		x.clock.Add(24 * time.Hour)
		x.expire()
		if n := x.count(); n != 1 {
			t.Errorf("%d tasks after 180 days", n)
		}
		touched := false
		x.DB.OnTouch(func(tags []string) { touched = touched || slices.Contains(tags, "group:riverside") })
		x.clock.Add(keepOpen * 24 * time.Hour)
		x.expire()
		if n := x.count(); n != 0 || !touched {
			t.Errorf("%d tasks are left; the newcomers' page is told: %v", n, touched)
		}
	})
}

func (x *fixture) expire() {
	x.t.Helper()
	if err := x.Expire(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
}

func (x *fixture) count() (n int) {
	x.t.Helper()
	err := x.DB.Read(x.t.Context(), func(tx *db.Tx) error {
		return tx.Get(x.t.Context(), "select count(*) from task", nil, &n)
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return n
}

// A decision told twice makes one task. Whoever leaves, leaves theirs to others.
func TestDecidedTasks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		f := fact.TaskGiven{
			Group: "riverside", Title: "Write to\nthe council " + strings.Repeat("x", 200), Note: "As *decided*.", Owner: "mia", From: "/assemblies/1",
			Until: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), By: "sam",
		}
		other, stranger, elsewhere := f, f, f
		other.Owner, stranger.Owner, elsewhere.From = "ned", "eve", "https://example.org/x"
		for range 2 {
			for _, f := range []fact.TaskGiven{f, other, stranger, elsewhere} {
				x.write(func(tx *db.Tx) error { return x.TaskGiven(ctx, tx, f) })
			}
		}
		x.write(func(tx *db.Tx) error { return x.TaskGiven(ctx, tx, fact.TaskGiven{Group: "riverside", Title: " "}) })
		l, err := x.List(ctx, as("sam"), "riverside")
		if err != nil || len(l.Open) != 4 {
			t.Fatalf("%d tasks, %v", len(l.Open), err)
		}
		for _, task := range l.Open {
			if !strings.HasPrefix(task.Title, "Write to the council xx") || len([]rune(task.Title)) != maxTitle || task.Until != 20260601 || task.Owner == "eve" ||
				task.Source != "/assemblies/1" && task.Source != "" {
				t.Errorf("%+v", task)
			}
		}
		x.write(func(tx *db.Tx) error { return x.MemberLeft(ctx, tx, fact.MemberLeft{Group: "hill", Person: "mia"}) })
		if mine, _, _ := x.Mine(ctx, as("mia")); len(mine) != 2 {
			t.Errorf("leaving another group left %d", len(mine))
		}
		x.write(func(tx *db.Tx) error {
			return x.MemberLeft(ctx, tx, fact.MemberLeft{Group: "riverside", Person: "mia"})
		})
		if mine, _, _ := x.Mine(ctx, as("mia")); len(mine) != 0 || x.count() != 4 {
			t.Errorf("mia left and has %d of %d", len(mine), x.count())
		}
		x.write(func(tx *db.Tx) error { return x.GroupCleared(ctx, tx, fact.GroupCleared{Group: "riverside"}) })
		if n := x.count(); n != 0 {
			t.Errorf("%d left of a group that ended", n)
		}
	})
}

// What organizers marked is for newcomers while it waits for somebody; what waits is
// told in the digest of the days in which it was added.
func TestFirstTasks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		a, b := x.add("mia", "Set up chairs", false), x.add("mia", "Write minutes", false)
		for range 2 {
			if _, err := x.act("olga", a, First, ""); err != nil {
				t.Fatal(err)
			}
		}
		first := func() (s string) {
			x.write(func(tx *db.Tx) error {
				all, err := x.FirstTasks(t.Context(), tx, "riverside")
				s = strings.Join(all, ",")
				return err
			})
			return s
		}
		if got := first(); got != "Set up chairs" {
			t.Errorf("for newcomers: %q", got)
		}
		if _, err := x.act("ned", b, Take, ""); err != nil {
			t.Fatal(err)
		}
		today := day.Of(dbtestNow())
		for from, want := range map[int]int{today: 1, day.After(today, 1): 0} {
			x.write(func(tx *db.Tx) error {
				all, err := x.Unowned(t.Context(), tx, "riverside", from, day.After(today, 1))
				if len(all) != want {
					t.Errorf("from %d on %d wait, want %d", from, len(all), want)
				}
				return err
			})
		}
		if _, err := x.act("olga", a, Later, ""); err != nil || first() != "" {
			t.Errorf("still for newcomers: %q, %v", first(), err)
		}
	})
}

func TestTaskInput(t *testing.T) {
	t.Parallel()
	x := newFixture(t, sqlite(t))
	good := Input{Key: x.IDs.Secret(), Title: "Buy paint"}
	for name, bad := range map[string]struct {
		in    Input
		field string
	}{
		"no title":       {Input{Key: good.Key}, "task.no_title"},
		"long title":     {Input{Key: good.Key, Title: strings.Repeat("ü", maxTitle+1)}, "task.title_long"},
		"long note":      {Input{Key: good.Key, Title: "x", Note: strings.Repeat("x", 20<<10)}, "task.note_long"},
		"no day":         {Input{Key: good.Key, Title: "x", Until: "1.6.2026"}, "task.day"},
		"a day over":     {Input{Key: good.Key, Title: "x", Until: "2026-05-01"}, "task.day_past"},
		"a day far away": {Input{Key: good.Key, Title: "x", Until: "2126-05-01"}, "task.day_far"},
	} {
		_, err := x.Add(t.Context(), as("mia"), "riverside", bad.in)
		if f := fault.Of(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Code != bad.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := x.Add(t.Context(), as("mia"), "riverside", Input{Key: "x", Title: "x"}); !fault.HasCode(err, "form.key") {
		t.Errorf("no key: %v", err)
	}
	if x.count() != 0 {
		t.Error("something was kept")
	}
	x.write(func(tx *db.Tx) error {
		for range maxOpen {
			if _, err := insert(t.Context(), tx, &Task{ID: x.IDs.New(), Group: "riverside", Title: "x", State: Open}, x.IDs.Secret()); err != nil {
				return err
			}
		}
		return nil
	})
	if _, err := x.Add(t.Context(), as("mia"), "riverside", good); !fault.HasCode(err, "task.many") {
		t.Errorf("one too many: %v", err)
	}
}

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"list": listPage.Check, "show": showPage.Check, "group": groupPanel.Check, "mine": minePanel.Check,
	})
}

func FuzzGiven(f *testing.F) {
	f.Add("Write to the council", "As **decided**", "/assemblies/1")
	f.Add("", "", "//example.org")
	f.Add("a\x00b", "[x](javascript:x)", "/a\r\nb")
	f.Fuzz(func(t *testing.T, title, note, from string) {
		task, uid := given(fact.TaskGiven{Title: title, Note: note, From: from})
		again, same := given(fact.TaskGiven{Title: title, Note: note, From: from})
		if uid != same || task.Title != again.Title {
			t.Error("told twice, it is not the same")
		}
		if len([]rune(task.Title)) > maxTitle || strings.ContainsAny(task.Title, "\r\n") || strings.HasPrefix(task.Source, "//") ||
			task.Source != "" && task.Source[0] != '/' {
			t.Errorf("%q, %q", task.Title, task.Source)
		}
	})
}

// What has expired is found by its index, whatever else there is.
func TestExpiredTasksAreFoundByIndex(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now))
	if plan := dbtest.Plan(t, d, selectExpired, 20260502, 50); !strings.Contains(plan, "task_expires") || strings.Contains(plan, "TEMP B-TREE") {
		t.Error(plan)
	}
}
