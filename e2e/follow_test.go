package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
)

// TestFollowing: a page that follows an assembly shows the newest there is, when an
// answer is late and when a connection breaks.
func TestFollowing(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../internal/web/static/assembly.js")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	asked, version := 0, 1
	told, reached, late := make(chan int, 10), make(chan bool, 10), make(chan bool)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `<!doctype html><html lang="en"><title>x</title><main><div data-live="/live" data-now="/now"><p id="now" data-v="1">version 1.</p></div></main><script type="module" src="/assembly.js"></script></html>`)
	})
	mux.HandleFunc("GET /assembly.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write(script)
	})
	mux.HandleFunc("GET /live", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				return
			case n := <-told:
				_, _ = fmt.Fprintf(w, "data: %d\n\n", n)
			}
		}
	})
	mux.HandleFunc("GET /now", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		asked++
		nth, v := asked, version
		mu.Unlock()
		reached <- true
		switch nth {
		case 1: // old when it is answered
			<-late
		case 3:
			panic(http.ErrAbortHandler) // the connection breaks
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<p id="now" data-v="%d">version %d.</p>`, v, v)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	tell := func(n int) {
		mu.Lock()
		version = n
		mu.Unlock()
		told <- n
	}
	p := Browser(t, PageOptions{Base: s.URL, Width: 320, Height: 700})
	p.Goto("/")
	p.HasText("version 1.")
	tell(2)
	<-reached
	tell(3)
	close(late)
	<-reached
	p.HasText("version 3.")
	tell(4)
	<-reached
	p.HasText("version 4.")
	mu.Lock()
	defer mu.Unlock()
	if asked != 4 {
		t.Errorf("it asked %d times", asked)
	}
}
