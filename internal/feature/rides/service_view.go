package rides

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// How much a page shows.
const (
	maxListed = 40 // offers
	maxTotals = 100
	maxAsked  = 25 // towns that are asked for offers
)

// said is a message with who sent it; without a hash it is who offers.
type said struct {
	Message
	hash []byte
}

func micros(us int64) time.Time { return clock.FromMicros(us) }

// Rider is a party in a ride, as who offers it sees them: by their code phrase.
type Rider struct {
	Seats    int
	Code     string
	Messages []Message
}

// Seat is what a holder has in somebody's ride.
type Seat struct {
	Offer   Offer
	Seats   int
	Code    string
	Changed bool // since they looked last
	Theirs  []Message
	Mine    []Message
}

// Found is an offer and how far its town is from where somebody looks.
type Found struct {
	Offer
	Km float64
}

// Mine is everything that a holder sees.
type Mine struct {
	Holder Holder
	Offer  *Offer
	Riders []Rider
	Told   []Message // what they sent to their riders
	Need   *Need
	Seats  []Seat
	News   []News
	// Found are rides with free seats, nearest town first.
	Found []Found
	// Free is how many more seats their party can take.
	Free int
}

// Mine is the ride page of a holder. near is where they look from; without it
// that is the town of their need, or else the place of the event.
func (s *Service) Mine(ctx context.Context, ev *Event, secret string, near *Town) (Mine, error) {
	k, err := s.keyOf(ctx, ev.ID)
	if err != nil {
		return Mine{}, err
	}
	var m Mine
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		m = Mine{}
		if m.Holder, err = s.Holders.Holder(ctx, tx, ev.ID, secret); err != nil {
			return err
		}
		return s.fillMine(ctx, tx, k, ev, near, &m)
	})
	return m, err
}

func (s *Service) fillMine(ctx context.Context, tx *db.Tx, k *seal.Key, ev *Event, near *Town, m *Mine) error {
	e, hash := ev.ID, m.Holder.Hash
	own, ok, err := offerOf(ctx, tx, e, hash)
	if err != nil {
		return err
	}
	if ok {
		all := []Offer{own}
		if err := s.unsealAll(k, ev, all); err != nil {
			return err
		}
		m.Offer = &all[0]
		if m.Riders, m.Told, err = s.riders(ctx, tx, k, e, own.ID); err != nil {
			return err
		}
	}
	need, ok, err := needOf(ctx, tx, e, hash)
	if err != nil {
		return err
	}
	if ok {
		m.Need = &need
		near = cmp.Or(near, &need.Town)
	}
	m.Free = max(0, m.Holder.Party-need.Taken)
	if m.Seats, err = s.seats(ctx, tx, k, ev, hash); err != nil {
		return err
	}
	if m.News, err = newsOf(ctx, tx, e, hash); err != nil {
		return err
	}
	for i := range m.News {
		if n := &m.News[i]; len(n.sealed) > 0 {
			if err := open(k, "ride_news", rowName(e, n.offer), n.sealed, &n.Reason); err != nil {
				return err
			}
		}
	}
	if near == nil && ev.HasPoint {
		near = &Town{Point: ev.Point}
	}
	m.Found, err = s.found(ctx, tx, k, ev, near, m)
	return err
}

// riders are the parties in an offer with what they sent, and what was sent to
// them.
func (s *Service) riders(ctx context.Context, tx *db.Tx, k *seal.Key, e id.Event, offer string) ([]Rider, []Message, error) {
	rows, err := seatsIn(ctx, tx, e, offer)
	if err != nil {
		return nil, nil, err
	}
	sealed, err := messagesIn(ctx, tx, e, offer, nil)
	if err != nil {
		return nil, nil, err
	}
	all, err := openMessages(k, e, sealed)
	if err != nil {
		return nil, nil, err
	}
	var out []Rider
	for _, r := range rows {
		x := Rider{Seats: r.seats, Messages: by(all, r.hash)}
		if err := open(k, "ride_seat", r.name(e), r.sealed, &x.Code); err != nil {
			return nil, nil, err
		}
		out = append(out, x)
	}
	// In the order of the words: that of the rows would follow their owners.
	slices.SortFunc(out, func(a, b Rider) int { return cmp.Compare(a.Code, b.Code) })
	return out, by(all, nil), nil
}

