package assemblies

import (
	"context"
	"fmt"
	"html/template"

	"convoke/internal/db"
	"convoke/internal/id"
)

const itemColumns = "id, assembly_id, title, minutes, link, state, notes, notes_html, sequence"

func scanItem(scan func(...any) error) (Item, error) {
	var i Item
	var html string
	err := scan(&i.ID, &i.Assembly, &i.Title, &i.Minutes, &i.Link, &i.State, &i.Notes, &html, &i.Sequence)
	i.HTML = template.HTML(html) //nolint:gosec,forbidigo // made and cleaned by package markdown when it was stored
	return i, err
}

// agendaOf reads the items in their order, without their lines.
func agendaOf(ctx context.Context, tx *db.Tx, a ID) (agenda, error) {
	all, err := db.Query(ctx, tx, "select "+itemColumns+" from assembly_item where assembly_id = $1 order by n, id", []any{string(a)}, scanItem)
	if err != nil {
		return nil, fmt.Errorf("read an agenda: %w", err)
	}
	return all, nil
}

func insertItem(ctx context.Context, tx *db.Tx, i *Item, n int) error {
	_, err := tx.Exec(ctx, "insert into assembly_item (n, "+itemColumns+") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		n, i.ID, string(i.Assembly), i.Title, i.Minutes, i.Link, string(i.State), i.Notes, string(i.HTML), i.Sequence)
	if err != nil {
		return fmt.Errorf("insert an item: %w", err)
	}
	return nil
}

func hasItem(ctx context.Context, tx *db.Tx, item string) (bool, error) {
	all, err := db.Column[string](ctx, tx, "select id from assembly_item where id = $1", item)
	return len(all) > 0, err
}

func updateItem(ctx context.Context, tx *db.Tx, i *Item) error {
	_, err := tx.Exec(ctx, `update assembly_item set title = $2, minutes = $3, link = $4, state = $5, notes = $6, notes_html = $7, sequence = $8
		where id = $1`, i.ID, i.Title, i.Minutes, i.Link, string(i.State), i.Notes, string(i.HTML), i.Sequence)
	if err != nil {
		return fmt.Errorf("update an item: %w", err)
	}
	return nil
}

func placeItem(ctx context.Context, tx *db.Tx, item string, n int) error {
	if _, err := tx.Exec(ctx, "update assembly_item set n = $2 where id = $1", item, n); err != nil {
		return fmt.Errorf("order an agenda: %w", err)
	}
	return nil
}

func dropItem(ctx context.Context, tx *db.Tx, item string) error {
	if _, err := tx.Exec(ctx, "delete from assembly_item where id = $1", item); err != nil {
		return fmt.Errorf("drop an item: %w", err)
	}
	return nil
}

// emptyNotes erases what minutes say of all items.
func emptyNotes(ctx context.Context, tx *db.Tx, a ID) error {
	_, err := tx.Exec(ctx, "delete from assembly_line where item_id in (select id from assembly_item where assembly_id = $1)", string(a))
	if err == nil {
		_, err = tx.Exec(ctx, "update assembly_item set notes = '', notes_html = '' where assembly_id = $1", string(a))
	}
	if err != nil {
		return fmt.Errorf("empty minutes: %w", err)
	}
	return nil
}

// readLines adds the decisions and tasks of all items.
func readLines(ctx context.Context, tx *db.Tx, a ID, all agenda) error {
	err := tx.Each(ctx, `select l.item_id, l.kind, l.body, l.owner_id, l.until_day, l.told from assembly_item i
		join assembly_line l on l.item_id = i.id where i.assembly_id = $1 order by l.item_id, l.kind, l.n`, []any{string(a)},
		func(scan func(...any) error) error {
			var item string
			var l Line
			var owner *string
			if err := scan(&item, &l.Kind, &l.Body, &owner, &l.Until, &l.Told); err != nil {
				return err
			}
			l.Owner = id.Person(text(owner))
			if i := all.find(item); i >= 0 {
				all[i].Lines = append(all[i].Lines, l)
			}
			return nil
		})
	if err != nil {
		return fmt.Errorf("read decisions and tasks: %w", err)
	}
	return nil
}

// putLines replaces an item's decisions and tasks.
func putLines(ctx context.Context, tx *db.Tx, i *Item) error {
	if _, err := tx.Exec(ctx, "delete from assembly_line where item_id = $1", i.ID); err != nil {
		return fmt.Errorf("replace decisions and tasks: %w", err)
	}
	for n, l := range i.Lines {
		_, err := tx.Exec(ctx, "insert into assembly_line (item_id, kind, n, body, owner_id, until_day, told) values ($1, $2, $3, $4, $5, $6, $7)",
			i.ID, l.Kind, n, l.Body, orNil(string(l.Owner)), l.Until, l.Told)
		if err != nil {
			return fmt.Errorf("insert a decision or task: %w", err)
		}
	}
	return nil
}

// Correction is what was wrong in minutes that were approved.
type Correction struct {
	Day  int
	Body string
}

func correctionsOf(ctx context.Context, tx *db.Tx, a ID) ([]Correction, error) {
	return db.Query(ctx, tx, "select day, body from assembly_correction where assembly_id = $1 order by n", []any{string(a)},
		func(scan func(...any) error) (Correction, error) {
			var c Correction
			return c, scan(&c.Day, &c.Body)
		})
}

func addCorrection(ctx context.Context, tx *db.Tx, a ID, n int, c Correction) error {
	_, err := tx.Exec(ctx, "insert into assembly_correction (assembly_id, n, day, body) values ($1, $2, $3, $4)", string(a), n, c.Day, c.Body)
	if err != nil {
		return fmt.Errorf("add a correction: %w", err)
	}
	return nil
}
