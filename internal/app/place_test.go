package app_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"convoke/internal/app"
	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/events"
	"convoke/internal/id"
	"convoke/internal/web/webtest"
)

// located is a node with an event a week from now at 18:00 in Leipzig that has
// an exact place.
type located struct {
	*stand
	steward *webtest.Browser
	by      authz.Actor
	path    string
	in      events.Input
	event   id.Event
	start   time.Time
}

func newLocated(t *testing.T, s *stand) *located {
	t.Helper()
	h := &located{stand: s}
	h.steward, h.by = s.signIn("sam")
	g := s.group(h.by, "riverside", "Riverside Neighbours")
	day := s.clock.Now().AddDate(0, 0, 7)
	h.start = time.Date(day.Year(), day.Month(), day.Day(), 16, 0, 0, 0, time.UTC)
	h.in = meeting("Open assembly", day.Format(time.DateOnly))
	h.in.Capacity = "2"
	h.event = s.event(h.by, g, h.in)
	h.path = "/events/" + string(h.event)
	return h
}

// save sends the form of the exact place as it stands, with changes.
func (h *located) save(pairs ...string) webtest.Answer {
	h.t.Helper()
	f := h.steward.Get(h.path+"/place").Want(h.t, 200, "")
	all := []string{"version", f.Attr("input[name=version]", "value")}
	return h.steward.Post(h.path+"/place", append(all, pairs...)...)
}

func (h *located) edit(seq string, change func(in *events.Input)) {
	h.t.Helper()
	change(&h.in)
	h.steward.Post(h.path+"/edit", asForm(h.in, "sequence", seq)...).Want(h.t, 303, h.path+"?saved=1")
}

// says checks what a visitor reads on the event's page.
func (h *located) says(when, want string, shown bool) {
	h.t.Helper()
	a := h.visitor().Get(h.path).Want(h.t, 200, "")
	text := a.Text("dl.facts")
	if !strings.Contains(text, want) || strings.Contains(a.Body, "Zanderhof") != shown {
		h.t.Errorf("%s: shown %v, want %v and %q in\n%s", when, !shown, shown, want, text)
	}
	for _, format := range []string{".ics", ".json"} {
		if got := strings.Contains(h.visitor().Get(h.path+format).Want(h.t, 200, "").Body, "Zanderhof"); got != shown {
			h.t.Errorf("%s: %s shows it: %v", when, format, got)
		}
	}
}

// The page that everybody has from the cache changes with the hour, to the
// second, and with what organizers decide.
func TestExactPlaceOnTheEventPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		h := newLocated(t, s)
		h.says("without", "Leipzig", false)
		day := h.in.StartDate
		h.save("address", "Zanderhof 4", "directions", "Second yard.", "early", "1").Want(t, 303, h.path+"/place?saved=1")
		h.says("for those who signed up", "The exact place is shown to those who signed up.", false)
		h.save("address", "Zanderhof 4", "directions", "Second yard.", "show_date", day, "show_time", "16:00").Want(t, 303, h.path+"/place?saved=1")
		h.says("late", "The exact place is shown here from", false)
		h.save("address", "Zanderhof 4", "directions", "Second yard.", "early", "1", "show_date", day, "show_time", "16:00").Want(t, 303, h.path+"/place?saved=1")
		hour := h.start.Add(-2 * time.Hour)
		h.clock.Set(hour.Add(-time.Millisecond))
		h.says("before the hour", "to those who signed up, and here from", false)
		h.clock.Set(hour)
		h.says("at the hour", "Second yard.", true)
		a := h.visitor().Get(h.path)
		if cc := a.Header.Get("Cache-Control"); cc != "no-cache" {
			t.Errorf("others may keep the page: %q", cc)
		}
		h.save("address", "Zanderhof 4", "early", "1", "show_date", day, "show_time", "17:00").Want(t, 303, h.path+"/place?saved=1")
		h.says("put off", "and here from", false)
		h.clock.Set(hour.Add(time.Hour))
		h.says("at the later hour", "Zanderhof 4", true)
		h.edit("0", func(in *events.Input) { in.State = events.Postponed })
		h.says("postponed", "those who signed up", false)
		h.edit("1", func(in *events.Input) { in.State = events.Confirmed })
		h.says("as before", "Zanderhof 4", true)
		h.edit("2", func(in *events.Input) { in.State = events.Cancelled })
		h.says("cancelled", "Leipzig", false)
		h.edit("3", func(in *events.Input) { in.State = events.Confirmed })
		h.save("address", "", "early", "1").Want(t, 303, h.path+"/place?saved=1")
		h.says("taken back", "Leipzig", false)
	})
}

