package assemblies

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

func TestNotice(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	// Late on 2 May in Berlin it is still 2 May; days are those of the calendar there.
	now := time.Date(2026, 5, 2, 21, 30, 0, 0, time.UTC)
	for _, x := range []struct {
		asked  int
		urgent bool
		starts time.Time
		want   Notice
		ok     bool
	}{
		{0, false, now.Add(time.Hour), Notice{0, 1, false}, true}, // 00:30 is the next day there
		{7, false, now.AddDate(0, 0, 7), Notice{7, 7, false}, true},
		{7, false, now.AddDate(0, 0, 6), Notice{7, 6, false}, false},
		{7, true, now.AddDate(0, 0, 6), Notice{7, 6, true}, true},
		{7, true, now.AddDate(0, 0, 9), Notice{7, 9, false}, true}, // in time is not urgent
	} {
		got := noticeOf(x.asked, x.urgent, now, x.starts, berlin)
		if got != x.want || (got.check() == nil) != x.ok {
			t.Errorf("%v: %+v, %v", x, got, got.check())
		}
	}
}

func TestTimer(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 9, 18, 0, 0, 0, time.UTC)
	x := timerOf(now, 10)
	if x = x.turn(now.Add(4 * time.Minute)); x.Runs() || x.Left != 6*time.Minute {
		t.Fatalf("stopped: %+v", x)
	}
	if x = x.turn(now.Add(30 * time.Minute)); !x.Ends.Equal(now.Add(36 * time.Minute)) {
		t.Fatalf("goes on: %+v", x)
	}
	if x = x.turn(now.Add(37 * time.Minute)); x.Left != -time.Minute {
		t.Fatalf("over time: %+v", x)
	}
	if x = x.add(5); x.Left != 4*time.Minute {
		t.Fatalf("more: %+v", x)
	}
	if x := (Timer{}).turn(now); x.Set() {
		t.Fatalf("none: %+v", x)
	}
}

// Whatever hands go up and down: nobody is in the line twice, who waits keeps the
// order in which hands went up, those who have not spoken are first where that is
// wanted, and everybody who waits is called in the end.
func TestStack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Bool().Draw(t, "first first")
		s, turn := stack{}, 0
		put := func(h Hand) {
			i := slices.IndexFunc(s, func(x Hand) bool { return x.Who == h.Who })
			if i < 0 {
				s = append(s, h)
				return
			}
			s[i] = h
		}
		for range rapid.IntRange(1, 40).Draw(t, "acts") {
			who := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "who")
			switch rapid.IntRange(0, 3).Draw(t, "act") {
			case 0, 1:
				turn++
				had := slices.ContainsFunc(s, func(x Hand) bool { return x.Who == who && x.State != Down })
				h, err := s.raise(who, "name of "+who, turn)
				if (err != nil) != had {
					t.Fatalf("%s raises, had %v: %v", who, had, err)
				}
				if err == nil {
					put(h)
				}
			case 2:
				before := s.waiting(first)
				for _, h := range s.call(first) {
					put(h)
				}
				if got, ok := s.speaking(); len(before) > 0 && (!ok || got.Who != before[0].Who) {
					t.Fatalf("%v called %v", before, got)
				}
			case 3:
				for _, h := range s.hush() {
					put(h)
				}
			}
			seen := map[string]bool{}
			w := s.waiting(first)
			for i, h := range w {
				if seen[h.Who] {
					t.Fatalf("%s waits twice", h.Who)
				}
				seen[h.Who] = true
				if i == 0 {
					continue
				}
				p := w[i-1]
				switch {
				case first && p.Spoke > 0 && h.Spoke == 0:
					t.Fatalf("%v speaks before %v", p, h)
				case (!first || (p.Spoke == 0) == (h.Spoke == 0)) && p.Turn > h.Turn:
					t.Fatalf("%v before %v", p, h)
				}
			}
		}
		for n := len(s.waiting(first)); n > 0; n-- {
			for _, h := range s.call(first) {
				put(h)
			}
		}
		if len(s.waiting(first)) != 0 {
			t.Fatal("somebody is never called")
		}
	})
}

