package ladders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/record/leaf"
)

// watch is one thing that a ladder waits for.
type watch struct {
	Campaign id.Campaign
	Atom     string
	Kind     string
	Subject  string
	Label    string // what it is called
	Need     int
	Have     int
	Due      time.Time // of dates
	Fired    time.Time // since when it is true; zero while it is not
}

const selectWatch = "select campaign_id, atom, kind, subject, label, need, have, due_at, fired_at from ladder_watch where "

func scanWatch(scan func(...any) error) (watch, error) {
	var w watch
	var due, fired int64
	err := scan(&w.Campaign, &w.Atom, &w.Kind, &w.Subject, &w.Label, &w.Need, &w.Have, &due, &fired)
	w.Due, w.Fired = moment(due), moment(fired)
	return w, err
}

// watchesOf is what a ladder waits for, or has waited for, by atom.
func watchesOf(ctx context.Context, tx *db.Tx, c id.Campaign) (map[string]watch, error) {
	all, err := db.Query(ctx, tx, selectWatch+"campaign_id = $1", []any{string(c)}, scanWatch)
	out := map[string]watch{}
	for _, w := range all {
		out[w.Atom] = w
	}
	return out, err
}

// Each of them walks along an index of what still waits: a gate is asked when something
// happens to its subject or its time comes, and campaigns are never gone through.
const (
	waitingQuery = selectWatch + "kind = $1 and subject = $2 and fired_at = 0"
	dueOfQuery   = selectWatch + "campaign_id = $1 and due_at > 0 and due_at <= $2 and fired_at = 0"
	dueQuery     = `select distinct w.campaign_id from ladder_watch w join ladder l on l.campaign_id = w.campaign_id
		where w.due_at > 0 and w.due_at <= $1 and w.fired_at = 0 and not l.stopped and w.campaign_id > $2 order by w.campaign_id limit $3`
)

// waiting are those that wait for something to happen to a subject.
func waiting(ctx context.Context, tx *db.Tx, kind, subject string) ([]watch, error) {
	return db.Query(ctx, tx, waitingQuery, []any{kind, subject}, scanWatch)
}

// waitingForBox are those that wait for a count of a box.
func waitingForBox(ctx context.Context, tx *db.Tx, b leaf.ID) ([]watch, error) {
	return db.Query(ctx, tx, selectWatch+"kind = 'count' and subject like $1 and fired_at = 0", []any{b.String() + " %"}, scanWatch)
}

// dueCampaigns are those after one of which a time has come, where the ladder goes on.
func dueCampaigns(ctx context.Context, tx *db.Tx, now time.Time, after id.Campaign, limit int) ([]id.Campaign, error) {
	return db.Column[id.Campaign](ctx, tx, dueQuery, clock.Micros(now), string(after), limit)
}

// dueWatches are those of a ladder whose time has come.
func dueWatches(ctx context.Context, tx *db.Tx, c id.Campaign, now time.Time) ([]watch, error) {
	return db.Query(ctx, tx, dueOfQuery, []any{string(c), clock.Micros(now)}, scanWatch)
}

func putWatch(ctx context.Context, tx *db.Tx, w *watch) error {
	_, err := tx.Exec(ctx, `insert into ladder_watch (campaign_id, atom, kind, subject, label, need, have, due_at, fired_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (campaign_id, atom) do update set subject = excluded.subject, label = excluded.label, need = excluded.need, have = excluded.have,
			due_at = excluded.due_at, fired_at = excluded.fired_at`,
		string(w.Campaign), w.Atom, w.Kind, w.Subject, w.Label, w.Need, w.Have, micros(w.Due), micros(w.Fired))
	if err != nil {
		return fmt.Errorf("store what a ladder waits for: %w", err)
	}
	return nil
}

func dropWatch(ctx context.Context, tx *db.Tx, c id.Campaign, atom string) error {
	_, err := tx.Exec(ctx, "delete from ladder_watch where campaign_id = $1 and atom = $2", string(c), atom)
	return err
}

// named is the atom of those whom the draft or a version of a ladder names: by their
// account, so that they are found when they go.
const named = ""

// putNamed notes those whom a ladder names.
func putNamed(ctx context.Context, tx *db.Tx, c id.Campaign, p *Plan) error {
	seen := map[string]bool{}
	p.leaves(func(_ *Step, g *Gate) {
		if g.Trigger != nil {
			for _, h := range g.Trigger.Delegates {
				seen[h] = true
			}
		}
	})
	for h := range seen {
		if _, err := tx.Exec(ctx, `insert into ladder_delegate (campaign_id, atom, person_id, declared) select campaign_id, $3, person.id, 1 = 0
			from ladder, person where campaign_id = $1 and handle = $2 on conflict do nothing`, string(c), h, named); err != nil {
			return fmt.Errorf("note whom a ladder names: %w", err)
		}
	}
	return nil
}

