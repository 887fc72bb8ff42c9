package attendance

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// Notices tells somebody who left an address, by a job in the transaction.
type Notices interface {
	Promoted(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) error
	Changed(ctx context.Context, tx *db.Tx, f fact.EventChanged) error
	// PlaceChanged tells those who have a place that the exact place has changed.
	PlaceChanged(ctx context.Context, tx *db.Tx, e id.Event) error
	// SlotMoved tells those who chose a slot that its time has changed.
	SlotMoved(ctx context.Context, tx *db.Tx, e id.Event, slot string) error
	// Remind reminds those who have a place: "before", in the "morning" or with
	// "thanks" after an event that starts at start.
	Remind(ctx context.Context, tx *db.Tx, e id.Event, what string, start time.Time) error
	// Told tells all who signed up the newest notice of the organizers.
	Told(ctx context.Context, tx *db.Tx, e id.Event) error
	// Named tells all who signed up that somebody may see sign-ups.
	Named(ctx context.Context, tx *db.Tx, e id.Event) error
}

// Deps are what the feature needs.
type Deps struct {
	DB      *db.DB
	Vault   *seal.Vault
	Entropy io.Reader
	Notices Notices
	Facts   Facts
}

// Facts hears, in the same transaction, what others should know.
type Facts interface {
	Emit(ctx context.Context, tx *db.Tx, what any) error
}

// Service is the use cases of signing up.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// The rows of SealedTable are of no use without a key: that of the scope which
// is ScopePrefix and then what is in SealedColumn.
const (
	SealedTable  = "attendance"
	SealedColumn = "event_id"
	ScopePrefix  = "event:"
	// NoticeTable is likewise.
	NoticeTable = "event_notice"
)

func scope(e id.Event) string { return ScopePrefix + string(e) }

func errNoSignUp() error {
	return fault.NotFound("attendance.not_found",
		"This private link fits no sign-up. It may have been cancelled, or the event is long over.")
}

func errNoRoster() error {
	return fault.NotFound("attendance.none", "This event takes no sign-ups here.")
}

// seal closes p for the row that hash names. What is sealed in one row opens
// in no other.
func (s *Service) seal(k *seal.Key, e id.Event, hash []byte, p personal) ([]byte, error) {
	b, err := p.encode()
	if err != nil {
		return nil, err
	}
	return k.Seal(s.Entropy, "attendance", "sealed", rowName(e, hash), b), nil
}

func (s *Service) open(k *seal.Key, e id.Event, r row) (personal, error) {
	b, err := k.Open("attendance", "sealed", rowName(e, r.hash), r.sealed)
	if err != nil {
		return personal{}, fmt.Errorf("open sign-up: %w", err)
	}
	return decode(b)
}

func rowName(e id.Event, hash []byte) string { return string(e) + "/" + hex.EncodeToString(hash) }

// SignUp records a sign-up and says whether they are in or wait. secret is the
// form's key and afterwards the private link: the same secret again is the same
// sign-up, and changes nothing.
func (s *Service) SignUp(ctx context.Context, e id.Event, secret string, in Input) (Record, error) {
	if !id.ValidSecret(secret) {
		return Record{}, fault.Malformed("attendance.key", "This form is broken. Please open the event again and press “I’m coming”.")
	}
	p, err := in.check()
	if err != nil {
		return Record{}, err
	}
	k, err := s.firstKey(ctx, e)
	if err != nil {
		return Record{}, err
	}
	hash := id.Hash(secret)
	sealed, err := s.seal(k, e, hash, p)
	if err != nil {
		return Record{}, err
	}
	var out Record
	err = s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		r, err := rosterOf(ctx, tx, e)
		if errors.Is(err, db.ErrNoRows) {
			return errNoRoster()
		}
		if err != nil {
			return err
		}
		if err := r.admits(tx.Now(), in.Party); err != nil {
			// A retry after the close is still answered with what was recorded.
			if old, e2 := rowOf(ctx, tx, e, hash); e2 == nil {
				out = Record{State: old.state, Party: old.party}
				return nil
			}
			return err
		}
		if r.Slots > 0 || len(in.Slots) > 0 {
			out, err = s.signUpSlots(ctx, tx, e, hash, sealed, r, p, in)
			return err
		}
		out = Record{State: r.place(in.Party), Party: in.Party}
		if out.State == Waiting && in.Party <= r.free() {
			// There is room, so those before them are too many for it. When they
			// are too many for the whole event, nobody waits for them.
			_, waits, err := firstWaiting(ctx, tx, e, r.largest())
			if err != nil {
				return err
			}
			if !waits {
				out.State = Going
			}
		}
		if out.State == Waiting {
			out.Ahead = r.Waiting
		}
		return s.store(ctx, tx, e, hash, sealed, r, p, &out)
	})
	return out, err
}

