package roles

import (
	"context"
	"fmt"
	"strings"

	"convoke/internal/archive"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// archivedRule is the rule of an event in the archive of its group. What is needed
// in each role is part of the event's programme; who offered stays behind.
type archivedRule struct {
	Confirmers int `json:"confirmers"`
}

// ExportRules returns the rules of events that have another than usual.
func (s *Service) ExportRules(ctx context.Context, tx *db.Tx, es []id.Event) (map[id.Event]any, error) {
	out := map[id.Event]any{}
	if len(es) == 0 {
		return out, nil
	}
	args, list := make([]any, len(es)), make([]string, len(es))
	for i, e := range es {
		args[i], list[i] = string(e), fmt.Sprintf("$%d", i+1)
	}
	err := tx.Each(ctx, "select event_id, confirmers from role_rule where confirmers <> 1 and event_id in ("+strings.Join(list, ", ")+")", args,
		func(scan func(...any) error) error {
			var e id.Event
			var a archivedRule
			err := scan(&e, &a.Confirmers)
			out[e] = a
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read rules of roles: %w", err)
	}
	return out, nil
}

// ImportRule takes the rule in for a new event; see events.Attached.
func (s *Service) ImportRule(ctx context.Context, tx *db.Tx, e id.Event, raw []byte, write bool) error {
	var a archivedRule
	if err := archive.Strict(raw, &a); err != nil {
		return fmt.Errorf("%w: %w", archive.ErrUnreadable, err)
	}
	if a.Confirmers < 1 || a.Confirmers > maxConfirmers {
		return fault.Invalid(fault.Field("confirmers", "roles.confirmers", "Choose whether one or two organizers confirm."))
	}
	if !write {
		return nil
	}
	return putRule(ctx, tx, e, a.Confirmers)
}
