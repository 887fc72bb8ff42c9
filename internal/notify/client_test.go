package notify_test

import (
	"bufio"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"convoke/internal/notify"
)

// scripted is a server that plays one script for each connection. Lines that
// begin with ">" are said, those with "<" are waited for, "body" reads a message
// and "stall" waits for the end. It hangs up after the last line.
func scripted(t *testing.T, scripts ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); wg.Wait() })
	wg.Go(func() {
		for i, s := range scripts {
			conn, err := l.Accept()
			if err != nil {
				t.Errorf("connection %d never came", i)
				return
			}
			wg.Go(func() { play(t, conn, s) })
		}
		if _, err := l.Accept(); err == nil {
			t.Error("one connection too many")
		}
	})
	return "smtp://" + l.Addr().String()
}

func play(t *testing.T, conn net.Conn, script string) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for _, line := range strings.FieldsFunc(script, func(r rune) bool { return r == '\n' }) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		switch {
		case strings.HasPrefix(line, ">"):
			conn.Write([]byte(strings.ReplaceAll(line[1:], `\n`, "\r\n") + "\r\n"))
		case strings.HasPrefix(line, "<"):
			if got, err := r.ReadString('\n'); err != nil || strings.TrimRight(got, "\r\n") != line[1:] {
				t.Errorf("got %q, %v; want %q", got, err, line[1:])
				return
			}
		case line == "body":
			for got := ""; got != ".\r\n"; {
				var err error
				if got, err = r.ReadString('\n'); err != nil {
					t.Error(err)
					return
				}
			}
		case line == "half":
			r.ReadString('\n')
		case line == "stall":
			r.ReadString('\n')
		default:
			t.Errorf("what is %q?", line)
		}
	}
}

const (
	quick = `
		>220 mail.example.org
		<EHLO riverside.example
		>250-mail.example.org\n250-PIPELINING\n250 SMTPUTF8`
	slow = `
		>220-mail.example.org\n220 hello
		<EHLO riverside.example
		>250 mail.example.org`
	from1 = "\n<MAIL FROM:<post@riverside.example>\n"
	rcpt1 = "\n<RCPT TO:<sam@example.org>\n"
	data1 = "\n<DATA\n"
	group = from1 + rcpt1 + data1
	taken = group + ">250 ok\n>250 ok\n>354 go\nbody\n>250 2.0.0 kept\n"
	quit  = "\n<QUIT\n>221 bye\n"
)

// Each reply tells which of three wishes, said at once, it is about.
func TestWhatServersDo(t *testing.T) {
	t.Parallel()
	const permanent = ": trying again is of no use"
	const broke = ": the connection broke or the server did not answer in time"
	for name, c := range map[string]struct {
		scripts []string
		want    []string // of each message
	}{
		"at once":           {[]string{quick + taken + taken + quit}, []string{"", ""}},
		"one by one":        {[]string{slow + from1 + ">250 ok" + rcpt1 + ">250 ok" + data1 + ">354 go\nbody\n>250 kept" + quit}, []string{""}},
		"recipient refused": {[]string{quick + group + ">250 ok\n>550 5.1.1 no such box sam\n>503 5.5.1 whom?\n<RSET" + group + ">250 ok\n>250 ok\n>250 ok\n>354 go\nbody\n>250 kept" + quit}, []string{"recipient: the server answered 550 5.1.1" + permanent, ""}},
		"recipient refused, message awaited": {
			[]string{quick + group + ">250 ok\n>550 no\n>354 go\n<.\n>554 5.5.1 nobody\n<RSET" + group + ">250 ok\n>250 ok\n>250 ok\n>354 go\nbody\n>250 kept" + quit},
			[]string{"recipient: the server answered 550" + permanent, ""},
		},
		"greylisted":                   {[]string{quick + group + ">250 ok\n>451 4.7.1 later\n>503 whom?" + quit}, []string{"recipient: the server answered 451 4.7.1"}},
		"sender refused":               {[]string{quick + group + ">550 5.7.1 not you\n>503 no\n>503 no" + quit}, []string{"sender: the server answered 550 5.7.1"}},
		"sender refused, one by one":   {[]string{slow + from1 + ">550 5.7.1 not you\n<RSET\n>250 ok" + from1 + ">250 ok" + rcpt1 + ">550 5.1.1 no" + quit}, []string{"sender: the server answered 550 5.7.1", "recipient: the server answered 550 5.1.1" + permanent}},
		"message refused":              {[]string{quick + group + ">250 ok\n>250 ok\n>354 go\nbody\n>554 5.7.1 spam" + quit}, []string{"message: the server answered 554 5.7.1" + permanent}},
		"message not wanted":           {[]string{quick + group + ">250 ok\n>250 ok\n>452 4.3.1 full" + quit}, []string{"message: the server answered 452 4.3.1"}},
		"message busy":                 {[]string{quick + group + ">250 ok\n>250 ok\n>354 go\nbody\n>451 4.3.0 again" + quit}, []string{"message: the server answered 451 4.3.0"}},
		"closed within a message":      {[]string{quick + group + ">250 ok\n>250 ok\n>354 go\nhalf", quick + taken + quit}, []string{"message" + broke, ""}},
		"closed after a message":       {[]string{quick + group + ">250 ok\n>250 ok\n>354 go\nbody", quick + taken + quit}, []string{"message" + broke, ""}},
		"closed after a refusal":       {[]string{quick + group + ">250 ok\n>550 5.1.1 no", quick + taken + quit}, []string{"recipient: the server answered 550 5.1.1" + permanent, ""}},
		"closed while resting":         {[]string{quick + taken, quick + taken + quit}, []string{"", ""}},
		"leaves while resting":         {[]string{quick + taken + group + ">421 4.3.2 bye", quick + taken + quit}, []string{"", ""}},
		"leaves":                       {[]string{quick + group + ">421 4.3.2 bye", quick + taken + quit}, []string{"sender: the server answered 421 4.3.2", ""}},
		"leaves after the message":     {[]string{quick + group + ">250 ok\n>250 ok\n>354 go\nbody\n>421 4.3.2 bye", quick + taken + quit}, []string{"message: the server answered 421 4.3.2", ""}},
		"turned away":                  {[]string{">554 5.3.2 not now", quick + taken + quit}, []string{"connect: the server answered 554 5.3.2", ""}},
		"stalls at the greeting":       {[]string{"stall"}, []string{"connect: context deadline exceeded"}},
		"stalls at its abilities":      {[]string{">220 hello\n<EHLO riverside.example\n>250-one\nstall"}, []string{"connect: context deadline exceeded"}},
		"stalls at the sender":         {[]string{quick + group + "stall"}, []string{"message: context deadline exceeded"}},
		"stalls at the message":        {[]string{quick + group + ">250 ok\n>250 ok\n>354 go\nbody\nstall"}, []string{"message: context deadline exceeded"}},
		"no mail server":               {[]string{">SSH-2.0-server"}, []string{"connect: the server does not speak SMTP"}},
		"another code in the middle":   {[]string{">220-a\\n250 b"}, []string{"connect: the server does not speak SMTP"}},
		"a line without end":           {[]string{">220 " + strings.Repeat("x", 5000)}, []string{"connect: bufio: buffer full"}},
		"lines without end":            {[]string{">" + strings.Repeat(`220-x\n`, 200)}, []string{"connect: the server does not speak SMTP"}},
		"nonsense in place of a reply": {[]string{quick + group + ">what?"}, []string{"message: the server does not speak SMTP"}},
		"a reply that means nothing":   {[]string{quick + group + ">250 ok\n>250 ok\n>250 5.x.1 go" + quit}, []string{"message: the server answered 250"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := time.Minute
			if strings.HasPrefix(name, "stalls") {
				timeout = 3 * time.Second // also for what comes before, on a busy machine
			}
			s := sender(t, notify.SMTPOptions{URL: scripted(t, c.scripts...), Timeout: timeout})
			for _, want := range c.want {
				got, err := "", s.Send(t.Context(), hello("sam@example.org"))
				if err != nil {
					got = strings.TrimPrefix(err.Error(), "send mail: ")
				}
				if got != want || err != nil && errors.Is(err, notify.ErrPermanent) != strings.HasSuffix(want, permanent) {
					t.Errorf("%q\nwant %q", got, want)
				}
			}
		})
	}
}

