package alerts

import (
	"context"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

// HeldRow is a row that a table of this feature holds about somebody.
type HeldRow struct {
	Table string
	Row   []any
}

// HeldOf lists what is held about somebody, for themselves.
func (s *Service) HeldOf(ctx context.Context, tx *db.Tx, p id.Person) (out []HeldRow, err error) {
	all, err := db.Query(ctx, tx, `select n.name, g.name from alert_verifier v join alert_network n on n.id = v.network_id join groups g on g.id = v.group_id
		where v.person_id = $1 order by n.name`, []any{string(p)}, func(scan func(...any) error) (r HeldRow, err error) {
		var network, group string
		err = scan(&network, &group)
		return HeldRow{"alert_verifier", []any{network, group}}, err
	})
	if err != nil {
		return nil, err
	}
	shifts, err := db.Query(ctx, tx, `select n.name, s.starts_at, s.ends_at from alert_shift s join alert_network n on n.id = s.network_id where s.person_id = $1 order by s.starts_at`, []any{string(p)},
		func(scan func(...any) error) (r HeldRow, err error) {
			var network string
			var start, end int64
			err = scan(&network, &start, &end)
			return HeldRow{"alert_shift", []any{network, clock.FromMicros(start), clock.FromMicros(end)}}, err
		})
	out = append(all, shifts...)
	for table, columns := range map[string][2]string{"alert_case": {"claimed_by", "id"}, "alert_draft": {"by_person", "subject"}, "alert_note": {"by_person", "case_id"}, "alert_neighbour": {"named_by", "neighbour_id"}} {
		if err != nil {
			return nil, err
		}
		var rows []HeldRow
		rows, err = db.Query(ctx, tx, "select n.name, x."+columns[1]+" from "+table+" x join alert_network n on n.id = x.network_id where x."+columns[0]+" = $1 order by x."+columns[1], []any{string(p)},
			func(scan func(...any) error) (r HeldRow, err error) {
				var network, subject string
				err = scan(&network, &subject)
				return HeldRow{table, []any{network, subject}}, err
			})
		out = append(out, rows...)
	}
	return out, err
}
