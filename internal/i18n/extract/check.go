package extract

import (
	"fmt"
	"slices"
	"strings"

	"convoke/internal/i18n"
	"convoke/internal/i18n/po"
)

// Check compares a translated catalogue with the texts of the program. Each
// problem is a sentence: a text that is missing, untranslated or no longer
// used, a wrong number of forms, placeholders that differ.
func Check(c Catalogue, f *po.File) []string {
	rule, err := po.ParsePlural(f.Header["Plural-Forms"])
	if err != nil {
		return []string{err.Error()}
	}
	entries := make(map[po.Key]*po.Entry, len(f.Entries))
	for _, e := range f.Entries {
		entries[e.Key] = e
	}
	var problems []string
	for _, m := range c.Messages {
		e := entries[m.Key]
		delete(entries, m.Key)
		if p := checkEntry(m, e, rule); p != "" {
			problems = append(problems, fmt.Sprintf("%s: %q %s", strings.Join(m.Refs, ", "), m.ID, p))
		}
	}
	for _, e := range f.Entries {
		if entries[e.Key] != nil {
			problems = append(problems, fmt.Sprintf("%q is not used any more", e.ID))
		}
	}
	return problems
}

func checkEntry(m Message, e *po.Entry, rule po.Plural) string {
	switch {
	case e == nil:
		return "is missing"
	case e.Plural != m.Plural:
		return fmt.Sprintf("has the plural %q, the catalogue %q", m.Plural, e.Plural)
	case m.Plural != "" && len(e.Str) != rule.Count():
		return fmt.Sprintf("has %d forms, the language %d", len(e.Str), rule.Count())
	case e.Fuzzy():
		return "is marked fuzzy"
	case !e.Translated():
		return "is not translated"
	}
	for _, x := range i18n.CheckForms(m.ID, m.Plural, e.Str, rule) {
		return fmt.Sprintf("has a mistake in %q: %s", e.Str[x.Form], x)
	}
	return ""
}

// Merge returns the catalogue f brought up to date: an entry for every text,
// in the order of c, with its translation when there is one and empty when it
// is new; what is no longer used is left out. A translation whose plural
// changed is kept and marked fuzzy.
func Merge(c Catalogue, f *po.File) (*po.File, error) {
	rule, err := po.ParsePlural(f.Header["Plural-Forms"])
	if err != nil {
		return nil, err
	}
	old := make(map[po.Key]*po.Entry, len(f.Entries))
	for _, e := range f.Entries {
		old[e.Key] = e
	}
	out := &po.File{Comments: f.Comments, Header: f.Header, Order: f.Order}
	for _, m := range c.Messages {
		e := entryOf(m, rule.Count())
		if prev := old[m.Key]; prev != nil {
			e.Comments, e.Flags = prev.Comments, prev.Flags
			copied := copy(e.Str, prev.Str)
			changed := prev.Plural != m.Plural || copied != len(prev.Str) || copied != len(e.Str)
			if changed && !prev.Fuzzy() && strings.Join(prev.Str, "") != "" {
				e.Flags = append(slices.Clone(e.Flags), "fuzzy")
			}
		}
		out.Entries = append(out.Entries, e)
	}
	return out, nil
}

// Template returns the catalogue to start a language from (a .pot file).
func Template(c Catalogue) *po.File {
	f := &po.File{
		Comments: []string{"Texts of Convoke. Copy this file to start a language."},
		Header: map[string]string{
			"Language": "", "MIME-Version": "1.0",
			"Content-Type":              "text/plain; charset=UTF-8",
			"Content-Transfer-Encoding": "8bit",
			"Plural-Forms":              "nplurals=2; plural=n != 1;",
		},
		Order: []string{"Language", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Plural-Forms"},
	}
	for _, m := range c.Messages {
		e := entryOf(m, 2)
		e.Refs = m.Refs
		f.Entries = append(f.Entries, e)
	}
	return f
}

func entryOf(m Message, forms int) *po.Entry {
	if m.Plural == "" {
		forms = 1
	}
	return &po.Entry{Key: m.Key, Plural: m.Plural, Str: make([]string, forms)}
}
