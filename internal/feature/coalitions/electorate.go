package coalitions

import (
	"context"
	"errors"

	"convoke/internal/db"
	"convoke/internal/id"
)

// Electorate is the seats of a coalition that weigh something right now, in the order
// of groups and seats. There are none while the coalition cannot act.
func (s *Service) Electorate(ctx context.Context, tx *db.Tx, coalition id.Group) ([]Seat, error) {
	all, err := s.Seats(ctx, tx, coalition)
	return casting(all), err
}

// Seats is [Service.Electorate] with those seats that weigh nothing, because another
// delegate of the same group casts its weight.
func (s *Service) Seats(ctx context.Context, tx *db.Tx, coalition id.Group) ([]Seat, error) {
	c, err := s.acting(ctx, tx, coalition)
	if err != nil || c.Group == "" {
		return nil, err
	}
	all, err := heldIn(ctx, tx, c.Group, "")
	return weigh(c.Weights, all), err
}

// Weight is the weight of the whole [Service.Electorate], counted and not read.
func (s *Service) Weight(ctx context.Context, tx *db.Tx, coalition id.Group) (int, error) {
	c, err := s.acting(ctx, tx, coalition)
	if err != nil || c.Group == "" {
		return 0, err
	}
	return weightOf(ctx, tx, c.Group, c.Weights)
}

// acting is the zero Coalition for a group that is none, or cannot act.
func (s *Service) acting(ctx context.Context, tx *db.Tx, g id.Group) (Coalition, error) {
	c, err := coalitionOf(ctx, tx, g)
	if errors.Is(err, db.ErrNoRows) {
		return Coalition{}, nil
	}
	if err != nil {
		return Coalition{}, err
	}
	of, err := s.Groups.ByID(ctx, tx, g)
	if err != nil || !of.acts() {
		return Coalition{}, err
	}
	return c, nil
}

// Mandate is the seat that a person holds in a coalition right now; ok is false for
// everybody else, and once the mandate has ended. Its weight is 0 while another
// delegate of the same group casts the group's weight.
func (s *Service) Mandate(ctx context.Context, tx *db.Tx, coalition id.Group, p id.Person) (seat Seat, ok bool, err error) {
	c, err := s.acting(ctx, tx, coalition)
	if err != nil || c.Group == "" || p == "" {
		return Seat{}, false, err
	}
	d, err := seatHeldBy(ctx, tx, c.Group, p)
	if errors.Is(err, db.ErrNoRows) {
		return Seat{}, false, nil
	}
	if err != nil {
		return Seat{}, false, err
	}
	all, err := heldIn(ctx, tx, c.Group, d.Group)
	for _, x := range weigh(c.Weights, all) {
		if x.ID == d.ID {
			return x, true, err
		}
	}
	return Seat{}, false, err
}

// Rules is how a coalition weighs, and whether its polls are secret, for the features
// that decide in it. ok is false for an ordinary group.
func (s *Service) Rules(ctx context.Context, tx *db.Tx, g id.Group) (c Coalition, ok bool, err error) {
	c, err = coalitionOf(ctx, tx, g)
	if errors.Is(err, db.ErrNoRows) {
		return Coalition{}, false, nil
	}
	return c, err == nil, err
}

// Vacant reports whether no group belongs to a coalition.
func (s *Service) Vacant(ctx context.Context, tx *db.Tx, g id.Group) (bool, error) {
	for _, state := range []MemberState{Belongs, Rests} {
		if n, err := countMembers(ctx, tx, g, state); err != nil || n > 0 {
			return false, err
		}
	}
	return true, nil
}

// SeatsOf is [Service.Seats] of one member group.
func (s *Service) SeatsOf(ctx context.Context, tx *db.Tx, coalition, g id.Group) ([]Seat, error) {
	c, err := s.acting(ctx, tx, coalition)
	if err != nil || c.Group == "" {
		return nil, err
	}
	all, err := heldIn(ctx, tx, c.Group, g)
	return weigh(c.Weights, all), err
}
