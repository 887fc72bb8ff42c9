package failure

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"convoke/internal/fetch"
)

func TestAnswer(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		status int
		after  string
		kind   Kind
		wait   time.Duration
	}{
		{200, "", "", 0}, {201, "", "", 0}, {202, "9", "", 0}, {404, "", Gone, 0}, {410, "", Gone, 0}, {413, "", TooLarge, 0},
		{429, "120", Later, 2 * time.Minute}, {503, "Sun, 01 Mar 2026 13:00:00 GMT", Later, time.Hour}, {500, "", Later, 0}, {408, "", Later, 0}, {425, "", Later, 0},
		{503, "Sun, 01 Mar 2026 11:00:00 GMT", Later, 0}, {503, "-5", Later, 0}, {503, "soon", Later, 0}, {503, "99999999", Later, longest},
		{503, "999999999999999999999", Later, 0}, {400, "5", Permanent, 0}, {401, "", Permanent, 0}, {403, "", Permanent, 0}, {302, "", Permanent, 0}, {307, "", Permanent, 0}, {100, "", Permanent, 0},
	} {
		err := Answer("push.example.org", c.status, http.Header{"Retry-After": {c.after}}, now)
		if got := KindOf(err); got != c.kind {
			t.Errorf("%d is %q, want %q", c.status, got, c.kind)
		}
		var e *Error
		if errors.As(err, &e) && (e.After != c.wait || e.Status != c.status || !strings.Contains(e.Error(), "push.example.org")) {
			t.Errorf("%d %q: %v, wait %v", c.status, c.after, e, e.After)
		}
	}
}

func TestUnreached(t *testing.T) {
	t.Parallel()
	secret := errors.New("https://push.example.org/secret")
	for _, c := range []struct {
		cause error
		kind  Kind
		says  string
	}{
		{fmt.Errorf("%w %w", fetch.ErrAddress, secret), Permanent, "public internet"},
		{fmt.Errorf("%w %w", fetch.ErrURL, secret), Permanent, "https://"},
		{fmt.Errorf("%w %w", context.DeadlineExceeded, secret), Later, "in time"},
		{fmt.Errorf("%w %w", context.Canceled, secret), Later, "interrupted"},
		{&net.DNSError{Name: "secret", Err: "secret"}, Later, "not found"},
		{&tls.CertificateVerificationError{Err: secret}, Later, "certificate"},
		{secret, Later, "no connection"},
	} {
		err := Unreached("push.example.org", c.cause)
		if KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || !errors.Is(err, c.cause) {
			t.Errorf("%v is %v", c.cause, err)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("the cause is printed: %v", err)
		}
	}
	if KindOf(secret) != Later || KindOf(nil) != "" || KindOf(New(TooLarge, "")) != TooLarge {
		t.Error("kinds of other errors")
	}
}
