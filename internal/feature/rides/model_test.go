package rides_test

import (
	"maps"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/feature/rides"
)

// guest is one sign-up as the model knows it, with what it offers and needs.
type guest struct {
	secret string
	party  int
	going  bool
	offer  *offer
	needs  string // town, "" for no need
	seats  int    // needed
	taken  map[*offer]int
	news   int
}

type offer struct {
	id, town string
	seats    int
	by       *guest
}

func (g *guest) has() (n int) {
	for _, k := range g.taken {
		n += k
	}
	return n
}

// model is what the rules say, written as plainly as possible.
type model struct {
	h      *hall
	event  *rides.Event
	guests []*guest
}

func (m *model) takenOf(o *offer) (n int) {
	for _, g := range m.guests {
		n += g.taken[o]
	}
	return n
}

func (m *model) pick(t *rapid.T) *guest {
	if len(m.guests) == 0 {
		t.Skip("nobody")
	}
	return m.guests[rapid.IntRange(0, len(m.guests)-1).Draw(t, "who")]
}

func (m *model) signUp(t *rapid.T) {
	if len(m.guests) >= 8 {
		t.Skip("enough")
	}
	g := &guest{party: rapid.IntRange(1, 6).Draw(t, "party"), going: rapid.IntRange(0, 4).Draw(t, "state") > 0, taken: map[*offer]int{}}
	g.secret = m.h.guest(t, m.event, g.party, map[bool]string{true: "going", false: "waiting"}[g.going])
	m.guests = append(m.guests, g)
}

// end frees all who had a seat in an offer.
func (m *model) end(o *offer) {
	for _, g := range m.guests {
		if g.taken[o] > 0 {
			delete(g.taken, o)
			g.news++
		}
	}
	o.by.offer = nil
}

func (m *model) cancel(t *rapid.T) {
	g := m.pick(t)
	if g.offer != nil {
		m.end(g.offer)
	}
	m.h.cancel(t, m.event, g.secret)
	for i, x := range m.guests {
		if x == g {
			m.guests = append(m.guests[:i:i], m.guests[i+1:]...)
			return
		}
	}
}

