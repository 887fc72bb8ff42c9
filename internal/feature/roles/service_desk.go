package roles

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Audited actions of organizers. They name the event and never the offer.
const (
	auditConfirm = "confirm a role"
	auditDecline = "decline a role"
	auditRule    = "rule of roles"
)

// Answer is what an organizer says to an offer. Reason is for Confirm = false.
type Answer struct {
	Confirm bool
	Reason  string
}

// Answer records what an organizer says. A confirmation is of the person who
// gives it; the offer is confirmed when as many as the rule asks for, who are
// organizers now, have given theirs. Given twice, it counts once.
func (s *Service) Answer(ctx context.Context, by authz.Actor, e id.Event, rid, code string, a Answer) error {
	return s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		o, c, err := s.find(ctx, tx, by, e, rid, code)
		if err != nil {
			return err
		}
		if a.Confirm {
			return s.confirm(ctx, tx, by.Person, e, o, c)
		}
		if !validReason(a.Reason) {
			return fault.Invalid(fault.Field("reason", "roles.reason", "Choose why it is not needed."))
		}
		return s.decline(ctx, tx, by.Person, e, o, a.Reason)
	})
}

func (s *Service) find(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event, rid, code string) (offer, Count, error) {
	if err := s.Organizers.Check(ctx, tx, by, e); err != nil {
		return offer{}, Count{}, err
	}
	all, err := countsOf(ctx, tx, e)
	if err != nil {
		return offer{}, Count{}, err
	}
	c, ok := byID(all, rid)
	if !ok {
		return offer{}, c, errNoOffer()
	}
	o, err := offerByCode(ctx, tx, e, code, c.Role)
	if errors.Is(err, db.ErrNoRows) {
		err = errNoOffer()
	}
	return o, c, err
}

func (s *Service) confirm(ctx context.Context, tx *db.Tx, by id.Person, e id.Event, o offer, c Count) error {
	switch {
	case o.state == Confirmed:
		return nil
	case o.state == Declined:
		return fault.Conflict("roles.answered", "This offer was answered already. Load the page again.")
	case c.Confirmed >= c.Needed:
		return fault.Conflict("roles.full", "All who are needed in this role are confirmed. Ask for more of them first, under “How to prepare”.")
	}
	has, err := s.SignUps.HasPlace(ctx, tx, e, o.hash)
	if err != nil {
		return err
	}
	if !has {
		return fault.Conflict("roles.no_place", "Whoever offered this has no place at the event any more. Confirm it when they have one again.")
	}
	fresh, err := insertConfirmation(ctx, tx, e, o, by)
	if err != nil {
		return err
	}
	if fresh {
		if err := s.Audit(ctx, tx, by, auditConfirm, string(e)); err != nil {
			return err
		}
	}
	return s.confirmed(ctx, tx, e, o)
}

// confirmed makes an open offer a confirmed one, if enough organizers say so. The
// caller has seen that one more is needed.
func (s *Service) confirmed(ctx context.Context, tx *db.Tx, e id.Event, o offer) error {
	rule, err := ruleOf(ctx, tx, e)
	if err != nil {
		return err
	}
	n, _, err := s.confirmers(ctx, tx, e, o, "", map[id.Person]bool{})
	if err != nil || n < rule {
		return err
	}
	if err := count(ctx, tx, e, o.role, o.state, -1); err != nil {
		return err
	}
	o.state = Confirmed
	if err := putState(ctx, tx, e, o); err != nil {
		return err
	}
	if err := count(ctx, tx, e, o.role, Confirmed, 1); err != nil {
		return err
	}
	if err := s.settle(ctx, tx, e, o.role); err != nil {
		return err
	}
	return s.tell(ctx, tx, e, o.hash)
}

// confirmers is how many confirmed an offer and are organizers now, and whether
// reader is one of them. known saves asking twice.
func (s *Service) confirmers(ctx context.Context, tx *db.Tx, e id.Event, o offer, reader id.Person, known map[id.Person]bool) (n int, self bool, err error) {
	all, err := confirmersOf(ctx, tx, e, o)
	if err != nil {
		return 0, false, err
	}
	for _, p := range all {
		is, asked := known[p]
		if !asked {
			if is, err = s.Organizers.Are(ctx, tx, e, p); err != nil {
				return 0, false, err
			}
			known[p] = is
		}
		if is {
			n++
			self = self || p == reader
		}
	}
	return n, self, nil
}

// decline answers with no, also an offer that was confirmed. The note is erased:
// nobody needs it any more.
func (s *Service) decline(ctx context.Context, tx *db.Tx, by id.Person, e id.Event, o offer, reason string) error {
	if o.state == Declined {
		return nil
	}
	if err := count(ctx, tx, e, o.role, o.state, -1); err != nil {
		return err
	}
	o.state, o.reason = Declined, reason
	if err := putState(ctx, tx, e, o); err != nil {
		return err
	}
	if err := putNote(ctx, tx, e, o.hash, o.role, []byte{}); err != nil {
		return err
	}
	if err := deleteConfirmations(ctx, tx, e, o); err != nil {
		return err
	}
	if err := s.Audit(ctx, tx, by, auditDecline, string(e)); err != nil {
		return err
	}
	if err := s.settle(ctx, tx, e, o.role); err != nil {
		return err
	}
	return s.tell(ctx, tx, e, o.hash)
}

