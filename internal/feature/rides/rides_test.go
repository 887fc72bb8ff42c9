package rides_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/feature/rides"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// Many want the last seat, and one gets it.
func TestRaceForTheLastSeat(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.event(t)
		o := h.offer(t, e, h.guest(t, e, 1, "going"), "Millbrook", "1")
		var all []string
		for range 12 {
			all = append(all, h.guest(t, e, 2, "going"))
		}
		errs := make([]error, len(all))
		var wg sync.WaitGroup
		for i, g := range all {
			wg.Go(func() { errs[i] = h.Arrange(t.Context(), e, g, seats(o, 1)) })
		}
		wg.Wait()
		got := 0
		for _, err := range errs {
			if err == nil {
				got++
				continue
			}
			refusedAs(t, err, "ride.none_left")
		}
		if got != 1 || h.totals(t, e)["Millbrook"] != [3]int{1, 1, 0} {
			t.Errorf("%d got the seat; %v", got, h.totals(t, e))
		}
		h.drifts(t)
	})
}

// The two sides know each other by the same words, and by nothing else.
func TestCodeAndSentences(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.event(t)
		driver, one, two := h.guest(t, e, 1, "going"), h.guest(t, e, 2, "going"), h.guest(t, e, 1, "going")
		o := h.offer(t, e, driver, "Millbrook", "4")
		h.arrange(t, e, one, seats(o, 2))
		h.arrange(t, e, two, seats(o, 1))
		code := h.mine(t, e, one).Seats[0].Code
		if len(strings.Fields(code)) != 4 {
			t.Errorf("code %q", code)
		}
		key := h.ids.Secret()
		for range 2 { // a retry is one message
			if err := h.Send(t.Context(), e, one, o, key, "late10"); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.Send(t.Context(), e, driver, o, h.ids.Secret(), "there"); err != nil {
			t.Fatal(err)
		}
		for _, r := range h.mine(t, e, driver).Riders {
			if r.Seats == 2 && (r.Code != code || len(r.Messages) != 1 || r.Messages[0].Code != "late10") || r.Seats == 1 && (r.Code == code || len(r.Messages) > 0) {
				t.Errorf("the driver sees %+v", r)
			}
		}
		if s := h.mine(t, e, two).Seats[0]; len(s.Theirs) != 1 || s.Theirs[0].Code != "there" || len(s.Mine) != 0 {
			t.Errorf("another rider sees %+v", s)
		}
		for range 4 {
			if err := h.Send(t.Context(), e, one, o, h.ids.Secret(), "late5"); err != nil {
				t.Fatal(err)
			}
		}
		refusedAs(t, h.Send(t.Context(), e, one, o, h.ids.Secret(), "late5"), "ride.say_many")
		refusedAs(t, h.Send(t.Context(), e, h.guest(t, e, 1, "going"), o, h.ids.Secret(), "late5"), "ride.gone")
		refusedAs(t, h.Send(t.Context(), e, two, o, h.ids.Secret(), "I live at 12 Main Street"), "ride.say")
		// The same seats again keep the words.
		h.arrange(t, e, one, seats(o, 1))
		if got := h.mine(t, e, one).Seats[0].Code; got != code {
			t.Errorf("the words changed from %q to %q", code, got)
		}
	})
}

// Who waits for a place offers one to others and says what they need, but takes
// no seat from those who have one.
func TestWaitingOffersAndTakesNone(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.event(t)
		waits := h.guest(t, e, 2, "waiting")
		h.offer(t, e, waits, "Millbrook", "2")
		o := h.offer(t, e, h.guest(t, e, 1, "going"), "Ashford", "2")
		h.arrange(t, e, waits, rides.Wish{Need: &rides.NeedInput{From: "Ashford", Seats: "2"}})
		refusedAs(t, h.Arrange(t.Context(), e, waits, seats(o, 1)), "ride.waiting")
		h.exec(t, "update attendance set state = 'going' where hash = $1", id.Hash(waits))
		h.arrange(t, e, waits, seats(o, 1))
	})
}

