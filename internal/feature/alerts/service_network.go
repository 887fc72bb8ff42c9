package alerts

import (
	"context"
	"errors"
	"slices"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
)

// allowed are the categories of this node.
func (s *Service) allowed() (out []string) {
	for _, c := range Categories() {
		if len(s.Allowed) == 0 || slices.Contains(s.Allowed, c.Code) {
			out = append(out, c.Code)
		}
	}
	return out
}

// owners adds to a network the groups that run it, and leaves out what the node does not
// allow.
func (s *Service) owners(ctx context.Context, tx *db.Tx, n *Network) error {
	rows, err := ownersOf(ctx, tx, n.ID)
	if err != nil {
		return err
	}
	n.Owners, n.Categories = nil, slices.DeleteFunc(n.Categories, func(c string) bool { return !slices.Contains(s.allowed(), c) })
	for _, r := range rows {
		g, err := s.Groups.ByID(ctx, tx, r.Group)
		if err != nil {
			return err
		}
		n.Owners = append(n.Owners, Owner{g, r.Asked})
	}
	return nil
}

// Start starts a network for a group of which the actor is a steward, who becomes its
// first verifier. key is the form's.
func (s *Service) Start(ctx context.Context, by authz.Actor, key string, in NetworkInput) error {
	if !id.ValidSecret(key) {
		return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	n, cells, wrong := in.parse(s.Places, s.allowed())
	n.ID = key
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.Groups.ByHandle(ctx, tx, in.Group)
		if err == nil {
			var role authz.Role
			if role, err = s.Groups.Role(ctx, tx, g.ID, by.Person); err == nil {
				err = authz.Check(by, authz.RunNetwork, authz.Subject{Role: role, Suspended: g.Suspended, Ended: g.Ended})
			}
		}
		if fault.Is(err, fault.KindNotFound) {
			err = fault.Invalid(fault.Field("group", "alert.group", "Choose one of your groups."))
		}
		if err = errors.Join(err, wrong); err != nil {
			if wrong != nil {
				return wrong
			}
			return err
		}
		old, there, err := networkBy(ctx, tx, "id", key)
		if err != nil || there && old.Handle == n.Handle {
			return err // the same form once more
		}
		if err := insertNetwork(ctx, tx, &n); err != nil {
			if db.IsUnique(err) {
				return fault.Invalid(fault.Field("handle", "alert.handle_taken", "This handle is taken. Choose another one."))
			}
			return err
		}
		if err := errors.Join(putArea(ctx, tx, n.ID, cells), putOwner(ctx, tx, n.ID, g.ID, false), insertVerifier(ctx, tx, n.ID, Verifier{Person: by.Person, Group: g.ID})); err != nil {
			return err
		}
		touch(tx, n.ID)
		return s.Audit(ctx, tx, by.Person, "start alert network", n.ID+" "+string(g.ID))
	})
	return err
}

// touch tells the pages that show a network.
func touch(tx *db.Tx, nid string) { tx.Touch("alerts", "alerts:"+nid) }

// Edit changes a network. sequence is that of the form.
func (s *Service) Edit(ctx context.Context, by authz.Actor, handle string, sequence int, in NetworkInput) error {
	in.Handle = handle
	changed, cells, wrong := in.parse(s.Places, s.allowed())
	return s.run(ctx, by, handle, "edit alert network", func(tx *db.Tx, n *Network, _ seat) error {
		switch {
		case wrong != nil:
			return wrong
		case n.Sequence != sequence:
			return fault.Conflict("alert.changed_meanwhile", "Somebody else has changed this network meanwhile. Please open the page again: what you typed is still here to copy.")
		}
		n.Name, n.Rules, n.Area, n.Categories, n.Zone, n.Middle = changed.Name, changed.Rules, changed.Area, changed.Categories, changed.Zone, changed.Middle
		return errors.Join(putNetwork(ctx, tx, n), putArea(ctx, tx, n.ID, cells))
	})
}

// run does something with a network as a steward of a group that runs it.
func (s *Service) run(ctx context.Context, by authz.Actor, handle, action string, do func(tx *db.Tx, n *Network, me seat) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, me, err := s.steward(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		if err := do(tx, n, me); err != nil {
			return err
		}
		touch(tx, n.ID)
		subject := n.ID
		for _, g := range n.owning(me.Stewards) {
			subject += " " + string(g.ID)
		}
		return s.Audit(ctx, tx, by.Person, action, subject)
	})
}

// SetClosed closes a network, or opens it again.
func (s *Service) SetClosed(ctx context.Context, by authz.Actor, handle string, closed bool) error {
	return s.run(ctx, by, handle, "close alert network", func(tx *db.Tx, n *Network, _ seat) error {
		n.Closed = closed
		return putNetwork(ctx, tx, n)
	})
}

