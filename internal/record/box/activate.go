package box

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/blind"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
)

// activatedSet is the key set of the keys that were activated for a slot.
func activatedSet(roll leaf.ID, slot uint8) string {
	return record.RollLog(roll) + "/" + fmt.Sprint(slot)
}

func errFrozen() error {
	return fault.Gone("box.frozen", "Nobody can be added here any more. Whoever has a code of 26 letters from before can still use it. Nothing was recorded.")
}

// Activate shows a credential of a slot before its box opens, by a leaf that its
// holder made. Afterwards the key needs no credential in the box. Again, it changes
// nothing.
func (b *Boxes) Activate(ctx context.Context, roll leaf.ID, encoded []byte) error {
	l, err := leaf.DecodeActivate(encoded)
	if err != nil {
		return errLeaf(err)
	}
	if err := b.checkActivate(ctx, roll, &l); err != nil {
		return err
	}
	log := record.RollLog(roll)
	return b.DB.WriteHot(ctx, log, func(tx *db.Tx) error {
		frozen, err := frozenSlots(ctx, tx, roll)
		if err != nil {
			return err
		}
		set, k := activatedSet(roll, l.Slot), keyset.Key(l.Key[:16])
		_, known, err := b.Sets.Find(ctx, tx, set, k)
		if err != nil || known {
			return err
		}
		if frozen&(1<<l.Slot) != 0 {
			return errFrozen()
		}
		at, err := b.Record.Append(ctx, tx, log, encoded)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "update slot_key set activated = activated + 1 where roll_id = $1 and n = $2", roll.String(), l.Slot); err != nil {
			return err
		}
		return b.Sets.Add(ctx, tx, set, []keyset.Entry{{Key: k, Leaf: at}})
	})
}

func (b *Boxes) checkActivate(ctx context.Context, roll leaf.ID, l *leaf.Activate) error {
	var m leaf.RollManifest
	err := b.DB.Read(ctx, func(tx *db.Tx) (err error) {
		m, err = b.rollManifest(ctx, tx, roll)
		return err
	})
	if err != nil {
		return err
	}
	keys, err := m.SlotKeys()
	if err != nil {
		return err
	}
	if int(l.Slot) >= len(keys) {
		return errNoSlot()
	}
	in := blind.Input(l.Key[:], blind.Challenge(m.Registrar, roll, l.Slot), keys[l.Slot])
	if err := keys[l.Slot].Verify(in, l.Auth[:]); err != nil {
		return fault.Because(fault.Forbidden("box.credential", "This credential is not one for this box. Nothing was recorded."), err)
	}
	return nil
}

// Freeze ends giving out credentials of a slot, and activating them: how many there
// were is in the roll's log, and a verifier finds any that came later. Credentials
// that were given out stay good. Again, it changes nothing. Its fault is Gone when the
// slot's box has closed.
func (b *Boxes) Freeze(ctx context.Context, roll leaf.ID, slot uint8) error {
	log := record.RollLog(roll)
	return b.DB.WriteHot(ctx, log, func(tx *db.Tx) error {
		var l leaf.Freeze
		var frozen, ended bool
		err := tx.Get(ctx, "select issued, activated, frozen, length(sealed) = 0 from slot_key where roll_id = $1 and n = $2",
			[]any{roll.String(), slot}, &l.Issued, &l.Activated, &frozen, &ended)
		switch {
		case errors.Is(err, db.ErrNoRows):
			return errNoBox()
		case err == nil && ended:
			return errClosed()
		case err != nil || frozen:
			return err
		}
		l.Slot = slot
		if _, err := tx.Exec(ctx, "update slot_key set frozen = $3 where roll_id = $1 and n = $2", roll.String(), slot, true); err != nil {
			return err
		}
		_, err = b.Record.Append(ctx, tx, log, l.Encode())
		return err
	})
}

// Frozen reports whether nobody can be added to those who take part in a box.
func (b *Boxes) Frozen(ctx context.Context, i *Info) (frozen bool, err error) {
	err = b.DB.Read(ctx, func(tx *db.Tx) error {
		set, err := frozenSlots(ctx, tx, i.Roll)
		frozen = set&(1<<i.Manifest.Slot) != 0
		return err
	})
	return frozen, err
}

// freezeDue freezes the slots of polls whose electorate is ready before they open.
func (b *Boxes) freezeDue(ctx context.Context) error {
	var due [][2]string
	err := b.DB.Read(ctx, func(tx *db.Tx) (err error) {
		due, err = db.Query(ctx, tx, "select id, roll_id from box where freezes_at > 0 and freezes_at <= $1 and not closed order by freezes_at limit 100",
			[]any{clock.Micros(tx.Now())}, func(scan func(...any) error) (x [2]string, err error) {
				return x, scan(&x[0], &x[1])
			})
		return err
	})
	for _, x := range due {
		id, e := leaf.ParseID(x[0])
		if e == nil {
			e = b.freezeBox(ctx, id)
		}
		err = errors.Join(err, e)
	}
	return err
}

func (b *Boxes) freezeBox(ctx context.Context, id leaf.ID) error {
	i, err := b.Info(ctx, id)
	if err != nil {
		return err
	}
	if err := b.Freeze(ctx, i.Roll, i.Manifest.Slot); err != nil && !fault.Is(err, fault.KindGone) {
		return fmt.Errorf("freeze the roll of box %s: %w", id, err)
	}
	return b.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "update box set freezes_at = 0 where id = $1", id.String())
		return err
	})
}
