package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"convoke/internal/app"
	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/blind"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
)

// weakKey signs credentials by the million. Its modulus of 2048 bits has 32
// primes of 64 bits, so that signing takes some microseconds and anybody could
// forge; to verify costs what it costs with any key of that size.
type weakKey struct {
	n      *big.Int
	primes []weakPrime
}

type weakPrime struct {
	p, d, inverse uint64   // d inverts the public exponent; inverse is that of rest, modulo p
	rest          *big.Int // n/p
}

const (
	weakPrimes = 32
	weakExp    = 65537
)

// newWeakKey makes the same key each time.
func newWeakKey() *weakKey {
	r := rand.New(chance(0)) //nolint:gosec // no secrets here
	k := &weakKey{n: big.NewInt(1)}
	for seen := map[uint64]bool{}; len(k.primes) < weakPrimes; {
		x := r.Uint64() | 0xfc<<56 | 1 // so large that the product has 2048 bits
		p := new(big.Int).SetUint64(x)
		if seen[x] || (x-1)%weakExp == 0 || !p.ProbablyPrime(20) {
			continue
		}
		seen[x] = true
		d := new(big.Int).ModInverse(big.NewInt(weakExp), new(big.Int).SetUint64(x-1))
		k.primes = append(k.primes, weakPrime{p: x, d: d.Uint64()})
		k.n.Mul(k.n, p)
	}
	for i := range k.primes {
		x := &k.primes[i]
		p := new(big.Int).SetUint64(x.p)
		x.rest = new(big.Int).Div(k.n, p)
		x.inverse = new(big.Int).ModInverse(x.rest, p).Uint64()
	}
	return k
}

// public is the key as the product knows it: written by another one, with this
// modulus, which is what stands before the exponent.
func (k *weakKey) public() (*blind.VerifyKey, error) {
	other, err := blind.NewSignKey()
	if err != nil {
		return nil, err
	}
	der := other.Public().Marshal()
	const exponent = 5 // bytes
	k.n.FillBytes(der[len(der)-exponent-blind.KeySize : len(der)-exponent])
	return blind.ParseVerifyKey(der)
}

// sign is RSASP1 of RFC 8017 section 5.2.1, by the Chinese remainder theorem.
func (k *weakKey) sign(out, m []byte) {
	sum, t := new(big.Int), new(big.Int)
	for i := range k.primes {
		x := &k.primes[i]
		var r uint64
		for at := 0; at < len(m); at += 8 {
			r = bits.Rem64(r, binary.BigEndian.Uint64(m[at:]), x.p)
		}
		s := uint64(1)
		for bit := bits.Len64(x.d) - 1; bit >= 0; bit-- {
			if s = mulMod(s, s, x.p); x.d>>bit&1 == 1 {
				s = mulMod(s, r, x.p)
			}
		}
		sum.Add(sum, t.Mul(x.rest, new(big.Int).SetUint64(mulMod(s, x.inverse, x.p))))
	}
	sum.Mod(sum, k.n).FillBytes(out)
}

func mulMod(a, b, p uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return bits.Rem64(hi, lo, p)
}

// chance is the same stream for a number in every run.
func chance(n uint64) *rand.ChaCha8 {
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], worldSeed)
	binary.BigEndian.PutUint64(seed[8:], n)
	return rand.NewChaCha8(seed)
}

// ballot is a roll, and signatures of people who have its credentials. It is the
// same on every node of one name.
type ballot struct {
	roll    leaf.ID
	opening []byte
	gate    string
	key     *weakKey
	public  *blind.VerifyKey
	input   func(k leaf.Key) []byte // what a credential of the key signs
}

func newBallot(node string) (*ballot, error) {
	b := &ballot{key: newWeakKey(), gate: box.GateBrowser}
	var err error
	if b.public, err = b.key.public(); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	text, err := leaf.Canonical(leaf.RollManifest{V: 1, Node: node, Gate: b.gate, Registrar: node, Salt: "bench", Keys: [][]byte{b.public.Marshal()}})
	if err != nil {
		return nil, err
	}
	b.opening = leaf.Roll{Manifest: text}.Encode()
	b.roll = leaf.IDOf(b.opening)
	challenge, keyID := blind.Challenge(node, b.roll, 0), b.public.ID()
	b.input = func(k leaf.Key) []byte { return blind.InputFor(k[:], challenge, keyID) }
	return b, nil
}

