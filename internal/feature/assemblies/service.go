package assemblies

import (
	"context"
	"errors"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// Group is what assemblies need to know of the group or coalition that meets.
type Group struct {
	ID           id.Group
	Handle, Name string
	Zone         string
	Langs        []string
	Suspended    bool
	Ended        bool
}

// Groups answers about groups of this node.
type Groups interface {
	// ByID and ByHandle return a NotFound fault for a group that does not exist.
	ByID(ctx context.Context, tx *db.Tx, g id.Group) (Group, error)
	ByHandle(ctx context.Context, tx *db.Tx, handle string) (Group, error)
	// Role is what somebody is in an assembly of the group.
	Role(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (authz.Role, error)
	// Member finds a member by their handle; it returns a NotFound fault for others.
	Member(ctx context.Context, tx *db.Tx, g id.Group, handle string) (id.Person, error)
	// Organizes lists the groups in which a person may call an assembly.
	Organizes(ctx context.Context, tx *db.Tx, p id.Person) ([]Group, error)
	// Tell announces something to all members of a group; the same key tells it once.
	Tell(ctx context.Context, tx *db.Tx, g id.Group, key, title, body string) error
}

// Coalitions answers about groups of groups.
type Coalitions interface {
	// Notice is how many days ahead a coalition calls its assemblies; ok is false for an
	// ordinary group.
	Notice(ctx context.Context, tx *db.Tx, g id.Group) (days int, ok bool, err error)
	// Members lists the groups that belong to a coalition, none for an ordinary group.
	Members(ctx context.Context, tx *db.Tx, g id.Group) ([]id.Group, error)
}

// Facts tells other features what happened, inside the transaction.
type Facts interface {
	Emit(ctx context.Context, tx *db.Tx, f any) error
}

// Deps are what the feature needs.
type Deps struct {
	DB         *db.DB
	IDs        *id.Source
	Groups     Groups
	Coalitions Coalitions
	Facts      Facts
	Vault      *seal.Vault
	// Locales words what members are told, in the language of their group.
	Locales *i18n.Bundle
	// Audit notes who did what in a role.
	Audit func(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error
}

// Service is the use cases of assemblies.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Seat is what an actor is to an assembly.
type Seat struct {
	Group Group
	Sub   authz.Subject
	// Inside is a member of the group; Calls may call and change the assembly; Runs
	// goes from item to item; Writes writes its minutes.
	Inside, Calls, Runs, Writes bool
}

func errKey() error {
	return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
}

// errUsed refuses a key that did something else, which would be lost.
func errUsed() error {
	return fault.Conflict("form.key_used", "This form was used for something else. Please open the page again.")
}

func errChanged() error {
	return fault.Conflict("assembly.changed_meanwhile",
		"Somebody else has changed this assembly meanwhile. Please open the page again: what you typed is still here to copy.")
}

func errOver() error {
	return fault.Conflict("assembly.over", "This assembly is closed or was called off, so nothing can be changed in it.")
}

func absent(err error) error {
	if errors.Is(err, db.ErrNoRows) {
		return web.ErrNotFound()
	}
	return err
}

// load finds an assembly that the actor may know of.
func (s *Service) load(ctx context.Context, tx *db.Tx, by authz.Actor, aid ID) (Assembly, Seat, error) {
	if !id.Valid(string(aid)) {
		return Assembly{}, Seat{}, web.ErrNotFound()
	}
	a, err := assemblyBy(ctx, tx, "id", string(aid))
	if err != nil {
		return a, Seat{}, absent(err)
	}
	g, err := s.Groups.ByID(ctx, tx, a.Group)
	if err != nil {
		return a, Seat{}, err
	}
	seat, err := s.seat(ctx, tx, by, g, &a)
	if err != nil {
		return a, seat, err
	}
	if !authz.MayKnow(by, a.listed(), seat.Sub) {
		return Assembly{}, Seat{}, web.ErrNotFound()
	}
	return a, seat, nil
}

// seat is what the actor is to an assembly of a group.
func (s *Service) seat(ctx context.Context, tx *db.Tx, by authz.Actor, g Group, a *Assembly) (Seat, error) {
	seat := Seat{Group: g, Sub: authz.Subject{Suspended: g.Suspended, Ended: g.Ended}}
	if by.Visitor() {
		return seat, nil
	}
	var err error
	if seat.Sub.Role, err = s.Groups.Role(ctx, tx, g.ID, by.Person); err != nil {
		return seat, err
	}
	seat.Inside = authz.May(by, authz.SeeInside, seat.Sub)
	seat.Calls = authz.May(by, authz.CallAssembly, seat.Sub)
	attends := authz.May(by, authz.AttendAssembly, seat.Sub)
	seat.Runs = seat.Calls || attends && a.Facilitator == by.Person
	seat.Writes = seat.Calls || attends && a.NoteTaker == by.Person
	return seat, nil
}

// change is one use case on an assembly: may is asked first, then what changes it.
// Nothing is written when do returns errNothing.
func (s *Service) change(ctx context.Context, by authz.Actor, aid ID, may func(Seat) error, do func(tx *db.Tx, a *Assembly, seat Seat) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		a, seat, err := s.load(ctx, tx, by, aid)
		if err != nil {
			return err
		}
		if err := may(seat); err != nil {
			return err
		}
		err = do(tx, &a, seat)
		if errors.Is(err, errNothing) {
			return nil
		}
		if err != nil {
			return err
		}
		return store(ctx, tx, &a, seat.Group)
	})
}

// errNothing says that a form has done already what it says.
var errNothing = errors.New("nothing to do")

// store writes a and tells the pages that show it.
func store(ctx context.Context, tx *db.Tx, a *Assembly, g Group) error {
	a.Version++
	a.Updated = tx.Now()
	tx.Touch("assembly:"+string(a.ID), "assemblies", "group:"+string(a.Group))
	return updateAssembly(ctx, tx, a, a.listed() && !g.Suspended)
}

// calls and attends are what most use cases ask of a seat.
func calls(by authz.Actor) func(Seat) error {
	return func(s Seat) error { return authz.Check(by, authz.CallAssembly, s.Sub) }
}

func attends(by authz.Actor) func(Seat) error {
	return func(s Seat) error { return authz.Check(by, authz.AttendAssembly, s.Sub) }
}

// Get returns an assembly that the actor may know of.
func (s *Service) Get(ctx context.Context, by authz.Actor, aid ID) (a Assembly, seat Seat, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		a, seat, err = s.load(ctx, tx, by, aid)
		return err
	})
	return a, seat, err
}

