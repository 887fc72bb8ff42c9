package alerts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"convoke/internal/geo"
	"convoke/internal/i18n"
)

// Bounds of what is read of a message.
const (
	maxRead       = 2000 // bytes; more than a note may have in any case
	maxPlaceWords = 8
)

// reading is what a message says. It is fit for a report when [reading.missing] is empty.
type reading struct {
	Locale     *i18n.Locale
	Category   string
	Place      geo.Place
	Placed     bool
	How        string // "seen" or "heard"
	Ago        string // minutes
	Note       string
	fields     []string // of the note
	manyKinds  bool
	manyPlaces bool
	elsewhere  bool // a place that no network watches
	bothWays   bool // seen, and heard
}

// missing are the fields of the form that have to be asked for.
func (r *reading) missing() (out []string) {
	if r.Category == "" || r.manyKinds {
		out = append(out, "category")
	}
	if !r.Placed || r.manyPlaces {
		out = append(out, "place")
	}
	if r.How == "" || r.bothWays {
		out = append(out, "first_hand")
	}
	return out
}

// reader reads messages.
type reader struct {
	*lexicon
	places  Places
	watched func(geo.GridCell) bool // by a network
}

// word is one of a message; begins says that a field may begin with it.
type word struct {
	start, end int // in the text
	fold       string
	begins     bool
}

// scan is one run over a message.
type scan struct {
	*reader
	reading
	text  string
	words []word
	at    int
	after int   // where the last phrase ended
	votes []int // for each language
}

// read reads a message, of which body is where the text begins behind a subject. What it
// is about, where and whether it was seen are taken only where they stand by themselves:
// at the start, between commas or other marks, or beside each other. It guesses nothing:
// what is said in two ways counts as not said. Everything else is the note.
func (r *reader) read(text string, body int, usual *i18n.Locale) reading {
	s := scan{reader: r, text: text, votes: make([]int, len(r.locales))}
	if len(text) > maxRead {
		s.fields = []string{text}
	} else {
		s.words = split(text)
	}
	for s.at < len(s.words) {
		lead := s.at == 0 || s.words[s.at].start >= body && s.words[s.at-1].start < body
		if !s.how() && !s.when() && !s.what(lead) && !s.where() {
			s.pass()
		}
	}
	if s.Ago == "" {
		s.Ago = "0"
	}
	s.Note = note(s.fields)
	s.Locale = s.language(usual)
	return s.reading
}

func note(fields []string) string { return strings.TrimRight(strings.Join(fields, " "), " ,;:،؛、") }

// split finds the words, and where fields begin.
func split(text string) (out []word) {
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }
	last := 0
	for at := 0; at < len(text); {
		from := strings.IndexFunc(text[at:], inWord)
		if from < 0 {
			break
		}
		from += at
		to := strings.IndexFunc(text[from:], func(r rune) bool { return !inWord(r) })
		if to < 0 {
			to = len(text) - from
		}
		to += from
		if n := strings.IndexFunc(text[from:to], func(r rune) bool { return !unicode.IsDigit(r) }); n > 0 {
			to = from + n // "5min"
		}
		out = append(out, word{from, to, geo.Fold(text[from:to]), len(out) == 0 || parts(text[last:from])})
		at, last = to, to
	}
	return out
}

// parts reports whether what stands between two words parts fields.
func parts(gap string) bool {
	return strings.ContainsAny(gap, ",;:!?\n|/()،؛؟、。–—") || strings.Contains(gap, " - ") || strings.Contains(gap, ".") && strings.ContainsFunc(gap, unicode.IsSpace)
}

// raw is the text of some words, with the sign before a number.
func (s *scan) raw(from, to int) string {
	start := s.words[from].start
	if start > 0 && s.text[start-1] == '-' && (start == 1 || strings.ContainsRune(" \n,;:", rune(s.text[start-2]))) {
		start--
	}
	return s.text[start:s.words[to-1].end]
}

