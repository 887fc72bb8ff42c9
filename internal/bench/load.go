package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// load sends requests on kept connections, each as soon as the one before is
// answered. It writes and reads HTTP/1.1 by hand: the client shares the
// processors with the server, and net/http's would take most of them.
type load struct {
	addr  string
	conns int
	total int
	// request appends the bytes of the i-th request.
	request func(b []byte, i int) []byte
	status  int // that every answer must have
}

// result is what n things took by the clock, and what the process used of the
// processors meanwhile: of a load, for both of its ends.
type result struct {
	n        int
	all, cpu time.Duration
	took     []time.Duration // each, where they are many and equal
}

func (r result) rate() float64 { return float64(r.n) / r.all.Seconds() }

// and is both together.
func (r result) and(s result) result {
	return result{n: r.n + s.n, all: r.all + s.all, cpu: r.cpu + s.cpu}
}

// stopwatch measures one stretch of work.
type stopwatch struct {
	start time.Time
	used  time.Duration
}

func startWatch() stopwatch { return stopwatch{time.Now(), processorTime()} }

// stop says what n things took.
func (s stopwatch) stop(n int) result {
	return result{n: n, all: time.Since(s.start), cpu: processorTime() - s.used}
}

// client is a load with its connections.
type client struct {
	load
	conns []*conn
	next  atomic.Int64
	took  []time.Duration
	all   time.Duration
	cpu   time.Duration
}

type conn struct {
	net.Conn
	r *bufio.Reader
	b []byte
}

// connect opens the connections.
func (l load) connect(ctx context.Context) (*client, error) {
	c := &client{load: l, took: make([]time.Duration, l.total)}
	var d net.Dialer
	for range min(l.conns, l.total) {
		n, err := d.DialContext(ctx, "tcp", l.addr)
		if err != nil {
			c.close()
			return nil, fmt.Errorf("connect: %w", err)
		}
		c.conns = append(c.conns, &conn{Conn: n, r: bufio.NewReaderSize(n, 16<<10)})
	}
	return c, nil
}

func (c *client) close() {
	for _, x := range c.conns {
		_ = x.Close() // everything asked for was read
	}
}

// slice sends requests up to the end-th, on all connections, and adds the time
// to that of the slices before.
func (c *client) slice(ctx context.Context, end int) error {
	g, ctx := errgroup.WithContext(ctx)
	watch := startWatch()
	for _, x := range c.conns {
		g.Go(func() error {
			stop := context.AfterFunc(ctx, func() { _ = x.SetDeadline(time.Unix(1, 0)) })
			defer stop()
			return c.work(x, int64(end))
		})
	}
	err := g.Wait()
	r := watch.stop(0)
	c.all, c.cpu = c.all+r.all, c.cpu+r.cpu
	c.next.Store(int64(end)) // each connection has counted one too many
	return err
}

func (c *client) done() result { return result{len(c.took), c.all, c.cpu, c.took} }

// run sends everything at once.
func (l load) run(ctx context.Context) (result, error) {
	c, err := l.connect(ctx)
	if err != nil {
		return result{}, err
	}
	defer c.close()
	err = c.slice(ctx, l.total)
	return c.done(), err
}

// paced sends everything, and no more than so many a second.
func (l load) paced(ctx context.Context, rate float64) error {
	c, err := l.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	start := time.Now()
	for sent := 0; sent < l.total; {
		sent = min(sent+len(c.conns), l.total)
		if err := c.slice(ctx, sent); err != nil {
			return err
		}
		time.Sleep(time.Until(start.Add(time.Duration(float64(sent) / rate * float64(time.Second)))))
	}
	return nil
}

// turnSlices is how often product and reference take turns within one turn: the
// machine's moods of some tenths of a second then meet both.
const turnSlices = 10

// inTurns runs two loads of the same size, a slice of one, a slice of the other.
func inTurns(ctx context.Context, product, reference load) (p, r result, err error) {
	a, err := product.connect(ctx)
	if err != nil {
		return p, r, err
	}
	defer a.close()
	b, err := reference.connect(ctx)
	if err != nil {
		return p, r, fmt.Errorf("reference: %w", err)
	}
	defer b.close()
	for i := 1; i <= turnSlices; i++ {
		end := product.total * i / turnSlices
		if err := a.slice(ctx, end); err != nil {
			return p, r, err
		}
		if err := b.slice(ctx, end); err != nil {
			return p, r, fmt.Errorf("reference: %w", err)
		}
	}
	return a.done(), b.done(), nil
}

func (l *client) work(c *conn, end int64) error {
	for {
		i := int(l.next.Add(1)) - 1
		if i >= int(end) {
			return nil
		}
		c.b = l.request(c.b[:0], i)
		start := time.Now()
		if _, err := c.Write(c.b); err != nil {
			return fmt.Errorf("send request %d: %w", i, err)
		}
		status, err := discardAnswer(c.r)
		if err != nil {
			return fmt.Errorf("read answer %d: %w", i, err)
		}
		l.took[i] = time.Since(start)
		if status != l.status {
			return fmt.Errorf("answer %d has status %d, not %d", i, status, l.status)
		}
	}
}

var errAnswer = errors.New("not an HTTP/1.1 answer with a length")

// discardAnswer reads one answer and returns its status (RFC 9112, section 4).
// All of ours have a Content-Length.
func discardAnswer(r *bufio.Reader) (status int, err error) {
	length := -1
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first {
			if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
				return 0, errAnswer
			}
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, errAnswer
			}
			continue
		}
		if len(line) == 0 {
			break
		}
		const name = "content-length:"
		if len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(name):]))); err != nil {
				return 0, errAnswer
			}
		}
	}
	if length < 0 {
		return status, errAnswer
	}
	_, err = io.CopyN(io.Discard, r, int64(length))
	return status, err
}

// get makes the request of a page as a browser would.
func get(addr, path string) func(b []byte, i int) []byte {
	text := "GET " + path + " HTTP/1.1\r\nHost: " + addr + "\r\nAccept: text/html,application/json;q=0.9,*/*;q=0.8\r\n" +
		"Accept-Language: en-US,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nSec-Fetch-Site: same-origin\r\n\r\n"
	return func(b []byte, _ int) []byte { return append(b, text...) }
}
