package petitions

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"convoke/internal/authz"
)

// TestTranslate: a version is for reading alone. Neither the record nor what is
// signed changes with it, before and after the first signature.
func TestTranslate(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		slug := s.opened(some("Open on Sundays"))
		es := VersionInput{Lang: "es", Addressee: "El ayuntamiento", Title: "Abierto los domingos", Markdown: "Por favor.", Credit: "Ana"}
		before := s.get(slug)
		hash, err := before.hash()
		s.must(err)
		notes := s.notes(before.Box)
		for _, by := range []authz.Actor{{}, otto, mia} {
			if err := s.Translate(ctx, by, slug, before.Sequence, es); err == nil {
				t.Errorf("%q translated it", by.Handle)
			}
		}
		s.must(s.Translate(ctx, olga, slug, before.Sequence, es))
		s.want(s.Translate(ctx, olga, slug, before.Sequence, es), "petition.changed_meanwhile")
		if after := s.notes(before.Box); !slices.Equal(after, notes) {
			t.Errorf("the record heard of a version: %q", after)
		}
		s.signed(slug, 1)
		notes = s.notes(before.Box)
		es.Title = "Abierta los domingos"
		s.must(s.Translate(ctx, olga, slug, s.get(slug).Sequence, es))
		for want, in := range map[string]VersionInput{
			"lang":            {Lang: "en", Addressee: "x", Title: "x", Markdown: "x"},
			"title addressee": {Lang: "de", Markdown: "x"},
			"markdown lang":   {Lang: "xx", Addressee: "x", Title: "x"},
			"credit":          {Lang: "de", Addressee: "x", Title: "x", Markdown: "x", Credit: "a@example.org"},
		} {
			if got := fieldNames(s.Translate(ctx, olga, slug, s.get(slug).Sequence, in)); strings.Join(got, " ") != want {
				t.Errorf("refused for %v, want %s", got, want)
			}
		}
		now := s.get(slug)
		if h, _ := now.hash(); h != hash || now.Text != before.Text || now.Salt != before.Salt {
			t.Error("a version changed what is signed")
		}
		if after := s.notes(now.Box); !slices.Equal(after, notes) {
			t.Errorf("the record heard of a version: %q, before %q", after, notes)
		}
		s.must(s.Translate(ctx, olga, slug, now.Sequence, VersionInput{Lang: "es", Remove: true}))
		if n := s.count("select count(*) from petition_text"); n != 0 {
			t.Errorf("%d versions are left", n)
		}
	})
}

func TestVersionPages(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	slug := s.opened(some("Open on Sundays"))
	at := "/petitions/" + slug
	b, v := s.as(olga), s.visitor()
	empty := b.Get(at+"/translate").Want(t, 200, "")
	seq := empty.Attr("input[name=sequence]", "value")
	bad := b.Post(at+"/translate", "sequence", seq, "lang", "ar", "title", "x", "addressee", "", "markdown", "y").Want(t, 422, "")
	if bad.Text("#addressee-error") == "" || bad.Text("#markdown") != "y" {
		t.Errorf("refused: %s", bad.Text("form"))
	}
	b.Post(at+"/translate", "sequence", seq, "lang", "ar", "title", "مفتوح يوم الأحد", "addressee", "المجلس البلدي", "markdown", "من فضلكم.").Want(t, 303, at+"?lang=ar")
	a := v.Get(at+"?lang=ar", "Accept-Language", "en")
	if a.Text("h1") != "مفتوح يوم الأحد" || a.Attr("h1", "dir") != "rtl" || !strings.Contains(a.Text(".notice"), "What counts is the original in English.") {
		t.Errorf("in Arabic: %s", a.Text("main"))
	}
	if a := v.Get(at, "Accept-Language", "en"); a.Text("h1") != "Open on Sundays" || strings.Contains(a.Text("main"), "What counts is the original") ||
		len(a.All("link[hreflang=ar]")) != 1 {
		t.Errorf("the original: %s", a.Text("main"))
	}
	if a := v.Get(at+".json?lang=ar").Want(t, 200, ""); !strings.Contains(a.Body, `"title": "Open on Sundays"`) || !strings.Contains(a.Body, `"lang": "ar"`) {
		t.Errorf("the file: %s", a.Body)
	}
	in := some("Open on Sundays")
	in.Markdown = "Keep it open, please."
	b.Post(at+"/edit", form(in, "sequence", strconv.Itoa(s.get(slug).Sequence))...).Want(t, 303, at)
	if a := v.Get(at+"?lang=ar", "Accept-Language", "en"); !strings.Contains(a.Text(".warn"), "The original was changed") {
		t.Errorf("an older version: %s", a.Text("main"))
	}
}
