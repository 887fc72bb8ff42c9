package identity

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/notify"
	"convoke/internal/seal"
)

// Mail is what signing in by mail needs.
type Mail struct {
	Sender notify.Sender
	// Register lets everybody make an account who has an address.
	Register bool
	// BaseURL begins links, as in "https://example.org".
	BaseURL string
}

const (
	mailTTL    = 10 * time.Minute
	mailPause  = 3 * time.Minute // between two mails to one address
	codeTries  = 5
	codeDigits = 8
)

// The scopes of keys: addresses are found with one, sealed under one each, and
// sealed under that of the day until they are confirmed.
const (
	// MailScope begins the scope of every sealed address.
	MailScope = "mail:"
	tagScope  = MailScope + "tags"
)

// SealedColumn has what follows [MailScope] in the scope of a row's key.
const SealedColumn = "key_id"

// SealedTables are the tables with sealed addresses.
func SealedTables() []string { return []string{"mail_link", "person_mail"} }

func dayKey(t time.Time) string { return "day-" + t.UTC().Format("20060102") }

// parseAddress returns a bare address, or the message for the field "email".
func parseAddress(typed string) (string, error) {
	a, ok := notify.Address(typed)
	if !ok {
		return "", fault.Invalid(fault.Field("email", "mail.address", "This does not look like an e-mail address."))
	}
	return a, nil
}

// mailTag finds an address. Mailboxes that differ only in capitals are one: no
// server in use tells them apart.
func mailTag(tags *seal.Key, address string) []byte {
	return tags.Tag("address", strings.ToLower(address))
}

// mailSecret and mailCode are what a mail carries. They are made from the key of
// the day, so that the job that sends it needs to store neither.
func mailSecret(k *seal.Key, lid string) string { return id.SecretOf(k.Tag("mail link", lid)) }

func mailCode(k *seal.Key, lid string) string {
	n := binary.BigEndian.Uint64(k.Tag("mail code", lid)) % 100_000_000
	return fmt.Sprintf("%0*d", codeDigits, n)
}

// codeMark is what is kept of a code. Without the form that asked, which nobody
// stores, the few codes there are cannot be tried on it.
func codeMark(form, typed string) []byte {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, typed)
	return id.Hash(form + " " + digits)
}