// Bad input of the call, one each.
func TestInput(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, x := range map[string]struct {
		change func(*Input)
		code   string
	}{
		"no title":      {func(in *Input) { in.Title = "" }, "assembly.no_title"},
		"long title":    {func(in *Input) { in.Title = strings.Repeat("x", 201) }, "form.long"},
		"no place":      {func(in *Input) { in.Place, in.OnlineURL = "", "" }, "assembly.no_place"},
		"script online": {func(in *Input) { in.OnlineURL = "javascript:alert(1)" }, "assembly.online"},
		"no language":   {func(in *Input) { in.Lang = "xx" }, "assembly.lang"},
		"no day":        {func(in *Input) { in.Day = "9 May" }, "assembly.day"},
		"no time":       {func(in *Input) { in.Start = "noon" }, "assembly.time"},
		"past":          {func(in *Input) { in.Day = "2026-02-28" }, "assembly.past"},
		"far":           {func(in *Input) { in.Day = "2029-02-28" }, "assembly.far"},
		"skipped start": {func(in *Input) { in.Day, in.Start, in.End = "2026-03-29", "02:30", "04:00" }, "assembly.time_skipped"},
		"skipped end":   {func(in *Input) { in.Day, in.Start, in.End = "2026-03-28", "22:00", "02:30" }, "assembly.time_skipped"},
		"long speaking": {func(in *Input) { in.Speak = "61" }, "assembly.number"},
		"long text":     {func(in *Input) { in.About = strings.Repeat("x", 200<<10) }, "assembly.long"},
	} {
		in := plenary()
		x.change(&in)
		if _, err := in.parse("Europe/Berlin", now); !fault.HasCode(err, x.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// An hour that is there twice: the first is meant. An end before the start is on
	// the next day.
	for _, x := range [][5]string{
		{"2026-10-25", "02:30", "04:00", "2026-10-25T00:30:00Z", "2026-10-25T03:00:00Z"},
		{"2026-10-24", "22:00", "02:30", "2026-10-24T20:00:00Z", "2026-10-25T00:30:00Z"},
		{"2026-05-09", "22:00", "01:00", "2026-05-09T20:00:00Z", "2026-05-09T23:00:00Z"},
		{"2026-05-09", "18:00", "18:00", "2026-05-09T16:00:00Z", "2026-05-10T16:00:00Z"},
	} {
		in := plenary()
		in.Day, in.Start, in.End = x[0], x[1], x[2]
		a, err := in.parse("Europe/Berlin", now)
		if got := a.Starts.Format(time.RFC3339) + a.Ends.Format(time.RFC3339); err != nil || got != x[3]+x[4] {
			t.Errorf("%v: %s, %v", x, got, err)
		}
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "/proposals/01kq": "/proposals/01kq", "https://here.example/polls/1": "/polls/1", "/polls/1?x=1#y": "/polls/1",
		"//evil.example/x": "!", "https://evil.example/polls/1": "!", "javascript:alert(1)": "!", "/": "!", "/a/../b": "!", "polls": "!",
	} {
		got, err := link(in, "https://here.example")
		if err != nil {
			got = "!"
		}
		if got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestCallNeedsNotice(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx := t.Context()
		wantCode(t, h.SetNotice(ctx, actor("bob"), "riverside", "8"), "authz.forbidden")
		wantCode(t, h.SetNotice(ctx, actor("ann"), "riverside", "91"), "assembly.number")
		noError(t, h.SetNotice(ctx, actor("ann"), "riverside", "8"))
		aid := h.draft(t, plenary())
		wantCode(t, h.Call(ctx, actor("cat"), aid, 0, false), "authz.forbidden")
		wantCode(t, h.Call(ctx, actor("bob"), aid, 0, false), "assembly.notice")
		wantCode(t, h.Call(ctx, actor("bob"), aid, 5, true), "assembly.changed_meanwhile")
		noError(t, h.Call(ctx, actor("bob"), aid, 0, true), h.Call(ctx, actor("bob"), aid, 0, false)) // the second says it again
		if a := h.get(t, aid); a.Notice != (Notice{8, 7, true}) || a.State != Called {
			t.Errorf("called as %+v", a.Notice)
		}
		// What moves is called anew.
		in, seq := plenary(), h.get(t, aid).Sequence
		in.Day = "2026-05-08"
		wantCode(t, h.Edit(ctx, actor("bob"), aid, seq, in), "assembly.notice")
		in.Day = "2026-05-12"
		noError(t, h.Edit(ctx, actor("bob"), aid, seq, in))
		if a := h.get(t, aid); a.Notice != (Notice{8, 10, false}) {
			t.Errorf("moved to %+v", a.Notice)
		}
		wantCode(t, h.Edit(ctx, actor("bob"), aid, seq, in), "assembly.changed_meanwhile")
		in.Public = false
		wantCode(t, h.Edit(ctx, actor("bob"), aid, seq+1, in), "assembly.was_public")
	})
}

// Who may know of an assembly, and who may do what.
func TestWhoMayKnow(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx := t.Context()
		inside := plenary()
		inside.Public = false
		draft, members, public := h.draft(t, plenary()), h.called(t, inside), h.called(t, plenary())
		for aid, known := range map[ID]string{draft: "ann bob cat", members: "ann bob cat", public: "ann bob cat eve -"} {
			for _, who := range []string{"ann", "bob", "cat", "eve", "-"} {
				by := actor(who)
				if who == "-" {
					by = authz.Actor{}
				}
				_, _, err := h.Get(ctx, by, aid)
				if want := slices.Contains(strings.Fields(known), who); (err == nil) != want || err != nil && !fault.Is(err, fault.KindNotFound) {
					t.Errorf("%s of %s: %v", who, known, err)
				}
			}
		}
		all, _, err := h.List(ctx, false, readCursor("", false), 10)
		if err != nil || len(all) != 1 || all[0].ID != public {
			t.Errorf("listed: %v, %v", all, err)
		}
		h.group.Suspended = true
		noError(t, h.DB.Write(ctx, func(tx *db.Tx) error {
			return h.GroupSuspended(ctx, tx, fact.GroupSuspended{Group: h.group.ID, Suspended: true})
		}))
		if all, _, _ = h.List(ctx, false, readCursor("", false), 10); len(all) != 0 {
			t.Error("a suspended group's is listed")
		}
		h.group.Suspended = false
		noError(t, h.DB.Write(ctx, func(tx *db.Tx) error { return h.GroupSuspended(ctx, tx, fact.GroupSuspended{Group: h.group.ID}) }))
		if all, _, _ = h.List(ctx, false, readCursor("", false), 10); len(all) != 1 {
			t.Error("it is not listed again")
		}
		wantCode(t, h.CallOff(ctx, actor("bob"), draft), "assembly.not_called")
		noError(t, h.CallOff(ctx, actor("bob"), public), h.CallOff(ctx, actor("bob"), public))
		wantCode(t, h.act(t, public, DoOpen), "assembly.not_called")
		wantCode(t, h.Edit(ctx, actor("bob"), public, 2, plenary()), "assembly.over")
		if _, err := h.Create(ctx, actor("cat"), "riverside", h.IDs.Secret(), plenary()); !fault.Is(err, fault.KindForbidden) {
			t.Errorf("a member drafts: %v", err)
		}
	})
}

