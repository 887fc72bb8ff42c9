package translate

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"golang.org/x/text/unicode/norm"

	"convoke/internal/i18n"
	"convoke/internal/i18n/po"
)

// maxForm bounds a translation, in characters; the longest text has 300.
const maxForm = 2000

// textID names a text in addresses and rows.
func textID(k po.Key) string {
	sum := sha256.Sum256([]byte(k.Context + "\x04" + k.ID)) // as gettext joins them
	return hex.EncodeToString(sum[:8])
}

// tidy is a form as it was meant: browsers send other line breaks, and blanks
// at the ends are never meant.
func tidy(s string) string {
	return strings.TrimSpace(norm.NFC.String(strings.ReplaceAll(s, "\r\n", "\n")))
}

// problem is what is wrong with the forms of a translation, by form.
type problem = i18n.Mistake

// check finds what is wrong with a translation of m into l.
func check(l *i18n.Locale, m *po.Entry, forms []string) []problem {
	want := 1
	if m.Plural != "" {
		want = l.Count()
	}
	if len(forms) != want {
		return []problem{{Msg: i18n.Mark("This form is broken. Please open the page again.")}}
	}
	var out []problem
	for i, s := range forms {
		switch {
		case s == "":
			out = append(out, problem{Form: i, Msg: i18n.Mark("Write the translation.")})
		case len([]rune(s)) > maxForm:
			out = append(out, problem{Form: i, Msg: i18n.Mark("This is too long: at most {limit} characters, please."), Args: []any{"limit", maxForm}})
		}
	}
	if out != nil {
		return out
	}
	return l.Check(m.ID, m.Plural, forms)
}
