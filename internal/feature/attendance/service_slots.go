package attendance

import (
	"context"
	"errors"
	"slices"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Slots lists the slots of an event with what their people need, as they follow
// in time. The caller has checked who may see that.
func (s *Service) Slots(ctx context.Context, e id.Event) ([]Slot, error) {
	var out []Slot
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if out, err = slotsOf(ctx, tx, e); err != nil {
			return err
		}
		return addSlotNeeds(ctx, tx, e, out)
	})
	return out, err
}

// AddSlot adds a slot. key is the form's and becomes its id: sent twice, it is
// one. start and end are the event's, in the zone of its place. The caller has
// checked that the actor may edit the event; so for the others below.
func (s *Service) AddSlot(ctx context.Context, e id.Event, key string, start, end time.Time, in SlotInput) error {
	if !validSlot(key) {
		return fault.Malformed("slot.key", "This form is broken. Please open the page again.")
	}
	n, err := in.parse(start, end)
	if err != nil {
		return err
	}
	n.ID = key
	return s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		all, err := slotsOf(ctx, tx, e)
		if err != nil {
			return err
		}
		if len(all) >= maxSlots && slotByID(all, key) == nil {
			return errManySlots()
		}
		tx.Touch("event:" + string(e))
		return insertSlot(ctx, tx, e, &n)
	})
}

func slotByID(all []Slot, slot string) *Slot {
	for i := range all {
		if all[i].ID == slot {
			return &all[i]
		}
	}
	return nil
}

// ChangeSlot changes a slot. Those who chose it hear of another time, and move
// up when there is more room.
func (s *Service) ChangeSlot(ctx context.Context, e id.Event, slot string, start, end time.Time, in SlotInput) error {
	n, err := in.parse(start, end)
	if err != nil {
		return err
	}
	n.ID = slot
	return s.editSlot(ctx, e, slot, func(tx *db.Tx, old *Slot) error {
		if in.Version != "" && in.Version != old.version() && n.version() != old.version() {
			return fault.Conflict("slot.changed_meanwhile",
				"Somebody else has changed this time meanwhile. Please open the page again: what you typed is still here to copy.")
		}
		if err := n.keepsPromises(old.Going); err != nil {
			return err
		}
		if err := updateSlot(ctx, tx, e, &n); err != nil {
			return err
		}
		if old.Start.Equal(n.Start) && old.End.Equal(n.End) {
			return nil
		}
		return s.Notices.SlotMoved(ctx, tx, e, slot)
	})
}

// RemoveSlot removes a slot that nobody chose.
func (s *Service) RemoveSlot(ctx context.Context, e id.Event, slot string) error {
	return s.editSlot(ctx, e, slot, func(tx *db.Tx, old *Slot) error {
		if n := old.Going + old.Waiting; n > 0 {
			return fault.Conflict("slot.chosen",
				"People have chosen this time ({n} of them), so it cannot be removed. Close it instead: then nobody else can choose it.", "n", n)
		}
		return removeSlot(ctx, tx, e, slot)
	})
}

func (s *Service) editSlot(ctx context.Context, e id.Event, slot string, change func(tx *db.Tx, old *Slot) error) error {
	return s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		all, err := slotsOf(ctx, tx, e)
		if err != nil {
			return err
		}
		old := slotByID(all, slot)
		if old == nil {
			return errNoSlot()
		}
		tx.Touch("event:" + string(e))
		if err := change(tx, old); err != nil {
			return err
		}
		err = s.promote(ctx, tx, e, nil)
		if errors.Is(err, db.ErrNoRows) {
			return nil // a draft has no roster yet
		}
		return err
	})
}

// signUpSlots is [Service.SignUp] where there are slots: the party stands in
// the line of each that it chose, and moves up like everybody.
func (s *Service) signUpSlots(ctx context.Context, tx *db.Tx, e id.Event, hash, sealed []byte, r roster, p personal, in Input) (Record, error) {
	if old, err := rowOf(ctx, tx, e, hash); err == nil { // sent twice
		return Record{State: old.state, Party: old.party}, nil
	} else if !errors.Is(err, db.ErrNoRows) {
		return Record{}, err
	}
	all, err := slotsOf(ctx, tx, e)
	if err != nil {
		return Record{}, err
	}
	chosen, err := choose(all, in.Slots, nil, in.Party, 0, tx.Now())
	if err != nil {
		return Record{}, err
	}
	if _, err := insert(ctx, tx, e, hash, Waiting, in.Party, 0, sealed); err != nil {
		return Record{}, err
	}
	if err := count(ctx, tx, e, 0, in.Party, 1); err != nil {
		return Record{}, err
	}
	if err := countNeeds(ctx, tx, e, p.Needs, 1); err != nil {
		return Record{}, err
	}
	for _, x := range chosen {
		if err := standInLine(ctx, tx, e, choice{hash: hash, slot: x.ID, state: Waiting, queue: r.Queue + 1, party: in.Party}, p); err != nil {
			return Record{}, err
		}
	}
	if err := s.promote(ctx, tx, e, hash); err != nil {
		return Record{}, err
	}
	now, err := rowOf(ctx, tx, e, hash)
	return Record{State: now.state, Party: now.party}, err
}

