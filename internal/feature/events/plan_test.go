package events

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/geo"
)

// fullScan is a step of SQLite's plan that reads a whole table or sorts it.
var fullScan = regexp.MustCompile(`SCAN e$|SCAN event$|TEMP B-TREE`)

// Every search walks along an index: none reads the whole table, none sorts.
func TestSearchesUseIndices(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now))
	leipzig := geo.Place{Point: geo.Point{Lat: 51.34, Lon: 12.37}}
	day := dbtest.Now.Truncate(24 * time.Hour)
	for name, c := range map[string]struct {
		q     Query
		index string
	}{
		"upcoming": {Query{}, "at_key"}, "past": {Query{Past: true}, "at_key"}, "all": {Query{All: true}, "at_key"},
		"days":            {Query{From: day, To: day.AddDate(0, 1, 0)}, "at_key"},
		"kind":            {Query{Kinds: []Kind{"march"}}, "event_kind"},
		"group":           {Query{Group: "g1"}, "event_group"},
		"campaign":        {Query{Under: "c1"}, "event_campaign"},
		"near":            {Query{Place: leipzig, HasPlace: true, Radius: 25}, "event_cell9"},
		"far":             {Query{Place: leipzig, HasPlace: true, Radius: 120}, "event_cell6"},
		"window":          {Query{Box: geo.Box{South: 40, West: -10, North: 60, East: 20}, HasBox: true}, "event_cell"},
		"near, kind":      {Query{Place: leipzig, HasPlace: true, Radius: 25, Kinds: []Kind{"march"}}, "VIRTUAL TABLE"},
		"words":           {Query{Text: "bridge soup"}, "VIRTUAL TABLE"},
		"language":        {Query{Lang: "de"}, "VIRTUAL TABLE"},
		"near, words":     {Query{Place: leipzig, HasPlace: true, Radius: 25, Text: "bridge"}, "VIRTUAL TABLE"},
		"words, past":     {Query{Text: "bridge", Past: true}, "VIRTUAL TABLE"},
		"kinds, language": {Query{Kinds: []Kind{"march", "rally"}, Lang: "es"}, "VIRTUAL TABLE"},
	} {
		c.q.Limit = 30
		err := d.Read(t.Context(), func(tx *db.Tx) error {
			f := finder{q: c.q, tx: tx, ctx: t.Context(), want: 31}
			if err := f.plan(); err != nil {
				return err
			}
			if _, err := f.ongoing(); err != nil {
				return err
			}
			steps, err := db.Query(t.Context(), tx, "explain query plan "+f.sql(31), f.args, func(scan func(...any) error) (string, error) {
				var id, parent, unused int
				var detail string
				err := scan(&id, &parent, &unused, &detail)
				return detail, err
			})
			if err != nil {
				return err
			}
			all := strings.Join(steps, "\n")
			for _, s := range steps {
				if fullScan.MatchString(s) {
					t.Errorf("%s: %s\n%s", name, all, f.sql(31))
					break
				}
			}
			if !strings.Contains(all, c.index) {
				t.Errorf("%s: no %s in\n%s", name, c.index, all)
			}
			return nil
		})
		if err != nil {
			t.Fatal(name, err)
		}
	}
}
