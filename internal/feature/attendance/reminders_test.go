package attendance

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPlan(t *testing.T) {
	t.Parallel()
	day := func(s string) time.Time {
		loc, err := time.LoadLocation("America/Chicago")
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.ParseInLocation("2006-01-02 15:04", s, loc)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, x := range []struct {
		name, start, now string
		morning          bool
		feedback         string
		closed           bool
		what             what
		at               string
	}{
		{"the day before", "2026-05-09 14:00", "2026-05-01 12:00", false, "", false, before, "2026-05-08 14:00"},
		{"an early event", "2026-05-09 05:00", "2026-05-01 12:00", false, "", false, before, "2026-05-08 08:00"},
		{"a late event", "2026-05-09 23:30", "2026-05-01 12:00", false, "", false, before, "2026-05-08 21:00"},
		{"over a clock change", "2026-11-01 14:00", "2026-10-01 12:00", false, "", false, before, "2026-10-31 14:00"},
		{"too late for the day before", "2026-05-09 14:00", "2026-05-08 15:00", false, "", false, "", ""},
		{"the morning", "2026-05-09 14:00", "2026-05-08 15:00", true, "", false, morning, "2026-05-09 08:00"},
		{"the morning of an early event", "2026-05-09 09:30", "2026-05-08 15:00", true, "", false, "", ""},
		{"thanks", "2026-05-09 14:00", "2026-05-09 15:00", true, "https://a.example", false, thanks, "2026-05-10 10:00"},
		{"closed", "2026-05-09 14:00", "2026-05-01 12:00", true, "https://a.example", true, "", ""},
	} {
		m := reminder{Zone: "America/Chicago", Morning: x.morning, Feedback: x.feedback}
		start := day(x.start)
		m.plan(roster{Open: !x.closed, Start: start.UTC(), End: start.Add(2 * time.Hour).UTC()}, day(x.now).UTC())
		if m.Next != x.what || x.at != "" && !m.At.Equal(day(x.at)) || x.at == "" && !m.At.IsZero() {
			t.Errorf("%s: %q at %v", x.name, m.Next, m.At.In(start.Location()))
		}
	}
}

// Whatever the event and the zone: nothing is planned for the night, each step
// comes after the one before, and there is an end.
func TestPlanNeverWakesAnybody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := reminder{
			Zone:    rapid.SampledFrom([]string{"America/Chicago", "Europe/Madrid", "Pacific/Apia", "Asia/Kathmandu", "nowhere"}).Draw(t, "zone"),
			Morning: rapid.Bool().Draw(t, "morning"), Feedback: rapid.SampledFrom([]string{"", "https://a.example"}).Draw(t, "feedback"),
		}
		start := time.Date(2026, 1, 1, 0, rapid.IntRange(0, 365*24*60).Draw(t, "minute"), 0, 0, time.UTC)
		r := roster{Open: true, Start: start, End: start.Add(time.Duration(rapid.IntRange(1, 72*60).Draw(t, "length")) * time.Minute)}
		m.plan(r, start.AddDate(0, 0, -rapid.IntRange(0, 9).Draw(t, "days")))
		for steps := 0; m.Next != ""; steps++ {
			if until := quietUntil(m.At, m.zone()); !until.IsZero() || steps > 3 {
				t.Fatalf("%s at %v", m.Next, m.At.In(m.zone()))
			}
			if m.Next != thanks && !m.At.Before(r.Start) || m.Next == thanks && !m.At.After(r.End) {
				t.Fatalf("%s at %v for %v to %v", m.Next, m.At, r.Start, r.End)
			}
			was := m.At
			m.plan(r, was.Add(time.Microsecond))
			if m.Next != "" && !m.At.After(was) {
				t.Fatalf("%s again at %v", m.Next, m.At)
			}
		}
	})
}
