package verify

import (
	"encoding/binary"
	"math/bits"
)

// keys finds out which keys came before: an open table of the first eight bytes of
// each, and of its leaf, at least a fifth of it empty, so that seven million take
// 100 MiB. Two keys with the same eight bytes are told apart by their leaves, which
// the caller reads again.
type keys struct {
	first []uint64 // of the key; 0 is empty
	leaf  []uint32
	n     int
}

func newKeys(expect int64) *keys {
	size := expect*5/4 + 1<<10
	return &keys{first: make([]uint64, size), leaf: make([]uint32, size)}
}

// add adds a key that came with a leaf. When one that begins alike is there, it
// returns its leaf and adds nothing.
func (k *keys) add(key []byte, leaf uint32) (before uint32, seen bool) {
	if k.n*5 > len(k.first)*4 {
		k.grow()
	}
	first := binary.BigEndian.Uint64(key) | 1 // never 0; costs one bit
	at := k.place(first)
	if k.first[at] == first {
		return k.leaf[at], true
	}
	k.first[at], k.leaf[at] = first, leaf
	k.n++
	return 0, false
}

func (k *keys) place(first uint64) int {
	hi, _ := bits.Mul64(first, uint64(len(k.first))) // keys are random: their share of the table
	at := int(hi)
	for k.first[at] != 0 && k.first[at] != first {
		if at++; at == len(k.first) {
			at = 0
		}
	}
	return at
}

func (k *keys) grow() {
	old := *k
	k.first, k.leaf = make([]uint64, 2*len(old.first)), make([]uint32, 2*len(old.leaf))
	for i, f := range old.first {
		if f != 0 {
			at := k.place(f)
			k.first[at], k.leaf[at] = f, old.leaf[i]
		}
	}
}
