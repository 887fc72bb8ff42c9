package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"math"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/record/blind"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/tally"
	"convoke/internal/record/wallet"
)

var update = flag.Bool("update", false, "write docs/record-vectors.json")

const vectorsFile = "../../docs/record-vectors.json"

// row is one vector: names and hexadecimal values, mostly.
type row map[string]any

// TestVectors makes docs/record-vectors.json again from fixed seeds and compares,
// and lets the second verifier check it, which made none of it.
func TestVectors(t *testing.T) {
	t.Parallel()
	doc := vectors(t)
	// One vector a line, so that a change is seen where it is.
	var b bytes.Buffer
	b.WriteString("{\n\"about\": \"Test vectors for docs/record.md: go test ./contrib/verify -run TestVectors -update\"")
	for _, s := range doc {
		fmt.Fprintf(&b, ",\n%q: [", s.name)
		for i, r := range s.rows {
			line, err := json.Marshal(r)
			must(t, err)
			b.WriteString([]string{",", ""}[btoi(i == 0)] + "\n " + string(line))
		}
		b.WriteString("\n]")
	}
	b.WriteString("\n}\n")
	if *update {
		must(t, os.WriteFile(vectorsFile, b.Bytes(), 0o644))
	}
	want, err := os.ReadFile(vectorsFile)
	must(t, err)
	if !bytes.Equal(b.Bytes(), want) {
		t.Error("docs/record-vectors.json is not what the code makes; -update writes it")
	}
	checked(t, vectorsFile, doc.count())
	// A vector that is wrong is found.
	bad := t.TempDir() + "/bad.json"
	must(t, os.WriteFile(bad, bytes.Replace(want, []byte(`"counter":7`), []byte(`"counter":8`), 1), 0o600))
	if r, out := python(t, "--vectors", bad); r.Exit != 1 {
		t.Errorf("%s", out)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

type section struct {
	name string
	rows []row
}

type sections []section

func (s sections) count() (n int) {
	for _, x := range s {
		n += len(x.rows)
	}
	return n
}

func checked(t *testing.T, file string, want int) {
	t.Helper()
	r, out := python(t, "--vectors", file)
	var n struct{ Checked map[string]int }
	must(t, json.Unmarshal(out, &n))
	got := 0
	for _, c := range n.Checked {
		got += c
	}
	if r.Exit != 0 || got != want {
		t.Errorf("the second verifier checked %d of %d: %s", got, want, out)
	}
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// fixed is 32 bytes that follow from a name.
func fixed(name string) []byte {
	h := sha256.Sum256([]byte("convoke vectors 1\n" + name))
	return h[:]
}

func vectors(t *testing.T) sections {
	key := vectorKey(t)
	manifest := leaf.RollManifest{
		V: 1, Node: recordtest.Node, Gate: "browser", Registrar: recordtest.Node, Salt: strings.Repeat("5a", 16), Keys: [][]byte{key.Public().Marshal()},
	}
	text, err := leaf.Canonical(manifest)
	must(t, err)
	roll := leaf.Roll{Manifest: text}.Encode()
	box := leaf.Box{
		V: 1, Type: leaf.PledgeTo, Node: recordtest.Node, Text: strings.Repeat("ab", 32), Opens: 1790000000, Closes: 1790086400, Takes: leaf.TakesSay,
		Roll: leaf.IDOf(roll).String(), Parts: 2, Goals: []uint64{2},
	}
	text, err = leaf.Canonical(box)
	must(t, err)
	open := leaf.Open{Manifest: text}.Encode()
	rid, bid := leaf.IDOf(roll), leaf.IDOf(open)
	var parts []*wallet.Part
	var auths [][]byte
	s := sections{{name: "wallets"}, {name: "tokens"}, {name: "statements"}}
	for n := range 3 {
		code, err := wallet.New(bytes.NewReader(fixed(fmt.Sprint("code ", n))))
		must(t, err)
		origin := leaf.RollOrigin(recordtest.Node, rid)
		p := code.Part(origin, 0)
		stream, err := hkdf.Key(sha256.New, []byte(strings.ReplaceAll(code.String(), "-", "")), nil, "convoke wallet 1\n"+origin+"\n0\nblind", 2048)
		must(t, err)
		s[0].rows = append(s[0].rows, row{
			"code": code.String(), "origin": origin, "slot": 0, "seed": hexOf(p.Key.Seed()), "key": hexOf(p.Key[32:]), "blind": hexOf(stream),
		})
		r, auth := token(t, key, p, rid)
		r["blind"] = hexOf(stream)
		s[1].rows = append(s[1].rows, r)
		parts, auths = append(parts, p), append(auths, auth)
	}
	for i, body := range [][]byte{pledge(3, 1), leaf.Withdraw(), leaf.Done()} {
		p, origin, n := parts[0], leaf.BoxOrigin(recordtest.Node, bid), uint32(7+i)
		m := leaf.Signed(origin, n, body)
		s[2].rows = append(s[2].rows, row{
			"origin": origin, "counter": n, "body": hexOf(body), "seed": hexOf(p.Key.Seed()), "key": hexOf(p.Key[32:]), "signed": hexOf(m),
			"signature": hexOf(ed25519.Sign(p.Key, m)),
		})
	}
	return append(s, leafVectors(parts, auths, roll, open)...).with(logVectors(t, parts, auths, bid)...)
}

func (s sections) with(more ...section) sections { return append(s, more...) }

// vectorKey is a fixed RSA key: it signs nothing but vectors.
func vectorKey(t *testing.T) *blind.SignKey {
	b, err := os.ReadFile("testdata/vectors-key.pem")
	must(t, err)
	block, _ := pem.Decode(b)
	k, err := blind.ParseSignKey(block.Bytes)
	must(t, err)
	return k
}

func token(t *testing.T, key *blind.SignKey, p *wallet.Part, rid leaf.ID) (row, []byte) {
	private, err := x509.ParsePKCS1PrivateKey(key.Marshal())
	must(t, err)
	id, digest := key.Public().ID(), blind.Challenge(recordtest.Node, rid, 0)
	b, err := p.Request(key.Public(), recordtest.Node, rid, 0)
	must(t, err)
	signed, err := key.Sign(b.Message)
	must(t, err)
	auth, err := b.Finalize(signed)
	must(t, err)
	context := sha256.Sum256(append(rid[:], 0))
	challenge := append(append([]byte{0, 2, 0, byte(len(recordtest.Node))}, recordtest.Node...), 32)
	challenge = append(append(challenge, context[:]...), 0, 0)
	return row{
		"spki": hexOf(key.Public().Marshal()), "private_exponent": private.D.Text(16), "key_id": hexOf(id[:]), "registrar": recordtest.Node,
		"roll": rid.String(), "slot": 0, "challenge": hexOf(challenge), "challenge_digest": hexOf(digest[:]), "key": hexOf(p.Key[32:]),
		"token_input": hexOf(blind.InputFor(p.Key.Public().(ed25519.PublicKey), digest, id)), "blinded": hexOf(b.Message), "signed": hexOf(signed),
		"authenticator": hexOf(auth),
	}, auth
}

// leafVectors has each kind of leaf, and bytes that are none.
func leafVectors(parts []*wallet.Part, auths [][]byte, roll, open []byte) sections {
	rid, bid := leaf.IDOf(roll), leaf.IDOf(open)
	h := [32]byte(fixed("hash"))
	origin := leaf.BoxOrigin(recordtest.Node, bid)
	good, bad := section{name: "leaves"}, section{name: "refused"}
	add := func(name string, b []byte, more row) {
		hash := tlog.RecordHash(b)
		r := row{"name": name, "kind": b[1], "leaf": hexOf(b), "hash": hexOf(hash[:])}
		for k, v := range more {
			r[k] = v
		}
		good.rows = append(good.rows, r)
	}
	add("open", open, row{"node": recordtest.Node, "id": bid.String(), "origin": origin})
	add("anchor", leaf.Anchor{Log: sha256.Sum256([]byte(origin)), Size: 3, Root: h}.Encode(), nil)
	add("close", leaf.Close{Box: bid, Size: 3, Root: h}.Encode(), nil)
	add("result", leaf.Result{Box: bid, File: h}.Encode(), nil)
	add("release", leaf.Release{Box: bid, Trustee: 2, Share: h}.Encode(), nil)
	add("milestone", leaf.Milestone{Box: bid, Part: -1, Goal: 2, Count: 3, Size: 4, Time: 1790000001}.Encode(), nil)
	add("note", leaf.Note{Box: bid, JSON: []byte(`{"what":"reply","é":"\n<"}`)}.Encode(), nil)
	ladder := leaf.Ladder{Manifest: []byte(`{"campaign":"benches","steps":[{"key":"sign"},{"after":["sign"],"gate":{"any":[{"date":"2027-05-01T18:00","unix":1809187200,"zone":"Europe/Berlin"},` +
		`{"count":{"box":"` + bid.String() + `","groups":2,"people":20,"pledge":"tools"}},{"state":"met","step":"sign"}]},"key":"walk","lapses":1809190800}],` +
		`"text":"` + hexOf(h[:]) + `","time":1790000002,"v":1,"version":1}`)}.Encode()
	add("ladder", ladder, nil)
	add("step", leaf.Step{Ladder: leaf.IDOf(ladder), JSON: []byte(`{"counts":[{"box":"` + bid.String() + `","count":21,"part":1,"people":20,"size":30}],"reason":"gate","state":"open","step":"walk","time":1809187200}`)}.Encode(), nil)
	add("sign", parts[0].Sign(auths[0]), nil)
	add("say", parts[0].Say(origin, auths[0], 7, pledge(3, 1)), nil)
	add("say again", parts[0].Say(origin, nil, 8, leaf.Withdraw()), nil)
	add("ledger", leaf.Ledger{Sequence: 1, Out: true, Minor: 1250, Currency: [3]byte{'E', 'U', 'R'}, Commitment: h}.Encode(), nil)
	add("batch", leaf.Batch{Count: 12, Hash: h}.Encode(), nil)
	add("roll", roll, row{"node": recordtest.Node, "id": rid.String(), "origin": leaf.RollOrigin(recordtest.Node, rid)})
	add("member", leaf.Member{Commitment: leaf.Commitment(h, "amina")}.Encode(), nil)
	add("issue", leaf.Issue{Member: leaf.NoMember, Mode: leaf.Assisted, Slots: 1, Hash: h}.Encode(), nil)
	add("activate", (&leaf.Activate{Key: parts[0].Public(), Auth: [leaf.AuthSize]byte(auths[0])}).Encode(), nil)
	add("freeze", leaf.Freeze{Slot: 0, Issued: 3, Activated: 1}.Encode(), nil)
	seats, byName, secret := pollVectors()
	pollID, seatsID := leaf.IDOf(byName), leaf.IDOf(seats)
	add("roll of seats", seats, row{"node": recordtest.Node, "id": seatsID.String(), "origin": leaf.RollOrigin(recordtest.Node, seatsID)})
	add("seat", leaf.Seat{Commitment: leaf.Commitment(h, "the river group"), Weight: 3}.Encode(), nil)
	add("poll by name", byName, row{"node": recordtest.Node, "id": pollID.String(), "origin": leaf.BoxOrigin(recordtest.Node, pollID)})
	add("secret poll", secret, nil)
	vote := (&leaf.Vote{Seat: 1, Counter: 2, Salt: [16]byte(h[:16]), Body: leaf.Ballot([]byte{1, 0, 2})}).Encode()
	add("vote", vote, nil)
	add("vote taken back", (&leaf.Vote{Seat: 1, Counter: 3, Salt: [16]byte(h[16:]), Body: leaf.Withdraw()}).Encode(), nil)
	batch := leaf.Batch{Count: 12, Hash: h}.Encode()
	for _, x := range []struct {
		name string
		b    []byte
	}{
		{"nothing", nil}, {"another version", append([]byte{2}, batch[1:]...)}, {"no such kind", []byte{1, 0x77}}, {"a release of nothing", []byte{1, 5}},
		{"a byte too many", append(bytes.Clone(batch), 0)}, {"a byte too few", batch[:len(batch)-1]},
		{"a ladder with a space", bytes.Replace(ladder, []byte(`,"v":1`), []byte(`, "v":1`), 1)},
		{"a step with a name twice", leaf.Step{Ladder: bid, JSON: []byte(`{"reason":"gate","reason":"gate"}`)}.Encode()},
		{"JSON with a space", leaf.Note{Box: bid, JSON: []byte(`{"a": 1}`)}.Encode()},
		{"JSON in another order", leaf.Note{Box: bid, JSON: []byte(`{"b":1,"a":1}`)}.Encode()},
		{"JSON with a name twice", leaf.Note{Box: bid, JSON: []byte(`{"a":1,"a":1}`)}.Encode()},
		{"JSON with a fraction", leaf.Note{Box: bid, JSON: []byte(`{"a":1.0}`)}.Encode()},
		{"JSON with a large number", leaf.Note{Box: bid, JSON: []byte(`{"a":9007199254740992}`)}.Encode()},
		{"JSON with an escape too many", leaf.Note{Box: bid, JSON: []byte(`{"a":"\u00e9"}`)}.Encode()},
		{"JSON with null", leaf.Note{Box: bid, JSON: []byte(`{"a":null}`)}.Encode()},
		{"a manifest with a zero", bytes.Replace(open, []byte(`"node"`), []byte(`"min_batch":0,"node"`), 1)},
		{"an authenticator of one byte", append(append([]byte{1, 0x11}, make([]byte, 32)...), append([]byte{0, 1, 0}, make([]byte, 70)...)...)},
		{"a seat without weight", leaf.Seat{Commitment: h}.Encode()}, {"a vote with a byte too many", append(bytes.Clone(vote), 0)},
		{"a vote with a byte too few", vote[:len(vote)-1]}, {"a vote of 4,097 bytes", (&leaf.Vote{Body: make([]byte, 4097)}).Encode()},
		{"seats with keys", bytes.Replace(seats, []byte(`"node"`), []byte(`"keys":[],"node"`), 1)},
		{"a roll of seats that is open", bytes.Replace(seats, []byte(`"closed":true`), []byte(`"closed":false`), 1)},
		{"a poll of signatures", bytes.Replace(secret, []byte(`"say"`), []byte(`"sign"`), 1)},
		{"a petition with the rules of a poll", bytes.Replace(secret, []byte(`"type":"poll"`), []byte(`"type":"petition"`), 1)},
		{"a poll by name that freezes", bytes.Replace(byName, []byte(`"node"`), []byte(`"freeze":true,"node"`), 1)},
		{"a poll with lots that lack one", bytes.Replace(byName, []byte(`[2,0,1]`), []byte(`[2,0]`), 1)},
		{"an issue of nothing", leaf.Issue{Member: leaf.NoMember, Hash: h}.Encode()},
		{"an anchor of 2⁶³", leaf.Anchor{Size: 1 << 63}.Encode()}, {"a close at 2⁶³", leaf.Close{Box: bid, Size: 1 << 63}.Encode()},
		{"a milestone of 2⁶³", leaf.Milestone{Box: bid, Goal: 1 << 63, Count: 1 << 62}.Encode()},
		{"a milestone with 2⁶³", leaf.Milestone{Box: bid, Goal: 1, Count: 1 << 63}.Encode()},
		{"a milestone at 2⁶³", leaf.Milestone{Box: bid, Goal: 1, Count: 1, Size: math.MaxUint64}.Encode()},
		{"a milestone of all times", leaf.Milestone{Box: bid, Goal: 1, Count: 1, Time: -1}.Encode()},
		{"a ledger line 2⁶³", leaf.Ledger{Sequence: 1 << 63}.Encode()}, {"a ledger line of 2⁶³", leaf.Ledger{Minor: 1 << 63}.Encode()},
		{"a freeze at 2⁶³", leaf.Freeze{Issued: 1 << 63}.Encode()}, {"a freeze of 2⁶³", leaf.Freeze{Activated: 1 << 63}.Encode()},
	} {
		bad.rows = append(bad.rows, row{"name": x.name, "leaf": hexOf(x.b)})
	}
	return sections{good, bad}
}

// pollVectors opens a roll of seats, a poll by name on it, and a secret poll.
func pollVectors() (seats, byName, secret []byte) {
	roll := leaf.RollManifest{V: 1, Node: recordtest.Node, Gate: leaf.BySeat, Closed: true, Size: 2, Registrar: recordtest.Node, Salt: strings.Repeat("5a", 16)}
	seats = leaf.Roll{Manifest: canonical(roll)}.Encode()
	m := leaf.Box{
		V: 1, Type: leaf.Poll, Node: recordtest.Node, Text: strings.Repeat("ab", 32), Opens: 1790000000, Closes: 1790086400, Takes: leaf.TakesVote,
		Roll: leaf.IDOf(seats).String(), Poll: &tally.Rules{Method: tally.STV, Options: 3, Winners: 2, Quorum: 2, Lots: []int{2, 0, 1}},
	}
	byName = leaf.Open{Manifest: canonical(m)}.Encode()
	m.Takes, m.Freeze, m.Roll = leaf.TakesSay, true, strings.Repeat("a", 26)
	m.Poll = &tally.Rules{Method: tally.Consent, Options: 1, Share: &tally.Share{Num: 2, Den: 3, More: true}, Blocks: 2, AgainstCounts: true}
	return seats, byName, leaf.Open{Manifest: canonical(m)}.Encode()
}

func canonical(v any) []byte {
	b, err := leaf.Canonical(v)
	if err != nil {
		panic(err)
	}
	return b
}

// logVectors is a box of ten leaves, its checkpoint, and receipts from it.
func logVectors(t *testing.T, parts []*wallet.Part, auths [][]byte, bid leaf.ID) sections {
	path := "b/" + bid.String()
	origin := recordtest.Node + "/" + path
	var leaves [][]byte
	var hashes []tlog.Hash
	for n := range 10 {
		auth := auths[n%3]
		if n >= 3 {
			auth = nil
		}
		leaves = append(leaves, parts[n%3].Say(origin, auth, uint32(n), pledge(uint32(n+1), 0)))
		hashes = append(hashes, tlog.RecordHash(leaves[n]))
	}
	seed := fixed("node")
	key := ed25519.NewKeyFromSeed(seed)
	m := files{}
	writeTiles(m, path, leaves, hashes)
	root := rootOf(hashes)
	v := signerOf(t, origin, key)
	vkey, err := note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	must(t, err)
	checkpoint, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", origin, len(leaves), root)}, v)
	must(t, err)
	m[path+"/checkpoint"] = checkpoint
	data, all := row{}, []string{}
	for p, b := range m {
		data[p] = hexOf(b)
	}
	for _, b := range leaves {
		all = append(all, hexOf(b))
	}
	out := sections{
		{"checkpoints", []row{{"seed": hexOf(seed), "origin": origin, "size": len(leaves), "root": hexOf(root[:]), "vkey": vkey, "note": string(checkpoint)}}},
		{"logs", []row{{"path": path, "origin": origin, "vkey": vkey, "leaves": all, "root": hexOf(root[:]), "files": data}}},
		{name: "receipts"},
	}
	for _, n := range []int{0, 5, 9} {
		b := fmt.Appendf(nil, "c2sp.org/tlog-proof@v1\nindex %d\n", n)
		for _, h := range proofOf(hashes, n) {
			b = fmt.Appendf(b, "%s\n", h)
		}
		text := string(b) + "\n" + string(checkpoint)
		out[2].rows = append(out[2].rows, row{"leaf": hexOf(leaves[n]), "vkey": vkey, "receipt": text})
	}
	return out
}

// proofOf is RFC 6962 section 2.1.1, word by word.
func proofOf(h []tlog.Hash, n int) []tlog.Hash {
	if len(h) == 1 {
		return nil
	}
	k := 1
	for 2*k < len(h) {
		k *= 2
	}
	if n < k {
		return append(proofOf(h[:k], n), rootOf(h[k:]))
	}
	return append(proofOf(h[k:], n-k), rootOf(h[:k]))
}

// TestPublished runs vectors of others: of Project Wycheproof, of RFC 8032, and the
// example of C2SP signed-note.
func TestPublished(t *testing.T) {
	t.Parallel()
	const wycheproof = "testdata/wycheproof.json"
	var w struct {
		PSS []struct {
			Name, Modulus, Message, Signature string
			Valid                             bool
		} `json:"rsa_pss"`
		Ed25519 []struct {
			Name, Key, Message, Signature string
			Valid                         bool
		}
	}
	b, err := os.ReadFile(wycheproof)
	must(t, err)
	must(t, json.Unmarshal(b, &w))
	for _, v := range w.PSS {
		n, _ := new(big.Int).SetString(v.Modulus, 16)
		// The same template as every slot's key, with another modulus.
		der := vectorKey(t).Public().Marshal()
		n.FillBytes(der[len(der)-261 : len(der)-5])
		k, err := blind.ParseVerifyKey(der)
		must(t, err)
		if got := k.Verify(unhex(t, v.Message), unhex(t, v.Signature)) == nil; got != v.Valid {
			t.Errorf("RSA-PSS %s: %v", v.Name, got)
		}
	}
	for _, v := range w.Ed25519 {
		if got := ed25519.Verify(unhex(t, v.Key), unhex(t, v.Message), unhex(t, v.Signature)); got != v.Valid {
			t.Errorf("Ed25519 %s: %v", v.Name, got)
		}
	}
	checked(t, wycheproof, len(w.PSS)+len(w.Ed25519))
	for _, v := range published.Ed25519 {
		key := ed25519.NewKeyFromSeed(unhex(t, v["seed"].(string)))
		if hexOf(key[32:]) != v["key"] || hexOf(ed25519.Sign(key, unhex(t, v["message"].(string)))) != v["signature"] {
			t.Errorf("RFC 8032: %v", v)
		}
	}
	for _, v := range published.Notes {
		k, err := note.NewVerifier(v["vkey"].(string))
		must(t, err)
		n, err := note.Open([]byte(v["note"].(string)), note.VerifierList(k))
		if err != nil || n.Text != v["text"] {
			t.Errorf("signed-note: %v", err)
		}
	}
	b, err = json.Marshal(published)
	must(t, err)
	file := t.TempDir() + "/published.json"
	must(t, os.WriteFile(file, b, 0o600))
	checked(t, file, len(published.Ed25519)+len(published.Notes))
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	must(t, err)
	return b
}

const peter = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"

var published = struct {
	Ed25519 []row `json:"ed25519"`
	Notes   []row `json:"notes"`
}{
	// RFC 8032 section 7.1, tests 1 to 3.
	Ed25519: []row{
		{
			"valid": true, "seed": "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "message": "",
			"key":       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
			"signature": "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
		},
		{
			"valid": true, "seed": "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "message": "72",
			"key":       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
			"signature": "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
		},
		{
			"valid": true, "seed": "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "message": "af82",
			"key":       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
			"signature": "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
		},
	},
	// The example of C2SP signed-note.
	Notes: []row{{
		"vkey": "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "text": peter,
		"note": peter + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
	}},
}

// TestReceipts proves that the proofs of the vectors are those of another program.
func TestReceipts(t *testing.T) {
	t.Parallel()
	var hashes []tlog.Hash
	for n := range 37 {
		hashes = append(hashes, tlog.RecordHash([]byte{byte(n)}))
		for at := range hashes {
			if err := tlog.CheckRecord(proofOf(hashes, at), int64(n+1), rootOf(hashes), int64(at), hashes[at]); err != nil {
				t.Fatalf("%d of %d: %v", at, n+1, err)
			}
		}
	}
	if slices.Equal(proofOf(hashes, 1), proofOf(hashes, 2)) {
		t.Error("two leaves have one proof")
	}
}
