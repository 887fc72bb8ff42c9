package ladders

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// What organizers can do to a step, or with a step of "" to the whole campaign.
const (
	DoHalt   = "halt"
	DoResume = "resume"
	DoMet    = "met"
	DoDown   = "down"
	DoUp     = "up"
)

const (
	maxNote = 500
	// agreeFor is how long what one owner has said waits for another.
	agreeFor = 7 * 24 * time.Hour
)

// ActInput is something that an organizer does for one of the owners. To stop takes one
// of them, to go on two; see the package.
type ActInput struct {
	Step  string // "" for the whole campaign
	Group string // handle of the owner for which it is said
	Do    string
	Note  string
}

// Act does it, or notes that one owner has said so and another has to; done tells which.
// What is so already is left so.
func (s *Service) Act(ctx context.Context, by authz.Actor, handle string, in ActInput) (done bool, err error) {
	note := strings.TrimSpace(in.Note)
	if utf8.RuneCountInString(note) > maxNote {
		return false, fault.Invalid(fault.Field("note", "form.long", "This is too long: at most {limit} characters, please.", "limit", maxNote))
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		done = false
		d, err := s.editable(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		if d, err = s.now(ctx, tx, d.Of, d.Speaks); err != nil {
			return err
		}
		g, ok := d.speaker(in.Group)
		if !ok {
			return fault.Invalid(fault.Field("group", "ladder.group", "Choose the group for which you say this."))
		}
		if (in.Do == DoDown || in.Do == DoUp) != (in.Step == "") {
			return errNoAct()
		}
		can, err := d.can(in)
		if err != nil || !can {
			done = err == nil
			return err
		}
		if in.Do == DoResume || in.Do == DoMet || in.Do == DoUp {
			if done, err = s.agree(ctx, tx, d, agreement{Step: in.Step, Act: in.Do, Group: g.ID, Person: by.Person}); err != nil || !done {
				return err
			}
		}
		done = true
		if err := s.act(ctx, tx, d, in, note); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, in.Do+" ladder", string(d.Of.ID)+" "+string(g.ID)+" "+in.Step)
	})
	return done, err
}

func errNoAct() error {
	return fault.Conflict("ladder.no_act", "This step cannot do that now. Please open the page again.")
}

func (d *Ladder) speaker(handle string) (Group, bool) {
	for _, g := range d.Speaks {
		if g.Handle == handle {
			return g, true
		}
	}
	return Group{}, false
}

// can is false for what is so already.
func (d *Ladder) can(in ActInput) (bool, error) {
	if d.Of.Ended && (in.Do == DoResume || in.Do == DoUp) {
		return false, errNoAct() // nothing goes on in a campaign that has ended
	}
	if in.Step == "" {
		return (in.Do == DoDown) == (d.Down == nil), nil
	}
	x := d.Stand[in.Step]
	switch {
	case x == nil:
		return false, errNoStep()
	case d.Down != nil:
		return false, fault.Conflict("ladder.is_down", "The campaign has stood down.")
	}
	switch in.Do {
	case DoHalt:
		if x.State == Halted {
			return false, nil
		}
		if x.State.settled() {
			return false, errNoAct()
		}
	case DoResume:
		if x.State != Halted {
			return false, nil
		}
	case DoMet:
		if x.State == Met {
			return false, nil
		}
		if x.State != Open {
			return false, errNoAct()
		}
	default:
		return false, errNoAct()
	}
	return true, nil
}

// agree is done when a second owner says what one has said. Where one group owns the
// campaign, it says so alone.
func (s *Service) agree(ctx context.Context, tx *db.Tx, d *Ladder, a agreement) (done bool, err error) {
	owners, err := s.Campaigns.Owners(ctx, tx, d.Of.ID)
	if err != nil || len(owners) < 2 {
		return err == nil, err
	}
	for _, old := range d.Agreed {
		if old.Step != a.Step || old.Act != a.Act {
			continue
		}
		still, err := s.owns(ctx, tx, d.Of.ID, old.Group)
		switch {
		case err != nil:
			return false, err
		case !still:
		case old.Group == a.Group:
			return false, nil
		case old.Person == a.Person:
			return false, fault.Conflict("ladder.same_person", "You have said this for another group. Somebody else has to say it for this one.")
		default:
			return true, nil
		}
	}
	a.Ends = tx.Now().Add(agreeFor)
	touch(tx, d.Of.ID)
	return false, putAgreement(ctx, tx, d.Of.ID, a)
}

func (s *Service) act(ctx context.Context, tx *db.Tx, d *Ladder, in ActInput, note string) error {
	m := Move{Step: in.Step, Reason: ByOwners, At: tx.Now()}
	switch in.Do {
	case DoDown:
		return s.standDown(ctx, tx, d.Of.ID, DownDecided, "")
	case DoUp:
		return s.goOn(ctx, tx, d)
	case DoHalt:
		m.State = Halted
	case DoResume:
		m.State = d.Stand[in.Step].Was
	case DoMet:
		m.State = Met
	}
	return s.moveStep(ctx, tx, d, m, note)
}

