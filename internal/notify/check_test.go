package notify_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/notify"
	"convoke/internal/notify/notifytest"
)

// told is a mail server that answers each line as it is told by the line's first word,
// and gives what it heard when the connection ends. To a word without answer it says
// nothing more.
func told(t *testing.T, answers map[string]string) (url string, heard <-chan []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	lines := make(chan []string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var all []string
		io.WriteString(conn, answers["greeting"])
		for in := bufio.NewScanner(conn); in.Scan(); {
			all = append(all, in.Text())
			verb, _, _ := strings.Cut(in.Text(), " ")
			io.WriteString(conn, answers[verb])
		}
		lines <- all
	}()
	return "smtp://" + l.Addr().String(), lines
}

func TestCheckSendsNothing(t *testing.T) {
	t.Parallel()
	for bounces, address := range map[string]string{"": "post@riverside.example", "back@mail.example": "back+check@mail.example"} {
		url, heard := told(t, map[string]string{"greeting": "220 hello\r\n", "EHLO": "250 hello\r\n", "MAIL": "250 fine\r\n", "QUIT": "221 bye\r\n"})
		if err := sender(t, notify.SMTPOptions{URL: url, Bounces: bounces}).Check(t.Context()); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff([]string{"EHLO riverside.example", "MAIL FROM:<" + address + ">", "QUIT"}, <-heard); d != "" {
			t.Error(d)
		}
	}
	sink := notifytest.Sink(t, notifytest.Login("joe", "secret"))
	if err := sender(t, notify.SMTPOptions{URL: sink.URL()}).Check(t.Context()); err != nil {
		t.Error(err)
	}
	if err := sink.WaitClosed(t.Context()); err != nil || sink.Sessions() != 1 || len(sink.Messages()) != 0 {
		t.Errorf("%v, %d connections, %d messages", err, sink.Sessions(), len(sink.Messages()))
	}
}

func TestCheckFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		login   string
		answers map[string]string
		want    string
		is      error
	}{
		"not welcome":   {"", map[string]string{"greeting": "554 5.7.1 secret\r\n"}, "send mail: connect: the server answered 554 5.7.1", nil},
		"no mail":       {"", map[string]string{"greeting": "HTTP/1.1 400 secret\r\n"}, "send mail: connect: the server does not speak SMTP", nil},
		"no sign-in":    {"joe:secret@", map[string]string{"greeting": "220 x\r\n", "EHLO": "250 secret\r\n"}, "send mail: connect: " + notify.ErrNoSignIn.Error(), notify.ErrNoSignIn},
		"not from us":   {"", map[string]string{"greeting": "220 x\r\n", "EHLO": "250 x\r\n", "MAIL": "553 5.7.1 secret\r\n"}, "send mail: sender: the server answered 553 5.7.1", nil},
		"silent":        {"", nil, "send mail: connect: context deadline exceeded", context.DeadlineExceeded},
		"silent at end": {"", map[string]string{"greeting": "220 x\r\n", "EHLO": "250 x\r\n"}, "send mail: connect: ", context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, heard := told(t, c.answers)
			patience := time.Minute
			if strings.HasPrefix(name, "silent") {
				patience = 3 * time.Second // also for what comes before, on a busy machine
			}
			s := sender(t, notify.SMTPOptions{URL: strings.Replace(url, "//", "//"+c.login, 1), Timeout: patience})
			err := s.Check(t.Context())
			timeout := net.Error(nil)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "secret") ||
				c.is != nil && !errors.Is(err, c.is) && !(errors.As(err, &timeout) && timeout.Timeout()) {
				t.Errorf("%v, want %s", err, c.want)
			}
			<-heard // the connection is closed
		})
	}
}

// What ends the caller's wait ends the check.
func TestCheckIsCancelled(t *testing.T) {
	t.Parallel()
	url, _ := told(t, map[string]string{"greeting": "220 x\r\n", "EHLO": "250 x\r\n"})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := sender(t, notify.SMTPOptions{URL: url, Timeout: time.Hour}).Check(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
