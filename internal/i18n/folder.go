package i18n

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"convoke/internal/i18n/po"
)

// maxCatalogue bounds a file of the operator's; the largest of ours has a
// quarter of a megabyte.
const maxCatalogue = 8 << 20

// readFolder lays the operator's catalogues over those in found. A file that
// cannot be used leaves its language as it was, and is told in s.problems.
func (b *Bundle) readFolder(s *set, found map[string]*Locale) {
	if b.folder == "" {
		return
	}
	s.stamp = b.look()
	names, _ := filepath.Glob(filepath.Join(b.folder, "*.po")) // errors only for a bad pattern
	for _, name := range names {
		tag := strings.TrimSuffix(filepath.Base(name), ".po")
		l, err := b.overlay(name, found[tag])
		if err != nil {
			s.problems = append(s.problems, fmt.Sprintf("%s: %v", name, err))
			if old := b.cur.Load(); old != nil {
				l, _ = old.locale(tag)
			}
		}
		if l != nil {
			found[tag] = l
		}
	}
}

// overlay is the language of a file, with the texts of base where the file has
// none; base is nil for a language that is new.
func (b *Bundle) overlay(name string, base *Locale) (*Locale, error) {
	data, err := readBounded(name)
	if err != nil {
		return nil, err
	}
	if r := b.Check(filepath.Base(name), data); len(r.Errors) > 0 {
		return nil, fmt.Errorf("%s (%d mistakes)", r.Errors[0], len(r.Errors))
	}
	f, err := po.Parse(data)
	if err != nil {
		return nil, err
	}
	tag := f.Header["Language"]
	if _, err := language.Parse(tag); err != nil || tag == "en" {
		return nil, fmt.Errorf("%q is not the tag of another language than English", tag)
	}
	t, ok := tableOf(tag)
	if !ok {
		t = plainTable(tag, f.Header[languageName])
	}
	l := newLocale(tag, t)
	if l.plural, err = po.ParsePlural(f.Header["Plural-Forms"]); err != nil {
		return nil, err
	}
	f.Entries = slices.DeleteFunc(f.Entries, func(e *po.Entry) bool {
		m := b.Text(e.Key)
		return m == nil || m.Plural != e.Plural
	})
	if err := l.fill(f); err != nil {
		return nil, err
	}
	if base == nil {
		return l, nil
	}
	for _, name := range base.credits {
		if !slices.Contains(l.credits, name) {
			l.credits = append(l.credits, name)
		}
	}
	for k, v := range base.msgs {
		if _, ok := l.msgs[k]; !ok && (len(v) == 1 || len(v) == l.plural.Count()) {
			l.msgs[k] = v
		}
	}
	return l, nil
}

func readBounded(name string) ([]byte, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > maxCatalogue {
		return nil, errors.New("not a file of at most 8 MiB")
	}
	return os.ReadFile(name) //nolint:gosec // a file of the operator's
}

// look describes the folder, so that a change is noticed.
func (b *Bundle) look() string {
	entries, err := os.ReadDir(b.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	var out strings.Builder
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".po") {
			continue
		}
		if st, err := e.Info(); err == nil {
			fmt.Fprintf(&out, "%s %d %d\n", e.Name(), st.Size(), st.ModTime().UnixNano())
		}
	}
	return out.String()
}

// Changed reports whether the operator's folder looks different from when it
// was read.
func (b *Bundle) Changed() bool {
	return b.folder != "" && b.look() != b.cur.Load().stamp
}

// Reload reads all catalogues again. Problems of files are in [Bundle.Problems];
// their languages stay as they were.
func (b *Bundle) Reload() error {
	b.reading.Lock()
	defer b.reading.Unlock()
	return b.reload()
}

func (b *Bundle) reload() error {
	s, err := b.read()
	if err != nil {
		return err
	}
	b.cur.Store(s)
	return nil
}

// Problems says what is wrong with files in the operator's folder.
func (b *Bundle) Problems() []string { return b.cur.Load().problems }

