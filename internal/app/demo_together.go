package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/assemblies"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/coalitions"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/ladders"
	"convoke/internal/feature/polls"
	"convoke/internal/id"
	"convoke/internal/record/box"
)

// demoRound is the coalition of all groups of the demo.
var demoRound = groups.CreateInput{
	Name: "Neighbourhood Round", Handle: "round", Place: "Leipzig", Langs: []string{"en", "de"},
	About: "Neighbours, gardeners and lenders of tools from three towns. We swap what each has too much of, and decide together what we ask of our towns.",
}

var demoUnity = coalitions.Input{
	Settings: coalitions.Settings{Weights: string(coalitions.ByGroup), Polls: "open", Entry: string(coalitions.ByApplying), Seats: 1, Notice: 7},
	Band:     1,
	Points: "- Each group decides for itself, and speaks only for itself.\n- What we decide together, we decide by a vote that everybody can read and count again.\n" +
		"- Tools, seeds and minutes are shared free of charge.\n- Nobody who gives something gets a say for it.",
}

// demoPeople are accounts that nobody can sign in to: of each group its steward, who is
// its delegate, and a member.
var demoPeople = [len(demoGroups)][2]string{{"sample-willow", "sample-heron"}, {"sample-thyme", "sample-sage"}, {"sample-anchor", "sample-buoy"}}

// demoRanking and demoCalendar are decided by the coalition, demoSoup is talked about in
// the first group.
var (
	demoRanking = polls.Input{
		Title: "Which of our demands comes first?", Lang: "en", Effect: string(fact.EffectDemand), Campaign: demoHandle,
		Body: "Each group has put one demand forward. The delegates put the three in order, as their groups see it.\n\n" +
			"The first one becomes a demand of **Two weeks of open doors**. The other two stay on the list for next time.",
	}
	demoCalendar = polls.Input{
		Title: "One calendar for tools and seeds", Lang: "en",
		Body: "From spring on we keep **one calendar** of lending days and seed swaps.\n\n- Each group enters its own days.\n" +
			"- The Harbour Tool Library looks after it for the first year.\n- It ends after that year, unless we decide to go on.",
	}
	demoSoup = polls.Input{
		Title: "Soup indoors in the cold months", Lang: "en",
		Body: "After a clean-up we eat our soup on the bank. From **November to March** we go to the library hall instead.\n\n" +
			"- The hall is free for us on Saturdays until 15:00.\n- Whoever cooks gets the key from the library.\n- We leave the hall as we found it.",
	}
	demoWarmer = polls.AmendInput{
		Body: "After a clean-up we eat our soup on the bank. From **December to February** we go to the library hall instead.\n\n" +
			"- The hall is free for us on Saturdays until 15:00.\n- Whoever cooks gets the key from the library.\n- We leave the hall as we found it.",
		Why: "November and March are dry most years, and outside more people stop and join us.",
	}
)

// demoForward are what the groups put forward, in their order.
var demoForward = [len(demoGroups)]string{
	"A bench every 200 metres on the way to the library.",
	"A tap with drinking water in every park.",
	"A dry place at every library for a cargo bike to borrow.",
}

// demoPapers are how their delegates rank these. The first one wins: two of three put it
// before each of the others.
var demoPapers = [len(demoGroups)][]byte{{1, 2, 3}, {2, 1, 3}, {2, 3, 1}}

// demoKey is the key of a form of the demo: what is stored twice with it is stored once.
func demoKey(form string) string {
	h := sha256.Sum256([]byte("sample " + form))
	return id.SecretOf(h[:])
}

// teller tells the story of how the groups of the demo decide together, as its people
// would: by what everybody can do. Each step can be done again and changes nothing then,
// so that a load that broke off goes on.
type teller struct {
	n     *Node
	round id.Group
	by    [len(demoPeople)][2]authz.Actor
	now   time.Time
}

// day is the date so many days from now.
func (x *teller) day(n int) string { return x.now.AddDate(0, 0, n).Format(time.DateOnly) }

// demoTogether makes the coalition of groups that there are, in the order of [demoGroups].
func (n *Node) demoTogether(ctx context.Context, tx *db.Tx, all []id.Group) (id.Group, error) {
	x := teller{n: n}
	if err := x.meet(ctx, tx); err != nil {
		return "", err
	}
	for i, g := range all {
		for k, role := range [...]authz.Role{authz.Steward, authz.Member} {
			if err := n.Groups.Join(ctx, tx, g, x.by[i][k].Person, groups.Admission{Role: string(role)}); err != nil {
				return "", err
			}
		}
	}
	c, err := n.Groups.CreateSample(ctx, tx, demoRound)
	if err != nil {
		return "", err
	}
	in := demoUnity
	in.Group = demoGroups[0].Handle
	return c, n.Coalitions.CreateSample(ctx, tx, x.by[0][0], c, in)
}

