package events_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/feature/events"
	"convoke/internal/id"
)

// tuesday is an event on Tuesday, May 5, 18:00 in Leipzig; today is Saturday.
func tuesday() events.Input {
	in := input()
	in.Title, in.StartDate, in.StartTime, in.EndTime, in.Capacity = "Open assembly", "2026-05-05", "18:00", "20:00", "40"
	return in
}

func (f *fixture) make(t *testing.T, in events.Input) id.Event {
	t.Helper()
	e, err := f.Create(t.Context(), olga, "g1", "", in)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func everyWeek(times int) events.RepeatInput {
	return events.RepeatInput{Unit: events.Weeks, End: "times", Times: fmt.Sprint(times)}
}

// repeat makes the event the first of a series.
func (f *fixture) repeat(t *testing.T, e id.Event, key string, in events.RepeatInput) {
	t.Helper()
	if err := f.Repeat(t.Context(), olga, e, key, "", in); err != nil {
		t.Fatal(err)
	}
}

// all are the events of the group, drafts too, by their start.
func (f *fixture) all(t *testing.T) []events.Event {
	t.Helper()
	var out []events.Event
	err := f.db.Read(t.Context(), func(tx *db.Tx) error {
		ids, err := db.Column[string](t.Context(), tx, "select id from event where group_id = 'g1' order by starts_at, id")
		out = nil
		for _, e := range ids {
			x, _, _, err := f.Get(t.Context(), tx, olga, id.Event(e))
			if err != nil {
				return err
			}
			out = append(out, x)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// says is each event of the group in a few words.
func (f *fixture) says(t *testing.T, what func(e *events.Event) string) string {
	t.Helper()
	var out []string
	for _, e := range f.all(t) {
		out = append(out, strings.TrimSpace(e.Local(e.Start).Format("0102 15:04")+" "+what(&e)))
	}
	return strings.Join(out, ", ")
}

func none(*events.Event) string { return "" }
func title(e *events.Event) string {
	return strings.TrimPrefix(e.Title, "Open ")
}
func state(e *events.Event) string { return string(e.State) }

func (f *fixture) want(t *testing.T, what func(e *events.Event) string, want string) {
	t.Helper()
	if got := f.says(t, what); got != want {
		t.Errorf("the dates are\n%s\nwant\n%s", got, want)
	}
}

func TestRepeatMakesEveryDate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		in := tuesday()
		in.AccessYes, in.Lang = []string{"step_free"}, "de"
		e := f.make(t, in)
		if err := f.SetProgramme(t.Context(), olga, e, 0, events.ProgrammeInput{Bring: "Tea", Contingents: []events.ContingentInput{{Row: "contingent_1", Name: "Families", Time: "17:30"}}}); err != nil {
			t.Fatal(err)
		}
		rule := everyWeek(5)
		rule.Except = []string{"2026-05-19"}
		f.repeat(t, e, "k1", rule)
		f.repeat(t, e, "k1", rule) // sent twice
		f.want(t, state, "0505 18:00 confirmed, 0512 18:00 confirmed, 0526 18:00 confirmed, 0602 18:00 confirmed")
		for _, x := range f.all(t) {
			if x.Title != in.Title || x.Capacity != 40 || x.Lang != "de" || len(x.Access.Has()) != 1 || x.Where.Label() != "North gate, Leipzig" || string(x.HTML) != "<p>We pick up litter.</p>" {
				t.Errorf("%s says something else: %+v", x.Local(x.Start), x)
			}
		}
		var meets int
		err := f.db.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), `select count(*) from programme p join event e on e.id = p.event_id and e.starts_at = p.starts_at
				join contingent c on c.event_id = p.event_id where c.minute = 1050 and p.bring = 'Tea'`, nil, &meets)
		})
		if err != nil || meets != 4 {
			t.Errorf("%d dates have the programme with its meeting time, %v", meets, err)
		}
		if err := f.Repeat(t.Context(), olga, e, "k2", "", everyWeek(3)); !fault.HasCode(err, "series.changed_meanwhile") {
			t.Errorf("somebody else has made it repeat meanwhile: %v", err)
		}
	})
}

