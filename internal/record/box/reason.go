package box

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/plaintext"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
)

// MaxReason bounds a reason, in characters.
const MaxReason = 1_000

// Reason is why somebody has reservations or blocks. The record has its hash alone,
// so that the text can be erased; it is published with the ballots.
type Reason struct {
	Salt [32]byte
	Text string
}

// Hash is what a ballot says of its reason: SHA-256 of salt and text.
func (r *Reason) Hash() [32]byte { return sha256.Sum256(append(r.Salt[:], r.Text...)) }

// reasoned makes sure that a ballot which gives a reason comes with it, and no other
// statement with one.
func (i *Info) reasoned(body []byte, r *Reason) error {
	var want []byte
	if m := i.Manifest.Poll; m != nil && m.Method == tally.Consent && leaf.BodyKind(body) == leaf.SayBallot {
		want = body[2:]
	}
	switch {
	case len(want) == 0 && r == nil:
		return nil
	case len(want) == 0 || r == nil:
		return fault.Malformed("box.reason", "A block needs its reason, and only reservations and blocks have one. Nothing was recorded.")
	case plaintext.Text(r.Text) != r.Text || r.Text == "" || len([]rune(r.Text)) > MaxReason:
		return fault.Malformed("box.reason_text", "The reason is empty, longer than {max} characters, or has characters that cannot be shown. Nothing was recorded.", "max", MaxReason)
	}
	if h := r.Hash(); !bytes.Equal(h[:], want) {
		return fault.Malformed("box.reason", "A block needs its reason, and only reservations and blocks have one. Nothing was recorded.")
	}
	return nil
}

func insertReason(ctx context.Context, tx *db.Tx, id leaf.ID, r *Reason) error {
	h := r.Hash()
	_, err := tx.Exec(ctx, "insert into box_reason (box_id, hash, salt, text) values ($1, $2, $3, $4) on conflict do nothing", id.String(), h[:], r.Salt[:], r.Text)
	if err != nil {
		return fmt.Errorf("store a reason: %w", err)
	}
	return nil
}

// ReasonOf is what a ballot that counts says why, nil when it gives none or its text
// was erased.
func (b *Boxes) ReasonOf(ctx context.Context, tx *db.Tx, id leaf.ID, p Paper) (*Reason, error) {
	one := []Paper{p}
	err := addReasons(ctx, tx, id, one)
	return one[0].Reason, err
}

// addReasons puts to ballots of a box what they say why.
func addReasons(ctx context.Context, tx *db.Tx, id leaf.ID, page []Paper) error {
	args := []any{id.String()}
	for _, p := range page {
		if len(p.Paper) == 1+sha256.Size {
			args = append(args, p.Paper[1:])
		}
	}
	if len(args) == 1 {
		return nil
	}
	all := map[[sha256.Size]byte]*Reason{}
	err := tx.Each(ctx, "select salt, text from box_reason where box_id = $1 and hash in ("+listed(2, len(args)-1)+")", args, func(scan func(...any) error) error {
		var salt []byte
		var r Reason
		if err := scan(&salt, &r.Text); err != nil {
			return err
		}
		copy(r.Salt[:], salt)
		all[r.Hash()] = &r
		return nil
	})
	for n, p := range page {
		if len(p.Paper) == 1+sha256.Size {
			page[n].Reason = all[[sha256.Size]byte(p.Paper[1:])]
		}
	}
	return err
}

// EraseReasons deletes all reasons of a box, in the caller's transaction: the record
// keeps their hashes.
func (b *Boxes) EraseReasons(ctx context.Context, tx *db.Tx, id leaf.ID) error {
	_, err := tx.Exec(ctx, "delete from box_reason where box_id = $1", id.String())
	return err
}
