package app_test

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"convoke/internal/api/apitest"
	"convoke/internal/feature/events"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// TestZoneChangedAfterSignUps: another zone is another time. Nobody is lost, and
// everybody can see what it was, where, and what it is.
func TestZoneChangedAfterSignUps(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, by := s.signIn("sam")
		g := s.group(by, "riverside", "Riverside Neighbours")
		in := meeting("Open assembly", "2026-06-06")
		in.StartTime, in.EndTime = "10:00", "12:00"
		e := s.event(by, g, in)
		event := "/events/" + string(e)
		visitor := s.visitor()
		key := visitor.Get(event+"/attend").Want(t, 200, "").Attr("input[name=key]", "value")
		mine, _, _ := strings.Cut(visitor.Post(event+"/attend", "key", key, "party", "3").Location, "?")
		if before := visitor.Get(event).Text("dl.facts"); !strings.Contains(before, "10:00 AM") {
			t.Fatalf("before: %s", before)
		}
		in.Zone = "Europe/London"
		b.Post(event+"/edit", asForm(in, "sequence", "0")...).Want(t, 303, event+"?saved=1")
		const note = "Old time: Jun 6, 2026, 10:00 AM (Berlin). New time: Jun 6, 2026, 10:00 AM (London)."
		page := visitor.Get(event).Want(t, 200, "")
		if text := page.Text("main"); !strings.Contains(text, "3 are coming.") || !strings.Contains(text, "This event was moved. "+note) {
			t.Errorf("after: %s", text)
		}
		if text := page.Text("dl.facts"); !strings.Contains(text, "10:00 AM") {
			t.Errorf("after: %s", text)
		}
		if text := visitor.Get(mine).Want(t, 200, "").Text("main"); !strings.Contains(text, "You are coming") || !strings.Contains(text, note) {
			t.Errorf("the private page says %s", text)
		}
		if ics := visitor.Get(event + ".ics").Body; !strings.Contains(ics, "DTSTART;TZID=Europe/London:20260606T100000") {
			t.Errorf("the calendar says %s", ics)
		}
		s.toldEverywhere(event, note)
		s.toldPrograms(e, "2026-06-06T10:00+02:00")
		s.toldByMail(e, "Saturday, June 6, 2026, 10:00 AM–12:00 PM (London)", "Saturday, June 6, 2026, 10:00 AM (Berlin)")

		// A zone in which it is the same moment moves nothing, and what was is still
		// told as it was.
		in.Zone, in.StartTime, in.EndTime = "Europe/Lisbon", "10:00", "12:00"
		b.Post(event+"/edit", asForm(in, "sequence", "1")...).Want(t, 303, event+"?saved=1")
		if text := visitor.Get(event).Text("main"); !strings.Contains(text, "10:00 AM (Berlin). New time: Jun 6, 2026, 10:00 AM (Lisbon).") {
			t.Errorf("in Lisbon: %s", text)
		}
		// The next move is within one zone, which nobody needs to be told.
		in.StartTime = "11:00"
		b.Post(event+"/edit", asForm(in, "sequence", "2")...).Want(t, 303, event+"?saved=1")
		if text := visitor.Get(event).Text("main"); !strings.Contains(text, "Old time: Jun 6, 2026, 10:00 AM. New time: Jun 6, 2026, 11:00 AM.") {
			t.Errorf("moved again: %s", text)
		}
		s.toldPrograms(e, "2026-06-06T10:00+01:00")
		s.toldByMail(e, "Saturday, June 6, 2026, 11:00 AM–12:00 PM", "Saturday, June 6, 2026, 10:00 AM")
	})
}

