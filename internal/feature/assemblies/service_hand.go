package assemblies

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strconv"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// room is somebody in the room: a member, or who holds the link that is handed out
// there.
type room struct {
	By   authz.Actor
	Door string // the secret of the link, "" for members
	Hand string // the secret of one's own hand, "" for members
}

// key is that of an open assembly, nil when it was destroyed or never made.
func (s *Service) key(ctx context.Context, a *Assembly) (*seal.Key, error) {
	if a.State != Open {
		return nil, nil //nolint:nilnil // there are no names
	}
	k, err := s.Vault.Existing(ctx, scope(a.ID))
	if errors.Is(err, seal.ErrDestroyed) {
		return nil, nil //nolint:nilnil // there are no names any more
	}
	return k, err
}

// doorOf is the secret of the link for those without an account. It follows from the
// key of the assembly, so it is stored nowhere and ends with it.
func doorOf(k *seal.Key, a *Assembly) string {
	return id.SecretOf(k.Tag("door", strconv.Itoa(a.Door)))
}

// whoOf is what stands for somebody in the stack.
func whoOf(k *seal.Key, r room) string {
	if r.Hand != "" {
		return string(k.Tag("hand", r.Hand))
	}
	return string(k.Tag("person", string(r.By.Person)))
}

// enter finds an assembly for somebody who may be in its room.
func (s *Service) enter(ctx context.Context, tx *db.Tx, aid ID, r room) (Assembly, Seat, *seal.Key, error) {
	a, seat, err := s.load(ctx, tx, r.By, aid)
	if err != nil {
		return a, seat, nil, err
	}
	k, err := s.key(ctx, &a)
	switch {
	case err != nil:
		return a, seat, nil, err
	case r.Door == "" && r.Hand == "":
		return a, seat, k, attends(r.By)(seat)
	case k == nil || !a.Public:
		return a, seat, nil, errNoRoom()
	case r.Door != "" && subtle.ConstantTimeCompare([]byte(r.Door), []byte(doorOf(k, &a))) != 1:
		return a, seat, nil, errNoRoom()
	case r.Door == "":
		_, err = handOf(ctx, tx, aid, whoOf(k, r))
		return a, seat, k, noHand(err)
	}
	return a, seat, k, nil
}

func errNoRoom() error {
	return fault.NotFound("assembly.no_door", "This link does not work any more, or not yet. Ask in the room for a new one.")
}

func noHand(err error) error {
	if errors.Is(err, db.ErrNoRows) {
		return errNoRoom()
	}
	return err
}

// RaiseHand asks to speak under a short name. A member has one hand; whoever comes by
// the link has that of their form, whose key is its private link.
func (s *Service) RaiseHand(ctx context.Context, aid ID, r room, form, name string) error {
	if !id.ValidSecret(form) {
		return errKey()
	}
	return s.hand(ctx, aid, r, func(tx *db.Tx, a *Assembly, k *seal.Key, own Hand, has bool) error {
		short, err := shortName(name)
		if err != nil {
			return err
		}
		fresh, err := useForm(ctx, tx, a.ID, form, string(nameTag(k, short)))
		if err != nil {
			return err
		}
		if !fresh {
			return errNothing
		}
		if r.Door != "" {
			r = room{Hand: form}
		}
		all, err := stackOf(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		a.Turn++
		h, err := all.raise(whoOf(k, r), string(nameTag(k, short)), a.Turn)
		if err != nil {
			return err
		}
		return putHand(ctx, tx, a.ID, h, k.Seal(nil, "assembly_hand", "name", string(a.ID)+h.Who, []byte(short)))
	})
}

// AgainHand raises the hand of whoever was called before, under their name.
func (s *Service) AgainHand(ctx context.Context, aid ID, r room) error {
	return s.hand(ctx, aid, r, func(tx *db.Tx, a *Assembly, _ *seal.Key, own Hand, has bool) error {
		if !has || own.State == Up {
			return errNothing
		}
		all := stack{own}
		a.Turn++
		h, err := all.raise(own.Who, own.Name, a.Turn)
		if err != nil {
			return err
		}
		return turnHand(ctx, tx, a.ID, h)
	})
}

// LowerHand takes a hand down, or gives the floor back.
func (s *Service) LowerHand(ctx context.Context, aid ID, r room) error {
	return s.hand(ctx, aid, r, func(tx *db.Tx, a *Assembly, _ *seal.Key, own Hand, has bool) error {
		if !has || own.State == Down {
			return errNothing
		}
		if own.State == Speaking {
			a.Speaker = Timer{}
		}
		own.State = Down
		return setHand(ctx, tx, a.ID, own)
	})
}

// hand is one use case of somebody in the room. own is their hand, when they have
// raised it before.
func (s *Service) hand(ctx context.Context, aid ID, r room, do func(tx *db.Tx, a *Assembly, k *seal.Key, own Hand, has bool) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		a, seat, k, err := s.enter(ctx, tx, aid, r)
		if err != nil {
			return err
		}
		if a.State.Over() {
			return errOver()
		}
		if a.State != Open || k == nil {
			return errNotOpen()
		}
		own, err := handOf(ctx, tx, aid, whoOf(k, r))
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return err
		}
		err = do(tx, &a, k, own, err == nil)
		if errors.Is(err, errNothing) {
			return nil
		}
		if err != nil {
			return err
		}
		return store(ctx, tx, &a, seat.Group)
	})
}

