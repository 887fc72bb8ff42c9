package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"convoke/internal/notify"
	"convoke/internal/notify/dkim"
)

// mailConns is how many messages are on their way at a time.
const mailConns = 4

// mail measures sending messages in both forms to a server on this machine that
// takes everything, to a loop that writes such messages ready to it, over as many
// kept connections, and as many replies waited for.
func (b *bench) mail(ctx context.Context) (err error) {
	sink, err := newSink(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sink.close()) }()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	keys := []dkim.Key{{Domain: "example.org", Selector: "bench", Signer: key}}
	kinds := []struct {
		what  string
		bulk  bool
		keys  []dkim.Key
		aim   Aim
		turns pair
	}{
		{what: "messages with the same words sent, to writing them", bulk: true, aim: Aim{Ratio: 0.7}},
		{what: "messages with other words for each sent, to writing them"},
		{what: "messages with the same words signed with RSA and sent, to writing them", bulk: true, keys: keys},
	}
	for turn := range b.Runs {
		b.say("turn %d of %d", turn+1, b.Runs)
		for i := range kinds {
			k := &kinds[i]
			p, err := b.sendMail(ctx, sink, k.keys, k.bulk)
			if err != nil {
				return err
			}
			r, err := b.writeMail(ctx, sink)
			if err != nil {
				return fmt.Errorf("reference: %w", err)
			}
			k.turns.add(p, r)
		}
	}
	for _, k := range kinds {
		b.add(k.turns.line(k.what, "/s", k.aim))
	}
	b.add(Line{What: "size of a message", Value: float64(len(sink.last())), Unit: "B"})
	return nil
}

// sendMail sends as a node does, the same words to all or other ones to each.
func (b *bench) sendMail(ctx context.Context, sink *sink, keys []dkim.Key, same bool) (result, error) {
	s, err := notify.NewSMTP(notify.SMTPOptions{
		URL: "smtp://" + sink.addr(), From: "Bench <post@example.org>", Bounces: "bounce@example.org", Clock: b.Clock, Keys: keys,
		Connections: mailConns + 1, // one of them is never for what goes to many
	})
	if err != nil {
		return result{}, err
	}
	r, err := b.mails(ctx, func(ctx context.Context, next func() (int, bool)) error {
		words := mailOf(0)
		for i, ok := next(); ok; i, ok = next() {
			m := mailOf(i)
			if m.Bulk = same; same {
				m.Body = words.Body
			}
			if err := s.Send(ctx, m); err != nil {
				return err
			}
		}
		return nil
	})
	return r, errors.Join(err, s.Close())
}

// mails lets as many workers as there are connections share all messages.
func (b *bench) mails(ctx context.Context, work func(ctx context.Context, next func() (int, bool)) error) (result, error) {
	var n atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	watch := startWatch()
	for range mailConns {
		g.Go(func() error {
			return work(ctx, func() (int, bool) {
				i := int(n.Add(1)) - 1
				return i, i < b.mailed
			})
		})
	}
	err := g.Wait()
	return watch.stop(b.mailed), err
}

// mailOf is a reminder, with a link of its own.
func mailOf(i int) notify.Message {
	id := strconv.Itoa(1_000_000_000 + i)
	return notify.Message{
		To: "reader" + id + "@example.org", Subject: "Tomorrow: Garden Meeting", Lang: "en", ID: "bench" + id, Bounce: "bench" + id,
		Unsubscribe: "https://example.org/preferences/" + id,
		Body: notify.Body{
			Parts: []notify.Part{
				notify.Paragraph("You signed up for this event. Are you still coming?"),
				notify.Heading("Garden Meeting"),
				notify.Facts(notify.Fact{Label: "When", Value: "Saturday, 2 May 2026, 14:00–16:00"}, notify.Fact{Label: "Where", Value: "Riverside Park, at the old oak"}),
				notify.Button("Still coming, or can’t come? Say it here:", "https://example.org/events/01jd0000000000000000000000/coming/"+id),
				notify.Paragraph("If you cannot come, please say so, so that others get the place."),
			},
			Footer: []notify.Part{
				notify.Paragraph("You get this message because you signed up for this event and left your address. The address is deleted a week after the event."),
				notify.Link("The event’s page:", "https://example.org/events/01jd0000000000000000000000"),
			},
		},
	}
}

// writeMail is the reference: the last message that was sent, to another
// recipient each time, and nothing is looked at but that the server took it.
func (b *bench) writeMail(ctx context.Context, sink *sink) (result, error) {
	msg := append(bytes.ReplaceAll(sink.last(), []byte("\r\n."), []byte("\r\n..")), ".\r\n"...)
	return b.mails(ctx, func(ctx context.Context, next func() (int, bool)) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", sink.addr())
		if err != nil {
			return err
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		wait := func(lines int) error {
			for range lines {
				b, err := r.ReadSlice('\n')
				if err != nil {
					return err
				}
				if b[0] != '2' && b[0] != '3' {
					return fmt.Errorf("the sink said %q", b)
				}
			}
			return nil
		}
		if _, err := io.WriteString(conn, "EHLO example.org\r\n"); err != nil {
			return err
		}
		if err := wait(1 + sinkLines); err != nil {
			return err
		}
		for i, ok := next(); ok; i, ok = next() {
			if _, err := fmt.Fprintf(conn, "MAIL FROM:<post@example.org>\r\nRCPT TO:<reader%d@example.org>\r\nDATA\r\n", i); err != nil {
				return err
			}
			if err := wait(3); err != nil {
				return err
			}
			if _, err := conn.Write(msg); err != nil {
				return err
			}
			if err := wait(1); err != nil {
				return err
			}
		}
		return nil
	})
}

// sink is a mail server that takes everything and keeps the last message.
type sink struct {
	l    net.Listener
	busy sync.WaitGroup
	kept atomic.Pointer[[]byte]
}

// sinkLines is how many it answers to EHLO.
const sinkLines = 2

func newSink(ctx context.Context) (*sink, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{l: l}
	s.busy.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.busy.Go(func() { s.serve(conn) })
		}
	})
	return s, nil
}

func (s *sink) addr() string { return s.l.Addr().String() }

func (s *sink) last() []byte { return *s.kept.Load() }

func (s *sink) close() error {
	err := s.l.Close()
	s.busy.Wait()
	return err
}

// serve ends when the other side hangs up.
func (s *sink) serve(conn net.Conn) {
	defer conn.Close()
	r, w := bufio.NewReader(conn), bufio.NewWriter(conn)
	w.WriteString("220 sink\r\n")
	var msg []byte
	for within := false; ; {
		if r.Buffered() == 0 && w.Flush() != nil {
			return
		}
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		switch {
		case within && string(line) == ".\r\n":
			within = false
			whole := msg
			s.kept.Store(&whole)
			msg = make([]byte, 0, len(msg))
			w.WriteString("250 2.0.0 taken\r\n")
		case within:
			msg = append(msg, bytes.TrimPrefix(line, []byte("."))...)
		case string(line) == "DATA\r\n":
			within = true
			w.WriteString("354 go on\r\n")
		case bytes.HasPrefix(line, []byte("EHLO ")):
			w.WriteString("250-sink\r\n250 PIPELINING\r\n")
		default:
			w.WriteString("250 2.0.0 yes\r\n")
		}
	}
}
