package groups

import (
	"context"
	"slices"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// vouched is a member and who let them in: the maker of their invitation, or the
// organizer who answered their request. By is "" for who came by themselves. It
// is always a member: when one goes, those whom they let in are as if whoever
// let that one in had done it.
type vouched struct {
	Person id.Person
	Handle string
	Role   authz.Role
	By     id.Person
}

// branch is a member with all who came in through them.
type branch struct {
	Handle string
	Below  []*branch
	Size   int // with themselves
}

// Others is how many came in through them.
func (b *branch) Others() int { return b.Size - 1 }

// below maps each member to those whom they let in.
func below(all []vouched) map[id.Person][]vouched {
	out := map[id.Person][]vouched{}
	for _, m := range all {
		out[m.By] = append(out[m.By], m)
	}
	return out
}

// lineage makes the trees of a group. Everybody is in them once, even if rows
// should contradict each other.
func lineage(all []vouched) []*branch {
	of, member, seen := below(all), map[id.Person]bool{}, map[id.Person]bool{}
	for _, m := range all {
		member[m.Person] = true
	}
	var grow func(m vouched) *branch
	grow = func(m vouched) *branch {
		seen[m.Person] = true
		b := &branch{Handle: m.Handle, Size: 1}
		for _, next := range of[m.Person] {
			if !seen[next.Person] {
				x := grow(next)
				b.Below, b.Size = append(b.Below, x), b.Size+x.Size
			}
		}
		return b
	}
	var roots []*branch
	for _, m := range all {
		if !member[m.By] {
			roots = append(roots, grow(m))
		}
	}
	for _, m := range all {
		if !seen[m.Person] {
			roots = append(roots, grow(m))
		}
	}
	return roots
}

// subtree is a member and all who came in through them, they first.
func subtree(all []vouched, handle string) []vouched {
	of, seen := below(all), map[id.Person]bool{}
	var out []vouched
	i := slices.IndexFunc(all, func(m vouched) bool { return m.Handle == handle })
	if i < 0 {
		return nil
	}
	for next := []vouched{all[i]}; len(next) > 0; next = next[1:] {
		if m := next[0]; !seen[m.Person] {
			seen[m.Person] = true
			out, next = append(out, m), append(next, of[m.Person]...)
		}
	}
	return out
}

// Lineage shows stewards who let whom in.
func (s *Service) Lineage(ctx context.Context, by authz.Actor, handle string) (g Group, roots []*branch, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var all []vouched
		var err error
		if g, _, err = s.check(ctx, tx, by, handle, authz.SeeMembers); err != nil {
			return err
		}
		all, err = vouchedIn(ctx, tx, g.ID)
		roots = lineage(all)
		return err
	})
	return g, roots, err
}

// Going lists who would go with a member, for stewards.
func (s *Service) Going(ctx context.Context, by authz.Actor, handle, member string) (g Group, handles []string, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var gone []vouched
		var err error
		g, gone, err = s.going(ctx, tx, by, handle, member)
		handles = nil
		for _, m := range gone {
			handles = append(handles, m.Handle)
		}
		return err
	})
	return g, handles, err
}

func (s *Service) going(ctx context.Context, tx *db.Tx, by authz.Actor, handle, member string) (Group, []vouched, error) {
	g, _, err := s.check(ctx, tx, by, handle, authz.ChangeRole)
	if err != nil {
		return g, nil, err
	}
	all, err := vouchedIn(ctx, tx, g.ID)
	if err != nil {
		return g, nil, err
	}
	gone := subtree(all, member)
	if len(gone) == 0 {
		return g, nil, absent(db.ErrNoRows)
	}
	return g, gone, nil
}

// RemoveLineage removes a member and all who came in through them, with the
// links that they gave out. count is how many the steward was shown: when
// others came in meanwhile, nothing happens.
func (s *Service) RemoveLineage(ctx context.Context, by authz.Actor, handle, member string, count int) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, gone, err := s.going(ctx, tx, by, handle, member)
		if err != nil {
			return err
		}
		if err := s.persons(ctx, tx, g.ID); err != nil {
			return err
		}
		if len(gone) != count {
			return fault.Conflict("group.lineage_changed", "Members came or went meanwhile. Look at the list again before you confirm.")
		}
		left, err := countStewards(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		for _, m := range gone {
			if m.Role == authz.Steward {
				left--
			}
		}
		if left < 1 {
			return errLastSteward()
		}
		for _, m := range gone {
			if err := deleteMember(ctx, tx, g.ID, m.Person); err != nil {
				return err
			}
			if err := s.Facts.Emit(ctx, tx, fact.MemberLeft{Group: g.ID, Person: m.Person}); err != nil {
				return err
			}
			if err := s.Invitations.RevokeBy(ctx, tx, g.ID, m.Person); err != nil {
				return err
			}
			if err := s.Audit(ctx, tx, by.Person, "remove lineage", string(g.ID)+" "+string(m.Person)); err != nil {
				return err
			}
		}
		return nil
	})
}
