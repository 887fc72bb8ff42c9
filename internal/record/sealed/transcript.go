package sealed

import (
	"bytes"
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Transcript is the messages of a run. The zero value is an empty one, which takes a
// setup first. Messages of one kind may come in any order; they stand in the order of
// seats. A Transcript is not safe for concurrent use.
type Transcript struct {
	setup     *Setup
	joins     [MaxTrustees]*Join
	deals     [MaxTrustees]*Deal
	confirms  [MaxTrustees]*Confirm
	complaint *Complaint

	raw map[place][]byte
}

// place of a message in the transcript.
type place struct {
	kind Kind
	seat uint8
}

// Why a transcript does not take a message, or is not done.
var (
	ErrEarly  = errors.New("the trustees are not that far yet")
	ErrTaken  = errors.New("this trustee has said something else already")
	ErrVoid   = errors.New("this run is void")
	ErrParse  = errors.New("this is no transcript")
	ErrUndone = errors.New("not all trustees have confirmed yet")
)

// WrongError names the trustee whose message or share is wrong.
type WrongError struct {
	Seat uint8
	What string
}

// Error implements error.
func (w WrongError) Error() string { return fmt.Sprintf("trustee %d: %s", w.Seat, w.What) }

// VoidError says that the share which Dealer dealt to By is wrong, as everybody can
// see: the trustees begin again without Dealer.
type VoidError struct{ Dealer, By uint8 }

// Error implements error.
func (v VoidError) Error() string {
	return fmt.Sprintf("trustee %d dealt a wrong share to trustee %d; begin again without trustee %d", v.Dealer, v.By, v.Dealer)
}

// Is makes it an [ErrVoid].
func (v VoidError) Is(err error) bool { return err == ErrVoid }

// Setup is how the run began; nil when it has not.
func (t *Transcript) Setup() *Setup { return t.setup }

// Join is how a seat was taken; nil when it is empty.
func (t *Transcript) Join(seat uint8) *Join {
	if seat < 1 || seat > MaxTrustees {
		return nil
	}
	return t.joins[seat-1]
}

// Has reports whether a trustee has sent its message of that kind.
func (t *Transcript) Has(k Kind, seat uint8) bool { return t.raw[place{k, seat}] != nil }

// Stage is the kind of the messages that it waits for; 0 when it waits for none.
func (t *Transcript) Stage() Kind {
	switch {
	case t.setup == nil:
		return KindSetup
	case t.complaint != nil:
		return 0
	}
	for _, k := range []Kind{KindJoin, KindDeal, KindConfirm} {
		for seat := uint8(1); seat <= t.setup.Trustees; seat++ {
			if !t.Has(k, seat) {
				return k
			}
		}
	}
	return 0
}

// Add checks a message and takes it. The same message again changes nothing. Errors
// are [ErrMessage], [ErrEarly], [ErrTaken], [ErrVoid] or a [WrongError].
func (t *Transcript) Add(b []byte) error {
	k, err := KindOf(b)
	if err != nil {
		return err
	}
	if k == KindSetup {
		return t.addSetup(b)
	}
	if t.setup == nil || len(b) < 3+hashSize {
		return t.unexpected(k)
	}
	at := place{k, b[2+hashSize]}
	if at.seat < 1 || at.seat > t.setup.Trustees {
		return malformed("there is no trustee %d", at.seat)
	}
	if old := t.raw[at]; old != nil {
		if bytes.Equal(old, b) {
			return nil
		}
		return fmt.Errorf("trustee %d: %w", at.seat, ErrTaken)
	}
	if t.complaint != nil {
		return VoidError{t.complaint.Dealer, t.complaint.Seat}
	}
	if s := t.Stage(); s < k && !(k == KindComplaint && s == KindConfirm) || s == 0 {
		return t.unexpected(k)
	}
	switch k {
	case KindJoin:
		err = t.addJoin(b)
	case KindDeal:
		err = t.addDeal(b)
	case KindConfirm:
		err = t.addConfirm(b)
	default:
		err = t.addComplaint(b)
	}
	if err == nil {
		t.keep(at, b)
	}
	return err
}

func (t *Transcript) unexpected(k Kind) error {
	if t.setup != nil && t.Stage() == 0 {
		return malformed("the run is done")
	}
	return fmt.Errorf("a message of kind %d: %w", k, ErrEarly)
}

func (t *Transcript) keep(at place, b []byte) {
	if t.raw == nil {
		t.raw = map[place][]byte{}
	}
	t.raw[at] = bytes.Clone(b)
}

func (t *Transcript) addSetup(b []byte) error {
	m, err := DecodeSetup(b)
	if err != nil {
		return err
	}
	if t.setup != nil {
		if bytes.Equal(t.raw[place{KindSetup, 0}], b) {
			return nil
		}
		return fmt.Errorf("the run has begun with another setup: %w", ErrTaken)
	}
	t.setup = &m
	t.keep(place{KindSetup, 0}, b)
	return nil
}

// signedBy checks what all messages of trustees have in common.
func (t *Transcript) signedBy(k Kind, seat uint8, before [hashSize]byte, unsigned []byte, sig Proof, identity [pointSize]byte) error {
	if before != t.before(k) {
		return WrongError{seat, "it belongs to another transcript"}
	}
	if !sig.fits(identity, signed(unsigned)) {
		return WrongError{seat, "the signature does not fit"}
	}
	return nil
}

func (t *Transcript) addJoin(b []byte) error {
	m, err := DecodeJoin(b)
	if err != nil {
		return err
	}
	if err := t.signedBy(KindJoin, m.Seat, m.Before, m.unsigned(), m.Sig, m.Identity); err != nil {
		return err
	}
	if _, err := ecdh.P256().NewPublicKey(m.BoxKey[:]); err != nil {
		return WrongError{m.Seat, "its box key is none"}
	}
	for _, o := range t.joins {
		if o != nil && (o.Identity == m.Identity || o.BoxKey == m.BoxKey || o.Name == m.Name) {
			return WrongError{m.Seat, fmt.Sprintf("it has a key or the name of trustee %d", o.Seat)}
		}
	}
	t.joins[m.Seat-1] = &m
	return nil
}

func (t *Transcript) addDeal(b []byte) error {
	m, err := DecodeDeal(b, t.setup)
	if err != nil {
		return err
	}
	j := t.joins[m.Seat-1]
	if err := t.signedBy(KindDeal, m.Seat, m.Before, m.unsigned(), m.Sig, j.Identity); err != nil {
		return err
	}
	if sha256.Sum256(committed(j.Before, m.Seat, m.Points, m.Proof)) != j.Commit {
		return WrongError{m.Seat, "this is not what it committed to"}
	}
	for _, p := range m.Points {
		if _, err := point(p); err != nil {
			return WrongError{m.Seat, err.Error()}
		}
	}
	if !m.Proof.fits(m.Points[0], possessed(j.Before, m.Seat)) {
		return WrongError{m.Seat, "it does not prove to know its secret"}
	}
	t.deals[m.Seat-1] = &m
	return nil
}

func (t *Transcript) addConfirm(b []byte) error {
	m, err := DecodeConfirm(b)
	if err != nil {
		return err
	}
	if err := t.signedBy(KindConfirm, m.Seat, m.Before, m.unsigned(), m.Sig, t.joins[m.Seat-1].Identity); err != nil {
		return err
	}
	t.confirms[m.Seat-1] = &m
	return nil
}

// addComplaint takes a complaint that is right. It stands in the place of all
// confirmations: the run is void whoever else has said what.
func (t *Transcript) addComplaint(b []byte) error {
	m, err := DecodeComplaint(b)
	if err != nil {
		return err
	}
	j := t.joins[m.Seat-1]
	if err := t.signedBy(KindComplaint, m.Seat, m.Before, m.unsigned(), m.Sig, j.Identity); err != nil {
		return err
	}
	if m.Dealer < 1 || m.Dealer > t.setup.Trustees || m.Dealer == m.Seat {
		return malformed("there is no dealer %d", m.Dealer)
	}
	key, err := ecdh.P256().NewPrivateKey(m.BoxKey[:])
	if err != nil || !bytes.Equal(key.PublicKey().Bytes(), j.BoxKey[:]) {
		return WrongError{m.Seat, "its complaint has another key than its own"}
	}
	if _, err := t.openShare(key, m.Dealer, m.Seat); err == nil {
		return WrongError{m.Seat, fmt.Sprintf("it complains of trustee %d, whose share is right", m.Dealer)}
	}
	t.complaint = &m
	for i := range t.confirms {
		t.confirms[i] = nil
		delete(t.raw, place{KindConfirm, uint8(i + 1)})
	}
	return nil
}

// Done returns the public key of the ballots, 65 bytes as HPKE has it, once all have
// confirmed. Before that it is [ErrUndone], and never again after an [ErrVoid].
func (t *Transcript) Done() ([]byte, error) {
	k, err := t.Keys()
	if err != nil {
		return nil, err
	}
	return k.Public, nil
}

// Messages are those there are, in the order of the transcript.
func (t *Transcript) Messages() [][]byte { return t.until(KindComplaint) }

func (t *Transcript) until(last Kind) [][]byte {
	out := [][]byte{}
	for k := KindSetup; k <= last; k++ {
		for seat := range uint8(MaxTrustees + 1) {
			if b := t.raw[place{k, seat}]; b != nil {
				out = append(out, b)
			}
		}
	}
	return out
}

// JSON is the transcript in its one form, canonical as RFC 8785 says.
func (t *Transcript) JSON() []byte { return listed(t.Messages()) }

// listed writes messages; base64 needs no escapes.
func listed(all [][]byte) []byte {
	b := []byte(`{"messages":[`)
	for i, m := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, '"'), base64.StdEncoding.EncodeToString(m)...)
		b = append(b, '"')
	}
	return append(b, `],"v":1}`...)
}

