package frontmatter

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for src, want := range map[string][2]string{
		"---\ntitle: A\n---\nBody\n":             {"title: A\n", "Body\n"},
		"\ufeff---\r\ntitle: A\r\n--- \r\nBody":  {"title: A\r\n", "Body"},
		"---\ntitle: A\n...\nBody":               {"title: A\n", "Body"},
		"---\n---\n":                             {"", ""},
		"---\na: 1\n---":                         {"a: 1\n", ""},
		"Only a body\n---\nwith a line\n---\n":   {"", "Only a body\n---\nwith a line\n---\n"},
		"----\nnot a fence\n---\n":               {"", "----\nnot a fence\n---\n"},
		"":                                       {"", ""},
		"---\ntext: |\n  a\n  ---\n  b\n---\nB":  {"text: |\n  a\n  ---\n  b\n", "B"},
		"---\na: 1\n---\nBody\n---\nmore\n---\n": {"a: 1\n", "Body\n---\nmore\n---\n"},
	} {
		head, body, err := Split([]byte(src))
		if err != nil || string(head) != want[0] || string(body) != want[1] {
			t.Errorf("%q splits into %q and %q, %v", src, head, body, err)
		}
	}
	for src, want := range map[string]error{
		"---\ntitle: A\n": ErrUnclosed,
		"---":             ErrUnclosed,
		"---\n" + strings.Repeat("a: b\n", MaxHead) + "---\n": ErrTooLong,
	} {
		if _, _, err := Split([]byte(src)); !errors.Is(err, want) {
			t.Errorf("%.20q: %v, want %v", src, err, want)
		}
	}
}

func TestValuesStayAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	f, body, err := Read([]byte("---\nTitle: no\ndate: 2015-06-11 11:30:00 -4\nimage:\nnothing: ~\n" +
		"authors:\n- gray\n- name: Kara\n  site: x\n- [nested]\ntags: one, two\nauthor: Alba\nlong: \"over\n\n  lines\"\n" +
		"fixes:\n- {date: 2020-01-02, note: A number}\n- text\ntwice: a\ntwice: b\n---\nBody"))
	if err != nil || string(body) != "Body" {
		t.Fatalf("%q, %v", body, err)
	}
	for name, want := range map[string]string{
		"title": "no", "date": "2015-06-11 11:30:00 -4", "image": "", "nothing": "", "authors": "", "long": "over\nlines", "gone": "", "twice": "b",
	} {
		if got := f.Text(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string][]string{"authors": {"gray", "Kara"}, "tags": {"one, two"}, "author": {"Alba"}, "image": nil, "gone": nil} {
		if got := f.List(name); !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := f.Records("fixes"); len(got) != 1 || got[0]["date"] != "2020-01-02" || got[0]["note"] != "A number" {
		t.Errorf("fixes: %v", got)
	}
	if got := f.Records("gone"); got != nil {
		t.Errorf("gone: %v", got)
	}
}

func TestWhatIsNoListOfFields(t *testing.T) {
	t.Parallel()
	for _, src := range []string{"---\n- a\n- b\n---\n", "---\njust text\n---\n", "---\n\ta: [\n---\n", "---\na: b: c\n---\n", "---\na: \"open\n---\n"} {
		if _, _, err := Read([]byte(src)); !errors.Is(err, ErrFields) {
			t.Errorf("%q: %v", src, err)
		}
	}
	for _, src := range []string{"---\n---\nB", "---\n# a remark\n---\nB", "B"} {
		if f, body, err := Read([]byte(src)); err != nil || len(f) != 0 || string(body) != "B" {
			t.Errorf("%q: %v, %q, %v", src, f, body, err)
		}
	}
}

type head struct {
	Title string   `yaml:"title"`
	Date  string   `yaml:"date"`
	Tags  []string `yaml:"tags,omitempty"`
}

func TestWhatIsWrittenReadsBack(t *testing.T) {
	t.Parallel()
	for _, title := range []string{"Plain", "no", "2020-01-02", "a: b", "“quoted” 'and' \"more\"", "# not a remark", "---", "[x]", "*x", "ñ", "null", "1e3"} {
		b, err := Write(head{title, "2020-01-02", []string{"- x", "y"}}, "Body\n---\n\n")
		if err != nil {
			t.Fatal(err)
		}
		f, body, err := Read(b)
		if err != nil || f.Text("title") != title || f.Text("date") != "2020-01-02" || !slices.Equal(f.List("tags"), []string{"- x", "y"}) ||
			strings.TrimSpace(string(body)) != "Body\n---" {
			t.Errorf("%q: %v %q %v\n%s", title, f, body, err, b)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"---\ntitle: A\ntags: [a, b]\nauthors:\n- name: x\n---\nBody", "---\na: &x [1]\nb: *x\n---\n", "\ufeff---\r\n---\r\n", "---\n...\n", "x",
		"---\na: &a [*a]\n---\n", "---\n<<: {a: b}\n---\n", "---\n? [a]\n: b\n---\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		head, body, err := Split(src)
		if err == nil && len(head)+len(body) > len(src) {
			t.Error("there is more than there was")
		}
		if err == nil && !bytes.HasSuffix(src, body) {
			t.Error("the body is not the end of the file")
		}
		fields, _, err := Read(src)
		if err != nil {
			return
		}
		for name := range fields {
			fields.Text(name)
			fields.List(name)
			fields.Records(name)
		}
	})
}
