package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"convoke/internal/fault"
	"convoke/internal/i18n"
)

//go:embed templates/*.html pages/*.html
var shared embed.FS

// Page is one template and the type it shows. A page file defines "title" and
// "main", and may define "head".
type Page[T any] struct {
	files fs.FS
	name  string
}

// NewPage names a template in files, and other files that define what it uses.
// They are parsed when first rendered.
func NewPage[T any](files fs.FS, name string, parts ...string) Page[T] {
	return Page[T]{files, strings.Join(append(parts, name), " ")}
}

// Render shows data with status 200.
func (p Page[T]) Render(c *Call, data T) error { return p.RenderStatus(c, http.StatusOK, data) }

// RenderForm shows a form again: with status 422 when it has errors.
func (p Page[T]) RenderForm(c *Call, f *Form, data T) error {
	if f.Failed() {
		return p.RenderStatus(c, http.StatusUnprocessableEntity, data)
	}
	return p.Render(c, data)
}

// RenderStatus shows data with another status.
func (p Page[T]) RenderStatus(c *Call, status int, data T) error {
	return p.render(c, "layout", status, data)
}

// RenderFrame shows data alone, without the site's head and foot, for a frame on
// another page.
func (p Page[T]) RenderFrame(c *Call, data T) error { return p.render(c, "frame", http.StatusOK, data) }

func (p Page[T]) render(c *Call, layout string, status int, data T) error {
	t, err := c.site.compile(p.files, p.name, c.Locale)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, layout, c.view(data)); err != nil {
		return fmt.Errorf("render %s: %w", p.name, err)
	}
	return c.Write(status, "text/html; charset=utf-8", tagFallback(out.Bytes()))
}

// Fragment renders the template "main" of the page alone, for a panel that
// another feature's page shows.
func (p Page[T]) Fragment(c *Call, data T) (template.HTML, error) {
	t, err := c.site.compile(p.files, p.name, c.Locale)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, "main", data); err != nil {
		return "", fmt.Errorf("render %s: %w", p.name, err)
	}
	return template.HTML(out.String()), nil //nolint:gosec // made by html/template
}

// Check executes the template against its type: the zero value and one with
// every field filled. Tests call it for each page.
func (p Page[T]) Check(s *Site, l *i18n.Locale) error {
	t, err := s.compile(p.files, p.name, l)
	if err != nil {
		return err
	}
	var zero, full T
	fill(reflect.ValueOf(&full).Elem(), 0)
	for _, v := range []T{zero, full} {
		if err := t.ExecuteTemplate(new(bytes.Buffer), "layout", view{Locale: l, Site: &Info{}, Main: v, assets: s.static}); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// fill sets every field that it can to something that is not zero.
func fill(v reflect.Value, depth int) {
	if depth > 8 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.Type() == reflect.TypeFor[*Form]() {
			v.Set(reflect.ValueOf(&Form{}))
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1700000000, 0)))
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), depth+1)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(2)
	case reflect.Float64:
		v.SetFloat(1.5)
	}
}

// view is the dot of the layout.
type view struct {
	Locale  *i18n.Locale
	Locales []*i18n.Locale
	Site    *Info
	Session Session
	Path    string
	URL     string
	Nav     []NavItem
	Main    any
	assets  *static
}

// Current reports whether href is the section that the page belongs to.
func (v view) Current(href string) bool {
	return v.Path == href || strings.HasPrefix(v.Path, href+"/")
}

func (c *Call) view(data any) view {
	info := c.site.Info()
	return view{
		Locale: c.Locale, Locales: c.site.opt.Locales.Locales(), Site: &info, Session: c.Session,
		Path: c.R.URL.Path, URL: c.R.URL.RequestURI(), Nav: c.site.nav, Main: data, assets: c.site.static,
	}
}

type tmplKey struct {
	files  fs.FS
	name   string
	locale *i18n.Locale
}

type compiled struct {
	once sync.Once
	t    *template.Template
	err  error
}

