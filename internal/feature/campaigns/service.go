package campaigns

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Group is what a campaign needs to know of a group.
type Group struct {
	ID           id.Group
	Handle, Name string
	Place        string
	Suspended    bool
	Ended        bool
}

// Groups answers about the groups of this node.
type Groups interface {
	// ByID and ByHandle return a NotFound fault for a group that does not exist.
	ByID(ctx context.Context, tx *db.Tx, g id.Group) (Group, error)
	ByHandle(ctx context.Context, tx *db.Tx, handle string) (Group, error)
	// ByIDs finds many at once; those that do not exist are left out.
	ByIDs(ctx context.Context, tx *db.Tx, all []id.Group) (map[id.Group]Group, error)
	// Organizes lists the groups for which a person may speak, none of them
	// suspended.
	Organizes(ctx context.Context, tx *db.Tx, p id.Person) ([]Group, error)
}

// Facts tells other features what happened, inside the transaction.
type Facts interface {
	Emit(ctx context.Context, tx *db.Tx, f any) error
}

// Deps are what the feature needs.
type Deps struct {
	DB     *db.DB
	IDs    *id.Source
	Groups Groups
	Events Events
	Vault  Vault
	Facts  Facts
	// Helpers may be set after New, before the first request.
	Helpers Helpers
	// Member answers whether a group is a member of a coalition; nil knows of none. It
	// may be set after New, before the first request.
	Member func(ctx context.Context, tx *db.Tx, coalition, group id.Group) (bool, error)
	// Audit notes who did what in a role.
	Audit func(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error
}

// Service is the use cases of campaigns.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Seat is what an actor is to a campaign: the owners for which they may speak,
// and all groups for which they may.
type Seat struct{ Owners, Groups []Group }

// Subject is what authz decides by.
func (s Seat) Subject() authz.Subject {
	if len(s.Owners) > 0 {
		return authz.Subject{Role: authz.Organizer}
	}
	return authz.Subject{}
}

// load finds a campaign that the actor may know of.
func (s *Service) load(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (Campaign, Seat, error) {
	return s.loadBy(ctx, tx, by, "handle", handle)
}

// loadBy is [Service.load] with that value in a column.
func (s *Service) loadBy(ctx context.Context, tx *db.Tx, by authz.Actor, column, value string) (Campaign, Seat, error) {
	c, err := campaignBy(ctx, tx, column, value)
	if errors.Is(err, db.ErrNoRows) {
		return c, Seat{}, web.ErrNotFound()
	}
	if err != nil {
		return c, Seat{}, err
	}
	seat, err := s.seat(ctx, tx, by, c.ID)
	if err != nil {
		return c, seat, err
	}
	shown, err := s.shown(ctx, tx, &c)
	if err != nil {
		return c, seat, err
	}
	if !authz.MayKnow(by, shown, seat.Subject()) {
		return Campaign{}, Seat{}, web.ErrNotFound()
	}
	return c, seat, nil
}

// ByHandle is a campaign that everybody may know of.
func (s *Service) ByHandle(ctx context.Context, tx *db.Tx, handle string) (Campaign, error) {
	c, _, err := s.load(ctx, tx, authz.Actor{}, handle)
	return c, err
}

// ByID is [Service.ByHandle] by id.
func (s *Service) ByID(ctx context.Context, tx *db.Tx, c id.Campaign) (Campaign, error) {
	x, _, err := s.loadBy(ctx, tx, authz.Actor{}, "id", string(c))
	return x, err
}

func (s *Service) seat(ctx context.Context, tx *db.Tx, by authz.Actor, c id.Campaign) (Seat, error) {
	var seat Seat
	if by.Visitor() {
		return seat, nil
	}
	var err error
	if seat.Groups, err = s.Groups.Organizes(ctx, tx, by.Person); err != nil {
		return seat, err
	}
	for _, g := range seat.Groups {
		o, err := ownerOf(ctx, tx, c, g.ID)
		if err != nil {
			return seat, err
		}
		if o.State == Owns {
			seat.Owners = append(seat.Owners, g)
		}
	}
	return seat, nil
}

// shown reports whether everybody may know of c: it is published, and not all
// of its owners are suspended.
func (s *Service) shown(ctx context.Context, tx *db.Tx, c *Campaign) (bool, error) {
	if !c.State.Public() {
		return false, nil
	}
	all, err := ownersOf(ctx, tx, c.ID)
	if err != nil {
		return false, err
	}
	for _, o := range all {
		if o.State != Owns {
			continue
		}
		g, err := s.Groups.ByID(ctx, tx, o.Group)
		if err != nil || !g.Suspended {
			return err == nil, err
		}
	}
	return false, nil
}

// edit changes a campaign for an organizer of one of its owners.
func (s *Service) edit(ctx context.Context, by authz.Actor, handle string, change func(tx *db.Tx, c *Campaign, seat Seat) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		c, seat, err := s.load(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		if err := authz.Check(by, authz.EditCampaign, seat.Subject()); err != nil {
			return err
		}
		if err := change(tx, &c, seat); err != nil {
			return err
		}
		return s.store(ctx, tx, &c)
	})
}

// store writes c and tells the pages that show it.
func (s *Service) store(ctx context.Context, tx *db.Tx, c *Campaign) error {
	c.Sequence++
	c.Updated = tx.Now()
	shown, err := s.shown(ctx, tx, c)
	if err != nil {
		return err
	}
	touch(tx, c.ID)
	if err := updateCampaign(ctx, tx, c, shown); err != nil {
		return err
	}
	if err := s.tellShown(ctx, tx, c, shown); err != nil || (c.was == Ended) == (c.State == Ended) {
		return err
	}
	return s.Facts.Emit(ctx, tx, fact.CampaignEnded{Campaign: c.ID, Ended: c.State == Ended})
}

// tellShown says that a campaign became public, or is so no longer.
func (s *Service) tellShown(ctx context.Context, tx *db.Tx, c *Campaign, shown bool) error {
	if shown == c.shown {
		return nil
	}
	return s.Facts.Emit(ctx, tx, fact.CampaignShown{Campaign: c.ID, Shown: shown})
}

func touch(tx *db.Tx, c id.Campaign) { tx.Touch("campaigns", "campaign:"+string(c)) }

// Create starts a campaign that one group owns. key is the form's: sent twice,
// it makes one campaign.
func (s *Service) Create(ctx context.Context, by authz.Actor, group, key string, in Input) (handle string, err error) {
	parsed, err := in.parse(nil)
	if err != nil {
		return "", err
	}
	if !id.ValidSecret(key) {
		return "", fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	parsed.ID, parsed.Form = id.Campaign(s.IDs.New()), key
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.speaker(ctx, tx, by, group, authz.StartCampaign)
		if err != nil {
			return err
		}
		c := parsed
		c.Created, c.Updated = tx.Now(), tx.Now()
		handle = c.Handle
		ok, err := insertCampaign(ctx, tx, &c)
		if err != nil {
			return err
		}
		if !ok {
			handle, err = s.madeBefore(ctx, tx, key)
			return err
		}
		if err := putOwner(ctx, tx, c.ID, g.ID, Owns); err != nil {
			return err
		}
		touch(tx, c.ID)
		tx.Touch("group:" + string(g.ID))
		return s.Audit(ctx, tx, by.Person, "start campaign", string(c.ID))
	})
	return handle, err
}

