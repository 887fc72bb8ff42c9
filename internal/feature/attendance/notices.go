package attendance

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/notify"
	"convoke/internal/seal"
)

// NoticeData is what a message tells of an event, in the reader's language.
type NoticeData struct {
	Title string
	// When and Where are as now; Where may be empty.
	When, Where string
	// WasWhen and WasWhere are what they were before; empty when unchanged.
	WasWhen, WasWhere string
	Cancelled         bool
	// Zone is that of the place, for the times of slots; nil is UTC.
	Zone *time.Location
}

// Describer tells about an event for a message. It returns a NotFound fault for
// one that is gone or not public.
type Describer interface {
	Describe(ctx context.Context, e id.Event, l *i18n.Locale) (NoticeData, error)
}

// NoticeDeps are what messages need.
type NoticeDeps struct {
	DB       *db.DB
	Vault    *seal.Vault
	Jobs     *job.Queue
	Bundle   *i18n.Bundle
	Sender   notify.Sender
	Describe Describer
	// BaseURL begins links, as in "https://example.org".
	BaseURL string
	// Named lists who may see the sign-ups of an event; nil is nobody.
	Named NamedFunc
}

// Mailer is the [Notices] of a node that sends e-mail. What it leaves in jobs
// are ids and hashes: the address is read, and opened, only to send.
type Mailer struct{ NoticeDeps }

// NoNotices is the [Notices] of a node without e-mail: it tells nobody.
type NoNotices struct{}

var (
	_ Notices = (*Mailer)(nil)
	_ Notices = NoNotices{}
)

// Promoted implements [Notices].
func (NoNotices) Promoted(context.Context, *db.Tx, id.Event, []byte) error { return nil }

// Changed implements [Notices].
func (NoNotices) Changed(context.Context, *db.Tx, fact.EventChanged) error { return nil }

// SlotMoved implements [Notices].
func (NoNotices) SlotMoved(context.Context, *db.Tx, id.Event, string) error { return nil }

// Remind implements [Notices].
func (NoNotices) Remind(context.Context, *db.Tx, id.Event, string, time.Time) error { return nil }

// Told implements [Notices].
func (NoNotices) Told(context.Context, *db.Tx, id.Event) error { return nil }

// Named implements [Notices].
func (NoNotices) Named(context.Context, *db.Tx, id.Event) error { return nil }

// what is told.
type what string

const (
	promoted  what = "promoted"
	moved     what = "moved"
	placed    what = "placed" // the exact place has changed
	cancelled what = "cancelled"
	before    what = "before" // the day before
	morning   what = "morning"
	thanks    what = "thanks"
	notice    what = "notice"
	role      what = "role"  // news of a role that they offered to take
	named     what = "named" // who can see sign-ups
)

// tell is the job of one message.
type tell struct {
	Event id.Event `json:"event"`
	Hash  string   `json:"hash"` // of the sign-up, hexadecimal
	What  what     `json:"what"`
	Stamp int64    `json:"stamp"` // of the change, or of the date reminded of: microseconds since 1970
}

// Kind implements job.Args.
func (tell) Kind() string { return "attendance.tell" }

// tellAll is the job of one page of an event's sign-ups.
type tellAll struct {
	Event id.Event `json:"event"`
	What  what     `json:"what"`
	Stamp int64    `json:"stamp"`
	After string   `json:"after"`          // the last hash of the page before
	Slot  string   `json:"slot,omitempty"` // only those who chose it
}

// Kind implements job.Args.
func (tellAll) Kind() string { return "attendance.tell_all" }

// MessageKinds are the jobs that reach people outside. A restored copy must
// not do them: the node that it is a copy of may have done them.
func MessageKinds() []string { return []string{tell{}.Kind(), tellAll{}.Kind()} }

// Priorities of the jobs, behind what others wait for. Somebody who got a place
// is not kept waiting by thousands who hear of a change.
const (
	oneFirst = 4
	thenAll  = 5
)

const (
	pageSize = 200
	// tellTimeout leaves room for the messages of all workers in turn: they
	// share a few connections.
	tellTimeout = 2 * time.Minute
)

// NewNotices returns a mailer and registers its jobs, so it must be called
// before the queue runs.
func NewNotices(d NoticeDeps) *Mailer {
	m := &Mailer{d}
	job.Register(d.Jobs, m.tell, job.Timeout(tellTimeout))
	job.Register(d.Jobs, m.tellAll)
	return m
}

