package assemblies

import (
	"context"
	"strconv"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// What whoever runs an assembly does.
const (
	DoOpen      = "open"
	DoClose     = "close"
	DoNext      = "next"       // item of the agenda
	DoCall      = "speaker"    // who speaks next
	DoHush      = "hush"       // nobody speaks
	DoTimer     = "timer"      // starts or stops that of the item
	DoMore      = "more"       // five more minutes for the item
	DoSpeaker   = "speak-time" // starts or stops that of who speaks
	DoDoor      = "door"       // another link for those without an account
	DoPlus      = "plus"       // one more person is here
	DoMinus     = "minus"
	DoPeople    = "people"      // so many are here
	DoShowCount = "show-people" // the number is published
	DoHideCount = "hide-people"
)

// moreMinutes is what an item is given at a time.
const moreMinutes = 5

// RunInput is one act.
type RunInput struct {
	Form   string // its key
	Step   int    // the step that it follows on; taps and numbers need none
	Do     string
	People string // for [DoPeople]
}

// stepped are the acts of which two at once would do too much: the second is told.
func stepped(do string) bool {
	switch do {
	case DoPlus, DoMinus, DoPeople, DoShowCount, DoHideCount, DoDoor:
		return false
	}
	return true
}

func errMovedOn() error {
	return fault.Conflict("assembly.moved_on",
		"Somebody else has gone on meanwhile, so nothing was done. Look where it stands now, and press again if it is still needed.")
}

func errNotOpen() error {
	return fault.Conflict("assembly.not_open", "This assembly is not open.")
}

// runs lets who facilitates, and organizers.
func runs(by authz.Actor) func(Seat) error {
	return func(s Seat) error {
		if s.Runs {
			return nil
		}
		return authz.Check(by, authz.CallAssembly, s.Sub)
	}
}

// Run does one act of whoever runs an assembly. The same form once more does
// nothing.
func (s *Service) Run(ctx context.Context, by authz.Actor, aid ID, in RunInput) error {
	if in.Do == DoOpen {
		if err := s.ready(ctx, by, aid); err != nil {
			return err
		}
	}
	err := s.change(ctx, by, aid, runs(by), func(tx *db.Tx, a *Assembly, _ Seat) error {
		if !id.ValidSecret(in.Form) {
			return errKey()
		}
		if a.State.Over() && in.Do == DoClose {
			return errNothing
		}
		fresh, err := useForm(ctx, tx, a.ID, in.Form, in.Do, strconv.Itoa(in.Step), in.People)
		if err != nil {
			return err
		}
		if !fresh {
			return errNothing
		}
		if stepped(in.Do) {
			if a.Step != in.Step {
				return errMovedOn()
			}
			a.Step++
		}
		return s.act(ctx, tx, a, in)
	})
	if err != nil || in.Do != DoClose {
		return err
	}
	return s.erase(ctx, aid)
}

// ready makes the key under which names will be sealed, before the transaction.
func (s *Service) ready(ctx context.Context, by authz.Actor, aid ID) error {
	a, seat, err := s.Get(ctx, by, aid)
	if err != nil {
		return err
	}
	if err := runs(by)(seat); err != nil || a.State != Called {
		return err
	}
	_, err = s.Vault.Key(ctx, scope(aid))
	return err
}

func (s *Service) act(ctx context.Context, tx *db.Tx, a *Assembly, in RunInput) error {
	if in.Do == DoOpen {
		if a.State != Called {
			return fault.Conflict("assembly.not_called", "This assembly was not called yet.")
		}
		a.State = Open
		return nil
	}
	if counting(in.Do) && a.State == Closed {
		return count(a, in)
	}
	if a.State.Over() {
		return errOver()
	}
	if a.State != Open {
		return errNotOpen()
	}
	now := tx.Now()
	switch in.Do {
	case DoClose:
		return closeNow(ctx, tx, a)
	case DoNext:
		return nextItem(ctx, tx, a)
	case DoCall, DoHush:
		return nextSpeaker(ctx, tx, a, in.Do == DoCall)
	case DoTimer:
		a.Timer = a.Timer.turn(now)
	case DoSpeaker:
		a.Speaker = a.Speaker.turn(now)
	case DoMore:
		if !a.Timer.Set() {
			a.Timer = timerOf(now, moreMinutes)
			return nil
		}
		a.Timer = a.Timer.add(moreMinutes)
	case DoDoor:
		a.Door++
	default:
		return count(a, in)
	}
	return nil
}

// closeNow ends an assembly: who asked to speak is erased.
func closeNow(ctx context.Context, tx *db.Tx, a *Assembly) error {
	all, err := agendaOf(ctx, tx, a.ID)
	if err != nil {
		return err
	}
	if i := all.now(); i >= 0 {
		all[i].State = Done
		if err := updateItem(ctx, tx, &all[i]); err != nil {
			return err
		}
	}
	a.State, a.Timer, a.Speaker = Closed, Timer{}, Timer{}
	return dropHands(ctx, tx, a.ID)
}

func nextItem(ctx context.Context, tx *db.Tx, a *Assembly) error {
	all, err := agendaOf(ctx, tx, a.ID)
	if err != nil {
		return err
	}
	ended, begun := all.next()
	if ended < 0 && begun < 0 {
		return fault.Conflict("assembly.no_next", "Nothing waits on the agenda.")
	}
	a.Timer = Timer{}
	if ended >= 0 {
		all[ended].State = Done
		if err := updateItem(ctx, tx, &all[ended]); err != nil {
			return err
		}
	}
	if begun < 0 {
		return nil
	}
	a.Timer = timerOf(tx.Now(), all[begun].Minutes)
	all[begun].State = Now
	return updateItem(ctx, tx, &all[begun])
}

func nextSpeaker(ctx context.Context, tx *db.Tx, a *Assembly, call bool) error {
	all, err := upOf(ctx, tx, a.ID, nil)
	if err != nil {
		return err
	}
	changed := all.hush()
	if call {
		if len(all.waiting(false)) == 0 {
			return fault.Conflict("assembly.no_hand", "Nobody else wants to speak just now.")
		}
		changed = all.call(a.FirstFirst)
	}
	a.Speaker = Timer{}
	for _, h := range changed {
		if h.State == Speaking {
			a.Speaker = timerOf(tx.Now(), a.Speak)
		}
		if err := setHand(ctx, tx, a.ID, h); err != nil {
			return err
		}
	}
	return nil
}

// counting are the acts that can follow when an assembly is closed. Taps are over then:
// which forms were used is forgotten, so one that is sent again would count twice.
func counting(do string) bool {
	return do == DoPeople || do == DoShowCount || do == DoHideCount
}

// count changes how many are there: a number, and no names.
func count(a *Assembly, in RunInput) error {
	switch in.Do {
	case DoPlus:
		a.People = min(max(a.People, 0)+1, maxPeople)
	case DoMinus:
		a.People = max(a.People-1, 0)
	case DoPeople:
		n, err := strconv.Atoi(strings.TrimSpace(in.People))
		if err != nil || n < 0 || n > maxPeople {
			return fault.Invalid(fault.Field("people", "assembly.number", "Write a whole number from 0 to {max}.", "max", maxPeople))
		}
		a.People = n
	case DoShowCount, DoHideCount:
		a.PeopleShown = in.Do == DoShowCount
	default:
		return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
	}
	return nil
}

// The roles that members take for the time of an assembly.
const (
	RoleFacilitator = "facilitator"
	RoleNotes       = "notes"
)

// What can be done with a role: who has it gives it up, or an organizer frees it.
const (
	TakeRole = "take"
	FreeRole = "free"
)

// TakeOn takes or frees a role. Of two members who take it at once, the second is
// told.
func (s *Service) TakeOn(ctx context.Context, by authz.Actor, aid ID, role, do string) error {
	return s.change(ctx, by, aid, attends(by), func(_ *db.Tx, a *Assembly, seat Seat) error {
		holder := &a.Facilitator
		switch {
		case role == RoleNotes:
			holder = &a.NoteTaker
		case role != RoleFacilitator:
			return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
		}
		if a.State == Off || a.State == Closed && role == RoleFacilitator {
			return errOver()
		}
		switch {
		case do == TakeRole && *holder == by.Person, do == FreeRole && *holder == "":
			return errNothing
		case do == TakeRole && *holder != "":
			return fault.Conflict("assembly.role_taken", "Somebody else has taken this already.")
		case do == TakeRole:
			*holder = by.Person
		case do == FreeRole && (*holder == by.Person || seat.Calls):
			*holder = ""
		case do == FreeRole:
			return authz.Check(by, authz.CallAssembly, seat.Sub)
		default:
			return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
		}
		return nil
	})
}
