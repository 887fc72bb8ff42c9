package inbound

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stand is a listener, and what it heard.
type stand struct {
	addr string
	log  *bytes.Buffer
	stop func()

	mu   sync.Mutex
	got  []string
	fail error
}

type forGoodError struct{ error }

func (forGoodError) Permanent() bool { return true }

func newStand(t *testing.T) *stand { return newStandWith(t, 0) }

func newStandWith(t *testing.T, idle time.Duration) *stand {
	t.Helper()
	s := &stand{log: &bytes.Buffer{}}
	hear := func(what string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.fail == nil {
			s.got = append(s.got, what)
		}
		return s.fail
	}
	o := Options{
		Name: "riverside.example", Domains: []string{"riverside.example", "mail.riverside.example"}, Bounce: "bounce",
		Log: slog.New(slog.NewTextHandler(s.log, nil)), idle: idle,
		Bounced: func(_ context.Context, token string, permanent bool, status string) error {
			return hear(fmt.Sprintf("%s %t %s", token, permanent, status))
		},
		Boxes: map[string]func(context.Context, Letter) error{
			"report": func(_ context.Context, l Letter) error { return hear(l.From + ": " + l.Text) },
			"panic":  func(context.Context, Letter) error { panic("sam@example.org") },
		},
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- o.Serve(ctx, l) }()
	s.addr = l.Addr().String()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

func (s *stand) heard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

// talk sends all lines and returns the replies' codes, until the listener hangs up
// or has answered QUIT.
func (s *stand) talk(t *testing.T, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	go conn.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
	var out []string
	r := bufio.NewScanner(conn)
	for r.Scan() {
		if line := r.Text(); len(line) > 3 && line[3] == ' ' {
			out = append(out, line[:3])
		}
	}
	return strings.Join(out, " ")
}

const letter = "DATA\nFrom: sam@example.org\n\nhello\n.\n"

func TestSessions(t *testing.T) {
	t.Parallel()
	bounced := "DATA\nFrom: MAILER-DAEMON@x.example\n\n550 5.1.1 no such box\n.\n"
	for name, c := range map[string]struct {
		text, want string
		heard      []string
	}{
		"LMTP":               {"LHLO x\nMAIL FROM:<>\nRCPT TO:<bounce+abc123@riverside.example>\n" + bounced + "QUIT\n", "220 250 250 250 354 250 221", []string{"abc123 true 5.1.1"}},
		"SMTP":               {"EHLO x\nMAIL FROM:<>\nRCPT TO:<bounce+abc123@riverside.example>\n" + bounced + "QUIT\n", "220 250 250 250 354 250 221", []string{"abc123 true 5.1.1"}},
		"capitals":           {"helo x\nmail from:<> SIZE=100 BODY=8BITMIME\nrcpt to: <BOUNCE+ABC123@Riverside.Example>\n" + bounced + "quit\n", "220 250 250 250 354 250 221", []string{"abc123 true 5.1.1"}},
		"a letter":           {"LHLO x\nMAIL FROM:<sam@example.org>\nRCPT TO:<report@mail.riverside.example>\n" + letter + "QUIT\n", "220 250 250 250 354 250 221", []string{"sam@example.org: hello\n"}},
		"a subaddress":       {"LHLO x\nMAIL FROM:<sam@example.org>\nRCPT TO:<report+now@riverside.example>\n" + letter + "QUIT\n", "220 250 250 250 354 250 221", []string{"sam@example.org: hello\n"}},
		"each recipient":     {"LHLO x\nMAIL FROM:<>\nRCPT TO:<bounce+a1@riverside.example>\nRCPT TO:<nobody@riverside.example>\nRCPT TO:<bounce+b2@riverside.example>\n" + bounced + "QUIT\n", "220 250 250 250 550 250 354 250 250 221", []string{"a1 true 5.1.1", "b2 true 5.1.1"}},
		"one in SMTP":        {"EHLO x\nMAIL FROM:<>\nRCPT TO:<bounce+a1@riverside.example>\nRCPT TO:<bounce+b2@riverside.example>\n" + bounced + "QUIT\n", "220 250 250 250 452 354 250 221", []string{"a1 true 5.1.1"}},
		"two messages":       {"LHLO x\n" + strings.Repeat("MAIL FROM:<>\nRCPT TO:<bounce+a1@riverside.example>\n"+bounced, 2) + "QUIT\n", "220 250 250 250 354 250 250 250 354 250 221", []string{"a1 true 5.1.1", "a1 true 5.1.1"}},
		"not ours":           {"LHLO x\nMAIL FROM:<>\nRCPT TO:<bounce+a1@example.org>\nRCPT TO:<report@example.org>\nRCPT TO:<bounce@riverside.example>\nRCPT TO:<bounce+a-1@riverside.example>\nRCPT TO:<" + "bounce+" + strings.Repeat("a", 49) + "@riverside.example>\nRCPT TO:<report>\nRCPT TO:<>\nDATA\nQUIT\n", "220 250 250 550 550 550 550 550 550 550 503 221", nil},
		"no answer to one":   {"LHLO x\nMAIL FROM:<>\nRCPT TO:<bounce+a1@riverside.example>\nDATA\nFrom: sam@example.org\nAuto-Submitted: auto-replied\n\naway\n.\nQUIT\n", "220 250 250 250 354 250 221", nil},
		"a program's letter": {"LHLO x\nMAIL FROM:<>\nRCPT TO:<report@riverside.example>\nDATA\nAuto-Submitted: auto-replied\n\naway\n.\nQUIT\n", "220 250 250 250 354 250 221", nil},
		"no return path":     {"LHLO x\nMAIL FROM:<>\nRCPT TO:<report@riverside.example>\n" + letter + "QUIT\n", "220 250 250 250 354 250 221", nil},
		"of a program":       {"LHLO x\nMAIL FROM:<No-Reply@example.org>\nRCPT TO:<report@riverside.example>\n" + letter + "QUIT\n", "220 250 250 250 354 250 221", nil},
		"of a list":          {"LHLO x\nMAIL FROM:<owner-news@example.org>\nRCPT TO:<report@riverside.example>\n" + letter + "QUIT\n", "220 250 250 250 354 250 221", nil},
		"no letter":          {"LHLO x\nMAIL FROM:<>\nRCPT TO:<report@riverside.example>\nDATA\nno header\n.\nQUIT\n", "220 250 250 250 354 554 221", nil},
		"wrong order":        {"MAIL FROM:<>\nRCPT TO:<report@riverside.example>\nDATA\nLHLO x\nMAIL FROM:<>\nMAIL FROM:<>\nQUIT\n", "220 503 503 503 250 250 503 221", nil},
		"wrong words":        {"LHLO x\nMAIL TO:<>\nMAIL FROM:x\nMAIL FROM:<x\nMAIL\nVRFY sam\nSTARTTLS\n\nNOOP\nRSET\nQUIT\n", "220 250 501 501 501 501 500 500 500 250 250 221", nil},
		"says it is large":   {"LHLO x\nMAIL FROM:<> SIZE=99999999\nMAIL FROM:<> SIZE=x\nQUIT\n", "220 250 552 552 221", nil},
		"forgotten":          {"LHLO x\nMAIL FROM:<>\nRCPT TO:<report@riverside.example>\nRSET\nDATA\nQUIT\n", "220 250 250 250 250 503 221", nil},
		"dots":               {"LHLO x\nMAIL FROM:<sam@example.org>\nRCPT TO:<report@riverside.example>\nDATA\nFrom: sam@example.org\n\n..\n..a\nb.\n.\nQUIT\n", "220 250 250 250 354 250 221", []string{"sam@example.org: .\n.a\nb.\n"}},
		"a line too long":    {"LHLO " + strings.Repeat("x", 5000) + "\n", "220 500", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t)
			if got := s.talk(t, c.text); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			if d := cmp.Diff(c.heard, s.heard()); d != "" {
				t.Error(d)
			}
		})
	}
}

