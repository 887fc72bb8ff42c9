package coalitions

import (
	"context"
	"errors"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// NewGroup is the group of a coalition that is started.
type NewGroup struct {
	Name, Handle, About string
	Place, Pick         string
	Anyway              bool     // a look-alike of another group is meant
	From                id.Group // where that is it is itself, without a place
}

// Groups answers about the groups of this node, and keeps the persons of a coalition:
// they come in with a mandate, and go with it.
type Groups interface {
	// ByID and ByHandle return a NotFound fault for a group that does not exist.
	ByID(ctx context.Context, tx *db.Tx, g id.Group) (Group, error)
	ByHandle(ctx context.Context, tx *db.Tx, handle string) (Group, error)
	// ByIDs finds many at once, in any order.
	ByIDs(ctx context.Context, tx *db.Tx, all []id.Group) ([]Group, error)
	// Role is a person's role in a group, authz.None when they have none.
	Role(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (authz.Role, error)
	// Roles are all groups that a person belongs to.
	Roles(ctx context.Context, tx *db.Tx, p id.Person) (map[id.Group]authz.Role, error)
	// Organizes lists the groups for which a person may speak, none of them
	// suspended or ended.
	Organizes(ctx context.Context, tx *db.Tx, p id.Person) ([]Group, error)
	// Member finds a member of a group by handle.
	Member(ctx context.Context, tx *db.Tx, g id.Group, handle string) (id.Person, error)
	// Found starts a group without any member. Its faults are those of the form for a group.
	Found(ctx context.Context, tx *db.Tx, in NewGroup, by authz.Actor) (id.Group, error)
	// PlaceChoices are what the place in a form may mean, after Found came to err.
	PlaceChoices(f *web.Form, err error) []web.Choice
	// Close ends the work of a group that nobody is left in.
	Close(ctx context.Context, tx *db.Tx, g id.Group) error
	// Seat gives a person a role in a group, Unseat takes it and tells others.
	Seat(ctx context.Context, tx *db.Tx, g id.Group, p id.Person, r authz.Role) error
	Unseat(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error
	// Stewards and Others are how many stewards a group has, and who else is in it.
	Stewards(ctx context.Context, tx *db.Tx, g id.Group) (int, error)
	Others(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) ([]id.Person, error)
}

// Facts tells other features what happened, inside the transaction.
type Facts interface {
	Emit(ctx context.Context, tx *db.Tx, f any) error
}

// Deps are what the feature needs.
type Deps struct {
	DB     *db.DB
	IDs    *id.Source
	Groups Groups
	Facts  Facts
	// Audit notes who did what in a role.
	Audit func(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error
}

// Service is the use cases of coalitions.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// absent is the fault for everything that one may not know of.
func absent(err error) error {
	if errors.Is(err, db.ErrNoRows) {
		return web.ErrNotFound()
	}
	return err
}

// view is a group as the actor may know it, with their role there.
type view struct {
	Group
	Role authz.Role
}

func (v view) subject() authz.Subject {
	return authz.Subject{Role: v.Role, Suspended: v.Suspended, Ended: v.Ended}
}

// speaks reports whether the actor may speak for the group.
func (v view) speaks(by authz.Actor) bool { return authz.May(by, authz.SpeakForGroup, v.subject()) }

// known finds a group that the actor may know of.
func (s *Service) known(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (view, error) {
	g, err := s.Groups.ByHandle(ctx, tx, handle)
	if err != nil {
		return view{}, err
	}
	v := view{Group: g}
	if !by.Visitor() {
		if v.Role, err = s.Groups.Role(ctx, tx, g.ID, by.Person); err != nil {
			return v, err
		}
	}
	if !authz.MayKnow(by, true, v.subject()) {
		return view{}, web.ErrNotFound()
	}
	return v, nil
}

// speaker is known for somebody who speaks for the group.
func (s *Service) speaker(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (view, error) {
	if by.Visitor() {
		return view{}, authz.Check(by, authz.SpeakForGroup, authz.Subject{})
	}
	v, err := s.known(ctx, tx, by, handle)
	if err != nil {
		return v, err
	}
	return v, authz.Check(by, authz.SpeakForGroup, v.subject())
}

// coalition finds one that the actor may know of; an ordinary group is none.
func (s *Service) coalition(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (Coalition, view, error) {
	v, err := s.known(ctx, tx, by, handle)
	if err != nil {
		return Coalition{}, v, err
	}
	c, err := coalitionOf(ctx, tx, v.ID)
	return c, v, absent(err)
}

// organized is coalition for one of its delegates.
func (s *Service) organized(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (Coalition, view, error) {
	v, err := s.speaker(ctx, tx, by, handle)
	if err != nil {
		return Coalition{}, v, err
	}
	c, err := coalitionOf(ctx, tx, v.ID)
	return c, v, absent(err)
}

// IsCoalition reports whether the members of a group are groups.
func (s *Service) IsCoalition(ctx context.Context, tx *db.Tx, g id.Group) (bool, error) {
	_, err := coalitionOf(ctx, tx, g)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// touch tells the pages that show a coalition, or a group's part in it.
func (s *Service) touch(tx *db.Tx, c id.Group, members ...id.Group) {
	tx.Touch("coalitions", "group:"+string(c))
	for _, g := range members {
		tx.Touch("group:" + string(g))
	}
}

// List reads one page of coalitions, the newest first, from behind an id.
func (s *Service) List(ctx context.Context, after string, limit int) (page []Listed, more bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if page, err = listCoalitions(ctx, tx, after, limit+1); err != nil {
			return err
		}
		if more = len(page) > limit; more {
			page = page[:limit]
		}
		ids := make([]id.Group, len(page))
		for i, x := range page {
			ids[i] = x.Coalition.Group
		}
		found, err := s.byID(ctx, tx, ids)
		for i := range page {
			page[i].Group = found[ids[i]]
		}
		return err
	})
	return page, more, err
}

// byID finds groups at once.
func (s *Service) byID(ctx context.Context, tx *db.Tx, all []id.Group) (map[id.Group]Group, error) {
	found, err := s.Groups.ByIDs(ctx, tx, all)
	out := make(map[id.Group]Group, len(found))
	for _, g := range found {
		out[g.ID] = g
	}
	return out, err
}

// Create starts a coalition, whose first member is a group for which the actor speaks;
// the actor is its first delegate, for a year. key is the form's: sent twice, it makes
// one coalition.
func (s *Service) Create(ctx context.Context, by authz.Actor, key string, in Input) (handle string, err error) {
	if !id.ValidSecret(key) {
		return "", fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.speaker(ctx, tx, by, in.Group)
		if err != nil {
			return err
		}
		if old, err := coalitionByForm(ctx, tx, key); !errors.Is(err, db.ErrNoRows) {
			if err != nil {
				return err
			}
			made, err := s.Groups.ByID(ctx, tx, old.Group)
			handle = made.Handle
			return err // nil: the same form once more
		}
		var p parser
		c := in.Settings.parse(&p)
		points := p.points(in.Points)
		p.band(in.Band)
		if err := fault.Invalid(p.fields...); err != nil {
			return err
		}
		gid, err := s.Groups.Found(ctx, tx, NewGroup{in.Name, in.Handle, in.About, in.Place, in.Pick, in.Anyway, g.ID}, by)
		if err != nil {
			return err
		}
		c.Group, c.Form, c.Points = gid, key, 1
		if err := s.begun(ctx, tx, by, &c, g.Group, &points, in.Band); err != nil {
			return err
		}
		made, err := s.Groups.ByID(ctx, tx, gid)
		handle = made.Handle
		return err
	})
	return handle, err
}

// begun stores a coalition with its first member and delegate.
func (s *Service) begun(ctx context.Context, tx *db.Tx, by authz.Actor, c *Coalition, g Group, points *Points, band int) error {
	points.Version, points.Day = 1, day.Of(tx.Now())
	m := Member{Coalition: c.Group, Group: g.ID, Handle: g.Handle, State: Belongs, Version: 1, Band: band}
	d := Delegate{
		ID: s.IDs.New(), Coalition: c.Group, Group: g.ID, Seat: 1, Person: by.Person, Mandate: Free, State: Asked, Until: tx.Now().AddDate(1, 0, 0),
	}
	d.Form = d.ID
	for _, do := range []func() error{
		func() error { return insertCoalition(ctx, tx, c) },
		func() error { return insertPoints(ctx, tx, c.Group, points) },
		func() error { return putMember(ctx, tx, &m) },
		func() error { return insertDelegate(ctx, tx, &d) },
		func() error { return s.begin(ctx, tx, &d) },
		func() error { return s.Audit(ctx, tx, by.Person, "start coalition", string(c.Group)+" "+string(g.ID)) },
	} {
		if err := do(); err != nil {
			return err
		}
	}
	s.touch(tx, c.Group, g.ID)
	return nil
}

func errChanged() error {
	return fault.Conflict("coalition.changed_meanwhile",
		"Somebody else has changed this coalition meanwhile. Please open the page again: what you typed is still here to copy.")
}

// Set changes the settings, for delegates. Polls that are open keep the rules with
// which they opened. Seats that somebody sits on stay, also when there are fewer now.
func (s *Service) Set(ctx context.Context, by authz.Actor, handle string, in Settings) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		old, v, err := s.organized(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		var p parser
		c := in.parse(&p)
		if err := fault.Invalid(p.fields...); err != nil {
			return err
		}
		c.Group, c.Form, c.Points, c.Sequence = old.Group, old.Form, old.Points, old.Sequence
		if c == old {
			return nil
		}
		if in.Sequence != old.Sequence {
			return errChanged()
		}
		if err := updateCoalition(ctx, tx, &c); err != nil {
			return err
		}
		s.touch(tx, v.ID)
		return s.Audit(ctx, tx, by.Person, "change coalition", string(v.ID))
	})
}

// SetPoints makes a new version of the points of unity, for delegates. Members stay,
// and are asked to agree to it. version is the one that the form was filled from.
func (s *Service) SetPoints(ctx context.Context, by authz.Actor, handle string, version int, body string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		c, v, err := s.organized(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		var p parser
		next := p.points(body)
		if err := fault.Invalid(p.fields...); err != nil {
			return err
		}
		last, err := pointsOf(ctx, tx, c.Group, c.Points)
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return err
		}
		if last.Body == body && last.Version > 0 {
			return nil
		}
		if version != c.Points {
			return errChanged()
		}
		c.Points++
		next.Version, next.Day = c.Points, day.Of(tx.Now())
		if err := insertPoints(ctx, tx, c.Group, &next); err != nil {
			return err
		}
		if err := updateCoalition(ctx, tx, &c); err != nil {
			return err
		}
		s.touch(tx, v.ID)
		return s.Audit(ctx, tx, by.Person, "change points of unity", string(v.ID))
	})
}
