package groups

import (
	"context"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Membership is one row about a person, for their own eyes.
type Membership struct {
	Group Brief
	Role  authz.Role
	Since time.Time // a day
}

// Memberships lists all that the feature holds about a person.
func (s *Service) Memberships(ctx context.Context, tx *db.Tx, p id.Person) ([]Membership, error) {
	all, roles, err := groupsOf(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	since, err := sinceOf(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	out := make([]Membership, len(all))
	for i, g := range all {
		out[i] = Membership{g.Brief, roles[i], since[g.ID]}
	}
	return out, nil
}

// Parting tells what it would mean if a person left all groups: needed are those
// with other members and no other steward, alone those with no other member.
func (s *Service) Parting(ctx context.Context, tx *db.Tx, p id.Person) (needed, alone []Brief, err error) {
	all, roles, err := groupsOf(ctx, tx, p)
	if err != nil {
		return nil, nil, err
	}
	for i, g := range all {
		is, err := s.isCoalition(ctx, tx, g.ID)
		if err != nil {
			return nil, nil, err
		}
		if g.Over() || is { // needs nobody: others are sent
			continue
		}
		members, stewards, err := othersIn(ctx, tx, g.ID, p)
		switch {
		case err != nil:
			return nil, nil, err
		case !members:
			alone = append(alone, g.Brief)
		case roles[i] == authz.Steward && !stewards:
			needed = append(needed, g.Brief)
		}
	}
	return needed, alone, nil
}

// LeaveAll ends a person's memberships, when their account is erased. It returns
// a Conflict fault while a group needs them. A group that nobody is left in is
// suspended: nobody could answer for it.
func (s *Service) LeaveAll(ctx context.Context, tx *db.Tx, p id.Person) error {
	needed, alone, err := s.Parting(ctx, tx, p)
	if err != nil {
		return err
	}
	if len(needed) > 0 {
		var names []string
		for _, g := range needed {
			names = append(names, g.Name)
		}
		return fault.Conflict("group.last_steward_of",
			"You are the last steward of these groups: {groups}. Make somebody else a steward first.", "groups", strings.Join(names, ", "))
	}
	for _, g := range alone {
		if g.Suspended {
			continue
		}
		if err := s.hide(ctx, tx, g.ID, true); err != nil {
			return err
		}
		if err := s.Audit(ctx, tx, p, suspendGroup, string(g.ID)); err != nil {
			return err
		}
	}
	if err := dropRequests(ctx, tx, "", p); err != nil {
		return err
	}
	all, _, err := groupsOf(ctx, tx, p)
	if err != nil {
		return err
	}
	if err := deleteMemberships(ctx, tx, p); err != nil {
		return err
	}
	for _, g := range all {
		if err := s.Facts.Emit(ctx, tx, fact.MemberLeft{Group: g.ID, Person: p}); err != nil {
			return err
		}
	}
	return nil
}

// hide suspends a group, or lifts that, and tells other features.
func (s *Service) hide(ctx context.Context, tx *db.Tx, g id.Group, suspended bool) error {
	if err := setSuspended(ctx, tx, g, suspended); err != nil {
		return err
	}
	tx.Touch("groups", "group:"+string(g), "group-events:"+string(g), "events")
	return s.Facts.Emit(ctx, tx, fact.GroupSuspended{Group: g, Suspended: suspended})
}

// Recovering is what recovery needs to know of a member.
type Recovering struct {
	Brief
	Member   id.Person
	Stewards []id.Person // others than the member
	Higher   bool        // the member has a higher role in another group
}

// Recovering tells a steward about a member of a group. To everybody else, in a
// suspended group and in a coalition, whose delegates have stewards in the group that
// sent them, the member does not exist.
func (s *Service) Recovering(ctx context.Context, tx *db.Tx, steward id.Person, handle, member string) (Recovering, error) {
	g, _, err := s.check(ctx, tx, authz.Actor{Person: steward}, handle, authz.ChangeRole)
	if fault.Is(err, fault.KindForbidden) {
		err = web.ErrNotFound()
	}
	if err == nil {
		var is bool
		if is, err = s.isCoalition(ctx, tx, g.ID); is {
			err = web.ErrNotFound()
		}
	}
	if err != nil {
		return Recovering{}, err
	}
	m, err := memberByHandle(ctx, tx, g.ID, member)
	if err != nil {
		return Recovering{}, absent(err)
	}
	out := Recovering{Brief: g.Brief, Member: m.Person}
	if out.Stewards, err = stewardsBut(ctx, tx, g.ID, m.Person); err != nil {
		return out, err
	}
	_, roles, err := groupsOf(ctx, tx, m.Person)
	for _, r := range roles {
		out.Higher = out.Higher || !m.Role.AtLeast(r)
	}
	return out, err
}

// Stewarding lists the groups that a person is a steward of and that may act.
func (s *Service) Stewarding(ctx context.Context, tx *db.Tx, p id.Person) ([]id.Group, error) {
	all, roles, err := groupsOf(ctx, tx, p)
	var out []id.Group
	for i, g := range all {
		if roles[i] == authz.Steward && !g.Suspended && !g.Over() {
			out = append(out, g.ID)
		}
	}
	return out, err
}
