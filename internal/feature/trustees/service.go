package trustees

import (
	"context"
	"slices"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
	"convoke/internal/web"
)

// About is what trustees need to know of a proposal.
type About struct {
	Title, Lang, URL string
	Group            id.Group
	// Talks says that a poll about it can still be opened.
	Talks bool
}

// Proposals answers about what is voted on.
type Proposals interface {
	// About is a proposal that the actor may know of, and in which they do that. Its
	// faults are NotFound and Forbidden.
	About(ctx context.Context, tx *db.Tx, by authz.Actor, proposal string, do authz.Action) (About, error)
	// Opened hears that the votes in a box can be opened from now on.
	Opened(ctx context.Context, tx *db.Tx, b leaf.ID) error
}

// Boxes keep ballots; *box.Boxes does.
type Boxes interface {
	Numbers(ctx context.Context, tx *db.Tx, b leaf.ID) (box.Numbers, error)
	Released(ctx context.Context, tx *db.Tx, b leaf.ID) ([]sealed.Share, error)
	Release(ctx context.Context, tx *db.Tx, l leaf.Release) (enough bool, err error)
}

// Deps are what the feature needs.
type Deps struct {
	DB        *db.DB
	IDs       *id.Source
	Proposals Proposals
	Boxes     Boxes
	// Node is the name of this node in the public record.
	Node string
	// Audit notes who did what in a role.
	Audit func(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error
}

// Service is the use cases of trustees.
type Service struct {
	Deps
	kept kept
}

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d} }

const (
	// maxRuns bounds how many keys are made about one proposal.
	maxRuns = 20
	// keptDays is how long a key without a poll is there.
	keptDays = 180
)

// Begin lets trustees make a key for a vote about a proposal, for an organizer. form is
// the form's key: sent twice, it begins one.
func (s *Service) Begin(ctx context.Context, by authz.Actor, proposal, form string, trustees, need int) (string, error) {
	if !id.ValidSecret(form) {
		return "", fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	r := &Run{Proposal: proposal, Transcript: &sealed.Transcript{}}
	setup := sealed.Setup{Trustees: uint8(trustees), Need: uint8(need), Node: s.Node}
	copy(setup.Salt[:], s.IDs.Bytes(len(setup.Salt)))
	fresh := s.IDs.New()
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		r.ID = fresh
		about, err := s.Proposals.About(ctx, tx, by, proposal, authz.RunPoll)
		if err != nil {
			return err
		}
		old, err := one(ctx, tx, "form", form)
		if err == nil && old.Proposal == proposal {
			r.ID = old.ID
			return nil
		}
		if err == nil {
			return fault.Conflict("form.key_used", "This form was used for something else. Please open the page again.")
		}
		if !isNone(err) {
			return err
		}
		if !about.Talks {
			return fault.Conflict("proposal.frozen", "What is being voted on, or was decided or withdrawn, cannot be changed any more.")
		}
		if err := sized(trustees, need); err != nil {
			return err
		}
		if err := r.Add(setup.Encode()); err != nil {
			return err
		}
		all, err := runsOf(ctx, tx, proposal)
		if err != nil {
			return err
		}
		if len(all) >= maxRuns {
			return fault.Conflict("trustees.many", "Very many keys were begun for this. Use one of them.")
		}
		tx.Touch("proposal:" + proposal)
		if err := s.Audit(ctx, tx, by.Person, "begin trustees", r.ID+" "+string(about.Group)); err != nil {
			return err
		}
		return insert(ctx, tx, form, r)
	})
	return r.ID, err
}

// sized refuses numbers with which no key can be made.
func sized(trustees, need int) error {
	var wrong []fault.FieldError
	if trustees < sealed.MinTrustees || trustees > sealed.MaxTrustees {
		wrong = append(wrong, fault.Field("trustees", "trustees.number", "There are from {min} to {max} trustees.", "min", sealed.MinTrustees, "max", sealed.MaxTrustees))
	} else if need < 2 || need > trustees {
		wrong = append(wrong, fault.Field("need", "trustees.need", "It takes at least 2 of them, and at most all, to open the votes."))
	}
	return fault.Invalid(wrong...)
}

// Say takes what a trustee says: while the key is made a message, and when the poll
// has closed a share. Who pastes it does not matter: each is signed, or right by
// itself. Said again it changes nothing.
func (s *Service) Say(ctx context.Context, run, pasted string) error {
	message, err := read(pasted)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		r, err := s.find(ctx, tx, run)
		if err != nil {
			return err
		}
		tx.Touch("proposal:" + r.Proposal)
		if r.Box == "" {
			if err := r.add(message); err != nil {
				return err
			}
			return update(ctx, tx, r)
		}
		b, err := leaf.ParseID(r.Box)
		if err != nil {
			return err
		}
		l, err := share(message, b)
		if err != nil {
			return err
		}
		enough, err := s.Boxes.Release(ctx, tx, l)
		if err != nil || !enough {
			return err
		}
		return s.Proposals.Opened(ctx, tx, b)
	})
}

func (s *Service) find(ctx context.Context, tx *db.Tx, run string) (*Run, error) {
	if !id.Valid(run) {
		return nil, web.ErrNotFound()
	}
	return s.load(ctx, tx, "id", run)
}

// load finds a run, from memory where its poll has been opened. Its fault is NotFound.
func (s *Service) load(ctx context.Context, tx *db.Tx, column, value string) (*Run, error) {
	var id string
	var used bool
	err := tx.Get(ctx, "select id, box_id is not null from trustee_run where "+column+" = $1", []any{value}, &id, &used)
	if isNone(err) {
		return nil, web.ErrNotFound()
	}
	if err != nil {
		return nil, err
	}
	if r := s.kept.find(id); r != nil && used {
		return r, nil
	}
	r, err := one(ctx, tx, "id", id)
	if err == nil && r.Box != "" {
		s.kept.add(r)
	}
	return r, err
}

// Ready are those of a proposal who have made a key that no poll has yet.
func (s *Service) Ready(ctx context.Context, tx *db.Tx, proposal string) ([]*Run, error) {
	all, err := runsOf(ctx, tx, proposal)
	return slices.DeleteFunc(all, func(r *Run) bool { return r.Box != "" || !r.Done() || r.Setup().Node != s.Node }), err
}

// Keep settles that trustees whom [Service.Ready] told keep a box shut.
func (s *Service) Keep(ctx context.Context, tx *db.Tx, run string, b leaf.ID) error {
	return keep(ctx, tx, run, b.String())
}

// Of is who keeps a box shut, and how many have given their shares; ok is false for
// boxes that nobody does.
func (s *Service) Of(ctx context.Context, tx *db.Tx, b leaf.ID) (r *Run, released int, ok bool, err error) {
	r, err = s.load(ctx, tx, "box_id", b.String())
	if fault.Is(err, fault.KindNotFound) {
		return nil, 0, false, nil
	}
	if err != nil {
		return nil, 0, false, err
	}
	all, err := s.Boxes.Released(ctx, tx, b)
	return r, len(all), true, err
}

// Expire deletes keys that no poll was opened with. It runs every hour.
func (s *Service) Expire(ctx context.Context) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return expire(ctx, tx, day.Of(tx.Now())-keptDays) })
}
