package web

import "time"

// ProofLasts is how long a proof of who one is counts. Sign-in is one.
const ProofLasts = 10 * time.Minute

// Proved reports whether whoever asks has shown a short while ago that the
// session is theirs. A session lasts for weeks, so dangerous acts ask for more
// than its cookie.
func (c *Call) Proved() bool {
	at := c.Session.Proved
	return !at.IsZero() && c.Now().Sub(at) < ProofLasts
}

// Asks reports whether a form for a dangerous act must ask for a proof. The
// template "prove" is the field; the handler checks what it brings.
func (f *Form) Asks() bool { return f != nil && f.call != nil && !f.call.Proved() }

// AsksPasskey reports whether the proof may be a passkey instead of words.
func (f *Form) AsksPasskey() bool { return f.Asks() && f.call.Session.Passkeys }