// A withdrawn ride is told to those who had a seat in it, whose need is open
// again, whether the offer ended or the sign-up behind it.
func TestWithdrawnRide(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.event(t)
		for name, end := range map[string]func(string){
			"withdrawn": func(s string) { h.arrange(t, e, s, rides.Wish{Withdraw: true}) },
			"cancelled": func(s string) { h.cancel(t, e, s) },
		} {
			driver, rider := h.guest(t, e, 1, "going"), h.guest(t, e, 2, "going")
			o := h.offer(t, e, driver, "Lakeview", "3")
			h.arrange(t, e, rider, seats(o, 2))
			end(driver)
			m := h.mine(t, e, rider)
			if len(m.News) != 1 || m.News[0].What != "withdrawn" || m.News[0].Town != "Lakeview"+label || len(m.Seats) != 0 ||
				m.Need == nil || m.Need.Seats != 2 || m.Need.Taken != 0 {
				t.Errorf("%s: %+v %+v", name, m.News, m.Need)
			}
			if got := h.totals(t, e)["Lakeview"]; got != [3]int{0, 0, 2} {
				t.Errorf("%s: %v", name, got)
			}
			if err := h.Seen(t.Context(), e, rider); err != nil {
				t.Fatal(err)
			}
			if m := h.mine(t, e, rider); len(m.News) != 0 {
				t.Errorf("%s: put away, and still there: %+v", name, m.News)
			}
			h.cancel(t, e, rider)
			if len(h.totals(t, e)) != 0 {
				t.Errorf("%s: left over: %v", name, h.totals(t, e))
			}
			h.drifts(t)
		}
	})
}

func TestOfferRules(t *testing.T) {
	t.Parallel()
	h := newHall(t, dbtest.SQLite(t))
	e := h.event(t)
	me := h.guest(t, e, 1, "going")
	day := func(n int) string { return e.Start.AddDate(0, 0, n).Format(time.DateOnly) }
	for code, change := range map[string]func(in *rides.OfferInput){
		"ride.town_missing": func(in *rides.OfferInput) { in.From = " " },
		"ride.town_unknown": func(in *rides.OfferInput) { in.From = "Nowhere" },
		"ride.text_address": func(in *rides.OfferInput) { in.From = "12 Main Street, Millbrook" },
		"ride.text_phone":   func(in *rides.OfferInput) { in.Meeting = "call 0341 987654" },
		"ride.text_contact": func(in *rides.OfferInput) { in.Note = "ada@example.org" },
		"ride.town_which":   func(in *rides.OfferInput) { in.From = "Newtown" },
		"ride.meeting":      func(in *rides.OfferInput) { in.Meeting = "" },
		"form.long":         func(in *rides.OfferInput) { in.Note = strings.Repeat("a ", 101) },
		"ride.date":         func(in *rides.OfferInput) { in.Date = "tomorrow" },
		"ride.time":         func(in *rides.OfferInput) { in.Time = "25:00" },
		"ride.late":         func(in *rides.OfferInput) { in.Time = e.Start.Format("15:04") },
		"ride.early":        func(in *rides.OfferInput) { in.Date = day(-15) },
		"ride.past":         func(in *rides.OfferInput) { in.Date = day(-8) },
		"ride.seats":        func(in *rides.OfferInput) { in.Seats = "9" },
		"ride.back_early":   func(in *rides.OfferInput) { in.Back, in.BackTime = true, "06:31" },
		"ride.back_late":    func(in *rides.OfferInput) { in.Back, in.BackTime, in.BackDate = true, "10:00", day(9) },
	} {
		in := ride(e, "Millbrook", "3")
		change(in)
		refusedAs(t, h.Arrange(t.Context(), e, me, rides.Wish{Offer: in}), code)
		if m := h.mine(t, e, me); m.Offer != nil || len(h.totals(t, e)) != 0 {
			t.Fatalf("%s, and stored all the same", code)
		}
	}
	refusedAs(t, h.Arrange(t.Context(), e, me, rides.Wish{Offer: ride(e, "Saxony", "1")}), "ride.town_unknown")
	// A postcode is closer than a town, so the town is kept.
	h.arrange(t, e, me, rides.Wish{Offer: ride(e, "12345", "1")})
	in := ride(e, "Newtown", "2")
	in.Pick = "Newtown" + label
	in.Back, in.BackTime = true, "23:00"
	h.arrange(t, e, me, rides.Wish{Offer: in})
	if m := h.mine(t, e, me); m.Offer.Town.Label != in.Pick || m.Offer.Back.IsZero() || m.Offer.Version != 2 {
		t.Errorf("%+v", m.Offer)
	}
}

