package events

import (
	"html/template"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/version"
)

// Version is what an event says in another language. Where it says nothing the
// original stays.
type Version struct {
	version.Meta
	Title       string
	Description string // Markdown
	HTML        template.HTML
	AccessNote  string
	Bring       string // Markdown
	BringHTML   template.HTML
}

// VersionInput is a version as somebody typed it.
type VersionInput struct {
	Lang, Title, Description, AccessNote, Bring string
	Credit                                      string
	Remove                                      bool // there is to be none in this language
}

// said is the hash of what an event says in its own language.
func (e *Event) said(bring string) string {
	return version.Hash(e.Title, e.Description, e.Access.Note, bring)
}

// ownLang reports whether a version in a language would be the event itself.
func (e *Event) ownLang(code string) bool { return e.Lang != "" && version.Base(e.Lang) == code }

// in brings the event to what a version says; see [programmes.of] for what to bring.
func (e *Event) in(v *Version) {
	e.Said, e.Lang, e.Title = v, v.Lang, v.Title
	if v.Description != "" {
		e.Description, e.HTML = v.Description, v.HTML
	}
	if v.AccessNote != "" {
		e.Access.Note = v.AccessNote
	}
}

// langs are the languages of the parts of an event and its programme as they are
// shown; own is that of the original.
func (e *Event) langs(own string) (text, note, bring string) {
	text, note, bring = own, own, own
	if v := e.Said; v != nil {
		if v.Description != "" {
			text = v.Lang
		}
		if v.AccessNote != "" {
			note = v.Lang
		}
		if v.Bring != "" {
			bring = v.Lang
		}
	}
	return text, note, bring
}

func (in VersionInput) parse(render func(string) (string, error)) (Version, error) {
	p := parser{}
	v := Version{
		Title: p.text("title", strings.TrimSpace(in.Title), maxTitle), Description: p.text("description", strings.TrimSpace(in.Description), maxDescription),
		AccessNote: p.text("access_note", strings.TrimSpace(in.AccessNote), maxNote), Bring: p.text("bring", strings.TrimSpace(in.Bring), maxBring),
	}
	v.Lang = in.Lang
	if !version.Known(v.Lang) || v.Lang != version.Base(v.Lang) {
		p.fail("lang", "event.lang_unknown", "Choose a language from the list.")
	}
	if in.Remove {
		return v, fault.Invalid(p.fields...)
	}
	if v.Title == "" {
		p.fail("title", "event.title_missing", "Give the event a title, such as “Riverside clean-up”.")
	}
	v.HTML, v.BringHTML = p.rendered("description", v.Description, render), p.rendered("bring", v.Bring, render)
	credit, problems := version.Check("credit", in.Credit)
	v.Credit, p.fields = credit, append(p.fields, problems...)
	return v, fault.Invalid(p.fields...)
}

// versions are the versions of events, by language; never one in an event's own.
type versions map[id.Event][]Version

func metas(vs []Version) []version.Meta {
	out := make([]version.Meta, len(vs))
	for i := range vs {
		out[i] = vs[i].Meta
	}
	return out
}

// say brings events to what they say in a language, where they have a version in it.
func (vs versions) say(lang string, es []Event) {
	for i := range es {
		for k := range vs[es[i].ID] {
			if v := &vs[es[i].ID][k]; v.Lang == lang {
				es[i].in(v)
				break
			}
		}
	}
}
