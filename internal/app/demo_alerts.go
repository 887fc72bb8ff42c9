package app

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/fact"
	"convoke/internal/feature/alerts"
)

// demoNetwork is the alert network of the first two groups of the demo.
var demoNetwork = alerts.NetworkInput{
	Handle: "leipzig", Name: "Leipzig neighbours", Area: "Leipzig, Germany; 8", Categories: []string{"weather", "fire", "utility", "service", "road"},
	Rules: "- One of us goes there and looks, if it is safe.\n- Nobody is named or described.\n- When in doubt we send nothing, and look again.",
}

// demoReports are what was reported, each in a cell of its own.
var demoReports = [...]struct{ category, place, note string }{
	{"road", "51.3400, 12.3700", "The bridge by the market is closed, also for bicycles."},
	{"utility", "51.3100, 12.4300", "No water in the whole quarter."},
	{"service", "51.3650, 12.3300", "The clinic is closed today."},
}

// warn starts the network with three verifiers: an alert holds now, one was corrected and
// is over, and a report waits.
func (x *teller) warn(ctx context.Context) error {
	willow, thyme, n, first, second := x.by[0][0], x.by[1][0], x.n.Alerts, demoNetwork, demoGroups[1].Handle
	first.Group = demoGroups[0].Handle
	for _, do := range []func() error{
		func() error { return n.Start(ctx, willow, demoKey("network"), first) },
		func() error { return n.Ask(ctx, willow, first.Handle, second) },
		func() error { return n.Answer(ctx, thyme, first.Handle, second, true) },
		func() error { return n.Name(ctx, willow, first.Handle, first.Group, x.by[0][1].Handle) },
		func() error { return n.Name(ctx, thyme, first.Handle, second, thyme.Handle) },
	} {
		if err := do(); err != nil {
			return err
		}
	}
	for _, r := range demoReports {
		err := n.Report(ctx, authz.Actor{}, demoKey("report "+r.category), alerts.ReportInput{
			Category: r.category, Place: r.place, Network: first.Handle, Ago: "30", FirstHand: "seen", Note: r.note,
		})
		if err != nil {
			return err
		}
	}
	if _, err := x.send(ctx, alerts.Message{Kind: fact.AlertNew, Category: "road", Guidance: []string{"detour"}, Lasts: 720}, fact.AlertNew); err != nil {
		return err
	}
	water := alerts.Message{Kind: fact.AlertNew, Category: "utility", Guidance: []string{"neighbours", "store"}, Lasts: 240}
	for _, then := range [...]fact.AlertKind{fact.AlertNew, fact.AlertCorrect, fact.AlertClear} {
		if over, err := x.send(ctx, water, then); err != nil || over {
			return err
		}
	}
	return nil
}

// send has two verifiers tell of the case of a category, or change what they told, unless
// that is done. It says whether the last of it was an all-clear already.
func (x *teller) send(ctx context.Context, m alerts.Message, kind fact.AlertKind) (over bool, err error) {
	n, by, handle := x.n.Alerts, x.by[0][1], demoNetwork.Handle
	q, err := n.Queue(ctx, by, handle, alerts.Confirmed, m.Category, 0)
	sent := len(q.Cases) > 0
	if err == nil && !sent {
		q, err = n.Queue(ctx, by, handle, alerts.Fresh, m.Category, 0)
	}
	if err != nil || len(q.Cases) == 0 { // a day after it broke off: what was reported is forgotten
		return true, err
	}
	c := q.Cases[0]
	subject := c.ID
	if sent {
		_, last, _, err := n.Next(ctx, by, handle, c.Chain)
		if err != nil || kind == fact.AlertNew || last.Kind == kind || last.Kind == fact.AlertClear {
			return last.Kind == fact.AlertClear, err
		}
		subject = c.Chain
	}
	m.Kind, m.Basis, m.Confidence, m.Cells, m.Seen = kind, alerts.Seen, alerts.Certain, []string{c.Cell.String()}, c.Seen.Unix()
	if err := n.Propose(ctx, by, handle, subject, m, true, demoChecks); err != nil {
		return false, err
	}
	d := alerts.Draft{Subject: subject, Message: m}
	_, err = n.Confirm(ctx, x.by[1][0], handle, subject, d.Hash(), false, demoChecks)
	return false, err
}

// demoChecks is how many things a verifier has made sure of: all.
const demoChecks = 3
