package identity

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"convoke/internal/fault"
	"convoke/internal/id"
)

const (
	challengeTTL = 5 * time.Minute
	maxPasskeys  = 10
	// maxCredential bounds what a browser sends of a key.
	maxCredential = 16 << 10
)

// passkeyUse is what a challenge is for.
type passkeyUse string

const (
	passkeyAdd    passkeyUse = "add"
	passkeySignIn passkeyUse = "sign in"
	passkeyProve  passkeyUse = "prove"
)

// Passkey is one of a person's keys, as they see it.
type Passkey struct {
	ID, Name      string
	Created, Used time.Time // days; Used is zero before the first time
}

// passkeyRow is a stored key.
type passkeyRow struct {
	Passkey
	person id.Person
	data   webauthn.Credential
}

// relyingParty is this node for keys: they are bound to the host of its address.
// ok is false where keys cannot work, as at a bare network address.
func relyingParty(base string) (*webauthn.WebAuthn, bool) {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return nil, false
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: u.Host, RPOrigins: []string{base},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationPreferred,
		},
	})
	return w, err == nil
}

// passkeyUser is a person for the library. The user handle is the account's id,
// which is random and means nothing elsewhere.
type passkeyUser struct {
	person personRow
	keys   []passkeyRow
}

// WebAuthnID implements webauthn.User.
func (u passkeyUser) WebAuthnID() []byte { return []byte(u.person.id) }

// WebAuthnName implements webauthn.User.
func (u passkeyUser) WebAuthnName() string { return u.person.handle }

// WebAuthnDisplayName implements webauthn.User.
func (u passkeyUser) WebAuthnDisplayName() string { return u.person.handle }

// WebAuthnCredentials implements webauthn.User.
func (u passkeyUser) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, len(u.keys))
	for i, k := range u.keys {
		out[i] = k.data
	}
	return out
}

// plain drops what a key tells of the device that it is in.
func plain(c webauthn.Credential) webauthn.Credential {
	c.Attestation = webauthn.CredentialAttestation{}
	c.Authenticator.AAGUID, c.Authenticator.Attachment = nil, ""
	return c
}

// cloned reports that a key was used that may be a copy. Keys that are made to be
// copied between devices have no counter that would tell.
func cloned(c *webauthn.Credential) bool {
	return c.Authenticator.CloneWarning && !c.Flags.BackupEligible
}

func errPasskey() error {
	return fault.Conflict("passkey.failed", "That did not work with this passkey. Try again, or use your words.")
}

// challengeOf finds the challenge in what the browser sends. Who made it up is
// checked later.
func challengeOf(credential []byte) string {
	var c struct {
		Response struct {
			ClientData protocol.URLEncodedBase64 `json:"clientDataJSON"`
		} `json:"response"`
	}
	var data struct {
		Challenge string `json:"challenge"`
	}
	if json.Unmarshal(credential, &c) != nil || json.Unmarshal(c.Response.ClientData, &data) != nil {
		return ""
	}
	return data.Challenge
}

func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode a passkey: %w", err)
	}
	return string(b), nil
}
