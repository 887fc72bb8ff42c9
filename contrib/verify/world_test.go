package verify_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/id"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/tile"
	"convoke/internal/record/verify"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// files are a record.
type files map[string][]byte

// Get implements [verify.Source].
func (m files) Get(_ context.Context, path string) ([]byte, error) {
	b, ok := m[path]
	if !ok {
		return nil, verify.ErrAbsent
	}
	return b, nil
}

// world is a node on which people took part in every way that there is.
type world struct {
	*recordtest.Stand
	*box.Boxes
	ids                     *id.Source
	petition, other, pledge *box.Info
	// people have signed the petition or pledged; spare has a credential of the
	// pledge box and did nothing.
	signers, pledgers []*boxtest.Voter
	spare             *boxtest.Voter
}

func newWorld(t testing.TB, signers int) *world {
	dir := t.TempDir()
	w := &world{Stand: recordtest.Open(t, dbtest.SQLite(t), dir+"/keys.db", dir+"/head.json")}
	w.ids = id.NewSource(w.Clock, nil)
	w.Boxes = box.New(box.Deps{DB: w.DB, Vault: w.Vault, Record: w.Record, Sets: keyset.New(w.DB, w.ids.New), Clock: w.Clock})
	t.Cleanup(w.Stop)
	w.sign(t, signers)
	w.promise(t)
	return w
}

// sign fills a petition, and opens one that has no signatures.
func (w *world) sign(t testing.TB, n int) {
	roll := w.roll(t, box.RollInput{Gate: box.GateBrowser, Slots: 2})
	w.petition = w.open(t, roll, 0, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign, Goals: []uint64{3, 1000}})
	w.other = w.open(t, roll, 1, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign, MinBatch: 20})
	for i := range n {
		p := w.person(t, w.petition, "")
		w.signers = append(w.signers, p)
		w.cast(t, w.petition, p.Sign(p.Auth))
		if i == 1 {
			w.cast(t, w.petition, p.Say(w.petition.Origin, nil, 1, leaf.Withdraw()))
		}
	}
	w.person(t, w.petition, "") // took a credential only
	must(t, w.DB.Write(ctx, func(tx *db.Tx) error {
		if err := w.Declare(ctx, tx, w.petition.ID, 12, []byte("on the market")); err != nil {
			return err
		}
		return w.Note(ctx, tx, w.petition.ID, map[string]any{"what": "delivered", "text": strings.Repeat("0", 64)})
	}))
	must(t, w.Boxes.Close(ctx, w.petition.ID))
	must(t, w.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := w.Record.Append(ctx, tx, record.NodeLog, leaf.Result{Box: w.petition.ID, File: sha256.Sum256([]byte("result"))}.Encode())
		return err
	}))
}

// promise fills a box of pledges of two places, with a closed roll and a key that
// was activated before.
func (w *world) promise(t testing.TB) {
	refs := []string{"a", "b", "c", "d", "e"}
	roll := w.roll(t, box.RollInput{Gate: box.GateMembers, References: refs})
	w.pledge = w.open(t, roll, 0, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Parts: 2, Goals: []uint64{2}})
	for _, ref := range refs {
		w.pledgers = append(w.pledgers, w.person(t, w.pledge, ref))
	}
	w.spare, w.pledgers = w.pledgers[4], w.pledgers[:4]
	a := leaf.Activate{Key: w.pledgers[3].Public(), Auth: [leaf.AuthSize]byte(w.pledgers[3].Auth)}
	must(t, w.Activate(ctx, roll, a.Encode()))
	must(t, w.Freeze(ctx, roll, 0))
	for _, s := range []struct {
		who  int
		n    uint32
		body []byte
	}{
		{0, 1, pledge(2, 0)}, {1, 1, pledge(2, 0)}, {2, 1, pledge(9, 1)}, {3, 1, pledge(1, 1)},
		{0, 2, leaf.Done()}, {1, 7, leaf.Withdraw()}, {2, 2, pledge(1, 1)}, {1, 8, pledge(3, 0)},
	} {
		w.cast(t, w.pledge, w.says(s.who, s.n, s.body, s.n == 1 && s.who != 3))
	}
}

func pledge(threshold uint32, part uint16) []byte {
	return leaf.Pledge{Threshold: threshold, Part: part}.Encode()
}

// says is a statement of a pledger.
func (w *world) says(who int, n uint32, body []byte, auth bool) []byte {
	p := append(w.pledgers[:4:4], w.spare)[who]
	if auth {
		return p.Say(w.pledge.Origin, p.Auth, n, body)
	}
	return p.Say(w.pledge.Origin, nil, n, body)
}

func (w *world) roll(t testing.TB, in box.RollInput) leaf.ID {
	d, err := w.Prepare(ctx, in)
	must(t, err)
	must(t, w.DB.Write(ctx, func(tx *db.Tx) error { return w.StoreRoll(ctx, tx, d) }))
	return d.ID
}

