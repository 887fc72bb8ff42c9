// Package dkim signs messages, so that receivers know whose they are (RFC 6376),
// with RSA or Ed25519 (RFC 8463), both canonicalizations relaxed.
package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Key signs for a domain.
type Key struct {
	Domain   string // of the sender, as in "example.org"
	Selector string // names the key in the DNS: SELECTOR._domainkey.DOMAIN
	Signer   crypto.Signer
}

// signed are the fields that a signature covers where a message has them (RFC
// 6376, section 5.4.1; the last two by RFC 8058, section 4). From and Subject are
// named once more than they are there, so that nobody can add another.
func signed() []string {
	return []string{
		"from", "from", "to", "reply-to", "subject", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted",
		"content-language", "mime-version", "content-type", "content-transfer-encoding", "list-unsubscribe", "list-unsubscribe-post",
	}
}

// Field makes the DKIM-Signature field of a message, in lines that end with CR
// LF, to be put before it. The message has lines that end with CR LF, and each
// field once.
func (k Key) Field(msg []byte, now time.Time) (string, error) {
	fields, body := split(msg)
	var names []string
	for _, n := range signed() {
		if _, ok := fields[n]; ok {
			names = append(names, n)
		}
	}
	hash := sha256.Sum256(relaxedBody(body))
	algorithm := "rsa-sha256"
	if _, ok := k.Signer.Public().(ed25519.PublicKey); ok {
		algorithm = "ed25519-sha256"
	}
	value := strings.Join([]string{
		"v=1", "a=" + algorithm, "c=relaxed/relaxed", "d=" + k.Domain, "s=" + k.Selector, "t=" + strconv.FormatInt(now.Unix(), 10),
		"h=" + strings.Join(names, ": "), "bh=" + base64.StdEncoding.EncodeToString(hash[:]), "b=",
	}, "; ")
	sig, err := k.sign(fields, names, value)
	if err != nil {
		return "", err
	}
	return folded("DKIM-Signature:", value+sig), nil
}

// sign is what follows b= in value, in pieces that fit a line.
func (k Key) sign(fields map[string]string, names []string, value string) (string, error) {
	var data bytes.Buffer
	for i, n := range names {
		if slices.Index(names, n) == i { // the second of a name stands for one that is not there
			data.WriteString(fields[n])
			data.WriteString("\r\n")
		}
	}
	data.WriteString("dkim-signature:" + value)
	hash := sha256.Sum256(data.Bytes())
	opts := crypto.SignerOpts(crypto.SHA256)
	if _, ok := k.Signer.Public().(ed25519.PublicKey); ok {
		opts = crypto.Hash(0) // the hash is the message (RFC 8463, section 3)
	}
	sig, err := k.Signer.Sign(rand.Reader, hash[:], opts)
	if err != nil {
		return "", fmt.Errorf("sign a message: %w", err)
	}
	const piece = 70
	text := base64.StdEncoding.EncodeToString(sig)
	var out strings.Builder
	for len(text) > piece {
		out.WriteString(text[:piece] + " ")
		text = text[piece:]
	}
	return out.String() + text, nil
}

// split returns the fields of a message, canonicalized and by name, and its body.
func split(msg []byte) (map[string]string, []byte) {
	head, body, _ := bytes.Cut(msg, []byte("\r\n\r\n"))
	fields := map[string]string{}
	text := strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(string(head))
	for line := range strings.SplitSeq(text, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		name = strings.ToLower(strings.TrimRight(name, " \t"))
		fields[name] = name + ":" + strings.Join(strings.FieldsFunc(value, blank), " ")
	}
	return fields, body
}

func blank(r rune) bool { return r == ' ' || r == '\t' }

// relaxedBody is a body without blanks at the ends of lines and empty lines at
// its end, and with one blank for several (RFC 6376, section 3.4.4).
func relaxedBody(body []byte) []byte {
	out := make([]byte, 0, len(body)+2)
	for line := range bytes.SplitSeq(body, []byte("\r\n")) {
		gap := false
		for _, b := range bytes.TrimRight(line, " \t") {
			if b == ' ' || b == '\t' {
				gap = true
				continue
			}
			if gap {
				out = append(out, ' ')
				gap = false
			}
			out = append(out, b)
		}
		out = append(out, '\r', '\n')
	}
	end := len(out)
	for end >= 2 && (end == 2 || bytes.HasSuffix(out[:end], []byte("\r\n\r\n"))) {
		end -= 2
	}
	return out[:end]
}

// folded is a field in lines of at most 76 letters where its words allow it.
func folded(name, value string) string {
	var b strings.Builder
	b.WriteString(name)
	col := len(name)
	for w := range strings.FieldsSeq(value) {
		if col+1+len(w) > 76 {
			b.WriteString("\r\n")
			col = 0
		}
		b.WriteString(" " + w)
		col += 1 + len(w)
	}
	b.WriteString("\r\n")
	return b.String()
}
