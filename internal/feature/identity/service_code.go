package identity

import (
	"context"
	"errors"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
)

// Codes counts one's recovery codes that are not used.
func (s *Service) Codes(ctx context.Context, by authz.Actor) (n int, err error) {
	if err := signedIn(by); err != nil {
		return 0, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		n, err = countCodes(ctx, tx, by.Person)
		return err
	})
	return n, err
}

// NewCodes makes ten recovery codes, to be shown once. Older ones stop working.
func (s *Service) NewCodes(ctx context.Context, by authz.Actor) ([]string, error) {
	if err := signedIn(by); err != nil {
		return nil, err
	}
	fresh := make([]string, codes)
	for i := range fresh {
		fresh[i] = drawCode(s.IDs.Bytes)
	}
	return fresh, s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := replaceCodes(ctx, tx, by.Person, fresh); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "recovery codes", "")
	})
}

func errWrongCode() error {
	return fault.Invalid(fault.Field("code", "sign_in.wrong_code",
		"This handle and this code do not belong together, or the code was used before. Check both and try again."))
}

// SignInCode uses a recovery code up. It returns the secret of a new session,
// and the path of the page that offers new words; old is as in [Service.SignIn].
// An unknown handle, a wrong code and a suspended account get the same answer.
func (s *Service) SignInCode(ctx context.Context, handle, code, old string) (secret, next string, err error) {
	h := foldHandle(handle)
	var bad []fault.FieldError
	if h == "" {
		bad = append(bad, fault.Field("handle", "sign_in.no_handle", "Type your handle."))
	}
	if strings.TrimSpace(code) == "" {
		bad = append(bad, fault.Field("code", "sign_in.no_code", "Type one of your codes."))
	}
	if err := fault.Invalid(bad...); err != nil {
		return "", "", err
	}
	find := func(tx *db.Tx) (personRow, error) {
		p, err := personByHandle(ctx, tx, h)
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return p, err
		}
		ok, err := hasCode(ctx, tx, p.id, code)
		if err == nil && (!ok || p.suspended) {
			err = errWrongCode()
		}
		return p, err
	}
	// Most tries that are wrong wait for no write.
	if err := s.DB.Read(ctx, func(tx *db.Tx) error { _, err := find(tx); return err }); err != nil {
		return "", "", err
	}
	secret, link := s.IDs.Secret(), s.IDs.Secret()
	sid, iid := s.IDs.Secret(), s.IDs.Secret()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		p, err := find(tx)
		if err != nil {
			return err
		}
		if n, err := useCode(ctx, tx, p.id, code); err != nil || n == 0 {
			return errors.Join(err, errWrongCode())
		}
		if old != "" {
			if err := endSession(ctx, tx, old); err != nil {
				return err
			}
		}
		if err := insertSession(ctx, tx, p.id, sid, secret); err != nil {
			return err
		}
		if err := s.offerWords(ctx, tx, p.id, iid, link); err != nil {
			return err
		}
		return s.Audit(ctx, tx, p.id, "recovery code", "")
	})
	return secret, "/reset/" + link, err
}
