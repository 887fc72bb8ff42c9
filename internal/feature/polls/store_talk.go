package polls

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

// The rows of CommentTable and AmendmentTable are of no use without a key: that of
// the proposal, whose scope is ScopePrefix and then what is in SealedColumn.
const (
	CommentTable   = "poll_comment"
	AmendmentTable = "poll_amendment"
	SealedColumn   = "proposal_id"
	ScopePrefix    = "proposal:"
)

// comment is one row.
type comment struct {
	ID, Form string
	Proposal ID
	Parent   string
	Wrote    id.Person
	Sealed   []byte
	Hidden   string // why, or takenBack
	Day      int
}

// takenBack stands where the reason would, for what its writer took back.
const takenBack = "-"

const commentColumns = "id, form, proposal_id, parent, wrote, sealed, hidden, day"

func scanComment(scan func(...any) error) (c comment, err error) {
	var parent, wrote *string
	err = scan(&c.ID, &c.Form, &c.Proposal, &parent, &wrote, &c.Sealed, &c.Hidden, &c.Day)
	c.Parent, c.Wrote = text(parent), id.Person(text(wrote))
	return c, err
}

// insertComment does nothing for a form that was sent before.
func insertComment(ctx context.Context, tx *db.Tx, c comment) error {
	_, err := tx.Exec(ctx, "insert into poll_comment ("+commentColumns+") values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (form) do nothing",
		c.ID, c.Form, string(c.Proposal), orNil(c.Parent), orNil(string(c.Wrote)), c.Sealed, c.Hidden, day.Of(tx.Now()))
	if err != nil {
		return fmt.Errorf("insert comment: %w", err)
	}
	return nil
}

// commentBy returns db.ErrNoRows when the proposal has none such.
func commentBy(ctx context.Context, tx *db.Tx, p ID, cid string) (comment, error) {
	return scanComment(func(dest ...any) error {
		return tx.Get(ctx, "select "+commentColumns+" from poll_comment where proposal_id = $1 and id = $2", []any{string(p), cid}, dest...)
	})
}

// commentForm returns db.ErrNoRows when nothing was said with that form.
func commentForm(ctx context.Context, tx *db.Tx, form string) (comment, error) {
	return scanComment(func(dest ...any) error {
		return tx.Get(ctx, "select "+commentColumns+" from poll_comment where form = $1", []any{form}, dest...)
	})
}

// threads reads one page of comments that answer nothing, the first one first, and
// the answers to them.
func threads(ctx context.Context, tx *db.Tx, p ID, after string, limit int) (top, answers []comment, err error) {
	top, err = db.Query(ctx, tx, "select "+commentColumns+" from poll_comment where proposal_id = $1 and parent is null and id > $2 order by id limit $3",
		[]any{string(p), after, limit}, scanComment)
	if err != nil || len(top) == 0 {
		return nil, nil, err
	}
	answers, err = db.Query(ctx, tx, "select "+commentColumns+` from poll_comment where proposal_id = $1 and parent >= $2 and parent <= $3
		order by id limit 1000`, []any{string(p), top[0].ID, top[len(top)-1].ID}, scanComment)
	return top, answers, err
}

// hideComment erases what was said; who said it stays for those inside, unless they
// took it back themselves.
func hideComment(ctx context.Context, tx *db.Tx, cid, why string) error {
	q := "update poll_comment set hidden = $2 where id = $1"
	if why == takenBack {
		q = "update poll_comment set hidden = $2, wrote = null where id = $1"
	}
	if _, err := tx.Exec(ctx, q, cid, why); err != nil {
		return fmt.Errorf("hide comment: %w", err)
	}
	_, err := tx.Exec(ctx, "update poll_comment set sealed = $2 where id = $1", cid, []byte{})
	return err
}

// AmendmentState is what became of an amendment.
type AmendmentState string

// The states of an amendment.
const (
	Proposed AmendmentState = "proposed"
	Voting   AmendmentState = "voting"
	Accepted AmendmentState = "accepted"
	Declined AmendmentState = "declined"
	Retired  AmendmentState = "retired"
)

