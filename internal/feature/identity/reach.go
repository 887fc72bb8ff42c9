package identity

import (
	"context"

	"convoke/internal/db"
	"convoke/internal/id"
)

// Reach returns the confirmed address and the language of somebody who asked another
// feature for mail; "" when they have none or are suspended.
func (s *Service) Reach(ctx context.Context, p id.Person) (to, lang string, err error) {
	var a address
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		row, err := personByID(ctx, tx, p)
		if err != nil || row.suspended {
			return err
		}
		if lang, err = localeOf(ctx, tx, p); err != nil {
			return err
		}
		a, err = addressOf(ctx, tx, p)
		return err
	})
	if isNone(err) || err == nil && a.keyID == "" {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	to, err = s.openOwn(ctx, p, a)
	return to, lang, err
}

// Whose is the account that has an address, "" for none. It is for whoever has shown that
// the address is theirs.
func (s *Service) Whose(ctx context.Context, address string) (p id.Person, err error) {
	tags, err := s.Vault.Key(ctx, tagScope)
	if err != nil {
		return "", err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		row, err := personByTag(ctx, tx, mailTag(tags, address))
		p = row.id
		return err
	})
	if isNone(err) {
		return "", nil
	}
	return p, err
}