// firstKey is the event's key. The first sign-up makes it, and only for an
// event that takes sign-ups: else anybody could fill the key database with
// events that never were.
func (s *Service) firstKey(ctx context.Context, e id.Event) (*seal.Key, error) {
	k, err := s.Vault.Existing(ctx, scope(e))
	if !errors.Is(err, seal.ErrDestroyed) {
		return k, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		r, err := rosterOf(ctx, tx, e)
		if errors.Is(err, db.ErrNoRows) {
			return errNoRoster()
		}
		if err != nil {
			return err
		}
		return r.takes(tx.Now())
	})
	if err != nil {
		return nil, err
	}
	k, err = s.Vault.Key(ctx, scope(e))
	if errors.Is(err, seal.ErrDestroyed) {
		return nil, fault.Because(fault.Gone("attendance.over", "This event is over."), err)
	}
	return k, err
}

// keyOf is the key of an event that has sign-ups. Without it there are none, or
// none that opens: to their holder that is the same.
func (s *Service) keyOf(ctx context.Context, e id.Event) (*seal.Key, error) {
	k, err := s.Vault.Existing(ctx, scope(e))
	if errors.Is(err, seal.ErrDestroyed) {
		return nil, fault.Because(errNoSignUp(), err)
	}
	return k, err
}

func (s *Service) store(ctx context.Context, tx *db.Tx, e id.Event, hash, sealed []byte, r roster, p personal, out *Record) error {
	queue := 0
	if out.State == Waiting {
		queue = r.Queue + 1
	}
	ok, err := insert(ctx, tx, e, hash, out.State, out.Party, queue, sealed)
	if err != nil {
		return err
	}
	if !ok { // sent twice
		old, err := rowOf(ctx, tx, e, hash)
		*out = Record{State: old.state, Party: old.party}
		return err
	}
	going, waiting, step := out.Party, 0, 0
	if out.State == Waiting {
		going, waiting, step = 0, out.Party, 1
	}
	if err := count(ctx, tx, e, going, waiting, step); err != nil {
		return err
	}
	touch(tx, e, r)
	return countNeeds(ctx, tx, e, p.Needs, 1)
}

// touch is soft: while thousands sign up, the page is rendered once a second.
func touch(tx *db.Tx, e id.Event, r roster) {
	tx.Touch("event:" + string(e) + "~")
	if r.Campaign != "" {
		tx.Touch("campaign-events:" + string(r.Campaign) + "~")
	}
}

// Exists returns the fault of [Service.Find] when the secret opens nothing.
func (s *Service) Exists(ctx context.Context, e id.Event, secret string) error {
	return s.DB.Read(ctx, func(tx *db.Tx) error {
		_, err := rowOf(ctx, tx, e, id.Hash(secret))
		return absent(err)
	})
}

// Find returns the sign-up that the secret opens.
func (s *Service) Find(ctx context.Context, e id.Event, secret string) (Record, error) {
	var r row
	var before int
	var chosen []Chosen
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if r, err = rowOf(ctx, tx, e, id.Hash(secret)); err != nil {
			return absent(err)
		}
		if r.state == Waiting {
			if before, err = ahead(ctx, tx, e, r.queue); err != nil {
				return err
			}
		}
		chosen, err = chosenOf(ctx, tx, e, r.hash)
		return err
	})
	if err != nil {
		return Record{}, err
	}
	k, err := s.keyOf(ctx, e)
	if err != nil {
		return Record{}, err
	}
	p, err := s.open(k, e, r)
	return Record{State: r.state, Party: r.party, Ahead: before, Needs: p.Needs, Email: p.Email, Slots: chosen}, err
}

func absent(err error) error {
	if errors.Is(err, db.ErrNoRows) {
		return errNoSignUp()
	}
	return err
}

