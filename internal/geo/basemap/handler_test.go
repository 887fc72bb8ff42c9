package basemap

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"convoke/internal/fault"
)

func get(t *testing.T, a *Archive, method, path string, header map[string]string) *http.Response {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /map/tiles/{z}/{x}/{y}", func(w http.ResponseWriter, r *http.Request) {
		if err := a.Serve(w, r); err != nil {
			status := http.StatusInternalServerError
			if f := fault.Of(err); f != nil {
				status = f.Kind.Status()
			}
			w.WriteHeader(status)
		}
	})
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHandlerCodings(t *testing.T) {
	t.Parallel()
	a := bundled(t)
	stored, _, _, err := a.Tile(0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := decompress(stored, compressionGzip, maxTileRaw)
	if err != nil {
		t.Fatal(err)
	}
	tags := map[string]bool{}
	for accept, want := range map[string][]byte{
		"gzip": stored, "br, GZIP ;q=0.5": stored, "*": stored, "gzip;q=0, *": raw, "": raw, "br": raw, "identity": raw,
	} {
		r := get(t, a, "GET", "/map/tiles/0/0/0", map[string]string{"Accept-Encoding": accept})
		coding := r.Header.Get("Content-Encoding")
		if r.StatusCode != 200 || !bytes.Equal(body(t, r), want) || (coding == "gzip") != (len(want) == len(stored)) {
			t.Errorf("Accept-Encoding %q: status %d, coding %q", accept, r.StatusCode, coding)
		}
		if r.Header.Get("Content-Type") != tileType || r.Header.Get("Vary") != "Accept-Encoding" || r.Header.Get("Cache-Control") != "public, max-age=604800" {
			t.Errorf("Accept-Encoding %q: header %v", accept, r.Header)
		}
		tags[r.Header.Get("ETag")] = true
	}
	if len(tags) != 2 || tags[""] {
		t.Errorf("tags %v, want one for each coding", tags)
	}
}

func TestHandlerRevalidates(t *testing.T) {
	t.Parallel()
	a := bundled(t)
	tag := get(t, a, "GET", "/map/tiles/3/1/2", nil).Header.Get("ETag")
	for sent, want := range map[string]int{tag: 304, `"other", W/` + tag: 304, "*": 304, `"other"`: 200} {
		r := get(t, a, "GET", "/map/tiles/3/1/2", map[string]string{"If-None-Match": sent})
		if r.StatusCode != want || (want == 304 && len(body(t, r)) > 0) || r.Header.Get("ETag") != tag {
			t.Errorf("If-None-Match %q: status %d, want %d", sent, r.StatusCode, want)
		}
	}
	if r := get(t, a, "HEAD", "/map/tiles/3/1/2", nil); r.StatusCode != 200 || len(body(t, r)) > 0 || r.Header.Get("Content-Length") == "" {
		t.Errorf("HEAD: status %d, header %v", r.StatusCode, r.Header)
	}
}

func TestHandlerStatus(t *testing.T) {
	t.Parallel()
	file := buildArchive(t, map[uint64][]byte{0: {1}}, 1, compressionNone, 10)
	a, err := Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"/map/tiles/0/0/0": 200, "/map/tiles/1/0/0": 204, "/map/tiles/2/0/0": 404, "/map/tiles/1/2/0": 404, "/map/tiles/1/0/2": 404,
		"/map/tiles/-1/0/0": 404, "/map/tiles/x/0/0": 404, "/map/tiles/00/0/0": 404, "/map/tiles/+0/0/0": 404, "/map/tiles/99999999999999999999/0/0": 404,
	} {
		if r := get(t, a, "GET", path, nil); r.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, r.StatusCode, want)
		}
	}
	a.head.bounds.East = -90
	if r := get(t, a, "GET", "/map/tiles/1/1/0", nil); r.StatusCode != 404 {
		t.Errorf("outside the bounds: status %d, want 404", r.StatusCode)
	}
	a.head.dataLength = 0
	if r := get(t, a, "GET", "/map/tiles/0/0/0", nil); r.StatusCode != 500 || r.Header.Get("Cache-Control") != "" {
		t.Errorf("damaged archive: status %d, header %v", r.StatusCode, r.Header)
	}
}
