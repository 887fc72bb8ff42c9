package polls

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
	"convoke/internal/record/tally"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// Group is what a proposal needs to know of a group.
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
	// Role is none for who is no member.
	Role(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (authz.Role, error)
	// Member finds a member by handle. Its fault is NotFound.
	Member(ctx context.Context, tx *db.Tx, g id.Group, handle string) (id.Person, error)
	// Members are the accounts of a group's members.
	Members(ctx context.Context, tx *db.Tx, g id.Group) ([]string, error)
	// Mine lists the groups of a person that can act; organizes only those for which
	// they may speak.
	Mine(ctx context.Context, tx *db.Tx, p id.Person, organizes bool) ([]Group, error)
	// Tell announces something to all members of a group; the same key tells it once.
	Tell(ctx context.Context, tx *db.Tx, g id.Group, key, title, body string) error
}

// Seat is a delegate's place in a coalition now. Mandate is "free", "advised" or
// "bound"; Person is "" while nobody has the seat.
type Seat struct {
	ID        string
	Group     id.Group
	GroupName string
	Person    id.Person
	Weight    uint32
	Mandate   string
}

// bound is the mandate of a delegate who votes what their group decided.
const bound = "bound"

// Coalitions answers about groups of groups.
type Coalitions interface {
	// Rule is how a coalition weighs votes, "group", "bands" or "delegates", and whether
	// its delegates vote in secret only. A group that is no coalition weighs nothing, "".
	Rule(ctx context.Context, tx *db.Tx, g id.Group) (weights string, secret bool, err error)
	// Electorate are all seats of a coalition, in an order that stays.
	Electorate(ctx context.Context, tx *db.Tx, coalition id.Group) ([]Seat, error)
	// Weight is that of all of them together.
	Weight(ctx context.Context, tx *db.Tx, coalition id.Group) (int, error)
	// SeatsOf are the seats that a person has now, SeatsOfGroup those of a group.
	SeatsOf(ctx context.Context, tx *db.Tx, coalition id.Group, p id.Person) ([]Seat, error)
	SeatsOfGroup(ctx context.Context, tx *db.Tx, coalition, g id.Group) ([]Seat, error)
}

// People answers about accounts.
type People interface {
	// Handles are those of accounts that there are.
	Handles(ctx context.Context, tx *db.Tx, all []id.Person) (map[id.Person]string, error)
}

// TrusteeRun is organisations that keep the votes of a poll shut.
type TrusteeRun struct {
	ID       string
	Names    []string
	Need     int
	Released int // how many have given their shares
	*sealed.Transcript
}

// Trustees answers about those who keep polls shut.
type Trustees interface {
	// Ready are those of a proposal who have made a key that no poll has yet.
	Ready(ctx context.Context, tx *db.Tx, p ID) ([]TrusteeRun, error)
	// Keep settles that one of these keeps a box shut.
	Keep(ctx context.Context, tx *db.Tx, run string, b leaf.ID) error
	// Of is who keeps a box shut; ok is false for others.
	Of(ctx context.Context, tx *db.Tx, b leaf.ID) (r TrusteeRun, ok bool, err error)
}

// Ref is a link to what a proposal is about.
type Ref struct{ Title, URL string }

// Elsewhere answers about campaigns, and about what proposals do when they are
// adopted.
type Elsewhere interface {
	// Campaign returns a NotFound fault for what is not public.
	Campaign(ctx context.Context, tx *db.Tx, handle string) (id.Campaign, error)
	AboutCampaign(ctx context.Context, tx *db.Tx, c id.Campaign) (handle string, r Ref, err error)
	// Subject turns what was typed into the subject of an effect, or says why a group
	// could not do that. What it returns, it also takes.
	Subject(ctx context.Context, tx *db.Tx, g id.Group, e fact.Effect, c id.Campaign, typed string) (string, fact.Obstacle, error)
	// Forward finds the demands that were put forward in a campaign and that options name,
	// by their ids; "" is none.
	Forward(ctx context.Context, tx *db.Tx, c id.Campaign, options []string) ([]string, error)
	// Options are what there is to choose from for an effect on a campaign, by its
	// handle, so that nobody has to type it again.
	Options(ctx context.Context, tx *db.Tx, by authz.Actor, e fact.Effect, campaign string) ([]string, error)
}

