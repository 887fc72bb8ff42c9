package cap

import (
	"encoding/xml"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"convoke/internal/fault"
)

const (
	atomNS   = "http://www.w3.org/2005/Atom"
	cap11    = "urn:oasis:names:tc:emergency:cap:1.1"
	maxItems = 2000
)

// Feed is a list of alerts, as agencies publish it.
type Feed struct {
	ID, Title, Author string
	Lang              string // BCP 47, of the titles
	Self              string // absolute URL of the list
	Updated           time.Time
	Entries           []Entry
}

// Entry is one alert of a list.
type Entry struct {
	ID, Title, Summary string
	Updated            time.Time // zero when the list does not say
	Link               string    // absolute URL of the CAP file
	Page               string    // absolute URL of a page for people; may be empty
	Hint               Hint      // of a list that was read
}

// Hint is what some lists repeat of the message, to tell which files are worth
// fetching. Never an alert: what is not there once and plainly is left out.
type Hint struct {
	Event    string
	Status   Status
	Severity Severity
	Expires  time.Time
	Area     Area
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr,omitempty"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomEntry struct {
	ID      string     `xml:"id"`
	Title   string     `xml:"title"`
	Updated string     `xml:"updated"`
	Summary string     `xml:"summary,omitempty"`
	Links   []atomLink `xml:"link"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

// Marshal writes the list as Atom (RFC 4287); each entry links to its file as
// [MediaType].
func (f *Feed) Marshal() ([]byte, error) {
	out := atomFeed{
		Lang: f.Lang, ID: f.ID, Title: f.Title, Updated: f.Updated.UTC().Format(time.RFC3339), Author: f.Author,
		Links: []atomLink{{"self", "application/atom+xml", f.Self}},
	}
	for _, e := range f.Entries {
		links := []atomLink{{"alternate", MediaType, e.Link}}
		if e.Page != "" {
			links = append(links, atomLink{"alternate", "text/html", e.Page})
		}
		out.Entries = append(out.Entries, atomEntry{e.ID, e.Title, e.Updated.UTC().Format(time.RFC3339), e.Summary, links})
	}
	b, err := xml.MarshalIndent(out, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode feed: %w", err)
	}
	return append([]byte(xml.Header), b...), nil
}

// ParseFeed reads an Atom or RSS 2.0 list that was fetched from base, which
// relative links are completed with. Entries without one link that can only be
// the CAP file are left out, as is everything past 2,000. It fails with a
// TooLarge or Malformed fault.
func ParseFeed(data []byte, base *url.URL) (*Feed, error) {
	root, err := tree(data, MaxFeedSize)
	if err != nil {
		return nil, err
	}
	item, link := "entry", atomHref
	if root.name == (xml.Name{Local: "rss"}) {
		if root.kids = children(root, "", "channel"); len(root.kids) != 1 {
			return nil, fault.Malformed("cap.feed", "This is neither an Atom nor an RSS list.")
		}
		root = root.kids[0]
		item, link = "item", rssHref
	} else if root.name != (xml.Name{Space: atomNS, Local: "feed"}) {
		return nil, fault.Malformed("cap.feed", "This is neither an Atom nor an RSS list.")
	}
	space := root.name.Space
	f := &Feed{ID: once(root, space, "id"), Title: once(root, space, "title"), Updated: stamp(root)}
	for _, n := range children(root, space, item) {
		href := absolute(base, link(n))
		if href == "" || len(f.Entries) == maxItems {
			continue
		}
		f.Entries = append(f.Entries, Entry{
			ID: once(n, space, "id") + once(n, space, "guid"), Title: once(n, space, "title"),
			Summary: once(n, space, "summary") + once(n, space, "description"), Updated: stamp(n), Link: href, Hint: hint(n),
		})
	}
	return f, nil
}

func children(n node, space, name string) (all []node) {
	for _, kid := range n.kids {
		if kid.name == (xml.Name{Space: space, Local: name}) {
			all = append(all, kid)
		}
	}
	return all
}

// once is the text of an element that is there once.
func once(n node, space, name string) string {
	if all := children(n, space, name); len(all) == 1 {
		return all[0].text
	}
	return ""
}

func attr(n node, name string) string {
	for _, a := range n.attrs {
		if a.Name == (xml.Name{Local: name}) {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

func isCAP(mediaType string) bool {
	return strings.EqualFold(strings.TrimSpace(strings.Split(mediaType, ";")[0]), MediaType)
}

// atomHref is the only link that says to be CAP; else the only link that says
// not to be a page.
func atomHref(n node) string {
	var said, silent []string
	for _, l := range children(n, atomNS, "link") {
		rel, kind := attr(l, "rel"), strings.ToLower(attr(l, "type"))
		switch {
		case isCAP(kind):
			said = append(said, attr(l, "href"))
		case (rel == "" || rel == "alternate") && (kind == "" || kind == "application/xml" || kind == "text/xml"):
			silent = append(silent, attr(l, "href"))
		}
	}
	return only(said, silent)
}

func rssHref(n node) string {
	var said, silent []string
	for _, l := range children(n, "", "enclosure") {
		if isCAP(attr(l, "type")) {
			said = append(said, attr(l, "url"))
		}
	}
	for _, l := range children(n, "", "link") {
		silent = append(silent, l.text)
	}
	return only(said, silent)
}

func only(said, silent []string) string {
	if len(said) == 0 {
		said = silent
	}
	if len(said) != 1 {
		return ""
	}
	return said[0]
}

// absolute is empty for what cannot be fetched.
func absolute(base *url.URL, href string) string {
	u, err := url.Parse(href)
	if err != nil || href == "" {
		return ""
	}
	if u = base.ResolveReference(u); u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

// stamp reads Atom's times (RFC 3339) and those of RSS (RFC 5322).
func stamp(n node) time.Time {
	if t, err := time.Parse(time.RFC3339, once(n, atomNS, "updated")); err == nil {
		return t
	}
	for _, name := range []string{"pubDate", "lastBuildDate"} {
		if t, err := mail.ParseDate(once(n, "", name)); err == nil {
			return t
		}
	}
	return time.Time{}
}

// hint reads what stands once in the namespace of CAP 1.1 or 1.2, with the
// codes of the standard and shapes that pass the checks.
func hint(n node) (h Hint) {
	for _, space := range []string{Namespace, cap11} {
		if h.Event = once(n, space, "event"); h.Event == "" {
			continue
		}
		var found problems
		c := checker{"", &found}
		status, severity := once(n, space, "status"), once(n, space, "severity")
		if c.code("", status, statuses); len(found.fields) == 0 {
			h.Status = Status(status)
		}
		found = problems{}
		if c.code("", severity, severities); len(found.fields) == 0 {
			h.Severity = Severity(severity)
		}
		h.Expires, _ = parseTime(once(n, space, "expires"))
		h.Area = hintArea(n, space)
		return h
	}
	return h
}

func hintArea(n node, space string) Area {
	var found problems
	r := &reader{found: &found}
	for _, name := range []string{"polygon", "circle"} {
		for _, kid := range children(n, space, name) {
			kid.name.Space = Namespace
			r.kids = append(r.kids, kid)
		}
	}
	a := Area{Desc: once(n, space, "areaDesc"), Polygon: r.polygons(), Circle: r.circles()}
	checker{"", &found}.shapes(a)
	if len(found.fields) > 0 {
		return Area{Desc: a.Desc}
	}
	return a
}
