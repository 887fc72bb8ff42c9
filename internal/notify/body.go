package notify

import (
	"errors"
	"html"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Body is what a message says, said once: [Body.Render] makes plain text and
// HTML of the same parts. The zero value has nothing to say.
type Body struct {
	Parts []Part
	// Footer tells in small letters why somebody gets the message and how to end
	// that.
	Footer []Part
}

// Part is a piece of a body; see [Paragraph], [Heading], [Facts], [Button] and
// [Link]. Its texts are plain and written by anybody.
type Part struct {
	kind      kind
	text, url string
	facts     []Fact
}

type kind int

const (
	paragraph kind = iota
	heading
	facts
	button
	link
)

// Fact is a thing and its name, as in Label "When" and Value "Saturday, 2 May".
type Fact struct{ Label, Value string }

// Paragraph is text; its line breaks are kept. An empty one is left out.
func Paragraph(text string) Part { return Part{kind: paragraph, text: text} }

// Heading is the title of what follows.
func Heading(text string) Part { return Part{kind: heading, text: text} }

// Facts are shown a line each; those without a value are left out.
func Facts(all ...Fact) Part { return Part{kind: facts, facts: all} }

// Button is what a message is for: what a link does, and its address, in a
// frame. There should be one at most.
func Button(label, address string) Part { return Part{kind: button, text: label, url: address} }

// Link is what a link does, and its address. Addresses begin with https:// or
// http://, have a host in ASCII and no user; they are always shown as they are,
// so that no text can lead elsewhere than it says.
func Link(label, address string) Part { return Part{kind: link, text: label, url: address} }

// CanLink reports whether an address is one that [Link] and [Button] lead to.
func CanLink(address string) bool {
	_, err := webAddress(address)
	return err == nil
}

var errLink = errors.New("a link has no address of the web")

// webAddress is the one way in which an address is written, in ASCII.
func webAddress(s string) (string, error) {
	if plainAddress(s) {
		return s, nil
	}
	return parsedAddress(s)
}

func parsedAddress(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil ||
		strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>"\%`, r) }) {
		return "", errLink // the cause quotes it
	}
	if out := u.String(); !strings.ContainsFunc(out, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>"\`, r) }) {
		return out, nil
	}
	return "", errLink
}

// plainAddress reports an address that is written in the one way already: of a host in
// small letters, and a path of letters, digits and few signs. Most are.
func plainAddress(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	host, path, _ := strings.Cut(rest, "/")
	return ok && dotted(host, func(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' }) &&
		only(path, func(c byte) bool { return idByte(c) || c == '/' || c == '_' })
}

// draft is both forms of a body as they grow.
type draft struct{ text, html strings.Builder }

// Render makes both forms. The HTML has no pictures, no colours, no script and
// nothing that is loaded from elsewhere: it shows as the reader's program likes,
// bright or dark. lang is a BCP 47 tag or empty; it gives the direction of
// writing. The error is for a link whose address is none.
func (b Body) Render(subject, lang string) (text, page string, err error) {
	var d draft
	d.open(oneLine(subject), lang)
	if err := d.parts(b.Parts); err != nil {
		return "", "", err
	}
	if len(b.Footer) > 0 {
		d.html.WriteString("<hr>\n<div style=\"font-size:smaller\">\n")
		if err := d.parts(b.Footer); err != nil {
			return "", "", err
		}
		d.html.WriteString("</div>\n")
	}
	d.html.WriteString("</div>\n</body>\n</html>\n")
	return d.text.String(), d.html.String(), nil
}

func (d *draft) open(title, lang string) {
	attrs := ""
	if t, err := language.Parse(lang); err == nil && t != language.Und {
		attrs = ` lang="` + t.String() + `" dir="` + direction(t) + `"`
	}
	d.html.WriteString("<!doctype html>\n<html" + attrs + ">\n<head>\n<meta charset=\"utf-8\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>" +
		html.EscapeString(title) + "</title>\n</head>\n<body>\n" +
		// Some mailboxes drop <html>, and with it language and direction.
		"<div" + attrs + " style=\"max-width:36em;margin:0 auto;padding:1em;font:1em/1.5 sans-serif;overflow-wrap:break-word\">\n")
}

// direction is that of the script in which a language is written (UAX 9).
func direction(t language.Tag) string {
	s, _ := t.Script()
	if slices.Contains([]string{"Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg"}, s.String()) {
		return "rtl"
	}
	return "ltr"
}

func (d *draft) parts(all []Part) error {
	for _, p := range all {
		if err := d.part(p); err != nil {
			return err
		}
	}
	return nil
}

func (d *draft) part(p Part) error {
	s := strings.Trim(clean(p.text), "\n")
	switch p.kind {
	case button, link:
		address, err := webAddress(p.url)
		if err != nil {
			return err
		}
		d.link(s, address, p.kind == button)
	case facts:
		var lines, pages []string
		for _, f := range p.facts {
			if f.Value != "" {
				lines = append(lines, oneLine(f.Label)+": "+oneLine(f.Value))
				pages = append(pages, "<b>"+html.EscapeString(oneLine(f.Label))+":</b> "+html.EscapeString(oneLine(f.Value)))
			}
		}
		d.add(strings.Join(lines, "\n"), "p", strings.Join(pages, "<br>\n"))
	case heading:
		d.add(s, "h2", lined(s))
	default:
		d.add(s, "p", lined(s))
	}
	return nil
}

// add adds one block to both forms, unless it is empty.
func (d *draft) add(text, tag, inner string) {
	if text == "" {
		return
	}
	d.say(text)
	// User's words may be in another script than the message.
	d.html.WriteString("<" + tag + " dir=\"auto\">" + inner + "</" + tag + ">\n")
}

func (d *draft) say(text string) {
	if d.text.Len() > 0 {
		d.text.WriteString("\n\n")
	}
	d.text.WriteString(text)
}

func (d *draft) link(label, address string, main bool) {
	style := ""
	if main {
		style = ` style="border:2px solid;border-radius:.5em;padding:1em;font-weight:bold"`
	}
	shown := html.EscapeString(address)
	a := `<a href="` + shown + `" dir="ltr">` + shown + "</a>"
	if label == "" {
		d.say(address)
		d.html.WriteString("<p" + style + ">" + a + "</p>\n")
		return
	}
	d.say(label + "\n" + address)
	d.html.WriteString("<p" + style + ">" + lined(label) + "<br>\n" + a + "</p>\n")
}

// lined is text as HTML, with its line breaks.
func lined(s string) string { return strings.ReplaceAll(html.EscapeString(s), "\n", "<br>\n") }