// Boxes counts in the public record; *box.Boxes does.
type Boxes interface {
	Prepare(ctx context.Context, in box.RollInput) (*box.Draft, error)
	StoreRoll(ctx context.Context, tx *db.Tx, d *box.Draft) error
	Open(ctx context.Context, tx *db.Tx, roll leaf.ID, slot uint8, m leaf.Box) (leaf.ID, error)
	OpenSealed(ctx context.Context, tx *db.Tx, roll leaf.ID, slot uint8, m leaf.Box, t *sealed.Transcript) (leaf.ID, error)
	OpenNamed(ctx context.Context, tx *db.Tx, m leaf.Box, seats []box.NamedSeat) (leaf.ID, error)
	Vote(ctx context.Context, tx *db.Tx, b leaf.ID, seat uint32, body []byte, reason *box.Reason) error
	SeatSays(ctx context.Context, tx *db.Tx, b leaf.ID, seat uint32) ([]byte, error)
	Papers(ctx context.Context, b leaf.ID, from int64, n int) (page []box.Paper, next int64, err error)
	EraseReasons(ctx context.Context, tx *db.Tx, b leaf.ID) error
	Numbers(ctx context.Context, tx *db.Tx, b leaf.ID) (box.Numbers, error)
	Close(ctx context.Context, b leaf.ID) error
	Count(ctx context.Context, b leaf.ID) (tally.Result, error)
	PutResult(ctx context.Context, tx *db.Tx, b leaf.ID, result []byte) error
}

// Facts tells other features what happened, inside the transaction.
type Facts interface {
	Emit(ctx context.Context, tx *db.Tx, f any) error
}

// Deps are what the feature needs.
type Deps struct {
	DB     *db.DB
	IDs    *id.Source
	Vault  *seal.Vault
	Jobs   *job.Queue
	Boxes  Boxes
	Groups Groups
	// Coalitions is nil on a node without coalitions. It may be set after New, before
	// the first request.
	Coalitions Coalitions
	People     People
	Elsewhere  Elsewhere
	// Trustees may be set after New, before the first request.
	Trustees Trustees
	Facts    Facts
	Entropy  io.Reader
	// Locales words what members are told, in the language of their group.
	Locales *i18n.Bundle
	// Audit notes who did what in a role.
	Audit func(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error
}

// Service is the use cases of proposals and polls.
type Service struct {
	Deps
	counting sync.Map // of PollID: by this process just now
}

// New returns the service, and names the worker that counts.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	s.registerCount()
	return s
}

// insideOf is what an actor is to a group or coalition. A delegate is no less than a
// member.
func (s *Service) insideOf(ctx context.Context, tx *db.Tx, by authz.Actor, g Group) (inside, error) {
	in := inside{suspended: g.Suspended, ended: g.Ended}
	if by.Visitor() {
		return in, nil
	}
	var err error
	if in.role, err = s.Groups.Role(ctx, tx, g.ID, by.Person); err != nil || in.role != authz.None || s.Coalitions == nil {
		return in, err
	}
	seats, err := s.Coalitions.SeatsOf(ctx, tx, g.ID, by.Person)
	if len(seats) > 0 {
		in.role = authz.Member
	}
	return in, err
}

// coalition is how the votes of delegates are weighed, and whether they vote in secret
// only; "" where members decide.
func (s *Service) coalition(ctx context.Context, tx *db.Tx, g id.Group) (weights string, secret bool, err error) {
	if s.Coalitions == nil {
		return "", false, nil
	}
	return s.Coalitions.Rule(ctx, tx, g)
}

