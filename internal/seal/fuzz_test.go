package seal

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// Nothing but what was sealed opens, and nothing breaks on the way.
func FuzzOpen(f *testing.F) {
	k, err := newKey(make([]byte, keySize))
	if err != nil {
		f.Fatal(err)
	}
	good := k.Seal(strings.NewReader(strings.Repeat("n", nonceSize)), "t", "c", "r", []byte("plain"))
	f.Add(good)
	f.Add(good[:overhead])
	f.Add([]byte{})
	f.Add([]byte{2})
	f.Fuzz(func(t *testing.T, b []byte) {
		if plain, err := k.Open("t", "c", "r", b); (err == nil) != bytes.Equal(b, good) {
			t.Errorf("%x opens to %q, %v", b, plain, err)
		}
	})
}

func FuzzBootKey(f *testing.F) {
	f.Add(strings.Repeat("0a", 32) + "\n")
	f.Add(strings.Repeat("0A", 32))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		k, err := parseBootKey(s)
		if err == nil && hex.EncodeToString(k[:]) != strings.ToLower(strings.TrimRight(s, "\r\n")) {
			t.Errorf("%q read as %x", s, k[:])
		}
	})
}
