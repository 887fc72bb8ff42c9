package identity

import (
	"context"
	"fmt"
	"strings"
	"time"

	"convoke/internal/api"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

// TokenInfo is one token, as its owner sees it.
type TokenInfo struct {
	ID, Name      string
	Scopes        []api.Scope
	Created, Used time.Time // days; Used is zero before the first time
	Ends          time.Time
}

// tokenRow is a token with what of its person decides whether it holds.
type tokenRow struct {
	TokenInfo
	usedDay int
	pass    []byte
	person  personRow
}

func joinScopes(all []api.Scope) string {
	var out []string
	for _, s := range all {
		out = append(out, string(s))
	}
	return strings.Join(out, " ")
}

func splitScopes(s string) []api.Scope {
	var out []api.Scope
	for _, x := range strings.Fields(s) {
		out = append(out, api.Scope(x))
	}
	return out
}

// passMark tells one passphrase of a person from the next.
func passMark(p personRow) []byte { return id.Hash(p.pass) }

func insertToken(ctx context.Context, tx *db.Tx, p personRow, secret string, t TokenInfo) error {
	_, err := tx.Exec(ctx, `insert into api_token (hash, id, person_id, name, scopes, pass, created_day, used_day, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, 0, $8)`,
		id.Hash(secret), t.ID, string(p.id), t.Name, joinScopes(t.Scopes), passMark(p), day.Of(tx.Now()), clock.Micros(t.Ends))
	if err != nil {
		return fmt.Errorf("insert token: %w", err)
	}
	return nil
}

// tokenByHash returns db.ErrNoRows when there is none that has not expired.
func tokenByHash(ctx context.Context, tx *db.Tx, hash []byte) (tokenRow, error) {
	var t tokenRow
	var scopes string
	var ends int64
	err := tx.Get(ctx, `select t.id, t.scopes, t.used_day, t.expires_at, t.pass, p.id, p.handle, p.pass, p.suspended
		from api_token t join person p on p.id = t.person_id where t.hash = $1 and t.expires_at > $2`,
		[]any{hash, clock.Micros(tx.Now())},
		&t.ID, &scopes, &t.usedDay, &ends, &t.pass, &t.person.id, &t.person.handle, &t.person.pass, &t.person.suspended)
	t.Scopes, t.Ends = splitScopes(scopes), clock.FromMicros(ends)
	return t, err
}

// tokensOf lists a person's tokens that hold, the newest first.
func tokensOf(ctx context.Context, tx *db.Tx, p personRow) ([]TokenInfo, error) {
	return db.Query(ctx, tx, `select id, name, scopes, created_day, used_day, expires_at from api_token
		where person_id = $1 and expires_at > $2 and pass = $3 order by created_day desc, id`,
		[]any{string(p.id), clock.Micros(tx.Now()), passMark(p)},
		func(scan func(...any) error) (TokenInfo, error) {
			var t TokenInfo
			var scopes string
			var created, used int
			var ends int64
			err := scan(&t.ID, &t.Name, &scopes, &created, &used, &ends)
			t.Scopes, t.Created, t.Used, t.Ends = splitScopes(scopes), day.Time(created), day.Time(used), clock.FromMicros(ends)
			return t, err
		})
}

func touchToken(ctx context.Context, tx *db.Tx, hash []byte, day int) error {
	_, err := tx.Exec(ctx, "update api_token set used_day = $1 where hash = $2 and used_day < $1", day, hash)
	return err
}

func deleteToken(ctx context.Context, tx *db.Tx, p id.Person, tid string) (int64, error) {
	return tx.Exec(ctx, "delete from api_token where person_id = $1 and id = $2", string(p), tid)
}

func deleteDeadTokens(ctx context.Context, tx *db.Tx) error {
	_, err := tx.Exec(ctx, "delete from api_token where expires_at <= $1", clock.Micros(tx.Now()))
	return err
}

// deleteOldTokens removes those of an older passphrase.
func deleteOldTokens(ctx context.Context, tx *db.Tx, p personRow) error {
	_, err := tx.Exec(ctx, "delete from api_token where person_id = $1 and pass <> $2", string(p.id), passMark(p))
	return err
}
