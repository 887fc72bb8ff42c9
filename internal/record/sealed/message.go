package sealed

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Version of the messages.
const Version = 1

// Kind says what a message is; messages of a transcript stand in this order.
type Kind uint8

// The kinds of messages.
const (
	KindSetup     Kind = 1
	KindJoin      Kind = 2
	KindDeal      Kind = 3
	KindConfirm   Kind = 4
	KindComplaint Kind = 5
)

// Bounds.
const (
	MinTrustees = 2
	MaxTrustees = 9
	// MaxName bounds the name of a trustee or node, in bytes.
	MaxName = 100
	// MaxMessage bounds a message: the longest is a deal among nine.
	MaxMessage = 2048

	saltSize   = 16
	boxKeySize = 65              // an uncompressed point, as HPKE has it
	shareSize  = scalarSize + 16 // sealed, with its tag
	sealedSize = boxKeySize + shareSize
)

// ErrMessage says that bytes are no message, or one that is not allowed.
var ErrMessage = errors.New("this is no message of a trustee")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMessage, fmt.Sprintf(format, args...))
}

// Setup begins a run: how many trustees there are, how many of them open the
// ballots, and for which node. Salt makes the run its own.
type Setup struct {
	Trustees, Need uint8
	Salt           [saltSize]byte
	Node           string
}

// Check applies the rules.
func (m *Setup) Check() error {
	if m.Trustees < MinTrustees || m.Trustees > MaxTrustees {
		return malformed("there are %d to %d trustees", MinTrustees, MaxTrustees)
	}
	if m.Need < 2 || m.Need > m.Trustees {
		return malformed("it takes 2 to %d of them", m.Trustees)
	}
	return checkName(m.Node)
}

// Encode writes the message.
func (m *Setup) Encode() []byte {
	b := append([]byte{Version, byte(KindSetup), m.Trustees, m.Need}, m.Salt[:]...)
	return appendName(b, m.Node)
}

// Join takes a seat: who the trustee is, and what it commits to. Before is the hash
// of the transcript up to and without the joins.
type Join struct {
	Before   [hashSize]byte
	Seat     uint8 // from 1
	Identity [pointSize]byte
	BoxKey   [boxKeySize]byte
	Commit   [hashSize]byte
	Name     string
	Sig      Proof
}

// Deal shows what was committed to, and has the share of every other trustee in the
// order of their seats, sealed to their box keys.
type Deal struct {
	Before [hashSize]byte
	Seat   uint8
	Points [][pointSize]byte // Need of them
	Proof  Proof             // of the first point
	Shares [][sealedSize]byte
	Sig    Proof
}

// Confirm says that a trustee has all its shares and that they are right.
type Confirm struct {
	Before [hashSize]byte
	Seat   uint8
	Sig    Proof
}

// Complaint shows that the share which Dealer dealt is wrong: BoxKey opens it for
// everybody. The run is void then, so that its secrets are worth nothing.
type Complaint struct {
	Before [hashSize]byte
	Seat   uint8
	Dealer uint8
	BoxKey [scalarSize]byte
	Sig    Proof
}

func head(k Kind, before [hashSize]byte, seat uint8) []byte {
	return append(append([]byte{Version, byte(k)}, before[:]...), seat)
}

func (m *Join) unsigned() []byte {
	b := append(head(KindJoin, m.Before, m.Seat), m.Identity[:]...)
	b = append(append(b, m.BoxKey[:]...), m.Commit[:]...)
	return appendName(b, m.Name)
}

// Encode writes the message.
func (m *Join) Encode() []byte { return append(m.unsigned(), m.Sig[:]...) }

// committed is what the hash in a join is of.
func committed(before [hashSize]byte, seat uint8, points [][pointSize]byte, p Proof) []byte {
	b := append([]byte("convoke/v1 trustee commit\n"), before[:]...)
	b = append(b, seat)
	for _, x := range points {
		b = append(b, x[:]...)
	}
	return append(b, p[:]...)
}

// possessed is what the proof in a deal signs.
func possessed(before [hashSize]byte, seat uint8) []byte {
	return append(append([]byte("convoke/v1 trustee possession\n"), before[:]...), seat)
}

// signed is what the identity of a trustee signs.
func signed(unsigned []byte) []byte {
	return append([]byte("convoke/v1 trustee message\n"), unsigned...)
}

func (m *Deal) unsigned() []byte {
	b := head(KindDeal, m.Before, m.Seat)
	for _, p := range m.Points {
		b = append(b, p[:]...)
	}
	b = append(b, m.Proof[:]...)
	for _, s := range m.Shares {
		b = append(b, s[:]...)
	}
	return b
}

// Encode writes the message.
func (m *Deal) Encode() []byte { return append(m.unsigned(), m.Sig[:]...) }

// shareFor is the sealed share of another seat.
func (m *Deal) shareFor(seat uint8) [sealedSize]byte {
	if seat > m.Seat {
		seat--
	}
	return m.Shares[seat-1]
}

