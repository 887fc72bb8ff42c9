package app_test

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/feature/events"
	"convoke/internal/web/webtest"
)

// rideForm is an offer as a browser posts it.
func (h *hosts) rideForm(more ...string) []string {
	day := h.clock.Now().AddDate(0, 0, 7).Format(time.DateOnly)
	return append([]string{
		"from", "Dresden, Germany", "meeting", "Canary fountain, north side", "date", day, "time", "13:37", "seats", "3",
		"note", "canary in a note", "back", "1", "back_time", "23:19",
	}, more...)
}

func (h *hosts) ride(secret string) string { return h.page() + "/attend/" + secret + "/ride" }

// The whole way of a ride, as two visitors go it: offered, taken, spoken about,
// and withdrawn together with the sign-up behind it.
func TestRideOfTwo(t *testing.T) {
	t.Parallel()
	h := newHosts(t, "50")
	driver, rider, b := h.signUp("1"), h.signUp("2"), h.visitor()
	to := h.page() + "/attend/" + driver
	if a := b.Get(to).Want(t, 200, ""); a.Attr("a[href="+to+"/ride]", "href") == "" {
		t.Error("the private page does not lead to rides")
	}
	b.Post(h.ride(driver)+"/offer", h.rideForm()...).Want(t, 303, h.ride(driver)+"?saved=1")
	b.Post(h.ride(driver)+"/offer", h.rideForm()...).Want(t, 303, h.ride(driver)+"?saved=1") // sent twice
	h.clock.Add(time.Second)
	says := func(want string) {
		t.Helper()
		h.clock.Add(time.Second)
		if got := b.Get(h.page()).Want(t, 200, "").Text("#rides li"); got != want {
			t.Errorf("the public page says %q, want %q", got, want)
		}
	}
	says("From Dresden, Germany: 3 seats free of 3")
	a := b.Get(h.ride(rider)).Want(t, 200, "")
	offer := a.Attr("input[name=offer]", "value")
	if text := a.Text("article"); !strings.Contains(text, "Canary fountain") || !strings.Contains(text, "1:37 PM") || !strings.Contains(text, "11:19 PM") {
		t.Errorf("the offer is shown as %q", text)
	}
	// Too many is said beside the field, and what was typed is kept.
	a = b.Post(h.ride(rider)+"/take", "offer", offer, "seats", "3").Want(t, 422, "")
	if a.Attr("input#seats", "value") != "3" || !strings.Contains(a.Text("#seats-error"), "You signed up as 2") {
		t.Errorf("%q beside %q", a.Text("#seats-error"), a.Attr("input#seats", "value"))
	}
	b.Post(h.ride(rider)+"/take", "offer", offer, "seats", "two").Want(t, 422, "")
	for range 2 {
		b.Post(h.ride(rider)+"/take", "offer", offer, "seats", "2").Want(t, 303, h.ride(rider)+"?saved=1")
	}
	says("From Dresden, Germany: 1 seat free of 3")
	a = b.Get(h.ride(rider)).Want(t, 200, "")
	code := a.Text("b[lang=en]")
	if got := b.Get(h.ride(driver)).Text("b[lang=en]"); got != code || len(strings.Fields(code)) != 4 {
		t.Errorf("the driver waits for %q, the rider says %q", got, code)
	}
	b.Post(h.ride(rider)+"/say", "offer", offer, "key", h.IDs.Secret(), "say", "late10").Want(t, 303, h.ride(rider)+"?saved=1")
	if got := b.Get(h.ride(driver)).Text("main"); !strings.Contains(got, "10 minutes late.") {
		t.Error("the driver does not hear of it")
	}
	// The event moves: the hour of the ride is in doubt.
	in := h.in
	in.StartTime = "19:00"
	h.steward.Post(h.page()+"/edit", asForm(in, "sequence", "0")...).Want(t, 303, h.page()+"?saved=1")
	if got := b.Get(h.ride(rider)).Text("main"); !strings.Contains(got, "The event was moved since this was written.") {
		t.Error("a moved event is not said")
	}
	b.Post(h.page()+"/attend/"+driver+"/cancel").Want(t, 200, "")
	if got := b.Get(h.ride(rider)).Text("section.bad"); !strings.Contains(got, "The ride from Dresden, Germany was withdrawn.") {
		t.Errorf("the rider reads %q", got)
	}
	says("From Dresden, Germany: fewer than ten people look for a seat")
	b.Get(h.ride(driver)).Want(t, 404, "")
	b.Post(h.ride(driver)+"/offer", h.rideForm()...).Want(t, 404, "")
	b.Post(h.page()+"/attend/"+rider+"/cancel").Want(t, 200, "")
	says("")
}

