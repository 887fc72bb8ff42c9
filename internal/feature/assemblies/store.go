package assemblies

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

const columns = `id, group_id, form, title, lang, about, about_html, place, online_url, online_inside, starts_at, ends_at, zone, notice, ahead,
	urgent, public, shown, first_first, speak, people, people_shown, state, facilitator_id, note_taker_id, version, step, sequence, timer_ends,
	timer_left, speaker_ends, speaker_left, turn, door, minutes, approved_at, erased, created_at, updated_at`

const places = `($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27,
	$28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39)`

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// micros is 0 for no moment.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return clock.FromMicros(n)
}

func scanAssembly(scan func(...any) error) (Assembly, error) {
	var (
		a                                Assembly
		html                             string
		shown                            bool
		leads, notes                     *string
		starts, ends, approved, made, up int64
		itemEnds, itemLeft, endsS, leftS int64
	)
	err := scan(&a.ID, &a.Group, &a.Form, &a.Title, &a.Lang, &a.About, &html, &a.Place, &a.OnlineURL, &a.OnlineInside, &starts, &ends, &a.Zone,
		&a.Notice.Asked, &a.Notice.Ahead, &a.Notice.Urgent, &a.Public, &shown, &a.FirstFirst, &a.Speak, &a.People, &a.PeopleShown, &a.State,
		&leads, &notes, &a.Version, &a.Step, &a.Sequence, &itemEnds, &itemLeft, &endsS, &leftS, &a.Turn, &a.Door, &a.Minutes, &approved,
		&a.Erased, &made, &up)
	if err != nil {
		return a, fmt.Errorf("scan assembly: %w", err)
	}
	a.HTML = template.HTML(html) //nolint:gosec,forbidigo // made and cleaned by package markdown when it was stored
	a.Facilitator, a.NoteTaker = id.Person(text(leads)), id.Person(text(notes))
	a.Starts, a.Ends, a.Approved = clock.FromMicros(starts), clock.FromMicros(ends), moment(approved)
	a.Timer = Timer{moment(itemEnds), time.Duration(itemLeft) * time.Second}
	a.Speaker = Timer{moment(endsS), time.Duration(leftS) * time.Second}
	a.Created, a.Updated = clock.FromMicros(made), clock.FromMicros(up)
	return a, nil
}

func values(a *Assembly, shown bool) []any {
	return []any{
		string(a.ID), string(a.Group), a.Form, a.Title, a.Lang, a.About, string(a.HTML), a.Place, a.OnlineURL, a.OnlineInside,
		clock.Micros(a.Starts), clock.Micros(a.Ends), a.Zone, a.Notice.Asked, a.Notice.Ahead, a.Notice.Urgent, a.Public, shown, a.FirstFirst,
		a.Speak, a.People, a.PeopleShown, string(a.State), orNil(string(a.Facilitator)), orNil(string(a.NoteTaker)), a.Version, a.Step,
		a.Sequence, micros(a.Timer.Ends), int64(a.Timer.Left / time.Second), micros(a.Speaker.Ends), int64(a.Speaker.Left / time.Second),
		a.Turn, a.Door, a.Minutes, micros(a.Approved), a.Erased, clock.Micros(a.Created), clock.Micros(a.Updated),
	}
}

func insertAssembly(ctx context.Context, tx *db.Tx, a *Assembly) error {
	if _, err := tx.Exec(ctx, "insert into assembly ("+columns+") values "+places, values(a, false)...); err != nil {
		return fmt.Errorf("insert assembly: %w", err)
	}
	return nil
}

func updateAssembly(ctx context.Context, tx *db.Tx, a *Assembly, shown bool) error {
	if _, err := tx.Exec(ctx, "update assembly set ("+columns+") = "+places+" where id = $1", values(a, shown)...); err != nil {
		return fmt.Errorf("update assembly: %w", err)
	}
	return nil
}

// assemblyBy returns db.ErrNoRows when there is none; column is a constant.
func assemblyBy(ctx context.Context, tx *db.Tx, column, value string) (Assembly, error) {
	return scanAssembly(func(dest ...any) error {
		return tx.Get(ctx, "select "+columns+" from assembly where "+column+" = $1", []any{value}, dest...)
	})
}

// cursor is a place in a list.
type cursor struct {
	starts int64
	id     string
}

const (
	selectComing = "select " + columns + " from assembly where shown and starts_at > $1 and (starts_at, id) > ($2, $3) order by starts_at, id limit $4"
	selectPast   = "select " + columns + " from assembly where shown and starts_at <= $1 and (starts_at, id) < ($2, $3) order by starts_at desc, id desc limit $4"
	selectGroup  = "select " + columns + " from assembly where group_id = $1 and (starts_at, id) < ($2, $3) order by starts_at desc, id desc limit $4"
)

// listAssemblies reads public ones that are still to come or go on, the nearest
// first, or older ones, the latest first. since is where the two part.
func listAssemblies(ctx context.Context, tx *db.Tx, past bool, since time.Time, after cursor, limit int) ([]Assembly, error) {
	q := selectComing
	if past {
		q = selectPast
	}
	return db.Query(ctx, tx, q, []any{clock.Micros(since), after.starts, after.id, limit}, scanAssembly)
}

