package witness

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/note"
)

// maxWitnesses bounds the witnesses of a policy, as maxLogs the logs that a
// witness knows.
const (
	maxWitnesses = 32
	maxLogs      = 10_000
)

// Policy says whose cosignatures a node asks for and how many it takes. The zero
// Policy has no witnesses.
type Policy struct {
	// Text is the lines about witnesses, groups and the quorum.
	Text  string
	group witness.Group
}

// ParsePolicy reads a tlog-policy. Lines about logs are left out: of the node's own
// log its record knows better.
func ParsePolicy(text string) (*Policy, error) {
	p := &Policy{}
	keys := map[string]bool{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") || f[0] == "log" {
			continue
		}
		if f[0] == "witness" {
			if err := checkWitness(f, keys); err != nil {
				return nil, err
			}
		}
		p.Text += strings.Join(f, " ") + "\n"
	}
	if len(keys) == 0 {
		return nil, errors.New("the policy names no witness")
	}
	if len(keys) > maxWitnesses {
		return nil, fmt.Errorf("the policy names more than %d witnesses", maxWitnesses)
	}
	var err error
	if p.group, err = witness.ParsePolicy([]byte(p.Text)); err != nil {
		return nil, err
	}
	if p.group.Satisfied(nil) {
		return nil, errors.New("the quorum of the policy asks for no witness")
	}
	if n := len(p.group.Endpoints()); n == 0 {
		return nil, errors.New("the quorum of the policy leads to no witness")
	}
	return p, nil
}

// checkWitness refuses a line whose witness cannot be asked, or is there already.
func checkWitness(f []string, keys map[string]bool) error {
	if len(f) != 4 {
		return fmt.Errorf("the line of a witness is: witness NAME KEY ADDRESS, not %q", strings.Join(f, " "))
	}
	u, err := url.Parse(f[3])
	if err != nil || !reachable(u) || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("the address of witness %s must be like https://example.org/witness, without a port", f[1])
	}
	_, key, _ := strings.Cut(f[2], "+")
	_, key, _ = strings.Cut(key, "+")
	if keys[key] {
		return fmt.Errorf("witness %s has the key of another one", f[1])
	}
	keys[key] = true
	return nil
}

// reachable takes what a node may ask: HTTPS on its usual port. A witness on this
// machine, as in a rehearsal, passes here and is refused by the guard of package
// fetch.
func reachable(u *url.URL) bool {
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && ip.IsLoopback() {
		return u.Scheme == "https" || u.Scheme == "http"
	}
	return u.Scheme == "https" && u.Hostname() != "" && (u.Port() == "" || u.Port() == "443")
}

// Satisfied reports whether enough witnesses have cosigned a checkpoint.
func (p *Policy) Satisfied(checkpoint []byte) bool { return p.group.Satisfied(checkpoint) }

// witnesses are the addresses to ask, with the key of each, in a fixed order.
func (p *Policy) witnesses() []peer {
	all := p.group.Endpoints()
	var out []peer
	for _, u := range slices.Sorted(maps.Keys(all)) {
		out = append(out, peer{u, all[u]})
	}
	return out
}

// peer is one witness to ask.
type peer struct {
	url string
	key note.Verifier
}

// Logs are the logs that a witness cosigns, by their origins.
type Logs map[string][]note.Verifier

// ParseLogs reads the keys of logs, one a line, as in "example.org/log+1a2b+AZ…";
// lines of a node's policy ("log KEY") are taken too. What begins with # is a
// comment.
func ParseLogs(text string) (Logs, error) {
	out := Logs{}
	n := 0
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) > 1 && f[0] == "log" {
			f = f[1:]
		}
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		v, err := note.NewVerifier(f[0])
		if err != nil {
			return nil, fmt.Errorf("line %q holds no key of a log: %w", strings.TrimSpace(line), err)
		}
		if n++; n > maxLogs {
			return nil, fmt.Errorf("more than %d logs", maxLogs)
		}
		out[v.Name()] = append(out[v.Name()], v)
	}
	return out, nil
}
