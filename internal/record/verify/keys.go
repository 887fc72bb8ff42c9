package verify

import "encoding/binary"

// keys finds out which keys came before: an open table of the first eight bytes of
// each, and of its leaf, so that seven million take 200 MiB at most while it grows
// and 130 afterwards. Two keys with the same eight bytes are told apart by their
// leaves, which the caller reads again.
type keys struct {
	first []uint64 // of the key; 0 is empty
	leaf  []uint32
	n     int
}

func newKeys(expect int64) *keys {
	size := 1 << 10
	for int64(size)*7/10 < expect {
		size <<= 1
	}
	return &keys{first: make([]uint64, size), leaf: make([]uint32, size)}
}

// add adds a key that came with a leaf. When one that begins alike is there, it
// returns its leaf and adds nothing.
func (k *keys) add(key []byte, leaf uint32) (before uint32, seen bool) {
	if k.n*10 > len(k.first)*7 {
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
	at := int(first>>20) & (len(k.first) - 1)
	for k.first[at] != 0 && k.first[at] != first {
		at = (at + 1) & (len(k.first) - 1)
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
