package app_test

import (
	"strings"
	"testing"
)

// TestZoneChangedAfterSignUps: another zone is another time. Nobody is lost, and
// everybody can see what it was and what it is.
func TestZoneChangedAfterSignUps(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, by := s.signIn("sam")
		g := s.group(by, "riverside", "Riverside Neighbours")
		in := meeting("Open assembly", "2026-06-06")
		in.StartTime, in.EndTime = "10:00", "12:00"
		event := "/events/" + string(s.event(by, g, in))
		visitor := s.visitor()
		key := visitor.Get(event+"/attend").Want(t, 200, "").Attr("input[name=key]", "value")
		mine, _, _ := strings.Cut(visitor.Post(event+"/attend", "key", key, "party", "3").Location, "?")
		if before := visitor.Get(event).Text("dl.facts"); !strings.Contains(before, "10:00 AM") {
			t.Fatalf("before: %s", before)
		}
		in.Zone = "Europe/London"
		b.Post(event+"/edit", asForm(in, "sequence", "0")...).Want(t, 303, event+"?saved=1")
		page := visitor.Get(event).Want(t, 200, "")
		if text := page.Text("main"); !strings.Contains(text, "3 are coming.") || !strings.Contains(text, "This event was moved.") {
			t.Errorf("after: %s", text)
		}
		if text := page.Text("dl.facts"); !strings.Contains(text, "10:00 AM") {
			t.Errorf("after: %s", text)
		}
		if text := visitor.Get(mine).Want(t, 200, "").Text("main"); !strings.Contains(text, "You are coming") || !strings.Contains(text, "10:00 AM") {
			t.Errorf("the private page says %s", text)
		}
		if ics := visitor.Get(event + ".ics").Body; !strings.Contains(ics, "DTSTART;TZID=Europe/London:20260606T100000") {
			t.Errorf("the calendar says %s", ics)
		}
	})
}