func (m *model) propose(t *rapid.T) {
	g := m.pick(t)
	town, n := rapid.SampledFrom(townNames).Draw(t, "town"), rapid.IntRange(1, 8).Draw(t, "seats")
	err := m.h.Arrange(t.Context(), m.event, g.secret, rides.Wish{Offer: ride(m.event, town, strconv.Itoa(n))})
	if g.offer != nil && n < m.takenOf(g.offer) {
		refusedAs(t, err, "ride.seats_taken")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if g.offer == nil {
		g.offer = &offer{id: m.h.mine(t, m.event, g.secret).Offer.ID, by: g}
	}
	g.offer.town, g.offer.seats = town, n
}

func (m *model) withdraw(t *rapid.T) {
	g := m.pick(t)
	m.h.arrange(t, m.event, g.secret, rides.Wish{Withdraw: true})
	if g.offer != nil {
		m.end(g.offer)
	}
}

func (m *model) need(t *rapid.T) {
	g := m.pick(t)
	town, n := rapid.SampledFrom(townNames).Draw(t, "town"), rapid.IntRange(1, 6).Draw(t, "seats")
	err := m.h.Arrange(t.Context(), m.event, g.secret, rides.Wish{Need: &rides.NeedInput{From: town, Seats: strconv.Itoa(n)}})
	switch {
	case n > g.party:
		refusedAs(t, err, "ride.party")
	case n < g.has():
		refusedAs(t, err, "ride.need_taken")
	case err != nil:
		t.Fatal(err)
	default:
		g.needs, g.seats = town, n
	}
}

func (m *model) drop(t *rapid.T) {
	g := m.pick(t)
	m.h.arrange(t, m.event, g.secret, rides.Wish{Drop: true})
	g.needs, g.seats, g.taken = "", 0, map[*offer]int{}
}

// take also changes, gives back, and sends again.
func (m *model) take(t *rapid.T) {
	g := m.pick(t)
	var all []*offer
	for _, x := range m.guests {
		if x.offer != nil {
			all = append(all, x.offer)
		}
	}
	if len(all) == 0 {
		t.Skip("no offer")
	}
	o, n := rapid.SampledFrom(all).Draw(t, "offer"), rapid.IntRange(0, 6).Draw(t, "seats")
	had := g.taken[o]
	want := ""
	switch {
	case n <= had:
	case o.by == g:
		want = "ride.own"
	case !g.going:
		want = "ride.waiting"
	case g.has()-had+n > g.party:
		want = "ride.party_seats"
	case m.takenOf(o)-had+n > o.seats:
		want = "full"
	}
	for range rapid.IntRange(1, 2).Draw(t, "times") { // a retry counts once
		err := m.h.Arrange(t.Context(), m.event, g.secret, seats(o.id, n))
		switch {
		case want == "full" && m.takenOf(o) == o.seats:
			refusedAs(t, err, "ride.none_left")
		case want == "full":
			refusedAs(t, err, "ride.full")
		case want != "":
			refusedAs(t, err, want)
		case err != nil:
			t.Fatal(err)
		}
	}
	if want != "" || n == had {
		return
	}
	if g.taken[o] = n; n == 0 {
		delete(g.taken, o)
	}
	if g.needs == "" {
		g.needs = o.town
	}
	g.seats = max(g.seats, g.has())
}

// check holds everything that is stored and shown against the model.
func (m *model) check(t *rapid.T) {
	want := map[string][3]int{}
	for _, g := range m.guests {
		if g.offer != nil {
			x := want[g.offer.town]
			x[0] += g.offer.seats
			x[1] += m.takenOf(g.offer)
			want[g.offer.town] = x
			if m.takenOf(g.offer) > g.offer.seats {
				t.Errorf("%d seats of %d are taken", m.takenOf(g.offer), g.offer.seats)
			}
		}
		if g.needs != "" {
			x := want[g.needs]
			x[2] += g.seats - g.has()
			want[g.needs] = x
		}
	}
	maps.DeleteFunc(want, func(_ string, x [3]int) bool { return x[0] == 0 && x[2] == 0 })
	if d := cmp.Diff(want, m.h.totals(t, m.event)); d != "" {
		t.Error("totals: " + d)
	}
	m.h.drifts(t)
	if len(m.guests) > 0 {
		m.checkGuest(t, m.pick(t))
	}
}

func (m *model) checkGuest(t *rapid.T, g *guest) {
	got := m.h.mine(t, m.event, g.secret)
	if (got.Offer != nil) != (g.offer != nil) || got.Offer != nil && (got.Offer.Seats != g.offer.seats || got.Offer.Taken != m.takenOf(g.offer)) {
		t.Errorf("offer %+v, want %+v", got.Offer, g.offer)
	}
	if (got.Need != nil) != (g.needs != "") || got.Need != nil && (got.Need.Seats != g.seats || got.Need.Taken != g.has()) {
		t.Errorf("need %+v, want %d from %q and %d of them taken", got.Need, g.seats, g.needs, g.has())
	}
	have := map[string]int{}
	for _, s := range got.Seats {
		have[s.Offer.ID] = s.Seats
	}
	want := map[string]int{}
	for o, n := range g.taken {
		want[o.id] = n
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Error("seats: " + d)
	}
	if len(got.News) != g.news {
		t.Errorf("%d pieces of news, want %d", len(got.News), g.news)
	}
	for _, f := range got.Found {
		if f.Free() <= 0 {
			t.Errorf("a full ride is offered: %+v", f)
		}
	}
}

// TestModel: seats taken never exceed those offered, and every counter is what
// its rows add up to, whatever people do in whatever order.
func TestModel(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		rapid.Check(t, func(t *rapid.T) {
			m := &model{h: h, event: h.event(t)}
			t.Repeat(map[string]func(*rapid.T){
				"sign up": m.signUp, "sign up too": m.signUp, "cancel": m.cancel, "offer": m.propose, "withdraw": m.withdraw,
				"need": m.need, "drop": m.drop, "take": m.take, "take more": m.take, "": m.check,
			})
		})
	})
}
