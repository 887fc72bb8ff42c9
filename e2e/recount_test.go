package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/dom"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tile"
	"convoke/internal/record/verify"
)

// record are the files of a record by their paths.
type recordFiles map[string][]byte

// TestRecountInBrowser downloads the record of a petition, which the browser counts
// again; and each way in which an operator might change it is found where
// convoke verify finds it.
func TestRecountInBrowser(t *testing.T) {
	t.Parallel()
	b := newBoxes(t)
	petition := b.open(leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign, Goals: []uint64{5}})
	other := b.open(leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
	var leaves [][]byte
	var last *boxtest.Voter
	for range 20 {
		last = b.voter(petition)
		leaves = append(leaves, last.Signs())
		b.put(petition, leaves[len(leaves)-1])
	}
	b.put(petition, last.Says(leaf.Withdraw()))
	foreign := b.voter(other)
	b.anchor()

	p := Browser(t, PageOptions{Base: b.url, Width: 320, Height: 640})
	p.Goto(petition)
	p.sound(t)
	p.reachesAll(t)
	p.ClickRole("button", "Count")
	p.HasText("Please choose the file first.")
	right := b.download(p.Attr("a[download]", "href"))
	p.recount(t, right.file(t))
	p.shows(t, "[data-right]")
	for _, text := range []string{"Count now 19", "Taken back 1", "Leaves 21", "Reached 5", "No other server watches", b.Record.Node} {
		p.HasText(text)
	}
	p.sound(t)
	foreigner := b.download(other + "/record.zip").file(t)
	p.recount(t, foreigner)
	p.shows(t, "[data-open]")
	p.HasText("This file is the record of another petition, pledge or poll than this page is about.")
	if n := p.Count("[data-boxes] dl"); n != 0 {
		t.Errorf("it counts %d boxes for another", n)
	}
	p.Goto("/record/recount")
	p.sound(t)
	p.still(t)
	p.recount(t, foreigner)
	p.shows(t, "[data-right]")

	entries := strings.TrimPrefix(petition, "/") + "/" + tile.Name{Level: tile.Entries, Width: 21}.Path()
	all, err := tile.ReadEntries(right[entries], 21)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(f func(all [][]byte) [][]byte) recordFiles {
		c := maps.Clone(right)
		c[entries] = nil
		for _, l := range f(slices.Clone(all)) {
			c[entries] = tile.AppendEntry(c[entries], l)
		}
		return c
	}
	flip := func(path string, at int) recordFiles {
		c := maps.Clone(right)
		c[path] = bytes.Clone(c[path])
		c[path][at] ^= 1
		return c
	}
	forge := func(leaves ...[]byte) recordFiles { return b.forged(right, petition, leaves) }
	changed, err := leaf.DecodeSign(leaves[1])
	if err != nil {
		t.Fatal(err)
	}
	changed.Key[3] ^= 1
	log := strings.TrimPrefix(petition, "/")
	for name, c := range map[string]recordFiles{
		"a flipped bit in a leaf":         edit(func(l [][]byte) [][]byte { l[7] = append(bytes.Clone(l[7][:50]), l[8][50:]...); return l }),
		"two swapped leaves":              edit(func(l [][]byte) [][]byte { l[3], l[4] = l[4], l[3]; return l }),
		"a dropped leaf":                  edit(func(l [][]byte) [][]byte { return l[:20] }),
		"a leaf too many":                 edit(func(l [][]byte) [][]byte { return append(l, l[0]) }),
		"a flipped bit in a tile":         flip(log+"/"+tile.Name{Width: 21}.Path(), 5*32),
		"another checkpoint":              flip(log+"/checkpoint", 60),
		"a bundle that is missing":        func() recordFiles { c := maps.Clone(right); delete(c, entries); return c }(),
		"a credential that is none":       forge(leaves[0], changed.Encode()),
		"a key that signs twice":          forge(leaves[0], leaves[1], leaves[0]),
		"a credential of another box":     forge(foreign.Signs()),
		"a leaf of another kind":          forge(leaf.Freeze{}.Encode()),
		"a leaf that is too long":         forge(append(bytes.Clone(leaves[0]), 0)),
		"a leaf of another version":       forge(append([]byte{2}, leaves[0][1:]...)),
		"fewer than were anchored":        forge(leaves[:19]...),
		"others than were anchored":       forge(append(slices.Clone(leaves[1:]), leaves[0])...),
		"taking back what was never said": forge(foreign.Say(b.info(petition).Origin, nil, 1, leaf.Withdraw())),
		"a signature of other words":      forge(append(slices.Clone(leaves), append(last.Says(leaf.Withdraw())[:40], make([]byte, 67)...))...),
	} {
		file := c.file(t)
		want := b.found(file)
		p.recount(t, file)
		p.shows(t, "[data-wrong]")
		for _, w := range want {
			if !slices.ContainsFunc(p.items("[data-found] li"), func(s string) bool { return strings.HasPrefix(s, w) }) {
				t.Errorf("%s: the page says %q, want %s", name, p.items("[data-found] li"), w)
			}
		}
		if got := len(p.items("[data-found] li")); len(want) == 0 || got != len(want) {
			t.Errorf("%s: %d findings, want %d", name, got, len(want))
		}
	}
	p.NoErrors(t)

	// Files that are no record say so.
	incomplete := maps.Clone(right)
	delete(incomplete, log+"/checkpoint")
	text := filepath.Join(t.TempDir(), "letter.zip")
	if err := os.WriteFile(text, []byte("Dear neighbours"), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, what := range map[string]string{
		text:                                  "This is not a file that was downloaded",
		incomplete.file(t):                    "so it is not complete",
		recordFiles{"a": []byte("b")}.file(t): "does not say whose record it is",
		recordFiles{verify.PolicyPath: []byte("hello\n")}.file(t): "does not say whose record it is",
	} {
		p.recount(t, file)
		p.shows(t, "[data-open]")
		p.HasText(what)
	}
	p.Axe(t)
}

// TestRecountWithoutScript says what to do instead.
func TestRecountWithoutScript(t *testing.T) {
	t.Parallel()
	b := newBoxes(t)
	petition := b.open(leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
	p := Browser(t, PageOptions{Base: b.url, NoScript: true, Width: 320, Height: 640})
	p.Goto(petition)
	p.HasText("Counting in this page needs script")
	p.HasText("convoke verify " + b.url + petition)
	p.HasText("python3 verify.py " + strings.TrimPrefix(petition, "/b/") + ".zip")
	p.sound(t)
}

// TestRecountVectors checks docs/record-vectors.json with the script.
func TestRecountVectors(t *testing.T) {
	t.Parallel()
	vectors, err := os.ReadFile("../docs/record-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	b := newBoxes(t)
	p := Browser(t, PageOptions{Base: b.url})
	p.Goto("/record/recount")
	raw, err := p.evaluate(0, "("+vectorScript+")("+string(vectors)+")")
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Wrong   []string
		Checked map[string]int
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	for _, w := range out.Wrong {
		t.Error(w)
	}
	for _, name := range []string{"tokens", "statements", "leaves", "refused", "checkpoints", "logs"} {
		if out.Checked[name] == 0 {
			t.Errorf("no vectors of %s were checked", name)
		}
	}
}

// vectorScript checks each list of vectors that is about counting.
const vectorScript = `async v => {
	const r = await import("/static/recount/rules.js"), wrong = [], checked = {};
	const utf8 = new TextEncoder();
	const is = (got, want) => { if (got !== want) throw new Error("got " + got + ", want " + want); };
	const keyOf = vkey => r.base64(vkey.split("+").slice(2).join("+")).slice(1);
	const checks = {
		async tokens(x) {
			const key = await r.slotKey(r.unhex(x.spki)), asked = await r.challenge(x.registrar, x.roll, x.slot);
			is(r.hex(key.id), x.key_id);
			is(r.hex(asked), x.challenge);
			const input = await r.tokenInput(r.unhex(x.key), asked, key), auth = r.unhex(x.authenticator);
			is(r.hex(input), x.token_input);
			is(await r.credential(key, input, auth), true);
			auth[9] ^= 1;
			is(await r.credential(key, input, auth), false);
		},
		async statements(x) {
			const text = r.statement(x.origin, x.counter, r.unhex(x.body)), sig = r.unhex(x.signature);
			is(r.hex(text), x.signed);
			is(await r.ed25519(r.unhex(x.key), text, sig), true);
			sig[9] ^= 1;
			is(await r.ed25519(r.unhex(x.key), text, sig), false);
		},
		async leaves(x) {
			const b = r.unhex(x.leaf);
			is(r.readLeaf(b).kind, x.kind);
			is(r.hex(await r.leafHash(b)), x.hash);
			if (x.id) is(await r.nameOf(b), x.id);
		},
		async refused(x) {
			try { r.readLeaf(r.unhex(x.leaf)); } catch { return; }
			throw new Error("it is taken");
		},
		async checkpoints(x) {
			const c = await r.checkpoint(utf8.encode(x.note), "b/x", x.origin, keyOf(x.vkey));
			is(c.size, x.size);
			is(c.root, x.root);
		},
		async logs(x) {
			const source = { get: async path => path in x.files ? r.unhex(x.files[path]) : null };
			const c = await r.checkpoint(await source.get(x.path + "/checkpoint"), x.path, x.origin, keyOf(x.vkey));
			is(c.root, x.root);
			let n = 0;
			await r.readLog(source, x.path, c, new Map(), async (first, leaves) => { n += leaves.length; });
			is(n, x.leaves.length);
		},
	};
	for (const name in checks) {
		for (const [i, x] of v[name].entries()) {
			try { await checks[name](x); } catch (e) { wrong.push(name + " " + i + " " + (x.name ?? "") + ": " + e); }
			checked[name] = i + 1;
		}
	}
	return { wrong, checked };
}`

func (b *boxes) info(path string) *box.Info {
	b.t.Helper()
	id, err := leaf.ParseID(strings.TrimPrefix(path, "/b/"))
	if err != nil {
		b.t.Fatal(err)
	}
	i, err := b.Boxes.Info(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return i
}

// voter is somebody with a credential.
func (b *boxes) voter(path string) *boxtest.Voter {
	b.t.Helper()
	v, err := boxtest.Anybody(b.t.Context(), b.Boxes, b.info(path), b.IDs.Secret())
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

func (b *boxes) put(path string, l []byte) {
	b.t.Helper()
	if _, err := b.Boxes.Cast(b.t.Context(), b.info(path).ID, l); err != nil {
		b.t.Fatal(err)
	}
}

func (b *boxes) anchor() {
	b.t.Helper()
	if err := b.Record.Anchor(b.t.Context()); err != nil && fault.Of(err) == nil {
		b.t.Fatal(err)
	}
}

// download gets the record of a box as the file that its page offers.
func (b *boxes) download(path string) recordFiles {
	b.t.Helper()
	body, err := httpGet(b.t, b.url+path)
	if err != nil {
		b.t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		b.t.Fatal(err)
	}
	m := recordFiles{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			b.t.Fatal(err)
		}
		if m[f.Name], err = io.ReadAll(r); err != nil {
			b.t.Fatal(err)
		}
	}
	return m
}

// file writes a record as a zip; half of its files are packed, as other programs do.
func (m recordFiles) file(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i, path := range slices.Sorted(maps.Keys(m)) {
		f, err := z.CreateHeader(&zip.FileHeader{Name: path, Method: []uint16{zip.Store, zip.Deflate}[i%2]})
		if err == nil {
			_, err = f.Write(m[path])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "record.zip")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// forged is the record as a dishonest operator would publish it who put these leaves
// into the box, or into its own log: signed with the node's own key, in tiles that fit.
func (b *boxes) forged(m recordFiles, path string, leaves [][]byte) recordFiles {
	b.t.Helper()
	ctx, log := b.t.Context(), strings.TrimPrefix(path, "/")
	c := maps.Clone(m)
	maps.DeleteFunc(c, func(p string, _ []byte) bool { return strings.HasPrefix(p, log+"/") })
	must := func(err error) {
		b.t.Helper()
		if err != nil {
			b.t.Fatal(err)
		}
	}
	var sealed []byte
	must(b.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, "select sealed from record_key where name = 'node'", nil, &sealed)
	}))
	d := dbtest.Open(b.t, dbtest.SQLite(b.t), b.Clock)
	must(d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "insert into record_key (name, sealed) values ('node', $1)", sealed)
		return err
	}))
	r, err := record.Open(ctx, record.Deps{DB: d, Vault: b.Vault, Log: b.Log, Node: b.Record.Node})
	must(err)
	must(d.Write(ctx, func(tx *db.Tx) error {
		if log != record.NodeLog { // that is there already
			if err := r.Start(ctx, tx, log); err != nil {
				return err
			}
		}
		_, err := r.Append(ctx, tx, log, leaves...)
		return err
	}))
	must(r.Export(ctx, func(l string) bool { return l == log }, func(p string, data []byte) error {
		if strings.HasPrefix(p, log+"/") {
			c[p] = data
		}
		return nil
	}))
	return c
}

