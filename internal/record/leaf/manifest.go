package leaf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"convoke/internal/record/blind"
	"convoke/internal/record/sealed"
	"convoke/internal/record/tally"
)

// Box is the manifest of a box: the rules that nobody can change once it is
// open. Times are seconds since 1970; 0 is none.
type Box struct {
	V    int    `json:"v"`    // 1
	Type string `json:"type"` // "petition", "pledge", "poll", "attend", "fund"
	Node string `json:"node"`
	// Text is SHA-256, in hexadecimal, of a salt and what people agree to, so that
	// the text could be erased; the salt is published with it.
	Text   string `json:"text"`
	Opens  int64  `json:"opens"`
	Closes int64  `json:"closes"`
	// Until is when the last pledge is taken; until the box closes, those who have
	// pledged can take it back or say that they did it. 0 is as long as it is open.
	Until int64 `json:"pledges_until,omitempty"`
	// Takes is "sign", "say", or "vote" in polls by name.
	Takes string `json:"takes"`
	Roll  string `json:"roll"`
	Slot  uint8  `json:"slot"`
	// Parts is how many places or groups count apart; 0 is all together.
	Parts uint16 `json:"parts,omitempty"`
	// Threshold is how many people a pledge waits for, of each part where there
	// are parts; 0 leaves it to each person.
	Threshold uint32 `json:"threshold,omitempty"`
	// Goals are counts that become milestones.
	Goals []uint64 `json:"goals,omitempty"`
	// Poll is how a poll is counted; nil in all other boxes.
	Poll *tally.Rules `json:"poll,omitempty"`
	// Freeze says that credentials are given out before it opens, and none
	// afterwards.
	Freeze bool `json:"freeze,omitempty"`
	// MinBatch is how many statements wait for each other; 0 or 1 is none.
	MinBatch int `json:"min_batch,omitempty"`
	// Sealed says who keeps the ballots of a poll shut until it has closed; nil is that
	// nobody does.
	Sealed *sealed.Manifest `json:"sealed,omitempty"`
	// Client is SHA-256, in hexadecimal, of the script that this node gives to
	// browsers.
	Client string `json:"client,omitempty"`
}

// RollManifest says who may take part and who says so.
type RollManifest struct {
	V    int    `json:"v"` // 1
	Node string `json:"node"`
	// Gate is how one gets in: "members", "codes" (closed rolls), "email", "paper"
	// or "browser" (open ones); or "seats", a closed one whose votes are by name.
	Gate string `json:"gate"`
	// Closed says that Size commitments follow in the roll's log, and nobody else
	// is ever added.
	Closed bool   `json:"closed"`
	Size   uint32 `json:"size,omitempty"`
	// Registrar is the name in token challenges.
	Registrar string `json:"registrar"`
	// Salt makes the roll's id its own.
	Salt string `json:"salt"`
	// Keys are the keys of the slots, as [blind.VerifyKey.Marshal] writes them; none
	// where votes are by name.
	Keys [][]byte `json:"keys,omitempty"`
}

// Types of boxes, and what they take.
const (
	Petition = "petition"
	PledgeTo = "pledge"
	Poll     = "poll"

	TakesSign = "sign"
	TakesSay  = "say"
	TakesVote = "vote"

	// BySeat is the gate of rolls whose members are seats with a name.
	BySeat = "seats"
)

// types and gates are those that there are; what a gate's roll is: closed or not.
var (
	types = []string{Petition, PledgeTo, Poll, "attend", "fund"}
	gates = map[string]bool{"members": true, "codes": true, "email": false, "paper": false, "browser": false, BySeat: true}
)

// ErrManifest says that a manifest breaks the rules.
var ErrManifest = errors.New("this is no manifest")