// amendment is one row.
type amendment struct {
	ID, Form string
	Proposal ID
	Wrote    id.Person
	Sealed   []byte
	Base     int
	State    AmendmentState
	Day      int
}

const amendmentColumns = "id, proposal_id, form, wrote, sealed, base, state, day"

func scanAmendment(scan func(...any) error) (a amendment, err error) {
	var wrote *string
	err = scan(&a.ID, &a.Proposal, &a.Form, &wrote, &a.Sealed, &a.Base, &a.State, &a.Day)
	a.Wrote = id.Person(text(wrote))
	return a, err
}

// insertAmendment does nothing for a form that was sent before.
func insertAmendment(ctx context.Context, tx *db.Tx, a amendment) error {
	_, err := tx.Exec(ctx, "insert into poll_amendment ("+amendmentColumns+") values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (form) do nothing",
		a.ID, string(a.Proposal), a.Form, orNil(string(a.Wrote)), a.Sealed, a.Base, string(a.State), day.Of(tx.Now()))
	if err != nil {
		return fmt.Errorf("insert amendment: %w", err)
	}
	return nil
}

// amendmentBy is not ok when the proposal has none such.
func amendmentBy(ctx context.Context, tx *db.Tx, p ID, aid string) (a amendment, ok bool, err error) {
	a, err = scanAmendment(func(dest ...any) error {
		return tx.Get(ctx, "select "+amendmentColumns+" from poll_amendment where proposal_id = $1 and id = $2", []any{string(p), aid}, dest...)
	})
	if errors.Is(err, db.ErrNoRows) {
		return a, false, nil
	}
	return a, err == nil, err
}

func amendmentForm(ctx context.Context, tx *db.Tx, form string) (aid string, err error) {
	all, err := db.Column[string](ctx, tx, "select id from poll_amendment where form = $1", form)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

// maxAmendments is how many of a proposal there can be, and are shown.
const maxAmendments = 200

func amendmentsOf(ctx context.Context, tx *db.Tx, p ID) ([]amendment, error) {
	return db.Query(ctx, tx, "select "+amendmentColumns+" from poll_amendment where proposal_id = $1 order by id limit $2",
		[]any{string(p), maxAmendments}, scanAmendment)
}

func putAmendmentState(ctx context.Context, tx *db.Tx, aid string, s AmendmentState) error {
	if _, err := tx.Exec(ctx, "update poll_amendment set state = $2 where id = $1", aid, string(s)); err != nil {
		return fmt.Errorf("set the state of an amendment: %w", err)
	}
	return nil
}

// wroteBy lists what a person wrote or opened, for themselves.
func wroteBy(ctx context.Context, tx *db.Tx, p id.Person) ([]Wrote, error) {
	return db.Query(ctx, tx, `select p.title, 'poll_proposal', p.id from poll_proposal p where p.wrote = $1
		union all select p.title, 'poll_comment', c.id from poll_comment c join poll_proposal p on p.id = c.proposal_id where c.wrote = $1
		union all select p.title, 'poll_amendment', a.id from poll_amendment a join poll_proposal p on p.id = a.proposal_id where a.wrote = $1
		union all select x.title, 'poll', x.id from poll x where x.opened_by = $1
		order by 3`, []any{string(p)}, func(scan func(...any) error) (Wrote, error) {
		var w Wrote
		var row string
		return w, scan(&w.Title, &w.Table, &row)
	})
}

// forget takes somebody who left a group out of what it has given them to do, or was
// to elect them for.
func forget(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error {
	for _, q := range []string{
		"update poll_proposal set subject = replace(subject, $2, '') where group_id = $1 and effect = 'task'",
		"update poll set subject = replace(subject, $2, '') where group_id = $1 and effect = 'task'",
		"update poll set candidates = replace(candidates, $2, '') where group_id = $1 and candidates <> ''",
	} {
		if _, err := tx.Exec(ctx, q, string(g), string(p)); err != nil {
			return fmt.Errorf("forget somebody who left: %w", err)
		}
	}
	return nil
}
