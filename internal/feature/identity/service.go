package identity

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// How long things last.
const (
	sessionIdle   = 30 * 24 * time.Hour
	setupTTL      = 30 * time.Minute
	resetTTL      = 30 * time.Minute
	operatorTTL   = 24 * time.Hour
	invitationTTL = 7 * 24 * time.Hour
	auditKept     = 180 * 24 * time.Hour
)

// Limiter says how often somebody may try. The buckets are "sign-in" (sign-in
// and the check of a passphrase) and "link" (sending the form of a link).
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retryAfter time.Duration)
}

// Groups lets a person into a group.
type Groups interface {
	// Join makes person a member with at least role. It returns a Conflict
	// fault for a group that may not take anybody.
	Join(ctx context.Context, tx *db.Tx, group id.Group, person id.Person, role string) error
	// Title returns the name and the handle of a group.
	Title(ctx context.Context, tx *db.Tx, group id.Group) (name, handle string, err error)
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

// New returns the service.
func New(d Deps) *Service {
	return &Service{Deps: d, hasher: newHasher(), used: make(chan use, 256)}
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

// day is t's date in UTC as yyyymmdd.
func day(t time.Time) int { return t.Year()*10000 + int(t.Month())*100 + t.Day() }

// date is the inverse of day.
func date(d int) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return time.Date(d/10000, time.Month(d/100%100), d%100, 0, 0, 0, 0, time.UTC)
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
	return insertAudit(ctx, tx, s.IDs.Secret(), by, action, subject)
}

// Expire deletes what has come to its end: sessions, links, old audit. A
// schedule calls it every hour or so.
func (s *Service) Expire(ctx context.Context) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return expire(ctx, tx) })
}