func standInLine(ctx context.Context, tx *db.Tx, e id.Event, c choice, p personal) error {
	if err := insertChoice(ctx, tx, e, c); err != nil {
		return err
	}
	if err := countSlot(ctx, tx, e, c.slot, 0, c.party); err != nil {
		return err
	}
	return countSlotNeeds(ctx, tx, e, c.slot, p.Needs, 1)
}

// changing is one change of a sign-up with slots.
type changing struct {
	e        id.Event
	r        roster
	old, now row
	was, p   personal // before and after
	all      []Slot
	had      []choice
}

// changeSlots is [Service.Change] where there are slots. Who has a place at the
// event keeps it while they go from one slot to another.
func (s *Service) changeSlots(ctx context.Context, tx *db.Tx, c changing, in Input) error {
	var err error
	if c.all, err = slotsOf(ctx, tx, c.e); err != nil {
		return err
	}
	if c.had, err = choicesOf(ctx, tx, c.e, c.old.hash); err != nil {
		return err
	}
	chosen, err := choose(c.all, in.with(c.had, c.all), c.had, in.Party, c.old.party, tx.Now())
	if err != nil {
		return err
	}
	if len(chosen) > 0 {
		c.now.queue = 0 // no longer in the line of the event as a whole
	}
	if err := update(ctx, tx, c.e, c.now); err != nil {
		return err
	}
	going, err := c.moveChoices(ctx, tx, chosen)
	if err != nil {
		return err
	}
	if err := c.settle(ctx, tx, len(chosen) == 0 || going); err != nil {
		return err
	}
	if err := s.changed(ctx, tx, c.e, c.now); err != nil {
		return err
	}
	if err := errors.Join(countNeeds(ctx, tx, c.e, c.was.Needs, -1), countNeeds(ctx, tx, c.e, c.p.Needs, 1)); err != nil {
		return err
	}
	return s.promote(ctx, tx, c.e, c.old.hash)
}

// moveChoices makes the choices those of chosen, and says whether any has a
// place.
func (c *changing) moveChoices(ctx context.Context, tx *db.Tx, chosen []Slot) (going bool, err error) {
	for _, h := range c.had {
		slot := slotByID(c.all, h.slot)
		h.party = c.old.party
		stays := slices.ContainsFunc(chosen, func(x Slot) bool { return x.ID == h.slot })
		if err := c.recount(ctx, tx, h, slot, stays); err != nil {
			return false, err
		}
		going = going || stays && h.state == Going
	}
	queue := c.r.Queue + 1
	for i := range chosen {
		x := &chosen[i]
		if slices.ContainsFunc(c.had, func(h choice) bool { return h.slot == x.ID }) {
			continue
		}
		n := choice{hash: c.old.hash, slot: x.ID, state: Waiting, queue: queue, party: c.now.party}
		if err := standInLine(ctx, tx, c.e, n, c.p); err != nil {
			return false, err
		}
		in, err := c.enters(ctx, tx, n, x)
		if err != nil {
			return false, err
		}
		if in {
			going = true
			if err := admitChoice(ctx, tx, c.e, n); err != nil {
				return false, err
			}
		}
	}
	return going, nil
}

// recount brings one choice and its slot to the new party and needs, or removes
// it.
func (c *changing) recount(ctx context.Context, tx *db.Tx, h choice, slot *Slot, stays bool) error {
	more := -c.old.party
	if stays {
		more += c.now.party
	} else if err := removeChoice(ctx, tx, c.e, h); err != nil {
		return err
	}
	if h.state == Going && more > slot.free() {
		return fault.Invalid(fault.Field("party", "slot.full", "Only {free} more fit into “{title}”. Your sign-up is unchanged.",
			"free", max(0, slot.free()), "title", slot.Title))
	}
	going, waiting := more, 0
	if h.state == Waiting {
		going, waiting = 0, more
	}
	if err := countSlot(ctx, tx, c.e, h.slot, going, waiting); err != nil {
		return err
	}
	if err := countSlotNeeds(ctx, tx, c.e, h.slot, c.was.Needs, -1); err != nil || !stays {
		return err
	}
	return countSlotNeeds(ctx, tx, c.e, h.slot, c.p.Needs, 1)
}

// enters says whether a new choice of somebody who has a place at the event gets
// one in the slot at once: when there is room, and nobody waits for it.
func (c *changing) enters(ctx context.Context, tx *db.Tx, n choice, slot *Slot) (bool, error) {
	if c.old.state != Going || n.party > slot.free() {
		return false, nil
	}
	first, waits, err := firstForSlot(ctx, tx, c.e, n.slot, slot.largest(c.r))
	return waits && first.queue == n.queue, err
}

