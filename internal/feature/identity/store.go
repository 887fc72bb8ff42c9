package identity

import (
	"context"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/web"
)

type personRow struct {
	id                  id.Person
	handle, pass        string
	operator, suspended bool
	createdDay          int
}

const selectPerson = "select id, handle, pass, operator, suspended, created_day from person "

func scanPerson(scan func(...any) error) (personRow, error) {
	var p personRow
	err := scan(&p.id, &p.handle, &p.pass, &p.operator, &p.suspended, &p.createdDay)
	return p, err
}

// personByHandle and personByID return db.ErrNoRows when there is none.
func personByHandle(ctx context.Context, tx *db.Tx, handle string) (personRow, error) {
	return onePerson(ctx, tx, "where handle = $1", handle)
}

func personByID(ctx context.Context, tx *db.Tx, p id.Person) (personRow, error) {
	return onePerson(ctx, tx, "where id = $1", string(p))
}

func onePerson(ctx context.Context, tx *db.Tx, where, arg string) (personRow, error) {
	all, err := db.Query(ctx, tx, selectPerson+where, []any{arg}, scanPerson)
	if err != nil {
		return personRow{}, fmt.Errorf("find person: %w", err)
	}
	if len(all) == 0 {
		return personRow{}, db.ErrNoRows
	}
	return all[0], nil
}

// personsAfter reads one page of all accounts in the order of their ids.
func personsAfter(ctx context.Context, tx *db.Tx, after id.Person, limit int) ([]personRow, error) {
	return db.Query(ctx, tx, selectPerson+"where id > $1 order by id limit $2", []any{string(after), limit}, scanPerson)
}

// insertPerson reports false when the handle is taken.
func insertPerson(ctx context.Context, tx *db.Tx, p personRow) (bool, error) {
	n, err := tx.Exec(ctx, `insert into person (id, handle, pass, operator, suspended, locale, created_day)
		values ($1, $2, $3, $4, $5, '', $6) on conflict (handle) do nothing`,
		string(p.id), p.handle, p.pass, p.operator, false, day.Of(tx.Now()))
	if err != nil {
		return false, fmt.Errorf("insert person: %w", err)
	}
	return n == 1, nil
}

func setOperator(ctx context.Context, tx *db.Tx, p id.Person) error {
	_, err := tx.Exec(ctx, "update person set operator = $1 where id = $2", true, string(p))
	return err
}

func setSuspended(ctx context.Context, tx *db.Tx, p id.Person, suspended bool) error {
	_, err := tx.Exec(ctx, "update person set suspended = $1 where id = $2", suspended, string(p))
	return err
}

func setLocale(ctx context.Context, tx *db.Tx, p id.Person, tag string) error {
	_, err := tx.Exec(ctx, "update person set locale = $1 where id = $2", tag, string(p))
	return err
}

func localeOf(ctx context.Context, tx *db.Tx, p id.Person) (tag string, err error) {
	err = tx.Get(ctx, "select locale from person where id = $1", []any{string(p)}, &tag)
	return tag, err
}

// setPass replaces a passphrase without asking for the old one.
func setPass(ctx context.Context, tx *db.Tx, p id.Person, hash string) error {
	_, err := tx.Exec(ctx, "update person set pass = $1 where id = $2", hash, string(p))
	return err
}

// replacePass changes nothing when the old hash is another by now.
func replacePass(ctx context.Context, tx *db.Tx, p id.Person, old, hash string) (int64, error) {
	return tx.Exec(ctx, "update person set pass = $1 where id = $2 and pass = $3 and suspended = $4", hash, string(p), old, false)
}

type sessionRow struct {
	id       string
	usedDay  int
	person   id.Person
	handle   string
	operator bool
	locale   string
	proved   time.Time // zero once it is forgotten
	passkeys bool      // the person has some
}

const selectSession = `select s.id, s.used_day, s.proved_at, p.id, p.handle, p.operator, p.locale,
	exists (select 1 from passkey k where k.person_id = p.id)
	from session s join person p on p.id = s.person_id
	where s.hash = $1 and s.expires_at > $2 and p.suspended = $3`

