package ratelimit

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/clock"
)

var noon = time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)

func TestBurstThenOneAtATime(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(noon)
	l, rate := New(c, nil), Rate{N: 3, Per: 30 * time.Second}
	for i := range 3 {
		if ok, _ := l.Allow("sign-up", "a", rate); !ok {
			t.Fatalf("number %d of 3 was refused", i+1)
		}
	}
	for range 5 { // a refusal costs nothing
		if ok, wait := l.Allow("sign-up", "a", rate); ok || wait != 10*time.Second {
			t.Fatalf("number 4: %v, come back in %v", ok, wait)
		}
	}
	for _, other := range [][2]string{{"sign-up", "b"}, {"sign-in", "a"}, {"sign-", "upa"}} {
		if ok, _ := l.Allow(other[0], other[1], rate); !ok {
			t.Errorf("%v shares the bucket", other)
		}
	}
	c.Add(10*time.Second - time.Microsecond)
	if ok, wait := l.Allow("sign-up", "a", rate); ok || wait != time.Microsecond {
		t.Errorf("too early: %v, %v", ok, wait)
	}
	c.Add(time.Microsecond)
	if ok, _ := l.Allow("sign-up", "a", rate); !ok {
		t.Error("one should be back")
	}
	c.Add(-time.Hour) // a clock set back must not lock anybody out for an hour
	if _, wait := l.Allow("sign-up", "a", rate); wait > 10*time.Second {
		t.Errorf("come back in %v", wait)
	}
	if ok, wait := l.Allow("x", "a", Rate{}); ok || wait <= 0 {
		t.Errorf("an empty rate allows: %v, %v", ok, wait)
	}
}

// Against a simple model: within any window of Per, at most N and those that
// come back meanwhile; and whoever waits as told is let in.
func TestAgainstAModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := Rate{N: rapid.IntRange(1, 8).Draw(t, "n"), Per: time.Duration(rapid.IntRange(1, 100).Draw(t, "per")) * 840 * time.Millisecond}
		c := clock.NewManual(noon)
		l := New(c, nil)
		tokens, last := float64(rate.N), noon
		for range 60 {
			c.Add(time.Duration(rapid.IntRange(0, 3*int(rate.Per.Microseconds())/rate.N).Draw(t, "step")) * time.Microsecond)
			now := c.Now()
			tokens = min(float64(rate.N), tokens+float64(rate.N)*float64(now.Sub(last))/float64(rate.Per))
			last = now
			ok, wait := l.Allow("b", "s", rate)
			if d := tokens - 1; (d > 1e-6 && !ok) || (d < -1e-6 && ok) {
				t.Fatalf("allowed %v with %f in the bucket", ok, tokens)
			}
			if !ok {
				c.Add(wait + time.Microsecond)
				if ok, _ = l.Allow("b", "s", rate); !ok {
					t.Fatal("refused after the wait it asked for")
				}
				tokens += float64(rate.N) * float64(c.Now().Sub(last)) / float64(rate.Per)
				last = c.Now()
			}
			tokens--
		}
	})
}

func TestKeyIsNewEachDay(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(noon)
	l, rate := New(c, bytes.NewReader(append(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)...))), Rate{N: 1, Per: 48 * time.Hour}
	l.Allow("b", "192.0.2.0/24", rate)
	before := l.subject("b", "192.0.2.0/24")
	c.Add(11 * time.Hour)
	if ok, _ := l.Allow("b", "192.0.2.0/24", rate); ok {
		t.Error("forgotten within the day")
	}
	c.Add(2 * time.Hour)
	if ok, _ := l.Allow("b", "192.0.2.0/24", rate); !ok {
		t.Error("remembered after the day")
	}
	if l.subject("b", "192.0.2.0/24") == before {
		t.Error("the key is still the same")
	}
	if strings.Contains(fmt.Sprintf("%v %s", l.young, l.key), "192.0.2") {
		t.Error("an address is in memory")
	}
}

func TestMemoryIsBoundedAndTheOldestGo(t *testing.T) {
	t.Parallel()
	l, rate := New(clock.NewManual(noon), nil), Rate{N: 1, Per: time.Hour}
	for i := range 3 * maxEntries {
		if ok, _ := l.Allow("b", fmt.Sprint(i), rate); !ok {
			t.Fatalf("number %d is new and was refused", i)
		}
		if n := len(l.young) + len(l.old); n > maxEntries {
			t.Fatalf("%d entries", n)
		}
	}
	if ok, _ := l.Allow("b", fmt.Sprint(3*maxEntries-maxEntries/2-10), rate); ok {
		t.Error("one of the latest was forgotten")
	}
	if ok, _ := l.Allow("b", "0", rate); !ok {
		t.Error("the oldest is remembered")
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	l := New(clock.NewManual(noon), nil)
	var in atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if ok, _ := l.Allow("b", "s", Rate{N: 50, Per: time.Hour}); ok {
					in.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if in.Load() != 50 {
		t.Errorf("%d were let in, want 50", in.Load())
	}
}

func TestPrefix(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.77:4711":               "192.0.2.0/24",
		"192.0.2.77":                    "192.0.2.0/24",
		"[::ffff:192.0.2.77]:4711":      "192.0.2.0/24",
		"[2001:db8:1:2:3:4:5:6]:443":    "2001:db8:1::/48",
		"2001:db8:1:ffff::1":            "2001:db8:1::/48",
		"[fe80::1%eth0]:1":              "fe80::/48",
		"@":                             "unknown",
		"":                              "unknown",
		"example.org:80":                "unknown",
		"[::ffff:192.0.2.77%eth0]:4711": "192.0.2.0/24",
	} {
		if got := Prefix(in); got != want {
			t.Errorf("Prefix(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzPrefix(f *testing.F) {
	for _, s := range []string{"192.0.2.77:4711", "[2001:db8::1]:1", "[fe80::1%x]:1", "@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Prefix(s)
		if got != "unknown" && !strings.HasSuffix(got, ".0/24") && !strings.HasSuffix(got, "::/48") && !strings.HasSuffix(got, "/48") {
			t.Errorf("Prefix(%q) = %q", s, got)
		}
	})
}