// settle brings the counters of the event to the new party, and its place to
// what it has in the slots.
func (c *changing) settle(ctx context.Context, tx *db.Tx, keeps bool) error {
	more := c.now.party - c.old.party
	if c.old.state == Waiting {
		return count(ctx, tx, c.e, 0, more, 1)
	}
	if keeps {
		return count(ctx, tx, c.e, more, 0, 1)
	}
	c.now.state = Waiting
	if err := update(ctx, tx, c.e, c.now); err != nil {
		return err
	}
	return count(ctx, tx, c.e, -c.old.party, c.now.party, 1)
}

// leaveSlots takes a sign-up that is cancelled out of its slots.
func leaveSlots(ctx context.Context, tx *db.Tx, e id.Event, old row, was personal) error {
	had, err := choicesOf(ctx, tx, e, old.hash)
	if err != nil {
		return err
	}
	for _, h := range had {
		going, waiting := -old.party, 0
		if h.state == Waiting {
			going, waiting = 0, -old.party
		}
		err := errors.Join(removeChoice(ctx, tx, e, h), countSlot(ctx, tx, e, h.slot, going, waiting),
			countSlotNeeds(ctx, tx, e, h.slot, was.Needs, -1))
		if err != nil {
			return err
		}
	}
	return nil
}

// moveUp lets in the next of all lines, and says whether there was one. quiet is
// not told: they are answered in person.
func (s *Service) moveUp(ctx context.Context, tx *db.Tx, e id.Event, r roster, quiet []byte) (bool, error) {
	heads, err := headsOf(ctx, tx, e, r)
	if err != nil {
		return false, err
	}
	i := next(heads, r.free())
	if i < 0 {
		return false, nil
	}
	h := heads[i]
	if h.slot != "" {
		if err := admitChoice(ctx, tx, e, h.choice); err != nil {
			return false, err
		}
	}
	if !h.in {
		if err := admit(ctx, tx, e, h.hash, h.party); err != nil {
			return false, err
		}
		if err := s.changed(ctx, tx, e, row{hash: h.hash, state: Going, party: h.party}); err != nil {
			return false, err
		}
	}
	if slices.Equal(h.hash, quiet) {
		return true, nil
	}
	return true, s.Notices.Promoted(ctx, tx, e, h.hash)
}

// headsOf is who comes next in the line of the event as a whole, where those
// stand who signed up before there were slots, and in that of each slot.
func headsOf(ctx context.Context, tx *db.Tx, e id.Event, r roster) ([]head, error) {
	var heads []head
	w, ok, err := firstWaiting(ctx, tx, e, r.largest())
	if err != nil {
		return nil, err
	}
	if ok {
		heads = append(heads, head{choice{hash: w.hash, queue: w.queue, party: w.party}, 1 << 30})
	}
	if r.Slots == 0 {
		return heads, nil
	}
	all, err := slotsWaited(ctx, tx, e)
	if err != nil {
		return nil, err
	}
	for i := range all {
		x := &all[i]
		if x.free() <= 0 || !x.Takes(tx.Now()) {
			continue
		}
		c, ok, err := firstForSlot(ctx, tx, e, x.ID, x.largest(r))
		if err != nil {
			return nil, err
		}
		if ok {
			heads = append(heads, head{c, x.free()})
		}
	}
	return heads, nil
}

// chosenOf is what a sign-up chose, as its holder sees it.
func chosenOf(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) ([]Chosen, error) {
	had, err := choicesOf(ctx, tx, e, hash)
	if err != nil || len(had) == 0 {
		return nil, err
	}
	all, err := slotsOf(ctx, tx, e)
	if err != nil {
		return nil, err
	}
	var out []Chosen
	for _, x := range all {
		i := slices.IndexFunc(had, func(c choice) bool { return c.slot == x.ID })
		if i < 0 {
			continue
		}
		c := Chosen{Slot: x, State: had[i].state}
		if c.State == Waiting {
			if c.Ahead, err = aheadInSlot(ctx, tx, e, x.ID, had[i].queue); err != nil {
				return nil, err
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// PromoteAll moves up those who wait where a limit was raised by so much that
// one transaction was not enough. It is called now and then.
func (s *Service) PromoteAll(ctx context.Context) error {
	return errors.Join(s.promoteIn(ctx, promotable), s.promoteIn(ctx, promotableSlots))
}

func (s *Service) promoteIn(ctx context.Context, list func(ctx context.Context, tx *db.Tx, now int64, after string, limit int) ([]string, error)) error {
	const page = 100
	after := ""
	for {
		var some []string
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			var err error
			some, err = list(ctx, tx, clock.Micros(tx.Now()), after, page)
			return err
		})
		if err != nil {
			return err
		}
		for _, e := range some {
			if err := s.DB.WriteHot(ctx, e, func(tx *db.Tx) error { return s.promote(ctx, tx, id.Event(e), nil) }); err != nil {
				return err
			}
		}
		if len(some) < page {
			return nil
		}
		after = some[page-1]
	}
}
