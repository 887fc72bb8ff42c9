package events

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Template is what the events of a campaign share, in one version. An empty
// field is left to each event.
type Template struct {
	Version     int
	Title       string
	Kind        Kind
	Description string // Markdown
	AccessNote  string
	Bring       string // Markdown
}

// Campaign is what an event's pages need to know of the campaign that it is
// part of.
type Campaign struct {
	ID            id.Campaign
	Handle, Title string
	Day           string // its first, as 2026-11-28; "" when it has none
	Template      Template
}

// Campaigns answers about campaigns of this node.
type Campaigns interface {
	// ByHandle and ByID return a NotFound fault for a campaign that the public
	// may not know of.
	ByHandle(ctx context.Context, tx *db.Tx, handle string) (Campaign, error)
	ByID(ctx context.Context, tx *db.Tx, c id.Campaign) (Campaign, error)
	// Template is an earlier version of what a campaign's events share.
	Template(ctx context.Context, tx *db.Tx, c id.Campaign, version int) (Template, error)
}

// What an event takes from its campaign, stored as bits. Never reorder.
const (
	followTitle int64 = 1 << iota
	followKind
	followDescription
	followAccess
	followBring // of the programme
)

// follower is one field that an event can take from a template.
type follower struct {
	bit        int64
	from, into *string
}

// shared are the fields that an event can take from a template, and what its
// programme says to bring. The pointers are into t, e and bring.
func shared(t *Template, e *Event, bring *string) [5]follower {
	return [5]follower{
		{followTitle, &t.Title, &e.Title}, {followKind, (*string)(&t.Kind), (*string)(&e.Kind)},
		{followDescription, &t.Description, &e.Description}, {followAccess, &t.AccessNote, &e.Access.Note},
		{followBring, &t.Bring, bring},
	}
}

// join lets e follow t in what it does not say itself.
func (t Template) join(e *Event, bring *string) {
	e.Follows = 0
	for _, f := range shared(&t, e, bring) {
		if *f.into == "" || *f.into == *f.from {
			e.Follows |= f.bit
			*f.into = *f.from
		}
	}
}

// retell brings t to an event that followed an earlier version, and reports
// whether anything changed. What the template no longer says, the event keeps
// and says itself.
func (t Template) retell(e *Event, bring *string) bool {
	changed := false
	for _, f := range shared(&t, e, bring) {
		switch {
		case e.Follows&f.bit == 0 || *f.into == *f.from:
		case *f.from == "" && f.bit&(followAccess|followBring) == 0:
			e.Follows &^= f.bit
			changed = true
		default:
			*f.into = *f.from
			changed = true
		}
	}
	return changed
}

// follow fills a form's input from the campaign: what is empty, or still says
// what the template said when the form was opened, is the template's.
func (in Input) follow(was, now Template) (Input, int64) {
	e := Event{Title: strings.TrimSpace(in.Title), Kind: in.Kind, Description: in.Description, Access: Access{Note: in.AccessNote}}
	var follows int64
	var none string // what to bring has a form of its own
	old := shared(&was, &e, &none)
	for i, f := range shared(&now, &e, &none) {
		if f.bit == followBring {
			continue
		}
		if *f.into == "" || *old[i].from != "" && *f.into == *old[i].from {
			if *f.from != "" || *f.into == "" {
				follows |= f.bit
				*f.into = *f.from
			}
		}
	}
	in.Title, in.Kind, in.Description, in.AccessNote = e.Title, e.Kind, e.Description, e.Access.Note
	return in, follows
}

// Join puts an event under a campaign.
func (s *Service) Join(ctx context.Context, tx *db.Tx, eid id.Event, c id.Campaign, t Template) error {
	return s.recast(ctx, tx, eid, func(e *Event) error {
		bring, err := bringOf(ctx, tx, eid)
		if err != nil {
			return err
		}
		was := bring
		e.Campaign = c
		t.join(e, &bring)
		if bring != was {
			html, err := s.renderedBring(bring)
			if err != nil {
				return err
			}
			if err := putBring(ctx, tx, e, bring, html); err != nil {
				return err
			}
		}
		return s.rendered(e)
	})
}

// Leave takes an event out of its campaign. What it took from the template it
// says itself from now on.
func (s *Service) Leave(ctx context.Context, tx *db.Tx, eid id.Event) error {
	return s.recast(ctx, tx, eid, func(e *Event) error {
		e.Campaign, e.Follows = "", 0
		return nil
	})
}

// recast changes what an event says without changing what people signed up for.
func (s *Service) recast(ctx context.Context, tx *db.Tx, eid id.Event, change func(*Event) error) error {
	old, err := eventByID(ctx, tx, eid)
	if errors.Is(err, db.ErrNoRows) {
		return errNoEvent()
	}
	if err != nil {
		return err
	}
	e := old
	if err := change(&e); err != nil {
		return err
	}
	e.Updated = tx.Now()
	if err := updateEvent(ctx, tx, &old, &e, nil); err != nil {
		return err
	}
	if old.Campaign != "" {
		tx.Touch("campaign-events:" + string(old.Campaign))
	}
	return s.changed(ctx, tx, &old, &e)
}

func (s *Service) rendered(e *Event) error {
	html, err := s.Render(e.Description)
	e.HTML = trusted(html)
	return err
}

// retellPage is how many events one step of Retell holds in memory.
const retellPage = 250

