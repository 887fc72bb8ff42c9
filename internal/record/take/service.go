package take

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/wallet"
)

// Ticket is all that a client needs to know of a box: the leaves that opened it and
// its roll, which the two names prove.
type Ticket struct {
	Box   string `json:"box"`
	Roll  string `json:"roll"`
	Open  []byte `json:"open"`
	Rolls []byte `json:"roll_open"`
}

func (w *Web) ticket(ctx context.Context, i *box.Info) (Ticket, error) {
	opening, roll, err := w.Boxes.Openings(ctx, i)
	return Ticket{i.ID.String(), i.Roll.String(), opening, roll}, err
}

// text is the ticket as pages and files hold it.
func (t Ticket) text() (string, error) {
	b, err := json.Marshal(t)
	return string(b), err
}

// codeOf is the code of somebody for whom this server makes the statement: it
// follows from the key of their form, so that sending the form again gives the same
// code and counts once, though nothing of it is stored.
func codeOf(form string, b leaf.ID) (wallet.Code, error) {
	r, err := hkdf.Key(sha256.New, []byte(form), nil, "convoke assisted 1\n"+b.String(), 32)
	if err != nil {
		return wallet.Code{}, fmt.Errorf("make a code: %w", err)
	}
	return wallet.New(bytes.NewReader(r))
}

// part is what a code is for a box.
func (w *Web) part(i *box.Info, c wallet.Code) *wallet.Part {
	return c.Part(leaf.RollOrigin(w.Boxes.Record.Node, i.Roll), i.Manifest.Slot)
}

// assist takes part in somebody's place, with a code that is in memory only: it
// has a credential issued, marked as assisted, and puts the statement into the box.
// body is empty where one signs.
func (w *Web) assist(ctx context.Context, i *box.Info, grant string, c wallet.Code, body []byte) error {
	p, slot := w.part(i, c), i.Manifest.Slot
	asked, err := p.Request(i.Key, i.Registrar, i.Roll, slot)
	if err != nil {
		return fmt.Errorf("ask for a credential: %w", err)
	}
	signed, err := w.Boxes.Issue(ctx, i.Roll, box.IssueInput{
		Grant: grant, Slots: 1 << slot, Blinded: [][]byte{asked.Message}, Mode: leaf.Assisted,
	})
	if err != nil {
		return err
	}
	auth, err := asked.Finalize(signed[0])
	if err != nil {
		return fmt.Errorf("read a credential: %w", err)
	}
	if i.Manifest.Takes == leaf.TakesSign {
		_, err = w.Boxes.Cast(ctx, i.ID, p.Sign(auth))
		return err
	}
	_, err = w.Boxes.Cast(ctx, i.ID, p.Say(i.Origin, auth, 1, body))
	if fault.HasCode(err, "box.stale") || fault.HasCode(err, "box.waits") {
		// Sent before with another choice: what was said first, or since, holds, and who
		// lost that answer gets to see it with their code.
		return nil
	}
	return err
}

func (w *Web) said(ctx context.Context, i *box.Info, k leaf.Key) (s box.Saying, ok bool, err error) {
	err = w.Boxes.DB.Read(ctx, func(tx *db.Tx) (err error) {
		s, ok, err = w.Boxes.Said(ctx, tx, i.ID, k)
		return err
	})
	return s, ok, err
}

// receipt is that of a key's leaf, as its address gives it.
func (w *Web) receipt(ctx context.Context, i *box.Info, k leaf.Key, hash [32]byte) (text string, err error) {
	err = w.Boxes.DB.Read(ctx, func(tx *db.Tx) error {
		at, err := w.Boxes.Where(ctx, tx, i.ID, k, hash)
		if err == nil {
			text, err = record.Proof(ctx, tx, i.Log(), at)
		}
		return err
	})
	return text, err
}

// What somebody does later with their code.
const (
	doLook     = "look"
	doWithdraw = "withdraw"
	doChange   = "change"
	doDone     = "done"
)

func errUnknown() error {
	return fault.Invalid(fault.Field("code", "take.unknown",
		"Nobody has taken part here with this code. If you have just sent it, it may wait for others: look again in a quarter of an hour."))
}

// later says something newer with a code, and what it says then. Nothing is sent when
// it says that already, so that a form sent twice changes nothing more. body is that
// of a changed pledge.
func (w *Web) later(ctx context.Context, i *box.Info, c wallet.Code, do string, body []byte) (box.Saying, error) {
	p := w.part(i, c)
	s, ok, err := w.said(ctx, i, p.Public())
	if err != nil {
		return s, err
	}
	if !ok {
		return s, errUnknown()
	}
	switch do {
	case doWithdraw:
		if !s.Live {
			return s, nil
		}
		body = leaf.Withdraw()
	case doDone:
		if s.Done {
			return s, nil
		}
		body = leaf.Done()
	case doChange:
		if now := (leaf.Pledge{Threshold: s.Threshold, Part: s.Part}); s.Live && bytes.Equal(body, now.Encode()) {
			return s, nil
		}
	default:
		return s, nil
	}
	r, err := w.Boxes.Cast(ctx, i.ID, p.Say(i.Origin, nil, s.Counter+1, body))
	if err != nil {
		return s, err
	}
	if r.Pending {
		return s, errWaits
	}
	s, _, err = w.said(ctx, i, p.Public())
	return s, err
}

// errWaits says that a statement waits for others.
var errWaits = errors.New("the statement waits for others")