// Moved before the hour, the event keeps its place back, and its organizers are
// asked to choose the hour again.
func TestMoveVoidsTheHour(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		h := newLocated(t, s)
		h.save("address", "Zanderhof 4", "show_date", h.in.StartDate, "show_time", "16:00").Want(t, 303, h.path+"/place?saved=1")
		h.edit("0", func(in *events.Input) { in.State, in.StartTime = events.Moved, "20:00" })
		h.clock.Set(h.start)
		h.says("after the old hour", "The exact place will be said later.", false)
		if text := h.steward.Get(h.path).Text("dl.facts"); !strings.Contains(text, "Choose it again") {
			t.Errorf("organizers are not asked: %s", text)
		}
		if text := h.steward.Get(h.path + "/place").Text("main"); !strings.Contains(text, "it does not hold any more") {
			t.Errorf("the form says nothing: %s", text)
		}
		h.save("address", "Zanderhof 4", "show_date", h.in.StartDate, "show_time", "16:00").Want(t, 303, h.path+"/place?saved=1")
		h.says("chosen again", "Zanderhof 4", true)
	})
}

// A private page shows the place to who has a place at the event, says so to
// who waits, and nothing while the event is hidden or cancelled.
func TestExactPlaceOnThePrivatePage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		h := newLocated(t, s)
		var secrets []string
		for _, party := range []int{2, 1} {
			secrets = append(secrets, h.IDs.Secret())
			if _, err := h.Attendance.SignUp(t.Context(), h.event, secrets[len(secrets)-1], attendance.Input{Party: party}); err != nil {
				t.Fatal(err)
			}
		}
		going, waiting := h.path+"/attend/"+secrets[0], h.path+"/attend/"+secrets[1]
		if a := h.visitor().Get(going); strings.Contains(a.Body, "exact place") || strings.Contains(a.Body, "event.ics") {
			t.Error("it tells of an exact place that is not there")
		}
		h.visitor().Get(going+"/times.ics").Want(t, 303, h.path+".ics")
		h.save("address", "Zanderhof 4", "directions", "Second yard.\nRing twice.", "online_url", "https://zuckerhut.example/a", "early", "1").Want(t, 303, h.path+"/place?saved=1")
		a := h.visitor().Get(going).Want(t, 200, "")
		for _, part := range []string{"section.notice", "div.pocket-card"} {
			if text := a.Text(part); !strings.Contains(text, "Zanderhof 4") || !strings.Contains(text, "Ring twice.") {
				t.Errorf("%s: %s", part, text)
			}
		}
		if a.Header.Get("Cache-Control") != "no-store" || a.Attr("section.notice a", "href") != "https://zuckerhut.example/a" {
			t.Errorf("%v", a.Header)
		}
		ics := h.visitor().Get(going+"/event.ics").Want(t, 200, "")
		if !strings.Contains(ics.Body, "LOCATION:Zanderhof 4\\, Leipzig") || !strings.Contains(ics.Body, "zuckerhut") || ics.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s", ics.Body)
		}
		h.visitor().Get(going+"/times.ics").Want(t, 303, going+"/event.ics")
		a = h.visitor().Get(waiting).Want(t, 200, "")
		if text := a.Text("section.notice"); !strings.Contains(text, "as soon as you have a place") || strings.Contains(a.Body, "Zanderhof") {
			t.Errorf("who waits: %s", text)
		}
		if b := h.visitor().Get(waiting+"/event.ics").Want(t, 200, "").Body; strings.Contains(b, "Zanderhof") {
			t.Errorf("who waits: %s", b)
		}
		h.visitor().Get(h.path+"/attend/"+h.IDs.Secret()+"/event.ics").Want(t, 404, "")
		h.visitor().Post(going+"/cancel").Want(t, 200, "")
		if !strings.Contains(h.visitor().Get(waiting).Body, "Zanderhof") {
			t.Error("who moved up does not see it")
		}
		h.visitor().Get(going).Want(t, 404, "")

		h.steward.Post("/groups/riverside/suspend", "suspended", "1").Want(t, 303, "/groups/riverside")
		if a := h.visitor().Get(waiting).Want(t, 200, ""); strings.Contains(a.Body, "Zanderhof") {
			t.Error("it is shown while the event is hidden")
		}
		h.steward.Post("/groups/riverside/suspend", "suspended", "0").Want(t, 303, "/groups/riverside")
		h.edit("0", func(in *events.Input) { in.State = events.Cancelled })
		if a := h.visitor().Get(waiting).Want(t, 200, ""); strings.Contains(a.Body, "Zanderhof") {
			t.Error("it is shown after the event was cancelled")
		}
	})
}

// Shifts in the calendar of a private link say where exactly.
func TestExactPlaceOfShifts(t *testing.T) {
	t.Parallel()
	h := newLocated(t, start(t, settings(t, "")))
	slot := h.IDs.Secret()
	err := h.Attendance.AddSlot(t.Context(), h.event, slot, h.start, h.start.Add(2*time.Hour), attendance.SlotInput{
		Title: "First shift", StartDate: h.in.StartDate, StartTime: "16:00", EndTime: "17:00",
	})
	if err != nil {
		t.Fatal(err)
	}
	secret := h.IDs.Secret()
	if _, err := h.Attendance.SignUp(t.Context(), h.event, secret, attendance.Input{Party: 1, Slots: []string{slot}}); err != nil {
		t.Fatal(err)
	}
	h.save("address", "Zanderhof 4", "directions", "Second yard.", "early", "1").Want(t, 303, h.path+"/place?saved=1")
	a := h.visitor().Get(h.path+"/attend/"+secret+"/times.ics").Want(t, 200, "")
	if !strings.Contains(a.Body, "LOCATION:Zanderhof 4\\, Leipzig") || !strings.Contains(a.Body, "Second yard.") {
		t.Errorf("%s", a.Body)
	}
}

