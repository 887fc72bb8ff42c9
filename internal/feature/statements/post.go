package statements

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"convoke/internal/day"
	"convoke/internal/frontmatter"
	"convoke/internal/geo"
	"convoke/internal/markdown"
	"convoke/internal/slug"
)

// head is the front matter that a statement is written with. Site generators
// know most of the names; the others are ours.
type head struct {
	Title       string       `yaml:"title"`
	Date        string       `yaml:"date"`
	Lang        string       `yaml:"lang"`
	Slug        string       `yaml:"slug"`
	Author      string       `yaml:"author,omitempty"`
	Campaign    string       `yaml:"campaign,omitempty"` // its handle
	Tags        []string     `yaml:"tags,omitempty"`
	Draft       bool         `yaml:"draft,omitempty"`
	Image       string       `yaml:"image,omitempty"`
	ImageAlt    string       `yaml:"image_alt,omitempty"`
	Link        string       `yaml:"canonical_url,omitempty"`
	Updated     string       `yaml:"updated,omitempty"`
	Withdrawn   *headEnd     `yaml:"withdrawn,omitempty"`
	Corrections []headChange `yaml:"corrections,omitempty"`
	// Format says that the text is Markdown as it stands here, with nothing in it
	// that a site generator would run.
	Format int `yaml:"convoke"`
}

const headFormat = 1

type headEnd struct {
	Date string `yaml:"date"`
	Why  string `yaml:"why"`
}

type headChange struct {
	Date string `yaml:"date"`
	Lang string `yaml:"lang"`
	Note string `yaml:"note"`
}

// headOf is the front matter of one text. A version beside the file of the
// original says only what differs.
func headOf(s *Statement, t Text, of Campaign, beside bool) head {
	h := head{Title: t.Title, Date: day.ISO(s.Day), Lang: t.Lang, Slug: s.Slug, Format: headFormat}
	if beside {
		return h
	}
	h.Campaign = of.Handle
	h.Author, h.Tags, h.Draft, h.ImageAlt, h.Updated = s.Byline, s.Tags, s.State == Draft, s.PictureAlt, day.ISO(s.Revised)
	if s.State == Withdrawn {
		h.Withdrawn = &headEnd{day.ISO(s.Withdrawn), s.Why}
	}
	for _, c := range s.Corrections {
		h.Corrections = append(h.Corrections, headChange{day.ISO(c.Day), c.Lang, c.Note})
	}
	return h
}

// maxFile bounds a file that is read, and maxBody what is cleaned of it.
const (
	maxFile = 128 << 10
	maxBody = 64 << 10
)

// post is one file on its way in.
type post struct {
	slug    string
	text    Text
	version bool // beside an original: only the text counts
	day     int
	byline  string
	tags    []string
	state   State
	why     string
	ended   int // the day it was withdrawn
	revised int
	image   string // as the file names it, then its key
	named   string // as the file names it
	of      string // the handle of a campaign
	alt     string
	fixes   []Correction
	hash    []byte
	notes   []note
}

// defaults are what a file leaves open.
type defaults struct {
	lang  string
	site  string
	today int
}

// errLeft is why a file was left out.
type errLeft struct{ note }

func (e errLeft) Error() string { return e.code }

// known reports whether a field is read, or only says where the post once stood.
func known(field string) bool {
	return slices.Contains([]string{
		"title", "date", "lang", "language", "locale", "slug", "author", "authors", "tag", "tags", "keywords", "category", "categories",
		"draft", "published", "image", "picture", "image_alt", "canonical_url", "updated", "withdrawn", "corrections", "campaign", "convoke",
	}, field)
}

