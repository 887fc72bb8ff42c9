package members

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"convoke/internal/db"
	"convoke/internal/id"
)

const selectOffer = `select s.group_id, s.person_id, p.handle, s.codes, s.key_month, s.sealed, s.shared, s.ends_day
	from skill s join person p on p.id = s.person_id where `

func scanOffer(scan func(...any) error) (Offer, error) {
	var o Offer
	var codes string
	err := scan(&o.Group, &o.Person, &o.Handle, &codes, &o.month, &o.sealed, &o.Shared, &o.Ends)
	o.Codes = strings.Fields(codes)
	return o, err
}

// offersIn lists what is offered in a group, in the order of handles.
func offersIn(ctx context.Context, tx *db.Tx, g id.Group, today int) ([]Offer, error) {
	return db.Query(ctx, tx, selectOffer+"s.group_id = $1 and s.ends_day > $2 order by p.handle limit $3", []any{string(g), today, maxOffers}, scanOffer)
}

func offersBy(ctx context.Context, tx *db.Tx, p id.Person) ([]Offer, error) {
	return db.Query(ctx, tx, selectOffer+"s.person_id = $1 order by s.group_id", []any{string(p)}, scanOffer)
}

func putOffer(ctx context.Context, tx *db.Tx, o *Offer) error {
	_, err := tx.Exec(ctx, `insert into skill (group_id, person_id, codes, key_month, sealed, shared, ends_day) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (group_id, person_id) do update set codes = excluded.codes, key_month = excluded.key_month, sealed = excluded.sealed,
		shared = excluded.shared, ends_day = excluded.ends_day`,
		string(o.Group), string(o.Person), strings.Join(o.Codes, " "), o.month, o.sealed, o.Shared, o.Ends)
	if err != nil {
		return fmt.Errorf("store what a member offers: %w", err)
	}
	return nil
}

func deleteOffer(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error {
	_, err := tx.Exec(ctx, "delete from skill where group_id = $1 and person_id = $2", string(g), string(p))
	return err
}

// dropSkills deletes what has ended, at most limit rows.
func dropSkills(ctx context.Context, tx *db.Tx, today, limit int) (n int64, err error) {
	type key struct{ g, p string }
	all, err := db.Query(ctx, tx, "select group_id, person_id from skill where ends_day <= $1 order by ends_day limit $2", []any{today, limit},
		func(scan func(...any) error) (k key, err error) { return k, scan(&k.g, &k.p) })
	for _, k := range all {
		err = errors.Join(err, deleteOffer(ctx, tx, id.Group(k.g), id.Person(k.p)))
	}
	return int64(len(all)), err
}
