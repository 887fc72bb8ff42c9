package attendance_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/attendance"
	"convoke/internal/id"
)

// vigil is an event of three weeks in Berlin.
func vigil(c *fact.EventChanged) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	c.Start, c.Zone = time.Date(2026, 5, 9, 0, 0, 0, 0, berlin), "Europe/Berlin"
	c.End = c.Start.AddDate(0, 0, 21)
}

// watches are six shifts a day.
func watches(from, to string) attendance.FillInput {
	in := attendance.FillInput{From: from, To: to}
	for h := 0; h < 24; h += 4 {
		in.Shifts = append(in.Shifts, attendance.ShiftInput{
			Title: fmt.Sprint("Watch ", h/4+1), Start: fmt.Sprintf("%02d:00", h), End: fmt.Sprintf("%02d:00", (h+4)%24), Capacity: "8", Least: "3",
		})
	}
	return in
}

// times counts what each shift is stored as.
func (h *hall) times(t fataler, e id.Event) []attendance.Slot {
	t.Helper()
	all, err := h.Slots(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A form sent again, also at once and at another node, makes nothing twice; nor
// does another form for days that overlap.
func TestFillTwiceMakesOnce(t *testing.T) {
	t.Parallel()
	crowds(t, func(t *testing.T, hs []*hall) {
		h := hs[0]
		c := h.publish(t, vigil)
		key, ctx := h.ids.Secret(), t.Context()
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				f, err := hs[i%len(hs)].Fill(ctx, c.Event, key, c.Start, c.End, watches("2026-05-09", "2026-05-18"))
				if err != nil || len(f.Slots) != 60 || f.There != 0 {
					t.Errorf("%d, %d there, %v", len(f.Slots), f.There, err)
				}
			})
		}
		wg.Wait()
		if all := h.times(t, c.Event); len(all) != 60 || all[0].Capacity != 8 || all[0].Least != 3 {
			t.Fatalf("%d: %+v", len(all), all[0])
		}
		second := h.ids.Secret()
		look, err := h.LookAtFill(ctx, c.Event, second, c.Start, c.End, watches("2026-05-18", "2026-05-29"))
		if err != nil || len(look.Slots) != 72 || look.There != 6 {
			t.Fatalf("%d, %d there, %v", len(look.Slots), look.There, err)
		}
		if n := len(h.times(t, c.Event)); n != 60 {
			t.Fatalf("looking made %d", n-60)
		}
		if _, err := h.Fill(ctx, c.Event, second, c.Start, c.End, watches("2026-05-18", "2026-05-29")); err != nil {
			t.Fatal(err)
		}
		if n := len(h.times(t, c.Event)); n != 126 {
			t.Errorf("%d times, want 126", n)
		}
		// Too many at once make none at all.
		more := watches("2026-05-09", "2026-05-29")
		for i := range more.Shifts {
			more.Shifts[i].Title = "Other " + more.Shifts[i].Title
		}
		if _, err := h.Fill(ctx, c.Event, h.ids.Secret(), c.Start, c.End, more); !fault.HasCode(err, "slot.many") {
			t.Error(err)
		}
		if n := len(h.times(t, c.Event)); n != 126 {
			t.Errorf("%d times, want 126", n)
		}
		if _, err := h.Fill(ctx, c.Event, "x", c.Start, c.End, more); !fault.HasCode(err, "slot.key") {
			t.Error(err)
		}
	})
}

