package statements

import (
	"html/template"
	"slices"
	"strings"
	"time"

	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/slug"
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
	Campaign   id.Campaign // that it is an update of; "" is none
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
	// hidden says that its group is suspended or its campaign is not public: only
	// members of the group know of it meanwhile.
	hidden bool

	Texts       []Text       // the original first, the others by language
	Corrections []Correction // oldest first; only where one statement is asked for
}

// listed reports whether everybody may know of s now.
func (s *Statement) listed() bool { return s.State.Listed() && !s.hidden }

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

// validSlug reports whether s can name a statement: imported ones bring longer names
// than a title gives.
func validSlug(s string) bool { return slug.Valid(s, 2*slug.Length) }
