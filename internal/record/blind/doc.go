// Package blind is blind RSA signatures and the tokens made of them: a server
// signs that somebody may take part once, without seeing what it signs, so that
// it cannot recognise it later.
//
// Signatures are RSABSSA-SHA384-PSS-Deterministic of RFC 9474 with keys of 2048
// bits; tokens are type 0x0002 of RFC 9578, with one difference: the nonce is
// the Ed25519 public key that takes part, where the RFC has random bytes. So what
// is certified is a key, and nobody else can use the token.
//
// It has no state and imports nothing of the server: verifiers and clients use
// it too.
package blind
