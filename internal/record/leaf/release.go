package leaf

// Release is a trustee's share of the key of a sealed poll, published when the poll
// has closed (see package sealed, which says whether it is right).
type Release struct {
	Box     ID
	Trustee uint8
	Share   [32]byte
}

// Encode writes the leaf.
func (l Release) Encode() []byte {
	b := append(append(begin(KindRelease, 51), l.Box[:]...), l.Trustee)
	return append(b, l.Share[:]...)
}

// DecodeRelease reads the leaf.
func DecodeRelease(b []byte) (Release, error) {
	r := read(b, KindRelease)
	l := Release{r.id(), r.u8(), r.hash()}
	return l, r.end()
}
