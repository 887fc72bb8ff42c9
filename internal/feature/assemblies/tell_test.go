package assemblies

import (
	"strings"
	"testing"

	"convoke/internal/id"
)

// heard is what the members of a group were told, in their order.
func (h *hall) heard(g id.Group) string {
	var out []string
	for _, x := range h.told {
		if x.group == g {
			out = append(out, x.title)
		}
	}
	return strings.Join(out, "; ")
}

// Members are told of a call, of what moves it, and that it was called off: each once, and
// nothing of drafts, of the agenda, or of a call in other words.
func TestMembersAreTold(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx, by, aid := t.Context(), actor("bob"), h.draft(t, plenary())
		in := plenary()
		edit := func() {
			t.Helper()
			noError(t, h.Edit(ctx, by, aid, h.get(t, aid).Sequence, in))
		}
		in.Place = "[Old](https://evil.example/) school"
		edit()
		h.item(t, aid, "Welcome", 5)
		if len(h.told) != 0 {
			t.Fatalf("told of a draft: %+v", h.told)
		}
		noError(t, h.Call(ctx, by, aid, 1, false), h.Call(ctx, by, aid, 1, false))
		in.About = "We meet, and talk."
		edit()
		if got := h.heard(h.group.ID); got != "Assembly: Spring plenary" {
			t.Fatalf("told: %s", got)
		}
		const want = "May 9, 2026, 6:00 PM to 8:00 PM (Europe/Berlin)\n\nPlace: (Old)(https://evil.example/) school\n\n[Read the call](/assemblies/"
		if got := h.told[0].body; got != want+string(aid)+")" {
			t.Errorf("it says %q", got)
		}
		for _, change := range []func(){
			func() { in.Place = "New school" }, func() { in.Start = "18:30" }, func() { in.End = "20:30" },
			func() { in.OnlineURL = "https://meet.example.org/other" },
		} {
			change()
			edit()
		}
		const moved = "; Assembly moved: Spring plenary"
		if got := h.heard(h.group.ID); got != "Assembly: Spring plenary"+strings.Repeat(moved, 4) {
			t.Errorf("told of moves: %s", got)
		}
		noError(t, h.SetNotice(ctx, actor("ann"), "riverside", "8"))
		in.Day, in.Urgent, in.Title = "2026-05-08", true, strings.Repeat("ñ", 200)
		edit()
		last := h.told[len(h.told)-1]
		if !strings.HasPrefix(last.body, "Urgent. May 8") || len([]rune(last.title)) != 120 {
			t.Errorf("told of an urgent one: %+v", last)
		}
		n := len(h.told)
		noError(t, h.CallOff(ctx, by, aid), h.CallOff(ctx, by, aid))
		if len(h.told) != n+1 || !strings.HasPrefix(h.told[n].title, "Assembly called off: ñ") {
			t.Errorf("told at the end: %+v", h.told[n:])
		}
	})
}

// A coalition's member groups are told of what everybody may come to, and of nothing that
// is for the coalition's own members.
func TestMemberGroupsAreTold(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		h.parts = []id.Group{"hill", "harbour"}
		inside := plenary()
		inside.Title, inside.Public = "Delegates", false
		h.called(t, plenary())
		h.called(t, inside)
		for g, want := range map[id.Group]string{
			h.group.ID: "Assembly: Spring plenary; Assembly: Delegates", "hill": "Assembly: Spring plenary", "harbour": "Assembly: Spring plenary",
		} {
			if got := h.heard(g); got != want {
				t.Errorf("%s was told %q", g, got)
			}
		}
	})
}
