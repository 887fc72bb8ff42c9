package pushservice

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"convoke/internal/fetch"
)

// Counter is a push service that takes every message and looks at none: HTTP/2
// (RFC 9113) as far as a sender needs it, by hand, so that a benchmark measures the
// sender and not net/http's server.
type Counter struct {
	addr  string
	roots *x509.CertPool
	close func() error
	taken atomic.Int64
}

// StartCounter serves on a free port of 127.0.0.1.
func StartCounter(ctx context.Context) (*Counter, error) {
	cert, roots, err := certificate()
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	l, err := listen(ctx)
	if err != nil {
		return nil, err
	}
	c := &Counter{addr: l.Addr().String(), roots: roots}
	secure := tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS13})
	var conns sync.WaitGroup
	ctx, stop := context.WithCancel(ctx)
	conns.Go(func() {
		for {
			conn, err := secure.Accept()
			if err != nil {
				return // closed
			}
			conns.Go(func() {
				defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
				_ = c.serve(conn) // it ends with the sender's connection
				_ = conn.Close()
			})
		}
	})
	c.close = sync.OnceValue(func() error {
		err := l.Close()
		stop()
		conns.Wait()
		return err
	})
	return c, nil
}

// Close stops the service and ends its connections. It may be repeated.
func (c *Counter) Close() error { return c.close() }

// Taken is how many messages were taken.
func (c *Counter) Taken() int { return int(c.taken.Load()) }

// Transport is as [Service.Transport].
func (c *Counter) Transport() *fetch.Kept { return transport(c.addr, c.roots) }

// Frames of RFC 9113, section 6, and their flags.
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	frameSettings     = 0x4
	framePing         = 0x6
	frameWindowUpdate = 0x8

	flagEnd     = 0x1 // of a stream; of settings and pings: that they are seen
	flagHeaders = 0x4

	preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
)

// serve answers 201 to each stream when it ends.
func (c *Counter) serve(conn net.Conn) error {
	r, w := bufio.NewReaderSize(conn, 64<<10), bufio.NewWriterSize(conn, 16<<10)
	if b, err := r.Peek(len(preface)); err != nil || string(b) != preface {
		return errors.Join(err, errors.New("this is not HTTP/2"))
	}
	_, _ = r.Discard(len(preface)) // it was peeked
	// MAX_CONCURRENT_STREAMS (3), and a window for the whole connection.
	frame(w, frameSettings, 0, 0, []byte{0, 3, 0, 0, 0x10, 0})
	window(w, 1<<30)
	var head [9]byte
	for got := uint32(0); ; {
		if r.Buffered() == 0 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return err
		}
		size, stream := int(binary.BigEndian.Uint32(head[:4])>>8), binary.BigEndian.Uint32(head[5:])
		kind, flags := head[3], head[4]
		switch {
		case kind == framePing && flags&flagEnd == 0 && size == 8:
			body, err := r.Peek(size)
			if err != nil {
				return err
			}
			frame(w, framePing, flagEnd, 0, body)
		case kind == frameSettings && flags&flagEnd == 0:
			frame(w, frameSettings, flagEnd, 0, nil)
		case (kind == frameData || kind == frameHeaders) && flags&flagEnd != 0:
			c.taken.Add(1)
			// ":status: 201" that is not indexed (RFC 7541, section 6.2.2).
			frame(w, frameHeaders, flagHeaders|flagEnd, stream, []byte("\x08\x03201"))
		}
		if kind == frameData {
			if got += uint32(size); got > 1<<29 {
				window(w, got)
				got = 0
			}
		}
		if _, err := r.Discard(size); err != nil {
			return err
		}
	}
}

// frame writes one; errors stay in w until it is flushed.
func frame(w *bufio.Writer, kind, flags byte, stream uint32, body []byte) {
	head := [9]byte{0, 0, byte(len(body)), kind, flags}
	binary.BigEndian.PutUint32(head[5:], stream)
	_, _ = w.Write(head[:])
	_, _ = w.Write(body)
}

func window(w *bufio.Writer, more uint32) {
	frame(w, frameWindowUpdate, 0, 0, binary.BigEndian.AppendUint32(nil, more))
}
