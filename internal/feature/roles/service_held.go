package roles

import (
	"context"
	"slices"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Mine is what the holder of a sign-up sees.
type Mine struct {
	Code       string // what organizers see of them
	Confirmers int    // how many organizers confirm an offer
	Offers     []MyOffer
	Free       []Count // roles that they have not offered to take
	Open       bool    // they may offer now
	Waits      bool    // they have no place at the event yet
}

// MyOffer is one offer as its holder sees it.
type MyOffer struct {
	Role      string // its key
	State     State
	Confirmed int    // by how many organizers
	Ahead     int    // how many are in reserve before them
	Reason    string // code, of an offer that is not needed
	Note      string
}

// Mine returns what the secret's holder offered and may offer.
func (s *Service) Mine(ctx context.Context, e id.Event, secret string) (Mine, error) {
	var m Mine
	var rows []offer
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		m = Mine{}
		h, err := s.SignUps.Holder(ctx, tx, e, secret)
		if err != nil {
			return err
		}
		m.Code = id.Code(h.Hash)
		if m.Confirmers, err = ruleOf(ctx, tx, e); err != nil {
			return err
		}
		err = s.SignUps.Open(ctx, tx, e)
		if err != nil && fault.Of(err) == nil {
			return err
		}
		m.Open, m.Waits = err == nil && h.Going, !h.Going
		all, err := countsOf(ctx, tx, e)
		if err != nil {
			return err
		}
		if rows, err = offersOf(ctx, tx, e, h.Hash); err != nil {
			return err
		}
		m.Free = free(all, rows)
		at := func(o offer) int { return slices.IndexFunc(all, func(c Count) bool { return c.Role == o.role }) }
		slices.SortStableFunc(rows, func(a, b offer) int { return at(a) - at(b) }) // as the programme has them
		known := map[id.Person]bool{}
		for _, o := range rows {
			mine := MyOffer{Role: o.role, State: o.state, Reason: o.reason}
			switch {
			case o.state == Reserve:
				mine.Ahead, err = ahead(ctx, tx, e, o.role, o.queue)
			case o.state == Offered && m.Confirmers > 1:
				mine.Confirmed, _, err = s.confirmers(ctx, tx, e, o, "", known)
			}
			if err != nil {
				return err
			}
			m.Offers = append(m.Offers, mine)
		}
		return nil
	})
	if err != nil {
		return m, err
	}
	for i, o := range rows {
		if m.Offers[i].Note, err = s.opened(ctx, e, o); err != nil {
			return m, err
		}
	}
	return m, nil
}

// free are the roles that are needed and not among rows.
func free(all []Count, rows []offer) []Count {
	var out []Count
	for _, c := range all {
		if c.Needed > 0 && !slices.ContainsFunc(rows, func(o offer) bool { return o.role == c.Role }) {
			out = append(out, c)
		}
	}
	return out
}

// Taken is how many are confirmed in each role of an event, by code or name as the
// programme has them: for its public page.
func (s *Service) Taken(ctx context.Context, e id.Event) (func(code, name string) int, error) {
	var all []Count
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		all, err = countsOf(ctx, tx, e)
		return err
	})
	return func(code, name string) int {
		for _, c := range all {
			if c.Role == keyOf(code, name) {
				return c.Confirmed
			}
		}
		return 0
	}, err
}
