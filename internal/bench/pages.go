package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"convoke/internal/app"
)

// page is one address that many people ask for.
type page struct{ name, path string }

// pages measures public pages that come from the cache against a handler that
// sends the same bytes, and what it costs to make them anew.
func (b *bench) pages(ctx context.Context) (err error) {
	node, err := openNode(ctx, filepath.Join(b.dir, "pages"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	all, err := b.pageNode(ctx, node)
	if err != nil {
		return err
	}
	return b.askFor(ctx, node, all...)
}

// askFor measures pages of a node, from the cache and made anew.
func (b *bench) askFor(ctx context.Context, node *app.Node, all ...page) (err error) {
	site, err := serve(ctx, node.Site)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.close()) }()
	for _, p := range all {
		b.say("%s", p.name)
		if err := b.page(ctx, site.addr, p); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if err := b.miss(ctx, node, site.addr, p); err != nil {
			return fmt.Errorf("%s, made anew: %w", p.name, err)
		}
	}
	return nil
}

// pageNode fills the node and names its pages.
func (b *bench) pageNode(ctx context.Context, node *app.Node) ([]page, error) {
	w := newWorld(node.Places, b.started, worldSeed)
	var table strings.Builder
	if err := w.table(&table, b.pageEvents); err != nil {
		return nil, err
	}
	if err := importTable(ctx, node, strings.NewReader(table.String()), b.pageEvents); err != nil {
		return nil, err
	}
	e, err := exampleEvent(ctx, node, 60)
	if err != nil {
		return nil, err
	}
	return []page{
		{"home page", "/"},
		{"list", "/events"},
		{"list near a town", "/events?near=Leipzig&radius_km=50"},
		{"event", "/events/" + string(e)},
		{"calendar", "/calendar"},
		{"map window", "/events.geojson?bbox=-15,35,35,60"},
	}, nil
}

// page takes turns with a plain handler.
func (b *bench) page(ctx context.Context, addr string, p page) (err error) {
	plain, err := sameBytes(ctx, addr, p.path)
	if err != nil {
		return err
	}
	ref, err := serve(ctx, plain)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ref.close()) }()
	var turns pair
	for range b.Runs {
		product, reference, err := inTurns(ctx, b.pageLoad(addr, p.path, b.requests, b.pageConns),
			b.pageLoad(ref.addr, p.path, b.requests, b.pageConns))
		if err != nil {
			return err
		}
		turns.add(product, reference)
	}
	b.add(turns.line(fmt.Sprintf("%s from the cache, %d bytes", p.name, len(plain.body)), "/s", Aim{Ratio: 0.9}))
	return nil
}

func (b *bench) pageLoad(addr, path string, total, conns int) load {
	return load{addr: addr, conns: conns, total: total, status: http.StatusOK, request: get(addr, path)}
}

// miss drops every page before each request.
func (b *bench) miss(ctx context.Context, node *app.Node, addr string, p page) error {
	var took []time.Duration
	for range b.misses {
		node.Site.Cache().Touch([]string{"*"})
		r, err := b.pageLoad(addr, p.path, 1, 1).run(ctx)
		if err != nil {
			return err
		}
		took = append(took, r.took...)
	}
	b.add(Line{What: p.name + " made anew, p50", Value: millis(quantile(took, 0.5)), Unit: "ms", Times: len(took), Aim: Aim{Most: 15}})
	return nil
}

// sameBytes asks once, as the load does, and keeps the answer.
func sameBytes(ctx context.Context, addr, path string) (*plainHandler, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept-Language", "en-US,en;q=0.9")
	r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd") // asked for by hand, so nothing unpacks it
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the page answers %s", res.Status)
	}
	h := res.Header.Clone()
	h.Del("Date")
	h.Del("Connection")
	h.Set("Content-Length", fmt.Sprint(len(body)))
	return &plainHandler{h, body}, nil
}
