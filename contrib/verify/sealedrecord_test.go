package verify_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/id"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/sealed"
	"convoke/internal/record/tally"
)

// TestBothCheckTrustees lets trustees open a poll, and an operator do it wrongly.
func TestBothCheckTrustees(t *testing.T) {
	t.Parallel()
	tr, secrets := trustees(t, 3, 2)
	m, err := tr.Manifest(50)
	must(t, err)
	dir := t.TempDir()
	w := &world{Stand: recordtest.Open(t, dbtest.SQLite(t), dir+"/keys.db", dir+"/head.json")}
	w.ids = id.NewSource(w.Clock, nil)
	w.Boxes = box.New(box.Deps{DB: w.DB, Vault: w.Vault, Record: w.Record, Sets: keyset.New(w.DB, w.ids.New), Clock: w.Clock})
	t.Cleanup(w.Stop)
	roll := w.roll(t, box.RollInput{Gate: box.GateBrowser, Slots: 3})
	poll := w.open(t, roll, 0, leaf.Box{Type: leaf.Poll, Takes: leaf.TakesSay, Sealed: m, Poll: &tally.Rules{Method: tally.YesNo, Options: 1}})
	petition := w.open(t, roll, 1, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
	must(t, w.Boxes.Close(ctx, poll.ID))
	release := func(seat uint8) leaf.Release {
		s := shareOf(t, secrets[seat-1], tr)
		return leaf.Release{Box: poll.ID, Trustee: s.Seat, Share: s.Secret}
	}
	first, second := release(3), release(1)
	must(t, w.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := w.Record.Append(ctx, tx, record.NodeLog, first.Encode())
		return err
	}))
	file := "b/" + poll.ID.String() + "/" + sealed.TranscriptFile
	m0 := w.export(t)
	m0[file] = tr.JSON()
	both(t, m0, true)
	right := readLogs(t, m0)
	wrong, unsealed, nobody := second, second, second
	wrong.Share[3] ^= 1
	unsealed.Box, nobody.Trustee = petition.ID, 4
	other, _ := trustees(t, 3, 2)
	third, err := other.Manifest(50)
	must(t, err)
	for name, c := range map[string]struct {
		file []byte
		log  func(l [][]byte) [][]byte
		ok   bool
	}{
		"a second share":            {tr.JSON(), last(second.Encode()), true},
		"a wrong share":             {tr.JSON(), last(wrong.Encode()), false},
		"a share twice":             {tr.JSON(), last(first.Encode()), false},
		"a share of a petition":     {tr.JSON(), last(unsealed.Encode()), false},
		"a share of nobody":         {tr.JSON(), last(nobody.Encode()), false},
		"a share before the end":    {tr.JSON(), func(l [][]byte) [][]byte { return append([][]byte{l[0], l[1], first.Encode()}, l[2:]...) }, false},
		"half a share":              {tr.JSON(), last(second.Encode()[:40]), false},
		"no transcript":             {nil, last(), false},
		"another transcript":        {other.JSON(), last(), false},
		"a transcript with a space": {append(tr.JSON(), ' '), last(), false},
		"the same key again":        {tr.JSON(), last(manifest(right["log"][0], `"slot":0`, `"slot":2`)), false},
		"a key that is none": {tr.JSON(), last(leafOf(t, poll.Manifest, func(s *sealed.Manifest) {
			s.Key = slices.Clone(third.Key)
			s.Key[64] ^= 1
			s.Transcript = third.Transcript
		})), false},
		"more needed than there are": {tr.JSON(), last(leafOf(t, poll.Manifest, func(s *sealed.Manifest) { s.Need = 4; s.Transcript = third.Transcript })), false},
		"no room":                    {tr.JSON(), last(leafOf(t, poll.Manifest, func(s *sealed.Manifest) { s.Room = 0; s.Transcript = third.Transcript })), false},
		"a hash in capitals":         {tr.JSON(), last(leafOf(t, poll.Manifest, func(s *sealed.Manifest) { s.Transcript = "A" + third.Transcript[1:] })), false},
	} {
		t.Run(name, func(t *testing.T) {
			l := logs{}
			for log, leaves := range right {
				l[log] = leaves
			}
			l["log"] = c.log(l["log"])
			m := build(t, l)
			if c.file != nil {
				m[file] = c.file
			}
			both(t, m, c.ok)
		})
	}
}