func TestRepeatOverAClockChange(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		in := tuesday()
		in.StartDate = "2026-10-20"
		f.repeat(t, f.make(t, in), "k1", everyWeek(2))
		all := f.all(t)
		if got := all[1].End.Sub(all[1].Start); len(all) != 2 || all[1].Start.Sub(all[0].Start) != 7*24*time.Hour+time.Hour || got != 2*time.Hour {
			t.Errorf("%v, %v", all[0].Start, all[1].Start)
		}
		f.want(t, none, "1020 18:00, 1027 18:00")
	})
}

func TestWhoMayRepeat(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		e := f.make(t, tuesday())
		for _, by := range []authz.Actor{mia, otto, {}} {
			if err := f.Repeat(t.Context(), by, e, "k", "", everyWeek(3)); fault.Of(err) == nil {
				t.Errorf("%q repeats: %v", by.Handle, err)
			}
			if _, err := f.EndSeries(t.Context(), by, e, events.Reach{Scope: events.All}); fault.Of(err) == nil {
				t.Errorf("%q ends: %v", by.Handle, err)
			}
		}
		if _, err := f.UpdateSeries(t.Context(), olga, e, 0, events.Reach{Scope: events.All, Version: 1}, tuesday()); !fault.HasCode(err, "series.not_found") {
			t.Errorf("an event that does not repeat: %v", err)
		}
		rule := everyWeek(3)
		rule.Except = []string{"2026-05-12", "2026-05-19"}
		if err := f.Repeat(t.Context(), olga, e, "k", "", rule); !fault.HasCode(err, "series.none") {
			t.Errorf("no date is left: %v", err)
		}
		in := tuesday()
		in.State = events.Cancelled
		if err := f.Update(t.Context(), olga, e, 0, in); err != nil {
			t.Fatal(err)
		}
		if err := f.Repeat(t.Context(), olga, e, "k", "", everyWeek(3)); !fault.HasCode(err, "series.cancelled") {
			t.Errorf("a cancelled event: %v", err)
		}
		in.StartDate, in.State = "2026-04-28", events.Confirmed
		if err := f.Repeat(t.Context(), olga, f.make(t, in), "k", "", everyWeek(3)); !fault.HasCode(err, "series.over") {
			t.Errorf("an event that is over: %v", err)
		}
		if n := len(f.all(t)); n != 2 {
			t.Errorf("%d events", n)
		}
	})
}

// A change of all dates keeps what was changed on one of them alone.
func TestChangeOfAllKeepsWhatIsOwn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		f.repeat(t, f.make(t, tuesday()), "k1", everyWeek(4))
		all := f.all(t)
		moved := tuesday()
		moved.StartDate, moved.StartTime, moved.EndTime, moved.State = "2026-05-13", "19:00", "21:00", events.Moved
		if err := f.Update(t.Context(), olga, all[1].ID, 0, moved); err != nil {
			t.Fatal(err)
		}
		special := tuesday()
		special.StartDate, special.Title = "2026-05-19", "Open evening"
		if err := f.Update(t.Context(), olga, all[2].ID, 0, special); err != nil {
			t.Fatal(err)
		}
		f.facts.facts = nil
		in := tuesday()
		in.Title, in.StartTime, in.EndTime, in.Place = "Open circle", "17:30", "19:30", "Library"
		got, err := f.UpdateSeries(t.Context(), olga, all[0].ID, 0, events.Reach{Scope: events.All, Version: 1}, in)
		if err != nil || got != (events.Spread{Changed: 4, Kept: 2}) {
			t.Fatalf("%+v, %v", got, err)
		}
		f.want(t, title, "0505 17:30 circle, 0513 19:00 circle, 0519 17:30 evening, 0526 17:30 circle")
		for _, x := range f.all(t) {
			if x.Where.Place != "Library" {
				t.Errorf("%s is at %s", x.Local(x.Start), x.Where.Place)
			}
		}
		movedFacts := 0
		for _, x := range f.facts.facts {
			if x.Moved {
				movedFacts++
			}
		}
		if movedFacts != 4 { // the one with its own time has another place
			t.Errorf("%d dates tell that they moved", movedFacts)
		}
		if _, err := f.UpdateSeries(t.Context(), olga, all[0].ID, 1, events.Reach{Scope: events.All, Version: 1}, tuesday()); !fault.HasCode(err, "series.changed_meanwhile") {
			t.Errorf("two at once: %v", err)
		}
		if _, err := f.UpdateSeries(t.Context(), olga, all[0].ID, 0, events.Reach{Scope: events.All, Version: 2}, tuesday()); !fault.HasCode(err, "event.changed_meanwhile") {
			t.Errorf("two at once: %v", err)
		}
		in.StartDate = "2026-05-06"
		if _, err := f.UpdateSeries(t.Context(), olga, all[0].ID, 1, events.Reach{Scope: events.All, Version: 2}, in); !fault.HasCode(err, "series.day") {
			t.Errorf("all to another day: %v", err)
		}
		f.want(t, title, "0505 17:30 circle, 0513 19:00 circle, 0519 17:30 evening, 0526 17:30 circle")
		// The moved one speaks for all: its new length is theirs, its day and hour stay its own.
		moved.Title, moved.Place = "Open table", "Library"
		got, err = f.UpdateSeries(t.Context(), olga, all[1].ID, 2, events.Reach{Scope: events.Later, Version: 2}, moved)
		if err != nil || got.Changed != 2 || got.Kept != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		f.want(t, title, "0505 17:30 circle, 0513 19:00 table, 0519 17:30 evening, 0526 17:30 table")
	})
}

