package statements

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"convoke/internal/markdown"
)

func TestWhatIsWrongIsSaidBesideEachField(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Input){
		"title":       func(in *Input) { in.Title = " " },
		"markdown":    func(in *Input) { in.Markdown = "" },
		"lang":        func(in *Input) { in.Lang = "tlh" },
		"day":         func(in *Input) { in.Day = "1.5.2026" },
		"byline":      func(in *Input) { in.Byline = strings.Repeat("a", maxByline+1) },
		"tags":        func(in *Input) { in.Tags = strings.Repeat("b", maxTag+1) },
		"picture_alt": func(in *Input) { in.PictureAlt = strings.Repeat("a", maxAlt+1) },
		"state":       func(in *Input) { in.State = Withdrawn },
		"note":        func(in *Input) { in.Change.Note = strings.Repeat("a", maxNote+1) },
	} {
		in := some("A title")
		if _, _, err := in.parse(); err != nil {
			t.Fatal(err)
		}
		change(&in)
		if _, _, err := in.parse(); !slices.Equal(fieldNames(err), []string{name}) {
			t.Errorf("%s: %v", name, err)
		}
	}
	in := some(strings.Repeat("a", maxTitle+1))
	in.Markdown, in.Tags = strings.Repeat("a", markdown.MaxBytes+1), "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21"
	if _, _, err := in.parse(); !slices.Equal(fieldNames(err), []string{"title", "markdown", "tags"}) {
		t.Errorf("all at once: %v", err)
	}
	if _, err := (TextInput{}).parse(); !slices.Equal(fieldNames(err), []string{"title", "markdown", "lang"}) {
		t.Errorf("a version: %v", err)
	}
}

func TestAChangeLeavesATrace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  Change
		changed bool
		note    string
		revised int
		refused bool
	}{
		"nothing changed":      {},
		"changed and not said": {changed: true, refused: true},
		"said":                 {Change{Note: " The street was wrong. "}, true, "The street was wrong.", 0, false},
		"only spelling":        {Change{Spelling: true}, true, "", 20260502, false},
		"both: the note wins":  {Change{Note: "x", Spelling: true}, true, "x", 0, false},
		"a note on its own":    {Change{Note: "The picture was another."}, false, "The picture was another.", 0, false},
		"spelling of nothing":  {change: Change{Spelling: true}},
	} {
		note, revised, err := c.change.settle(c.changed, "en", 20260502)
		got := ""
		if note != nil {
			got = note.Note
		}
		if got != c.note || revised != c.revised || (err != nil) != c.refused {
			t.Errorf("%s: %q, %d, %v", name, got, revised, err)
		}
	}
}

func TestSlugs(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a", strings.Repeat("a", 120)} {
		if !validSlug(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"", "-a", "a-", "A", "a/b", "a.b", strings.Repeat("a", 121)} {
		if validSlug(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"": "", "lang=de&group=@Riverside&limit=3": "", "lang=tlh": "lang", "after=x": "after", "after=20260501-short": "after",
		"after=0-01hzzzzzzzzzzzzzzzzzzzzzzz": "after", "limit=0": "limit", "limit=201": "limit", "limit=x": "limit",
	} {
		q, err := ParseQuery(asQuery(s))
		if got := strings.Join(fieldNames(err), " "); got != want {
			t.Errorf("%s: %q", s, got)
		}
		if again, err := ParseQuery(q.Values()); want == "" && (err != nil || again.Handle != q.Handle || again.Lang != q.Lang) {
			t.Errorf("%s does not read back: %+v, %v", s, again, err)
		}
	}
}

func TestTheReadersLanguageComesFirst(t *testing.T) {
	t.Parallel()
	s := Statement{Lang: "de", Texts: []Text{{Lang: "en", Title: "E"}, {Lang: "de", Title: "D"}, {Lang: "ar", Title: "A"}}}
	s.order()
	if s.Texts[0].Lang != "de" || s.Texts[1].Lang != "ar" {
		t.Errorf("order: %v", s.Texts)
	}
	for _, c := range []struct {
		langs []string
		want  string
	}{{nil, "D"}, {[]string{"en"}, "E"}, {[]string{"", "fr"}, "D"}, {[]string{"fr", "ar"}, "A"}} {
		if got := s.In(c.langs...).Title; got != c.want {
			t.Errorf("%v: %q", c.langs, got)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add("group=@riverside&lang=en&after=20260501-01kqm8ymg00000000000000000&limit=5")
	f.Fuzz(func(t *testing.T, raw string) {
		v, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		q, err := ParseQuery(v)
		if err != nil {
			return
		}
		day, sid := q.after()
		s := Statement{ID: ID(sid), Day: day}
		if n, x, ok := readCursor(s.cursor()); q.Limit < 1 || q.After != "" && (!ok || n != day || x != sid) {
			t.Errorf("%q asks for %d behind %d %q", raw, q.Limit, day, sid)
		}
	})
}