func TestRoles(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx, aid := t.Context(), h.called(t, plenary())
		take := func(who, role, do string) error { return h.TakeOn(ctx, actor(who), aid, role, do) }
		wantCode(t, h.Run(ctx, actor("cat"), aid, RunInput{Form: h.IDs.Secret(), Do: DoOpen}), "authz.forbidden")
		noError(t, take("cat", RoleFacilitator, TakeRole), take("cat", RoleFacilitator, TakeRole))
		wantCode(t, take("dan", RoleFacilitator, TakeRole), "assembly.role_taken")
		wantCode(t, take("dan", RoleFacilitator, FreeRole), "authz.forbidden")
		wantCode(t, take("eve", RoleNotes, TakeRole), "authz.forbidden")
		noError(t, h.Run(ctx, actor("cat"), aid, RunInput{Form: h.IDs.Secret(), Do: DoOpen}))
		if h.get(t, aid).State != Open {
			t.Error("the facilitator did not open it")
		}
		noError(t, take("bob", RoleFacilitator, FreeRole), take("dan", RoleFacilitator, TakeRole))
		// Who leaves the group has no role any more.
		delete(h.roles, "dan")
		noError(t, h.DB.Write(ctx, func(tx *db.Tx) error {
			return h.MemberLeft(ctx, tx, fact.MemberLeft{Group: h.group.ID, Person: "dan"})
		}))
		if a := h.get(t, aid); a.Facilitator != "" {
			t.Errorf("%s facilitates", a.Facilitator)
		}
		if err := h.Run(ctx, actor("dan"), aid, RunInput{Form: h.IDs.Secret(), Step: 1, Do: DoNext}); !fault.Is(err, fault.KindForbidden) {
			t.Errorf("somebody who left runs it: %v", err)
		}
	})
}

