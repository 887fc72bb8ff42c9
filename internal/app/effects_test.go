package app_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/ladders"
	"convoke/internal/feature/polls"
)

// proposed drafts something of a group, which everybody may read.
func (s *stand) proposed(by authz.Actor, group string, in polls.Input) polls.ID {
	s.t.Helper()
	ctx := s.t.Context()
	pid, err := s.Polls.Create(ctx, by, group, s.IDs.Secret(), in)
	for _, do := range []string{"discuss", "publish"} {
		if err == nil {
			err = s.Polls.Move(ctx, by, string(pid), do)
		}
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return pid
}

// opened opens a poll on it: by name, where delegates vote.
func (s *stand) opened(by authz.Actor, pid polls.ID, preset string) (poll, box string) {
	s.t.Helper()
	id, err := s.Polls.Opens(s.t.Context(), by, string(pid), s.IDs.Secret(), polls.OpenInput{
		Sequence: 2, Preset: preset, Gate: "members", Secrecy: "named", Day: s.clock.Now().AddDate(0, 0, 7).Format(time.DateOnly), Time: "18:00",
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return string(id), s.column("select box_id from poll where id = $1", string(id))[0]
}

// say has all three delegates say the same.
func (x *alliance) say(poll string, paper ...byte) {
	x.t.Helper()
	for n, who := range []string{"harbour", "hill", "riverside"} {
		if err := x.Polls.Vote(x.t.Context(), x.actors[who], poll, polls.VoteInput{Seat: n, Paper: paper}); err != nil {
			x.t.Fatal(err)
		}
	}
}

// TestEffectsThatCannotBe are refused when they are proposed, each with a word on why.
func TestEffectsThatCannotBe(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newAlliance(s)
		x.forwards()
		ctx := t.Context()
		x.climbs()
		if _, err := s.Campaigns.Create(ctx, x.actors["hill"], "hill", s.IDs.Secret(), campaigns.Input{Handle: "over", Title: "Over", Lang: "en", State: campaigns.Ended}); err != nil {
			t.Fatal(err)
		}
		for _, g := range []struct {
			group string
			in    polls.Input
			code  string
		}{
			{"valley", polls.Input{Effect: "demand", Title: "We demand a bridge"}, "proposal.no_demand"},
			{"valley", polls.Input{Effect: "demand", Options: "Demand 1\nA bridge\nNone of these"}, "proposal.no_demand"},
			{"valley", polls.Input{Effect: "demand", Options: "Demand 1\nDemand 7\nNone of these"}, "proposal.no_demand"}, // it was merged
			{"hill", polls.Input{Effect: "demand", Options: "Demand 1\nDemand 2"}, "proposal.not_owner"},
			{"valley", polls.Input{Effect: "met", Subject: "99:met"}, "proposal.demand_number"},
			{"valley", polls.Input{Effect: "met", Subject: "0:met"}, "proposal.demand_number"},
			{"valley", polls.Input{Effect: "met", Subject: "1:gone"}, "proposal.subject"},
			{"valley", polls.Input{Effect: "met", Subject: "first:met"}, "proposal.subject"},
			{"hill", polls.Input{Effect: "met", Subject: "1:met"}, "proposal.not_owner"},
			{"valley", polls.Input{Effect: "step", Subject: "nowhere"}, "proposal.no_step"},
			{"valley", polls.Input{Effect: "halt", Subject: ""}, "proposal.no_step"},
			{"valley", polls.Input{Effect: "step", Subject: "over"}, "proposal.step_over"},
			{"hill", polls.Input{Effect: "step", Subject: "wait"}, "proposal.not_owner"},
			{"hill", polls.Input{Effect: "down"}, "proposal.not_owner"},
			{"hill", polls.Input{Effect: "down", Campaign: "over"}, "proposal.not_open"},
			{"valley", polls.Input{Effect: "endorse", Campaign: "over"}, "proposal.not_open"},
			{"hill", polls.Input{Effect: "delegate", Subject: "valley 99 nonsense"}, "proposal.subject"},
			{"hill", polls.Input{Effect: "delegate", Subject: "valley x"}, "proposal.subject"},
			{"hill", polls.Input{Effect: "delegate", Subject: "harbour"}, "proposal.no_coalition"},
			{"hill", polls.Input{Effect: "delegate", Subject: "nobody"}, "proposal.no_coalition"},
			{"hill", polls.Input{Effect: "delegate", Subject: "valley 2"}, "proposal.no_seat"},
			{"hill", polls.Input{Effect: "delegate", Subject: "valley 1 free 1999-01-01"}, "proposal.term"},
			{"hill", polls.Input{Effect: "delegate", Subject: "valley 1 free 2029-01-01"}, "proposal.term"},
			{"hill", polls.Input{Effect: "delegate", Subject: "valley"}, "proposal.no_candidates"},
			{"hill", polls.Input{Effect: "delegate", Subject: "valley", Options: "of-alternate\nof-riverside"}, "poll.no_candidate"},
		} {
			if g.in.Body, g.in.Lang = "So be it.", "en"; g.in.Title == "" {
				g.in.Title = "We decide"
			}
			if g.in.Campaign == "" && g.in.Effect != "delegate" {
				g.in.Campaign = "clear-water"
			}
			who := "riverside"
			if g.group == "hill" {
				who = "hill"
			}
			_, err := s.Polls.Create(ctx, x.actors[who], g.group, s.IDs.Secret(), g.in)
			refused(t, err, g.code)
		}
	})
}

// climbs publishes a ladder of the coalition's campaign: one step is over, one waits. The
// campaign has one demand.
func (x *alliance) climbs() {
	x.t.Helper()
	ctx, by := x.t.Context(), x.actors["riverside"]
	err := x.Campaigns.AddDemand(ctx, by, "clear-water", 0, campaigns.DemandInput{Body: "Clear water", Addressee: "The water board"})
	if err == nil {
		err = x.Ladders.SaveText(ctx, by, "clear-water", 0, `{"steps":[{"key":"over","title":"Over","kind":"other"},
			{"key":"runs","title":"Runs","kind":"other"},{"key":"wait","title":"Wait","kind":"other","gate":{"date":"2030-01-01T12:00","zone":"Europe/Berlin"}}]}`)
	}
	if err == nil {
		err = x.Ladders.Publish(ctx, by, "clear-water", 1, "")
	}
	if err == nil {
		_, err = x.Ladders.Act(ctx, by, "clear-water", ladders.ActInput{Step: "over", Group: "valley", Do: "met"})
	}
	if err != nil {
		x.t.Fatal(err)
	}
}

// TestWhatIsVotedOnBecomesADemand: whoever merges the winner into another demand while the
// poll is open, or takes it back, undoes nothing.
func TestWhatIsVotedOnBecomesADemand(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newAlliance(s)
		left := x.forwards()
		named := func(body string) string { return x.column("select id from demand_candidate where body = $1", body)[0] }
		for n, meanwhile := range []func() error{
			func() error {
				return s.Campaigns.Merge(t.Context(), x.actors["riverside"], "clear-water", named(left[0]), named(left[1]))
			},
			func() error {
				return s.Campaigns.Retire(t.Context(), x.actors["harbour"], "clear-water", named(left[2]))
			},
		} {
			winner := []string{left[0], left[2]}[n]
			pid := x.proposed(x.actors["riverside"], "valley", polls.Input{
				Title: "Which?", Body: "One of two.", Lang: "en", Effect: "demand", Campaign: "clear-water", Options: winner + "\n" + left[3],
			})
			poll, box := x.opened(x.actors["riverside"], pid, "rank")
			x.say(poll, 1, 2)
			if err := meanwhile(); err != nil {
				t.Fatal(err)
			}
			s.closes(box)
			s.later()
			wants(t, s.visitor().Get("/polls/"+poll), "Adopted: "+winner)
			wants(t, s.visitor().Get("/campaigns/clear-water"), winner, "decided by a vote")
		}
		if got := strings.Join(x.column("select body from demand order by number"), ", "); got != left[0]+", "+left[2] {
			t.Errorf("the demands are %s", got)
		}
	})
}

