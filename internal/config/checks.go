package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Each check returns the value in its usual form, or says what it must be, to
// be read after the key. None quotes the value, which may be a secret.

func plain(v string) error {
	if !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
		return errors.New("must be text in UTF-8 without control characters")
	}
	return nil
}

func notEmpty(v string) (string, error) {
	if strings.TrimSpace(v) == "" {
		return "", errors.New("must not be empty")
	}
	return v, nil
}

// folder refuses what would make the path of a file in it look like an address.
func folder(v string) (string, error) {
	if strings.Contains(v, "://") {
		return "", errors.New("must be the path of a folder, not an address")
	}
	return notEmpty(v)
}

func oneOf(values ...string) func(string) (string, error) {
	return func(v string) (string, error) {
		for _, w := range values {
			if v == w {
				return v, nil
			}
		}
		return "", fmt.Errorf("must be %s or %s", strings.Join(values[:len(values)-1], ", "), values[len(values)-1])
	}
}

func hostPort(v string) (string, error) {
	host, port, err := net.SplitHostPort(v)
	if err == nil {
		err = validPort(port)
	}
	if err == nil && host != "" {
		_, err = hostName(host)
	}
	if err != nil {
		return "", errors.New(`must be an address and a port from 0 to 65535, as in "localhost:8080" or ":8080"`)
	}
	return v, nil
}

func validPort(p string) error {
	if _, err := strconv.ParseUint(p, 10, 16); err != nil {
		return errors.New("not a port")
	}
	return nil
}

// hostName takes a DNS name or an IP address, without a port (RFC 1123, section
// 2.1; names in other scripts in their xn-- form).
func hostName(v string) (string, error) {
	if _, err := netip.ParseAddr(strings.Trim(v, "[]")); err == nil {
		return strings.ToLower(strings.Trim(v, "[]")), nil
	}
	v = strings.ToLower(strings.TrimSuffix(v, "."))
	bad := v == "" || len(v) > 253
	for _, label := range strings.Split(v, ".") {
		bad = bad || label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" ||
			label[0] == '-' || label[len(label)-1] == '-'
	}
	if bad {
		return "", errors.New(`must be host names like "www.example.org", without http:// and without a port`)
	}
	return v, nil
}

// recordName takes a host, with a port where a node has one.
func recordName(v string) (string, error) {
	host, port, ok := strings.Cut(v, ":")
	name, err := hostName(host)
	if err == nil && ok {
		name, err = name+":"+port, validPort(port)
	}
	if err != nil {
		return "", errors.New(`must be a host name like "example.org", without http:// and without a path`)
	}
	return name, nil
}

