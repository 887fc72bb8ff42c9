package pledges

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/seal"
	"convoke/internal/slug"
	"convoke/internal/web"
)

// Group is what a pledge needs to know of a group.
type Group struct {
	ID           id.Group
	Handle, Name string
	Zone         string
	Langs        []string
	Suspended    bool
	Ended        bool
}

// Groups answers about the groups of this node.
type Groups interface {
	// ByID and ByHandle return a NotFound fault for a group that does not exist.
	ByID(ctx context.Context, tx *db.Tx, g id.Group) (Group, error)
	ByHandle(ctx context.Context, tx *db.Tx, handle string) (Group, error)
	// Organizes lists the groups for which a person may speak, none of them
	// suspended or ended.
	Organizes(ctx context.Context, tx *db.Tx, p id.Person) ([]Group, error)
	// Members are the accounts of a group's members.
	Members(ctx context.Context, tx *db.Tx, g id.Group) ([]string, error)
}

// Ref is a link to what a pledge belongs to.
type Ref struct{ Title, URL string }

// Elsewhere answers about campaigns and events.
type Elsewhere interface {
	// Campaign and Event refuse who may not change them, in the words of package authz.
	Campaign(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (id.Campaign, error)
	Event(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event) error
	// AboutCampaign and AboutEvent return a NotFound fault for what is not public.
	AboutCampaign(ctx context.Context, tx *db.Tx, c id.Campaign) (handle string, r Ref, err error)
	AboutEvent(ctx context.Context, tx *db.Tx, e id.Event) (Ref, error)
}

// Boxes counts in the public record; *box.Boxes does.
type Boxes interface {
	Prepare(ctx context.Context, in box.RollInput) (*box.Draft, error)
	StoreRoll(ctx context.Context, tx *db.Tx, d *box.Draft) error
	Open(ctx context.Context, tx *db.Tx, roll leaf.ID, slot uint8, m leaf.Box) (leaf.ID, error)
	Info(ctx context.Context, b leaf.ID) (*box.Info, error)
	Numbers(ctx context.Context, tx *db.Tx, b leaf.ID) (box.Numbers, error)
	Watched(ctx context.Context, tx *db.Tx, b leaf.ID) (leaves, witnessed int64, err error)
	Curve(ctx context.Context, tx *db.Tx, b leaf.ID, part int) ([]box.Step, error)
	PrintCodes(ctx context.Context, tx *db.Tx, roll leaf.ID, codes []string) (fresh int, err error)
}

// Places finds places by name, the best first; *geo.Gazetteer does.
type Places interface {
	Find(query string, limit int) []geo.Place
}

// Facts tells other features what happened, inside the transaction.
type Facts interface {
	Emit(ctx context.Context, tx *db.Tx, f any) error
}

// Deps are what the feature needs.
type Deps struct {
	DB        *db.DB
	IDs       *id.Source
	Boxes     Boxes
	Groups    Groups
	Elsewhere Elsewhere
	Places    Places
	Facts     Facts
	Vault     *seal.Vault
	// News is nil on a node without e-mail.
	News *News
	// Audit notes who did what in a role.
	Audit func(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error
}

// Service is the use cases of pledges.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service {
	s := &Service{d}
	s.registerNews()
	return s
}

// Seat is what an actor is to a pledge: the owners for which they may speak, and
// all groups for which they may.
type Seat struct{ Owners, Groups []Group }

// Subject is what authz decides by.
func (s Seat) Subject() authz.Subject {
	if len(s.Owners) > 0 {
		return authz.Subject{Role: authz.Organizer}
	}
	return authz.Subject{}
}

// load finds a pledge that the actor may know of.
func (s *Service) load(ctx context.Context, tx *db.Tx, by authz.Actor, slug string) (Pledge, Seat, error) {
	return s.loadBy(ctx, tx, by, "slug", slug)
}

func (s *Service) loadBy(ctx context.Context, tx *db.Tx, by authz.Actor, column, value string) (Pledge, Seat, error) {
	p, err := pledgeBy(ctx, tx, column, value)
	if errors.Is(err, db.ErrNoRows) {
		return p, Seat{}, web.ErrNotFound()
	}
	if err != nil {
		return p, Seat{}, err
	}
	seat, err := s.seat(ctx, tx, by, p.ID)
	if err != nil {
		return p, seat, err
	}
	shown, err := s.shown(ctx, tx, &p)
	if err != nil {
		return p, seat, err
	}
	if !authz.MayKnow(by, shown, seat.Subject()) {
		return Pledge{}, seat, web.ErrNotFound()
	}
	return p, seat, nil
}

func (s *Service) seat(ctx context.Context, tx *db.Tx, by authz.Actor, p ID) (seat Seat, err error) {
	if by.Visitor() {
		return seat, nil
	}
	if seat.Groups, err = s.Groups.Organizes(ctx, tx, by.Person); err != nil {
		return seat, err
	}
	all, err := ownersOf(ctx, tx, p)
	for _, g := range seat.Groups {
		if slices.Contains(all, Owner{g.ID, Owns}) {
			seat.Owners = append(seat.Owners, g)
		}
	}
	return seat, err
}

// shown reports whether everybody may know of p: it is open or was, and not all of
// its owners are suspended.
func (s *Service) shown(ctx context.Context, tx *db.Tx, p *Pledge) (bool, error) {
	if !p.State.Public() {
		return false, nil
	}
	all, err := s.owners(ctx, tx, p.ID)
	if err != nil {
		return false, err
	}
	for _, g := range all {
		if !g.Suspended {
			return true, nil
		}
	}
	return false, nil
}

// owners are the groups that own a pledge.
func (s *Service) owners(ctx context.Context, tx *db.Tx, p ID) (out []Group, err error) {
	all, err := ownersOf(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.State != Owns {
			continue
		}
		g, err := s.Groups.ByID(ctx, tx, o.Group)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}

// edit changes a pledge for an organizer of one of its owners.
func (s *Service) edit(ctx context.Context, by authz.Actor, slug string, change func(tx *db.Tx, p *Pledge, seat Seat) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		p, seat, err := s.load(ctx, tx, by, slug)
		if err != nil {
			return err
		}
		if err := authz.Check(by, authz.EditPledge, seat.Subject()); err != nil {
			return err
		}
		if err := change(tx, &p, seat); err != nil {
			return err
		}
		return s.store(ctx, tx, &p)
	})
}

