package translate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/i18n/po"
	"convoke/internal/id"
	"convoke/internal/version"
)

const (
	// maxWaiting and maxEach bound the proposals that wait, altogether and of
	// one text, so that nobody fills the disk.
	maxWaiting, maxEach = 5000, 5
	lifetime            = 90 * 24 * time.Hour
)

// Deps are what the feature needs.
type Deps struct {
	DB      *db.DB
	Locales *i18n.Bundle
	// Reloaded is told when the translations have changed.
	Reloaded func()
}

// Service is the use cases of translation.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Proposal is a translation that waits for an operator.
type Proposal struct {
	ID    string
	Lang  string
	Key   po.Key
	Forms []string
	// Credit is the name that they want to be shown with the language; "" is none.
	Credit string
}

// text finds a text of the program; NotFound for an id that is none.
func (s *Service) text(textid string) (*po.Entry, error) {
	for _, e := range s.Locales.Texts() {
		if textID(e.Key) == textid {
			return e, nil
		}
	}
	return nil, fault.NotFound("translate.text", "There is no such text in this version.")
}

// locale finds a language that can be translated into.
func (s *Service) locale(tag string) (*i18n.Locale, error) {
	l, ok := s.Locales.Locale(tag)
	if !ok || !l.Translatable() {
		return nil, fault.NotFound("web.not_found", "There is nothing here, or it is not public.")
	}
	return l, nil
}

// Propose keeps a translation for an operator. key is the form's: sent twice,
// it makes one proposal. What says the same as one that waits is not kept again.
func (s *Service) Propose(ctx context.Context, by authz.Actor, tag, textid, key string, forms []string, credit string) error {
	if err := authz.Check(by, authz.ProposeTranslation, authz.Subject{}); err != nil {
		return err
	}
	l, m, err := s.find(tag, textid)
	if err != nil {
		return err
	}
	if !id.ValidSecret(key) {
		return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	credit, problems := version.Check("credit", credit)
	if err := invalid(check(l, m, forms), problems...); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		same, err := proposalsOf(ctx, tx, l.Tag(), textid)
		if err != nil {
			return err
		}
		for _, p := range same {
			if p.ID == key || equal(p.Forms, forms) {
				return nil
			}
		}
		n, err := countProposals(ctx, tx)
		if err != nil {
			return err
		}
		if len(same) >= maxEach || n >= maxWaiting {
			return fault.Conflict("translate.many", "Many proposals wait here already. Please come back when an operator has answered them.")
		}
		return insertProposal(ctx, tx, Proposal{ID: key, Lang: l.Tag(), Key: m.Key, Forms: forms, Credit: credit})
	})
}

func (s *Service) find(tag, textid string) (*i18n.Locale, *po.Entry, error) {
	l, err := s.locale(tag)
	if err != nil {
		return nil, nil, err
	}
	m, err := s.text(textid)
	return l, m, err
}

// invalid makes a fault of problems, with the fields "form0", "form1"...
func invalid(problems []problem, more ...fault.FieldError) error {
	fields := make([]fault.FieldError, len(problems), len(problems)+len(more))
	for i, p := range problems {
		fields[i] = fault.Field(fieldName(p.Form), "translate.invalid", p.Msg, p.Args...)
	}
	return fault.Invalid(append(fields, more...)...)
}

func fieldName(form int) string { return fmt.Sprintf("form%d", form) }

func equal(a, b []string) bool { return fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b) }

// Waiting lists proposals for an operator, oldest first, after the one with the
// id after.
func (s *Service) Waiting(ctx context.Context, by authz.Actor, after string, limit int) ([]Proposal, error) {
	if err := authz.Check(by, authz.ReviewTranslation, authz.Subject{}); err != nil {
		return nil, err
	}
	var out []Proposal
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		out, err = waiting(ctx, tx, after, limit)
		return err
	})
	return out, err
}

// Accept writes a proposal into the operator's catalogue, shows it from now on,
// and forgets it. Sent twice, the second finds nothing and does nothing.
func (s *Service) Accept(ctx context.Context, by authz.Actor, proposal string) error {
	p, err := s.take(ctx, by, proposal)
	if err != nil || p == nil {
		return err
	}
	l, m, err := s.find(p.Lang, textID(p.Key))
	if err != nil {
		return err
	}
	if problems := check(l, m, p.Forms); len(problems) > 0 {
		return fault.Conflict("translate.changed", "The English text has changed since. Decline this proposal.")
	}
	// The file first: when the row then stays, accepting it again does no harm.
	if err := s.Locales.Put(p.Lang, p.Key, p.Forms, p.Credit); err != nil {
		return err
	}
	s.Reloaded()
	return s.remove(ctx, p.ID)
}

// Decline forgets a proposal.
func (s *Service) Decline(ctx context.Context, by authz.Actor, proposal string) error {
	p, err := s.take(ctx, by, proposal)
	if err != nil || p == nil {
		return err
	}
	return s.remove(ctx, p.ID)
}

// take returns nil for a proposal that is answered already.
func (s *Service) take(ctx context.Context, by authz.Actor, proposal string) (*Proposal, error) {
	if err := authz.Check(by, authz.ReviewTranslation, authz.Subject{}); err != nil {
		return nil, err
	}
	var p Proposal
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		p, err = proposalByID(ctx, tx, proposal)
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil //nolint:nilnil // see above
	}
	return &p, err
}

func (s *Service) remove(ctx context.Context, proposal string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return deleteProposal(ctx, tx, proposal) })
}

// Expire forgets proposals that nobody has answered in ninety days.
func (s *Service) Expire(ctx context.Context) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return deleteBefore(ctx, tx, tx.Now().Add(-lifetime)) })
}
