package identity

import (
	"context"
	"database/sql"
	"fmt"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

const selectRecovery = "select person_id, group_id, first_by, second_by, made_at, starts_at from recovery "

func scanRecovery(scan func(...any) error) (recoveryRow, error) {
	var r recoveryRow
	var second sql.NullString
	var made, starts int64
	err := scan(&r.person, &r.group, &r.first, &second, &made, &starts)
	r.second, r.made, r.starts = id.Person(second.String), moment(made), moment(starts)
	return r, err
}

// recoveryOf is zero when there is none.
func recoveryOf(ctx context.Context, tx *db.Tx, p id.Person) (recoveryRow, error) {
	all, err := db.Query(ctx, tx, selectRecovery+"where person_id = $1", []any{string(p)}, scanRecovery)
	if err != nil || len(all) == 0 {
		return recoveryRow{}, err
	}
	return all[0], nil
}

// recoveriesIn lists those of a group.
func recoveriesIn(ctx context.Context, tx *db.Tx, g id.Group) ([]recoveryRow, error) {
	return db.Query(ctx, tx, selectRecovery+"where group_id = $1 order by person_id", []any{string(g)}, scanRecovery)
}

func insertRecovery(ctx context.Context, tx *db.Tx, p id.Person, g id.Group, by id.Person) error {
	_, err := tx.Exec(ctx, "insert into recovery (person_id, group_id, first_by, made_at, starts_at) values ($1, $2, $3, $4, 0)",
		string(p), string(g), string(by), clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("insert recovery: %w", err)
	}
	return nil
}

func startRecovery(ctx context.Context, tx *db.Tx, p, by id.Person) error {
	_, err := tx.Exec(ctx, "update recovery set second_by = $1, starts_at = $2 where person_id = $3", string(by), clock.Micros(tx.Now()), string(p))
	return err
}

func deleteRecovery(ctx context.Context, tx *db.Tx, p id.Person) (int64, error) {
	return tx.Exec(ctx, "delete from recovery where person_id = $1", string(p))
}

const deleteOldRecoveries = `delete from recovery where starts_at = 0 and made_at <= $1 or starts_at > 0 and starts_at <= $2`

func heldRecoveries(ctx context.Context, tx *db.Tx, p id.Person) (Held, error) {
	return hold(ctx, tx, Held{
		Table: "recovery", Title: i18n.Mark("New ways in that stewards confirm"),
		Columns: []Column{
			{"yours", i18n.Mark("For your account")}, {"made_at", i18n.Mark("Made on")}, {"starts_at", i18n.Mark("Confirmed by two on")},
		},
	}, `select person_id = $1, made_at, starts_at from recovery where person_id = $1 or first_by = $1 or second_by = $1 order by made_at`, p,
		func(scan func(...any) error) ([]any, error) {
			var mine bool
			var made, starts int64
			err := scan(&mine, &made, &starts)
			return []any{mine, clock.FromMicros(made), moment(starts)}, err
		})
}
