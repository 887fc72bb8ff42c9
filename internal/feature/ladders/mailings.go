package ladders

import (
	"context"
	"strings"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// MailingsOf lists the campaigns of whose steps an address hears, as far as everybody may
// know of them.
func (s *Service) MailingsOf(ctx context.Context, address string) (out []Campaign, err error) {
	var all []string
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		all, err = db.Column[string](ctx, tx, "select distinct campaign_id from ladder_news order by campaign_id")
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
		for _, c := range all {
			x, ok, err := contactBy(ctx, tx, "campaign_id = $1 and tag = $2", c, tags[c])
			if err != nil {
				return err
			}
			if !ok || !x.confirmed {
				continue
			}
			of, err := s.Campaigns.ByID(ctx, tx, id.Campaign(c))
			if fault.Is(err, fault.KindNotFound) {
				of, err = Campaign{ID: id.Campaign(c)}, nil
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

// LeaveMailing deletes an address among those that hear of a campaign's steps.
func (s *Service) LeaveMailing(ctx context.Context, address, c string) error {
	tags, err := s.newsTags(ctx, address, c)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "delete from ladder_news where campaign_id = $1 and tag = $2", c, tags[c])
		return err
	})
}

func (s *Service) newsTags(ctx context.Context, address string, all ...string) (map[string][]byte, error) {
	return s.Vault.Tags(ctx, ScopePrefix, all, "news address", strings.ToLower(address))
}

// Path is the address of a campaign's ladder; "" for one that is hidden.
func (c *Campaign) Path() string {
	if c.Handle == "" {
		return ""
	}
	return urlOf(c)
}
