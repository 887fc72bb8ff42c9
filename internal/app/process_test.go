package app_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"convoke/internal/app"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/web/webtest"
)

// What one process writes, another shows soon, also from its cache.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url := ""
			if engine == "postgres" {
				url = dbtest.Postgres(t)
			}
			cfg := settings(t, url)
			one, two := start(t, cfg), start(t, cfg)
			session, sam := one.signIn("sam")
			g := one.group(sam, "riverside", "Riverside Neighbours")
			path := "/events/" + string(one.event(sam, g, meeting("First", "2026-05-05")))
			reader := two.visitor()
			until(t, "the first event", func() bool { return strings.Contains(reader.Get("/events").Body, "First") })
			reader.Get("/events").Want(t, 200, "")
			hits, _ := two.Site.Cache().Counts()
			reader.Get("/events").Want(t, 200, "")
			if now, _ := two.Site.Cache().Counts(); now != hits+1 {
				t.Fatal("the page does not come from the cache, so nothing is tested")
			}
			one.event(sam, g, meeting("Second", "2026-05-06"))
			until(t, "the second event", func() bool { return slices.Contains(titles(reader.Get("/events")), "Second") })
			reader.Get(path).Want(t, 200, "")
			in := meeting("Renamed", "2026-05-05")
			session.Post(path+"/edit", asForm(in, "sequence", "0")...).Want(t, 303, path+"?saved=1")
			until(t, "the new title", func() bool { return reader.Get(path).Text("h1") == "Renamed" })
			// And the other way round: a session of one works in the other.
			other := webtest.NewBrowser(t, two.Site).WithSession(session.Cookies["convoke"].Value)
			one.visitor().Get(path).Want(t, 200, "")
			in.Title = "Renamed again"
			other.Post(path+"/edit", asForm(in, "sequence", "1")...).Want(t, 303, path+"?saved=1")
			until(t, "the newer title", func() bool { return one.visitor().Get(path).Text("h1") == "Renamed again" })
		})
	}
}

// until asks again and again, for at most some seconds.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); <-tick.C {
		if ok() {
			return
		}
	}
	t.Errorf("%s: in vain, in five seconds", what)
}

// While the server is told to stop, it finishes what it has taken: each sign-up
// that was acknowledged is there, once.
func TestShutdownLosesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		_, sam := s.signIn("sam")
		e := string(s.event(sam, s.group(sam, "riverside", "Riverside Neighbours"), meeting("Soup", "2026-05-05")))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		out, ended := io.Pipe()
		done := make(chan error, 1)
		go func() {
			err := s.Serve(ctx, ended, io.Discard)
			done <- errors.Join(err, ended.Close())
		}()
		line, err := bufio.NewReader(out).ReadString('\n')
		base, ok := strings.CutPrefix(strings.TrimSpace(line), "Convoke answers at ")
		if err != nil || !ok {
			t.Fatalf("%q, %v", line, err)
		}
		load := &signUps{t: t, target: base + "/events/" + e + "/attend", ids: s.IDs.Secret, first: make(chan struct{})}
		var clients sync.WaitGroup
		for range 8 {
			clients.Go(func() { load.run(background(t)) })
		}
		<-load.first
		stop()
		clients.Wait()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		if len(load.sent) < 50 {
			t.Errorf("only %d sign-ups were acknowledged", len(load.sent))
		}
		b := s.visitor()
		for _, key := range load.sent {
			b.Get("/events/"+e+"/attend/"+key).Want(t, 200, "")
		}
		var going, rows int
		err = s.DB.Read(background(t), func(tx *db.Tx) error {
			if err := tx.Get(background(t), "select count(*) from attendance where event_id = $1", []any{e}, &rows); err != nil {
				return err
			}
			return tx.Get(background(t), "select going from roster where event_id = $1", []any{e}, &going)
		})
		// What was taken is also answered. One connection may be closed as idle in
		// the moment in which its next request arrives.
		if err != nil || going != rows || rows < len(load.sent) || rows > len(load.sent)+1 {
			t.Errorf("%d acknowledged, %d rows, %d counted, %v", len(load.sent), rows, going, err)
		}
	})
}

type signUps struct {
	t      *testing.T
	target string
	ids    func() string
	first  chan struct{} // closed when enough are under way

	mu   sync.Mutex
	sent []string // keys that were acknowledged
}

// run signs up until the server is gone.
func (l *signUps) run(ctx context.Context) {
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer c.CloseIdleConnections()
	for {
		key := l.ids()
		form := url.Values{"key": {key}, "party": {"1"}}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.target, strings.NewReader(form.Encode()))
		if err != nil {
			l.t.Error(err)
			return
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := c.Do(r)
		if err != nil {
			return // the server is gone
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusSeeOther {
			l.t.Errorf("sign-up: %d", res.StatusCode)
			return
		}
		l.mu.Lock()
		l.sent = append(l.sent, key)
		if len(l.sent) == 50 {
			close(l.first)
		}
		l.mu.Unlock()
	}
}

func TestOpenRefusesWhatIsNotReady(t *testing.T) {
	t.Parallel()
	cfg := settings(t, "")
	o := app.Options{Clock: clock.NewManual(dbtest.Now)}
	if _, err := app.Open(t.Context(), cfg, webtest.Log(t), o); err == nil || !strings.Contains(err.Error(), "no node in this folder") {
		t.Errorf("an empty folder: %v", err)
	}
	o.Create = true
	if _, err := app.Open(t.Context(), cfg, webtest.Log(t), o); !errors.Is(err, app.ErrPending) {
		t.Errorf("without migrations: %v", err)
	}
}