// ofGroup reads all of a group, the latest first.
func ofGroup(ctx context.Context, tx *db.Tx, g id.Group, after cursor, limit int) ([]Assembly, error) {
	return db.Query(ctx, tx, selectGroup, []any{string(g), after.starts, after.id, limit}, scanAssembly)
}

const selectChanged = "select " + columns + ` from assembly where group_id = $1 and state in ('called', 'off') and (shown or $2)
	and starts_at > $3 and updated_at >= $4 and updated_at < $5 order by starts_at, id limit $6`

// changedOf reads what is still to come of a group and was changed in between; members
// also get what is for them only.
func changedOf(ctx context.Context, tx *db.Tx, g id.Group, members bool, from, until time.Time, limit int) ([]Assembly, error) {
	return db.Query(ctx, tx, selectChanged,
		[]any{string(g), members, clock.Micros(tx.Now()), clock.Micros(from), clock.Micros(until), limit}, scanAssembly)
}

func showOfGroup(ctx context.Context, tx *db.Tx, g id.Group, may bool) error {
	_, err := tx.Exec(ctx, "update assembly set shown = $2 and public and state <> 'draft' where group_id = $1", string(g), may)
	if err != nil {
		return fmt.Errorf("show or hide assemblies: %w", err)
	}
	return nil
}

// noticeRule is how many days of notice a group that is no coalition asks for.
func noticeRule(ctx context.Context, tx *db.Tx, g id.Group) (days int, err error) {
	err = tx.Get(ctx, "select notice from assembly_rule where group_id = $1", []any{string(g)}, &days)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return days, err
}

func putNoticeRule(ctx context.Context, tx *db.Tx, g id.Group, days int) error {
	_, err := tx.Exec(ctx, `insert into assembly_rule (group_id, notice) values ($1, $2)
		on conflict (group_id) do update set notice = excluded.notice`, string(g), days)
	if err != nil {
		return fmt.Errorf("store a group's notice: %w", err)
	}
	return nil
}

// useForm reports false for a form that has done what it says, and refuses one that did
// something else. A mark of what it said is kept beside its key; of what is sealed
// elsewhere, said is the keyed tag.
func useForm(ctx context.Context, tx *db.Tx, a ID, form string, said ...string) (fresh bool, err error) {
	for i, row := range [...]string{form, form + " " + id.SecretOf(id.Hash(fmt.Sprintf("%q", said)))} {
		n, err := tx.Exec(ctx, "insert into assembly_form (assembly_id, form) values ($1, $2) on conflict do nothing", string(a), row)
		switch {
		case err != nil:
			return false, fmt.Errorf("note a form: %w", err)
		case i == 0:
			fresh = n == 1
		case n == 1 && !fresh:
			return false, errUsed()
		}
	}
	return fresh, nil
}

// handleOf is "" for nobody, and for somebody who is gone.
func handleOf(ctx context.Context, tx *db.Tx, p id.Person) (handle string, err error) {
	if p == "" {
		return "", nil
	}
	err = tx.Get(ctx, "select handle from person where id = $1", []any{string(p)}, &handle)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return handle, err
}

// dropRoles takes a person's roles in a group's assemblies; changed are those.
func dropRoles(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (changed []string, err error) {
	changed, err = db.Column[string](ctx, tx,
		"select id from assembly where (facilitator_id = $2 or note_taker_id = $2) and group_id = $1", string(g), string(p))
	if err != nil || len(changed) == 0 {
		return nil, err
	}
	for _, column := range [...]string{"facilitator_id", "note_taker_id"} {
		_, err := tx.Exec(ctx, "update assembly set "+column+" = null, version = version + 1 where "+column+" = $2 and group_id = $1", string(g), string(p))
		if err != nil {
			return nil, fmt.Errorf("drop a role: %w", err)
		}
	}
	return changed, nil
}

// clearRoles takes all roles and owners of tasks in a group's assemblies.
func clearRoles(ctx context.Context, tx *db.Tx, g id.Group) error {
	_, err := tx.Exec(ctx, "update assembly set facilitator_id = null, note_taker_id = null where group_id = $1", string(g))
	if err == nil {
		_, err = tx.Exec(ctx, `update assembly_line set owner_id = null where owner_id is not null and item_id in
			(select i.id from assembly_item i join assembly a on a.id = i.assembly_id where a.group_id = $1)`, string(g))
	}
	if err != nil {
		return fmt.Errorf("clear the roles of a group: %w", err)
	}
	return nil
}

const (
	selectOverdue = "select id from assembly where state in ('called', 'open') and ends_at <= $1 order by ends_at limit $2"
	selectErase   = "select id from assembly where not erased and state in ('closed', 'off') and ends_at <= $1 order by ends_at limit $2"
	selectStale   = "select id from assembly where minutes = 'draft' and ends_at <= $1 order by ends_at limit $2"
)

// dueBy lists what one of the three jobs is for; q is a constant.
func dueBy(ctx context.Context, tx *db.Tx, q string, before time.Time, limit int) ([]ID, error) {
	return db.Column[ID](ctx, tx, q, clock.Micros(before), limit)
}
