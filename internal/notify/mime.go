package notify

import (
	"bytes"
	"encoding/base64"
	"mime/quotedprintable"
	"strings"
	"unicode"
	"unicode/utf8"
)

// header writes the lines of a message.
type header struct{ bytes.Buffer }

// maxLine is where lines are folded (RFC 5322, section 2.1.1).
const maxLine = 76

// add writes one field, folded at spaces. Whatever is a control character in
// value becomes a space: so a value cannot begin another line.
func (h *header) add(name, value string) {
	h.WriteString(name)
	h.WriteByte(':')
	col, first := len(name)+1, true
	for w := range strings.FieldsFuncSeq(value, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		if !first && col+1+len(w) > maxLine {
			h.WriteString("\r\n")
			col = 0
		}
		h.WriteByte(' ')
		h.WriteString(w)
		col += 1 + len(w)
		first = false
	}
	h.WriteString("\r\n")
}

// addr writes one field whose value stands in angle brackets.
func (h *header) addr(name string, parts ...string) {
	n := len(name) + len(": <>")
	short := true
	for _, p := range parts {
		n += len(p)
		short = short && only(p, func(c byte) bool { return c > ' ' && c <= '~' })
	}
	if !short || n > maxLine {
		h.add(name, "<"+strings.Join(parts, "")+">")
		return
	}
	h.WriteString(name)
	h.WriteString(": <")
	for _, p := range parts {
		h.WriteString(p)
	}
	h.WriteString(">\r\n")
}

// encoded is unstructured text as a header may hold it: ASCII as it is, else
// encoded words (RFC 2047). ASCII that looks like an
// encoded word is encoded too, so that nobody reads it as one; so are words too
// long for a line.
func encoded(s string) string {
	plain := ascii(s) && !strings.Contains(s, "=?")
	for w := range strings.FieldsSeq(s) {
		plain = plain && len(w) < maxLine-10
	}
	if plain {
		return s
	}
	const most = 36 // bytes in a word, which then fits beside "Subject: "
	var words []string
	for s != "" {
		n := min(most, len(s))
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, " ")
}

// phrase is a name before an address.
func phrase(s string) string {
	if e := encoded(oneLine(s)); e != oneLine(s) {
		return e
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(oneLine(s)) + `"`
}

// part writes a part's header and text in the shorter of two encodings that
// every server passes on unchanged.
func (h *header) part(kind, text string) {
	h.add("Content-Type", kind+"; charset=UTF-8")
	wide := 0
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			wide++
		}
	}
	if wide*2 < len(text)/3 { // quoted-printable makes three of each, base64 four of three
		h.add("Content-Transfer-Encoding", "quoted-printable")
		h.WriteString("\r\n")
		w := quotedprintable.NewWriter(h)
		_, _ = w.Write([]byte(text)) // a buffer takes everything
		_ = w.Close()
		return
	}
	h.add("Content-Transfer-Encoding", "base64")
	h.WriteString("\r\n")
	const line = maxLine / 4 * 3 // bytes
	for b := []byte(strings.ReplaceAll(text, "\n", "\r\n")); len(b) > 0; {
		n := min(line, len(b))
		h.Write(base64.StdEncoding.AppendEncode(h.AvailableBuffer(), b[:n]))
		h.WriteString("\r\n")
		b = b[n:]
	}
}

// oneLine joins lines and drops what a header must not hold.
func oneLine(s string) string {
	if simple(s, false) {
		return strings.TrimSpace(s)
	}
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return visible(r)
	}, strings.ToValidUTF8(s, "\uFFFD"))), " ")
}

// clean keeps text, line breaks and tabs, and ends with one line break.
func clean(s string) string {
	if simple(s, true) {
		return strings.TrimRight(s, "\n") + "\n"
	}
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r):
			return -1
		}
		return visible(r)
	}, s)
	return strings.TrimRight(s, "\n") + "\n"
}

// simple reports whether s is printable ASCII, with line breaks or without two
// blanks together: most texts need no more work.
func simple(s string, lines bool) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && (c != '\n' || !lines) || c > '~' || c == ' ' && !lines && i > 0 && s[i-1] == ' ' {
			return false
		}
	}
	return true
}

// visible drops the two characters that show text in another order than it is
// written (UAX 9, overrides): with them an address can be made to look like
// another.
func visible(r rune) rune {
	if r == '\u202d' || r == '\u202e' {
		return -1
	}
	return r
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
