// Package boxtest takes part in boxes of the public record, as a person does.
package boxtest

import (
	"context"
	"crypto/rand"

	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/wallet"
)

// Voter is somebody with a credential for a box.
type Voter struct {
	*wallet.Part
	Box  *box.Info
	Auth []byte
	Next uint32
}

// Issue gives somebody with that grant a credential for the box, with a new code.
func Issue(ctx context.Context, boxes *box.Boxes, i *box.Info, grant string) (*Voter, error) {
	c, err := wallet.New(rand.Reader)
	if err != nil {
		return nil, err
	}
	return IssueTo(ctx, boxes, i, grant, c)
}

// IssueTo is [Issue] with a code that is there.
func IssueTo(ctx context.Context, boxes *box.Boxes, i *box.Info, grant string, c wallet.Code) (*Voter, error) {
	node, slot := boxes.Record.Node, i.Manifest.Slot
	v := &Voter{Part: c.Part(leaf.RollOrigin(node, i.Roll), slot), Box: i}
	blinded, err := v.Request(i.Key, node, i.Roll, slot)
	if err != nil {
		return nil, err
	}
	out, err := boxes.Issue(ctx, i.Roll, box.IssueInput{Grant: grant, Slots: 1 << slot, Blinded: [][]byte{blinded.Message}})
	if err != nil {
		return nil, err
	}
	v.Auth, err = blinded.Finalize(out[0])
	return v, err
}

// Anybody is a voter of an open box; form is a new secret, as a form has it.
func Anybody(ctx context.Context, boxes *box.Boxes, i *box.Info, form string) (*Voter, error) {
	grant, err := boxes.AdmitAnybody(ctx, i.Roll, form)
	if err != nil {
		return nil, err
	}
	return Issue(ctx, boxes, i, grant)
}

// Signs is the voter's signature.
func (v *Voter) Signs() []byte { return v.Sign(v.Auth) }

// Says is a statement, newer than those before.
func (v *Voter) Says(body []byte) []byte {
	v.Next++
	auth := v.Auth
	if v.Next > 1 {
		auth = nil
	}
	return v.Say(v.Box.Origin, auth, v.Next, body)
}
