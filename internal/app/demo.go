package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"convoke/internal/db"
	"convoke/internal/demo"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/id"
)

// LoadDemo fills an empty database with the bundled sample of real events, and
// with one neutral group that has upcoming ones, so that a sign-up can be
// tried. It reports false when the database holds events already.
func (n *Node) LoadDemo(ctx context.Context, progress func(rows int)) (bool, error) {
	empty, err := n.empty(ctx)
	if err != nil || !empty {
		return false, err
	}
	if err := n.demoGroup(ctx); err != nil {
		return false, fmt.Errorf("make the example group: %w", err)
	}
	sample := demo.Sample()
	report := events.NewReport(io.Discard, false)
	err = n.Events.ImportCSV(ctx, sample, events.ImportOptions{
		Source: events.Source{ID: "sample", Name: demo.Name, Kind: "csv", URL: demo.URL, Credit: demo.Credit, Sample: true},
		Now:    n.Clock.Now(), Gazetteer: n.Places, Progress: progress,
	}, report)
	if err = errors.Join(err, sample.Close(), report.Close(report.Summary())); err != nil {
		return false, fmt.Errorf("load the sample: %w", err)
	}
	return true, n.loadInfo(ctx)
}

func (n *Node) empty(ctx context.Context) (bool, error) {
	var k int
	err := n.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, "select count(*) from (select 1 from event limit 1) e", nil, &k)
	})
	return k == 0, err
}

// demoEvents are dated from the day of loading.
var demoEvents = [...]struct {
	days     int
	from, to string
	in       events.Input
}{
	{3, "10:00", "13:00", events.Input{
		Title: "Riverside clean-up", Kind: "mutual_aid", State: events.Confirmed, Near: "Leipzig", Place: "Clara-Zetkin-Park, north gate",
		Description: "We pick up what the high water left along the bank, sort it, and have soup afterwards. Children are welcome with an adult.\n\nPlease bring:\n\n- boots that may get wet\n- a cup for the soup\n- gloves, if you have some",
		Lang:        "en", AccessYes: []string{"step_free", "seating", "free_entry"}, AccessNo: []string{"hearing_loop"},
		AccessNote: "Step-free from the tram stop. Toilet 200 m away.", Capacity: "60",
	}},
	{5, "18:30", "20:30", events.Input{
		Title: "Open assembly", Kind: "assembly", State: events.Confirmed, Near: "Leipzig", Place: "Library, large hall",
		Description: "Everybody from the quarter can speak and propose. We begin with the minutes of last time.",
		Lang:        "en", AccessYes: []string{"step_free", "toilet", "sign_language", "childcare"}, Capacity: "120",
	}},
	{9, "19:00", "20:00", events.Input{
		Title: "First aid for everyday life", Kind: "training", State: events.Proposed, Near: "Leipzig", Place: "Fire station, upper floor",
		Description: "One hour of practice: recovery position, heat, calling for help.", Lang: "en", AccessNo: []string{"step_free"}, Capacity: "2",
	}},
	{12, "17:00", "18:00", events.Input{
		Title: "Walk for a safe crossing", Kind: "march", State: events.Confirmed, Near: "Leipzig", Place: "Market square",
		Description: "A slow walk from the market to the school, with a stop at the crossing.", Lang: "en", AccessYes: []string{"step_free", "free_entry"},
	}},
	{16, "20:00", "21:30", events.Input{
		Title: "How to run a tool library", Kind: "online", State: events.Confirmed, OnlineURL: "https://example.org/tool-library", Zone: "Europe/Berlin",
		Description: "Three groups tell what worked. With captions.", Lang: "en", AccessYes: []string{"captions", "free_entry"},
	}},
}

func (n *Node) demoGroup(ctx context.Context) error {
	return n.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := n.Groups.CreateSample(ctx, tx, groups.CreateInput{
			Name: "Riverside Neighbours", Handle: "riverside", Place: "Leipzig", Langs: []string{"de", "en"},
			About: "People who live between the two bridges and want the bank to be clean, safe and open to all.",
		})
		if err != nil {
			return err
		}
		return n.demoUpcoming(ctx, tx, g)
	})
}

func (n *Node) demoUpcoming(ctx context.Context, tx *db.Tx, g id.Group) error {
	for _, d := range demoEvents {
		in := d.in
		in.StartDate, in.StartTime, in.EndTime = tx.Now().AddDate(0, 0, d.days).Format(time.DateOnly), d.from, d.to
		if _, err := n.Events.CreateSample(ctx, tx, g, in); err != nil {
			return err
		}
	}
	return nil
}