// Two hundred sign-ups for shifts of many days: no shift holds one too many, a
// shift that was chosen stays when it is removed or filled again, and nothing
// personal is left afterwards.
func TestShiftsHoldWhatTheyHold(t *testing.T) {
	t.Parallel()
	crowds(t, func(t *testing.T, hs []*hall) {
		h := hs[0]
		c := h.publish(t, vigil)
		key, ctx := h.ids.Secret(), t.Context()
		fill := func() {
			t.Helper()
			if _, err := h.Fill(ctx, c.Event, key, c.Start, c.End, watches("2026-05-09", "2026-05-29")); err != nil {
				t.Fatal(err)
			}
		}
		fill()
		all := h.times(t, c.Event)
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				in := attendance.Input{Party: 1 + i%2, Slots: []string{all[i%10].ID, all[100+i%5].ID}}
				if _, err := hs[i%len(hs)].SignUp(ctx, c.Event, h.ids.Secret(), in); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		h.ledger(t, c.Event).check(t)
		drifts(t, h, nil)
		b := h.books(t, c.Event)
		for i, s := range all {
			switch chosen := i < 10 || i >= 100 && i < 105; {
			case b.Going[s.ID] > 8 || chosen && b.Going[s.ID] < 7 || !chosen && b.Going[s.ID] > 0:
				t.Errorf("shift %d holds %d", i, b.Going[s.ID])
			}
		}
		if err := h.RemoveSlot(ctx, c.Event, all[3].ID); !fault.HasCode(err, "slot.chosen") {
			t.Error(err)
		}
		if err := h.RemoveSlot(ctx, c.Event, all[50].ID); err != nil {
			t.Error(err)
		}
		fill()
		if err := h.RemoveSlot(ctx, c.Event, all[3].ID); !fault.HasCode(err, "slot.chosen") {
			t.Error(err)
		}
		if d := cmp.Diff(b, h.books(t, c.Event)); d != "" {
			t.Error(d)
		}
		h.clock.Set(c.End.Add(8 * 24 * time.Hour))
		if err := h.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		if b := h.books(t, c.Event); len(b.Has)+len(b.Lines) != 0 || len(b.Going) != 126 {
			t.Errorf("%+v", b)
		}
	})
}

// A form that shows one day leaves what was chosen of the others.
func TestOneDayLeavesTheOthers(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		c := h.publish(t, vigil)
		ctx := t.Context()
		if _, err := h.Fill(ctx, c.Event, h.ids.Secret(), c.Start, c.End, watches("2026-05-09", "2026-05-29")); err != nil {
			t.Fatal(err)
		}
		all := h.times(t, c.Event)
		secret := h.guest(t, c.Event, attendance.Input{Party: 1, Slots: []string{all[0].ID, all[7].ID, all[125].ID}})
		second := func(s *attendance.Slot) bool { return s.Start.In(c.Start.Location()).Day() == 10 }
		change := func(want []string, slots ...string) {
			t.Helper()
			if err := h.Change(ctx, c.Event, secret, attendance.Input{Party: 1, Slots: slots, Part: second}); err != nil {
				t.Fatal(err)
			}
			rec, err := h.Find(ctx, c.Event, secret)
			var got []string
			for _, s := range rec.Slots {
				got = append(got, s.ID)
			}
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Error(d, err)
			}
			drifts(t, h, nil)
		}
		change([]string{all[0].ID, all[8].ID, all[9].ID, all[125].ID}, all[8].ID, all[9].ID)
		change([]string{all[0].ID, all[125].ID})
		change([]string{all[0].ID, all[6].ID, all[125].ID}, all[6].ID, all[125].ID) // sent along, it is there once
	})
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)

// field is a hidden field of a page.
func (r reply) field(name string) string {
	for _, m := range hidden.FindAllStringSubmatch(r.body, -1) {
		if m[1] == name {
			return m[2]
		}
	}
	return ""
}

// small fails for a page that is too heavy for a slow phone.
func (r reply) small(t *testing.T, what string) {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(r.body)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d bytes, %d compressed", what, len(r.body), b.Len())
	if b.Len() > 14<<10 {
		t.Errorf("%s: %d bytes compressed", what, b.Len())
	}
}

// presence is the vigil on a site, filled by its organizer.
func presence(t *testing.T) (d *desk, c fact.EventChanged, path string) {
	t.Helper()
	d = newDesk(t)
	c = d.publish(t, vigil)
	d.known[c.Event] = true
	d.brief = func(b *attendance.Brief) { b.Start, b.End = c.Start, c.End }
	path = "/events/" + string(c.Event)
	d.get(path+"/timeslots/fill").want(t, 403)
	d.post(path+"/timeslots/fill").want(t, 403)
	d.edits = true
	defer func() { d.edits = false }()
	d.get(path+"/timeslots").want(t, 200, path+"/timeslots/fill")
	form := d.get(path + "/timeslots/fill")
	form.want(t, 200, `value="2026-05-09"`, `value="2026-05-29"`, `value="Morning"`)
	typed := []string{"key", form.field("key"), "from", "2026-05-09", "to", "2026-05-29"}
	for i, s := range watches("", "").Shifts {
		n := fmt.Sprint(i + 1)
		typed = append(typed, "title"+n, s.Title, "start"+n, s.Start, "end"+n, s.End, "capacity"+n, s.Capacity, "least"+n, s.Least)
	}
	looked := d.post(path+"/timeslots/fill", append(slices.Clone(typed), "do", "look")...)
	looked.want(t, 200, "This makes 126 times", "Make 126 times", `value="Watch 6"`)
	looked.small(t, "what filling makes")
	if n := len(d.times(t, c.Event)); n != 0 {
		t.Fatalf("looking made %d", n)
	}
	// What is made is what was looked at.
	other := append(slices.Clone(typed), "do", "make", "seen", looked.field("seen"))
	other[5] = "2026-05-28"
	d.post(path+"/timeslots/fill", other...).want(t, 200, "This makes 120 times")
	if n := len(d.times(t, c.Event)); n != 0 {
		t.Fatalf("%d made that nobody has looked at", n)
	}
	for range 2 { // the second time as well
		r := d.post(path+"/timeslots/fill", append(slices.Clone(typed), "do", "make", "seen", looked.field("seen"))...)
		if r.want(t, 303); r.header.Get("Location") != path+"/timeslots?saved=1&made=126" {
			t.Error(r.header.Get("Location"))
		}
	}
	r := d.get(path + "/timeslots?saved=1&made=126")
	r.want(t, 200, "126 times were made.", "?day=2026-05-29", path+"/rota")
	r.small(t, "the times")
	return d, c, path
}