// meet finds the people, or makes them.
func (x *teller) meet(ctx context.Context, tx *db.Tx) (err error) {
	for i, names := range demoPeople {
		for k, h := range names {
			if x.by[i][k], err = x.n.Identity.CreateSample(ctx, tx, h); err != nil {
				return err
			}
		}
	}
	return nil
}

// demoStory goes on from [Node.demoTogether]: the others come in, a demand is chosen, a
// poll is open, a text is discussed, delegates meet, the campaign has a ladder, and two groups
// warn each other.
func (n *Node) demoStory(ctx context.Context) error {
	x := teller{n: n}
	err := n.DB.Write(ctx, func(tx *db.Tx) error {
		x.now = tx.Now()
		g, err := n.Groups.ByHandle(ctx, tx, demoRound.Handle)
		if x.round = g.ID; err != nil {
			return err
		}
		return x.meet(ctx, tx)
	})
	if err != nil {
		return err
	}
	if err := x.unite(ctx); err != nil {
		return fmt.Errorf("send delegates: %w", err)
	}
	ranking, err := x.choose(ctx)
	if err != nil {
		return fmt.Errorf("choose a demand: %w", err)
	}
	calendar, err := x.vote(ctx)
	if err != nil {
		return fmt.Errorf("open a poll: %w", err)
	}
	if err := x.discuss(ctx); err != nil {
		return fmt.Errorf("discuss a proposal: %w", err)
	}
	if err := x.assemble(ctx, ranking, calendar); err != nil {
		return fmt.Errorf("hold an assembly: %w", err)
	}
	if err := x.climb(ctx, ranking, calendar); err != nil {
		return fmt.Errorf("publish a ladder: %w", err)
	}
	if err := x.warn(ctx); err != nil {
		return fmt.Errorf("warn each other: %w", err)
	}
	return nil
}

