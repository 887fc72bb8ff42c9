package ratelimit

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"net/netip"
	"sync"
	"time"

	"convoke/internal/clock"
)

// maxEntries bounds the subjects remembered, and with them the memory: about
// 10 MB.
const maxEntries = 100_000

// Rate is what is allowed: N at once, after which one more comes back every
// Per/N.
type Rate struct {
	N   int
	Per time.Duration
}

type subject [16]byte

// Limiter remembers who did what lately. It is safe for concurrent use.
type Limiter struct {
	clock   clock.Clock
	entropy io.Reader

	mu  sync.Mutex
	key []byte
	day int64 // the key's, in days since 1970
	// When each bucket is full again, in nanoseconds since 1970. Two halves:
	// when the young one is full, it becomes the old one, and what was not used
	// since then is forgotten.
	young, old map[subject]int64
}

// New returns a limiter that has seen nobody. A nil entropy means crypto/rand;
// tests pass a seeded stream.
func New(c clock.Clock, entropy io.Reader) *Limiter {
	if entropy == nil {
		entropy = rand.Reader
	}
	return &Limiter{clock: c, entropy: entropy, day: -1}
}

// Allow takes one from the bucket of subject, which may be a session, a link,
// or [Prefix] of an address. When it is empty, it takes nothing and tells in
// how long to come back, which is more than zero. Buckets of different names
// do not touch each other.
func (l *Limiter) Allow(bucket, who string, rate Rate) (ok bool, retryAfter time.Duration) {
	if rate.N <= 0 {
		return false, max(rate.Per, time.Second)
	}
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.renew(now)
	s := l.subject(bucket, who)
	at := now.UnixNano()
	// A bucket is never more than empty, whatever the clock did meanwhile.
	full := min(max(l.get(s), at), at+int64(rate.Per))
	full += max(int64(rate.Per)/int64(rate.N), 1)
	if wait := full - int64(rate.Per) - at; wait > 0 {
		return false, time.Duration(wait)
	}
	l.put(s, full)
	return true, 0
}

// Return puts one back into the bucket of subject, as when nothing came of what was allowed.
func (l *Limiter) Return(bucket, who string, rate Rate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.renew(l.clock.Now())
	s := l.subject(bucket, who)
	if full := l.get(s); full > 0 && rate.N > 0 {
		l.put(s, full-max(int64(rate.Per)/int64(rate.N), 1))
	}
}

// renew forgets everybody, and the means to recognize them, when a new day
// begins in UTC.
func (l *Limiter) renew(now time.Time) {
	day := now.Unix() / 86400
	if day == l.day {
		return
	}
	key := make([]byte, sha256.Size)
	if _, err := io.ReadFull(l.entropy, key); err != nil {
		panic("ratelimit: no entropy: " + err.Error()) // crypto/rand never fails (Go 1.24)
	}
	l.key, l.day = key, day
	l.young, l.old = map[subject]int64{}, nil
}

func (l *Limiter) subject(bucket, who string) (s subject) {
	m := hmac.New(sha256.New, l.key)
	m.Write(binary.BigEndian.AppendUint32(nil, uint32(len(bucket))))
	m.Write([]byte(bucket))
	m.Write([]byte(who))
	copy(s[:], m.Sum(nil))
	return s
}

func (l *Limiter) get(s subject) int64 {
	if at, ok := l.young[s]; ok {
		return at
	}
	return l.old[s]
}

func (l *Limiter) put(s subject, full int64) {
	if _, ok := l.young[s]; !ok && len(l.young) >= maxEntries/2 {
		l.old, l.young = l.young, make(map[subject]int64, maxEntries/2)
	}
	l.young[s] = full
}

// Prefix is the part of a client's address (host:port, or only a host) that a
// limit may use: the network of 256 addresses in IPv4 (/24), of one customer's
// site in IPv6 (/48). What is no address gives "unknown", one bucket for all.
func Prefix(remoteAddr string) string {
	var ip netip.Addr
	if ap, err := netip.ParseAddrPort(remoteAddr); err == nil {
		ip = ap.Addr()
	} else if ip, err = netip.ParseAddr(remoteAddr); err != nil {
		return "unknown"
	}
	ip = ip.Unmap().WithZone("")
	bits := 48
	if ip.Is4() {
		bits = 24
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return p.String()
}
