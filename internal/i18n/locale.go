package i18n

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"convoke/internal/i18n/po"
)

// Locale speaks one language. It does not change and may be used by many
// goroutines.
type Locale struct {
	tag      string
	table    table
	plural   po.Plural
	msgs     map[po.Key][]string // translations, one for each plural form
	complete int
	credits  []string     // see [Locale.Credits]
	key      string       // see [Locale.Key]
	seen     func(po.Key) // of a recording locale, else nil
	mark     bool         // what is not translated stands in brackets
	variants *variants
	shape    func(string) string // of a pseudo locale, else nil
	sorters  *sync.Pool          // of *collate.Collator, which is not shareable
}

func newLocale(tag string, t table) *Locale {
	return &Locale{
		tag: tag, table: t, complete: 100, key: tag, variants: &variants{},
		sorters: &sync.Pool{New: func() any {
			return collate.New(language.Make(tag), collate.Numeric)
		}},
	}
}

// English is the locale of the program's own texts, for where no catalogue is read.
func English() *Locale { return newLocale("en", english()) }

// fill takes the confirmed translations of a catalogue.
func (l *Locale) fill(f *po.File) error {
	l.msgs, l.credits = make(map[po.Key][]string, len(f.Entries)), f.Credits()
	for _, e := range f.Entries {
		if !e.Translated() {
			continue
		}
		if e.Plural != "" && len(e.Str) != l.plural.Count() {
			return fmt.Errorf("%q has %d forms, the language %d", e.ID, len(e.Str), l.plural.Count())
		}
		l.msgs[e.Key] = e.Str
	}
	return nil
}

// count finds how much of the program's texts is translated.
func (l *Locale) count(texts *po.File) {
	n := 0
	for _, e := range texts.Entries {
		if _, ok := l.msgs[e.Key]; ok {
			n++
		}
	}
	if len(texts.Entries) > 0 {
		l.complete = 100 * n / len(texts.Entries)
	}
}

// Key names the locale and the reading of its catalogue: what was made with one
// key says the same as long as the key is the same.
func (l *Locale) Key() string { return l.key }

// Tag is the BCP 47 tag, for the lang attribute.
func (l *Locale) Tag() string { return l.tag }

// Dir is "ltr" or "rtl", for the dir attribute.
func (l *Locale) Dir() string {
	if l.table.rtl {
		return "rtl"
	}
	return "ltr"
}

// Name is the language's name in itself.
func (l *Locale) Name() string { return l.table.name }

// Complete is the percentage of texts with a translation, rounded down.
func (l *Locale) Complete() int { return l.complete }

// Credits are the names of who translated, as they want to be named.
func (l *Locale) Credits() []string { return l.credits }

// T translates msg, the English text, and fills its {placeholders} from args,
// which are name, value pairs. Integers are written as the locale writes
// them, fractions with at most two decimals, a time.Time as [Locale.DateShort],
// a fmt.Stringer by its method. A placeholder without a value stays as it is.
// The result is plain text, not HTML.
func (l *Locale) T(msg string, args ...any) string { return l.C("", msg, args...) }

// C is T for an English text that needs different translations in different
// contexts; the context is a short English hint, as "button".
func (l *Locale) C(context, msg string, args ...any) string {
	k := po.Key{Context: context, ID: msg}
	if l.seen != nil {
		l.seen(k)
	}
	s, ok := l.msgs[k]
	if ok {
		return l.format(s[0], nil, args)
	}
	return l.fallback(l.format(msg, nil, args))
}

// N translates a text that depends on the number n: one is English for
// exactly 1, other for any other number; the translation has as many forms as
// its language. {n} in the text is the number as the locale writes it.
func (l *Locale) N(one, other string, n int, args ...any) string {
	if l.seen != nil {
		l.seen(po.Key{ID: one})
	}
	if s, ok := l.msgs[po.Key{ID: one}]; ok {
		return l.format(s[min(l.plural.Form(int64(n)), len(s)-1)], &n, args)
	}
	if n == 1 || n == -1 {
		return l.fallback(l.format(one, &n, args))
	}
	return l.fallback(l.format(other, &n, args))
}

// format fills placeholders; n, when given, is the value of {n}.
func (l *Locale) format(text string, n *int, args []any) string {
	if l.shape == nil && !strings.Contains(text, "{") {
		return text
	}
	var b strings.Builder
	if l.shape != nil {
		b.WriteString(l.table.open)
	}
	for text != "" {
		lit, name, rest := nextPlaceholder(text)
		if l.shape != nil {
			lit = l.shape(lit)
		}
		b.WriteString(lit)
		if name != "" {
			b.WriteString(l.lookUp(name, n, args))
		}
		text = rest
	}
	if l.shape != nil {
		b.WriteString(l.table.close)
	}
	return b.String()
}

func (l *Locale) lookUp(name string, n *int, args []any) string {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			return l.value(args[i+1])
		}
	}
	if n != nil && name == "n" {
		return l.Number(int64(*n))
	}
	return "{" + name + "}"
}

// nextPlaceholder splits text at its first {name}; name is "" when there is
// none. Names are letters, digits and underscores; other braces are text.
func nextPlaceholder(text string) (lit, name, rest string) {
	for i := 0; i < len(text); i++ {
		if text[i] != '{' {
			continue
		}
		j := i + 1
		for j < len(text) && isNameByte(text[j]) {
			j++
		}
		if j > i+1 && j < len(text) && text[j] == '}' {
			return text[:i], text[i+1 : j], text[j+1:]
		}
	}
	return text, "", ""
}

func isNameByte(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// Placeholders are the distinct names within {braces} in msg, sorted.
func Placeholders(msg string) []string {
	var names []string
	for msg != "" {
		_, name, rest := nextPlaceholder(msg)
		if name != "" {
			names = append(names, name)
		}
		msg = rest
	}
	slices.Sort(names)
	return slices.Compact(names)
}