// A new hour for later dates makes a series of its own of them; a veto of one
// date, such as a capacity that is too small there, undoes all.
func TestChangeOfLaterDates(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		f.repeat(t, f.make(t, tuesday()), "k1", everyWeek(4))
		all := f.all(t)
		in := tuesday()
		in.StartDate, in.StartTime, in.EndTime, in.Capacity = "2026-05-19", "20:00", "21:00", "30"
		f.facts.veto = fault.Invalid(fault.Field("capacity", "attendance.capacity", "No."))
		if _, err := f.UpdateSeries(t.Context(), olga, all[2].ID, 0, events.Reach{Scope: events.Later, Version: 1}, in); !fault.HasCode(err, "attendance.capacity") {
			t.Errorf("a veto: %v", err)
		}
		f.facts.veto = nil
		f.want(t, none, "0505 18:00, 0512 18:00, 0519 18:00, 0526 18:00")
		if _, err := f.UpdateSeries(t.Context(), olga, all[2].ID, 0, events.Reach{Scope: events.Later, Version: 1}, in); err != nil {
			t.Fatal(err)
		}
		f.want(t, func(e *events.Event) string { return fmt.Sprint(e.Capacity) }, "0505 18:00 40, 0512 18:00 40, 0519 20:00 30, 0526 20:00 30")
		in = tuesday()
		in.Title = "Open circle"
		got, err := f.UpdateSeries(t.Context(), olga, all[0].ID, 0, events.Reach{Scope: events.All, Version: 2}, in)
		if err != nil || got.Changed != 2 {
			t.Errorf("all of the first part: %+v, %v", got, err)
		}
		f.want(t, title, "0505 18:00 circle, 0512 18:00 circle, 0519 20:00 assembly, 0526 20:00 assembly")
	})
}

// Calling dates off keeps public ones to be seen, and deletes drafts only.
func TestEndSeries(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		in := tuesday()
		in.State = events.Draft
		f.repeat(t, f.make(t, in), "k1", events.RepeatInput{Unit: events.Weeks})
		all := f.all(t)
		if len(all) != 13 || all[12].State != events.Draft { // itself, and 90 days
			t.Fatalf("%d drafts", len(all))
		}
		public := tuesday()
		public.StartDate = "2026-05-19"
		if err := f.Update(t.Context(), olga, all[2].ID, 0, public); err != nil {
			t.Fatal(err)
		}
		if _, err := f.EndSeries(t.Context(), olga, all[1].ID, events.Reach{Scope: events.After, Version: 7}); !fault.HasCode(err, "series.changed_meanwhile") {
			t.Errorf("another version: %v", err)
		}
		if _, err := f.EndSeries(t.Context(), olga, all[1].ID, events.Reach{Scope: "everything"}); !fault.HasCode(err, "series.scope") {
			t.Errorf("another scope: %v", err)
		}
		n, err := f.EndSeries(t.Context(), olga, all[1].ID, events.Reach{Scope: events.After, Version: 1})
		if err != nil || n != 11 {
			t.Fatalf("%d called off, %v", n, err)
		}
		f.want(t, state, "0505 18:00 draft, 0512 18:00 draft, 0519 18:00 cancelled")
		in.State = events.Confirmed // publishes the drafts, and brings the cancelled one not back
		if _, err := f.UpdateSeries(t.Context(), olga, all[0].ID, 0, events.Reach{Scope: events.All, Version: 2}, in); err != nil {
			t.Fatal(err)
		}
		f.want(t, state, "0505 18:00 confirmed, 0512 18:00 confirmed, 0519 18:00 cancelled")
		if err := f.Roll(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.want(t, state, "0505 18:00 confirmed, 0512 18:00 confirmed, 0519 18:00 cancelled")
	})
}

