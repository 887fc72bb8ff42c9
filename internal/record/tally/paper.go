package tally

import (
	"errors"
	"fmt"
)

// What the first byte of a paper says, of a [YesNo] poll and of a [Consent].
const (
	Yes     = 0
	No      = 1
	Abstain = 2

	Agree       = 0
	Aside       = 1
	Reservation = 2
	Block       = 3
)

// reasonSize is the size of SHA-256 of a salted reason.
const reasonSize = 32

// ErrPaper says that bytes are no paper of a poll, or none that is written in the
// one way that there is for its meaning.
var ErrPaper = errors.New("this is no paper of this poll")

// CheckPaper refuses what is no paper under the rules, which [Rules.Check] has
// found right. Each meaning has one encoding.
func (r *Rules) CheckPaper(p []byte) error {
	if !r.isPaper(p) {
		return fmt.Errorf("%w: %.40x", ErrPaper, p)
	}
	return nil
}

// Size is how many bytes the longest paper has.
func (r *Rules) Size() int {
	switch r.Method {
	case Consent:
		return 1 + reasonSize
	case Approval:
		return (r.Options + 7) / 8
	case Score, Schulze, STV:
		return r.Options
	}
	return 1
}

func (r *Rules) isPaper(p []byte) bool {
	switch r.Method {
	case Consent:
		return isConsent(p)
	case YesNo:
		return len(p) == 1 && p[0] <= Abstain
	case Check:
		return len(p) == 1 && p[0] >= 1 && int(p[0]) <= r.Max
	case Approval:
		return r.isApproval(p)
	case Score:
		return r.isScore(p)
	case Schulze, STV:
		return r.isRanking(p)
	}
	return false
}

func isConsent(p []byte) bool {
	switch {
	case len(p) == 1:
		return p[0] <= Reservation
	case len(p) == 1+reasonSize:
		return p[0] == Reservation || p[0] == Block
	}
	return false
}

func (r *Rules) isApproval(p []byte) bool {
	if len(p) != (r.Options+7)/8 {
		return false
	}
	spare := r.Options % 8
	return spare == 0 || p[len(p)-1]>>spare == 0
}

func (r *Rules) isScore(p []byte) bool {
	if len(p) != r.Options {
		return false
	}
	for _, b := range p {
		if int(b) > r.Max {
			return false
		}
	}
	return true
}

// isRanking reports whether each rank from 1 to the highest is used; in [STV] by
// one option only.
func (r *Rules) isRanking(p []byte) bool {
	if len(p) != r.Options {
		return false
	}
	used := uint64(0) // bit i-1 is rank i
	for _, b := range p {
		if int(b) > r.Options {
			return false
		}
		if b == 0 {
			continue
		}
		bit := uint64(1) << (b - 1)
		if r.Method == STV && used&bit != 0 {
			return false
		}
		used |= bit
	}
	return used&(used+1) == 0
}

// counts is the part of a paper that is counted: reasons are not.
func (r *Rules) counts(p []byte) []byte {
	if r.Method == Consent {
		return p[:1]
	}
	return p
}

// Abstains reports whether a paper takes part without saying anything.
func (r *Rules) Abstains(p []byte) bool {
	switch r.Method {
	case Consent, Check:
		return false
	case YesNo:
		return p[0] == Abstain
	}
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}
