package petitions

import (
	"context"
	"errors"
	"strings"

	"convoke/internal/db"
)

// MailingsOf lists the petitions of which an address gets updates.
func (s *Service) MailingsOf(ctx context.Context, address string) (out []Petition, err error) {
	var all []string
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		all, err = db.Column[string](ctx, tx, "select distinct petition_id from petition_follower order by petition_id")
		return err
	})
	if err != nil {
		return nil, err
	}
	tags, err := s.updateTags(ctx, address, all...)
	if err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		for _, p := range all {
			x, err := followerBy(ctx, tx, p, "tag", tags[p])
			if errors.Is(err, db.ErrNoRows) || err == nil && !x.confirmed {
				continue
			}
			var of Petition
			if err == nil {
				of, err = byID(ctx, tx, p)
			}
			if err != nil {
				return err
			}
			out = append(out, of)
		}
		return nil
	})
	return out, err
}

// LeaveMailing deletes an address among those that get updates of a petition.
func (s *Service) LeaveMailing(ctx context.Context, address, p string) error {
	tags, err := s.updateTags(ctx, address, p)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "delete from petition_follower where petition_id = $1 and tag = $2", p, tags[p])
		return err
	})
}

func (s *Service) updateTags(ctx context.Context, address string, all ...string) (map[string][]byte, error) {
	return s.Vault.Tags(ctx, ScopePrefix, all, "updates", strings.ToLower(address))
}

// Path is the address of a petition's page.
func (p *Petition) Path() string { return p.url() }
