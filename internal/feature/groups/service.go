package groups

import (
	"context"
	"errors"
	"io"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Invitation is an unused link of a group.
type Invitation struct {
	ID   string
	Role authz.Role
	Ends time.Time
}

// Invitations makes and revokes the links that let people in.
type Invitations interface {
	// Invite returns the secret of a link, /invitations/SECRET. It is key, the form's,
	// which again makes no other, or a new one for "".
	Invite(ctx context.Context, tx *db.Tx, g id.Group, role authz.Role, by id.Person, ttl time.Duration, key string) (secret string, err error)
	Open(ctx context.Context, tx *db.Tx, g id.Group) ([]Invitation, error)
	// Revoke reports false when there is no such unused link.
	Revoke(ctx context.Context, tx *db.Tx, g id.Group, iid string, by id.Person) (bool, error)
	// RevokeBy revokes the unused links that somebody made.
	RevokeBy(ctx context.Context, tx *db.Tx, g id.Group, maker id.Person) error
}

// Letters sends links to addresses that somebody typed.
type Letters interface {
	// CheckAddress says of the field "email" whether it is one.
	CheckAddress(typed string) error
	// MailInvitation leaves a message with the link of an invitation, of which path is that.
	MailInvitation(ctx context.Context, by authz.Actor, group, path, typed, lang string, now time.Time) error
}

// Facts tells other features what happened, inside the transaction.
type Facts interface {
	Emit(ctx context.Context, tx *db.Tx, f any) error
}

// Deps are what the feature needs.
type Deps struct {
	DB          *db.DB
	IDs         *id.Source
	Places      Places
	Fold        func(string) string // makes names comparable: geo.Fold
	Invitations Invitations
	Letters     Letters // nil where the node sends no mail
	Facts       Facts
	// Audit notes who did what in a role.
	Audit func(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error
	// Prove makes sure that the form of a dangerous act comes from the account's
	// owner. Its fault has the message for the field that asks for a proof.
	Prove func(c *web.Call, f *web.Form) error
	Vault Vault
	// BaseURL is the address of this node, without a final slash.
	BaseURL string
	// Coalitions may be set after New, before the first request.
	Coalitions Coalitions
	// Acted is told that somebody with a role did something in a group; nil
	// tells nobody. It may be set after New, before the first request.
	Acted func(ctx context.Context, tx *db.Tx, g id.Group, r authz.Role) error
	// Export writes a group's archive; see [Service.Archive]. It may be set after
	// New, before the first request.
	Export func(ctx context.Context, g id.Group, w io.Writer) error
	// Panels are parts of the group's page that other features own. They may be
	// set after New, before the first request.
	Panels []Panel
}

// Service is the use cases of groups.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// invitationTTL is how long a link of a group works.
const invitationTTL = 7 * 24 * time.Hour

// ByHandle returns a group, suspended or not, or the NotFound fault that stands
// for everything one may not know of.
func (s *Service) ByHandle(ctx context.Context, tx *db.Tx, handle string) (Brief, error) {
	g, err := groupByHandle(ctx, tx, handle)
	return g.Brief, absent(err)
}

// ByID is [Service.ByHandle] by id.
func (s *Service) ByID(ctx context.Context, tx *db.Tx, g id.Group) (Brief, error) {
	x, err := groupByID(ctx, tx, g)
	return x.Brief, absent(err)
}

// ByIDs finds many groups at once; those that do not exist are left out.
func (s *Service) ByIDs(ctx context.Context, tx *db.Tx, all []id.Group) ([]Brief, error) {
	found, err := groupsByID(ctx, tx, all)
	out := make([]Brief, len(found))
	for i, g := range found {
		out[i] = g.Brief
	}
	return out, err
}

func absent(err error) error {
	if errors.Is(err, db.ErrNoRows) {
		return web.ErrNotFound()
	}
	return err
}

// Role is a person's role in a group, authz.None when they have none.
func (s *Service) Role(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (authz.Role, error) {
	if p == "" {
		return authz.None, nil
	}
	r, err := memberRole(ctx, tx, g, p)
	if errors.Is(err, db.ErrNoRows) {
		return authz.None, nil
	}
	return r, err
}

// Organizes lists the groups in which a person may publish events.
func (s *Service) Organizes(ctx context.Context, tx *db.Tx, p id.Person) ([]Brief, error) {
	all, roles, err := groupsOf(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	var out []Brief
	for i, g := range all {
		if roles[i].AtLeast(authz.Organizer) && !g.Suspended && !g.Over() {
			out = append(out, g.Brief)
		}
	}
	return out, nil
}

// Mine is one of one's own groups.
type Mine struct {
	Brief
	Role authz.Role
}

// Mine lists the actor's groups in the order of names.
func (s *Service) Mine(ctx context.Context, by authz.Actor) ([]Mine, error) {
	if by.Visitor() {
		return nil, fault.Unauthenticated("authz.sign_in", "Please sign in first.")
	}
	var out []Mine
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		all, roles, err := groupsOf(ctx, tx, by.Person)
		for i, g := range all {
			out = append(out, Mine{g.Brief, roles[i]})
		}
		return err
	})
	return out, err
}

// load finds a group that the actor may know of, and their place in it.
func (s *Service) load(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (Group, authz.Subject, error) {
	g, err := groupByHandle(ctx, tx, handle)
	if err != nil {
		return Group{}, authz.Subject{}, absent(err)
	}
	sub := authz.Subject{Suspended: g.Suspended, Ended: g.Over()}
	if sub.Role, err = s.Acting(ctx, tx, g.ID, by.Person); err != nil {
		return Group{}, sub, err
	}
	if !authz.MayKnow(by, true, sub) && !authz.May(by, authz.SuspendGroup, sub) {
		return Group{}, authz.Subject{}, web.ErrNotFound()
	}
	return g, sub, nil
}

// check is load for an action. To somebody outside the group, its inner pages
// do not exist; a member is told that their role does not reach.
func (s *Service) check(ctx context.Context, tx *db.Tx, by authz.Actor, handle string, do authz.Action) (Group, authz.Subject, error) {
	if by.Visitor() {
		return Group{}, authz.Subject{}, authz.Check(by, do, authz.Subject{})
	}
	g, sub, err := s.load(ctx, tx, by, handle)
	if err != nil {
		return g, sub, err
	}
	if err := authz.Check(by, do, sub); err != nil {
		if sub.Role == authz.None {
			err = web.ErrNotFound()
		}
		return Group{}, sub, err
	}
	return g, sub, nil
}

// List reads one page of the public list: groups with all words of q in their
// name or handle, which may be longer, from behind the group with the handle
// after. more says that others follow.
func (s *Service) List(ctx context.Context, q, after string, limit int) (page []Group, more bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var from cursor
		if after != "" {
			g, err := groupByHandle(ctx, tx, after)
			if err == nil {
				from = cursor{s.Fold(g.Name), g.ID}
			} else if !errors.Is(err, db.ErrNoRows) { // of a link of old: from the beginning
				return err
			}
		}
		var err error
		page, err = listGroups(ctx, tx, queryPrefixes(s.Fold(q)), from, limit+1)
		return err
	})
	if len(page) > limit {
		return page[:limit], true, err
	}
	return page, false, err
}

// Create starts a group, of which the actor becomes the steward. When the same
// form is sent twice, the second answers with the group that the first made.
func (s *Service) Create(ctx context.Context, in CreateInput, by authz.Actor) (id.Group, error) {
	g, err := s.parsed(in, by)
	if err != nil {
		return "", err
	}
	if !in.Anyway {
		if err := s.lookAlike(ctx, g); err != nil {
			return "", err
		}
	}
	made := g.ID
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		ok, err := s.insert(ctx, tx, g, by)
		if err != nil {
			return err
		}
		made = g.ID
		if !ok {
			made, err = s.madeBefore(ctx, tx, g, by)
			return err
		}
		if err := putMember(ctx, tx, g.ID, by.Person, authz.Steward, day.Of(tx.Now())); err != nil {
			return err
		}
		_, err = s.Acting(ctx, tx, g.ID, by.Person)
		return err
	})
	return made, err
}

