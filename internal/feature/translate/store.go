package translate

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
)

const columns = "select id, lang, context, msgid, forms, credit from translation "

func scanProposal(scan func(...any) error) (Proposal, error) {
	var p Proposal
	var forms string
	if err := scan(&p.ID, &p.Lang, &p.Key.Context, &p.Key.ID, &forms, &p.Credit); err != nil {
		return p, err
	}
	return p, json.Unmarshal([]byte(forms), &p.Forms)
}

func proposalsOf(ctx context.Context, tx *db.Tx, lang, textid string) ([]Proposal, error) {
	out, err := db.Query(ctx, tx, columns+"where lang = $1 and text = $2 order by made_at, id limit 50", []any{lang, textid}, scanProposal)
	if err != nil {
		return nil, fmt.Errorf("read the proposals of a text: %w", err)
	}
	return out, nil
}

// waiting walks along the proposals by their age.
func waiting(ctx context.Context, tx *db.Tx, after string, limit int) ([]Proposal, error) {
	out, err := db.Query(ctx, tx, columns+`where $1 = '' or (made_at, id) > (select made_at, id from translation where id = $1)
		order by made_at, id limit $2`, []any{after, limit}, scanProposal)
	if err != nil {
		return nil, fmt.Errorf("read the proposals: %w", err)
	}
	return out, nil
}

func proposalByID(ctx context.Context, tx *db.Tx, proposal string) (Proposal, error) {
	all, err := db.Query(ctx, tx, columns+"where id = $1", []any{proposal}, scanProposal)
	if err == nil && len(all) == 0 {
		err = db.ErrNoRows
	}
	if err != nil {
		return Proposal{}, err
	}
	return all[0], nil
}

func countProposals(ctx context.Context, tx *db.Tx) (int, error) {
	var n int
	err := tx.Get(ctx, "select count(*) from translation", nil, &n)
	return n, err
}

func insertProposal(ctx context.Context, tx *db.Tx, p Proposal) error {
	forms, err := json.Marshal(p.Forms)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "insert into translation (id, lang, text, context, msgid, forms, made_at, credit) values ($1, $2, $3, $4, $5, $6, $7, $8)",
		p.ID, p.Lang, textID(p.Key), p.Key.Context, p.Key.ID, string(forms), clock.Micros(tx.Now()), p.Credit)
	if err != nil {
		return fmt.Errorf("insert a proposal: %w", err)
	}
	return nil
}

func deleteProposal(ctx context.Context, tx *db.Tx, proposal string) error {
	if _, err := tx.Exec(ctx, "delete from translation where id = $1", proposal); err != nil {
		return fmt.Errorf("remove a proposal: %w", err)
	}
	return nil
}

func deleteBefore(ctx context.Context, tx *db.Tx, t time.Time) error {
	if _, err := tx.Exec(ctx, "delete from translation where made_at < $1", clock.Micros(t)); err != nil {
		return fmt.Errorf("remove old proposals: %w", err)
	}
	return nil
}
