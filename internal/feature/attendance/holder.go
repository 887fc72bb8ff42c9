package attendance

import (
	"context"
	"errors"
	"html/template"

	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Holder is whoever holds a sign-up, as other features may know them: by the
// hash of their secret, never by who they are.
type Holder struct {
	Event id.Event
	Hash  []byte
	State State
	Party int
}

// Holder finds the holder of a secret. Its fault is that of [Service.Find]. A row
// of another feature that refers to attendance (event_id, hash) with "on delete
// cascade" goes when the sign-up does.
func (s *Service) Holder(ctx context.Context, tx *db.Tx, e id.Event, secret string) (Holder, error) {
	if !id.ValidSecret(secret) {
		return Holder{}, errNoSignUp()
	}
	r, err := rowOf(ctx, tx, e, id.Hash(secret))
	return Holder{Event: e, Hash: r.hash, State: r.state, Party: r.party}, absent(err)
}

// HeldPanel renders a part of the private page that another feature owns. path
// is the address of that page; it holds the secret.
type HeldPanel func(c *web.Call, b Brief, h Holder, path string) (template.HTML, error)

// panels are the parts of the private page that other features own.
func (w *Web) panels(c *web.Call, b Brief, rec Record, path string) ([]template.HTML, error) {
	h := Holder{Event: b.ID, Hash: id.Hash(c.Param("secret")), State: rec.State, Party: rec.Party}
	var out []template.HTML
	for _, panel := range w.Panels {
		html, err := panel(c, b, h, path)
		if err != nil {
			return nil, err
		}
		out = append(out, html)
	}
	return out, nil
}

// Takes returns a fault when the event takes nobody any more: it is over, its
// sign-ups are closed, or it takes none here.
func (s *Service) Takes(ctx context.Context, tx *db.Tx, e id.Event) error {
	r, err := rosterOf(ctx, tx, e)
	if errors.Is(err, db.ErrNoRows) {
		return errNoRoster()
	}
	if err != nil {
		return err
	}
	return r.takes(tx.Now())
}