// Of whole days the days are told, never a midnight, nor the day before.
func TestZoneOfWholeDaysChanged(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, by := s.signIn("sam")
		g := s.group(by, "riverside", "Riverside Neighbours")
		in := meeting("Open house", "2026-06-06")
		in.StartTime, in.EndDate = "", "2026-06-07"
		e := s.event(by, g, in)
		event := "/events/" + string(e)
		for i, x := range []struct{ zone, day, at, was, note, when, before string }{
			{
				"Europe/London", "2026-06-06", "", "2026-06-06", "Old time: Jun 6, 2026 (Berlin). New time: Jun 6, 2026 (London).",
				"Saturday, June 6, 2026, Until Jun 7, 2026 (London)", "Saturday, June 6, 2026 (Berlin)",
			},
			{
				"Europe/London", "2026-06-05", "", "2026-06-06", "Old time: Jun 6, 2026. New time: Jun 5, 2026.",
				"Friday, June 5, 2026, Until Jun 7, 2026", "Saturday, June 6, 2026",
			},
			// What was a day stays one when there are hours now, and the other way round.
			{
				"Europe/London", "2026-06-05", "10:00", "2026-06-05", "Old time: Jun 5, 2026. New time: Jun 5, 2026, 10:00 AM.",
				"Friday, June 5, 2026, 10:00 AM, until Jun 7, 2026, 10:00 AM", "Friday, June 5, 2026",
			},
			{
				"Europe/Berlin", "2026-06-05", "", "2026-06-05T10:00+01:00", "Old time: Jun 5, 2026, 10:00 AM (London). New time: Jun 5, 2026 (Berlin).",
				"Friday, June 5, 2026, Until Jun 7, 2026 (Berlin)", "Friday, June 5, 2026, 10:00 AM (London)",
			},
		} {
			in.Zone, in.StartDate, in.StartTime, in.EndTime = x.zone, x.day, x.at, x.at
			b.Post(event+"/edit", asForm(in, "sequence", string(rune('0'+i)))...).Want(t, 303, event+"?saved=1")
			if text := s.visitor().Get(event).Text("main"); !strings.Contains(text, x.note) {
				t.Errorf("the page says %s", text)
			}
			s.toldEverywhere(event, x.note)
			s.toldPrograms(e, x.was)
			s.toldByMail(e, x.when, x.before)
		}
	})
}

// An event that is moved leaves its times where they were. Organizers are told,
// until somebody has looked at each of them; nobody else is.
func TestTimesAreLeftBehindByAMove(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, by := s.signIn("sam")
		g := s.group(by, "riverside", "Riverside Neighbours")
		in := meeting("Open assembly", "2026-06-06")
		in.StartTime, in.EndTime = "10:00", "14:00"
		event := "/events/" + string(s.event(by, g, in))
		slots := []string{s.IDs.Secret(), s.IDs.Secret()}
		for i, from := range []string{"11:00", "12:00"} {
			b.Post(event+"/timeslots", "key", slots[i], "title", "From "+from, "start_date", "2026-06-06", "start_time", from, "end_time", "12:30").
				Want(t, 303, event+"/timeslots?saved=1&day=2026-06-06")
		}
		visitor := s.visitor()
		key := visitor.Get(event+"/attend").Want(t, 200, "").Attr("input[name=key]", "value")
		mine, _, _ := strings.Cut(visitor.Post(event+"/attend", "key", key, "party", "3", "slot", slots[0]).Location, "?")
		in.Place = "Town hall" // the time stays
		b.Post(event+"/edit", asForm(in, "sequence", "0")...).Want(t, 303, event+"?saved=1")
		if text := b.Get(event).Text("main"); strings.Contains(text, "with the event") {
			t.Errorf("of another place: %s", text)
		}
		in.Zone = "Europe/London"
		after := b.Post(event+"/edit", asForm(in, "sequence", "1")...).Want(t, 303, event+"?saved=1").Location
		page := b.Get(after).Want(t, 200, "")
		if text := page.Text("main"); !strings.Contains(text, "2 times were not moved with the event.") {
			t.Errorf("after the move: %s", text)
		}
		if got := page.Attr(".notice a", "href"); got != event+"/timeslots" {
			t.Errorf("it leads to %q", got)
		}
		if text := visitor.Get(event).Text("main"); strings.Contains(text, "not moved") || !strings.Contains(text, "10:00 AM–11:30 AM") {
			t.Errorf("a visitor sees %s", text)
		}
		if text := visitor.Get(mine).Want(t, 200, "").Text("main"); !strings.Contains(text, "From 11:00 , Jun 6, 2026, 10:00 AM–11:30 AM : you have a place.") {
			t.Errorf("the private page says %s", text)
		}
		const each = "This was not moved with the event."
		if text := b.Get(event + "/timeslots").Text("main"); strings.Count(text, each) != 2 {
			t.Errorf("the times: %s", text)
		}
		b.Post(event+"/timeslots/"+slots[0], "title", "From 11:00", "start_date", "2026-06-06", "start_time", "11:00", "end_time", "12:30").
			Want(t, 303, event+"/timeslots?saved=1&day=2026-06-06")
		if text := visitor.Get(mine).Want(t, 200, "").Text("main"); !strings.Contains(text, "11:00 AM–12:30 PM : you have a place.") {
			t.Errorf("the private page says %s", text)
		}
		if text := b.Get(event).Text("main"); !strings.Contains(text, "1 time was not moved with the event.") {
			t.Errorf("one of them is moved: %s", text)
		}
		// The other is right as it is, which is said by saving it.
		b.Post(event+"/timeslots/"+slots[1], "title", "From 12:00", "start_date", "2026-06-06", "start_time", "11:00", "end_time", "11:30").
			Want(t, 303, event+"/timeslots?saved=1&day=2026-06-06")
		if text := b.Get(event).Text("main") + b.Get(event+"/timeslots").Text("main"); strings.Contains(text, "with the event.") {
			t.Errorf("both are looked at: %s", text)
		}
		in.StartTime, in.State = "09:30", events.Cancelled
		b.Post(event+"/edit", asForm(in, "sequence", "2")...).Want(t, 303, event+"?saved=1")
		if text := b.Get(event).Text("main"); strings.Contains(text, "with the event.") {
			t.Errorf("of one that is cancelled: %s", text)
		}
	})
}

