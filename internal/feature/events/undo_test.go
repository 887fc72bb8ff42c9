package events_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/events"
)

// undone is what an undo says.
type undone struct {
	Rows    []events.ImportProblem
	Summary events.UndoSummary
}

func (k *desk) undo(run string, dry bool) undone {
	k.t.Helper()
	var out bytes.Buffer
	rep := events.NewReport(&out, true)
	sum, err := k.svc.UndoImport(k.t.Context(), events.UndoOptions{Run: run, DryRun: dry}, rep)
	if err := errors.Join(err, rep.CloseUndo(sum)); err != nil {
		k.t.Fatal(err)
	}
	var u undone
	if err := json.Unmarshal(out.Bytes(), &u); err != nil {
		k.t.Fatalf("%v in %s", err, out.String())
	}
	return u
}

// why are the codes by uid.
func (u undone) why() map[string]string {
	out := map[string]string{}
	for _, p := range u.Rows {
		out[p.UID] = p.Code
	}
	return out
}

// give makes events those of a group, which no import does.
func (k *desk) give(uids ...string) {
	k.t.Helper()
	err := k.svc.DB.Write(k.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(k.t.Context(), `insert into groups (id, handle, name, name_folded, handle_look, name_look, about, about_html, place, zone, langs, suspended, sample, created_at)
			values ('g1', 'riverside', 'Riverside Neighbours', 'riverside neighbours', '', '', '', '', 'Leipzig', 'Europe/Berlin', 'de', $1, $2, 0)`, false, false)
		for _, uid := range uids {
			if err == nil {
				_, err = tx.Exec(k.t.Context(), "update event set group_id = 'g1' where uid = $1", uid)
			}
		}
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
}

// left is what the tally still has.
func (k *desk) left() int {
	n := 0
	for e, spot := range k.led.spots {
		if spot != nil || len(k.led.estimates[e]) > 0 {
			n++
		}
	}
	return n
}

func TestUndoOfAnImport(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		nothing := k.rows()
		o := k.options()
		o.DryRun = true
		if s, _, err := k.run(false, strings.NewReader(big(600)), o); err != nil || s.Run != "" {
			t.Errorf("a dry run can be undone: %q, %v", s.Run, err)
		}
		first, out := k.csv(big(600))
		if !strings.Contains(out, "convoke import undo "+first.Run) || first.New != 600 {
			t.Fatalf("the report does not say how to undo it: %s", out)
		}
		if again, _ := k.csv(big(600)); again.Run != "" {
			t.Errorf("an import that wrote nothing can be undone: %q", again.Run)
		}
		before := k.rows()
		if u := k.undo(first.Run, true); u.Summary != (events.UndoSummary{Run: first.Run, Removed: 600, DryRun: true}) || len(u.Rows) != 0 {
			t.Errorf("dry run: %+v", u)
		}
		if d := cmp.Diff(before, k.rows()); d != "" {
			t.Fatalf("a dry run removed: %s", d)
		}
		if u := k.undo(first.Run, false); u.Summary != (events.UndoSummary{Run: first.Run, Removed: 600}) || len(u.Rows) != 0 {
			t.Errorf("undone: %+v", u)
		}
		if d := cmp.Diff(nothing, k.rows()); d != "" {
			t.Errorf("it stays: %s", d)
		}
		for _, q := range []string{"select count(*) from event_text", "select count(*) from import_row", "select count(*) from source"} {
			if n := k.count(q); n != 0 {
				t.Errorf("%s: %d", q, n)
			}
		}
		if n := k.left(); n != 0 || k.find("rally") != 0 {
			t.Errorf("the totals still have %d events, or words are found", n)
		}
		runs, err := k.svc.Runs(t.Context())
		if err != nil || len(runs) != 1 || runs[0].ID != first.Run || runs[0].New != 600 || runs[0].Removed != 600 || runs[0].Kind != "csv" || runs[0].Name != "A table" {
			t.Errorf("listed: %+v, %v", runs, err)
		}
		// Once more it has nothing to do; and the file can come again.
		if u := k.undo(first.Run, false); u.Summary.Removed+u.Summary.Stay != 0 {
			t.Errorf("undone twice: %+v", u)
		}
		if s, _ := k.csv(big(600)); s.New != 600 || s.Run == first.Run {
			t.Errorf("again: %+v", s)
		}
		if d := cmp.Diff(before, k.rows()); d != "" {
			t.Errorf("imported again it differs: %s", d)
		}
	})
}

// What was here before, what changed since, and what people use stays, and is
// named.
func TestUndoLeavesWhatOthersTouched(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		first, _ := k.csv(big(30))
		second, _ := k.csv(strings.Replace(big(40), "Rally 3,", "Rally three,", 1)) // changes one, adds ten
		if second.New != 10 || second.Updated != 1 {
			t.Fatalf("%+v", second)
		}
		k.give("b35", "b7")
		for _, dry := range []bool{true, false} {
			u := k.undo(second.Run, dry)
			if d := cmp.Diff(map[string]string{"b3": "before", "b35": "in_use"}, u.why()); d != "" || u.Summary.Removed != 9 || u.Summary.Stay != 2 {
				t.Errorf("the second, dry run %v: %+v\n%s", dry, u.Summary, d)
			}
			if !strings.Contains(u.Rows[0].Text+u.Rows[1].Text, "“Rally three” stays") {
				t.Errorf("it is not named: %+v", u.Rows)
			}
		}
		if n := len(k.rows()); n != 31 {
			t.Errorf("%d events", n)
		}
		u := k.undo(first.Run, false)
		if d := cmp.Diff(map[string]string{"b3": "changed_since", "b7": "in_use"}, u.why()); d != "" || u.Summary.Removed != 28 {
			t.Errorf("the first: %+v\n%s", u.Summary, d)
		}
		if n := k.count("select count(*) from source"); n != 1 || len(k.rows()) != 3 || k.left() != 3 {
			t.Errorf("%d sources, %d events, %d in the totals", n, len(k.rows()), k.left())
		}
		if got := k.find("rally"); got != 3 {
			t.Errorf("%d are found", got)
		}
	})
}

