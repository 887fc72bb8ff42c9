package assemblies

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// The way of a hand: up, called, down, up again; with first-time speakers first.
func TestHands(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx, aid := t.Context(), h.called(t, plenary())
		wantCode(t, h.raise(t, aid, "cat", "Cat"), "assembly.not_open")
		h.run(t, aid, DoOpen)
		wantCode(t, h.act(t, aid, DoCall), "assembly.no_hand")
		form := h.IDs.Secret()
		up := func() error { return h.RaiseHand(ctx, aid, room{By: actor("cat")}, form, " The  cat ") }
		noError(t, up(), up()) // the same form once more
		wantCode(t, h.raise(t, aid, "cat", "Cat"), "assembly.hand_up")
		wantCode(t, h.raise(t, aid, "dan", "the CAT"), "assembly.name_taken")
		wantCode(t, h.raise(t, aid, "dan", ""), "assembly.no_name")
		wantCode(t, h.raise(t, aid, "dan", strings.Repeat("x", 41)), "form.long")
		wantCode(t, h.RaiseHand(ctx, aid, room{By: actor("dan")}, "short", "Dan"), "form.key")
		if err := h.raise(t, aid, "eve", "Eve"); !fault.Is(err, fault.KindForbidden) {
			t.Errorf("a stranger raises a hand: %v", err)
		}
		noError(t, h.raise(t, aid, "dan", "Dan"))
		h.run(t, aid, DoCall)
		if got := h.line(t, aid); got != "The cat: Dan" {
			t.Errorf("called: %s", got)
		}
		if a := h.get(t, aid); !a.Speaker.Ends.Equal(h.clock.Now().Add(2 * time.Minute)) {
			t.Errorf("the speaker's timer is %+v", a.Speaker)
		}
		wantCode(t, h.raise(t, aid, "cat", "Cat"), "assembly.speaking")
		noError(t, h.LowerHand(ctx, aid, room{By: actor("cat")}), h.AgainHand(ctx, aid, room{By: actor("cat")}))
		noError(t, h.raise(t, aid, "bob", "Bob"))
		// The cat asked before Bob, and has spoken already.
		if got := h.line(t, aid); got != ": Dan, Bob, The cat" {
			t.Errorf("again: %s", got)
		}
		// Two call at once: the second is told.
		step := h.get(t, aid).Step
		noError(t, h.Run(ctx, actor("bob"), aid, RunInput{Form: h.IDs.Secret(), Step: step, Do: DoCall}))
		wantCode(t, h.Run(ctx, actor("ann"), aid, RunInput{Form: h.IDs.Secret(), Step: step, Do: DoCall}), "assembly.moved_on")
		if got := h.line(t, aid); got != "Dan: Bob, The cat" {
			t.Errorf("called once: %s", got)
		}
		h.run(t, aid, DoHush)
		noError(t, h.LowerHand(ctx, aid, room{By: actor("bob")}), h.LowerHand(ctx, aid, room{By: actor("bob")}))
		if got := h.line(t, aid); got != ": The cat" {
			t.Errorf("at the end: %s", got)
		}
	})
}

