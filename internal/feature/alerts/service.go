package alerts

import (
	"context"
	"io"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/feature/alerts/official"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// Group is what a network needs to know of a group.
type Group struct {
	ID               id.Group
	Handle, Name     string
	Place, Zone      string
	Suspended, Ended bool
}

// Groups answers about groups.
type Groups interface {
	ByID(ctx context.Context, tx *db.Tx, g id.Group) (Group, error)
	ByHandle(ctx context.Context, tx *db.Tx, handle string) (Group, error)
	// Role is that of whoever acts; none for a stranger.
	Role(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (authz.Role, error)
	// MemberOf lists the groups that can act in which somebody has a role at least.
	MemberOf(ctx context.Context, tx *db.Tx, p id.Person, role authz.Role) ([]Group, error)
	// Member is the account of a member; a NotFound fault when there is none.
	Member(ctx context.Context, tx *db.Tx, g id.Group, handle string) (id.Person, error)
	// Chain is who let somebody in, and who let in those, in all groups.
	Chain(ctx context.Context, tx *db.Tx, p id.Person) ([]Link, error)
}

// Places finds places by what somebody typed.
type Places interface {
	Find(query string, limit int) []geo.Place
	// Named finds only what is called exactly so.
	Named(query string, limit int) []geo.Place
}

// Record is the node's public record; *record.Record is one.
type Record interface {
	Append(ctx context.Context, tx *db.Tx, log string, leaves ...[]byte) (first int64, err error)
}

// Facts tells other features what happened, inside the transaction.
type Facts interface {
	Emit(ctx context.Context, tx *db.Tx, f any) error
}

// Deps are what the feature needs.
type Deps struct {
	DB      *db.DB
	IDs     *id.Source
	Entropy io.Reader
	Vault   *seal.Vault
	Groups  Groups
	Places  Places
	// Nearest names the place nearest to a point, and how far it is in kilometres.
	Nearest func(p geo.Point) (label string, km float64)
	// Allowed are the categories that networks may choose; none for all.
	Allowed []string
	Record  Record
	Locales *i18n.Bundle
	Facts   Facts
	Jobs    *job.Queue
	// Official reads official warnings; nil where there are none.
	Official *official.Reader
	// Post is nil on a node that sends no mail.
	Post *Post
	// Ways call verifiers otherwise than by mail. They may be set after New; nil are none.
	Ways Ways
	// BaseURL begins links, as in "https://example.org".
	BaseURL string
	// Replies answer messages, by the way on which they came; see [Letter].
	Replies map[string]Reply
	// Audit notes who did what in a role.
	Audit func(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error
	// Audience says how many could hear of an alert in some cells, and, when it follows a
	// chain, of that. It may be set after New; nil says nothing.
	Audience func(ctx context.Context, tx *db.Tx, cells []geo.GridCell, chain string) (int, error)
	// Delivered says how an alert went, as [Service.Deliveries] has it. It may be set after
	// New; nil says nothing.
	Delivered func(ctx context.Context, tx *db.Tx, alert string) (all []Delivery, done bool, err error)
}

// Service is the use cases of alerts.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service {
	s := &Service{d}
	job.Register(s.Jobs, s.sendCall, job.Timeout(2*time.Minute))
	job.Register(s.Jobs, s.sendAnswer, job.Timeout(time.Minute), job.MaxAttempts(answerTries))
	job.Register(s.Jobs, s.forgetAnswers)
	return s
}

// seat is what somebody may do in a network.
type seat struct {
	Stewards []Group // of the groups that run it, those of which the actor is a steward
	Verifies bool
	Member   bool // of one of those groups
}

func (s *Service) seat(ctx context.Context, tx *db.Tx, by authz.Actor, n *Network) (out seat, err error) {
	if by.Visitor() {
		return out, nil
	}
	for _, o := range n.Owners {
		role, err := s.Groups.Role(ctx, tx, o.ID, by.Person)
		if err != nil {
			return out, err
		}
		out.Member = out.Member || role.AtLeast(authz.Member) && !o.Asked
		if authz.May(by, authz.RunNetwork, authz.Subject{Role: role, Suspended: o.Suspended, Ended: o.Ended}) {
			out.Stewards = append(out.Stewards, o.Group)
		}
	}
	v, ok, err := verifierOf(ctx, tx, n.ID, by.Person)
	if err != nil || !ok {
		return out, err
	}
	out.Verifies, err = s.mayVerify(ctx, tx, by, v, n)
	return out, err
}

// mayVerify reports whether somebody who was named still may: they are a member of the
// group that named them, which still runs the network and can act.
func (s *Service) mayVerify(ctx context.Context, tx *db.Tx, by authz.Actor, v Verifier, n *Network) (bool, error) {
	for _, o := range n.Owners {
		if o.ID != v.Group || o.Asked {
			continue
		}
		role, err := s.Groups.Role(ctx, tx, o.ID, v.Person)
		return authz.May(by, authz.VerifyAlert, authz.Subject{Role: role, Verifies: true, Suspended: o.Suspended, Ended: o.Ended}), err
	}
	return false, nil
}

// network is one that everybody may know of.
func (s *Service) network(ctx context.Context, tx *db.Tx, handle string) (*Network, error) {
	n, ok, err := networkBy(ctx, tx, "handle", handle)
	if err == nil && !ok {
		err = web.ErrNotFound()
	}
	if err != nil {
		return nil, err
	}
	return n, s.owners(ctx, tx, n)
}

func (s *Service) networkByID(ctx context.Context, tx *db.Tx, nid string) (*Network, error) {
	n, ok, err := networkBy(ctx, tx, "id", nid)
	if err == nil && !ok {
		err = web.ErrNotFound()
	}
	if err != nil {
		return nil, err
	}
	return n, s.owners(ctx, tx, n)
}

// steward is a network for a steward of a group that runs it.
func (s *Service) steward(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (*Network, seat, error) {
	n, err := s.network(ctx, tx, handle)
	if err != nil {
		return nil, seat{}, err
	}
	me, err := s.seat(ctx, tx, by, n)
	if err == nil && len(n.owning(me.Stewards)) == 0 {
		err = authz.Check(by, authz.RunNetwork, authz.Subject{})
	}
	return n, me, err
}

// verify is a network for one of its verifiers. To others it is as if there were no queue.
func (s *Service) verify(ctx context.Context, tx *db.Tx, by authz.Actor, nid string) (*Network, error) {
	n, err := s.networkByID(ctx, tx, nid)
	if err != nil {
		return nil, err
	}
	me, err := s.seat(ctx, tx, by, n)
	if err == nil && !me.Verifies {
		err = web.ErrNotFound()
	}
	return n, err
}

// related reports whether two people are of one lineage anywhere on this node.
func (s *Service) related(ctx context.Context, tx *db.Tx, a, b id.Person) (bool, error) {
	chainA, err := s.Groups.Chain(ctx, tx, a)
	if err != nil {
		return false, err
	}
	chainB, err := s.Groups.Chain(ctx, tx, b)
	return related(a, b, chainA, chainB), err
}

func errClosed() error {
	return fault.Conflict("alert.network_closed", "This network is closed: it takes no reports and sends nothing.")
}

// hourScope is the key of what is reported within an hour; dayScope that of lineages.
func hourScope(t time.Time) string { return "alerts:report:" + t.UTC().Format("2006010215") }
func dayScope(t time.Time) string  { return "alerts:lineage:" + t.UTC().Format("20060102") }
