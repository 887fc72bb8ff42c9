package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
	"convoke/internal/record/sealed/sealedtest"
)

// sealing is a page under the content policy of those that seal. What js returns, a
// string, is what run gives back; bytes reads hexadecimal there.
func sealing(t *testing.T, b *boxes) (run func(js string) string) {
	t.Helper()
	p := Browser(t, PageOptions{Base: b.url, Width: 320, Height: 640})
	p.Goto(b.open(leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign}))
	return func(js string) (s string) {
		t.Helper()
		out, err := p.evaluate(0, `(async () => {
const { hpke, seal } = await import("/static/sealed/sealed.js");
const bytes = s => Uint8Array.from(s.match(/../g) ?? [], x => parseInt(x, 16));
`+js+`})()`)
		if err == nil {
			err = json.Unmarshal(out, &s)
		}
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// TestSealInBrowser lets a browser seal ballots with the module that pages of sealed
// polls load, papers of all lengths and counters with the highest bit, and opens them
// with shares of trustees.
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
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	run := sealing(t, b)
	key := [32]byte{0, 1, 255}
	const origin = "node.example/b/x"
	for _, x := range []struct {
		counter uint32
		paper   string
	}{{1, ""}, {0, "00"}, {1 << 31, "616263"}, {1<<32 - 1, strings.Repeat("ff", int(m.Room))}, {70000, strings.Repeat("00", int(m.Room))}} {
		body, err := base64.StdEncoding.DecodeString(run(fmt.Sprintf(`return btoa(String.fromCharCode(...await seal(%s, %q, bytes(%q), %d, bytes(%q))));`,
			text, origin, hex.EncodeToString(key[:]), x.counter, x.paper)))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.CheckBody(body); err != nil {
			t.Error(err)
		}
		if got, err := k.Open(origin, key, x.counter, body); err != nil || hex.EncodeToString(got) != x.paper {
			t.Errorf("counter %d: it opens as %x, %v", x.counter, got, err)
		}
		if _, err := k.Open(origin, key, x.counter+1, body); err == nil {
			t.Errorf("counter %d: it opens for the next too", x.counter)
		}
	}
	if said := run(fmt.Sprintf(`return seal(%s, %q, bytes(%q), 1, new Uint8Array(%d)).then(() => "sealed", () => "refused");`,
		text, origin, hex.EncodeToString(key[:]), m.Room+1)); said != "refused" {
		t.Errorf("a paper that is too long is %s", said)
	}
}

// TestSealAsPublished: the browser's module makes what RFC 9180 publishes, byte for byte.
func TestSealAsPublished(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../internal/record/sealed/testdata/rfc9180-a3.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		PkEm        string
		Encryptions []struct{ Ct string }
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	got := sealing(t, newBoxes(t))(`const input = ` + string(text) + `;
const url = b => btoa(String.fromCharCode(...b)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const e = bytes(input.pkEm), curve = { name: "ECDH", namedCurve: "P-256" };
const jwk = { kty: "EC", crv: "P-256", x: url(e.slice(1, 33)), y: url(e.slice(33)) };
const pair = {
  privateKey: await crypto.subtle.importKey("jwk", { ...jwk, d: url(bytes(input.skEm)) }, curve, false, ["deriveBits"]),
  publicKey: await crypto.subtle.importKey("jwk", jwk, curve, true, []),
};
const out = await hpke(bytes(input.pkRm), bytes(input.info), bytes(input.encryptions[0].aad), bytes(input.pt), pair);
return Array.from(out, x => x.toString(16).padStart(2, "0")).join("");
`)
	if want := v.PkEm + v.Encryptions[0].Ct; got != want {
		t.Errorf("it makes %s, not %s", got, want)
	}
}
