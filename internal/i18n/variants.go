package i18n

import (
	"strings"
	"sync"

	"convoke/internal/i18n/po"
)

// variants are other ways in which a locale speaks, made when first asked for.
type variants struct {
	once   sync.Once
	marked *Locale
}

// Marked is the locale with every text that has no translation in ⟦brackets⟧,
// for translators who look at a page. It is the locale itself where nothing can
// be missing.
func (l *Locale) Marked() *Locale {
	if l.msgs == nil || l.mark {
		return l
	}
	l.variants.once.Do(func() {
		m := *l
		m.mark, m.key = true, l.key+"\x00mark"
		l.variants.marked = &m
	})
	return l.variants.marked
}

// fallback is how an English text is shown that has no translation.
func (l *Locale) fallback(text string) string {
	if !l.mark {
		return text
	}
	return "⟦" + text + "⟧"
}

// Recorder notes the texts that were looked up, each once, in their order.
type Recorder struct {
	mu   sync.Mutex
	seen map[po.Key]bool
	keys []po.Key
}

// Keys are what was noted.
func (r *Recorder) Keys() []po.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys
}

func (r *Recorder) note(k po.Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.seen[k] {
		r.seen[k] = true
		r.keys = append(r.keys, k)
	}
}

// Recording is a locale that says the same as l and notes in r what it was
// asked for. What is made with it must not be kept: see [Locale.Records].
func (l *Locale) Recording() (*Locale, *Recorder) {
	r := &Recorder{seen: map[po.Key]bool{}}
	c := *l
	c.seen = r.note
	return &c, r
}

// Records reports whether the locale notes what it is asked for.
func (l *Locale) Records() bool { return l.seen != nil }

// Has reports whether a text has a translation; in English every text has.
func (l *Locale) Has(k po.Key) bool {
	_, ok := l.msgs[k]
	return ok || l.msgs == nil
}

// Forms is a text's translation, one for each plural form, or nil.
func (l *Locale) Forms(k po.Key) []string { return l.msgs[k] }

// Count is the number of plural forms of the language.
func (l *Locale) Count() int {
	if l.msgs == nil {
		return 2
	}
	return l.plural.Count()
}

// Samples are small numbers that take a plural form, at most three.
func (l *Locale) Samples(form int) []int {
	if l.msgs == nil {
		return nil
	}
	return samples(l.plural, form)
}

func samples(rule po.Plural, form int) []int {
	var out []int
	for n := 0; n <= 1000 && len(out) < 3; n++ {
		if rule.Form(int64(n)) == form {
			out = append(out, n)
		}
	}
	return out
}

// Check is [CheckForms] with the locale's own rule.
func (l *Locale) Check(id, plural string, forms []string) []Mistake {
	return CheckForms(id, plural, forms, l.plural)
}

// Fill shows what a text of the translator's would say: its placeholders keep
// their names, but {n} is the number.
func (l *Locale) Fill(text string, n int) string {
	return strings.TrimSpace(l.format(text, &n, nil))
}

// Translatable reports whether the locale has a catalogue: English and the
// pseudo locales have none.
func (l *Locale) Translatable() bool { return l.msgs != nil }
