package wallet

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
)

// Activate is the leaf that shows a credential before the box opens.
func (p *Part) Activate(auth []byte) []byte {
	l := leaf.Activate{Slot: p.slot, Key: p.Public()}
	copy(l.Auth[:], auth)
	return l.Encode()
}

// Salt hides a reason in a ballot. It follows from the code and the text, so that
// sending again sends the same, and another text, which may be erased, has another.
func (p *Part) Salt(reason string) [32]byte {
	h := sha256.Sum256([]byte(reason))
	return [32]byte(p.code.derive(p.roll, p.slot, "reason "+hex.EncodeToString(h[:]), 32))
}

// Ballot is what a paper of a poll says, with the hash of its reason behind it where
// there is one.
func (p *Part) Ballot(paper []byte, reason string) []byte {
	if reason == "" {
		return leaf.Ballot(paper)
	}
	h := leaf.Commitment(p.Salt(reason), reason)
	return append(leaf.Ballot(paper), h[:]...)
}

// asking is what the holder of a key signs to see what a ballot of theirs says.
func asking(origin string) []byte { return []byte("convoke/v1 said\n" + origin) }

// Asks proves that whoever asks what a key says in the box of that origin has the code.
func (p *Part) Asks(origin string) []byte { return ed25519.Sign(p.Key, asking(origin)) }

// Asked reports whether a proof is the one of [Part.Asks].
func Asked(k leaf.Key, origin string, proof []byte) bool {
	return ed25519.Verify(k[:], asking(origin), proof)
}

// ErrBallot says that a text is no ballot of a poll.
var ErrBallot = errors.New("this is no ballot of this poll")

// choices are the words for papers of one byte.
var choices = map[string][]string{
	tally.YesNo:   {"yes", "no", "abstain"},
	tally.Consent: {"agree", "aside", "reservation", "block"},
}

// ParseBallot reads a ballot as people write it for the command line; options are
// numbers from 1, in the order of the poll:
//
//	yes, no or abstain
//	agree, aside, reservation or block
//	4           a temperature check: how warm
//	1 3         approval: those that are approved
//	1:7 3:2     scores; what is not named has none
//	3 > 1 = 4   ranks, the best first; = are equal, where that is allowed
//
// Where there are options, "none" is an abstention.
func ParseBallot(r *tally.Rules, text string) ([]byte, error) {
	paper, err := parseBallot(r, strings.ToLower(strings.TrimSpace(text)))
	if err == nil && r.Method != tally.Consent { // a block is none without its reason
		err = r.CheckPaper(paper)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBallot, err)
	}
	return paper, nil
}

func parseBallot(r *tally.Rules, text string) ([]byte, error) {
	if words, ok := choices[r.Method]; ok {
		for n, w := range words {
			if text == w {
				return []byte{byte(n)}, nil
			}
		}
		return nil, fmt.Errorf("write %s", strings.Join(words, ", "))
	}
	switch {
	case r.Method == tally.Check:
		n, err := number(text, 1, r.Max)
		return []byte{byte(n)}, err
	case text == "":
		return nil, errors.New(`nothing is written; "none" is an abstention`)
	case text == "none":
		text = ""
	}
	return parseOptions(r, text)
}

func parseOptions(r *tally.Rules, text string) ([]byte, error) {
	if r.Method == tally.Schulze || r.Method == tally.STV {
		return parseRanks(r, text)
	}
	values, seen := make([]byte, r.Options), map[int]bool{}
	for _, word := range strings.FieldsFunc(text, func(x rune) bool { return x == ' ' || x == ',' || x == '\n' || x == '\t' }) {
		name, score, scored := strings.Cut(word, ":")
		o, err := number(name, 1, r.Options)
		value := 1
		if err == nil && scored != (r.Method == tally.Score) {
			err = fmt.Errorf("%q is not written as this poll needs it", word)
		}
		if err == nil && scored {
			value, err = number(score, 0, r.Max)
		}
		if err == nil && seen[o] {
			err = fmt.Errorf("option %d is there twice", o)
		}
		if err != nil {
			return nil, err
		}
		values[o-1], seen[o] = byte(value), true
	}
	if r.Method == tally.Score {
		return values, nil
	}
	bits := make([]byte, (r.Options+7)/8)
	for i, v := range values {
		bits[i/8] |= v << (i % 8)
	}
	return bits, nil
}

func parseRanks(r *tally.Rules, text string) ([]byte, error) {
	ranks := make([]byte, r.Options)
	if text == "" {
		return ranks, nil
	}
	for n, group := range strings.Split(text, ">") {
		for _, name := range strings.Split(group, "=") {
			o, err := number(strings.TrimSpace(name), 1, r.Options)
			if err == nil && ranks[o-1] != 0 {
				err = fmt.Errorf("option %d is there twice", o)
			}
			if err != nil {
				return nil, err
			}
			ranks[o-1] = byte(n + 1)
		}
	}
	return ranks, nil
}

func number(s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%q is no number from %d to %d", s, least, most)
	}
	return n, nil
}

// FormatBallot writes a paper that the rules allow as [ParseBallot] reads it.
func FormatBallot(r *tally.Rules, paper []byte) string {
	if words, ok := choices[r.Method]; ok {
		return words[paper[0]]
	}
	if r.Method == tally.Check {
		return strconv.Itoa(int(paper[0]))
	}
	if r.Abstains(paper) {
		return "none"
	}
	if r.Method == tally.Schulze || r.Method == tally.STV {
		return formatRanks(paper)
	}
	var out []string
	for o := range r.Options {
		switch {
		case r.Method == tally.Approval && paper[o/8]>>(o%8)&1 == 1:
			out = append(out, strconv.Itoa(o+1))
		case r.Method == tally.Score && paper[o] > 0:
			out = append(out, fmt.Sprintf("%d:%d", o+1, paper[o]))
		}
	}
	return strings.Join(out, " ")
}

func formatRanks(paper []byte) string {
	var groups []string
	for rank := 1; rank <= len(paper); rank++ {
		var equal []string
		for o, n := range paper {
			if int(n) == rank {
				equal = append(equal, strconv.Itoa(o+1))
			}
		}
		if len(equal) > 0 {
			groups = append(groups, strings.Join(equal, " = "))
		}
	}
	return strings.Join(groups, " > ")
}
