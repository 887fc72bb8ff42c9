package polls

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/record/told"
)

// The kinds of a vote in an archive.
const (
	toldVote      = "vote"
	toldCheck     = "check"
	toldAmendment = "amendment"
)

// toldPoll is a vote on another server, before the group moved here: what came out of
// it is that server's word, and can be counted again there.
type toldPoll struct {
	ID       string       `json:"id"`
	Kind     string       `json:"kind"`
	Counted  bool         `json:"counted"`
	Adopted  bool         `json:"adopted"`
	Winners  []string     `json:"winners"` // options, the best first
	Weight   int64        `json:"weight"`
	Eligible int64        `json:"eligible"`
	Opens    time.Time    `json:"opens"`
	Closes   time.Time    `json:"closes"`
	Zone     string       `json:"zone"`
	Record   *told.Record `json:"record"`
}

// tellsOf is a poll of this server, for an archive of a day.
func tellsOf(p *Poll, server string, now time.Time) toldPoll {
	t := toldPoll{
		ID: string(p.ID), Kind: toldVote, Counted: p.Result != nil, Winners: []string{}, Opens: p.Opens, Closes: p.ended(), Zone: p.Zone,
		Record: told.Of(server, p.Box, now),
	}
	switch {
	case p.Amendment != "":
		t.Kind = toldAmendment
	case !p.Decides:
		t.Kind = toldCheck
	}
	if r := p.Result; r != nil {
		t.Adopted, t.Weight, t.Eligible, t.Record.Counted = r.Adopted, r.Weight, r.Eligible, r.Papers
		ballot := p.ballot()
		for _, w := range r.Winners {
			if len(ballot) > 1 && w < len(ballot) {
				t.Winners = append(t.Winners, ballot[w])
			}
		}
	}
	return t
}

// toldOf are the votes on other servers.
func toldOf(ctx context.Context, tx *db.Tx, p ID) (out []toldPoll, err error) {
	text := ""
	err = tx.Get(ctx, "select votes from poll_told where proposal_id = $1", []any{string(p)}, &text)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &out)
	}
	if err != nil {
		return nil, fmt.Errorf("read what another server told of a vote: %w", err)
	}
	return out, nil
}

func putTold(ctx context.Context, tx *db.Tx, p ID, all []toldPoll) error {
	if len(all) == 0 {
		return nil
	}
	text, err := json.Marshal(all)
	if err == nil {
		_, err = tx.Exec(ctx, "insert into poll_told (proposal_id, votes) values ($1, $2)", string(p), string(text))
	}
	if err != nil {
		return fmt.Errorf("store what another server told of a vote: %w", err)
	}
	return nil
}

// toldView is such a vote on the page of its proposal.
type toldView struct {
	URL, Kind, Host, Told, Until, ISO string
	Counted, Decides, Adopted         bool
	Winners, Cast                     string
}

func (t *toldPoll) view(l *i18n.Locale) toldView {
	when := &Poll{Closes: t.Closes, Zone: t.Zone}
	v := toldView{
		URL: t.Record.URL(), Kind: l.T("Vote"), Host: t.Record.Host(), Until: when.until(l), ISO: when.moment(),
		Counted: t.Counted, Decides: t.Kind != toldCheck, Adopted: t.Adopted, Winners: strings.Join(t.Winners, ", "),
	}
	if on, err := time.Parse(time.DateOnly, t.Record.Day); err == nil {
		v.Told = l.DateShort(on)
	}
	switch t.Kind {
	case toldAmendment:
		v.Kind = l.T("Vote on a change")
	case toldCheck:
		v.Kind = l.T("Temperature check")
	}
	if t.Counted {
		v.Cast = l.N("{n} vote was cast, with a weight of {weight}, of {all}.", "{n} votes were cast, with a weight of {weight}, of {all}.",
			int(t.Record.Counted), "weight", t.Weight, "all", t.Eligible)
	}
	return v
}

func (t *toldPoll) state() PollState {
	if t.Counted {
		return Counted
	}
	return Closed
}
