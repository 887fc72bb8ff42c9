package alerts

import (
	"context"
	"errors"
	"slices"
	"sort"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
)

const maxNeighbours = 20

// Passed is, in a message, whose alert it passes on: that says the same to the cells of
// another network.
type Passed struct {
	Chain   string   `json:"chain"`   // of the neighbour
	Network string   `json:"network"` // who says it, by name
	Cells   []string `json:"cells"`   // where it is
}

// at are the cells where it is: those whose people are warned but of what is passed on.
func (m *Message) at() []geo.GridCell {
	if m.Passed == nil {
		return m.cells()
	}
	return (&Message{Cells: m.Passed.Cells}).cells()
}

// passed is a message as another network passes it on to some cells.
func (m *Message) passed(chain string, from *Network, cells []string) Message {
	out := *m
	out.Passed, out.Cells = &Passed{chain, from.Name, m.Cells}, cells
	return out
}

// byItself reports whether a message goes on by itself to where another one was passed on. It
// does not count towards what a cell hears within an hour: what a neighbour corrects takes
// no room from what the network says itself.
func (m *Message) byItself() bool { return m.Passed != nil && m.Kind != fact.AlertNew }

// Neighbour lets stewards name another network, of whose alerts theirs hears.
func (s *Service) Neighbour(ctx context.Context, by authz.Actor, handle, other string) error {
	return s.run(ctx, by, handle, "name neighbour of alert network", func(tx *db.Tx, n *Network, _ seat) error {
		o, ok, err := networkBy(ctx, tx, "handle", other)
		switch {
		case err != nil:
			return err
		case !ok || o.ID == n.ID:
			return fault.Invalid(fault.Field("neighbour", "alert.no_network", "There is no other network with this handle here."))
		}
		all, err := neighboursOf(ctx, tx, n.ID)
		if err != nil || slices.ContainsFunc(all, func(x Network) bool { return x.ID == o.ID }) {
			return err
		}
		if len(all) >= maxNeighbours {
			return fault.Conflict("alert.many_neighbours", "A network hears of at most {max} others.", "max", maxNeighbours)
		}
		return putNeighbour(ctx, tx, n.ID, o.ID, by.Person)
	})
}

// Apart takes a network from those of whose alerts one hears. What was passed on goes on to
// change with what it says.
func (s *Service) Apart(ctx context.Context, by authz.Actor, handle, other string) error {
	return s.run(ctx, by, handle, "drop neighbour of alert network", func(tx *db.Tx, n *Network, _ seat) error {
		return dropNeighbour(ctx, tx, n.ID, other)
	})
}

// Beside is an alert of a neighbour that waits for a word of this network.
type Beside struct {
	Alert
	From *Network
}

// beside lists for verifiers what neighbours warn of, that nobody has passed on or left:
// no drills, nothing that is over, and nothing that was passed on itself.
func (s *Service) beside(ctx context.Context, tx *db.Tx, n *Network) (out []Beside, err error) {
	from, err := neighboursOf(ctx, tx, n.ID)
	for i := range from {
		all, err := standing(ctx, tx, false, from[i].ID)
		if err != nil {
			return nil, err
		}
		for _, a := range all {
			if a.Passed != nil {
				continue
			}
			if done, err := answered(ctx, tx, &a, n.ID); err != nil {
				return nil, err
			} else if !done {
				out = append(out, Beside{a, &from[i]})
			}
		}
	}
	return out, err
}

// neighbours is an alert of a neighbour, as it was read, for a verifier of a network.
func (s *Service) neighbours(ctx context.Context, tx *db.Tx, by authz.Actor, handle, alert string) (n, from *Network, a *Alert, err error) {
	if n, err = s.queueOf(ctx, tx, by, handle); err != nil {
		return nil, nil, nil, err
	}
	a, ok, err := alertByID(ctx, tx, alert)
	if err != nil || !ok || a.Drill || a.Passed != nil {
		return nil, nil, nil, cmpErr(err)
	}
	all, err := neighboursOf(ctx, tx, n.ID)
	i := slices.IndexFunc(all, func(x Network) bool { return x.ID == a.Network })
	if err != nil || i < 0 {
		return nil, nil, nil, cmpErr(err)
	}
	return n, &all[i], a, nil
}

