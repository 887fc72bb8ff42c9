package petitions

import (
	"context"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/record/box"
)

// PrepareSample makes the roll of the demo's petition, outside of a transaction.
func (s *Service) PrepareSample(ctx context.Context, gate string) (*box.Draft, error) {
	return s.Boxes.Prepare(ctx, box.RollInput{Gate: gate, Slots: 1})
}

// CreateSample stores the demo's petition and opens it, without asking who may.
func (s *Service) CreateSample(ctx context.Context, tx *db.Tx, g id.Group, in Input, draft *box.Draft) error {
	p, err := in.parse()
	if err != nil {
		return err
	}
	p.ID, p.Group, p.form, p.Created, p.Updated = s.IDs.New(), g, s.IDs.Secret(), tx.Now(), tx.Now()
	p.placed = clock.Micros(tx.Now())
	if err := s.place(ctx, tx, &p, in.Campaign); err != nil {
		return err
	}
	if err := insertPetition(ctx, tx, &p); err != nil {
		return err
	}
	f := Found{Petition: p}
	if f.Group, err = s.Groups.ByID(ctx, tx, g); err != nil {
		return err
	}
	return s.open(ctx, tx, &f, draft, newSalt(s.IDs))
}
