package statements

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"time"

	"convoke/internal/day"
	"convoke/internal/frontmatter"
	"convoke/internal/markdown"
	"convoke/internal/web"
)

func writeJSON(c *web.Call, ctype string, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(true)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	return c.Write(200, ctype, b.Bytes())
}

// schemaArticle is a schema.org Article; see https://schema.org/Article.
type schemaArticle struct {
	Context     string             `json:"@context"`
	Type        string             `json:"@type"`
	ID          string             `json:"@id"`
	URL         string             `json:"url"`
	Headline    string             `json:"headline"`
	Language    string             `json:"inLanguage"`
	Published   string             `json:"datePublished"`
	Modified    string             `json:"dateModified"`
	Author      schemaOrg          `json:"author"`
	Credit      string             `json:"creditText,omitempty"` // who speaks, if not the whole group
	Description string             `json:"description,omitempty"`
	Body        string             `json:"articleBody,omitempty"` // Markdown
	Keywords    []string           `json:"keywords,omitempty"`
	Image       string             `json:"image,omitempty"`
	Status      string             `json:"creativeWorkStatus"`
	Corrections []schemaCorrection `json:"correction,omitempty"`
	Versions    []schemaVersion    `json:"workTranslation,omitempty"`
}

type schemaOrg struct {
	Type string `json:"@type"`
	Name string `json:"name"`
	URL  string `json:"url"`
}

type schemaCorrection struct {
	Type string `json:"@type"`
	Day  string `json:"datePublished"`
	Lang string `json:"inLanguage"`
	Text string `json:"text"`
}

type schemaVersion struct {
	Type     string `json:"@type"`
	URL      string `json:"url"`
	Language string `json:"inLanguage"`
	Headline string `json:"headline"`
}

// schemaOf is a statement in one language, with its text when whole.
func schemaOf(c *web.Call, f *Found, t Text, whole bool) schemaArticle {
	s, base := &f.Statement, c.BaseURL()
	a := schemaArticle{
		Context: "https://schema.org", Type: "Article", ID: s.url(base), URL: s.url(base), Headline: t.Title, Language: t.Lang,
		Published: day.ISO(s.Day), Modified: s.Updated.Format(time.RFC3339), Keywords: s.Tags, Status: string(s.State),
		Author: schemaOrg{"Organization", f.Group.Name, base + "/groups/" + f.Group.Handle}, Credit: s.Byline,
		Description: markdown.Plain(t.Markdown, 300),
	}
	if whole {
		a.Body = t.Markdown
	}
	if s.Picture != "" {
		a.Image = base + "/pictures/" + s.Picture
	}
	if s.State == Withdrawn {
		a.Corrections = append(a.Corrections, schemaCorrection{"CorrectionComment", day.ISO(s.Withdrawn), s.Lang, s.Why})
	}
	for _, x := range s.Corrections {
		a.Corrections = append(a.Corrections, schemaCorrection{"CorrectionComment", day.ISO(x.Day), x.Lang, x.Note})
	}
	for _, x := range s.Texts {
		if x.Lang != t.Lang {
			a.Versions = append(a.Versions, schemaVersion{"Article", s.url(base) + "?lang=" + x.Lang, x.Lang, x.Title})
		}
	}
	return a
}

// schemaBlock is the JSON-LD of a page. A data block is no script, and the
// content policy lets it stand; its text has no "<" that could end it.
func schemaBlock(a schemaArticle) template.JS {
	b, err := json.Marshal(a)
	if err != nil {
		return "{}" // strings and numbers always encode
	}
	return template.JS(b) //nolint:gosec // JSON with <, > and & escaped
}

// oneMarkdown is a statement in one language as a file.
func (w *Web) oneMarkdown(c *web.Call, f *Found, t Text) error {
	h := headOf(&f.Statement, t, f.Campaign, false)
	h.Link = f.Statement.url(c.BaseURL()) + "?lang=" + t.Lang
	if f.Statement.Picture != "" {
		h.Image = c.BaseURL() + "/pictures/" + f.Statement.Picture
	}
	if h.Author == "" {
		h.Author = f.Group.Name
	}
	b, err := frontmatter.Write(h, t.Markdown)
	if err != nil {
		return err
	}
	return c.Write(200, "text/markdown; charset=utf-8", b)
}
