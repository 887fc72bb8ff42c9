package attendance_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/attendance"
	"convoke/internal/id"
)

// A code is found by the key of the table: both ends of a range belong to it,
// sign-ups of other events do not.
func TestHoldersBetween(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e, other := h.publish(t, nil).Event, h.publish(t, nil).Event
		var hashes [][]byte
		for i := range 9 {
			hashes = append(hashes, id.Hash(h.guest(t, e, attendance.Input{Party: i + 1})))
			h.guest(t, other, attendance.Input{Party: 1})
		}
		slices.SortFunc(hashes, bytes.Compare)
		find := func(from, to []byte, limit int) []attendance.Holder {
			t.Helper()
			var out []attendance.Holder
			err := h.db.Read(t.Context(), func(tx *db.Tx) (err error) {
				out, err = h.HoldersBetween(t.Context(), tx, e, from, to, limit)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		got := find(hashes[2], hashes[5], 10)
		if len(got) != 4 || !bytes.Equal(got[0].Hash, hashes[2]) || !bytes.Equal(got[3].Hash, hashes[5]) || got[0].State != attendance.Going || got[0].Event != e {
			t.Errorf("%+v", got)
		}
		if got := find(hashes[2], hashes[5], 3); len(got) != 3 {
			t.Errorf("with a limit: %+v", got)
		}
		if got := find(hashes[5], hashes[2], 3); len(got) != 0 {
			t.Errorf("backwards: %+v", got)
		}
	})
	plan := dbtest.Plan(t, dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)), `select hash, state, party from attendance
		where event_id = 'e' and hash >= x'00' and hash <= x'ff' order by hash limit 10`)
	if strings.Contains(plan, "SCAN") || strings.Contains(plan, "TEMP B-TREE") {
		t.Error(plan)
	}
}

// Doors and feedback ask for the end of an event, and how many have a place.
func TestWhatDoorsAsk(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		c := h.publish(t, nil)
		err := h.db.Read(t.Context(), func(tx *db.Tx) error {
			if n, err := h.Going(t.Context(), tx, "01hzzzzzzzzzzzzzzzzzzzzzzz"); n != 0 || err != nil {
				t.Errorf("of no event: %d, %v", n, err)
			}
			end, gone, err := h.Ends(t.Context(), tx, c.Event)
			if !end.Equal(c.End) || !gone.Equal(c.End.Add(7*24*time.Hour)) {
				t.Errorf("%v, %v", end, gone)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
