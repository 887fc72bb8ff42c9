package tally_test

import (
	"crypto/ed25519"
	"math/rand/v2"
	"runtime"
	"testing"

	"convoke/internal/record/tally"
)

// A million different rankings of twelve options, the worst for memory: no two are
// equal, and each ranks all.
func millionPapers(options int) [][]byte {
	g := rand.New(rand.NewPCG(1, 2))
	seen := make(map[string]bool, 1_000_000)
	out := make([][]byte, 0, 1_000_000)
	for len(out) < cap(out) {
		p := make([]byte, options)
		for i, o := range g.Perm(options) {
			p[o] = byte(i + 1)
		}
		if !seen[string(p)] {
			seen[string(p)] = true
			out = append(out, p)
		}
	}
	return out
}

func BenchmarkMillion(b *testing.B) {
	papers := millionPapers(12)
	for _, r := range []tally.Rules{pool(tally.Schulze, 12, 0), pool(tally.STV, 12, 1), pool(tally.STV, 12, 5)} {
		b.Run(r.Method, func(b *testing.B) {
			for b.Loop() {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				c := tally.New(r)
				for _, p := range papers {
					if err := c.Add(p, 1); err != nil {
						b.Fatal(err)
					}
				}
				c.Result(0)
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/(1<<20), "MiB-allocated")
				b.ReportMetric(float64(after.HeapSys-before.HeapAlloc)/(1<<20), "MiB-heap-at-most")
				runtime.KeepAlive(c)
			}
		})
	}
}

// What it costs to check one signature, to compare with: every paper has one.
func BenchmarkSignature(b *testing.B) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		b.Fatal(err)
	}
	message := make([]byte, 128)
	sig := ed25519.Sign(private, message)
	for b.Loop() {
		if !ed25519.Verify(public, message, sig) {
			b.Fatal("a right signature is refused")
		}
	}
}
