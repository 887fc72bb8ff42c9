package app_test

import (
	"strings"

	"convoke/internal/authz"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/ladders"
)

// climbed is a campaign of riverside with a ladder that somebody can declare something
// for, of which one step is halted.
func (s *stand) climbed(by authz.Actor) {
	s.t.Helper()
	ctx := s.t.Context()
	for i, do := range []func() error{
		func() error {
			in := campaigns.Input{Handle: "more-benches", Title: "Benches for all", Lang: "en", State: campaigns.Open}
			_, err := s.Campaigns.Create(ctx, by, "riverside", s.IDs.Secret(), in)
			return err
		},
		func() error {
			return s.Ladders.SaveText(ctx, by, "more-benches", 0, `{"steps":[{"key":"first","title":"First of all","kind":"other"},
				{"key":"next","title":"Then","kind":"walkout","after":["first"],"gate":{"trigger":{"name":"They say no","delegates":["`+by.Handle+`"],"k":1}}}]}`)
		},
		func() error { return s.Ladders.Publish(ctx, by, "more-benches", 1, "") },
		func() error {
			_, err := s.Ladders.Act(ctx, by, "more-benches", ladders.ActInput{Step: "first", Group: "riverside", Do: "halt", Note: "It rains."})
			return err
		},
	} {
		if err := do(); err != nil {
			s.t.Fatalf("%d: %v", i, err)
		}
	}
}

// climbedToo says whether the ladder came along: as a draft of its organizers, and where
// it stood for everybody.
func (s *stand) climbedToo() {
	t := s.t
	t.Helper()
	wants(t, s.visitor().Get("/campaigns/more-benches"), "First of all Halted", "Then Waiting", "This is where it stood on example.org on")
	s.visitor().Get("/campaigns/more-benches/ladder").Want(t, 404, "")
	draft := s.column("select draft from ladder")[0]
	if !strings.Contains(draft, "They say no") || strings.Contains(draft, "delegates") {
		t.Errorf("the draft is %s", draft)
	}
	if n := s.count("select count(*) from ladder_version") + s.count("select count(*) from ladder_step"); n != 0 {
		t.Error("what moved there moves here")
	}
}
