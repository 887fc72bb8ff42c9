package sealed

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// script lets node run the module that browsers get. The browser tests do the same in a
// browser; this one needs none, and can choose the ephemeral key.
func script(t *testing.T, input any, body string) []byte {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is missing; the browser tests seal too")
	}
	module, err := os.ReadFile("../../web/static/sealed/sealed.js")
	must(t, err)
	in, err := json.Marshal(input)
	must(t, err)
	cmd := exec.CommandContext(t.Context(), "node", "--input-type=module", "-")
	cmd.Stdin = bytes.NewReader([]byte(string(module) + `
const input = ` + string(in) + `;
const bytes = s => Uint8Array.from(s.match(/../g) ?? [], x => parseInt(x, 16));
const url = b => btoa(String.fromCharCode(...b)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
` + body))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	return bytes.TrimSpace(out)
}

// The module weighs no more than a visitor of a sealed poll on a slow phone can wait for.
func TestScriptIsSmall(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile("../../web/static/sealed/sealed.js")
	must(t, err)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err = z.Write(module)
	must(t, err)
	must(t, z.Close())
	if b.Len() > 2000 {
		t.Errorf("it has %d bytes, compressed", b.Len())
	}
}

// What the browser's module seals, opens here: papers of all lengths, counters with the
// highest bit.
func TestScriptSeals(t *testing.T) {
	t.Parallel()
	m, k := opener(t, "script")
	type ballot struct {
		Counter uint32
		Paper   string
	}
	key := [32]byte{0, 1, 255}
	ballots := []ballot{{1, ""}, {0, "00"}, {1 << 31, "616263"}, {1<<32 - 1, strings.Repeat("ff", int(m.Room))}, {70000, strings.Repeat("00", int(m.Room))}}
	out := script(t, map[string]any{"sealed": m, "origin": origin, "key": hex.EncodeToString(key[:]), "ballots": ballots}, `
for (const b of input.ballots) console.log(btoa(String.fromCharCode(...await seal(input.sealed, input.origin, bytes(input.key), b.Counter, bytes(b.Paper)))));
await seal(input.sealed, input.origin, bytes(input.key), 1, new Uint8Array(input.sealed.room + 1)).then(() => console.log("too long"), () => {});
`)
	lines := strings.Fields(string(out))
	if len(lines) != len(ballots) {
		t.Fatalf("%d ballots: %s", len(lines), out)
	}
	for i, b := range ballots {
		body, err := base64.StdEncoding.DecodeString(lines[i])
		must(t, err)
		must(t, m.CheckBody(body))
		if paper, err := k.Open(origin, key, b.Counter, body); err != nil || hex.EncodeToString(paper) != b.Paper {
			t.Errorf("counter %d: %x, %v", b.Counter, paper, err)
		}
		if _, err := k.Open(origin, key, b.Counter+1, body); err == nil {
			t.Errorf("counter %d: it opens for the next too", b.Counter)
		}
	}
}

// The module makes what RFC 9180 publishes, byte for byte.
func TestScriptRFC9180(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/rfc9180-a3.json")
	must(t, err)
	var v rfc9180
	must(t, json.Unmarshal(text, &v))
	out := script(t, json.RawMessage(text), `
const e = bytes(input.pkEm), curve = { name: "ECDH", namedCurve: "P-256" };
const jwk = { kty: "EC", crv: "P-256", x: url(e.slice(1, 33)), y: url(e.slice(33)) };
const pair = {
  privateKey: await crypto.subtle.importKey("jwk", { ...jwk, d: url(bytes(input.skEm)) }, curve, false, ["deriveBits"]),
  publicKey: await crypto.subtle.importKey("jwk", jwk, curve, true, []),
};
const { aad } = input.encryptions[0];
const out = await hpke(bytes(input.pkRm), bytes(input.info), bytes(aad), bytes(input.pt), pair);
console.log(Array.from(out, x => x.toString(16).padStart(2, "0")).join(""));
`)
	if want := v.PkEm + v.Encryptions[0].Ct; string(out) != want {
		t.Errorf("it makes %s, not %s", out, want)
	}
}