// found is where convoke verify finds something wrong in a file.
func (b *boxes) found(file string) []string {
	b.t.Helper()
	src, id, closer, err := verify.Open(file)
	if err != nil {
		b.t.Fatal(err)
	}
	defer closer.Close()
	r, err := verify.Verify(b.t.Context(), src, verify.Options{Box: id})
	if err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for _, w := range r.Wrong {
		where := w.Log + ":"
		if w.Leaf >= 0 {
			where = fmt.Sprintf("%s, leaf %d:", w.Log, w.Leaf)
		}
		if !slices.Contains(out, where) {
			out = append(out, where)
		}
	}
	return out
}

// recount gives the page a file and waits until it is counted.
func (p *Page) recount(t *testing.T, file string) {
	t.Helper()
	c, _, _ := p.field("The file that you downloaded", "INPUT")
	if _, err := ask(p, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{file}, BackendNodeID: c.Node}); err != nil {
		t.Fatal(err)
	}
	p.ClickRole("button", "Count")
	if !until(func() bool {
		return p.Count("#recounted:not([hidden])") == 1 && p.Count("[data-stop]:not([hidden])") == 0
	}) {
		t.Fatalf("%s is not counted; the page says:\n%s", file, p.body())
	}
}

// shows waits for the one verdict of three.
func (p *Page) shows(t *testing.T, verdict string) {
	t.Helper()
	for _, v := range []string{"[data-right]", "[data-wrong]", "[data-open]"} {
		if on := p.Count(v+":not([hidden])") == 1; on != (v == verdict) {
			t.Errorf("%s is shown: %v; the page says:\n%s", v, on, p.body())
		}
	}
}