// A server without SMTPUTF8 takes no address in other letters; the next message
// goes over the same connection.
func TestOtherLetters(t *testing.T) {
	t.Parallel()
	url := scripted(t, slow+from1+">250 ok"+rcpt1+">250 ok"+data1+">354 go\nbody\n>250 kept"+quit)
	s := sender(t, notify.SMTPOptions{URL: url})
	err := s.Send(t.Context(), hello("josé@example.org"))
	if err == nil || !strings.Contains(err.Error(), "SMTPUTF8") || strings.Contains(err.Error(), "jos") {
		t.Error(err)
	}
	if err := s.Send(t.Context(), hello("sam@example.org")); err != nil {
		t.Error(err)
	}
}

// Servers that know only LOGIN get a user and a password one after the other.
func TestLoginInTwoSteps(t *testing.T) {
	t.Parallel()
	const begin = ">220 hello\n<EHLO riverside.example\n"
	for name, c := range map[string]struct{ script, want string }{
		"taken":    {begin + ">250-mail\\n250 AUTH CRAM-MD5 LOGIN\n<AUTH LOGIN\n>334 VXNlcm5hbWU6\n<am9l\n>334 UGFzc3dvcmQ6\n<c2VjcmV0\n>235 2.7.0 ok" + from1 + ">250 ok" + rcpt1 + ">250 ok" + data1 + ">354 go\nbody\n>250 kept" + quit, ""},
		"refused":  {begin + ">250-mail\\n250 AUTH LOGIN\n<AUTH LOGIN\n>334 VXNlcm5hbWU6\n<am9l\n>535 5.7.8 no joe", "connect: the server answered 535 5.7.8"},
		"no other": {begin + ">250-mail\\n250 AUTH CRAM-MD5", "connect: the server offers no sign-in with a password (AUTH PLAIN or LOGIN)"},
		"none":     {begin + ">250 mail", "connect: the server offers no sign-in with a password (AUTH PLAIN or LOGIN)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sender(t, notify.SMTPOptions{URL: strings.Replace(scripted(t, c.script), "//", "//joe:secret@", 1)})
			err := s.Send(t.Context(), hello("sam@example.org"))
			if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != "send mail: "+c.want || errors.Is(err, notify.ErrPermanent)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// What is said before the key is agreed on may be anybody's: nothing of it counts
// afterwards.
func TestNothingBeforeTheKey(t *testing.T) {
	t.Parallel()
	url := scripted(t, ">220 hello\n<EHLO riverside.example\n>250-mail\\n250 STARTTLS\n<STARTTLS\n>220 go\\n250-mail\\n250 AUTH PLAIN")
	s := sender(t, notify.SMTPOptions{URL: "smtp://joe:secret@mail.example.org"})
	s.DialTo(strings.TrimPrefix(url, "smtp://"))
	if err := s.Send(t.Context(), hello("sam@example.org")); err == nil || !strings.Contains(err.Error(), "does not speak SMTP") {
		t.Error(err)
	}
}
