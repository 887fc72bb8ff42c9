package web

import (
	"container/list"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"convoke/internal/clock"
)

// Cache keeps rendered public pages. An entry names the tags of what it shows;
// a write touches tags, and an entry with a touched tag is rendered again. A tag
// that ends in "~" was touched softly: numbers that change many times a second
// are shown at most [softAge] late instead of being rendered for each reader.
type Cache struct {
	clock clock.Clock
	limit int

	mu      sync.Mutex
	entries map[string]*entry
	order   *list.List // of keys, most recently used first
	bytes   int
	epoch   uint64
	hard    map[string]uint64
	soft    map[string]uint64
	flights map[string]*flight
	hits    uint64
	misses  uint64
}

const (
	softAge = time.Second
	// maxTags bounds the versions remembered; beyond it everything is dropped.
	maxTags = 50_000
)

type entry struct {
	key    string
	blob   *blob
	header http.Header
	status int
	tags   []string
	hard   []uint64
	soft   []uint64
	epoch  uint64
	made   time.Time
	until  time.Time
	elem   *list.Element
}

type flight struct {
	done chan struct{}
	e    *entry
	err  error
}

// NewCache returns a cache of at most limit bytes.
func NewCache(limit int, c clock.Clock) *Cache {
	return &Cache{
		clock: c, limit: limit, entries: map[string]*entry{}, order: list.New(),
		hard: map[string]uint64{}, soft: map[string]uint64{}, flights: map[string]*flight{},
	}
}

// Touch says that what carries these tags has changed. "*" is everything.
func (c *Cache) Touch(tags []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range tags {
		if t == "*" || len(c.hard)+len(c.soft) > maxTags {
			c.epoch++
			c.hard, c.soft = map[string]uint64{}, map[string]uint64{}
			continue
		}
		if name, soft := strings.CutSuffix(t, "~"); soft {
			c.soft[name]++
		} else {
			c.hard[t]++
		}
	}
}

// Counts returns hits and misses since the start.
func (c *Cache) Counts() (hits, misses uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hits, c.misses
}

func (c *Cache) fresh(e *entry, now time.Time) bool {
	if e.epoch != c.epoch || !now.Before(e.until) {
		return false
	}
	for i, t := range e.tags {
		if c.hard[t] != e.hard[i] {
			return false
		}
		if c.soft[t] != e.soft[i] && now.Sub(e.made) >= softAge {
			return false
		}
	}
	return true
}

// get returns the entry of key, made by render when there is none that is
// fresh. Requests for the same key wait for one rendering.
func (c *Cache) get(ctx context.Context, key string, tags []string, ttl time.Duration, render func() (*entry, error)) (*entry, error) {
	for {
		now := c.clock.Now()
		c.mu.Lock()
		if e := c.entries[key]; e != nil && c.fresh(e, now) {
			c.order.MoveToFront(e.elem)
			c.hits++
			c.mu.Unlock()
			return e, nil
		}
		if f := c.flights[key]; f != nil {
			c.mu.Unlock()
			select {
			case <-f.done:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if f.err != nil {
				return nil, f.err
			}
			// What was rendered may be older than a write this caller made.
			c.mu.Lock()
			ok := c.fresh(f.e, c.clock.Now())
			c.mu.Unlock()
			if ok {
				return f.e, nil
			}
			continue
		}
		c.misses++
		f := &flight{done: make(chan struct{})}
		c.flights[key] = f
		stamp := c.stamp(tags)
		c.mu.Unlock()
		f.e, f.err = render()
		c.finish(key, f, stamp, now, ttl)
		return f.e, f.err
	}
}

// stamp notes the versions before the page is read, so that a write during the
// rendering makes it stale.
func (c *Cache) stamp(tags []string) entry {
	s := entry{epoch: c.epoch, tags: tags}
	for _, t := range tags {
		s.hard = append(s.hard, c.hard[t])
		s.soft = append(s.soft, c.soft[t])
	}
	return s
}

func (c *Cache) finish(key string, f *flight, s entry, now time.Time, ttl time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.flights, key)
	close(f.done)
	if f.err != nil {
		return
	}
	e := f.e
	e.key, e.epoch, e.tags, e.hard, e.soft, e.made = key, s.epoch, s.tags, s.hard, s.soft, now
	if end := now.Add(ttl); e.until.IsZero() || end.Before(e.until) {
		e.until = end
	}
	if old := c.entries[key]; old != nil {
		c.drop(old)
	}
	if e.status != http.StatusOK || e.size() > c.limit/4 {
		return
	}
	e.elem = c.order.PushFront(key)
	c.entries[key] = e
	c.bytes += e.size()
	for c.bytes > c.limit {
		c.drop(c.entries[c.order.Back().Value.(string)])
	}
}

