package i18n

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"convoke/internal/i18n/po"
)

//go:embed locales/*.po
var catalogues embed.FS

// maxPreference bounds an Accept-Language header; a browser's has under 100
// bytes and what lies beyond is not worth reading.
const maxPreference = 256

// Bundle holds every locale. It does not change after [Load] and may be used
// by many goroutines.
type Bundle struct {
	locales []*Locale // English first, then by tag
	byTag   map[string]*Locale
	matcher language.Matcher
	matched []*Locale // by the index that matcher returns
}

// Load reads the embedded catalogues. With dev it adds the pseudo locales
// en-XA and ar-XB.
func Load(dev bool) (*Bundle, error) { return load(catalogues, dev) }

func load(files fs.FS, dev bool) (*Bundle, error) {
	names, err := fs.Glob(files, "locales/*.po")
	if err != nil {
		return nil, fmt.Errorf("i18n: list catalogues: %w", err)
	}
	b := &Bundle{byTag: map[string]*Locale{}}
	b.add(newLocale("en", tables()["en"]))
	slices.Sort(names)
	for _, name := range names {
		l, err := loadLocale(files, name)
		if err != nil {
			return nil, fmt.Errorf("i18n: %s: %w", name, err)
		}
		if _, dup := b.byTag[strings.ToLower(l.tag)]; dup {
			return nil, fmt.Errorf("i18n: %s: a second catalogue of %s", name, l.tag)
		}
		b.add(l)
	}
	tags := make([]language.Tag, len(b.locales))
	for i, l := range b.locales {
		if tags[i], err = language.Parse(l.tag); err != nil {
			return nil, fmt.Errorf("i18n: locale %s: %w", l.tag, err)
		}
	}
	b.matcher, b.matched = language.NewMatcher(tags), slices.Clone(b.locales)
	if dev {
		// Never matched by a browser's wish, only by their exact tag.
		for _, l := range pseudoLocales() {
			b.add(l)
		}
	}
	return b, nil
}

func (b *Bundle) add(l *Locale) {
	b.locales = append(b.locales, l)
	b.byTag[strings.ToLower(l.tag)] = l
}

func loadLocale(files fs.FS, name string) (*Locale, error) {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	f, err := po.Parse(data)
	if err != nil {
		return nil, err
	}
	tag := strings.TrimSuffix(path.Base(name), ".po")
	if f.Header["Language"] != tag {
		return nil, fmt.Errorf("header Language is %q, the file's name says %q", f.Header["Language"], tag)
	}
	base, _, _ := strings.Cut(tag, "-")
	t, ok := tables()[tag]
	if !ok {
		t, ok = tables()[base]
	}
	if !ok {
		return nil, errors.New("no dates and numbers of this language: add them to tables.go")
	}
	l := newLocale(tag, t)
	if l.plural, err = po.ParsePlural(f.Header["Plural-Forms"]); err != nil {
		return nil, err
	}
	return l, l.fill(f)
}

// Locales are those offered to readers, English first.
func (b *Bundle) Locales() []*Locale { return slices.Clone(b.locales) }

// Locale finds a locale by its exact tag, as "es"; case does not matter.
func (b *Bundle) Locale(tag string) (*Locale, bool) {
	l, ok := b.byTag[strings.ToLower(tag)]
	return l, ok
}

// Match chooses the locale for a reader. Each preference is a tag (a setting,
// a cookie, a query parameter) or an Accept-Language header (RFC 9110,
// section 12.5.4); the first with any match wins, and English when none has.
// Preferences may come from strangers: what cannot be read is passed over.
func (b *Bundle) Match(prefs ...string) *Locale {
	for _, pref := range prefs {
		if l, ok := b.Locale(pref); ok {
			return l
		}
		tags, _, err := language.ParseAcceptLanguage(cutPreference(pref))
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, conf := b.matcher.Match(tags...); conf > language.No {
			return b.matched[i]
		}
	}
	return b.locales[0]
}

// cutPreference keeps the whole items of a header that fit the bound.
func cutPreference(s string) string {
	if len(s) <= maxPreference {
		return s
	}
	s = s[:maxPreference]
	return s[:max(strings.LastIndexByte(s, ','), 0)]
}

// Mark returns msg. It tells the extractor that msg, which stands in a table
// or a constant, is looked up later with [Locale.T].
func Mark(msg string) string { return msg }
