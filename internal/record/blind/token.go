package blind

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
)

// tokenType is "Blind RSA (2048-bit)" of RFC 9578 section 8.2.
const tokenType = 0x0002

// InputSize is the size in bytes of what a token signs.
const InputSize = 2 + 32 + 32 + 32

// Challenge is the digest of a TokenChallenge (RFC 9577 section 2.1.1) of type
// 0x0002 whose issuer_name is the registrar's name, whose redemption_context is
// SHA-256(rid ‖ slot), and whose origin_info is empty. rid is the roll's id, 16
// bytes; slot is one byte.
func Challenge(registrar string, rid [16]byte, slot uint8) [32]byte {
	context := sha256.Sum256(append(rid[:], slot))
	b := binary.BigEndian.AppendUint16(nil, tokenType)
	b = binary.BigEndian.AppendUint16(b, uint16(len(registrar)))
	b = append(b, registrar...)
	b = append(b, byte(len(context)))
	b = append(b, context[:]...)
	b = binary.BigEndian.AppendUint16(b, 0)
	return sha256.Sum256(b)
}

// Input is the token_input of RFC 9578 section 6.1: what the registrar signs for
// the Ed25519 key p.
func Input(p ed25519.PublicKey, challenge [32]byte, k *VerifyKey) []byte {
	return InputFor(p, challenge, k.ID())
}

// InputFor is [Input] where the key's id is known already: verifying many tokens
// of one key computes it once.
func InputFor(p ed25519.PublicKey, challenge, keyID [32]byte) []byte {
	b := make([]byte, 0, InputSize)
	b = binary.BigEndian.AppendUint16(b, tokenType)
	b = append(b, p...)
	b = append(b, challenge[:]...)
	return append(b, keyID[:]...)
}
