package ical

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// calendar wraps lines of events into a file.
func calendar(lines ...string) []byte {
	return []byte("BEGIN:VCALENDAR\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VCALENDAR\r\n")
}

func vevent(lines ...string) string {
	return "BEGIN:VEVENT\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT"
}

func berlin() Options { return Options{Zone: "Europe/Berlin"} }

// starts shows "start/end/status/id" of each event, the times in UTC offsets.
func starts(list []Event) []string {
	var out []string
	for _, e := range list {
		form := "2006-01-02T15:04-07"
		if e.AllDay {
			form = "2006-01-02"
		}
		out = append(out, e.Start.Format(form)+" "+e.End.Format(form)+" "+e.Status+" "+e.RecurrenceID)
	}
	return out
}

func TestRead(t *testing.T) {
	t.Parallel()
	const weekly = "RRULE:FREQ=WEEKLY;COUNT=4"
	for _, c := range []struct {
		name     string
		data     []byte
		want     []string
		problems []string
	}{
		{"18:00 stays 18:00 over the change in Berlin, one instance moved, one cancelled", calendar(
			vevent("UID:1", "DTSTART;TZID=Europe/Berlin:20261018T180000", "DTEND;TZID=Europe/Berlin:20261018T200000", weekly),
			vevent("UID:1", "RECURRENCE-ID;TZID=Europe/Berlin:20261025T180000", "DTSTART;TZID=Europe/Berlin:20261026T190000", "DURATION:PT1H"),
			vevent("UID:1", "RECURRENCE-ID:20261101T170000Z", "DTSTART;TZID=Europe/Berlin:20261101T180000", "STATUS:CANCELLED")),
			[]string{
				"2026-10-18T18:00+02 2026-10-18T20:00+02 confirmed 20261018T160000Z",
				"2026-10-26T19:00+01 2026-10-26T20:00+01 confirmed 20261025T170000Z",
				"2026-11-01T18:00+01 2026-11-01T18:00+01 cancelled 20261101T170000Z",
				"2026-11-08T18:00+01 2026-11-08T20:00+01 confirmed 20261108T170000Z",
			}, nil},
		{"a time that the clocks skip is taken with the offset before", calendar(
			vevent("UID:1", "DTSTART;TZID=Europe/Berlin:20260329T023000"), vevent("UID:2", "DTSTART;TZID=Europe/Berlin:20261025T023000")),
			[]string{"2026-03-29T03:30+02 2026-03-29T03:30+02 confirmed ", "2026-10-25T02:30+02 2026-10-25T02:30+02 confirmed "}, nil},
		{"EXDATE as time, as UTC time and as date", calendar(vevent("UID:1", "DTSTART;TZID=Europe/Berlin:20260105T180000", "RRULE:FREQ=DAILY;COUNT=5",
			"EXDATE;TZID=Europe/Berlin:20260106T180000", "EXDATE:20260107T170000Z", "EXDATE;VALUE=DATE:20260108")),
			[]string{"2026-01-05T18:00+01 2026-01-05T18:00+01 confirmed 20260105T170000Z", "2026-01-09T18:00+01 2026-01-09T18:00+01 confirmed 20260109T170000Z"}, nil},
		{"EXDATE that hits nothing", calendar(vevent("UID:1", "DTSTART:20260105T180000Z", "RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20260106T190000Z")),
			[]string{"2026-01-05T18:00+00 2026-01-05T18:00+00 confirmed 20260105T180000Z", "2026-01-06T18:00+00 2026-01-06T18:00+00 confirmed 20260106T180000Z"},
			[]string{"unmatched-exdate"}},
		{"RDATE with periods, the same date twice", calendar(vevent("UID:1", "DTSTART:20260105T180000Z", "DURATION:PT1H",
			"RDATE;VALUE=PERIOD:20260107T180000Z/PT3H,20260108T180000Z/20260108T183000Z", "RDATE:20260105T180000Z")),
			[]string{"2026-01-05T18:00+00 2026-01-05T19:00+00 confirmed 20260105T180000Z", "2026-01-07T18:00+00 2026-01-07T21:00+00 confirmed 20260107T180000Z",
				"2026-01-08T18:00+00 2026-01-08T18:30+00 confirmed 20260108T180000Z"}, nil},
		{"METHOD:CANCEL", calendar("METHOD:CANCEL", vevent("UID:1", "DTSTART:20260105T180000Z")),
			[]string{"2026-01-05T18:00+00 2026-01-05T18:00+00 cancelled "}, nil},
		{"a cancellation that does not repeat the rule cancels every date", append(calendar(vevent("UID:1", "DTSTART:20260105T180000Z", "RRULE:FREQ=DAILY;COUNT=2")),
			calendar("METHOD:CANCEL", vevent("UID:1", "SEQUENCE:1", "DTSTART:20260105T180000Z"))...),
			[]string{"2026-01-05T18:00+00 2026-01-05T18:00+00 cancelled 20260105T180000Z", "2026-01-06T18:00+00 2026-01-06T18:00+00 cancelled 20260106T180000Z"},
			[]string{"older-version"}},
		{"LAST-MODIFIED decides between equal sequences", calendar(
			vevent("UID:1", "LAST-MODIFIED:20260102T000000Z", "DTSTART:20260105T180000Z"), vevent("UID:1", "LAST-MODIFIED:20260101T000000Z", "DTSTART:20260106T180000Z")),
			[]string{"2026-01-05T18:00+00 2026-01-05T18:00+00 confirmed "}, []string{"older-version"}},
		{"whole days by Outlook", calendar(vevent("UID:1", "DTSTART;TZID=W. Europe Standard Time:20260105T000000", "DTEND;TZID=W. Europe Standard Time:20260107T000000", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE")),
			[]string{"2026-01-05 2026-01-07 confirmed "}, nil},
		{"change for this and all later dates", calendar(vevent("UID:1", "DTSTART:20260105T180000Z", "RRULE:FREQ=DAILY;COUNT=2"),
			vevent("UID:1", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260105T180000Z", "DTSTART:20260105T190000Z")),
			[]string{"2026-01-05T19:00+00 2026-01-05T19:00+00 confirmed 20260105T180000Z", "2026-01-06T18:00+00 2026-01-06T18:00+00 confirmed 20260106T180000Z"},
			[]string{"this-and-future"}},
		{"end before start, at the time the clocks go back", calendar(vevent("UID:1", "DTSTART;TZID=Europe/Berlin:20261025T023000", "DTEND:20261025T011500Z"), vevent("UID:2", "DTSTART:20260105T180000Z", "DTEND:20260105T170000Z")),
			[]string{"2026-10-25T02:30+02 2026-10-25T02:15+01 confirmed ", "2026-01-05T18:00+00 2026-01-05T18:00+00 confirmed "}, []string{"end-before-start"}},
		{"cut in the middle of an event", []byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20260105T180000Z\nEND:VEVENT\nBEGIN:VEVENT\nUID:2\nDTSTART:2026010"),
			[]string{"2026-01-05T18:00+00 2026-01-05T18:00+00 confirmed "}, []string{"truncated"}},
		{"path as zone name", calendar(vevent("UID:1", "DTSTART;TZID=../../etc/localtime:20260105T180000"), vevent("UID:2", "DTSTART;TZID=Local:20260105T180000")),
			[]string{"2026-01-05T18:00+01 2026-01-05T18:00+01 confirmed ", "2026-01-05T18:00+01 2026-01-05T18:00+01 confirmed "}, []string{"zone-unknown*2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := readAll(c.data, berlin())
			if got.Err != nil {
				t.Fatal(got.Err)
			}
			if diff := cmp.Diff(c.want, starts(got.Events)); diff != "" {
				t.Errorf("occurrences (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.problems, got.codes()); diff != "" {
				t.Errorf("problems (-want +got):\n%s%+v", diff, got.Problems)
			}
		})
	}
}

func TestReadText(t *testing.T) {
	t.Parallel()
	folded := "BEGIN:VCALENDAR\nX-WR-CALNAME:Riverside\\, Leipzig\nBEGIN:VEVENT\nUID:1\nDTSTART:20260105T180000Z\n" +
		"SUMMARY;LANGUAGE=de:Gro\xC3\n \x9Fe Versammlung\\; alle\n\t sind da\n" +
		"ORGANIZER;CN=\"Anna ^'A^' ^^ ^n B\":mailto:anna@example.org\nATTENDEE;CN=Secret:mailto:secret@example.org\n" +
		"DESCRIPTION:one\\ntwo\\\\three\x00\nX-ALT-DESC:<b>no</b>\nGEO:51.34;12.37\nCATEGORIES:a,b\\,c\nCATEGORIES:a\nURL:javascript:alert(1)\nEND:VEVENT\nEND:VCALENDAR\n"
	got := readAll([]byte("\xEF\xBB\xBF"+folded), Options{})
	if got.Err != nil || len(got.Events) != 1 {
		t.Fatalf("%+v", got)
	}
	at := time.Date(2026, 1, 5, 18, 0, 0, 0, time.UTC)
	want := Event{UID: "1", Summary: "Große Versammlung; alle sind da", Organizer: `Anna "A" ^   B`, Description: "one\ntwo\\three",
		Status: "confirmed", Start: at, End: at, Zone: "UTC", Lat: 51.34, Lon: 12.37, HasGeo: true,
		Categories: []string{"a", "b,c"}, Language: "de"}
	if diff := cmp.Diff(want, got.Events[0]); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if got.Summary.Name != "Riverside, Leipzig" {
		t.Errorf("name %q", got.Summary.Name)
	}
	if diff := cmp.Diff([]string{codeBadURL}, got.codes()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if s := fmt.Sprintf("%+v", got); strings.Contains(s, "ecret") || strings.Contains(s, "anna@") {
		t.Errorf("an attendee or an address was kept: %s", s)
	}
}

// TestReadOrganizerAddress covers programs that write the address as the name.
func TestReadOrganizerAddress(t *testing.T) {
	t.Parallel()
	got := readAll(calendar(vevent("UID:1", "DTSTART:20260105T180000Z", "ORGANIZER;CN=anna@example.org:mailto:anna@example.org")), Options{})
	if len(got.Events) != 1 || got.Events[0].Organizer != "" {
		t.Errorf("organizer %+v, want none", got.Events)
	}
}

func TestReadEncodings(t *testing.T) {
	t.Parallel()
	latin := readAll(calendar(vevent("UID:1", "DTSTART:20260105T180000Z", "SUMMARY:Caf\xe9 \x80", "DESCRIPTION:\xfc")), Options{})
	if len(latin.Events) != 1 || latin.Events[0].Summary != "Café €" || !cmp.Equal(latin.codes(), []string{codeEncoding}) {
		t.Errorf("Windows-1252: %+v", latin)
	}
	wide := []byte("\xFF\xFE")
	for _, c := range string(calendar(vevent("UID:1", "DTSTART:20260105T180000Z", "SUMMARY:Straße"))) {
		wide = append(wide, byte(c), byte(c>>8))
	}
	if got := readAll(wide, Options{}); len(got.Events) != 1 || got.Events[0].Summary != "Straße" {
		t.Errorf("UTF-16: %+v", got)
	}
}

func TestReadZones(t *testing.T) {
	t.Parallel()
	for tzid, want := range map[string]string{
		"europe/berlin": "Europe/Berlin", "W. Europe Standard Time": "Europe/Berlin", `"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"`: "Europe/Berlin",
		"/freeassociation.sourceforge.net/Tzfile/Europe/Berlin": "Europe/Berlin", "posix/Europe/Vaduz": "Europe/Vaduz",
		"Eastern Standard Time": "America/New_York", `"(GMT-05:00) Eastern Time (US & Canada)"`: "America/New_York",
		"AUS Eastern Standard Time": "Australia/Sydney", "India Standard Time": "Asia/Kolkata", `"UTC+05:30"`: "Asia/Kolkata",
		`"(GMT -03:00)"`: "Etc/GMT+3", "GMT+0000": "UTC", "Paris, Madrid": "Europe/Paris", "my America/Denver copy": "America/Denver", "nowhere": "",
	} {
		got := readAll(calendar(vevent("UID:1", "DTSTART;TZID="+tzid+":20260705T180000")), Options{})
		if len(got.Events) != 1 || got.Events[0].Zone != want || got.Events[0].Start.Hour() != 18 {
			t.Errorf("%s: %+v, want zone %q", tzid, got, want)
		}
	}
}

func TestReadFailures(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"empty": "", "page": "<html>" + strings.Repeat("<p>sign in</p>\n", 100_000), "bare event": vevent("UID:1", "DTSTART:20260105T180000Z"),
	} {
		if got := readAll([]byte(data), Options{}); !errors.Is(got.Err, ErrNotCalendar) || len(got.Events) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// What came before the line broke is still given.
	torn := io.MultiReader(strings.NewReader("BEGIN:VCALENDAR\n"+vevent("UID:1", "DTSTART:20260105T180000Z")+"\nBEGIN:VEVENT\nUID:2\n"), iotest.ErrReader(errors.New("line broke")))
	n := 0
	_, err := Read(torn, Options{}, func(Event) error { n++; return nil }, func(Problem) {})
	if n != 1 || err == nil || !strings.Contains(err.Error(), "line broke") {
		t.Errorf("%d events, error %v", n, err)
	}
	stop := errors.New("stop")
	_, err = Read(strings.NewReader(string(calendar(vevent("UID:1", "DTSTART:20260105T180000Z")))), Options{}, func(Event) error { return stop }, func(Problem) {})
	if !errors.Is(err, stop) {
		t.Errorf("error %v, want that of yield", err)
	}
}

func TestReadUID(t *testing.T) {
	t.Parallel()
	one := vevent("DTSTART:20260105T180000Z", "SUMMARY:Picket", "DTSTAMP:20260101T000000Z")
	a := readAll(calendar(one), Options{})
	b := readAll(calendar("X-SOMETHING:else", strings.Replace(one, "20260101", "20260102", 1)), Options{})
	c := readAll(calendar(strings.Replace(one, "Picket", "Vigil", 1)), Options{})
	if a.Events[0].UID != b.Events[0].UID || a.Events[0].UID == c.Events[0].UID || !strings.HasPrefix(a.Events[0].UID, "sha256-") {
		t.Errorf("uids %q %q %q", a.Events[0].UID, b.Events[0].UID, c.Events[0].UID)
	}
}

// TestReadHostile gives what must not take long or give much.
func TestReadHostile(t *testing.T) {
	t.Parallel()
	window := Options{From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	all := "0"
	for i := 1; i < 60; i++ {
		all += fmt.Sprintf(",%d", i)
	}
	many := strings.Repeat(vevent("UID:%", "DTSTART:19700101T000000Z", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")+"\r\n", 3000)
	for i := range 3000 {
		many = strings.Replace(many, "UID:%", fmt.Sprintf("UID:%d", i), 1)
	}
	for name, c := range map[string]struct {
		data []byte
		most int
	}{
		"every second":           {calendar(vevent("UID:1", "DTSTART:19700101T000000Z", "RRULE:FREQ=SECONDLY")), 400},
		"a thousand million":     {calendar(vevent("UID:1", "DTSTART:19700101T000000Z", "RRULE:FREQ=SECONDLY;COUNT=1000000000")), 400},
		"never":                  {calendar(vevent("UID:1", "DTSTART:19700101T000000Z", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30")), 1},
		"lists":                  {calendar(vevent("UID:1", "DTSTART:19700101T000000Z", "RRULE:FREQ=YEARLY;BYSECOND="+all+";BYMINUTE="+all+";BYSETPOS=-1")), 400},
		"year 9999":              {calendar(vevent("UID:1", "DTSTART:99991231T235959Z", "RRULE:FREQ=YEARLY")), 1},
		"year 1":                 {calendar(vevent("UID:1", "DTSTART:00010101T000000Z", "RRULE:FREQ=MINUTELY;INTERVAL=99999")), 400},
		"zone with every second": {calendar("BEGIN:VTIMEZONE\r\nTZID:x\r\nBEGIN:STANDARD\r\nDTSTART:00010101T000000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\nEND:VTIMEZONE", vevent("UID:1", "DTSTART;TZID=x:20260101T000000")), 1},
		"many impossible rules":  {calendar(many), 3000},
		"long line":              {calendar(vevent("UID:1", "DTSTART:20260101T000000Z", "DESCRIPTION:"+strings.Repeat("a", 5<<20))), 1},
		"nested":                 {calendar(strings.Repeat("BEGIN:VEVENT\r\nBEGIN:X\r\n", 50_000)), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, o := range []Options{window, {}} {
				begin := time.Now()
				got := readAll(c.data, o)
				if took := time.Since(begin); took > 5*time.Second {
					t.Errorf("took %v", took)
				}
				if len(got.Events) > c.most {
					t.Errorf("%d occurrences, want at most %d", len(got.Events), c.most)
				}
				if len(got.Problems) == 0 && c.most != 1 {
					t.Error("nothing was reported")
				}
			}
		})
	}
}

func TestTooManyEvents(t *testing.T) {
	t.Parallel()
	var sb strings.Builder
	for i := range maxEvents + 7 {
		fmt.Fprintf(&sb, "BEGIN:VEVENT\nUID:%d\nDTSTART:20260101T000000Z\nEND:VEVENT\n", i)
	}
	got := readAll(calendar(sb.String()), Options{})
	if len(got.Events) != maxEvents || got.Summary.Left != 7 || !cmp.Equal(got.codes(), []string{codeTooMany}) {
		t.Errorf("%d events, %+v, %v", len(got.Events), got.Summary, got.codes())
	}
}

// TestProblemTexts holds every reported code to a text.
func TestProblemTexts(t *testing.T) {
	t.Parallel()
	got := readAll(calendar(vevent("UID:1", "DTSTART;TZID=nowhere:20260105T180000")), berlin())
	want := []Problem{{Line: 4, UID: "1", Code: "zone-unknown", Text: "The time zone “nowhere” is unknown; read as Europe/Berlin", Args: [2]string{"nowhere", "Europe/Berlin"}}}
	if diff := cmp.Diff(want, got.Problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	for code, text := range Texts() {
		if text == "" || strings.Contains(text, "{1}") && !strings.Contains(text, "{0}") {
			t.Errorf("%s: text %q", code, text)
		}
	}
}
