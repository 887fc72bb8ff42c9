// Package fault holds the errors that people see.
//
// A fault has a kind (which decides the HTTP status and the page), a stable
// code (documentation anchor and API field), an English message which is at
// once the key of its translation, messages for single form fields, and a
// private cause which is logged and never shown. Every other error is
// internal.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what went wrong in the terms of a caller.
type Kind int

// The kinds, each with the HTTP status it becomes.
const (
	KindInternal        Kind = iota // 500
	KindInvalid                     // 422
	KindMalformed                   // 400
	KindUnauthenticated             // 401
	KindForbidden                   // 403
	KindNotFound                    // 404
	KindConflict                    // 409
	KindGone                        // 410
	KindTooLarge                    // 413
	KindRateLimited                 // 429
	KindUnavailable                 // 503
	KindNotAllowed                  // 405
	KindLengthRequired              // 411
	KindMisdirected                 // 421
)

var statuses = [...]int{500, 422, 400, 401, 403, 404, 409, 410, 413, 429, 503, 405, 411, 421}

// Status is the HTTP status of the kind.
func (k Kind) Status() int { return statuses[k] }

// Error is a fault.
type Error struct {
	Kind   Kind
	Code   string // "event.title_missing"
	Msg    string // English, with {name} placeholders
	Args   []any  // name, value pairs
	Fields []FieldError
	// RetryAfter is set on KindRateLimited and KindUnavailable.
	RetryAfter time.Duration
	cause      error
}

// FieldError is one message beside one form field or API member.
type FieldError struct {
	Name string // as in the form
	Code string
	Msg  string
	Args []any
}

// Error implements error; it is for logs, not for people.
func (e *Error) Error() string {
	s := e.Code + ": " + e.Msg
	for _, f := range e.Fields {
		s += fmt.Sprintf("; %s: %s", f.Name, f.Msg)
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap gives the private cause.
func (e *Error) Unwrap() error { return e.cause }

// Because returns a copy of the fault err that carries cause for the log.
func Because(err, cause error) error {
	var e *Error
	if !errors.As(err, &e) {
		return errors.Join(err, cause)
	}
	c := *e
	c.cause = cause
	return &c
}

// After returns a copy of the fault err that tells when to try again.
func After(err error, d time.Duration) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.RetryAfter = d
	return &c
}

// Of returns the fault in err's chain, or nil when err is internal.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Is reports whether err is a fault of kind k.
func Is(err error, k Kind) bool {
	e := Of(err)
	return e != nil && e.Kind == k
}

// HasCode reports whether err is a fault, or holds a field, with that code.
func HasCode(err error, code string) bool {
	e := Of(err)
	if e == nil {
		return false
	}
	for _, f := range e.Fields {
		if f.Code == code {
			return true
		}
	}
	return e.Code == code
}

// Malformed: the request cannot be read.
func Malformed(code, msg string, args ...any) error { return build(KindMalformed, code, msg, args) }

// Unauthenticated: sign in first.
func Unauthenticated(code, msg string, args ...any) error {
	return build(KindUnauthenticated, code, msg, args)
}

// Forbidden: the actor may know that the thing exists, and may not do this.
func Forbidden(code, msg string, args ...any) error { return build(KindForbidden, code, msg, args) }

// NotFound: absent, or the viewer may not know that it exists.
func NotFound(code, msg string, args ...any) error { return build(KindNotFound, code, msg, args) }

// Conflict: not possible in the present state.
func Conflict(code, msg string, args ...any) error { return build(KindConflict, code, msg, args) }

// Gone: it was here and has ended or expired.
func Gone(code, msg string, args ...any) error { return build(KindGone, code, msg, args) }

// TooLarge: over a limit, which the message names.
func TooLarge(code, msg string, args ...any) error { return build(KindTooLarge, code, msg, args) }

// RateLimited: too often; add [After].
func RateLimited(code, msg string, args ...any) error {
	return build(KindRateLimited, code, msg, args)
}

// Unavailable: not now; nothing was recorded.
func Unavailable(code, msg string, args ...any) error {
	return build(KindUnavailable, code, msg, args)
}

// New makes a fault of any kind; the named constructors read better.
func New(k Kind, code, msg string, args ...any) error { return build(k, code, msg, args) }

func build(k Kind, code, msg string, args []any) error {
	return &Error{Kind: k, Code: code, Msg: msg, Args: args}
}

// Field is one field's message, for [Invalid].
func Field(name, code, msg string, args ...any) FieldError {
	return FieldError{Name: name, Code: code, Msg: msg, Args: args}
}

// Invalid is what a form or API body gets that is understood and not
// acceptable: one message a field. With no fields it returns nil.
func Invalid(fields ...FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{
		Kind: KindInvalid, Code: "form.invalid",
		Msg: "Some answers need another look.", Fields: fields,
	}
}