// An hour that the clock change skips does not exist.
func TestSkippedHour(t *testing.T) {
	t.Parallel()
	h := newHall(t, dbtest.SQLite(t))
	e := h.event(t)
	me := h.guest(t, e, 1, "going")
	zone := e.Start.Location()
	e.Start = time.Date(2027, 3, 28, 12, 0, 0, 0, zone)
	e.End = e.Start.Add(time.Hour)
	h.clock.Set(e.Start.AddDate(0, 0, -3).UTC())
	in := ride(e, "Millbrook", "1")
	in.Time = "02:30"
	refusedAs(t, h.Arrange(t.Context(), e, me, rides.Wish{Offer: in}), "ride.time_skipped")
	in.Time = "03:00"
	h.arrange(t, e, me, rides.Wish{Offer: in})
}

// What changes about a ride or the event is said to those who have a seat.
func TestChangedAndMoved(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.event(t)
		driver, rider := h.guest(t, e, 1, "going"), h.guest(t, e, 1, "going")
		o := h.offer(t, e, driver, "Millbrook", "3")
		h.arrange(t, e, rider, seats(o, 1))
		h.offer(t, e, driver, "Millbrook", "2")
		if s := h.mine(t, e, rider).Seats[0]; s.Changed || s.Offer.Moved {
			t.Errorf("fewer seats are no news: %+v", s)
		}
		in := ride(e, "Millbrook", "2")
		in.Time = "06:00"
		h.arrange(t, e, driver, rides.Wish{Offer: in})
		if !h.mine(t, e, rider).Seats[0].Changed {
			t.Error("another hour is not said")
		}
		if err := h.Seen(t.Context(), e, rider); err != nil {
			t.Fatal(err)
		}
		if h.mine(t, e, rider).Seats[0].Changed {
			t.Error("it is said again")
		}
		moved := *e
		moved.Start, moved.End = e.Start.Add(24*time.Hour), e.End.Add(24*time.Hour)
		if !h.mine(t, &moved, rider).Seats[0].Offer.Moved || !h.mine(t, &moved, driver).Offer.Moved {
			t.Error("a moved event is not said")
		}
		elsewhere := *e
		elsewhere.Place = "New Bridge"
		if !h.mine(t, &elsewhere, rider).Seats[0].Offer.Moved {
			t.Error("another place is not said")
		}
		h.arrange(t, &moved, driver, rides.Wish{Offer: ride(&moved, "Millbrook", "2")})
		if h.mine(t, &moved, rider).Seats[0].Offer.Moved {
			t.Error("the offer was written anew, and is still said to be old")
		}
	})
}