// compile parses a page once for each locale, so that {{t "..."}} needs no dot.
func (s *Site) compile(files fs.FS, name string, l *i18n.Locale) (*template.Template, error) {
	k := tmplKey{files, name, l}
	s.tmplMu.Lock()
	e := s.tmpl[k]
	if e == nil {
		e = &compiled{}
		if !l.Records() {
			s.tmpl[k] = e
		}
	}
	s.tmplMu.Unlock()
	e.once.Do(func() {
		t := template.New("").Funcs(s.funcs(l)).Option("missingkey=error")
		if t, e.err = t.ParseFS(shared, "templates/*.html"); e.err != nil {
			return
		}
		e.t, e.err = t.ParseFS(files, strings.Fields(name)...)
	})
	if e.err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, e.err)
	}
	return e.t, nil
}

func (s *Site) funcs(l *i18n.Locale) template.FuncMap {
	t, c, n := texts(l)
	return template.FuncMap{
		"t": t, "c": c, "n": n, "number": number(l),
		"date": l.Date, "dateShort": l.DateShort, "time": l.Time, "month": l.Month,
		"asset":        s.static.url,
		"list":         func(v ...any) []any { return v },
		"day":          func(t time.Time) string { return t.Format("2006-01-02") },
		"iso":          func(t time.Time) string { return t.Format(time.RFC3339) },
		"dom":          func(t time.Time) string { return l.Plain(t.Day()) },
		"year":         func(t time.Time) string { return l.Plain(t.Year()) },
		"monthShort":   func(t time.Time) string { return l.MonthShort(t) },
		"weekdayShort": func(t time.Time) string { return l.WeekdayShort(t) },
	}
}

func number(l *i18n.Locale) func(any) (string, error) {
	return func(v any) (string, error) {
		switch n := v.(type) {
		case int:
			return l.Number(int64(n)), nil
		case int64:
			return l.Number(n), nil
		}
		return "", fmt.Errorf("number of %T", v)
	}
}

// fail turns an error into a response: the sign-in page, an error page, or
// problem+json for programs.
func (c *Call) fail(err error) {
	c.capture = nil
	e := fault.Of(err)
	if e == nil {
		if c.Context().Err() != nil {
			return // the reader left
		}
		c.site.opt.Log.Error("request failed", "route", c.pattern, "request", c.RequestID(), "error", err)
		e = fault.Of(fault.New(fault.KindInternal, "internal", "Something went wrong on this server. It is not your fault, and it has been noted."))
	} else if e.Kind.Status() >= 500 {
		c.site.opt.Log.Warn("request refused", "route", c.pattern, "request", c.RequestID(), "error", err)
	}
	h := c.W.Header()
	h.Set("Cache-Control", "no-store")
	h.Del("Content-Encoding")
	if e.RetryAfter > 0 {
		h.Set("Retry-After", itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	if wantsJSON(c.R) {
		_ = writeProblem(c, e)
		return
	}
	if e.Kind == fault.KindUnauthenticated && c.R.Method == http.MethodGet {
		_ = c.SeeOther("/sign-in?next=" + template.URLQueryEscaper(c.R.URL.RequestURI()))
		return
	}
	d := problemData{Status: e.Kind.Status(), Message: c.Locale.T(e.Msg, e.Args...), Request: c.RequestID()}
	for _, f := range e.Fields {
		d.Fields = append(d.Fields, c.Locale.T(f.Msg, f.Args...))
	}
	if err := problemPage.RenderStatus(c, d.Status, d); err != nil {
		c.site.opt.Log.Error("error page failed", "error", err)
		_ = c.Write(d.Status, "text/plain; charset=utf-8", []byte(d.Message+"\n"))
	}
}

// Cut ends an answer that has begun and cannot go on: the connection is closed before
// the end, so that nobody takes a part for the whole. It does not return.
func (c *Call) Cut(err error) {
	if c.Context().Err() == nil { // else the reader left
		c.site.opt.Log.Warn("answer cut", "route", c.pattern, "request", c.RequestID(), "error", err)
	}
	panic(http.ErrAbortHandler)
}

type problemData struct {
	Status  int
	Message string
	Fields  []string
	Request string
}

var problemPage = NewPage[problemData](shared, "pages/problem.html")
