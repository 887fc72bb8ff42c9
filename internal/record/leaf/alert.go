package leaf

import (
	"encoding/hex"
	"fmt"
	"slices"
)

// KindAlert is of alerts that went out, in node logs.
const KindAlert Kind = 0x0a

// The bounds of an alert, in seconds and alerts of one chain.
const (
	MaxAlertLasts = 12 * 60 * 60
	MaxAlertChain = 50
)

// Alert says that a verified warning went out: who took part, as roles, and a hash of
// what it said, as canonical JSON; see [AlertLine].
type Alert struct{ JSON []byte }

// Encode writes the leaf.
func (l Alert) Encode() []byte { return append(begin(KindAlert, 2+len(l.JSON)), l.JSON...) }

// DecodeAlert reads the leaf.
func DecodeAlert(b []byte) (Alert, error) {
	r := read(b, KindAlert)
	l := Alert{r.rest()}
	if r.err == nil {
		r.err = checkCanonical(l.JSON)
	}
	return l, r.end()
}

// AlertLine is one alert of a chain. What it said is published for seven days, with the
// salt; where it was is part of that.
type AlertLine struct {
	V         int             `json:"v"`
	Alert     string          `json:"alert"`
	Chain     string          `json:"chain"` // the first alert of it
	N         int             `json:"n"`     // from 1
	Kind      string          `json:"kind"`  // alert, update, correct, withdraw or clear
	Drill     bool            `json:"drill,omitempty"`
	Network   string          `json:"network"` // handle
	Text      string          `json:"text"`    // hexadecimal SHA-256 of a salt and the statement
	Sent      int64           `json:"sent"`    // seconds since 1970
	Expires   int64           `json:"expires"`
	Verifiers []AlertVerifier `json:"verifiers"`
}

// AlertVerifier is one who verified it. FirstHand says that they saw it themselves.
type AlertVerifier struct {
	Role      string `json:"role"` // verifier
	FirstHand bool   `json:"first_hand"`
}

// ParseAlert reads and checks a line on its own: two verifiers, one of whom saw it, send
// an alert; two change one or say that it is over; one withdraws.
func ParseAlert(b []byte) (a AlertLine, err error) {
	if err := strict(b, &a); err != nil {
		return a, err
	}
	h, err := hex.DecodeString(a.Text)
	switch {
	case err != nil || len(h) != 32 || a.V != 1 || a.Alert == "" || a.Chain == "" || a.Network == "" || a.N < 1 || a.N > MaxAlertChain,
		!slices.Contains([]string{"alert", "update", "correct", "withdraw", "clear"}, a.Kind),
		(a.N == 1) != (a.Kind == "alert") || (a.N == 1) != (a.Alert == a.Chain),
		a.Sent < 1 || a.Expires <= a.Sent || a.Expires > a.Sent+MaxAlertLasts:
		return a, fmt.Errorf("%w: an alert is not as it should be", ErrLeaf)
	case !a.enough():
		return a, fmt.Errorf("%w: an alert that too few verified", ErrLeaf)
	}
	return a, nil
}

func (a *AlertLine) enough() bool {
	first := false
	for _, v := range a.Verifiers {
		if v.Role != "verifier" {
			return false
		}
		first = first || v.FirstHand
	}
	switch {
	case a.Kind == "withdraw":
		return len(a.Verifiers) >= 1
	case a.Kind == "alert" && !a.Drill:
		return len(a.Verifiers) >= 2 && first
	}
	return len(a.Verifiers) >= 2
}
