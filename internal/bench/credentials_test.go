package bench

import (
	"testing"

	"convoke/internal/record/leaf"
)

func TestCredentialsFit(t *testing.T) {
	t.Parallel()
	x, err := newBallot("bench.example")
	if err != nil {
		t.Fatal(err)
	}
	if x.key.n.BitLen() != 2048 {
		t.Errorf("the modulus has %d bits", x.key.n.BitLen())
	}
	data, err := x.chunk(3)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < chunk; i += 511 {
		l, err := leaf.DecodeSign(data[i*leaf.SignSize : (i+1)*leaf.SignSize])
		if err != nil {
			t.Fatal(err)
		}
		if err := x.public.Verify(x.input(l.Key), l.Auth[:]); err != nil {
			t.Errorf("signature %d: %v", i, err)
		}
		l.Auth[200] ^= 1
		if x.public.Verify(x.input(l.Key), l.Auth[:]) == nil {
			t.Errorf("signature %d is good with a changed bit", i)
		}
	}
}

func BenchmarkCredentials(b *testing.B) {
	x, err := newBallot("bench.example")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := x.chunk(1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*chunk)/b.Elapsed().Seconds(), "signatures/s")
}
