package notify_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/clock"
	"convoke/internal/notify"
	"convoke/internal/notify/notifytest"
)

var now = time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)

const from = "Riverside Neighbours <post@riverside.example>"

func sender(t *testing.T, o notify.SMTPOptions) *notify.SMTP {
	t.Helper()
	if o.From == "" {
		o.From = from
	}
	o.Clock = clock.NewManual(now)
	s, err := notify.NewSMTP(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func hello(to string) notify.Message {
	return notify.Message{To: to, Subject: "Hello", Text: "Hello there."}
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	sink := notifytest.Sink(t)
	s := sender(t, notify.SMTPOptions{URL: sink.URL(), Entropy: bytes.NewReader(make([]byte, 16))})
	long := strings.Repeat("Straße und Platz, ", 40) + "end"
	m := notify.Message{
		To: "sam@example.org", Lang: "es",
		Subject: "Está\r\nBcc: evil@example.org confirmado: " + strings.Repeat("Plaza Mayor ", 20),
		Text:    "Uno\r\n.\r\n..dos\n\x00From x\n" + long,
	}
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := sink.Messages()
	if len(got) != 1 {
		t.Fatalf("%d messages", len(got))
	}
	g := got[0]
	header := map[string]string{}
	for k, v := range g.Header {
		header[k] = strings.Join(v, "|")
	}
	delete(header, "Subject")
	want := map[string]string{
		"From": `"Riverside Neighbours" <post@riverside.example>`, "To": "<sam@example.org>",
		"Date": "Sat, 02 May 2026 12:00:00 +0000", "Mime-Version": "1.0",
		"Message-Id":     "<00000000000000000000000000000000@riverside.example>",
		"Auto-Submitted": "auto-generated", "Content-Language": "es",
		"Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "quoted-printable",
	}
	if d := cmp.Diff(want, header); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff("Está Bcc: evil@example.org confirmado: "+strings.TrimSpace(strings.Repeat("Plaza Mayor ", 20)), g.Subject); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff("Uno\n.\n..dos\nFrom x\n"+long+"\n", g.Text); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"riverside.example", "post@riverside.example", "sam@example.org"}, append([]string{g.Hello, g.From}, g.To...)); d != "" {
		t.Error(d)
	}
	for _, line := range strings.Split(g.Raw, "\r\n") {
		if len(line) > 78 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

func TestMessageID(t *testing.T) {
	t.Parallel()
	sink := notifytest.Sink(t)
	s := sender(t, notify.SMTPOptions{URL: sink.URL()})
	ids := []string{"abc-1.2", "", "", "x>y", ".a", "a..b", strings.Repeat("a", 65)}
	for _, id := range ids {
		m := hello("sam@example.org")
		m.ID = id
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for i, m := range sink.Messages() {
		id := m.Header.Get("Message-Id")
		if i == 0 && id != "<abc-1.2@riverside.example>" || i > 0 && len(id) != 32+len("<@riverside.example>") || seen[id] {
			t.Errorf("%q became %s", ids[i], id)
		}
		seen[id] = true
	}
}

func TestConnectionIsReused(t *testing.T) {
	t.Parallel()
	sink := notifytest.Sink(t)
	s := sender(t, notify.SMTPOptions{URL: sink.URL(), Connections: 1})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := s.Send(t.Context(), hello("sam@example.org")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := sink.Sessions(); n != 1 || len(sink.Messages()) != 20 {
		t.Errorf("%d connections for %d messages", n, len(sink.Messages()))
	}
	for range 500 {
		if err := s.Send(t.Context(), hello("sam@example.org")); err != nil {
			t.Fatal(err)
		}
	}
	if n := sink.Sessions(); n != 2 {
		t.Errorf("%d connections for 520 messages", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := sink.WaitClosed(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Send(t.Context(), hello("sam@example.org")); err != nil || sink.Sessions() != 3 {
		t.Errorf("after Close: %v, %d connections", err, sink.Sessions())
	}
}

// Several messages go at once, over as many connections and no more.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	sink := notifytest.Sink(t)
	s := sender(t, notify.SMTPOptions{URL: sink.URL(), Connections: 3})
	arrived, release := make(chan struct{}, 12), make(chan struct{})
	sink.OnData(func() error { arrived <- struct{}{}; <-release; return nil })
	var wg sync.WaitGroup
	send := func(bulk bool) {
		wg.Go(func() {
			m := hello("sam@example.org")
			m.Bulk = bulk
			if err := s.Send(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	for range 10 {
		send(true)
	}
	for range 2 {
		<-arrived
	}
	// What nobody waits for leaves one connection to the others.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	bulk := hello("sam@example.org")
	bulk.Bulk = true
	if err := s.Send(ctx, bulk); !errors.Is(err, context.DeadlineExceeded) || len(arrived) != 0 {
		t.Errorf("%v, %d more came", err, len(arrived))
	}
	send(false)
	<-arrived
	close(release)
	wg.Wait()
	if n := sink.Sessions(); n != 3 || len(sink.Messages()) != 11 {
		t.Errorf("%d connections for %d messages", n, len(sink.Messages()))
	}
}

func TestIdleConnectionEnds(t *testing.T) {
	t.Parallel()
	sink := notifytest.Sink(t)
	s := sender(t, notify.SMTPOptions{URL: sink.URL()})
	s.Keep(time.Millisecond)
	for i := range 3 {
		if err := s.Send(t.Context(), hello("sam@example.org")); err != nil {
			t.Fatal(err)
		}
		if err := sink.WaitClosed(t.Context()); err != nil || sink.Sessions() != i+1 {
			t.Fatalf("%v, %d connections", err, sink.Sessions())
		}
	}
}

// A server that ended a resting connection is simply called again.
func TestServerEndsTheConnection(t *testing.T) {
	t.Parallel()
	sink := notifytest.Sink(t)
	s := sender(t, notify.SMTPOptions{URL: sink.URL()})
	relay := newRelay(t, sink.Addr())
	s.DialTo(relay.addr)
	for range 3 {
		if err := s.Send(t.Context(), hello("sam@example.org")); err != nil {
			t.Fatal(err)
		}
		relay.cut()
	}
	if len(sink.Messages()) != 3 || sink.Sessions() != 3 {
		t.Errorf("%d messages, %d connections", len(sink.Messages()), sink.Sessions())
	}
}

// relay passes connections on and can cut them.
type relay struct {
	addr string
	mu   sync.Mutex
	open []net.Conn
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{addr: l.Addr().String()}
	t.Cleanup(func() { l.Close(); r.cut() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				return
			}
			r.mu.Lock()
			r.open = append(r.open, in, out)
			r.mu.Unlock()
			go func() { io.Copy(out, in); out.Close() }()
			go func() { io.Copy(in, out); in.Close() }()
		}
	}()
	return r
}

func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.open {
		c.Close()
	}
	r.open = nil
}

func TestEncryption(t *testing.T) {
	t.Parallel()
	plain := notifytest.Sink(t)
	start := notifytest.Sink(t, notifytest.StartTLS(), notifytest.Login("us er", "p:w@/"))
	implicit := notifytest.Sink(t, notifytest.TLS(), notifytest.Login("us er", "p:w@/"))
	login := url.UserPassword("us er", "p:w@/").String() + "@"
	for name, c := range map[string]struct {
		url   string
		sink  *notifytest.Server
		roots bool
		want  string // in the error; empty for none
	}{
		"smtps":                 {"smtps://" + login + notifytest.Host, implicit, true, ""},
		"smtps, strange server": {"smtps://" + login + notifytest.Host, implicit, false, "certificate"},
		"smtps, other name":     {"smtps://" + login + "other.example.org", implicit, true, "certificate"},
		"start":                 {"smtp://" + login + notifytest.Host, start, true, ""},
		"start, strange server": {"smtp://" + login + notifytest.Host, start, false, "certificate"},
		"no STARTTLS offered":   {"smtp://" + notifytest.Host, plain, true, "STARTTLS"},
		"wrong password":        {"smtps://joe:secret@" + notifytest.Host, implicit, true, "connect: the server answered 535"},
		"no sign-in":            {"smtps://" + notifytest.Host, implicit, true, "sender: the server answered 502"},
		"loopback":              {plain.URL(), plain, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := notify.SMTPOptions{URL: c.url}
			if c.roots {
				o.Roots = c.sink.Roots()
			}
			s := sender(t, o)
			s.DialTo(c.sink.Addr())
			for _, err := range []error{s.Send(t.Context(), hello("sam@example.org")), s.Check(t.Context())} {
				if c.want == "" {
					if err != nil {
						t.Error(err)
					}
					continue
				}
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("%v, want %q", err, c.want)
				}
				if errors.Is(err, notify.ErrPermanent) || strings.Contains(err.Error(), "joe") || strings.Contains(err.Error(), "sam@") {
					t.Errorf("%v", err)
				}
			}
		})
	}
}

// Local mail may sign in without encryption; it does not leave the machine.
func TestLoginOnLoopback(t *testing.T) {
	t.Parallel()
	sink := notifytest.Sink(t, notifytest.Login("joe", "secret"))
	s := sender(t, notify.SMTPOptions{URL: sink.URL()})
	if err := s.Send(t.Context(), hello("sam@example.org")); err != nil {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const to = "sam@example.org"
	words := "<" + to + "> is not welcome"
	for name, c := range map[string]struct {
		rcpt, data error
		want       string
		permanent  bool
	}{
		"no such box":       {rcpt: notifytest.Reply(550, "5.1.1", words), want: "send mail: recipient: the server answered 550 5.1.1: " + notify.ErrPermanent.Error(), permanent: true},
		"box busy":          {rcpt: notifytest.Reply(450, "4.2.1", words), want: "send mail: recipient: the server answered 450 4.2.1"},
		"no such message":   {data: notifytest.Reply(554, "5.7.1", words), want: "send mail: message: the server answered 554 5.7.1: " + notify.ErrPermanent.Error(), permanent: true},
		"too many":          {data: notifytest.Reply(451, "4.7.0", words), want: "send mail: message: the server answered 451 4.7.0"},
		"the server leaves": {rcpt: notifytest.Reply(421, "4.3.2", words), want: "send mail: recipient: the server answered 421 4.3.2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := notifytest.Sink(t)
			s := sender(t, notify.SMTPOptions{URL: sink.URL()})
			if c.rcpt != nil {
				sink.OnRecipient(func(string) error { return c.rcpt })
			}
			if c.data != nil {
				sink.OnData(func() error { return c.data })
			}
			err := s.Send(t.Context(), hello(to))
			if err == nil || err.Error() != c.want || errors.Is(err, notify.ErrPermanent) != c.permanent {
				t.Errorf("%v\nwant %s", err, c.want)
			}
			sink.OnRecipient(nil)
			sink.OnData(nil)
			if err := s.Send(t.Context(), hello(to)); err != nil {
				t.Errorf("the next message: %v", err)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	sink := notifytest.Sink(t)
	s := sender(t, notify.SMTPOptions{URL: sink.URL()})
	for _, to := range []string{"", "sam", "Sam <sam@example.org>", "sam@example.org, x@example.org", "sam@example.org\r\nRCPT TO:<x@example.org>"} {
		err := s.Send(t.Context(), hello(to))
		if !errors.Is(err, notify.ErrPermanent) || to != "" && strings.Contains(err.Error(), to) {
			t.Errorf("%q: %v", to, err)
		}
	}
	for _, to := range []string{"sam+x@example.org", "josé@example.org"} {
		if err := s.Send(t.Context(), hello(to)); err != nil {
			t.Errorf("%q: %v", to, err)
		}
	}
	if n := len(sink.Messages()); n != 2 {
		t.Errorf("%d messages", n)
	}
}

// A server that says nothing costs a message its time and not more.
func TestDeadline(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := sender(t, notify.SMTPOptions{URL: "smtp://" + l.Addr().String(), Timeout: 20 * time.Millisecond})
	err = s.Send(t.Context(), hello("sam@example.org"))
	if err == nil || errors.Is(err, notify.ErrPermanent) || !strings.HasPrefix(err.Error(), "send mail: connect: ") {
		t.Error(err)
	}
	patient := sender(t, notify.SMTPOptions{URL: "smtp://" + l.Addr().String(), Timeout: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := patient.Send(ctx, hello("sam@example.org")); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// One that falls silent in the middle of a message does not either.
func TestDeadlineWithinAMessage(t *testing.T) {
	t.Parallel()
	sink := notifytest.Sink(t)
	s := sender(t, notify.SMTPOptions{URL: sink.URL(), Timeout: time.Hour})
	if err := s.Send(t.Context(), hello("sam@example.org")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	sink.OnRecipient(func(string) error { cancel(); <-release; return nil })
	err := s.Send(ctx, hello("sam@example.org"))
	if !errors.Is(err, context.Canceled) || errors.Is(err, notify.ErrPermanent) {
		t.Error(err)
	}
	close(release)
	sink.OnRecipient(nil)
	if err := s.Send(t.Context(), hello("sam@example.org")); err != nil {
		t.Errorf("the next message: %v", err)
	}
}
