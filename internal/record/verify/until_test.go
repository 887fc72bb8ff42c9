package verify_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/verify"
)

// TestLateMilestone: a node that notes a goal as reached after the time to pledge is
// found out.
func TestLateMilestone(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.open(t, box.RollInput{Gate: box.GateBrowser},
			leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Goals: []uint64{1}, Until: dbtest.Now.Add(time.Hour).Unix()})
		p, auth := s.voter(t, i, "")
		s.cast(t, i, p.Say(i.Origin, auth, 1, leaf.Pledge{Threshold: 1}.Encode()))
		proven(t, s.files(t), verify.Options{})
		s.must(t, s.DB.Write(ctx, func(tx *db.Tx) error {
			l := leaf.Milestone{Box: i.ID, Part: box.Whole, Goal: 1, Count: 1, Size: 1, Time: i.Manifest.Until}
			_, err := s.Append(ctx, tx, record.NodeLog, l.Encode())
			return err
		}))
		r := recounted(t, s.files(t), verify.Options{})
		if r.Right() || !strings.Contains(fmt.Sprint(r.Wrong), "after the time to pledge") {
			t.Errorf("found %v", r)
		}
	})
}