func (m *Confirm) unsigned() []byte { return head(KindConfirm, m.Before, m.Seat) }

// Encode writes the message.
func (m *Confirm) Encode() []byte { return append(m.unsigned(), m.Sig[:]...) }

func (m *Complaint) unsigned() []byte {
	return append(append(head(KindComplaint, m.Before, m.Seat), m.Dealer), m.BoxKey[:]...)
}

// Encode writes the message.
func (m *Complaint) Encode() []byte { return append(m.unsigned(), m.Sig[:]...) }

func appendName(b []byte, name string) []byte { return append(append(b, byte(len(name))), name...) }

// checkName takes what can be shown on one line, and as it is: no control characters,
// none that turn the direction of writing, no space at an end.
func checkName(s string) error {
	bad := func(r rune) bool {
		return r < 0x20 || r >= 0x7f && r <= 0x9f || r >= 0x200e && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
	}
	if s == "" || len(s) > MaxName || strings.Trim(s, " ") != s || !utf8.ValidString(s) || strings.ContainsFunc(s, bad) {
		return malformed("a name has 1 to %d bytes of plain text", MaxName)
	}
	return nil
}

// KindOf is the kind of an encoded message.
func KindOf(b []byte) (Kind, error) {
	if len(b) < 2 || len(b) > MaxMessage || b[0] != Version {
		return 0, malformed("it does not begin with version %d, or is too long", Version)
	}
	k := Kind(b[1])
	if k < KindSetup || k > KindComplaint {
		return 0, malformed("a kind %d", k)
	}
	return k, nil
}

type reader struct {
	b    []byte
	fail bool
}

func read(b []byte, want Kind) (*reader, error) {
	k, err := KindOf(b)
	if err != nil {
		return nil, err
	}
	if k != want {
		return nil, malformed("it has kind %d, not %d", k, want)
	}
	return &reader{b: b[2:]}, nil
}

func (r *reader) take(into []byte) {
	if len(r.b) < len(into) {
		r.fail = true
		return
	}
	r.b = r.b[copy(into, r.b):]
}

func (r *reader) u8() uint8 {
	var b [1]byte
	r.take(b[:])
	return b[0]
}

func (r *reader) name() string {
	b := make([]byte, r.u8())
	r.take(b)
	return string(b)
}

func (r *reader) end() error {
	if r.fail || len(r.b) > 0 {
		return malformed("it has another length")
	}
	return nil
}

// DecodeSetup reads the message.
func DecodeSetup(b []byte) (m Setup, err error) {
	r, err := read(b, KindSetup)
	if err != nil {
		return m, err
	}
	m.Trustees, m.Need = r.u8(), r.u8()
	r.take(m.Salt[:])
	m.Node = r.name()
	if err := r.end(); err != nil {
		return m, err
	}
	return m, m.Check()
}

// DecodeJoin reads the message. It does not check the signature.
func DecodeJoin(b []byte) (m Join, err error) {
	r, err := read(b, KindJoin)
	if err != nil {
		return m, err
	}
	r.take(m.Before[:])
	m.Seat = r.u8()
	r.take(m.Identity[:])
	r.take(m.BoxKey[:])
	r.take(m.Commit[:])
	m.Name = r.name()
	r.take(m.Sig[:])
	if err := r.end(); err != nil {
		return m, err
	}
	return m, checkName(m.Name)
}

// DecodeDeal reads the message of a run with that setup. It does not check the
// signature.
func DecodeDeal(b []byte, s *Setup) (m Deal, err error) {
	r, err := read(b, KindDeal)
	if err != nil {
		return m, err
	}
	r.take(m.Before[:])
	m.Seat = r.u8()
	m.Points = make([][pointSize]byte, s.Need)
	for i := range m.Points {
		r.take(m.Points[i][:])
	}
	r.take(m.Proof[:])
	m.Shares = make([][sealedSize]byte, s.Trustees-1)
	for i := range m.Shares {
		r.take(m.Shares[i][:])
	}
	r.take(m.Sig[:])
	return m, r.end()
}

// DecodeConfirm reads the message. It does not check the signature.
func DecodeConfirm(b []byte) (m Confirm, err error) {
	r, err := read(b, KindConfirm)
	if err != nil {
		return m, err
	}
	r.take(m.Before[:])
	m.Seat = r.u8()
	r.take(m.Sig[:])
	return m, r.end()
}

// DecodeComplaint reads the message. It does not check the signature.
func DecodeComplaint(b []byte) (m Complaint, err error) {
	r, err := read(b, KindComplaint)
	if err != nil {
		return m, err
	}
	r.take(m.Before[:])
	m.Seat = r.u8()
	m.Dealer = r.u8()
	r.take(m.BoxKey[:])
	r.take(m.Sig[:])
	return m, r.end()
}
