package inbound

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// letters are some that the fuzzer begins with too.
var letters = map[string]string{
	"plain":      "From: Sam <sam@example.org>\nSubject: =?utf-8?q?Stra=C3=9Fe?=\n at night\n\nHello,\r\nthere.\n",
	"html only":  "From: sam@example.org\nSubject: x\nContent-Type: text/html\n\n<p>Hello</p>\n",
	"both":       "From: sam@example.org\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nStra=DFe=\n am Abend\n--b\nContent-Type: text/html\n\n<p>x</p>\n--b--\n",
	"arabic":     "From: sam@example.org\nSubject: =?windows-1256?B?48ra4d4=?=\nContent-Type: text/plain; charset=windows-1256\nContent-Transfer-Encoding: base64\n\n48ra4d4=\n",
	"attachment": "From: sam@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment\nContent-Type: text/plain\n\nnot this\n--b\n\nthis\n--b\nContent-Type: image/png; name=\"../../x\"\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n--b\nContent-Type: image/svg+xml\n\n<svg/>\n--b--\n",
	"cut short":  "From: sam@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nas far as",
	"no sender":  "Subject: x\n\nhello\n",
}

func TestLetters(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Letter{
		"plain":      {From: "sam@example.org", Subject: "Straße at night", Text: "Hello,\nthere.\n"},
		"html only":  {From: "sam@example.org", Subject: "x", Text: "Hello"},
		"both":       {From: "sam@example.org", Text: "Straße am Abend"},
		"arabic":     {From: "sam@example.org", Subject: "متعلق", Text: "متعلق"},
		"attachment": {From: "sam@example.org", Text: "this", Images: []Image{{"image/png", []byte("hello")}}},
		"cut short":  {From: "sam@example.org", Text: "as far as"},
		"no sender":  {Subject: "x", Text: "hello\n"},
	} {
		got, err := readLetter([]byte(letters[name]))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestLettersOfProgramsAndNone(t *testing.T) {
	t.Parallel()
	for h, want := range map[string]error{
		"Auto-Submitted: auto-replied": errAutomatic, "Auto-Submitted: auto-generated; x": errAutomatic, "Precedence: Bulk": errAutomatic,
		"List-Id: <x.example.org>": errAutomatic, "List-Unsubscribe: <https://x.example>": errAutomatic, "X-Autorespond: away": errAutomatic, "Auto-Submitted: no": nil, "Auto-Submitted: No; really": nil, "no header at all": errMessage,
	} {
		if _, err := readLetter([]byte(h + "\nSubject: x\n\nhello\n")); !errors.Is(err, want) {
			t.Errorf("%s: %v", h, err)
		}
	}
}

// TestPages reads what people see of a page, and nothing else.
func TestPages(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		"<html><head><title>x</title><style>p{color:red}</style></head><body><p>Fire in\nLeip<b>zig</b>,</p><div>seen &amp; heard<br>now</div>": "Fire in Leipzig,\n\nseen & heard\nnow",
		"yes<div>On Sunday they wrote:</div><blockquote><p>no</p></blockquote>":                                                                 "yes\nOn Sunday they wrote:\n\n>\n> no\n>",
		"<head><title>x<p>y":                    "",
		"<head><title>x</title><body>z":         "z",
		"<script>alert(1)</script><svg><p>ok":   "ok",
		strings.Repeat("<div>", 10000) + "deep": "deep",
		"":                                      "",
	} {
		if got := strings.ReplaceAll(textOf(page), " \n", "\n"); got != want {
			t.Errorf("%.80q: %q, not %q", page, got, want)
		}
	}
	if got := textOf("<p>" + strings.Repeat("é", maxText)); len(got) < maxText-1 || len(got) > maxText || !utf8.ValidString(got) {
		t.Errorf("%d bytes", len(got))
	}
}

func TestLettersAreBounded(t *testing.T) {
	t.Parallel()
	picture := "--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n"
	large := picture + base64.StdEncoding.EncodeToString(make([]byte, maxImage+1)) + "\n"
	small := picture + "aGVsbG8=\n"
	raw := "From: sam@example.org\nSubject: " + strings.Repeat("é", 1000) + "\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n" + strings.Repeat("é", maxText) + "\n" +
		large + strings.Repeat(small, 10) + "--b--\n"
	l, err := readLetter([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	checkLetter(t, l)
	if len(l.Images) != maxImages || len(l.Text) != maxText || len([]rune(l.Subject)) != maxSubject {
		t.Errorf("%d images, %d bytes, %d letters", len(l.Images), len(l.Text), len([]rune(l.Subject)))
	}
	// Boxes in boxes are opened some way, and not a thousand times.
	deep := "From: sam@example.org\n"
	for i := range maxDepth + 1 {
		deep += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	deep += "\nhello\n"
	if l, err := readLetter([]byte(deep)); err != nil || l.Text != "" {
		t.Errorf("%q, %v", l.Text, err)
	}
	wide := "From: sam@example.org\nContent-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: text/x\n\nx\n", maxParts) + "--b\n\nhello\n"
	if l, err := readLetter([]byte(wide)); err != nil || l.Text != "" {
		t.Errorf("%q, %v", l.Text, err)
	}
}

func checkLetter(t *testing.T, l Letter) {
	t.Helper()
	if !utf8.ValidString(l.Text) || len(l.Text) > 3*maxText || strings.ContainsRune(l.Text, 0) || len(l.Images) > maxImages {
		t.Errorf("%d bytes of text, %d images", len(l.Text), len(l.Images))
	}
	if utf8.RuneCountInString(l.Subject) > maxSubject || strings.ContainsFunc(l.Subject, unicode.IsControl) || !utf8.ValidString(l.Subject) {
		t.Errorf("subject %q", l.Subject)
	}
	if strings.ContainsAny(l.From, "\r\n") {
		t.Errorf("from %q", l.From)
	}
	for _, i := range l.Images {
		if len(i.Data) > maxImage {
			t.Errorf("an image of %d bytes", len(i.Data))
		}
	}
}
