package groups

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"sync"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

// selectGroup reads what [scanGroup] takes; from begins with "from".
func selectGroup(from string) string {
	return `select g.id, g.handle, g.name, g.about, g.about_html, g.place, g.lat, g.lon, g.zone, g.langs,
		g.suspended, g.sample, g.created_at, g.joining, g.conduct, g.ended_at, g.moved_to ` + from
}

func scanGroup(scan func(...any) error) (Group, error) {
	var g Group
	var lat, lon sql.NullFloat64
	var html, langs string
	var at, ended int64
	err := scan(&g.ID, &g.Handle, &g.Name, &g.About, &html, &g.Place, &lat, &lon, &g.Zone, &langs, &g.Suspended, &g.Sample, &at,
		&g.Joining, &g.Conduct, &ended, &g.MovedTo)
	g.AboutHTML = template.HTML(html) //nolint:gosec,forbidigo // made by markdown.Render before it was stored
	g.Lat, g.Lon, g.HasPoint = lat.Float64, lon.Float64, lat.Valid && lon.Valid
	g.Langs = strings.Fields(langs)
	g.Created = clock.FromMicros(at)
	if ended > 0 {
		g.Ended = clock.FromMicros(ended)
	}
	return g, err
}

// groupByHandle and groupByID return db.ErrNoRows when there is none.
func groupByHandle(ctx context.Context, tx *db.Tx, handle string) (Group, error) {
	return oneGroup(ctx, tx, "where g.handle = $1", handle)
}

func groupByID(ctx context.Context, tx *db.Tx, g id.Group) (Group, error) {
	return oneGroup(ctx, tx, "where g.id = $1", string(g))
}

// idsAtOnce is how many groups one statement finds; always the same text, so
// that it stays prepared.
const idsAtOnce = 32

var byIDsSQL = sync.OnceValue(func() string { return selectGroup("from groups g where g.id in (" + idPlaces() + ")") })

// idPlaces are the places of idsAtOnce arguments.
func idPlaces() string {
	var b strings.Builder
	for i := range idsAtOnce {
		fmt.Fprintf(&b, ", $%d", i+1)
	}
	return b.String()[2:]
}

// idArgs fills them; the last of a part is there as often as it takes.
func idArgs[T ~string](part []T) []any {
	args := make([]any, idsAtOnce)
	for i := range args {
		args[i] = string(part[min(i, len(part)-1)])
	}
	return args
}

func groupsByID(ctx context.Context, tx *db.Tx, all []id.Group) ([]Group, error) {
	var out []Group
	for part := range slices.Chunk(all, idsAtOnce) {
		found, err := db.Query(ctx, tx, byIDsSQL(), idArgs(part), scanGroup)
		if err != nil {
			return nil, fmt.Errorf("find groups: %w", err)
		}
		out = append(out, found...)
	}
	return out, nil
}

func oneGroup(ctx context.Context, tx *db.Tx, where, arg string) (Group, error) {
	all, err := db.Query(ctx, tx, selectGroup("from groups g "+where), []any{arg}, scanGroup)
	if err != nil {
		return Group{}, fmt.Errorf("find group: %w", err)
	}
	if len(all) == 0 {
		return Group{}, db.ErrNoRows
	}
	return all[0], nil
}

// insertGroup reports false when the handle is taken.
func insertGroup(ctx context.Context, tx *db.Tx, g Group, folded string) (bool, error) {
	n, err := tx.Exec(ctx, `insert into groups (id, handle, name, name_folded, about, about_html, place, lat, lon, zone, langs,
		suspended, sample, created_at, handle_look, name_look)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		on conflict (handle) do nothing`,
		string(g.ID), g.Handle, g.Name, folded, g.About, string(g.AboutHTML), g.Place, coordinate(g.Lat, g.HasPoint),
		coordinate(g.Lon, g.HasPoint), g.Zone, strings.Join(g.Langs, " "), false, g.Sample, clock.Micros(tx.Now()),
		skeleton(g.Handle), skeleton(g.Name))
	if err != nil {
		return false, fmt.Errorf("insert group: %w", err)
	}
	if n == 0 {
		return false, nil
	}
	return true, putPrefixes(ctx, tx, g, folded)
}