// store writes p and tells the pages that show it.
func (s *Service) store(ctx context.Context, tx *db.Tx, p *Pledge) error {
	p.Sequence++
	p.Updated = tx.Now()
	shown, err := s.shown(ctx, tx, p)
	if err != nil {
		return err
	}
	if err := s.touch(ctx, tx, p); err != nil {
		return err
	}
	return updatePledge(ctx, tx, p, shown)
}

// touch tells every page that shows p.
func (s *Service) touch(ctx context.Context, tx *db.Tx, p *Pledge) error {
	tx.Touch("pledges", "pledge:"+string(p.ID))
	if p.Campaign != "" {
		tx.Touch("campaign:" + string(p.Campaign))
	}
	if p.Event != "" {
		tx.Touch("event:" + string(p.Event))
	}
	all, err := ownersOf(ctx, tx, p.ID)
	for _, o := range all {
		tx.Touch("group:" + string(o.Group))
	}
	return err
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

// Create drafts a pledge that one group owns. key is the form's: sent twice, it
// makes one pledge.
func (s *Service) Create(ctx context.Context, by authz.Actor, group, key string, in Input) (slug string, err error) {
	if !id.ValidSecret(key) {
		return "", fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.speaker(ctx, tx, by, group, authz.StartPledge)
		if err != nil {
			return err
		}
		if old, err := pledgeBy(ctx, tx, "form", key); !errors.Is(err, db.ErrNoRows) {
			slug = old.Slug
			return err // nil: the same form once more
		}
		p, err := s.parsed(ctx, tx, by, in, g.Zone)
		if err != nil {
			return err
		}
		if slug, err = s.insert(ctx, tx, key, g, &p); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "start pledge", string(p.ID))
	})
	return slug, err
}

func (s *Service) insert(ctx context.Context, tx *db.Tx, key string, g Group, p *Pledge) (string, error) {
	p.ID, p.Form, p.State, p.Created, p.Updated = ID(s.IDs.New()), key, Draft, tx.Now(), tx.Now()
	var err error
	if p.Slug, err = s.slug(ctx, tx, p); err != nil {
		return "", err
	}
	ok, err := insertPledge(ctx, tx, p)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", fmt.Errorf("the address %q of a new pledge is taken", p.Slug)
	}
	if err := putParts(ctx, tx, p); err != nil {
		return "", err
	}
	if err := putOwner(ctx, tx, p.ID, g.ID, Owns); err != nil {
		return "", err
	}
	return p.Slug, s.touch(ctx, tx, p)
}

