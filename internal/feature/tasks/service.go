package tasks

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Group is what tasks need to know of a group.
type Group struct {
	ID                 id.Group
	Handle, Name, Zone string
	Suspended, Ended   bool
}

// Groups answers about groups and their members.
type Groups interface {
	ByID(ctx context.Context, tx *db.Tx, g id.Group) (Group, error)
	// ByHandle returns the fault of a page that is not there when there is no such group.
	ByHandle(ctx context.Context, tx *db.Tx, handle string) (Group, error)
	// Role is that of whoever acts.
	Role(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (authz.Role, error)
	// Belongs reports whether somebody is a member.
	Belongs(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (bool, error)
	// Member finds a member by handle, or returns the fault of a page that is not there.
	Member(ctx context.Context, tx *db.Tx, g id.Group, handle string) (id.Person, error)
}

// Deps are what the feature needs.
type Deps struct {
	DB     *db.DB
	IDs    *id.Source
	Groups Groups
}

// Service is the use cases of tasks.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// inside finds a group for one of its members; to everybody else it has no tasks.
func (s *Service) inside(ctx context.Context, tx *db.Tx, by authz.Actor, handle string, do authz.Action) (Group, authz.Subject, error) {
	if by.Visitor() {
		return Group{}, authz.Subject{}, authz.Check(by, do, authz.Subject{})
	}
	g, err := s.Groups.ByHandle(ctx, tx, handle)
	if err != nil {
		return g, authz.Subject{}, err
	}
	sub := authz.Subject{Suspended: g.Suspended, Ended: g.Ended}
	if sub.Role, err = s.Groups.Role(ctx, tx, g.ID, by.Person); err != nil {
		return g, sub, err
	}
	if sub.Role == authz.None {
		return Group{}, sub, web.ErrNotFound()
	}
	return g, sub, authz.Check(by, do, sub)
}

// today is the day at a group's place.
func (g Group) today(now time.Time) int {
	loc, err := geo.LoadZone(g.Zone)
	if err != nil {
		loc = time.UTC
	}
	return day.Of(now.In(loc))
}

// List is the tasks of a group as a member sees them.
type List struct {
	Group Group
	Sub   authz.Subject
	Open  []Task // by day
	Done  []Task // what was closed last
	Today int
}

// doneShown is how many of what was closed a page shows.
const doneShown = 50

// List returns the tasks of a group, for its members.
func (s *Service) List(ctx context.Context, by authz.Actor, handle string) (l List, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if l.Group, l.Sub, err = s.inside(ctx, tx, by, handle, authz.SeeInside); err != nil {
			return err
		}
		l.Today = l.Group.today(tx.Now())
		if l.Open, err = openIn(ctx, tx, l.Group.ID); err != nil {
			return err
		}
		l.Done, err = doneIn(ctx, tx, l.Group.ID, doneShown)
		return err
	})
	return l, err
}

// find returns a task of a group.
func find(ctx context.Context, tx *db.Tx, g id.Group, tid string) (Task, error) {
	t, err := one(ctx, tx, "t.group_id = $1 and t.id = $2", string(g), tid)
	if errors.Is(err, db.ErrNoRows) {
		err = fault.NotFound("task.none", "There is no such task. What is done is deleted after a while.")
	}
	return t, err
}

// Get returns one task, for members of its group.
func (s *Service) Get(ctx context.Context, by authz.Actor, handle, tid string) (g Group, t Task, sub authz.Subject, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if g, sub, err = s.inside(ctx, tx, by, handle, authz.SeeInside); err == nil {
			t, err = find(ctx, tx, g.ID, tid)
		}
		return err
	})
	return g, t, sub, err
}

// Add makes a task, for members. The same form twice makes one; it returns what the
// form made.
func (s *Service) Add(ctx context.Context, by authz.Actor, handle string, in Input) (made Task, err error) {
	tid := s.IDs.New()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		g, _, err := s.inside(ctx, tx, by, handle, authz.TakeTask)
		if err != nil {
			return err
		}
		t, err := in.parse(g.today(tx.Now()))
		if err != nil {
			return err
		}
		t.ID, t.Group, t.Made = tid, g.ID, day.Of(tx.Now())
		if in.Mine {
			t.Owner = by.Person
		}
		n, err := countOpen(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		if n < maxOpen {
			if _, err = insert(ctx, tx, &t, in.Key); err != nil {
				return err
			}
		}
		made, err = one(ctx, tx, "t.group_id = $1 and t.uid = $2", string(g.ID), in.Key)
		if errors.Is(err, db.ErrNoRows) {
			err = fault.Conflict("task.many", "This group has {max} open tasks, and more than that nobody looks through. Finish or drop some first.", "max", maxOpen)
		}
		return err
	})
	return made, err
}

