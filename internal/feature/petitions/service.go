package petitions

import (
	"context"
	"errors"
	"io"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/notify"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/seal"
	"convoke/internal/slug"
)

// Group is what petitions need to know of the group that asks.
type Group struct {
	ID           id.Group
	Handle, Name string
	Zone         string
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
	// People are the accounts of all members: what a closed roll knows them by.
	People(ctx context.Context, tx *db.Tx, g id.Group) ([]string, error)
}

// Campaign is a campaign that a petition belongs to.
type Campaign struct {
	ID            id.Campaign
	Handle, Title string
}

// Campaigns answers about public campaigns of this node.
type Campaigns interface {
	// ByHandle and ByID return a NotFound fault for one that is not public.
	ByHandle(ctx context.Context, tx *db.Tx, handle string) (Campaign, error)
	ByID(ctx context.Context, tx *db.Tx, c id.Campaign) (Campaign, error)
	// Owns reports whether a group is one of a campaign's owners.
	Owns(ctx context.Context, tx *db.Tx, c id.Campaign, g id.Group) (bool, error)
}

// Boxes is what petitions need of the public record; see [box.Boxes].
type Boxes interface {
	Prepare(ctx context.Context, in box.RollInput) (*box.Draft, error)
	StoreRoll(ctx context.Context, tx *db.Tx, d *box.Draft) error
	Open(ctx context.Context, tx *db.Tx, roll leaf.ID, slot uint8, m leaf.Box) (leaf.ID, error)
	Numbers(ctx context.Context, tx *db.Tx, b leaf.ID) (box.Numbers, error)
	Watched(ctx context.Context, tx *db.Tx, b leaf.ID) (leaves, witnessed int64, err error)
	Declare(ctx context.Context, tx *db.Tx, b leaf.ID, count uint32, note []byte) error
	Note(ctx context.Context, tx *db.Tx, b leaf.ID, what any) error
	Close(ctx context.Context, b leaf.ID) error
	PrintCodes(ctx context.Context, tx *db.Tx, roll leaf.ID, codes []string) (fresh int, err error)
}

// Facts tells other features what happened, inside the transaction.
type Facts interface {
	Emit(ctx context.Context, tx *db.Tx, f any) error
}

// Mail is how updates reach people. Without it nobody is asked for an address.
type Mail struct {
	Jobs    *job.Queue
	Sender  notify.Sender
	Locales *i18n.Bundle
	BaseURL string
}

// Deps are what the feature needs.
type Deps struct {
	DB        *db.DB
	IDs       *id.Source
	Entropy   io.Reader // seals; nil is crypto/rand
	Vault     *seal.Vault
	Clock     clock.Clock
	Groups    Groups
	Campaigns Campaigns
	Boxes     Boxes
	Facts     Facts
	Mail      *Mail // nil where no mail is sent
}

// Service is the use cases of petitions.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service {
	s := &Service{d}
	if d.Mail != nil {
		s.registerJobs()
	}
	return s
}

func errNone() error {
	return fault.NotFound("petition.not_found", "There is no such petition, or it is not public.")
}

func errChanged() error {
	return fault.Conflict("petition.changed_meanwhile", "Somebody else has saved this petition meanwhile. Look at theirs in another window, and then save again what you need.")
}

func errKey() error {
	return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
}

func errState() error {
	return fault.Conflict("petition.state", "This cannot be done as the petition stands now. Please open its page again.")
}

// subject is what authz needs to know of the actor and a group.
func (s *Service) subject(ctx context.Context, tx *db.Tx, by authz.Actor, g *Group) (authz.Subject, error) {
	sub := authz.Subject{Suspended: g.Suspended, Ended: g.Ended}
	if by.Visitor() {
		return sub, nil
	}
	var err error
	sub.Role, err = s.Groups.Role(ctx, tx, g.ID, by.Person)
	return sub, err
}

// Found is a petition with what its page needs to know.
type Found struct {
	Petition Petition
	Group    Group
	Campaign Campaign // zero for none, or one that is not public
	Subject  authz.Subject
}

// Get returns a petition that the actor may know of.
func (s *Service) Get(ctx context.Context, tx *db.Tx, by authz.Actor, slug string) (Found, error) {
	p, err := bySlug(ctx, tx, slug)
	return s.found(ctx, tx, by, p, err)
}

