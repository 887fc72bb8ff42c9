package fetch

import (
	"errors"
	"io"
	"net/http"
	"testing"
)

func TestPost(t *testing.T) {
	t.Parallel()
	var got string
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.URL.Path + " " + r.Header.Get("X-Test") + " " + string(b)
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/here", http.StatusTemporaryRedirect)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	w := newWorld(t, h, addrs("93.184.216.34"))
	post := func(address string) (int, error) {
		return w.Post(t.Context(), address, http.Header{"X-Test": {"yes"}}, []byte("body"))
	}
	status, err := post("https://example.com/here")
	if err != nil || status != http.StatusAccepted || got != "POST /here yes body" {
		t.Errorf("%d, %v: %q", status, err, got)
	}
	if status, err := post("https://example.com/moved"); err != nil || status != http.StatusTemporaryRedirect || got != "POST /moved yes body" {
		t.Errorf("a redirect is followed: %d, %v: %q", status, err, got)
	}
	if _, err := post("http://example.com/"); !errors.Is(err, ErrURL) {
		t.Errorf("plain HTTP: %v", err)
	}
	inside := newWorld(t, h, addrs("93.184.216.34", "10.0.0.1"))
	if _, err := inside.Post(t.Context(), "https://example.com/", http.Header{}, nil); !errors.Is(err, ErrAddress) || len(inside.dialed) != 0 {
		t.Errorf("a private address: %v, dialed %v", err, inside.dialed)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://example.com/hook?x=1": true, "https://example.com:443/": true, "http://example.com/": false, "webcal://example.com/": false,
		"https://me@example.com/": false, "https://example.com:8443/": false, " https://example.com/": false, "https:///x": false, "": false,
		"https://example.com/#part": false,
	} {
		if got := Check(address) == nil; got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}