// Texts are all texts of the program.
func (b *Bundle) Texts() []*po.Entry { return b.texts.Entries }

// Text is one text of the program, nil when there is none of this key.
func (b *Bundle) Text(k po.Key) *po.Entry { return b.byKey[k] }

// Put writes a translation into the operator's catalogue of a language that is
// offered, and reads it. credit names who translated, "" nobody. The file is whole
// at any time.
func (b *Bundle) Put(tag string, k po.Key, forms []string, credit string) error {
	b.reading.Lock()
	defer b.reading.Unlock()
	l, ok := b.cur.Load().locale(tag)
	m := b.Text(k)
	if !ok || l.msgs == nil || m == nil || b.folder == "" {
		return fmt.Errorf("i18n: no text %q to translate into %s", k.ID, tag)
	}
	name := filepath.Join(b.folder, l.tag+".po")
	f := &po.File{Comments: []string{"Translations made here. They replace those of the program."}, Order: headerOrder(), Header: l.header()}
	data, err := readBounded(name)
	if err == nil {
		f, err = po.Parse(data)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("i18n: read %s: %w", name, err)
	}
	e := &po.Entry{Key: k, Plural: m.Plural, Refs: m.Refs, Str: forms}
	if i := slices.IndexFunc(f.Entries, func(x *po.Entry) bool { return x.Key == k }); i >= 0 {
		f.Entries[i] = e
	} else {
		f.Entries = append(f.Entries, e)
	}
	f.Credit(credit)
	out := f.Bytes()
	if r := b.Check(l.tag+".po", out); len(r.Errors) > 0 {
		return fmt.Errorf("i18n: %s would not be used: %s", name, r.Errors[0])
	}
	if err := writeWhole(name, out); err != nil {
		return fmt.Errorf("i18n: write %s: %w", name, err)
	}
	return b.reload()
}

func headerOrder() []string {
	return []string{"Language", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Plural-Forms", languageName}
}

// languageName is the header that names a language which has no table here.
const languageName = "X-Language-Name"

func (l *Locale) header() map[string]string {
	return map[string]string{
		"Language": l.tag, "MIME-Version": "1.0", "Content-Type": "text/plain; charset=UTF-8",
		"Content-Transfer-Encoding": "8bit", "Plural-Forms": l.plural.String(), languageName: l.Name(),
	}
}

// Catalogue is everything that is translated into a language, and everything
// that is not, as a file for translation tools.
func (b *Bundle) Catalogue(l *Locale) *po.File {
	f := &po.File{Comments: []string{"Texts of Convoke in " + l.Name() + "."}, Order: headerOrder(), Header: l.header()}
	for _, name := range l.credits {
		f.Credit(name)
	}
	for _, m := range b.texts.Entries {
		e := *m
		if e.Str = l.Forms(m.Key); e.Str == nil {
			n := 1
			if m.Plural != "" {
				n = l.Count()
			}
			e.Str = make([]string, n)
		}
		f.Entries = append(f.Entries, &e)
	}
	return f
}

// Start is an empty catalogue of a language; name is what it calls itself, and
// rule its Plural-Forms.
func (b *Bundle) Start(tag, name, rule string) (*po.File, error) {
	t, err := language.Parse(tag)
	if err != nil || t.String() != tag || tag == "en" {
		return nil, fmt.Errorf("%q is not the tag of another language than English, such as uk or pt-BR", tag)
	}
	l := newLocale(tag, plainTable(tag, name))
	if known, ok := tableOf(tag); ok {
		l.table = known
	}
	if l.plural, err = po.ParsePlural(rule); err != nil {
		return nil, err
	}
	l.msgs = map[po.Key][]string{}
	return b.Catalogue(l), nil
}

// writeWhole replaces a file so that a reader finds the old or the new one.
func writeWhole(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	_, err = bytes.NewReader(data).WriteTo(tmp)
	if err == nil {
		err = tmp.Sync()
	}
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}
