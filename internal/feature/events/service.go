package events

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
)

// Group is what events need to know of the group that holds one.
type Group struct {
	ID           id.Group
	Handle, Name string
	Place, Zone  string
	Langs        []string
	Suspended    bool
	Ended        bool
}

// Groups answers about groups of this node.
type Groups interface {
	// ByID and ByHandle return a NotFound fault for a group that does not exist.
	ByID(ctx context.Context, tx *db.Tx, g id.Group) (Group, error)
	ByHandle(ctx context.Context, tx *db.Tx, handle string) (Group, error)
	Role(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (authz.Role, error)
}

// Grants answers what somebody may do for one event alone.
type Grants interface {
	// Of tells whether they manage the event, and whether they may see sign-ups.
	Of(ctx context.Context, tx *db.Tx, e id.Event, p id.Person) (manages, roster bool, err error)
}

// Facts tells other features what happened, inside the transaction.
type Facts interface {
	Emit(ctx context.Context, tx *db.Tx, f any) error
}

// Spot is where an event counts in totals: its local day and its place.
type Spot struct {
	Day             int // yyyymmdd
	Country, Region string
}

// Estimate is what a source says how many came.
type Estimate struct {
	Low, High             int
	Words, Method         string
	SourceName, SourceURL string
}

// Tally keeps turnout totals. old and new are nil while an event is not listed;
// estimates replaces those of the same event unless it is nil.
type Tally interface {
	Set(ctx context.Context, tx *db.Tx, e id.Event, old, new *Spot, estimates []Estimate) error
}

// Deps are what the feature needs.
type Deps struct {
	DB     *db.DB
	IDs    *id.Source
	Facts  Facts
	Groups Groups
	// Campaigns may be set after New, before the first request.
	Campaigns Campaigns
	// Grants may be set so too; nil grants nothing.
	Grants Grants
	Places Places
	Tally  Tally
	Vault  Vault
	// Render makes clean HTML of Markdown; Plain makes a summary of it.
	Render func(markdown string) (string, error)
	Plain  func(markdown string, limit int) string
	// Attached is what moves with the events of a group. It may be set after New,
	// before the first request.
	Attached []Attached
}

// Service is the use cases of events.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

func errNoEvent() error {
	return fault.NotFound("event.not_found", "There is no such event, or it is not public.")
}

func errChangedMeanwhile() error {
	return fault.Conflict("event.changed_meanwhile",
		"Somebody else has changed this event meanwhile. Please open the page again: what you typed is still here to copy.")
}

// subject loads what authz needs to know about an event.
func (s *Service) subject(ctx context.Context, tx *db.Tx, by authz.Actor, g id.Group) (authz.Subject, Group, error) {
	if g == "" {
		return authz.Subject{}, Group{}, nil
	}
	gr, err := s.Groups.ByID(ctx, tx, g)
	if err != nil {
		return authz.Subject{}, gr, err
	}
	sub := authz.Subject{Suspended: gr.Suspended, Ended: gr.Ended}
	if !by.Visitor() {
		sub.Role, err = s.Groups.Role(ctx, tx, g, by.Person)
	}
	return sub, gr, err
}

// Get returns an event that the actor may know of, and what they may do.
func (s *Service) Get(ctx context.Context, tx *db.Tx, by authz.Actor, eid id.Event) (Event, Group, authz.Subject, error) {
	e, err := eventByID(ctx, tx, eid)
	if errors.Is(err, db.ErrNoRows) {
		return e, Group{}, authz.Subject{}, errNoEvent()
	}
	if err != nil {
		return e, Group{}, authz.Subject{}, err
	}
	sub, g, err := s.subject(ctx, tx, by, e.Group)
	if err != nil {
		return e, g, sub, err
	}
	if !by.Visitor() && s.Grants != nil {
		if sub.Manages, sub.Roster, err = s.Grants.Of(ctx, tx, eid, by.Person); err != nil {
			return e, g, sub, err
		}
	}
	if !authz.MayKnow(by, e.State.Listed(), sub) {
		return Event{}, Group{}, authz.Subject{}, errNoEvent()
	}
	return e, g, sub, nil
}

// Create publishes a new event of a group, or keeps it as a draft. key is the
// form's: sent twice, it makes one event.
func (s *Service) Create(ctx context.Context, by authz.Actor, g id.Group, key string, in Input) (id.Event, error) {
	in, err := s.forCampaign(ctx, in)
	if err != nil {
		return "", err
	}
	e, err := in.parse(s.Places, s.Render)
	if err != nil {
		return "", err
	}
	eid := s.IDs.New()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		sub, _, err := s.subject(ctx, tx, by, g)
		if err != nil {
			return err
		}
		if err := authz.Check(by, authz.CreateEvent, sub); err != nil {
			return err
		}
		done, err := s.createdBefore(ctx, tx, g, key, &eid)
		if done || err != nil {
			return err
		}
		n := e
		n.ID, n.Group, n.UID = id.Event(eid), g, key
		if err := s.insert(ctx, tx, &n); err != nil {
			return err
		}
		return s.propose(ctx, tx, by, &n, in.Campaign)
	})
	return id.Event(eid), err
}