// Bad input gets its message beside the field and keeps what was typed; two
// organizers at once lose nothing; what is public already is said.
func TestExactPlaceForm(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		h := newLocated(t, s)
		typed := func(more ...string) []string {
			return append([]string{"address", "Zanderhof 4", "directions", "Second yard.", "online_url", "https://zuckerhut.example/a", "early", "1"}, more...)
		}
		for field, bad := range map[string][]string{
			"online_url": {"online_url", "javascript:alert(1)"}, "address": {"address", strings.Repeat("z", 201)},
			"directions": {"directions", strings.Repeat("z", 1001)}, "show_date": {"show_date", h.in.StartDate, "show_time", "20:00"},
			"show_time": {"show_date", "2027-03-28", "show_time", "02:30"}, "early": {"early", ""},
		} {
			form := map[string]string{}
			for all := typed(bad...); len(all) > 0; all = all[2:] {
				form[all[0]] = all[1]
			}
			var pairs []string
			for k, v := range form {
				pairs = append(pairs, k, v)
			}
			a := h.save(pairs...).Want(t, 422, "")
			if a.Text("#"+field+"-error") == "" || a.Attr(".error-summary a", "href") != "#"+field {
				t.Errorf("%s: no message beside the field: %s", field, a.Text(".error-summary"))
			}
			if field != "address" && a.Attr("#address", "value") != "Zanderhof 4" || field != "directions" && a.Text("#directions") != "Second yard." {
				t.Errorf("%s: what was typed is lost", field)
			}
			if cc := a.Header.Get("Cache-Control"); cc != "no-store" {
				t.Errorf("%s: %q", field, cc)
			}
		}
		if text := h.steward.Get(h.path + "/place").Text("main"); !strings.Contains(text, "No exact place is kept.") {
			t.Errorf("half stored: %s", text)
		}
		h.steward.Post(h.path+"/place", typed("version", "0")...).Want(t, 303, h.path+"/place?saved=1")
		h.steward.Post(h.path+"/place", typed("version", "0")...).Want(t, 303, h.path+"/place?saved=1") // sent twice
		a := h.steward.Post(h.path+"/place", "version", "0", "address", "Zuckerhut 1", "early", "1").Want(t, 422, "")
		if !strings.Contains(a.Text(".error-summary"), "Somebody else has changed") || a.Attr("#address", "value") != "Zuckerhut 1" {
			t.Errorf("two at once: %s", a.Text(".error-summary"))
		}
		if got := h.steward.Get(h.path+"/place").Attr("#address", "value"); got != "Zanderhof 4" {
			t.Errorf("two at once: %q is kept", got)
		}
		if strings.Contains(a.Body, "data-draft") {
			t.Error("the browser would keep the exact place")
		}
		page := h.steward.Get(h.path + "/place").Text("main")
		if !strings.Contains(page, "It can leak.") || !strings.Contains(page, "lists and maps show: Leipzig") || strings.Contains(page, "shows an exact place already") {
			t.Errorf("%s", page)
		}
		h.edit("0", func(in *events.Input) { in.Address = "Mill Lane 4" })
		if text := h.steward.Get(h.path + "/place").Text("main"); !strings.Contains(text, "shows an exact place already: Mill Lane 4") {
			t.Errorf("a public address is not warned of: %s", text)
		}
		if !strings.Contains(h.steward.Get(h.path).Body, h.path+`/place"`) || strings.Contains(h.visitor().Get(h.path).Body, h.path+`/place"`) {
			t.Error("the page does not lead there, or leads visitors there")
		}
	})
}

// A backup carries the place sealed and its key apart; it comes back with both,
// and without the keys the row is erased.
func TestExactPlaceInBackups(t *testing.T) {
	t.Parallel()
	s := newSaved(t, "")
	if err := s.Events.SetExact(t.Context(), s.by, s.event, 0, secretPlace()); err != nil {
		t.Fatal(err)
	}
	file := s.save()
	for _, without := range []bool{false, true} {
		cfg, o := s.empty("", file)
		if o.WithoutKeys = without; without {
			o.Keys = ""
		}
		if _, err := app.Restore(t.Context(), cfg, webtest.Log(t), file, o); err != nil {
			t.Fatal(err)
		}
		m := start(t, cfg)
		_, _, x, err := m.Events.ExactHeld(t.Context(), s.event, true)
		if err != nil || x.Known == without || !without && x.Address != "Zanderhof 4" {
			t.Errorf("without keys %v: %+v, %v", without, x, err)
		}
		n := 0
		err = m.DB.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), "select count(*) from exact_place", nil, &n)
		})
		if err != nil || (n == 0) != without {
			t.Errorf("without keys %v: %d rows, %v", without, n, err)
		}
		for _, w := range []string{"Zanderhof", "zuckerhut"} {
			nowhere(t, w, s.Config.Data, cfg.Data, filepath.Dir(file))
		}
	}
}