// ends reports whether a field ends before a word.
func (s *scan) ends(i int) bool { return i == len(s.words) || s.words[i].begins }

// stops reports whether a place may end before a word.
func (s *scan) stops(i int) bool {
	if s.ends(i) {
		return true
	}
	_, how := s.match(saysHow, i)
	_, when := s.minutes(i)
	return how+when > 0
}

// match finds the longest phrase of a sense at a word, with everything that it may mean.
func (s *scan) match(says sense, i int) (values []string, n int) {
	if i >= len(s.words) {
		return nil, 0
	}
	for _, p := range s.by[s.words[i].fold] {
		if p.says != says || len(p.words) < n || !s.there(&p, i) {
			continue
		}
		if len(p.words) > n {
			values, n = nil, len(p.words)
		}
		if !slices.Contains(values, p.value) {
			values = append(values, p.value)
		}
	}
	return values, n
}

func (s *scan) there(p *phrase, i int) bool {
	if i+len(p.words) > len(s.words) {
		return false
	}
	for k, w := range p.words {
		if s.words[i+k].fold != w || k > 0 && s.words[i+k].begins && !p.whole {
			return false
		}
	}
	return true
}

// take goes past a phrase, which speaks for its languages.
func (s *scan) take(says sense, n int) {
	for _, p := range s.by[s.words[s.at].fold] {
		if p.says == says && len(p.words) == n && s.there(&p, s.at) {
			s.votes[p.locale]++
		}
	}
	s.at += n
	s.after = s.at
}

// how reads whether it was seen. What stands there first counts, unless the other one is a
// field by itself.
func (s *scan) how() bool {
	values, n := s.match(saysHow, s.at)
	switch {
	case n == 0:
		return false
	case len(values) > 1:
		s.bothWays = true
	case s.How == "":
		s.How = values[0]
	case !s.words[s.at].begins || !s.ends(s.at+n):
		return false
	default:
		s.bothWays = s.bothWays || s.How != values[0]
	}
	s.take(saysHow, n)
	return true
}

// when reads a time once.
func (s *scan) when() bool {
	ago, n := s.minutes(s.at)
	if n == 0 || s.Ago != "" {
		return false
	}
	s.Ago = ago
	s.take(saysNow, n)
	return true
}

// minutes reads "now", or a number of minutes or hours with a word that says that they are
// over. It answers with the next of the form's choices, or, where there is none, what the form
// refuses.
func (s *scan) minutes(i int) (ago string, n int) {
	if _, n := s.match(saysNow, i); n > 0 {
		return "0", n
	}
	_, before := s.match(saysAgo, i)
	at := i + before
	if at >= len(s.words) {
		return "", 0
	}
	digits := plain(s.words[at].fold)
	count, err := strconv.Atoi(digits)
	if err != nil || len(digits) > 4 {
		return "", 0
	}
	at++
	_, minutes := s.match(saysMinutes, at)
	_, hours := s.match(saysHours, at)
	if minutes+hours == 0 || minutes > 0 && hours > 0 {
		return "", 0
	}
	if at += minutes + hours; hours > 0 {
		count *= 60
	}
	if _, behind := s.match(saysAgo, at); before+behind > 0 {
		all := sinces()
		if k := slices.IndexFunc(all, func(m int) bool { return m >= count }); k >= 0 {
			count = all[k]
		}
		return strconv.Itoa(count), at + behind - i
	}
	return "", 0
}

// what reads what it is about, at the start of a message, or as a field by itself, or between
// others.
func (s *scan) what(lead bool) bool {
	values, n := s.match(saysWhat, s.at)
	if n == 0 {
		return false
	}
	_, place := s.named(s.behind(s.at + n))
	alone := (s.words[s.at].begins || s.at == s.after) && (place > 0 || s.stops(s.at+n))
	switch {
	case !alone && (!lead || s.Category != ""):
		return false
	case len(values) > 1:
		s.manyKinds = true
	case s.Category == "":
		s.Category = values[0]
	case s.Category == values[0]:
		return false // more of the note
	default:
		s.manyKinds = true
	}
	s.take(saysWhat, n)
	return true
}

