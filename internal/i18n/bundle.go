package i18n

import (
	"archive/zip"
	"bytes"
	_ "embed" // of the catalogues
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/text/language"

	"convoke/internal/i18n/po"
)

// catalogues is locales/ as a ZIP file, which is a quarter of its size: 1.2 MB less
// program. potool makes it.
//
//go:embed catalogues.zip
var catalogues []byte

// maxPreference bounds an Accept-Language header; a browser's has under 100
// bytes and what lies beyond is not worth reading.
const maxPreference = 256

// Bundle holds every locale. It may be used by many goroutines, and changes
// only when a catalogue of the operator does; see [Bundle.Reload].
type Bundle struct {
	files  fs.FS // the catalogues that belong to the program
	folder string
	dev    bool
	texts  *po.File
	byKey  map[po.Key]*po.Entry // of texts

	reading  sync.Mutex // one reading or writing of the folder at a time
	readings int
	cur      atomic.Pointer[set]
}

// set is the locales of one reading.
type set struct {
	locales []*Locale // English first, then by tag
	byTag   map[string]*Locale
	matcher language.Matcher
	matched []*Locale // by the index that matcher returns

	known sync.Map // from a preference to its *Locale, which may be nil
	count atomic.Int64

	stamp    string // what the operator's folder looked like
	problems []string
}

// maxKnown bounds the preferences that are remembered.
const maxKnown = 4096

// Load reads the embedded catalogues. With dev it adds the pseudo locales
// en-XA and ar-XB.
func Load(dev bool) (*Bundle, error) { return Open("", dev) }

// Open is [Load] with a folder of the operator's own catalogues, which need not
// exist. They add languages, and replace texts of those that are here already.
func Open(folder string, dev bool) (*Bundle, error) {
	files, err := zip.NewReader(bytes.NewReader(catalogues), int64(len(catalogues)))
	if err != nil {
		return nil, fmt.Errorf("i18n: the program's catalogues: %w", err)
	}
	return load(files, folder, dev)
}

func load(files fs.FS, folder string, dev bool) (*Bundle, error) {
	b := &Bundle{files: files, folder: folder, dev: dev}
	data, err := fs.ReadFile(files, "locales/convoke.pot")
	if err == nil {
		b.texts, err = po.Parse(data)
	}
	if err != nil {
		return nil, fmt.Errorf("i18n: the program's texts: %w", err)
	}
	b.byKey = make(map[po.Key]*po.Entry, len(b.texts.Entries))
	for _, e := range b.texts.Entries {
		b.byKey[e.Key] = e
	}
	return b, b.reload()
}

// read makes a set of what is in the program and in the operator's folder.
func (b *Bundle) read() (*set, error) {
	names, err := fs.Glob(b.files, "locales/*.po")
	if err != nil {
		return nil, fmt.Errorf("i18n: list catalogues: %w", err)
	}
	found := map[string]*Locale{"en": newLocale("en", tables()["en"])}
	for _, name := range names {
		l, err := loadLocale(b.files, name)
		if err != nil {
			return nil, fmt.Errorf("i18n: %s: %w", name, err)
		}
		if _, dup := found[l.tag]; dup {
			return nil, fmt.Errorf("i18n: %s: a second catalogue of %s", name, l.tag)
		}
		found[l.tag] = l
	}
	s := &set{byTag: map[string]*Locale{}}
	b.readFolder(s, found)
	s.add(found["en"])
	delete(found, "en")
	for _, tag := range slices.Sorted(maps.Keys(found)) {
		found[tag].count(b.texts)
		s.add(found[tag])
	}
	b.readings++
	for _, l := range s.locales {
		if l.key == l.tag { // new, not kept from the last reading
			l.key += "\x00" + strconv.Itoa(b.readings)
		}
	}
	tags := make([]language.Tag, len(s.locales))
	for i, l := range s.locales {
		if tags[i], err = language.Parse(l.tag); err != nil {
			return nil, fmt.Errorf("i18n: locale %s: %w", l.tag, err)
		}
	}
	s.matcher, s.matched = language.NewMatcher(tags), slices.Clone(s.locales)
	if b.dev {
		// Never matched by a browser's wish, only by their exact tag.
		for _, l := range pseudoLocales() {
			s.add(l)
		}
	}
	return s, nil
}

func (s *set) add(l *Locale) {
	s.locales = append(s.locales, l)
	s.byTag[strings.ToLower(l.tag)] = l
}

func loadLocale(files fs.FS, name string) (*Locale, error) {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	f, err := parseCatalogue(path.Base(name), data)
	if err != nil {
		return nil, err
	}
	tag := f.Header["Language"]
	t, ok := tableOf(tag)
	if !ok {
		return nil, errors.New("no dates and numbers of this language: add them to tables.go")
	}
	l := newLocale(tag, t)
	if l.plural, err = po.ParsePlural(f.Header["Plural-Forms"]); err != nil {
		return nil, err
	}
	return l, l.fill(f)
}

// parseCatalogue reads the file of a language, whose name says which.
func parseCatalogue(name string, data []byte) (*po.File, error) {
	f, err := po.Parse(data)
	if err != nil {
		return nil, err
	}
	if tag := strings.TrimSuffix(name, ".po"); f.Header["Language"] != tag {
		return nil, fmt.Errorf("header Language is %q, the file's name says %q", f.Header["Language"], tag)
	}
	return f, nil
}

// Locales are those offered to readers, English first.
func (b *Bundle) Locales() []*Locale { return slices.Clone(b.cur.Load().locales) }

// Locale finds a locale by its exact tag, as "es"; case does not matter.
func (b *Bundle) Locale(tag string) (*Locale, bool) {
	return b.cur.Load().locale(tag)
}

func (s *set) locale(tag string) (*Locale, bool) {
	l, ok := s.byTag[strings.ToLower(tag)]
	return l, ok
}

// Match chooses the locale for a reader. Each preference is a tag (a setting,
// a cookie, a query parameter) or an Accept-Language header (RFC 9110,
// section 12.5.4); the first with any match wins, and English when none has.
// Preferences may come from strangers: what cannot be read is passed over.
func (b *Bundle) Match(prefs ...string) *Locale {
	s := b.cur.Load()
	for _, pref := range prefs {
		if l := s.preferred(pref); l != nil {
			return l
		}
	}
	return s.locales[0]
}

// preferred is the locale that one preference leads to, nil when there is none.
// Browsers send few different ones, and reading one takes a tenth of the time
// of an answer, so they are remembered.
func (s *set) preferred(pref string) *Locale {
	if pref == "" {
		return nil
	}
	if l, ok := s.known.Load(pref); ok {
		return l.(*Locale)
	}
	l, ok := s.locale(pref)
	if !ok {
		l = s.match(pref)
	}
	if len(pref) <= maxPreference && s.count.Add(1) <= maxKnown {
		s.known.Store(pref, l)
	}
	return l
}

// match reads a preference as an Accept-Language header.
func (s *set) match(pref string) *Locale {
	tags, _, err := language.ParseAcceptLanguage(cutPreference(pref))
	if err != nil || len(tags) == 0 {
		return nil
	}
	if _, i, conf := s.matcher.Match(tags...); conf > language.No {
		return s.matched[i]
	}
	return nil
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