// Version is that of an assembly that the actor may know of, and whether it is over.
func (s *Service) Version(ctx context.Context, by authz.Actor, aid ID) (n int, over bool, err error) {
	a, _, err := s.Get(ctx, by, aid)
	return a.Version, a.State.Over(), err
}

// Create drafts an assembly of a group. form is the form's key: sent twice, it makes
// one.
func (s *Service) Create(ctx context.Context, by authz.Actor, group, form string, in Input) (aid ID, err error) {
	if !id.ValidSecret(form) {
		return "", errKey()
	}
	made := ID(s.IDs.New())
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.Groups.ByHandle(ctx, tx, group)
		if err != nil {
			return err
		}
		seat, err := s.seat(ctx, tx, by, g, &Assembly{})
		if err != nil {
			return err
		}
		if err := calls(by)(seat); err != nil {
			return err
		}
		a, wrong := in.parse(g.Zone, tx.Now())
		old, err := assemblyBy(ctx, tx, "form", form)
		if aid = old.ID; !errors.Is(err, db.ErrNoRows) {
			if err == nil && (old.Group != g.ID || !old.made(&a)) {
				err = errUsed()
			}
			return err // nil: the same form once more
		}
		err = wrong
		if err != nil {
			return err
		}
		aid = made
		a.ID, a.Form, a.Group, a.State, a.Created, a.Updated = made, form, g.ID, Draft, tx.Now(), tx.Now()
		tx.Touch("group:" + string(g.ID))
		if err := insertAssembly(ctx, tx, &a); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "draft assembly", string(made)+" "+string(g.ID))
	})
	return aid, err
}

