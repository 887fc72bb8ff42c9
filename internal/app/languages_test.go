package app_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode"

	"convoke/internal/web/webtest"
)

// wrongForm is a form with one thing wrong in it.
type wrongForm struct {
	at    string // what it is sent to; with ? it is a search
	by    *webtest.Browser
	field string   // what is wrong
	typed []string // names and values, the wrong one too
}

// wrongForms are the form of an event with each of its fields wrong, the sign-up
// and the search. Their texts are of many languages, which no reader's changes.
func wrongForms(s *stand) (out []wrongForm) {
	s.t.Helper()
	steward, sam := s.signIn("sam")
	g := s.group(sam, "riverside", "Riverside Neighbours")
	const title = "Soup \u00f1 \u062d\u0633\u0627\u0621"
	for field, change := range wrongEvents {
		in := meeting(title, "2026-05-05")
		change(&in)
		out = append(out, wrongForm{"/groups/riverside/events/new", steward, field, asForm(in, "key", s.IDs.Secret())})
	}
	capacity := meeting(title, "2026-05-05")
	capacity.Capacity = "many"
	at := "/events/" + string(s.event(sam, g, meeting(title, "2026-05-05")))
	visitor := s.visitor()
	return append(out,
		wrongForm{at + "/edit", steward, "capacity", asForm(capacity, "sequence", "0")},
		wrongForm{at + "/attend", visitor, "party", []string{"key", s.IDs.Secret(), "party", "many", "email", "ada@example.org"}},
		wrongForm{at + "/attend", visitor, "email", []string{"key", s.IDs.Secret(), "party", "2", "email", title}},
		wrongForm{"/events?", visitor, "near", []string{"near", "Nowhere at all", "q", title}},
		wrongForm{"/events?", visitor, "from", []string{"from", "soon", "q", title}},
		wrongForm{"/events?", visitor, "to", []string{"from", "2026-06-06", "to", "2026-05-05", "q", title}},
		wrongForm{"/events?", visitor, "q", []string{"q", strings.Repeat("x", 5000)}},
	)
}

// send sends the form for a reader of a language.
func (x *wrongForm) send(lang string) webtest.Answer {
	v := url.Values{}
	for i := 0; i < len(x.typed); i += 2 {
		v.Add(x.typed[i], x.typed[i+1])
	}
	if strings.HasSuffix(x.at, "?") {
		return x.by.Get(x.at+v.Encode(), "Accept-Language", lang)
	}
	return x.by.Do("POST", x.at, strings.NewReader(v.Encode()), "Accept-Language", lang, "Content-Type", "application/x-www-form-urlencoded")
}

// What is wrong is said in the reader's language, beside the field and above the
// form, and what was typed is still there.
func TestWhatIsWrongInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	cfg := settings(t, "")
	cfg.SMTPURL, cfg.MailFrom = "smtp://localhost:1", "post@riverside.example"
	s := start(t, cfg)
	for _, x := range wrongForms(s) {
		said := map[string]string{}
		for _, lang := range []string{"en", "es", "ar"} {
			a := x.send(lang).Want(t, 422, "")
			said[lang] = a.Text("#" + x.field + "-error")
			if a.Attr("html", "lang") != lang || said[lang] == "" || len(a.All("main [lang=en]")) > 0 {
				t.Errorf("%s, %s, %s: the page is in %q and says %q", x.at, x.field, lang, a.Attr("html", "lang"), said[lang])
			}
			if above := a.Text(".error-summary"); said[lang] == "" || !strings.HasSuffix(said[lang], a.Text(".error-summary a")) {
				t.Errorf("%s, %s, %s: above the form stands %q", x.at, x.field, lang, above)
			}
			x.keeps(t, a)
		}
		if said["es"] == said["en"] || said["ar"] == said["en"] || !strings.ContainsFunc(said["ar"], func(r rune) bool { return unicode.Is(unicode.Arabic, r) }) {
			t.Errorf("%s, %s: readers are told %q", x.at, x.field, said)
		}
	}
}

// keeps looks for what was typed in fields of one line and of several.
func (x *wrongForm) keeps(t *testing.T, a webtest.Answer) {
	t.Helper()
	for i := 0; i < len(x.typed); i += 2 {
		name, want := x.typed[i], x.typed[i+1]
		for _, n := range a.All("#" + name) {
			got := webtest.Attr(n, "value")
			if n.Data == "textarea" {
				got = webtest.Text(n)
			}
			if (n.Data == "textarea" || n.Data == "input") && got != want {
				t.Errorf("%s, %s: of %s is kept %q", x.at, x.field, name, got)
			}
		}
	}
}
