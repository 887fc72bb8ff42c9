package events

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/markdown"
)

// shown is the text of HTML with single spaces.
func shown(t interface{ Fatal(...any) }, src string) string {
	n, err := html.Parse(strings.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for x := range n.Descendants() {
		if x.Type == html.TextNode {
			b.WriteString(x.Data)
		}
		if x.Type == html.ElementNode {
			b.WriteString(" ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// What a calendar says in plain text is what readers see, whatever Markdown
// would make of it.
func TestPlainMarkdown(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"word", "*", "**bold**", "_x_", "# ", "- ", "+", "1. ", "12) ", "> ", "`", "~~~", "===", "---", "[a](b)", "![a](b)", "<b>", "&amp;", "&",
		"\\", "\n", "\n\n", "    ", "\t", "| a | b |", "a*b", "snake_case", "…", "é", "***", "* * *", "(", ")", "!", "\"", "'",
	}
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(t, "pieces"), "")
		out, err := markdown.Render(plainMarkdown(s))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := shown(t, string(out)), strings.Join(strings.Fields(s), " "); got != want {
			t.Fatalf("%q is shown as %q by %s", s, got, out)
		}
	})
	out, err := markdown.Render(plainMarkdown("See https://example.org/a_b_c?x=1&y=2 now"))
	if err != nil || !strings.Contains(string(out), `href="https://example.org/a_b_c?x=1&amp;y=2"`) {
		t.Errorf("an address became %s, %v", out, err)
	}
}

func TestPlainText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a < b and c > d":                       "a < b and c > d",
		"<p>One</p><p>Two<br>three</p>":         "One\n\nTwo\nthree",
		"<ul><li>a</li><li>b</li></ul>":         "a\nb",
		"<style>p{}</style><b>Fish &amp; c</b>": "Fish & c",
		"<script>x</script></p>y":               "y",
	} {
		if got := plainText(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		categories []string
		title      string
		want       Kind
	}{
		{nil, "Board meeting, March 5", "meeting"},
		{nil, "5 March open day", "other"},
		{nil, "March 14: open day", "other"},
		{nil, "March for clean air", "march"},
		{[]string{"Community", "Walkout"}, "Meeting", "walkout"},
		{nil, "General Assembly", "assembly"},
		{nil, "Rent strike vote", "rent_strike"},
		{nil, "Teach-in on housing", "teach_in"},
		{nil, "Preassembly", "other"},
		{nil, "", "other"},
	} {
		if got := kindOf(c.categories, c.title); got != c.want {
			t.Errorf("%v %q is a %s, want %s", c.categories, c.title, got, c.want)
		}
	}
}

var places = sync.OnceValues(geo.Load)

func TestReadLocation(t *testing.T) {
	t.Parallel()
	g, err := places()
	if err != nil {
		t.Fatal(err)
	}
	p := newPlacer(g)
	for in, want := range map[string]string{
		"Leipzig": "|Leipzig|DE|locality",
		"Town hall, 5 Main Street, Springfield, IL 62701": "Town hall, 5 Main Street|Springfield|US|postcode",
		"Community Center\n12 Elm St\nSpringfield, IL":    "Community Center, 12 Elm St|Springfield|US|locality",
		"Karl-Heine-Str. 85, 04229 Leipzig, Germany":      "Karl-Heine-Str. 85|Leipzig|DE|locality",
		"Portland, Oregon, USA":                           "|Portland|US|locality",
		"Media":                                           "Media|||none",
		"Bar":                                             "Bar|||none",
		"Side room, Hope":                                 "Side room, Hope|||none",
		"Media, PA":                                       "|Media|US|locality",
		"Library":                                         "Library|||none",
		"Room 12":                                         "Room 12|||none",
		"62701":                                           "62701|||none",
		"Zoom; see mail":                                  "Zoom, see mail|||none",
		"":                                                "|||none",
	} {
		w := p.read(in)
		got := strings.Join([]string{w.Place, w.Locality, w.Country, string(w.Precise)}, "|")
		if got != want {
			t.Errorf("%q is %s, want %s", in, got, want)
		}
	}
}

