package coalitions

import (
	"context"
	"html/template"
	"strconv"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

// seatView is a seat as a reader may see it.
type seatView struct {
	ID               string // to recall it; "" for who may not
	N                int
	Handle           string // "" for those who may not know
	Alternate        string // likewise
	AlternateOK      bool
	HasAlternate     bool
	Mandate          string
	Until            string
	ISO              string
	Asked            bool // not accepted yet
	StandsIn         bool
	Weight           int
	Instructions     template.HTML
	Raw              string // of the instructions, where one may read them
	Everybody        bool
	Mine, Substitute bool // the reader is the delegate, or the alternate
}

// memberView is a member group with its seats.
type memberView struct {
	Handle, Name string
	Band         string
	Weight       int
	Version      int
	Older        bool // it agreed to an older version of the points
	Seats        []seatView
}

// viewer is who reads a page about a coalition.
type viewer struct {
	actor  authz.Actor
	inside bool // a delegate there
}

// seatOf shows a seat to a reader; own says that they belong to the group whose seat it
// is. Handles of delegates are for those two alone.
func (v viewer) seatOf(l *i18n.Locale, d *Delegate, own bool, zone string, weight uint32) seatView {
	knows := own || v.inside || v.actor.Person != "" && (d.Person == v.actor.Person || d.Alternate == v.actor.Person)
	last := lastDay(d.Until, zone)
	s := seatView{
		N: d.Seat, Mandate: l.T(mandateName(d.Mandate)), Until: l.DateShort(last), ISO: last.Format(time.DateOnly),
		Asked: d.State == Asked, StandsIn: d.StandsIn, Weight: int(weight), HasAlternate: d.Alternate != "" && d.AlternateOK, Everybody: d.Everybody,
	}
	if d.Everybody || knows {
		s.Instructions, s.Raw = d.InstructionsHTML, d.Instructions
	}
	if knows {
		s.ID, s.Handle, s.Alternate, s.AlternateOK = d.ID, d.Handle, d.AlternateHandle, d.AlternateOK
		s.Mine, s.Substitute = d.Person == v.actor.Person, d.Alternate == v.actor.Person
	}
	return s
}

// board is one page of the member groups of a coalition.
type board struct {
	Coalition      Coalition
	Group          view
	Rows           []memberView
	Members, Seats int
	Next           string
	Until          time.Time // when the first mandate on it ends; zero when none does
}

// board reads one page of members from behind a handle.
func (s *Service) board(ctx context.Context, tx *db.Tx, l *i18n.Locale, by authz.Actor, c *Coalition, v view, after string, limit int) (b board, err error) {
	b = board{Coalition: *c, Group: v}
	all, err := membersAfter(ctx, tx, c.Group, Belongs, after, limit+1)
	if err != nil {
		return b, err
	}
	if len(all) > limit {
		all = all[:limit]
		b.Next = all[limit-1].Handle
	}
	if b.Members, err = countMembers(ctx, tx, c.Group, Belongs); err != nil {
		return b, err
	}
	if b.Seats, err = countSeats(ctx, tx, c.Group); err != nil || len(all) == 0 {
		return b, err
	}
	seats, err := seatsBetween(ctx, tx, c.Group, all[0].Handle, all[len(all)-1].Handle)
	if err != nil {
		return b, err
	}
	ids := make([]id.Group, len(all))
	for i, m := range all {
		ids[i] = m.Group
	}
	names, err := s.byID(ctx, tx, ids)
	if err != nil {
		return b, err
	}
	own, err := s.roles(ctx, tx, by)
	b.fill(l, viewer{by, v.Role != authz.None}, all, seats, names, own, tx.Now())
	return b, err
}

// roles are what the reader is in groups; nothing for a visitor.
func (s *Service) roles(ctx context.Context, tx *db.Tx, by authz.Actor) (map[id.Group]authz.Role, error) {
	if by.Visitor() {
		return nil, nil
	}
	return s.Groups.Roles(ctx, tx, by.Person)
}

// fill puts the seats to their groups, with what each weighs.
func (b *board) fill(l *i18n.Locale, v viewer, all []Member, seats []Delegate, names map[id.Group]Group, own map[id.Group]authz.Role, now time.Time) {
	of := map[id.Group][]*Delegate{}
	for i := range seats {
		if d := &seats[i]; d.counts(now) {
			of[d.Group] = append(of[d.Group], d)
			if b.Until.IsZero() || d.Until.Before(b.Until) {
				b.Until = d.Until
			}
		}
	}
	for _, m := range all {
		row := memberView{Handle: m.Handle, Name: names[m.Group].Name, Version: m.Version, Older: m.Version < b.Coalition.Points}
		if n := bandName(m.Band); n != "" {
			row.Band = l.T(n)
		}
		var rows []held
		for _, d := range of[m.Group] {
			rows = append(rows, held{Seat{ID: d.ID, Group: m.Group}, m.Band})
		}
		for i, w := range weigh(b.Coalition.Weights, rows) {
			row.Weight += int(w.Weight)
			row.Seats = append(row.Seats, v.seatOf(l, of[m.Group][i], own[m.Group] != authz.None, b.Group.Zone, w.Weight))
		}
		b.Rows = append(b.Rows, row)
	}
}

// partView is what a group is to one coalition.
type partView struct {
	Coalition        Group
	State            MemberState
	Band             string
	BandCode         string
	Version, Points  int
	Weights, Rule    string
	Asks             bool // to agree to new points
	SeatsAll         int
	Seats            []seatView
	Speaks           bool // the reader speaks for the group
	Choices          []web.Choice
	Agrees           bool // the box for that is ticked
	Suspended, Ended bool // the coalition
}

// parts are the coalitions that a group belongs to, with its delegates there. What is
// only asked for its organizers see alone.
func (s *Service) parts(ctx context.Context, tx *db.Tx, l *i18n.Locale, by authz.Actor, v view) ([]partView, error) {
	all, err := partsOf(ctx, tx, v.ID, maxParts)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	of, err := coalitionsOf(ctx, tx, v.ID)
	if err != nil {
		return nil, err
	}
	ids := make([]id.Group, len(all))
	for i, m := range all {
		ids[i] = m.Coalition
	}
	names, err := s.byID(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	seats, err := allSeatsOf(ctx, tx, v.ID)
	if err != nil {
		return nil, err
	}
	inside, err := s.roles(ctx, tx, by)
	var out []partView
	for _, m := range all {
		g, c := names[m.Coalition], of[m.Coalition]
		speaks := v.speaks(by)
		if g.Suspended && !speaks || !speaks && (m.State == Applied || m.State == Invited) {
			continue
		}
		p := partView{
			Coalition: g, State: m.State, Version: m.Version, Points: c.Points, Asks: m.State == Belongs && m.Version < c.Points, SeatsAll: c.Seats,
			Speaks: speaks, BandCode: strconv.Itoa(m.Band), Suspended: g.Suspended, Ended: g.Ended,
		}
		p.Weights = l.T(c.Weights.name())
		_, rule := c.Weights.words()
		p.Rule = l.T(rule)
		if n := bandName(m.Band); n != "" {
			p.Band = l.T(n)
		}
		p.Choices, p.Agrees = bandChoices(l, m.Band), !p.Asks
		p.Seats = partSeats(l, viewer{by, inside[m.Coalition] != authz.None}, v, g.Zone, &c, &m, seats, tx.Now())
		out = append(out, p)
	}
	return out, err
}

func partSeats(l *i18n.Locale, by viewer, v view, zone string, c *Coalition, m *Member, all []Delegate, now time.Time) []seatView {
	own := v.Role != authz.None
	var rows []held
	var list []*Delegate
	for i := range all {
		d := &all[i]
		if d.Coalition != m.Coalition || !now.Before(d.Until) {
			continue
		}
		list = append(list, d)
		if d.State == Holds {
			rows = append(rows, held{Seat{ID: d.ID, Group: v.ID}, m.Band})
		}
	}
	weights := map[string]uint32{}
	for _, x := range weigh(c.Weights, rows) {
		weights[x.ID] = x.Weight
	}
	var out []seatView
	for _, d := range list {
		s := by.seatOf(l, d, own, zone, weights[d.ID])
		if d.State == Asked && s.ID == "" {
			continue // who was asked is nobody's business yet
		}
		out = append(out, s)
	}
	return out
}

func bandChoices(l *i18n.Locale, on int) []web.Choice {
	out := make([]web.Choice, len(bands))
	for i, b := range bands {
		out[i] = web.Choice{Value: strconv.Itoa(i), Label: l.T(b.name), On: i == on}
	}
	return out
}
