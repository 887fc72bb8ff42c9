package campaigns

import (
	"context"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

// Sample is a campaign of the demo.
type Sample struct {
	Input
	Points    string // Markdown
	Demands   []DemandInput
	Template  Template
	Owners    []id.Group
	Endorsers []id.Group
	Events    []id.Event
}

// CreateSample stores the demo's campaign without asking who may.
func (s *Service) CreateSample(ctx context.Context, tx *db.Tx, in Sample) error {
	c, err := in.parse(nil)
	if err != nil {
		return err
	}
	c.ID, c.Form, c.Created, c.Updated = id.Campaign(s.IDs.New()), s.IDs.Secret(), tx.Now(), tx.Now()
	c.Points, c.Template = 1, 1
	if _, err := insertCampaign(ctx, tx, &c); err != nil {
		return err
	}
	var p parser
	err = insertPoints(ctx, tx, c.ID, Points{Version: 1, Body: in.Points, HTML: p.markdown("points", in.Points), Day: day.Of(tx.Now())})
	if err != nil {
		return err
	}
	in.Template.Version = 1
	if err := insertTemplate(ctx, tx, c.ID, in.Template); err != nil {
		return err
	}
	for i, d := range in.Demands {
		x := Demand{Number: i + 1, Body: d.Body, Addressee: d.Addressee, State: "open"}
		if err := insertDemand(ctx, tx, c.ID, x, ""); err != nil {
			return err
		}
		if err := addChange(ctx, tx, c.ID, x.Number, 1, Change{State: x.State, Day: day.Of(tx.Now())}); err != nil {
			return err
		}
	}
	for _, g := range in.Owners {
		if err := putOwner(ctx, tx, c.ID, g, Owns); err != nil {
			return err
		}
	}
	for _, g := range in.Endorsers {
		if err := putEndorsement(ctx, tx, c.ID, g, 1, false); err != nil {
			return err
		}
	}
	for _, e := range in.Events {
		if err := s.Events.Join(ctx, tx, e, c.ID, in.Template); err != nil {
			return err
		}
		if err := putEntry(ctx, tx, entry{Event: e, Campaign: c.ID, Group: in.Owners[0], State: Accepted, Day: day.Of(tx.Now())}); err != nil {
			return err
		}
	}
	touch(tx, c.ID)
	return nil
}
