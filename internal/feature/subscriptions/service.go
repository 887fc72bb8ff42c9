package subscriptions

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/seal"
)

// Alerts says what alerts are about.
type Alerts interface {
	// Say words an alert that was sent, in a language.
	Say(ctx context.Context, tx *db.Tx, alert string, l *i18n.Locale) (Said, error)
	// Categories are all kinds of alerts.
	Categories() []Category
}

// Places is the gazetteer.
type Places interface {
	Find(query string, limit int) []geo.Place
	Nearest(p geo.Point) (geo.Place, float64)
	ZoneAt(p geo.Point) string
}

// Deps are what the service needs. Alerts may be set later, before the first request.
type Deps struct {
	DB      *db.DB
	IDs     *id.Source
	Clock   clock.Clock
	Entropy io.Reader
	Jobs    *job.Queue
	Vault   *seal.Vault
	Places  Places
	Locales *i18n.Bundle
	Alerts  Alerts
	Ways    []Way
	// BaseURL begins links, as in "https://example.org".
	BaseURL string
	// Undelivered counts, for the operator, what did not arrive for good; nil does not.
	Undelivered func(channel string, failed, gone int)
}

// Service is the feature's use cases.
type Service struct {
	Deps
	ready   *ready
	dropped atomic.Int64 // subscriptions, since the start
}

// New returns the service and registers its jobs.
func New(d Deps) *Service {
	s := &Service{Deps: d, ready: newReady()}
	job.Register(s.Jobs, s.sendNote, job.Timeout(noteFor))
	job.Register(s.Jobs, s.broadcast, job.Timeout(jobFor))
	return s
}

// The rows of SealedTable are of no use without a key: that of the scope ScopePrefix and then
// what is in SealedColumn.
const (
	SealedTable  = "alert_subscription"
	SealedColumn = "month"
	ScopePrefix  = "alerts:"
)

const (
	askPause  = 10 * time.Minute     // between two messages to one contact that is not confirmed
	askedFor  = 48 * time.Hour       // how long one waits to be confirmed
	heldFor   = 365 * 24 * time.Hour // how long a confirmed one stays
	renewFrom = 30 * 24 * time.Hour  // before its end it is asked
	mostTries = 5                    // at the code
	mostKinds = 40
)

// MessageKinds are the jobs that reach people outside: a restored copy must not write to
// everybody once more. See also [Restored].
func MessageKinds() []string { return []string{noteJob{}.Kind(), sendJob{}.Kind()} }

func (s *Service) way(code string) (Way, bool) {
	for _, w := range s.Ways {
		if w.Code == code {
			return w, true
		}
	}
	return Way{}, false
}

// WayName is the name of a channel, in English, marked for translation: its code where this
// node does not have it any more.
func (s *Service) WayName(code string) string {
	if w, ok := s.way(code); ok {
		return w.Name
	}
	return code
}

// Choice is what somebody chooses, as it was typed.
type Choice struct {
	// Near names a place, Pick one of several that it may mean, as [Place.Pick] has it; Cell
	// is a cell of the grid by its name, for a place that was chosen elsewhere.
	Near, Pick, Cell   string
	Size               string
	Channel, Contact   string
	Categories         []string // codes; none is all
	Drills             bool
	QuietFrom, QuietTo string // "22:00"; both empty is none
	Lang               string
}

// Place is one place that a name may mean.
type Place struct{ Pick, Label string }

// Meant lists what the name of a place may mean.
func (s *Service) Meant(near string) []Place {
	var out []Place
	for _, p := range s.Places.Find(near, 6) {
		out = append(out, Place{geo.GridAt(p.Point).String(), p.Label()})
	}
	return out
}

// area reads where; what is wrong is in fields.
func (s *Service) area(in *Choice) (geo.Area, []fault.FieldError) {
	var fields []fault.FieldError
	level := levelOf(in.Size)
	if level == 0 {
		fields = append(fields, fault.Field("size", "alerts.size", "Please choose how large the area is."))
	}
	name := in.Pick
	switch found := s.Meant(in.Near); {
	case in.Cell != "":
		name = in.Cell
	case strings.TrimSpace(in.Near) == "":
		return 0, append(fields, fault.Field("near", "alerts.near_missing", "Please name a town, a district or a postcode."))
	case len(found) == 0:
		return 0, append(fields, fault.Field("near", "place.unknown", "No place of this name is known. A larger town nearby will do."))
	case len(found) == 1:
		name = found[0].Pick
	case in.Pick == "":
		return 0, append(fields, fault.Field("near", "place.ambiguous", "Several places are called that. Please choose one."))
	}
	cell, ok := geo.ParseGridCell(name)
	if !ok {
		return 0, append(fields, fault.Field("near", "alerts.cell", "This is no cell of the map."))
	}
	if level == 0 {
		return 0, fields
	}
	return geo.AreaAt(cell, level), fields
}

