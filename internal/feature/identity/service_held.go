package identity

import (
	"context"
	"errors"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// About returns every row of the server about the actor, of all features.
func (s *Service) About(ctx context.Context, by authz.Actor) ([]Held, error) {
	if err := signedIn(by); err != nil {
		return nil, err
	}
	var out []Held
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if out, err = heldAbout(ctx, tx, by.Person); err != nil {
			return err
		}
		mail, err := s.heldMail(ctx, tx, by.Person)
		if err != nil {
			return err
		}
		if out = append(out, mail...); s.Elsewhere == nil {
			return nil
		}
		more, err := s.Elsewhere(ctx, tx, by.Person)
		out = append(out, more...)
		return err
	})
	return out, err
}

// AboutFile is [Service.About] as JSON.
func (s *Service) AboutFile(ctx context.Context, by authz.Actor, now time.Time) ([]byte, error) {
	all, err := s.About(ctx, by)
	if err != nil {
		return nil, err
	}
	return report(by.Person, now, all)
}

func errLastOperator() error {
	return fault.Conflict("erase.last_operator",
		"You are the only operator of this server. Make somebody else an operator first.")
}

// Parting tells what would happen if the actor erased their account: a Conflict
// fault when that is not possible yet, and the groups that are concerned.
func (s *Service) Parting(ctx context.Context, by authz.Actor) (p Parting, err error) {
	if err := signedIn(by); err != nil {
		return p, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if p, err = s.Groups.Parting(ctx, tx, by.Person); err != nil {
			return err
		}
		return mayGo(ctx, tx, by.Person)
	})
	return p, err
}

// mayGo refuses to leave the node without anybody to keep it.
func mayGo(ctx context.Context, tx *db.Tx, p id.Person) error {
	row, err := personByID(ctx, tx, p)
	if err != nil || !row.operator {
		return err
	}
	other, err := otherOperator(ctx, tx, p)
	if err == nil && !other {
		err = errLastOperator()
	}
	return err
}

// Erase removes the actor's account and all that [Service.About] lists; of the
// audit a pseudonym of nobody is left. The handle becomes free. It may be
// repeated.
func (s *Service) Erase(ctx context.Context, by authz.Actor) error {
	if err := signedIn(by); err != nil {
		return err
	}
	pseudonym := id.Person(s.IDs.Secret())
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		err := mayGo(ctx, tx, by.Person)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.Groups.LeaveAll(ctx, tx, by.Person); err != nil {
			return err
		}
		if err := errors.Join(deleteLinksBy(ctx, tx, by.Person), deleteLinksFor(ctx, tx, by.Handle)); err != nil {
			return err
		}
		if err := s.Audit(ctx, tx, by.Person, "erase account", ""); err != nil {
			return err
		}
		if err := renameAudit(ctx, tx, by.Person, pseudonym); err != nil {
			return err
		}
		if err := s.dropAddress(ctx, tx, by.Person); err != nil {
			return err
		}
		return deletePerson(ctx, tx, by.Person)
	})
}
