package statements

import (
	"encoding/xml"
	"fmt"
	"time"

	"convoke/internal/day"
	"convoke/internal/markdown"
	"convoke/internal/web"
)

// feedLimit is how many statements a feed holds; "limit" asks for another number.
const feedLimit = 50

// feedTTL bounds how old a feed is; a change shows at once.
const feedTTL = time.Hour

// feed runs the query of the address and caches what write makes of it.
func (w *Web) feed(c *web.Call, suffix string, write func(g Group, r *Result, next string) error) error {
	g, _, err := w.group(c)
	if err != nil {
		return err
	}
	return c.Cached(listTags(g), feedTTL, func() error {
		q, err := listQuery(c, g)
		if err != nil {
			return err
		}
		if c.Query().Get("limit") == "" {
			q.Limit = feedLimit
		}
		r, err := w.Find(c.Context(), q)
		if err != nil {
			return err
		}
		next := ""
		if r.More {
			next = c.BaseURL() + address(g, suffix, r.next(c.Query().Get("limit")))
		}
		return write(g, &r, next)
	}, params()...)
}

// feedTitle is what a feed is called.
func feedTitle(c *web.Call, g Group, of Campaign) string {
	if of.Handle != "" {
		return c.Locale.T("Updates of {campaign}", "campaign", of.Title)
	}
	if g.Handle == "" {
		return c.Locale.T("Statements of the groups of this site")
	}
	return c.Locale.T("Statements of {group}", "group", g.Name)
}

// inFeed is the text that a feed shows: in the language that was asked for, else
// the original.
func inFeed(s *Statement, q *Query) Text {
	if q.Lang != "" {
		return s.In(q.Lang)
	}
	return s.Original()
}

// feedHTML is the body of an entry. One that is withdrawn says so, so that the
// withdrawal reaches whoever has read it.
func feedHTML(c *web.Call, s *Statement, t Text) string {
	if s.State != Withdrawn {
		return string(t.HTML)
	}
	said, err := render(s.Why)
	if err != nil {
		return ""
	}
	return "<p><strong>" + c.Locale.T("This statement was withdrawn.") + "</strong></p>\n" + string(said)
}

// author is who answers for a statement: always the group, also where a part of
// it speaks.
func author(s *Statement, g Group) string {
	if s.Byline != "" {
		return s.Byline + " · " + g.Name
	}
	return g.Name
}

func (s *Statement) url(base string) string { return base + "/statements/" + string(s.ID) }

// Atom per RFC 4287.
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	Title   string      `xml:"title"`
	ID      string      `xml:"id"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel   string `xml:"rel,attr"`
	Href  string `xml:"href,attr"`
	Type  string `xml:"type,attr,omitempty"`
	Lang  string `xml:"hreflang,attr,omitempty"`
	Title string `xml:"title,attr,omitempty"`
}

type atomEntry struct {
	Lang       string         `xml:"xml:lang,attr"`
	Title      string         `xml:"title"`
	ID         string         `xml:"id"`
	Updated    string         `xml:"updated"`
	Published  string         `xml:"published"`
	Author     atomAuthor     `xml:"author"`
	Links      []atomLink     `xml:"link"`
	Categories []atomCategory `xml:"category"`
	Summary    string         `xml:"summary,omitempty"`
	Content    atomContent    `xml:"content"`
}

type atomAuthor struct {
	Name string `xml:"name"`
	URI  string `xml:"uri"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

type atomContent struct {
	Type string `xml:"type,attr"`
	Body string `xml:",chardata"`
}

func (w *Web) atom(c *web.Call) error {
	return w.feed(c, ".atom", func(g Group, r *Result, next string) error {
		base := c.BaseURL()
		f := atomFeed{
			Lang: c.Locale.Tag(), Title: feedTitle(c, g, r.Campaign), ID: base + address(g, ".atom", r.Query.Values()),
			Links: []atomLink{
				{Rel: "self", Href: base + c.R.URL.RequestURI(), Type: "application/atom+xml"},
				{Rel: "alternate", Href: base + address(g, "", r.Query.Values()), Type: "text/html"},
			},
		}
		if next != "" {
			f.Links = append(f.Links, atomLink{Rel: "next", Href: next, Type: "application/atom+xml"})
		}
		var updated time.Time
		for i := range r.Statements {
			s := &r.Statements[i]
			if s.Updated.After(updated) {
				updated = s.Updated
			}
			f.Entries = append(f.Entries, atomOf(c, s, r))
		}
		if updated.IsZero() { // of an empty feed; RFC 4287 section 4.1.1 wants one
			updated = c.Now().Truncate(24 * time.Hour)
		}
		f.Updated = updated.Format(time.RFC3339)
		b, err := xml.MarshalIndent(f, "", " ")
		if err != nil {
			return fmt.Errorf("encode feed: %w", err)
		}
		return c.Write(200, "application/atom+xml; charset=utf-8", append([]byte(xml.Header), b...))
	})
}