// The way of an agenda: proposed, taken on, ordered, gone through.
func TestAgenda(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx, aid := t.Context(), h.called(t, plenary())
		form := h.IDs.Secret()
		add := func() error {
			return h.AddItem(ctx, actor("cat"), aid, form, "https://here.example", ItemInput{"Budget", "20", "https://here.example/polls/x"})
		}
		noError(t, add(), add()) // the same form twice
		wantCode(t, h.AddItem(ctx, actor("cat"), aid, h.IDs.Secret(), "", ItemInput{"", "", ""}), "assembly.no_item")
		wantCode(t, h.AddItem(ctx, actor("cat"), aid, h.IDs.Secret(), "", ItemInput{"x", "601", ""}), "assembly.number")
		wantCode(t, h.AddItem(ctx, actor("cat"), aid, h.IDs.Secret(), "", ItemInput{"x", "", "https://evil.example/"}), "assembly.link")
		if err := h.AddItem(ctx, actor("eve"), aid, h.IDs.Secret(), "", ItemInput{"x", "", ""}); !fault.Is(err, fault.KindForbidden) {
			t.Errorf("a stranger adds: %v", err)
		}
		h.item(t, aid, "Welcome", 5)
		items := h.look(t, aid, room{By: actor("cat")}).Agenda
		if len(items) != 2 || items[0].State != Proposed || items[0].Link != "/polls/x" {
			t.Fatalf("the agenda is %+v", items)
		}
		budget, seq := items[0].ID, h.get(t, aid).Sequence
		wantCode(t, h.Arrange(ctx, actor("cat"), aid, seq, budget, ItemAccept), "authz.forbidden")
		noError(t, h.Move(ctx, actor("cat"), aid, budget, ItemDown, 1))
		if got := h.agendaLine(t, aid); got != "Welcome, Budget" {
			t.Errorf("ordered as %s", got)
		}
		// Ordering holds nobody up who changes what the agenda says; of two who do that, the
		// second is told.
		noError(t, h.Arrange(ctx, actor("bob"), aid, seq, budget, ItemAccept))
		wantCode(t, h.Arrange(ctx, actor("ann"), aid, seq, budget, ItemRemove), "assembly.changed_meanwhile")
		noError(t, h.EditItem(ctx, actor("bob"), aid, seq+1, budget, "", ItemInput{"The budget", "30", ""}))
		wantCode(t, h.Arrange(ctx, actor("bob"), aid, seq+2, "01kqm8ymg00000000000000000", ItemRemove), "assembly.no_item_here")
		wantCode(t, h.Move(ctx, actor("bob"), aid, "01kqm8ymg00000000000000000", ItemUp, 1), "assembly.no_item_here")
		wantCode(t, h.act(t, aid, DoNext), "assembly.not_open")
		h.run(t, aid, DoOpen)
		h.run(t, aid, DoNext)
		if got := h.agendaLine(t, aid); got != "Welcome*, The budget" {
			t.Errorf("begun: %s", got)
		}
		if a := h.get(t, aid); !a.Timer.Ends.Equal(h.clock.Now().Add(5 * time.Minute)) {
			t.Errorf("the timer ends %v", a.Timer.Ends)
		}
		// Two press "next" at once: the second is told, and nothing is skipped.
		step := h.get(t, aid).Step
		press := func(who, form string) error {
			return h.Run(ctx, actor(who), aid, RunInput{Form: form, Step: step, Do: DoNext})
		}
		again := h.IDs.Secret()
		noError(t, press("bob", again), press("bob", again)) // the same form once more
		wantCode(t, press("ann", h.IDs.Secret()), "assembly.moved_on")
		if got := h.agendaLine(t, aid); got != "Welcome, The budget*" {
			t.Errorf("pressed twice: %s", got)
		}
		wantCode(t, h.Arrange(ctx, actor("bob"), aid, h.get(t, aid).Sequence, budget, ItemRemove), "assembly.item_begun")
		h.run(t, aid, DoTimer)
		h.run(t, aid, DoMore)
		if a := h.get(t, aid); a.Timer.Runs() || a.Timer.Left != 35*time.Minute {
			t.Errorf("the timer is %+v", a.Timer)
		}
		h.run(t, aid, DoNext)
		wantCode(t, h.act(t, aid, DoNext), "assembly.no_next")
	})
}

