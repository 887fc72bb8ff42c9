package members

import (
	"context"
	"io"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/notify"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// Group is what this feature needs to know of a group.
type Group struct {
	ID               id.Group
	Handle, Name     string
	Joining          string // "open", "request" or "invitation"
	Suspended, Ended bool
	Coalition        bool // its members are groups: they send who looks after it
}

// Groups answers about groups and their members.
type Groups interface {
	ByID(ctx context.Context, tx *db.Tx, g id.Group) (Group, error)
	// ByHandle returns the fault of a page that is not there when there is no such group.
	ByHandle(ctx context.Context, tx *db.Tx, handle string) (Group, error)
	// Member is somebody's role and the day since when they belong; none and 0 for a
	// stranger. It does not count as an act of theirs.
	Member(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (r authz.Role, since int, err error)
	Stewards(ctx context.Context, tx *db.Tx, g id.Group) ([]id.Person, error)
	// Handles are those of the accounts that there are.
	Handles(ctx context.Context, tx *db.Tx, all []id.Person) (map[id.Person]string, error)
	// Stewarding lists the groups that somebody is a steward of and that may act.
	Stewarding(ctx context.Context, tx *db.Tx, p id.Person) ([]id.Group, error)
	MakeSteward(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error
}

// Addresses are the confirmed addresses of accounts.
type Addresses interface {
	// Reach returns somebody's address and language, "" when they have none.
	Reach(ctx context.Context, p id.Person) (to, lang string, err error)
}

// Vault keeps keys; *seal.Vault does.
type Vault interface {
	Key(ctx context.Context, scope string) (*seal.Key, error)
	Existing(ctx context.Context, scope string) (*seal.Key, error)
	Destroy(ctx context.Context, scope string) error
}

// Meeting is the next public thing of a group to which one can come.
type Meeting struct {
	Title, URL, When, Where string
	Start                   time.Time
}

// NextMeeting finds the next meeting of a group, among what one feature has; ok is
// false when there is none.
type NextMeeting func(c *web.Call, g id.Group) (m Meeting, ok bool, err error)

// Item is one thing that is new in a group.
type Item struct {
	Kind  string // a text of the catalogue: "New event"
	Title string
	URL   string // path of its page
	// When it takes place; zero for what has no time.
	When time.Time
	// Off says that it does not take place after all.
	Off bool
}

// News finds what was new in a group from one day until another, which is not
// among them, in a language.
type News func(ctx context.Context, g id.Group, from, until time.Time, l *i18n.Locale) ([]Item, error)

// Post sends mail.
type Post struct {
	Addresses Addresses
	Sender    notify.Sender
	Locales   *i18n.Bundle
	// BaseURL begins links, as in "https://example.org".
	BaseURL string
}

// Deps are what the feature needs.
type Deps struct {
	DB      *db.DB
	IDs     *id.Source
	Entropy io.Reader
	Vault   Vault
	Groups  Groups
	Jobs    *job.Queue
	// Audit notes who did what in a role.
	Audit func(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error
	// Post is nil on a node that sends no mail.
	Post *Post
	// First are titles of tasks for a first time. Meetings and News are what other
	// features have. They may be set after New, before the first request.
	First    func(ctx context.Context, tx *db.Tx, g id.Group) ([]string, error)
	Meetings []NextMeeting
	News     []News
}

// Service is the use cases of members.
type Service struct {
	Deps
	weeks weeks
}

// New returns the service. It registers its jobs, so it must be called before the
// queue runs.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	s.register()
	return s
}

// member is somebody within a group.
type member struct {
	Group Group
	sub   authz.Subject
	since int
	today int
}

// inside finds a group for one of its members; for everybody else there is nothing.
func (s *Service) inside(ctx context.Context, tx *db.Tx, by authz.Actor, handle string, do authz.Action) (m member, err error) {
	if by.Visitor() {
		return m, authz.Check(by, do, authz.Subject{})
	}
	if m, err = s.load(ctx, tx, by, handle); err != nil {
		return m, err
	}
	if m.sub.Role == authz.None {
		return member{}, web.ErrNotFound()
	}
	return m, authz.Check(by, do, m.sub)
}

func (s *Service) load(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (m member, err error) {
	m.today = day.Of(tx.Now())
	if m.Group, err = s.Groups.ByHandle(ctx, tx, handle); err != nil {
		return m, err
	}
	return m, s.role(ctx, tx, by, &m)
}

func (s *Service) role(ctx context.Context, tx *db.Tx, by authz.Actor, m *member) (err error) {
	m.sub = authz.Subject{Suspended: m.Group.Suspended, Ended: m.Group.Ended}
	if !by.Visitor() {
		m.sub.Role, m.since, err = s.Groups.Member(ctx, tx, m.Group.ID, by.Person)
	}
	return err
}

// MemberLeft is for what does not go with the membership by itself: asking to take the
// group on.
func (s *Service) MemberLeft(ctx context.Context, tx *db.Tx, f fact.MemberLeft) error {
	d, ok, err := dormancyOf(ctx, tx, f.Group)
	if err != nil || !ok || d.By != f.Person {
		return err
	}
	return s.putDormancy(ctx, tx, f.Group, d.withdrawn())
}

// GroupCleared deletes what is held for the members of a group that ended.
func (s *Service) GroupCleared(ctx context.Context, tx *db.Tx, f fact.GroupCleared) error {
	return dropGroup(ctx, tx, f.Group)
}

// Expire deletes skills that nobody confirmed. It runs every hour.
func (s *Service) Expire(ctx context.Context) error {
	const page = 500
	for n := int64(page); n == page; {
		err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = dropSkills(ctx, tx, day.Of(tx.Now()), page)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func errForm() error {
	return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
}
