package coalitions

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

const selectMember = "select coalition_id, group_id, handle, state, version, band, day from coalition_member "

func scanMember(scan func(...any) error) (Member, error) {
	var m Member
	return m, scan(&m.Coalition, &m.Group, &m.Handle, &m.State, &m.Version, &m.Band, &m.Day)
}

// memberOf is the zero Member for a group that has nothing to do with a coalition.
func memberOf(ctx context.Context, tx *db.Tx, c, g id.Group) (Member, error) {
	m, err := one(db.Query(ctx, tx, selectMember+"where coalition_id = $1 and group_id = $2", []any{string(c), string(g)}, scanMember))
	if errors.Is(err, db.ErrNoRows) {
		return Member{}, nil
	}
	return m, err
}

// putMember stores a group's part in a coalition as it is from today on.
func putMember(ctx context.Context, tx *db.Tx, m *Member) error {
	m.Day = day.Of(tx.Now())
	_, err := tx.Exec(ctx, `insert into coalition_member (coalition_id, group_id, handle, state, version, band, day) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (coalition_id, group_id) do update set state = excluded.state, version = excluded.version, band = excluded.band, day = excluded.day`,
		string(m.Coalition), string(m.Group), m.Handle, string(m.State), m.Version, m.Band, m.Day)
	if err != nil {
		return fmt.Errorf("store member of a coalition: %w", err)
	}
	return nil
}

// setTerms changes what a member agreed to and declared; since when it belongs stays.
func setTerms(ctx context.Context, tx *db.Tx, m *Member) error {
	_, err := tx.Exec(ctx, "update coalition_member set version = $3, band = $4, state = $5 where coalition_id = $1 and group_id = $2",
		string(m.Coalition), string(m.Group), m.Version, m.Band, string(m.State))
	return err
}

func dropMember(ctx context.Context, tx *db.Tx, c, g id.Group) error {
	_, err := tx.Exec(ctx, "delete from coalition_member where coalition_id = $1 and group_id = $2", string(c), string(g))
	return err
}

// memberPageQuery walks along one index, in the order of handles.
const memberPageQuery = selectMember + "where coalition_id = $1 and state = $2 and handle > $3 order by handle limit $4"

func membersAfter(ctx context.Context, tx *db.Tx, c id.Group, state MemberState, after string, limit int) ([]Member, error) {
	return db.Query(ctx, tx, memberPageQuery, []any{string(c), string(state), after, limit}, scanMember)
}

const countMembersQuery = "select count(*) from coalition_member where coalition_id = $1 and state = $2"

func countMembers(ctx context.Context, tx *db.Tx, c id.Group, state MemberState) (int, error) {
	var n int
	err := tx.Get(ctx, countMembersQuery, []any{string(c), string(state)}, &n)
	return n, err
}

const partsQuery = selectMember + "where group_id = $1 order by state desc, coalition_id desc limit $2"

// partsOf is what a group is to coalitions; those that it belongs to come first, so that
// no number of invitations hides them.
func partsOf(ctx context.Context, tx *db.Tx, g id.Group, limit int) ([]Member, error) {
	return db.Query(ctx, tx, partsQuery, []any{string(g), limit}, scanMember)
}

// aboveQuery walks up from a coalition through all that it belongs to, and stops
// where it has been.
const aboveQuery = `with recursive above (id) as (
		select cast($1 as text) union select m.coalition_id from above a join coalition_member m on m.group_id = a.id and m.state in ('member', 'rests')
	) select count(*) from above where id = $2`

// within reports whether the coalition c is g, or belongs to it through any number of
// steps.
func within(ctx context.Context, tx *db.Tx, c, g id.Group) (bool, error) {
	var n int
	err := tx.Get(ctx, aboveQuery, []any{string(c), string(g)}, &n)
	return n > 0, err
}

// setState moves what a group is in all coalitions from one state to another.
func setState(ctx context.Context, tx *db.Tx, g id.Group, from, to MemberState) error {
	_, err := tx.Exec(ctx, "update coalition_member set state = $3 where group_id = $1 and state = $2", string(g), string(from), string(to))
	return err
}
