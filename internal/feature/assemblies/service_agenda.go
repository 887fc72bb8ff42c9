package assemblies

import (
	"context"
	"strconv"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// AddItem puts something on the agenda: a member's waits until an organizer takes it
// on. base is the address of this node; form is the form's key.
func (s *Service) AddItem(ctx context.Context, by authz.Actor, aid ID, form, base string, in ItemInput) error {
	if !id.ValidSecret(form) {
		return errKey()
	}
	item := s.IDs.New()
	return s.change(ctx, by, aid, attends(by), func(tx *db.Tx, a *Assembly, seat Seat) error {
		if a.State.Over() {
			return errOver()
		}
		i, err := in.parse(base)
		if err != nil {
			return err
		}
		fresh, err := useForm(ctx, tx, a.ID, form, i.Title, strconv.Itoa(i.Minutes), i.Link)
		if err != nil {
			return err
		}
		if !fresh {
			return errNothing
		}
		all, err := agendaOf(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if len(all) >= maxItems {
			return fault.Conflict("assembly.many_items", "This agenda has {max} items already; no more can be added.", "max", maxItems)
		}
		i.ID, i.Assembly, i.State = item, a.ID, Proposed
		if seat.Calls {
			i.State = Waiting
		}
		return insertItem(ctx, tx, &i, len(all))
	})
}

// What is done to an item of the agenda: whoever may order it moves it, the rest is for
// organizers.
const (
	ItemUp     = "up"
	ItemDown   = "down"
	ItemAccept = "accept"
	ItemRemove = "remove"
)

func errNoItem() error {
	return fault.NotFound("assembly.no_item_here", "This item is not on the agenda any more.")
}

// orders lets whoever may attend as a member, and once it is open who runs it.
func orders(by authz.Actor, a *Assembly) func(Seat) error {
	switch {
	case a.State.Over():
		return func(Seat) error { return errOver() }
	case a.State == Open:
		return runs(by)
	}
	return attends(by)
}

// Move puts an item one up or down, as do says. place is where it was seen: the first is 1.
// The call and what items say are not changed by that, so whoever changes them meanwhile is
// not held up.
func (s *Service) Move(ctx context.Context, by authz.Actor, aid ID, item, do string, place int) error {
	step := 1
	if do == ItemUp {
		step = -1
	}
	return s.change(ctx, by, aid, attends(by), func(tx *db.Tx, a *Assembly, seat Seat) error {
		if err := orders(by, a)(seat); err != nil {
			return err
		}
		all, err := agendaOf(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if place < 1 || place > maxItems {
			return fault.Invalid(fault.Field("place", "assembly.place", "Say at which place on the agenda you saw the item: the first is 1."))
		}
		i := all.find(item)
		if i < 0 {
			return errNoItem()
		}
		moved, err := all.move(i, place-1, step)
		if err == nil && !moved {
			err = errNothing
		}
		for n := 0; n < len(all) && err == nil; n++ {
			err = placeItem(ctx, tx, all[n].ID, n)
		}
		return err
	})
}

// Arrange takes on what members proposed, or removes something. sequence is that of the
// assembly as it was read.
func (s *Service) Arrange(ctx context.Context, by authz.Actor, aid ID, sequence int, item, do string) error {
	return s.agendaAct(ctx, by, aid, sequence, item, func(tx *db.Tx, all agenda, i int) error {
		x := &all[i]
		switch do {
		case ItemAccept:
			if x.State != Proposed {
				return errNothing
			}
			x.State = Waiting
			return updateItem(ctx, tx, x)
		case ItemRemove:
			if x.State == Now || x.State == Done {
				return fault.Conflict("assembly.item_begun", "This item was begun, so it stays on the agenda.")
			}
			return dropItem(ctx, tx, x.ID)
		}
		return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
	})
}

// EditItem changes what an item says.
func (s *Service) EditItem(ctx context.Context, by authz.Actor, aid ID, sequence int, item, base string, in ItemInput) error {
	return s.agendaAct(ctx, by, aid, sequence, item, func(tx *db.Tx, all agenda, i int) error {
		x, err := in.parse(base)
		if err != nil {
			return err
		}
		all[i].Title, all[i].Minutes, all[i].Link = x.Title, x.Minutes, x.Link
		return updateItem(ctx, tx, &all[i])
	})
}

func (s *Service) agendaAct(ctx context.Context, by authz.Actor, aid ID, sequence int, item string, do func(tx *db.Tx, all agenda, i int) error) error {
	return s.change(ctx, by, aid, calls(by), func(tx *db.Tx, a *Assembly, _ Seat) error {
		switch {
		case a.State.Over():
			return errOver()
		case a.Sequence != sequence:
			return errChanged()
		}
		all, err := agendaOf(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		i := all.find(item)
		if i < 0 {
			return errNoItem()
		}
		a.Sequence++
		return do(tx, all, i)
	})
}
