package fetch

import (
	"errors"
	"io"
	"net/http"
	"testing"
)

// TestExchange reads what another server answers, whatever its status, and no more
// than is bounded.
func TestExchange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/endless" {
			_, _ = rw.Write(make([]byte, 2*maxAnswer))
			return
		}
		b, _ := io.ReadAll(r.Body)
		rw.WriteHeader(http.StatusConflict)
		_, _ = rw.Write(append(b, " came"...))
	}), addrs("93.184.216.34"))
	status, b, err := w.Exchange(t.Context(), "https://example.com/x", http.Header{}, []byte("this"))
	if err != nil || status != http.StatusConflict || string(b) != "this came" {
		t.Errorf("%d %q %v", status, b, err)
	}
	if _, b, err := w.Exchange(t.Context(), "https://example.com/endless", http.Header{}, nil); err != nil || len(b) != maxAnswer {
		t.Errorf("%d bytes: %v", len(b), err)
	}
}

// TestExchangeIsGuarded proves that asking another server goes by the same rules as
// fetching from it.
func TestExchangeIsGuarded(t *testing.T) {
	t.Parallel()
	c := New(nil)
	for _, address := range []string{"http://example.org/x", "https://example.org:8443/x", "https://user@example.org/x"} {
		if _, _, err := c.Exchange(t.Context(), address, http.Header{}, nil); !errors.Is(err, ErrURL) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"https://127.0.0.1/x", "https://[::1]/x", "https://10.0.0.1/x"} {
		if _, _, err := c.Exchange(t.Context(), address, http.Header{}, nil); !errors.Is(err, ErrAddress) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