// read checks what somebody chose, all but the channel.
func (s *Service) read(in *Choice) (sub Subscription, fields []fault.FieldError) {
	sub.Area, fields = s.area(in)
	sub.Drills, sub.Lang = in.Drills, s.Locales.Match(in.Lang).Tag()
	known := map[string]bool{}
	for _, c := range s.Alerts.Categories() {
		known[c.Code] = true
	}
	for _, c := range in.Categories {
		if !known[c] || len(in.Categories) > mostKinds {
			fields = append(fields, fault.Field("category", "alerts.category", "This is no kind of alert."))
			break
		}
	}
	if len(in.Categories) < len(known) {
		sub.Groups = in.Categories
	}
	if in.QuietFrom == "" && in.QuietTo == "" {
		return sub, fields
	}
	var ok [2]bool
	sub.Quiet.From, ok[0] = parseClock(in.QuietFrom)
	sub.Quiet.To, ok[1] = parseClock(in.QuietTo)
	for i, name := range []string{"quiet_from", "quiet_to"} {
		if !ok[i] {
			fields = append(fields, fault.Field(name, "time.format", "Please write a time as in 22:00."))
		}
	}
	return sub, fields
}

// sealed is where to write to somebody, and the secret of their link.
type sealed struct{ secret, contact string }

// SealContact seals where to write to somebody, with the secret of their link, for the
// column sealed of the row sid.
func SealContact(k *seal.Key, entropy io.Reader, sid, secret, contact string) []byte {
	plain := secret + " " + contact
	// The length of an address tells nothing.
	plain += strings.Repeat(" ", 127-len(plain)%128+1)
	return k.Seal(entropy, SealedTable, "sealed", sid, []byte(plain))
}

// open returns an error that is [seal.ErrDestroyed] when it is forgotten.
func (s *Service) open(ctx context.Context, sub *Subscription) (sealed, *seal.Key, error) {
	k, err := s.Vault.Existing(ctx, ScopePrefix+sub.month)
	if err != nil {
		return sealed{}, nil, err
	}
	plain, err := k.Open(SealedTable, "sealed", sub.id, sub.sealed)
	if err != nil {
		return sealed{}, nil, err
	}
	secret, contact, _ := strings.Cut(strings.TrimRight(string(plain), " "), " ")
	return sealed{secret, contact}, k, nil
}

// codeOf is the number that is typed to confirm.
func codeOf(k *seal.Key, sid string) string {
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(k.Tag("code", sid))%1_000_000)
}

func tagOf(k *seal.Key, channel, contact string) []byte {
	return k.Tag("contact", channel+" "+strings.ToLower(contact))
}

// key is that of a new contact, and the tags that an old one of the same may have.
func (s *Service) key(ctx context.Context, channel, contact string) (k *seal.Key, month string, tags [][]byte, err error) {
	var months []string
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		months, err = allMonths(ctx, tx)
		return err
	})
	if err != nil {
		return nil, "", nil, err
	}
	month = s.Clock.Now().Format("2006-01")
	if k, err = s.Vault.Key(ctx, ScopePrefix+month); err != nil {
		return nil, "", nil, err
	}
	tags = [][]byte{tagOf(k, channel, contact)}
	for _, m := range months {
		if m == month {
			continue
		}
		old, err := s.Vault.Existing(ctx, ScopePrefix+m)
		if errors.Is(err, seal.ErrDestroyed) {
			continue
		}
		if err != nil {
			return nil, "", nil, err
		}
		tags = append(tags, tagOf(old, channel, contact))
	}
	return k, month, tags, nil
}

