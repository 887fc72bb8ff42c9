package print

import (
	"net/http/httptest"
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// What the cache has is neither read nor drawn again, whatever is written behind
// the address.
func TestServedFromCache(t *testing.T) {
	t.Parallel()
	p := New(webtest.Locales(t))
	site := webtest.New(t, clock.NewManual(dbtest.Now), nil)
	es := meeting()
	es.Lang, es.Name, es.Title = "es", "Español", "Asamblea"
	read, away := 0, web.ErrNotFound()
	for _, file := range Files() {
		site.Handle("GET /meeting/"+file, func(c *web.Call) error {
			return p.Serve(c, file, Subject{Path: "/meeting", Name: "meeting", Tags: []string{"meeting"}, Sheets: func() ([]Sheet, error) {
				read++
				return []Sheet{meeting(), es}, away
			}})
		})
	}
	b := webtest.NewBrowser(t, site)
	b.Get("/meeting/poster.pdf").Want(t, 404, "")
	away = nil
	kept := map[string][]string{
		"poster.pdf": {"", "?lang=en", "?lang=es&paper=letter"}, "flyer.pdf": {"", "?lang=es&paper=a4"}, "poster.png": {"", "?lang=es"},
		"flyer.png": {"", "?lang=en&paper=letter"}, "qr.png": {""}, "qr.pdf": {""}, "print": {"", "?lang=es"},
	}
	read = 0
	bodies, want := map[string]string{}, 0
	for file, all := range kept {
		for _, query := range all {
			bodies[file+query] = b.Get("/meeting/"+file+query).Want(t, 200, "").Body
			want++
		}
	}
	if read != want {
		t.Fatalf("read %d times for %d files", read, want)
	}

	p.slots <- struct{}{} // nothing can be drawn from here on
	p.slots <- struct{}{}
	p.wait = 0
	for file, all := range kept {
		for _, query := range all {
			begin := "?"
			if query != "" {
				begin = "&"
			}
			for _, more := range []string{"", begin + "x=1", begin + "x=2&Lang=fr"} {
				if a := b.Get("/meeting/"+file+query+more).Want(t, 200, ""); a.Body != bodies[file+query] {
					t.Errorf("%s%s%s is another file", file, query, more)
				}
			}
		}
	}
	b.Get("/meeting/qr.png?lang=xx&paper=3").Want(t, 200, "")
	b.Get("/meeting/poster.png?paper=3").Want(t, 200, "")
	if read != want {
		t.Errorf("read %d times for %d files", read, want)
	}
	for from, to := range map[string]string{
		"poster.pdf?lang=xx": "poster.pdf?lang=en", "poster.pdf?lang=es&lang=x1": "poster.pdf?lang=es", "poster.png?lang=": "poster.png?lang=en",
		"flyer.pdf?paper=a5": "flyer.pdf?paper=a4", "flyer.png?lang=xx&paper=letter": "flyer.png?lang=en&paper=letter", "print?lang=hi": "print?lang=en",
	} {
		b.Get("/meeting/"+from).Want(t, 303, "/meeting/"+to)
	}
	w := httptest.NewRecorder()
	if site.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/meeting/flyer.pdf?lang=en", nil)); w.Code != 503 {
		t.Errorf("the press does not stand still: %d", w.Code)
	}
}