// items are the texts of all elements that a selector finds.
func (p *Page) items(selector string) []string {
	out := make([]string, 0, 4)
	for n := range p.Count(selector) {
		out = append(out, fold(p.Text(fmt.Sprintf("%s:nth-child(%d)", selector, n+1))))
	}
	return out
}

// written keeps a download as a file.
func written(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "downloaded.zip")
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRecountWithoutEd25519: a browser that does not know these signatures counts all
// else, and says how many it left out.
func TestRecountWithoutEd25519(t *testing.T) {
	t.Parallel()
	b := newBoxes(t)
	petition := b.open(leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
	v := b.voter(petition)
	b.put(petition, v.Signs())
	b.put(petition, v.Says(leaf.Withdraw()))
	b.anchor()
	files, err := json.Marshal(b.download(petition + "/record.zip"))
	if err != nil {
		t.Fatal(err)
	}
	p := Browser(t, PageOptions{Base: b.url})
	p.Goto("/record/recount")
	raw, err := p.evaluate(0, `(async files => {
		const knows = SubtleCrypto.prototype.importKey;
		SubtleCrypto.prototype.importKey = function (form, key, algorithm, ...more) {
			if (algorithm === "Ed25519") return Promise.reject(new DOMException("unknown", "NotSupportedError"));
			return knows.call(this, form, key, algorithm, ...more);
		};
		const r = await import("/static/recount/rules.js");
		const get = async path => path in files ? Uint8Array.from(atob(files[path]), c => c.charCodeAt(0)) : null;
		return r.recount({ get, boxes: ["`+strings.TrimPrefix(petition, "/b/")+`"] }, () => {});
	})(`+string(files)+`)`)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Signatures int
		Wrong      []any
		Boxes      []struct{ Counted, Withdrawn int }
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	// Three checkpoints, and the statement that takes the signature back.
	if r.Signatures != 4 || len(r.Wrong) != 0 || len(r.Boxes) != 1 || r.Boxes[0].Withdrawn != 1 {
		t.Errorf("it says %s", raw)
	}
}
