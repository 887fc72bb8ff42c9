package pledges

import (
	"context"
	"strings"

	"convoke/internal/db"
)

// MailingsOf lists the pledges of which an address hears.
func (s *Service) MailingsOf(ctx context.Context, address string) (out []Pledge, err error) {
	var all []string
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		all, err = db.Column[string](ctx, tx, "select distinct pledge_id from pledge_news order by pledge_id")
		return err
	})
	if err != nil {
		return nil, err
	}
	tags, err := s.newsTags(ctx, address, all...)
	if err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		for _, p := range all {
			c, ok, err := contactBy(ctx, tx, "pledge_id = $1 and tag = $2", p, tags[p])
			if err != nil {
				return err
			}
			if !ok || !c.confirmed {
				continue
			}
			x, err := pledgeBy(ctx, tx, "id", p)
			if err != nil {
				return err
			}
			out = append(out, x)
		}
		return nil
	})
	return out, err
}

// LeaveMailing deletes an address among those that hear of a pledge.
func (s *Service) LeaveMailing(ctx context.Context, address, p string) error {
	tags, err := s.newsTags(ctx, address, p)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "delete from pledge_news where pledge_id = $1 and tag = $2", p, tags[p])
		return err
	})
}

func (s *Service) newsTags(ctx context.Context, address string, all ...string) (map[string][]byte, error) {
	return s.Vault.Tags(ctx, ScopePrefix, all, "news address", strings.ToLower(address))
}

// Path is the address of a pledge's page.
func (p *Pledge) Path() string { return urlOf(p) }