// TestDecisionsThatCameToNothing: what could be done when it was proposed and cannot any
// more is not put to the vote; and when that happens while people vote, the page of the
// result says so.
func TestDecisionsThatCameToNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newAlliance(s)
		x.forwards()
		x.climbs()
		ctx, a := t.Context(), x.actors
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		walks := campaigns.Input{Handle: "walks", Title: "Walks", Lang: "en", State: campaigns.Open}
		_, err := s.Campaigns.Create(ctx, a["riverside"], "riverside", s.IDs.Secret(), walks)
		must(err)
		must(s.Campaigns.AddDemand(ctx, a["riverside"], "walks", 0, campaigns.DemandInput{Body: "Walks", Addressee: "The town"}))
		must(s.Campaigns.Ask(ctx, a["riverside"], "walks", "hill"))
		must(s.Campaigns.Join(ctx, a["hill"], "walks", "hill"))
		all := []struct {
			who, group string
			in         polls.Input
			preset     string
			paper      []byte
			meanwhile  func() error
			code, says string
			poll, box  string
			later      polls.ID
		}{
			{
				who: "hill", group: "hill", in: polls.Input{Effect: "met", Campaign: "walks", Subject: "1:met"}, preset: "majority", paper: []byte{0},
				meanwhile: func() error { return s.Campaigns.Leave(ctx, a["hill"], "walks", "hill") }, code: "proposal.not_owner", says: "no owner of this campaign",
			},
			{
				who: "harbour", group: "harbour", in: polls.Input{Effect: "endorse", Campaign: "walks"}, preset: "majority", paper: []byte{0}, meanwhile: func() error {
					walks.State = campaigns.Ended
					seq, err := strconv.Atoi(s.column("select sequence from campaign where handle = 'walks'")[0])
					must(err)
					return s.Campaigns.Edit(ctx, a["riverside"], "walks", seq, walks)
				}, code: "proposal.not_open", says: "not open, or has ended",
			},
			{
				who: "riverside", group: "valley", in: polls.Input{Effect: "halt", Campaign: "clear-water", Subject: "runs"}, preset: "majority", paper: []byte{0}, meanwhile: func() error {
					_, err := s.Ladders.Act(ctx, a["riverside"], "clear-water", ladders.ActInput{Step: "runs", Group: "valley", Do: "met"})
					return err
				}, code: "proposal.step_over", says: "This step is over",
			},
			{
				who: "riverside", group: "valley", in: polls.Input{Effect: "demand", Campaign: "clear-water", Options: "Demand 1\nDemand 2\nNeither"}, preset: "rank", paper: []byte{1, 2, 0},
				meanwhile: func() error {
					for n := 1; n < 40; n++ {
						must(s.Campaigns.AddDemand(ctx, a["riverside"], "clear-water", n, campaigns.DemandInput{Body: "More " + strconv.Itoa(n), Addressee: "The town"}))
					}
					return nil
				}, code: "proposal.many_demands", says: "as many demands as it can have",
			},
			{
				who: "hill", group: "hill", in: polls.Input{Effect: "delegate", Subject: "valley 1", Options: "of-alternate\nof-hill"}, preset: "rank", paper: []byte{1, 2},
				meanwhile: func() error { return s.Coalitions.Leave(ctx, a["hill"], "valley", "hill") }, code: "proposal.no_coalition", says: "belongs to no coalition",
			},
			{
				who: "riverside", group: "valley", in: polls.Input{Effect: "part", Subject: "harbour"}, preset: "majority", paper: []byte{0},
				meanwhile: func() error { return s.Coalitions.Leave(ctx, a["harbour"], "valley", "harbour") }, code: "proposal.not_involved", says: "does not belong to the coalition",
			},
		}
		for i := range all {
			g := &all[i]
			g.in.Title, g.in.Body, g.in.Lang = "We decide", "So be it.", "en"
			g.later = x.proposed(a[g.who], g.group, g.in)
			g.poll, g.box = x.opened(a[g.who], x.proposed(a[g.who], g.group, g.in), g.preset)
			if g.group == "valley" {
				x.say(g.poll, g.paper...)
			} else {
				s.votes(a[g.who], g.box, g.paper)
			}
		}
		wants(t, s.visitor().Get("/polls/"+all[3].poll), "“Neither” is no demand: if it wins, none comes of it.")
		for i := range all {
			g := &all[i]
			must(g.meanwhile())
			_, err := s.Polls.Opens(ctx, a[g.who], string(g.later), s.IDs.Secret(), polls.OpenInput{
				Sequence: 2, Preset: g.preset, Gate: "members", Secrecy: "named", Day: "2026-05-10", Time: "18:00",
			})
			refused(t, err, g.code)
			s.closes(g.box)
			s.later()
			wants(t, s.visitor().Get("/polls/"+g.poll), "Adopted", "This could not be carried out, or not all of it:", g.says)
			if u := s.pollJSON(s.visitor(), "/polls/"+g.poll).Undone; len(u) != 1 || u[0].Code != g.code {
				t.Errorf("%s is not told as JSON: %v", g.code, u)
			}
		}
	})
}