// Whoever has the link of the room takes part without an account, and learns no
// names without it.
func TestDoor(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx, aid := t.Context(), h.opened(t, plenary())
		door := h.look(t, aid, room{By: actor("bob")}).Door
		if !id.ValidSecret(door) {
			t.Fatalf("the link is %q", door)
		}
		if r := h.look(t, aid, room{By: actor("cat")}); r.Door != "" {
			t.Error("a member who runs nothing has the link")
		}
		hand := h.IDs.Secret()
		noError(t, h.RaiseHand(ctx, aid, room{Door: door}, hand, "Visitor in red"), h.raise(t, aid, "cat", "Cat"))
		for who, want := range map[string]string{"door": "Visitor in red, Cat", "hand": "Visitor in red, Cat", "nobody": ", "} {
			r := map[string]room{"door": {Door: door}, "hand": {Hand: hand}}[who]
			out := h.look(t, aid, r)
			w := out.Stack.waiting(true)
			if got := w[0].Name + ", " + w[1].Name; got != want || out.Named != (who != "nobody") {
				t.Errorf("%s sees %q", who, got)
			}
		}
		if out := h.look(t, aid, room{Hand: hand}); !out.Has || out.Own.State != Up {
			t.Errorf("one's own hand is %+v", out.Own)
		}
		for _, r := range []room{{Door: h.IDs.Secret()}, {Hand: h.IDs.Secret()}} {
			if _, err := h.Look(ctx, aid, r, nil); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("%+v gets in: %v", r, err)
			}
			wantCode(t, h.RaiseHand(ctx, aid, r, h.IDs.Secret(), "X"), "assembly.no_door")
		}
		// Another link ends the first; hands stay.
		h.run(t, aid, DoDoor)
		_, err := h.Look(ctx, aid, room{Door: door}, nil)
		wantCode(t, err, "assembly.no_door")
		noError(t, h.LowerHand(ctx, aid, room{Hand: hand}), h.AgainHand(ctx, aid, room{Hand: hand}))
		// Closing ends all of it, and nothing stays of who spoke.
		h.run(t, aid, DoCall)
		h.run(t, aid, DoClose)
		_, err = h.Look(ctx, aid, room{Hand: hand}, nil)
		wantCode(t, err, "assembly.no_door")
		for _, table := range []string{"assembly_hand", "assembly_form"} {
			if n := h.number(t, "select count(*) from "+table); n != 0 {
				t.Errorf("%d rows stay in %s", n, table)
			}
		}
		if _, err := h.vault.Existing(ctx, scope(aid)); err == nil {
			t.Error("the key of the names stays")
		}
		noError(t, h.Run(ctx, actor("bob"), aid, RunInput{Form: h.IDs.Secret(), Do: DoClose})) // again
	})
}

// An assembly for members has no link for others.
func TestNoDoorInside(t *testing.T) {
	t.Parallel()
	h := newHall(t, dbtest.SQLite(t))
	in := plenary()
	in.Public = false
	aid := h.opened(t, in)
	door := h.look(t, aid, room{By: actor("bob")}).Door
	if _, err := h.Look(t.Context(), aid, room{Door: door}, nil); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("a stranger gets into an assembly of members: %v", err)
	}
}

// No name is stored so that it can be read.
func TestNamesAreSealed(t *testing.T) {
	t.Parallel()
	h := newHall(t, dbtest.SQLite(t))
	aid := h.opened(t, plenary())
	noError(t, h.raise(t, aid, "cat", "Rosalind"))
	n := h.number(t, `select count(*) from assembly_hand where instr(cast(name as text), 'osalind') > 0 or instr(cast(name_tag as text), 'osalind') > 0
		or instr(cast(who as text), 'cat') > 0`)
	if n != 0 || h.number(t, "select count(*) from assembly_hand") != 1 {
		t.Errorf("%d names can be read", n)
	}
}

// What nobody closes closes by itself a day after its end; drafts of minutes are
// erased later.
func TestExpire(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx, aid := t.Context(), h.opened(t, plenary())
		h.item(t, aid, "Welcome", 5)
		h.run(t, aid, DoNext)
		noError(t, h.raise(t, aid, "cat", "Cat"))
		item := h.look(t, aid, room{By: actor("cat")}).Agenda[0].ID
		noError(t, h.WriteNotes(ctx, actor("bob"), aid, item, 0, NotesInput{Notes: "We began.", Decisions: "To go on"}))
		end := h.get(t, aid).Ends
		h.clock.Set(end.Add(24*time.Hour - time.Minute))
		noError(t, h.Expire(ctx))
		if h.get(t, aid).State != Open {
			t.Fatal("it closed too early")
		}
		h.clock.Set(end.Add(24 * time.Hour))
		noError(t, h.Expire(ctx), h.Expire(ctx))
		if a := h.get(t, aid); a.State != Closed || !a.Erased || h.number(t, "select count(*) from assembly_hand") != 0 {
			t.Fatalf("after a day it is %s, erased: %v", a.State, a.Erased)
		}
		if _, err := h.vault.Existing(ctx, scope(aid)); err == nil {
			t.Error("the key stays")
		}
		h.clock.Set(end.Add(draftsKept))
		noError(t, h.Expire(ctx))
		if n := h.number(t, "select count(*) from assembly_line") + h.number(t, "select count(*) from assembly_item where notes <> ''"); n != 0 {
			t.Error("a draft of minutes stays")
		}
		// Published minutes stay.
		noError(t, h.WriteNotes(ctx, actor("bob"), aid, item, 1, NotesInput{Notes: "We began."}),
			h.ActOnMinutes(ctx, actor("bob"), aid, MinutesInput{Do: PublishMinutes, For: MinutesPublic}))
		h.clock.Add(365 * 24 * time.Hour)
		noError(t, h.Expire(ctx))
		if h.number(t, "select count(*) from assembly_item where notes <> ''") != 1 {
			t.Error("published minutes are gone")
		}
	})
}

