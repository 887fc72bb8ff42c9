package ladders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Held is one thing that ladders hold about a person, for their own eyes.
type Held struct {
	// Table is ladder or ladder_version, whose text names them as one who declares
	// something; ladder_delegate, where they can declare it; or ladder_agree, where they
	// have said something that another owner has to say, too.
	Table    string
	Campaign id.Campaign
	// What is what they can declare, or the step that they spoke of; "" of ladder_delegate
	// is that they are named there at all.
	What     string
	Declared bool
	Act      string // as in [DoUp]
	Version  int    // of ladder_version
}

// HeldOf lists all that the feature holds about a person.
func (s *Service) HeldOf(ctx context.Context, tx *db.Tx, p id.Person) ([]Held, error) {
	handle, err := handleOf(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	out, err := namedIn(ctx, tx, handle)
	if err != nil {
		return nil, err
	}
	for _, x := range []struct{ table, q string }{
		{"ladder_delegate", `select d.campaign_id, coalesce(w.label, ''), d.declared, '' from ladder_delegate d
			left join ladder_watch w on w.campaign_id = d.campaign_id and w.atom = d.atom where d.person_id = $1 order by d.campaign_id, d.atom`},
		{"ladder_agree", "select campaign_id, step, 1 = 0, act from ladder_agree where person_id = $1 order by campaign_id, step, act"},
	} {
		rows, err := db.Query(ctx, tx, x.q, []any{string(p)}, func(scan func(...any) error) (Held, error) {
			h := Held{Table: x.table}
			return h, scan(&h.Campaign, &h.What, &h.Declared, &h.Act)
		})
		if err != nil {
			return nil, fmt.Errorf("read what is held in %s: %w", x.table, err)
		}
		out = append(out, rows...)
	}
	return out, nil
}

func handleOf(ctx context.Context, tx *db.Tx, p id.Person) (handle string, err error) {
	err = tx.Get(ctx, "select handle from person where id = $1", []any{string(p)}, &handle)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return handle, err
}

// namedIn lists the drafts and versions whose triggers name a handle.
func namedIn(ctx context.Context, tx *db.Tx, handle string) ([]Held, error) {
	if handle == "" {
		return nil, nil
	}
	// Too much is found here, as "_" stands for any letter; what is read is asked again.
	all, err := db.Query(ctx, tx, `select 'ladder', campaign_id, 0, draft from ladder where draft like $1
		union all select 'ladder_version', campaign_id, version, plan from ladder_version where plan like $1 order by 2, 1, 3`,
		[]any{`%"` + handle + `"%`}, func(scan func(...any) error) (Held, error) {
			var h Held
			var text string
			if err := scan(&h.Table, &h.Campaign, &h.Version, &text); err != nil {
				return h, err
			}
			var p Plan
			if err := json.Unmarshal([]byte(text), &p); err != nil {
				return h, err
			}
			h.What = strings.Join(p.declarable(handle), "; ")
			return h, nil
		})
	if err != nil {
		return nil, fmt.Errorf("find a handle in ladders: %w", err)
	}
	return slices.DeleteFunc(all, func(h Held) bool { return h.What == "" }), nil
}

// declarable are the names of the triggers that a handle can declare.
func (p *Plan) declarable(handle string) (out []string) {
	p.leaves(func(_ *Step, g *Gate) {
		if t := g.Trigger; t != nil && slices.Contains(t.Delegates, handle) && !slices.Contains(out, t.Name) {
			out = append(out, t.Name)
		}
	})
	return out
}

// forget removes handles from the triggers, and reports whether there were any.
func (p *Plan) forget(gone func(handle string) bool) (found bool) {
	p.leaves(func(_ *Step, g *Gate) {
		if t := g.Trigger; t != nil {
			n := len(t.Delegates)
			t.Delegates = slices.DeleteFunc(t.Delegates, gone)
			found = found || len(t.Delegates) < n
		}
	})
	return found
}

// MemberLeft takes the right to declare something from who is a member of no owner of
// the campaign any more, and their handle from its ladder. What the record has is the
// number of delegates, so its proof stays.
func (s *Service) MemberLeft(ctx context.Context, tx *db.Tx, f fact.MemberLeft) error {
	all, err := campaignsNaming(ctx, tx, f.Person)
	for _, c := range all {
		err = errors.Join(err, s.unlessMember(ctx, tx, c, f.Person))
	}
	return err
}

// GroupCleared does that for all members of a group that ended its work long ago.
func (s *Service) GroupCleared(ctx context.Context, tx *db.Tx, f fact.GroupCleared) error {
	owned, err := s.Campaigns.OwnedBy(ctx, tx, f.Group)
	for _, c := range owned {
		all, err2 := delegatesOf(ctx, tx, c, named)
		err = errors.Join(err, err2)
		for _, d := range all {
			err = errors.Join(err, s.unlessMember(ctx, tx, c, d.Person))
		}
	}
	return err
}

func (s *Service) unlessMember(ctx context.Context, tx *db.Tx, c id.Campaign, p id.Person) error {
	still, err := s.member(ctx, tx, c, p)
	if err != nil || still {
		return err
	}
	return s.forget(ctx, tx, c, p)
}

// PersonGone takes somebody's handle from all ladders, before their account is erased.
func (s *Service) PersonGone(ctx context.Context, tx *db.Tx, p id.Person) error {
	all, err := campaignsNaming(ctx, tx, p)
	for _, c := range all {
		err = errors.Join(err, s.forget(ctx, tx, c, p))
	}
	return err
}

// member reports whether somebody is a member of a group that owns a campaign.
func (s *Service) member(ctx context.Context, tx *db.Tx, c id.Campaign, p id.Person) (bool, error) {
	handle, err := handleOf(ctx, tx, p)
	if err != nil || handle == "" {
		return false, err
	}
	owners, err := s.Campaigns.Owners(ctx, tx, c)
	if err != nil {
		return false, err
	}
	same, err := s.Elsewhere.Member(ctx, tx, owners, handle)
	if fault.Is(err, fault.KindNotFound) {
		return false, nil
	}
	return err == nil && same == p, err
}

func (s *Service) forget(ctx context.Context, tx *db.Tx, c id.Campaign, p id.Person) error {
	handle, err := handleOf(ctx, tx, p)
	if err != nil {
		return err
	}
	if err := forgetNames(ctx, tx, c, func(h string) bool { return h == handle }); err != nil {
		return err
	}
	atoms, err := db.Column[string](ctx, tx, "select atom from ladder_delegate where campaign_id = $1 and person_id = $2", string(c), string(p))
	if err != nil {
		return err
	}
	touch(tx, c)
	for _, atom := range atoms {
		if err := errors.Join(dropDelegate(ctx, tx, c, atom, p), s.countDeclared(ctx, tx, c, atom)); err != nil {
			return err
		}
	}
	return nil
}

// forgetNames removes handles from the draft of a ladder and all its versions.
func forgetNames(ctx context.Context, tx *db.Tx, c id.Campaign, gone func(handle string) bool) error {
	r, ok, err := rowOf(ctx, tx, c)
	if err != nil || !ok {
		return err
	}
	if r.Draft.forget(gone) {
		if err := putRow(ctx, tx, &r); err != nil {
			return err
		}
	}
	versions, err := versionsOf(ctx, tx, c, 0, r.Version)
	if err != nil {
		return err
	}
	for i := range versions {
		v := &versions[i]
		if !v.Plan.forget(gone) {
			continue
		}
		_, err := tx.Exec(ctx, "update ladder_version set plan = $3 where campaign_id = $1 and version = $2", string(c), v.Version, v.Plan.JSON())
		if err != nil {
			return fmt.Errorf("forget a delegate: %w", err)
		}
	}
	return nil
}

// expireNames forgets who could declare something in ladders that have been over for
// long enough.
func (s *Service) expireNames(ctx context.Context) error {
	for n := newsPage; n == newsPage; {
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			due, err := namesDue(ctx, tx, tx.Now().Add(-newsAfter), newsPage)
			n = len(due)
			for _, c := range due {
				touch(tx, c)
				err = errors.Join(err, forgetNames(ctx, tx, c, func(string) bool { return true }), dropAllDelegates(ctx, tx, c))
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
