package bench

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"runtime"
	"sync/atomic"

	"filippo.io/bigmod"
	"golang.org/x/sync/errgroup"

	"convoke/internal/record/blind"
)

// prototypeSigned is the slowest figure of the prototype's blind signatures, for each
// second of a processor.
const prototypeSigned = 660

// issue measures blind signatures on all processors: to the same without the Chinese
// remainder theorem, as RFC 9474 writes it and other libraries do it, and to the
// standard library's own signatures, which cannot be blind.
func (b *bench) issue(ctx context.Context) error {
	key, err := blind.NewSignKey()
	if err != nil {
		return err
	}
	priv, err := x509.ParsePKCS1PrivateKey(key.Marshal())
	if err != nil {
		return err
	}
	plain, err := withoutCRT(priv)
	if err != nil {
		return err
	}
	digest := sha512.Sum384([]byte("bench"))
	standard := func([]byte) error {
		_, err := rsa.SignPSS(rand.Reader, priv, crypto.SHA384, digest[:], nil)
		return err
	}
	ours := func(m []byte) error {
		_, err := key.Sign(m)
		return err
	}
	var slow, usual pair
	var each []float64 // a second of a processor
	for turn := range b.Runs {
		b.say("turn %d of %d", turn+1, b.Runs)
		var took [3]result
		for range turnSlices {
			for i, sign := range []func([]byte) error{ours, plain, standard} {
				r, err := onAll(ctx, b.blindSigned/turnSlices, sign)
				if err != nil {
					return err
				}
				took[i] = took[i].and(r)
			}
		}
		slow.add(took[0], took[1])
		usual.add(took[0], took[2])
		if took[0].cpu > 0 {
			each = append(each, float64(took[0].n)/took[0].cpu.Seconds())
		}
	}
	b.add(slow.line("blind signatures, to the same without remainders", "/s", Aim{Ratio: 2.5}))
	b.add(usual.line("the same, to the standard library's signatures", "/s", Aim{Ratio: 0.9}))
	if v := median(each); v > 0 {
		b.add(Line{What: "the same for each second of a processor, to the prototype", Value: v, Unit: "/s", Times: len(each), Reference: prototypeSigned,
			Ratio: v / prototypeSigned, Aim: Aim{Ratio: 1}})
	}
	return nil
}

// withoutCRT raises to the private exponent at once, in constant time too.
func withoutCRT(priv *rsa.PrivateKey) (func(m []byte) error, error) {
	n, err := bigmod.NewModulus(priv.N.Bytes())
	if err != nil {
		return nil, err
	}
	d := priv.D.Bytes()
	return func(m []byte) error {
		x, err := bigmod.NewNat().SetBytes(m, n)
		if err == nil {
			bigmod.NewNat().Exp(x, d, n).Bytes(n)
		}
		return err
	}, nil
}

// onAll does n things on all processors, each with a blinded message of its own.
func onAll(ctx context.Context, n int, do func(m []byte) error) (result, error) {
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	watch := startWatch()
	for w := range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			r, m := chance(uint64(w)), make([]byte, blind.KeySize)
			for next.Add(1) <= int64(n) {
				if err := ctx.Err(); err != nil {
					return err
				}
				_, _ = r.Read(m[1:]) // never fails; the first byte keeps it below the modulus
				if err := do(m); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	return watch.stop(n), err
}
