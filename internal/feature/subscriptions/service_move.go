package subscriptions

import (
	"context"
	"errors"

	"convoke/internal/db"
	"convoke/internal/fault"
)

// Move gives a confirmed subscription another contact on its channel, as when a browser
// changes the address of its messages by itself. Whoever has the secret may. A contact that is
// subscribed otherwise keeps that, and the moved one is deleted: what it has heard is corrected
// there. What only waits to be proven there ends.
func (s *Service) Move(ctx context.Context, secret, typed string) error {
	sub, err := s.Find(ctx, secret)
	if err != nil {
		return err
	}
	w, ok := s.way(sub.Channel)
	if !ok || w.Proof != ByKeys || !sub.Confirmed {
		return errNoLink()
	}
	contact, err := w.Channel.Parse(typed)
	if err != nil {
		return err
	}
	k, month, tags, err := s.key(ctx, sub.Channel, contact)
	if err != nil {
		return err
	}
	box := SealContact(k, s.Entropy, sub.id, secret, contact)
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := bySecret(ctx, tx, secret); fault.Is(err, fault.KindNotFound) {
			return errNoLink() // it was left meanwhile
		} else if err != nil {
			return err
		}
		there, err := byTag(ctx, tx, tags)
		switch {
		case err == nil && there.id != sub.id && there.Confirmed && tx.Now().Before(there.Ends):
			return errors.Join(inherit(ctx, tx, sub.Channel, sub.id, there.id), s.drop(ctx, tx, sub.id))
		case err == nil && there.id != sub.id:
			if err := s.drop(ctx, tx, there.id); err != nil {
				return err
			}
		case err != nil && !errors.Is(err, db.ErrNoRows):
			return err
		}
		_, err = confirmed(ctx, tx, sub.id, month, box, tags[0], sub.Ends)
		return err
	})
}
