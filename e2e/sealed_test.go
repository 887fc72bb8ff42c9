package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
	"convoke/internal/record/sealed/sealedtest"
	"convoke/internal/record/take"
	"convoke/internal/record/tally"
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

// shut opens a poll on six gardens that three trustees keep shut, of whom it takes two.
func (p *polls) shut(b *boxes, question string) (path string, release func()) {
	b.t.Helper()
	ctx := b.t.Context()
	tr, secrets, err := sealedtest.Run(b.Record.Node, 3, 2)
	if err != nil {
		b.t.Fatal(err)
	}
	d, err := b.Boxes.Prepare(ctx, box.RollInput{Gate: box.GateBrowser})
	if err != nil {
		b.t.Fatal(err)
	}
	r := tally.Rules{Method: tally.Schulze, Options: len(gardens), Lots: []int{0, 1, 2, 3, 4, 5}}
	now := time.Now()
	m := leaf.Box{Type: leaf.Poll, Takes: leaf.TakesSay, Poll: &r, Text: fmt.Sprintf("%064d", 2), Opens: now.Add(-time.Minute).Unix(), Closes: now.Add(time.Hour).Unix()}
	var id leaf.ID
	err = b.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err := b.Boxes.StoreRoll(ctx, tx, d); err != nil {
			return err
		}
		id, err = b.Boxes.OpenSealed(ctx, tx, d.ID, 0, m, tr)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asks[id] = &take.BallotAsk{Question: question, Method: r.Method, Options: gardens, Lang: "en", Hint: rulesOfPoll}
	return "/b/" + id.String(), func() {
		b.t.Helper()
		for _, seat := range []uint8{1, 3} {
			s, err := secrets[seat-1].Share(tr)
			if err != nil {
				b.t.Fatal(err)
			}
			err = b.DB.Write(ctx, func(tx *db.Tx) error {
				_, err := b.Boxes.Release(ctx, tx, leaf.Release{Box: id, Trustee: seat, Share: s.Secret})
				return err
			})
			if err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// TestVotingShut votes and votes again in a poll that trustees keep shut, with script,
// without, and with the saved page; nobody can read a vote before they open it.
func TestVotingShut(t *testing.T) {
	t.Parallel()
	b, p := newPolls(t)
	poll, release := p.shut(b, "What comes first?")
	for _, noScript := range []bool{true, false} {
		name := map[bool]string{true: "noscript", false: "script"}[noScript]
		t.Run(name, func(t *testing.T) {
			v := &voting{Browser(t, PageOptions{Base: b.url, NoScript: noScript, Width: 360, Height: 700}), t, noScript, name}
			v.Goto(poll + "/take")
			v.Select("Apple trees", "1, first choice")
			v.look()
			v.ClickRole("button", "Yes, this is my vote")
			v.HasText("Thank you. It is in the record.")
			code := v.code()
			v.mine(poll, code, "See what it says now")
			v.HasText("Your vote is in the record")
			v.HasText("Nobody can read it before the trustees open it, not even with your code.")
			v.sound(t)
			v.shot("shut")
			v.Goto(poll + "/mine")
			v.Fill("Your code", code)
			v.Check("Vote, or change my vote", true)
			v.ClickRole("DisclosureTriangle", "To vote or change: your vote")
			v.Select("Raised beds", "1, first choice")
			v.ClickRole("button", "Go on")
			v.HasRole("heading", "Is this your vote?")
			v.ClickRole("button", "Yes, this is my vote")
			v.HasText("Your vote is in the record")
			if !noScript {
				v.NoErrors(t)
			}
		})
	}
	b.savedShut(t, poll)
	p.again(t, b, poll)
	if got := b.papers(poll); len(got) != 0 {
		t.Errorf("before the trustees open them there are %v", got)
	}
	release()
	got := b.papers(poll)
	if len(got) != 3 {
		t.Errorf("the votes are %v", got)
	}
	for _, x := range got {
		if !bytes.Equal(x.Paper, []byte{0, 0, 1, 0, 0, 0}) {
			t.Errorf("a vote is %v", x.Paper)
		}
	}
	if c := b.counted(poll); c.Spoiled != 0 || c.Counted != 3 {
		t.Errorf("counted again: %+v", c)
	}
}

// again makes a statement of a locked vote twice: sent again it is the same, and another
// number or another vote is another one.
func (*polls) again(t *testing.T, b *boxes, poll string) {
	t.Helper()
	v := Browser(t, PageOptions{Base: b.url})
	v.Goto(poll + "/take")
	out, err := v.evaluate(0, `(async () => {
const r = await import("/static/record.js"), { seal } = await import("/static/sealed/sealed.js");
const box = Object.assign(await r.openBox(JSON.parse(document.getElementById("take").dataset.ticket)), { seal });
const p = await r.part(await r.newCode(), box), say = (n, ...paper) => r.sayLeaf(p, box, [], n, Uint8Array.of(2, ...paper)).then(r.hex);
const all = [await say(1, 1, 0, 0, 0, 0, 0), await say(1, 1, 0, 0, 0, 0, 0), await say(2, 1, 0, 0, 0, 0, 0), await say(1, 0, 1, 0, 0, 0, 0)];
return all[0] === all[1] && new Set(all).size === 3 ? "right" : all.join();
})()`)
	if err != nil || string(out) != `"right"` {
		t.Errorf("the statements are %s, %v", out, err)
	}
}

// savedShut votes with the page that is opened from a file.
func (b *boxes) savedShut(t *testing.T, poll string) {
	t.Helper()
	saved, q := b.saved(t, poll)
	saved.Select("Raised beds", "1, first choice")
	saved.ClickRole("button", "Make the statement")
	q.Fill("The statement", untilValue(t, saved, "Paste it, best later and over another connection, into the page without cookies: in a private window."))
	q.ClickRole("button", "Put it into the record")
	q.HasText("c2sp.org/tlog-proof")
}
