package events_test

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/events"
)

func calendar(vevents ...string) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n")
	for _, v := range vevents {
		b.WriteString("BEGIN:VEVENT\r\n" + strings.ReplaceAll(strings.TrimSpace(v), "\n", "\r\n") + "\r\nEND:VEVENT\r\n")
	}
	b.WriteString("END:VCALENDAR\r\n")
	return b.String()
}

const weekly = `
UID:weekly@example.org
DTSTART;TZID=Europe/Berlin:20260503T180000
DTEND;TZID=Europe/Berlin:20260503T200000
RRULE:FREQ=WEEKLY;COUNT=4
SUMMARY:Neighbourhood assembly
LOCATION:Community hall\, Leipzig
DESCRIPTION:Bring *food*.\n\n- and friends`

const movedOne = `
UID:weekly@example.org
RECURRENCE-ID;TZID=Europe/Berlin:20260510T180000
DTSTART;TZID=Europe/Berlin:20260511T190000
DTEND;TZID=Europe/Berlin:20260511T210000
SEQUENCE:1
SUMMARY:Neighbourhood assembly`

func TestImportSeries(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		s, out := k.ics(calendar(weekly))
		if want := [5]int{4, 0, 0, 0, 0}; counts(s) != want {
			t.Fatalf("%v, want %v\n%s", counts(s), want, out)
		}
		second := k.one("weekly@example.org/20260510T160000Z")
		if second.Kind != "assembly" || second.Where.Place != "Community hall" || second.Where.Locality != "Leipzig" || !second.Where.HasPoint {
			t.Errorf("event: %+v", second)
		}
		if got := string(second.HTML); !strings.Contains(got, "<p>Bring *food*.</p>") || strings.Contains(got, "<li>") {
			t.Errorf("plain text became %s", got)
		}
		s, _ = k.ics(calendar(weekly, movedOne))
		if want := [5]int{0, 1, 3, 0, 0}; counts(s) != want {
			t.Fatalf("with a moved date: %v, want %v", counts(s), want)
		}
		e := k.one("weekly@example.org/20260510T160000Z")
		if want := time.Date(2026, 5, 11, 17, 0, 0, 0, time.UTC); e.ID != second.ID || !e.Start.Equal(want) || !e.WasStart.Equal(second.Start) {
			t.Errorf("moved to %v (was %v), want %v", e.Start, e.WasStart, want)
		}
	})
}

func single(lines string) string {
	return calendar("UID:one@example.org\nDTSTART:20260601T170000Z\n" + lines)
}

func TestImportUpdatesAndCancellation(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		for _, step := range []struct {
			name, lines string
			want        [5]int
			state       events.State
			title       string
		}{
			{"new", "SUMMARY:Repair day\nSEQUENCE:2\nSTATUS:TENTATIVE", [5]int{1, 0, 0, 0, 0}, events.Proposed, "Repair day"},
			{"the same", "SUMMARY:Repair day\nSEQUENCE:2\nSTATUS:TENTATIVE", [5]int{0, 0, 1, 0, 0}, events.Proposed, "Repair day"},
			{"changed without a number", "SUMMARY:Repair days\nSEQUENCE:2", [5]int{0, 1, 0, 0, 0}, events.Confirmed, "Repair days"},
			{"an older revision", "SUMMARY:Repair\nSEQUENCE:1", [5]int{0, 0, 1, 0, 1}, events.Confirmed, "Repair days"},
			{"cancelled", "SUMMARY:Repair days\nSEQUENCE:3\nSTATUS:CANCELLED", [5]int{0, 1, 0, 0, 0}, events.Cancelled, "Repair days"},
		} {
			s, out := k.ics(single(step.lines))
			if counts(s) != step.want {
				t.Fatalf("%s: %v, want %v\n%s", step.name, counts(s), step.want, out)
			}
			e := k.one("one@example.org")
			if e.State != step.state || e.Title != step.title {
				t.Errorf("%s: %s %q", step.name, e.State, e.Title)
			}
			if e.End.Sub(e.Start) != 2*time.Hour {
				t.Errorf("%s: without an end it lasts %v", step.name, e.End.Sub(e.Start))
			}
		}
		if n := k.find("repair"); n != 1 {
			t.Errorf("a cancelled event must stay visible; %d found", n)
		}
	})
}

func TestImportOddEvents(t *testing.T) {
	t.Parallel()
	k := newDesk(t, dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)))
	long := strings.Repeat("word ", 60)
	s, out := k.ics(calendar(
		"UID:nostart\nSUMMARY:x",
		"UID:old\nDTSTART:19010101T100000Z\nSUMMARY:x",
		"UID:notitle\nDTSTART;VALUE=DATE:20260601\nLOCATION:https://example.org/room",
		"UID:long\nDTSTART:20260601T100000Z\nDTEND:20300601T100000Z\nSUMMARY:"+long+"\nDESCRIPTION:"+strings.Repeat("*ä", 9000),
		"UID:geo\nDTSTART:20260601T100000\nSUMMARY:x\nGEO:51.3397;12.3731\nLOCATION:Springfield\\, IL",
		"UID:"+strings.Repeat("u", 900)+"\nDTSTART:20260601T100000Z\nSUMMARY:x",
		"UID:good\nDTSTART:20260601T100000Z\nSUMMARY:Good",
	))
	if want := [5]int{5, 0, 0, 2, 3}; counts(s) != want {
		t.Fatalf("%v, want %v\n%s", counts(s), want, out)
	}
	if e := k.one("notitle"); e.Title != "Event" || e.Where.OnlineURL != "https://example.org/room" || e.Where.Place != "" || !e.AllDay {
		t.Errorf("no title: %+v", e)
	}
	e := k.one("long")
	if e.End.Sub(e.Start) > 366*24*time.Hour || len([]rune(e.Title)) > 200 || len([]rune(e.Description)) > 12000 || e.HTML == "" {
		t.Errorf("long: %v, %d, %d characters", e.End.Sub(e.Start), len(e.Title), len(e.Description))
	}
	g := k.one("geo")
	if g.Where.Precise != "exact" || g.Where.Country != "DE" || g.Where.Place != "Springfield" || g.Start.Hour() != 8 || g.Zone != "Europe/Berlin" {
		t.Errorf("geo: %+v", g)
	}
	if n := k.count("select count(*) from event where length(uid) > 300"); n != 0 {
		t.Errorf("%d very long uids", n)
	}
	again, _ := k.ics(calendar("UID:" + strings.Repeat("u", 900) + "\nDTSTART:20260601T100000Z\nSUMMARY:x"))
	if again.Unchanged != 1 {
		t.Errorf("a long uid is not found again: %+v", again)
	}
}
