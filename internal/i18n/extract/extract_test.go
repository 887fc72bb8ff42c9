package extract_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/i18n/extract"
	"convoke/internal/i18n/po"
)

const goSource = `package a

func show(l *i18n.Locale, f fault.Field, args []any, key string) error {
	l.T("Plain")
	p.L.T("Joined " + ("text {a}"), "a", 1)
	l.C("button", "Open")
	l.N("{n} seat", "{n} seats", 3)
	l.T(key)              // not literal
	l.T(f.Msg, args...)
	l.C(key, "No context known")
	l.T("Spread {x}", args...)
	l.T("Computed {x}", key, 1)
	T()
	t.Setenv("KEY", "value")
	x := i18n.Mark("Table entry")
	other.Mark("Not ours")
	_ = fault.Error{Code: "c", Msg: "A literal"}
	_ = Error{Msg: "Not a fault"}
	fault.Invalid(fault.Field("name", "a.b", "Too long: {max}", "max", 3))
	fault.New(fault.KindGone, "a.c", "It has ended.")
	return fault.NotFound("a.d", ` + "`Not found.`" + `)
}
`

const page = `{{define "row"}}{{t "Row"}}{{end}}
{{if eq (t "In a condition") "x"}}{{else if .X}}{{c "verb" "Open"}}{{else}}{{t "Else {a}" "a" .B}}{{end}}
{{range .L}}{{$.L.T "Method"}}{{else}}{{n "{n} row" "{n} rows {b}" .Count "b" .B}}{{end}}
{{with t "With"}}{{.}}{{end}}{{template "row" (t "Argument")}}
{{"Piped" | t}} {{t .Variable}} {{printf "%s" "not text"}} {{"not piped" | html}}
{{/* t "comment" */}}<p title="{{t "Plain"}}">{{(index .M (t "Chain")).X}}</p>
`