// Zone and hour are changed for all dates of a series: each date tells what it was
// and has left its times behind, who chose one hears of it, and nobody is lost.
func TestZoneOfASeriesChanged(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *mailStand) {
		b, by := s.signIn("sam")
		g := s.group(by, "riverside", "Riverside Neighbours")
		in := meeting("Open assembly", "2026-06-06")
		in.StartTime, in.EndTime = "10:00", "14:00"
		first := "/events/" + string(s.event(by, g, in))
		slots := []string{s.IDs.Secret(), s.IDs.Secret()}
		for i, title := range []string{"Tea", "Talk"} {
			b.Post(first+"/timeslots", "key", slots[i], "title", title, "start_date", "2026-06-06", "start_time", "11:00", "end_time", "12:00").
				Want(t, 303, first+"/timeslots?saved=1&day=2026-06-06")
		}
		form := b.Get(first + "/repeat")
		b.Post(first+"/repeat", "key", form.Attr("input[name=key]", "value"), "unit", "week", "end", "times", "times", "3", "step", "save").
			Want(t, 303, first+"/dates?saved=repeat")
		dates := s.column("select id from event order by starts_at")
		if len(dates) != 3 {
			t.Fatalf("%d dates", len(dates))
		}
		second := "/events/" + dates[1]
		var pages []string // of those who come
		for i, x := range []struct{ email, party string }{{"ana@example.org", "3"}, {"ben@example.org", "2"}} {
			key := s.visitor().Get(second+"/attend").Attr("input[name=key]", "value")
			page, _, _ := strings.Cut(s.visitor().Post(second+"/attend", "key", key, "party", x.party, "email", x.email, "slot", slots[i]).Location, "?")
			pages = append(pages, page)
		}
		// heard says who got a message since the last time, with all of these lines.
		read := 0
		heard := func(who []string, lines ...string) {
			t.Helper()
			if _, err := s.Jobs.RunPending(t.Context()); err != nil {
				t.Fatal(err)
			}
			var got []string
			all := s.sink.Messages()
			for _, m := range all[read:] {
				got = append(got, m.To...)
				for _, want := range lines {
					if !strings.Contains(m.Text, want) {
						t.Errorf("%q does not say %q: %s", m.Subject, want, m.Text)
					}
				}
			}
			if read = len(all); !slices.Equal(slices.Sorted(slices.Values(got)), who) {
				t.Errorf("%q heard, not %q", got, who)
			}
			if text := s.visitor().Get(second).Text("main"); !strings.Contains(text, "5 are coming.") {
				t.Errorf("the page says %s", text)
			}
			for i, going := range []int{3, 2} {
				if n := s.count("select going from slot where event_id = $1 and id = $2", dates[1], slots[i]); n != going {
					t.Errorf("%d chose the time, not %d", n, going)
				}
			}
		}
		both := []string{"ana@example.org", "ben@example.org"}
		save := func(sequence string) {
			t.Helper()
			version := b.Get(first+"/edit").Attr("input[name=series_version]", "value")
			b.Post(first+"/edit", asForm(in, "sequence", sequence, "series_version", version, "scope", "all")...).
				Want(t, 303, first+"/dates?saved=1&n=3&kept=0")
		}
		in.Zone = "Europe/London"
		save("0")
		for i, day := range []string{"Jun 6", "Jun 13", "Jun 20"} {
			page := b.Get("/events/"+dates[i]).Want(t, 200, "").Text("main")
			for _, want := range []string{
				"Old time: " + day + ", 2026, 10:00 AM (Berlin). New time: " + day + ", 2026, 10:00 AM (London).", "2 times were not moved with the event.",
			} {
				if !strings.Contains(page, want) {
					t.Errorf("the page of %s does not say %q: %s", day, want, page)
				}
			}
		}
		heard(both, "When: Saturday, June 13, 2026, 10:00 AM–2:00 PM (London)", "Before: Saturday, June 13, 2026, 10:00 AM (Berlin)",
			": Jun 13, 2026, 10:00 AM–11:00 AM")

		b.Post(second+"/timeslots/"+slots[0], "title", "Tea", "start_date", "2026-06-13", "start_time", "11:00", "end_time", "12:00").
			Want(t, 303, second+"/timeslots?saved=1&day=2026-06-13")
		heard(both[:1], "You have a place in Tea: Jun 13, 2026, 11:00 AM–12:00 PM")

		in.StartTime = "10:30"
		save("1")
		heard(both, "When: Saturday, June 13, 2026, 10:30 AM–2:00 PM", "Before: Saturday, June 13, 2026, 10:00 AM")
		for i, want := range []string{"Tea , Jun 13, 2026, 11:00 AM–12:00 PM : you have a place.", "Talk , Jun 13, 2026, 10:00 AM–11:00 AM : you have a place."} {
			if text := s.visitor().Get(pages[i]).Want(t, 200, "").Text("main"); !strings.Contains(text, want) {
				t.Errorf("the private page does not say %q: %s", want, text)
			}
		}
	})
}

