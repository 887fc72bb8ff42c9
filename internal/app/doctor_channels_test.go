package app_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"convoke/internal/app"
	"convoke/internal/config"
	"convoke/internal/fetch"
	"convoke/internal/notify/webpush"
	"convoke/internal/web/webtest"
)

// finding is that of one check; it fails the test when the check was not made.
func finding(t *testing.T, all []app.Finding, check string) app.Finding {
	t.Helper()
	i := slices.IndexFunc(all, func(f app.Finding) bool { return f.Check == check })
	if i < 0 {
		t.Fatalf("%s is not looked at", check)
	}
	return all[i]
}

func TestDoctorLooksAtWebPush(t *testing.T) {
	t.Parallel()
	cfg := settings(t, "") // at http://, so that the node makes no key by itself
	s := start(t, cfg)
	look := func(base string) app.Finding {
		t.Helper()
		d := app.Doctor{Config: cfg, Log: webtest.Log(t), Clock: s.clock}
		d.Config.BaseURL = base
		return finding(t, d.Run(t.Context()), "web push")
	}
	if f := look("http://localhost:8080"); f.Status != app.OK || !strings.Contains(f.Message, "https://") {
		t.Errorf("a try at home: %+v", f)
	}
	if f := look("http://example.org"); f.Status != app.Warning || f.Fix == "" {
		t.Errorf("not encrypted: %+v", f)
	}
	if f := look("https://example.org"); f.Status != app.OK || !strings.Contains(f.Message, "no key yet") {
		t.Errorf("before the first: %+v", f)
	}
	if _, err := s.Vault.Existing(t.Context(), webpush.KeyScope); err == nil {
		t.Error("doctor made a key")
	}
	if _, err := webpush.LoadKey(t.Context(), s.Vault); err != nil {
		t.Fatal(err)
	}
	if f := look("https://example.org"); f.Status != app.OK || !strings.Contains(f.Message, "opens") {
		t.Errorf("with a key: %+v", f)
	}
}

func TestDoctorLooksAtTheGateway(t *testing.T) {
	t.Parallel()
	s := newSaved(t, "")
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	look := func(address, secret string) app.Finding {
		t.Helper()
		d := app.Doctor{Config: s.Config, Log: webtest.Log(t), Clock: s.clock}
		d.Config.SMSURL, d.Config.SMSBody, d.Config.SMSInboundSecret = address, "to={to}&text={text}", secret
		return finding(t, d.Run(t.Context()), "text messages")
	}
	if f := look("", ""); f.Status != app.OK {
		t.Errorf("none: %+v", f)
	}
	if f := look("ftp://127.0.0.1/secret", ""); f.Status != app.Wrong || strings.Contains(f.Message, "secret") {
		t.Errorf("a broken address: %+v", f)
	}
	there := "http://" + l.Addr().String() + "/secret"
	if f := look(there, ""); f.Status != app.Warning || !strings.Contains(f.Fix, "sms_inbound_secret") {
		t.Errorf("deaf: %+v", f)
	}
	if f := look(there, "0123456789abcdef"); f.Status != app.OK || strings.Contains(f.Message, "secret") {
		t.Errorf("all well: %+v", f)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if f := look(there, "0123456789abcdef"); f.Status != app.Wrong || f.Fix == "" || strings.Contains(f.Message, "secret") {
		t.Errorf("nobody there: %+v", f)
	}
}

func TestDoctorLooksAtFeeds(t *testing.T) {
	t.Parallel()
	const list = `<feed xmlns="http://www.w3.org/2005/Atom"><entry><link type="application/cap+xml" href="%s"/></entry></feed>`
	s := newSaved(t, "")
	from := files{
		"https://a.example/one": forestFire, "https://a.example/list": fmt.Sprintf(list, "/one"), "https://a.example/empty": fmt.Sprintf(list, ""), "https://a.example/broken": fmt.Sprintf(list, "/page"),
		"https://a.example/page": "<html>secret</html>", "https://a.example/gone": fmt.Sprintf(list, "/nowhere"),
	}
	look := func(name, address string) app.Finding {
		t.Helper()
		d := app.Doctor{Config: s.Config, Log: webtest.Log(t), Clock: s.clock, Feeds: from}
		if address != "" {
			d.Config.CAPFeeds = []config.Feed{{Name: name, Address: address}}
		}
		return finding(t, d.Run(t.Context()), "official warnings")
	}
	if f := look("", ""); f.Status != app.OK {
		t.Errorf("none: %+v", f)
	}
	for address, want := range map[string]string{"https://a.example/one": "a.example can be read; messages in it: 1", "https://a.example/list": "a.example can be read; messages in it: 1", "https://a.example/empty": "messages in it: 0"} {
		if f := look("", address); f.Status != app.OK || !strings.Contains(f.Message, want) {
			t.Errorf("%s: %+v", address, f)
		}
	}
	for address, want := range map[string]string{"https://a.example/page": "no Atom or RSS", "https://a.example/broken": "against the standard", "https://a.example/gone": "answers with an error", "https://a.example/not": "answers with an error"} {
		if f := look("Fire brigade", address); f.Status != app.Wrong || f.Fix == "" || !strings.Contains(f.Message, "The feed Fire brigade") || !strings.Contains(f.Message, want) || strings.Contains(f.Message, "secret") {
			t.Errorf("%s: %+v", address, f)
		}
	}
	for _, err := range []error{fetch.ErrURL, fetch.ErrAddress, fetch.ErrRedirect, fetch.ErrTooLarge, context.DeadlineExceeded, errors.New("secret")} {
		d := app.Doctor{Config: s.Config, Log: webtest.Log(t), Clock: s.clock, Feeds: failing{err}}
		d.Config.CAPFeeds = []config.Feed{{Address: "https://a.example/"}}
		if f := finding(t, d.Run(t.Context()), "official warnings"); f.Status != app.Wrong || f.Fix == "" || strings.Contains(f.Message, "secret") {
			t.Errorf("%v: %+v", err, f)
		}
	}
}

// failing reads nothing.
type failing struct{ err error }

// GetNewer implements official.Source.
func (f failing) GetNewer(context.Context, string, string, fetch.Version) ([]byte, fetch.Version, error) {
	return nil, fetch.Version{}, f.err
}
