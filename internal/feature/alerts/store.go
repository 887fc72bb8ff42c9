package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/geo"
	"convoke/internal/id"
)

const networkColumns = "id, handle, name, rules, area, categories, zone, lat, lon, closed, sequence, created_at, updated_at"

func scanNetwork(scan func(...any) error) (n Network, err error) {
	var area, categories string
	var created, updated int64
	if err = scan(&n.ID, &n.Handle, &n.Name, &n.Rules, &area, &categories, &n.Zone, &n.Middle.Lat, &n.Middle.Lon, &n.Closed, &n.Sequence, &created, &updated); err != nil {
		return n, err
	}
	n.Categories, n.Created, n.Updated = strings.Fields(categories), clock.FromMicros(created), clock.FromMicros(updated)
	return n, json.Unmarshal([]byte(area), &n.Area)
}

// networkBy finds a network by a column that is unique.
func networkBy(ctx context.Context, tx *db.Tx, column, value string) (*Network, bool, error) {
	all, err := db.Query(ctx, tx, "select "+networkColumns+" from alert_network where "+column+" = $1", []any{value}, scanNetwork)
	if err != nil || len(all) == 0 {
		return nil, false, err
	}
	return &all[0], true, nil
}

// networksAfter lists networks in the order of their handles.
func networksAfter(ctx context.Context, tx *db.Tx, after string, limit int) ([]Network, error) {
	return db.Query(ctx, tx, "select "+networkColumns+" from alert_network where handle > $1 order by handle limit $2", []any{after, limit}, scanNetwork)
}

const (
	watchingQuery = "select " + networkColumns + " from alert_network join alert_area on network_id = id where cell = $1 and not closed order by handle"
	areaQuery     = "select cell from alert_area where network_id = $1 order by cell"
)

// networksOf lists those whose area has a cell.
func networksOf(ctx context.Context, tx *db.Tx, c geo.GridCell) ([]Network, error) {
	return db.Query(ctx, tx, watchingQuery, []any{int64(c)}, scanNetwork)
}

func insertNetwork(ctx context.Context, tx *db.Tx, n *Network) error {
	_, err := tx.Exec(ctx, "insert into alert_network ("+networkColumns+") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
		n.ID, n.Handle, n.Name, n.Rules, partsJSON(n.Area), strings.Join(n.Categories, " "), n.Zone, n.Middle.Lat, n.Middle.Lon, n.Closed, n.Sequence, clock.Micros(tx.Now()))
	return err
}

func putNetwork(ctx context.Context, tx *db.Tx, n *Network) error {
	_, err := tx.Exec(ctx, `update alert_network set name = $2, rules = $3, area = $4, categories = $5, zone = $6, lat = $7, lon = $8, closed = $9, sequence = sequence + 1, updated_at = $10
		where id = $1`, n.ID, n.Name, n.Rules, partsJSON(n.Area), strings.Join(n.Categories, " "), n.Zone, n.Middle.Lat, n.Middle.Lon, n.Closed, clock.Micros(tx.Now()))
	return err
}

// putArea replaces the cells of a network.
func putArea(ctx context.Context, tx *db.Tx, nid string, cells []geo.GridCell) error {
	if _, err := tx.Exec(ctx, "delete from alert_area where network_id = $1", nid); err != nil {
		return err
	}
	const some = 400
	for len(cells) > 0 {
		part := cells[:min(some, len(cells))]
		cells = cells[len(part):]
		var args []any
		for _, c := range part {
			args = append(args, int64(c), nid)
		}
		if _, err := tx.Exec(ctx, "insert into alert_area (cell, network_id) values "+db.Tuples(len(part), 2), args...); err != nil {
			return fmt.Errorf("store an area: %w", err)
		}
	}
	return nil
}

// watches reports whether a cell belongs to a network.
func watches(ctx context.Context, tx *db.Tx, nid string, c geo.GridCell) (bool, error) {
	var n int
	err := tx.Get(ctx, "select count(*) from alert_area where cell = $1 and network_id = $2", []any{int64(c), nid}, &n)
	return n > 0, err
}

// areaOf lists the cells of a network.
func areaOf(ctx context.Context, tx *db.Tx, nid string) ([]geo.GridCell, error) {
	return db.Column[geo.GridCell](ctx, tx, areaQuery, nid)
}

type ownerRow struct {
	Group id.Group
	Asked bool
}

func ownersOf(ctx context.Context, tx *db.Tx, nid string) ([]ownerRow, error) {
	return db.Query(ctx, tx, "select group_id, asked from alert_owner where network_id = $1 order by group_id", []any{nid}, func(scan func(...any) error) (o ownerRow, err error) {
		err = scan(&o.Group, &o.Asked)
		return o, err
	})
}

