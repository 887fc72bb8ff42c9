package box

import (
	"testing"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/id"
	"convoke/internal/record"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
)

// TestMixedBatch: a key that was shown just before its box opened, and what is said in
// it, go into their own logs even when they come together.
func TestMixedBatch(t *testing.T) {
	recordtest.Each(t, func(t *testing.T, s *recordtest.Stand) {
		ctx := t.Context()
		b := New(Deps{DB: s.DB, Vault: s.Vault, Record: s.Record, Sets: keyset.New(s.DB, id.NewSource(s.Clock, nil).New), Clock: s.Clock})
		t.Cleanup(b.Stop)
		d, err := b.Prepare(ctx, RollInput{Gate: GateBrowser, Slots: 1})
		if err != nil {
			t.Fatal(err)
		}
		var box leaf.ID
		size := func(log string) (n int64) {
			if err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { n, err = record.Size(ctx, tx, log); return err }); err != nil {
				t.Fatal(err)
			}
			return n
		}
		err = s.DB.Write(ctx, func(tx *db.Tx) (err error) {
			if err = b.StoreRoll(ctx, tx, d); err == nil {
				box, err = b.Open(ctx, tx, d.ID, 0, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign, Opens: dbtest.Now.Unix(), Text: hex64})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		i, err := b.Info(ctx, box)
		if err != nil {
			t.Fatal(err)
		}
		before := size(record.RollLog(d.ID))
		shows, signs := &leaf.Activate{Key: leaf.Key{1}}, &leaf.Sign{Key: leaf.Key{2}}
		batch := []*statement{{leaf: signs.Encode(), key: signs.Key}, {leaf: shows.Encode(), key: shows.Key, shows: shows}}
		for n := range 2 {
			batch[0], batch[1] = batch[1], batch[0]
			b.commit(i, batch)
			for _, x := range batch {
				if x.err != nil {
					t.Error(x.err)
				}
			}
			if roll, said := size(record.RollLog(d.ID)), size(i.Log()); roll != before+1 || said != 1 {
				t.Errorf("round %d: %d leaves in the log of the roll and %d in the box", n, roll-before, said)
			}
		}
	})
}

const hex64 = "0000000000000000000000000000000000000000000000000000000000000001"
