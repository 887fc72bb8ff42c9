package identity

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/webauthn"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

const selectPasskey = "select id, person_id, name, data, created_day, used_day from passkey "

func scanPasskey(scan func(...any) error) (passkeyRow, error) {
	var k passkeyRow
	var data string
	var created, used int
	if err := scan(&k.ID, &k.person, &k.Name, &data, &created, &used); err != nil {
		return k, err
	}
	k.Created, k.Used = day.Time(created), day.Time(used)
	if err := json.Unmarshal([]byte(data), &k.data); err != nil {
		return k, fmt.Errorf("read a passkey: %w", err)
	}
	return k, nil
}

// passkeysOf lists a person's keys, the oldest first.
func passkeysOf(ctx context.Context, tx *db.Tx, p id.Person) ([]passkeyRow, error) {
	return db.Query(ctx, tx, selectPasskey+"where person_id = $1 order by created_day, id", []any{string(p)}, scanPasskey)
}

// passkeyByCredential returns db.ErrNoRows when there is none.
func passkeyByCredential(ctx context.Context, tx *db.Tx, credential []byte) (passkeyRow, error) {
	all, err := db.Query(ctx, tx, selectPasskey+"where credential = $1", []any{credential}, scanPasskey)
	if err == nil && len(all) == 0 {
		err = db.ErrNoRows
	}
	if err != nil {
		return passkeyRow{}, err
	}
	return all[0], nil
}

// insertPasskey reports false for a key that is stored already.
func insertPasskey(ctx context.Context, tx *db.Tx, p id.Person, kid, name string, c webauthn.Credential) (bool, error) {
	data, err := encode(c)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `insert into passkey (credential, id, person_id, name, data, created_day, used_day)
		values ($1, $2, $3, $4, $5, $6, 0) on conflict (credential) do nothing`, c.ID, kid, string(p), name, data, day.Of(tx.Now()))
	if err != nil {
		return false, fmt.Errorf("insert passkey: %w", err)
	}
	return n == 1, nil
}

// usePasskey keeps the flags and the counter of a key that was used today.
func usePasskey(ctx context.Context, tx *db.Tx, c webauthn.Credential) error {
	data, err := encode(c)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "update passkey set data = $1, used_day = $2 where credential = $3", data, day.Of(tx.Now()), c.ID)
	return err
}

func renamePasskey(ctx context.Context, tx *db.Tx, p id.Person, kid, name string) (int64, error) {
	return tx.Exec(ctx, "update passkey set name = $1 where person_id = $2 and id = $3", name, string(p), kid)
}

func deletePasskey(ctx context.Context, tx *db.Tx, p id.Person, kid string) (int64, error) {
	return tx.Exec(ctx, "delete from passkey where person_id = $1 and id = $2", string(p), kid)
}

func deletePasskeys(ctx context.Context, tx *db.Tx, p id.Person) error {
	_, err := tx.Exec(ctx, "delete from passkey where person_id = $1", string(p))
	return err
}

func insertChallenge(ctx context.Context, tx *db.Tx, p id.Person, use passkeyUse, s webauthn.SessionData) error {
	data, err := encode(s)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "insert into passkey_challenge (hash, person_id, use, data, made_at) values ($1, $2, $3, $4, $5)",
		id.Hash(s.Challenge), nullable(string(p)), string(use), data, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("insert challenge: %w", err)
	}
	return nil
}

// takeChallenge uses a challenge up, once. It returns db.ErrNoRows when there is
// none for this use and person that is young enough.
func takeChallenge(ctx context.Context, tx *db.Tx, p id.Person, use passkeyUse, challenge string) (webauthn.SessionData, error) {
	var s webauthn.SessionData
	var data string
	err := tx.Get(ctx, `select data from passkey_challenge where hash = $1 and coalesce(person_id, '') = $2 and use = $3 and made_at > $4`,
		[]any{id.Hash(challenge), string(p), string(use), clock.Micros(tx.Now().Add(-challengeTTL))}, &data)
	if err != nil {
		return s, err
	}
	n, err := tx.Exec(ctx, "delete from passkey_challenge where hash = $1", id.Hash(challenge))
	if err == nil && n == 0 {
		err = db.ErrNoRows
	}
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(data), &s)
}

const deleteOldChallenges = "delete from passkey_challenge where made_at <= $1"

func heldPasskeys(ctx context.Context, tx *db.Tx, p id.Person) (Held, error) {
	return hold(ctx, tx, Held{
		Table: "passkey", Title: i18n.Mark("Your passkeys"), Note: i18n.Mark("Also the public half of each key, which is no secret."),
		Columns: []Column{{"name", i18n.Mark("Name")}, {"created_day", i18n.Mark("Made on")}, {"used_day", i18n.Mark("Last used")}},
	}, "select name, created_day, used_day from passkey where person_id = $1 order by created_day, id", p,
		func(scan func(...any) error) ([]any, error) {
			var name string
			var created, used Day
			err := scan(&name, &created, &used)
			return []any{name, created, used}, err
		})
}

func heldChallenges(ctx context.Context, tx *db.Tx, p id.Person) (Held, error) {
	return hold(ctx, tx, Held{
		Table: "passkey_challenge", Title: i18n.Mark("Questions to your passkeys"), Note: i18n.Mark("Random numbers, for some minutes only."),
		Columns: []Column{{"made_at", i18n.Mark("Made on")}},
	}, "select made_at from passkey_challenge where person_id = $1", p, func(scan func(...any) error) ([]any, error) {
		var at int64
		err := scan(&at)
		return []any{clock.FromMicros(at)}, err
	})
}
