package app_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"convoke/internal/api/apitest"
)

// local sends to one receiver on this machine, which the sender of the real
// program refuses to do.
type local struct{ url string }

func (l local) Post(ctx context.Context, _ string, header http.Header, body []byte) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header = header
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// TestWebhookToAReceiver is the part of journey 11 about webhooks: registered with
// a token, its messages arrive over HTTP with a signature that the secret proves,
// and a delivery that is sent again is the same, signed anew.
func TestWebhookToAReceiver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		type message struct{ id, at, signature, body string }
		var got []message
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			got = append(got, message{r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), r.Header.Get("webhook-signature"), string(b)})
			w.WriteHeader(http.StatusNoContent)
		}))
		defer receiver.Close()
		s.Webhooks.Sender = local{receiver.URL}
		work := func() {
			t.Helper()
			if _, err := s.Jobs.RunPending(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		b, by := s.signIn("olga")
		s.group(by, "riverside", "Riverside Neighbours")
		token := b.Post("/me/tokens", "name", "website", "scope", "read", "scope", "groups:write", "scope", "events:write", "days", "30").Want(t, 200, "").Text("#token")
		mine := apitest.New(t, s.Site).As(token)
		var hook struct{ ID, Secret string }
		mine.Do("POST", "/groups/riverside/webhooks", map[string]any{"url": "https://hooks.example.org/in", "kinds": []string{"event.published"}},
			"Idempotency-Key", "hook-001").Want(201, &hook)
		mine.Do("POST", "/groups/riverside/events", map[string]any{
			"title": "Riverside clean-up", "kind": "mutual_aid", "state": "confirmed", "near": "Leipzig", "start_date": "2026-06-06",
		}, "Idempotency-Key", "clean-up").Want(201, nil)
		work()
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(hook.Secret, "whsec_"))
		if err != nil {
			t.Fatal(err)
		}
		proven := func(m message) bool {
			h := hmac.New(sha256.New, key)
			io.WriteString(h, m.id+"."+m.at+"."+m.body) //nolint:errcheck // a hash takes everything
			return m.signature == "v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil))
		}
		if len(got) != 2 || !strings.Contains(got[0].body, `"ping"`) || !strings.Contains(got[1].body, `"event.published"`) {
			t.Fatalf("%+v", got)
		}
		for _, m := range got {
			if !proven(m) {
				t.Errorf("the signature of %+v does not fit", m)
			}
			m.body += " "
			if proven(m) {
				t.Error("another body fits the signature, too")
			}
		}
		s.clock.Set(s.clock.Now().Add(60_000_000_000))
		mine.Do("POST", "/groups/riverside/webhooks/"+hook.ID+"/deliveries/"+got[1].id+"/replay", nil).Want(200, nil)
		work()
		if len(got) != 3 || got[2].id != got[1].id || got[2].body != got[1].body || got[2].at == got[1].at || !proven(got[2]) {
			t.Errorf("sent again: %+v", got)
		}
	})
}