// What was refused is shown again with what was typed, and nothing is stored.
func TestRideRefused(t *testing.T) {
	t.Parallel()
	h := newHosts(t, "50")
	driver, b := h.signUp("1"), h.visitor()
	to := h.ride(driver)
	bad := func(field, value, says string) {
		t.Helper()
		var pairs []string
		all := h.rideForm()
		for i := 0; i < len(all); i += 2 {
			if all[i] == field {
				all[i+1] = value
			}
			pairs = append(pairs, all[i], all[i+1])
		}
		a := b.Post(to+"/offer", pairs...).Want(t, 422, "")
		if got := a.Text("#" + field + "-error"); !strings.Contains(got, says) {
			t.Errorf("%s %q: %q", field, value, got)
		}
		if got := a.Attr("input#"+field, "value"); got != value {
			t.Errorf("%s %q is shown as %q", field, value, got)
		}
	}
	bad("meeting", "Hauptstraße 12", "This looks like an address.")
	bad("meeting", "0341 987654", "This looks like a phone number.")
	bad("note", "write to ada@example.org", "This looks like an e-mail address")
	bad("from", "Nowhereville-on-Sea", "This town was not found.")
	bad("from", "Saxony", "This town was not found.")
	bad("time", "19:00", "It must leave before the event begins.")
	bad("seats", "9", "from 1 to 8")
	bad("from", "Springfield", "There are several towns with this name.")
	a := b.Post(to+"/offer", "from", "Springfield").Want(t, 422, "")
	if len(a.All("input[name=pick]")) < 2 {
		t.Error("no towns to choose from")
	}
	if a := b.Get(to).Want(t, 200, ""); strings.Contains(a.Text("main"), "Your offer") {
		t.Error("half stored")
	}
	b.Post(to+"/take", "offer", h.IDs.Secret(), "seats", "1").Want(t, 422, "")
	b.Post(to+"/say", "offer", h.IDs.Secret(), "key", h.IDs.Secret(), "say", "late5").Want(t, 422, "")
	b.Post(to+"/say", "offer", "", "key", "", "say", "").Want(t, 422, "")
	b.Get(to+"?from=Nowhereville-on-Sea").Want(t, 422, "")
	b.Get(to+"?from=Dresden").Want(t, 200, "")
	for _, more := range []string{"", "/offer", "/need"} {
		b.Get(h.ride(h.IDs.Secret())+more).Want(t, 404, "")
		b.Get(h.ride("x")+more).Want(t, 404, "")
	}
}

// Of a single ride nobody finds anything at any address: not a member, not an
// organizer of the event, not the operator; only totals of towns.
func TestNoRouteShowsARide(t *testing.T) {
	t.Parallel()
	h := newHosts(t, "50")
	h.slot = h.IDs.Secret()
	driver, rider, b := h.signUp("1"), h.signUp("2"), h.visitor()
	b.Post(h.ride(driver)+"/offer", h.rideForm()...).Want(t, 303, h.ride(driver)+"?saved=1")
	offer := b.Get(h.ride(rider)).Attr("input[name=offer]", "value")
	b.Post(h.ride(rider)+"/take", "offer", offer, "seats", "2").Want(t, 303, h.ride(rider)+"?saved=1")
	code := b.Get(h.ride(rider)).Text("b[lang=en]")
	canaries := []string{"Canary fountain", "canary in a note", "13:37", "1:37 PM", "23:19", offer, code, driver, rider}
	h.clock.Add(time.Second)
	who := map[string]*webtest.Browser{"visitor": h.visitor(), "operator and steward": h.steward, "organizer": h.member("omar", authz.Organizer)}
	for name, b := range who {
		towns := 0
		for _, route := range append(getRoutes(t), "/api/v1/events/{id}/rides", "/api/v1/events/{id}", "/api/v1/events/{id}/attendance", "/api/v1/events") {
			for _, path := range h.addresses(t, route) {
				a := b.Get(path, "Accept", "text/html")
				if strings.Contains(a.Body, "Dresden") && a.Status == 200 {
					towns++
				}
				for _, c := range canaries {
					if strings.Contains(a.Body, c) {
						t.Errorf("%s finds %q at %s", name, c, path)
					}
				}
			}
		}
		if towns == 0 {
			t.Errorf("%s sees no totals, so the search is blind", name)
		}
	}
	if a := h.visitor().Get(h.ride(rider)); !strings.Contains(a.Body, canaries[0]) || !strings.Contains(a.Body, code) {
		t.Error("the rider does not see their own ride")
	}
}

