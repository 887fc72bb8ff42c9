// Package failure says how sending to somebody's device or program failed, in the
// few ways that call for different deeds: forget the address, shorten the message,
// try again later, or give up.
//
// Its errors name the host that was asked and never the rest of the address, which
// is a secret of its owner (RFC 8030, section 8.1), nor anything that the other side
// wrote.
package failure

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"convoke/internal/fetch"
)

// Kind is what a failure calls for.
type Kind string

// The kinds.
const (
	Gone      Kind = "gone"      // nobody is there any more (404, 410): forget the address
	TooLarge  Kind = "too large" // the same message would fail again, a shorter one may not (413)
	Later     Kind = "later"     // it may go well another time (408, 425, 429, 5xx, no connection)
	Permanent Kind = "permanent" // it would fail again
)

// longest is the longest wait that another server can ask for.
const longest = 24 * time.Hour

// Error is one failure.
type Error struct {
	Kind   Kind
	Host   string        // that was asked; "" when the address is none
	Status int           // of the answer; 0 for none
	After  time.Duration // how long the other side asks to wait, at most a day; 0 when it does not say
	reason string        // in our own words; may be empty
	cause  error         // may quote the other side
}

// Error implements error.
func (e *Error) Error() string {
	s := "send"
	if e.Host != "" {
		s += " to " + e.Host
	}
	if e.Status != 0 {
		s += fmt.Sprintf(": it answered %d", e.Status)
	}
	if e.reason != "" {
		s += ": " + e.reason
	}
	return s + " (" + string(e.Kind) + ")"
}

// Unwrap gives the cause, for errors.Is; do not print it.
func (e *Error) Unwrap() error { return e.cause }

// New is a failure that was found without asking anybody. reason holds nothing of
// the address.
func New(k Kind, reason string) error { return &Error{Kind: k, reason: reason} }

// KindOf is the kind of an error of this package, Later for any other and "" for
// nil.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	}
	return Later
}

// Answer is what an answer of host means: nil for 200 to 299, else an [*Error]. now
// is for a Retry-After that gives a time (RFC 9110, section 10.2.3).
func Answer(host string, status int, header http.Header, now time.Time) error {
	e := &Error{Host: host, Status: status}
	switch {
	case status >= 200 && status <= 299:
		return nil
	case status == http.StatusNotFound, status == http.StatusGone:
		e.Kind = Gone
	case status == http.StatusRequestEntityTooLarge:
		e.Kind = TooLarge
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500:
		e.Kind, e.After = Later, retryAfter(header.Get("Retry-After"), now)
	default: // a redirect too: nothing is sent where the owner did not say
		e.Kind = Permanent
	}
	return e
}

func retryAfter(v string, now time.Time) time.Duration {
	var d time.Duration
	if n, err := strconv.ParseUint(v, 10, 31); err == nil {
		d = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(v); err == nil {
		d = at.Sub(now)
	}
	return min(max(0, d), longest)
}

// Unreached is what it means that host gave no answer, because of err.
func Unreached(host string, err error) error {
	e := &Error{Kind: Later, Host: host, reason: "no connection", cause: err}
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.Is(err, fetch.ErrAddress):
		e.Kind, e.reason = Permanent, fetch.ErrAddress.Error()
	case errors.Is(err, fetch.ErrURL):
		e.Kind, e.reason = Permanent, fetch.ErrURL.Error()
	case errors.Is(err, context.Canceled):
		e.reason = "interrupted"
	case errors.As(err, &dns):
		e.reason = "its address was not found"
	case errors.As(err, &cert):
		e.reason = "its certificate is not valid"
	case errors.Is(err, context.DeadlineExceeded):
		e.reason = "no answer in time"
	}
	return e
}