// campaignsNaming are those whose ladders name somebody.
func campaignsNaming(ctx context.Context, tx *db.Tx, p id.Person) ([]id.Campaign, error) {
	return db.Column[id.Campaign](ctx, tx, "select distinct campaign_id from ladder_delegate where person_id = $1 order by campaign_id", string(p))
}

// namesDue are ladders that were over by then and still name somebody.
func namesDue(ctx context.Context, tx *db.Tx, over time.Time, limit int) ([]id.Campaign, error) {
	return db.Column[id.Campaign](ctx, tx, `select distinct d.campaign_id from ladder_delegate d join ladder l on l.campaign_id = d.campaign_id
		where l.over_at > 0 and l.over_at <= $1 limit $2`, clock.Micros(over), limit)
}

func dropAllDelegates(ctx context.Context, tx *db.Tx, c id.Campaign) error {
	_, err := tx.Exec(ctx, "delete from ladder_delegate where campaign_id = $1", string(c))
	return err
}

// delegate is somebody who can declare a trigger.
type delegate struct {
	Person   id.Person
	Declared bool
}

func delegatesOf(ctx context.Context, tx *db.Tx, c id.Campaign, atom string) ([]delegate, error) {
	return db.Query(ctx, tx, "select person_id, declared from ladder_delegate where campaign_id = $1 and atom = $2 order by person_id", []any{string(c), atom},
		func(scan func(...any) error) (delegate, error) {
			var d delegate
			return d, scan(&d.Person, &d.Declared)
		})
}

// declares is not ok for somebody who is no delegate of a trigger.
func declares(ctx context.Context, tx *db.Tx, c id.Campaign, atom string, p id.Person) (declared, ok bool, err error) {
	err = tx.Get(ctx, "select declared from ladder_delegate where campaign_id = $1 and atom = $2 and person_id = $3", []any{string(c), atom, string(p)}, &declared)
	if errors.Is(err, db.ErrNoRows) {
		return false, false, nil
	}
	return declared, err == nil, err
}

func putDelegate(ctx context.Context, tx *db.Tx, c id.Campaign, atom string, d delegate) error {
	_, err := tx.Exec(ctx, `insert into ladder_delegate (campaign_id, atom, person_id, declared) values ($1, $2, $3, $4)
		on conflict (campaign_id, atom, person_id) do update set declared = excluded.declared`, string(c), atom, string(d.Person), d.Declared)
	return err
}

func dropDelegate(ctx context.Context, tx *db.Tx, c id.Campaign, atom string, p id.Person) error {
	_, err := tx.Exec(ctx, "delete from ladder_delegate where campaign_id = $1 and atom = $2 and person_id = $3", string(c), atom, string(p))
	return err
}

func dropDelegates(ctx context.Context, tx *db.Tx, c id.Campaign, atom string) error {
	_, err := tx.Exec(ctx, "delete from ladder_delegate where campaign_id = $1 and atom = $2", string(c), atom)
	return err
}

// agreement is what one owner has said, and another has to say, too.
type agreement struct {
	Step, Act string
	Group     id.Group
	Person    id.Person
	Ends      time.Time
}

func agreementsOf(ctx context.Context, tx *db.Tx, c id.Campaign, now time.Time) ([]agreement, error) {
	return db.Query(ctx, tx, "select step, act, group_id, person_id, ends_at from ladder_agree where campaign_id = $1 and ends_at > $2 order by step, act",
		[]any{string(c), clock.Micros(now)}, func(scan func(...any) error) (agreement, error) {
			var a agreement
			var ends int64
			err := scan(&a.Step, &a.Act, &a.Group, &a.Person, &ends)
			a.Ends = clock.FromMicros(ends)
			return a, err
		})
}

func putAgreement(ctx context.Context, tx *db.Tx, c id.Campaign, a agreement) error {
	_, err := tx.Exec(ctx, `insert into ladder_agree (campaign_id, step, act, group_id, person_id, ends_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (campaign_id, step, act) do update set group_id = excluded.group_id, person_id = excluded.person_id, ends_at = excluded.ends_at`,
		string(c), a.Step, a.Act, string(a.Group), string(a.Person), clock.Micros(a.Ends))
	return err
}

// dropAgreements forgets what was said of a step.
func dropAgreements(ctx context.Context, tx *db.Tx, c id.Campaign, step string) error {
	_, err := tx.Exec(ctx, "delete from ladder_agree where campaign_id = $1 and step = $2", string(c), step)
	return err
}

func dropOldAgreements(ctx context.Context, tx *db.Tx, now time.Time) error {
	_, err := tx.Exec(ctx, "delete from ladder_agree where ends_at <= $1", clock.Micros(now))
	return err
}
