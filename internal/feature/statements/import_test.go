package statements

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
)

// filesOf is a folder as an import takes it, in the order of names.
func filesOf(folder fs.FS) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path.Ext(name) != ".md" {
				return err
			}
			open := func(at string) (io.ReadCloser, error) { return folder.Open(at) }
			if !yield(File{
				Name: name, Open: func() (io.ReadCloser, error) { return open(name) },
				Beside: func(at string) (io.ReadCloser, error) {
					return open(path.Join(path.Dir(name), strings.TrimPrefix(at, "/")))
				},
			}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(File{}, err)
		}
	}
}

func folder(pairs ...string) fstest.MapFS {
	f := fstest.MapFS{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return f
}

type imported struct {
	Rows    []Problem
	Summary Summary
}

// codes are those that the report has for a file, left out ones with a "!".
func (i *imported) codes(file string) string {
	var out []string
	for _, p := range i.Rows {
		if p.File == file {
			if p.Left {
				p.Code = "!" + p.Code
			}
			out = append(out, p.Code)
		}
	}
	return strings.Join(out, " ")
}

func (s *stand) importAll(folder fs.FS, o ImportOptions) imported {
	s.t.Helper()
	if o.Group == "" {
		o.Group = "riverside"
	}
	var out bytes.Buffer
	r := NewReport(&out, true)
	err := s.Import(s.t.Context(), filesOf(folder), o, r)
	if err := errors.Join(err, r.Close(r.Summary())); err != nil {
		s.t.Fatal(err)
	}
	var i imported
	if err := json.Unmarshal(out.Bytes(), &i); err != nil {
		s.t.Fatalf("%v in %s", err, out.String())
	}
	if n := i.Summary.New + i.Summary.Updated + i.Summary.Unchanged + i.Summary.Left; n != i.Summary.Read {
		s.t.Errorf("%d files are counted, %d were read", n, i.Summary.Read)
	}
	return i
}

func text(s Statement) string { return s.Original().Markdown }

func (s *stand) bySlug(slug string) Statement {
	s.t.Helper()
	var st Statement
	err := s.db.Read(s.t.Context(), func(tx *db.Tx) error {
		var err error
		st, err = bySlug(s.t.Context(), tx, "g1", slug)
		return err
	})
	if err != nil {
		s.t.Fatalf("%s: %v", slug, err)
	}
	return st
}

// The real posts come in once, and again without a change.
func TestRealPosts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		posts := os.DirFS("testdata/posts")
		dry := s.importAll(posts, ImportOptions{DryRun: true})
		if dry.Summary.New != 10 || !dry.Summary.DryRun || s.titles(Query{Limit: 20}) != nil {
			t.Errorf("dry run: %+v", dry.Summary)
		}
		first := s.importAll(posts, ImportOptions{})
		if first.Summary.New != 10 || first.Summary.Left != 0 || !maps.Equal(first.Summary.Codes, dry.Summary.Codes) {
			t.Errorf("first: %+v, dry run: %+v", first.Summary, dry.Summary)
		}
		if got := s.titles(Query{Limit: 20}); len(got) != 10 || got[9] != "Open source for good government" {
			t.Errorf("listed: %q", got)
		}
		vote := s.bySlug("18f-usa-gov-launches-vote-usa-gov-to-help-citizens-register-and-connect-with-states")
		if vote.Day != 20150922 || vote.Byline != "sarahcrane" || vote.State != Published || vote.Lang != "en" { // its date is in its name only
			t.Errorf("%+v", vote)
		}
		hack := s.bySlug("18f-18f-at-national-civic-hacking-day")
		if hack.Day != 20150611 || hack.Byline != "gray, kara, david, mhz" || !slices.Equal(hack.Tags, []string{"events", "hackathons"}) {
			t.Errorf("%+v", hack)
		}
		if html := string(hack.Original().HTML); strings.Contains(html, "<br") || !strings.Contains(html, "come together to better") {
			t.Errorf("its lines are broken as in the file: %s", html)
		}
		for _, st := range []Statement{vote, hack} {
			if html := string(st.Original().HTML); strings.Contains(html, "{%") || strings.Contains(html, "{{") || strings.Contains(html, "<img") {
				t.Errorf("%s: %s", st.Slug, html)
			}
		}
		want := "liquid liquid liquid liquid html html html html relative relative relative picture"
		if got := first.codes("18f-2015-01-16-open-source-for-good-government.md"); got != want {
			t.Errorf("codes: %s", got)
		}
		if got := first.codes(""); got != "fields" || !strings.Contains(first.Rows[len(first.Rows)-1].Text, "excerpt (10)") {
			t.Errorf("fields: %s", got)
		}
		again := s.importAll(posts, ImportOptions{})
		if again.Summary.Unchanged != 10 || again.Summary.New+again.Summary.Updated != 0 || again.Summary.Changed != 0 {
			t.Errorf("again: %+v", again.Summary)
		}
	})
}

