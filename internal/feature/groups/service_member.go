package groups

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Title returns the name and the handle of a group; a suspended one is absent.
func (s *Service) Title(ctx context.Context, tx *db.Tx, gid id.Group) (name, handle string, err error) {
	g, err := groupByID(ctx, tx, gid)
	if err != nil {
		return "", "", absent(err)
	}
	if g.Suspended {
		return "", "", web.ErrNotFound()
	}
	return g.Name, g.Handle, nil
}

// Rules returns the version of a group's rules of conduct, 0 for none.
func (s *Service) Rules(ctx context.Context, tx *db.Tx, gid id.Group) (int, error) {
	g, err := groupByID(ctx, tx, gid)
	return g.Conduct, absent(err)
}

// Members is one page of the stewards' list, in the order of handles, from
// behind the handle after.
func (s *Service) Members(ctx context.Context, by authz.Actor, handle, after string, limit int) (g Group, page []MemberInfo, more bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if g, _, err = s.check(ctx, tx, by, handle, authz.SeeMembers); err != nil {
			return err
		}
		page, err = membersAfter(ctx, tx, g.ID, after, limit+1)
		return err
	})
	if len(page) > limit {
		return g, page[:limit], true, err
	}
	return g, page, false, err
}

// Member finds a member of a group by handle.
func (s *Service) Member(ctx context.Context, tx *db.Tx, g id.Group, handle string) (id.Person, error) {
	m, err := memberByHandle(ctx, tx, g, handle)
	return m.Person, absent(err)
}

// Audited actions on a member.
const (
	changeRole   = "change role"
	removeMember = "remove member"
	leaveGroup   = "leave group"
)

// SetRole changes a member's role, for stewards.
func (s *Service) SetRole(ctx context.Context, by authz.Actor, handle, member string, role authz.Role) error {
	return s.changeMember(ctx, by, handle, member, role, changeRole)
}

// Remove takes a member out of the group, for stewards.
func (s *Service) Remove(ctx context.Context, by authz.Actor, handle, member string) error {
	return s.changeMember(ctx, by, handle, member, authz.None, removeMember)
}

func (s *Service) changeMember(ctx context.Context, by authz.Actor, handle, member string, role authz.Role, action string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, _, err := s.check(ctx, tx, by, handle, authz.ChangeRole)
		if err != nil {
			return err
		}
		if err := s.persons(ctx, tx, g.ID); err != nil {
			return err
		}
		if action == changeRole && !role.Valid() {
			return fault.Invalid(fault.Field("role", "group.role", "Choose a role."))
		}
		m, err := memberByHandle(ctx, tx, g.ID, member)
		if err != nil {
			return absent(err)
		}
		return s.change(ctx, tx, g, m.Person, m.Role, role, by, action)
	})
}

// Leave ends the actor's own membership.
func (s *Service) Leave(ctx context.Context, by authz.Actor, handle string) error {
	if by.Visitor() {
		return fault.Unauthenticated("authz.sign_in", "Please sign in first.")
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, sub, err := s.load(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		if sub.Role == authz.None {
			return web.ErrNotFound()
		}
		if err := s.persons(ctx, tx, g.ID); err != nil {
			return err
		}
		return s.change(ctx, tx, g, by.Person, sub.Role, authz.None, by, leaveGroup)
	})
}

// change gives a member another role, or none. Whoever may no longer invite
// loses the links that they gave out.
func (s *Service) change(ctx context.Context, tx *db.Tx, g Group, p id.Person, was, role authz.Role, by authz.Actor, action string) error {
	if was == role {
		return nil
	}
	n, err := countStewards(ctx, tx, g.ID)
	if err != nil {
		return err
	}
	if err := stewardLeaves(n, was, role); err != nil {
		return err
	}
	if role == authz.None {
		if err = deleteMember(ctx, tx, g.ID, p); err == nil {
			err = s.Facts.Emit(ctx, tx, fact.MemberLeft{Group: g.ID, Person: p})
		}
	} else {
		err = putMember(ctx, tx, g.ID, p, role, day.Of(tx.Now()))
	}
	if err != nil {
		return err
	}
	if !role.AtLeast(was) {
		if err := s.Invitations.RevokeBy(ctx, tx, g.ID, p); err != nil {
			return err
		}
	}
	return s.Audit(ctx, tx, by.Person, action, string(g.ID)+" "+string(p)+" "+string(role))
}

// invites is the action that inviting with a role takes.
func invites(role authz.Role) authz.Action {
	if role == authz.Member {
		return authz.InviteMember
	}
	return authz.InviteSteward
}

// Invite makes a link to the group and returns its path, to be shown once. An
// organizer may invite members, a steward anybody. key is the form's, or "".
func (s *Service) Invite(ctx context.Context, by authz.Actor, handle string, role authz.Role, key string) (path string, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		g, sub, err := s.check(ctx, tx, by, handle, authz.InviteMember)
		if err != nil {
			return err
		}
		if err := s.persons(ctx, tx, g.ID); err != nil {
			return err
		}
		if !role.Valid() {
			return fault.Invalid(fault.Field("role", "group.role", "Choose a role."))
		}
		if err := authz.Check(by, invites(role), sub); err != nil {
			return err
		}
		secret, err := s.Invitations.Invite(ctx, tx, g.ID, role, by.Person, invitationTTL, key)
		path = "/invitations/" + secret
		return err
	})
	if err != nil {
		return "", err
	}
	return path, nil
}

// OpenInvitations lists the group's unused links, and the roles that the actor
// may invite with.
func (s *Service) OpenInvitations(ctx context.Context, by authz.Actor, handle string) (g Group, open []Invitation, may []authz.Role, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var sub authz.Subject
		var err error
		if g, sub, err = s.check(ctx, tx, by, handle, authz.InviteMember); err != nil {
			return err
		}
		may = nil
		for _, r := range authz.Roles() {
			if authz.May(by, invites(r), sub) {
				may = append(may, r)
			}
		}
		open, err = s.Invitations.Open(ctx, tx, g.ID)
		return err
	})
	return g, open, may, err
}

// Revoke deletes an unused link of the group that the actor could have made.
func (s *Service) Revoke(ctx context.Context, by authz.Actor, handle, iid string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, sub, err := s.check(ctx, tx, by, handle, authz.InviteMember)
		if err != nil {
			return err
		}
		open, err := s.Invitations.Open(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		for _, o := range open {
			if o.ID != iid {
				continue
			}
			if err := authz.Check(by, invites(o.Role), sub); err != nil {
				return err
			}
			ok, err := s.Invitations.Revoke(ctx, tx, g.ID, iid, by.Person)
			if err == nil && !ok {
				return web.ErrNotFound()
			}
			return err
		}
		return web.ErrNotFound()
	})
}