// slug is a free address: of the title, with a number where that is taken.
func (s *Service) slug(ctx context.Context, tx *db.Tx, p *Pledge) (string, error) {
	base := slug.Of(p.Title, slug.Length)
	if base == "" || base == "new" {
		return string(p.ID), nil
	}
	try := base
	for n := 2; n < 20; n++ {
		free, err := slugFree(ctx, tx, try)
		if err != nil || free {
			return try, err
		}
		try = fmt.Sprintf("%s-%d", base, n)
	}
	return string(p.ID), nil
}

// Editable is a pledge for somebody who may change it.
func (s *Service) Editable(ctx context.Context, by authz.Actor, slug string) (p Pledge, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var seat Seat
		if p, seat, err = s.load(ctx, tx, by, slug); err != nil {
			return err
		}
		return authz.Check(by, authz.EditPledge, seat.Subject())
	})
	return p, err
}

func errFrozen() error {
	return fault.Conflict("pledge.frozen", "This pledge is open: what people have agreed to cannot be changed any more.")
}

func errChanged() error {
	return fault.Conflict("pledge.changed_meanwhile",
		"Somebody else has changed this pledge meanwhile. Please open the page again: what you typed is still here to copy.")
}

// Edit changes a draft. sequence is the one that the form was filled from.
func (s *Service) Edit(ctx context.Context, by authz.Actor, slug string, sequence int, in Input) error {
	return s.edit(ctx, by, slug, func(tx *db.Tx, p *Pledge, _ Seat) error {
		switch {
		case p.State != Draft:
			return errFrozen()
		case p.Sequence != sequence:
			return errChanged()
		}
		next, err := s.parsed(ctx, tx, by, in, p.Zone)
		if err != nil {
			return err
		}
		if err := s.touch(ctx, tx, p); err != nil { // what it belonged to before
			return err
		}
		next.ID, next.Slug, next.Form, next.State, next.Sequence, next.Created = p.ID, p.Slug, p.Form, p.State, p.Sequence, p.Created
		*p = next
		return putParts(ctx, tx, p)
	})
}

// Open freezes a draft and opens its box. It does nothing to one that is open.
// sequence is that of the draft as it was read; codes are those of [box.GateCodes],
// one a line.
func (s *Service) Open(ctx context.Context, by authz.Actor, slug string, sequence int, codes string) error {
	in, open, err := s.prepare(ctx, by, slug, codes)
	if err != nil || open {
		return err
	}
	draft, err := s.Boxes.Prepare(ctx, in)
	if err != nil {
		return err
	}
	salt := s.IDs.Bytes(16)
	return s.edit(ctx, by, slug, func(tx *db.Tx, p *Pledge, _ Seat) error {
		switch {
		case p.State != Draft:
			return nil
		case p.Sequence != sequence:
			return errChanged()
		}
		if err := fault.Invalid(checkDeadline(p.Deadline, tx.Now())...); err != nil {
			return err
		}
		if err := s.begin(ctx, tx, p, draft, salt); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "open pledge", string(p.ID))
	})
}

// prepare is who may take part in a draft that is about to open.
func (s *Service) prepare(ctx context.Context, by authz.Actor, slug, codes string) (in box.RollInput, open bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		p, seat, err := s.load(ctx, tx, by, slug)
		if err != nil {
			return err
		}
		if err := authz.Check(by, authz.EditPledge, seat.Subject()); err != nil {
			return err
		}
		in, open = box.RollInput{Gate: p.Gate, Slots: 1}, p.State != Draft
		if p.Gate == box.GateCodes && !open {
			in.References, err = box.ReadCodes("codes", codes)
			return err
		}
		if p.Gate != box.GateMembers {
			return nil
		}
		in.References, err = s.members(ctx, tx, p.ID)
		return err
	})
	return in, open, err
}

// members are the accounts of all members of the owners, each once.
func (s *Service) members(ctx context.Context, tx *db.Tx, p ID) (out []string, err error) {
	all, err := s.owners(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, g := range all {
		people, err := s.Groups.Members(ctx, tx, g.ID)
		if err != nil {
			return nil, err
		}
		for _, p := range people {
			if !seen[p] {
				seen[p] = true
				out = append(out, p)
			}
		}
	}
	return out, nil
}