// Retell brings a new template to the events that follow the old one. Pages of
// events that say everything themselves stay as they are.
func (s *Service) Retell(ctx context.Context, tx *db.Tx, c id.Campaign, now Template) error {
	var html template.HTML
	if now.Description != "" {
		text, err := s.Render(now.Description)
		if err != nil {
			return err
		}
		html = trusted(text)
	}
	bringHTML, err := s.renderedBring(now.Bring)
	if err != nil {
		return err
	}
	for after, n := int64(-1), retellPage; n == retellPage; {
		es, err := db.Query(ctx, tx, selectEvents()+"where e.campaign_id = $1 and e.at_key > $2 order by e.at_key limit $3",
			[]any{string(c), after, retellPage}, scanEvent)
		if err != nil {
			return fmt.Errorf("list a campaign's events: %w", err)
		}
		brings, err := bringsOf(ctx, tx, es)
		if err != nil {
			return err
		}
		said, err := versionsOf(ctx, tx, "", es...)
		if err != nil {
			return err
		}
		if n = len(es); n > 0 {
			after = es[n-1].AtKey
		}
		for i := range es {
			if err := now.retold(ctx, tx, &es[i], said[es[i].ID], brings[es[i].ID], html, bringHTML); err != nil {
				return err
			}
		}
	}
	tx.Touch("events", "campaign-events:"+string(c))
	return nil
}

// retold stores what a new template changes of one event, if anything. html and
// bringHTML are how the template's texts are shown.
func (t Template) retold(ctx context.Context, tx *db.Tx, old *Event, said []Version, bring string, html, bringHTML template.HTML) error {
	e, was := *old, bring
	if !t.retell(&e, &bring) {
		return nil
	}
	if bring != was {
		if err := putBring(ctx, tx, &e, bring, bringHTML); err != nil {
			return err
		}
	}
	if e.Description != old.Description {
		e.HTML = html
	}
	e.Updated = tx.Now()
	if err := updateSaid(ctx, tx, old, &e, nil, said); err != nil {
		return err
	}
	tx.Touch("event:" + string(e.ID))
	return nil
}

// CheckTemplate returns an Invalid fault with the fields that cannot be used.
func (s *Service) CheckTemplate(t Template) error {
	p := parser{}
	p.text("title", t.Title, maxTitle)
	p.text("description", t.Description, maxDescription)
	p.text("access_note", t.AccessNote, maxNote)
	if _, err := s.Render(t.Description); err != nil {
		p.fail("description", "event.description_unreadable", "This text cannot be shown. Please make it shorter or simpler.")
	}
	p.text("bring", t.Bring, maxBring)
	if _, err := s.renderedBring(t.Bring); err != nil {
		p.fail("bring", "event.description_unreadable", "This text cannot be shown. Please make it shorter or simpler.")
	}
	if t.Kind != "" && !t.Kind.Valid() {
		p.fail("kind", "event.kind_unknown", "Choose what kind of event it is.")
	}
	return fault.Invalid(p.fields...)
}

// Hosted makes an event of a group from a host's proposal, without asking who
// may: the campaign has. key makes it once.
func (s *Service) Hosted(ctx context.Context, tx *db.Tx, g id.Group, key string, in Input) (id.Event, error) {
	e, err := in.parse(s.Places, s.Render)
	if err != nil {
		return "", err
	}
	eid := s.IDs.New()
	done, err := s.createdBefore(ctx, tx, g, key, &eid)
	if done || err != nil {
		return id.Event(eid), err
	}
	e.ID, e.Group, e.UID = id.Event(eid), g, key
	return e.ID, s.insert(ctx, tx, &e)
}

// Check lists what is wrong with an input without storing anything.
func (s *Service) Check(in Input) error {
	_, err := in.parse(s.Places, s.Render)
	return err
}

// PlaceCount is a town and how many of a campaign's events are in it.
type PlaceCount struct {
	Locality, Region, Country string
	Label                     string
	Events                    int
}

// CampaignPlaces counts the events of a campaign by town, most events first. It
// reads all of them, along their index.
func (s *Service) CampaignPlaces(ctx context.Context, tx *db.Tx, c id.Campaign) ([]PlaceCount, error) {
	return db.Query(ctx, tx, `select locality, region, country, count(*) from event where campaign_id = $1 and listed and state <> $2
		group by locality, region, country order by 4 desc, 1, 2, 3`, []any{string(c), string(Cancelled)},
		func(scan func(...any) error) (PlaceCount, error) {
			var p PlaceCount
			err := scan(&p.Locality, &p.Region, &p.Country, &p.Events)
			p.Label = placeLabel(Where{Locality: p.Locality, Region: p.Region, Country: p.Country})
			return p, err
		})
}

// forCampaign fills in what a new event takes from the campaign that it is
// proposed for. A campaign that is gone is not asked for again.
func (s *Service) forCampaign(ctx context.Context, in Input) (Input, error) {
	if in.Campaign == "" {
		return in, nil
	}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		c, err := s.Campaigns.ByHandle(ctx, tx, in.Campaign)
		if fault.Is(err, fault.KindNotFound) {
			in.Campaign = ""
			return nil
		}
		if err == nil {
			in, _ = in.follow(c.Template, c.Template)
		}
		return err
	})
	return in, err
}

// propose tells campaigns that an organizer wants their new event to be part of
// one.
func (s *Service) propose(ctx context.Context, tx *db.Tx, by authz.Actor, e *Event, campaign string) error {
	if campaign == "" {
		return nil
	}
	return s.Facts.Emit(ctx, tx, fact.EventProposed{Event: e.ID, Group: e.Group, Campaign: campaign, By: by.Person})
}