func baseURL(v string) (string, error) {
	bad := errors.New(`must be an address like "https://example.org", without a path`)
	u, err := url.Parse(v)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || strings.Trim(u.Path, "/") != "" ||
		u.RawQuery != "" || u.ForceQuery || strings.Contains(v, "#") {
		return "", bad
	}
	if _, err := hostName(u.Hostname()); err != nil {
		return "", bad
	}
	if p := u.Port(); strings.HasSuffix(u.Host, ":") || p != "" && validPort(p) != nil {
		return "", bad
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

func isPostgres(v string) bool {
	return strings.HasPrefix(v, "postgres://") || strings.HasPrefix(v, "postgresql://")
}

func postgres(v string) (string, error) {
	a, err := parseAddress(v)
	if err != nil {
		return "", err
	}
	// Several hosts, for a server with stand-bys, are separated by commas.
	for _, h := range strings.Split(a.host, ",") {
		if _, err := url.Parse("postgres://" + h); err != nil {
			return "", errUnreadable
		}
	}
	return v, nil
}

var errUnreadable = errors.New("cannot be read as an address; special characters in the password must be escaped, as in %40 for @")

// address is scheme://[user[:password]@]host[/path][?query], cut and not yet
// decoded.
type address struct {
	scheme, user, password, host, rest string
	hasUser, hasPassword               bool
}

// parseAddress cuts v so that a password can be in no other part: one with
// unescaped characters is refused.
func parseAddress(v string) (a address, err error) {
	var after string
	a.scheme, after, _ = strings.Cut(v, "://")
	authority := after
	if i := strings.IndexAny(after, "/?#"); i >= 0 {
		authority, a.rest = after[:i], after[i:]
	}
	if strings.Count(authority, "@") > 1 || strings.ContainsAny(a.rest, "@#") {
		return a, errUnreadable
	}
	a.host = authority
	if user, host, ok := strings.Cut(authority, "@"); ok {
		a.hasUser, a.host = true, host
		a.user, a.password, a.hasPassword = strings.Cut(user, ":")
	}
	_, query, _ := strings.Cut(a.rest, "?")
	if _, err := url.ParseQuery(query); err != nil {
		return a, errUnreadable
	}
	if _, err := url.Parse(a.scheme + "://" + a.user + ":" + a.password + "@host" + a.rest); err != nil {
		return a, errUnreadable
	}
	return a, nil
}

// database takes a server's address or a file's path. The ending of the path is
// asked for so that a mistyped address does not become a file.
func database(v string) (string, error) {
	if isPostgres(v) {
		return postgres(v)
	}
	if strings.Contains(v, "://") || !strings.HasSuffix(v, ".db") {
		return "", errors.New("must begin with postgres:// or be the path of an SQLite file that ends in .db")
	}
	return v, nil
}

func smtp(v string) (string, error) {
	a, err := parseAddress(v)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(v)
	if err != nil || (a.scheme != "smtp" && a.scheme != "smtps") || u.Hostname() == "" || strings.Trim(a.rest, "/") != "" ||
		u.Port() != "" && validPort(u.Port()) != nil {
		return "", errors.New("must be like smtps://user:password@host:465 (or smtp:// with port 587)")
	}
	return v, nil
}

func mailAddress(v string) (string, error) {
	if _, err := mail.ParseAddress(v); err != nil {
		return "", errors.New(`must be one mail address, as in "post@example.org"`)
	}
	return v, nil
}

// bareAddress leaves room for a plus sign and 48 letters before the @ (RFC 5321,
// section 4.5.3.1.1).
func bareAddress(v string) (string, error) {
	a, err := mail.ParseAddress(v)
	local, _, _ := strings.Cut(v, "@")
	if err != nil || a.Address != v || len(local) > 15 || strings.ContainsFunc(v, func(r rune) bool { return r > unicode.MaxASCII }) {
		return "", errors.New(`must be one mail address without a name, with at most 15 letters before the @, as in "bounce@example.org"`)
	}
	return v, nil
}

// selector takes a name of the DNS (RFC 6376, section 3.1).
func selector(v string) (string, error) {
	name, err := hostName(v + "._domainkey")
	if err != nil {
		return "", errors.New(`must be a word of letters, digits and hyphens, as in "mail1"`)
	}
	return strings.TrimSuffix(name, "._domainkey"), nil
}

func languageTag(v string) (string, error) {
	t, err := language.Parse(v)
	if err != nil || t == language.Und {
		return "", errors.New(`must be a language tag like "en" or "es"`)
	}
	return t.String(), nil
}

// onion takes a version 3 onion address: 56 characters of base32 (Tor's
// rend-spec-v3, section 6), with or without subdomains.
func onion(v string) (string, error) {
	v = strings.ToLower(v)
	labels := strings.Split(strings.TrimSuffix(v, ".onion"), ".")
	last := labels[len(labels)-1]
	if _, err := hostName(v); err != nil || !strings.HasSuffix(v, ".onion") || len(last) != 56 ||
		strings.Trim(last, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		return "", errors.New("must be an onion address: 56 letters and digits and .onion, without http://")
	}
	return v, nil
}

// redact hides the password in an address that its check took, wherever it may
// be. A path is not changed.
func redact(v string) string {
	if !strings.Contains(v, "://") {
		return v
	}
	a, err := parseAddress(v)
	if err != nil {
		return "(hidden)"
	}
	out := a.scheme + "://" + a.user
	if a.hasPassword {
		out += ":hidden"
	}
	if a.hasUser {
		out += "@"
	}
	path, query, ok := strings.Cut(a.rest, "?")
	out += a.host + path
	if !ok {
		return out
	}
	pairs := strings.Split(query, "&")
	for i, p := range pairs {
		name, _, _ := strings.Cut(p, "=")
		if plain, err := url.QueryUnescape(name); err != nil || strings.Contains(strings.ToLower(plain), "password") {
			pairs[i] = name + "=hidden"
		}
	}
	return out + "?" + strings.Join(pairs, "&")
}
