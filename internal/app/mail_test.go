package app_test

import (
	"bufio"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"convoke/internal/app"
	"convoke/internal/config"
	"convoke/internal/notify/dkim"
	"convoke/internal/notify/notifytest"
	"convoke/internal/web/webtest"
)

// mailSettings are those of a node that sends mail, signs it and hears of what
// comes back.
func mailSettings(t *testing.T, more map[string]string) config.Config {
	t.Helper()
	flags := map[string]string{
		"data": t.TempDir(), "listen": "127.0.0.1:0", "smtp_url": "smtp://127.0.0.1:1", "mail_from": "Riverside <post@riverside.example>",
	}
	for k, v := range more {
		flags[k] = v
	}
	c, err := config.Load(config.Source{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDoctorLooksAtMail(t *testing.T) {
	t.Parallel()
	const name = "mail1._domainkey.riverside.example"
	dir := t.TempDir()
	path := filepath.Join(dir, "dkim.key")
	key, err := dkim.Make(path, true)
	if err != nil {
		t.Fatal(err)
	}
	other, err := dkim.Make(filepath.Join(dir, "other.key"), true)
	if err != nil {
		t.Fatal(err)
	}
	record := func(k crypto.Signer) string {
		r, err := dkim.Record(k)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	none := &net.DNSError{Err: "no such host", IsNotFound: true}
	sink := notifytest.Sink(t)
	spf := []string{"something", "v=spf1 mx -all"}
	for what, c := range map[string]struct {
		key, sender         []string
		keyErr, senderErr   error
		file                string
		wantKey, wantSender app.Status
		word                string
	}{
		"all well":       {[]string{record(key)}, spf, nil, nil, path, app.OK, app.OK, ""},
		"with blanks":    {[]string{"other", strings.Replace(record(key), "p=", "p = \t", 1)}, spf, nil, nil, path, app.OK, app.OK, ""},
		"no records":     {nil, nil, none, none, path, app.Wrong, app.Warning, "no key in the DNS"},
		"another key":    {[]string{record(other)}, []string{"v=spf10"}, nil, nil, path, app.Wrong, app.Warning, "another one"},
		"revoked":        {[]string{"v=DKIM1; p="}, spf, nil, nil, path, app.Wrong, app.OK, "no key in the DNS"},
		"nobody answers": {nil, nil, errors.New("timeout"), errors.New("timeout"), path, app.Warning, app.Warning, "could not be asked"},
		"no file":        {nil, spf, none, nil, filepath.Join(dir, "none"), app.Wrong, app.OK, "convoke mail dkim"},
	} {
		d := app.Doctor{
			Config: mailSettings(t, map[string]string{"smtp_url": sink.URL(), "dkim_selector": "mail1", "dkim_key": c.file}), Log: webtest.Log(t), Clock: wallClock{},
			LookupTXT: func(_ context.Context, asked string) ([]string, error) {
				switch asked {
				case name:
					return c.key, c.keyErr
				case "riverside.example":
					return c.sender, c.senderErr
				}
				t.Errorf("asked for %s", asked)
				return nil, nil
			},
		}
		found := d.Run(t.Context())
		if got := statusOf(found, "mail"); got != app.OK {
			t.Errorf("%s: mail is %s", what, got)
		}
		if k, s := statusOf(found, "mail signed"), statusOf(found, "mail sender"); k != c.wantKey || s != c.wantSender || !strings.Contains(fmt.Sprint(found), c.word) {
			t.Errorf("%s: %s, %s in %v", what, k, s, found)
		}
	}
	plain := app.Doctor{Config: mailSettings(t, nil), Log: webtest.Log(t), Clock: wallClock{}}
	if found := plain.Run(t.Context()); statusOf(found, "mail signed") != app.OK || statusOf(found, "mail sender") != "" || statusOf(found, "mail back") != "" {
		t.Errorf("%v", found)
	}
}

// A node that is told to takes mail that comes back, and says so to doctor.
func TestMailComesBack(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	c := mailSettings(t, map[string]string{"mail_listen": at, "mail_bounces": "bounce@mail.riverside.example"})
	doctor := app.Doctor{Config: c, Log: webtest.Log(t), Clock: wallClock{}}
	if got := statusOf(doctor.Run(t.Context()), "mail back"); got != app.Warning {
		t.Errorf("before the start %s", got)
	}
	n, err := app.Open(t.Context(), c, webtest.Log(t), app.Options{Create: true, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- n.Serve(ctx, w, io.Discard); w.Close() }()
	if _, err := bufio.NewReader(r).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	doctor = app.Doctor{Config: c, Log: webtest.Log(t), Clock: wallClock{}}
	if got := statusOf(doctor.Run(t.Context()), "mail back"); got != app.OK {
		t.Errorf("while serving %s", got)
	}
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bounce+abc@mail.riverside.example>\r\nRCPT TO:<report@riverside.example>\r\nDATA\r\n\r\n550 5.1.1\r\n.\r\nQUIT\r\n")
	said, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(said), "250 2.0.0 taken") || strings.Count(string(said), "550 5.1.1") != 1 {
		t.Errorf("%s, %v", said, err)
	}
	stop()
	go io.Copy(io.Discard, r)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