func find(t *testing.T, files map[string]string) extract.Catalogue {
	t.Helper()
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	c, err := extract.Find(root, "internal", "cmd")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFind(t *testing.T) {
	t.Parallel()
	c := find(t, map[string]string{
		"internal/a/a.go":            goSource,
		"internal/a/a_test.go":       `package a; var _ = T("Test")`,
		"internal/a/testdata/b.go":   `broken`,
		"internal/fault/fault.go":    `package fault; var e = &Error{Msg: "Own"}; var f = []FieldError{{Msg: "no"}}`,
		"internal/b/pages/page.html": page,
		"internal/b/mail.txt":        `{{t "Mail"}}`,
		"internal/b/notes.txt":       `brace } alone { t "no" }`,
		"other/c.go":                 `package c; var _ = T("Elsewhere")`,
	})
	var got []string
	for _, m := range c.Messages {
		s := m.ID
		if m.Context != "" {
			s = m.Context + "|" + s
		}
		if m.Plural != "" {
			s += "|" + m.Plural
		}
		got = append(got, s+" @"+strings.ReplaceAll(strings.Join(m.Refs, " "), "internal/", ""))
	}
	want := []string{
		"A literal @a/a.go", "Computed {x} @a/a.go", "It has ended. @a/a.go", "Joined text {a} @a/a.go",
		"Not found. @a/a.go", "button|Open @a/a.go", "Plain @a/a.go b/pages/page.html", "Spread {x} @a/a.go",
		"Table entry @a/a.go", "Too long: {max} @a/a.go", "{n} seat|{n} seats @a/a.go",
		"Mail @b/mail.txt",
		"Argument @b/pages/page.html", "Chain @b/pages/page.html", "Else {a} @b/pages/page.html",
		"In a condition @b/pages/page.html", "Method @b/pages/page.html", "verb|Open @b/pages/page.html",
		"Piped @b/pages/page.html", "Row @b/pages/page.html", "With @b/pages/page.html",
		"{n} row|{n} rows {b} @b/pages/page.html",
		"Own @fault/fault.go",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(c.Problems) > 0 {
		t.Error(c.Problems)
	}
}

func TestFindProblems(t *testing.T) {
	t.Parallel()
	c := find(t, map[string]string{
		"cmd/a.go": `package a
var _ = l.T("Hello {name}", "nmae", 1)
var _ = l.T("")
var _ = l.N("a", "{n} b", 1)
var _ = l.N("a", "{n} c", 1)
`,
		"internal/p.html": "\n\n{{t `Bye {x}`}}",
	})
	want := []string{
		`cmd/a.go:2: "Hello {name}": a value for {nmae}, which is not there`,
		`cmd/a.go:2: "Hello {name}": {name} gets no value`,
		`cmd/a.go:3: an empty text`,
		`cmd/a.go:5: "a" has two plurals: "{n} b" and "{n} c"`,
		`internal/p.html:3: "Bye {x}": {x} gets no value`,
	}
	if d := cmp.Diff(want, c.Problems); d != "" {
		t.Error(d)
	}
}

func TestFindRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"cmd/a.go": "package", "cmd/b.html": "{{if}}"} {
		if _, err := extract.Find(fstest.MapFS{name: {Data: []byte(text)}}, "cmd"); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

const catalogue = `msgid ""
msgstr ""
"Language: es\n"
"Plural-Forms: nplurals=2; plural=n != 1;\n"
`

func parse(t *testing.T, text string) *po.File {
	t.Helper()
	f, err := po.Parse([]byte(catalogue + text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestCheck(t *testing.T) {
	t.Parallel()
	c := find(t, map[string]string{"cmd/a.go": `package a
var _ = l.T("Hello {name}", "name", 1)
var _ = l.N("{n} seat", "{n} seats in {place}", 1, "place", 2)
`})
	hello := "\nmsgid \"Hello {name}\"\nmsgstr \"Hola {name}\"\n"
	seats := "\nmsgid \"{n} seat\"\nmsgid_plural \"{n} seats in {place}\"\nmsgstr[0] \"una plaza en {place}\"\nmsgstr[1] \"{n} plazas en {place}\"\n"
	for _, tc := range []struct{ name, text, want string }{
		{"right", hello + seats, ""},
		{"missing", seats, "is missing"},
		{"empty", strings.Replace(hello, "Hola {name}", "", 1) + seats, "is not translated"},
		{"fuzzy", "\n#, fuzzy" + hello + seats, "is marked fuzzy"},
		{"lost", strings.Replace(hello, "Hola {name}", "Hola", 1) + seats, "{name} is missing"},
		{"gained", strings.Replace(hello, "Hola {name}", "Hola {nombre}", 1) + seats, "has no {nombre}"},
		{"lost number", hello + strings.Replace(seats, "{n} plazas", "plazas", 1), "{n} is missing"},
		{"forms", hello + seats + "msgstr[2] \"{n} de {place}\"\n", "has 3 forms"},
		{"plural", hello + strings.Replace(seats, "seats in", "places in", 1), "has the plural"},
		{"unused", hello + seats + "\nmsgid \"Old\"\nmsgstr \"Viejo\"\n", "not used any more"},
	} {
		got := strings.Join(extract.Check(c, parse(t, tc.text)), "\n")
		if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
			t.Errorf("%s: got %q", tc.name, got)
		}
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	c := find(t, map[string]string{"cmd/a.go": `package a
var _ = l.T("Kept")
var _ = l.T("New")
var _ = l.N("One", "Changed", 1)
`})
	f, err := extract.Merge(c, parse(t, `
# Say it kindly.
msgid "Kept"
msgstr "Guardado"

msgid "One"
msgid_plural "Before"
msgstr[0] "Uno"
msgstr[1] "Antes"

msgid "Old"
msgstr "Viejo"
`))
	if err != nil {
		t.Fatal(err)
	}
	want := catalogue + `
# Say it kindly.
msgid "Kept"
msgstr "Guardado"

msgid "New"
msgstr ""

#, fuzzy
msgid "One"
msgid_plural "Changed"
msgstr[0] "Uno"
msgstr[1] "Antes"
`
	if d := cmp.Diff(want, string(f.Bytes())); d != "" {
		t.Error(d)
	}
	again, err := extract.Merge(c, f)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(again.Bytes())); d != "" {
		t.Error("not stable", d)
	}
	pot := extract.Template(c).Bytes()
	if _, err := po.Parse(pot); err != nil || strings.Contains(string(pot), "Guardado") {
		t.Errorf("template: %v\n%s", err, pot)
	}
}