// Leave says that an alert of a neighbour, as it was read, is none for this network's area.
// What they say of it later waits for a word again: it may have come nearer.
func (s *Service) Leave(ctx context.Context, by authz.Actor, handle, alert string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, _, a, err := s.neighbours(ctx, tx, by, handle, alert)
		if err != nil {
			return err
		}
		if done, err := answered(ctx, tx, a, n.ID); err != nil || done {
			return err
		}
		tx.Touch("alertqueue:" + n.ID)
		return errors.Join(putPassed(ctx, tx, a.ID, n.ID, nil), s.Audit(ctx, tx, by.Person, "leave alert", n.ID+" "+a.ID))
	})
}

// Pass lets an alert of a neighbour reach the cells of this network's area that are nearest
// to it, and returns the id of what went out. Two verifiers of the neighbour have confirmed
// it, one of whom saw it; one of this network says that it concerns its people. The alert is
// named as it was read: when it was changed since, it has to be read again.
func (s *Service) Pass(ctx context.Context, by authz.Actor, handle, alert string) (sent string, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		n, from, a, err := s.neighbours(ctx, tx, by, handle, alert)
		if err != nil {
			return err
		}
		if sent, err = passedBy(ctx, tx, a.Chain, n.ID); err != nil {
			return err
		}
		if sent != "" {
			return passedStill(ctx, tx, sent) // the same form once more
		}
		last, _, err := newestOf(ctx, tx, a.Chain)
		if err != nil {
			return err
		}
		left := last.left(tx.Now())
		switch {
		case n.Closed:
			return errClosed()
		case last.ID != a.ID || last.over(tx.Now()) || left < 1:
			return fault.Conflict("alert.pass_changed", "What the neighbour says has changed meanwhile, or is over. Read it again.")
		case !n.has(a.Category):
			return fault.Conflict("alert.pass_category", "Your network does not warn of that.")
		}
		if err := s.namedAnother(ctx, tx, by.Person, n.ID, from.ID); err != nil {
			return err
		}
		first, ok, err := alertByID(ctx, tx, a.Chain)
		if err != nil || !ok {
			return cmpErr(err)
		}
		cells, err := nearest(ctx, tx, n, a)
		if err != nil {
			return err
		}
		x := &Alert{Message: a.passed(a.Chain, from, cells), Network: n.ID, Verifiers: first.Verifiers + 1, FirstHand: first.FirstHand}
		x.Kind, x.Lasts = fact.AlertNew, left
		if sent, err = s.send(ctx, tx, n, "", x, s.IDs.Bytes(16)); err != nil {
			return err
		}
		return errors.Join(putPassed(ctx, tx, a.Chain, n.ID, &sent), s.Audit(ctx, tx, by.Person, "pass on alert", n.ID+" "+sent))
	})
	return sent, err
}

// passedStill refuses to say that something is passed on in a chain that was taken back.
func passedStill(ctx context.Context, tx *db.Tx, chain string) error {
	last, ok, err := newestOf(ctx, tx, chain)
	if err != nil || !ok {
		return cmpErr(err)
	}
	return follows(last, fact.AlertWithdraw, tx.Now())
}

// nearest names the cells of a network's area that are nearest to an alert, without those
// that it goes to already, sorted. Those that had their share of this hour are left out
// unless all had it: they keep it from nobody else.
func nearest(ctx context.Context, tx *db.Tx, n *Network, a *Alert) (out []string, err error) {
	area, err := areaOf(ctx, tx, n.ID)
	if err != nil {
		return nil, err
	}
	its := a.cells()
	far := map[geo.GridCell]float64{}
	for _, c := range area {
		if slices.Contains(its, c) {
			continue
		}
		far[c] = geo.Distance(c.Middle(), its[0].Middle())
		for _, x := range its[1:] {
			far[c] = min(far[c], geo.Distance(c.Middle(), x.Middle()))
		}
	}
	area = slices.DeleteFunc(area, func(c geo.GridCell) bool { return slices.Contains(its, c) })
	sort.SliceStable(area, func(i, j int) bool { return far[area[i]] < far[area[j]] })
	if area = area[:min(len(area), maxCells)]; len(area) == 0 {
		return nil, fault.Conflict("alert.pass_heard", "It goes to all of your area already.")
	}
	room, err := withRoom(ctx, tx, area)
	if err != nil {
		return nil, err
	}
	if len(room) == 0 {
		room = area
	}
	for _, c := range room {
		out = append(out, c.String())
	}
	slices.Sort(out)
	return out, nil
}

