package attendance

import (
	"context"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// LookAtFill says what [Service.Fill] would make, and changes nothing.
func (s *Service) LookAtFill(ctx context.Context, e id.Event, key string, start, end time.Time, in FillInput) (Filling, error) {
	if !validSlot(key) {
		return Filling{}, fault.Malformed("slot.key", "This form is broken. Please open the page again.")
	}
	f, err := in.plan(key, start, end)
	if err != nil {
		return f, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		_, err := fits(ctx, tx, e, &f)
		return err
	})
	return f, err
}

// Fill makes the slots of many days in one transaction. key is the form's: sent
// again, it makes nothing twice, nor does another form a slot that is there
// already. The caller has checked that the actor may edit the event.
func (s *Service) Fill(ctx context.Context, e id.Event, key string, start, end time.Time, in FillInput) (Filling, error) {
	if !validSlot(key) {
		return Filling{}, fault.Malformed("slot.key", "This form is broken. Please open the page again.")
	}
	f, err := in.plan(key, start, end)
	if err != nil {
		return f, err
	}
	err = s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		missing, err := fits(ctx, tx, e, &f)
		if err != nil {
			return err
		}
		tx.Touch("event:" + string(e))
		for i := range missing {
			missing[i].EventAt = start
			if err := insertSlot(ctx, tx, e, &missing[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return f, err
}

// fits are the slots of a filling that are not there yet. There is a limit to
// how many an event has.
func fits(ctx context.Context, tx *db.Tx, e id.Event, f *Filling) ([]Slot, error) {
	all, err := slotsOf(ctx, tx, e)
	if err != nil {
		return nil, err
	}
	missing := f.against(all)
	if len(missing) > 0 && len(all)+len(missing) > maxSlots {
		return nil, errManySlots()
	}
	return missing, nil
}