// Change replaces party, needs, address and slots. A party that grows keeps its place
// only when the room is there; otherwise nothing changes.
func (s *Service) Change(ctx context.Context, e id.Event, secret string, in Input) error {
	p, err := in.check()
	if err != nil {
		return err
	}
	k, err := s.keyOf(ctx, e)
	if err != nil {
		return err
	}
	hash := id.Hash(secret)
	sealed, err := s.seal(k, e, hash, p)
	if err != nil {
		return err
	}
	return s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		r, old, was, err := s.load(ctx, tx, k, e, hash)
		if err != nil {
			return err
		}
		if err := r.takes(tx.Now()); err != nil {
			return err
		}
		more := in.Party - old.party
		if more > 0 && in.Party > r.largest() {
			return errLarge(r)
		}
		if old.state == Going && more > r.free() {
			return fault.Invalid(fault.Field("party", "attendance.full",
				"Only {free} more fit. Your sign-up is unchanged.", "free", max(0, r.free())))
		}
		n := old
		n.party, n.sealed = in.Party, sealed
		if r.Slots > 0 || len(in.Slots) > 0 {
			return s.changeSlots(ctx, tx, changing{e: e, r: r, old: old, now: n, was: was, p: p}, in)
		}
		if err := errors.Join(update(ctx, tx, e, n), s.changed(ctx, tx, e, n)); err != nil {
			return err
		}
		going, waiting := more, 0
		if old.state == Waiting {
			going, waiting = 0, more
		}
		if err := count(ctx, tx, e, going, waiting, 0); err != nil {
			return err
		}
		if err := errors.Join(countNeeds(ctx, tx, e, was.Needs, -1), countNeeds(ctx, tx, e, p.Needs, 1)); err != nil {
			return err
		}
		return s.promote(ctx, tx, e, nil)
	})
}

func (s *Service) load(ctx context.Context, tx *db.Tx, k *seal.Key, e id.Event, hash []byte) (roster, row, personal, error) {
	r, err := rosterOf(ctx, tx, e)
	if err != nil {
		return r, row{}, personal{}, absent(err)
	}
	old, err := rowOf(ctx, tx, e, hash)
	if err != nil {
		return r, old, personal{}, absent(err)
	}
	p, err := s.open(k, e, old)
	return r, old, p, err
}

// Cancel removes a sign-up and lets the next in the queue move up. Sent twice,
// the second finds nothing.
func (s *Service) Cancel(ctx context.Context, e id.Event, secret string) error {
	return s.cancel(ctx, e, id.Hash(secret))
}

func (s *Service) cancel(ctx context.Context, e id.Event, hash []byte) error {
	k, err := s.keyOf(ctx, e)
	if err != nil {
		return err
	}
	return s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		_, old, was, err := s.load(ctx, tx, k, e, hash)
		if err != nil {
			return err
		}
		if err := s.Facts.Emit(ctx, tx, fact.SignUpCancelled{Event: e, Hash: hash}); err != nil {
			return err
		}
		if err := leaveSlots(ctx, tx, e, old, was); err != nil {
			return err
		}
		if err := remove(ctx, tx, e, hash); err != nil {
			return err
		}
		going, waiting := -old.party, 0
		if old.state == Waiting {
			going, waiting = 0, -old.party
		}
		if err := count(ctx, tx, e, going, waiting, 0); err != nil {
			return err
		}
		if err := countNeeds(ctx, tx, e, was.Needs, -1); err != nil {
			return err
		}
		return s.promote(ctx, tx, e, nil)
	})
}

// promote moves parties up, first come first served, while the next one fits.
// A large party at the head waits for its room: nobody overtakes, but for a
// party larger than the whole event has become, which would block it for good.
// quiet is not told.
func (s *Service) promote(ctx context.Context, tx *db.Tx, e id.Event, quiet []byte) error {
	for range promoteAtOnce {
		r, err := rosterOf(ctx, tx, e)
		if err != nil {
			return err
		}
		touch(tx, e, r)
		if r.takes(tx.Now()) != nil || r.Slots == 0 && (r.Waiting == 0 || r.free() <= 0) {
			return nil
		}
		if more, err := s.moveUp(ctx, tx, e, r, quiet); err != nil || !more {
			return err
		}
	}
	return nil // the rest moves up in [Service.PromoteAll], so that other writes get their turn
}

// promoteAtOnce bounds the parties that move up in one transaction.
const promoteAtOnce = 100