// where reads a place that a network watches. The longest name counts: who writes "Halle,
// Belgium" means no other Halle.
func (s *scan) where() bool {
	from := s.behind(s.at)
	found, end := s.named(from)
	if end == 0 {
		return false
	}
	s.manyPlaces = s.manyPlaces || s.goesOn(from, end, found)
	found = slices.DeleteFunc(found, func(p geo.Place) bool { return !s.watched(geo.GridAt(p.Point)) })
	for _, p := range found {
		if s.Placed && geo.GridAt(p.Point) != geo.GridAt(s.Place.Point) {
			s.manyPlaces = true
		}
		if !s.Placed {
			s.Place, s.Placed = p, true
		}
	}
	if len(found) == 0 {
		s.elsewhere = true
		if !strings.ContainsFunc(s.raw(from, end), unicode.IsLetter) {
			s.at = end // coordinates are no note
			return true
		}
		s.keep(end)
		return true
	}
	s.at, s.after = end, end
	return true
}

// behind is where a place begins: after a word such as "in".
func (s *scan) behind(at int) int {
	_, n := s.match(saysAt, at)
	return at + n
}

// named finds the longest name of a place that begins at a word, and where it ends; 0 for none.
func (s *scan) named(from int) ([]geo.Place, int) {
	if from >= len(s.words) {
		return nil, 0
	}
	for to := min(from+maxPlaceWords, len(s.words)); to > from; to-- {
		if !s.stops(to) {
			continue
		}
		if found := s.places.Named(s.raw(from, to), 100); len(found) > 0 {
			return found, to
		}
	}
	return nil, 0
}

// goesOn reports whether a longer name, though it is no field, is of another place: as in
// "Halle, Belgium burns".
func (s *scan) goesOn(from, end int, found []geo.Place) bool {
	for to := end + 1; to <= min(from+maxPlaceWords, len(s.words)); to++ {
		for _, p := range s.places.Named(s.raw(from, to), 100) {
			if geo.GridAt(p.Point) != geo.GridAt(found[0].Point) {
				return true
			}
		}
	}
	return false
}

// pass leaves a field to the note.
func (s *scan) pass() {
	to := s.at + 1
	for !s.ends(to) {
		to++
	}
	s.keep(to)
}

// keep adds the words up to one to the note, with the marks behind them.
func (s *scan) keep(to int) {
	end := len(s.text)
	if to < len(s.words) {
		end = s.words[to].start
	}
	s.fields = append(s.fields, strings.TrimSpace(s.text[s.words[s.at].start:end]))
	s.at = to
}

// language is the one that most words were of; between several the usual one, or the first.
// Without any it is one of the message's script.
func (s *scan) language(usual *i18n.Locale) *i18n.Locale {
	best := slices.Max(s.votes)
	if best == 0 {
		return s.written(usual)
	}
	var out *i18n.Locale
	for i, l := range s.locales {
		if s.votes[i] == best && (out == nil || l == usual) {
			out = l
		}
	}
	return out
}

func (s *scan) written(usual *i18n.Locale) *i18n.Locale {
	for _, l := range append([]*i18n.Locale{usual}, s.locales...) {
		if scriptOf(l.Name()) == scriptOf(s.text) {
			return l
		}
	}
	return usual
}

// scriptOf is that of the first letter.
func scriptOf(text string) string {
	for _, r := range text {
		if !unicode.IsLetter(r) {
			continue
		}
		for name, table := range unicode.Scripts {
			if unicode.Is(table, r) {
				return name
			}
		}
	}
	return ""
}

// point writes a place for the form, to a few centimetres.
func point(p geo.Point) string { return fmt.Sprintf("%.6f, %.6f", p.Lat, p.Lon) }
