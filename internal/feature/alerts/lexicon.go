package alerts

import (
	"strings"

	"convoke/internal/geo"
	"convoke/internal/i18n"
)

// sense is what a phrase says in a message.
type sense int

const (
	saysWhat sense = iota // its value is a category
	saysHow               // "seen" or "heard"
	saysNow
	saysAgo // stands before or behind a time
	saysMinutes
	saysHours
	saysAt  // stands before a place
	saysAdd // stands before the code of a report
)

// phrase is one way to say something.
type phrase struct {
	words  []string // folded
	says   sense
	value  string
	locale int
	whole  bool // the name of a category, which may have commas in it
}

// lexicon knows the phrases of all languages, by their first word.
type lexicon struct {
	locales []*i18n.Locale
	by      map[string][]phrase
}

// The words of messages: lists with commas between, of which answers name the first.
func seenWords() string  { return i18n.Mark("seen, I saw, I see, saw") }
func heardWords() string { return i18n.Mark("heard, I heard, was told") }
func addWords() string   { return i18n.Mark("add") }

func newLexicon(locales []*i18n.Locale) *lexicon {
	x := &lexicon{locales, map[string][]phrase{}}
	for i, l := range locales {
		for _, c := range Categories() {
			x.learn(i, saysWhat, c.Code, l.T(c.Name), c.Code, l.T(c.Words))
		}
		x.learn(i, saysHow, "seen", l.T(seenWords()))
		x.learn(i, saysHow, "heard", l.T(heardWords()))
		x.learn(i, saysNow, "", l.T("now, right now, just now"))
		x.learn(i, saysAgo, "", l.T("ago, since"))
		x.learn(i, saysMinutes, "", l.T("min, mins, minute, minutes"))
		x.learn(i, saysHours, "", l.T("h, hour, hours"))
		x.learn(i, saysAt, "", l.T("in, at, near"))
		x.learn(i, saysAdd, "", l.T(addWords()))
	}
	return x
}

// learn takes in phrases of a language. Of several lists the first is one phrase.
func (x *lexicon) learn(locale int, says sense, value string, lists ...string) {
	for i, list := range lists {
		all := items(list)
		whole := len(lists) > 1 && i == 0
		if whole {
			all = []string{list}
		}
		for _, p := range all {
			if words := strings.Fields(geo.Fold(p)); len(words) > 0 {
				x.by[words[0]] = append(x.by[words[0]], phrase{words, says, value, locale, whole})
			}
		}
	}
}

// items are those of a list that is one text.
func items(list string) (out []string) {
	for _, p := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(",،;؛、", r) }) {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// firstOf is how answers in a language say the first word of a list.
func firstOf(l *i18n.Locale, list string) string {
	if all := items(l.T(list)); len(all) > 0 {
		return all[0]
	}
	return items(list)[0]
}