// A date that is made from one whose times were left behind has them so, too.
func TestTimesLeftBehindAreCopiedSo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, by := s.signIn("sam")
		in := meeting("Open assembly", "2026-06-06")
		in.StartTime, in.EndTime = "10:00", "14:00"
		first := "/events/" + string(s.event(by, s.group(by, "riverside", "Riverside Neighbours"), in))
		add := func(title string) {
			t.Helper()
			b.Post(first+"/timeslots", "key", s.IDs.Secret(), "title", title, "start_date", "2026-06-06", "start_time", "12:00", "end_time", "13:00").
				Want(t, 303, first+"/timeslots?saved=1&day=2026-06-06")
		}
		add("Tea")
		in.StartTime = "11:00"
		b.Post(first+"/edit", asForm(in, "sequence", "0")...).Want(t, 303, first+"?saved=1")
		add("Talk")
		form := b.Get(first + "/repeat")
		b.Post(first+"/repeat", "key", form.Attr("input[name=key]", "value"), "unit", "week", "end", "times", "times", "2", "step", "save").
			Want(t, 303, first+"/dates?saved=repeat")
		for _, e := range s.column("select id from event order by starts_at") {
			if text := b.Get("/events/" + e).Text("main"); !strings.Contains(text, "1 time was not moved with the event.") {
				t.Errorf("the page says %s", text)
			}
		}
	})
}

// toldPrograms says whether every format has the old start, as it was told.
func (s *stand) toldPrograms(e id.Event, was string) {
	s.t.Helper()
	v, event := s.visitor(), "/events/"+string(e)
	got := map[string]string{}
	var one struct {
		Was string `json:"previousStartDate"`
	}
	_, inPage, _ := strings.Cut(v.Get(event).Body, `<script type="application/ld+json">`)
	inPage, _, _ = strings.Cut(inPage, "</script>")
	for from, text := range map[string]string{".json": v.Get(event + ".json").Body, "the page": inPage} {
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			s.t.Error(err)
		}
		got[from] = one.Was
	}
	for _, from := range []string{event + ".geojson", "/events.geojson"} {
		var all struct {
			Features []struct {
				Properties struct {
					Was string `json:"was_start"`
				}
			}
		}
		if err := json.Unmarshal([]byte(v.Get(from).Body), &all); err != nil || len(all.Features) != 1 {
			s.t.Fatalf("%s: %+v, %v", from, all, err)
		}
		got[from] = all.Features[0].Properties.Was
	}
	rows, err := csv.NewReader(strings.NewReader(v.Get("/events.csv").Body)).ReadAll()
	if err != nil || len(rows) != 2 {
		s.t.Fatalf("%q, %v", rows, err)
	}
	got["the table"] = rows[1][slices.Index(rows[0], "was_start")]
	var x struct {
		Was string `json:"was_start"`
	}
	apitest.New(s.t, s.Site).Do("GET", event, nil).Want(200, &x)
	got["the API"] = x.Was
	for from, text := range got {
		if text != was {
			s.t.Errorf("%s says that it was %s, not %s", from, text, was)
		}
	}
}

// toldByMail says whether messages tell time and old time.
func (s *stand) toldByMail(e id.Event, when, was string) {
	s.t.Helper()
	all, err := i18n.Load(false)
	if err != nil {
		s.t.Fatal(err)
	}
	l, _ := all.Locale("en")
	d, err := s.Events.Describe(s.t.Context(), e, l)
	if err != nil || d.When != when || d.WasWhen != was {
		s.t.Errorf("mail says %q, was %q; not %q, was %q; %v", d.When, d.WasWhen, when, was, err)
	}
}
