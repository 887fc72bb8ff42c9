package app_test

import (
	"strconv"
	"strings"
	"testing"

	"convoke/internal/api/apitest"
	"convoke/internal/clock"
	"convoke/internal/feature/polls"
)

// TestACoalitionIsSomewhere: its place is asked for as that of a group is, and without
// one it is where its first member is; its votes close by the clocks there.
func TestACoalitionIsSomewhere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		b, sam := s.signIn("sam")
		s.group(sam, "riverside", "Riverside Neighbours") // in Leipzig
		start := func(handle, place, pick string) []string {
			return []string{
				"key", s.IDs.Secret(), "group", "riverside", "band", "1", "name", "All of " + handle, "handle", handle, "place", place, "place_pick", pick,
				"points", "We share the water.", "weights", "group", "polls", "open", "entry", "apply", "seats", "1", "notice", "7",
			}
		}
		const form = "/coalitions/new"
		a := b.Post(form, start("nowhere", "Nowhereville", "")...).Want(t, 422, "")
		if a.Text("#place-error") == "" || a.Attr("#place", "value") != "Nowhereville" {
			t.Errorf("a town that does not exist: %s", a.Text("main"))
		}
		a = b.Post(form, start("nowhere", "Springfield", "")...).Want(t, 422, "")
		if a.Text("#place-error") == "" || len(a.All("input[name=place_pick]")) < 2 {
			t.Errorf("a town of which there are several: %s", a.Text("main"))
		}
		s.visitor().Get("/groups/nowhere").Want(t, 404, "")
		pick := a.Attr("input[name=place_pick]", "value")
		b.Post(form, start("springs", "Springfield", pick)...).Want(t, 303, "/groups/springs/coalition")
		wants(t, s.visitor().Get("/groups/springs/coalition"), pick, "America/")

		b.Post(form, start("valley", "", "")...).Want(t, 303, "/groups/valley/coalition")
		wants(t, s.visitor().Get("/groups/valley/coalition"), "Leipzig", "Europe/Berlin")
		wants(t, s.visitor().Get("/groups/valley"), "Leipzig")

		token := b.Post("/me/tokens", "name", "website", "scope", "groups:write", "scope", "read", "days", "7").Want(t, 200, "").Text("#token")
		mine := apitest.New(t, s.Site).As(token)
		body := map[string]any{
			"group": "riverside", "band": 1, "name": "Far away", "handle": "far", "points": "We share the water.", "weights": "group",
			"polls": "open", "entry": "apply", "seats": 1, "notice": 7, "place": "Nowhereville",
		}
		mine.Do("POST", "/coalitions", body, "Idempotency-Key", "a-place-of-none").Refused(422, "form.invalid", "#/place", "group.place_unknown")
		body["place"], body["place_pick"] = "Springfield", pick
		var x struct{ Place, Zone string }
		mine.Do("POST", "/coalitions", body, "Idempotency-Key", "one-of-several").Want(201, &x)
		if x.Place != pick || !strings.HasPrefix(x.Zone, "America/") {
			t.Errorf("%+v", x)
		}

		// A vote closes by the clocks of the coalition; who looks after it moves it.
		closes := func(title, day string) string {
			t.Helper()
			pid, err := s.Polls.Create(ctx, sam, "valley", s.IDs.Secret(), polls.Input{Title: title, Body: "We build two.", Lang: "en"})
			if err == nil {
				err = s.Polls.Move(ctx, sam, string(pid), "discuss")
			}
			if err != nil {
				t.Fatal(err)
			}
			poll, err := s.Polls.Opens(ctx, sam, string(pid), s.IDs.Secret(), polls.OpenInput{
				Sequence: 1, Preset: "majority", Gate: "members", Secrecy: "named", Day: day, Time: "18:00",
			})
			if err != nil {
				t.Fatal(err)
			}
			at, err := strconv.ParseInt(s.column("select closes_at from poll where id = $1", string(poll))[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return clock.FromMicros(at).UTC().Format("15:04")
		}
		if got := closes("Benches", "2026-06-10"); got != "16:00" {
			t.Errorf("18:00 in Leipzig is %s UTC", got)
		}
		if link := b.Get("/groups/valley/coalition").All("a[href=/groups/valley/edit]"); len(link) != 1 {
			t.Error("who looks after it is not told where to change the town")
		}
		if link := s.visitor().Get("/groups/valley/coalition").All("a[href=/groups/valley/edit]"); len(link) != 0 {
			t.Error("everybody is sent to a form that is not theirs")
		}
		b.Post("/groups/valley/edit", "name", "All of valley", "place", "").Want(t, 303, "/groups/valley?saved=1")
		wants(t, s.visitor().Get("/groups/valley/coalition"), "UTC")
		if got := closes("Trees", "2026-06-10"); got != "18:00" {
			t.Errorf("18:00 nowhere is %s UTC", got)
		}
	})
}
