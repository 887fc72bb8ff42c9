package identity

import (
	"context"
	"errors"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Helpers lets people help with one event.
type Helpers interface {
	// Title names the event of a link, or returns a NotFound fault when nobody can
	// help with it any more.
	Title(ctx context.Context, tx *db.Tx, e id.Event) (string, error)
	// Help makes person a manager of the event. maker made the link, or is "". It
	// returns a Conflict fault when there are too many already.
	Help(ctx context.Context, tx *db.Tx, e id.Event, person, maker id.Person) error
}

// describeEvent adds what the page of a link to help with an event shows.
func (s *Service) describeEvent(ctx context.Context, tx *db.Tx, inv Invitation) (Invitation, error) {
	var err error
	if s.Helpers == nil {
		return Invitation{}, errors.New("an invitation to an event that nobody keeps")
	}
	inv.EventTitle, err = s.Helpers.Title(ctx, tx, inv.row.event)
	if fault.Is(err, fault.KindNotFound) {
		return Invitation{}, errGone()
	}
	return inv, err
}

// isFor reports whether the account of that handle may use the link.
func (i Invitation) isFor(handle string) bool { return i.row.handle == "" || i.row.handle == handle }

// EventLink is an unused link to help with one event.
type EventLink struct {
	OpenInvitation
	Handle string // who alone may use it; "" is anybody
}

// EventLinks lists the unused links of an event, the newest first.
func (s *Service) EventLinks(ctx context.Context, tx *db.Tx, e id.Event) ([]EventLink, error) {
	return eventLinks(ctx, tx, e)
}

// RevokeEventLink deletes an unused link of an event; false when there is none.
func (s *Service) RevokeEventLink(ctx context.Context, tx *db.Tx, e id.Event, iid string, by id.Person) (bool, error) {
	n, err := deleteEventLink(ctx, tx, e, iid)
	if err != nil || n == 0 {
		return false, err
	}
	return true, s.Audit(ctx, tx, by, "revoke invitation", string(e))
}

// AuditOf counts what was done with a subject by day, action and person, the newest
// first. The handle is "" when the account is gone.
func (s *Service) AuditOf(ctx context.Context, tx *db.Tx, subject string, actions []string, limit int) ([]AuditLine, error) {
	var out []AuditLine
	for _, action := range actions {
		found, err := auditOf(ctx, tx, subject, action, limit)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}
