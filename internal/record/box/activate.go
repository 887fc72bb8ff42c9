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
// nothing. Where statements of the box wait for each other, it waits too.
func (b *Boxes) Activate(ctx context.Context, roll leaf.ID, encoded []byte) error {
	l, err := leaf.DecodeActivate(encoded)
	if err != nil {
		return errLeaf(err)
	}
	if err := b.checkActivate(ctx, roll, &l); err != nil {
		return err
	}
	i, err := b.boxOn(ctx, roll, l.Slot)
	if err != nil {
		return err
	}
	s := &statement{leaf: encoded, key: l.Key, shows: &l, done: make(chan struct{})}
	if i != nil && i.Manifest.Freeze && i.quiet() {
		return b.activateQuiet(ctx, i, s)
	}
	return b.commitShown(ctx, roll, l.Slot, []*statement{s})
}

// boxOn is the box of a slot; nil where none is open yet.
func (b *Boxes) boxOn(ctx context.Context, roll leaf.ID, slot uint8) (*Info, error) {
	var name string
	err := b.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, "select id from box where roll_id = $1 and slot = $2", []any{roll.String(), slot}, &name)
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	id, err := leaf.ParseID(name)
	if err != nil {
		return nil, err
	}
	return b.Info(ctx, id)
}

// activateQuiet lets a key wait for others, as [Boxes.castQuiet] does: the leaf before it
// in the log of the roll names the member to whom a credential was just given.
func (b *Boxes) activateQuiet(ctx context.Context, i *Info, s *statement) error {
	known, err := b.shown(ctx, i, s.key)
	if err != nil || known {
		return err
	}
	if i.Settled(b.Clock.Now().Unix()) {
		return errFrozen()
	}
	if there, err := b.waits(i, s); there || err != nil {
		return err
	}
	frozen, err := b.Frozen(ctx, i)
	if err != nil {
		return err
	}
	if frozen {
		return errFrozen()
	}
	_, err = b.join(i, s)
	return err
}

// commitShown puts keys into the log of their roll.
func (b *Boxes) commitShown(ctx context.Context, roll leaf.ID, slot uint8, batch []*statement) error {
	log, set := record.RollLog(roll), activatedSet(roll, slot)
	return b.DB.WriteHot(ctx, log, func(tx *db.Tx) error {
		frozen, err := frozenSlots(ctx, tx, roll)
		if err != nil {
			return err
		}
		var leaves [][]byte
		var entries []keyset.Entry
		for _, s := range batch {
			k := keyset.Key(s.key[:16])
			_, known, err := b.Sets.Find(ctx, tx, set, k)
			if err != nil {
				return err
			}
			if !known {
				leaves = append(leaves, s.leaf)
				entries = append(entries, keyset.Entry{Key: k})
			}
		}
		if len(leaves) == 0 {
			return nil
		}
		if frozen&(1<<slot) != 0 {
			return errFrozen()
		}
		at, err := b.Record.Append(ctx, tx, log, leaves...)
		if err != nil {
			return err
		}
		for n := range entries {
			entries[n].Leaf = at + int64(n)
		}
		if _, err := tx.Exec(ctx, "update slot_key set activated = activated + $3 where roll_id = $1 and n = $2", roll.String(), slot, len(leaves)); err != nil {
			return err
		}
		return b.Sets.Add(ctx, tx, set, entries)
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
	if i, err := b.boxOn(ctx, roll, slot); err != nil {
		return err
	} else if i != nil && i.Manifest.Freeze {
		b.hurry(i.ID) // keys that wait for others come in
	}
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
