package attendance

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"slices"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// SignUp is one sign-up as somebody sees it who was named for that.
type SignUp struct {
	Hash   []byte
	State  State
	Party  int
	Needs  []string // texts of the catalogue
	Chosen []Chosen // as they follow in time
	Email  string   // only from [Roster.One]
}

// Roster reads the sign-ups of one event. Who may is for the caller to check, and
// to note, in the same transaction.
type Roster struct {
	s *Service
	e id.Event
	k *seal.Key // nil when there are no sign-ups, or none that opens
}

// OpenRoster finds the key of an event's sign-ups.
func (s *Service) OpenRoster(ctx context.Context, e id.Event) (*Roster, error) {
	k, err := s.Vault.Existing(ctx, scope(e))
	if errors.Is(err, seal.ErrDestroyed) {
		return &Roster{s: s, e: e}, nil
	}
	return &Roster{s: s, e: e, k: k}, err
}

// Page is at most limit sign-ups in the order of their hashes, from behind after,
// without addresses.
func (r *Roster) Page(ctx context.Context, tx *db.Tx, after []byte, limit int) ([]SignUp, error) {
	if r.k == nil {
		return nil, nil
	}
	if len(after) == 0 {
		after = []byte{0} // before every hash, which are longer
	}
	rows, err := rowsAfter(ctx, tx, r.e, after, limit)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	chosen, err := chosenBetween(ctx, tx, r.e, rows[0].hash, rows[len(rows)-1].hash)
	if err != nil {
		return nil, err
	}
	out := make([]SignUp, len(rows))
	for i, x := range rows {
		if out[i], err = r.signUp(x, chosen[string(x.hash)]); err != nil {
			return nil, err
		}
		out[i].Email = ""
	}
	return out, nil
}

// One is one sign-up with its address, which may be "". It returns db.ErrNoRows
// when it is not there.
func (r *Roster) One(ctx context.Context, tx *db.Tx, hash []byte) (SignUp, error) {
	if r.k == nil {
		return SignUp{}, db.ErrNoRows
	}
	x, err := rowOf(ctx, tx, r.e, hash)
	if err != nil {
		return SignUp{}, err
	}
	chosen, err := chosenBetween(ctx, tx, r.e, hash, hash)
	if err != nil {
		return SignUp{}, err
	}
	return r.signUp(x, chosen[string(hash)])
}

func (r *Roster) signUp(x row, chosen []Chosen) (SignUp, error) {
	p, err := r.s.open(r.k, r.e, x)
	if err != nil {
		return SignUp{}, err
	}
	out := SignUp{Hash: x.hash, State: x.state, Party: x.party, Chosen: chosen, Email: p.Email}
	for _, n := range needs {
		if slices.Contains(p.Needs, n.code) {
			out.Needs = append(out.Needs, n.name)
		}
	}
	return out, nil
}

func rowsAfter(ctx context.Context, tx *db.Tx, e id.Event, after []byte, limit int) ([]row, error) {
	return db.Query(ctx, tx, `select hash, state, party, queue, sealed from attendance
		where event_id = $1 and hash > $2 order by hash limit $3`, []any{string(e), after, limit},
		func(scan func(...any) error) (row, error) {
			var r row
			return r, scan(&r.hash, &r.state, &r.party, &r.queue, &r.sealed)
		})
}

// chosenBetween are the slots that sign-ups chose, by hash, without who waits
// before them.
func chosenBetween(ctx context.Context, tx *db.Tx, e id.Event, first, last []byte) (map[string][]Chosen, error) {
	out := map[string][]Chosen{}
	err := tx.Each(ctx, `select c.hash, c.state, s.id, s.title, s.starts_at, s.ends_at from slot_choice c
		join slot s on s.event_id = c.event_id and s.id = c.slot_id
		where c.event_id = $1 and c.hash >= $2 and c.hash <= $3 order by s.starts_at, s.ends_at, s.id`, []any{string(e), first, last},
		func(scan func(...any) error) error {
			var hash []byte
			var c Chosen
			var start, end int64
			if err := scan(&hash, &c.State, &c.ID, &c.Title, &start, &end); err != nil {
				return err
			}
			c.Start, c.End = clock.FromMicros(start), clock.FromMicros(end)
			out[string(hash)] = append(out[string(hash)], c)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read what sign-ups chose: %w", err)
	}
	return out, nil
}

// Named is somebody who may see the sign-ups of an event, and since which day.
type Named struct {
	Handle string
	Since  time.Time
}

// NamedFunc lists who may see the sign-ups of an event.
type NamedFunc func(ctx context.Context, e id.Event) ([]Named, error)

func (f NamedFunc) of(ctx context.Context, e id.Event) ([]Named, error) {
	if f == nil {
		return nil, nil
	}
	return f(ctx, e)
}

type namedData struct {
	Named []Named
	Code  string // of the reader's own sign-up
}

var namedPage = web.NewPage[namedData](pages, "pages/named.html")

// named says who may see sign-ups: before people sign up, with no hash, and on the
// private page. It is empty when nobody may.
func (w *Web) named(c *web.Call, e id.Event, hash []byte) (template.HTML, error) {
	all, err := w.Named.of(c.Context(), e)
	if err != nil || len(all) == 0 {
		return "", err
	}
	d := namedData{Named: all}
	if hash != nil {
		d.Code = id.Code(hash)
	}
	return namedPage.Fragment(c, d)
}
