package groups

import (
	"context"
	"fmt"
	"html/template"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

func insertAnnouncement(ctx context.Context, tx *db.Tx, g id.Group, uid string, a Announcement) error {
	_, err := tx.Exec(ctx, `insert into announcement (id, group_id, uid, title, body, body_html, day, ends_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (group_id, uid) do nothing`,
		a.ID, string(g), uid, a.Title, a.Body, string(a.HTML), day.Of(tx.Now()), day.Of(tx.Now().Add(keepAnnouncement)))
	if err != nil {
		return fmt.Errorf("insert announcement: %w", err)
	}
	return nil
}

func announcements(ctx context.Context, tx *db.Tx, g id.Group, limit int) ([]Announcement, error) {
	return db.Query(ctx, tx, "select id, uid, title, body, body_html, day from announcement where group_id = $1 and ends_day > $2 order by day desc, id desc limit $3",
		[]any{string(g), day.Of(tx.Now()), limit}, func(scan func(...any) error) (Announcement, error) {
			var a Announcement
			var html string
			var d int
			err := scan(&a.ID, &a.Key, &a.Title, &a.Body, &html, &d)
			a.HTML = template.HTML(html) //nolint:gosec,forbidigo // made by markdown.Render before it was stored
			a.Day = day.Time(d)
			return a, err
		})
}

// dropAnnouncements deletes what is too old.
func dropAnnouncements(ctx context.Context, tx *db.Tx) error {
	_, err := tx.Exec(ctx, "delete from announcement where ends_day <= $1", day.Of(tx.Now()))
	return err
}
