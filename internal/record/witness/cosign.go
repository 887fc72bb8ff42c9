package witness

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// algCosignature is the type of a timestamped Ed25519 cosignature.
const algCosignature = 0x04

// cosigner signs checkpoints of others (C2SP tlog-cosignature).
type cosigner struct {
	name string
	key  ed25519.PrivateKey
}

// keyed is the type of the key and the public key.
func (c *cosigner) keyed() []byte {
	return append([]byte{algCosignature}, c.key.Public().(ed25519.PublicKey)...)
}

func (c *cosigner) id() []byte {
	h := sha256.Sum256(append([]byte(c.name+"\n"), c.keyed()...))
	return h[:4]
}

// vkey is the public key in the form that policies take.
func (c *cosigner) vkey() string {
	return fmt.Sprintf("%s+%x+%s", c.name, c.id(), base64.StdEncoding.EncodeToString(c.keyed()))
}

// line is the signature line for the text of a checkpoint, with its end of line.
func (c *cosigner) line(text string, at time.Time) string {
	unix := uint64(at.Unix())
	sig := binary.BigEndian.AppendUint64(c.id(), unix)
	sig = append(sig, ed25519.Sign(c.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", unix, text))...)
	return signatureLine(c.name, base64.StdEncoding.EncodeToString(sig))
}

func signatureLine(name, b64 string) string { return "— " + name + " " + b64 + "\n" }

// linesOf are the lines of signatures.
func linesOf(sigs []note.Signature) string {
	var b strings.Builder
	for _, s := range sigs {
		b.WriteString(signatureLine(s.Name, s.Base64))
	}
	return b.String()
}