// A dot between bare line feeds ends no message: what follows is text, and no
// command of somebody else.
func TestNothingIsSmuggled(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, end := range []string{"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r"} {
		conn.Write([]byte("LHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<report@riverside.example>\r\nDATA\r\nFrom: a@x.example\r\n\r\nhello" +
			end + "MAIL FROM:<>\r\nRCPT TO:<bounce+evil@riverside.example>\r\nDATA\r\nFrom: x@x.example\r\n\r\n550 5.1.1\r\n.\r\n"))
	}
	conn.Write([]byte("QUIT\r\n"))
	var all bytes.Buffer
	if _, err := all.ReadFrom(conn); err != nil {
		t.Fatal(err)
	}
	if got := s.heard(); len(got) != 5 || strings.Contains(strings.Join(got, "|"), "evil true") {
		t.Errorf("%q", got)
	}
}

func TestWhenItCannotBeKept(t *testing.T) {
	t.Parallel()
	const text = "LHLO x\nMAIL FROM:<>\nRCPT TO:<bounce+qqzz9@riverside.example>\nDATA\n\n550 5.1.1 <sam@example.org>\n.\nMAIL FROM:<sam@example.org>\nRCPT TO:<report@riverside.example>\n" + letter + "QUIT\n"
	s := newStand(t)
	s.fail = errors.New("the disk is full")
	if got := s.talk(t, text); got != "220 250 250 250 354 451 250 250 354 451 221" {
		t.Error(got)
	}
	s.fail = forGoodError{errors.New("not this one")}
	if got := s.talk(t, text); got != "220 250 250 250 354 554 250 250 354 554 221" {
		t.Error(got)
	}
	s.fail = nil
	if got := s.talk(t, "LHLO x\nMAIL FROM:<sam@example.org>\nRCPT TO:<panic@riverside.example>\n"+letter+"QUIT\n"); got != "220 250 250 250 354 451 221" {
		t.Error(got)
	}
	if got := s.talk(t, text); got != "220 250 250 250 354 250 250 250 354 250 221" {
		t.Errorf("after a panic: %s", got)
	}
	s.stop()
	if l := s.log.String(); strings.Contains(l, "sam@") || strings.Contains(l, "qqzz9") || !strings.Contains(l, "the disk is full") || !strings.Contains(l, "panicked") {
		t.Error(l)
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	text := "LHLO x\nMAIL FROM:<>\nRCPT TO:<report@riverside.example>\nRCPT TO:<report@riverside.example>\nDATA\nFrom: sam@example.org\n\n" + strings.Repeat("x", maxMessage) + "\n.\nQUIT\n"
	if got := s.talk(t, text); !strings.HasPrefix(got, "220 250 250 250 250 354") || strings.Contains(got, "354 250") || strings.Contains(got, "221") {
		t.Error(got)
	}
	if got := s.heard(); got != nil {
		t.Errorf("%d letters", len(got))
	}
}

// The ninth connection is asked to come again; when one ends there is room.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	var open []net.Conn
	for range maxConnections {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(line, "220 ") {
			t.Fatal(line, err)
		}
		open = append(open, conn)
	}
	if got := s.talk(t, "QUIT\n"); got != "421" {
		t.Error(got)
	}
	open[0].Close()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); { // until the server has seen it
		if got := s.talk(t, "QUIT\n"); got == "220 221" {
			return
		}
	}
	t.Error("there is no room again")
}

// Who says nothing is not waited for, in the middle of a message neither.
func TestStalls(t *testing.T) {
	t.Parallel()
	s := newStandWith(t, time.Second) // long enough to be heard out on a busy machine
	for text, want := range map[string]string{
		"": "220", "LHLO x\nMAIL FROM:<>\nRCPT TO:<report@riverside.example>\nDATA\nFrom: x": "220 250 250 250 354",
	} {
		if got := s.talk(t, text); got != want || s.heard() != nil {
			t.Errorf("%q: %s, %q", text, got, s.heard())
		}
	}
}

// Ending does not wait for those who say nothing.
func TestEnd(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	s.stop()
}