// Subscribe notes what somebody wants, and sends a message to confirm it. It answers the same
// whether the contact is known already: then the message leads to what there is. ticket names
// the subscription for [Service.ConfirmCode].
func (s *Service) Subscribe(ctx context.Context, in Choice) (ticket string, err error) {
	sub, fields := s.read(&in)
	w, ok := s.way(in.Channel)
	var contact string
	if !ok {
		fields = append(fields, fault.Field("channel", "alerts.channel", "Please choose how you want to hear."))
	} else if contact, err = w.Channel.Parse(in.Contact); err != nil {
		f := fault.Of(err)
		if f == nil {
			return "", err
		}
		fields = append(fields, f.Fields...)
	}
	if err := fault.Invalid(fields...); err != nil {
		return "", err
	}
	k, month, tags, err := s.key(ctx, w.Code, contact)
	if err != nil {
		return "", err
	}
	sub.id, sub.month, sub.Channel, sub.Zone = s.IDs.Secret(), month, w.Code, s.Places.ZoneAt(sub.Area.Middle())
	secret := s.IDs.Secret()
	sub.sealed = SealContact(k, s.Entropy, sub.id, secret, contact)
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		sub := sub
		ticket = sub.id
		sub.asked = tx.Now().Truncate(time.Minute) // no more exactly than it is needed
		sub.Ends = sub.asked.Add(askedFor)
		old, err := byTag(ctx, tx, tags)
		known := err == nil && tx.Now().Before(old.Ends) // else it goes within the hour, and its link leads nowhere
		switch {
		case known && old.asked.Add(askPause).After(tx.Now()):
			if !old.Confirmed {
				ticket = old.id
			}
			return nil
		case known && old.Confirmed:
			// What there is says where to change it, at most once in a while.
			if err := askedAgain(ctx, tx, old.id, sub.asked, old.Ends); err != nil {
				return err
			}
			if sub.asked.Before(old.Ends.Add(-renewFrom)) {
				return s.note(ctx, tx, old.id, noteKnown)
			}
			return s.note(ctx, tx, old.id, noteRenew) // it counts as asked, so this is the question
		case err == nil:
			if err := s.drop(ctx, tx, old.id); err != nil {
				return err
			}
		case !errors.Is(err, db.ErrNoRows):
			return err
		}
		if err := insertSubscription(ctx, tx, &sub, id.Hash(secret), tags[0]); err != nil {
			return err
		}
		return s.note(ctx, tx, sub.id, noteAsk)
	})
	return ticket, err
}

// yearFrom is when what is confirmed now ends: by the day, no more exactly than it is needed.
func yearFrom(now time.Time) time.Time { return now.Truncate(24 * time.Hour).Add(heldFor) }

func errNoLink() error {
	return fault.NotFound("alerts.no_link", "This link does not work any more: nobody is subscribed with it. Nothing more will come.")
}

// Find is the subscription of a secret link.
func (s *Service) Find(ctx context.Context, secret string) (sub Subscription, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		sub, err = bySecret(ctx, tx, secret)
		return err
	})
	return sub, err
}

// Confirm is that the holder of a contact wants to hear, or still does: for a year from now.
func (s *Service) Confirm(ctx context.Context, secret string) error {
	sub, err := s.Find(ctx, secret)
	if err != nil {
		return err
	}
	return s.confirm(ctx, &sub)
}

// confirm seals the contact anew with this month's key, so that the older one can go.
func (s *Service) confirm(ctx context.Context, sub *Subscription) error {
	x, _, err := s.open(ctx, sub)
	if errors.Is(err, seal.ErrDestroyed) {
		return errNoLink()
	}
	if err != nil {
		return err
	}
	month := s.Clock.Now().Format("2006-01")
	k, err := s.Vault.Key(ctx, ScopePrefix+month)
	if err != nil {
		return err
	}
	box, tag := SealContact(k, s.Entropy, sub.id, x.secret, x.contact), tagOf(k, sub.Channel, x.contact)
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := confirmed(ctx, tx, sub.id, month, box, tag, yearFrom(tx.Now()))
		if err == nil && n == 0 {
			err = errNoLink()
		}
		return err
	})
}

// ConfirmCode confirms by the number of the first message; ticket is that of Subscribe. After
// some wrong ones none is right any more.
func (s *Service) ConfirmCode(ctx context.Context, ticket, code string) error {
	wrong := fault.Invalid(fault.Field("code", "alerts.code", "This is not the number of the newest message."))
	var sub Subscription
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if sub, err = byID(ctx, tx, ticket); err == nil {
			err = tried(ctx, tx, ticket)
		}
		return err
	})
	if errors.Is(err, db.ErrNoRows) || err == nil && (sub.Confirmed || sub.tries >= mostTries) {
		return wrong
	}
	if err != nil {
		return err
	}
	k, err := s.Vault.Existing(ctx, ScopePrefix+sub.month)
	if errors.Is(err, seal.ErrDestroyed) {
		return wrong
	}
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(codeOf(k, sub.id)), []byte(strings.TrimSpace(code))) != 1 {
		return wrong
	}
	return s.confirm(ctx, &sub)
}

