package members

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/seal"
)

// The rows of SealedTable have a line under the key whose scope is ScopePrefix and then
// what is in SealedColumn.
const (
	SealedTable  = "skill"
	SealedColumn = "key_month"
	ScopePrefix  = "skills:"
)

// forgetMonth is the job that destroys the key of a month.
type forgetMonth struct {
	Month string `json:"month"`
}

// Kind implements job.Args.
func (forgetMonth) Kind() string { return "members.forget_month" }

func (s *Service) forgetMonth(ctx context.Context, a forgetMonth) error {
	return s.Vault.Destroy(ctx, ScopePrefix+a.Month)
}

// Skills is what members of a group offer, as one of them sees it.
type Skills struct {
	Group Group
	List  []Skill
	Named []Offer // those who want to be known, with their lines; for organizers
	Mine  Offer   // the reader's, without Person when there is none
	May   bool    // offer something
	Names bool    // the reader may know handles
}

// Skills tells a member what is offered.
func (s *Service) Skills(ctx context.Context, by authz.Actor, handle string) (out Skills, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out = Skills{}
		m, err := s.inside(ctx, tx, by, handle, authz.SeeInside)
		if err != nil {
			return err
		}
		out.Group, out.May, out.Names = m.Group, authz.May(by, authz.TakeTask, m.sub), authz.May(by, authz.SeeSkills, m.sub)
		all, err := offersIn(ctx, tx, m.Group.ID, m.today)
		out.List = tally(all, out.Names)
		for i := range all {
			if all[i].Person == by.Person {
				out.Mine = all[i]
			}
			if out.Names && all[i].Shared {
				out.Named = append(out.Named, all[i])
			}
		}
		return err
	})
	if err != nil {
		return Skills{}, err
	}
	for i := range out.Named {
		if err := s.open(ctx, &out.Named[i]); err != nil {
			return Skills{}, err
		}
	}
	return out, s.open(ctx, &out.Mine)
}

// open reads a line; "" when its key is gone.
func (s *Service) open(ctx context.Context, o *Offer) error {
	if len(o.sealed) == 0 {
		return nil
	}
	k, err := s.Vault.Existing(ctx, ScopePrefix+o.month)
	if errors.Is(err, seal.ErrDestroyed) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find the key of a line: %w", err)
	}
	line, err := k.Open(SealedTable, "sealed", string(o.Group)+" "+string(o.Person), o.sealed)
	o.Line = string(line)
	return err
}

// OfferSkills says what the actor offers in a group, from today on for another 180 days.
func (s *Service) OfferSkills(ctx context.Context, by authz.Actor, handle string, in SkillInput, now time.Time) error {
	var m member
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		m, err = s.inside(ctx, tx, by, handle, authz.TakeTask)
		return err
	})
	if err != nil {
		return err
	}
	codes, err := in.parse()
	if err != nil {
		return err
	}
	o := Offer{Group: m.Group.ID, Person: by.Person, Codes: codes, Shared: in.Shared, month: now.UTC().Format("2006-01")}
	if in.Line != "" {
		k, err := s.Vault.Key(ctx, ScopePrefix+o.month)
		if err != nil {
			return fmt.Errorf("make the key of a month: %w", err)
		}
		o.sealed = k.Seal(s.Entropy, SealedTable, "sealed", string(o.Group)+" "+string(o.Person), []byte(in.Line))
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := s.inside(ctx, tx, by, handle, authz.TakeTask); err != nil {
			return err
		}
		o.Ends = day.Of(tx.Now().AddDate(0, 0, skillDays))
		if o.sealed != nil {
			first := time.Date(now.Year(), now.Month()+keptMonths, 1, 0, 0, 0, 0, time.UTC)
			if err := s.Jobs.Enqueue(ctx, tx, forgetMonth{o.month}, job.Insert{RunAt: first, Unique: o.month}); err != nil {
				return err
			}
		}
		return putOffer(ctx, tx, &o)
	})
}

// DropSkills takes back what the actor offers in a group.
func (s *Service) DropSkills(ctx context.Context, by authz.Actor, handle string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		m, err := s.inside(ctx, tx, by, handle, authz.SeeInside)
		if err != nil {
			return err
		}
		return deleteOffer(ctx, tx, m.Group.ID, by.Person)
	})
}

// HeldSkills lists what a person offers, for their own eyes.
func (s *Service) HeldSkills(ctx context.Context, tx *db.Tx, p id.Person) (list []Offer, of []Group, err error) {
	list, err = offersBy(ctx, tx, p)
	for i := range list {
		if err == nil {
			err = s.open(ctx, &list[i])
		}
		if err == nil {
			var g Group
			g, err = s.Groups.ByID(ctx, tx, list[i].Group)
			of = append(of, g)
		}
	}
	return list, of, err
}
