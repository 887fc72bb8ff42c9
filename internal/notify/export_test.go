package notify

import (
	"context"
	"net"
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