// Three weeks with six shifts a day, on a phone without a script.
func TestPresenceFromEndToEnd(t *testing.T) {
	t.Parallel()
	d, c, path := presence(t)
	all := d.times(t, c.Event)
	rota := d.get(path + "/rota")
	if rota.code != 200 || strings.Count(rota.body, "<td ") != 21*6 {
		t.Fatalf("%d\n%s", rota.code, rota.body)
	}
	rota.small(t, "the rota")

	// Somebody chooses a day, then a shift of it.
	when := d.get(path + "/attend")
	when.want(t, 200, "Which day?", "18 more needed.", path+"/attend?day=2026-05-25")
	when.small(t, "the days")
	form := d.get(path + "/attend?day=2026-05-25") // day 17
	form.want(t, 200, "Monday, May 25, 2026", "Watch 1, ", "Another day", "3 more needed.")
	form.small(t, "the form")
	if n := strings.Count(form.body, `name="slot"`); n != 6 {
		t.Errorf("%d shifts to choose from", n)
	}
	of := all[16*6 : 17*6]
	bad := d.post(path+"/attend", "key", form.field("key"), "party", "1", "day", form.field("day"))
	bad.want(t, 422, "Choose at least one time.", `name="day" value="2026-05-25"`)
	mine := d.arrive(path+"/attend", "party", "2", "day", form.field("day"), "slot", of[1].ID)
	d.get(path+"/attend?slot="+of[2].ID).want(t, 200, `name="day" value="2026-05-25"`, `value="`+of[2].ID+`" checked`)
	d.get(path+"/attend?day=2031-01-01").want(t, 200, "Which day?")
	d.get(path+"/attend?slot="+d.ids.Secret()).want(t, 200, "Which day?")

	// The private page shows their day, and keeps it while another changes.
	page := d.get(mine)
	page.want(t, 200, `name="day" value="2026-05-25"`, "The other days", "1 chosen", `value="`+of[1].ID+`" checked`)
	page.small(t, "the private page")
	third := d.get(mine + "?day=2026-05-11")
	third.want(t, 200, `name="day" value="2026-05-11"`)
	d.post(mine, "party", "2", "day", "2026-05-11", "slot", all[12].ID, "slot", all[13].ID).want(t, 303)
	d.post(mine, "party", "2", "day", "2026-05-11", "slot", all[13].ID).want(t, 303)
	want := books{
		Going: map[string]int{}, Waiting: map[string]int{}, Needs: map[string]int{}, Lines: map[string][]string{},
		Has: map[string][]string{string(id.Hash(mine[len(path)+len("/attend/"):])): {all[13].ID, of[1].ID}},
	}
	for _, s := range all {
		want.Going[s.ID], want.Waiting[s.ID] = 0, 0
	}
	want.Going[of[1].ID], want.Going[all[13].ID] = 2, 2
	got := d.books(t, c.Event)
	for _, x := range []books{want, got} {
		for _, slots := range x.Has {
			slices.Sort(slots)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	d.post(mine, "party", "2", "day", "2026-05-25").want(t, 303) // the other day remains
	d.post(mine, "party", "2", "day", "2026-05-11").want(t, 422, "Choose at least one time.")
	if r := d.post(mine, "party", "2", "day", "x&y", "slot", all[13].ID); r.header.Get("Location") != mine+"?saved=1&day="+url.QueryEscape("x&y") {
		t.Errorf("%d %s", r.code, r.header.Get("Location"))
	}
}

// The rota says in words where people are missing, first of all, and which day
// it is.
func TestRota(t *testing.T) {
	t.Parallel()
	d, c, path := presence(t)
	all := d.times(t, c.Event)
	d.arrive(path+"/attend", "party", "3", "day", "2026-05-13", "slot", all[24].ID)
	d.arrive(path+"/attend", "party", "8", "day", "2026-05-13", "slot", all[25].ID)
	d.clock.Set(c.Start.AddDate(0, 0, 4).Add(90 * time.Minute)) // half past one in the night of day 5
	r := d.get(path + "/rota")
	for _, s := range []string{
		"day 5 of 21", "Where hands are missing", "And 88 more shifts, below.", "Enough</a> ", "3 of 8", "Full</a> ", "8 of 8",
		path + "/attend?slot=" + all[26].ID, "Today", "?all=1", `class="needed"`,
	} {
		if !strings.Contains(r.body, s) {
			t.Errorf("no %q in\n%s", s, r.body)
		}
	}
	if strings.Contains(r.body, all[0].ID) || strings.Contains(r.body, `datetime="2026-05-12"`) {
		t.Error("what is over is shown")
	}
	// Cells are not links when they take nobody.
	whole := d.get(path + "/rota?all=1").body
	if strings.Contains(whole, all[0].ID) || !strings.Contains(whole, `datetime="2026-05-12"`) {
		t.Error("the days that are over are not shown as such")
	}
	// Nor is anybody needed at times that are over, as the organizers see them.
	d.edits = true
	past := d.get(path + "/timeslots?day=2026-05-12")
	past.want(t, 200, `<span class="badge past">Over</span>`)
	if strings.Contains(past.body, "more needed") || strings.Contains(past.body, "Closed</span>") {
		t.Errorf("of times that are over:\n%s", past.body)
	}
	// Gaps come first, the next one first.
	if i, k := strings.Index(r.body, all[26].ID), strings.Index(r.body, all[27].ID); i > k || k > strings.Index(r.body, "<table") {
		t.Error("gaps are not in their order")
	}
	d.hidden[c.Event] = true
	d.site.Cache().Touch([]string{"event:" + string(c.Event)})
	if r := d.get(path + "/rota"); r.code != 404 {
		t.Errorf("the rota of a hidden event: %d", r.code)
	}
	none, _ := d.event(0)
	if r := d.get("/events/" + string(none.Event) + "/rota"); r.code != 404 {
		t.Errorf("a rota without shifts: %d", r.code)
	}
}

// Bad input to the form that fills is kept and said; nothing is made.
func TestFillFormKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.publish(t, vigil)
	d.known[c.Event], d.edits = true, true
	d.brief = func(b *attendance.Brief) { b.Start, b.End = c.Start, c.End }
	path := "/events/" + string(c.Event) + "/timeslots/fill"
	r := d.post(path, "key", d.ids.Secret(), "do", "make", "from", "2026-05-20", "to", "2026-05-10", "title2", "<Watch>", "start2", "6", "end2", "", "least2", "many")
	r.want(t, 422, `id="to-error"`, `id="start2-error"`, `id="end2-error"`, `id="least2-error"`, "&lt;Watch&gt;", `value="many"`)
	r = d.post(path, "key", d.ids.Secret(), "do", "make", "from", "2026-05-01", "to", "2026-06-10")
	r.want(t, 422, `id="from-error"`, `id="to-error"`, `id="title1-error"`, "from 2026-05-09 to 2026-05-29")
	d.post(path, "key", "x", "from", "2026-05-10", "to", "2026-05-10", "title1", "A", "start1", "06:00", "end1", "07:00").want(t, 400)
	d.post(path, "key", d.ids.Secret(), "do", "make", "from", "2026-05-10", "to", "2026-05-10", "title1", "A", "start1", "06:00", "end1", "07:00").
		want(t, 200, "This makes 1 time") // not looked at yet
	weekdays := d.post(path, "key", d.ids.Secret(), "from", "2026-05-09", "to", "2026-05-29", "weekday", "6", "weekday", "0", "title1", "A", "start1", "22:00", "end1", "06:00")
	weekdays.want(t, 200, "This makes 6 times", `value="6" checked`)
	if n := len(d.times(t, c.Event)); n != 0 {
		t.Errorf("%d made", n)
	}
}