// Ask asks a group to run the network, too.
func (s *Service) Ask(ctx context.Context, by authz.Actor, handle, group string) error {
	return s.run(ctx, by, handle, "ask to run alert network", func(tx *db.Tx, n *Network, _ seat) error {
		g, err := s.Groups.ByHandle(ctx, tx, group)
		if fault.Is(err, fault.KindNotFound) || err == nil && (g.Suspended || g.Ended) {
			return fault.Invalid(fault.Field("group", "alert.no_group", "There is no group with this handle here."))
		}
		if err != nil || slices.ContainsFunc(n.Owners, func(o Owner) bool { return o.ID == g.ID }) {
			return err
		}
		if len(n.Owners) >= maxOwners {
			return fault.Conflict("alert.many_owners", "At most {max} groups run one network.", "max", maxOwners)
		}
		return putOwner(ctx, tx, n.ID, g.ID, true)
	})
}

// Answer says for a group that was asked whether it runs the network, too.
func (s *Service) Answer(ctx context.Context, by authz.Actor, handle, group string, yes bool) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, o, err := s.forGroup(ctx, tx, by, handle, group)
		if !yes && isOut(err) {
			return nil
		}
		if err != nil || !o.Asked {
			return err
		}
		touch(tx, n.ID)
		if !yes {
			return dropOwner(ctx, tx, n.ID, o.ID)
		}
		return errors.Join(putOwner(ctx, tx, n.ID, o.ID, false), s.Audit(ctx, tx, by.Person, "run alert network", n.ID+" "+string(o.ID)))
	})
}

// isOut reports whether a group runs a network no more, as after the same form once more.
func isOut(err error) bool { return fault.HasCode(err, "alert.not_asked") }

// forGroup is a network, and a group that runs it or is asked to, for a steward of that.
func (s *Service) forGroup(ctx context.Context, tx *db.Tx, by authz.Actor, handle, group string) (*Network, Owner, error) {
	n, err := s.network(ctx, tx, handle)
	if err != nil {
		return nil, Owner{}, err
	}
	for _, o := range n.Owners {
		if o.Handle != group {
			continue
		}
		role, err := s.Groups.Role(ctx, tx, o.ID, by.Person)
		if err != nil {
			return nil, o, err
		}
		return n, o, authz.Check(by, authz.RunNetwork, authz.Subject{Role: role, Suspended: o.Suspended, Ended: o.Ended})
	}
	return nil, Owner{}, fault.Conflict("alert.not_asked", "This group does not run the network, and is not asked to.")
}

// Part ends a group's part in a network, and with it that of the verifiers whom it named.
// The last group closes the network instead.
func (s *Service) Part(ctx context.Context, by authz.Actor, handle, group string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, o, err := s.forGroup(ctx, tx, by, handle, group)
		if isOut(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if !o.Asked && !slices.ContainsFunc(n.Owners, func(x Owner) bool { return x.ID != o.ID && !x.Asked }) {
			return fault.Conflict("alert.last_owner", "No other group runs this network. Close it, or ask another group first.")
		}
		if err := s.dropVerifiers(ctx, tx, n, o.ID); err != nil {
			return err
		}
		touch(tx, n.ID)
		return errors.Join(dropOwner(ctx, tx, n.ID, o.ID), s.Audit(ctx, tx, by.Person, "leave alert network", n.ID+" "+string(o.ID)))
	})
}

func (s *Service) dropVerifiers(ctx context.Context, tx *db.Tx, n *Network, g id.Group) error {
	all, err := verifiersOf(ctx, tx, n.ID)
	for _, v := range all {
		if v.Group == g {
			err = errors.Join(err, dropVerifier(ctx, tx, n.ID, v.Person))
		}
	}
	return err
}

// Name makes a member of one's group a verifier.
func (s *Service) Name(ctx context.Context, by authz.Actor, handle, group, person string) error {
	return s.run(ctx, by, handle, "name verifier", func(tx *db.Tx, n *Network, me seat) error {
		i := slices.IndexFunc(n.owning(me.Stewards), func(g Group) bool { return g.Handle == group })
		if i < 0 {
			return fault.Invalid(fault.Field("group", "alert.group", "Choose one of your groups."))
		}
		g := n.owning(me.Stewards)[i]
		p, err := s.Groups.Member(ctx, tx, g.ID, person)
		if fault.Is(err, fault.KindNotFound) {
			return fault.Invalid(fault.Field("member", "alert.no_member", "Nobody with this handle is a member of the group."))
		}
		if err != nil {
			return err
		}
		all, err := verifiersOf(ctx, tx, n.ID)
		if err != nil {
			return err
		}
		if len(all) >= maxVerifiers {
			return fault.Conflict("alert.many_verifiers", "A network has at most {max} verifiers.", "max", maxVerifiers)
		}
		return insertVerifier(ctx, tx, n.ID, Verifier{Person: p, Group: g.ID})
	})
}

