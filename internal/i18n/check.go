package i18n

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"convoke/internal/i18n/po"
)

// Mistake is what is wrong with one form of a translation: an English text,
// marked for translation, with its values.
type Mistake struct {
	Form int // index of the plural form
	Msg  string
	Args []any
}

// String says it in English.
func (m Mistake) String() string {
	return newLocale("en", tables()["en"]).T(m.Msg, m.Args...)
}

// CheckForms compares the forms of a translation with the English text: every
// placeholder and no other, no HTML that the English has not, and no characters
// that turn or hide text. rule says which numbers take which form of a plural.
func CheckForms(id, plural string, forms []string, rule po.Plural) []Mistake {
	english := id + plural
	allowed := Placeholders(english)
	var out []Mistake
	for i, s := range forms {
		fail := func(msg string, args ...any) { out = append(out, Mistake{i, msg, args}) }
		have := Placeholders(s)
		for _, p := range have {
			if !slices.Contains(allowed, p) {
				fail(Mark("The English text has no {placeholder}."), "placeholder", "{"+p+"}")
			}
		}
		for _, p := range allowed {
			// A form for one number may say it in words; one for several cannot.
			inWords := p == "n" && plural != "" && len(samples(rule, i)) == 1
			if !slices.Contains(have, p) && !inWords {
				fail(Mark("{placeholder} is missing. It must stay as it is, in its braces."), "placeholder", "{"+p+"}")
			}
		}
		if tag := htmlTag.FindString(s); tag != "" && !strings.Contains(english, tag) {
			fail(Mark("Texts are shown as they are, without HTML. Leave out {tag}."), "tag", tag)
		}
		if hidden(s) {
			fail(Mark("There is a hidden character that turns the text around or cannot be shown. Please type it again."))
		}
	}
	return out
}

// htmlTag is what looks like the beginning of a tag, a comment or an entity.
var htmlTag = regexp.MustCompile(`</?[A-Za-z][^<>]*>?|<!--|&#?[A-Za-z0-9]+;`)

// hidden reports control characters, overrides of direction, and isolates that
// are not closed in the same text. Isolates are needed around an address in an
// Arabic sentence; overrides only deceive.
func hidden(s string) bool {
	open := 0
	for _, r := range s {
		switch {
		case r >= 0x2066 && r <= 0x2068:
			open++
		case r == 0x2069:
			if open--; open < 0 {
				return true
			}
		case r >= 0x202A && r <= 0x202E, r != '\n' && unicode.IsControl(r), unicode.Is(unicode.Co, r), r == 0xFEFF:
			return true
		}
	}
	return open != 0
}

// Report is what [Bundle.Check] finds in a catalogue.
type Report struct {
	Errors   []string // the file would not be used
	Warnings []string
	Done     int // texts with a translation
	All      int
}

// Check examines the file of a catalogue, named as "uk.po", as if it lay in the
// operator's folder.
func (b *Bundle) Check(name string, data []byte) Report {
	r := Report{All: len(b.texts.Entries)}
	f, err := parseCatalogue(name, data)
	if err != nil {
		r.Errors = []string{err.Error()}
		return r
	}
	tag := f.Header["Language"]
	if _, known := tableOf(tag); !known {
		r.Warnings = append(r.Warnings, "dates and numbers of "+tag+" are not known here: days are written as 2026-11-28")
	}
	rule, err := po.ParsePlural(f.Header["Plural-Forms"])
	if err != nil {
		r.Errors = append(r.Errors, err.Error())
		return r
	}
	for _, e := range f.Entries {
		b.checkEntry(&r, e, rule)
	}
	return r
}

func (b *Bundle) checkEntry(r *Report, e *po.Entry, rule po.Plural) {
	m := b.Text(e.Key)
	switch {
	case m == nil:
		r.Warnings = append(r.Warnings, fmt.Sprintf("%q is no text of this version", e.ID))
	case !e.Translated():
	case e.Plural != m.Plural:
		r.Warnings = append(r.Warnings, fmt.Sprintf("%q has another plural in this version, so it is not used", e.ID))
	case e.Plural != "" && len(e.Str) != rule.Count():
		r.Errors = append(r.Errors, fmt.Sprintf("%q has %d plural forms, the language has %d", e.ID, len(e.Str), rule.Count()))
	default:
		mistakes := CheckForms(e.ID, e.Plural, e.Str, rule)
		for _, x := range mistakes {
			r.Errors = append(r.Errors, fmt.Sprintf("%q: in %q: %s", e.ID, e.Str[x.Form], x))
		}
		if len(mistakes) == 0 {
			r.Done++
		}
	}
}
