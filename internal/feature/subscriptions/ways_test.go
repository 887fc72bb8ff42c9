package subscriptions

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/notify"
	"convoke/internal/notify/sms"
	"convoke/internal/notify/webpush"
	"convoke/internal/notify/webpush/pushservice"
)

// given is what all ways are given to send.
func given(contact string) Parcel {
	return Parcel{
		Said:    Said{Title: "High water", Short: "High water. Go to higher ground.", Lines: []string{"Source: the river watch", "Go to higher ground."}, Link: "https://node.example/alerts/1", Urgent: true, Expires: start.Add(2 * time.Hour)},
		Contact: contact, Lang: "en", Dir: "ltr", Manage: "https://node.example/subscriptions/s3cret", Leave: "https://node.example/subscriptions/s3cret/leave",
		Until: start.Add(3 * time.Hour), ID: strings.Repeat("0a", 16), Tag: "01j000000000000000000chain", Key: signing("s3cret"),
	}
}

// answering answers every request with a status, and keeps the last one.
type answering struct {
	status int
	err    error
	url    string
	header http.Header
	body   string
}

func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a.url, a.header, a.body = r.URL.String(), r.Header, string(b)
	return &http.Response{StatusCode: a.status, Header: http.Header{"Retry-After": {"90"}}, Body: http.NoBody, Request: r}, a.err
}

func (a *answering) Post(_ context.Context, address string, h http.Header, body []byte) (int, error) {
	a.url, a.header, a.body = address, h, string(body)
	return a.status, a.err
}

// Send implements notify.Sender.
func (a *answering) Send(context.Context, notify.Message) error { return a.err }

// sends hands over once and returns how it went.
func sends(t *testing.T, c Channel, contact string) error {
	t.Helper()
	clean, err := c.Parse(contact)
	must(t, err)
	send, err := c.Prepare(given(clean))
	must(t, err)
	return send(t.Context())
}

// TestAnswers: what services answer is understood, the same on every way.
func TestAnswers(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(start)
	for _, x := range []struct {
		status int
		want   error
	}{{200, nil}, {404, ErrGone}, {410, ErrGone}, {400, ErrRefused}, {413, ErrRefused}, {429, Later{}}, {503, Later{}}} {
		a := &answering{status: x.status}
		for _, err := range []error{
			sends(t, Ntfy{a, c}, "https://ntfy.example.org/river-9f2c"), sends(t, Hook{a, c}, "https://program.example.org/in"),
		} {
			var later Later
			if errors.As(x.want, &later) != errors.As(err, &later) || !errors.As(err, &later) && !errors.Is(err, x.want) {
				t.Errorf("%d is %v, want %v", x.status, err, x.want)
			}
		}
	}
	a := &answering{status: 200, err: errLine}
	for _, err := range []error{sends(t, Ntfy{a, c}, "https://ntfy.example.org/river-9f2c"), sends(t, Hook{a, c}, "https://program.example.org/in")} {
		var later Later
		if err == nil || errors.As(err, &later) || errors.Is(err, ErrGone) || errors.Is(err, ErrRefused) {
			t.Errorf("a line that broke is %v", err)
		}
	}
	for _, x := range []struct {
		err, want error
	}{
		{nil, nil}, {&notify.Error{Step: notify.StepRecipient, Code: 550, Status: "5.1.1"}, ErrGone}, {&notify.Error{Step: notify.StepRecipient, Code: 550, Status: "5.7.1"}, ErrRefused},
		{&notify.Error{Step: notify.StepMessage, Code: 554}, ErrRefused}, {&notify.Error{Step: notify.StepConnect}, Later{}}, {&notify.Error{Step: notify.StepRecipient, Code: 451}, Later{}},
	} {
		if err := mailed(x.err); !errors.Is(err, x.want) {
			t.Errorf("%v is %v, want %v", x.err, err, x.want)
		}
	}
	var later Later
	if err := mailed(&notify.Error{Step: notify.StepMessage}); err == nil || errors.As(err, &later) || errors.Is(err, ErrRefused) {
		t.Errorf("a message that may have gone is %v", err)
	}
}