// readPost makes a post of a file. name is its path.
func readPost(name string, src []byte, d defaults) (post, frontmatter.Fields, error) {
	var p post
	left := func(code, value string) error { return errLeft{note{code, value}} }
	if len(src) > maxFile {
		return p, nil, left(codeLarge, "128 KiB")
	}
	if !utf8.Valid(src) {
		p.note(codeEncoding, "")
		src = bytes.ToValidUTF8(src, []byte("\ufffd"))
	}
	f, body, err := frontmatter.Read(bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n")))
	if err != nil {
		return p, nil, left(codeFrontMatter, err.Error())
	}
	base, nameDay, nameLang := nameOf(name)
	if len(body) > maxBody {
		return p, f, left(codeLong, fmt.Sprintf("%d KiB", markdown.MaxBytes>>10))
	}
	p.text.Markdown = strings.TrimSpace(plain(string(body)))
	if f.Text("convoke") == "" {
		c := cleaner{site: d.site}
		p.text.Markdown = markdown.Unwrap(c.clean(p.text.Markdown))
		p.notes = append(p.notes, c.notes...)
	}
	if p.text.Markdown == "" {
		return p, f, left(codeEmpty, "")
	}
	if p.text.HTML, err = render(p.text.Markdown); err != nil {
		return p, f, left(codeLong, fmt.Sprintf("%d KiB", markdown.MaxBytes>>10))
	}
	p.language(f, nameLang, d)
	p.dates(f, nameDay, d)
	p.title(f, base)
	if f.Text("convoke") == "" {
		if err := p.heading(); err != nil {
			return p, f, err
		}
	}
	p.details(f)
	if p.slug = slug.Of(f.Text("slug"), 2*slug.Length); p.slug == "" {
		p.slug = slug.Of(base, 2*slug.Length)
	}
	if p.slug == "" {
		p.slug = slug.Of(p.text.Title, slug.Length)
	}
	if p.slug == "" { // no plain letter anywhere
		p.slug = fmt.Sprintf("%d-%x", p.day, hashOfFile([]byte(base), nil)[:4])
	}
	return p, f, nil
}

func (p *post) note(code, value string) { p.notes = append(p.notes, note{code, value}) }

var dateInName = regexp.MustCompile(`(^|[^0-9])([0-9]{4}-[0-9]{2}-[0-9]{2})([^0-9]|$)`)

// nameOf takes a file's name apart: "2015-09-22-a-name.es.md".
func nameOf(path string) (base string, on int, lang string) {
	base = path[strings.LastIndexAny(path, `/\`)+1:]
	for _, ext := range [...]string{".md", ".markdown", ".txt"} {
		base = strings.TrimSuffix(base, ext)
	}
	if i := strings.LastIndexByte(base, '.'); i > 0 && knownLanguage(base[i+1:]) {
		base, lang = base[:i], base[i+1:]
	}
	if m := dateInName.FindStringSubmatchIndex(base); m != nil {
		if d, ok := day.Read(base[m[4]:m[5]]); ok {
			on = d
			base = base[:m[4]] + base[m[5]:]
		}
	}
	return base, on, lang
}

func (p *post) language(f frontmatter.Fields, nameLang string, d defaults) {
	p.version = nameLang != ""
	p.text.Lang = d.lang
	if nameLang != "" {
		p.text.Lang = nameLang
	}
	for _, field := range [...]string{"lang", "language", "locale"} {
		said := f.Text(field)
		if said == "" {
			continue
		}
		code, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(said), "_", "-"), "-")
		if knownLanguage(code) {
			p.text.Lang = code
		} else {
			p.note(codeLang, said)
		}
		return
	}
}

var firstHeading = regexp.MustCompile(`(?m)^#{1,6}[ \t]+(.+?)[ \t#]*$`)

func (p *post) title(f frontmatter.Fields, base string) {
	p.text.Title = p.short("title", f.Text("title"), maxTitle)
	if p.text.Title != "" {
		return
	}
	if m := firstHeading.FindStringSubmatch(p.text.Markdown); m != nil {
		p.text.Title = p.short("title", markdown.Plain(m[1], maxTitle), maxTitle)
	} else {
		p.text.Title = p.short("title", strings.NewReplacer("-", " ", "_", " ").Replace(base), maxTitle)
	}
	if p.text.Title == "" {
		p.text.Title = day.ISO(p.day)
	}
	p.note(codeNoTitle, p.text.Title)
}

// heading takes out a heading at the beginning that only repeats the title, which
// the page shows by itself.
func (p *post) heading() error {
	m := firstHeading.FindStringSubmatchIndex(p.text.Markdown)
	if m == nil || m[0] != 0 || geo.Fold(p.text.Markdown[m[2]:m[3]]) != geo.Fold(p.text.Title) {
		return nil
	}
	rest := strings.TrimSpace(p.text.Markdown[m[1]:])
	if rest == "" {
		return nil
	}
	p.note(codeHeading, "")
	p.text.Markdown = rest
	var err error
	p.text.HTML, err = render(rest)
	return err
}

func (p *post) dates(f frontmatter.Fields, nameDay int, d defaults) {
	p.state = Published
	if yes(f.Text("draft")) || f.Text("published") == "false" {
		p.state = Draft
	}
	p.day = p.oneDay(f.Text("date"))
	if p.day == 0 {
		p.day = nameDay
	}
	switch {
	case p.day == 0:
		p.day, p.state = d.today, Draft
		p.note(codeNoDate, "")
	case p.day > d.today && p.state == Published:
		p.state = Draft
		p.note(codeFuture, day.ISO(p.day))
	}
	if p.revised = p.oneDay(f.Text("updated")); p.revised > d.today {
		p.revised = 0
	}
	for _, w := range f.Records("withdrawn") {
		if day, ok := anyDay(w["date"]); ok && p.state == Published {
			p.state, p.ended, p.why = Withdrawn, day, p.short("withdrawn", w["why"], maxNote)
		}
	}
	for _, w := range f.Records("corrections") {
		day, ok := anyDay(w["date"])
		fix := Correction{Day: day, Lang: p.text.Lang, Note: p.short("corrections", w["note"], maxNote)}
		if !ok || fix.Note == "" {
			p.note(codeCorrection, "")
			continue
		}
		if knownLanguage(w["lang"]) {
			fix.Lang = w["lang"]
		}
		p.fixes = append(p.fixes, fix)
	}
}

func (p *post) oneDay(s string) int {
	day, ok := anyDay(s)
	if !ok && s != "" {
		p.note(codeDate, p.short("date", s, maxTag))
	}
	return day
}

// anyDay reads the day of a date as site generators write it. It is the day on
// the writer's calendar, whatever the time and its zone.
func anyDay(s string) (int, bool) {
	s = strings.TrimSpace(s)
	if len(s) >= 10 {
		if day, ok := day.Read(strings.ReplaceAll(s[:10], "/", "-")); ok {
			return day, true
		}
	}
	for _, layout := range [...]string{"2006-1-2", "January 2, 2006", "Jan 2, 2006", "2 January 2006", "2 Jan 2006", "Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 02 Jan 2006 15:04:05 MST"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1000 {
			return day.Of(t), true
		}
	}
	return 0, false
}

func yes(s string) bool { return s == "true" || s == "yes" || s == "on" }

func (p *post) details(f frontmatter.Fields) {
	names := f.List("author")
	if len(names) == 0 {
		names = f.List("authors")
	}
	p.byline = p.short("author", strings.Join(names, ", "), maxByline)
	for _, field := range [...]string{"tags", "tag", "keywords", "categories", "category"} {
		for _, s := range f.List(field) {
			for _, tag := range splitTags(plain(s)) {
				if tag = p.short(field, tag, maxTag); !slices.Contains(p.tags, tag) {
					p.tags = append(p.tags, tag)
				}
			}
		}
	}
	if len(p.tags) > maxTags {
		p.tags = p.tags[:maxTags]
		p.note(codeCut, "tags")
	}
	if p.image = f.Text("image"); p.image == "" {
		p.image = f.Text("picture")
	}
	p.of = handleOf(p.short("campaign", f.Text("campaign"), maxHandle))
	p.alt = p.short("image_alt", f.Text("image_alt"), maxAlt)
}

// short makes one line of s and cuts it at limit characters.
func (p *post) short(field, s string, limit int) string {
	s = strings.Join(strings.Fields(plain(s)), " ")
	if r := []rune(s); len(r) > limit {
		p.note(codeCut, field)
		return strings.TrimSpace(string(r[:limit-1])) + "…"
	}
	return s
}

// plain drops what could deceive a reader: control characters and marks that
// turn the direction of text, as forms do.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0xFEFF:
			return -1
		}
		return r
	}, norm.NFC.String(s))
}

// hashOfFile tells contents apart; it begins with a version, to be raised when
// imports begin to read more of files that were taken before.
func hashOfFile(src, picture []byte) []byte {
	const version = 1
	h := sha256.New()
	h.Write([]byte{version})
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(src))))
	h.Write(src)
	h.Write(picture)
	return h.Sum(nil)[:16]
}
