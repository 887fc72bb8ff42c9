package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"convoke/internal/app"
	"convoke/internal/clock"
	"convoke/internal/config"
	"convoke/internal/db"
	"convoke/internal/feature/events"
)

// openNode opens a fresh or kept installation in dir. It is told that it listens
// on a port of its own choice, because the bench serves it itself.
func openNode(ctx context.Context, dir string) (*app.Node, error) {
	return openWith(ctx, dir, nil, nil)
}

// openWith has further settings, and another clock unless it is nil.
func openWith(ctx context.Context, dir string, settings map[string]string, c clock.Clock) (*app.Node, error) {
	flags := map[string]string{"data": dir, "listen": "localhost:0"}
	maps.Copy(flags, settings)
	cfg, err := config.Load(config.Source{Flags: flags})
	if err != nil {
		return nil, fmt.Errorf("settings of the bench: %w", err)
	}
	n, err := app.Open(ctx, cfg, slog.New(slog.DiscardHandler), app.Options{Migrate: true, Create: true, Clock: c})
	if err != nil {
		return nil, fmt.Errorf("open a node: %w", err)
	}
	return n, nil
}

// served is a handler behind a real HTTP server on loopback.
type served struct {
	addr string
	srv  *http.Server
	done chan error
}

// serve answers with the limits that the product's server has.
func serve(ctx context.Context, h http.Handler) (*served, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	s := &served{addr: ln.Addr().String(), done: make(chan error, 1)}
	s.srv = &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second, WriteTimeout: 90 * time.Second,
		IdleTimeout: 120 * time.Second, MaxHeaderBytes: 32 << 10,
	}
	go func() { s.done <- s.srv.Serve(ln) }()
	return s, nil
}

func (s *served) close() error {
	err := s.srv.Close()
	if end := <-s.done; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

// seeded opens the node in dir and imports the world's events, unless a run
// before has done so: then dir is used as it is.
func (b *bench) seeded(ctx context.Context, dir string, n int) (*app.Node, *world, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make the bench's folder: %w", err)
	}
	mark := filepath.Join(dir, "bench.txt")
	middle, have := b.started, 0
	if text, err := os.ReadFile(mark); err == nil {
		var unix int64
		if _, err := fmt.Sscan(string(text), &have, &unix); err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", mark, err)
		}
		middle = time.Unix(unix, 0)
	}
	node, err := openNode(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	w := newWorld(node.Places, middle, worldSeed)
	if have == n {
		return node, w, nil
	}
	if err = b.fill(ctx, node, w, n); err == nil {
		err = os.WriteFile(mark, fmt.Appendf(nil, "%d %d\n", n, middle.Unix()), 0o600)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("fill the database: %w", err), node.Close())
	}
	return node, w, nil
}

// fillBatch is how many events share a transaction: the more, the less the
// full-text index has to merge.
const fillBatch = 20_000

// fill stores n events of w past the import, which would take several times as
// long and is measured for itself. The indices are made at the end: sorting
// millions of entries is cheaper than finding a page for each.
func (b *bench) fill(ctx context.Context, node *app.Node, w *world, n int) error {
	indices, err := dropIndices(ctx, node)
	if err != nil {
		return err
	}
	if err := b.insert(ctx, node, w, n); err != nil {
		return err
	}
	for _, q := range indices {
		b.say("%s", q)
		err := node.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, q)
			return err
		})
		if err != nil {
			return fmt.Errorf("make an index again: %w", err)
		}
	}
	return nil
}

// dropIndices takes the indices off the empty table of events and returns the
// statements that bring them back.
func dropIndices(ctx context.Context, node *app.Node) (create []string, err error) {
	err = node.DB.Write(ctx, func(tx *db.Tx) error {
		const where = " from sqlite_schema where type = 'index' and tbl_name = 'event' and sql is not null order by name"
		names, err := db.Column[string](ctx, tx, "select name"+where)
		if err != nil {
			return err
		}
		if create, err = db.Column[string](ctx, tx, "select sql"+where); err != nil {
			return err
		}
		for _, n := range names {
			if _, err := tx.Exec(ctx, "drop index "+n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("drop the indices: %w", err)
	}
	return create, nil
}

func (b *bench) insert(ctx context.Context, node *app.Node, w *world, n int) error {
	r := w.rand(2)
	all := make([]events.Event, 0, min(n, fillBatch))
	for i := range n {
		all = append(all, w.event(r, i, n))
		if len(all) < fillBatch && i+1 < n {
			continue
		}
		err := node.DB.Write(ctx, func(tx *db.Tx) error {
			return node.Events.BulkInsert(ctx, tx, events.Source{ID: "bench", Name: "Bench", Kind: "csv"}, all)
		})
		if err != nil {
			return err
		}
		all = all[:0]
		b.say("%d of %d events stored", i+1, n)
	}
	return nil
}

// importTable runs the product's import over a table of n new rows.
func importTable(ctx context.Context, node *app.Node, table io.Reader, n int) error {
	report := events.NewReport(io.Discard, false)
	err := node.Events.ImportCSV(ctx, table, events.ImportOptions{
		Source: events.Source{ID: "bench", Name: "Bench", Kind: "csv"}, Now: node.Clock.Now(), Gazetteer: node.Places,
	}, report)
	if sum := report.Summary(); err == nil && sum.New != n {
		err = fmt.Errorf("the import took %d of %d rows as new", sum.New, n)
	}
	return err
}