// Nothing new is arranged for an event that is cancelled, waits for its date or
// has begun; what there is can be given back.
func TestClosed(t *testing.T) {
	t.Parallel()
	h := newHall(t, dbtest.SQLite(t))
	e := h.event(t)
	driver, rider, late := h.guest(t, e, 1, "going"), h.guest(t, e, 2, "going"), h.guest(t, e, 1, "going")
	o := h.offer(t, e, driver, "Millbrook", "3")
	h.arrange(t, e, rider, seats(o, 1))
	begun := *e
	begun.Start = h.clock.Now()
	for code, change := range map[string]rides.Event{"ride.cancelled": *e, "ride.postponed": *e, "ride.over": begun} {
		ev := change
		if state := strings.TrimPrefix(code, "ride."); state != "over" {
			ev.State = state
		}
		refusedAs(t, h.Arrange(t.Context(), &ev, late, seats(o, 1)), code)
		refusedAs(t, h.Arrange(t.Context(), &ev, late, rides.Wish{Need: &rides.NeedInput{From: "Ashford", Seats: "1"}}), code)
		if code != "ride.over" { // then no time is early enough
			refusedAs(t, h.AddBus(t.Context(), &ev, h.ids.Secret(), *ride(e, "Ashford", "50")), code)
		}
		if m := h.mine(t, &ev, late); len(m.Found) != 0 {
			t.Errorf("%s: offers %+v", code, m.Found)
		}
	}
	cancelled := *e
	cancelled.State = "cancelled"
	h.arrange(t, &cancelled, rider, rides.Wish{Drop: true})
	h.arrange(t, &cancelled, driver, rides.Wish{Withdraw: true})
	if len(h.totals(t, e)) != 0 {
		t.Error(h.totals(t, e))
	}
	// A ride that has left takes nobody.
	o = h.offer(t, e, driver, "Millbrook", "3")
	h.clock.Set(h.mine(t, e, driver).Offer.Leaves.UTC())
	refusedAs(t, h.Arrange(t.Context(), e, rider, seats(o, 1)), "ride.left")
	if m := h.mine(t, e, rider); len(m.Found) != 0 {
		t.Errorf("one that has left is offered: %+v", m.Found)
	}
}

// Nearest town first, then the earliest, from where somebody looks.
func TestNearestFirst(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.event(t)
		for _, x := range [][2]string{{"Lakeview", "06:00"}, {"Ashford", "07:00"}, {"Ashford", "06:30"}, {"Stonebridge", "05:00"}} {
			in := ride(e, x[0], "2")
			in.Time = x[1]
			h.arrange(t, e, h.guest(t, e, 1, "going"), rides.Wish{Offer: in})
		}
		order := func(m rides.Mine) string {
			var out []string
			for _, f := range m.Found {
				out = append(out, f.Town.Label[:1]+f.Leaves.Format("15:04"))
			}
			return strings.Join(out, " ")
		}
		me := h.guest(t, e, 1, "going")
		if got := order(h.mine(t, e, me)); got != "A06:30 A07:00 S05:00 L06:00" { // from the event, at Millbrook
			t.Error(got)
		}
		h.arrange(t, e, me, rides.Wish{Need: &rides.NeedInput{From: "Lakeview", Seats: "1"}})
		if got := order(h.mine(t, e, me)); got != "L06:00 S05:00 A06:30 A07:00" {
			t.Error(got)
		}
	})
}