// Organizers add a bus, hear of an offer that was reported, and remove it with a
// reason; others are refused.
func TestRidesDesk(t *testing.T) {
	t.Parallel()
	h := newHosts(t, "50")
	to := h.page() + "/rides"
	driver, rider, b := h.signUp("1"), h.signUp("2"), h.visitor()
	key := h.steward.Get(to).Want(t, 200, "").Attr("input[name=key]", "value")
	for range 2 {
		h.steward.Post(to, h.rideForm("key", key)...).Want(t, 303, to+"?saved=1")
	}
	if got := h.steward.Get(to).Text("tbody tr"); !strings.Contains(got, "Dresden, Germany") || len(h.steward.Get(to).All("article")) != 1 {
		t.Errorf("the desk shows %q", got)
	}
	h.steward.Post(to, h.rideForm("key", h.IDs.Secret())[2:]...).Want(t, 422, "")
	b.Post(h.ride(driver)+"/offer", h.rideForm()...)
	bus := b.Get(h.ride(rider))
	if !strings.Contains(bus.Text("main"), "Organized bus") {
		t.Error("a bus is not said to be one")
	}
	var offer string
	for _, n := range bus.All("form[method=post] input[name=offer]") {
		if v := webtest.Attr(n, "value"); v != key {
			offer = v
		}
	}
	for _, who := range []*webtest.Browser{b, h.member("mia", authz.Member)} {
		if a := who.Post(to+"/"+offer+"/remove", "reason", "No"); a.Status != 401 && a.Status != 403 {
			t.Errorf("status %d", a.Status)
		}
	}
	h.steward.Post(to+"/"+offer+"/remove", "reason", "No").Want(t, 422, "") // nobody reported it
	b.Post(h.ride(rider)+"/report", "offer", offer).Want(t, 303, h.ride(rider)+"?saved=1")
	a := h.steward.Post(to+"/"+offer+"/remove", "reason", "").Want(t, 422, "")
	if !strings.Contains(a.Text("#reason-error"), "Say why") {
		t.Errorf("beside the field: %q", a.Text("#reason-error"))
	}
	h.steward.Post(to+"/"+offer+"/remove", "reason", "It asks for money.").Want(t, 303, to+"?saved=1")
	if got := b.Get(h.ride(driver)).Text("section.bad"); !strings.Contains(got, "It asks for money.") {
		t.Errorf("the driver reads %q", got)
	}
	b.Post(h.ride(driver)+"/seen").Want(t, 303, h.ride(driver)+"?saved=1")
	// A cancelled event has no rides.
	in := h.in
	in.State = events.Cancelled
	h.steward.Post(h.page()+"/edit", asForm(in, "sequence", "0")...).Want(t, 303, h.page()+"?saved=1")
	b.Post(h.ride(rider)+"/take", "offer", key, "seats", "1").Want(t, 410, "")
	if got := b.Get(h.ride(rider)).Want(t, 200, "").Text("div.warn"); !strings.Contains(got, "This event is cancelled") {
		t.Errorf("the rider reads %q", got)
	}
	b.Post(h.ride(rider)+"/drop").Want(t, 303, h.ride(rider)+"?saved=1")
}

type rideJSON struct {
	Offer *struct {
		Offer  struct{ ID, Town, Leaves string }
		Riders []struct{ Code string }
	}
	Need  *struct{ Seats, Taken int }
	Seats []struct {
		Seats int
		Code  string
	}
	Found []struct{ Offer struct{ ID, Meeting string } }
}

