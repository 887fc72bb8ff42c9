package notify

import (
	"context"
	"net"
	netmail "net/mail"
	"time"
)

// DialTo lets every connection of s go to address, whatever its server's name.
func (s *SMTP) DialTo(address string) {
	s.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

// Keep changes how long a connection rests.
func (s *SMTP) Keep(d time.Duration) { s.kept = d }

// ParseServer is for the tests of addresses.
func ParseServer(raw string) error {
	_, err := parseServer(raw)
	return err
}

// Compose makes a message from post@riverside.example, and its envelope.
func Compose(name string, m Message) (from [2]string, raw string, err error) {
	s, err := parseSender((&netmail.Address{Name: name, Address: "post@riverside.example"}).String(), "bounce@riverside.example")
	if err != nil {
		return from, "", err
	}
	var h header
	env, err := s.compose(&h, m, &texts{known: map[string]*text{}}, time.Unix(0, 0), nil)
	return [2]string{env.from, env.to}, h.String(), err
}

// OneLine is for the tests of subjects.
func OneLine(s string) string { return oneLine(s) }

// Field is a line of a header.
func Field(name, value string) string {
	var h header
	h.add(name, value)
	return h.String()
}

// PlainAddress and ParsedAddress are the two ways to look at the address of a link.
func PlainAddress(s string) bool { return plainAddress(s) }

// ParsedAddress is the slow one.
func ParsedAddress(s string) (string, error) { return parsedAddress(s) }
