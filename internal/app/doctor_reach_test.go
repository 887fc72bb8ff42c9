package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"convoke/internal/app"
	"convoke/internal/notify/notifytest"
	"convoke/internal/web/webtest"
)

// mailAt is what doctor says of a mail server.
func mailAt(t *testing.T, address string, roots *x509.CertPool) app.Finding {
	t.Helper()
	c := mailSettings(t, nil)
	c.SMTPURL = address
	d := app.Doctor{Config: c, Log: webtest.Log(t), Clock: wallClock{}, Roots: roots}
	return finding(t, d.Run(t.Context()), "mail")
}

// listening is an address where connections are taken and nothing is said; f, if any,
// has each.
func listening(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for f != nil {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			f(conn)
		}
	}()
	return l.Addr().String()
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestDoctorSignsInToTheMailServer(t *testing.T) {
	t.Parallel()
	plain := notifytest.Sink(t)
	start := notifytest.Sink(t, notifytest.StartTLS(), notifytest.Login("joe", "p@ss"))
	implicit := notifytest.Sink(t, notifytest.TLS(), notifytest.Login("joe", "p@ss"))
	for _, s := range []*notifytest.Server{plain, start, implicit} {
		f := mailAt(t, s.URL(), s.Roots())
		if f.Status != app.OK || f.Fix != "" || f.Message != "the server at "+s.Addr()+" takes mail from Riverside <post@riverside.example>" {
			t.Errorf("%s: %+v", s.URL(), f)
		}
		if s.Sessions() != 1 || len(s.Messages()) != 0 {
			t.Errorf("%s: %d connections, %d messages", s.URL(), s.Sessions(), len(s.Messages()))
		}
	}
	elsewhere := func(s *notifytest.Server, host string) string {
		u, err := url.Parse(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		u.Host = net.JoinHostPort(host, u.Port())
		return u.String()
	}
	refuses := func(greeting string) string {
		return "smtp://" + listening(t, func(c net.Conn) { _, _ = c.Write([]byte(greeting)); _ = c.Close() })
	}
	for name, c := range map[string]struct {
		address string
		roots   *x509.CertPool
		message string
		fix     string
	}{
		"no such name":   {"smtps://joe:secret@mail.invalid", nil, "cannot be found", ""},
		"closed port":    {"smtps://joe:secret@" + closedPort(t), nil, "nobody answers at this port", "465"},
		"wrong password": {"smtps://joe:secret@" + implicit.Addr(), implicit.Roots(), "does not know user and password: it answered 535", "%40"},
		"no password":    {"smtps://" + implicit.Addr(), implicit.Roots(), "does not take mail from this node: it answered 502", "user and password"},
		"strange server": {implicit.URL(), nil, "does not trust", "update-ca-certificates"},
		"other name":     {elsewhere(implicit, "localhost"), implicit.Roots(), "another name", "smtp_url"},
		"no TLS":         {"smtps://" + plain.Addr(), nil, "does not speak TLS", "587"},
		// An address of this machine that is not taken for one, so that TLS is asked for.
		"no STARTTLS":    {elsewhere(plain, "0.0.0.0"), nil, "STARTTLS", "smtps://"},
		"start, another": {elsewhere(start, "0.0.0.0"), start.Roots(), "another name", "smtp_url"},
		"no sign-in":     {"smtp://joe:secret@" + plain.Addr(), nil, "does not offer to sign in", "take user and password out"},
		"busy":           {refuses("421 4.3.2 secret\r\n"), nil, "just now: it answered 421", "again"},
		"not welcome":    {refuses("554 5.7.1 secret\r\n"), nil, "does not let this node in: it answered 554", "ask"},
		"no mail server": {refuses("SSH-2.0-secret\r\n"), nil, "something else answers", "smtp_url"},
		"leaves":         {refuses(""), nil, "broke off", "smtp_url"},
		"no address":     {"https://secret", nil, "must begin with smtps://", "smtp_url"},
	} {
		f := mailAt(t, c.address, c.roots)
		if f.Status != app.Wrong || !strings.Contains(f.Message, c.message) || f.Fix == "" || !strings.Contains(f.Fix, c.fix) || strings.Contains(f.Message+f.Fix, "secret") {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if n := len(plain.Messages()) + len(start.Messages()) + len(implicit.Messages()); n != 0 {
		t.Errorf("%d messages", n)
	}
}

func TestDoctorLooksAtTheGatewaysCertificate(t *testing.T) {
	t.Parallel()
	roots := x509.NewCertPool()
	serve := func(certs ...tls.Certificate) *httptest.Server {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s %s", r.Method, r.URL) }))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{Certificates: certs, MinVersion: tls.VersionTLS12}
		s.StartTLS()
		t.Cleanup(s.Close)
		roots.AddCert(s.Certificate())
		return s
	}
	gate := serve()
	port := gate.URL[strings.LastIndexByte(gate.URL, ':'):]
	for name, c := range map[string]struct {
		address      string
		roots        *x509.CertPool
		status       app.Status
		message, fix string
	}{
		"well":           {gate.URL, roots, app.OK, "answers", ""},
		"strange server": {gate.URL, nil, app.Wrong, "does not trust", "update-ca-certificates"},
		"other name":     {"https://localhost" + port, roots, app.Wrong, "another name", "sms_url"},
		"last year's":    {serve(outOfDate(t)).URL, roots, app.Wrong, "not valid today", "clock"},
		"no TLS":         {"https://" + listening(t, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 secret\r\n\r\n")); _ = c.Close() }), roots, app.Wrong, "does not speak TLS", "sms_url"},
		"closed port":    {"https://" + closedPort(t), roots, app.Wrong, "nobody answers at this port", "sms_url"},
	} {
		f := gatewayAt(t, c.address, c.roots)
		if f.Status != c.status || !strings.Contains(f.Message, c.message) || !strings.Contains(f.Fix, c.fix) || strings.Contains(f.Message+f.Fix, "secret") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// outOfDate is a certificate that ended.
func outOfDate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// gatewayAt is what doctor says of a gateway.
func gatewayAt(t *testing.T, address string, roots *x509.CertPool) app.Finding {
	t.Helper()
	c := settings(t, "")
	c.SMSURL, c.SMSBody, c.SMSInboundSecret = address+"/secret", "to={to}&text={text}", "0123456789abcdef"
	d := app.Doctor{Config: c, Log: webtest.Log(t), Clock: wallClock{}, Roots: roots}
	return finding(t, d.Run(t.Context()), "text messages")
}

// A server that takes a connection and says nothing holds doctor up for some seconds.
func TestDoctorDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	silent := listening(t, nil)
	for name, look := range map[string]func(t *testing.T) app.Finding{
		"before a greeting":        func(t *testing.T) app.Finding { return mailAt(t, "smtp://"+silent, nil) },
		"before TLS":               func(t *testing.T) app.Finding { return mailAt(t, "smtps://"+silent, nil) },
		"before TLS, text message": func(t *testing.T) app.Finding { return gatewayAt(t, "https://"+silent, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			f := look(t)
			if f.Status != app.Wrong || !strings.Contains(f.Message, "did not answer within 8 seconds") || !strings.Contains(f.Fix, "firewall") {
				t.Errorf("%+v", f)
			}
			if d := time.Since(begun); d > 20*time.Second {
				t.Errorf("it took %v", d)
			}
		})
	}
}

// What nobody sets up is named too, so that nobody looks for it.
func TestDoctorNamesTheOtherWays(t *testing.T) {
	t.Parallel()
	d := app.Doctor{Config: settings(t, ""), Log: webtest.Log(t), Clock: wallClock{}}
	if f := finding(t, d.Run(t.Context()), "other ways"); f.Status != app.OK || !strings.Contains(f.Message, "ntfy, UnifiedPush, webhooks: nothing to set up") {
		t.Errorf("%+v", f)
	}
}
