package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"convoke/internal/app"
	"convoke/internal/clock"
	"convoke/internal/config"
	"convoke/internal/record/verify"
)

// asServer makes this test binary the server of the benchmarks that need a
// process of its own.
const asServer = "BENCH_TEST_AS_SERVER"

// asVerifier, as an argument, makes it the verifier.
const asVerifier = "verify"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) == "" {
		os.Exit(m.Run())
	}
	run := serveForTest
	if os.Args[1] == asVerifier {
		run = verifyForTest
	}
	if err := run(os.Args[len(os.Args)-1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serveForTest(dir string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cfg, err := config.Load(config.Source{Flags: map[string]string{"data": dir, "listen": "127.0.0.1:0"}})
	if err != nil {
		return err
	}
	n, err := app.Open(ctx, cfg, slog.New(slog.DiscardHandler), app.Options{Migrate: true})
	if err != nil {
		return err
	}
	defer n.Close()
	return n.Serve(ctx, os.Stdout, os.Stderr)
}

func verifyForTest(dir string) error {
	src, _, c, err := verify.Open(dir)
	if err != nil {
		return err
	}
	defer c.Close()
	r, err := verify.Verify(context.Background(), src, verify.Options{})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// TestEveryBenchmark runs each once on a tiny scale, the large databases twice:
// the second run must find them in the kept folder.
func TestEveryBenchmark(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(asServer, "1")
	keep := t.TempDir()
	want := map[string]int{"signup": 4, "pages": 12, "near": 11, "import": 2, "text": 6, "campaign": 17, "footprint": 3, "cast": 5, "issue": 3, "append": 4, "recount": 3, "poll": 4, "receipt": 4, "petition": 4, "reminders": 3, "assembly": 4, "coalition": 3, "webpush": 2, "mail": 4, "recipients": 2, "broadcast": 7}
	times := map[string]int{"signup": 2, "import": 2, "issue": 2, "cast": 2, "append": 1, "reminders": 1, "webpush": 2}
	for _, names := range [][]string{nil, {"near", "text"}} {
		var said []string
		r, err := Run(t.Context(), Options{
			Names: names, Runs: 2, Scale: tiny, Keep: keep, Serve: []string{exe}, Verify: []string{exe, asVerifier}, Clock: clock.System{},
			Progress: func(s string) { said = append(said, s) },
		})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, l := range r.Lines {
			got[l.Bench]++
			if l.Value <= 0 || l.What == "" || l.Unit == "" {
				t.Errorf("empty line %+v", l)
			}
			if n, ok := times[l.Bench]; l.Times < 1 || ok && l.Times != n {
				t.Errorf("measured %d times, want %d: %+v", l.Times, n, l)
			}
			if l.Aim.Ratio > 0 && l.Ratio <= 0 {
				t.Errorf("no ratio: %+v", l)
			}
		}
		if names == nil {
			names = Names()
		} else if s := strings.Join(said, "\n"); strings.Contains(s, "stored") {
			t.Errorf("the kept database was filled again:\n%s", s)
		}
		for _, n := range names {
			if got[n] != want[n] {
				t.Errorf("%s: %d lines, want %d", n, got[n], want[n])
			}
		}
		checkReport(t, r)
	}
}

func checkReport(t *testing.T, r Report) {
	t.Helper()
	if r.Machine.Cores < 1 || r.Machine.Go == "" || !strings.HasPrefix(r.Machine.SQLite, "3.") {
		t.Errorf("machine %+v", r.Machine)
	}
	var text bytes.Buffer
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Lines {
		if !strings.Contains(text.String(), l.What) {
			t.Errorf("the table misses %q", l.What)
		}
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(b, &back); err != nil || len(back.Lines) != len(r.Lines) {
		t.Errorf("JSON does not come back: %v", err)
	}
	t.Log("\n" + text.String())
}

func TestRefusesUnknownNames(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{Names: []string{"speed"}, Scale: tiny}, {Scale: "huge"}} {
		o.Clock = clock.NewManual(time.Unix(1_800_000_000, 0))
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}
