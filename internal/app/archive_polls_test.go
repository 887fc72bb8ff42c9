package app_test

import (
	"convoke/internal/authz"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/polls"
)

// voted is a proposal of riverside that was changed, voted on and decided; one that is
// drafted; and the election of delegates, which names people.
func (s *stand) voted(by authz.Actor) {
	s.t.Helper()
	ctx := s.t.Context()
	create := func(in polls.Input) string {
		s.t.Helper()
		pid, err := s.Polls.Create(ctx, by, "riverside", s.IDs.Secret(), in)
		if err != nil {
			s.t.Fatal(err)
		}
		return string(pid)
	}
	pid := create(polls.Input{Title: "Benches", Body: "One **bench**.", Lang: "en", Options: "Wood\nStone"})
	for _, demand := range []string{"One", "Two"} {
		err := s.Campaigns.PutForward(ctx, by, "open-doors", "riverside", s.IDs.Secret(), campaigns.DemandInput{Body: demand, Addressee: "The house"})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	create(polls.Input{Title: "Which demand", Body: "We choose.", Lang: "en", Options: "One\nTwo", Effect: "demand", Campaign: "open-doors"})
	for _, k := range s.column("select id from demand_candidate") { // what is put forward stays here
		if err := s.Campaigns.Retire(ctx, by, "open-doors", k); err != nil {
			s.t.Fatal(err)
		}
	}
	create(polls.Input{Title: "A task", Body: "Somebody does it.", Lang: "en", Effect: "task", Subject: by.Handle})
	poll := polls.PollID("")
	for i, do := range []func() error{
		func() error { return s.Polls.Move(ctx, by, pid, "discuss") },
		func() error {
			return s.Polls.Edit(ctx, by, pid, 1, polls.Input{Title: "Benches", Body: "Two **benches**.", Lang: "en", Options: "Wood\nStone", Note: "One is not enough."})
		},
		func() error { return s.Polls.Move(ctx, by, pid, "publish") },
		func() (err error) {
			poll, err = s.Polls.Opens(ctx, by, pid, s.IDs.Secret(), polls.OpenInput{Sequence: 3, Preset: "rank", Gate: "members", Day: "2026-06-10", Time: "18:00", Early: true})
			return err
		},
		func() error { return s.Polls.CloseEarly(ctx, by, string(poll)) },
		func() error { _, err := s.Jobs.RunPending(ctx); return err },
		func() error { return s.Polls.CountDue(ctx) },
	} {
		if err := do(); err != nil {
			s.t.Fatalf("%d: %v", i, err)
		}
	}
}

// votedToo says whether the decisions of a group came along, as the other server told
// them.
func (s *stand) votedToo() {
	t := s.t
	t.Helper()
	page := s.visitor().Get("/proposals/"+s.column("select id from poll_proposal where title = 'Benches'")[0]).Want(t, 200, "")
	wants(t, page, "Two benches", "Not adopted.", "0 votes were cast", "People voted on this on example.org", "Text 1, changed on")
	if n := s.count("select count(*) from poll_proposal where title = 'Which demand' and effect = 'demand' and campaign_id is not null"); n != 1 {
		t.Error("what a draft does is lost")
	}
	if n := s.count("select count(*) from poll"); n != 0 {
		t.Error("a vote has come in")
	}
}
