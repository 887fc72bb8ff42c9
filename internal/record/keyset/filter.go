package keyset

import "encoding/binary"

// filter is a Bloom filter over keys that are uniformly random already, so that
// the bits are taken from the key itself.
type filter struct{ bits []uint64 }

const (
	bitsPerKey = 10
	probes     = 7 // bitsPerKey · ln 2
)

func newFilter(keys int64) *filter {
	return &filter{make([]uint64, (keys*bitsPerKey+63)/64+1)}
}

func (f *filter) each(k Key, do func(word, bit uint64) bool) {
	// Two halves make as many hashes as are wanted (Kirsch, Mitzenmacher 2006).
	a, b := binary.BigEndian.Uint64(k[:8]), binary.BigEndian.Uint64(k[8:])|1
	n := uint64(len(f.bits)) * 64
	for range probes {
		if x := a % n; !do(x/64, x%64) {
			return
		}
		a += b
	}
}

func (f *filter) add(k Key) {
	f.each(k, func(word, bit uint64) bool {
		f.bits[word] |= 1 << bit
		return true
	})
}

// maybe reports whether k may be there; false is certain.
func (f *filter) maybe(k Key) bool {
	yes := true
	f.each(k, func(word, bit uint64) bool {
		yes = f.bits[word]&(1<<bit) != 0
		return yes
	})
	return yes
}