// Organizers add buses; they see an offer of somebody only once it is reported,
// and remove it with a reason.
func TestDesk(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx, e := t.Context(), h.event(t)
		key := h.ids.Secret()
		for range 2 {
			if err := h.AddBus(ctx, e, key, *ride(e, "Ashford", "50")); err != nil {
				t.Fatal(err)
			}
		}
		refusedAs(t, h.AddBus(ctx, e, h.ids.Secret(), *ride(e, "Ashford", "51")), "ride.seats")
		driver, rider := h.guest(t, e, 1, "going"), h.guest(t, e, 3, "going")
		o := h.offer(t, e, driver, "Millbrook", "2")
		h.arrange(t, e, rider, rides.Wish{Seats: map[string]int{o: 1, key: 2}})
		if err := h.SendBus(ctx, e, key, h.ids.Secret(), "late20"); err != nil {
			t.Fatal(err)
		}
		refusedAs(t, h.SendBus(ctx, e, o, h.ids.Secret(), "late20"), "ride.gone")
		refusedAs(t, h.Remove(ctx, e, o, "I do not like it"), "ride.gone")
		d, err := h.Desk(ctx, e)
		if err != nil || len(d.Buses) != 1 || d.Buses[0].Taken != 2 || len(d.Buses[0].Riders) != 1 || len(d.Reported) != 0 || len(d.Totals) != 2 {
			t.Fatalf("%+v, %v", d, err)
		}
		for range 2 {
			if err := h.Report(ctx, e, rider, o); err != nil {
				t.Fatal(err)
			}
		}
		if d, err = h.Desk(ctx, e); err != nil || len(d.Reported) != 1 || d.Reported[0].Meeting == "" {
			t.Fatalf("%+v, %v", d.Reported, err)
		}
		refusedAs(t, h.Remove(ctx, e, o, " "), "ride.reason")
		refusedAs(t, h.Remove(ctx, e, o, "call 0341 987654"), "ride.text_phone")
		if err := h.Remove(ctx, e, o, "It asks for money."); err != nil {
			t.Fatal(err)
		}
		if m := h.mine(t, e, driver); m.Offer != nil || len(m.News) != 1 || m.News[0].What != "refused" || m.News[0].Reason != "It asks for money." {
			t.Errorf("%+v", m.News)
		}
		if m := h.mine(t, e, rider); len(m.News) != 1 || m.News[0].What != "removed" || m.News[0].Reason != "" || m.Need.Seats-m.Need.Taken != 1 {
			t.Errorf("%+v %+v", m.News, m.Need)
		}
		if err := h.Remove(ctx, e, key, ""); err != nil {
			t.Fatal(err)
		}
		if m := h.mine(t, e, rider); len(m.Seats) != 0 || len(m.News) != 2 {
			t.Errorf("%+v", m)
		}
		h.drifts(t)
	})
}

// Seven days after the event nothing is left, and of a sign-up nothing when it
// goes.
func TestExpiry(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx, e, other := t.Context(), h.event(t), h.event(t)
		driver, rider := h.guest(t, e, 1, "going"), h.guest(t, e, 1, "going")
		bus := h.ids.Secret()
		if err := errors.Join(h.AddBus(ctx, e, bus, *ride(e, "Ashford", "50")), h.AddBus(ctx, other, h.ids.Secret(), *ride(other, "Ashford", "50"))); err != nil {
			t.Fatal(err)
		}
		o := h.offer(t, e, driver, "Millbrook", "2")
		h.arrange(t, e, rider, seats(o, 1))
		if err := errors.Join(h.Send(ctx, e, rider, o, h.ids.Secret(), "late5"), h.Report(ctx, e, rider, o), h.Remove(ctx, e, bus, "")); err != nil {
			t.Fatal(err)
		}
		// The other event was moved, so its rides stay.
		err := h.db.Write(ctx, func(tx *db.Tx) error {
			return h.EventChanged(ctx, tx, fact.EventChanged{Event: other.ID, State: "postponed", End: other.End})
		})
		if err != nil {
			t.Fatal(err)
		}
		h.clock.Set(e.End.Add(7 * 24 * time.Hour).UTC())
		if err := h.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		if h.rows(t, e.ID) == 0 {
			t.Error("gone too early")
		}
		h.clock.Add(time.Second)
		if err := h.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		if n := h.rows(t, e.ID); n != 0 {
			t.Errorf("%d rows are left", n)
		}
		if h.rows(t, other.ID) == 0 {
			t.Error("the postponed event's are gone")
		}
	})
}

// rows counts those of all tables of the feature.
func (h *hall) rows(t fataler, e id.Event) (n int) {
	t.Helper()
	err := h.db.Read(t.Context(), func(tx *db.Tx) error {
		n = 0
		for _, table := range []string{"board", "town", "offer", "need", "seat", "message", "report", "news"} {
			var k int
			if err := tx.Get(t.Context(), "select count(*) from ride_"+table+" where event_id = $1", []any{string(e)}, &k); err != nil {
				return err
			}
			n += k
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What is written opens only while the event's key is there.
func TestSealed(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.event(t)
		me := h.guest(t, e, 1, "going")
		in := ride(e, "Millbrook", "2")
		in.Meeting, in.Note = "canary by the fountain", "canary in a note"
		h.arrange(t, e, me, rides.Wish{Offer: in})
		var raw []byte
		err := h.db.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), "select sealed from ride_offer where event_id = $1", []any{string(e.ID)}, &raw)
		})
		if err != nil || strings.Contains(string(raw), "canary") {
			t.Errorf("%q, %v", raw, err)
		}
		if err := h.vault.Destroy(t.Context(), string(e.ID)); err != nil {
			t.Fatal(err)
		}
		_, err = h.Mine(t.Context(), e, me, nil)
		refusedAs(t, err, "ride.no_sign_up")
		if !errors.Is(err, seal.ErrDestroyed) {
			t.Error(err)
		}
	})
}