// Room is what somebody in the room sees beside the page.
type Room struct {
	Assembly Assembly
	Seat     Seat
	Agenda   agenda
	Stack    stack // with names for those in the room
	Named    bool
	Known    bool // Agenda and Stack were not read
	Own      Hand
	Has      bool   // Own was raised before
	Door     string // secret of the link, for whoever runs it
}

// Look reads where an assembly stands, for anybody who may know of it; who is in the
// room sees names.
//
// known says that what is the same for all needs not be read, because it is rendered
// already. It may be nil.
func (s *Service) Look(ctx context.Context, aid ID, r room, known func(*Room) bool) (out Room, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out = Room{}
		inside := r.Door != "" || r.Hand != ""
		if inside {
			a, seat, k, err := s.enter(ctx, tx, aid, r)
			if err != nil {
				return err
			}
			return s.look(ctx, tx, &out, a, seat, k, r, known)
		}
		a, seat, err := s.load(ctx, tx, r.By, aid)
		if err != nil {
			return err
		}
		k, err := s.key(ctx, &a)
		if err != nil {
			return err
		}
		return s.look(ctx, tx, &out, a, seat, k, r, known)
	})
	return out, err
}

func (s *Service) look(
	ctx context.Context, tx *db.Tx, out *Room, a Assembly, seat Seat, k *seal.Key, r room, known func(*Room) bool,
) (err error) {
	out.Assembly, out.Seat = a, seat
	out.Named = k != nil && (seat.Inside || r.Door != "" || r.Hand != "")
	if out.Known = known != nil && known(out); !out.Known {
		if err := s.common(ctx, tx, out, k); err != nil {
			return err
		}
	}
	if k == nil {
		return nil
	}
	if seat.Runs {
		out.Door = doorOf(k, &a)
	}
	if !seat.Inside && r.Hand == "" {
		return nil
	}
	out.Own, err = handOf(ctx, tx, a.ID, whoOf(k, r))
	if out.Has = err == nil; errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return err
}

// common reads what is the same for all in the room, or for all others.
func (s *Service) common(ctx context.Context, tx *db.Tx, out *Room, k *seal.Key) (err error) {
	a := &out.Assembly
	if out.Agenda, err = agendaOf(ctx, tx, a.ID); err != nil || a.State != Open {
		return err
	}
	if !out.Named {
		k = nil
	}
	if out.Stack, err = upOf(ctx, tx, a.ID, k); errors.Is(err, seal.ErrDestroyed) {
		out.Stack, out.Named, err = nil, false, nil // it closes just now
	}
	return err
}

// erase destroys the key of an assembly that is over.
func (s *Service) erase(ctx context.Context, aid ID) error {
	if err := s.Vault.Destroy(ctx, scope(aid)); err != nil {
		return fmt.Errorf("erase who asked to speak: %w", err)
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "update assembly set erased = $2 where id = $1", string(aid), true)
		return err
	})
}

// expireAtOnce bounds one round of the job.
const expireAtOnce = 100

// Expire closes what is over for a day, makes sure that who asked to speak is erased
// then, and empties drafts of minutes that nobody published for long.
func (s *Service) Expire(ctx context.Context) error {
	err := s.each(ctx, selectOverdue, closesAfter, func(tx *db.Tx, a *Assembly) error {
		a.Step++
		return closeNow(ctx, tx, a)
	})
	if err == nil {
		err = s.each(ctx, selectStale, draftsKept, func(tx *db.Tx, a *Assembly) error {
			a.Minutes = ""
			return emptyNotes(ctx, tx, a.ID)
		})
	}
	if err != nil {
		return err
	}
	for {
		due, err := s.due(ctx, selectErase, -2*maxAhead) // whenever it ends
		if err != nil || len(due) == 0 {
			return err
		}
		for _, aid := range due {
			if err := s.erase(ctx, aid); err != nil {
				return err
			}
		}
	}
}

func (s *Service) due(ctx context.Context, q string, after time.Duration) (due []ID, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		due, err = dueBy(ctx, tx, q, tx.Now().Add(-after), expireAtOnce)
		return err
	})
	return due, err
}

func (s *Service) each(ctx context.Context, q string, after time.Duration, do func(tx *db.Tx, a *Assembly) error) error {
	for {
		due, err := s.due(ctx, q, after)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, aid := range due {
			err := s.DB.Write(ctx, func(tx *db.Tx) error {
				a, err := assemblyBy(ctx, tx, "id", string(aid))
				if err != nil {
					return err
				}
				g, err := s.Groups.ByID(ctx, tx, a.Group)
				if err != nil {
					return err
				}
				if err := do(tx, &a); err != nil {
					return err
				}
				return store(ctx, tx, &a, g)
			})
			if err != nil {
				return fmt.Errorf("expire an assembly: %w", err)
			}
		}
	}
}

// doorRoom is the room by the link of an address.
func doorRoom(secret string) (room, error) {
	if !id.ValidSecret(secret) {
		return room{}, web.ErrNotFound()
	}
	return room{Door: secret}, nil
}
