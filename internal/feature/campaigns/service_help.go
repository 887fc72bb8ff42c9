package campaigns

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// Helpers lets the host of a proposal help with the event that was made of it.
type Helpers interface {
	// HostLink makes the link with that secret, once. It returns a NotFound fault
	// while nobody can help with the event.
	HostLink(ctx context.Context, tx *db.Tx, e id.Event, secret string) error
}

// HelpLink makes the link with which the host of an accepted proposal manages its
// event, and returns the link's secret. It is drawn from the proposal's key: asked
// again it is the same link, which works once. Who the host is, is not noted.
func (s *Service) HelpLink(ctx context.Context, by authz.Actor, handle, secret string) (string, error) {
	p, err := s.Answered(ctx, secret)
	if err != nil {
		return "", err
	}
	if p.State != Accepted || p.Event == "" || s.Helpers == nil {
		return "", errNoProposal()
	}
	k, err := s.Vault.Existing(ctx, ScopePrefix+p.ID)
	if errors.Is(err, seal.ErrDestroyed) {
		return "", errNoProposal()
	}
	if err != nil {
		return "", fmt.Errorf("find the key of a proposal: %w", err)
	}
	link := id.SecretOf(k.Tag("link of the host", p.ID))
	return link, s.DB.Write(ctx, func(tx *db.Tx) error {
		c, _, err := s.load(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		x, err := proposalBy(ctx, tx, "id", p.ID)
		if errors.Is(err, db.ErrNoRows) || err == nil && x.Campaign != c.ID {
			return errNoProposal()
		}
		if err != nil {
			return err
		}
		first, err := noteHelp(ctx, tx, p.ID)
		if err != nil || !first { // made before, and perhaps used or run out
			return err
		}
		return s.Helpers.HostLink(ctx, tx, p.Event, link)
	})
}

// noteHelp notes on which day a host asked for their link, and whether this is the
// first time.
func noteHelp(ctx context.Context, tx *db.Tx, pid string) (first bool, err error) {
	n, err := tx.Exec(ctx, "update proposal set help_day = $2 where id = $1 and help_day = 0", pid, day.Of(tx.Now()))
	if err != nil {
		return false, fmt.Errorf("note that a host helps: %w", err)
	}
	return n == 1, nil
}