// SetRule says how many organizers confirm an offer. What has enough
// confirmations under the new rule is confirmed, first come first; what is
// confirmed already stays so.
func (s *Service) SetRule(ctx context.Context, by authz.Actor, e id.Event, confirmers int) error {
	return s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		if err := s.Organizers.Check(ctx, tx, by, e); err != nil {
			return err
		}
		if confirmers < 1 || confirmers > maxConfirmers {
			return fault.Invalid(fault.Field("confirmers", "roles.confirmers", "Choose whether one or two organizers confirm."))
		}
		old, err := ruleOf(ctx, tx, e)
		if err != nil || old == confirmers {
			return err
		}
		if err := putRule(ctx, tx, e, confirmers); err != nil {
			return err
		}
		if err := s.Audit(ctx, tx, by.Person, auditRule, string(e)); err != nil {
			return err
		}
		if confirmers > old {
			return nil
		}
		half, err := begun(ctx, tx, e)
		if err != nil {
			return err
		}
		for _, o := range half {
			c, err := countOf(ctx, tx, e, o.role)
			if err != nil {
				return err
			}
			if c.Confirmed >= c.Needed {
				continue
			}
			// It may have moved between the reserve and the others meanwhile.
			if o, err = offerOf(ctx, tx, e, o.hash, o.role); err != nil {
				return err
			}
			if err := s.confirmed(ctx, tx, e, o); err != nil {
				return err
			}
		}
		return nil
	})
}

// pageSize is how many offers an organizer sees at once.
const pageSize = 25

// cursor is the last offer of a page.
type cursor struct {
	state State
	queue int
}

// String is what addresses carry.
func (c cursor) String() string { return string(c.state) + "-" + strconv.Itoa(c.queue) }

func parseCursor(s string) (cursor, error) {
	if s == "" {
		return cursor{}, nil
	}
	state, n, _ := strings.Cut(s, "-")
	queue, err := strconv.Atoi(n)
	c := cursor{State(state), queue}
	if err != nil || c.String() != s || !c.state.Open() && c.state != Confirmed {
		return c, fault.Malformed("roles.cursor", "This page link cannot be read. Please start again.")
	}
	return c, nil
}

// OfferView is an offer as organizers see it.
type OfferView struct {
	Code      string
	State     State
	Note      string
	Confirmed int  // by how many organizers
	Mine      bool // the reader is one of them
}

// Desk is what organizers see of an event's roles: numbers, and offers by code.
type Desk struct {
	Confirmers int
	Roles      []Count
	Role       Count // whose offers these are; zero without roles
	Offers     []OfferView
	Next       string // cursor of the next page
}

// Desk shows the roles of an event, and a page of the offers of one: of the first
// that has open ones when rid is empty.
func (s *Service) Desk(ctx context.Context, by authz.Actor, e id.Event, rid, after string) (Desk, error) {
	from, err := parseCursor(after)
	if err != nil {
		return Desk{}, err
	}
	var d Desk
	var rows []offer
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		d = Desk{}
		if err := s.Organizers.Check(ctx, tx, by, e); err != nil {
			return err
		}
		if d.Roles, err = countsOf(ctx, tx, e); err != nil {
			return err
		}
		if d.Confirmers, err = ruleOf(ctx, tx, e); err != nil {
			return err
		}
		if d.Role, err = chosenRole(d.Roles, rid); err != nil || d.Role.Role == "" {
			return err
		}
		d.Roles = slices.DeleteFunc(d.Roles, Count.unused)
		if rows, err = offersAfter(ctx, tx, e, d.Role.Role, from, pageSize+1); err != nil {
			return err
		}
		known := map[id.Person]bool{}
		for i := range rows {
			if rows[i].confirmed, rows[i].confirmsSelf, err = s.confirmers(ctx, tx, e, rows[i], by.Person, known); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return d, err
	}
	if len(rows) > pageSize {
		rows = rows[:pageSize]
		last := rows[pageSize-1]
		d.Next = cursor{last.state, last.queue}.String()
	}
	for _, o := range rows {
		note, err := s.opened(ctx, e, o)
		if err != nil {
			return d, err
		}
		d.Offers = append(d.Offers, OfferView{o.code, o.state, note, o.confirmed, o.confirmsSelf})
	}
	return d, nil
}

// chosenRole is the one of an address, or the first with something to answer.
func chosenRole(all []Count, rid string) (Count, error) {
	if rid != "" {
		c, ok := byID(all, rid)
		if !ok {
			return c, errNoRole()
		}
		return c, nil
	}
	for _, c := range all {
		if c.Offered+c.Reserve > 0 {
			return c, nil
		}
	}
	if len(all) > 0 {
		return all[0], nil
	}
	return Count{}, nil
}
