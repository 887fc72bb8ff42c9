package assemblies

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// newLive is a house behind a real HTTP server with the limits that the program has.
func newLive(t *testing.T, limit Limiter) (*house, *httptest.Server) {
	t.Helper()
	x := &house{hall: newHall(t, dbtest.SQLite(t)), t: t}
	x.site = webtest.New(t, clock.System{}, anySession{})
	x.w = &Web{Service: x.Service, Limiter: limit, Client: func(*web.Call) string { return "hall" }, Hub: NewHub()}
	x.DB.OnTouch(func(tags []string) {
		x.site.Cache().Touch(tags)
		x.w.Touched(tags)
	})
	x.w.Mount(x.site)
	s := httptest.NewUnstartedServer(x.site)
	// Shorter than the test of what outlives it.
	s.Config.ReadTimeout, s.Config.WriteTimeout = time.Second, time.Second
	s.Start()
	t.Cleanup(s.Close)
	return x, s
}

// listener is one stream as a browser has it.
type listener struct {
	t    *testing.T
	r    *bufio.Reader
	body io.Closer
}

func listen(t *testing.T, base string, aid ID) *listener {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/assemblies/"+string(aid)+"/live", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s %v", res.Status, res.Header)
	}
	return &listener{t, bufio.NewReader(res.Body), res.Body}
}

// next reads up to the next version; it is -1 at the end of the stream.
func (l *listener) next() int {
	l.t.Helper()
	for {
		line, err := l.r.ReadString('\n')
		if err != nil {
			return -1
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			n, err := strconv.Atoi(strings.TrimSpace(data))
			if err != nil {
				l.t.Fatal(err)
			}
			return n
		}
	}
}

// until reads up to a version, or the end.
func (l *listener) until(version int) {
	l.t.Helper()
	for {
		switch n := l.next(); {
		case n == version:
			return
		case n < 0 || n > version:
			l.t.Fatalf("the stream says %d, want %d", n, version)
		}
	}
}

// Each change reaches all who follow, with the page that is asked for then; streams
// end with the assembly.
func TestLive(t *testing.T) {
	t.Parallel()
	x, s := newLive(t, freely{})
	aid := x.called(t, plenary())
	other := x.called(t, plenary())
	var all []*listener
	for range 5 {
		all = append(all, listen(t, s.URL, aid))
	}
	quiet := listen(t, s.URL, other)
	quiet.until(x.get(t, other).Version)
	for _, l := range all {
		l.until(x.get(t, aid).Version)
	}
	if n := x.w.Hub.Streams(); n != 6 {
		t.Errorf("%d streams", n)
	}
	x.item(t, aid, "Welcome", 5)
	for _, do := range []string{DoOpen, DoNext, DoClose} {
		x.run(t, aid, do)
		version := x.get(t, aid).Version
		for _, l := range all {
			l.until(version)
		}
		res, err := http.Get(s.URL + "/assemblies/" + string(aid) + "/now")
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if want := fmt.Sprintf(`id="now" data-v="%d"`, version); err != nil || !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
	for _, l := range all {
		if n := l.next(); n != -1 {
			t.Errorf("a closed assembly goes on with %d", n)
		}
	}
	x.w.Hub.Close()
	if n := quiet.next(); n != -1 {
		t.Errorf("the end of the process is not told: %d", n)
	}
	s.Close() // waits for all requests
	if n := x.w.Hub.Streams(); n != 0 || len(x.w.Hub.rooms)+len(x.w.Hub.from) != 0 {
		t.Errorf("%d streams stay, %d rooms, %d corners", n, len(x.w.Hub.rooms), len(x.w.Hub.from))
	}
}

// A stream outlives the limits for ordinary requests, and a change of many hands is
// told a few times, not for each.
func TestLiveLasts(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes seconds")
	}
	x, s := newLive(t, freely{})
	aid := x.opened(t, plenary())
	l := listen(t, s.URL, aid)
	l.next()
	<-time.After(1500 * time.Millisecond)
	door := x.look(t, aid, room{By: actor("bob")}).Door
	const hands = 30
	began := time.Now()
	for i := range hands {
		noError(t, x.RaiseHand(t.Context(), aid, room{Door: door}, x.IDs.Secret(), fmt.Sprint("Visitor ", i)))
	}
	version, told := x.get(t, aid).Version, 0
	for n := 0; n != version; told++ {
		if n = l.next(); n < 0 || n > version {
			t.Fatalf("the stream says %d", n)
		}
	}
	if most := 1 + int(time.Since(began)/apart); told > most {
		t.Errorf("%d changes were told %d times, want at most %d", hands, told, most)
	}
}

// never lets nobody.
type never struct{}

// Allow implements Limiter.
func (never) Allow(string, string) (bool, time.Duration) { return false, time.Minute }

func TestLiveLimits(t *testing.T) {
	t.Parallel()
	x, s := newLive(t, never{})
	aid := x.called(t, plenary())
	status := func(path string) int {
		res, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	if got := status("/assemblies/" + string(aid) + "/live"); got != 429 {
		t.Errorf("a flood gets %d", got)
	}
	x.w.Limiter = freely{}
	for range maxCorner {
		if x.w.Hub.join("x", "hall") == nil {
			t.Fatal("no place")
		}
	}
	if got := status("/assemblies/" + string(aid) + "/live"); got != 503 {
		t.Errorf("one corner too many gets %d", got)
	}
	for range maxStreams - maxCorner {
		if x.w.Hub.join("x", "") == nil {
			t.Fatal("no place")
		}
	}
	if x.w.Hub.join("x", "") != nil {
		t.Error("there is no limit")
	}
	inside := plenary()
	inside.Public = false
	for _, path := range []string{"/assemblies/" + string(x.called(t, inside)) + "/live", "/assemblies/x/live", "/assemblies/" + string(x.draft(t, plenary())) + "/live"} {
		if got := status(path); got != 404 {
			t.Errorf("%s: %d", path, got)
		}
	}
}

// Where nobody can hurry a slow reader, the version is said once.
func TestLiveWithoutDeadlines(t *testing.T) {
	t.Parallel()
	x, _ := newLive(t, freely{})
	aid := x.called(t, plenary())
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "http://localhost/assemblies/"+string(aid)+"/live", http.NoBody)
	x.site.ServeHTTP(w, r)
	if got := w.Body.String(); !strings.HasSuffix(got, "id: 1\ndata: 1\n\n") || !strings.HasPrefix(got, "retry: ") || x.w.Hub.Streams() != 0 {
		t.Errorf("the stream is %q", got)
	}
}

// A change that comes while another is told is not missed.
func TestHubMissesNothing(t *testing.T) {
	t.Parallel()
	h := NewHub()
	r := h.join("a", "")
	first := h.next(r)
	h.Touched([]string{"groups", "assembly:b", "assembly:a"})
	<-first
	second := h.next(r)
	h.Touched([]string{"*"})
	<-second
	select {
	case <-h.next(r):
		t.Error("there was no third change")
	default:
	}
	h.leave("a", "", r)
	h.Touched([]string{"assembly:a"}) // nobody listens
	h.Close()
	h.Close()
	if h.join("a", "") != nil {
		t.Error("a stream begins when all is over")
	}
}
