package campaigns

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

// entry is an event that was proposed for a campaign.
type entry struct {
	Event    id.Event
	Campaign id.Campaign
	Group    id.Group
	State    Answer
	Reason   string
	Day      int
}

func scanEntry(scan func(...any) error) (entry, error) {
	var e entry
	return e, scan(&e.Event, &e.Campaign, &e.Group, &e.State, &e.Reason, &e.Day)
}

const entryColumns = "event_id, campaign_id, group_id, state, reason, day"

// entryOf returns db.ErrNoRows for an event that was never proposed.
func entryOf(ctx context.Context, tx *db.Tx, e id.Event) (entry, error) {
	all, err := db.Query(ctx, tx, "select "+entryColumns+" from campaign_event where event_id = $1", []any{string(e)}, scanEntry)
	if err != nil {
		return entry{}, err
	}
	if len(all) == 0 {
		return entry{}, db.ErrNoRows
	}
	return all[0], nil
}

func putEntry(ctx context.Context, tx *db.Tx, e entry) error {
	_, err := tx.Exec(ctx, "insert into campaign_event ("+entryColumns+`) values ($1, $2, $3, $4, $5, $6)
		on conflict (event_id) do update set campaign_id = excluded.campaign_id, group_id = excluded.group_id,
		state = excluded.state, reason = excluded.reason, day = excluded.day`,
		string(e.Event), string(e.Campaign), string(e.Group), string(e.State), e.Reason, e.Day)
	if err != nil {
		return fmt.Errorf("note an event of a campaign: %w", err)
	}
	return nil
}

func dropEntry(ctx context.Context, tx *db.Tx, e id.Event) error {
	_, err := tx.Exec(ctx, "delete from campaign_event where event_id = $1", string(e))
	return err
}

// waitingOf lists events that wait for an answer, oldest first.
func waitingOf(ctx context.Context, tx *db.Tx, c id.Campaign, limit int) ([]entry, error) {
	return db.Query(ctx, tx, "select "+entryColumns+" from campaign_event where campaign_id = $1 and state = $2 order by day, event_id limit $3",
		[]any{string(c), string(Waiting), limit}, scanEntry)
}

func trusted(ctx context.Context, tx *db.Tx, c id.Campaign, g id.Group) (bool, error) {
	var one int
	err := tx.Get(ctx, "select 1 from campaign_trust where campaign_id = $1 and group_id = $2", []any{string(c), string(g)}, &one)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func trust(ctx context.Context, tx *db.Tx, c id.Campaign, g id.Group) error {
	_, err := tx.Exec(ctx, "insert into campaign_trust (campaign_id, group_id, day) values ($1, $2, $3) on conflict do nothing",
		string(c), string(g), day.Of(tx.Now()))
	return err
}

// proposal is a row of that table.
type proposal struct {
	ID       string
	Campaign id.Campaign
	Hash     []byte
	Sealed   []byte
	State    Answer
	Reason   string
	Event    id.Event
	Day      int
	Ends     int // the day on which it goes
}

const proposalColumns = "id, campaign_id, hash, sealed, state, reason, event_id, day, ends_day"

func scanProposal(scan func(...any) error) (proposal, error) {
	var p proposal
	var event *string
	err := scan(&p.ID, &p.Campaign, &p.Hash, &p.Sealed, &p.State, &p.Reason, &event, &p.Day, &p.Ends)
	if event != nil {
		p.Event = id.Event(*event)
	}
	return p, err
}

// proposalBy returns db.ErrNoRows when there is none; column is a constant.
func proposalBy(ctx context.Context, tx *db.Tx, column string, value any) (proposal, error) {
	all, err := db.Query(ctx, tx, "select "+proposalColumns+" from proposal where "+column+" = $1", []any{value}, scanProposal)
	if err != nil {
		return proposal{}, err
	}
	if len(all) == 0 {
		return proposal{}, db.ErrNoRows
	}
	return all[0], nil
}

// proposalsOf lists those that wait for an answer, oldest first.
func proposalsOf(ctx context.Context, tx *db.Tx, c id.Campaign, limit int) ([]proposal, error) {
	return db.Query(ctx, tx, "select "+proposalColumns+" from proposal where campaign_id = $1 and state = $2 order by day, id limit $3",
		[]any{string(c), string(Waiting), limit}, scanProposal)
}

// insertProposal reports false when the secret was used before.
func insertProposal(ctx context.Context, tx *db.Tx, p proposal) (bool, error) {
	n, err := tx.Exec(ctx, "insert into proposal ("+proposalColumns+") values ($1, $2, $3, $4, $5, $6, null, $7, $8) on conflict (hash) do nothing",
		p.ID, string(p.Campaign), p.Hash, p.Sealed, string(p.State), p.Reason, p.Day, p.Ends)
	if err != nil {
		return false, fmt.Errorf("insert proposal: %w", err)
	}
	return n == 1, nil
}

func answerProposal(ctx context.Context, tx *db.Tx, p proposal) error {
	var event any
	if p.Event != "" {
		event = string(p.Event)
	}
	_, err := tx.Exec(ctx, "update proposal set state = $2, reason = $3, event_id = $4, ends_day = $5 where id = $1",
		p.ID, string(p.State), p.Reason, event, p.Ends)
	return err
}

// endedProposals lists the ids of those that are due to go.
func endedProposals(ctx context.Context, tx *db.Tx, today, limit int) ([]string, error) {
	return db.Column[string](ctx, tx, "select id from proposal where ends_day < $1 order by ends_day limit $2", today, limit)
}

func dropProposal(ctx context.Context, tx *db.Tx, pid string) error {
	_, err := tx.Exec(ctx, "delete from proposal where id = $1", pid)
	return err
}
