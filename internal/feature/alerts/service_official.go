package alerts

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/feature/alerts/official"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/web"
)

const officialPage = 50

// officialScope is the key from which the secrets of reports of warnings follow, which nobody
// has.
const officialScope = "alerts:official"

// warnings lists official warnings that hold: everywhere, or within some cells.
func (s *Service) warnings(ctx context.Context, tx *db.Tx, cells []geo.GridCell, category string) ([]official.Warning, error) {
	if s.Official == nil {
		return nil, nil
	}
	return s.Official.Current(ctx, tx, cells, category, officialPage)
}

// ReportOfficial makes a report of an official warning that holds within the network's
// area, so that its verifiers check it as they do others. It is the authority that reports
// it, not the verifier who presses the button: they may verify it, and whoever sends it
// still has to have seen it. key is the form's, note the words of the report.
//
// However often and by whomever, a warning is one report of a network.
func (s *Service) ReportOfficial(ctx context.Context, by authz.Actor, handle, key, warning, note string) error {
	if !id.ValidSecret(key) {
		return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	k, err := s.Vault.Key(ctx, officialScope)
	if err != nil {
		return err
	}
	var in ReportInput
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := s.queueOf(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		w, at, err := s.within(ctx, tx, n, warning)
		key = id.SecretOf(k.Tag("official warning", n.ID+" "+warning))
		in = ReportInput{Category: w.Category, Network: n.Handle, Place: coordinates(at.Middle()), Ago: "0", FirstHand: "heard", Note: note}
		return err
	})
	if err != nil {
		return err
	}
	return s.Report(ctx, authz.Actor{}, key, in)
}

// within is a warning that holds within the area of a network, and the cell of both that is
// nearest to the network's middle.
func (s *Service) within(ctx context.Context, tx *db.Tx, n *Network, warning string) (w official.Warning, at geo.GridCell, err error) {
	if s.Official == nil {
		return w, 0, web.ErrNotFound()
	}
	w, ok, err := s.Official.ByID(ctx, tx, warning)
	if err != nil || !ok {
		return w, 0, cmpErr(err)
	}
	area, err := areaOf(ctx, tx, n.ID)
	if err != nil {
		return w, 0, err
	}
	both, err := s.Official.Covers(ctx, tx, warning, area)
	if err != nil || len(both) == 0 {
		return w, 0, cmpErr(err)
	}
	at = both[0]
	for _, c := range both {
		if geo.Distance(c.Middle(), n.Middle) < geo.Distance(at.Middle(), n.Middle) {
			at = c
		}
	}
	return w, at, nil
}