func atomOf(c *web.Call, s *Statement, r *Result) atomEntry {
	base, g, t := c.BaseURL(), r.Groups[s.Group], inFeed(s, &r.Query)
	e := atomEntry{
		Lang: t.Lang, Title: t.Title, ID: s.url(base), Updated: s.Updated.Format(time.RFC3339), Published: day.Time(s.Day).Format(time.RFC3339),
		Author: atomAuthor{author(s, g), base + "/groups/" + g.Handle}, Summary: markdown.Plain(t.Markdown, 300),
		Content: atomContent{"html", feedHTML(c, s, t)},
	}
	for _, x := range s.Texts {
		href := s.url(base)
		if len(s.Texts) > 1 {
			href += "?lang=" + x.Lang
		}
		e.Links = append(e.Links, atomLink{Rel: "alternate", Href: href, Type: "text/html", Lang: x.Lang})
	}
	if s.Picture != "" {
		e.Links = append(e.Links, atomLink{Rel: "enclosure", Href: base + "/pictures/" + s.Picture, Title: s.PictureAlt})
	}
	if of := r.Campaigns[s.Campaign]; of.Handle != "" {
		e.Links = append(e.Links, atomLink{Rel: "related", Href: base + "/campaigns/" + of.Handle, Type: "text/html", Title: of.Title})
	}
	for _, tag := range s.Tags {
		e.Categories = append(e.Categories, atomCategory{tag})
	}
	return e
}

// JSON Feed, version 1.1 (https://www.jsonfeed.org/version/1.1/).
type jsonFeed struct {
	Version  string     `json:"version"`
	Title    string     `json:"title"`
	HomePage string     `json:"home_page_url"`
	FeedURL  string     `json:"feed_url"`
	NextURL  string     `json:"next_url,omitempty"`
	Language string     `json:"language"`
	Items    []jsonItem `json:"items"`
}

type jsonItem struct {
	ID        string       `json:"id"`
	URL       string       `json:"url"`
	Title     string       `json:"title"`
	HTML      string       `json:"content_html"`
	Summary   string       `json:"summary,omitempty"`
	Image     string       `json:"image,omitempty"`
	Published string       `json:"date_published"`
	Modified  string       `json:"date_modified"`
	Authors   []jsonAuthor `json:"authors"`
	Tags      []string     `json:"tags,omitempty"`
	Language  string       `json:"language"`
}

type jsonAuthor struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

func (w *Web) jsonFeed(c *web.Call) error {
	return w.feed(c, ".json", func(g Group, r *Result, next string) error {
		base := c.BaseURL()
		f := jsonFeed{
			Version: "https://jsonfeed.org/version/1.1", Title: feedTitle(c, g, r.Campaign), HomePage: base + address(g, "", r.Query.Values()),
			FeedURL: base + c.R.URL.RequestURI(), NextURL: next, Language: c.Locale.Tag(), Items: []jsonItem{},
		}
		for i := range r.Statements {
			f.Items = append(f.Items, jsonOf(c, &r.Statements[i], r))
		}
		return writeJSON(c, "application/feed+json", f)
	})
}

func jsonOf(c *web.Call, s *Statement, r *Result) jsonItem {
	base, g, t := c.BaseURL(), r.Groups[s.Group], inFeed(s, &r.Query)
	it := jsonItem{
		ID: s.url(base), URL: s.url(base), Title: t.Title, HTML: feedHTML(c, s, t), Summary: markdown.Plain(t.Markdown, 300),
		Published: day.Time(s.Day).Format(time.RFC3339), Modified: s.Updated.Format(time.RFC3339),
		Authors: []jsonAuthor{{author(s, g), base + "/groups/" + g.Handle}}, Tags: s.Tags, Language: t.Lang,
	}
	if s.Picture != "" {
		it.Image = base + "/pictures/" + s.Picture
	}
	return it
}