// createdBefore finds the event that the same form has made.
func (s *Service) createdBefore(ctx context.Context, tx *db.Tx, g id.Group, key string, eid *string) (bool, error) {
	if key == "" {
		return false, nil
	}
	err := tx.Get(ctx, "select id from event where group_id = $1 and uid = $2", []any{string(g), key}, eid)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// CreateSample stores an event of the demo's group without asking who may.
func (s *Service) CreateSample(ctx context.Context, tx *db.Tx, g id.Group, in Input) (id.Event, error) {
	e, err := in.parse(s.Places, s.Render)
	if err != nil {
		return "", err
	}
	e.ID, e.Group = id.Event(s.IDs.New()), g
	return e.ID, s.insert(ctx, tx, &e)
}

func (s *Service) insert(ctx context.Context, tx *db.Tx, e *Event) error {
	seq, err := nextSeq(ctx, tx, 1)
	if err != nil {
		return fmt.Errorf("reserve a row: %w", err)
	}
	e.Seq, e.Created, e.Updated = seq, tx.Now(), tx.Now()
	if e.UID == "" {
		e.UID = string(e.ID)
	}
	if err := insertEvent(ctx, tx, e, nil); err != nil {
		return err
	}
	return s.changed(ctx, tx, nil, e)
}

// changed tells everybody concerned: totals, sign-ups, cached pages.
func (s *Service) changed(ctx context.Context, tx *db.Tx, old, e *Event) error {
	if err := s.Tally.Set(ctx, tx, e.ID, old.Spot(), e.Spot(), nil); err != nil {
		return err
	}
	f, err := s.fact(ctx, tx, e)
	if err != nil {
		return err
	}
	if old != nil {
		f.Moved = old.State.Listed() && (!old.Start.Equal(e.Start) || old.Where.Label() != e.Where.Label())
		f.Cancelled = old.State != Cancelled && e.State == Cancelled
	}
	if err := keepReleased(ctx, tx, old, e); err != nil {
		return err
	}
	f.Published = e.State.Listed() && (old == nil || !old.State.Listed())
	tx.Touch("event:"+string(e.ID), "events")
	if e.Group != "" {
		tx.Touch("group-events:" + string(e.Group))
	}
	if e.Campaign != "" {
		tx.Touch("campaign-events:" + string(e.Campaign))
	}
	return s.Facts.Emit(ctx, tx, f)
}

// Spot is where the event counts in totals; nil while it is not public, and when
// it did not take place.
func (e *Event) Spot() *Spot {
	if e == nil || !e.State.Listed() || e.hidden || e.State == Cancelled {
		return nil
	}
	return &Spot{Day: e.Day(), Country: e.Where.Country, Region: e.Where.Region}
}

// Update changes an event. sequence is the one that the form was filled from:
// when somebody else has saved meanwhile, nothing is overwritten.
func (s *Service) Update(ctx context.Context, by authz.Actor, eid id.Event, sequence int, in Input) error {
	change, err := s.typed(ctx, eid, sequence, in)
	if err != nil {
		return err
	}
	return s.edit(ctx, by, eid, change)
}

// typed is the change of an event to what was typed.
func (s *Service) typed(ctx context.Context, eid id.Event, sequence int, in Input) (func(tx *db.Tx, old, e *Event) error, error) {
	in, follows, t, err := s.following(ctx, eid, in)
	if err != nil {
		return nil, err
	}
	parsed, err := in.parse(s.Places, s.Render)
	if err != nil {
		return nil, err
	}
	return func(tx *db.Tx, old, e *Event) error {
		if now, err := s.templateOf(ctx, tx, old); err != nil {
			return err
		} else if old.Sequence != sequence || now.Version != t.Version {
			return errChangedMeanwhile()
		}
		n := parsed
		if in.Near == old.near() { // the town was not retyped: keep the point as it was
			n.Where.Point, n.Where.HasPoint, n.Where.Precise = old.Where.Point, old.Where.HasPoint, old.Where.Precise
			n.Where.Locality, n.Where.Region, n.Where.Country = old.Where.Locality, old.Where.Region, old.Where.Country
		}
		keep(&n, old)
		if old.State.Listed() && n.State == Draft {
			return fault.Invalid(fault.Field("state", "event.back_to_draft",
				"A published event cannot become a draft again. Cancel or postpone it, so that those who planned to come can see it."))
		}
		noteMove(&n, old)
		n.Follows = follows | old.Follows&followBring
		*e = n
		return nil
	}, nil
}

// following fills in from its campaign what an event does not say itself.
func (s *Service) following(ctx context.Context, eid id.Event, in Input) (_ Input, follows int64, now Template, err error) {
	var was Template
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		e, err := eventByID(ctx, tx, eid)
		if errors.Is(err, db.ErrNoRows) {
			return errNoEvent()
		}
		if err != nil {
			return err
		}
		if now, err = s.templateOf(ctx, tx, &e); err != nil {
			return err
		}
		if was = now; in.Template != now.Version && in.Template > 0 && e.Campaign != "" {
			was, err = s.Campaigns.Template(ctx, tx, e.Campaign, in.Template)
		}
		return err
	})
	if err != nil || now.Version == 0 {
		return in, 0, now, err
	}
	in, follows = in.follow(was, now)
	return in, follows, now, nil
}

