package attendance

import (
	"cmp"
	"context"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// replan brings what is planned into step with the event. What is due and was
// not sent yet stays: nobody is reminded twice of one date.
func replan(ctx context.Context, tx *db.Tx, e id.Event, r roster, zone string) error {
	m, err := reminderOf(ctx, tx, e)
	if err != nil {
		return err
	}
	was := m
	from := tx.Now()
	if m.Next != "" && m.At.Before(from) {
		from = m.At
	}
	m.Zone = cmp.Or(zone, "UTC")
	m.plan(r, from)
	if m.Zone == was.Zone && m.Next == was.Next && (m.Next == "" || m.At.Equal(was.At)) {
		return nil // so are most changes, and others write meanwhile
	}
	return putReminder(ctx, tx, e, m)
}

// Remind leaves messages for all events whose time has come. It is called every
// few minutes.
func (s *Service) Remind(ctx context.Context) error {
	const atOnce = 100
	for {
		var due []string
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			var err error
			due, err = dueReminders(ctx, tx, clock.Micros(tx.Now()), atOnce)
			return err
		})
		if err != nil {
			return err
		}
		var errs []error // of one event, which keeps no other waiting
		for _, e := range due {
			if err := s.DB.WriteHot(ctx, e, func(tx *db.Tx) error { return s.remind(ctx, tx, id.Event(e)) }); err != nil {
				errs = append(errs, fmt.Errorf("remind of %s: %w", e, err))
			}
		}
		if len(due) < atOnce || len(errs) > 0 {
			return errors.Join(errs...)
		}
	}
}

func (s *Service) remind(ctx context.Context, tx *db.Tx, e id.Event) error {
	m, err := reminderOf(ctx, tx, e)
	if err != nil || m.Next == "" || m.At.After(tx.Now()) {
		return err
	}
	r, err := rosterOf(ctx, tx, e)
	if err != nil {
		return err
	}
	if until := quietUntil(tx.Now(), m.zone()); !until.IsZero() {
		m.At = until
		return putReminder(ctx, tx, e, m)
	}
	if m.Next.timely(r, tx.Now()) {
		if err := s.Notices.Remind(ctx, tx, e, string(m.Next), r.Start); err != nil {
			return err
		}
	}
	m.plan(r, m.At.Add(time.Microsecond))
	return putReminder(ctx, tx, e, m)
}

// Messages is what the people of an event are told by themselves, and have
// answered.
type Messages struct {
	Morning  bool
	Feedback string
	Next     string // what comes next: "before", "morning", "thanks" or ""
	At       time.Time
	Coming   int // people who said that they still come
	Notices  []Notice
}

// Notice is what organizers told those who signed up.
type Notice struct {
	Made time.Time
	Text string
}

// Messages is for organizers: the caller has checked that. So for the two below.
func (s *Service) Messages(ctx context.Context, e id.Event) (Messages, error) {
	var out Messages
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		r, err := rosterOf(ctx, tx, e)
		if errors.Is(err, db.ErrNoRows) {
			return errNoRoster()
		}
		if err != nil {
			return err
		}
		m, err := reminderOf(ctx, tx, e)
		if err != nil {
			return err
		}
		out = Messages{Morning: m.Morning, Feedback: m.Feedback, Next: string(m.Next), At: m.At}
		out.Coming, err = stillComing(ctx, tx, e, r.Start)
		return err
	})
	if err != nil {
		return out, err
	}
	out.Notices, err = s.NoticesOf(ctx, e)
	return out, err
}

// SetReminders says which reminders there are but for that of the day before.
func (s *Service) SetReminders(ctx context.Context, e id.Event, morning bool, feedback string) error {
	if err := checkFeedback(feedback); err != nil {
		return err
	}
	return s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		m, err := reminderOf(ctx, tx, e)
		if err != nil {
			return err
		}
		if m.Zone == "" {
			return errNoRoster()
		}
		m.Morning, m.Feedback = morning, feedback
		if err := putReminder(ctx, tx, e, m); err != nil {
			return err
		}
		r, err := rosterOf(ctx, tx, e)
		if err != nil {
			return err
		}
		return replan(ctx, tx, e, r, m.Zone)
	})
}

// Tell shows a text to all who signed up, and mails it: once a day at the
// event's place. The same text sent again is the same notice.
func (s *Service) Tell(ctx context.Context, e id.Event, text string) error {
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return fault.Invalid(fault.Field("text", "notice.empty", "Write what they should know."))
	case n > maxNotice:
		return fault.Invalid(fault.Field("text", "form.long", "This is too long: at most {limit} characters, please.", "limit", maxNotice))
	}
	k, err := s.Vault.Existing(ctx, scope(e))
	if errors.Is(err, seal.ErrDestroyed) {
		return fault.Because(fault.Conflict("notice.nobody", "Nobody has signed up yet, so there is nobody to tell."), err)
	}
	if err != nil {
		return err
	}
	return s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		m, err := reminderOf(ctx, tx, e)
		if err != nil {
			return err
		}
		day := day.Of(tx.Now().In(m.zone()))
		all, err := noticesOf(ctx, tx, e)
		if err != nil {
			return err
		}
		if len(all) > 0 && all[0].day == day {
			if old, err := openNotice(k, e, all[0]); err != nil || old == text {
				return err
			}
			return fault.Conflict("notice.today", "You have told them something today already. Tomorrow you can tell them more.")
		}
		sealed := k.Seal(s.Entropy, "event_notice", "sealed", noticeName(e, day), []byte(text))
		if err := insertNotice(ctx, tx, e, day, tx.Now(), sealed); err != nil {
			return err
		}
		return s.Notices.Told(ctx, tx, e)
	})
}

