package groups

import (
	"context"
	"database/sql"
	"fmt"
	"html/template"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

func putSettings(ctx context.Context, tx *db.Tx, g id.Group, in SettingsInput, html template.HTML) error {
	_, err := tx.Exec(ctx, "update groups set joining = $1, welcome = $2, welcome_html = $3 where id = $4",
		string(in.Joining), in.Welcome, string(html), string(g))
	return err
}

func welcomeOf(ctx context.Context, tx *db.Tx, g id.Group) (src string, html template.HTML, err error) {
	var stored string
	err = tx.Get(ctx, "select welcome, welcome_html from groups where id = $1", []any{string(g)}, &src, &stored)
	return src, template.HTML(stored), err //nolint:gosec,forbidigo // made by markdown.Render before it was stored
}

const selectRequest = `select r.id, r.group_id, r.person_id, p.handle, r.sealed, r.conduct, r.state, r.reason, r.day
	from join_request r join person p on p.id = r.person_id `

func scanRequest(scan func(...any) error) (Request, error) {
	var r Request
	var d int
	err := scan(&r.ID, &r.Group, &r.Person, &r.Handle, &r.sealed, &r.conduct, &r.State, &r.Reason, &d)
	r.Day = day.Time(d)
	return r, err
}

// insertRequest reports false when the person has a request there already.
func insertRequest(ctx context.Context, tx *db.Tx, r Request, ends int) (bool, error) {
	n, err := tx.Exec(ctx, `insert into join_request (id, group_id, person_id, sealed, keyed, conduct, state, reason, day, ends_day)
		values ($1, $2, $3, $4, $9, $5, $6, '', $7, $8) on conflict (group_id, person_id) where state <> 'done' do nothing`,
		r.ID, string(r.Group), string(r.Person), r.sealed, r.conduct, string(Waiting), day.Of(tx.Now()), ends, r.sealed != nil)
	if err != nil {
		return false, fmt.Errorf("insert request: %w", err)
	}
	return n > 0, nil
}

// requestOf returns db.ErrNoRows when the person asked for nothing there.
func requestOf(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (Request, error) {
	return oneRequest(ctx, tx, "where r.group_id = $1 and r.person_id = $2 and r.state <> 'done'", string(g), string(p))
}

func requestByID(ctx context.Context, tx *db.Tx, g id.Group, rid string) (Request, error) {
	return oneRequest(ctx, tx, "where r.group_id = $1 and r.id = $2", string(g), rid)
}

func oneRequest(ctx context.Context, tx *db.Tx, where string, args ...any) (Request, error) {
	all, err := db.Query(ctx, tx, selectRequest+where, args, scanRequest)
	if err == nil && len(all) == 0 {
		err = db.ErrNoRows
	}
	if err != nil {
		return Request{}, err
	}
	return all[0], nil
}

// waitingIn lists requests, the oldest first.
func waitingIn(ctx context.Context, tx *db.Tx, g id.Group, limit int) ([]Request, error) {
	return db.Query(ctx, tx, selectRequest+"where r.group_id = $1 and r.state = $2 order by r.day, r.id limit $3",
		[]any{string(g), string(Waiting), limit}, scanRequest)
}

func countWaiting(ctx context.Context, tx *db.Tx, g id.Group) (int, error) {
	var n int
	err := tx.Get(ctx, "select count(*) from join_request where group_id = $1 and state = $2", []any{string(g), string(Waiting)}, &n)
	return n, err
}

// requestsBy lists what a person asked for, the oldest first.
func requestsBy(ctx context.Context, tx *db.Tx, p id.Person) ([]Request, error) {
	return db.Query(ctx, tx, selectRequest+"where r.person_id = $1 and r.state <> 'done' order by r.day, r.id", []any{string(p)}, scanRequest)
}

// answerRequest keeps an answer until ends, and forgets the note.
func answerRequest(ctx context.Context, tx *db.Tx, rid string, to RequestState, reason string, ends int) error {
	_, err := tx.Exec(ctx, "update join_request set state = $1, reason = $2, sealed = null, ends_day = $3 where id = $4",
		string(to), reason, ends, rid)
	return err
}

// dropRequests is done with what a person asked for, in one group or in all.
func dropRequests(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error {
	_, err := tx.Exec(ctx, `update join_request set state = 'done', reason = '', sealed = null, ends_day = 0
		where person_id = $1 and state <> 'done' and ($2 = '' or group_id = $2)`, string(p), string(g))
	return err
}

// keyedRequests lists those whose note is not needed any more.
func keyedRequests(ctx context.Context, tx *db.Tx, today, limit int) ([]string, error) {
	return db.Column[string](ctx, tx, `select id from join_request
		where keyed and (state <> $1 or ends_day <= $2 or person_id is null) limit $3`, string(Waiting), today, limit)
}

func unkeyRequest(ctx context.Context, tx *db.Tx, rid string) error {
	_, err := tx.Exec(ctx, "update join_request set keyed = $1, sealed = null where id = $2", false, rid)
	return err
}

// deleteEnded drops what nobody will read again, once its key is gone.
func deleteEnded(ctx context.Context, tx *db.Tx, today int) error {
	_, err := tx.Exec(ctx, "delete from join_request where not keyed and (ends_day <= $1 or person_id is null)", today)
	return err
}

// Text is one version of a group's rules of conduct.
type Text struct {
	Version int
	Body    string
	HTML    template.HTML
	Day     int // yyyymmdd
}

func putConduct(ctx context.Context, tx *db.Tx, g id.Group, t Text) error {
	_, err := tx.Exec(ctx, "insert into conduct (group_id, version, body, body_html, day) values ($1, $2, $3, $4, $5)",
		string(g), t.Version, t.Body, string(t.HTML), t.Day)
	if err != nil {
		return fmt.Errorf("insert rules of conduct: %w", err)
	}
	return nil
}

func setConduct(ctx context.Context, tx *db.Tx, g id.Group, version int) error {
	_, err := tx.Exec(ctx, "update groups set conduct = $1 where id = $2", version, string(g))
	return err
}

// conductOf returns db.ErrNoRows when there is no such version.
func conductOf(ctx context.Context, tx *db.Tx, g id.Group, version int) (Text, error) {
	var t Text
	var html string
	err := tx.Get(ctx, "select version, body, body_html, day from conduct where group_id = $1 and version = $2",
		[]any{string(g), version}, &t.Version, &t.Body, &html, &t.Day)
	t.HTML = template.HTML(html) //nolint:gosec,forbidigo // made by markdown.Render before it was stored
	return t, err
}

func lastConduct(ctx context.Context, tx *db.Tx, g id.Group) (int, error) {
	var v sql.NullInt64
	err := tx.Get(ctx, "select max(version) from conduct where group_id = $1", []any{string(g)}, &v)
	return int(v.Int64), err
}

func acceptConduct(ctx context.Context, tx *db.Tx, g id.Group, p id.Person, version int) error {
	_, err := tx.Exec(ctx, "update member set conduct = $1 where group_id = $2 and person_id = $3", version, string(g), string(p))
	return err
}

// acceptedConduct returns db.ErrNoRows for somebody who is no member.
func acceptedConduct(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (int, error) {
	var v int
	err := tx.Get(ctx, "select conduct from member where group_id = $1 and person_id = $2", []any{string(g), string(p)}, &v)
	return v, err
}
