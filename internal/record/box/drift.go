package box

import (
	"context"

	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
)

// Drift is a box whose counters are not what its rows say.
type Drift struct {
	Box           string
	Counted, Rows int64 // statements that count
	Keys, Known   int64 // keys that took part: by the counters, by the set of keys
}

// maxRecount bounds the boxes whose rows are counted one by one.
const maxRecount = 50_000

// Drifts compares the counters of boxes with the keys that took part and, of
// pledges, with what each key says now. Large boxes are compared by the sizes of
// their sorted runs alone.
func Drifts(ctx context.Context, tx *db.Tx) ([]Drift, error) {
	type row struct {
		id, kind           string
		counted, withdrawn int64
	}
	all, err := db.Query(ctx, tx, "select id, kind, counted, withdrawn from box order by id", nil, func(scan func(...any) error) (r row, err error) {
		return r, scan(&r.id, &r.kind, &r.counted, &r.withdrawn)
	})
	if err != nil {
		return nil, err
	}
	var out []Drift
	for _, r := range all {
		id, err := leaf.ParseID(r.id)
		if err != nil {
			return nil, err
		}
		d := Drift{Box: r.id, Counted: r.counted, Rows: r.counted, Keys: r.counted + r.withdrawn}
		err = tx.Get(ctx, `select (select count(*) from record_fresh where set_id = $1)
			+ coalesce((select sum(keys) from record_run where set_id = $1 and ready), 0)`, []any{record.BoxLog(id)}, &d.Known)
		if err != nil {
			return nil, err
		}
		if r.kind == leaf.PledgeTo && d.Keys <= maxRecount {
			if err := tx.Get(ctx, "select count(*) from box_say where box_id = $1 and live", []any{r.id}, &d.Rows); err != nil {
				return nil, err
			}
		}
		if d.Counted != d.Rows || d.Keys != d.Known {
			out = append(out, d)
		}
	}
	return out, nil
}
