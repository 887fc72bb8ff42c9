package campaigns

import (
	"context"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/id"
)

const candidateColumns = "id, form, group_id, body, addressee, state, coalesce(into_id, ''), number, day"

func scanCandidate(scan func(...any) error) (Candidate, error) {
	var k Candidate
	return k, scan(&k.ID, &k.Form, &k.Group, &k.Body, &k.Addressee, &k.State, &k.Into, &k.Number, &k.Day)
}

// candidatesOf lists what groups put forward, the oldest first.
func candidatesOf(ctx context.Context, tx *db.Tx, c id.Campaign) ([]Candidate, error) {
	all, err := db.Query(ctx, tx, "select "+candidateColumns+" from demand_candidate where campaign_id = $1 order by id", []any{string(c)}, scanCandidate)
	if err != nil {
		return nil, fmt.Errorf("list what was put forward: %w", err)
	}
	return all, nil
}

func forwardCount(ctx context.Context, tx *db.Tx, c id.Campaign) (n int, err error) {
	err = tx.Get(ctx, "select count(*) from demand_candidate where campaign_id = $1 and state = $2", []any{string(c), string(Forward)}, &n)
	return n, err
}

func insertCandidate(ctx context.Context, tx *db.Tx, c id.Campaign, k *Candidate) error {
	_, err := tx.Exec(ctx, `insert into demand_candidate (id, form, campaign_id, group_id, body, addressee, state, number, day)
		values ($1, $2, $3, $4, $5, $6, $7, 0, $8)`, k.ID, k.Form, string(c), string(k.Group), k.Body, k.Addressee, string(k.State), k.Day)
	if err != nil {
		return fmt.Errorf("put a demand forward: %w", err)
	}
	return nil
}

func updateCandidate(ctx context.Context, tx *db.Tx, k *Candidate) error {
	var into any
	if k.Into != "" {
		into = k.Into
	}
	_, err := tx.Exec(ctx, "update demand_candidate set state = $2, into_id = $3, number = $4 where id = $1", k.ID, string(k.State), into, k.Number)
	if err != nil {
		return fmt.Errorf("change what was put forward: %w", err)
	}
	return nil
}
