package groups

import (
	"context"
	"errors"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Coalitions tells which groups have groups as members. Persons come into those with
// a mandate, and go with it: nobody joins, is invited, or is given a role there.
type Coalitions interface {
	IsCoalition(ctx context.Context, tx *db.Tx, g id.Group) (bool, error)
	// Vacant reports whether no group belongs to a coalition yet, as after it came in
	// with an archive: then one person may look after it.
	Vacant(ctx context.Context, tx *db.Tx, g id.Group) (bool, error)
}

// isCoalition is false on a node without that feature.
func (s *Service) isCoalition(ctx context.Context, tx *db.Tx, g id.Group) (bool, error) {
	if s.Coalitions == nil {
		return false, nil
	}
	return s.Coalitions.IsCoalition(ctx, tx, g)
}

// persons refuses what brings persons into a coalition, or takes them out of it.
func (s *Service) persons(ctx context.Context, tx *db.Tx, g id.Group) error {
	is, err := s.isCoalition(ctx, tx, g)
	if err == nil && is {
		err = fault.Conflict("group.coalition",
			"The members of a coalition are groups. Persons come into it only as delegates of a member group, with a mandate, and go with it.")
	}
	return err
}

// admits is persons for whom comes in with a link: into a coalition that nobody looks
// after.
func (s *Service) admits(ctx context.Context, tx *db.Tx, g id.Group) error {
	err := s.persons(ctx, tx, g)
	if !fault.HasCode(err, "group.coalition") {
		return err
	}
	n, err2 := countStewards(ctx, tx, g)
	if err2 != nil || n > 0 {
		return errors.Join(err2, err)
	}
	if vacant, err2 := s.Coalitions.Vacant(ctx, tx, g); err2 != nil || !vacant {
		return errors.Join(err2, err)
	}
	return nil
}

// Found starts a group that nobody is a member of yet. Without a place of its own it is
// where the group from is.
func (s *Service) Found(ctx context.Context, tx *db.Tx, in CreateInput, from id.Group, by authz.Actor) (id.Group, error) {
	g, err := s.parsed(in, by)
	if err == nil && !in.Anyway {
		err = lookAlike(ctx, tx, g)
	}
	if err != nil {
		return "", err
	}
	if g.Place == "" {
		at, err := s.ByID(ctx, tx, from)
		if err != nil {
			return "", err
		}
		g.settle(&at)
	}
	ok, err := s.insert(ctx, tx, g, by)
	if err == nil && !ok {
		err = errHandleTaken()
	}
	return g.ID, err
}

// Close ends the work of a group that nobody is left in.
func (s *Service) Close(ctx context.Context, tx *db.Tx, gid id.Group) error {
	g, err := groupByID(ctx, tx, gid)
	if err != nil || g.Over() {
		return absent(err)
	}
	if err := setEnded(ctx, tx, gid, tx.Now()); err != nil {
		return err
	}
	tx.Touch("*")
	return s.Facts.Emit(ctx, tx, fact.GroupEnded{Group: gid, Ended: true})
}

// Seat gives a person a role in a group, whatever they were there before.
func (s *Service) Seat(ctx context.Context, tx *db.Tx, g id.Group, p id.Person, r authz.Role) error {
	return putMember(ctx, tx, g, p, r, day.Of(tx.Now()))
}

// Unseat takes a person out of a group, also the last steward.
func (s *Service) Unseat(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error {
	role, err := s.Role(ctx, tx, g, p)
	if err != nil || role == authz.None {
		return err
	}
	if err := deleteMember(ctx, tx, g, p); err != nil {
		return err
	}
	if err := s.Invitations.RevokeBy(ctx, tx, g, p); err != nil {
		return err
	}
	return s.Facts.Emit(ctx, tx, fact.MemberLeft{Group: g, Person: p})
}

// CountStewards is how many a group has.
func (s *Service) CountStewards(ctx context.Context, tx *db.Tx, g id.Group) (int, error) {
	return countStewards(ctx, tx, g)
}

// Others are the members of a group but one.
func (s *Service) Others(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) ([]id.Person, error) {
	return db.Column[id.Person](ctx, tx, "select person_id from member where group_id = $1 and person_id <> $2 order by person_id",
		string(g), string(p))
}

// Roles are all groups that a person belongs to.
func (s *Service) Roles(ctx context.Context, tx *db.Tx, p id.Person) (map[id.Group]authz.Role, error) {
	all, roles, err := groupsOf(ctx, tx, p)
	out := make(map[id.Group]authz.Role, len(all))
	for i, g := range all {
		out[g.ID] = roles[i]
	}
	return out, err
}