// networksBy lists the networks that a group runs or is asked to run.
func networksBy(ctx context.Context, tx *db.Tx, g id.Group) ([]Network, error) {
	return db.Query(ctx, tx, "select "+networkColumns+" from alert_network join alert_owner on network_id = id where group_id = $1 order by handle", []any{string(g)}, scanNetwork)
}

func putOwner(ctx context.Context, tx *db.Tx, nid string, g id.Group, asked bool) error {
	_, err := tx.Exec(ctx, `insert into alert_owner (network_id, group_id, asked) values ($1, $2, $3)
		on conflict (network_id, group_id) do update set asked = excluded.asked`, nid, string(g), asked)
	return err
}

func dropOwner(ctx context.Context, tx *db.Tx, nid string, g id.Group) error {
	_, err := tx.Exec(ctx, "delete from alert_owner where network_id = $1 and group_id = $2", nid, string(g))
	return err
}

func verifierOf(ctx context.Context, tx *db.Tx, nid string, p id.Person) (v Verifier, ok bool, err error) {
	v.Person = p
	err = tx.Get(ctx, "select group_id from alert_verifier where network_id = $1 and person_id = $2", []any{nid, string(p)}, &v.Group)
	if errors.Is(err, db.ErrNoRows) {
		return v, false, nil
	}
	return v, err == nil, err
}

// verifiersOf lists verifiers by their handles.
func verifiersOf(ctx context.Context, tx *db.Tx, nid string) ([]Verifier, error) {
	return db.Query(ctx, tx, `select v.person_id, p.handle, v.group_id from alert_verifier v join person p on p.id = v.person_id
		where v.network_id = $1 order by p.handle`, []any{nid}, func(scan func(...any) error) (v Verifier, err error) {
		err = scan(&v.Person, &v.Handle, &v.Group)
		return v, err
	})
}

// verifiesIn lists the networks in which somebody was named.
func verifiesIn(ctx context.Context, tx *db.Tx, p id.Person) ([]Network, error) {
	return db.Query(ctx, tx, "select "+networkColumns+" from alert_network join alert_verifier on network_id = id where person_id = $1 order by handle", []any{string(p)}, scanNetwork)
}

func insertVerifier(ctx context.Context, tx *db.Tx, nid string, v Verifier) error {
	_, err := tx.Exec(ctx, `insert into alert_verifier (network_id, person_id, group_id, since) values ($1, $2, $3, $4) on conflict do nothing`,
		nid, string(v.Person), string(v.Group), clock.Micros(tx.Now().Truncate(24*time.Hour)))
	return err
}

// dropVerifier takes with it what somebody has proposed and did not send yet.
func dropVerifier(ctx context.Context, tx *db.Tx, nid string, p id.Person) error {
	for _, q := range []string{
		"delete from alert_draft where network_id = $1 and by_person = $2",
		"update alert_case set claimed_by = null, claimed_at = 0, called = 0, state = 'new' where network_id = $1 and claimed_by = $2 and state = 'checking'",
		"delete from alert_verifier where network_id = $1 and person_id = $2",
	} {
		if _, err := tx.Exec(ctx, q, nid, string(p)); err != nil {
			return fmt.Errorf("drop a verifier: %w", err)
		}
	}
	return nil
}

// Shift is a time in which a verifier is on call.
type Shift struct {
	ID         string
	Person     id.Person
	Handle     string
	Start, End time.Time
}

// shiftsOf lists shifts that have not ended, the first first.
func shiftsOf(ctx context.Context, tx *db.Tx, nid string, now time.Time) ([]Shift, error) {
	return db.Query(ctx, tx, `select s.id, s.person_id, p.handle, s.starts_at, s.ends_at from alert_shift s join person p on p.id = s.person_id
		where s.network_id = $1 and s.ends_at > $2 order by s.starts_at, p.handle`, []any{nid, clock.Micros(now)}, func(scan func(...any) error) (x Shift, err error) {
		var start, end int64
		err = scan(&x.ID, &x.Person, &x.Handle, &start, &end)
		x.Start, x.End = clock.FromMicros(start), clock.FromMicros(end)
		return x, err
	})
}

func insertShift(ctx context.Context, tx *db.Tx, nid string, x Shift) error {
	_, err := tx.Exec(ctx, "insert into alert_shift (id, network_id, person_id, starts_at, ends_at) values ($1, $2, $3, $4, $5) on conflict (id) do nothing",
		x.ID, nid, string(x.Person), clock.Micros(x.Start), clock.Micros(x.End))
	return err
}

func dropShift(ctx context.Context, tx *db.Tx, nid, sid string) error {
	_, err := tx.Exec(ctx, "delete from alert_shift where network_id = $1 and id = $2", nid, sid)
	return err
}
