package app_test

import (
	"net"
	"slices"
	"strings"
	"testing"

	"convoke/internal/app"
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