// Hash is SHA-256 of the transcript as JSON.
func (t *Transcript) Hash() [hashSize]byte { return sha256.Sum256(t.JSON()) }

// HashText is the hash as it stands in a manifest.
func (t *Transcript) HashText() string {
	h := t.Hash()
	return hex.EncodeToString(h[:])
}

// before is the hash of all messages of the kinds before k: what the one who sends a
// message of that kind has seen. Complaint and confirmation answer the same.
func (t *Transcript) before(k Kind) [hashSize]byte {
	return sha256.Sum256(listed(t.until(min(k, KindConfirm) - 1)))
}

// TranscriptFile is where a sealed poll has the transcript of its trustees, below the
// path of its box.
const TranscriptFile = "trustees.json"

// MaxTranscript bounds a transcript as JSON.
const MaxTranscript = 1 << 16

// Parse reads what [Transcript.JSON] wrote, and checks all of it.
func Parse(b []byte) (*Transcript, error) {
	if len(b) > MaxTranscript {
		return nil, fmt.Errorf("%w: it is too long", ErrParse)
	}
	var in struct {
		Messages [][]byte `json:"messages"`
		V        int      `json:"v"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrParse, err)
	}
	t := &Transcript{}
	for i, m := range in.Messages {
		if err := t.Add(m); err != nil {
			return nil, fmt.Errorf("%w: message %d: %w", ErrParse, i, err)
		}
	}
	// Another order, a message twice or a space more would have another hash.
	if !bytes.Equal(t.JSON(), b) {
		return nil, fmt.Errorf("%w: it is written another way", ErrParse)
	}
	return t, nil
}
