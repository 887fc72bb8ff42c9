package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

// mailRow is a mail with a link.
type mailRow struct {
	id, keyID, lang string
	person          id.Person // who adds an address, or ""
	tag, sealed     []byte
	hash, code      []byte
	form            []byte
	tries           int
}

const selectMail = `select id, key_id, lang, coalesce(person_id, ''), tag, sealed, hash, code, form, tries from mail_link where `

// These find a mail whose link works.
const (
	selectMailByHash = selectMail + "hash = $1 and made_at > $2"
	selectMailByID   = selectMail + "id = $1 and made_at > $2"
	selectMailByForm = selectMail + "form = $1 and made_at > $2 order by made_at desc limit 1"
)

// oneMail returns db.ErrNoRows when there is none.
func oneMail(ctx context.Context, tx *db.Tx, q string, arg any) (mailRow, error) {
	var r mailRow
	err := tx.Get(ctx, q, []any{arg, clock.Micros(tx.Now().Add(-mailTTL))},
		&r.id, &r.keyID, &r.lang, &r.person, &r.tag, &r.sealed, &r.hash, &r.code, &r.form, &r.tries)
	return r, err
}

func insertMail(ctx context.Context, tx *db.Tx, r mailRow) error {
	_, err := tx.Exec(ctx, `insert into mail_link (id, key_id, person_id, tag, sealed, hash, code, form, lang, tries, made_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10)`, r.id, r.keyID, nullable(string(r.person)), r.tag, r.sealed, r.hash,
		r.code, r.form, r.lang, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("insert mail: %w", err)
	}
	return nil
}

const selectMailed = "select id from mail_link where tag = $1 and made_at > $2 limit 1"

// mailedSince reports whether a mail to the address was asked for since t.
func mailedSince(ctx context.Context, tx *db.Tx, tag []byte, t time.Time) (bool, error) {
	n, err := db.Column[string](ctx, tx, selectMailed, tag, clock.Micros(t))
	return len(n) > 0, err
}

// tryMail counts a try of the code; false when there were too many.
func tryMail(ctx context.Context, tx *db.Tx, lid string) (bool, error) {
	n, err := tx.Exec(ctx, "update mail_link set tries = tries + 1 where id = $1 and tries < $2", lid, codeTries)
	return n == 1, err
}

// useMail removes a row only once, whoever races for it.
func useMail(ctx context.Context, tx *db.Tx, lid string) (int64, error) {
	return tx.Exec(ctx, "delete from mail_link where id = $1", lid)
}

func deleteMailOf(ctx context.Context, tx *db.Tx, p id.Person) error {
	_, err := tx.Exec(ctx, "delete from mail_link where person_id = $1", string(p))
	return err
}

const deleteOldMail = "delete from mail_link where made_at <= $1"

// personByTag returns db.ErrNoRows when nobody has the address.
func personByTag(ctx context.Context, tx *db.Tx, tag []byte) (personRow, error) {
	var p id.Person
	if err := tx.Get(ctx, "select person_id from person_mail where tag = $1", []any{tag}, &p); err != nil {
		return personRow{}, err
	}
	return personByID(ctx, tx, p)
}

// address is a confirmed address, sealed.
type address struct {
	keyID     string
	sealed    []byte
	confirmed Day
}

// addressOf returns db.ErrNoRows when a person has none.
func addressOf(ctx context.Context, tx *db.Tx, p id.Person) (address, error) {
	var a address
	err := tx.Get(ctx, "select key_id, sealed, confirmed_day from person_mail where person_id = $1", []any{string(p)},
		&a.keyID, &a.sealed, &a.confirmed)
	return a, err
}

// putAddress reports false when another account has the address.
func putAddress(ctx context.Context, tx *db.Tx, p id.Person, a address, tag []byte) (bool, error) {
	_, err := personByTag(ctx, tx, tag)
	if err == nil {
		return false, nil
	}
	if !isNone(err) {
		return false, err
	}
	_, err = tx.Exec(ctx, "insert into person_mail (person_id, key_id, tag, sealed, confirmed_day) values ($1, $2, $3, $4, $5)",
		string(p), a.keyID, tag, a.sealed, day.Of(tx.Now()))
	if err != nil {
		return false, fmt.Errorf("insert address: %w", err)
	}
	return true, nil
}

// deleteAddress removes a person's address and returns the id of its key, which
// is to be destroyed, or "".
func deleteAddress(ctx context.Context, tx *db.Tx, p id.Person) (keyID string, err error) {
	a, err := addressOf(ctx, tx, p)
	if isNone(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, "delete from person_mail where person_id = $1", string(p))
	return a.keyID, err
}

func isNone(err error) bool { return errors.Is(err, db.ErrNoRows) }