func (s *Service) found(ctx context.Context, tx *db.Tx, by authz.Actor, p Petition, err error) (Found, error) {
	if errors.Is(err, db.ErrNoRows) {
		return Found{}, errNone()
	}
	if err != nil {
		return Found{}, err
	}
	f := Found{Petition: p}
	if f.Group, err = s.Groups.ByID(ctx, tx, p.Group); err != nil {
		return Found{}, err
	}
	if f.Subject, err = s.subject(ctx, tx, by, &f.Group); err != nil {
		return Found{}, err
	}
	if !authz.MayKnow(by, p.Public(), f.Subject) {
		return Found{}, errNone()
	}
	if p.Campaign != "" {
		if f.Campaign, err = s.Campaigns.ByID(ctx, tx, p.Campaign); fault.Is(err, fault.KindNotFound) {
			f.Campaign, err = Campaign{}, nil
		}
	}
	return f, err
}

// Editable is [Service.Get] for an organizer of the group.
func (s *Service) Editable(ctx context.Context, tx *db.Tx, by authz.Actor, slug string) (Found, error) {
	f, err := s.Get(ctx, tx, by, slug)
	if err != nil {
		return f, err
	}
	return f, authz.Check(by, authz.RunPetition, f.Subject)
}

// Starter returns the group for somebody who may start a petition in its name.
func (s *Service) Starter(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (Group, error) {
	g, err := s.Groups.ByHandle(ctx, tx, handle)
	if err != nil {
		return g, err
	}
	sub, err := s.subject(ctx, tx, by, &g)
	if err != nil {
		return g, err
	}
	return g, authz.Check(by, authz.RunPetition, sub)
}

// touch says which pages changed.
func touch(tx *db.Tx, p *Petition) {
	tx.Touch("petition:"+p.ID, "petitions", "group:"+string(p.Group))
	if p.Campaign != "" {
		tx.Touch("campaign:" + string(p.Campaign))
	}
}

// save stores p as the next version of itself.
func save(ctx context.Context, tx *db.Tx, p *Petition) error {
	p.Updated = tx.Now()
	p.Sequence++
	touch(tx, p)
	return updatePetition(ctx, tx, p)
}

// Create keeps a new petition of a group as a draft. key is the form's: sent
// twice, it makes one petition. It returns the slug.
func (s *Service) Create(ctx context.Context, by authz.Actor, handle, key string, in Input) (string, error) {
	if !id.ValidSecret(key) {
		return "", errKey()
	}
	parsed, err := in.parse()
	if err != nil {
		return "", err
	}
	made, slug := s.IDs.New(), ""
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.Starter(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		if slug, err = slugByForm(ctx, tx, g.ID, key); !errors.Is(err, db.ErrNoRows) {
			return err // nil: the same form once more
		}
		p := parsed
		p.ID, p.Group, p.form, p.Created, p.Updated = made, g.ID, key, tx.Now(), tx.Now()
		p.placed = clock.Micros(tx.Now())
		if err := s.place(ctx, tx, &p, in.Campaign); err != nil {
			return err
		}
		slug = p.Slug
		touch(tx, &p)
		return insertPetition(ctx, tx, &p)
	})
	return slug, err
}

// place finds the campaign and the address of a draft.
func (s *Service) place(ctx context.Context, tx *db.Tx, p *Petition, campaign string) error {
	p.Campaign = ""
	if campaign != "" {
		c, err := s.Campaigns.ByHandle(ctx, tx, campaign)
		if fault.Is(err, fault.KindNotFound) {
			return fault.Invalid(fault.Field("campaign", "petition.campaign", "There is no public campaign with this handle."))
		}
		if err != nil {
			return err
		}
		owns, err := s.Campaigns.Owns(ctx, tx, c.ID, p.Group)
		if err != nil {
			return err
		}
		if !owns {
			return fault.Invalid(fault.Field("campaign", "petition.not_owner", "Your group does not own this campaign. Ask its owners whether you may own it with them."))
		}
		p.Campaign = c.ID
	}
	if p.Slug != "" {
		owner, err := idBySlug(ctx, tx, p.Slug)
		if errors.Is(err, db.ErrNoRows) || owner == p.ID {
			return nil
		}
		if err != nil {
			return err
		}
		return fault.Invalid(fault.Field("slug", "petition.slug_taken", "Another petition has this address."))
	}
	var err error
	p.Slug, err = freeSlug(ctx, tx, slug.Of(p.Text.Title, slug.Length), p.ID)
	return err
}

