package hook

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"convoke/internal/fetch"
	"convoke/internal/notify/failure"
)

type receiver struct {
	header http.Header
	body   string
	status int
	err    error
}

func (r *receiver) Post(_ context.Context, _ string, h http.Header, body []byte) (int, error) {
	r.header, r.body = h, string(body)
	return r.status, r.err
}

// TestSigned is the example of the libraries of Standard Webhooks.
func TestSigned(t *testing.T) {
	t.Parallel()
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{status: http.StatusNoContent}
	m := Message{ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", Body: []byte(`{"test": 2432232314}`)}
	status, err := Send(t.Context(), r, "https://hooks.example.org/in", key, m, time.Unix(1614265330, 0))
	if err != nil || status != http.StatusNoContent || r.body != string(m.Body) {
		t.Errorf("%d %v %q", status, err, r.body)
	}
	for name, want := range map[string]string{
		"Webhook-Id": m.ID, "Webhook-Timestamp": "1614265330", "Content-Type": "application/json",
		"Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := SecretText(key); got != "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" {
		t.Errorf("secret %q", got)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address string
		r       receiver
		kind    failure.Kind
	}{
		{"https://hooks.example.org/secret", receiver{status: 500}, failure.Later},
		{"https://hooks.example.org/secret", receiver{status: 410}, failure.Gone},
		{"https://hooks.example.org/secret", receiver{status: 302}, failure.Permanent},
		{"https://hooks.example.org/secret", receiver{err: errors.New("dial https://hooks.example.org/secret")}, failure.Later},
		{"https://127.0.0.1/secret", receiver{err: fetch.ErrAddress}, failure.Permanent},
		{"https://exa mple.org/secret", receiver{status: 200}, failure.Permanent},
	} {
		status, err := Send(t.Context(), &c.r, c.address, []byte("key"), Message{}, time.Unix(0, 0))
		if failure.KindOf(err) != c.kind || strings.Contains(err.Error(), "secret") || c.r.err != nil && status != 0 {
			t.Errorf("%+v: %d %v", c, status, err)
		}
	}
}