// Act does something to a task; to is the handle of whom it is given to, "" for
// nobody. What is so already stays so.
func (s *Service) Act(ctx context.Context, by authz.Actor, handle, tid string, do Do, to string) (t Task, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		g, sub, err := s.inside(ctx, tx, by, handle, do.needs())
		if err != nil {
			return err
		}
		if !slices.Contains(dos(), do) {
			return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
		}
		if t, err = find(ctx, tx, g.ID, tid); err != nil {
			return err
		}
		var who id.Person
		if to = strings.TrimPrefix(to, "@"); do == Give && to != "" {
			if who, err = s.Groups.Member(ctx, tx, g.ID, to); fault.Is(err, fault.KindNotFound) {
				err = fault.Invalid(fault.Field("to", "task.no_member", "No member of this group has this handle."))
			}
			if err != nil {
				return err
			}
		}
		if t.is(do, by.Person, who) {
			return nil
		}
		if !t.allows(do, by.Person, sub) {
			return errNotNow(&t, do)
		}
		t = t.done(do, by.Person, who, day.Of(tx.Now()))
		if do == First || do == Later || t.First {
			tx.Touch("group:" + string(g.ID)) // the newcomers' page
		}
		if err := update(ctx, tx, &t); err != nil {
			return err
		}
		t, err = find(ctx, tx, g.ID, tid)
		return err
	})
	return t, err
}

func errNotNow(t *Task, do Do) error {
	if do == Take && t.State == Open {
		return fault.Conflict("task.taken", "Somebody else has taken this task meanwhile.")
	}
	if t.State != Open {
		return fault.Conflict("task.closed", "This task is done or dropped. Open it again first.")
	}
	return fault.Forbidden("task.not_yours", "Somebody else has this task. They or an organizer can do that.")
}

// Mine lists the open tasks of the actor, with the group of each. Those of groups
// that are suspended rest.
func (s *Service) Mine(ctx context.Context, by authz.Actor) (list []Task, of []Group, err error) {
	if by.Visitor() {
		return nil, nil, authz.Check(by, authz.TakeTask, authz.Subject{})
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		list, of = nil, nil
		all, err := ownedBy(ctx, tx, by.Person)
		if err != nil {
			return err
		}
		known := map[id.Group]Group{}
		for _, t := range all {
			g, ok := known[t.Group]
			if !ok {
				if g, err = s.Groups.ByID(ctx, tx, t.Group); err != nil {
					return err
				}
				known[t.Group] = g
			}
			if !g.Suspended {
				list, of = append(list, t), append(of, g)
			}
		}
		return nil
	})
	return list, of, err
}

// FirstTasks are the titles of what is open, waits for somebody, and was marked by
// organizers as good for a first time: they are on the group's newcomers' page.
func (s *Service) FirstTasks(ctx context.Context, tx *db.Tx, g id.Group) ([]string, error) {
	return firstIn(ctx, tx, g, maxFirst)
}

// Unowned are what waits for somebody and was added in the days from one until
// another, which is not among them, without their texts.
func (s *Service) Unowned(ctx context.Context, tx *db.Tx, g id.Group, from, until int) ([]Task, error) {
	return unowned(ctx, tx, g, from, until)
}

// Held lists every task that has a person's name.
func (s *Service) Held(ctx context.Context, tx *db.Tx, p id.Person) (list []Task, of []Group, err error) {
	if list, err = query(ctx, tx, "t.owner_id = $1 order by t.id", string(p)); err != nil {
		return nil, nil, err
	}
	for _, t := range list {
		g, err := s.Groups.ByID(ctx, tx, t.Group)
		if err != nil {
			return nil, nil, err
		}
		of = append(of, g)
	}
	return list, of, nil
}

// TaskGiven makes the task of a decision; told twice it makes one. An owner who is no
// member any more has none.
func (s *Service) TaskGiven(ctx context.Context, tx *db.Tx, f fact.TaskGiven) error {
	t, uid := given(f)
	t.ID, t.Made = s.IDs.New(), day.Of(tx.Now())
	if t.Title == "" {
		return nil
	}
	if t.Owner != "" {
		there, err := s.Groups.Belongs(ctx, tx, f.Group, f.Owner)
		if err != nil {
			return err
		}
		if !there {
			t.Owner = ""
		}
	}
	_, err := insert(ctx, tx, &t, uid)
	return err
}

// MemberLeft leaves a person's tasks without owner.
func (s *Service) MemberLeft(ctx context.Context, tx *db.Tx, f fact.MemberLeft) error {
	return release(ctx, tx, f.Group, f.Person)
}

// GroupCleared deletes the tasks of a group that ended.
func (s *Service) GroupCleared(ctx context.Context, tx *db.Tx, f fact.GroupCleared) error {
	return dropGroup(ctx, tx, f.Group)
}

// Expire deletes what was closed long ago, and what is open and forgotten. It runs every hour.
func (s *Service) Expire(ctx context.Context) error {
	const page = 500
	for n := int64(page); n == page; {
		err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = dropExpired(ctx, tx, day.Of(tx.Now()), page)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
