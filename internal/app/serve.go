package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// shutdownTime is how long requests under way may still take.
const shutdownTime = 20 * time.Second

// ErrStorage ends the process: the disk can no longer be trusted, and a
// restart recovers from the log.
var ErrStorage = errors.New("the database failed to write safely; restart to recover what was acknowledged")

// Serve answers requests and does jobs, as its role says, until ctx ends. It
// writes one line to out when it does, and the set-up link to notes while nobody
// is operator.
func (n *Node) Serve(ctx context.Context, out, notes io.Writer) (err error) {
	// Jobs and housekeeping outlive the last request.
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	g, gctx := errgroup.WithContext(ctx)
	srv := n.server(n.Site)
	srv.RegisterOnShutdown(n.assembliesWeb.Hub.Close)
	base := ""
	if n.Config.Role != "worker" {
		if base, err = n.listen(ctx, g, srv); err != nil {
			return err
		}
	}
	g.Go(func() error {
		defer stopWork()
		select {
		case <-gctx.Done():
		case <-n.DB.Failed():
			return errors.Join(ErrStorage, srv.Close())
		}
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		return srv.Shutdown(end)
	})
	if n.Config.Role != "web" {
		g.Go(func() error { return n.Jobs.Run(work) })
		g.Go(func() error { return n.keepReady(work) })
	}
	g.Go(func() error { return n.Identity.Run(work) })
	g.Go(func() error { return n.followInfo(work) })
	g.Go(func() error { return n.followTranslations(work) })
	if n.Config.MetricsListen != "" {
		err = n.serveMetrics(work, g)
	}
	if err == nil && n.Config.Role != "web" {
		err = n.listenForMail(work, g)
	}
	if err == nil {
		err = n.announce(ctx, base, out, notes)
	}
	if err != nil {
		stopWork()
		return errors.Join(err, srv.Close(), g.Wait())
	}
	return g.Wait()
}

// listen starts to answer, and returns the address for people.
func (n *Node) listen(ctx context.Context, g *errgroup.Group, srv *http.Server) (string, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", n.Config.Listen)
	if err != nil {
		return "", fmt.Errorf("listen on %s: %w", n.Config.Listen, err)
	}
	g.Go(func() error {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	if n.Config.BaseURL != "" {
		return strings.TrimSuffix(n.Config.BaseURL, "/"), nil
	}
	return "http://" + ln.Addr().String(), nil
}

func (n *Node) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second, WriteTimeout: 90 * time.Second,
		IdleTimeout: 120 * time.Second, MaxHeaderBytes: 32 << 10, ErrorLog: quiet(n.Log),
	}
}

func (n *Node) serveMetrics(ctx context.Context, g *errgroup.Group) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", n.Config.MetricsListen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", n.Config.MetricsListen, err)
	}
	srv := n.server(n.metrics.handler())
	g.Go(func() error {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve metrics: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		return srv.Close()
	})
	return nil
}

// announce tells where to look.
func (n *Node) announce(ctx context.Context, base string, out, notes io.Writer) error {
	if n.Config.Role == "worker" {
		_, err := fmt.Fprintln(out, "Convoke does jobs")
		return err
	}
	path, ok, err := n.Identity.SetupLink(ctx)
	if err != nil {
		return fmt.Errorf("make the set-up link: %w", err)
	}
	if ok {
		fmt.Fprintf(notes, "\nThis node has no operator yet. Open this link within 30 minutes to set it up:\n\n  %s%s\n\n", base, path)
	}
	_, err = fmt.Fprintf(out, "Convoke answers at %s\n", base)
	return err
}