func sessionByHash(ctx context.Context, tx *db.Tx, hash []byte) (sessionRow, error) {
	var r sessionRow
	var proved int64
	err := tx.Get(ctx, selectSession,
		[]any{hash, clock.Micros(tx.Now()), false}, &r.id, &r.usedDay, &proved, &r.person, &r.handle, &r.operator, &r.locale, &r.passkeys)
	if proved > 0 {
		r.proved = clock.FromMicros(proved)
	}
	return r, err
}

// insertSession starts a session; whoever gets one has just proved who they are.
func insertSession(ctx context.Context, tx *db.Tx, p id.Person, sid, secret string) error {
	_, err := tx.Exec(ctx, `insert into session (hash, id, person_id, label, created_day, used_day, expires_at, proved_at)
		values ($1, $2, $3, '', $4, $4, $5, $6)`,
		id.Hash(secret), sid, string(p), day.Of(tx.Now()), clock.Micros(sessionEnd(tx.Now())), clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("insert session: %w", err)
	}
	return nil
}

func touchSession(ctx context.Context, tx *db.Tx, u use) error {
	_, err := tx.Exec(ctx, "update session set used_day = $1, expires_at = $2 where hash = $3 and used_day < $1 and expires_at > $4",
		u.day, clock.Micros(sessionEnd(day.Time(u.day))), u.hash, clock.Micros(tx.Now()))
	return err
}

// proveSession notes that the words with the given hash were typed now. It
// changes nothing when the session has ended or the words are others by now.
func proveSession(ctx context.Context, tx *db.Tx, p personRow, sid string) (int64, error) {
	return tx.Exec(ctx, `update session set proved_at = $1, pass_key = null where person_id = $2 and id = $3
		and exists (select 1 from person where id = $2 and pass = $4 and not suspended)`,
		clock.Micros(tx.Now()), string(p.id), sid, p.pass)
}

// notePassKey remembers the form that made new words in a session. They count
// as typed.
func notePassKey(ctx context.Context, tx *db.Tx, p id.Person, sid, key string) error {
	_, err := tx.Exec(ctx, "update session set proved_at = $1, pass_key = $2 where person_id = $3 and id = $4",
		clock.Micros(tx.Now()), keyHash(key), string(p), sid)
	return err
}

// passKeyFits reports whether the same form made words in this session a short while
// ago.
func passKeyFits(ctx context.Context, tx *db.Tx, p id.Person, sid, key string) (bool, error) {
	n, err := db.Column[string](ctx, tx, "select id from session where person_id = $1 and id = $2 and pass_key = $3 and proved_at > $4",
		string(p), sid, keyHash(key), clock.Micros(tx.Now().Add(-retryTime)))
	return len(n) > 0, err
}

// keyHash is what is kept of a form's key: null, which equals nothing, when it
// is none.
func keyHash(key string) any {
	if !id.ValidSecret(key) {
		return nil
	}
	return id.Hash(key)
}

func sessionsOf(ctx context.Context, tx *db.Tx, p id.Person) ([]SessionInfo, error) {
	return db.Query(ctx, tx, `select id, label, created_day, used_day, expires_at from session
		where person_id = $1 and expires_at > $2 order by created_day desc, id desc`,
		[]any{string(p), clock.Micros(tx.Now())}, func(scan func(...any) error) (SessionInfo, error) {
			var s SessionInfo
			var created, used int
			var ends int64
			err := scan(&s.ID, &s.Label, &created, &used, &ends)
			s.Created, s.Used, s.Ends = day.Time(created), day.Time(used), clock.FromMicros(ends).Add(-24*time.Hour)
			return s, err
		})
}

func labelSession(ctx context.Context, tx *db.Tx, p id.Person, sid, label string) (int64, error) {
	return tx.Exec(ctx, "update session set label = $1 where person_id = $2 and id = $3", label, string(p), sid)
}

func deleteSession(ctx context.Context, tx *db.Tx, p id.Person, sid string) (int64, error) {
	return tx.Exec(ctx, "delete from session where person_id = $1 and id = $2", string(p), sid)
}

// endSession ends a session whoever it belongs to.
func endSession(ctx context.Context, tx *db.Tx, sid string) error {
	_, err := tx.Exec(ctx, "delete from session where id = $1", sid)
	return err
}

// deleteSessions ends all sessions of a person but one; "" spares none.
func deleteSessions(ctx context.Context, tx *db.Tx, p id.Person, but string) error {
	_, err := tx.Exec(ctx, "delete from session where person_id = $1 and id <> $2", string(p), but)
	return err
}

