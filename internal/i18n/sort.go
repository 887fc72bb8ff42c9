package i18n

import (
	"cmp"
	"slices"

	"golang.org/x/text/collate"
)

// Less orders texts as readers of the language expect: case and accents
// decide last, "Ward 2" comes before "Ward 10". Different texts are never
// equal, so that an order is always the same.
func (l *Locale) Less(a, b string) bool {
	c := l.sorters.Get().(*collate.Collator)
	defer l.sorters.Put(c)
	return cmp.Or(c.CompareString(a, b), cmp.Compare(a, b)) < 0
}

// Sort orders texts by [Locale.Less].
func (l *Locale) Sort(texts []string) { SortBy(l, texts, func(s string) string { return s }) }

// SortBy orders items by a text of each; those with the same text keep their
// order.
func SortBy[S any](l *Locale, items []S, text func(S) string) {
	c := l.sorters.Get().(*collate.Collator)
	defer l.sorters.Put(c)
	slices.SortStableFunc(items, func(a, b S) int {
		x, y := text(a), text(b)
		return cmp.Or(c.CompareString(x, y), cmp.Compare(x, y))
	})
}