// A new rule from one date on keeps the dates that fit.
func TestRepeatOtherwise(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		e := f.make(t, tuesday())
		f.repeat(t, e, "k1", everyWeek(5))
		all := f.all(t)
		var token string
		err := f.db.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), "select id from series", nil, &token)
		})
		if err != nil {
			t.Fatal(err)
		}
		rule := events.RepeatInput{Unit: events.Weeks, Every: "2", Weekdays: []string{"TU", "TH"}, End: "until", Until: "2026-05-28"}
		if err := f.Repeat(t.Context(), olga, all[1].ID, "k2", token+".1", rule); err != nil {
			t.Fatal(err)
		}
		f.want(t, state, "0505 18:00 confirmed, 0512 18:00 confirmed, 0514 18:00 confirmed, 0519 18:00 cancelled, 0526 18:00 confirmed, "+
			"0528 18:00 confirmed, 0602 18:00 cancelled")
		if got := f.all(t); got[4].ID != all[3].ID {
			t.Error("the date that fits is another event now")
		}
		in := tuesday()
		in.Title = "Open circle"
		if got, err := f.UpdateSeries(t.Context(), olga, e, 0, events.Reach{Scope: events.All, Version: 2}, in); err != nil || got.Changed != 1 {
			t.Errorf("the dates before are a series of their own: %+v, %v", got, err)
		}
	})
}

// A series that goes on without an end keeps the dates that are far ahead, and
// what was taken out or called off once does not come back by itself.
func TestRepeatWithoutEndFromNowOn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		e := f.make(t, tuesday())
		rule := events.RepeatInput{Unit: events.Weeks, Every: "4", End: "times", Times: "8", Except: []string{"2026-06-02"}}
		f.repeat(t, e, "k1", rule)
		const made = "0505 18:00 confirmed, 0630 18:00 confirmed, 0728 18:00 confirmed, 0825 18:00 confirmed, 0922 18:00 confirmed, 1020 18:00 confirmed, 1117 18:00 confirmed"
		f.want(t, state, made)
		var sid string
		if err := f.db.Read(t.Context(), func(tx *db.Tx) error { return tx.Get(t.Context(), "select id from series", nil, &sid) }); err != nil {
			t.Fatal(err)
		}
		rule.End, rule.Times = "never", ""
		if err := f.Repeat(t.Context(), olga, e, "k2", sid+".1", rule); err != nil {
			t.Fatal(err)
		}
		f.want(t, state, made)
		all := f.all(t)
		if n, err := f.EndSeries(t.Context(), olga, all[6].ID, events.Reach{Scope: events.Later, Version: 2}); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		rule = events.RepeatInput{Unit: events.Weeks, Every: "8"}
		if err := f.Repeat(t.Context(), olga, e, "k3", sid+".3", rule); err != nil {
			t.Fatal(err)
		}
		f.want(t, state, "0505 18:00 confirmed, 0630 18:00 confirmed, 0728 18:00 cancelled, 0825 18:00 confirmed, 0922 18:00 cancelled, "+
			"1020 18:00 confirmed, 1117 18:00 cancelled")
		var linked int
		err := f.db.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), "select count(*) from series_date where series_id = $1 and event_id is not null", []any{sid}, &linked)
		})
		if err != nil || linked != 7 {
			t.Errorf("%d are among the dates, %v", linked, err)
		}
	})
}

