package groups

import (
	"context"
	"fmt"
	"html/template"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

// countRoles counts the members of a group by what they may do.
func countRoles(ctx context.Context, tx *db.Tx, g id.Group) (archivedMembers, error) {
	var m archivedMembers
	err := tx.Each(ctx, "select role, count(*) from member where group_id = $1 group by role", []any{string(g)},
		func(scan func(...any) error) error {
			var r authz.Role
			var n int
			err := scan(&r, &n)
			switch r {
			case authz.Steward:
				m.Stewards = n
			case authz.Organizer:
				m.Organizers = n
			case authz.Member:
				m.Members = n
			case authz.None:
			}
			return err
		})
	return m, err
}

// putCreated keeps since when a group is there that came from elsewhere.
func putCreated(ctx context.Context, tx *db.Tx, g Group) error {
	_, err := tx.Exec(ctx, "update groups set created_at = $1 where id = $2", clock.Micros(g.Created), string(g.ID))
	return err
}

// announcementIn returns db.ErrNoRows when the group has none of that key or id.
func announcementIn(ctx context.Context, tx *db.Tx, g id.Group, uid, aid string) (Announcement, error) {
	all, err := db.Query(ctx, tx, "select id, title, body, body_html, day from announcement where group_id = $1 and (uid = $2 or id = $3)",
		[]any{string(g), uid, aid}, func(scan func(...any) error) (Announcement, error) {
			var a Announcement
			var html string
			var d int
			err := scan(&a.ID, &a.Title, &a.Body, &html, &d)
			a.HTML, a.Day = template.HTML(html), day.Time(d) //nolint:gosec,forbidigo // made by markdown.Render before it was stored
			return a, err
		})
	if err == nil && len(all) == 0 {
		err = db.ErrNoRows
	}
	if err != nil {
		return Announcement{}, err
	}
	return all[0], nil
}

func announcementTaken(ctx context.Context, tx *db.Tx, aid string) (bool, error) {
	var n int
	err := tx.Get(ctx, "select count(*) from announcement where id = $1", []any{aid}, &n)
	return n > 0, err
}

// putAnnouncement stores one with its own day.
func putAnnouncement(ctx context.Context, tx *db.Tx, g id.Group, uid string, a Announcement) error {
	_, err := tx.Exec(ctx, `insert into announcement (id, group_id, uid, title, body, body_html, day, ends_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		a.ID, string(g), uid, a.Title, a.Body, string(a.HTML), day.Of(a.Day), day.Of(a.Day.Add(keepAnnouncement)))
	if err != nil {
		return fmt.Errorf("insert announcement: %w", err)
	}
	return nil
}
