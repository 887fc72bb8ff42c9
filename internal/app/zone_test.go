package app_test

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"convoke/internal/api/apitest"
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
		for i, x := range []struct{ zone, day, was, note, when, before string }{
			{
				"Europe/London", "2026-06-06", "2026-06-06", "Old time: Jun 6, 2026 (Berlin). New time: Jun 6, 2026 (London).",
				"Saturday, June 6, 2026, Until Jun 7, 2026 (London)", "Saturday, June 6, 2026 (Berlin)",
			},
			{
				"Europe/London", "2026-06-05", "2026-06-06", "Old time: Jun 6, 2026. New time: Jun 5, 2026.",
				"Friday, June 5, 2026, Until Jun 7, 2026", "Saturday, June 6, 2026",
			},
		} {
			in.Zone, in.StartDate = x.zone, x.day
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