// EventChanged keeps the roster in step with its event. It refuses a capacity
// below what has been promised.
func (s *Service) EventChanged(ctx context.Context, tx *db.Tx, f fact.EventChanged) error {
	old, err := rosterOf(ctx, tx, f.Event)
	if errors.Is(err, db.ErrNoRows) {
		if !f.OpensTo {
			return nil
		}
		err = nil
	}
	if err != nil {
		return err
	}
	if f.Capacity > 0 && f.Capacity < old.Going {
		return fault.Invalid(fault.Field("capacity", "attendance.capacity",
			"{going} people have signed up already. Cancel and make a smaller event, or allow at least that many.", "going", old.Going))
	}
	n := roster{Capacity: f.Capacity, Open: f.OpensTo, Start: f.Start, End: f.End, Campaign: f.Campaign}
	if old.Queue == expired && old.Going+old.Waiting > 0 {
		n.Open = false // what was sealed is gone with its key, and no other key may come
	}
	if f.State == "postponed" { // it has not been yet, so sign-ups wait for the new date
		n.End = f.End.Add(postponedFor)
	}
	if err := putRoster(ctx, tx, f.Event, n); err != nil {
		return err
	}
	if err := replan(ctx, tx, f.Event, n, f.Zone); err != nil {
		return err
	}
	if f.Moved || f.Cancelled {
		if err := s.Notices.Changed(ctx, tx, f); err != nil {
			return err
		}
	}
	return s.promote(ctx, tx, f.Event, nil)
}

// CampaignGoing is how many people come to the events of a campaign, all together.
func CampaignGoing(ctx context.Context, tx *db.Tx, c id.Campaign) (int, error) {
	var n int
	err := tx.Get(ctx, "select coalesce(sum(going), 0) from roster where campaign_id = $1", []any{string(c)}, &n)
	if err != nil {
		return 0, fmt.Errorf("add up a campaign's sign-ups: %w", err)
	}
	return n, nil
}

// Numbers are what organizers see of an event: never who.
type Numbers struct {
	Open           bool
	Capacity       int
	Going, Waiting int
	Needs          []Need
	Slots          []Slot
}

// Numbers returns ok = false for an event that takes no sign-ups here.
func (s *Service) Numbers(ctx context.Context, e id.Event) (n Numbers, ok bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		r, err := rosterOf(ctx, tx, e)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		ok = true
		n = Numbers{Open: r.takes(tx.Now()) == nil, Capacity: r.Capacity, Going: r.Going, Waiting: r.Waiting}
		if n.Needs, err = needsOf(ctx, tx, e); err != nil || r.Slots == 0 {
			return err
		}
		if n.Slots, err = slotsOf(ctx, tx, e); err != nil {
			return err
		}
		n.Open = n.Open && anyTakes(n.Slots, tx.Now())
		return addSlotNeeds(ctx, tx, e, n.Slots)
	})
	return n, ok, err
}

// Expire removes the sign-ups of events that ended seven days ago, and first
// destroys their keys: from then on no copy of them opens, nor of those that
// were cancelled before. Totals stay.
func (s *Service) Expire(ctx context.Context) error {
	for {
		var due []endedRoster
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			var err error
			due, err = ended(ctx, tx, clock.Micros(tx.Now().Add(-keepFor)), 100)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		if err := s.destroy(ctx, due); err != nil {
			return err
		}
		for _, e := range due {
			if err := s.expire(ctx, e.event); err != nil {
				return fmt.Errorf("expire sign-ups of %s: %w", e.event, err)
			}
		}
	}
}

// destroy ends the keys of all that ever had a sign-up. The others have none,
// and may still be given a new date.
func (s *Service) destroy(ctx context.Context, due []endedRoster) error {
	var scopes []string
	for _, e := range due {
		_, err := s.Vault.Existing(ctx, scope(e.event))
		if err != nil && !errors.Is(err, seal.ErrDestroyed) {
			return err
		}
		// Rows without a key are left by an attempt that failed half-way.
		if err == nil || e.rows {
			scopes = append(scopes, scope(e.event))
		}
	}
	return s.Vault.Replay(ctx, scopes)
}

// expire deletes the rows, some at a time, and then notes that it is done.
func (s *Service) expire(ctx context.Context, e id.Event) error {
	for first := true; ; first = false {
		var n int64
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			var err error
			if first {
				if err = s.Facts.Emit(ctx, tx, fact.SignUpsExpired{Event: e}); err != nil {
					return err
				}
			}
			if n, err = removeSome(ctx, tx, e, 2000); err != nil || n > 0 {
				return err
			}
			if err := removeNotices(ctx, tx, e); err != nil {
				return err
			}
			return markExpired(ctx, tx, e)
		})
		if err != nil || n == 0 {
			return err
		}
	}
}
