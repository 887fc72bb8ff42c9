package web

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// static serves the embedded files. Their addresses carry a hash, so that
// browsers keep them for a year.
type static struct {
	files   map[string]*blob  // "app.css" and so on
	folders map[string]string // a hash of all files of a folder
}

func loadStatic(more ...fs.FS) (*static, error) {
	s := &static{files: map[string]*blob{}, folders: map[string]string{}}
	own, err := fs.Sub(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	for _, f := range append([]fs.FS{own}, more...) {
		if err := s.load(f); err != nil {
			return nil, err
		}
	}
	for p, b := range s.files {
		if path.Ext(p) == ".js" && slices.Contains([]string{".", "keep", "recount", "sealed"}, path.Dir(p)) {
			s.files[p] = newFile("text/javascript; charset=utf-8", Bare(b.body))
		}
	}
	for _, p := range slices.Sorted(maps.Keys(s.files)) {
		dir := path.Dir(p)
		s.folders[dir] = newBlob("", []byte(s.folders[dir]+s.files[p].etag)).etag
	}
	return s, nil
}

func (s *static) load(f fs.FS) error {
	return fs.WalkDir(f, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(f, p)
		if err != nil {
			return fmt.Errorf("read static file %s: %w", p, err)
		}
		p, packed := strings.CutSuffix(p, ".gz")
		t := mime.TypeByExtension(path.Ext(p))
		switch path.Ext(p) {
		case ".js", ".mjs":
			t = "text/javascript; charset=utf-8"
		case ".txt", "":
			t = "text/plain; charset=utf-8"
		}
		if packed {
			s.files[p] = newPacked(t, b)
		} else {
			s.files[p] = newFile(t, b)
		}
		return nil
	})
}

// url is the address of a file with its hash; a name that does not exist is a
// mistake in a template, which the page tests find. In a folder it is the hash of
// all its files, because they load each other with the hash they came with.
func (s *static) url(name string) (string, error) {
	b := s.files[name]
	if b == nil {
		return "", fmt.Errorf("no static file %q", name)
	}
	return "/static/" + name + "?v=" + s.version(name, b), nil
}

func (s *static) version(name string, b *blob) string {
	if dir := path.Dir(name); dir != "." {
		return s.folders[dir][:8]
	}
	return b.etag[:8]
}

func (s *static) serve(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/static/")
	b := s.files[name]
	if b == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	// Kept for a year only under its own version: scripts that load each other without one
	// must be of one program, and nobody may put an old file under the address of a new one.
	age := "public, no-cache"
	if r.URL.Query().Get("v") == s.version(name, b) {
		age = "public, max-age=31536000, immutable"
	}
	h := w.Header()
	h.Del("Permissions-Policy")
	switch path.Base(r.URL.Path) { // a policy is for documents and workers, and weighs as much as a small file
	case "worker.js":
		h.Set("Content-Security-Policy", recountPolicy)
	case "maplibre-gl-worker.mjs":
	default:
		h.Del("Content-Security-Policy")
	}
	b.serve(w, r, http.StatusOK, age)
}
