package web

import (
	"net/http/httptest"
	"testing"
)

// Whoever has a file already costs no unpacking and no packing of it.
func TestUnchangedFilesAreNotPacked(t *testing.T) {
	t.Parallel()
	broken := newPacked("text/css", []byte("no gzip at all"))
	fresh := newBlob("text/css", make([]byte, 1000))
	for _, b := range []*blob{broken, fresh} {
		for _, accept := range []string{"", "gzip", "zstd"} {
			r := httptest.NewRequest("GET", "/static/x.css", nil)
			r.Header.Set("Accept-Encoding", accept)
			r.Header.Set("If-None-Match", `"`+b.etag+`"`)
			w := httptest.NewRecorder()
			if b.serve(w, r, 200, "public"); w.Code != 304 || w.Body.Len() > 0 || w.Header().Get("Etag") == "" || w.Header().Get("Cache-Control") != "public" {
				t.Errorf("%q: %d %v", accept, w.Code, w.Header())
			}
		}
	}
	if fresh.enc[0] != nil || fresh.enc[1] != nil {
		t.Error("it was packed for nothing")
	}
	w := httptest.NewRecorder()
	if fresh.serve(w, httptest.NewRequest("GET", "/static/x.css", nil), 200, "public"); w.Code != 200 || w.Body.Len() != 1000 || w.Header().Get("Content-Length") != "1000" {
		t.Errorf("after that: %d, %v", w.Code, w.Header())
	}
}
