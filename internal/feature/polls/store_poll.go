package polls

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/id"
	"convoke/internal/record/box"
)

const pollColumns = `id, form, asked, proposal_id, amendment_id, group_id, opened_by, title, lang, body, options, effect, subject, campaign_id, candidates, preset, rules,
	decides, named, by_groups, early, codes_first, gate, weights, eligible, salt, text_hash, box_id, opens_at, closes_at, zone, state, result, counted_at, reminded_day, why, undone`

func scanPoll(scan func(...any) error) (Poll, error) {
	var (
		p                       Poll
		amendment, by, campaign *string
		options, effect         string
		candidates, undone      string
		rules, result           string
		opens, closes, counted  int64
	)
	err := scan(&p.ID, &p.Form, &p.Asked, &p.Proposal, &amendment, &p.Group, &by, &p.Title, &p.Lang, &p.Body, &options, &effect, &p.Subject, &campaign,
		&candidates, &p.Preset, &rules, &p.Decides, &p.Named, &p.ByGroups, &p.Early, &p.CodesFirst, &p.Gate, &p.Weights, &p.Eligible, &p.Salt, &p.Hash, &p.Box, &opens, &closes,
		&p.Zone, &p.State, &result, &counted, &p.Reminded, &p.Why, &undone)
	if err != nil {
		return p, fmt.Errorf("scan poll: %w", err)
	}
	p.Amendment, p.By, p.Campaign = text(amendment), id.Person(text(by)), id.Campaign(text(campaign))
	p.Options, p.Effect, p.Candidates = lines(options), fact.Effect(effect), lines(candidates)
	p.Undone = lines(undone)
	p.Opens, p.Closes = clock.FromMicros(opens), clock.FromMicros(closes)
	if err := json.Unmarshal([]byte(rules), &p.Rules); err != nil {
		return p, fmt.Errorf("read the rules of a poll: %w", err)
	}
	if counted > 0 {
		p.Counted = clock.FromMicros(counted)
	}
	if result != "" {
		if err := json.Unmarshal([]byte(result), &p.Result); err != nil {
			return p, fmt.Errorf("read the result of a poll: %w", err)
		}
	}
	return p, nil
}

func insertPoll(ctx context.Context, tx *db.Tx, p *Poll) error {
	rules, err := json.Marshal(p.Rules)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "insert into poll ("+pollColumns+") values ("+placeholders(1, 37)+")",
		string(p.ID), p.Form, p.Asked, string(p.Proposal), orNil(p.Amendment), string(p.Group), orNil(string(p.By)), p.Title, p.Lang, p.Body,
		join(p.Options), string(p.Effect), p.Subject, orNil(string(p.Campaign)), join(p.Candidates), p.Preset, string(rules), p.Decides, p.Named,
		p.ByGroups, p.Early, p.CodesFirst, p.Gate, p.Weights, p.Eligible, p.Salt, p.Hash, p.Box, clock.Micros(p.Opens), clock.Micros(p.Closes), p.Zone, string(p.State), "", 0, p.Reminded,
		p.Why, join(p.Undone))
	if err != nil {
		return fmt.Errorf("insert poll: %w", err)
	}
	for n, s := range p.Seats {
		if err := insertSeat(ctx, tx, p.ID, n, s); err != nil {
			return err
		}
	}
	return nil
}

// placeholders are those from one number to another one.
func placeholders(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		if i > from {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i)
	}
	return b.String()
}

// pollBy returns db.ErrNoRows when there is none; column is a constant.
func pollBy(ctx context.Context, tx *db.Tx, column, value string) (Poll, error) {
	return scanPoll(func(dest ...any) error {
		return tx.Get(ctx, "select "+pollColumns+" from poll where "+column+" = $1", []any{value}, dest...)
	})
}

// pollsOf are the polls of a proposal, the latest first.
func pollsOf(ctx context.Context, tx *db.Tx, p ID) ([]Poll, error) {
	return db.Query(ctx, tx, "select "+pollColumns+" from poll where proposal_id = $1 order by id desc limit 50", []any{string(p)}, scanPoll)
}

// boxesOf are the boxes of all polls that there were about a proposal.
func boxesOf(ctx context.Context, tx *db.Tx, p ID) ([]string, error) {
	return db.Column[string](ctx, tx, "select box_id from poll where proposal_id = $1", string(p))
}

func putClosed(ctx context.Context, tx *db.Tx, p PollID) error {
	if _, err := tx.Exec(ctx, "update poll set state = 'closed' where id = $1", string(p)); err != nil {
		return fmt.Errorf("close a poll: %w", err)
	}
	return nil
}

// putGivenUp ends a poll that nobody has counted.
func putGivenUp(ctx context.Context, tx *db.Tx, p PollID, s PollState) error {
	_, err := tx.Exec(ctx, "update poll set state = $2, counted_at = $3 where id = $1", string(p), string(s), clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("give up a poll: %w", err)
	}
	return nil
}

