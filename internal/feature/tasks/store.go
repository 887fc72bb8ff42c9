package tasks

import (
	"context"
	"fmt"
	"html/template"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

// selectLine is selectTask without texts, for lists that show titles.
const (
	selectTask = "select t.id, t.group_id, t.title, t.note, t.note_html, t.source, " + selectRest
	selectLine = "select t.id, t.group_id, t.title, '', '', t.source, " + selectRest
	selectRest = `coalesce(t.owner_id, ''), coalesce(p.handle, ''), t.until_day, t.first_time, t.state, t.made_day, t.closed_day
		from task t left join person p on p.id = t.owner_id where `
)

func scanTask(scan func(...any) error) (Task, error) {
	var t Task
	var html string
	err := scan(&t.ID, &t.Group, &t.Title, &t.Note, &html, &t.Source, &t.Owner, &t.Handle, &t.Until, &t.First, &t.State, &t.Made, &t.Closed)
	t.HTML = template.HTML(html) //nolint:gosec,forbidigo // made by markdown.Render before it was stored
	return t, err
}

func query(ctx context.Context, tx *db.Tx, where string, args ...any) ([]Task, error) {
	return read(ctx, tx, selectTask+where, args...)
}

func read(ctx context.Context, tx *db.Tx, q string, args ...any) ([]Task, error) {
	all, err := db.Query(ctx, tx, q, args, scanTask)
	if err != nil {
		return nil, fmt.Errorf("read tasks: %w", err)
	}
	return all, nil
}

// one returns db.ErrNoRows when there is none.
func one(ctx context.Context, tx *db.Tx, where string, args ...any) (Task, error) {
	all, err := query(ctx, tx, where, args...)
	if err == nil && len(all) == 0 {
		err = db.ErrNoRows
	}
	if err != nil {
		return Task{}, err
	}
	return all[0], nil
}

// openIn lists what is open in a group. What decisions made is not limited, so a
// page is.
func openIn(ctx context.Context, tx *db.Tx, g id.Group) ([]Task, error) {
	all, err := query(ctx, tx, "t.group_id = $1 and t.state = 'open' order by t.until_day, t.id limit $2", string(g), 2*maxOpen)
	inOrder(all)
	return all, err
}

// inTheList is how open tasks follow one another, as [inOrder] has it.
const inTheList = " order by t.until_day = 0, t.until_day, t.id limit "

// titlesIn lists the first that are open in a group, without their texts.
func titlesIn(ctx context.Context, tx *db.Tx, g id.Group, limit int) ([]Task, error) {
	return read(ctx, tx, selectLine+"t.group_id = $1 and t.state = 'open'"+inTheList+"$2", string(g), limit)
}

// unowned lists what waits for somebody and was added from one day until another.
func unowned(ctx context.Context, tx *db.Tx, g id.Group, from, until int) ([]Task, error) {
	return read(ctx, tx, selectLine+"t.group_id = $1 and t.state = 'open' and t.owner_id is null and t.made_day >= $2 and t.made_day < $3"+
		inTheList+"$4", string(g), from, until, 2*maxOpen)
}

func countUnowned(ctx context.Context, tx *db.Tx, g id.Group) (n int, err error) {
	err = tx.Get(ctx, "select count(*) from task where group_id = $1 and state = 'open' and owner_id is null", []any{string(g)}, &n)
	return n, err
}

// firstIn lists the titles of what is good for a first time and waits for somebody.
func firstIn(ctx context.Context, tx *db.Tx, g id.Group, limit int) ([]string, error) {
	return db.Column[string](ctx, tx, "select t.title from task t where t.group_id = $1 and t.state = 'open' and t.first_time and t.owner_id is null"+
		inTheList+"$2", string(g), limit)
}

// doneIn lists what was closed last.
func doneIn(ctx context.Context, tx *db.Tx, g id.Group, limit int) ([]Task, error) {
	return query(ctx, tx, "t.group_id = $1 and t.state in ('done', 'dropped') order by t.closed_day desc, t.id desc limit $2", string(g), limit)
}

func ownedBy(ctx context.Context, tx *db.Tx, p id.Person) ([]Task, error) {
	all, err := query(ctx, tx, "t.owner_id = $1 and t.state = 'open'", string(p))
	inOrder(all)
	return all, err
}

func countOpen(ctx context.Context, tx *db.Tx, g id.Group) (n int, err error) {
	err = tx.Get(ctx, "select count(*) from task where group_id = $1 and state = 'open'", []any{string(g)}, &n)
	return n, err
}

func ownerOf(t *Task) any {
	if t.Owner == "" {
		return nil
	}
	return string(t.Owner)
}

// insert reports false when there is a task with the same uid.
func insert(ctx context.Context, tx *db.Tx, t *Task, uid string) (bool, error) {
	n, err := tx.Exec(ctx, `insert into task (id, group_id, uid, title, note, note_html, source, owner_id, until_day, first_time, state, made_day, closed_day,
		expires_day) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict (group_id, uid) do nothing`,
		t.ID, string(t.Group), uid, t.Title, t.Note, string(t.HTML), t.Source, ownerOf(t), t.Until, t.First, string(t.State), t.Made, t.Closed, t.expires(day.Of(tx.Now())))
	if err != nil {
		return false, fmt.Errorf("insert a task: %w", err)
	}
	return n > 0, nil
}

func update(ctx context.Context, tx *db.Tx, t *Task) error {
	_, err := tx.Exec(ctx, "update task set owner_id = $2, first_time = $3, state = $4, closed_day = $5, expires_day = $6 where id = $1",
		t.ID, ownerOf(t), t.First, string(t.State), t.Closed, t.expires(day.Of(tx.Now())))
	if err != nil {
		return fmt.Errorf("change a task: %w", err)
	}
	return nil
}

// release takes a person's name off the tasks of a group.
func release(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error {
	n := 0
	if err := tx.Get(ctx, "select count(*) from task where owner_id = $1 and group_id = $2 and state = 'open' and first_time", []any{string(p), string(g)}, &n); err != nil {
		return fmt.Errorf("find tasks for a first time: %w", err)
	}
	if n > 0 {
		tx.Touch("group:" + string(g)) // they are on the newcomers' page again
	}
	if _, err := tx.Exec(ctx, "update task set owner_id = null where owner_id = $1 and group_id = $2", string(p), string(g)); err != nil {
		return fmt.Errorf("leave tasks without owner: %w", err)
	}
	return nil
}

func dropGroup(ctx context.Context, tx *db.Tx, g id.Group) error {
	if _, err := tx.Exec(ctx, "delete from task where group_id = $1", string(g)); err != nil {
		return fmt.Errorf("delete the tasks of a group: %w", err)
	}
	return nil
}

const selectExpired = "select id from task where expires_day <= $1 order by expires_day, id limit $2"

// dropExpired deletes what nothing happened to for long, at most limit of them.
func dropExpired(ctx context.Context, tx *db.Tx, today, limit int) (int64, error) {
	all, err := db.Column[string](ctx, tx, "select distinct group_id from task where id in ("+selectExpired+") and state = 'open' and first_time", today, limit)
	if err != nil {
		return 0, fmt.Errorf("find old tasks: %w", err)
	}
	for _, g := range all {
		tx.Touch("group:" + g) // the newcomers' page
	}
	n, err := tx.Exec(ctx, "delete from task where id in ("+selectExpired+")", today, limit)
	if err != nil {
		return 0, fmt.Errorf("delete old tasks: %w", err)
	}
	return n, nil
}