func last(b ...[]byte) func([][]byte) [][]byte {
	return func(l [][]byte) [][]byte { return append(slices.Clone(l), b...) }
}

// leafOf opens a poll with a changed manifest, which no code of ours would write.
func leafOf(t *testing.T, m leaf.Box, change func(*sealed.Manifest)) []byte {
	t.Helper()
	s := *m.Sealed
	change(&s)
	m.Sealed, m.Slot = &s, 2
	text, err := leaf.Canonical(m)
	must(t, err)
	if !json.Valid(text) {
		t.Fatal("no JSON")
	}
	return leaf.Open{Manifest: text}.Encode()
}

// TestBothCountSealed: both open the ballots of a poll with what two of three trustees
// have released, tell spoiled ones apart, and count the rest; and both find a result
// that is not theirs.
func TestBothCountSealed(t *testing.T) {
	t.Parallel()
	tr, secrets := trustees(t, 3, 2)
	dir := t.TempDir()
	w := &world{Stand: recordtest.Open(t, dbtest.SQLite(t), dir+"/keys.db", dir+"/head.json")}
	w.ids = id.NewSource(w.Clock, nil)
	w.Boxes = box.New(box.Deps{DB: w.DB, Vault: w.Vault, Record: w.Record, Sets: keyset.New(w.DB, w.ids.New), Clock: w.Clock})
	t.Cleanup(w.Stop)
	roll := w.roll(t, box.RollInput{Gate: box.GateBrowser})
	m := leaf.Box{
		Type: leaf.Poll, Takes: leaf.TakesSay, Text: strings.Repeat("00", 32), Opens: dbtest.Now.Unix(), Closes: dbtest.Now.Unix() + 3600,
		Poll: &tally.Rules{Method: tally.Schulze, Options: 3, Lots: []int{2, 0, 1}},
	}
	var b leaf.ID
	must(t, w.DB.Write(ctx, func(tx *db.Tx) (err error) {
		b, err = w.Boxes.OpenSealed(ctx, tx, roll, 0, m, tr)
		return err
	}))
	poll, err := w.Boxes.Info(ctx, b)
	must(t, err)
	for _, paper := range [][]byte{{1, 2, 3}, {1, 2, 0}, {2, 1, 0}, {7, 7, 7}, {}} {
		v, err := boxtest.Anybody(ctx, w.Boxes, poll, w.ids.Secret())
		must(t, err)
		body, err := poll.Manifest.Sealed.Seal(poll.Origin, v.Public(), 1, paper)
		must(t, err)
		_, err = w.Boxes.Cast(ctx, b, v.Says(body))
		must(t, err)
	}
	must(t, w.Boxes.Close(ctx, b))
	both(t, w.export(t), true) // nobody knows the result yet
	early := readLogs(t, w.export(t))
	for _, seat := range []uint8{3, 1} {
		s := shareOf(t, secrets[seat-1], tr)
		must(t, w.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := w.Boxes.Release(ctx, tx, leaf.Release{Box: b, Trustee: s.Seat, Share: s.Secret})
			return err
		}))
	}
	r, err := w.Boxes.Count(ctx, b)
	must(t, err)
	if r.Papers != 3 || len(r.Winners) != 1 || r.Winners[0] != 0 {
		t.Errorf("it came out %+v", r)
	}
	text, err := r.JSON()
	must(t, err)
	must(t, w.DB.Write(ctx, func(tx *db.Tx) error { return w.Boxes.PutResult(ctx, tx, b, text) }))
	files := w.export(t)
	both(t, files, true)
	right := readLogs(t, files)
	trustees := "b/" + b.String() + "/" + sealed.TranscriptFile
	told := leaf.Result{Box: b, File: [32]byte{1}}.Encode()
	for name, log := range map[string][][]byte{
		"another result":               append(slices.Clone(right["log"][:len(right["log"])-1]), told),
		"a result before it is opened": append(slices.Clone(early["log"]), told),
	} {
		t.Run(name, func(t *testing.T) {
			l := maps.Clone(right)
			l["log"] = log
			c := build(t, l)
			c[trustees] = tr.JSON()
			both(t, c, false)
		})
	}
}
