package verify_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/verify"
)

// forged is the record as a dishonest operator would publish it who put these leaves
// into the box: signed with the node's own key, in tiles that fit.
func (s *stand) forged(t testing.TB, m memory, i *box.Info, leaves [][]byte) memory {
	t.Helper()
	c, log := m.copy(), i.Log()
	for path := range c {
		if strings.HasPrefix(path, log+"/") {
			delete(c, path)
		}
	}
	s.must(t, s.signs(t, log, leaves).Export(ctx, func(l string) bool { return l == log }, func(path string, b []byte) error {
		if strings.HasPrefix(path, log+"/") {
			c[path] = b
		}
		return nil
	}))
	return c
}

// signs is a second record under the node's own key, with these leaves in a log.
func (s *stand) signs(t testing.TB, log string, leaves [][]byte) *record.Record {
	t.Helper()
	var sealed []byte
	s.must(t, s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, "select sealed from record_key where name = 'node'", nil, &sealed)
	}))
	other := dbtest.SQLite
	if s.DB.Engine() == db.Postgres {
		other = dbtest.Postgres
	}
	d := dbtest.Open(t, other(t), s.Clock)
	s.must(t, d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "insert into record_key (name, sealed) values ('node', $1)", sealed)
		return err
	}))
	r, err := record.Open(ctx, record.Deps{DB: d, Vault: s.Vault, Log: s.Record.Log, Node: s.Node})
	s.must(t, err)
	s.must(t, d.Write(ctx, func(tx *db.Tx) error {
		if log != record.NodeLog {
			if err := r.Start(ctx, tx, log); err != nil {
				return err
			}
		}
		_, err := r.Append(ctx, tx, log, leaves...)
		return err
	}))
	return r
}

// signed is the record with another text for the checkpoint of a log, signed with the
// node's own key.
func (s *stand) signed(t testing.TB, m memory, log, text string) memory {
	t.Helper()
	key, err := record.LoadKey(ctx, s.DB, s.Vault, "node")
	s.must(t, err)
	origin := s.Node + "/" + log
	keyed := append([]byte{1}, key.Public().(ed25519.PublicKey)...)
	id := sha256.Sum256(append([]byte(origin+"\n"), keyed...))
	signer, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%x+%s", origin, id[:4], base64.StdEncoding.EncodeToString(append([]byte{1}, key.Seed()...))))
	s.must(t, err)
	c := m.copy()
	c[log+"/checkpoint"], err = note.Sign(&note.Note{Text: text}, signer)
	s.must(t, err)
	return c
}

// TestOneSpelling: a checkpoint that is signed and right, but spelled so that other
// verifiers refuse it, is refused here too.
func TestOneSpelling(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.open(t, box.RollInput{Gate: box.GateBrowser}, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
		p, auth := s.voter(t, i, "")
		s.cast(t, i, p.Sign(auth))
		m := s.files(t)
		text, _, _ := strings.Cut(string(m[i.Log()+"/checkpoint"]), "\n\n")
		text += "\n"
		proven(t, s.signed(t, m, i.Log(), text), verify.Options{})
		for name, other := range map[string]string{
			"a sign":         strings.Replace(text, "\n1\n", "\n+1\n", 1),
			"zeros":          strings.Replace(text, "\n1\n", "\n01\n", 1),
			"loose base64":   loose(text),
			"an end of line": strings.Replace(text, "=\n", "\r=\n", 1),
		} {
			if r, err := verify.Verify(ctx, s.signed(t, m, i.Log(), other), verify.Options{}); err != nil || r.Right() {
				t.Errorf("%s: found nothing in %q, %v", name, other, err)
			}
		}
	})
}

// loose changes bits of a hash in base64 that nobody reads.
func loose(text string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	at := strings.LastIndex(text, "=") - 1
	return text[:at] + string(digits[strings.IndexByte(digits, text[at])+1]) + text[at+1:]
}