// madeBefore finds the campaign that the same form has made.
func (s *Service) madeBefore(ctx context.Context, tx *db.Tx, key string) (string, error) {
	old, err := campaignBy(ctx, tx, "form", key)
	if errors.Is(err, db.ErrNoRows) {
		return "", fault.Invalid(fault.Field("handle", "campaign.handle_taken", "Another campaign has this handle. Choose another one."))
	}
	return old.Handle, err
}

// speaker is the group of that handle, when the actor may speak for it.
func (s *Service) speaker(ctx context.Context, tx *db.Tx, by authz.Actor, group string, do authz.Action) (Group, error) {
	if by.Visitor() {
		return Group{}, authz.Check(by, do, authz.Subject{})
	}
	all, err := s.Groups.Organizes(ctx, tx, by.Person)
	if err != nil {
		return Group{}, err
	}
	for _, g := range all {
		if g.Handle == group {
			return g, nil
		}
	}
	return Group{}, authz.Check(by, do, authz.Subject{})
}

// Edit changes what a campaign says of itself. sequence is the one that the form
// was filled from: what somebody else saved meanwhile is not overwritten.
func (s *Service) Edit(ctx context.Context, by authz.Actor, handle string, sequence int, in Input) error {
	return s.edit(ctx, by, handle, func(_ *db.Tx, c *Campaign, _ Seat) error {
		next, err := in.parse(c)
		if err != nil {
			return err
		}
		if c.Sequence != sequence {
			return errChangedMeanwhile()
		}
		*c = next
		return nil
	})
}