// templateOf is the template that an event follows; of none, the zero Template.
func (s *Service) templateOf(ctx context.Context, tx *db.Tx, e *Event) (Template, error) {
	c, err := s.campaignOf(ctx, tx, e)
	return c.Template, err
}

// campaignOf is the campaign that an event is part of, the zero Campaign when
// there is none that the public may know of.
func (s *Service) campaignOf(ctx context.Context, tx *db.Tx, e *Event) (Campaign, error) {
	if e.Campaign == "" {
		return Campaign{}, nil
	}
	c, err := s.Campaigns.ByID(ctx, tx, e.Campaign)
	if fault.Is(err, fault.KindNotFound) {
		return Campaign{}, nil
	}
	return c, err
}

// keep carries over what the form does not hold.
func keep(n, old *Event) {
	n.ID, n.Group, n.Source, n.UID = old.ID, old.Group, old.Source, old.UID
	n.Organizer, n.SourceURL, n.Picture = old.Organizer, old.SourceURL, old.Picture
	n.Created, n.Campaign, n.hidden = old.Created, old.Campaign, old.hidden
}

// noteMove remembers what the last move of a public event changed, so that pages
// and messages can tell old and new.
func noteMove(n, old *Event) {
	n.WasPlace = old.WasPlace
	n.wasAt(old.WasStart, cmp.Or(old.WasZone, old.Zone), old.WasAllDay) // the same moment may be in another zone
	start, place := !old.Start.Equal(n.Start), old.Where.Label() != n.Where.Label()
	if !old.State.Listed() || !start && !place {
		return
	}
	n.WasPlace = ""
	n.wasAt(time.Time{}, "", false)
	if start {
		n.wasAt(old.Start, old.Zone, old.AllDay)
	}
	if place {
		n.WasPlace = old.Where.Label()
	}
}

// SetPicture stores the key of a picture, or removes it with "".
func (s *Service) SetPicture(ctx context.Context, by authz.Actor, eid id.Event, key string) error {
	return s.edit(ctx, by, eid, func(_ *db.Tx, _, e *Event) error {
		e.Picture = key
		return nil
	})
}

func (s *Service) edit(ctx context.Context, by authz.Actor, eid id.Event, change func(tx *db.Tx, old, e *Event) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		old, _, sub, err := s.Get(ctx, tx, by, eid)
		if err != nil {
			return err
		}
		if err := authz.Check(by, authz.EditEvent, sub); err != nil {
			return err
		}
		e := old
		if err := change(tx, &old, &e); err != nil {
			return err
		}
		e.Sequence, e.Updated = old.Sequence+1, tx.Now()
		if err := updateEvent(ctx, tx, &old, &e, nil); err != nil {
			return err
		}
		if err := s.noteOwn(ctx, tx, eid, differences(&old, &e)); err != nil {
			return err
		}
		return s.changed(ctx, tx, &old, &e)
	})
}

