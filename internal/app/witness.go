package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"

	"golang.org/x/sync/errgroup"

	"convoke/internal/clock"
	"convoke/internal/config"
	"convoke/internal/record/witness"
	"convoke/internal/web"
)

// maxListFile bounds the files of policies and logs.
const maxListFile = 4 << 20

// policyFile is the operator's policy; the zero value is that of none.
type policyFile struct{ *witness.Policy }

func (p policyFile) text() string {
	if p.Policy == nil {
		return ""
	}
	return p.Text
}

func readPolicy(path string) (policyFile, error) {
	if path == "" {
		return policyFile{}, nil
	}
	text, err := readList(path)
	if err != nil {
		return policyFile{}, fmt.Errorf("record_policy: %w", err)
	}
	p, err := witness.ParsePolicy(text)
	if err != nil {
		return policyFile{}, fmt.Errorf("record_policy: %s: %w", path, err)
	}
	return policyFile{p}, nil
}

func readLogs(path string) (witness.Logs, error) {
	if path == "" {
		return nil, nil
	}
	text, err := readList(path)
	if err != nil {
		return nil, fmt.Errorf("witness_logs: %w", err)
	}
	logs, err := witness.ParseLogs(text)
	if err != nil {
		return nil, fmt.Errorf("witness_logs: %s: %w", path, err)
	}
	return logs, nil
}

func readList(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxListFile+1))
	if err == nil && len(b) > maxListFile {
		err = fmt.Errorf("%s is larger than 4 MiB", path)
	}
	return string(b), err
}

func (n *Node) openWitness(ctx context.Context) error {
	logs, err := readLogs(n.Config.WitnessLogs)
	if err != nil {
		return err
	}
	n.witness, err = witness.Open(ctx, witness.Deps{DB: n.DB, Vault: n.Vault, Node: n.recordName(), Logs: logs})
	return err
}

// WitnessKey is the key with which this node cosigns logs of others, as their
// policies take it.
func (n *Node) WitnessKey() string { return n.witness.VerifierKey() }

// mountWitness adds what a witness answers to other nodes.
func (n *Node) mountWitness() {
	send := func(c *web.Call, a witness.Answer, err error) error {
		if err != nil {
			return err
		}
		c.Header().Set("Cache-Control", "no-store")
		return c.Write(a.Status, a.Type, []byte(a.Body))
	}
	n.Site.Handle("POST /witness/add-checkpoint", func(c *web.Call) error {
		b, err := witness.ReadRequest(c.R.Body)
		if err != nil {
			return err
		}
		a, err := n.witness.Add(c.Context(), b)
		return send(c, a, err)
	})
	n.Site.Handle("GET /witness/{key}/checkpoint", func(c *web.Call) error {
		a, err := n.witness.Latest(c.Context(), c.Param("key"))
		return send(c, a, err)
	})
}

// ServeWitness runs a witness alone, in the folder that the settings name, until
// ctx ends. It writes its key and its address to out.
func ServeWitness(ctx context.Context, cfg config.Config, log *slog.Logger, out io.Writer) (err error) {
	n := &Node{Config: cfg, Log: log, Clock: clock.System{}}
	defer func() { err = errors.Join(err, n.Close()) }()
	if err := n.openStores(ctx, Options{Create: true, Migrate: true}); err != nil {
		return err
	}
	if err := n.openWitness(ctx); err != nil {
		return err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", cfg.Listen, err)
	}
	base := cfg.BaseURL
	if base == "" {
		base = "http://" + ln.Addr().String()
	}
	_, err = fmt.Fprintf(out, "The witness answers at %s/witness and cosigns %d logs; its key is below (%s)\n%s\n", base, n.witness.Size(), ln.Addr(), n.WitnessKey())
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	srv := n.server(n.witness.Handler("/witness", func(err error) { log.Error("answer a log", "error", err) }))
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-gctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		return srv.Shutdown(end)
	})
	return g.Wait()
}
