package assemblies

import (
	"testing"

	"convoke/internal/id"
)

// A form that is sent again does what it says once; one whose key did something else is
// refused, so that nobody believes that it was done.
func TestOneFormSaysOneThing(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		ctx, bob, cat := t.Context(), actor("bob"), actor("cat")
		again := func(send func(form, what string) error, one, other string) {
			t.Helper()
			form := h.IDs.Secret()
			noError(t, send(form, one), send(form, one))
			wantCode(t, send(form, other), "form.key_used")
			noError(t, send(form, one)) // and still did what it did
		}
		again(func(form, what string) error {
			in := plenary()
			in.Place = what
			_, err := h.Create(ctx, bob, "riverside", form, in)
			return err
		}, "Old school", "New school")
		form := h.IDs.Secret()
		aid, err := h.Create(ctx, bob, "riverside", form, plenary())
		noError(t, err)
		in := plenary()
		in.Title = "Summer plenary"
		noError(t, h.Edit(ctx, bob, aid, 0, in))
		if old, err := h.Create(ctx, bob, "riverside", form, plenary()); err != nil || old != aid {
			t.Errorf("the form of what was changed since makes %s, %v", old, err)
		}
		other := h.group
		h.group.ID = id.Group(h.IDs.New())
		_, err = h.Create(ctx, bob, "riverside", form, plenary())
		wantCode(t, err, "form.key_used")
		h.group = other

		noError(t, h.Call(ctx, bob, aid, 1, false))
		again(func(form, what string) error {
			return h.AddItem(ctx, cat, aid, form, "", ItemInput{Title: what})
		}, "Tea", "Cake")
		again(func(form, what string) error {
			return h.AddItem(ctx, cat, aid, form, "", ItemInput{Title: "Tea", Minutes: what})
		}, "5", "6")
		h.run(t, aid, DoOpen)
		again(func(form, what string) error {
			return h.Run(ctx, bob, aid, RunInput{Form: form, Do: what})
		}, DoPlus, DoMinus)
		again(func(form, what string) error {
			return h.Run(ctx, bob, aid, RunInput{Form: form, Do: DoPeople, People: what})
		}, "12", "21")
		again(func(form, what string) error { return h.RaiseHand(ctx, aid, room{By: cat}, form, what) }, "Cat", "Kit")
		door := h.look(t, aid, room{By: bob}).Door
		again(func(form, what string) error { return h.RaiseHand(ctx, aid, room{Door: door}, form, what) }, "Ola", "Ole")
		if a := h.get(t, aid); a.People != 12 || a.Turn != 2 {
			t.Errorf("%d people, %d hands", a.People, a.Turn)
		}
		if got := h.agendaLine(t, aid); got != "Tea, Tea" {
			t.Errorf("the agenda is %s", got)
		}
		h.run(t, aid, DoClose)
		minutes := func(form, do, what string) error {
			return h.ActOnMinutes(ctx, bob, aid, MinutesInput{Form: form, Do: do, For: MinutesPublic, Body: what})
		}
		noError(t, minutes("", PublishMinutes, ""), minutes("", ApproveMinutes, ""))
		again(func(form, what string) error { return minutes(form, CorrectMinutes, what) }, "Green tea.", "Black tea.")
	})
}
