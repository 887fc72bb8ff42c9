package app_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"convoke/internal/app"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
	"convoke/internal/record/verify"
	"convoke/internal/seal"
	"convoke/internal/web/webtest"
)

// petition opens a box that anybody with a browser may sign.
func petition(t *testing.T, n *app.Node) *box.Info {
	t.Helper()
	ctx := t.Context()
	d, err := n.Boxes.Prepare(ctx, box.RollInput{Gate: "browser"})
	if err != nil {
		t.Fatal(err)
	}
	var b leaf.ID
	err = n.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err := n.Boxes.StoreRoll(ctx, tx, d); err != nil {
			return err
		}
		b, err = n.Boxes.Open(ctx, tx, d.ID, 0, leaf.Box{
			Type: leaf.Petition, Takes: leaf.TakesSign, Text: strings.Repeat("0", 64),
			Opens: dbtest.Now.Unix(), Closes: dbtest.Now.Add(100 * 24 * time.Hour).Unix(),
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	i, err := n.Boxes.Info(ctx, b)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// sign takes a credential and puts a signature into the box.
func sign(ctx context.Context, n *app.Node, i *box.Info) error {
	v, err := boxtest.Anybody(ctx, n.Boxes, i, n.IDs.Secret())
	if err != nil {
		return err
	}
	_, err = n.Boxes.Cast(ctx, i.ID, v.Signs())
	return err
}

func signed(t *testing.T, n *app.Node, i *box.Info, times int) {
	t.Helper()
	for range times {
		if err := sign(t.Context(), n, i); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Record.Anchor(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// recount verifies an exported folder.
func recount(t *testing.T, dir string) *verify.Report {
	t.Helper()
	src, _, c, err := verify.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := verify.Verify(t.Context(), src, verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRestoredRecord proves what a restore must not do: bring back the key of a
// slot that was destroyed, let the record go on as if nothing had been published
// since, or let the witness sign again what it has forgotten.
func TestRestoredRecord(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSaved(t, url(t))
			closing, open := petition(t, s.Node), petition(t, s.Node)
			signed(t, s.Node, closing, 1)
			signed(t, s.Node, open, 2)
			file := s.save()
			if err := s.Boxes.Close(t.Context(), closing.ID); err != nil {
				t.Fatal(err)
			}
			later := s.save()
			cfg, o := s.empty("", file)
			o.Keys = s.with(later).Keys
			halted := false
			o.Halted = func() { halted = true }
			r, err := app.Restore(t.Context(), cfg, webtest.Log(t), file, o)
			if err != nil || r.Erased == 0 || !halted {
				t.Fatalf("erased %d, halted %v: %v", r.Erased, halted, err)
			}
			m := start(t, cfg)
			slotGone(t, m.Node, closing)
			if m.Record.Halted() == "" {
				t.Error("the record goes on")
			}
			if err := sign(t.Context(), m.Node, open); !fault.Is(err, fault.KindUnavailable) {
				t.Errorf("signing gives %v", err)
			}
			if m.WitnessKey() == s.WitnessKey() {
				t.Error("the witness has its old key")
			}
			renamed(t, s, m, open)
		})
	}
}

func slotGone(t *testing.T, n *app.Node, i *box.Info) {
	t.Helper()
	if _, err := n.Vault.Existing(t.Context(), box.SlotScope(i.Roll, 0)); !errors.Is(err, seal.ErrDestroyed) {
		t.Errorf("the key of a destroyed slot: %v", err)
	}
	var sealed []byte
	var issued int
	err := n.DB.Read(t.Context(), func(tx *db.Tx) error {
		return tx.Get(t.Context(), "select sealed, issued from slot_key where roll_id = $1", []any{i.Roll.String()}, &sealed, &issued)
	})
	if err != nil || len(sealed) > 0 || issued != 1 {
		t.Errorf("of a destroyed slot there are %d bytes, and %d credentials: %v", len(sealed), issued, err)
	}
}

// renamed starts a new record, after a mirror of the old one was made.
func renamed(t *testing.T, s *saved, m *stand, open *box.Info) {
	ctx, dir := t.Context(), t.TempDir()
	if _, err := m.ExportRecord(ctx, dir, nil); err != nil {
		t.Fatal(err)
	}
	if r := recount(t, dir); !r.Right() || len(r.Boxes) != 2 {
		t.Errorf("the mirror of the restored record: %+v", r)
	}
	if _, err := m.RenameRecord(ctx, m.Record.Node); !errors.Is(err, record.ErrSameName) {
		t.Errorf("the old name gives %v", err)
	}
	if n, err := m.RenameRecord(ctx, "again.example.org"); err != nil || n != 2 {
		t.Fatalf("%d boxes ended: %v", n, err)
	}
	n := start(t, m.Config)
	if n.Record.Halted() != "" || n.Record.Node != "again.example.org" {
		t.Errorf("it is %s, halted %q", n.Record.Node, n.Record.Halted())
	}
	if err := sign(ctx, n.Node, open); fault.Of(err) == nil {
		t.Errorf("signing in an old box gives %v", err)
	}
	fresh := petition(t, n.Node)
	signed(t, n.Node, fresh, 3)
	if _, err := n.ExportRecord(ctx, dir, nil); !errors.Is(err, app.ErrOtherRecord) {
		t.Errorf("exporting over the old record gives %v", err)
	}
	second := t.TempDir()
	if _, err := n.ExportRecord(ctx, second, nil); err != nil {
		t.Fatal(err)
	}
	if r := recount(t, second); !r.Right() || len(r.Boxes) != 1 || r.Boxes[0].Counted != 3 || r.Node != "again.example.org" {
		t.Errorf("the new record: %+v", r)
	}
	b := n.visitor()
	if p := b.Get(open.Log()); p.Status == 200 {
		t.Log("a page of the box is there")
	}
	if p := b.Get("/" + open.Log() + "/checkpoint"); !strings.HasPrefix(p.Body, s.Record.Node+"/"+open.Log()+"\n2\n") {
		t.Errorf("the old checkpoint reads\n%s", p.Body)
	}
	healthy(t, n)
}

// TestMovedRecord goes on under the old name when nothing else was published, and
// refuses when the noted head says otherwise.
func TestMovedRecord(t *testing.T) {
	t.Parallel()
	s := newSaved(t, "")
	i := petition(t, s.Node)
	signed(t, s.Node, i, 1)
	file := s.save()
	if err := s.ContinueRecord(t.Context()); !errors.Is(err, record.ErrNotHalted) {
		t.Errorf("without a halt: %v", err)
	}
	signed(t, s.Node, i, 1)
	head := "record-head.json"
	cfg, o := s.empty("", file)
	if _, err := app.Restore(t.Context(), cfg, webtest.Log(t), file, o); err != nil {
		t.Fatal(err)
	}
	copied(t, filepath.Join(s.Config.Data, head), filepath.Join(cfg.Data, head))
	m := start(t, cfg)
	if err := m.ContinueRecord(t.Context()); !errors.Is(err, record.ErrAhead) {
		t.Errorf("although more was published: %v", err)
	}
	if err := os.Remove(filepath.Join(cfg.Data, head)); err != nil {
		t.Fatal(err)
	}
	if err := m.ContinueRecord(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := start(t, cfg)
	signed(t, n.Node, i, 1)
	healthy(t, n)
}

// TestExportRecordAgain writes only what is new, and never takes a checkpoint ahead
// of its tiles.
func TestExportRecordAgain(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	i := petition(t, s.Node)
	dir := t.TempDir()
	signed(t, s.Node, i, 2)
	first, err := s.ExportRecord(t.Context(), dir, nil)
	if err != nil || first.Written != first.Files {
		t.Fatalf("first %+v: %v", first, err)
	}
	again, err := s.ExportRecord(t.Context(), dir, nil)
	if err != nil || again.Written != 0 || again.Files != first.Files {
		t.Errorf("again %+v: %v", again, err)
	}
	lines := make([][]byte, 300)
	for k := range lines {
		lines[k] = leaf.Note{Box: i.ID, JSON: []byte(`{"reply":"` + strings.Repeat("0", 64) + `"}`)}.Encode()
	}
	err = s.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := s.Record.Append(t.Context(), tx, record.NodeLog, lines...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ExportRecord(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(dir, "log/tile/entries/000")
	before, err := os.Stat(full)
	if err != nil {
		t.Fatal(err)
	}
	signed(t, s.Node, i, 1)
	if _, err := s.ExportRecord(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(full)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("a full tile was written again: %v", err)
	}
	if r := recount(t, dir); !r.Right() || r.Boxes[0].Counted != 3 {
		t.Errorf("the mirror: %+v", r)
	}
	if st, err := os.Stat(filepath.Join(dir, "log")); err != nil || st.Mode().Perm() != 0o755 {
		t.Errorf("the folder is for %v: %v", st.Mode(), err)
	}
}
