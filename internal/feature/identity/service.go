package identity

import (
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// How long things last.
const (
	sessionIdle   = 30 * 24 * time.Hour
	setupTTL      = 30 * time.Minute
	resetTTL      = 30 * time.Minute
	operatorTTL   = 24 * time.Hour
	invitationTTL = 7 * 24 * time.Hour
	auditKept     = 180 * 24 * time.Hour
	// retryTime is how long a form that showed words may be sent again when its
	// answer was lost.
	retryTime = 10 * time.Minute
)

// Limiter says how often somebody may try. The buckets are "sign-in" (sign-in
// and the check of a passphrase) and "link" (sending the form of a link).
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retryAfter time.Duration)
}

// Groups lets a person into a group.
type Groups interface {
	// Join makes person a member with at least the role. It returns a Conflict
	// fault for a group that may not take anybody, an Invalid one for the field
	// "conduct" when the group has other rules than those that were accepted.
	Join(ctx context.Context, tx *db.Tx, group id.Group, person id.Person, in Admission) error
	// Conduct is the version of a group's rules of conduct, 0 for none.
	Conduct(ctx context.Context, tx *db.Tx, group id.Group) (int, error)
	// Title returns the name and the handle of a group.
	Title(ctx context.Context, tx *db.Tx, group id.Group) (name, handle string, err error)
	// Parting tells what it would mean for groups if a person left them all.
	Parting(ctx context.Context, tx *db.Tx, person id.Person) (Parting, error)
	// LeaveAll does that. It returns a Conflict fault while a group needs the
	// person, and suspends those that nobody is left in.
	LeaveAll(ctx context.Context, tx *db.Tx, person id.Person) error
	// Recovering tells a steward about a member who lost their way in. To
	// everybody else the member does not exist.
	Recovering(ctx context.Context, tx *db.Tx, steward id.Person, group, member string) (Recovering, error)
	// Stewarding lists the groups that a person is a steward of.
	Stewarding(ctx context.Context, tx *db.Tx, person id.Person) ([]id.Group, error)
}

// Admission is on which terms an invitation is used.
type Admission struct {
	Role    string
	By      id.Person // who made the link, "" for the command line
	Conduct int       // the version of the rules that they accepted
}

// Parting names the groups that somebody cannot simply leave.
type Parting struct {
	// Needed are groups with other members and no other steward.
	Needed []string
	// Alone are groups with no other member.
	Alone []string
}

// Deps are what the feature needs.
type Deps struct {
	DB      *db.DB
	IDs     *id.Source
	Log     *slog.Logger
	Locales *i18n.Bundle
	Limit   Limiter
	// Client names whom a limit counts, as coarsely as possible: the network
	// of the address, a circuit. It is never stored.
	Client func(*http.Request) string
	// Groups may be set after New, before the first request: groups themselves
	// need this service.
	Groups Groups
	// Helpers may be set as Groups is.
	Helpers Helpers
	// Panels are parts of one's own page that other features own, empty for those
	// whom they do not concern. They may be set as Groups is.
	Panels []func(c *web.Call) (template.HTML, error)
	// Elsewhere is what other features hold about a person. It may be set as
	// Groups is.
	Elsewhere func(ctx context.Context, tx *db.Tx, person id.Person) ([]Held, error)
	// Vault has the keys of addresses, and Jobs sends mail.
	Vault *seal.Vault
	Jobs  *job.Queue
	// Mail is nil on a node that sends none.
	Mail *Mail
	// SiteChanged is told after set-up has committed; it must be quick.
	SiteChanged func(name, language string)
}

// Service is the use cases of accounts, sessions and invitations. It implements
// web.Sessions.
type Service struct {
	Deps
	hasher *hasher
	used   chan use // sessions to note as used today
}

// New returns the service. It registers its jobs, so it must be called before
// the queue runs.
func New(d Deps) *Service {
	s := &Service{Deps: d, hasher: newHasher(), used: make(chan use, 256)}
	if d.Jobs != nil {
		s.registerJobs()
	}
	return s
}

// allow takes one try from the client's bucket.
func (s *Service) allow(r *http.Request, bucket string) error {
	ok, after := s.Limit.Allow(bucket, s.Client(r))
	if ok {
		return nil
	}
	return fault.After(fault.RateLimited("sign_in.too_often",
		"That were many tries in a short time. Please wait a little and try again."), after)
}

// signedIn refuses visitors.
func signedIn(by authz.Actor) error {
	if by.Visitor() {
		return fault.Unauthenticated("authz.sign_in", "Please sign in first.")
	}
	return nil
}

// Audit notes that somebody did something in a role. by is empty when the
// command line did it. subject names ids, never people's own words.
func (s *Service) Audit(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error {
	about, err := personAmong(ctx, tx, subject)
	if err != nil {
		return err
	}
	if about == by {
		about = ""
	}
	return insertAudit(ctx, tx, s.IDs.Secret(), by, action, subject, about)
}

// Expire deletes what has come to its end: sessions, links, old audit, and the
// times that are kept for some minutes only. A schedule calls it every hour or
// so.
func (s *Service) Expire(ctx context.Context) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return expire(ctx, tx) })
}
