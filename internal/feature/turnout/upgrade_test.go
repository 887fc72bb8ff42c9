package turnout_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/turnout"
	"convoke/internal/id"
)

// Totals of a node that knew no days are what they were, by day and by place:
// an event of many days keeps its one estimate on its first.
func TestTotalsOfBeforeStay(t *testing.T) {
	t.Parallel()
	dbtest.Upgrade(t, "202611280960", totalsOfBefore, func(t *testing.T, d *db.DB) {
		b := newBoard(d)
		if got, err := b.drifts(t.Context()); err != nil || len(got) > 0 {
			t.Errorf("drifts: %v, %v", got, err)
		}
		if diff := cmp.Diff([]turnout.Row{{Day: 20240105, Events: 1, Low: 20, High: 30}}, b.totals(t, turnout.Query{})); diff != "" {
			t.Error(diff)
		}
		month := turnout.Query{Places: true, Month: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
		if diff := cmp.Diff([]turnout.Row{{Country: "DE", Events: 1, Low: 20, High: 30}}, b.totals(t, month)); diff != "" {
			t.Error(diff)
		}
	})
}

// totalsOfBefore makes an event of many days with one estimate.
func totalsOfBefore(t *testing.T, d *db.DB) {
	t.Helper()
	ctx, b := t.Context(), newBoard(d)
	e := id.Event(b.ids.New())
	err := d.Write(ctx, func(tx *db.Tx) error {
		if err := b.put(ctx, tx, e, &turnout.Spot{Day: 20240105, Country: "DE"}); err != nil {
			return err
		}
		for _, q := range []string{
			"update event set ends_at = starts_at + 864000000000",
			`insert into estimate (id, event_id, day, low, high, words, method, source_name, source_url, made_at)
				values ('x', '` + string(e) + `', 20240105, 20, 30, '', 'eye', 'Us', '', 0)`,
			"insert into turnout (event_id, low, high, estimates) values ('" + string(e) + "', 20, 30, 1)",
			"insert into turnout_day (day, country, region, events, estimated, low, high) values (20240105, 'DE', '', 1, 1, 20, 30)",
		} {
			if _, err := tx.Exec(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