// Promoted leaves a message to somebody who moved up from the waiting list.
func (m *Mailer) Promoted(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) error {
	return m.one(ctx, tx, tell{Event: e, Hash: hex.EncodeToString(hash), What: promoted, Stamp: clock.Micros(tx.Now())}, oneFirst)
}

// Changed leaves messages to all who signed up.
func (m *Mailer) Changed(ctx context.Context, tx *db.Tx, f fact.EventChanged) error {
	a := tellAll{Event: f.Event, Stamp: clock.Micros(tx.Now())}
	switch {
	case f.Cancelled:
		a.What = cancelled
	case f.Moved:
		a.What = moved
	default:
		return nil
	}
	return m.page(ctx, tx, a)
}

// SlotMoved leaves messages to those who chose a slot.
func (m *Mailer) SlotMoved(ctx context.Context, tx *db.Tx, e id.Event, slot string) error {
	return m.page(ctx, tx, tellAll{Event: e, What: moved, Stamp: clock.Micros(tx.Now()), Slot: slot})
}

// Remind leaves messages to those who have a place.
func (m *Mailer) Remind(ctx context.Context, tx *db.Tx, e id.Event, w string, start time.Time) error {
	return m.page(ctx, tx, tellAll{Event: e, What: what(w), Stamp: clock.Micros(start)})
}

// Told leaves messages to all who signed up.
func (m *Mailer) Told(ctx context.Context, tx *db.Tx, e id.Event) error {
	return m.page(ctx, tx, tellAll{Event: e, What: notice, Stamp: clock.Micros(tx.Now())})
}

// RoleChanged leaves a message to somebody about a role that they offered to take.
func (m *Mailer) RoleChanged(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) error {
	return m.one(ctx, tx, tell{Event: e, Hash: hex.EncodeToString(hash), What: role, Stamp: clock.Micros(tx.Now())}, oneFirst)
}

// Named leaves messages to all who signed up that somebody may see sign-ups.
func (m *Mailer) Named(ctx context.Context, tx *db.Tx, e id.Event) error {
	return m.page(ctx, tx, tellAll{Event: e, What: named, Stamp: clock.Micros(tx.Now())})
}

func (m *Mailer) one(ctx context.Context, tx *db.Tx, a tell, priority int) error {
	return m.Jobs.Enqueue(ctx, tx, a, job.Insert{Priority: priority, Unique: unique(a.Event, a.Hash, a.What, a.Stamp)})
}

func (m *Mailer) page(ctx context.Context, tx *db.Tx, a tellAll) error {
	return m.Jobs.Enqueue(ctx, tx, a, job.Insert{Priority: thenAll, Unique: unique(a.Event, a.After+a.Slot, a.What, a.Stamp)})
}

func unique(e id.Event, hash string, w what, stamp int64) string {
	return string(e) + "/" + hash + "/" + string(w) + "/" + strconv.FormatInt(stamp, 10)
}

// tellAll leaves a job to each sign-up of one page, with an address or not: who
// has one must not show in the table of jobs. It shares the event's lane, so
// that reading the sign-ups does not conflict with new ones.
func (m *Mailer) tellAll(ctx context.Context, a tellAll) error {
	after, err := hex.DecodeString(a.After)
	if err != nil {
		return fmt.Errorf("read the place in the list: %w", err)
	}
	return m.DB.WriteHot(ctx, string(a.Event), func(tx *db.Tx) error {
		hashes, err := hashesAfter(ctx, tx, a.Event, a.Slot, after, pageSize)
		if err != nil {
			return err
		}
		for _, h := range hashes {
			if a.What.reminds() {
				if fresh, err := noteReminded(ctx, tx, a.Event, h, a.What, a.Stamp); err != nil {
					return err
				} else if !fresh {
					continue
				}
			}
			t := tell{Event: a.Event, Hash: hex.EncodeToString(h), What: a.What, Stamp: a.Stamp}
			if err := m.one(ctx, tx, t, thenAll); err != nil {
				return err
			}
		}
		if len(hashes) < pageSize {
			return nil
		}
		next := a
		next.After = hex.EncodeToString(hashes[len(hashes)-1])
		return m.page(ctx, tx, next)
	})
}

