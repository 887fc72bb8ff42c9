package ntfy

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/fetch"
	"convoke/internal/notify/failure"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://ntfy.sh/river-side_7": "https://ntfy.sh/river-side_7", "https://NTFY.example.org:443/a": "https://ntfy.example.org:443/a",
		"https://ntfy.sh": "", "https://ntfy.sh/": "", "https://ntfy.sh/a/b": "", "https://ntfy.sh/a?auth=x": "", "https://ntfy.sh/a?": "", "https://ntfy.sh/%61": "",
		"https://ntfy.sh/" + strings.Repeat("x", maxTopic+1): "", "http://ntfy.sh/a": "", "https://127.0.0.1/a": "", "https://ntfy.sh:8080/a": "", "": "", "https://ntfy.sh/ä": "",
	} {
		got, err := Parse(address)
		if err == nil && got.String() != want || (err == nil) != (want != "") {
			t.Errorf("%q: %v %v", address, got, err)
		}
	}
	if _, err := Parse("https://10.0.0.1/x"); !errors.Is(err, fetch.ErrAddress) {
		t.Error(err)
	}
}

type server func(*http.Request) (*http.Response, error)

func (s server) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

func answer(status int, header http.Header) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader("{}"))}
}

func TestSend(t *testing.T) {
	t.Parallel()
	to, err := Parse("https://ntfy.sh/secret")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	s := server(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodPost || r.URL.String() != "https://ntfy.sh/" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		return answer(http.StatusOK, nil), json.NewDecoder(r.Body).Decode(&got)
	})
	m := Message{Title: "Riverside", Text: "تجمع عند البوابة الشمالية *الآن*", Priority: High, Tags: []string{"warning"}, Click: "https://example.org/a/1"}
	if err := Send(t.Context(), s, to, m, time.Time{}); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"topic": "secret", "message": m.Text, "title": "Riverside", "priority": 4.0, "tags": []any{"warning"}, "click": m.Click, "markdown": false,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	got = nil
	if err := Send(t.Context(), s, to, Message{Text: "x"}, time.Time{}); err != nil || len(got) != 3 {
		t.Errorf("%v %v", got, err)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	to, err := Parse("https://ntfy.sh/secret")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		s    server
		text string
		kind failure.Kind
	}{
		{func(*http.Request) (*http.Response, error) {
			return answer(429, http.Header{"Retry-After": {"5"}}), nil
		}, "", failure.Later},
		{func(*http.Request) (*http.Response, error) { return answer(403, nil), nil }, "", failure.Permanent},
		{func(*http.Request) (*http.Response, error) { return answer(413, nil), nil }, "", failure.TooLarge},
		{func(r *http.Request) (*http.Response, error) { return nil, errors.New("no way to secret") }, "", failure.Later},
		{nil, strings.Repeat("x", MaxText+1), failure.TooLarge},
	} {
		err := Send(t.Context(), c.s, to, Message{Text: c.text}, time.Time{})
		if failure.KindOf(err) != c.kind || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v, want %s", err, c.kind)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("https://ntfy.sh/river")
	f.Fuzz(func(t *testing.T, s string) {
		topic, err := Parse(s)
		if err != nil {
			return
		}
		if again, err := Parse(topic.String()); err != nil || again != topic {
			t.Errorf("%q is %v and then %v, %v", s, topic, again, err)
		}
	})
}
