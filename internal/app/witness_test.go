package app_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"convoke/internal/app"
	"convoke/internal/clock"
	"convoke/internal/config"
	"convoke/internal/db/dbtest"
	"convoke/internal/record"
	"convoke/internal/web/webtest"
)

// plainPost posts without the guard that keeps nodes off private addresses.
type plainPost struct{}

func (plainPost) Exchange(ctx context.Context, address string, h http.Header, body []byte) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header = h
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, b, err
}

// reopen opens a node again, with files that name whom it asks and whom it cosigns.
func reopen(t *testing.T, s *stand, name, text string, set func(*config.Config, string)) *stand {
	t.Helper()
	path := filepath.Join(s.Config.Data, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := s.Config
	set(&cfg, path)
	c := clock.NewManual(dbtest.Now)
	n, err := app.Open(t.Context(), cfg, webtest.Log(t), app.Options{Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return &stand{n, t, c}
}

// TestNodesWitness lets one node cosign another as operators set it up: by files,
// over the pages' own server, each by its keys alone.
func TestNodesWitness(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := start(t, settings(t, url(t))), start(t, settings(t, ""))
			key, err := a.Record.VerifierKey(record.NodeLog)
			if err != nil {
				t.Fatal(err)
			}
			b = reopen(t, b, "witness.logs", "# ours\nlog "+key+"\n", func(c *config.Config, p string) { c.WitnessLogs = p })
			srv := httptest.NewServer(b.Site)
			t.Cleanup(srv.Close)
			policy := "witness b " + b.WitnessKey() + " " + srv.URL + "/witness\nquorum b\n"
			a = reopen(t, a, "witness.policy", policy, func(c *config.Config, p string) { c.RecordPolicy = p })
			i := petition(t, a.Node)
			signed(t, a.Node, i, 2)
			healthy(t, a)
			if err := a.AskWitnesses(t.Context(), plainPost{}); err != nil {
				t.Fatal(err)
			}
			page := a.visitor().Get("/log/checkpoint").Body
			if strings.Count(page, "\n— ") != 2 {
				t.Errorf("published is\n%s", page)
			}
			if got := a.visitor().Get("/.well-known/convoke-policy").Body; got != "log "+key+"\n"+policy {
				t.Errorf("the policy is\n%s", got)
			}
			st, err := a.RecordState(t.Context())
			if err != nil || st.Witnessed != st.Lines || st.Lines == 0 || len(st.Asked) != 1 {
				t.Errorf("its state is %+v, %v", st, err)
			}
			dir := t.TempDir()
			if _, err := a.ExportRecord(t.Context(), dir, nil); err != nil {
				t.Fatal(err)
			}
			if r := recount(t, dir); !r.Right() || r.Cosigned != r.Size || r.Boxes[0].Witnessed != 2 {
				t.Errorf("a stranger finds %+v", r)
			}
			signed(t, a.Node, i, 1)
			srv.Close()
			if err := a.AskWitnesses(t.Context(), plainPost{}); err == nil {
				t.Error("a dead witness is not noticed")
			}
			for _, f := range examine(t, a, false) {
				if f.Check == "witnesses" && (f.Status != app.Warning || !strings.Contains(f.Message, srv.URL)) {
					t.Errorf("doctor says %+v", f)
				}
			}
		})
	}
}
