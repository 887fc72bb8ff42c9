package pledges

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/record/box"
)

// CreateSample opens a pledge of a group for the demo. roll is one of its gate that
// was prepared, see [Boxes].
func (s *Service) CreateSample(ctx context.Context, tx *db.Tx, g id.Group, roll *box.Draft, in Input) error {
	group, err := s.Groups.ByID(ctx, tx, g)
	if err != nil {
		return err
	}
	p, err := s.parsed(ctx, tx, authz.Actor{}, in, group.Zone)
	if err != nil {
		return fmt.Errorf("the sample pledge: %w", err)
	}
	if _, err := s.insert(ctx, tx, s.IDs.Secret(), group, &p); err != nil {
		return err
	}
	if err := s.begin(ctx, tx, &p, roll, s.IDs.Bytes(16)); err != nil {
		return err
	}
	return s.store(ctx, tx, &p)
}

// begin freezes a draft and opens its box.
func (s *Service) begin(ctx context.Context, tx *db.Tx, p *Pledge, roll *box.Draft, salt []byte) error {
	h := sha256.Sum256(append(append([]byte(nil), salt...), p.Text()...))
	p.Salt, p.Hash, p.State = hex.EncodeToString(salt), hex.EncodeToString(h[:]), Open
	if err := s.Boxes.StoreRoll(ctx, tx, roll); err != nil {
		return err
	}
	m := p.manifest(tx.Now())
	m.MinBatch = roll.MinBatch()
	b, err := s.Boxes.Open(ctx, tx, roll.ID, 0, m)
	p.Box = b.String()
	return err
}