// withRoom are those of some cells to which another alert may go within this hour.
func withRoom(ctx context.Context, tx *db.Tx, cells []geo.GridCell) (out []geo.GridCell, err error) {
	for _, c := range cells {
		n, err := sentSince(ctx, tx, c, tx.Now().Truncate(time.Second).Add(-time.Hour))
		if err != nil {
			return nil, err
		}
		if n < perHour {
			out = append(out, c)
		}
	}
	return out, nil
}

// follow lets what an alert does to its chain go down all chains in which others pass it on:
// a correction, an all-clear and a withdrawal always, an update unless a cell, or the chain, has
// had its share of this hour: then it waits, see [Service.CatchUp]. An update that ends sooner
// always goes, so that nothing lasts longer than what it comes from.
func (s *Service) follow(ctx context.Context, tx *db.Tx, from *Network, a *Alert) error {
	all, err := passedOf(ctx, tx, a.Chain)
	if err != nil {
		return err
	}
	for _, chain := range all {
		last, ok, err := newestOf(ctx, tx, chain)
		if err != nil || !ok {
			return cmpErr(err)
		}
		if err := s.followIn(ctx, tx, from, a, last); err != nil {
			return err
		}
	}
	return nil
}

// followIn lets what an alert says go down one chain, of which last is the newest.
func (s *Service) followIn(ctx context.Context, tx *db.Tx, from *Network, a, last *Alert) error {
	as := *last
	if a.Kind == fact.AlertUpdate {
		as.Expires = a.Expires // it ended here only because an update waited
	}
	if follows(&as, a.Kind, tx.Now()) != nil {
		return nil // they took it back themselves, or it is over
	}
	n, err := s.networkByID(ctx, tx, last.Network)
	if err != nil {
		return err
	}
	x := &Alert{Message: a.passed(a.Chain, from, last.Cells), Network: n.ID, Verifiers: a.Verifiers, FirstHand: a.FirstHand}
	x.Lasts = a.left(tx.Now())
	if a.Kind == fact.AlertUpdate && !a.Expires.Before(last.Expires) {
		if n, err := chainSince(ctx, tx, last.Chain, tx.Now().Truncate(time.Second).Add(-time.Hour)); err != nil || n >= perHour {
			return err
		}
	}
	_, err = s.send(ctx, tx, n, last.Chain, x, s.IDs.Bytes(16))
	if e := fault.Of(err); e != nil && e.Code == "alert.often" {
		return nil
	}
	return err
}

// left is for how many minutes an alert holds on: what is sent begins at the second.
func (a *Alert) left(now time.Time) int {
	return int(a.Expires.Sub(now.Truncate(time.Second)) / time.Minute)
}

// CatchUp lets updates that found no room in an hour go down the chains in which they are
// passed on, when there is some.
func (s *Service) CatchUp(ctx context.Context) error {
	var all []waitingUpdate
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		all, err = behind(ctx, tx)
		return err
	})
	for _, x := range all {
		err = errors.Join(err, s.DB.Write(ctx, func(tx *db.Tx) error { return s.catchUp(ctx, tx, x) }))
	}
	return err
}

func (s *Service) catchUp(ctx context.Context, tx *db.Tx, x waitingUpdate) error {
	a, there, err := newestOf(ctx, tx, x.Origin)
	if err != nil || !there || a.over(tx.Now()) || a.left(tx.Now()) < 1 {
		return err
	}
	last, there, err := newestOf(ctx, tx, x.Chain)
	if err != nil || !there || !last.Sent.Before(a.Sent) {
		return err // it has followed meanwhile
	}
	from, err := s.networkByID(ctx, tx, a.Network)
	if err != nil {
		return err
	}
	return s.followIn(ctx, tx, from, a, last)
}

// origin refuses to change what was passed on: it changes with what it comes from.
func origin(last *Alert) error {
	if last.Passed == nil {
		return nil
	}
	return fault.Conflict("alert.passed_on", "This alert is of the network {network}, and changes with what that says. Here it can be withdrawn only.", "network", last.Passed.Network)
}

func neighboursOf(ctx context.Context, tx *db.Tx, nid string) ([]Network, error) {
	return db.Query(ctx, tx, "select "+networkColumns+" from alert_network join alert_neighbour on neighbour_id = id where network_id = $1 order by handle", []any{nid}, scanNetwork)
}

