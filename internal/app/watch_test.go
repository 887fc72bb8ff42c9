package app_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"convoke/internal/app"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
)

// Metrics have a listener of their own, and name routes by their patterns: no
// address of a page, and so no private link, is in them.
func TestMetrics(t *testing.T) {
	t.Parallel()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := settings(t, "")
	cfg.MetricsListen = ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	s := start(t, cfg)
	_, sam := s.signIn("sam")
	e := string(s.event(sam, s.group(sam, "riverside", "Riverside Neighbours"), meeting("Soup", "2026-05-05")))
	s.visitor().Get("/events/"+e).Want(t, 200, "")
	s.visitor().Get("/metrics").Want(t, 404, "")
	ctx, stop := context.WithCancel(t.Context())
	out, ended := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ended, io.Discard) }()
	if _, err := out.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+cfg.MetricsListen+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	text := string(b)
	for _, want := range []string{`convoke_request_seconds_count{route="GET /events/{id}",status="200"} 1`, "convoke_commits_total", "go_goroutines"} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s: %v", want, err)
		}
	}
	if strings.Contains(text, e) {
		t.Error("the metrics hold the address of a page")
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A node whose database does not answer is alive and not ready.
func TestNotReady(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	s.visitor().Get("/readyz").Want(t, 200, "")
	if err := s.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if got := s.status("/readyz"); got != 503 {
		t.Errorf("without its database it answers %d", got)
	}
	s.visitor().Get("/healthz").Want(t, 200, "")
}

// status asks for a page that may fail, which a [webtest.Browser] does not allow.
func (s *stand) status(path string) int {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "localhost"
	w := httptest.NewRecorder()
	s.Site.ServeHTTP(w, r)
	return w.Code
}

// lines collects what is logged.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// Whatever people type and are given, and wherever they come from, is in no line of
// the log, not even of the most talkative.
func TestLogsNameNobody(t *testing.T) {
	t.Parallel()
	log := &lines{}
	n, err := app.Open(t.Context(), settings(t, ""), slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		app.Options{Clock: clock.NewManual(dbtest.Now), Create: true, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &stand{n, t, nil}
	b, sam := s.signIn("canary-handle")
	e := "/events/" + string(s.event(sam, s.group(sam, "riverside", "Riverside Neighbours"), meeting("Soup", "2026-05-05")))
	key := s.IDs.Secret()
	s.visitor().Post(e+"/attend", "key", key, "party", "2", "need", "step_free", "email", "canary@example.org").Want(t, 303, e+"/attend/"+key+"?new=1")
	s.visitor().Get(e+"/attend/"+key).Want(t, 200, "")
	s.visitor().Post(e+"/attend/"+key, "party", "canary-nonsense").Want(t, 422, "")
	s.visitor().Get("/events?q=canary-search").Want(t, 200, "")
	s.visitor().Post("/sign-in", "handle", "canary-handle", "pass", "canary wrong words").Want(t, 422, "")
	b.Get("/me").Want(t, 200, "")
	err = s.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), "alter table slot_choice rename to lost")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.status(e + "/attend/" + key); got != 500 {
		t.Fatalf("without a table the node answers %d, so nothing was logged", got)
	}
	text := log.b.String()
	if !strings.Contains(text, "GET /events/{id}/attend/{secret}") {
		t.Fatalf("the failure is not in the log:\n%s", text)
	}
	for _, secret := range []string{"canary", key, e, "192.0.2.1"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %q:\n%s", secret, text)
		}
	}
}