// made reports whether a form that says next made a, or what a was before it was changed.
func (a *Assembly) made(next *Assembly) bool {
	return a.Sequence > 0 || a.Title == next.Title && a.Lang == next.Lang && a.About == next.About && a.Public == next.Public && !a.moved(next) &&
		a.OnlineInside == next.OnlineInside && a.FirstFirst == next.FirstFirst && a.Speak == next.Speak
}

// Edit changes a draft or what was called. sequence is the one that the form was
// filled from. What moves after the call is called anew: with the notice that the
// group asks for, or as urgent. Members are told when the time or the place moves.
func (s *Service) Edit(ctx context.Context, by authz.Actor, aid ID, sequence int, in Input) error {
	return s.change(ctx, by, aid, calls(by), func(tx *db.Tx, a *Assembly, seat Seat) error {
		switch {
		case a.State == Open:
			return fault.Conflict("assembly.under_way", "This assembly is under way: its call cannot be changed any more.")
		case a.State.Over():
			return errOver()
		case a.Sequence != sequence:
			return errChanged()
		}
		next, err := in.parse(seat.Group.Zone, tx.Now())
		if err != nil {
			return err
		}
		if a.State == Called && !next.Starts.Equal(a.Starts) {
			if a.Notice, err = s.notice(ctx, tx, &next, a.Group, in.Urgent); err != nil {
				return err
			}
		}
		if a.State == Called && a.Public && !next.Public {
			return fault.Invalid(fault.Field("public", "assembly.was_public", "It was called in public already. Call it off, and call another one."))
		}
		tell := a.State == Called && a.moved(&next)
		a.Title, a.Lang, a.About, a.HTML, a.Place = next.Title, next.Lang, next.About, next.HTML, next.Place
		a.OnlineURL, a.OnlineInside, a.Starts, a.Ends, a.Zone = next.OnlineURL, next.OnlineInside, next.Starts, next.Ends, next.Zone
		a.Public, a.FirstFirst, a.Speak = next.Public, next.FirstFirst, next.Speak
		a.Sequence++
		if tell {
			return s.tell(ctx, tx, a, seat.Group, newPlace)
		}
		return nil
	})
}

// asked is how many days of notice a group asks for. For a coalition that is one of the
// rules which its members agreed to, and nothing else counts.
func (s *Service) asked(ctx context.Context, tx *db.Tx, g id.Group) (days int, coalition bool, err error) {
	days, coalition, err = s.Coalitions.Notice(ctx, tx, g)
	if err != nil || coalition {
		return days, coalition, err
	}
	days, err = noticeRule(ctx, tx, g)
	return days, false, err
}

// notice is that of a call made now; it is refused when it is too late.
func (s *Service) notice(ctx context.Context, tx *db.Tx, a *Assembly, g id.Group, urgent bool) (Notice, error) {
	asked, _, err := s.asked(ctx, tx, g)
	if err != nil {
		return Notice{}, err
	}
	n := noticeOf(asked, urgent, tx.Now(), a.Starts, a.location())
	return n, n.check()
}