func putNeighbour(ctx context.Context, tx *db.Tx, nid, other string, by id.Person) error {
	_, err := tx.Exec(ctx, "insert into alert_neighbour (network_id, neighbour_id, named_by) values ($1, $2, $3)", nid, other, string(by))
	return err
}

// namedAnother refuses whoever named a neighbour, or is of their lineage, to pass on what it
// says: else one person alone could speak for the network, through one that they made up.
func (s *Service) namedAnother(ctx context.Context, tx *db.Tx, p id.Person, nid, neighbour string) error {
	var by *string
	err := tx.Get(ctx, "select named_by from alert_neighbour where network_id = $1 and neighbour_id = $2", []any{nid, neighbour}, &by)
	if err != nil || by == nil {
		return err
	}
	named := id.Person(*by)
	mine, err := s.Groups.Chain(ctx, tx, p)
	if err != nil {
		return err
	}
	theirs, err := s.Groups.Chain(ctx, tx, named)
	if err == nil && related(p, named, mine, theirs) {
		err = fault.Conflict("alert.pass_named", "You named this neighbour, or you and whoever did were let in by each other. Somebody else has to pass on what it says.")
	}
	return err
}

func dropNeighbour(ctx context.Context, tx *db.Tx, nid, handle string) error {
	_, err := tx.Exec(ctx, "delete from alert_neighbour where network_id = $1 and neighbour_id = (select id from alert_network where handle = $2)", nid, handle)
	return err
}

// passedBy is the chain in which a network passes an alert on, "" when it does not.
func passedBy(ctx context.Context, tx *db.Tx, chain, nid string) (passed string, err error) {
	err = tx.Get(ctx, "select coalesce(chain_id, '') from alert_passed where origin_id = $1 and network_id = $2", []any{chain, nid}, &passed)
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return passed, err
}

const answeredQuery = "select count(*) from alert_passed where origin_id in ($1, $2) and network_id = $3 and (origin_id = $1 or chain_id is not null)"

// answered reports whether a network passes an alert on, known by the first of its chain, or
// left just this one.
func answered(ctx context.Context, tx *db.Tx, a *Alert, nid string) (bool, error) {
	var n int
	err := tx.Get(ctx, answeredQuery, []any{a.ID, a.Chain, nid}, &n)
	return n > 0, err
}

func passedOf(ctx context.Context, tx *db.Tx, chain string) ([]string, error) {
	return db.Column[string](ctx, tx, "select chain_id from alert_passed where origin_id = $1 and chain_id is not null order by network_id", chain)
}

// waitingUpdate names a chain that has more to say than a chain in which it is passed on.
type waitingUpdate struct{ Origin, Chain string }

// behindQuery reads what stands, and then of each how it is passed on: SQLite keeps to the
// order of a cross join.
const behindQuery = `select a.chain_id, p.chain_id from alert a cross join alert_passed p cross join alert c
	where a.newest and a.drill = $1 and a.sent_at >= $2 and a.expires_at > $3 and a.kind not in ('withdraw', 'clear')
		and p.origin_id = a.chain_id and c.chain_id = p.chain_id and c.newest and c.kind <> 'withdraw' and c.sent_at < a.sent_at
	order by a.sent_at limit $4`

func behind(ctx context.Context, tx *db.Tx) ([]waitingUpdate, error) {
	now := tx.Now()
	return db.Query(ctx, tx, behindQuery, []any{false, clock.Micros(now.Add(-lastsAtMost)), clock.Micros(now), mostRunning}, func(scan func(...any) error) (x waitingUpdate, err error) {
		err = scan(&x.Origin, &x.Chain)
		return x, err
	})
}

const chainSinceQuery = "select count(*) from alert where chain_id = $1 and sent_at > $2"

// chainSince counts what a chain said: what follows is bounded by that, since it does not count
// for cells.
func chainSince(ctx context.Context, tx *db.Tx, chain string, since time.Time) (n int, err error) {
	err = tx.Get(ctx, chainSinceQuery, []any{chain, clock.Micros(since)}, &n)
	return n, err
}

// putPassed notes in which chain a network passes an alert on, or, of one alert, that it leaves it.
func putPassed(ctx context.Context, tx *db.Tx, origin, nid string, passed *string) error {
	_, err := tx.Exec(ctx, "insert into alert_passed (origin_id, network_id, chain_id) values ($1, $2, $3) on conflict (origin_id, network_id) do update set chain_id = excluded.chain_id",
		origin, nid, passed)
	return err
}
