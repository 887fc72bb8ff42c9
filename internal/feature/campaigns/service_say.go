package campaigns

import (
	"context"
	"strings"

	"convoke/internal/api"
	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// AddDemand adds a demand under the next number. after is how many there were
// when the form was opened: sent twice, it adds one. A request with a key is known
// by that instead.
func (s *Service) AddDemand(ctx context.Context, by authz.Actor, handle string, after int, in DemandInput) error {
	d, err := in.parse(true)
	if err != nil {
		return err
	}
	return s.edit(ctx, by, handle, func(tx *db.Tx, c *Campaign, _ Seat) error {
		all, err := demandsOf(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		n := len(all)
		again := 0
		if in.Key != "" {
			if again, err = demandOfForm(ctx, tx, c.ID, in.Key); err != nil {
				return err
			}
		}
		switch {
		case again > 0 && (all[again-1].Body != d.Body || all[again-1].Addressee != d.Addressee):
			return api.ErrKeyReused()
		case again > 0:
			return nil
		case in.Key == "" && n > 0 && n == after+1 && all[n-1].Body == d.Body && all[n-1].Addressee == d.Addressee:
			return nil // the same form once more
		case n >= maxDemands:
			return fault.Conflict("demand.many", "A campaign has at most {n} demands.", "n", maxDemands)
		}
		x := d
		x.Number = n + 1
		if err := insertDemand(ctx, tx, c.ID, x, in.Key); err != nil {
			return err
		}
		return addChange(ctx, tx, c.ID, x.Number, 1, Change{State: x.State, Day: day.Of(tx.Now())})
	})
}

// ChangeDemand says where a demand stands now, and why. Its words stay as they
// were: who endorsed did so because of them. Where several groups own the campaign,
// only a poll of one of them moves a demand (see [Service.Decided]); the others can add
// what happened.
func (s *Service) ChangeDemand(ctx context.Context, by authz.Actor, handle string, number int, in DemandInput) error {
	now, err := in.parse(false)
	if err != nil {
		return err
	}
	return s.edit(ctx, by, handle, func(tx *db.Tx, c *Campaign, _ Seat) error {
		all, err := demandsOf(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		if number < 1 || number > len(all) {
			return fault.NotFound("demand.not_found", "There is no demand with this number.")
		}
		d := all[number-1]
		note := strings.TrimSpace(in.Note)
		if last := d.History[len(d.History)-1]; last.State == now.State && last.Note == note {
			return nil
		}
		if d.State != now.State {
			several, err := s.shared(ctx, tx, c.ID)
			if err != nil {
				return err
			}
			if several {
				return fault.Invalid(fault.Field("state", "demand.decision",
					"Several groups own this campaign, so a vote of one of them decides where a demand stands. Propose it in your group."))
			}
		}
		d.State = now.State
		if err := setDemandState(ctx, tx, c.ID, d); err != nil {
			return err
		}
		if err := addChange(ctx, tx, c.ID, number, len(d.History)+1, Change{State: d.State, Note: note, Day: day.Of(tx.Now())}); err != nil {
			return err
		}
		all[number-1].State = d.State
		return s.tellDemands(ctx, tx, c.ID, all, "")
	})
}

// tellDemands says where all demands stand, after a poll decided so, or "".
func (s *Service) tellDemands(ctx context.Context, tx *db.Tx, c id.Campaign, all []Demand, poll string) error {
	x := fact.DemandsStand{Campaign: c, Poll: poll}
	for _, d := range all {
		switch d.State {
		case "met":
			x.Met++
		case "withdrawn":
		default:
			x.Open++
		}
	}
	return s.Facts.Emit(ctx, tx, x)
}

// SetPoints makes a new version of the points of unity. version is the one that
// the form was filled from. Endorsements keep the version that they agreed to.
func (s *Service) SetPoints(ctx context.Context, by authz.Actor, handle string, version int, body string) error {
	var p parser
	html := p.markdown("body", body)
	if strings.TrimSpace(body) == "" {
		p.fail("body", "campaign.no_points", "Write what groups agree to when they endorse.")
	}
	if err := fault.Invalid(p.fields...); err != nil {
		return err
	}
	return s.edit(ctx, by, handle, func(tx *db.Tx, c *Campaign, _ Seat) error {
		old, err := pointsOf(ctx, tx, c.ID, c.Points)
		if err != nil || old.Body == body {
			return err
		}
		if c.Points != version {
			return errChangedMeanwhile()
		}
		c.Points++
		return insertPoints(ctx, tx, c.ID, Points{Version: c.Points, Body: body, HTML: html, Day: day.Of(tx.Now())})
	})
}