// Change is that somebody wants something else on the same channel.
func (s *Service) Change(ctx context.Context, secret string, in Choice) error {
	if _, err := s.Find(ctx, secret); err != nil {
		return err
	}
	want, fields := s.read(&in)
	if err := fault.Invalid(fields...); err != nil {
		return err
	}
	want.Zone = s.Places.ZoneAt(want.Area.Middle())
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		sub, err := bySecret(ctx, tx, secret)
		if err != nil {
			return err
		}
		want.id = sub.id
		return changeSubscription(ctx, tx, &want)
	})
}

// Leave deletes a subscription. Repeated, it is done already.
func (s *Service) Leave(ctx context.Context, secret string) error {
	return s.leave(ctx, func(tx *db.Tx) (Subscription, error) { return bySecret(ctx, tx, secret) })
}

// leave deletes the subscription that find finds, if any, and counts that somebody left.
func (s *Service) leave(ctx context.Context, find func(tx *db.Tx) (Subscription, error)) error {
	after := ""
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		sub, err := find(tx)
		if err == nil {
			after, err = lastNear(ctx, tx, &sub)
		}
		return err
	})
	if err == nil {
		err = s.DB.Write(ctx, func(tx *db.Tx) error {
			sub, err := find(tx)
			if err != nil {
				return err
			}
			if after != "" {
				if err := addCount(ctx, tx, after, sub.Channel, tally{optedOut: 1}); err != nil {
					return err
				}
			}
			return s.drop(ctx, tx, sub.id)
		})
	}
	if errors.Is(err, db.ErrNoRows) || fault.Is(err, fault.KindNotFound) {
		return nil
	}
	return err
}

// LeaveBy deletes the subscription of a contact, as when somebody answers STOP. Nothing says
// whether there was one.
func (s *Service) LeaveBy(ctx context.Context, channel, contact string) error {
	_, _, tags, err := s.key(ctx, channel, contact)
	if err != nil {
		return err
	}
	return s.leave(ctx, func(tx *db.Tx) (Subscription, error) { return byTag(ctx, tx, tags) })
}

// Around names the middle of the area of which a contact hears, "" when they hear of none.
func (s *Service) Around(ctx context.Context, channel, contact string) (place string, err error) {
	_, _, tags, err := s.key(ctx, channel, contact)
	if err != nil {
		return "", err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		sub, err := byTag(ctx, tx, tags)
		if err == nil && sub.Confirmed {
			place = s.place(&sub)
		}
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return place, err
}

// Bounced hears that a message with a token came back: where the address is bad for good
// (RFC 3463, section 3.2), the subscription is deleted. Other tokens are somebody else's.
func (s *Service) Bounced(ctx context.Context, token string, permanent bool, status string) error {
	if !permanent || !strings.HasPrefix(status, "5.1.") {
		return nil
	}
	var sub Subscription
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		sub, err = byID(ctx, tx, token[:max(len(token)-2*bounceMarkSize, 0)])
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	k, err := s.Vault.Existing(ctx, ScopePrefix+sub.month)
	if errors.Is(err, seal.ErrDestroyed) || err == nil && subtle.ConstantTimeCompare([]byte(token), []byte(sub.id+bounceMark(k, sub.id))) != 1 {
		return nil // made up by somebody who knows the id, which names a subscription that waits for its number
	}
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error { return s.drop(ctx, tx, sub.id) })
}

const bounceMarkSize = 8

// bounceMark proves that a message came back that was sent.
func bounceMark(k *seal.Key, sid string) string {
	return hex.EncodeToString(k.Tag("bounce", sid)[:bounceMarkSize])
}

// Few is the number of subscribers below which none is said: so few could be named.
const Few = 10

// Near counts who would hear of an alert of some cells, whatever its category. Show less than
// [Few] as that, never as a number.
func (s *Service) Near(ctx context.Context, tx *db.Tx, cells ...geo.GridCell) (int, error) {
	return countAreas(ctx, tx, geo.AreasWith(cells, levels()...))
}