// change lets an organizer do something to a petition. sequence is the one that
// the form was filled from: when somebody else has saved meanwhile, nothing is
// overwritten. do returns false when there is nothing to save.
func (s *Service) change(ctx context.Context, by authz.Actor, slug string, sequence int, do func(tx *db.Tx, f *Found) (bool, error)) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		f, err := s.Editable(ctx, tx, by, slug)
		if err != nil {
			return err
		}
		if sequence != anySequence && f.Petition.Sequence != sequence {
			return errChanged()
		}
		// One after the other: numbers of entries and batches follow from counting.
		if err := lockPetition(ctx, tx, f.Petition.ID); err != nil {
			return err
		}
		ok, err := do(tx, &f)
		if err != nil || !ok {
			return err
		}
		return save(ctx, tx, &f.Petition)
	})
}

// anySequence is for what overwrites nothing of anybody.
const anySequence = -1

// Update changes a draft, or the text of an open petition that nobody can have
// signed yet.
func (s *Service) Update(ctx context.Context, by authz.Actor, slug string, sequence int, in Input) (string, error) {
	parsed, err := in.parse()
	if err != nil {
		return "", err
	}
	salt := newSalt(s.IDs)
	out := slug
	err = s.change(ctx, by, slug, sequence, func(tx *db.Tx, f *Found) (bool, error) {
		p := &f.Petition
		if p.State != Draft {
			return true, s.correct(ctx, tx, f, parsed.Text, salt)
		}
		p.Text, p.Stages, p.Gate, p.Opens, p.Closes = parsed.Text, parsed.Stages, parsed.Gate, parsed.Opens, parsed.Closes
		if parsed.Slug != "" {
			p.Slug = parsed.Slug
		}
		err := s.place(ctx, tx, p, in.Campaign)
		out = p.Slug
		return true, err
	})
	return out, err
}

func errFrozen() error {
	return fault.Conflict("petition.frozen",
		"Somebody has begun to sign, so the text stays as it is. Add an amendment: everybody will see it beside the original.")
}

// frozen says whether somebody may have agreed to the text: with the first
// credential that was given out, or what was counted on paper.
func (s *Service) frozen(ctx context.Context, tx *db.Tx, p *Petition) (bool, error) {
	n, err := s.Boxes.Numbers(ctx, tx, p.Box)
	return n.Issued > 0 || n.Counted > 0 || n.Withdrawn > 0 || n.Declared > 0, err
}

// correct changes the text of an open petition before the first signature, and
// says so in the record: the hash that counts is that of the last such note.
func (s *Service) correct(ctx context.Context, tx *db.Tx, f *Found, t Text, salt string) error {
	p := &f.Petition
	if p.State != Open {
		return errState()
	}
	frozen, err := s.frozen(ctx, tx, p)
	if err != nil {
		return err
	}
	if frozen {
		return errFrozen()
	}
	p.Text, p.Salt = t, salt
	text, err := t.Canonical()
	if err != nil {
		return err
	}
	hash, err := hashOf(salt, text)
	if err != nil {
		return err
	}
	e := Entry{form: salt, Kind: entryText, Day: f.today(tx.Now()), Salt: salt, Hash: hash}
	if err := insertEntry(ctx, tx, p.ID, &e); err != nil {
		return err
	}
	return s.Boxes.Note(ctx, tx, p.Box, note{Kind: entryText, Hash: hash})
}

// note is what the record says of an entry.
type note struct {
	Kind string `json:"kind"`
	Hash string `json:"hash"`
}

// Awaited is the day until which a reply is awaited, how many more days that is, and the
// moment from which there is silence; days are zero when nobody waits for one.
func (f *Found) Awaited(now time.Time) (until time.Time, left int, silent time.Time) {
	p := &f.Petition
	if p.State != Delivered || p.ReplyBy == 0 {
		return until, 0, silent
	}
	until = day.Time(p.ReplyBy)
	return until, int(until.Sub(day.Time(f.today(now))).Hours()) / 24, day.At(day.After(p.ReplyBy, 1), zoneOf(f.Group.Zone))
}

// today is the day at the group's place.
func (f *Found) today(now time.Time) int { return day.Of(now.In(zoneOf(f.Group.Zone))) }