// An erasure that failed is made up for.
func TestErasureIsRepeated(t *testing.T) {
	t.Parallel()
	h := newHall(t, dbtest.SQLite(t))
	aid := h.opened(t, plenary())
	h.run(t, aid, DoClose)
	h.exec(t, "update assembly set erased = $1", false)
	noError(t, h.Expire(t.Context()))
	if !h.get(t, aid).Erased {
		t.Error("it was not erased again")
	}
}

// What has a job of its own reads no more than it changes.
func TestJobsUseIndices(t *testing.T) {
	t.Parallel()
	h := newHall(t, dbtest.SQLite(t))
	for _, q := range []string{selectOverdue, selectErase, selectStale} {
		if plan := dbtest.Plan(t, h.DB, q, 1, 1); strings.Contains(plan, "SCAN") && !strings.Contains(plan, "INDEX") {
			t.Errorf("%s\n%s", q, plan)
		}
	}
	for _, q := range []string{selectComing, selectPast, selectGroup} {
		args := []any{1, 1, "", 1}
		if plan := dbtest.Plan(t, h.DB, q, args...); strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN assembly\n") {
			t.Errorf("%s\n%s", q, plan)
		}
	}
	if plan := dbtest.Plan(t, h.DB, selectHandUp, "a"); strings.Contains(plan, "SCAN") || strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("%s\n%s", selectHandUp, plan)
	}
}

// reference is what the stack and the agenda should be, as simple as can be.
type reference struct {
	line  []string // who waits, in the order in which hands went up
	floor string
	spoke map[string]bool
	known map[string]bool
	items []string
	done  map[string]bool
	at    string
}

func (m *reference) waits() []string {
	var fresh, others []string
	for _, p := range m.line {
		if m.spoke[p] {
			others = append(others, p)
		} else {
			fresh = append(fresh, p)
		}
	}
	return append(fresh, others...)
}

func (m *reference) next() {
	begin := 0
	if m.at != "" {
		begin = slices.Index(m.items, m.at) + 1
		m.done[m.at] = true
		m.at = ""
	}
	for i := range m.items {
		x := m.items[(begin+i)%len(m.items)]
		if !m.done[x] {
			m.at = x
			return
		}
	}
}

// Whatever an assembly goes through, it is as the reference says, on both engines.
func TestModel(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		rapid.Check(t, func(r *rapid.T) {
			aid := h.opened(r, plenary())
			m := &reference{spoke: map[string]bool{}, known: map[string]bool{}, done: map[string]bool{}}
			for n := range rapid.IntRange(3, 14).Draw(r, "acts") {
				m.step(r, h, aid, n)
				m.same(r, h, aid)
			}
		})
	})
}

