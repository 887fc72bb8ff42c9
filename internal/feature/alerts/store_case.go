package alerts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/geo"
	"convoke/internal/id"
)

const caseColumns = `id, network_id, category, cell, scope, state, of_id, reports, first_hand, members, coalesce(claimed_by, ''), claimed_at, called, chain_id,
	seen_at, created_at, last_at, expires_at`

func scanCase(scan func(...any) error) (c Case, err error) {
	var claimed, seen, created, last, expires int64
	err = scan(&c.ID, &c.Network, &c.Category, (*int64)(&c.Cell), &c.Scope, &c.State, &c.Of, &c.Reports, &c.FirstHand, &c.Members, &c.ClaimedBy, &claimed, &c.Called,
		&c.Chain, &seen, &created, &last, &expires)
	c.Claimed, c.Seen, c.Created, c.Last, c.Expires = moment(claimed), clock.FromMicros(seen), clock.FromMicros(created), clock.FromMicros(last), clock.FromMicros(expires)
	return c, err
}

// micros and moment keep the zero time as 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

// oneCase is a case of whatever network, nil when it is forgotten.
func oneCase(ctx context.Context, tx *db.Tx, cid string) (*Case, error) {
	all, err := db.Query(ctx, tx, "select "+caseColumns+" from alert_case where id = $1", []any{cid}, scanCase)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

func caseByID(ctx context.Context, tx *db.Tx, network, cid string) (*Case, bool, error) {
	all, err := db.Query(ctx, tx, "select "+caseColumns+" from alert_case where id = $1 and network_id = $2", []any{cid, network}, scanCase)
	if err != nil || len(all) == 0 {
		return nil, false, err
	}
	return all[0].at(tx.Now()), true, nil
}

// at is the case as it stands at a time: what nobody settled has expired once it is over.
func (c *Case) at(now time.Time) *Case {
	if !now.Before(c.Expires) && (c.State.open() || c.State == Confirmed) {
		c.State = Expired
	}
	return c
}

// caseNear finds the case in a cell, or one beside it, that a report belongs to. When the
// alert that came of a case is over, or says nothing of the cell, what is reported may be
// something new, and verifiers have to look.
func caseNear(ctx context.Context, tx *db.Tx, network, category string, cell geo.GridCell, now time.Time) (*Case, bool, error) {
	args := []any{network, category, clock.Micros(now.Add(-nearTime)), clock.Micros(now.Add(-caseOpen)), clock.Micros(now), string(fact.AlertWithdraw), string(fact.AlertClear), int64(cell)}
	for _, c := range cell.Around() {
		args = append(args, int64(c))
	}
	all, err := db.Query(ctx, tx, nearQuery(len(cell.Around())), args, scanCase)
	if err != nil || len(all) == 0 {
		return nil, false, err
	}
	return &all[0], true, nil
}

// nearQuery is of a cell and so many around it.
func nearQuery(around int) string {
	in := []string{"$8"}
	for i := range around {
		in = append(in, fmt.Sprintf("$%d", 9+i))
	}
	return "select " + caseColumns + " from alert_case where network_id = $1 and category = $2 and last_at >= $3 and created_at >= $4 and cell in (" + strings.Join(in, ", ") + `)
		and (state in ('new', 'checking') or state = 'confirmed' and exists (
			select 1 from alert a join alert_cell x on x.alert_id = a.id where a.chain_id = alert_case.chain_id and a.newest and a.expires_at > $5 and a.kind not in ($6, $7) and x.cell = $8))
		order by case when cell = $8 then 0 else 1 end, created_at limit 1`
}

func putCase(ctx context.Context, tx *db.Tx, c *Case) error {
	var by *string
	if c.ClaimedBy != "" {
		by = &c.ClaimedBy
	}
	_, err := tx.Exec(ctx, `insert into alert_case (id, network_id, category, cell, scope, state, of_id, reports, first_hand, members, score, claimed_by, claimed_at, called, chain_id,
			seen_at, created_at, last_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		on conflict (id) do update set state = excluded.state, of_id = excluded.of_id, reports = excluded.reports, first_hand = excluded.first_hand, members = excluded.members,
			score = excluded.score, claimed_by = excluded.claimed_by, claimed_at = excluded.claimed_at, called = excluded.called, chain_id = excluded.chain_id,
			seen_at = excluded.seen_at, last_at = excluded.last_at, expires_at = excluded.expires_at`,
		c.ID, c.Network, c.Category, int64(c.Cell), c.Scope, string(c.State), c.Of, c.Reports, c.FirstHand, c.Members, c.score(), by, micros(c.Claimed), c.Called, c.Chain,
		clock.Micros(c.Seen), clock.Micros(c.Created), clock.Micros(c.Last), clock.Micros(c.Expires))
	if err != nil {
		return fmt.Errorf("store a case: %w", err)
	}
	return nil
}

const casesQuery = "select " + caseColumns + ` from alert_case where network_id = $1 and state = $2 and ($3 = '' or category = $3) and expires_at > $6
	order by score desc, created_at limit $5 offset $4`

// casesOf lists a part of the queue: cases in a state, the surest first.
func casesOf(ctx context.Context, tx *db.Tx, network string, state State, category string, skip, limit int) ([]Case, error) {
	return db.Query(ctx, tx, casesQuery, []any{network, string(state), category, skip, limit, clock.Micros(tx.Now())}, scanCase)
}

func countCases(ctx context.Context, tx *db.Tx, network string) (map[State]int, error) {
	out := map[State]int{}
	err := tx.Each(ctx, "select state, count(*) from alert_case where network_id = $1 and expires_at > $2 group by state", []any{network, clock.Micros(tx.Now())}, func(scan func(...any) error) error {
		var s State
		var n int
		err := scan(&s, &n)
		out[s] = n
		return err
	})
	return out, err
}

// reportRow is a report as it is stored.
type reportRow struct {
	Hash      []byte
	Case      string
	Scope     string
	Sealed    []byte
	FirstHand bool
	Member    bool
	Photo     bool
	More      int
	Seen      time.Time
	Created   time.Time
	Expires   time.Time // when it is first stored: with its case, and after a day at most
}

const reportColumns = "hash, case_id, scope, sealed, first_hand, member, photo, more, seen_at, created_at"

func scanReport(scan func(...any) error) (r reportRow, err error) {
	var seen, created int64
	err = scan(&r.Hash, &r.Case, &r.Scope, &r.Sealed, &r.FirstHand, &r.Member, &r.Photo, &r.More, &seen, &created)
	r.Seen, r.Created = clock.FromMicros(seen), clock.FromMicros(created)
	return r, err
}

func reportBy(ctx context.Context, tx *db.Tx, hash []byte) (r reportRow, ok bool, err error) {
	all, err := db.Query(ctx, tx, "select "+reportColumns+" from alert_report where hash = $1", []any{hash}, scanReport)
	if err != nil || len(all) == 0 {
		return r, false, err
	}
	return all[0], true, nil
}

// duplicates are the cases that were said to be the same as one.
func duplicates(ctx context.Context, tx *db.Tx, c *Case) ([]Case, error) {
	return db.Query(ctx, tx, "select "+caseColumns+" from alert_case where network_id = $1 and state = $2 and of_id = $3 order by created_at", []any{c.Network, string(Duplicate), c.ID}, scanCase)
}

// source is the case that an alert came of: reporters may have said since that they were wrong.
type source struct {
	Case           string
	Reports, Added int
}

func sourceOf(ctx context.Context, tx *db.Tx, network, chain string) (s source, err error) {
	err = tx.Get(ctx, `select id, reports, (select cast(coalesce(sum(r.more), 0) as bigint) from alert_report r
			where r.case_id = alert_case.id or r.case_id in (select d.id from alert_case d where d.network_id = $1 and d.state = $4 and d.of_id = alert_case.id))
		from alert_case where network_id = $1 and state = $2 and chain_id = $3`, []any{network, string(Confirmed), chain, string(Duplicate)}, &s.Case, &s.Reports, &s.Added)
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return s, err
}

// passDuplicates makes what was the same as one case the same as another.
func passDuplicates(ctx context.Context, tx *db.Tx, network, from, to string) error {
	_, err := tx.Exec(ctx, "update alert_case set of_id = $4 where network_id = $1 and state = $2 and of_id = $3", network, string(Duplicate), from, to)
	return err
}

// recount counts the reports of a case anew, with those of its duplicates, and stores it.
func recount(ctx context.Context, tx *db.Tx, c *Case) error {
	parts, err := withDuplicates(ctx, tx, c)
	if err != nil {
		return err
	}
	list, args := caseIDs(parts)
	var reports, first, members int
	err = tx.Get(ctx, `select count(*), cast(coalesce(sum(case when first_hand then 1 else 0 end), 0) as bigint), cast(coalesce(sum(case when member then 1 else 0 end), 0) as bigint)
		from alert_report where case_id in `+list, args, &reports, &first, &members)
	if err != nil {
		return fmt.Errorf("count the reports of a case: %w", err)
	}
	c.Reports, c.FirstHand, c.Members = min(reports, maxReports), first, members
	return putCase(ctx, tx, c)
}

// caseIDs is as in ($1, $2), and the ids of cases.
func caseIDs(all []Case) (list string, args []any) {
	var in []string
	for i := range all {
		in = append(in, fmt.Sprintf("$%d", i+1))
		args = append(args, all[i].ID)
	}
	return "(" + strings.Join(in, ", ") + ")", args
}

// reportsOf lists the reports of cases that are the same, those with more to say first: what
// members say, what was seen, what has a picture.
func reportsOf(ctx context.Context, tx *db.Tx, parts []Case, limit int) ([]reportRow, error) {
	list, args := caseIDs(parts)
	return db.Query(ctx, tx, fmt.Sprintf("select %s from alert_report where case_id in %s order by member desc, first_hand desc, photo desc, created_at limit $%d", reportColumns, list, len(args)+1),
		append(args, limit), scanReport)
}

func putReport(ctx context.Context, tx *db.Tx, r *reportRow) error {
	_, err := tx.Exec(ctx, "insert into alert_report ("+reportColumns+`, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		on conflict (hash) do update set sealed = excluded.sealed, more = excluded.more`,
		r.Hash, r.Case, r.Scope, r.Sealed, r.FirstHand, r.Member, r.Photo, r.More, clock.Micros(r.Seen), clock.Micros(r.Created), clock.Micros(r.Expires))
	if err != nil {
		return fmt.Errorf("store a report: %w", err)
	}
	return nil
}

func insertPhoto(ctx context.Context, tx *db.Tx, hash, sealed []byte) error {
	_, err := tx.Exec(ctx, "insert into alert_photo (hash, sealed) values ($1, $2)", hash, sealed)
	return err
}

// photoOf is the sealed picture of a report of a case.
func photoOf(ctx context.Context, tx *db.Tx, cid string, hash []byte) (scope string, sealed []byte, err error) {
	err = tx.Get(ctx, "select r.scope, p.sealed from alert_report r join alert_photo p on p.hash = r.hash where r.case_id = $1 and r.hash = $2", []any{cid, hash}, &scope, &sealed)
	return scope, sealed, err
}

func insertTags(ctx context.Context, tx *db.Tx, cid string, tags [][]byte) error {
	for _, t := range tags {
		if _, err := tx.Exec(ctx, "insert into alert_report_tag (case_id, tag) values ($1, $2) on conflict do nothing", cid, t); err != nil {
			return err
		}
	}
	return nil
}

// tagged reports whether a case has one of the tags.
func tagged(ctx context.Context, tx *db.Tx, cid string, tags [][]byte) (bool, error) {
	for _, t := range tags {
		var n int
		if err := tx.Get(ctx, "select count(*) from alert_report_tag where case_id = $1 and tag = $2", []any{cid, t}, &n); err != nil || n > 0 {
			return n > 0, err
		}
	}
	return false, nil
}

func hasTags(ctx context.Context, tx *db.Tx, cid string) (bool, error) {
	var n int
	err := tx.Get(ctx, "select 1 from alert_report_tag where case_id = $1 limit 1", []any{cid}, &n)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// noteRow is what a verifier wrote for the others.
type noteRow struct {
	ID, Case, Scope string
	Sealed          []byte
	By              id.Person
	Handle          string
	Created         time.Time
}

func notesOf(ctx context.Context, tx *db.Tx, network, cid string, limit int) ([]noteRow, error) {
	return db.Query(ctx, tx, `select n.id, n.case_id, n.scope, n.sealed, coalesce(n.by_person, ''), coalesce(p.handle, ''), n.created_at from alert_note n left join person p on p.id = n.by_person
		where n.network_id = $1 and n.case_id = $2 order by n.created_at desc limit $3`, []any{network, cid, limit}, func(scan func(...any) error) (n noteRow, err error) {
		var created int64
		err = scan(&n.ID, &n.Case, &n.Scope, &n.Sealed, &n.By, &n.Handle, &created)
		n.Created = clock.FromMicros(created)
		return n, err
	})
}

func insertNote(ctx context.Context, tx *db.Tx, network string, n *noteRow, expires time.Time) error {
	_, err := tx.Exec(ctx, `insert into alert_note (id, network_id, case_id, scope, sealed, by_person, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do nothing`,
		n.ID, network, n.Case, n.Scope, n.Sealed, string(n.By), clock.Micros(n.Created), clock.Micros(expires))
	return err
}