func (w *world) open(t testing.TB, roll leaf.ID, slot uint8, m leaf.Box) *box.Info {
	if m.Opens == 0 {
		m.Opens = dbtest.Now.Unix()
	}
	m.Closes, m.Text = dbtest.Now.Add(24*time.Hour).Unix(), fmt.Sprintf("%064d", slot)
	var b leaf.ID
	must(t, w.DB.Write(ctx, func(tx *db.Tx) (err error) {
		b, err = w.Open(ctx, tx, roll, slot, m)
		return err
	}))
	i, err := w.Info(ctx, b)
	must(t, err)
	return i
}

// person takes a credential: of an open roll when ref is "".
func (w *world) person(t testing.TB, i *box.Info, ref string) *boxtest.Voter {
	grant, err := w.AdmitAnybody(ctx, i.Roll, w.ids.Secret())
	if ref != "" {
		grant, err = w.AdmitMember(ctx, i.Roll, ref)
	}
	must(t, err)
	v, err := boxtest.Issue(ctx, w.Boxes, i, grant)
	must(t, err)
	return v
}

func (w *world) cast(t testing.TB, i *box.Info, b []byte) {
	t.Helper()
	_, err := w.Cast(ctx, i.ID, b)
	must(t, err)
}

// export is the whole record as it is now.
func (w *world) export(t testing.TB) files {
	must(t, w.Anchor(ctx))
	m := files{}
	must(t, w.Export(ctx, nil, func(path string, b []byte) error {
		m[path] = b
		return nil
	}))
	return m
}

// logs are the leaves of all logs by their paths.
type logs map[string][][]byte

func readLogs(t testing.TB, m files) logs {
	t.Helper()
	out := logs{}
	for path, b := range m {
		log, ok := strings.CutSuffix(path, "/checkpoint")
		if !ok {
			continue
		}
		var size int
		_, err := fmt.Sscan(strings.Split(string(b), "\n")[1], &size)
		must(t, err)
		out[log] = [][]byte{}
		for at := 0; at < size; at += tile.Width {
			n := tile.Name{Level: tile.Entries, Index: int64(at / tile.Width), Width: min(tile.Width, size-at)}
			all, err := tile.ReadEntries(m[log+"/"+n.Path()], n.Width)
			must(t, err)
			out[log] = append(out[log], all...)
		}
	}
	return out
}

// build is a record of these leaves as a dishonest operator would publish it: signed
// by a key that its policy names, in tiles that fit.
func build(t testing.TB, l logs) files {
	t.Helper()
	m := files{}
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	for log, leaves := range l {
		origin := recordtest.Node + "/" + log
		var hashes []tlog.Hash
		for _, b := range leaves {
			hashes = append(hashes, tlog.RecordHash(b))
		}
		writeTiles(m, log, leaves, hashes)
		root := rootOf(hashes)
		if len(hashes) == 0 {
			root = sha256.Sum256(nil)
		}
		s := signerOf(t, origin, key)
		b, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", origin, len(leaves), root)}, s)
		must(t, err)
		m[log+"/checkpoint"] = b
	}
	v, err := note.NewEd25519VerifierKey(recordtest.Node+"/log", key.Public().(ed25519.PublicKey))
	must(t, err)
	m[verify.PolicyPath] = []byte("log " + v + "\n")
	return m
}

func writeTiles(m files, log string, leaves [][]byte, hashes []tlog.Hash) {
	for level := tile.Entries; level < 1 || len(hashes) > 0; level++ {
		var next []tlog.Hash
		for at := 0; at < len(hashes); at += tile.Width {
			row := hashes[at:min(at+tile.Width, len(hashes))]
			var b []byte
			for i, h := range row {
				if level == tile.Entries {
					b = tile.AppendEntry(b, leaves[at+i])
				} else {
					b = append(b, h[:]...)
				}
			}
			m[log+"/"+tile.Name{Level: level, Index: int64(at / tile.Width), Width: len(row)}.Path()] = b
			if len(row) == tile.Width {
				next = append(next, rootOf(row))
			}
		}
		if level >= 0 {
			hashes = next
		}
	}
}

// rootOf is RFC 6962 section 2.1, word by word.
func rootOf(h []tlog.Hash) tlog.Hash {
	if len(h) == 0 {
		return tlog.Hash{}
	}
	if len(h) == 1 {
		return h[0]
	}
	k := 1 << int(math.Floor(math.Log2(float64(len(h)-1))))
	return tlog.NodeHash(rootOf(h[:k]), rootOf(h[k:]))
}

// signer signs notes; package note has none of a seed.
type signer struct {
	note.Verifier
	key ed25519.PrivateKey
}

// Sign implements [note.Signer].
func (s signer) Sign(b []byte) ([]byte, error) { return ed25519.Sign(s.key, b), nil }

func signerOf(t testing.TB, origin string, key ed25519.PrivateKey) signer {
	t.Helper()
	text, err := note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	must(t, err)
	v, err := note.NewVerifier(text)
	must(t, err)
	return signer{v, key}
}

func hashesOf(leaves [][]byte) (out []tlog.Hash) {
	for _, b := range leaves {
		out = append(out, tlog.RecordHash(b))
	}
	return out
}

func hashOf(origin string) [32]byte { return sha256.Sum256([]byte(origin)) }
