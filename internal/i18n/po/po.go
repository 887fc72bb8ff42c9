package po

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxPlurals bounds the plural forms of a language; Arabic, with six, has the
// most of any living one.
const MaxPlurals = 6

// Key identifies an entry within a catalogue.
type Key struct {
	Context string // msgctxt, or "" for none
	ID      string // msgid: the English text
}

// Entry is one message.
type Entry struct {
	Key
	Plural   string   // msgid_plural: the English plural, or "" for none
	Str      []string // msgstr: one, or one for each plural form
	Comments []string // translator comments, "# ..."
	Notes    []string // comments taken from the code, "#. ..."
	Refs     []string // places of use, "#: ..."
	Flags    []string // "#, ...", as "fuzzy"
	line     int
}

// Fuzzy reports whether a tool guessed the translation and nobody confirmed
// it; such a text is never shown.
func (e *Entry) Fuzzy() bool { return slices.Contains(e.Flags, "fuzzy") }

// Translated reports whether every form of the entry can be shown.
func (e *Entry) Translated() bool {
	return len(e.Str) > 0 && !e.Fuzzy() && !slices.Contains(e.Str, "")
}

// File is a parsed catalogue.
type File struct {
	Comments []string          // above the header
	Header   map[string]string // by name, as "Plural-Forms"
	Order    []string          // header names in the order of the file
	Entries  []*Entry          // in the order of the file, header excluded
}

// Parse reads a catalogue. Errors name the line; a duplicate entry, a plural
// without its forms in order, an unknown keyword or escape, and text that is
// not UTF-8 are errors.
func Parse(data []byte) (*File, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("po: not UTF-8")
	}
	p := &parser{file: &File{Header: map[string]string{}}, seen: map[Key]int{}}
	text := strings.TrimPrefix(string(data), "\ufeff")
	for raw := range strings.Lines(text) {
		p.line++
		if err := p.take(strings.TrimSpace(raw)); err != nil {
			return nil, fmt.Errorf("po: line %d: %w", p.line, err)
		}
	}
	if err := p.flush(); err != nil {
		return nil, fmt.Errorf("po: line %d: %w", p.line, err)
	}
	return p.file, nil
}

// parser holds the entry being read; target is where a continuation line goes.
type parser struct {
	file    *File
	seen    map[Key]int
	line    int
	cur     *Entry
	hasID   bool
	hasCtx  bool
	hasPlur bool
	target  *string
}

func (p *parser) take(s string) error {
	switch {
	case s == "":
		return p.flush()
	case strings.HasPrefix(s, "#~"):
		return p.flush()
	case s[0] == '#':
		return p.comment(s)
	case s[0] == '"':
		if p.target == nil {
			return errors.New("a string that belongs to nothing")
		}
		v, err := unquote(s)
		*p.target += v
		return err
	}
	word, rest, _ := strings.Cut(s, " ")
	v, err := unquote(strings.TrimSpace(rest))
	if err != nil {
		return err
	}
	return p.keyword(word, v)
}

func (p *parser) comment(s string) error {
	// A comment starts a new entry unless only comments were read so far.
	if p.hasID || p.hasCtx {
		if err := p.flush(); err != nil {
			return err
		}
	}
	e := p.entry()
	body := strings.TrimSpace(s[1:])
	if len(s) > 1 && strings.ContainsRune(".:,|", rune(s[1])) {
		body = strings.TrimSpace(s[2:])
	}
	switch {
	case strings.HasPrefix(s, "#."):
		e.Notes = append(e.Notes, body)
	case strings.HasPrefix(s, "#:"):
		e.Refs = append(e.Refs, strings.Fields(body)...)
	case strings.HasPrefix(s, "#,"):
		for f := range strings.SplitSeq(body, ",") {
			if f = strings.TrimSpace(f); f != "" {
				e.Flags = append(e.Flags, f)
			}
		}
	case strings.HasPrefix(s, "#|"): // the previous msgid, a hint for tools
	default:
		e.Comments = append(e.Comments, body)
	}
	return nil
}

