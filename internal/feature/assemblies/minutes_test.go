package assemblies

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
)

// The way of minutes: written by whoever took that on, published, approved,
// corrected; tasks are told once.
func TestMinutes(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx, aid := t.Context(), h.opened(t, plenary())
		h.item(t, aid, "Welcome", 5)
		h.run(t, aid, DoNext)
		item := h.look(t, aid, room{By: actor("cat")}).Agenda[0].ID
		write := func(who string, seq int, in NotesInput) error {
			return h.WriteNotes(ctx, actor(who), aid, item, seq, in)
		}
		notes := NotesInput{Notes: "We **began**.", Decisions: "To meet again\n\n To  bring tea", Tasks: []TaskInput{
			{}, {"Book the room", "dan", "2026-06-01"},
		}}
		wantCode(t, write("cat", 0, notes), "authz.forbidden")
		noError(t, h.TakeOn(ctx, actor("cat"), aid, RoleNotes, TakeRole), write("cat", 0, notes))
		// Two write at once: the second is told.
		wantCode(t, write("bob", 0, notes), "assembly.changed_meanwhile")
		for code, in := range map[string]NotesInput{
			"assembly.not_member": {Tasks: []TaskInput{{"Sing", "eve", ""}}}, "assembly.no_owner": {Tasks: []TaskInput{{"Sing", "", ""}}},
			"assembly.no_task": {Tasks: []TaskInput{{"", "dan", ""}}}, "assembly.day": {Tasks: []TaskInput{{"Sing", "dan", "soon"}}},
		} {
			wantCode(t, write("cat", 1, in), code)
		}
		if err := write("cat", 1, NotesInput{Tasks: []TaskInput{{}, {"Sing", "eve", ""}}}); fault.Of(err).Fields[0].Name != "owner2" {
			t.Errorf("the message stands at %s", fault.Of(err).Fields[0].Name)
		}
		reads := func(who string) bool {
			by := actor(who)
			if who == "" {
				by = authz.Actor{}
			}
			_, err := h.ReadMinutes(ctx, by, aid)
			if err != nil && !fault.Is(err, fault.KindNotFound) {
				t.Errorf("%q reads: %v", who, err)
			}
			return err == nil
		}
		if reads("") || reads("dan") || !reads("cat") || !reads("bob") {
			t.Error("who reads a draft is wrong")
		}
		publish := func(whom string) error {
			return h.ActOnMinutes(ctx, actor("cat"), aid, MinutesInput{Do: PublishMinutes, For: whom})
		}
		wantCode(t, publish(MinutesMembers), "assembly.not_closed")
		h.run(t, aid, DoClose)
		wantCode(t, publish("x"), "assembly.minutes_for")
		wantCode(t, h.ActOnMinutes(ctx, actor("bob"), aid, MinutesInput{Do: ApproveMinutes}), "assembly.unpublished")
		if len(h.tasks()) != 0 {
			t.Error("a task of a draft was given")
		}
		noError(t, publish(MinutesMembers), publish(MinutesMembers))
		if reads("") || !reads("dan") {
			t.Error("who reads minutes for members is wrong")
		}
		noError(t, publish(MinutesPublic))
		if !reads("") {
			t.Error("public minutes cannot be read")
		}
		m, err := h.ReadMinutes(ctx, authz.Actor{}, aid)
		if err != nil || len(m.Handles) != 0 {
			t.Errorf("the public sees who has a task: %v, %v", m.Handles, err)
		}
		// A change of published minutes tells only what is new.
		notes.Tasks = append(notes.Tasks, TaskInput{"Buy tea", "bob", ""})
		noError(t, write("cat", 1, notes))
		want := []string{"Book the room dan 2026-06-01 21:59:00", "Buy tea bob 0001-01-01 00:00:00"}
		if d := cmp.Diff(want, h.tasks()); d != "" {
			t.Error(d)
		}
		correct := MinutesInput{Form: h.IDs.Secret(), Do: CorrectMinutes, Body: "It was green tea."}
		wantCode(t, h.ActOnMinutes(ctx, actor("cat"), aid, correct), "assembly.not_approved")
		wantCode(t, h.ActOnMinutes(ctx, actor("cat"), aid, MinutesInput{Do: ApproveMinutes}), "authz.forbidden")
		noError(t, h.ActOnMinutes(ctx, actor("bob"), aid, MinutesInput{Do: ApproveMinutes}))
		wantCode(t, write("cat", 2, notes), "assembly.approved")
		noError(t, h.ActOnMinutes(ctx, actor("cat"), aid, correct), h.ActOnMinutes(ctx, actor("cat"), aid, correct))
		wantCode(t, h.ActOnMinutes(ctx, actor("cat"), aid, MinutesInput{Form: h.IDs.Secret(), Do: CorrectMinutes}), "assembly.no_correction")
		m, err = h.ReadMinutes(ctx, actor("dan"), aid)
		if err != nil || len(m.Corrections) != 1 || m.Handles["dan"] != "dan" || len(m.Agenda[0].Lines) != 4 {
			t.Errorf("at the end: %+v, %v", m, err)
		}
	})
}

// When a group has ended its work for long, nobody is named any more.
func TestGroupCleared(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx, aid := t.Context(), h.opened(t, plenary())
		h.item(t, aid, "Welcome", 5)
		item := h.look(t, aid, room{By: actor("cat")}).Agenda[0].ID
		noError(t, h.TakeOn(ctx, actor("cat"), aid, RoleNotes, TakeRole),
			h.WriteNotes(ctx, actor("cat"), aid, item, 0, NotesInput{Tasks: []TaskInput{{"Sing", "dan", ""}}}),
			h.DB.Write(ctx, func(tx *db.Tx) error { return h.GroupCleared(ctx, tx, fact.GroupCleared{Group: h.group.ID}) }))
		if h.get(t, aid).NoteTaker != "" || h.number(t, "select count(*) from assembly_line where owner_id is not null") != 0 {
			t.Error("somebody is still named")
		}
	})
}

// Minutes of an assembly for members are for members.
func TestMinutesInside(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		in := plenary()
		in.Public = false
		aid := h.opened(t, in)
		h.run(t, aid, DoClose)
		err := h.ActOnMinutes(t.Context(), actor("bob"), aid, MinutesInput{Do: PublishMinutes, For: MinutesPublic})
		wantCode(t, err, "assembly.minutes_inside")
	})
}
