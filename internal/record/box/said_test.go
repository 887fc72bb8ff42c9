package box_test

import (
	"reflect"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
)

func (s *stand) said(t fataler, i *box.Info, k leaf.Key) (box.Saying, bool) {
	t.Helper()
	var x box.Saying
	var ok bool
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		x, ok, err = s.Said(ctx, tx, i.ID, k)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return x, ok
}

// TestSaid follows what two keys say, so that their holders can say something newer.
func TestSaid(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.open(t, s.roll(t, box.RollInput{Gate: box.GateBrowser}), 0, leaf.Box{})
		v := s.anybody(t, i)
		if x, ok := s.said(t, i, v.Public()); ok {
			t.Errorf("before it took part, the key says %+v", x)
		}
		s.cast(t, i, v.Signs())
		want := box.Saying{Live: true, Hash: tlog.RecordHash(v.Signs())}
		if x, ok := s.said(t, i, v.Public()); !ok || !reflect.DeepEqual(x, want) {
			t.Errorf("the key says %+v, %v; want %+v", x, ok, want)
		}
		b := v.Says(leaf.Withdraw())
		s.cast(t, i, b)
		want = box.Saying{Counter: 1, Hash: tlog.RecordHash(b)}
		if x, ok := s.said(t, i, v.Public()); !ok || !reflect.DeepEqual(x, want) {
			t.Errorf("the key says %+v, %v; want %+v", x, ok, want)
		}

		p := s.open(t, s.roll(t, box.RollInput{Gate: box.GateBrowser}), 0, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Parts: 3})
		v = s.anybody(t, p)
		s.cast(t, p, v.Says(leaf.Pledge{Threshold: 7, Part: 2}.Encode()))
		b = v.Says(leaf.Done())
		s.cast(t, p, b)
		want = box.Saying{Counter: 2, Live: true, Done: true, Threshold: 7, Part: 2, Hash: tlog.RecordHash(b)}
		if x, ok := s.said(t, p, v.Public()); !ok || !reflect.DeepEqual(x, want) {
			t.Errorf("the key says %+v, %v; want %+v", x, ok, want)
		}
		if err := s.Taking(ctx, p); err != nil {
			t.Error(err)
		}
		opening, roll, err := s.Openings(ctx, p)
		if err != nil || leaf.IDOf(opening) != p.ID || leaf.IDOf(roll) != p.Roll {
			t.Errorf("the openings are of %s and %s: %v", leaf.IDOf(opening), leaf.IDOf(roll), err)
		}
		if err := s.Close(ctx, p.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.Taking(ctx, p); !fault.HasCode(err, "box.closed") {
			t.Errorf("closed early, it says %v", err)
		}
		if x, ok := s.said(t, p, v.Public()); !ok || !reflect.DeepEqual(x, want) {
			t.Errorf("after closing, the key says %+v, %v", x, ok)
		}
	})
}
