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

// loadResult is how long each request took, and all of them.
type loadResult struct {
	took []time.Duration
	all  time.Duration
}

func (r loadResult) rate() float64 { return float64(len(r.took)) / r.all.Seconds() }

// run connects first and then starts the clock.
func (l load) run(ctx context.Context) (loadResult, error) {
	conns := make([]net.Conn, min(l.conns, l.total))
	var d net.Dialer
	for i := range conns {
		c, err := d.DialContext(ctx, "tcp", l.addr)
		if err != nil {
			return loadResult{}, fmt.Errorf("connect: %w", err)
		}
		defer c.Close()
		conns[i] = c
	}
	took := make([]time.Duration, l.total)
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	start := time.Now()
	for _, c := range conns {
		g.Go(func() error {
			stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
			defer stop()
			return l.work(c, &next, took)
		})
	}
	if err := g.Wait(); err != nil {
		return loadResult{}, err
	}
	return loadResult{took, time.Since(start)}, nil
}

func (l load) work(c net.Conn, next *atomic.Int64, took []time.Duration) error {
	r := bufio.NewReaderSize(c, 16<<10)
	var b []byte
	for {
		i := int(next.Add(1)) - 1
		if i >= l.total {
			return nil
		}
		b = l.request(b[:0], i)
		start := time.Now()
		if _, err := c.Write(b); err != nil {
			return fmt.Errorf("send request %d: %w", i, err)
		}
		status, err := discardAnswer(r)
		if err != nil {
			return fmt.Errorf("read answer %d: %w", i, err)
		}
		took[i] = time.Since(start)
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
		"Accept-Language: en\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nSec-Fetch-Site: same-origin\r\n\r\n"
	return func(b []byte, _ int) []byte { return append(b, text...) }
}