func TestOddFiles(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	long := strings.Repeat("words ", 4000)
	r := s.importAll(folder(
		"2026-01-02-plain.md", "# A heading\n\nNo fields at all.",
		"2026-01-03-no-title.md", "---\nauthor: {name: Kim}\ntags: a, b\n---\nJust text.",
		"broken.md", "---\ntitle: [\n---\nx", "unclosed.md", "---\ntitle: x\n", "empty.md", "---\ntitle: x\n---\n<!-- nothing -->\n",
		"long.md", long, "large.md", strings.Repeat("x", maxFile+1), "latin.md", "---\ndate: 2026-01-04\ntitle: Caf\xe9\n---\nx",
		"no-date.md", "---\ntitle: When?\n---\nx", "ahead.md", "---\ntitle: Soon\ndate: 2027-01-01\n---\nx",
		"bad-date.md", "---\ntitle: Bad\ndate: the day before\n---\nx", "draft.md", "---\ntitle: D\ndate: 2026-01-05\ndraft: true\n---\nx",
		"hidden.md", "---\ntitle: H\ndate: 2026-01-05\npublished: false\n---\nx",
		"lang.md", "---\ntitle: L\ndate: 2026-01-05\nlang: tlh\n---\nx", "lang2.md", "---\ntitle: L2\ndate: 5 Jan 2026\nlanguage: de_AT\n---\nx",
		"twin/lang.md", "---\ntitle: L\ndate: 2026-01-05\n---\ny", "cut.md", "---\ntitle: "+strings.Repeat("a", 300)+"\ndate: 2026-01-05\n---\nx",
		"日本語.md", "---\ntitle: 日本語\ndate: 2026-01-06\nlang: ja\n---\nx",
		"fix.md", "---\ntitle: F\ndate: 2026-01-05\ncorrections:\n- {date: 2026-01-06, note: One word.}\n- {note: no date}\n---\nx",
		"away.md", "---\ntitle: W\ndate: 2026-01-05\nwithdrawn: {date: 2026-01-07, why: It was wrong.}\n---\nx",
	), ImportOptions{})
	for file, want := range map[string]string{
		"2026-01-02-plain.md": "no_title heading", "2026-01-03-no-title.md": "no_title", "broken.md": "!front_matter", "unclosed.md": "!front_matter",
		"empty.md": "!empty", "long.md": "!long", "large.md": "!large", "latin.md": "encoding", "no-date.md": "no_date", "ahead.md": "future",
		"bad-date.md": "date no_date", "draft.md": "", "hidden.md": "", "lang.md": "lang", "lang2.md": "", "twin/lang.md": "!repeat", "cut.md": "cut",
		"日本語.md": "", "fix.md": "correction", "away.md": "",
	} {
		if got := r.codes(file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
	for slug, want := range map[string]string{
		"plain": "A heading published 20260102 en", "no-title": "no title published 20260103 en", "latin": "Caf\ufffd published 20260104 en",
		"no-date": "When? draft 20260502 en", "ahead": "Soon draft 20270101 en", "draft": "D draft 20260105 en", "hidden": "H draft 20260105 en",
		"lang2": "L2 published 20260105 de", "away": "W withdrawn 20260105 en",
	} {
		st := s.bySlug(slug)
		if got := strings.Join([]string{st.Original().Title, string(st.State), strings.ReplaceAll(day.ISO(st.Day), "-", ""), st.Lang}, " "); got != want {
			t.Errorf("%s is %q, want %q", slug, got, want)
		}
	}
	if st := s.bySlug("no-title"); st.Byline != "Kim" || !slices.Equal(st.Tags, []string{"a", "b"}) {
		t.Errorf("%+v", st)
	}
	if st := s.bySlug("fix"); len(st.Corrections) != 1 || st.Corrections[0] != (Correction{20260106, "en", "One word."}) {
		t.Errorf("%+v", st.Corrections)
	}
	if st := s.bySlug("away"); st.Why != "It was wrong." || st.Withdrawn != 20260107 {
		t.Errorf("%+v", st)
	}
}

func TestAgainWithAChange(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		file := func(body, more string) fstest.MapFS {
			return folder("a.md", "---\ntitle: A\ndate: 2026-01-05\n"+more+"---\n"+body)
		}
		s.importAll(file("one", ""), ImportOptions{})
		r := s.importAll(file("two", ""), ImportOptions{})
		if st := s.bySlug("a"); r.Summary.Updated != 1 || r.codes("a.md") != "uncorrected" || st.Original().Markdown != "two" || st.Revised != 20260502 {
			t.Errorf("%+v, %+v", r, st)
		}
		fix := "corrections: [{date: 2026-02-01, note: The number.}]\n"
		r = s.importAll(file("three", fix), ImportOptions{})
		if st := s.bySlug("a"); r.codes("a.md") != "" || len(st.Corrections) != 1 || len(s.titles(Query{Limit: 9})) != 1 {
			t.Errorf("%+v, %+v", r, st)
		}
		// What was changed here stays, as long as the file does not change.
		in := some("A")
		in.Day, in.Markdown, in.Change.Note = "2026-01-05", "changed here", "By hand."
		st := s.bySlug("a")
		if err := s.Update(t.Context(), olga, st.ID, st.Sequence, in); err != nil {
			t.Fatal(err)
		}
		if r = s.importAll(file("three", fix), ImportOptions{}); r.Summary.Unchanged != 1 || text(s.bySlug("a")) != "changed here" {
			t.Errorf("%+v", r.Summary)
		}
		if r = s.importAll(file("four", fix+"draft: true\n"), ImportOptions{}); r.codes("a.md") != "public uncorrected" || s.bySlug("a").State != Published || len(s.bySlug("a").Corrections) != 2 {
			t.Errorf("%+v, %+v", r, s.bySlug("a"))
		}
		if err := s.Withdraw(t.Context(), olga, st.ID, s.bySlug("a").Sequence, "No more."); err != nil {
			t.Fatal(err)
		}
		if r = s.importAll(file("five", fix), ImportOptions{}); r.codes("a.md") != "!withdrawn" || s.bySlug("a").State != Withdrawn {
			t.Errorf("%+v", r)
		}
	})
}