// hashesAfter lists sign-ups of an event, or of one slot, in the order of their
// hashes.
func hashesAfter(ctx context.Context, tx *db.Tx, e id.Event, slot string, after []byte, limit int) ([][]byte, error) {
	if len(after) == 0 {
		after = []byte{0} // before every hash, which are longer
	}
	if slot != "" {
		return chosenAfter(ctx, tx, e, slot, after, limit)
	}
	return db.Column[[]byte](ctx, tx, "select hash from attendance where event_id = $1 and hash > $2 order by hash limit $3",
		string(e), after, limit)
}

// tell sends one message, unless there is nobody or nothing to tell any more.
func (m *Mailer) tell(ctx context.Context, a tell) error {
	to, ok, err := m.find(ctx, a)
	if err != nil || !ok {
		return err
	}
	if !to.later.IsZero() {
		return m.DB.Write(ctx, func(tx *db.Tx) error {
			return m.Jobs.Enqueue(ctx, tx, a, job.Insert{
				Priority: thenAll, RunAt: to.later, Unique: unique(a.Event, a.Hash, a.What, a.Stamp),
			})
		})
	}
	l := m.Bundle.Match(to.lang)
	d, err := m.Describe.Describe(ctx, a.Event, l)
	if fault.Is(err, fault.KindNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("describe the event: %w", err)
	}
	if a.What == named {
		if to.named, err = m.NoticeDeps.Named.of(ctx, a.Event); err != nil || len(to.named) == 0 {
			return err
		}
	} else if d.Cancelled != (a.What == cancelled) {
		return nil // overtaken by another change, which has its own message or needs none
	}
	return m.Sender.Send(ctx, m.write(l, a, to, d))
}

// reader is who gets a message.
type reader struct {
	address, lang, messageID string
	party                    int
	slots                    []Chosen
	reminder                 reminder
	answer                   string // of the link with which they answer
	notice                   string
	named                    []Named
	later                    time.Time // when they are awake again; zero is now
}

// find reads the sign-up that a is about. ok is false when it is gone or
// erased, left no address, or when it is too late for the message.
func (m *Mailer) find(ctx context.Context, a tell) (to reader, ok bool, err error) {
	hash, err := hex.DecodeString(a.Hash)
	if err != nil {
		return to, false, fmt.Errorf("read the hash of a sign-up: %w", err)
	}
	var r row
	late := false
	var told []sealedNotice
	err = m.DB.Read(ctx, func(tx *db.Tx) error {
		ro, err := rosterOf(ctx, tx, a.Event)
		if err != nil {
			return err
		}
		late = !ro.End.After(tx.Now()) && a.What != notice && a.What != named
		if a.What.reminds() { // also of another date, which is reminded of in its turn
			late = !a.What.timely(ro, tx.Now()) || !ro.Open || clock.Micros(ro.Start) != a.Stamp
		}
		if r, err = rowOf(ctx, tx, a.Event, hash); err != nil {
			return err
		}
		if to.slots, err = chosenOf(ctx, tx, a.Event, hash); err != nil {
			return err
		}
		if to.reminder, err = reminderOf(ctx, tx, a.Event); err != nil {
			return err
		}
		if a.What.reminds() {
			to.later = quietUntil(tx.Now(), to.reminder.zone())
		}
		if a.What == notice {
			told, err = noticesOf(ctx, tx, a.Event)
		}
		return err
	})
	if errors.Is(err, db.ErrNoRows) || err == nil && (late || (a.What == promoted || a.What == placed || a.What.reminds()) && r.state != Going) {
		return to, false, nil
	}
	if err != nil {
		return to, false, fmt.Errorf("read the sign-up: %w", err)
	}
	k, err := m.Vault.Existing(ctx, scope(a.Event))
	var p personal
	if err == nil {
		p, err = new(Service).open(k, a.Event, r)
	}
	if errors.Is(err, seal.ErrDestroyed) {
		return to, false, nil
	}
	if err != nil {
		return to, false, err
	}
	for _, n := range told {
		if clock.Micros(n.made) != a.Stamp {
			continue
		}
		if to.notice, err = openNotice(k, a.Event, n); err != nil {
			return to, false, err
		}
	}
	// The id is the same when a message is sent again, and tells nothing of the
	// sign-up once the key is destroyed.
	mark := k.Tag("message id", a.Hash+"/"+string(a.What)+"/"+strconv.FormatInt(a.Stamp, 10))
	to.address, to.lang, to.messageID, to.party = p.Email, p.Lang, hex.EncodeToString(mark), r.party
	to.answer = answerToken(k, hash)
	return to, p.Email != "", nil
}
