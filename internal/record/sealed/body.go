package sealed

import (
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// bodyKind is the first byte of a sealed ballot (see leaf.SaySealed).
const bodyKind = 3

// MaxRoom is the longest paper that fits a statement of 4096 bytes.
const MaxRoom = 4096 - overhead

// overhead of a body over the room for its paper: kind, HPKE's key, the paper's
// length, the tag.
const overhead = 1 + boxKeySize + 2 + 16

// ErrSpoiled says that a ballot does not open, or that what is in it is not padded as
// it has to be. It counts as spoiled.
var ErrSpoiled = errors.New("this ballot does not open")

// Manifest is what the manifest of a sealed poll has in its field "sealed".
type Manifest struct {
	Trustees uint8 `json:"trustees"`
	Need     uint8 `json:"need"`
	// Key is the public key of the ballots, as base64.
	Key []byte `json:"key"`
	// Transcript is SHA-256 of the transcript as JSON, in hexadecimal.
	Transcript string `json:"transcript"`
	// Room is how long a paper is at most; all ballots are padded to it, so that
	// their lengths say nothing.
	Room uint16 `json:"room"`
}

// ErrManifest says that a manifest breaks the rules.
var ErrManifest = errors.New("this is no manifest of a sealed poll")

// Check applies the rules that need no transcript.
func (m *Manifest) Check() error {
	h, err := hex.DecodeString(m.Transcript)
	switch {
	case err != nil || len(h) != hashSize || hex.EncodeToString(h) != m.Transcript:
		return fmt.Errorf("%w: the transcript’s hash", ErrManifest)
	case m.Trustees < MinTrustees || m.Trustees > MaxTrustees || m.Need < 2 || m.Need > m.Trustees:
		return fmt.Errorf("%w: %d of %d trustees", ErrManifest, m.Need, m.Trustees)
	case m.Room < 1 || m.Room > MaxRoom:
		return fmt.Errorf("%w: room for %d bytes", ErrManifest, m.Room)
	}
	if _, err := ecdh.P256().NewPublicKey(m.Key); err != nil {
		return fmt.Errorf("%w: the key", ErrManifest)
	}
	return nil
}

// Fits checks the manifest of a poll on that node against the transcript that it names.
func (m *Manifest) Fits(t *Transcript, node string) error {
	if err := m.Check(); err != nil {
		return err
	}
	want, err := t.Manifest(m.Room)
	if err != nil {
		return err
	}
	if want.Transcript != m.Transcript || string(want.Key) != string(m.Key) || want.Trustees != m.Trustees || want.Need != m.Need {
		return fmt.Errorf("%w: it is of another transcript", ErrManifest)
	}
	if t.setup.Node != node {
		return fmt.Errorf("%w: its trustees serve %s", ErrManifest, t.setup.Node)
	}
	return nil
}

// Manifest is what a poll has whose trustees are done.
func (t *Transcript) Manifest(room uint16) (*Manifest, error) {
	key, err := t.Done()
	if err != nil {
		return nil, err
	}
	m := &Manifest{t.setup.Trustees, t.setup.Need, key, t.HashText(), room}
	return m, m.Check()
}

// String is the key as it is shown.
func (m *Manifest) String() string {
	return fmt.Sprintf("%d of %d trustees, key %s", m.Need, m.Trustees, base64.StdEncoding.EncodeToString(m.Key))
}

// CheckBody tells whether a body has the form of a sealed ballot of the poll: all that
// can be seen before it is opened.
func (m *Manifest) CheckBody(b []byte) error {
	if len(b) != overhead+int(m.Room) || b[0] != bodyKind {
		return fmt.Errorf("%w: a sealed ballot has %d bytes here", ErrSpoiled, overhead+int(m.Room))
	}
	return nil
}

func ballotInfo(origin string) []byte { return []byte("convoke/v1 sealed\n" + origin) }

// ballotAAD binds a ballot to its statement, so that nobody can put it in as theirs.
func ballotAAD(key [32]byte, counter uint32) []byte {
	return binary.BigEndian.AppendUint32(key[:], counter)
}

// Seal makes the body of a statement by key in the box of that origin.
func (m *Manifest) Seal(origin string, key [32]byte, counter uint32, paper []byte) ([]byte, error) {
	if len(paper) > int(m.Room) {
		return nil, fmt.Errorf("the paper has %d bytes, and there is room for %d", len(paper), m.Room)
	}
	public, err := ecdh.P256().NewPublicKey(m.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: the key", ErrManifest)
	}
	padded := make([]byte, 2+int(m.Room))
	binary.BigEndian.PutUint16(padded, uint16(len(paper)))
	copy(padded[2:], paper)
	enc, ct, err := seal(public, ballotInfo(origin), ballotAAD(key, counter), padded)
	if err != nil {
		return nil, err
	}
	return append(append([]byte{bodyKind}, enc...), ct...), nil
}

// Open returns the paper in a body that [Manifest.CheckBody] has taken. What does not
// open is [ErrSpoiled].
func (k *Key) Open(origin string, key [32]byte, counter uint32, body []byte) ([]byte, error) {
	if len(body) < overhead || body[0] != bodyKind {
		return nil, ErrSpoiled
	}
	padded, err := open(k.private, body[1:], ballotInfo(origin), ballotAAD(key, counter))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSpoiled, err)
	}
	n := int(binary.BigEndian.Uint16(padded)) + 2
	if n > len(padded) {
		return nil, fmt.Errorf("%w: its paper is longer than it", ErrSpoiled)
	}
	for _, x := range padded[n:] {
		if x != 0 {
			return nil, fmt.Errorf("%w: it is not padded with zeros", ErrSpoiled)
		}
	}
	return padded[2:n], nil
}

// seal is HPKE in base mode: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM.
func seal(to *ecdh.PublicKey, info, aad, text []byte) (enc, ct []byte, err error) {
	p, err := hpke.NewDHKEMPublicKey(to)
	if err != nil {
		return nil, nil, fmt.Errorf("seal: %w", err)
	}
	enc, s, err := hpke.NewSender(p, hpke.HKDFSHA256(), hpke.AES128GCM(), info)
	if err != nil {
		return nil, nil, fmt.Errorf("seal: %w", err)
	}
	ct, err = s.Seal(aad, text)
	if err != nil {
		return nil, nil, fmt.Errorf("seal: %w", err)
	}
	return enc, ct, nil
}

// open opens what seal made: enc and ciphertext, one behind the other.
func open(k hpke.PrivateKey, b, info, aad []byte) ([]byte, error) {
	r, err := hpke.NewRecipient(b[:boxKeySize], k, hpke.HKDFSHA256(), hpke.AES128GCM(), info)
	if err != nil {
		return nil, err
	}
	return r.Open(aad, b[boxKeySize:])
}