// load finds a proposal that the actor may know of.
func (s *Service) load(ctx context.Context, tx *db.Tx, by authz.Actor, pid string) (Proposal, Group, inside, error) {
	if !id.Valid(pid) {
		return Proposal{}, Group{}, inside{}, web.ErrNotFound()
	}
	p, err := proposalBy(ctx, tx, "id", pid)
	if errors.Is(err, db.ErrNoRows) {
		return p, Group{}, inside{}, web.ErrNotFound()
	}
	if err != nil {
		return p, Group{}, inside{}, err
	}
	g, err := s.Groups.ByID(ctx, tx, p.Group)
	if err != nil {
		return p, g, inside{}, err
	}
	in, err := s.insideOf(ctx, tx, by, g)
	if err != nil {
		return p, g, in, err
	}
	in.wrote = !by.Visitor() && p.Wrote == by.Person
	if !authz.MayKnow(by, p.shown(), in.subject()) {
		return Proposal{}, Group{}, in, web.ErrNotFound()
	}
	return p, g, in, nil
}

// act changes a proposal for somebody who may do that.
func (s *Service) act(ctx context.Context, by authz.Actor, pid string, do authz.Action, change func(tx *db.Tx, p *Proposal, g Group, in inside) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		p, g, in, err := s.load(ctx, tx, by, pid)
		if err != nil {
			return err
		}
		sub := in.subject()
		if do == authz.EditProposal {
			sub = in.edits()
		}
		if err := authz.Check(by, do, sub); err != nil {
			return err
		}
		return change(tx, &p, g, in)
	})
}

// may is [Service.act] without a change, for what must come before a transaction.
func (s *Service) may(ctx context.Context, by authz.Actor, pid string, do authz.Action) (p Proposal, g Group, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var in inside
		if p, g, in, err = s.load(ctx, tx, by, pid); err != nil {
			return err
		}
		sub := in.subject()
		if do == authz.EditProposal {
			sub = in.edits()
		}
		return authz.Check(by, do, sub)
	})
	return p, g, err
}

// store writes p and tells the pages that show it.
func (s *Service) store(ctx context.Context, tx *db.Tx, p *Proposal) error {
	p.Sequence++
	p.Updated = tx.Now()
	touch(tx, p)
	return updateProposal(ctx, tx, p)
}

// touch tells every page that shows p.
func touch(tx *db.Tx, p *Proposal) {
	tx.Touch("proposals", "proposal:"+string(p.ID), "group:"+string(p.Group))
	if p.Campaign != "" {
		tx.Touch("campaign:" + string(p.Campaign))
	}
}

func errKey() error {
	return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
}

// errUsed refuses a key that made something else, which would be lost.
func errUsed() error {
	return fault.Conflict("form.key_used", "This form was used for something else. Please open the page again.")
}

func errFrozen() error {
	return fault.Conflict("proposal.frozen", "What is being voted on, or was decided or withdrawn, cannot be changed any more.")
}

func errChanged() error {
	return fault.Conflict("proposal.changed_meanwhile",
		"Somebody else has changed this proposal meanwhile. Please open the page again: what you typed is still here to copy.")
}

// Create drafts a proposal of a group or coalition. key is the form's: sent twice, it
// makes one.
func (s *Service) Create(ctx context.Context, by authz.Actor, group, key string, in Input) (pid ID, err error) {
	if !id.ValidSecret(key) {
		return "", errKey()
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.Groups.ByHandle(ctx, tx, group)
		if err != nil {
			return err
		}
		is, err := s.insideOf(ctx, tx, by, g)
		if err != nil {
			return err
		}
		if err := authz.Check(by, authz.Propose, is.subject()); err != nil {
			return err
		}
		if old, err := proposalBy(ctx, tx, "form", key); !errors.Is(err, db.ErrNoRows) {
			if err == nil && !old.made(g, &in) {
				err = errUsed()
			}
			pid = old.ID
			return err // nil: the same form once more
		}
		p, err := s.parsed(ctx, tx, g, &in)
		if err != nil {
			return err
		}
		p.Wrote = by.Person
		pid, err = s.insert(ctx, tx, key, g, &p)
		return err
	})
	return pid, err
}

