package notify

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// server is where and how to deliver mail.
type server struct {
	host       string // a name or an IP address, without brackets
	port       int
	tls        bool // from the first byte (RFC 8314, section 3.3)
	startTLS   bool // required before anything else (RFC 3207)
	user, pass string
}

// parseServer reads smtps://user:password@host:465 or smtp://host:587; these
// are the usual ports (RFC 8314, RFC 6409). User and password are
// percent-encoded. Errors do not quote the address, since it holds a password.
func parseServer(raw string) (server, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return server{}, errors.New("the address of the mail server cannot be read")
	}
	s := server{host: u.Hostname()}
	switch u.Scheme {
	case "smtps":
		s.port, s.tls = 465, true
	case "smtp":
		s.port, s.startTLS = 587, !loopback(u.Hostname())
	default:
		return server{}, errors.New("the address of the mail server must begin with smtps:// or smtp://")
	}
	if s.host == "" || strings.ContainsAny(s.host, " \t\r\n%") {
		return server{}, errors.New("the address of the mail server has no host")
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return server{}, errors.New("the address of the mail server ends with its port")
	}
	if p := u.Port(); p != "" {
		if s.port, err = strconv.Atoi(p); err != nil || s.port < 1 || s.port > 65535 {
			return server{}, errors.New("the port of the mail server is not 1 to 65535")
		}
	}
	if u.User != nil {
		s.user = u.User.Username()
		s.pass, _ = u.User.Password()
		if s.user == "" || s.pass == "" {
			return server{}, errors.New("the address of the mail server needs both a user and a password, or neither")
		}
	}
	return s, nil
}

func (s server) address() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// loopback reports whether traffic to host stays on this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}