// Call tells everybody whom it concerns of an assembly. sequence is that of the draft
// as it was read.
func (s *Service) Call(ctx context.Context, by authz.Actor, aid ID, sequence int, urgent bool) error {
	return s.change(ctx, by, aid, calls(by), func(tx *db.Tx, a *Assembly, seat Seat) error {
		switch {
		case a.State == Called:
			return errNothing
		case a.State != Draft:
			return errOver()
		case a.Sequence != sequence:
			return errChanged()
		case !a.Starts.After(tx.Now()):
			return fault.Conflict("assembly.too_late", "This time has passed already. Choose a later one.")
		}
		var err error
		if a.Notice, err = s.notice(ctx, tx, a, a.Group, urgent); err != nil {
			return err
		}
		a.State = Called
		a.Sequence++
		if err := s.tell(ctx, tx, a, seat.Group, newCall); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "call assembly", string(a.ID)+" "+string(a.Group))
	})
}

// CallOff takes a call back: the page stays and says so, and members are told.
func (s *Service) CallOff(ctx context.Context, by authz.Actor, aid ID) error {
	err := s.change(ctx, by, aid, calls(by), func(tx *db.Tx, a *Assembly, seat Seat) error {
		switch a.State {
		case Off:
			return errNothing
		case Draft:
			return fault.Conflict("assembly.not_called", "This assembly was not called yet.")
		case Open, Closed:
			return fault.Conflict("assembly.took_place", "This assembly has begun, so it cannot be called off.")
		}
		a.State = Off
		a.Sequence++
		if err := dropHands(ctx, tx, a.ID); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, a, seat.Group, newOff); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "call off assembly", string(a.ID)+" "+string(a.Group))
	})
	if err != nil {
		return err
	}
	return s.erase(ctx, aid)
}

// SetNotice says how many days of notice a group asks for, for its stewards. A coalition
// says it with its other rules.
func (s *Service) SetNotice(ctx context.Context, by authz.Actor, group, days string) error {
	var p parser
	n := p.count("notice", days, maxNotice)
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.Groups.ByHandle(ctx, tx, group)
		if err != nil {
			return err
		}
		seat, err := s.seat(ctx, tx, by, g, &Assembly{})
		if err != nil {
			return err
		}
		if err := authz.Check(by, authz.EditGroup, seat.Sub); err != nil {
			return err
		}
		if err := fault.Invalid(p.fields...); err != nil {
			return err
		}
		if _, coalition, err := s.asked(ctx, tx, g.ID); err != nil || coalition {
			if err == nil {
				err = fault.Conflict("assembly.coalition_notice", "How many days ahead a coalition calls its assemblies is one of its rules. Change it there.")
			}
			return err
		}
		tx.Touch("assemblies", "group:"+string(g.ID))
		return putNoticeRule(ctx, tx, g.ID, n)
	})
}

// GroupSuspended shows or hides what a group has called.
func (s *Service) GroupSuspended(ctx context.Context, tx *db.Tx, f fact.GroupSuspended) error {
	tx.Touch("assemblies")
	return showOfGroup(ctx, tx, f.Group, !f.Suspended)
}

// MemberLeft takes the roles of somebody who is no longer a member.
func (s *Service) MemberLeft(ctx context.Context, tx *db.Tx, f fact.MemberLeft) error {
	changed, err := dropRoles(ctx, tx, f.Group, f.Person)
	for _, a := range changed {
		tx.Touch("assembly:" + a)
	}
	return err
}

// GroupCleared frees the roles in the assemblies of a group that has ended its work.
func (s *Service) GroupCleared(ctx context.Context, tx *db.Tx, f fact.GroupCleared) error {
	return clearRoles(ctx, tx, f.Group)
}

// List reads a page of public assemblies: those to come and under way, or past ones.
// More says that others follow.
func (s *Service) List(ctx context.Context, past bool, after cursor, limit int) (out []Assembly, more bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		since := tx.Now().Add(-listedAfter)
		out, err = listAssemblies(ctx, tx, past, since, after, limit+1)
		return err
	})
	if more = len(out) > limit; more {
		out = out[:limit]
	}
	return out, more, err
}

// listedAfter is how long after its start an assembly is among those to come.
const listedAfter = 6 * time.Hour