// Unname takes somebody from the verifiers: a steward whom their group named, or anybody
// themselves.
func (s *Service) Unname(ctx context.Context, by authz.Actor, handle, person string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := s.network(ctx, tx, handle)
		if err != nil {
			return err
		}
		me, err := s.seat(ctx, tx, by, n)
		if err != nil {
			return err
		}
		if len(n.owning(me.Stewards)) == 0 && by.Handle != person { // nobody else learns whether they verify
			return authz.Check(by, authz.RunNetwork, authz.Subject{})
		}
		all, err := verifiersOf(ctx, tx, n.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(v Verifier) bool { return v.Handle == person })
		if i < 0 {
			return nil
		}
		v := all[i]
		if v.Person != by.Person && !slices.ContainsFunc(n.owning(me.Stewards), func(g Group) bool { return g.ID == v.Group }) {
			return authz.Check(by, authz.RunNetwork, authz.Subject{})
		}
		touch(tx, n.ID)
		return errors.Join(dropVerifier(ctx, tx, n.ID, v.Person), s.Audit(ctx, tx, by.Person, "drop verifier", n.ID+" "+string(v.Group)))
	})
}

// AddShift puts a verifier on call: stewards anybody, verifiers themselves. key is the
// form's.
func (s *Service) AddShift(ctx context.Context, by authz.Actor, handle, key, person string, start, end time.Time) error {
	return s.rota(ctx, by, handle, person, func(tx *db.Tx, n *Network, v Verifier) error {
		switch {
		case !id.ValidSecret(key):
			return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
		case !end.After(start) || end.Sub(start) > 24*time.Hour:
			return fault.Invalid(fault.Field("end", "alert.shift", "A shift ends after it begins, and within a day."))
		case !end.After(tx.Now()) || start.Sub(tx.Now()) > 60*24*time.Hour:
			return fault.Invalid(fault.Field("start", "alert.shift_when", "Choose a time from now on, within the next 60 days."))
		}
		return insertShift(ctx, tx, n.ID, Shift{ID: key, Person: v.Person, Start: start, End: end})
	})
}

// DropShift takes a shift back.
func (s *Service) DropShift(ctx context.Context, by authz.Actor, handle, person, sid string) error {
	return s.rota(ctx, by, handle, person, func(tx *db.Tx, n *Network, _ Verifier) error { return dropShift(ctx, tx, n.ID, sid) })
}

func (s *Service) rota(ctx context.Context, by authz.Actor, handle, person string, do func(tx *db.Tx, n *Network, v Verifier) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := s.network(ctx, tx, handle)
		if err != nil {
			return err
		}
		me, err := s.seat(ctx, tx, by, n)
		if err != nil {
			return err
		}
		all, err := verifiersOf(ctx, tx, n.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(v Verifier) bool { return v.Handle == person })
		switch {
		case len(n.owning(me.Stewards)) == 0 && (!me.Verifies || i < 0 || all[i].Person != by.Person):
			return authz.Check(by, authz.RunNetwork, authz.Subject{})
		case i < 0:
			return fault.Invalid(fault.Field("person", "alert.no_verifier", "Choose one of the verifiers."))
		}
		return do(tx, n, all[i])
	})
}

// MemberLeft ends what somebody did as a verifier for a group that they are no member of
// any more: what they proposed and was not sent is gone with it.
func (s *Service) MemberLeft(ctx context.Context, tx *db.Tx, f fact.MemberLeft) error {
	all, err := verifiesIn(ctx, tx, f.Person)
	for _, n := range all {
		v, ok, got := verifierOf(ctx, tx, n.ID, f.Person)
		if err = errors.Join(err, got); ok && v.Group == f.Group {
			err = errors.Join(err, dropVerifier(ctx, tx, n.ID, f.Person))
		}
	}
	return err
}

// GroupCleared takes a group that is deleted from the networks that it ran.
func (s *Service) GroupCleared(ctx context.Context, tx *db.Tx, f fact.GroupCleared) error {
	all, err := networksBy(ctx, tx, f.Group)
	for i := range all {
		touch(tx, all[i].ID)
		err = errors.Join(err, s.dropVerifiers(ctx, tx, &all[i], f.Group), dropOwner(ctx, tx, all[i].ID, f.Group))
	}
	return err
}

// inArea checks that all cells belong to a network.
func inArea(ctx context.Context, tx *db.Tx, nid, field string, cells []geo.GridCell) error {
	for _, c := range cells {
		ok, err := watches(ctx, tx, nid, c)
		if err != nil {
			return err
		}
		if !ok {
			return fault.Invalid(fault.Field(field, "alert.outside", "The cell {cell} is not in the network’s area.", "cell", c.String()))
		}
	}
	return nil
}