// made reports whether a form made p, or what p was before somebody changed it.
func (p *Proposal) made(g Group, in *Input) bool {
	var bad parser
	t := in.text(&bad)
	return p.Group == g.ID && (p.Sequence > 0 || p.Title == t.Title && p.Body == t.Body && slices.Equal(p.Options, t.Options))
}

// insert stores a new draft.
func (s *Service) insert(ctx context.Context, tx *db.Tx, key string, g Group, p *Proposal) (ID, error) {
	p.ID, p.Form, p.Group, p.State, p.Version = ID(s.IDs.New()), key, g.ID, Draft, 1
	p.Created, p.Updated = tx.Now(), tx.Now()
	touch(tx, p)
	return p.ID, insertProposal(ctx, tx, p)
}

// parsed is the proposal that in describes, of a group.
func (s *Service) parsed(ctx context.Context, tx *db.Tx, g Group, in *Input) (Proposal, error) {
	var p parser
	out := in.text(&p)
	if err := s.effect(ctx, tx, &p, g, in, &out); err != nil {
		return out, err
	}
	return out, fault.Invalid(p.fields...)
}

// Edit changes the text, for who wrote it and for organizers. In a discussion the text
// before is kept, with in.Note. sequence is the one that the form was filled from.
func (s *Service) Edit(ctx context.Context, by authz.Actor, pid string, sequence int, in Input) error {
	return s.act(ctx, by, pid, authz.EditProposal, func(tx *db.Tx, p *Proposal, g Group, _ inside) error {
		switch {
		case !p.open():
			return errFrozen()
		case p.Sequence != sequence:
			return errChanged()
		}
		next, err := s.parsed(ctx, tx, g, &in)
		if err != nil {
			return err
		}
		touch(tx, p) // what it was about before
		if p.State == Discussed {
			if err := insertVersion(ctx, tx, p, in.Note); err != nil {
				return err
			}
			p.Version++
		}
		p.Text, p.HTML, p.Effect, p.Subject, p.Campaign = next.Text, next.HTML, next.Effect, next.Subject, next.Campaign
		return s.store(ctx, tx, p)
	})
}

// withdrawn ends a proposal that nobody decides any more. The caller stores it.
func (s *Service) withdrawn(ctx context.Context, tx *db.Tx, p *Proposal) error {
	p.end(tx, Withdrawn)
	return s.Facts.Emit(ctx, tx, fact.ProposalWithdrawn{Proposal: string(p.ID)})
}

// What can be done with a proposal besides changing its text.
const (
	doDiscuss   = "discuss"
	doWithdraw  = "withdraw"
	doPublish   = "publish"
	doUnpublish = "unpublish"
)

// Move puts a draft up for discussion, withdraws a proposal, or lets everybody read
// it. Doing it again does nothing.
func (s *Service) Move(ctx context.Context, by authz.Actor, pid, do string) error {
	may := authz.EditProposal
	if do == doPublish || do == doUnpublish {
		may = authz.RunPoll // the group speaks with it
	}
	return s.act(ctx, by, pid, may, func(tx *db.Tx, p *Proposal, _ Group, _ inside) error {
		switch do {
		case doDiscuss:
			if p.State != Draft {
				return nil
			}
			p.State = Discussed
		case doWithdraw:
			if p.State == Withdrawn {
				return nil
			}
			if !p.open() {
				return errFrozen()
			}
			if err := s.withdrawn(ctx, tx, p); err != nil {
				return err
			}
		case doPublish, doUnpublish:
			if p.Public == (do == doPublish) {
				return nil
			}
			if do == doUnpublish && !p.open() {
				return errFrozen()
			}
			p.Public = do == doPublish
		default:
			return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
		}
		if err := s.Audit(ctx, tx, by.Person, do+" proposal", string(p.ID)+" "+string(p.Group)); err != nil {
			return err
		}
		return s.store(ctx, tx, p)
	})
}
