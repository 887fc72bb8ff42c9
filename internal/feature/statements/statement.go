package statements

import (
	"html/template"
	"slices"
	"strings"
	"time"

	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/version"
)

// ID names a statement.
type ID string

// State is where a statement stands.
type State string

// The states, in the order in which a statement can take them.
const (
	Draft     State = "draft"
	Published State = "published"
	Withdrawn State = "withdrawn"
)

// name says the state to people.
func (s State) name(l *i18n.Locale) string {
	switch s {
	case Draft:
		return l.T("Draft")
	case Published:
		return l.C("statement", "Published")
	case Withdrawn:
		return l.C("statement", "Withdrawn")
	}
	return ""
}

// Listed reports whether everybody may know of a statement in this state.
func (s State) Listed() bool { return s != Draft }

// Text is what a statement says in one language.
type Text struct {
	Lang     string // ISO 639 code
	Title    string
	Markdown string
	HTML     template.HTML
	// Credit is who translated, as they want to be named; Of the hash of the
	// original then, "" of the original itself and where it is not known.
	Credit, Of string
}

// hash names what the text says.
func (t Text) hash() string { return version.Hash(t.Title, t.Markdown) }

// metas are those of the texts but for the original.
func (s *Statement) metas() []version.Meta {
	var out []version.Meta
	for _, t := range s.Texts {
		if t.Lang != s.Lang {
			out = append(out, version.Meta{Lang: t.Lang, Credit: t.Credit, Of: t.Of})
		}
	}
	return out
}

// older reports whether the original was changed since t was made of it.
func (s *Statement) older(t Text) bool {
	return t.Lang != s.Lang && version.Meta{Of: t.Of}.Older(s.Original().hash())
}

// Correction is what was corrected after publication.
type Correction struct {
	Day  int // yyyymmdd
	Lang string
	Note string
}

// Statement is one row with its texts.
type Statement struct {
	ID         ID
	Group      id.Group
	UID, Slug  string
	State      State
	Day        int    // yyyymmdd
	Lang       string // in which it was written
	Byline     string // who speaks; "" is the group
	Tags       []string
	Picture    string
	PictureAlt string
	Revised    int    // yyyymmdd of the last change without a correction; 0 is none
	Withdrawn  int    // yyyymmdd; 0 while it stands
	Why        string // it was withdrawn
	Sequence   int
	Created    time.Time
	Updated    time.Time

	Texts       []Text       // the original first, the others by language
	Corrections []Correction // oldest first; only where one statement is asked for
}

// Original is the text in the language in which the statement was written.
func (s *Statement) Original() Text { return s.In(s.Lang) }

// In is the text in the first of the languages that there is one of, else the
// original.
func (s *Statement) In(langs ...string) Text {
	for _, l := range append(langs, s.Lang) {
		if i := slices.IndexFunc(s.Texts, func(t Text) bool { return t.Lang == l }); i >= 0 {
			return s.Texts[i]
		}
	}
	return Text{Lang: s.Lang}
}

// Has reports whether there is a text in the language.
func (s *Statement) Has(lang string) bool {
	return slices.ContainsFunc(s.Texts, func(t Text) bool { return t.Lang == lang })
}

// withheld is s as everybody may see it: a withdrawn one without what it said.
func (s Statement) withheld() Statement {
	if s.State != Withdrawn {
		return s
	}
	s.Picture, s.PictureAlt = "", ""
	s.Texts = slices.Clone(s.Texts)
	for i := range s.Texts {
		s.Texts[i].Markdown, s.Texts[i].HTML = "", ""
	}
	return s
}

// order puts the original first and the other texts by language.
func (s *Statement) order() {
	slices.SortFunc(s.Texts, func(a, b Text) int {
		if (a.Lang == s.Lang) != (b.Lang == s.Lang) {
			if a.Lang == s.Lang {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Lang, b.Lang)
	})
}

// says reports whether two texts say the same, letter by letter.
func (t Text) says(o Text) bool { return t.Title == o.Title && t.Markdown == o.Markdown }

// slugLength bounds what a title gives for a file name.
const slugLength = 60

// slugOf makes a name for files of a title: "Öffnet die Brücke!" becomes
// "offnet-die-brucke". It is "" when no letter of the title is plain.
func slugOf(title string) string { return foldSlug(title, slugLength) }

// foldSlug keeps plain letters and digits of s, and cuts between words.
func foldSlug(s string, limit int) string {
	var words []string
	n := 0
	for _, w := range strings.Fields(geo.Fold(s)) {
		w = strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, w)
		if w == "" {
			continue
		}
		w = w[:min(len(w), limit)]
		if n += len(w) + 1; n > limit+1 {
			break
		}
		words = append(words, w)
	}
	return strings.Join(words, "-")
}

// validSlug reports whether s is what [slugOf] could have made, or a longer one
// of the same kind.
func validSlug(s string) bool {
	return s != "" && len(s) <= 2*slugLength && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && strings.Trim(s, "-") == s
}

// dateOf is midnight UTC of a day.
func dateOf(day int) time.Time {
	return time.Date(day/10000, time.Month(day/100%100), day%100, 0, 0, 0, 0, time.UTC)
}

func dayOf(t time.Time) int {
	y, m, d := t.Date()
	return y*10000 + int(m)*100 + d
}

// isoDay writes a day as in 2026-11-28, and 0 as "".
func isoDay(day int) string {
	if day == 0 {
		return ""
	}
	return dateOf(day).Format(time.DateOnly)
}

// readDay is the reverse of [isoDay]; ok is false for what is no day.
func readDay(s string) (day int, ok bool) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1000 || t.Year() > 9999 {
		return 0, false
	}
	return dayOf(t), true
}
