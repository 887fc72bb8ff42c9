package box_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
	"convoke/internal/record/sealed/sealedtest"
	"convoke/internal/record/verify"
)

// keptShut opens a poll of n members that three trustees, of whom it takes two, keep shut.
func (s *stand) keptShut(t *testing.T, n int) (i *box.Info, refs []string, tr *sealed.Transcript, secrets []*sealed.Secret) {
	t.Helper()
	tr, secrets, err := sealedtest.Run(s.Record.Node, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	refs = people(n)
	roll := s.roll(t, box.RollInput{Gate: box.GateMembers, References: refs})
	var b leaf.ID
	s.write(t, func(tx *db.Tx) (err error) {
		b, err = s.OpenSealed(ctx, tx, roll, 0, s.asked(), tr)
		return err
	})
	if i, err = s.Info(ctx, b); err != nil {
		t.Fatal(err)
	}
	return i, refs, tr, secrets
}

func (s *stand) asked() leaf.Box {
	now := dbtest.Now
	return leaf.Box{Type: leaf.Poll, Takes: leaf.TakesSay, Poll: yesno(), Text: "00000000000000000000000000000000000000000000000000000000000000ff", Opens: now.Unix(), Closes: now.Unix() + 86400}
}

// shut seals a paper as the next statement of a voter.
func shut(t *testing.T, i *box.Info, v *boxtest.Voter, paper ...byte) []byte {
	t.Helper()
	body, err := i.Manifest.Sealed.Seal(i.Origin, v.Public(), v.Next+1, paper)
	if err != nil {
		t.Fatal(err)
	}
	return v.Says(body)
}

func (s *stand) release(i *box.Info, l leaf.Release) (enough bool, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		enough, err = s.Release(ctx, tx, l)
		return err
	})
	return enough, err
}

// TestSealed: ballots stay shut until two of three trustees have given their shares,
// after the close; then they are counted as everybody counts them, and spoiled ones
// take part in nothing.
func TestSealed(t *testing.T) {
	eachCounted(t, func(t *testing.T, s *stand) {
		i, refs, tr, secrets := s.keptShut(t, 5)
		share := func(seat uint8) leaf.Release {
			x, err := secrets[seat-1].Share(tr)
			if err != nil {
				t.Fatal(err)
			}
			return leaf.Release{Box: i.ID, Trustee: seat, Share: x.Secret}
		}
		var all []*boxtest.Voter
		for _, ref := range refs[:4] {
			all = append(all, s.member(t, i, ref))
		}
		s.cast(t, i, shut(t, i, all[0], 0))
		s.cast(t, i, shut(t, i, all[1], 1))
		s.cast(t, i, shut(t, i, all[1], 0))
		s.cast(t, i, shut(t, i, all[2], 9))
		s.cast(t, i, shut(t, i, all[3], 1))
		_, err := s.Cast(ctx, i.ID, all[3].Says(yes))
		wantCode(t, err, "box.body")
		_, err = s.release(i, share(1))
		wantCode(t, err, "trustees.share_early")
		if err := s.Close(ctx, i.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Count(ctx, i.ID); !errors.Is(err, box.ErrShut) {
			t.Errorf("it is counted without a share: %v", err)
		}
		wrong := share(1)
		wrong.Trustee = 2
		_, err = s.release(i, wrong)
		wantCode(t, err, "trustees.share")
		for n, x := range []struct {
			seat   uint8
			enough bool
		}{{3, false}, {3, false}, {1, true}, {1, false}, {2, false}} {
			if enough, err := s.release(i, share(x.seat)); err != nil || enough != x.enough {
				t.Errorf("share %d: enough %v, %v", n, enough, err)
			}
		}
		r, err := s.Count(ctx, i.ID)
		if err != nil || r.Sums[0] != 2 || r.Sums[1] != 1 || r.Papers != 3 || r.Eligible != 5 {
			t.Errorf("it came out %+v, %v", r, err)
		}
		page, next, err := s.Papers(ctx, i.ID, 0, 100)
		if err != nil || len(page) != 3 || next != -1 {
			t.Errorf("%d ballots are shown, %d, %v", len(page), next, err)
		}
		text, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		s.write(t, func(tx *db.Tx) error { return s.PutResult(ctx, tx, i.ID, text) })
		s.verified(t, i)
	})
}

// verified writes the record as a mirror has it and lets the verifier count.
func (s *stand) verified(t *testing.T, i *box.Info) {
	t.Helper()
	if err := s.Record.Anchor(ctx); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	err := s.Record.Export(ctx, nil, func(path string, data []byte) error {
		file := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		return os.WriteFile(file, data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	src, _, closer, err := verify.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	report, err := verify.Verify(ctx, src, verify.Options{Box: i.ID.String()})
	if err != nil || len(report.Boxes) != 1 || report.Boxes[0].Spoiled != 1 {
		t.Errorf("the verifier says %+v, %v", report, err)
	}
}

// TestTrusteesKeepOneBox: what opens one poll would open the other.
func TestTrusteesKeepOneBox(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i, _, tr, secrets := s.keptShut(t, 3)
		roll := s.roll(t, box.RollInput{Gate: box.GateMembers, References: people(3)})
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := s.OpenSealed(ctx, tx, roll, 0, s.asked(), tr)
			return err
		})
		wantCode(t, err, "trustees.used")
		other, _ := s.poll(t, 3, leaf.Box{})
		x, err := secrets[0].Share(tr)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.release(i, leaf.Release{Box: other.ID, Trustee: 1, Share: x.Secret})
		wantCode(t, err, "trustees.not_sealed")
		elsewhere, _, err := sealedtest.Run("elsewhere.example", 2, 2)
		if err != nil {
			t.Fatal(err)
		}
		err = s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := s.OpenSealed(ctx, tx, roll, 0, s.asked(), elsewhere)
			return err
		})
		if !errors.Is(err, sealed.ErrManifest) {
			t.Errorf("trustees of another node: %v", err)
		}
	})
}