// size counts the body and, roughly, its two encodings.
func (e *entry) size() int { return len(e.blob.body)*3/2 + len(e.key) + 512 }

func (c *Cache) drop(e *entry) {
	c.order.Remove(e.elem)
	delete(c.entries, e.key)
	c.bytes -= e.size()
}

// Cached answers a visitor from the cache, rendering with make when needed.
// Somebody who is signed in gets a page of their own. tags name what the page
// shows; ttl bounds its age where it depends on the time. params are the parameters
// of the address that it depends on: make sees no others, so that nothing is
// rendered again for what anybody writes behind an address.
func (c *Call) Cached(tags []string, ttl time.Duration, make func() error, params ...string) error {
	if !c.Actor().Visitor() || c.Locale.Records() || c.R.Method != http.MethodGet && c.R.Method != http.MethodHead {
		return make()
	}
	address := only(c.R.URL, params)
	key := c.Locale.Key() + "\x00" + c.BaseURL() + address.RequestURI()
	e, err := c.site.cache.get(c.Context(), key, tags, ttl, func() (*entry, error) {
		return c.captured(address, make)
	})
	if err != nil {
		return err
	}
	for name, v := range e.header {
		c.W.Header()[name] = v
	}
	e.blob.serve(c.W, c.R, e.status, "no-cache")
	return nil
}

// only is an address with the parameters of these names alone, in a fixed order.
func only(u *url.URL, params []string) *url.URL {
	if u.RawQuery == "" && !u.ForceQuery || ordered(u.RawQuery, params) {
		return u
	}
	all, kept := u.Query(), url.Values{}
	for _, p := range params {
		if v, ok := all[p]; ok {
			kept[p] = v
		}
	}
	short := *u
	short.RawQuery, short.ForceQuery = kept.Encode(), false
	return &short
}

// ordered says that [only] would change nothing. Most addresses are so, and to
// find it out takes a tenth of the time.
func ordered(query string, params []string) bool {
	last := ""
	for pair := range strings.SplitSeq(query, "&") {
		name, _, whole := strings.Cut(pair, "=")
		if !whole || name < last || !slices.Contains(params, name) {
			return false
		}
		last = name
	}
	return !strings.ContainsAny(query, "%+;")
}

// captured runs make for an address with this call's output kept instead of sent.
// Others may wait for the result, so it does not end when this reader leaves.
func (c *Call) captured(address *url.URL, make func() error) (*entry, error) {
	r, k := c.R, &capture{header: http.Header{}}
	c.R, c.capture = r.WithContext(context.WithoutCancel(r.Context())), k
	c.R.URL = address
	defer func() { c.R, c.capture = r, nil }()
	if err := (route{handle: func(*Call) error { return make() }}).run(c); err != nil {
		return nil, err
	}
	if k.status == 0 {
		return nil, errNothingWritten
	}
	return &entry{blob: newBlob(k.ctype, k.body.Bytes()), header: k.header, status: k.status, until: k.until}, nil
}

// ShownUntil says that what is being rendered shows something else from t on, by
// itself: the cache keeps it no longer. The earliest t counts.
func (c *Call) ShownUntil(t time.Time) {
	if k := c.capture; k != nil && (k.until.IsZero() || t.Before(k.until)) {
		k.until = t
	}
}

// errNothingWritten: what is cached must be a page; redirects are decided before.
var errNothingWritten = errors.New("a cached page wrote nothing")