// GroupSuspended hides the events of a suspended group from every list, and
// brings them back. Nobody can sign up meanwhile.
func (s *Service) GroupSuspended(ctx context.Context, tx *db.Tx, f fact.GroupSuspended) error {
	_, err := tx.Exec(ctx, "update event set listed = $1 where group_id = $2 and state <> $3",
		!f.Suspended, string(f.Group), string(Draft))
	if err != nil {
		return fmt.Errorf("hide a group's events: %w", err)
	}
	tx.Touch("*")
	all, err := db.Query(ctx, tx, selectEvents()+"where e.group_id = $1 and e.state <> $2", []any{string(f.Group), string(Draft)}, scanEvent)
	if err != nil {
		return err
	}
	for i := range all {
		if err := s.suspend(ctx, tx, &all[i], f.Suspended); err != nil {
			return err
		}
	}
	return nil
}

// suspend takes one event out of the totals and closes its sign-ups, or undoes
// both.
func (s *Service) suspend(ctx context.Context, tx *db.Tx, e *Event, suspended bool) error {
	seen := *e
	seen.hidden = false
	was, now := seen.Spot(), (*Spot)(nil)
	if !suspended {
		was, now = now, was
	}
	if err := s.Tally.Set(ctx, tx, e.ID, was, now, nil); err != nil {
		return err
	}
	if !e.End.After(tx.Now()) {
		return nil
	}
	c, err := s.fact(ctx, tx, e)
	if err != nil {
		return err
	}
	c.OpensTo = c.OpensTo && !suspended
	return s.Facts.Emit(ctx, tx, c)
}

// fact is the event as it is, for those who listen. A group that has ended its
// work takes no sign-ups.
func (s *Service) fact(ctx context.Context, tx *db.Tx, e *Event) (fact.EventChanged, error) {
	f := fact.EventChanged{
		Event: e.ID, Group: e.Group, Capacity: e.Capacity, State: string(e.State), Start: e.Start, End: e.End, Zone: e.Zone,
		OpensTo: e.Group != "" && e.State.TakesSignUps(), Campaign: e.Campaign,
	}
	if !f.OpensTo {
		return f, nil
	}
	g, err := s.Groups.ByID(ctx, tx, e.Group)
	f.OpensTo = !g.Ended && !g.Suspended
	return f, err
}

// near is what the form's "town" field shows for the stored place.
func (e *Event) near() string {
	if !e.Where.HasPoint {
		return ""
	}
	if e.Where.Locality == "" {
		return fmt.Sprintf("%.5f, %.5f", e.Where.Point.Lat, e.Where.Point.Lon)
	}
	return placeLabel(e.Where)
}

// Search finds listed events.
func (s *Service) Search(ctx context.Context, q Query) (Result, error) {
	var r Result
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		ok, err := s.resolve(ctx, tx, &q)
		if ok {
			r, err = find(ctx, tx, q)
		}
		if err != nil {
			return err
		}
		if q.In == "" {
			return nil
		}
		all, err := versionsOf(ctx, tx, q.In, r.Events...)
		all.say(q.In, r.Events)
		return err
	})
	return r, err
}

// Points is where the events of a search are, at most q.Limit of them.
func (s *Service) Points(ctx context.Context, q Query) ([]geo.Point, error) {
	var out []geo.Point
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		ok, err := s.resolve(ctx, tx, &q)
		if ok {
			out, err = points(ctx, tx, q)
		}
		return err
	})
	return out, err
}

// resolve finds the group and the campaign that are asked for. It is not ok when
// there is none, so that nothing is found, which is true.
func (s *Service) resolve(ctx context.Context, tx *db.Tx, q *Query) (ok bool, err error) {
	if q.Handle != "" {
		g, err := s.Groups.ByHandle(ctx, tx, q.Handle)
		if err != nil {
			return false, unlessAbsent(err)
		}
		q.Group = g.ID
	}
	if q.Campaign != "" {
		c, err := s.Campaigns.ByHandle(ctx, tx, q.Campaign)
		if err != nil {
			return false, unlessAbsent(err)
		}
		q.Under = c.ID
	}
	return true, nil
}

func unlessAbsent(err error) error {
	if fault.Is(err, fault.KindNotFound) {
		return nil
	}
	return err
}

// Days counts listed events by local day, for a month's calendar: at most max
// events are read.
func (s *Service) Days(ctx context.Context, q Query, from, to time.Time, limit int) (Result, error) {
	q.From, q.To, q.Past, q.Limit, q.After = from, to, false, limit, 0
	return s.Search(ctx, q)
}
