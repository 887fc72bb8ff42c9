package coalitions

import (
	"context"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

// HeldMandate is one mandate that is held about a person, for their own eyes.
type HeldMandate struct {
	Group, Coalition string // names
	Alternate        bool   // they could stand in
	State            SeatState
	Until            int // the last day, yyyymmdd
}

// Held lists all that the feature holds about a person.
func (s *Service) Held(ctx context.Context, tx *db.Tx, p id.Person) ([]HeldMandate, error) {
	all, err := mandatesOf(ctx, tx, p)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	var ids []id.Group
	for _, d := range all {
		ids = append(ids, d.Group, d.Coalition)
	}
	names, err := s.byID(ctx, tx, ids)
	out := make([]HeldMandate, len(all))
	for i, d := range all {
		out[i] = HeldMandate{names[d.Group].Name, names[d.Coalition].Name, d.Person != p, d.State, day.Of(lastDay(d.Until, names[d.Coalition].Zone))}
	}
	return out, err
}
