package petitions

import (
	"context"
	"errors"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// SayInput is an amendment, a delivery or a reply as somebody typed it.
type SayInput struct {
	Key      string // of the form: sent twice, it is said once
	Markdown string
	Day      string // empty is today
	URL      string // of a reply's source
	Refused  bool   // the reply refuses what was asked
	ReplyBy  string // of a delivery: the day until which a reply is awaited
}

// entry checks what was typed.
func (in *SayInput) entry(kind string) (e Entry, replyBy int, err error) {
	if !id.ValidSecret(in.Key) {
		return e, 0, errKey()
	}
	var p parser
	e = Entry{form: in.Key, Kind: kind, Refused: in.Refused, Day: p.day("day", in.Day), URL: p.web("url", in.URL)}
	e.Markdown, e.HTML = p.markdown("markdown", in.Markdown)
	replyBy = p.day("reply_by", in.ReplyBy)
	return e, replyBy, fault.Invalid(p.fields...)
}

// say stores an entry and tells the record. It returns false when its form said so
// before.
func (s *Service) say(ctx context.Context, tx *db.Tx, f *Found, e Entry, salt string) (bool, error) {
	known, err := entryByForm(ctx, tx, f.Petition.ID, e.form)
	if err == nil && known.Kind != e.Kind {
		err = errKey()
	}
	if !errors.Is(err, db.ErrNoRows) {
		return false, err
	}
	today := f.today(tx.Now())
	if e.Day == 0 {
		e.Day = today
	}
	if e.Day > today {
		return false, fault.Invalid(fault.Field("day", "petition.day_ahead", "This day has not come yet."))
	}
	text, err := e.Canonical()
	if err != nil {
		return false, err
	}
	if f.Petition.Elsewhere != nil {
		return true, insertEntry(ctx, tx, f.Petition.ID, &e) // Its record is not ours to write
	}
	e.Salt = salt
	if e.Hash, err = hashOf(salt, text); err != nil {
		return false, err
	}
	if err := insertEntry(ctx, tx, f.Petition.ID, &e); err != nil {
		return false, err
	}
	return true, s.Boxes.Note(ctx, tx, f.Petition.Box, note{e.Kind, e.Hash})
}

// Amend adds to the text of a petition, visibly: the original stays.
func (s *Service) Amend(ctx context.Context, by authz.Actor, slug string, in SayInput) error {
	in.Day, in.URL, in.Refused = "", "", false
	e, _, err := in.entry(entryAmendment)
	if err != nil {
		return err
	}
	salt := newSalt(s.IDs)
	return s.change(ctx, by, slug, anySequence, func(tx *db.Tx, f *Found) (bool, error) {
		if f.Petition.State == Draft {
			return false, errState()
		}
		return s.say(ctx, tx, f, e, salt)
	})
}

// Deliver says when and how a petition was handed over. It ends signing.
func (s *Service) Deliver(ctx context.Context, by authz.Actor, slug string, in SayInput) error {
	in.URL, in.Refused = "", false
	e, replyBy, err := in.entry(entryDelivery)
	if err != nil {
		return err
	}
	// What would be refused afterwards must not close the box.
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		f, err := s.Editable(ctx, tx, by, slug)
		if err != nil {
			return err
		}
		return f.deliverable(tx.Now(), &e, replyBy)
	})
	if err != nil {
		return err
	}
	if err := s.CloseNow(ctx, by, slug); err != nil {
		return err
	}
	salt := newSalt(s.IDs)
	return s.change(ctx, by, slug, anySequence, func(tx *db.Tx, f *Found) (bool, error) {
		ok, err := s.say(ctx, tx, f, e, salt)
		if err != nil || !ok {
			return false, err
		}
		p := &f.Petition
		if p.State != Closed {
			return false, errState()
		}
		p.State, p.Delivered, p.ReplyBy = Delivered, e.Day, replyBy
		if p.Delivered == 0 {
			p.Delivered = f.today(tx.Now())
		}
		zone := zoneOf(f.Group.Zone)
		p.placed = clock.Micros(day.At(p.Delivered, zone))
		p.expires = clock.Micros(tx.Now().AddDate(0, 0, keepDelivered))
		if replyBy > 0 {
			p.silentAt = clock.Micros(day.At(day.After(replyBy, 1), zone))
		}
		return true, s.Facts.Emit(ctx, tx, fact.PetitionDelivered{
			Petition: p.ID, Group: p.Group, Campaign: p.Campaign, Day: day.Time(p.Delivered), ReplyBy: day.Time(replyBy),
		})
	})
}

func (f *Found) deliverable(now time.Time, e *Entry, replyBy int) error {
	today := f.today(now)
	var p parser
	day := e.Day
	switch {
	case day > today:
		p.fail("day", "petition.day_ahead", "This day has not come yet.")
	case day != 0 && day < f.Petition.Opens:
		p.fail("day", "petition.before_open", "This day is before the petition opened.")
	case day == 0:
		day = today
	}
	if replyBy != 0 && replyBy < day {
		p.fail("reply_by", "petition.reply_by", "The reply can be awaited only after the delivery.")
	}
	if len(p.fields) == 0 && f.Petition.State == Draft {
		return errState()
	}
	return fault.Invalid(p.fields...)
}

// Reply stores what the addressee answered.
func (s *Service) Reply(ctx context.Context, by authz.Actor, slug string, in SayInput) error {
	e, _, err := in.entry(entryReply)
	if err != nil {
		return err
	}
	salt := newSalt(s.IDs)
	return s.change(ctx, by, slug, anySequence, func(tx *db.Tx, f *Found) (bool, error) {
		p := &f.Petition
		if e.Day != 0 && e.Day < p.Delivered {
			return false, fault.Invalid(fault.Field("day", "petition.before_delivery", "This day is before the delivery."))
		}
		ok, err := s.say(ctx, tx, f, e, salt)
		if err != nil || !ok {
			return false, err
		}
		if p.State != Delivered {
			return false, errState()
		}
		p.State, p.Refused, p.placed, p.silentAt = Answered, e.Refused, clock.Micros(tx.Now()), 0
		return true, s.Facts.Emit(ctx, tx, fact.PetitionAnswered{Petition: p.ID, Group: p.Group, Campaign: p.Campaign, Refused: e.Refused})
	})
}

// FallSilent tells of petitions whose day for a reply has passed. It runs every minute,
// before what waits for such silence looks at the time.
func (s *Service) FallSilent(ctx context.Context) error {
	var due []string
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		due, err = db.Column[string](ctx, tx, "select id from petition where silent_at > 0 and silent_at <= $1 order by silent_at limit 100", clock.Micros(tx.Now()))
		return err
	})
	for _, pid := range due {
		err = errors.Join(err, s.DB.Write(ctx, func(tx *db.Tx) error {
			p, err := byID(ctx, tx, pid)
			if err != nil || p.silentAt == 0 || p.silentAt > clock.Micros(tx.Now()) {
				return err
			}
			at := clock.FromMicros(p.silentAt)
			p.silentAt, p.Silent = 0, true
			if err := save(ctx, tx, &p); err != nil {
				return err
			}
			return s.Facts.Emit(ctx, tx, fact.PetitionSilent{Petition: p.ID, Group: p.Group, Campaign: p.Campaign, ReplyBy: day.Time(p.ReplyBy), At: at})
		}))
	}
	return err
}