// ParseBox reads the manifest in an [Open].
func ParseBox(b []byte) (Box, error) {
	var m Box
	if err := strict(b, &m); err != nil {
		return m, err
	}
	_, err := ParseID(m.Roll)
	switch {
	case m.V != 1:
		err = fmt.Errorf("%w: version %d", ErrManifest, m.V)
	case !slices.Contains(types, m.Type):
		err = fmt.Errorf("%w: a box of type %q", ErrManifest, m.Type)
	case m.Takes != TakesSign && m.Takes != TakesSay && m.Takes != TakesVote:
		err = fmt.Errorf("%w: a box takes %q", ErrManifest, m.Takes)
	case (m.Type == Poll) != (m.Poll != nil), m.Takes == TakesVote && m.Type != Poll, m.Takes == TakesSign && m.Type == Poll:
		err = fmt.Errorf("%w: a box of type %q takes %q", ErrManifest, m.Type, m.Takes)
	case m.Poll != nil && (m.Parts != 0 || m.Threshold != 0 || len(m.Goals) > 0):
		err = fmt.Errorf("%w: a poll has no parts and goals", ErrManifest)
	case m.Freeze && (m.Type != Poll || m.Takes != TakesSay):
		err = fmt.Errorf("%w: only secret polls are frozen", ErrManifest)
	case m.Closes != 0 && m.Closes <= m.Opens || m.Opens < 0:
		err = fmt.Errorf("%w: it closes before it opens", ErrManifest)
	case m.MinBatch < 0 || slices.Contains(m.Goals, 0):
		err = fmt.Errorf("%w: a number is too small", ErrManifest)
	case m.Until != 0 && (m.Type != PledgeTo || m.Until <= m.Opens || m.Closes != 0 && m.Until > m.Closes):
		err = fmt.Errorf("%w: pledges are taken until %d", ErrManifest, m.Until)
	case m.Slot >= 32:
		err = fmt.Errorf("%w: slot %d", ErrManifest, m.Slot)
	case m.Sealed != nil && (m.Type != Poll || m.Takes != TakesSay || m.Closes == 0 || m.Sealed.Check() != nil):
		err = fmt.Errorf("%w: sealed", ErrManifest)
	}
	if err == nil && m.Poll != nil {
		if err = m.Poll.Check(); err != nil {
			err = fmt.Errorf("%w: %w", ErrManifest, err)
		}
	}
	return m, err
}

// Withheld reports whether statements of the box are published when it closes: those of
// polls, so that nobody votes by how it stands.
func (m *Box) Withheld() bool { return m.Type == Poll }

// ParseRoll reads the manifest in a [Roll].
func ParseRoll(b []byte) (RollManifest, error) {
	var m RollManifest
	if err := strict(b, &m); err != nil {
		return m, err
	}
	if m.V != 1 || (len(m.Keys) == 0) != (m.Gate == BySeat) || len(m.Keys) > 32 || m.Closed != (m.Size > 0) {
		return m, fmt.Errorf("%w: version, keys or size", ErrManifest)
	}
	if closed, ok := gates[m.Gate]; !ok || closed != m.Closed {
		return m, fmt.Errorf("%w: gate %q", ErrManifest, m.Gate)
	}
	_, err := m.SlotKeys()
	return m, err
}

// SlotKeys are the keys of the slots, in their order.
func (m *RollManifest) SlotKeys() ([]*blind.VerifyKey, error) {
	out := make([]*blind.VerifyKey, len(m.Keys))
	for i, der := range m.Keys {
		k, err := blind.ParseVerifyKey(der)
		if err != nil {
			return nil, fmt.Errorf("%w: key of slot %d: %w", ErrManifest, i, err)
		}
		out[i] = k
	}
	return out, nil
}

func strict(b []byte, into any) error {
	if err := checkCanonical(b); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: %w", ErrManifest, err)
	}
	// What is left out or there without need, or a name in capitals, has another
	// encoding.
	again, err := Canonical(into)
	if err == nil && !bytes.Equal(again, b) {
		err = fmt.Errorf("%w: it is written another way", ErrManifest)
	}
	return err
}