func insertAudit(ctx context.Context, tx *db.Tx, aid string, by id.Person, action, subject string, about id.Person) error {
	_, err := tx.Exec(ctx, "insert into audit (id, day, person_id, action, subject, about) values ($1, $2, $3, $4, $5, $6)",
		aid, day.Of(tx.Now()), string(by), action, subject, string(about))
	if err != nil {
		return fmt.Errorf("insert audit: %w", err)
	}
	return nil
}

const selectAudit = `select day, action, count(*) from audit where day >= $1
	group by day, action order by day desc, action`

// auditDays counts actions by day, the newest first, from a day on.
func auditDays(ctx context.Context, tx *db.Tx, from int) ([]AuditCount, error) {
	return db.Query(ctx, tx, selectAudit, []any{from}, func(scan func(...any) error) (AuditCount, error) {
		var a AuditCount
		var d int
		err := scan(&d, &a.Action, &a.Count)
		a.Day = day.Time(d)
		return a, err
	})
}

func putSetting(ctx context.Context, tx *db.Tx, name, value string) error {
	_, err := tx.Exec(ctx, `insert into setting (name, value) values ($1, $2)
		on conflict (name) do update set value = excluded.value`, name, value)
	return err
}

// setting returns db.ErrNoRows when it was never set.
func setting(ctx context.Context, tx *db.Tx, name string) (string, error) {
	var v string
	err := tx.Get(ctx, "select value from setting where name = $1", []any{name}, &v)
	return v, err
}

// The few who are operators or suspended have indices of their own; everybody
// is not counted, because that would read the whole table.
const (
	selectOperators = "select count(*) from person where operator"
	selectSuspended = "select count(*) from person where suspended"
	selectOperator  = "select id from person where operator and not suspended limit 1"
)

func countNode(ctx context.Context, tx *db.Tx) (Counts, error) {
	var c Counts
	if err := tx.Get(ctx, selectOperators, nil, &c.Operators); err != nil {
		return c, err
	}
	return c, tx.Get(ctx, selectSuspended, nil, &c.Suspended)
}

func hasOperator(ctx context.Context, tx *db.Tx) (bool, error) {
	n, err := db.Column[string](ctx, tx, selectOperator)
	return len(n) > 0, err
}

const forgetProofs = "update session set proved_at = 0, pass_key = null where proved_at > 0 and proved_at <= $1"

func expire(ctx context.Context, tx *db.Tx) error {
	now := clock.Micros(tx.Now())
	if _, err := tx.Exec(ctx, "delete from session where expires_at <= $1", now); err != nil {
		return fmt.Errorf("delete expired sessions: %w", err)
	}
	late := clock.Micros(tx.Now().Add(-max(retryTime, web.ProofLasts)))
	if _, err := tx.Exec(ctx, forgetProofs, late); err != nil {
		return fmt.Errorf("forget when words were typed: %w", err)
	}
	if _, err := tx.Exec(ctx, forgetOldUses, late); err != nil {
		return fmt.Errorf("forget who used links: %w", err)
	}
	if _, err := tx.Exec(ctx, deleteOldRecoveries, clock.Micros(tx.Now().Add(-recoveryKept)),
		clock.Micros(tx.Now().Add(-recoveryDelay-recoveryKept))); err != nil {
		return fmt.Errorf("delete old recoveries: %w", err)
	}
	if _, err := tx.Exec(ctx, deleteOldChallenges, clock.Micros(tx.Now().Add(-challengeTTL))); err != nil {
		return fmt.Errorf("delete old challenges: %w", err)
	}
	if _, err := tx.Exec(ctx, deleteOldMail, clock.Micros(tx.Now().Add(-mailTTL))); err != nil {
		return fmt.Errorf("delete old mail: %w", err)
	}
	if _, err := tx.Exec(ctx, "delete from invitation where expires_at <= $1 and used_at is null", now); err != nil {
		return fmt.Errorf("delete expired links: %w", err)
	}
	if _, err := tx.Exec(ctx, "delete from audit where day < $1", day.Of(tx.Now().Add(-auditKept))); err != nil {
		return fmt.Errorf("delete old audit: %w", err)
	}
	return nil
}
