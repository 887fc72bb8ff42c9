package ladders

import (
	"context"
	"maps"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// Group is what a ladder needs to know of a group.
type Group struct {
	ID           id.Group
	Handle, Name string
	Zone         string
}

// Campaign is what a ladder needs to know of its campaign.
type Campaign struct {
	ID            id.Campaign
	Handle, Title string
	Lang          string
	Public        bool
	Ended         bool
}

// Campaigns answers about campaigns.
type Campaigns interface {
	// Find is a campaign that the actor may know of, with those of its owners for
	// which they may speak; a NotFound fault otherwise. ByID is one that everybody may.
	Find(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (Campaign, []Group, error)
	ByID(ctx context.Context, tx *db.Tx, c id.Campaign) (Campaign, error)
	// Owners are the groups that own a campaign and can act.
	Owners(ctx context.Context, tx *db.Tx, c id.Campaign) ([]Group, error)
	// OwnedBy are the campaigns that a group owns, whether or not it can act.
	OwnedBy(ctx context.Context, tx *db.Tx, g id.Group) ([]id.Campaign, error)
}

// Counting is a petition or pledge that somebody may know of.
type Counting struct {
	ID, Title string
	Here      bool // it counts on this server
	Box       leaf.ID
	Over      bool   // it takes nobody any more
	Parts     []Part // places or groups
	Reply     Reply  // of petitions
}

// Part is a place or group that counts apart in a pledge.
type Part struct{ Label, Name string }

// Reply is whether the addressee of a petition has answered. Until is the day until which
// a reply is awaited, which is Left days from now, and SilentAt when that is over; zero
// when none is, or without such a day.
type Reply struct {
	Delivered, Answered, Silent, Refused bool
	Until                                time.Time
	Left                                 int
	SilentAt                             time.Time
}

// neverSilent and neverRefused say that the addressee can do so no more.
func (r *Reply) neverSilent() bool {
	return !r.Silent && (r.Answered || r.Delivered && r.SilentAt.IsZero())
}
func (r *Reply) neverRefused() bool { return !r.Refused && r.Answered }

// Proposal is one that somebody may know of. Closes is when the vote ends that is open on
// it, on the clocks of Zone.
type Proposal struct {
	Title   string
	Adopted bool
	Over    bool // it was withdrawn, or not adopted
	Closes  time.Time
	Zone    string
}

// Elsewhere answers about what gates wait for. What the actor may not know of is a NotFound
// fault.
type Elsewhere interface {
	Petition(ctx context.Context, tx *db.Tx, by authz.Actor, slug string) (Counting, error)
	Pledge(ctx context.Context, tx *db.Tx, by authz.Actor, slug string) (Counting, error)
	Proposal(ctx context.Context, tx *db.Tx, by authz.Actor, p string) (Proposal, error)
	// Poll is its title.
	Poll(ctx context.Context, tx *db.Tx, by authz.Actor, p string) (string, error)
	// Event is its title, and the lowest number that its estimates tell.
	Event(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event) (title string, low int, err error)
	// CampaignLow is the sum of that over the events of a campaign.
	CampaignLow(ctx context.Context, tx *db.Tx, c id.Campaign) (int, error)
	// Member is the account of a member of one of the groups.
	Member(ctx context.Context, tx *db.Tx, of []Group, handle string) (id.Person, error)
}

// Boxes counts in the public record; *box.Boxes does.
type Boxes interface {
	Watch(ctx context.Context, tx *db.Tx, b leaf.ID, part int, people uint64) (box.Counted, bool, error)
	People(ctx context.Context, tx *db.Tx, b leaf.ID, part int) (uint64, error)
	Seen(ctx context.Context, tx *db.Tx, b leaf.ID, people uint64) ([]box.Counted, error)
}

// Record is the node's public record; *record.Record is one.
type Record interface {
	Append(ctx context.Context, tx *db.Tx, log string, leaves ...[]byte) (first int64, err error)
}

// Facts tells other features what happened, inside the transaction.
type Facts interface {
	Emit(ctx context.Context, tx *db.Tx, f any) error
}

// Deps are what the feature needs.
type Deps struct {
	DB        *db.DB
	IDs       *id.Source
	Campaigns Campaigns
	Elsewhere Elsewhere
	Boxes     Boxes
	Record    Record
	Facts     Facts
	Vault     *seal.Vault
	Jobs      *job.Queue
	// News is nil on a node without e-mail.
	News *News
	// Audit notes who did what in a role.
	Audit func(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error
}

// Service is the use cases of ladders.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service {
	s := &Service{d}
	job.Register(s.Jobs, s.settleOne)
	s.registerNews()
	return s
}

// Ladder is a campaign's ladder, with all that its page shows.
type Ladder struct {
	row
	Of     Campaign
	Speaks []Group // owners for which the reader may speak
	// Published is nil for a draft; Earlier are the versions before it.
	Published *Version
	Earlier   []Version
	Stand     map[string]*Standing
	Watches   map[string]watch
	Past      []Past // the newest first
	About     map[string]about
	Down      *Down
	Agreed    []agreement
}

func (d *Ladder) subject() authz.Subject {
	if len(d.Speaks) > 0 {
		return authz.Subject{Role: authz.Organizer}
	}
	return authz.Subject{}
}

// plan is what is published, or the draft.
func (d *Ladder) plan() *Plan {
	if d.Published == nil {
		return &d.Draft
	}
	return &d.Published.Plan
}

// edits reports whether the draft differs from what is published.
func (d *Ladder) edits() bool {
	if d.Published == nil {
		return len(d.Draft.Steps) > 0
	}
	was, err := ParsePlan([]byte(d.Published.Plan.JSON()))
	return err != nil || was.JSON() != d.Draft.JSON()
}

// moved are the steps that have opened, settled or were halted: their gates stay.
func (d *Ladder) moved() map[string]bool {
	out := map[string]bool{}
	for key, s := range d.Stand {
		if s.State != Waiting || !s.Opened.IsZero() {
			out[key] = true
		}
	}
	return out
}

// simulate goes through time with the draft, as if it were published now.
func (d *Ladder) simulate(assumed Known, now, until time.Time) ([]Move, map[string]*Standing, Known) {
	known, stand := d.live(true, now), map[string]*Standing{}
	maps.Copy(known, assumed)
	for key := range d.moved() {
		stand[key] = d.Stand[key]
	}
	moves, ends := Simulate(&d.Draft, stand, known, now, until)
	for key, x := range ends {
		x.tell(known, key)
	}
	return moves, ends, known
}

const (
	maxVersions = 50
	maxPast     = 300
)

// read is the ladder of a campaign that was found, as it is now; see [Service.history].
func (s *Service) read(ctx context.Context, tx *db.Tx, c Campaign, speaks []Group) (*Ladder, error) {
	d := &Ladder{Of: c, Speaks: speaks, Stand: map[string]*Standing{}}
	var err error
	if d.row, _, err = rowOf(ctx, tx, c.ID); err != nil {
		return nil, err
	}
	if d.Down, err = downOf(ctx, tx, c.ID); err != nil || d.Version == 0 {
		return d, err
	}
	all, err := versionsOf(ctx, tx, c.ID, 0, 1)
	if err != nil {
		return nil, err
	}
	d.Published = &all[0]
	if d.Stand, err = standingsOf(ctx, tx, c.ID); err != nil {
		return nil, err
	}
	if d.Watches, err = watchesOf(ctx, tx, c.ID); err != nil {
		return nil, err
	}
	d.Agreed, err = agreementsOf(ctx, tx, c.ID, tx.Now())
	return d, err
}

// history adds to a ladder that was read what moved it, and with versions those that
// were published before.
func (s *Service) history(ctx context.Context, tx *db.Tx, d *Ladder, versions bool) (err error) {
	if d.Version == 0 {
		return nil
	}
	if versions {
		if d.Earlier, err = versionsOf(ctx, tx, d.Of.ID, 1, maxVersions); err != nil {
			return err
		}
	}
	d.Past, err = pastOf(ctx, tx, d.Of.ID, maxPast)
	return err
}

// facts are what is known of the conditions of the ladder.
func (d *Ladder) facts() Known {
	f := Known{}
	for atom, w := range d.Watches {
		f[atom] = Fact{Have: max(w.Have, 0), Since: w.Fired, Never: w.Have < 0}
	}
	for key, x := range d.Stand {
		x.tell(f, key)
	}
	return f
}

// find is the ladder of the campaign of that handle, for somebody who may know of it:
// of one that is published everybody who may know of the campaign, of a draft organizers
// of the owners.
func (s *Service) find(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (*Ladder, error) {
	c, speaks, err := s.Campaigns.Find(ctx, tx, by, handle)
	if err != nil {
		return nil, err
	}
	d, err := s.read(ctx, tx, c, speaks)
	if err != nil {
		return nil, err
	}
	if d.Version == 0 && len(speaks) == 0 {
		return nil, web.ErrNotFound()
	}
	return d, nil
}

// Editable is the ladder for an organizer of one of the owners.
func (s *Service) Editable(ctx context.Context, by authz.Actor, handle string) (d *Ladder, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		d, err = s.editable(ctx, tx, by, handle)
		return err
	})
	return d, err
}

// editable does not tell others whether there is a draft.
func (s *Service) editable(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (*Ladder, error) {
	c, speaks, err := s.Campaigns.Find(ctx, tx, by, handle)
	if err != nil {
		return nil, err
	}
	d, err := s.read(ctx, tx, c, speaks)
	if err != nil {
		return nil, err
	}
	return d, authz.Check(by, authz.EditCampaign, d.subject())
}

// touch tells the pages that show the ladder.
func touch(tx *db.Tx, c id.Campaign) { tx.Touch("ladder:"+string(c), "campaign:"+string(c)) }

// DownTag is touched when a campaign stands down, or goes on: by pages that belong to
// it, which say so.
func DownTag(c id.Campaign) string { return "down:" + string(c) }

func errChanged() error {
	return fault.Conflict("ladder.changed_meanwhile",
		"Somebody else has changed this ladder meanwhile. Please open the page again: what you typed is still here to copy.")
}

// zone is that in which an organizer thinks first.
func (d *Ladder) zone() string {
	for _, g := range d.Speaks {
		if strings.TrimSpace(g.Zone) != "" {
			return g.Zone
		}
	}
	return "UTC"
}
