package app

import (
	"context"

	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/witness"
)

// RecordState is the public record as its operator sees it.
type RecordState struct {
	Name      string // of the node in the record
	Halted    string // why nothing is recorded, "" while all is well
	LogKey    string // for the witness_logs of others
	Witness   string // this node's own key as a witness, for the record_policy of others
	Cosigns   int    // how many logs it cosigns
	Lines     int64  // of the node's log
	Witnessed int64  // of them, by a quorum
	Policy    bool   // there are witnesses to ask
	Asked     []witness.Asked
}

// RecordState reads it.
func (n *Node) RecordState(ctx context.Context) (s RecordState, err error) {
	s = RecordState{
		Name: n.Record.Node, Halted: n.Record.Halted(), Witness: n.WitnessKey(), Cosigns: n.witness.Size(), Policy: n.Record.HasWitnesses(),
	}
	if s.LogKey, err = n.Record.VerifierKey(record.NodeLog); err != nil {
		return s, err
	}
	err = n.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if s.Lines, err = record.Size(ctx, tx, record.NodeLog); err != nil {
			return err
		}
		if s.Witnessed, err = record.Witnessed(ctx, tx, record.NodeLog); err != nil || !s.Policy {
			return err
		}
		s.Asked, err = witness.AllAsked(ctx, tx)
		return err
	})
	return s, err
}

// ContinueRecord goes on after a restore under the old name; see
// [record.Record.Continue].
func (n *Node) ContinueRecord(ctx context.Context) error { return n.Record.Continue(ctx) }

// RenameRecord gives up the halted record and starts a new one under a new name. All
// boxes end as they are; it returns how many were open.
func (n *Node) RenameRecord(ctx context.Context, name string) (ended int, err error) {
	switch {
	case n.Record.Halted() == "":
		return 0, record.ErrNotHalted
	case name == n.Record.Node:
		return 0, record.ErrSameName
	}
	if ended, err = n.Boxes.Abandon(ctx); err != nil {
		return ended, err
	}
	return ended, n.Record.StartOver(ctx, name)
}