// A series without an end gets its dates as they come near, once, each saying
// what the series says.
func TestRoll(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, url string) {
		c := clock.NewManual(dbtest.Now)
		f := setUp(t, dbtest.Open(t, url, c))
		f.repeat(t, f.make(t, tuesday()), "k1", events.RepeatInput{Unit: events.Weeks, Every: "4"})
		f.want(t, none, "0505 18:00, 0602 18:00, 0630 18:00, 0728 18:00")
		all := f.all(t)
		own := tuesday()
		own.Title, own.StartDate, own.StartTime, own.EndTime = "Open evening", "2026-07-29", "19:00", "20:00"
		if err := f.Update(t.Context(), olga, all[3].ID, 0, own); err != nil {
			t.Fatal(err)
		}
		roll := func(days int) {
			t.Helper()
			c.Add(time.Duration(days) * 24 * time.Hour)
			for range 2 { // by two processes
				if err := f.Roll(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		roll(2)
		f.want(t, title, "0505 18:00 assembly, 0602 18:00 assembly, 0630 18:00 assembly, 0729 19:00 evening")
		roll(30)
		f.want(t, title, "0505 18:00 assembly, 0602 18:00 assembly, 0630 18:00 assembly, 0729 19:00 evening, 0825 18:00 assembly")
		if got := f.all(t)[4]; got.Capacity != 40 || got.State != events.Confirmed || got.UID == "" {
			t.Errorf("%+v", got)
		}
		roll(365) // the server was off for a year: what came and went is not made up for
		if got := f.all(t); len(got) != 8 || !got[5].Start.After(c.Now()) {
			t.Errorf("after a year: %s", f.says(t, none))
		}
	}
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); run(t, dbtest.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); run(t, dbtest.Postgres(t)) })
}

// A suspended group gets no dates, and nothing is lost when it is back.
func TestRollOfASuspendedGroup(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(dbtest.Now)
	f := setUp(t, dbtest.Open(t, dbtest.SQLite(t), c))
	f.repeat(t, f.make(t, tuesday()), "k1", events.RepeatInput{Unit: events.Months})
	n := len(f.all(t))
	f.Groups = groupsFake{suspended: true}
	c.Add(60 * 24 * time.Hour)
	if err := f.Roll(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.Groups = groupsFake{}
	if got := len(f.all(t)); got != n {
		t.Errorf("%d dates, want %d", got, n)
	}
	c.Add(25 * time.Hour)
	if err := f.Roll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(f.all(t)); got <= n {
		t.Errorf("%d dates after it is back", got)
	}
}

// The queries of an event's page walk along indices.
func TestSeriesQueriesUseIndices(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), clockAt())
	for _, q := range []string{
		"select series_id from series_date where event_id = $1",
		"select e.id from event e join series_date d on d.event_id = e.id where d.series_id = $1 and d.day >= $2 order by d.day limit $3",
		"select id from series where group_id = $1 and uid = $2",
		"select id from series where next_at > 0 and next_at <= $1 and (next_at, id) > ($2, $3) order by next_at, id limit $4",
	} {
		args := []any{"a", 1, 2, 3}[:strings.Count(q, "$")]
		if plan := dbtest.Plan(t, d, q, args...); strings.Contains(plan, "SCAN") || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s\n%s", q, plan)
		}
	}
}

// What was called off stays so when all dates change their state.
func TestCalledOffStaysSo(t *testing.T) {
	t.Parallel()
	f := setUp(t, dbtest.Open(t, dbtest.SQLite(t), clockAt()))
	e := f.make(t, tuesday())
	f.repeat(t, e, "k1", everyWeek(3))
	if n, err := f.EndSeries(t.Context(), olga, e, events.Reach{Scope: events.After, Version: 1}); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	in := tuesday()
	in.State = events.Proposed
	if _, err := f.UpdateSeries(t.Context(), olga, e, 0, events.Reach{Scope: events.All, Version: 2}, in); err != nil {
		t.Fatal(err)
	}
	f.want(t, state, "0505 18:00 proposed, 0512 18:00 cancelled, 0519 18:00 cancelled")
}