func TestVersionsComeToTheirOriginal(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		post := func(title string) string { return "---\ntitle: " + title + "\ndate: 2026-01-05\nauthor: X\n---\nx" }
		all := folder("a.es.md", post("Uno"), "a.md", post("One"), "b.de.md", post("Zwei"), "b.es.md", post("Dos"), "v1.2.md", post("Dots"))
		dry, r := s.importAll(all, ImportOptions{DryRun: true}), s.importAll(all, ImportOptions{})
		if dry.Summary.DryRun = false; !cmp.Equal(dry, r) {
			t.Errorf("the dry run said something else: %s", cmp.Diff(dry, r))
		}
		if r.Summary.New != 3 || r.Summary.Updated != 2 || r.codes("b.de.md") != "alone" || r.codes("a.es.md") != "" {
			t.Errorf("%+v", r)
		}
		a, b := s.bySlug("a"), s.bySlug("b")
		if a.Lang != "en" || a.In("es").Title != "Uno" || a.Byline != "X" || b.Lang != "de" || b.In("es").Title != "Dos" || b.Byline != "X" || b.Day != 20260105 {
			t.Errorf("%+v\n%+v", a, b)
		}
		s.bySlug("v1-2")
		if r = s.importAll(folder("a.md", strings.Replace(post("Eins"), "author: X", "lang: de", 1)), ImportOptions{}); r.Summary.Updated != 1 {
			t.Errorf("%+v", r)
		}
		if a = s.bySlug("a"); a.Lang != "de" || len(a.Texts) != 2 || a.Original().Title != "Eins" {
			t.Errorf("%+v", a)
		}
	})
}