func noticeName(e id.Event, day int) string { return string(e) + "/" + strconv.Itoa(day) }

func openNotice(k *seal.Key, e id.Event, n sealedNotice) (string, error) {
	b, err := k.Open("event_notice", "sealed", noticeName(e, n.day), n.sealed)
	if err != nil {
		return "", fmt.Errorf("open notice: %w", err)
	}
	return string(b), nil
}

// NoticesOf lists what organizers told, the newest first: for them, and for who
// holds a sign-up.
func (s *Service) NoticesOf(ctx context.Context, e id.Event) ([]Notice, error) {
	var all []sealedNotice
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		all, err = noticesOf(ctx, tx, e)
		return err
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	k, err := s.Vault.Existing(ctx, scope(e))
	if errors.Is(err, seal.ErrDestroyed) {
		return nil, nil // erased
	}
	if err != nil {
		return nil, err
	}
	var out []Notice
	for _, n := range all {
		text, err := openNotice(k, e, n)
		if err != nil {
			return nil, err
		}
		out = append(out, Notice{n.made, text})
	}
	return out, nil
}

// answerLen is that of the mark which proves that a reminder was sent for a
// sign-up.
const answerLen = 16

// answerToken is what the link of a reminder holds. The secret of a sign-up is
// kept nowhere, so a message cannot name it; this opens no more than the answer,
// and nothing once the event's key is destroyed.
func answerToken(k *seal.Key, hash []byte) string {
	b := append([]byte{}, hash...)
	return base64.RawURLEncoding.EncodeToString(append(b, answerMark(k, hash)...))
}

func answerMark(k *seal.Key, hash []byte) []byte { return k.Tag("answer", string(hash))[:answerLen] }

// answerOf is the hash of the sign-up that a reminder was sent for.
func (s *Service) answerOf(ctx context.Context, e id.Event, token string) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) <= answerLen || len(b) > 64 || !id.Valid(string(e)) {
		return nil, errNoSignUp()
	}
	k, err := s.keyOf(ctx, e)
	if err != nil {
		return nil, err
	}
	hash, mark := b[:len(b)-answerLen], b[len(b)-answerLen:]
	if !hmac.Equal(mark, answerMark(k, hash)) {
		return nil, errNoSignUp()
	}
	return hash, nil
}

// Asked is the sign-up that a reminder asks about, without what is sealed in it.
func (s *Service) Asked(ctx context.Context, e id.Event, token string) (Record, error) {
	hash, err := s.answerOf(ctx, e, token)
	if err != nil {
		return Record{}, err
	}
	var out Record
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		r, err := rowOf(ctx, tx, e, hash)
		if err != nil {
			return absent(err)
		}
		out = Record{State: r.state, Party: r.party}
		out.Slots, err = chosenOf(ctx, tx, e, hash)
		return err
	})
	return out, err
}

// StillComing keeps the answer to a reminder. Sent twice, it is one.
func (s *Service) StillComing(ctx context.Context, e id.Event, token string) error {
	hash, err := s.answerOf(ctx, e, token)
	if err != nil {
		return err
	}
	return s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		r, err := rosterOf(ctx, tx, e)
		if err != nil {
			return absent(err)
		}
		if err := r.takes(tx.Now()); err != nil {
			return err
		}
		if _, err := rowOf(ctx, tx, e, hash); err != nil {
			return absent(err)
		}
		return noteComing(ctx, tx, e, hash, r.Start)
	})
}

// CannotCome cancels the sign-up that a reminder asked about.
func (s *Service) CannotCome(ctx context.Context, e id.Event, token string) error {
	hash, err := s.answerOf(ctx, e, token)
	if err != nil {
		return err
	}
	return s.cancel(ctx, e, hash)
}

// Mute deletes the address of a sign-up that a message was about: the place stays, and no
// more messages come. Sent twice, it is done already.
func (s *Service) Mute(ctx context.Context, e id.Event, token string) error {
	hash, err := s.answerOf(ctx, e, token)
	if err != nil {
		return err
	}
	k, err := s.keyOf(ctx, e)
	if err != nil {
		return err
	}
	return s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		_, r, p, err := s.load(ctx, tx, k, e, hash)
		if err != nil || p.Email == "" {
			return err
		}
		p.Email = ""
		if r.sealed, err = s.seal(k, e, hash, p); err != nil {
			return err
		}
		return update(ctx, tx, e, r)
	})
}