// Every field that a file fills must make a changed row look changed.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	base := Event{Start: time.Unix(1, 0), End: time.Unix(2, 0)}
	seen := map[string]int{string(fingerprint(&base, nil, 0)): -1}
	differs := func(i int, e Event, es ...Estimate) {
		t.Helper()
		h := string(fingerprint(&e, es, 0))
		if j, ok := seen[h]; ok {
			t.Errorf("changes %d and %d look the same", i, j)
		}
		seen[h] = i
	}
	for i, change := range []func(*Event){
		func(e *Event) { e.Title = "x" }, func(e *Event) { e.Description = "x" }, func(e *Event) { e.Kind = "x" },
		func(e *Event) { e.State = "x" }, func(e *Event) { e.Zone = "x" }, func(e *Event) { e.Where.Place = "x" },
		func(e *Event) { e.Where.Address = "x" }, func(e *Event) { e.Where.Locality = "x" }, func(e *Event) { e.Where.Region = "x" },
		func(e *Event) { e.Where.Country = "x" }, func(e *Event) { e.Where.Precise = "x" }, func(e *Event) { e.Where.OnlineURL = "x" },
		func(e *Event) { e.Lang = "x" }, func(e *Event) { e.Organizer = "x" }, func(e *Event) { e.SourceURL = "x" },
		func(e *Event) { e.Start = time.Unix(3, 0) }, func(e *Event) { e.End = time.Unix(4, 0) }, func(e *Event) { e.AllDay = true },
		func(e *Event) { e.Where.HasPoint = true }, func(e *Event) { e.Where.Point.Lat = 1 }, func(e *Event) { e.Where.Point.Lon = 1 },
	} {
		e := base
		change(&e)
		differs(i, e)
	}
	for i, x := range []Estimate{{Low: 1}, {High: 1}, {Words: "x"}, {Method: "x"}, {SourceName: "x"}, {SourceURL: "x"}, {}} {
		differs(100+i, base, x)
	}
}

type deafTally struct{}

func (deafTally) Set(context.Context, *db.Tx, id.Event, *Spot, *Spot, []Estimate) error { return nil }

// A table of millions of rows may say one uid twice without its reader noticing.
func TestImportOneUIDTwiceInABatch(t *testing.T) {
	t.Parallel()
	g, err := places()
	if err != nil {
		t.Fatal(err)
	}
	d := dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now))
	s := New(Deps{DB: d, IDs: id.NewSource(clock.NewManual(dbtest.Now), nil), Places: g, Tally: deafTally{}})
	report := NewReport(io.Discard, false)
	im, err := s.importer(ImportOptions{Source: Source{ID: "x"}, Gazetteer: g}, report)
	if err != nil {
		t.Fatal(err)
	}
	err = im.run(t.Context(), func(ctx context.Context) error {
		for _, title := range []string{"One", "Two"} {
			e := Event{UID: "u", Title: title, Kind: "other", State: Confirmed, Start: dbtest.Now, End: dbtest.Now, Zone: "UTC"}
			if err := im.add(ctx, incoming{event: e}); err != nil {
				return err
			}
		}
		return nil
	})
	if sum := report.Summary(); err != nil || sum.New != 1 || sum.Updated != 1 {
		t.Errorf("%+v, %v", sum, err)
	}
}

func FuzzCalendarTexts(f *testing.F) {
	f.Add("Town hall, Springfield, IL 62701")
	f.Add("<p>One<br>two</p> # [x](y) &lt;")
	f.Add("\n\n- 1. \\")
	g, err := places()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := newPlacer(g)
		if w := p.read(s); w.HasPoint && !w.Point.Valid() {
			t.Errorf("%q gives the point %v", s, w.Point)
		}
		out := plainMarkdown(plainText(s))
		if len(out) > markdown.MaxBytes {
			return
		}
		if _, err := markdown.Render(out); err != nil {
			t.Errorf("%q: %v", s, err)
		}
		if plainMarkdown(s) != plainMarkdown(s+"\n") {
			t.Errorf("%q: a last line break matters", s)
		}
	})
}
