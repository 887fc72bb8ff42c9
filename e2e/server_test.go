package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// envFake makes the test program stand in for convoke, so that starting and
// stopping are tried without it. Its value says how it behaves.
const envFake = "E2E_FAKE"

func TestMain(m *testing.M) {
	if how := os.Getenv(envFake); how != "" {
		os.Exit(fake(how))
	}
	os.Exit(Main(m))
}

// fake keeps the contract of convoke serve, or breaks it as told.
func fake(how string) int {
	if how == "silent" {
		return 3
	}
	addr := os.Args[slices.Index(os.Args, "--listen")+1]
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "args %s\nhas base %v\n", strings.Join(os.Args[1:], " "), os.Getenv("CONVOKE_BASE_URL"))
	})}
	fmt.Printf("Convoke answers at http://%s/\n", addr)
	fmt.Fprintf(os.Stderr, "Set up this node: http://%s/setup/abc123 (30 minutes)\n", addr)
	go func() {
		<-ctx.Done()
		if err := srv.Shutdown(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return 1
	}
	if how == "bad exit" {
		return 4
	}
	return 0
}

func fakeServer(t testing.TB, o ServerOptions, how string) *Instance {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o.Env = append(o.Env, envFake+"="+how)
	return start(t, self, o)
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b strings.Builder
	if _, err := fmt.Fprint(&b, res.Status, "\n"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, _ := res.Body.Read(buf)
	b.Write(buf[:n])
	return b.String()
}

func TestServerStartsAndStops(t *testing.T) {
	t.Setenv("CONVOKE_BASE_URL", "https://example.org") // of a developer: not passed on
	s := fakeServer(t, ServerOptions{Demo: true, Args: []string{"--role", "web"}}, "well")
	if !strings.HasPrefix(s.URL, "http://localhost:") || strings.HasSuffix(s.URL, "/") {
		t.Errorf("URL %q", s.URL)
	}
	body := get(t, s.URL)
	for _, want := range []string{"serve --data " + s.Data, "--demo --role web", "has base \n"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in %q", want, body)
		}
	}
	if got, want := s.SetupLink(t), s.URL+"/setup/abc123"; got != want {
		t.Errorf("set-up link %q, want %q", got, want)
	}
	if s.PID() == 0 {
		t.Error("no process id")
	}
	s.Stop(t)
	if c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://")); err == nil {
		t.Error("it still answers")
		c.Close()
	}
}

func TestServerBadExitFails(t *testing.T) {
	t.Parallel()
	s := fakeServer(t, ServerOptions{}, "bad exit")
	c := &complaints{TB: t}
	s.Stop(c)
	c.want(t, "exit status 4", "Set up this node")
}

func TestServerKilledIsNoFailure(t *testing.T) {
	t.Parallel()
	s := fakeServer(t, ServerOptions{Data: t.TempDir()}, "well")
	s.Kill(t)
	again := fakeServer(t, ServerOptions{Data: s.Data}, "well")
	get(t, again.URL)
}

func TestServerThatEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := &Instance{out: newLines(), done: make(chan struct{})}
	close(s.done)
	if _, ok := s.out.wait(address, s.done, nil); ok {
		t.Error("an address from a program that said nothing")
	}
}