// An import that is stopped is simply run again.
func TestStoppedAndRunAgain(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	ctx, stop := context.WithCancel(t.Context())
	o := ImportOptions{Group: "riverside", Progress: func(n int) {
		if n == 4 {
			stop()
		}
	}}
	if err := s.Import(ctx, filesOf(os.DirFS("testdata/posts")), o, NewReport(io.Discard, false)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if r := s.importAll(os.DirFS("testdata/posts"), ImportOptions{}); r.Summary.Unchanged != 4 || r.Summary.New != 6 {
		t.Errorf("%+v", r.Summary)
	}
}

func TestWhereNothingCanComeIn(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	s.groups.suspended["g2"] = true
	for group, want := range map[string]string{"nobody": "no group", "harbour": "suspended"} {
		err := s.Import(t.Context(), filesOf(folder("a.md", "x")), ImportOptions{Group: group}, NewReport(io.Discard, false))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", group, err)
		}
	}
	gone := func(yield func(File, error) bool) { yield(File{}, fs.ErrNotExist) }
	if err := s.Import(t.Context(), gone, ImportOptions{Group: "riverside"}, NewReport(io.Discard, false)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestReportForPeople(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	var out bytes.Buffer
	r := NewReport(&out, false)
	err := s.Import(t.Context(), filesOf(folder("a.md", "---\nlayout: x\n---\n{% tag %} x", "b.md", "---\n")), ImportOptions{Group: "riverside", DryRun: true}, r)
	if err = errors.Join(err, r.Close(r.Summary())); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"a.md: A template tag was taken out: {% tag %} [liquid]\n", "b.md, left out: The fields at the beginning cannot be read", "[front_matter]\n",
		"all files: Fields that are not read: layout (1). [fields]\n", "2 posts read in 0s: 1 new, 0 updated, 0 unchanged, 1 left out.\n",
		"1 were taken with a change that is named above.\n", "  liquid: 1\n", "This was a dry run: nothing was written.\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func (s *stand) export(picture func(context.Context, string) ([]byte, string, error)) fstest.MapFS {
	s.t.Helper()
	out := fstest.MapFS{}
	err := s.Export(s.t.Context(), ExportOptions{Group: "riverside", Picture: picture, Write: func(name string, data []byte) error {
		if out[name] != nil {
			return errors.New(name + " is written twice")
		}
		out[name] = &fstest.MapFile{Data: data}
		return nil
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func texts(f fstest.MapFS) map[string]string {
	out := map[string]string{}
	for name, file := range f {
		out[name] = string(file.Data)
	}
	return out
}

// What goes out comes in the same on another node, and changes nothing here.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		s.importAll(os.DirFS("testdata/posts"), ImportOptions{Site: "https://old.example"})
		in := some("  “Quoted”: #1 – día ")
		in.Markdown = "One line\nand another.\n\n## A heading\n\n- a\n- b\n\n> quoted\n> on\n\n    code {{ x }}\n\n`{% raw %}` and <b>tags</b> and {: .x}\n\n[rel](/x)"
		in.Tags, in.Byline, in.PictureAlt = "a, b c", "The committee", "A bridge"
		sid := s.publish("riverside", in)
		if err := s.Translate(ctx, olga, sid, 0, TextInput{Lang: "ar", Title: "عنوان", Markdown: "نص"}); err != nil {
			t.Fatal(err)
		}
		in.Byline, in.Change.Note = "Another", "Who speaks: it was another."
		if err := s.Update(ctx, olga, sid, 1, in); err != nil {
			t.Fatal(err)
		}
		if err := s.SetPicture(ctx, olga, sid, "picturekey"); err != nil {
			t.Fatal(err)
		}
		in = some("A draft")
		in.State = Draft
		s.publish("riverside", in)
		gone := s.publish("riverside", some("Gone"))
		if err := s.Withdraw(ctx, olga, gone, 0, "It was\nwrong."); err != nil {
			t.Fatal(err)
		}
		out := s.export(func(context.Context, string) ([]byte, string, error) { return []byte("bytes"), ".png", nil })
		if out["pictures/picturekey.png"] == nil || len(out) != 10+2+1+1+1 {
			t.Errorf("files: %v", slices.Sorted(maps.Keys(out)))
		}
		o := ImportOptions{MaxPicture: 100, Keep: func(_ context.Context, r io.Reader) (string, error) {
			b, err := io.ReadAll(r)
			if string(b) != "bytes" {
				t.Errorf("picture: %q", b)
			}
			return "picturekey", err
		}}
		if r := s.importAll(out, o); r.Summary.Unchanged != 14 || len(r.Rows) != 0 {
			t.Errorf("here again: %+v", r)
		}
		other := onSQLite(t)
		if r := other.importAll(out, o); r.Summary.New != 13 || r.Summary.Updated != 1 || r.Summary.Left != 0 || len(r.Rows) != 0 {
			t.Errorf("elsewhere: %+v", r)
		}
		back := other.export(func(context.Context, string) ([]byte, string, error) { return []byte("bytes"), ".png", nil })
		if diff := cmp.Diff(texts(out), texts(back)); diff != "" {
			t.Error(diff)
		}
		st := other.bySlug("quoted-1-dia")
		if st.Picture != "picturekey" || len(st.Corrections) != 1 || st.In("ar").Title != "عنوان" {
			t.Errorf("%+v", st)
		}
		if _, err := other.get(authz.Actor{}, other.bySlug("a-draft").ID); err == nil {
			t.Error("the draft is public")
		}
	})
}

// More statements than an export holds at once come out, each once.
func TestExportOfMany(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		all := fstest.MapFS{}
		for i := range 2*exportPage + 3 {
			all[fmt.Sprintf("2026-01-02-number-%d.md", i)] = &fstest.MapFile{Data: []byte("---\ntitle: T\n---\nx")}
		}
		if r := s.importAll(all, ImportOptions{}); r.Summary.New != len(all) {
			t.Fatalf("%+v", r.Summary)
		}
		if out := s.export(nil); !slices.Equal(slices.Sorted(maps.Keys(out)), slices.Sorted(maps.Keys(all))) {
			t.Errorf("%d of %d", len(out), len(all))
		}
	})
}

func TestPicturesBesideAPost(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	kept := 0
	o := ImportOptions{MaxPicture: 10, Keep: func(_ context.Context, r io.Reader) (string, error) {
		b, _ := io.ReadAll(r)
		if string(b) == "broken" {
			return "", errors.New("no picture")
		}
		kept++
		return "key-" + string(b), nil
	}}
	post := func(image string) string {
		return "---\ntitle: P\ndate: 2026-01-05\nimage: " + image + "\nimage_alt: What\n---\nx"
	}
	f := folder("a.md", post("one.png"), "b.md", post("none.png"), "c.md", post("https://example.org/x.png"), "d.md", post("big.png"), "e.md", post("broken.png"),
		"one.png", "one", "big.png", "more than ten", "broken.png", "broken")
	r := s.importAll(f, o)
	for file, want := range map[string]string{"a.md": "", "b.md": "picture", "c.md": "picture", "d.md": "picture", "e.md": "picture"} {
		if got := r.codes(file); got != want {
			t.Errorf("%s: %q", file, got)
		}
	}
	if st := s.bySlug("a"); st.Picture != "key-one" || st.PictureAlt != "What" || s.bySlug("e").Picture != "" {
		t.Errorf("%+v", st)
	}
	f["one.png"].Data = []byte("two")
	if r = s.importAll(f, o); r.Summary.Updated != 1 || s.bySlug("a").Picture != "key-two" || kept != 2 {
		t.Errorf("%+v, kept %d", r.Summary, kept)
	}
}