func (m *reference) step(r *rapid.T, h *hall, aid ID, n int) {
	ctx, who := r.Context(), rapid.SampledFrom([]string{"bob", "cat", "dan"}).Draw(r, "who")
	me := room{By: actor(who)}
	switch act := rapid.SampledFrom([]string{"up", "up", "down", "again", "call", "call", "hush", "add", "next", "move"}).Draw(r, "act"); act {
	case "up":
		err := h.raise(r, aid, who, "name "+who)
		if taken := m.floor == who || slices.Contains(m.line, who); taken != (err != nil) {
			r.Fatalf("%s raises: %v", who, err)
		}
		if err == nil {
			m.line, m.known[who] = append(m.line, who), true
		}
	case "again":
		err := h.AgainHand(ctx, aid, me)
		if m.floor == who {
			wantCode(r, err, "assembly.speaking")
		} else if noError(r, err); m.known[who] && !slices.Contains(m.line, who) {
			m.line = append(m.line, who)
		}
	case "down":
		noError(r, h.LowerHand(ctx, aid, me))
		m.line = slices.DeleteFunc(m.line, func(p string) bool { return p == who })
		if m.floor == who {
			m.floor = ""
		}
	case "call":
		err := h.act(r, aid, DoCall)
		if w := m.waits(); len(w) == 0 {
			wantCode(r, err, "assembly.no_hand")
		} else {
			noError(r, err)
			m.floor, m.spoke[w[0]] = w[0], true
			m.line = slices.DeleteFunc(m.line, func(p string) bool { return p == w[0] })
		}
	case "hush":
		noError(r, h.act(r, aid, DoHush))
		m.floor = ""
	case "add":
		x := fmt.Sprint("item ", n)
		h.item(r, aid, x, n)
		m.items = append(m.items, x)
	case "next":
		if err := h.act(r, aid, DoNext); m.at == "" && len(m.done) == len(m.items) {
			wantCode(r, err, "assembly.no_next")
		} else {
			noError(r, err)
			m.next()
		}
	case "move":
		m.move(r, h, aid)
	}
}

func (m *reference) move(r *rapid.T, h *hall, aid ID) {
	if len(m.items) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.items)-1).Draw(r, "item")
	all := h.look(r, aid, room{By: actor("cat")}).Agenda
	noError(r, h.Move(r.Context(), actor("bob"), aid, all[i].ID, ItemUp, i+1))
	if i > 0 {
		m.items[i], m.items[i-1] = m.items[i-1], m.items[i]
	}
}

func (m *reference) same(r *rapid.T, h *hall, aid ID) {
	name := func(p string) string {
		if p == "" {
			return ""
		}
		return "name " + p
	}
	var names, items []string
	for _, p := range m.waits() {
		names = append(names, name(p))
	}
	if got, want := h.line(r, aid), name(m.floor)+": "+strings.Join(names, ", "); got != want {
		r.Fatalf("the line is %q, want %q", got, want)
	}
	for _, x := range m.items {
		if x == m.at {
			x += "*"
		}
		items = append(items, x)
	}
	if got, want := h.agendaLine(r, aid), strings.Join(items, ", "); got != want {
		r.Fatalf("the agenda is %q, want %q", got, want)
	}
	a := h.get(r, aid)
	if a.Timer.Runs() && m.at == "" || (m.floor != "") != a.Speaker.Runs() {
		r.Fatalf("timers %+v %+v with %q and %q", a.Timer, a.Speaker, m.at, m.floor)
	}
}

// Many raise their hands at once: nobody is lost, nobody there twice.
func TestHandsAtOnce(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		aid := h.opened(t, plenary())
		door := h.look(t, aid, room{By: actor("bob")}).Door
		const n = 40
		errs := make(chan error, n)
		for i := range n {
			form := h.IDs.Secret()
			go func() {
				errs <- h.RaiseHand(context.WithoutCancel(t.Context()), aid, room{Door: door}, form, fmt.Sprint("Visitor ", i))
			}()
		}
		for range n {
			noError(t, <-errs)
		}
		w := h.look(t, aid, room{By: actor("bob")}).Stack.waiting(true)
		if len(w) != n || w[n-1].Turn != n {
			t.Errorf("%d wait, the last with turn %d", len(w), w[n-1].Turn)
		}
		var count int
		err := h.DB.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), "select count(distinct turn) from assembly_hand", nil, &count)
		})
		if err != nil || count != n {
			t.Errorf("%d turns: %v", count, err)
		}
	})
}
