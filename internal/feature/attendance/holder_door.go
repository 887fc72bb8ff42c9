package attendance

import (
	"bytes"
	"context"
	"errors"
	"time"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/id"
	"convoke/internal/web"
)

// changed tells other features that a sign-up is of another size, or has a place
// now.
func (s *Service) changed(ctx context.Context, tx *db.Tx, e id.Event, r row) error {
	return s.Facts.Emit(ctx, tx, fact.SignUpChanged{Event: e, Hash: r.hash, Party: r.party, Place: r.state == Going})
}

// HoldersBetween lists at most limit sign-ups of an event whose hashes are not
// before from and not after to, for a code that is the beginning of a hash.
func (s *Service) HoldersBetween(ctx context.Context, tx *db.Tx, e id.Event, from, to []byte, limit int) ([]Holder, error) {
	return db.Query(ctx, tx, "select hash, state, party from attendance where event_id = $1 and hash >= $2 and hash <= $3 order by hash limit $4",
		[]any{string(e), from, to, limit}, func(scan func(...any) error) (Holder, error) {
			h := Holder{Event: e}
			var hash []byte
			err := scan(&hash, &h.State, &h.Party)
			h.Hash = bytes.Clone(hash)
			return h, err
		})
}

// PlacesOf names the times in which a sign-up has a place, as they follow.
func (s *Service) PlacesOf(ctx context.Context, tx *db.Tx, h Holder) ([]string, error) {
	chosen, err := chosenOf(ctx, tx, h.Event, h.Hash)
	var out []string
	for _, x := range chosen {
		if x.State == Going {
			out = append(out, x.Title)
		}
	}
	return out, err
}

// Going is how many people have a place at an event; none at one that takes no
// sign-ups here.
func (s *Service) Going(ctx context.Context, tx *db.Tx, e id.Event) (int, error) {
	r, err := rosterOf(ctx, tx, e)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return r.Going, err
}

// Ends is when an event ends, and when its sign-ups are removed.
func (s *Service) Ends(ctx context.Context, tx *db.Tx, e id.Event) (end, gone time.Time, err error) {
	r, err := rosterOf(ctx, tx, e)
	return r.End, r.End.Add(keepFor), absent(err)
}

// doorCode is what the holder of a private page shows at the door.
func (w *Web) doorCode(c *web.Call, e id.Event, rec Record) (code, address string) {
	if w.Door == nil {
		return "", ""
	}
	return w.Door(c, Holder{Event: e, Hash: id.Hash(c.Param("secret")), State: rec.State, Party: rec.Party})
}

// doorPicture is what a holder shows at the door, for the printed card.
func (w *Web) doorPicture(c *web.Call) error {
	e, secret := id.Event(c.Param("id")), c.Param("secret")
	if err := w.Exists(c.Context(), e, secret); err != nil {
		return err
	}
	_, address := w.doorCode(c, e, Record{})
	if address == "" {
		return web.ErrNotFound()
	}
	return picture(c, address)
}