// TestWhatGoesOut: each way carries what it should, and a way to leave.
func TestWhatGoesOut(t *testing.T) {
	t.Parallel()
	c, a := clock.NewManual(start), &answering{status: 200}
	must(t, sends(t, Ntfy{a, c}, "https://ntfy.example.org/river-9f2c"))
	if all := a.url + a.body; !strings.Contains(all, "Go to higher ground.") || !strings.Contains(all, "/subscriptions/s3cret") || strings.Contains(all, "river watch") {
		t.Errorf("ntfy: %s %s", a.url, a.body)
	}
	must(t, sends(t, Hook{a, c}, "https://program.example.org/in"))
	var got told
	must(t, json.Unmarshal([]byte(a.body), &got))
	if got.Leave != given("").Leave || got.Chain != given("").Tag || len(got.Lines) != 2 || a.header.Get("webhook-id") != given("").ID || a.header.Get("webhook-signature") == "" {
		t.Errorf("hook: %s %v", a.body, a.header)
	}
	var text string
	gate := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text = r.FormValue("to") + " " + r.FormValue("text")
	}))
	defer gate.Close()
	g, err := sms.New(sms.Settings{URL: gate.URL, Body: "to={to}&text={text}"})
	must(t, err)
	locales, err := i18n.Load(false)
	must(t, err)
	must(t, sends(t, SMS{Gateway: g, Clock: c, Locales: locales, Answers: true}, "0049 170 1234567"))
	if text != "+491701234567 High water. Go to higher ground. Answer STOP to leave." {
		t.Errorf("sms: %s", text)
	}
	must(t, sends(t, SMS{Gateway: g, Clock: c, Locales: locales}, "+49 170 1234567"))
	if !strings.HasSuffix(text, "/subscriptions/s3cret") {
		t.Errorf("sms: %s", text)
	}
}

// TestPush: a browser reads what its worker shows.
func TestPush(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(start)
	service, err := pushservice.Start(t.Context(), c)
	must(t, err)
	over := service.Transport()
	t.Cleanup(func() { must(t, errors.Join(over.Close(), service.Close())) })
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	sender, err := webpush.NewSender(over, key, "https://node.example", c)
	must(t, err)
	b, err := service.Subscribe(sender.PublicKey())
	must(t, err)
	locales, err := i18n.Load(false)
	must(t, err)
	must(t, sends(t, Push{sender, c, locales}, b.JSON()))
	got := b.Messages()
	if len(got) != 1 || got[0].TTL != 3*time.Hour || got[0].Urgency != "high" || got[0].Topic != given("").Tag {
		t.Fatalf("%+v", got)
	}
	var shown pushed
	must(t, json.Unmarshal(got[0].Text, &shown))
	want := pushed{
		Title: "High water", Body: given("").Short, URL: given("").Link, Tag: given("").Tag, Lang: "en", Dir: "ltr",
		Renotify: true, Leave: given("").Leave, Leaving: "Leave", Move: given("").Manage + "/push",
	}
	if shown != want {
		t.Errorf("%+v, want %+v", shown, want)
	}
}

// TestBadContacts: what is no contact says so beside the field.
func TestBadContacts(t *testing.T) {
	t.Parallel()
	for contact, c := range map[string]Channel{
		"ann": Email{}, "Ann <ann@example.org>": Email{}, "ann@example.org\r\nBcc: x": Email{}, "12": SMS{}, "call me": SMS{}, "https://ntfy.sh/": Ntfy{}, "ntfy": Ntfy{},
		"https://127.0.0.1/topic": Ntfy{}, "http://example.org/in": Hook{}, "https://10.0.0.1/in": Hook{}, "{}": Push{}, `{"endpoint":"https://push.example/1","keys":{"p256dh":"AA","auth":"AA"}}`: Push{},
	} {
		_, err := c.Parse(contact)
		if f := fault.Of(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Name != "contact" {
			t.Errorf("%T %q: %v", c, contact, err)
		}
	}
}

// kept is what was mailed last.
type kept struct{ notify.Message }

// Send implements notify.Sender.
func (k *kept) Send(_ context.Context, m notify.Message) error {
	k.Message = m
	return nil
}

// TestMailIsNotHeldUp: however many messages an address gets, alerts go at once; what somebody
// asked for who may be anybody has its limits.
func TestMailIsNotHeldUp(t *testing.T) {
	t.Parallel()
	locales, err := i18n.Load(false)
	must(t, err)
	var k kept
	for tag, class := range map[string]notify.Class{"chain": notify.Urgent, notes: notify.Asked} {
		p := given("ann@example.org")
		p.Tag = tag
		send, err := Email{Sender: &k, Locales: locales}.Prepare(p)
		must(t, err)
		must(t, send(t.Context()))
		if k.Class != class || k.Unsubscribe != p.Leave {
			t.Errorf("%s: %+v", tag, k.Message)
		}
	}
}