// unite lets the other groups come into the coalition, with their delegates.
func (x *teller) unite(ctx context.Context) error {
	mandates := [...]coalitions.AppointInput{
		1: {Mandate: coalitions.Advised, Everybody: true, Instructions: "Water before benches, if it comes to a choice. Ask us again before anything costs money."},
		2: {Mandate: coalitions.Free},
	}
	for i := 1; i < len(mandates); i++ {
		by, group, in := x.by[i][0], demoGroups[i].Handle, mandates[i]
		if err := x.n.Coalitions.Apply(ctx, by, demoRound.Handle, group, coalitions.Terms{Version: 1, Band: i}); err != nil {
			return err
		}
		if err := x.n.Coalitions.Accept(ctx, x.by[0][0], demoRound.Handle, group); err != nil {
			return err
		}
		in.Coalition, in.Person, in.Alternate, in.Day = demoRound.Handle, by.Handle, x.by[i][1].Handle, x.day(300)
		did, err := x.n.Coalitions.Appoint(ctx, by, group, demoKey("delegate "+group), in)
		if err == nil {
			err = x.n.Coalitions.Take(ctx, x.by[i][1], did) // as alternate
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// propose puts a text up for discussion, for everybody to read.
func (x *teller) propose(ctx context.Context, group string, in polls.Input) (string, error) {
	pid, err := x.n.Polls.Create(ctx, x.by[0][0], group, demoKey(in.Title), in)
	for _, do := range [...]string{"discuss", "publish"} {
		if err == nil {
			err = x.n.Polls.Move(ctx, x.by[0][0], string(pid), do)
		}
	}
	return string(pid), err
}

// open opens a poll of the coalition by name, on a text that was just put up.
func (x *teller) open(ctx context.Context, in polls.Input, rules polls.OpenInput) (proposal, poll string, err error) {
	if proposal, err = x.propose(ctx, demoRound.Handle, in); err != nil {
		return "", "", err
	}
	rules.Sequence, rules.Secrecy, rules.Gate, rules.Day, rules.Time = 2, "named", box.GateMembers, x.day(7), "20:00"
	p, err := x.n.Polls.Opens(ctx, x.by[0][0], proposal, demoKey("poll "+in.Title), rules)
	return proposal, string(p), err
}

// votes puts a delegate's paper into a poll; it is late when the poll was closed before
// the load broke off.
func (x *teller) votes(ctx context.Context, i int, poll string, paper []byte) error {
	in := polls.VoteInput{Paper: paper}
	err := x.n.DB.Read(ctx, func(tx *db.Tx) error {
		seats, err := x.n.Coalitions.Electorate(ctx, tx, x.round)
		in.Seat = slices.IndexFunc(seats, func(s coalitions.Seat) bool { return s.Person == x.by[i][0].Person })
		return err
	})
	if err == nil {
		err = x.n.Polls.Vote(ctx, x.by[i][0], poll, in)
	}
	if fault.HasCode(err, "poll.late") {
		return nil
	}
	return err
}

// choose has each group put a demand forward, and the delegates rank them.
func (x *teller) choose(ctx context.Context) (proposal string, err error) {
	in := demoRanking
	for i, body := range demoForward {
		group := demoGroups[i].Handle
		err := x.n.Campaigns.PutForward(ctx, x.by[i][0], demoHandle, group, demoKey("demand "+group), campaigns.DemandInput{Body: body, Addressee: "The town councils"})
		if err != nil {
			return "", err
		}
		in.Options += body + "\n"
	}
	proposal, poll, err := x.open(ctx, in, polls.OpenInput{Preset: "rank", Quorum: "2", Early: true})
	for i, paper := range demoPapers {
		if err == nil {
			err = x.votes(ctx, i, poll, paper)
		}
	}
	if err == nil {
		err = x.n.Polls.CloseEarly(ctx, x.by[0][0], poll)
	}
	if err == nil {
		err = x.n.Polls.Count(ctx, polls.PollID(poll))
	}
	return proposal, err
}

// vote opens a poll in which one delegate has voted.
func (x *teller) vote(ctx context.Context) (proposal string, err error) {
	proposal, poll, err := x.open(ctx, demoCalendar, polls.OpenInput{Preset: "two_thirds", Quorum: "2"})
	if err == nil {
		err = x.votes(ctx, 2, poll, []byte{0}) // yes
	}
	return proposal, err
}

// discuss has the first group talk about a text, and somebody propose another one.
func (x *teller) discuss(ctx context.Context) error {
	p, err := x.propose(ctx, demoGroups[0].Handle, demoSoup)
	for k, text := range [...]string{
		"I can bring the pots by cargo bike. Does the hall have a step?",
		"None at the side door. I have asked the library for its key.",
	} {
		if err == nil {
			err = x.n.Polls.Say(ctx, x.by[0][1-k], p, demoKey("comment "+text), "", text)
		}
	}
	if err == nil {
		_, err = x.n.Polls.Amend(ctx, x.by[0][1], p, demoKey("amendment"), demoWarmer)
	}
	return err
}

// assemble has the delegates meet: once in the past, and once to come.
func (x *teller) assemble(ctx context.Context, ranking, calendar string) error {
	in := assemblies.Input{
		Title: "Delegates’ evening", Lang: "en", Start: "19:00", End: "20:30", Public: true, FirstFirst: true, Speak: "3",
		Place: "Library, small hall", OnlineURL: "https://example.org/round", OnlineInside: true,
		About: "The delegates of the three groups meet. Everybody can listen, and who belongs to one of the groups can ask to speak.",
	}
	past := assemblies.Sample{
		Input: in, Form: demoKey("past assembly"), Called: 10, People: 14,
		Items: []assemblies.SampleItem{
			{
				ItemInput:  assemblies.ItemInput{Title: "How we find a common demand", Minutes: "30", Link: "/proposals/" + ranking},
				NotesInput: assemblies.NotesInput{Notes: "One demand of each group, or one of all? Everybody wanted one that all three can stand behind.", Decisions: "Each group puts one demand forward. The delegates rank them, and the first becomes a demand of the campaign."},
			},
			{
				ItemInput: assemblies.ItemInput{Title: "One calendar", Minutes: "20", Link: "/proposals/" + calendar},
				NotesInput: assemblies.NotesInput{
					Notes: "Three lists on paper are out of date within a week.", Decisions: "The Harbour Tool Library proposes how one calendar could work.",
				},
			},
			{
				ItemInput: assemblies.ItemInput{Title: "Open doors: who visits which council", Minutes: "10", Link: "/campaigns/" + demoHandle},
				NotesInput: assemblies.NotesInput{
					Notes: "We talk about it again next time, when we know who would listen.",
					Tasks: []assemblies.TaskInput{{Body: "Ask the three councils when they receive visitors", Owner: x.by[1][0].Handle, Until: x.day(6)}},
				},
			},
		},
	}
	past.Day = x.day(-9)
	var before assemblies.ID
	err := x.n.DB.Write(ctx, func(tx *db.Tx) (err error) {
		before, err = x.n.Assemblies.CreateSample(ctx, tx, x.round, past)
		return err
	})
	if err != nil {
		return err
	}
	in.Day = x.day(8)
	by := x.by[0][0]
	next, err := x.n.Assemblies.Create(ctx, by, demoRound.Handle, demoKey("next assembly"), in)
	for _, i := range [...]assemblies.ItemInput{
		{Title: "Minutes of last time", Minutes: "10", Link: "/assemblies/" + string(before) + "/minutes"},
		{Title: "The vote on one calendar", Minutes: "15", Link: "/proposals/" + calendar},
		{Title: "Open doors: who visits which council", Minutes: "30", Link: "/campaigns/" + demoHandle + "/ladder"},
	} {
		if err == nil {
			err = x.n.Assemblies.AddItem(ctx, by, next, demoKey("item "+i.Title), "", i)
		}
	}
	if err == nil {
		err = x.n.Assemblies.Call(ctx, by, next, 0, false)
	}
	return err
}

// climb publishes the ladder of the campaign: one step is met, one is open, three wait.
func (x *teller) climb(ctx context.Context, ranking, calendar string) error {
	const zone, petition, pledge = "Europe/Berlin", "keep-the-library-open-on-sundays", "a-tool-for-the-garden-day"
	delegates := []string{x.by[0][0].Handle, x.by[1][0].Handle, x.by[2][0].Handle}
	plan := ladders.Plan{Steps: []ladders.Step{
		{
			Key: "agree", Title: "We agree on what we ask for", Kind: "poll", Link: "/proposals/" + ranking, About: "The three groups choose one demand together.",
			Gate: &ladders.Gate{Decision: &ladders.Decision{Proposal: ranking}},
		},
		{
			Key: "ask", Title: "We ask for open Sundays", Kind: "petition", Link: "/petitions/" + petition, About: "Everybody can sign, without an account.",
			Gate:  &ladders.Gate{Step: "agree", State: ladders.Met},
			MetBy: &ladders.Gate{Count: &ladders.Count{Petition: petition, People: 1000}},
		},
		{
			Key: "doors", Title: "We open our doors", Kind: "day_of_action", Link: "/campaigns/" + demoHandle, After: []string{"agree"},
			Gate: &ladders.Gate{Date: x.day(3) + "T10:00", Zone: zone},
		},
		{
			Key: "visit", Title: "Delegates visit the councils", Kind: "delegation", After: []string{"ask", "doors"},
			About: "They bring the signatures and the numbers of the two weeks, and ask for a date by which there is an answer.",
			Gate: &ladders.Gate{Any: []ladders.Gate{
				{Count: &ladders.Count{Petition: petition, People: 100}}, {Turnout: &ladders.Turnout{Campaign: true, Low: 150}},
			}},
			MetBy: &ladders.Gate{Trigger: &ladders.Trigger{Name: "A council has named a date for its answer", Delegates: delegates, K: 2}},
		},
		{
			Key: "lanterns", Title: "A walk with lanterns past all libraries", Kind: "other", After: []string{"visit"},
			About: "Only with enough hands, and with the calendar that tells all three towns when. If there is an answer before, we do not need it.",
			Gate: &ladders.Gate{All: []ladders.Gate{
				{Decision: &ladders.Decision{Proposal: calendar}}, {Count: &ladders.Count{Pledge: pledge, People: 21}},
			}},
			Lapses: &ladders.Moment{Date: x.day(90) + "T18:00", Zone: zone},
		},
	}}
	if err := x.n.Ladders.SaveText(ctx, x.by[0][0], demoHandle, 0, plan.JSON()); err != nil {
		return err
	}
	if err := x.n.Ladders.Publish(ctx, x.by[0][0], demoHandle, 1, ""); err != nil {
		return err
	}
	for i := range 2 { // what goes on takes two people of two owners
		in := ladders.ActInput{Step: "agree", Group: demoGroups[i].Handle, Do: ladders.DoMet, Note: "The ranking is counted, and the demand stands."}
		if _, err := x.n.Ladders.Act(ctx, x.by[i][0], demoHandle, in); err != nil {
			return err
		}
	}
	return nil
}