// parsed is a new group as it was typed, by somebody who may start one.
func (s *Service) parsed(in CreateInput, by authz.Actor) (Group, error) {
	if err := authz.Check(by, authz.StartGroup, authz.Subject{}); err != nil {
		return Group{}, err
	}
	g, err := in.parse(s.Places, s.Fold, nil)
	g.ID = id.Group(s.IDs.New())
	return g, err
}

// insert stores a new group without members; it reports false when the handle is taken.
func (s *Service) insert(ctx context.Context, tx *db.Tx, g Group, by authz.Actor) (bool, error) {
	ok, err := insertGroup(ctx, tx, g, s.Fold(g.Name))
	if err != nil || !ok {
		return false, err
	}
	tx.Touch("groups", "group:"+string(g.ID))
	return true, s.Audit(ctx, tx, by.Person, "start group", string(g.ID))
}

// madeBefore finds the group that the same person made with the same form, or
// says that the handle is taken.
func (s *Service) madeBefore(ctx context.Context, tx *db.Tx, g Group, by authz.Actor) (id.Group, error) {
	old, err := groupByHandle(ctx, tx, g.Handle)
	if err != nil {
		return "", err
	}
	role, err := s.Role(ctx, tx, old.ID, by.Person)
	if err != nil {
		return "", err
	}
	if role != authz.Steward || old.Name != g.Name || old.About != g.About {
		return "", errHandleTaken()
	}
	return old.ID, nil
}