// A recount mends what drifted.
func TestRecount(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.event(t)
		driver, rider := h.guest(t, e, 1, "going"), h.guest(t, e, 2, "going")
		o := h.offer(t, e, driver, "Millbrook", "3")
		h.arrange(t, e, rider, seats(o, 2))
		h.arrange(t, e, rider, rides.Wish{Need: &rides.NeedInput{From: "Ashford", Seats: "2"}})
		want := h.totals(t, e)
		for _, q := range []string{
			"update ride_offer set taken = 1", "update ride_need set taken = 0", "update ride_town set wanted = 9",
			"update ride_town set offered = 1, taken = 0, refs = 5",
		} {
			h.exec(t, q)
			var drifts []string
			err := h.db.Write(t.Context(), func(tx *db.Tx) (err error) {
				if drifts, err = rides.Drifts(t.Context(), tx); err != nil {
					return err
				}
				return rides.Recount(t.Context(), tx, string(e.ID))
			})
			if err != nil || !slices.Equal(drifts, []string{string(e.ID)}) {
				t.Errorf("%s: %v, %v", q, drifts, err)
			}
			h.drifts(t)
			if got := h.totals(t, e); got["Millbrook"] != want["Millbrook"] {
				t.Errorf("%s: %v, want %v", q, got, want)
			}
		}
	})
}

// A row of a sentence tells its minute and no more; those of one side stay in
// their order.
func TestSentencesTellTheirMinute(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.event(t)
		h.clock.Add(17*time.Second + 123*time.Microsecond)
		one := h.guest(t, e, 1, "going")
		o := h.offer(t, e, h.guest(t, e, 1, "going"), "Millbrook", "4")
		h.arrange(t, e, one, seats(o, 1))
		want := []string{"late5", "late10", "there", "late5", "there"}
		for _, code := range want {
			h.clock.Add(time.Second)
			if err := h.Send(t.Context(), e, one, o, h.ids.Secret(), code); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for _, m := range h.mine(t, e, one).Seats[0].Mine {
			got = append(got, m.Code)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("in the order %v, want %v", got, want)
		}
		var odd int
		err := h.db.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), "select count(*) from ride_message where made_at % 60000000 <> 0", nil, &odd)
		})
		if err != nil || odd != 0 {
			t.Errorf("%d tell more than their minute, %v", odd, err)
		}
	})
}

// Who loses their place at the event loses the seats, and looks for some again.
func TestPlaceLost(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.event(t)
		one := h.guest(t, e, 2, "going")
		o := h.offer(t, e, h.guest(t, e, 1, "going"), "Millbrook", "4")
		h.arrange(t, e, one, seats(o, 2))
		for _, place := range []bool{true, false, false} {
			err := h.db.WriteHot(t.Context(), string(e.ID), func(tx *db.Tx) error {
				return h.SignUpChanged(t.Context(), tx, fact.SignUpChanged{Event: e.ID, Hash: id.Hash(one), Party: 2, Place: place})
			})
			if err != nil {
				t.Fatal(err)
			}
			want := [3]int{4, 2, 0}
			if !place {
				want = [3]int{4, 0, 2}
			}
			if got := h.totals(t, e)["Millbrook"]; got != want {
				t.Errorf("with a place %v: %v, want %v", place, got, want)
			}
		}
		h.drifts(t)
	})
}
