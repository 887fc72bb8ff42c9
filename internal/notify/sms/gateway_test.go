package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"convoke/internal/notify/failure"
)

const hard = "a \"b\" & c=d {to} \\ ＋\n عربي"

func TestGatewaySends(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
	}))
	t.Cleanup(s.Close)
	send := func(set Settings) {
		t.Helper()
		g, err := New(set)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Send(t.Context(), "+491701234567", hard, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	send(Settings{URL: s.URL + "/send", Headers: []string{"Authorization: Bearer k:1"}, Body: `{"to": "{to}", "n": {digits}, "text": "{text}"}`})
	var in struct {
		To, Text string
		N        int64
	}
	if err := json.Unmarshal([]byte(body), &in); err != nil || in.To != "+491701234567" || in.N != 491701234567 || in.Text != hard {
		t.Errorf("%v: %s", err, body)
	}
	if got.Method != http.MethodPost || got.Header.Get("Content-Type") != "application/json" || got.Header.Get("Authorization") != "Bearer k:1" {
		t.Errorf("%s %v", got.Method, got.Header)
	}
	send(Settings{URL: s.URL + "/u/{digits}?x={text}", Body: "phone={to}&msg={text}&key=1"})
	form, err := url.ParseQuery(body)
	if err != nil || form.Get("phone") != "+491701234567" || form.Get("msg") != hard || form.Get("key") != "1" ||
		got.URL.Query().Get("x") != hard || got.URL.Path != "/u/491701234567" {
		t.Errorf("%v: %s %s", err, got.URL, body)
	}
	send(Settings{URL: s.URL + "/?to={to}&text={text}", Method: "GET"})
	if got.Method != http.MethodGet || got.URL.Query().Get("to") != "+491701234567" || got.URL.Query().Get("text") != hard || body != "" {
		t.Errorf("%s %s %q", got.Method, got.URL, body)
	}
}

func TestGatewayAnswers(t *testing.T) {
	t.Parallel()
	status := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch status {
		case 0:
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that the client leaves
			<-r.Context().Done()
		case 302:
			http.Redirect(w, r, "/secret", status)
		default:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
		}
	}))
	t.Cleanup(s.Close)
	for _, c := range []struct {
		status int
		taken  []int
		kind   failure.Kind
	}{
		{200, nil, ""}, {202, nil, ""}, {202, []int{202}, ""}, {200, []int{202}, failure.Permanent}, {302, nil, failure.Permanent}, {302, []int{302}, ""},
		{400, nil, failure.Permanent}, {401, nil, failure.Later}, {402, nil, failure.Later}, {404, nil, failure.Later}, {410, nil, failure.Later},
		{429, nil, failure.Later}, {500, nil, failure.Later}, {413, nil, failure.TooLarge},
	} {
		status = c.status
		g, err := New(Settings{URL: s.URL + "/secret?to={to}", Body: "text={text}", Taken: c.taken})
		if err != nil {
			t.Fatal(err)
		}
		err = g.Send(t.Context(), "+491701234567", "x", time.Time{})
		if failure.KindOf(err) != c.kind {
			t.Errorf("%d with %v: %v", c.status, c.taken, err)
		}
		var e *failure.Error
		if errors.As(err, &e) && (e.Status != c.status || c.status == 429 && e.After != 7*time.Second || strings.Contains(e.Error(), "secret") || strings.Contains(e.Error(), "4917")) {
			t.Errorf("%d: %v", c.status, err)
		}
	}
	status = 0
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	g, err := New(Settings{URL: s.URL, Body: "to={to}&text={text}"})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Send(ctx, "+491701234567", "x", time.Time{}); failure.KindOf(err) != failure.Later || strings.Contains(err.Error(), "4917") {
		t.Errorf("no answer: %v", err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	good := Settings{URL: "http://user:pass@10.0.0.7:8080/send", Body: `to={to}&text={text}`}
	for address, want := range map[string]string{
		good.URL: "10.0.0.7:8080 false", "http://gateway/x": "gateway:80 false", "https://[fd00::1]/x": "[fd00::1]:443 true",
	} {
		s := good
		s.URL = address
		g, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		if at, tls := g.Address(); fmt.Sprint(at, " ", tls) != want {
			t.Errorf("%s: %s %v", address, at, tls)
		}
	}
	for name, change := range map[string]func(*Settings){
		"no address":      func(s *Settings) { s.URL = "" },
		"other scheme":    func(s *Settings) { s.URL = "ftp://secret.example/" },
		"no host":         func(s *Settings) { s.URL = "https:///secret" },
		"number as host":  func(s *Settings) { s.URL = "https://{digits}.secret.example/" },
		"no number":       func(s *Settings) { s.Body = "text={text}&key=secret" },
		"no text":         func(s *Settings) { s.Body = "to={to}&key=secret" },
		"broken JSON":     func(s *Settings) { s.Body = `{"to": "{to}", "text": "{text}", "key": "secret}` },
		"number with +":   func(s *Settings) { s.Body = `{"to": {to}, "text": "{text}"}` },
		"text unquoted":   func(s *Settings) { s.Body = `{"to": "{to}", "text": {text}}` },
		"broken form":     func(s *Settings) { s.Body = "to={to}&text={text}&key=%secret" },
		"header":          func(s *Settings) { s.Headers = []string{"secret"} },
		"header name":     func(s *Settings) { s.Headers = []string{"X secret: 1"} },
		"other content":   func(s *Settings) { s.Headers = []string{"Content-Type: text/xml"} },
		"method":          func(s *Settings) { s.Method = "BREW" },
		"status":          func(s *Settings) { s.Taken = []int{20} },
		"JSON, no quotes": func(s *Settings) { s.Headers = []string{"Content-Type: application/json"} },
	} {
		s := good
		change(&s)
		if _, err := New(s); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
