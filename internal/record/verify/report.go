package verify

import (
	"fmt"

	"convoke/internal/record/tally"
)

// Report is what came out.
type Report struct {
	Node string `json:"node"`
	Key  string `json:"key"` // of the node's log, as the policy or the caller gave it
	// Size is that of the node's log, Cosigned the part of it that a quorum of
	// witnesses has signed, -1 where there are no witnesses.
	Size     int64 `json:"size"`
	Cosigned int64 `json:"cosigned"`
	// CosignedAt is the time since which a quorum has signed, 0 when none has.
	CosignedAt int64 `json:"cosigned_at"`
	// Since is the earlier checkpoint that was given and could be read.
	Since    *Since   `json:"since,omitempty"`
	Boxes    []Box    `json:"boxes"`
	Wrong    []Wrong  `json:"wrong"`
	Unproven []string `json:"unproven"`
}

// Right reports that nothing was disproven.
func (r *Report) Right() bool { return len(r.Wrong) == 0 }

// Wrong is something that was disproven, and where.
type Wrong struct {
	Log  string `json:"log"`  // path of the log, as in "b/…"
	Leaf int64  `json:"leaf"` // index, -1 for the log as a whole
	What string `json:"what"`
}

// Error implements error.
func (w Wrong) Error() string {
	if w.Leaf < 0 {
		return w.Log + ": " + w.What
	}
	return fmt.Sprintf("%s, leaf %d: %s", w.Log, w.Leaf, w.What)
}

// Box is one box, counted again.
type Box struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Closed bool   `json:"closed"`
	Leaves int64  `json:"leaves"`
	// Counted is how many keys count now, Withdrawn how many took it back.
	Counted   int64 `json:"counted"`
	Withdrawn int64 `json:"withdrawn"`
	Done      int64 `json:"done,omitempty"`
	// Declared was counted on paper, by hand.
	Declared int64 `json:"declared,omitempty"`
	// Standing of each part, or of all together.
	Standing []uint64 `json:"standing,omitempty"`
	// Issued credentials of the slot, and of the roll how many by the server's own
	// hand; Size is that of a closed roll.
	Gate     string `json:"gate"`
	Issued   int64  `json:"issued"`
	Assisted int64  `json:"assisted"`
	RollSize int64  `json:"roll_size,omitempty"`
	// Frozen says that no credential of the slot may be given out any more.
	Frozen bool `json:"frozen,omitempty"`
	// Anchored is how many leaves the node's log tells of, Witnessed how many of
	// those a quorum has cosigned.
	Anchored  int64 `json:"anchored"`
	Witnessed int64 `json:"witnessed"`
	// Withheld says that it is a poll which is open: its ballots are not published yet.
	Withheld bool `json:"withheld,omitempty"`
	// Rules and Result are those of a poll that has closed.
	Rules  *tally.Rules  `json:"rules,omitempty"`
	Result *tally.Result `json:"result,omitempty"`
	// Spoiled are the sealed ballots that do not open or have no paper by the rules; Shut
	// says that too few trustees have opened them yet.
	Spoiled int64 `json:"spoiled,omitempty"`
	Shut    bool  `json:"shut,omitempty"`
	// Checked is how many credentials were verified: all, or a sample.
	Checked    int64       `json:"checked"`
	Milestones []Milestone `json:"milestones"`
}

// Milestone is a goal that was reached.
type Milestone struct {
	Part int32  `json:"part"`
	Goal uint64 `json:"goal"`
	Time int64  `json:"time"`
}