func errChangedMeanwhile() error {
	return fault.Conflict("campaign.changed_meanwhile",
		"Somebody else has changed this campaign meanwhile. Please open the page again: what you typed is still here to copy.")
}

// SetPicture stores the key of a picture, or removes it with "".
func (s *Service) SetPicture(ctx context.Context, by authz.Actor, handle, key string) error {
	return s.edit(ctx, by, handle, func(_ *db.Tx, c *Campaign, _ Seat) error {
		c.Picture = key
		return nil
	})
}

// Translate puts the title and statement into a further language; an empty
// title removes it.
func (s *Service) Translate(ctx context.Context, by authz.Actor, handle, lang, title, statement string) error {
	return s.TranslateSince(ctx, by, handle, anySequence, Text{Lang: lang, Title: title, Statement: statement})
}

// anySequence stands for that of a form that does not tell.
const anySequence = -1

// TranslateSince is [Service.Translate] of a form that was filled from the
// campaign with that sequence: what somebody else saved meanwhile is not
// overwritten.
func (s *Service) TranslateSince(ctx context.Context, by authz.Actor, handle string, sequence int, in Text) error {
	return s.edit(ctx, by, handle, func(tx *db.Tx, c *Campaign, _ Seat) error {
		if sequence != anySequence && sequence != c.Sequence {
			return errChangedMeanwhile()
		}
		if in.Lang == c.Text.Lang {
			return fault.Invalid(fault.Field("lang", "campaign.same_lang", "The campaign was written in this language. Change it on its own page."))
		}
		if in.Title == "" && in.Statement == "" {
			return dropText(ctx, tx, c.ID, in.Lang)
		}
		var p parser
		t := p.textOf(in.Title, in.Statement, in.Lang)
		p.credit(&t, in.Credit)
		t.Of = c.Text.hash()
		if err := fault.Invalid(p.fields...); err != nil {
			return err
		}
		return putText(ctx, tx, c.ID, t)
	})
}

// GroupSuspended hides campaigns all of whose owners are suspended, and brings
// them back.
func (s *Service) GroupSuspended(ctx context.Context, tx *db.Tx, f fact.GroupSuspended) error {
	all, err := campaignsOf(ctx, tx, f.Group, Owns)
	if err != nil {
		return err
	}
	for i := range all {
		shown, err := s.shown(ctx, tx, &all[i])
		if err != nil {
			return err
		}
		if err := setShown(ctx, tx, all[i].ID, shown); err != nil {
			return err
		}
		touch(tx, all[i].ID)
		if err := s.tellShown(ctx, tx, &all[i], shown); err != nil {
			return err
		}
	}
	return nil
}

// cursor is a place in the list of campaigns.
type cursor struct {
	day int
	id  string
}

// List reads one page of public campaigns: those that go on or come, the
// nearest end first, or those that are over, the latest first.
func (s *Service) List(ctx context.Context, past bool, after cursor, limit int) (page []Campaign, more bool, err error) {
	if past && after.id == "" {
		after = cursor{openEnded, "~"}
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		// No place on Earth is more than a day behind.
		today := day.Of(tx.Now().Add(-24 * time.Hour))
		page, err = listCampaigns(ctx, tx, past, today, after, limit+1)
		return err
	})
	if len(page) > limit {
		return page[:limit], true, err
	}
	return page, false, err
}

func sortSpans(all []Span) {
	slices.SortFunc(all, func(a, b Span) int { return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last)) })
}
