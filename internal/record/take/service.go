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

// wish is what somebody wants to say: a pledge or a vote, or nothing where one signs.
type wish struct {
	pledge []byte
	vote   *vote
}

// body is what the wish says with a code as its statement of that number, and the reason
// that goes with it.
func (x wish) body(i *box.Info, p *wallet.Part, counter uint32) ([]byte, *box.Reason, error) {
	if x.vote == nil {
		return x.pledge, nil, nil
	}
	body, reason := x.vote.body(p)
	if i.Manifest.Sealed == nil {
		return body, reason, nil
	}
	body, err := i.Manifest.Sealed.Seal(i.Origin, p.Public(), counter, body[1:])
	return body, nil, err
}

// assist takes part in somebody's place, with a code that is in memory only: it
// has a credential issued, marked as assisted, and puts the statement into the box;
// where that opens later, it shows the credential.
func (w *Web) assist(ctx context.Context, k *call, grant string, c wallet.Code, x wish) error {
	i := k.box
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
	if k.early {
		return w.Boxes.Activate(ctx, i.Roll, p.Activate(auth))
	}
	if i.Manifest.Takes == leaf.TakesSign {
		_, err = w.Boxes.Cast(ctx, i.ID, p.Sign(auth))
		return err
	}
	body, reason, err := x.body(i, p, 1)
	if err != nil {
		return err
	}
	_, err = w.Boxes.CastWith(ctx, i.ID, p.Say(i.Origin, auth, 1, body), reason)
	if fault.HasCode(err, "box.stale") || fault.HasCode(err, "box.waits") {
		// Sent before with another choice: what was said first, or since, holds, and who
		// lost that answer gets to see it with their code.
		return nil
	}
	return err
}

// stands is what a key says now.
type stands struct {
	box.Saying
	// In says that it is in the box; Ready, that it is not, but needs no credential.
	In, Ready bool
	Reason    string
}

func (w *Web) stands(ctx context.Context, i *box.Info, k leaf.Key) (s stands, err error) {
	err = w.Boxes.DB.Read(ctx, func(tx *db.Tx) (err error) {
		s = stands{}
		if s.Saying, s.In, err = w.Boxes.Said(ctx, tx, i.ID, k); err != nil || len(s.Body) == 0 {
			return err
		}
		r, err := w.Boxes.ReasonOf(ctx, tx, i.ID, box.Paper{Paper: s.Body[1:]})
		if r != nil {
			s.Reason = r.Text
		}
		return err
	})
	if err == nil && !s.In {
		s.Ready, err = w.Boxes.Activated(ctx, i, k)
	}
	return s, err
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
// it says that already, so that a form sent twice changes nothing more. x is a changed
// pledge or vote.
func (w *Web) later(ctx context.Context, i *box.Info, c wallet.Code, do string, x wish) (stands, error) {
	p := w.part(i, c)
	s, err := w.stands(ctx, i, p.Public())
	if err != nil {
		return s, err
	}
	if !s.In && !s.Ready {
		return s, errUnknown()
	}
	body, reason, err := next(i, &s, do, p, x)
	if err != nil || body == nil {
		return s, err
	}
	r, err := w.Boxes.CastWith(ctx, i.ID, p.Say(i.Origin, nil, s.Counter+1, body), reason)
	if i.Manifest.Sealed != nil && fault.HasCode(err, "box.waits") {
		return s, errWaits // sealed once more, the same vote is another statement
	}
	if err != nil {
		return s, err
	}
	if r.Pending {
		return s, errWaits
	}
	return w.stands(ctx, i, p.Public())
}

// next is what is to be said for what somebody wants; nil when that is said already.
// What a sealed ballot says nobody can tell, so it is put in once more.
func next(i *box.Info, s *stands, do string, p *wallet.Part, x wish) ([]byte, *box.Reason, error) {
	switch {
	case do == doWithdraw && s.Live:
		return leaf.Withdraw(), nil, nil
	case do == doDone && !s.Done:
		return leaf.Done(), nil, nil
	case do == doChange:
		now := s.Body
		if x.vote == nil {
			now = leaf.Pledge{Threshold: s.Threshold, Part: s.Part}.Encode()
		}
		body, reason, err := x.body(i, p, s.Counter+1)
		if err != nil || !s.Live || !bytes.Equal(body, now) {
			return body, reason, err
		}
	}
	return nil, nil, nil
}

// errWaits says that a statement waits for others.
var errWaits = errors.New("the statement waits for others")