func (p *parser) entry() *Entry {
	if p.cur == nil {
		p.cur = &Entry{line: p.line}
	}
	return p.cur
}

func (p *parser) keyword(word, v string) error {
	switch word {
	case "msgctxt":
		return p.context(v)
	case "msgid":
		return p.id(v)
	}
	if !p.hasID {
		return fmt.Errorf("%s before msgid", clip(word))
	}
	e := p.entry()
	if word == "msgid_plural" {
		if p.hasPlur || len(e.Str) > 0 {
			return errors.New("msgid_plural out of place")
		}
		e.Plural, p.target, p.hasPlur = v, &e.Plural, true
		return nil
	}
	want := "msgstr"
	if p.hasPlur {
		want = fmt.Sprintf("msgstr[%d]", len(e.Str))
	} else if len(e.Str) > 0 {
		return errors.New("a second msgstr without a plural")
	}
	if word != want {
		return fmt.Errorf("expected %s, found %s", want, clip(word))
	}
	if len(e.Str) == MaxPlurals {
		return fmt.Errorf("more than %d plural forms", MaxPlurals)
	}
	e.Str = append(e.Str, v)
	p.target = &e.Str[len(e.Str)-1]
	return nil
}

func (p *parser) context(v string) error {
	if p.hasID {
		if err := p.flush(); err != nil {
			return err
		}
	}
	if p.hasCtx {
		return errors.New("two contexts")
	}
	e := p.entry()
	e.Context, p.target, p.hasCtx = v, &e.Context, true
	return nil
}

func (p *parser) id(v string) error {
	if p.hasID {
		if err := p.flush(); err != nil {
			return err
		}
	}
	e := p.entry()
	e.ID, p.target, p.hasID = v, &e.ID, true
	return nil
}

// flush ends the current entry and files it.
func (p *parser) flush() error {
	e, had := p.cur, p.hasID
	hadCtx, hadPlur := p.hasCtx, p.hasPlur
	p.cur, p.target, p.hasID, p.hasCtx, p.hasPlur = nil, nil, false, false, false
	if e == nil || (!had && !hadCtx) {
		return nil // nothing, or comments on their own
	}
	if !had {
		return errors.New("a context without a msgid")
	}
	if len(e.Str) == 0 {
		return errors.New("a msgid without a msgstr")
	}
	if hadPlur && e.Plural == "" {
		return errors.New("an empty msgid_plural")
	}
	if first, dup := p.seen[e.Key]; dup {
		return fmt.Errorf("%q is already at line %d", clip(e.ID), first)
	}
	p.seen[e.Key] = e.line
	if e.Key == (Key{}) {
		p.header(e)
		return nil
	}
	if e.ID == "" {
		return errors.New("an empty msgid")
	}
	p.file.Entries = append(p.file.Entries, e)
	return nil
}

func (p *parser) header(e *Entry) {
	p.file.Comments = e.Comments
	for line := range strings.SplitSeq(e.Str[0], "\n") {
		name, value, ok := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		if !ok || name == "" {
			continue
		}
		if _, dup := p.file.Header[name]; !dup {
			p.file.Order = append(p.file.Order, name)
		}
		p.file.Header[name] = strings.TrimSpace(value)
	}
}

func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// unquote reads a C string of the escapes that translation tools write.
func unquote(s string) (string, error) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", errors.New("expected a quoted string")
	}
	s = s[1 : len(s)-1]
	if !strings.ContainsAny(s, `\"`) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			return "", errors.New("a quotation mark inside a string needs a backslash")
		}
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		if i == len(s) {
			return "", errors.New("a string ends in a backslash")
		}
		at := strings.IndexByte(`nrt"\`, s[i])
		if at < 0 {
			return "", fmt.Errorf("unknown escape \\%c", s[i])
		}
		b.WriteByte("\n\r\t\"\\"[at])
	}
	return b.String(), nil
}