// standDown ends what a campaign does, once: its steps that wait or are open halt.
func (s *Service) standDown(ctx context.Context, tx *db.Tx, c id.Campaign, reason, poll string) error {
	if err := s.settle(ctx, tx, c); err != nil {
		return err
	}
	ok, err := putDown(ctx, tx, c, Down{Reason: reason, Poll: poll, At: tx.Now()})
	if err != nil || !ok {
		return err
	}
	d, err := s.read(ctx, tx, Campaign{ID: c}, nil)
	if err != nil {
		return err
	}
	if d.Version > 0 {
		var moves []Move
		for i := range d.Published.Plan.Steps {
			key := d.Published.Plan.Steps[i].Key
			if x := d.Stand[key]; x.State == Waiting || x.State == Open {
				m := Move{key, Halted, ByDown, tx.Now()}
				x.move(m)
				moves = append(moves, m)
			}
		}
		if err := s.noteMoves(ctx, tx, d, moves, ""); err != nil {
			return err
		}
		if err := s.noteOver(ctx, tx, d); err != nil {
			return err
		}
	}
	touch(tx, c)
	tx.Touch(DownTag(c))
	return s.Facts.Emit(ctx, tx, fact.CampaignDown{Campaign: c, Reason: reason, At: tx.Now()})
}

// goOn takes back that a campaign has stood down.
func (s *Service) goOn(ctx context.Context, tx *db.Tx, d *Ladder) error {
	if err := dropDown(ctx, tx, d.Of.ID); err != nil {
		return err
	}
	if err := dropAgreements(ctx, tx, d.Of.ID, ""); err != nil {
		return err
	}
	d.Down = nil
	touch(tx, d.Of.ID)
	tx.Touch(DownTag(d.Of.ID))
	if err := s.Facts.Emit(ctx, tx, fact.CampaignBack{Campaign: d.Of.ID}); err != nil || d.Version == 0 {
		return err
	}
	var moves []Move
	for i := range d.Published.Plan.Steps {
		key := d.Published.Plan.Steps[i].Key
		x := d.Stand[key]
		if x.State != Halted {
			continue
		}
		why, err := lastReason(ctx, tx, d.Of.ID, key)
		if err != nil {
			return err
		}
		if why == ByDown {
			m := Move{key, x.Was, ByOwners, tx.Now()}
			x.move(m)
			x.Free = m.At
			moves = append(moves, m)
		}
	}
	if err := s.noteMoves(ctx, tx, d, moves, ""); err != nil {
		return err
	}
	if err := s.noteOver(ctx, tx, d); err != nil {
		return err
	}
	return s.settle(ctx, tx, d.Of.ID)
}

// Declare says for one of the delegates of a trigger that it has happened, or takes that
// back while not enough have said so.
func (s *Service) Declare(ctx context.Context, by authz.Actor, handle, trigger string, yes bool) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		c, _, err := s.Campaigns.Find(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		atom := (&Gate{Trigger: &Trigger{Name: trigger}}).atom()
		was, ok, err := declares(ctx, tx, c.ID, atom, by.Person)
		if err == nil && ok {
			ok, err = s.member(ctx, tx, c.ID, by.Person)
		}
		if err != nil {
			return err
		}
		if !ok {
			return web.ErrNotFound()
		}
		if was == yes {
			return nil
		}
		if err := putDelegate(ctx, tx, c.ID, atom, delegate{by.Person, yes}); err != nil {
			return err
		}
		if err := s.countDeclared(ctx, tx, c.ID, atom); err != nil {
			return err
		}
		return s.settle(ctx, tx, c.ID)
	})
}

// countDeclared notes how many delegates have declared a trigger: those who are members
// of an owner still. Once it is declared, who they were is forgotten.
func (s *Service) countDeclared(ctx context.Context, tx *db.Tx, c id.Campaign, atom string) error {
	all, err := watchesOf(ctx, tx, c)
	if err != nil {
		return err
	}
	w := all[atom]
	delegates, err := delegatesOf(ctx, tx, c, atom)
	if err != nil || w.Atom == "" || !w.Fired.IsZero() {
		return err
	}
	n := 0
	for _, x := range delegates {
		still := false
		if x.Declared {
			if still, err = s.member(ctx, tx, c, x.Person); err != nil {
				return err
			}
		}
		if still {
			n++
		}
	}
	touch(tx, c)
	if n < w.Need {
		_, err := tx.Exec(ctx, "update ladder_watch set have = $3 where campaign_id = $1 and atom = $2", string(c), atom, n)
		return err
	}
	if err := s.fire(ctx, tx, c, atom, n, tx.Now()); err != nil {
		return err
	}
	return dropDelegates(ctx, tx, c, atom)
}

// Declarable are the names of triggers that somebody can declare, and whether they
// have.
func (s *Service) Declarable(ctx context.Context, tx *db.Tx, by authz.Actor, c id.Campaign) (map[string]bool, error) {
	out := map[string]bool{}
	if by.Visitor() {
		return out, nil
	}
	_, ok, err := declares(ctx, tx, c, named, by.Person)
	if err == nil && ok {
		ok, err = s.member(ctx, tx, c, by.Person)
	}
	if err != nil || !ok {
		return out, err
	}
	err = tx.Each(ctx, `select w.label, d.declared from ladder_delegate d join ladder_watch w on w.campaign_id = d.campaign_id and w.atom = d.atom
		where d.person_id = $1 and d.campaign_id = $2`, []any{string(by.Person), string(c)}, func(scan func(...any) error) error {
		var name string
		var declared bool
		err := scan(&name, &declared)
		out[name] = declared
		return err
	})
	return out, err
}
