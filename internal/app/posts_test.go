package app_test

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"convoke/internal/authz"
	"convoke/internal/feature/statements"
)

func saying(title string) statements.Input {
	return statements.Input{Title: title, Markdown: "We say so.", Lang: "en", Day: "2026-05-01", State: statements.Published}
}

func (s *stand) publish(by authz.Actor, handle string, in statements.Input) string {
	s.t.Helper()
	sid, err := s.Statements.Create(s.t.Context(), by, handle, s.IDs.Secret(), in)
	if err != nil {
		s.t.Fatal(err)
	}
	return "/statements/" + string(sid)
}

// A group's page shows what it says at once, and a suspended group says nothing.
func TestStatementsOfAGroup(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		op, sam := s.signIn("sam")
		s.group(sam, "riverside", "Riverside Neighbours")
		s.visitor().Get("/groups/riverside").Want(t, 200, "")
		path := s.publish(sam, "riverside", saying("Open the bridge"))
		b := s.visitor()
		shown := func(want int) {
			t.Helper()
			for _, page := range []string{"/groups/riverside", "/statements", "/groups/riverside/statements", "/statements.atom", "/statements.json", path} {
				a := b.Get(page)
				if got := strings.Contains(a.Body, "Open the bridge"); a.Status < 500 && got != (want == 200) {
					t.Errorf("%s: status %d, shown: %v", page, a.Status, got)
				}
			}
			b.Get(path).Want(t, want, "")
		}
		shown(200)
		op.Post("/groups/riverside/suspend", "suspended", "1").Want(t, 303, "/groups/riverside")
		shown(404)
		op.Get(path+"/edit").Want(t, 403, "")
		op.Post("/groups/riverside/suspend", "suspended", "0").Want(t, 303, "/groups/riverside")
		shown(200)
	})
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 20, 10))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A statement with its picture goes to another node and comes out there the same.
func TestPostsTravel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		op, sam := s.signIn("sam")
		s.group(sam, "riverside", "Riverside Neighbours")
		path := s.publish(sam, "riverside", saying("Open the bridge"))
		seq := op.Get(path+"/edit").Attr("main input[name=sequence]", "value")
		op.PostFile(path+"/edit", "picture", "a.png", picture(t), "title", "Open the bridge", "markdown", "We say so.", "lang", "en", "day", "2026-05-01",
			"state", "published", "sequence", seq, "picture_alt", "A bridge").Want(t, 303, path)
		src := s.visitor().Get(path).Attr("img.event-picture", "src")
		s.visitor().Get(src).Want(t, 200, "")
		first := t.TempDir()
		export(t, s, first)

		o := start(t, settings(t, ""))
		_, eve := o.signIn("eve")
		o.group(eve, "harbour", "Harbour Choir")
		if sum := importFolder(t, o, "harbour", first); sum.New != 1 || sum.Changed != 0 {
			t.Errorf("%+v", sum)
		}
		a := o.visitor().Get("/groups/harbour/statements").Want(t, 200, "")
		there := o.visitor().Get(a.Attr("article h3 a", "href")).Want(t, 200, "")
		if there.Text("h1") != "Open the bridge" || there.Attr("img.event-picture", "alt") != "A bridge" {
			t.Errorf("there: %s", there.Text("main"))
		}
		o.visitor().Get(there.Attr("img.event-picture", "src")).Want(t, 200, "")
		if sum := importFolder(t, o, "harbour", first); sum.Unchanged != 1 {
			t.Errorf("again: %+v", sum)
		}
		if sum := importFolder(t, s, "riverside", first); sum.Unchanged != 1 {
			t.Errorf("where it comes from: %+v", sum)
		}
	})
}

func export(t *testing.T, s *stand, dir string) {
	t.Helper()
	err := s.ExportPosts(t.Context(), "riverside", func(name string, data []byte) error {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o600)
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

func importFolder(t *testing.T, s *stand, group, dir string) statements.Summary {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	r := statements.NewReport(t.Output(), false)
	err = s.ImportPosts(t.Context(), func(yield func(statements.File, error) bool) {
		for _, name := range names {
			open := func(at string) (io.ReadCloser, error) { return os.Open(at) }
			if !yield(statements.File{
				Name: name, Open: func() (io.ReadCloser, error) { return open(name) },
				Beside: func(at string) (io.ReadCloser, error) { return open(filepath.Join(dir, filepath.FromSlash(at))) },
			}, nil) {
				return
			}
		}
	}, statements.ImportOptions{Group: group}, r)
	if err != nil {
		t.Fatal(err)
	}
	return r.Summary()
}
