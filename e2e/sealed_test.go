package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"

	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
	"convoke/internal/record/sealed/sealedtest"
)

// TestSealInBrowser lets a browser seal ballots with the module that pages of sealed
// polls load, under the content policy of a page, and opens them with shares of trustees.
func TestSealInBrowser(t *testing.T) {
	t.Parallel()
	b := newBoxes(t)
	tr, secrets, err := sealedtest.Run(b.Record.Node, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	m, err := tr.Manifest(60)
	if err != nil {
		t.Fatal(err)
	}
	var shares []sealed.Share
	for _, s := range secrets[1:] {
		x, err := s.Share(tr)
		if err != nil {
			t.Fatal(err)
		}
		shares = append(shares, x)
	}
	k, err := sealed.Rebuild(tr, shares)
	if err != nil {
		t.Fatal(err)
	}
	p := Browser(t, PageOptions{Base: b.url, Width: 320, Height: 640})
	p.Goto(b.open(leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign}))
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	key := [32]byte{9, 8, 7}
	const origin, paper = "node.example/b/x", "a paper"
	for _, counter := range []uint32{1, 1<<32 - 1} {
		out, err := p.evaluate(0, fmt.Sprintf(`(async () => {
const { seal } = await import("/static/sealed/sealed.js");
const key = Uint8Array.from(%q.match(/../g), x => parseInt(x, 16));
return btoa(String.fromCharCode(...await seal(%s, %q, key, %d, new TextEncoder().encode(%q))));
})()`, hex.EncodeToString(key[:]), text, origin, counter, paper))
		if err != nil {
			t.Fatal(err)
		}
		var s string
		if err := json.Unmarshal(out, &s); err != nil {
			t.Fatal(err)
		}
		body, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.CheckBody(body); err != nil {
			t.Error(err)
		}
		if got, err := k.Open(origin, key, counter, body); err != nil || string(got) != paper {
			t.Errorf("counter %d: it opens as %q, %v", counter, got, err)
		}
	}
}