func updateGroup(ctx context.Context, tx *db.Tx, g Group, folded string) error {
	_, err := tx.Exec(ctx, `update groups set name = $1, name_folded = $2, about = $3, about_html = $4, place = $5, lat = $6,
		lon = $7, zone = $8, langs = $9, name_look = $11 where id = $10`,
		g.Name, folded, g.About, string(g.AboutHTML), g.Place, coordinate(g.Lat, g.HasPoint), coordinate(g.Lon, g.HasPoint),
		g.Zone, strings.Join(g.Langs, " "), string(g.ID), skeleton(g.Name))
	if err != nil {
		return fmt.Errorf("update group: %w", err)
	}
	return putPrefixes(ctx, tx, g, folded)
}

func coordinate(v float64, has bool) sql.NullFloat64 { return sql.NullFloat64{Float64: v, Valid: has} }

func setSuspended(ctx context.Context, tx *db.Tx, g id.Group, suspended bool) error {
	_, err := tx.Exec(ctx, "update groups set suspended = $1 where id = $2", suspended, string(g))
	return err
}

// alike returns the name of another group that looks like g, or "". A group
// with the same handle is no look-alike: that is taken, which has a message of
// its own.
func alike(ctx context.Context, tx *db.Tx, g Group) (string, error) {
	var name string
	for _, column := range []string{"handle_look", "name_look"} {
		err := tx.Get(ctx, "select name from groups where "+column+" in ($1, $2) and id <> $3 and handle <> $4 limit 1",
			[]any{skeleton(g.Handle), skeleton(g.Name), string(g.ID), g.Handle}, &name)
		if !errors.Is(err, db.ErrNoRows) {
			return name, err
		}
	}
	return "", nil
}

// groupsOf lists the groups of a person with their roles, in the order of
// names.
func groupsOf(ctx context.Context, tx *db.Tx, p id.Person) ([]Group, []authz.Role, error) {
	var roles []authz.Role
	q := strings.Replace(selectGroup("from groups g join member m on m.group_id = g.id where m.person_id = $1"), "select ", "select m.role, ", 1) +
		" order by g.name_folded, g.id"
	all, err := db.Query(ctx, tx, q, []any{string(p)}, func(scan func(...any) error) (Group, error) {
		var role authz.Role
		g, err := scanGroup(func(dest ...any) error { return scan(append([]any{&role}, dest...)...) })
		roles = append(roles, role)
		return g, err
	})
	return all, roles, err
}

// memberRole returns db.ErrNoRows for somebody who is no member.
func memberRole(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (authz.Role, error) {
	var r authz.Role
	err := tx.Get(ctx, "select role from member where group_id = $1 and person_id = $2", []any{string(g), string(p)}, &r)
	return r, err
}

func putMember(ctx context.Context, tx *db.Tx, g id.Group, p id.Person, role authz.Role, today int) error {
	_, err := tx.Exec(ctx, `insert into member (group_id, person_id, role, since_day) values ($1, $2, $3, $4)
		on conflict (group_id, person_id) do update set role = excluded.role`, string(g), string(p), string(role), today)
	if err != nil {
		return fmt.Errorf("put member: %w", err)
	}
	return nil
}

func deleteMember(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error {
	if err := handDown(ctx, tx, g, p); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "delete from member where group_id = $1 and person_id = $2", string(g), string(p))
	return err
}

func countStewards(ctx context.Context, tx *db.Tx, g id.Group) (int, error) {
	var n int
	err := tx.Get(ctx, "select count(*) from member where group_id = $1 and role = $2", []any{string(g), string(authz.Steward)}, &n)
	return n, err
}

const selectMember = `select p.id, p.handle, m.role, m.since_day from member m join person p on p.id = m.person_id
	where m.group_id = $1 `

func scanMember(scan func(...any) error) (MemberInfo, error) {
	var m MemberInfo
	var since int
	err := scan(&m.Person, &m.Handle, &m.Role, &since)
	m.Since = day.Time(since)
	return m, err
}

// membersAfter reads one page of members in the order of handles.
func membersAfter(ctx context.Context, tx *db.Tx, g id.Group, after string, limit int) ([]MemberInfo, error) {
	return db.Query(ctx, tx, selectMember+"and p.handle > $2 order by p.handle limit $3", []any{string(g), after, limit}, scanMember)
}

// memberByHandle returns db.ErrNoRows when nobody with that handle belongs.
func memberByHandle(ctx context.Context, tx *db.Tx, g id.Group, handle string) (MemberInfo, error) {
	all, err := db.Query(ctx, tx, selectMember+"and p.handle = $2", []any{string(g), handle}, scanMember)
	if err != nil {
		return MemberInfo{}, err
	}
	if len(all) == 0 {
		return MemberInfo{}, db.ErrNoRows
	}
	return all[0], nil
}
