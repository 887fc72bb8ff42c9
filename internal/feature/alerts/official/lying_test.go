package official_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/geo"
)

// TestFeedsHideNothing: a feed that says something else in the name of another one is shown
// beside it.
func TestFeedsHideNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a := warning{id: "a"}
		lie := a
		lie.info = fmt.Sprintf(`<info><category>Met</category><event>wind</event><urgency>Expected</urgency><severity>Minor</severity><certainty>Likely</certainty><expires>%s</expires>
			<headline>It is nothing</headline></info>`, stamp(6*time.Hour))
		w.publishes(otherOf, lie)
		w.refresh() // it is the first
		w.publishes(feedURL, a)
		w.refresh()
		if got := w.holds(""); !strings.Contains(got, "It is nothing") || !strings.Contains(got, "Storm a") {
			t.Errorf("%q", got)
		}
		var many []warning
		for i := range 100 { // as many as are listed, and all of them newer
			many = append(many, warning{id: fmt.Sprint("x", i), at: time.Hour})
		}
		w.publishes(otherOf, many...)
		w.refresh()
		for _, cells := range [][]geo.GridCell{nil, {cellAt(51.34, 12.37)}} {
			if got := w.holds("", cells...); !strings.HasSuffix(got, "Storm a") && !strings.Contains(got, "Storm a,") || strings.Count(got, ",") != 99 {
				t.Errorf("pushed out: %q", got)
			}
		}
	}, otherOf)
}

// TestLyingFeed: a feed that never ends, all of one second, fills no disk.
func TestLyingFeed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.publishes(feedURL, warning{id: "a"})
		w.refresh()
		must(t, w.d.Write(t.Context(), func(tx *db.Tx) error {
			for i := range 5000 { // as two days bring
				if _, err := tx.Exec(t.Context(), "insert into alert_feed_file (feed, link, updated_at, until) values ($1, $2, 0, $3)", feedURL, fmt.Sprint(i), clock.Micros(tx.Now().Add(time.Hour))); err != nil {
					return err
				}
			}
			return nil
		}))
		rows := map[string]int{}
		for round := range 12 {
			var all []warning
			for i := range 100 {
				x := warning{id: fmt.Sprintf("w%d-%d", round, i)}
				for k := range 10 {
					x.refs += fmt.Sprintf("x,%d-%d-%d,%s ", round, i, k, stamp(-time.Hour))
				}
				x.kind = "Update"
				all = append(all, x)
			}
			w.publishes(feedURL, all...)
			w.refresh()
		}
		for _, table := range []string{"alert_official", "alert_official_over", "alert_feed_file"} {
			must(t, w.d.Read(t.Context(), func(tx *db.Tx) error {
				var n int
				err := tx.Get(t.Context(), "select count(*) from "+table, nil, &n)
				rows[table] = n
				return err
			}))
		}
		if rows["alert_official"] != 1000 || rows["alert_official_over"] != 10_000 || rows["alert_feed_file"] != 4000 {
			t.Errorf("%v", rows)
		}
	})
}
