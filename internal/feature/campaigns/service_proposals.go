package campaigns

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// Vault keeps the keys of what is sealed; *seal.Vault does.
type Vault interface {
	Key(ctx context.Context, scope string) (*seal.Key, error)
	Existing(ctx context.Context, scope string) (*seal.Key, error)
	Destroy(ctx context.Context, scope string) error
}

// Rows of SealedTable are of no use without a key: that of the scope which is
// ScopePrefix and then what is in SealedColumn.
const (
	SealedTable  = "proposal"
	SealedColumn = "id"
	ScopePrefix  = "proposal:"
)

// How long a proposal is kept: until it is answered, or for so long without an
// answer; then so long for its host to read the answer.
const (
	keepWaiting  = 60 * 24 * time.Hour
	keepAnswered = 14 * 24 * time.Hour
)

// Proposal is an event that somebody without a group would host.
type Proposal struct {
	ID     string
	Host   Host
	State  Answer
	Reason string
	Event  id.Event // once it is accepted
	Day    int      // yyyymmdd
}

// ProposeHost keeps what somebody without a group would host until an owner
// answers. secret is the form's key and then the private link to the answer;
// sent twice, it makes one proposal.
func (s *Service) ProposeHost(ctx context.Context, by authz.Actor, handle, secret string, h Host) error {
	if !id.ValidSecret(secret) {
		return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	var c Hosting
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		c, err = s.Hosting(ctx, tx, by, handle)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.checkHost(h, c); err != nil {
		return err
	}
	pid := s.IDs.New()
	k, err := s.Vault.Key(ctx, ScopePrefix+pid)
	if err != nil {
		return fmt.Errorf("make the key of a proposal: %w", err)
	}
	plain, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode a proposal: %w", err)
	}
	fresh := false
	err = s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		touchEvents(tx, c.Campaign.ID)
		fresh, err = insertProposal(ctx, tx, proposal{
			ID: pid, Campaign: c.Campaign.ID, Hash: id.Hash(secret), Sealed: k.Seal(rand.Reader, SealedTable, "sealed", pid, plain),
			State: Waiting, Day: day.Of(tx.Now()), Ends: day.Of(tx.Now().Add(keepWaiting)),
		})
		return err
	})
	if err == nil && !fresh {
		err = s.Vault.Destroy(ctx, ScopePrefix+pid)
	}
	return err
}

func (s *Service) checkHost(h Host, at Hosting) error {
	var p parser
	p.text("note", h.Note, maxNote)
	p.text("contact", h.Contact, maxAddressee)
	if err := fault.Invalid(p.fields...); err != nil {
		return err
	}
	return s.Events.CheckHost(h, at.Campaign, at.Template)
}

// Answered is a proposal for who holds its secret.
func (s *Service) Answered(ctx context.Context, secret string) (Proposal, error) {
	if !id.ValidSecret(secret) {
		return Proposal{}, errNoProposal()
	}
	return s.oneProposal(ctx, "hash", id.Hash(secret))
}

func (s *Service) oneProposal(ctx context.Context, column string, value any) (Proposal, error) {
	var p proposal
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		p, err = proposalBy(ctx, tx, column, value)
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return Proposal{}, errNoProposal()
	}
	if err != nil {
		return Proposal{}, err
	}
	return s.open(ctx, p)
}

func (s *Service) open(ctx context.Context, p proposal) (Proposal, error) {
	out := Proposal{ID: p.ID, State: p.State, Reason: p.Reason, Event: p.Event, Day: p.Day}
	k, err := s.Vault.Existing(ctx, ScopePrefix+p.ID)
	if errors.Is(err, seal.ErrDestroyed) {
		return out, errNoProposal()
	}
	if err != nil {
		return out, fmt.Errorf("find the key of a proposal: %w", err)
	}
	plain, err := k.Open(SealedTable, "sealed", p.ID, p.Sealed)
	if err != nil {
		return out, fmt.Errorf("open a proposal: %w", err)
	}
	if err := json.Unmarshal(plain, &out.Host); err != nil {
		return out, fmt.Errorf("decode a proposal: %w", err)
	}
	return out, nil
}

