package feedback

import (
	"bytes"
	"context"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/id"
)

// sealedOf returns db.ErrNoRows when a sign-up has not answered.
func sealedOf(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) ([]byte, error) {
	var sealed []byte
	err := tx.Get(ctx, "select sealed from feedback where event_id = $1 and hash = $2", []any{string(e), hash}, &sealed)
	return sealed, err
}

func put(ctx context.Context, tx *db.Tx, e id.Event, hash []byte, text bool, sealed []byte) error {
	_, err := tx.Exec(ctx, `insert into feedback (event_id, hash, has_text, sealed) values ($1, $2, $3, $4)
		on conflict (event_id, hash) do update set has_text = excluded.has_text, sealed = excluded.sealed`, string(e), hash, text, sealed)
	if err != nil {
		return fmt.Errorf("store feedback: %w", err)
	}
	return nil
}

// count replaces one answer by another in the totals.
func count(ctx context.Context, tx *db.Tx, e id.Event, was, now Answer) error {
	for _, q := range questions {
		if was.to(q.code) == now.to(q.code) {
			continue
		}
		for _, x := range []struct {
			answer string
			by     int
		}{{was.to(q.code), -1}, {now.to(q.code), 1}} {
			if x.answer == "" {
				continue
			}
			_, err := tx.Exec(ctx, `insert into feedback_total (event_id, question, answer, people) values ($1, $2, $3, $4)
				on conflict (event_id, question, answer) do update set people = feedback_total.people + excluded.people`,
				string(e), q.code, x.answer, x.by)
			if err != nil {
				return fmt.Errorf("count feedback: %w", err)
			}
		}
	}
	return nil
}

func totalsOf(ctx context.Context, tx *db.Tx, e id.Event) ([]Total, error) {
	return db.Query(ctx, tx, "select question, answer, people from feedback_total where event_id = $1 and people > 0 order by question, answer",
		[]any{string(e)}, func(scan func(...any) error) (Total, error) {
			var t Total
			return t, scan(&t.Question, &t.Answer, &t.People)
		})
}

type textRow struct{ hash, sealed []byte }

// textsFrom are answers with words, from a place among the hashes on, and then
// from their beginning.
func textsFrom(ctx context.Context, tx *db.Tx, e id.Event, from []byte, limit int) ([]textRow, error) {
	scan := func(scan func(...any) error) (textRow, error) {
		var r textRow
		err := scan(&r.hash, &r.sealed)
		return textRow{bytes.Clone(r.hash), bytes.Clone(r.sealed)}, err
	}
	const q = "select hash, sealed from feedback where event_id = $1 and has_text and hash "
	after, err := db.Query(ctx, tx, q+">= $2 order by hash limit $3", []any{string(e), from, limit}, scan)
	if err != nil || len(after) == limit {
		return after, err
	}
	before, err := db.Query(ctx, tx, q+"< $2 order by hash limit $3", []any{string(e), from, limit - len(after)}, scan)
	return append(after, before...), err
}
