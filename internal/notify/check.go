package notify

import (
	"context"
	"errors"
	"time"
)

// ErrNoTLS and ErrNoSignIn are causes of an [Error] at [StepConnect] that an operator
// mends in the settings.
var (
	ErrNoTLS    = errors.New("the server does not offer STARTTLS, and without it everybody could read along")
	ErrNoSignIn = errors.New("the server offers no sign-in with a password (AUTH PLAIN or LOGIN)")
)

// Address is where the server listens, as host:port.
func (s *SMTP) Address() string { return s.server.address() }

// Check looks whether the server would take mail, and sends none: over a connection of
// its own it greets, secures the connection, signs in, says whom mail comes from, and
// leaves (QUIT, which ends what was begun: RFC 5321, section 4.1.1.10). It takes at most
// the timeout, and a second to leave. Its errors are those of Send, at [StepConnect] or
// [StepSender].
func (s *SMTP) Check(ctx context.Context) error {
	until := time.Now().Add(s.timeout)
	c, err := s.open(ctx, until)
	if err != nil {
		return connectError(ctx, err)
	}
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	defer stop()
	if err = c.conn.SetDeadline(until); err == nil {
		err = c.say("MAIL FROM:<"+s.from.envelope()+">", 2)
	}
	if refused := (*Error)(nil); errors.As(err, &refused) {
		refused.Step = StepSender
	}
	if err != nil {
		err = connectError(ctx, err)
	}
	c.close(!broken(err))
	return err
}

// envelope is an address like those that most mail comes from.
func (s sender) envelope() string {
	if s.bounces[0] == "" {
		return s.address
	}
	return s.bounces[0] + "check" + s.bounces[1]
}