func errHandleTaken() error {
	return fault.Invalid(fault.Field("handle", "group.handle_taken", "Another group has this handle. Choose another one."))
}

// CreateSample makes the demo's group, which has no members. With a handle that
// exists it returns that group.
func (s *Service) CreateSample(ctx context.Context, tx *db.Tx, in CreateInput) (id.Group, error) {
	g, err := in.parse(s.Places, s.Fold, nil)
	if err != nil {
		return "", err
	}
	g.ID, g.Sample = id.Group(s.IDs.New()), true
	ok, err := insertGroup(ctx, tx, g, s.Fold(g.Name))
	if err != nil {
		return "", err
	}
	if !ok {
		old, err := groupByHandle(ctx, tx, g.Handle)
		return old.ID, err
	}
	tx.Touch("groups", "group:"+string(g.ID))
	return g.ID, nil
}

// lookAlike asks for a second thought when g could be taken for another group.
func (s *Service) lookAlike(ctx context.Context, g Group) error {
	return s.DB.Read(ctx, func(tx *db.Tx) error { return lookAlike(ctx, tx, g) })
}

func lookAlike(ctx context.Context, tx *db.Tx, g Group) error {
	other, err := alike(ctx, tx, g)
	if err == nil && other != "" {
		err = errLookAlike(other)
	}
	return err
}

func errLookAlike(other string) error {
	return fault.Invalid(fault.Field("anyway", "group.look_alike",
		"People could take this group for “{other}”, which exists here already. Choose a name that tells them apart, or say below that you mean it.",
		"other", other))
}

// Edit changes what a group says of itself. The handle stays.
func (s *Service) Edit(ctx context.Context, by authz.Actor, handle string, in CreateInput) error {
	old, err := s.Editable(ctx, by, handle)
	if err != nil {
		return err
	}
	g, err := in.parse(s.Places, s.Fold, &old)
	if err != nil {
		return err
	}
	g.ID = old.ID
	if !in.Anyway && s.Fold(g.Name) != s.Fold(old.Name) {
		if err := s.lookAlike(ctx, g); err != nil {
			return err
		}
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		now, _, err := s.check(ctx, tx, by, handle, authz.EditGroup)
		if err != nil {
			return err
		}
		if in.Version != "" && in.Version != now.version() && g.version() != now.version() {
			return errChanged()
		}
		tx.Touch("groups", "group:"+string(g.ID), "group-events:"+string(g.ID))
		if err := updateGroup(ctx, tx, g, s.Fold(g.Name)); err != nil {
			return err
		}
		return s.Facts.Emit(ctx, tx, fact.GroupChanged{Group: g.ID})
	})
}

func errChanged() error {
	return fault.Conflict("group.changed_meanwhile",
		"Somebody else has changed this group meanwhile. Please open the page again: what you typed is still here to copy.")
}

// Editable returns a group that the actor may edit.
func (s *Service) Editable(ctx context.Context, by authz.Actor, handle string) (Group, error) {
	var g Group
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		g, _, err = s.check(ctx, tx, by, handle, authz.EditGroup)
		return err
	})
	return g, err
}

// Suspendable returns a group that the actor may suspend.
func (s *Service) Suspendable(ctx context.Context, by authz.Actor, handle string) (Group, error) {
	var g Group
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		g, err = s.suspendable(ctx, tx, by, handle)
		return err
	})
	return g, err
}

func (s *Service) suspendable(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (Group, error) {
	if by.Visitor() {
		return Group{}, authz.Check(by, authz.SuspendGroup, authz.Subject{})
	}
	g, sub, err := s.load(ctx, tx, by, handle)
	if err == nil && !authz.May(by, authz.SuspendGroup, sub) {
		err = web.ErrNotFound()
	}
	return g, err
}

const suspendGroup = "suspend group"

// Suspend keeps a group from acting and hides it, or lifts that; for operators.
func (s *Service) Suspend(ctx context.Context, by authz.Actor, handle string, suspended bool) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.suspendable(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		if g.Suspended == suspended {
			return nil
		}
		action := "lift group suspension"
		if suspended {
			action = suspendGroup
		}
		if err := s.hide(ctx, tx, g.ID, suspended); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, action, string(g.ID))
	})
}