// A program arranges a ride with one request, repeats it, and ends it.
func TestRideAPI(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		_, by := s.signIn("sam")
		g := s.group(by, "riverside", "Riverside Neighbours")
		day := s.clock.Now().AddDate(0, 0, 7).Format(time.DateOnly)
		at := "/events/" + string(s.event(by, g, meeting("Open assembly", day)))
		c := apitest.New(t, s.Site)
		signUp := func(key string) string {
			var out struct{ Secret string }
			c.Do("POST", at+"/attendance", map[string]any{"party": 3}, "Idempotency-Key", "nobody-can-guess-this-"+key).Want(201, &out)
			return at + "/attendance/" + out.Secret + "/ride"
		}
		driver, rider := signUp("1"), signUp("2")
		offer := map[string]any{"from": "Dresden, Germany", "meeting": "Main station", "date": day, "time": "08:00", "seats": 4}
		var d, r, again rideJSON
		c.Do("PUT", driver, map[string]any{"offer": offer}).Want(200, &d)
		if d.Offer == nil || d.Offer.Offer.Town != "Dresden, Germany" || !strings.HasSuffix(d.Offer.Offer.Leaves, "T08:00+02:00") {
			t.Fatalf("%+v", d)
		}
		c.Get(rider+"?from=Dresden").Want(200, &r)
		if len(r.Found) != 1 || r.Found[0].Offer.Meeting != "Main station" {
			t.Fatalf("%+v", r)
		}
		want := map[string]any{
			"need":  map[string]any{"from": "Dresden, Germany", "seats": 3},
			"seats": []map[string]any{{"offer": r.Found[0].Offer.ID, "seats": 2}},
		}
		c.Do("PUT", rider, want).Want(200, &r)
		c.Do("PUT", rider, want).Want(200, &again)
		if len(r.Seats) != 1 || r.Seats[0].Seats != 2 || r.Need.Seats != 3 || r.Need.Taken != 2 || again.Seats[0].Code != r.Seats[0].Code {
			t.Errorf("%+v, then %+v", r, again)
		}
		type totals struct {
			Towns []struct {
				Town                  string
				Offered, Free, Wanted int
				Few                   bool `json:"wanted_few"`
			}
		}
		var sum totals
		c.Get(at+"/rides").Want(200, &sum)
		if len(sum.Towns) != 1 || sum.Towns[0].Offered != 4 || sum.Towns[0].Free != 2 || sum.Towns[0].Wanted != 0 || !sum.Towns[0].Few {
			t.Errorf("%+v", sum)
		}
		// All of it or nothing.
		c.Do("PUT", rider, map[string]any{"need": map[string]any{"from": "Leipzig", "seats": 9}}).Refused(422, "form.invalid")
		c.Do("PUT", driver, map[string]any{"offer": map[string]any{"from": "12 Main Street", "meeting": "0341 987654", "date": day, "time": "08:00", "seats": 4}}).Refused(422, "form.invalid")
		// What cannot be an offer is one that is gone, whatever the database takes.
		for bad, code := range map[string]string{"\x00": "api.json", d.Offer.Offer.ID + "\x00": "api.json", d.Offer.Offer.ID + "x": "ride.gone", "x": "ride.gone"} {
			status := map[string]int{"api.json": 400, "ride.gone": 409}[code]
			c.Do("PUT", rider, map[string]any{"seats": []map[string]any{{"offer": bad, "seats": 1}}}).Refused(status, code)
		}
		// Fewer, and what is needed beyond them ends.
		var fewer rideJSON
		delete(want, "need")
		want["seats"] = []map[string]any{{"offer": d.Offer.Offer.ID, "seats": 1}}
		c.Do("PUT", rider, want).Want(200, &fewer)
		if fewer.Need.Seats != 1 || fewer.Need.Taken != 1 || fewer.Seats[0].Seats != 1 {
			t.Errorf("%+v", fewer)
		}
		c.Do("DELETE", rider, nil).Want(204, nil)
		c.Do("DELETE", rider, nil).Want(204, nil)
		var none rideJSON
		c.Get(rider).Want(200, &none)
		if none.Need != nil || len(none.Seats) != 0 || len(none.Found) != 1 {
			t.Errorf("%+v", none)
		}
		c.Do("PUT", driver, map[string]any{}).Want(200, &none)
		c.Get(at+"/rides").Want(200, &sum)
		if len(sum.Towns) != 0 {
			t.Errorf("%+v", sum)
		}
		c.Get(at+"/attendance/"+s.IDs.Secret()+"/ride").Refused(404, "attendance.not_found")
	})
}