// TestWhatDecisionsBecome: each effect, proposed, voted on and counted, and then read on
// the page that shows what it became.
func TestWhatDecisionsBecome(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newAlliance(s)
		x.forwards()
		x.climbs()
		a := x.actors
		_, err := s.Campaigns.Create(t.Context(), a["riverside"], "riverside", s.IDs.Secret(), campaigns.Input{Handle: "walks", Title: "Walks", Lang: "en", State: campaigns.Open})
		if err != nil {
			t.Fatal(err)
		}
		const campaign, ladder = "/campaigns/clear-water", "/campaigns/clear-water/ladder"
		for _, g := range []struct {
			name, who, group string
			in               polls.Input
			preset           string
			paper            []byte
			page             string   // that shows it
			by               string   // who reads it; "" is anybody
			not              string   // what it says before
			says             []string // and afterwards
		}{
			{
				"a demand, by one of several", "riverside", "valley", polls.Input{Effect: "demand", Campaign: "clear-water", Options: "Demand 2\nDemand 4"}, "rank", []byte{2, 1},
				campaign, "", "Demand 4", []string{"Demand 4", "decided by a vote"},
			},
			{
				"a demand, by yes and no", "riverside", "valley", polls.Input{Title: "Demand 5", Effect: "demand", Campaign: "clear-water"}, "majority", []byte{0},
				campaign, "", "Demand 5", []string{"Demand 5"},
			},
			{
				"a demand is met in part", "riverside", "valley", polls.Input{Effect: "met", Campaign: "clear-water", Subject: "1:partly_met"}, "majority", []byte{0},
				campaign, "", "Partly met", []string{"Partly met"},
			},
			{
				"a step opens", "riverside", "valley", polls.Input{Effect: "step", Campaign: "clear-water", Subject: "wait"}, "majority", []byte{0},
				ladder, "", "Wait Open", []string{"Wait Open", "a poll decided it"},
			},
			{
				"a step halts", "riverside", "valley", polls.Input{Effect: "halt", Campaign: "clear-water", Subject: "runs"}, "majority", []byte{0},
				ladder, "", "Runs Halted", []string{"Runs Halted"},
			},
			{
				"a delegate", "hill", "hill", polls.Input{Effect: "delegate", Subject: "valley 1 bound 2027-05-31", Options: "of-alternate\nof-hill"}, "rank", []byte{1, 2},
				"/groups/hill/delegates", "hill", "is asked", []string{"of-alternate is asked, until May 31, 2027", "Bound mandate"},
			},
			{
				"an endorsement", "hill", "hill", polls.Input{Effect: "endorse", Campaign: "walks"}, "majority", []byte{0},
				"/campaigns/walks", "", "Endorsed by", []string{"Endorsed by 1 group", "Group hill"},
			},
			{
				"a task", "hill", "hill", polls.Input{Title: "Print the flyers", Effect: "task", Subject: "of-alternate 2026-05-20"}, "majority", []byte{0},
				"/groups/hill/tasks", "hill", "Print the flyers", []string{"Print the flyers", "of-alternate", "May 20"},
			},
			{
				"the campaign stands down", "riverside", "valley", polls.Input{Effect: "down", Campaign: "clear-water"}, "majority", []byte{0},
				campaign, "", "has stood down", []string{"This campaign has stood down"},
			},
		} {
			if g.in.Body, g.in.Lang = "So be it.", "en"; g.in.Title == "" {
				g.in.Title = "We decide"
			}
			b := s.visitor()
			if g.by != "" {
				b = x.browsers[g.by]
			}
			if text := b.Get(g.page).Want(t, 200, "").Text("main"); strings.Contains(text, g.not) {
				t.Errorf("%s: it is so before anybody decides: %s", g.name, text)
			}
			poll, box := s.opened(a[g.who], s.proposed(a[g.who], g.group, g.in), g.preset)
			if g.group == "valley" {
				x.say(poll, g.paper...)
			} else {
				s.votes(a[g.who], box, g.paper)
			}
			s.closes(box)
			s.later()
			result := s.visitor().Get("/polls/"+poll).Want(t, 200, "").Text("main")
			if !strings.Contains(result, "Adopted") || strings.Contains(result, "could not be carried out") {
				t.Errorf("%s: the result says %s", g.name, result)
			}
			wants(t, b.Get(g.page), g.says...)
		}
	})
}
