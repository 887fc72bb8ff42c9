package web

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"

	"convoke/internal/i18n"
	"convoke/internal/i18n/po"
)

// fallbackOpen and fallbackClose stand around an English text that a template
// shows for want of a translation, until [tagFallback] says so in HTML. They
// are private-use characters, which nothing that is shown here has a use for.
const fallbackOpen, fallbackClose = "\uE0F0", "\uE0F1"

// texts are the functions with which templates look up texts.
func texts(l *i18n.Locale) (t func(string, ...any) string, c func(string, string, ...any) string, n func(string, string, int, ...any) string) {
	if l.Complete() == 100 {
		return l.T, l.C, l.N
	}
	english := func(k po.Key, text string) string {
		if l.Has(k) {
			return text
		}
		return fallbackOpen + text + fallbackClose
	}
	return func(msg string, args ...any) string { return english(po.Key{ID: msg}, l.T(msg, args...)) },
		func(context, msg string, args ...any) string {
			return english(po.Key{Context: context, ID: msg}, l.C(context, msg, args...))
		},
		func(one, other string, k int, args ...any) string {
			return english(po.Key{ID: one}, l.N(one, other, k, args...))
		}
}

// tagFallback says of each English text that stands for a translation that it
// is English, so that it is read aloud as such. An attribute, a title, an option
// and a text field can hold no element: there the marks are only taken away.
func tagFallback(page []byte) []byte {
	if !bytes.Contains(page, []byte(fallbackOpen)) {
		return page
	}
	var out bytes.Buffer
	for len(page) > 0 {
		text, rest := page, []byte(nil)
		if i := bytes.IndexByte(page, '<'); i >= 0 {
			text, rest = page[:i], page[i:]
		}
		out.WriteString(taggedText(string(text)))
		i := endOfMarkup(rest)
		out.WriteString(withoutMarks(string(rest[:i])))
		page = rest[i:]
	}
	return out.Bytes()
}

func taggedText(s string) string {
	var out strings.Builder
	for {
		before, after, ok := strings.Cut(s, fallbackOpen)
		text, rest, closed := strings.Cut(after, fallbackClose)
		if !ok || !closed {
			out.WriteString(withoutMarks(s))
			return out.String()
		}
		out.WriteString(withoutMarks(before) + `<span lang="en" dir="ltr">` + withoutMarks(text) + `</span>`)
		s = rest
	}
}

func withoutMarks(s string) string {
	return strings.NewReplacer(fallbackOpen, "", fallbackClose, "").Replace(s)
}

// endOfMarkup is the length of the tag that s begins with, together with all
// that it encloses when that is text only.
func endOfMarkup(s []byte) int {
	if len(s) == 0 {
		return 0
	}
	end, quote := len(s), byte(0)
	for i, b := range s {
		if quote != 0 {
			if b == quote {
				quote = 0
			}
			continue
		}
		if b == '"' || b == '\'' {
			quote = b
		}
		if b == '>' {
			end = i + 1
			break
		}
	}
	for _, name := range []string{"title", "option", "textarea", "script", "style"} {
		rest, ok := bytes.CutPrefix(s[1:end], []byte(name))
		if !ok || len(rest) == 0 || rest[0] != ' ' && rest[0] != '>' && rest[0] != '\n' {
			continue
		}
		if i := bytes.Index(s[end:], []byte("</"+name)); i >= 0 {
			return end + i
		}
	}
	return end
}

// TranslateURL is where the texts of the page are translated.
func (v view) TranslateURL() string {
	return "/translate/" + v.Locale.Tag() + "?page=" + url.QueryEscape(v.Path)
}

// asLocale is the context key of the locale that [Site.Texts] reads a page in.
type asLocale struct{}

// Texts are the texts that a visitor's page at path looks up when it is shown
// in l, in their order, and the status of its answer. The path has no query.
func (s *Site) Texts(ctx context.Context, path string, l *i18n.Locale) (keys []po.Key, status int, err error) {
	l, seen := l.Recording()
	r, err := http.NewRequestWithContext(context.WithValue(ctx, asLocale{}, l), http.MethodGet, "http://localhost", nil)
	if err != nil {
		return nil, 0, err
	}
	r.URL.Path = path
	h, pattern := s.mux.Handler(r)
	if _, ok := h.(route); !ok || pattern == "" {
		return nil, http.StatusNotFound, nil
	}
	w := &nowhere{header: http.Header{}, status: http.StatusOK}
	s.mux.ServeHTTP(w, r)
	return seen.Keys(), w.status, nil
}

// nowhere takes an answer that nobody reads.
type nowhere struct {
	header http.Header
	status int
}

func (w *nowhere) Header() http.Header         { return w.header }
func (w *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (w *nowhere) WriteHeader(code int)        { w.status = code }