// open stores the roll and opens a box on it. Nothing ever signs for the roll,
// so its own key is not there.
func (b *ballot) open(ctx context.Context, node *app.Node, m leaf.Box) (id leaf.ID, err error) {
	err = node.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "insert into roll (id, manifest, gate, ended, issued, assisted) values ($1, $2, $3, $4, 0, 0)",
			b.roll.String(), b.opening, b.gate, false)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "insert into slot_key (roll_id, n, sealed, frozen, issued, activated) values ($1, 0, $2, $3, 0, 0)",
			b.roll.String(), []byte{}, false)
		if err != nil {
			return err
		}
		if err := node.Record.Start(ctx, tx, record.RollLog(b.roll)); err != nil {
			return err
		}
		if _, err := node.Record.Append(ctx, tx, record.RollLog(b.roll), b.opening); err != nil {
			return err
		}
		m.Text, m.Opens = fmt.Sprintf("%064d", 0), tx.Now().Unix()
		id, err = node.Boxes.Open(ctx, tx, b.roll, 0, m)
		return err
	})
	if err != nil {
		return id, fmt.Errorf("open a box: %w", err)
	}
	return id, nil
}

// chunk is how many signatures share a stream of chance.
const chunk = 1 << 12

// chunk makes the n-th chunk of signatures, each leaf.SignSize bytes.
func (b *ballot) chunk(n int) ([]byte, error) {
	r := chance(uint64(n) + 1)
	salt, out := make([]byte, 48), make([]byte, 0, chunk*leaf.SignSize)
	for range chunk {
		var l leaf.Sign
		if _, err := io.ReadFull(r, l.Key[:]); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(r, salt); err != nil {
			return nil, err
		}
		b.key.sign(l.Auth[:], blind.EncodePSS(b.input(l.Key), salt, b.key.n.BitLen()-1))
		out = append(out, l.Encode()...)
	}
	return out, nil
}

// signatures is a file of at least n of them, which is made when it is not there.
func (b *bench) signatures(ctx context.Context, x *ballot, n int) (*os.File, error) {
	if err := os.MkdirAll(b.keep, 0o700); err != nil {
		return nil, fmt.Errorf("make the bench's folder: %w", err)
	}
	path := filepath.Join(b.keep, "signatures-"+x.roll.String())
	chunks := (n + chunk - 1) / chunk
	if st, err := os.Stat(path); err != nil || st.Size() < int64(chunks)*chunk*leaf.SignSize {
		if err := b.makeSignatures(ctx, x, chunks, path); err != nil {
			return nil, fmt.Errorf("make signatures: %w", err)
		}
	}
	return os.Open(path)
}

func (b *bench) makeSignatures(ctx context.Context, x *ballot, chunks int, path string) (err error) {
	f, err := os.CreateTemp(b.keep, "making-*")
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err == nil {
			err = os.Rename(f.Name(), path)
		}
	}()
	g, ctx := errgroup.WithContext(ctx)
	var next, done atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for i := int(next.Add(1)) - 1; i < chunks; i = int(next.Add(1)) - 1 {
				data, err := x.chunk(i)
				if err != nil {
					return err
				}
				if _, err := f.WriteAt(data, int64(i)*chunk*leaf.SignSize); err != nil {
					return err
				}
				if d := done.Add(1); d%64 == 0 {
					b.say("%d of %d signatures made", d*chunk, chunks*chunk)
				}
				if err := ctx.Err(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// batches reads n signatures of a file, some at a time.
func batches(f *os.File, n, size int, each func(leaves [][]byte) error) error {
	r := io.NewSectionReader(f, 0, int64(n)*leaf.SignSize)
	for n > 0 {
		k := min(n, size)
		data := make([]byte, k*leaf.SignSize)
		if _, err := io.ReadFull(r, data); err != nil {
			return fmt.Errorf("read signatures: %w", err)
		}
		leaves := make([][]byte, k)
		for i := range leaves {
			leaves[i] = data[i*leaf.SignSize : (i+1)*leaf.SignSize : (i+1)*leaf.SignSize]
		}
		if err := each(leaves); err != nil {
			return err
		}
		n -= k
	}
	return nil
}
