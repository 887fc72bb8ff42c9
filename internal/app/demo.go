package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"convoke/internal/db"
	"convoke/internal/demo"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/petitions"
	"convoke/internal/id"
	"convoke/internal/record/box"
)

// demoSetting stands from before the first row of the sample until after its last,
// so that a load that broke off goes on at the next start.
const demoSetting = "demo.loading"

// demoHandle is that of the campaign.
const demoHandle = "open-doors"

// LoadDemo fills an empty database with the bundled sample of real events, and
// with neutral groups, one of which has upcoming ones, so that a sign-up can be
// tried, with a campaign, and with what they decide together. It reports false when
// the database holds other events.
func (n *Node) LoadDemo(ctx context.Context, progress func(rows int)) (bool, error) {
	empty, begun, err := n.demoState(ctx)
	if err != nil || !empty && !begun {
		return false, err
	}
	if !begun {
		if err := n.demoGroup(ctx); err != nil {
			return false, fmt.Errorf("make the example group: %w", err)
		}
	}
	sample, err := demo.Sample()
	if err != nil {
		return false, err
	}
	report := events.NewReport(io.Discard, false)
	err = n.Events.ImportCSV(ctx, sample, events.ImportOptions{
		Source: events.Source{ID: "sample", Name: demo.Name, Kind: "csv", URL: demo.URL, Credit: demo.Credit, Sample: true},
		Now:    n.Clock.Now(), Gazetteer: n.Places, Progress: progress,
	}, report)
	if err = errors.Join(err, sample.Close(), report.Close(report.Summary())); err != nil {
		return false, fmt.Errorf("load the sample: %w", err)
	}
	if err := n.demoStory(ctx); err != nil {
		return false, fmt.Errorf("let the example groups decide together: %w", err)
	}
	err = n.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "delete from setting where name = $1", demoSetting)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("end the loading of the sample: %w", err)
	}
	return true, n.loadInfo(ctx)
}

// demoState says whether the database holds no event, and whether a load of the
// sample broke off in it.
func (n *Node) demoState(ctx context.Context) (empty, begun bool, err error) {
	err = n.DB.Read(ctx, func(tx *db.Tx) error {
		var events, settings int
		if err := tx.Get(ctx, "select count(*) from (select 1 from event limit 1) e", nil, &events); err != nil {
			return err
		}
		err := tx.Get(ctx, "select count(*) from setting where name = $1", []any{demoSetting}, &settings)
		empty, begun = events == 0, settings > 0
		return err
	})
	return empty, begun, err
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

// demoGroups are neutral; the first one holds the events.
var demoGroups = [...]groups.CreateInput{
	{
		Name: "Riverside Neighbours", Handle: "riverside", Place: "Leipzig", Langs: []string{"de", "en"},
		About: "People who live between the two bridges and want the bank to be clean, safe and open to all.",
	},
	{
		Name: "Hill Gardeners", Handle: "hill", Place: "Dresden, Germany", Langs: []string{"de"},
		About: "We look after the terraces above the old quarry and share what grows there.",
	},
	{
		Name: "Harbour Tool Library", Handle: "harbour", Place: "Hamburg, Germany", Langs: []string{"en", "de"},
		About: "Drills, ladders and a cargo bike, lent by the day.",
	},
}

// demoPetition is open for signing by anybody.
var demoPetition = petitions.Input{
	Title: "Keep the library open on Sundays", Addressee: "The town council", Lang: "en", Gate: box.GateBrowser, Stages: "100, 1000, 10000",
	Markdown: "On Sundays many of us have time, and no warm and quiet place to read, learn and meet that costs nothing.\n\n" +
		"We ask the council:\n\n- to keep the library **open on Sundays** from 11:00 to 17:00,\n- to tell us by the end of the year what that would cost.",
}

// demoCampaign runs for the week of the demo's events.
func demoCampaign(now time.Time, owners, endorsers []id.Group, es []id.Event) campaigns.Sample {
	day := func(n int) string { return now.AddDate(0, 0, n).Format(time.DateOnly) }
	return campaigns.Sample{
		Input: campaigns.Input{
			Handle: demoHandle, Title: "Two weeks of open doors", Lang: "en", State: campaigns.Open, Dates: day(3) + " to " + day(16),
			Statement: "For two weeks groups in many towns **open their doors**: come and see what your neighbours do, and how to begin something of your own.\n\n" +
				"Each group decides for itself what to show. Whoever wants to show something where nothing is planned yet can host an event.",
		},
		Points: "- Everybody is welcome, and nothing costs money.\n- Each group speaks for itself.\n- We leave each place as we found it.",
		Demands: []campaigns.DemandInput{
			{Body: "A notice board at every tram stop that any group may use.", Addressee: "The town councils"},
			{Body: "One public room in each quarter that is open in the evening.", Addressee: "The town councils"},
		},
		Template: campaigns.Template{AccessNote: "Ask the hosts what you need: they answer."},
		Owners:   owners, Endorsers: endorsers, Events: es,
	}
}

func (n *Node) demoGroup(ctx context.Context) error {
	asked, err := n.Petitions.PrepareSample(ctx, demoPetition.Gate)
	if err != nil {
		return err
	}
	roll, err := n.Boxes.Prepare(ctx, box.RollInput{Gate: box.GateBrowser, Slots: 1})
	if err != nil {
		return err
	}
	return n.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, "insert into setting (name, value) values ($1, 'yes')", demoSetting); err != nil {
			return err
		}
		var all []id.Group
		for _, in := range demoGroups {
			g, err := n.Groups.CreateSample(ctx, tx, in)
			if err != nil {
				return err
			}
			all = append(all, g)
		}
		if err := n.demoPledge(ctx, tx, all[0], roll); err != nil {
			return err
		}
		es, err := n.demoUpcoming(ctx, tx, all[0])
		if err != nil {
			return err
		}
		if err := n.Petitions.CreateSample(ctx, tx, all[0], demoPetition, asked); err != nil {
			return err
		}
		round, err := n.demoTogether(ctx, tx, all)
		if err != nil {
			return err
		}
		return n.Campaigns.CreateSample(ctx, tx, demoCampaign(tx.Now(), []id.Group{all[0], all[1], round}, all[2:], es))
	})
}

func (n *Node) demoUpcoming(ctx context.Context, tx *db.Tx, g id.Group) ([]id.Event, error) {
	var out []id.Event
	for _, d := range demoEvents {
		in := d.in
		in.StartDate, in.StartTime, in.EndTime = tx.Now().AddDate(0, 0, d.days).Format(time.DateOnly), d.from, d.to
		e, err := n.Events.CreateSample(ctx, tx, g, in)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}