func by(all []said, hash []byte) []Message {
	var out []Message
	for _, m := range all {
		if string(m.hash) == string(hash) {
			out = append(out, m.Message)
		}
	}
	return out
}

func (s *Service) seats(ctx context.Context, tx *db.Tx, k *seal.Key, ev *Event, hash []byte) ([]Seat, error) {
	rows, err := seatsBy(ctx, tx, ev.ID, hash)
	if err != nil {
		return nil, err
	}
	var out []Seat
	for _, r := range rows {
		o, ok, err := offerByID(ctx, tx, ev.ID, r.offer)
		if err != nil || !ok {
			return nil, err
		}
		all := []Offer{o}
		if err := s.unsealAll(k, ev, all); err != nil {
			return nil, err
		}
		x := Seat{Offer: all[0], Seats: r.seats, Changed: r.version != o.Version}
		if err := open(k, "ride_seat", r.name(ev.ID), r.sealed, &x.Code); err != nil {
			return nil, err
		}
		sealed, err := messagesIn(ctx, tx, ev.ID, r.offer, hash)
		if err != nil {
			return nil, err
		}
		msgs, err := openMessages(k, ev.ID, sealed)
		if err != nil {
			return nil, err
		}
		x.Theirs, x.Mine = by(msgs, nil), by(msgs, hash)
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b Seat) int { return a.Offer.Leaves.Compare(b.Offer.Leaves) })
	return out, nil
}

// found lists rides with free seats that are neither the holder's nor ones that
// they have a seat in.
func (s *Service) found(ctx context.Context, tx *db.Tx, k *seal.Key, ev *Event, near *Town, m *Mine) ([]Found, error) {
	if ev.Takes(tx.Now()) != nil {
		return nil, nil
	}
	all, err := townsWithSeats(ctx, tx, ev.ID)
	if err != nil {
		return nil, err
	}
	if near != nil {
		slices.SortStableFunc(all, func(a, b Town) int {
			return cmp.Compare(geo.Distance(near.Point, a.Point), geo.Distance(near.Point, b.Point))
		})
	}
	var out []Found
	for _, t := range all[:min(len(all), maxAsked)] {
		offers, err := freeFrom(ctx, tx, ev.ID, t.Label, tx.Now(), maxListed+1)
		if err != nil {
			return nil, err
		}
		if err := s.unsealAll(k, ev, offers); err != nil {
			return nil, err
		}
		for _, o := range offers {
			if string(o.hash) == string(m.Holder.Hash) || slices.ContainsFunc(m.Seats, func(x Seat) bool { return x.Offer.ID == o.ID }) {
				continue
			}
			f := Found{Offer: o}
			if near != nil {
				f.Km = geo.Distance(near.Point, t.Point)
			}
			if out = append(out, f); len(out) == maxListed {
				return out, nil
			}
		}
	}
	return out, nil
}

// Totals are the sums of towns: all that anybody else sees.
func (s *Service) Totals(ctx context.Context, e id.Event) ([]Total, error) {
	var out []Total
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = totalsOf(ctx, tx, e, maxTotals)
		return err
	})
	return out, err
}

// Brief is what the private page says in a line.
type Brief struct {
	News, Changed bool
	Offers        bool
	Seats, Open   int // seats that they have, and still look for
}

