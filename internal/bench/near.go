package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"convoke/internal/app"
	"convoke/internal/feature/events"
)

// folder holds a database with n events; runs with the same --keep share it.
func (b *bench) folder(n int) string { return filepath.Join(b.keep, fmt.Sprintf("events-%d", n)) }

// near measures searches around towns, where people live, as they come from no
// cache: inside the server, one after the other.
func (b *bench) near(ctx context.Context) error {
	node, w, err := b.seeded(ctx, b.folder(b.sizes.near), b.sizes.near)
	if err != nil {
		return err
	}
	r := w.rand(3)
	around := func() events.Query {
		return events.Query{Place: *w.town(r), HasPlace: true, Radius: 25, Limit: 30}
	}
	kind := func(q events.Query) events.Query {
		q.Kinds = []events.Kind{events.Kind(w.kinds[r.IntN(len(w.kinds))])}
		return q
	}
	text := func(q events.Query) events.Query {
		q.Text = w.word(r)
		return q
	}
	err = errors.Join(
		b.searches(ctx, node, "within 25 km, upcoming", around),
		b.searches(ctx, node, "within 25 km, upcoming, kind", func() events.Query { return kind(around()) }),
		b.searches(ctx, node, "within 25 km, upcoming, word", func() events.Query { return text(around()) }),
		b.searches(ctx, node, "within 25 km, upcoming, kind and word", func() events.Query { return kind(text(around())) }),
		node.Close())
	if err != nil {
		return err
	}
	if st, err := os.Stat(filepath.Join(b.folder(b.sizes.near), "convoke.db")); err == nil {
		b.add(Line{What: "database file, per event", Value: float64(st.Size()) / float64(b.sizes.near), Unit: "bytes"})
	}
	return b.nearMemory(ctx, w, r)
}

// searches asks b.queries times and reports how long the answers took.
func (b *bench) searches(ctx context.Context, node *app.Node, what string, next func() events.Query) error {
	b.say("%s", what)
	took := make([]time.Duration, 0, b.queries)
	for i := range b.queries + b.queries/10 {
		q := next()
		start := time.Now()
		if _, err := node.Events.Search(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if i >= b.queries/10 { // the first tenth warms the caches
			took = append(took, time.Since(start))
		}
	}
	what = fmt.Sprintf("%s, of %s events", what, number(float64(b.seededIn())))
	b.add(Line{What: what + ", p50", Value: millis(quantile(took, 0.50)), Unit: "ms", Times: len(took)})
	b.add(Line{What: what + ", p99", Value: millis(quantile(took, 0.99)), Unit: "ms", Times: len(took), Aim: Aim{Most: 10}})
	return nil
}

// seededIn is how many events the current benchmark searches in.
func (b *bench) seededIn() int {
	if b.current == "text" {
		return b.sizes.text
	}
	return b.sizes.near
}

// nearMemory asks a server of its own for list pages near towns, each another
// town or filter so that hardly any comes from a cache, and reads its memory.
func (b *bench) nearMemory(ctx context.Context, w *world, r *rand.Rand) error {
	if len(b.Serve) == 0 {
		return nil
	}
	b.say("memory under load")
	s, err := b.startServer(ctx, b.folder(b.sizes.near))
	if err != nil {
		return err
	}
	paths := make([]string, b.queries)
	for i := range paths {
		v := url.Values{"near": {w.town(r).Label()}, "radius_km": {"25"}, "kind": {w.kinds[r.IntN(len(w.kinds))]}}
		paths[i] = "/events?" + v.Encode()
	}
	asked, err := load{
		addr: s.addr, conns: b.pageConns, total: len(paths), status: http.StatusOK,
		request: func(out []byte, i int) []byte { return get(s.addr, paths[i])(out, i) },
	}.run(ctx)
	_, high := resident(s.cmd.Process.Pid)
	if err = errors.Join(err, s.stop()); err != nil {
		return err
	}
	b.add(Line{What: "list pages near towns over HTTP, hardly any cached", Value: asked.rate(), Unit: "/s"})
	if high > 0 {
		b.add(Line{What: "most memory resident under that load", Value: high, Unit: "MiB", Aim: Aim{Most: 400}})
	}
	return nil
}

// text measures searches by words alone: rare ones, very common ones, and two
// of which each is common enough.
func (b *bench) text(ctx context.Context) error {
	node, w, err := b.seeded(ctx, b.folder(b.sizes.text), b.sizes.text)
	if err != nil {
		return err
	}
	r := w.rand(4)
	words := func(ranks ...[2]int) func() events.Query {
		return func() events.Query {
			var ws []string
			for _, k := range ranks {
				ws = append(ws, w.words[k[0]+r.IntN(k[1]-k[0])])
			}
			return events.Query{Text: strings.Join(ws, " "), Limit: 30}
		}
	}
	return errors.Join(
		b.searches(ctx, node, "rare word", words([2]int{vocabulary / 2, vocabulary})),
		b.searches(ctx, node, "common word", words([2]int{0, 10})),
		b.searches(ctx, node, "two words", words([2]int{10, 100}, [2]int{100, 1000})),
		node.Close())
}