// Members order the agenda until the assembly opens, then who runs it. Two who press at
// once move an item once, and who saw it somewhere else is told.
func TestMembersOrder(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx, aid := t.Context(), h.draft(t, plenary())
		for _, title := range []string{"A", "B", "C", "D"} {
			h.item(t, aid, title, 0)
		}
		ids := map[string]string{}
		for _, i := range h.look(t, aid, room{By: actor("cat")}).Agenda {
			ids[i.Title] = i.ID
		}
		move := func(who, title, do string, place int) error {
			return h.Move(ctx, actor(who), aid, ids[title], do, place)
		}
		want := func(agenda string) {
			t.Helper()
			if got := h.agendaLine(t, aid); got != agenda {
				t.Fatalf("ordered as %s, want %s", got, agenda)
			}
		}
		version := h.get(t, aid).Version
		noError(t, move("cat", "C", ItemUp, 3), move("dan", "C", ItemUp, 3)) // at once, or one form twice
		want("A, C, B, D")
		if got := h.get(t, aid).Version; got != version+1 {
			t.Errorf("%d changes", got-version)
		}
		noError(t, move("dan", "B", ItemDown, 2)) // which C did already
		want("A, C, B, D")
		wantCode(t, move("dan", "C", ItemUp, 4), "assembly.item_moved")
		wantCode(t, move("dan", "C", ItemDown, 3), "assembly.item_moved")
		noError(t, move("dan", "A", ItemUp, 1), move("cat", "D", ItemDown, 4)) // the ends
		want("A, C, B, D")
		for _, place := range []int{-1, 0, 61} {
			wantCode(t, move("cat", "C", ItemUp, place), "assembly.place")
		}
		if err := move("eve", "C", ItemUp, 2); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a stranger moves: %v", err)
		}
		noError(t, h.Call(ctx, actor("bob"), aid, 0, false), move("cat", "C", ItemUp, 2))
		wantCode(t, move("eve", "C", ItemDown, 1), "authz.forbidden")
		want("C, A, B, D")

		h.run(t, aid, DoOpen)
		wantCode(t, move("cat", "C", ItemDown, 1), "authz.forbidden")
		noError(t, h.TakeOn(ctx, actor("cat"), aid, RoleFacilitator, TakeRole), move("cat", "C", ItemDown, 1), move("bob", "A", ItemDown, 1))
		want("C, A, B, D")
		wantCode(t, move("dan", "C", ItemDown, 1), "authz.forbidden")
		h.run(t, aid, DoClose)
		wantCode(t, move("cat", "C", ItemDown, 1), "assembly.over")
	})
}

func TestCounting(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx, aid := t.Context(), h.opened(t, plenary())
		tap := h.IDs.Secret()
		for range 2 { // a tap that is sent twice counts once
			noError(t, h.Run(ctx, actor("bob"), aid, RunInput{Form: tap, Step: -1, Do: DoPlus}))
		}
		h.run(t, aid, DoPlus)
		h.run(t, aid, DoMinus)
		if a := h.get(t, aid); a.People != 1 {
			t.Errorf("%d people", a.People)
		}
		for typed, want := range map[string]int{"x": -1, "-1": -1, "1000001": -1, "120": 120} {
			err := h.Run(ctx, actor("bob"), aid, RunInput{Form: h.IDs.Secret(), Do: DoPeople, People: typed})
			if want < 0 {
				wantCode(t, err, "assembly.number")
				continue
			}
			noError(t, err)
		}
		h.run(t, aid, DoShowCount)
		h.run(t, aid, DoClose)
		for _, late := range []string{DoPlus, DoMinus} {
			wantCode(t, h.Run(ctx, actor("bob"), aid, RunInput{Form: tap, Step: -1, Do: late}), "assembly.over")
		}
		noError(t, h.Run(ctx, actor("bob"), aid, RunInput{Form: h.IDs.Secret(), Do: DoPeople, People: "121"})) // the number can follow
		if a := h.get(t, aid); a.People != 121 || !a.PeopleShown {
			t.Errorf("%d people, shown: %v", a.People, a.PeopleShown)
		}
		wantCode(t, h.act(t, aid, DoCall), "assembly.over")
		wantCode(t, h.AddItem(ctx, actor("bob"), aid, h.IDs.Secret(), "", ItemInput{Title: "x"}), "assembly.over")
		wantCode(t, h.raise(t, aid, "cat", "Cat"), "assembly.over")
		if !id.ValidSecret(tap) {
			t.Error("no secret")
		}
	})
}
