package subscriptions

import (
	"context"
	"errors"

	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/seal"
)

// other is the confirmed subscription of a secret link, with its way. One by mail counts as
// none: whoever tells somebody something beside alerts has another address for that.
func (s *Service) other(ctx context.Context, secret string) (Subscription, Way, error) {
	sub, err := s.Find(ctx, secret)
	if err != nil {
		return sub, Way{}, err
	}
	w, ok := s.way(sub.Channel)
	if _, mail := w.Channel.(Email); !ok || mail || !sub.Confirmed {
		return sub, w, errNoLink()
	}
	return sub, w, nil
}

// Channel names the channel of a confirmed subscription, marked for translation. There is a
// NotFound fault when there is none, or only one by mail.
func (s *Service) Channel(ctx context.Context, secret string) (name string, err error) {
	_, w, err := s.other(ctx, secret)
	return w.Name, err
}

// Tell hands something over that is no alert, in the language of a subscription that is not by
// mail, whatever its quiet hours. about names it among all that they get: tried again, it is
// the same. tag is as in [Parcel]. There is a NotFound fault when it is
// gone.
func (s *Service) Tell(ctx context.Context, secret, about, tag string, say func(l *i18n.Locale) Said) error {
	sub, w, err := s.other(ctx, secret)
	if err != nil {
		return err
	}
	p, err := s.parcel(ctx, &sub, say(s.Locales.Match(sub.Lang)), about, tag)
	if errors.Is(err, seal.ErrDestroyed) {
		return errNoLink()
	}
	if err != nil {
		return err
	}
	send, err := w.Channel.Prepare(p)
	if err == nil {
		err = send(ctx)
	}
	if errors.Is(err, ErrGone) {
		return errors.Join(errNoLink(), s.DB.Write(ctx, func(tx *db.Tx) error { return s.drop(ctx, tx, sub.id) }))
	}
	return err
}