// BriefOf never fails for somebody without a ride.
func (s *Service) BriefOf(ctx context.Context, e id.Event, hash []byte) (Brief, error) {
	var b Brief
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		b = Brief{}
		if ok, err := hasBoard(ctx, tx, e); err != nil || !ok {
			return err
		}
		var err error
		if _, b.Offers, err = offerOf(ctx, tx, e, hash); err != nil {
			return err
		}
		n, _, err := needOf(ctx, tx, e, hash)
		if err != nil {
			return err
		}
		b.Seats, b.Open = n.Taken, n.Seats-n.Taken
		news, err := newsOf(ctx, tx, e, hash)
		b.News = len(news) > 0
		return err
	})
	return b, err
}

// Send passes a sentence on: from who offers to all who ride along, or from one
// of them to who offers. key is the form's; sent twice, it is one sentence.
func (s *Service) Send(ctx context.Context, ev *Event, secret, offer, key, code string) error {
	k, err := s.keyOf(ctx, ev.ID)
	if err != nil {
		return err
	}
	return s.write(ctx, ev, secret, func(tx *db.Tx, h Holder) error {
		o, ok, err := offerByID(ctx, tx, ev.ID, offer)
		if err != nil {
			return err
		}
		if ok && string(o.hash) == string(h.Hash) {
			return s.send(ctx, tx, k, ev.ID, offer, nil, key, code)
		}
		_, rides, err := seatOf(ctx, tx, ev.ID, offer, h.Hash)
		if err != nil {
			return err
		}
		if !ok || !rides {
			return errGone()
		}
		return s.send(ctx, tx, k, ev.ID, offer, h.Hash, key, code)
	})
}

func (s *Service) send(ctx context.Context, tx *db.Tx, k *seal.Key, e id.Event, offer string, from []byte, key, code string) error {
	if !id.ValidSecret(key) {
		return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	if !knownSentence(code) {
		return fault.Malformed("ride.say", "Choose one of the sentences.")
	}
	n, again, err := sent(ctx, tx, e, offer, from, key)
	if err != nil || again {
		return err
	}
	if n >= maxMessages {
		return fault.Conflict("ride.say_many", "You have sent {max} messages in this ride, and more are not possible.", "max", maxMessages)
	}
	b, err := encode(Message{Code: code, Nth: n})
	if err != nil {
		return err
	}
	return insertMessage(ctx, tx, e, messageRow{
		id: key, offer: offer, hash: from, sealed: k.Seal(s.Entropy, "ride_message", "sealed", rowName(e, key), b),
	})
}

// Report tells the organizers that an offer breaks the rules. It counts once.
func (s *Service) Report(ctx context.Context, ev *Event, secret, offer string) error {
	return s.write(ctx, ev, secret, func(tx *db.Tx, h Holder) error {
		o, ok, err := offerByID(ctx, tx, ev.ID, offer)
		if err != nil {
			return err
		}
		if !ok || string(o.hash) == string(h.Hash) {
			return errGone()
		}
		return insertReport(ctx, tx, ev.ID, offer, h.Hash)
	})
}

// Seen puts news away.
func (s *Service) Seen(ctx context.Context, ev *Event, secret string) error {
	return s.write(ctx, ev, secret, func(tx *db.Tx, h Holder) error {
		return errors.Join(deleteNews(ctx, tx, ev.ID, h.Hash), markSeen(ctx, tx, ev.ID, h.Hash))
	})
}

// parse reads a need. How many seats are too many the sign-up says.
func (in *NeedInput) parse(places Places) (Need, error) {
	var fs []fault.FieldError
	var n Need
	t, wrong, ok := findTown(places, in.From, in.Pick)
	if !ok {
		fs = append(fs, wrong)
	}
	n.Town = t
	if n.Seats, ok = number(in.Seats, maxParty); !ok {
		fs = append(fs, fault.Field("seats", "ride.need_seats", "Write how many seats you need, from 1 to {max}.", "max", maxParty))
	}
	return n, fault.Invalid(fs...)
}

// Exists returns the fault of a secret that opens nothing.
func (s *Service) Exists(ctx context.Context, e id.Event, secret string) error {
	return s.DB.Read(ctx, func(tx *db.Tx) error {
		_, err := s.Holders.Holder(ctx, tx, e, secret)
		return err
	})
}