// After half a year, or when many others have followed, it is forgotten which
// events came with an import. The events stay.
func TestImportsAreForgotten(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		kept, _ := k.csv(big(30))
		run := func(id string, age time.Duration, rows int) {
			t.Helper()
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), `insert into import_run (id, source_id, kind, name, at, made, changed, removed) values ($1, 'table', 'csv', 'A table', $2, $3, 0, 0)`,
					id, clock.Micros(tx.Now().Add(-age)), rows)
				for i := 0; err == nil && i < rows; i++ {
					_, err = tx.Exec(t.Context(), "insert into import_row (run_id, event_id, made, sequence) values ($1, $2, $3, 0)", id, fmt.Sprint("e", i), true)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		forget := func(runs, rows int) {
			t.Helper()
			if err := k.svc.ExpireRuns(t.Context()); err != nil {
				t.Fatal(err)
			}
			if a, b := k.count("select count(*) from import_run"), k.count("select count(*) from import_row"); a != runs || b != rows {
				t.Errorf("%d imports with %d rows are left, want %d with %d", a, b, runs, rows)
			}
		}
		const day = 24 * time.Hour
		run("00-old", 180*day+time.Second, 4001)
		run("00-young", 180*day-time.Minute, 2)
		forget(2, 32)
		for i := range 199 {
			run(fmt.Sprintf("zz-%03d", i), 0, 1)
		}
		forget(200, 30+199) // 00-young is the 201st
		if u := k.undo(kept.Run, true); u.Summary.Removed != 30 {
			t.Errorf("the 200th: %+v", u)
		}
		run("zz-199", 0, 1)
		forget(200, 200)
		_, err := k.svc.UndoImport(t.Context(), events.UndoOptions{Run: kept.Run}, events.NewReport(t.Output(), false))
		if !errors.Is(err, events.ErrNoRun) || len(k.rows()) != 30 {
			t.Errorf("%v, and %d events", err, len(k.rows()))
		}
	})
}

// A calendar is undone without what it changed.
func TestUndoOfACalendar(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		s, _ := k.ics("BEGIN:VCALENDAR\r\n" + calendarEvent("x", "One") + "END:VCALENDAR\r\n")
		late, _ := k.ics("BEGIN:VCALENDAR\r\n" + calendarEvent("x", "One, moved") + calendarEvent("y", "Two") + "END:VCALENDAR\r\n")
		if s.New != 1 || late.New != 1 || late.Updated != 1 {
			t.Fatalf("%+v, %+v", s, late)
		}
		if u := k.undo(late.Run, false); u.Summary.Removed != 1 || u.why()["x"] != "before" {
			t.Errorf("%+v", u)
		}
	})
}

func calendarEvent(uid, title string) string {
	return "BEGIN:VEVENT\r\nUID:" + uid + "\r\nDTSTART:20260605T180000Z\r\nDTEND:20260605T190000Z\r\nSUMMARY:" + title + "\r\nLOCATION:Leipzig\r\nEND:VEVENT\r\n"
}

func TestUndoOfNoImport(t *testing.T) {
	t.Parallel()
	k := newDesk(t, dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)))
	_, err := k.svc.UndoImport(t.Context(), events.UndoOptions{Run: "nothing"}, events.NewReport(t.Output(), false))
	if !errors.Is(err, events.ErrNoRun) {
		t.Errorf("%v", err)
	}
}

// Many rows come in by another statement on PostgreSQL: they are found the same.
func TestManyAreFoundByWordAndKind(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		k.csv(big(30))
		e := k.one("b1")
		q := events.Query{Text: "rally", Past: true, Limit: 50, Kinds: []events.Kind{e.Kind}}
		r, err := k.svc.Search(t.Context(), q)
		if err != nil || len(r.Events) != 30 {
			t.Errorf("%d are found, %v", len(r.Events), err)
		}
	})
}

// Events that were imported before imports were noted belong to none; what
// changes them from then on was not there first.
func TestImportsOfBeforeCannotBeUndone(t *testing.T) {
	t.Parallel()
	dbtest.Upgrade(t, "202611281115", func(t *testing.T, d *db.DB) {
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.Exec(t.Context(), "insert into source (id, name, kind, url, credit, sample, imported_at) values ('table', 'A table', 'csv', '', '', $1, 0)", false); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), "insert into setting (name, value) values ('event.seq', '1')"); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `insert into event (id, at_key, source_id, uid, title, description, description_html, kind, state, listed, starts_at, ends_at,
				zone, all_day, day, place, address, locality, region, country, precise, online_url, lang, access_yes, access_no, access_note,
				capacity, organizer, source_url, picture, picture_alt, sequence, was_place, created_at, updated_at) values
				('e', 1, 'table', 'b0', 'E', '', '', 'rally', 'draft', $1, 0, 1, 'UTC', $1, 20240101, '', '', '', '', '', '', '', 'en', 0, 0, '', 0, '', '', '', '', 0, '', 1, 2)`, false)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		if runs, err := k.svc.Runs(t.Context()); err != nil || len(runs) != 0 {
			t.Errorf("%+v, %v", runs, err)
		}
		s, _ := k.csv(big(2))
		if s.New != 1 || s.Updated != 1 {
			t.Fatalf("%+v", s)
		}
		if u := k.undo(s.Run, false); u.Summary.Removed != 1 || u.why()["b0"] != "before" {
			t.Errorf("%+v", u)
		}
	})
}