// Queue is what waits for an answer by the owners, oldest first.
type Queue struct {
	Campaign  Campaign
	Seat      Seat
	Events    []Event
	Proposals []Proposal
}

// maxQueue bounds one look at the queue; what is answered makes room.
const maxQueue = 50

// Queue lists what waits, for organizers of an owner.
func (s *Service) Queue(ctx context.Context, by authz.Actor, handle string) (Queue, error) {
	var q Queue
	var rows []proposal
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if q.Campaign, q.Seat, err = s.load(ctx, tx, by, handle); err != nil {
			return err
		}
		if err := authz.Check(by, authz.EditCampaign, q.Seat.Subject()); err != nil {
			return err
		}
		waiting, err := waitingOf(ctx, tx, q.Campaign.ID, maxQueue)
		if err != nil {
			return err
		}
		for _, w := range waiting {
			e, err := s.Events.About(ctx, tx, by, w.Event)
			if fault.Is(err, fault.KindNotFound) { // a draft, or of a suspended group
				continue
			}
			if err != nil {
				return err
			}
			q.Events = append(q.Events, e)
		}
		rows, err = proposalsOf(ctx, tx, q.Campaign.ID, maxQueue)
		return err
	})
	for _, r := range rows {
		p, open := s.open(ctx, r)
		if fault.Is(open, fault.KindNotFound) {
			continue
		}
		if err = errors.Join(err, open); open == nil {
			q.Proposals = append(q.Proposals, p)
		}
	}
	return q, err
}

// DecideHost answers a proposal. group is the owner that takes the event as its
// own when it is accepted. The first answer counts.
func (s *Service) DecideHost(ctx context.Context, by authz.Actor, handle, pid, group string, d Decision) error {
	if err := d.check(); err != nil {
		return err
	}
	p, err := s.oneProposal(ctx, "id", pid)
	if err != nil {
		return err
	}
	return s.decide(ctx, by, handle, func(tx *db.Tx, c *Campaign, seat Seat) error {
		x, err := proposalBy(ctx, tx, "id", pid)
		if errors.Is(err, db.ErrNoRows) || err == nil && x.Campaign != c.ID {
			return errNoProposal()
		}
		if err != nil || x.State != Waiting {
			return err
		}
		x.State, x.Reason, x.Ends = Refused, strings.TrimSpace(d.Reason), day.Of(tx.Now().Add(keepAnswered))
		if d.Accept {
			x.State, x.Reason = Accepted, ""
			if x.Event, err = s.adopt(ctx, tx, c, seat, group, p); err != nil {
				return err
			}
		}
		return answerProposal(ctx, tx, x)
	})
}

// adopt publishes a proposal as an event of one of the actor's owner groups.
func (s *Service) adopt(ctx context.Context, tx *db.Tx, c *Campaign, seat Seat, group string, p Proposal) (id.Event, error) {
	for _, g := range seat.Owners {
		if g.Handle != group && (group != "" || len(seat.Owners) > 1) {
			continue
		}
		t, err := templateOf(ctx, tx, c.ID, c.Template)
		if err != nil {
			return "", err
		}
		e, err := s.Events.Create(ctx, tx, g.ID, p.ID, p.Host, *c, t)
		if err != nil {
			return "", err
		}
		if err := s.Events.Join(ctx, tx, e, c.ID, t); err != nil {
			return "", err
		}
		return e, putEntry(ctx, tx, entry{Event: e, Campaign: c.ID, Group: g.ID, State: Accepted, Day: day.Of(tx.Now())})
	}
	return "", fault.Invalid(fault.Field("group", "campaign.which_group", "Choose which of your groups takes the event as its own."))
}

// Expire erases proposals that were answered long ago, or never.
func (s *Service) Expire(ctx context.Context) error {
	for {
		var due []string
		err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
			due, err = endedProposals(ctx, tx, day.Of(tx.Now()), 100)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		for _, pid := range due {
			if err := s.Vault.Destroy(ctx, ScopePrefix+pid); err != nil {
				return fmt.Errorf("erase a proposal: %w", err)
			}
			err := s.DB.Write(ctx, func(tx *db.Tx) error { return dropProposal(ctx, tx, pid) })
			if err != nil {
				return fmt.Errorf("erase a proposal: %w", err)
			}
		}
	}
}
