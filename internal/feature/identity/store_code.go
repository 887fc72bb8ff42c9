package identity

import (
	"context"
	"fmt"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// replaceCodes gives a person new recovery codes; the old ones stop working.
func replaceCodes(ctx context.Context, tx *db.Tx, p id.Person, fresh []string) error {
	if _, err := tx.Exec(ctx, "delete from recovery_code where person_id = $1", string(p)); err != nil {
		return fmt.Errorf("delete recovery codes: %w", err)
	}
	for _, c := range fresh {
		_, err := tx.Exec(ctx, "insert into recovery_code (hash, person_id, made_day) values ($1, $2, $3)", codeHash(p, c), string(p), day.Of(tx.Now()))
		if err != nil {
			return fmt.Errorf("insert recovery code: %w", err)
		}
	}
	return nil
}

func countCodes(ctx context.Context, tx *db.Tx, p id.Person) (int, error) {
	var n int
	err := tx.Get(ctx, "select count(*) from recovery_code where person_id = $1", []any{string(p)}, &n)
	return n, err
}

// hasCode reports whether a code is one of the person's.
func hasCode(ctx context.Context, tx *db.Tx, p id.Person, code string) (bool, error) {
	n, err := db.Column[int](ctx, tx, "select 1 from recovery_code where hash = $1 and person_id = $2", codeHash(p, code), string(p))
	return len(n) > 0, err
}

// useCode removes a row only once, whoever races for it.
func useCode(ctx context.Context, tx *db.Tx, p id.Person, code string) (int64, error) {
	return tx.Exec(ctx, "delete from recovery_code where hash = $1 and person_id = $2", codeHash(p, code), string(p))
}

func heldCodes(ctx context.Context, tx *db.Tx, p id.Person) (Held, error) {
	return hold(ctx, tx, Held{
		Table: "recovery_code", Title: i18n.Mark("Recovery codes that are not used"), Note: i18n.Mark("Also a hash of each code."),
		Columns: []Column{{"made_day", i18n.Mark("Made on")}},
	}, "select made_day from recovery_code where person_id = $1", p, func(scan func(...any) error) ([]any, error) {
		var made Day
		err := scan(&made)
		return []any{made}, err
	})
}
