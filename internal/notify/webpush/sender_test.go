package webpush_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/fetch"
	"convoke/internal/notify/failure"
	"convoke/internal/notify/webpush"
	"convoke/internal/notify/webpush/pushservice"
)

type stand struct {
	*webpush.Sender
	service *pushservice.Service
	clock   *clock.Manual
}

func newStand(t *testing.T) *stand {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	s, err := pushservice.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	over := s.Transport()
	t.Cleanup(func() {
		if err := errors.Join(over.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	sender, err := webpush.NewSender(over, newKey(t), "https://example.org", c)
	if err != nil {
		t.Fatal(err)
	}
	return &stand{sender, s, c}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (s *stand) browser(t *testing.T) *pushservice.Browser {
	t.Helper()
	b, err := s.service.Subscribe(s.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSend(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	b := s.browser(t)
	to, err := webpush.Parse([]byte(b.JSON()))
	if err != nil {
		t.Fatal(err)
	}
	p, err := webpush.Prepare(to)
	if err != nil {
		t.Fatal(err)
	}
	m := webpush.Message{Payload: []byte("Meet at the north gate — 北門"), TTL: 90 * time.Minute, Urgency: webpush.High, Topic: "gate"}
	if err := s.Send(t.Context(), to, &p, m); err != nil {
		t.Fatal(err)
	}
	s.clock.Add(30 * time.Hour) // the token of before is good no more
	if err := s.Send(t.Context(), to, nil, webpush.Message{}); err != nil {
		t.Fatal(err)
	}
	got := b.Messages()
	if len(got) != 2 || s.service.Taken() != 2 {
		t.Fatalf("%d messages came: %+v", s.service.Taken(), got)
	}
	if g := got[0]; string(g.Text) != string(m.Payload) || g.TTL != m.TTL || g.Urgency != "high" || g.Topic != "gate" || g.Sender != s.PublicKey() {
		t.Errorf("%+v", g)
	}
	if g := got[1]; len(g.Text) != 0 || g.TTL != 0 || g.Urgency != "" || g.Topic != "" || g.Size != got[0].Size {
		t.Errorf("%+v", g)
	}
}

// A key that was prepared for another device is of no use, and tells it nothing.
func TestPreparedForAnother(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	a, b := s.browser(t), s.browser(t)
	p, err := webpush.Prepare(a.Subscription())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), b.Subscription(), &p, webpush.Message{}); failure.KindOf(err) != failure.Permanent || len(b.Messages()) != 0 {
		t.Errorf("%v", err)
	}
}

func TestBadEndpoints(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for name, c := range map[string]struct {
		answer pushservice.Answer
		kind   failure.Kind
		after  time.Duration
	}{
		"gone":      {pushservice.Answer{Status: 410}, failure.Gone, 0},
		"unknown":   {pushservice.Answer{Status: 404}, failure.Gone, 0},
		"too large": {pushservice.Answer{Status: 413}, failure.TooLarge, 0},
		"too many":  {pushservice.Answer{Status: 429, RetryAfter: "60"}, failure.Later, time.Minute},
		"busy":      {pushservice.Answer{Status: 503, RetryAfter: "Sun, 01 Mar 2026 12:10:00 GMT"}, failure.Later, 10 * time.Minute},
		"broken":    {pushservice.Answer{Status: 500}, failure.Later, 0},
		"refused":   {pushservice.Answer{Status: 403}, failure.Permanent, 0},
		"redirect":  {pushservice.Answer{Status: 307, Location: "https://" + pushservice.Host + "/w/x/0"}, failure.Permanent, 0},
		"moved":     {pushservice.Answer{Status: 301, Location: "https://127.0.0.1/"}, failure.Permanent, 0},
		"endless":   {pushservice.Answer{Status: 400, Endless: true}, failure.Permanent, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := s.browser(t)
			b.Answer(c.answer)
			before := time.Now()
			err := s.Send(t.Context(), b.Subscription(), nil, webpush.Message{Payload: []byte("x")})
			var e *failure.Error
			if !errors.As(err, &e) || e.Kind != c.kind || e.After != c.after || e.Host != pushservice.Host || e.Status != c.answer.Status {
				t.Errorf("%v", err)
			}
			if strings.Contains(err.Error(), "/w/") || len(b.Messages()) != 0 {
				t.Errorf("%v, %d came", err, len(b.Messages()))
			}
			if d := time.Since(before); d > 8*time.Second {
				t.Errorf("it took %v", d)
			}
		})
	}
}

// What stalls ends with the caller's patience, and others are not held up.
func TestSlowEndpoint(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	slow, other := s.browser(t), s.browser(t)
	slow.Answer(pushservice.Answer{Stall: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Send(ctx, slow.Subscription(), nil, webpush.Message{}) }()
	if err := s.Send(t.Context(), other.Subscription(), nil, webpush.Message{}); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; failure.KindOf(err) != failure.Later || !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "/w/") {
		t.Errorf("%v", err)
	}
}

func TestDeadAndHostileEndpoints(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	b := s.browser(t).Subscription()
	if err := s.service.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Send(t.Context(), b, nil, webpush.Message{}); failure.KindOf(err) != failure.Later {
		t.Errorf("nobody listens: %v", err)
	}
	real, err := webpush.NewSender(fetch.NewKept(nil), newKey(t), "https://example.org", s.clock)
	if err != nil {
		t.Fatal(err)
	}
	for endpoint, want := range map[string]error{
		"https://127.0.0.1/secret": fetch.ErrAddress, "https://[fd00::1]/secret": fetch.ErrAddress, "https://169.254.169.254/secret": fetch.ErrAddress,
		"http://example.org/secret": fetch.ErrURL, "https://example.org:22/secret": fetch.ErrURL, "file:///secret": fetch.ErrURL,
		"https://exa mple.org/secret": nil, "": nil,
	} {
		b.Endpoint = endpoint
		err := real.Send(t.Context(), b, nil, webpush.Message{})
		if failure.KindOf(err) != failure.Permanent || want != nil && !errors.Is(err, want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}

func TestBadMessages(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	b := s.browser(t)
	for name, c := range map[string]struct {
		m    webpush.Message
		kind failure.Kind
	}{
		"long":         {webpush.Message{Payload: make([]byte, webpush.MaxPayload+1)}, failure.TooLarge},
		"long topic":   {webpush.Message{Topic: strings.Repeat("x", 33)}, failure.Permanent},
		"broken topic": {webpush.Message{Topic: "a\r\nX: y"}, failure.Permanent},
	} {
		if err := s.Send(t.Context(), b.Subscription(), nil, c.m); failure.KindOf(err) != c.kind || s.service.Asked() != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Send(t.Context(), webpush.Subscription{Endpoint: b.Subscription().Endpoint}, nil, webpush.Message{}); failure.KindOf(err) != failure.Permanent {
		t.Errorf("no key: %v", err)
	}
}

// The receiver of the benchmark takes what is sent, over connections that are kept.
func TestCounter(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	c, err := pushservice.StartCounter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	over := c.Transport()
	sender, err := webpush.NewSender(over, newKey(t), "https://example.org", s.clock)
	if err != nil {
		t.Fatal(err)
	}
	to := s.browser(t).Subscription()
	for range 300 {
		if err := sender.Send(t.Context(), to, nil, webpush.Message{Payload: make([]byte, webpush.MaxPayload)}); err != nil {
			t.Fatal(err)
		}
	}
	if c.Taken() != 300 {
		t.Errorf("%d were taken", c.Taken())
	}
	if err := errors.Join(over.Close(), c.Close()); err != nil {
		t.Error(err)
	}
}