func putWhy(ctx context.Context, tx *db.Tx, p PollID, why string) error {
	_, err := tx.Exec(ctx, "update poll set why = $2 where id = $1", string(p), why)
	return err
}

func putResult(ctx context.Context, tx *db.Tx, p PollID, result []byte) error {
	_, err := tx.Exec(ctx, "update poll set state = 'counted', result = $2, counted_at = $3 where id = $1", string(p), string(result), clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("store the result of a poll: %w", err)
	}
	return nil
}

func putUndone(ctx context.Context, tx *db.Tx, p PollID, undone []string) error {
	_, err := tx.Exec(ctx, "update poll set undone = $2 where id = $1", string(p), join(undone))
	return err
}

func putReminded(ctx context.Context, tx *db.Tx, p PollID, d int) error {
	_, err := tx.Exec(ctx, "update poll set reminded_day = $2 where id = $1", string(p), d)
	return err
}

// uncounted are polls behind an id that closed and were not counted yet.
func uncounted(ctx context.Context, tx *db.Tx, after PollID, limit int) ([]PollID, error) {
	return db.Column[PollID](ctx, tx, uncountedQuery, string(after), limit)
}

// Each walks along an index of what is still open or uncounted.
const (
	uncountedQuery = "select id from poll where state = 'closed' and id > $1 order by id limit $2"
	openSeatsQuery = `select p.id, s.n from poll_seat s join poll p on p.id = s.poll_id
		where s.mandate_id = $1 and s.mandate_id <> '' and p.state = 'open' and s.voted and not s.carried order by p.id, s.n`
	groupSeatsQuery = `select p.id, s.n from poll_seat s join poll p on p.id = s.poll_id
		where s.group_id = $1 and p.group_id = $2 and p.state = 'open' and s.voted order by p.id, s.n`
)

func insertSeat(ctx context.Context, tx *db.Tx, p PollID, n int, s PollSeat) error {
	_, err := tx.Exec(ctx, "insert into poll_seat (poll_id, n, mandate_id, group_id, name, salt, weight, voted, carried) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		string(p), n, s.Mandate, string(s.Group), s.Name, s.Salt, s.Weight, s.Voted, s.Carried)
	if err != nil {
		return fmt.Errorf("insert seat: %w", err)
	}
	return nil
}

const seatColumns = "n, mandate_id, group_id, name, salt, weight, voted, carried"

func scanSeat(scan func(...any) error) (s PollSeat, err error) {
	return s, scan(&s.N, &s.Mandate, &s.Group, &s.Name, &s.Salt, &s.Weight, &s.Voted, &s.Carried)
}

// seatsAt are those of a page of votes by name.
func seatsAt(ctx context.Context, tx *db.Tx, p PollID, page []box.Paper) (map[int]PollSeat, error) {
	args := []any{string(p)}
	for _, x := range page {
		args = append(args, int(x.Seat))
	}
	out := map[int]PollSeat{}
	if len(page) == 0 {
		return out, nil
	}
	all, err := db.Query(ctx, tx, "select "+seatColumns+" from poll_seat where poll_id = $1 and n in ("+placeholders(2, len(args))+")", args, scanSeat)
	for _, s := range all {
		out[s.N] = s
	}
	return out, err
}

// seatCount is how many seats there are.
func seatCount(ctx context.Context, tx *db.Tx, p PollID) (n int, err error) {
	return n, tx.Get(ctx, "select count(*) from poll_seat where poll_id = $1", []any{string(p)}, &n)
}

// seatsOfGroup are those of one group in a poll.
func seatsOfGroup(ctx context.Context, tx *db.Tx, p PollID, g id.Group) ([]PollSeat, error) {
	return db.Query(ctx, tx, "select "+seatColumns+" from poll_seat where poll_id = $1 and group_id = $2 order by n", []any{string(p), string(g)}, scanSeat)
}

func putSeat(ctx context.Context, tx *db.Tx, p PollID, s PollSeat) error {
	_, err := tx.Exec(ctx, "update poll_seat set mandate_id = $3, voted = $4, carried = $5 where poll_id = $1 and n = $2", string(p), s.N, s.Mandate, s.Voted, s.Carried)
	if err != nil {
		return fmt.Errorf("note who votes: %w", err)
	}
	return nil
}

// seatUse is a seat in an open poll.
type seatUse struct {
	Poll PollID
	N    int
}

func scanUse(scan func(...any) error) (u seatUse, err error) { return u, scan(&u.Poll, &u.N) }

// openSeats are the seats of a mandate in open polls that have a vote of its own.
func openSeats(ctx context.Context, tx *db.Tx, mandate string) ([]seatUse, error) {
	return db.Query(ctx, tx, openSeatsQuery, []any{mandate}, scanUse)
}

// openSeatsOfGroup are the seats of a group in open polls of a coalition that have a
// vote.
func openSeatsOfGroup(ctx context.Context, tx *db.Tx, coalition, g id.Group) ([]seatUse, error) {
	return db.Query(ctx, tx, groupSeatsQuery, []any{string(g), string(coalition)}, scanUse)
}
