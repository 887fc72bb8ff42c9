package coalitions

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// CreateSample makes a group of the demo a coalition, as [Service.Create] does with a new
// one. Its first delegate is not asked whether they may.
func (s *Service) CreateSample(ctx context.Context, tx *db.Tx, by authz.Actor, c id.Group, in Input) error {
	g, err := s.Groups.ByHandle(ctx, tx, in.Group)
	if err != nil {
		return err
	}
	var p parser
	made := in.Settings.parse(&p)
	points := p.points(in.Points)
	p.band(in.Band)
	if err := fault.Invalid(p.fields...); err != nil {
		return err
	}
	made.Group, made.Form, made.Points = c, s.IDs.Secret(), 1
	return s.begun(ctx, tx, by, &made, g, &points, in.Band)
}
