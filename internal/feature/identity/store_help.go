package identity

import (
	"context"
	"time"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

func eventLinks(ctx context.Context, tx *db.Tx, e id.Event) ([]EventLink, error) {
	return db.Query(ctx, tx, `select id, role, expires_at, for_handle from invitation
		where event_id = $1 and used_day = 0 and expires_at > $2 order by expires_at desc, id desc`,
		[]any{string(e), clock.Micros(tx.Now())}, func(scan func(...any) error) (EventLink, error) {
			var o EventLink
			var at int64
			err := scan(&o.ID, &o.Role, &at, &o.Handle)
			o.Ends = clock.FromMicros(at)
			return o, err
		})
}

func deleteEventLink(ctx context.Context, tx *db.Tx, e id.Event, iid string) (int64, error) {
	return tx.Exec(ctx, "delete from invitation where event_id = $1 and id = $2 and used_day = 0", string(e), iid)
}

// deleteLinksFor removes every link that only the account of a handle could use.
func deleteLinksFor(ctx context.Context, tx *db.Tx, handle string) error {
	_, err := tx.Exec(ctx, "delete from invitation where for_handle = $1 and for_handle <> ''", handle)
	return err
}

// AuditLine is how often somebody did something on a day.
type AuditLine struct {
	Day            time.Time
	Action, Handle string
	Count          int
}

const selectAuditOfSubject = `select a.day, a.action, coalesce(p.handle, ''), count(*) from audit a left join person p on p.id = a.person_id
	where a.subject = $1 and a.action = $2 group by a.day, a.action, a.person_id, p.handle order by a.day desc, p.handle limit $3`

func auditOf(ctx context.Context, tx *db.Tx, subject, action string, limit int) ([]AuditLine, error) {
	return db.Query(ctx, tx, selectAuditOfSubject, []any{subject, action, limit}, func(scan func(...any) error) (AuditLine, error) {
		var a AuditLine
		var d int
		err := scan(&d, &a.Action, &a.Handle, &a.Count)
		a.Day = day.Time(d)
		return a, err
	})
}
