package app_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/record/verify"
	"convoke/internal/web/webtest"
)

// demoTables are what the story of the sample is stored in.
var demoTables = [...]string{
	"person", "groups", "member", "coalition_member", "delegate", "demand", "demand_candidate", "poll_proposal", "poll_text", "poll_comment",
	"poll_amendment", "poll", "poll_seat", "assembly", "assembly_item", "assembly_line", "ladder_version", "ladder_step", "ladder_move", "announcement", "task",
	"alert_network", "alert_owner", "alert_verifier", "alert_report", "alert_case", "alert", "alert_draft",
}

func (s *stand) demoRows() (out []int) {
	for _, table := range demoTables {
		out = append(out, s.count("select count(*) from "+table))
	}
	return out
}

func (s *stand) demo() {
	s.t.Helper()
	if err := errors.Join(s.DemoGroups(s.t.Context()), s.DemoStory(s.t.Context())); err != nil {
		s.t.Fatal(err)
	}
}

// verified counts the whole public record again.
func (s *stand) verified() *verify.Report {
	s.t.Helper()
	if err := s.Record.Anchor(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	r, err := verify.Verify(s.t.Context(), served{s.visitor()}, verify.Options{})
	if err != nil || !r.Right() {
		s.t.Errorf("counted again: %+v, %v", r, err)
	}
	return r
}

// What the groups of the sample decide together has a page each, which everybody can
// read, and the record of it is right.
func TestDemoTogether(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		s.demo()
		s.later()
		v := s.visitor()
		href := func(of string, text string) string {
			t.Helper()
			for _, a := range v.Get(of).Want(t, 200, "").All("main a") {
				if strings.Contains(webtest.Text(a), text) {
					return webtest.Attr(a, "href")
				}
			}
			t.Fatalf("%s has no link %q", of, text)
			return ""
		}
		wants(t, v.Get("/groups/round"), "Neighbourhood Round", "3 groups belong to it. 3 delegates speak for them.")
		wants(t, v.Get("/groups/round/coalition"), "Nobody who gives something gets a say for it.")
		wants(t, v.Get("/groups/round/delegates"), "Riverside Neighbours", "Hill Gardeners", "Harbour Tool Library", "Advised mandate")
		if got := v.Get("/groups/hill/delegates").Text("details .prose"); !strings.Contains(got, "Water before benches") {
			t.Errorf("the instructions say %q", got)
		}
		ranking := href("/proposals", "Which of our demands comes first?")
		wants(t, v.Get(ranking), "Adopted")
		wants(t, v.Get(href(ranking, "Vote")), "Adopted: A bench every 200 metres on the way to the library.", "3 votes were cast", "A bench every 200 metres on the way to the library is before A tap with drinking water in every park on 2 votes")
		calendar := href("/proposals", "One calendar for tools and seeds")
		wants(t, v.Get(href(calendar, "Vote")), "Open", "Votes until now 1")
		wants(t, v.Get(href("/proposals", "Soup indoors")), "In discussion", "None at the side door.", "November and March are dry")
		next := href("/assemblies", "Delegates’ evening")
		wants(t, v.Get(next), "Called", "The vote on one calendar")
		past := href("/assemblies?when=past", "Delegates’ evening")
		wants(t, v.Get(past), "Closed", "14")
		wants(t, v.Get(past+"/minutes"), "The delegates rank them", "Ask the three councils when they receive visitors")
		wants(t, v.Get("/campaigns/open-doors"), "A bench every 200 metres", "decided by a vote")
		wants(t, v.Get("/campaigns/open-doors/forward"), "A tap with drinking water in every park.")
		states := s.column("select state from ladder_step order by state")
		if !slices.Equal(states, []string{"met", "open", "waiting", "waiting", "waiting"}) {
			t.Errorf("the steps are %v", states)
		}
		wants(t, v.Get("/campaigns/open-doors/ladder"), "Met", "Open", "Waiting", "A walk with lanterns")
		now := v.Get("/alerts")
		wants(t, now, "Road or transit closure", "All clear: Water, power, heating or phones cut")
		wants(t, v.Get("/alerts/networks/leipzig"), "Leipzig neighbours", "Riverside Neighbours", "Hill Gardeners", "fewer than ten")
		if got := s.column("select category from alert_case where state = 'new'"); !slices.Equal(got, []string{"service"}) {
			t.Errorf("%v wait for verifiers", got)
		}
		if n := s.count("select count(*) from alert_verifier"); n != 3 {
			t.Errorf("%d verify", n)
		}
		if n := s.count("select count(*) from groups where not sample"); n != 0 {
			t.Errorf("%d groups are not marked as a sample", n)
		}
		r := s.verified()
		results := 0
		for _, b := range r.Boxes {
			if b.Result != nil {
				results++
			}
		}
		if results != 1 {
			t.Errorf("%d results in the record: %+v", results, r)
		}
	})
}

// Nobody can sign in to the accounts of the sample, but with a link of the operator.
func TestDemoPeople(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		s.demo()
		for _, words := range []string{"", "sample-willow"} {
			if a := s.visitor().Post("/sign-in", "handle", "sample-willow", "words", words); a.Status != 422 {
				t.Errorf("signing in with %q answers %d", words, a.Status)
			}
		}
		path, err := s.Identity.ResetSignIn(t.Context(), "sample-thyme")
		if err != nil {
			t.Fatal(err)
		}
		j, err := s.Identity.Reset(t.Context(), strings.TrimPrefix(path, "/reset/"), "")
		if err != nil {
			t.Fatal(err)
		}
		thyme := s.visitor().WithSession(j.Session)
		wants(t, thyme.Get("/groups/mine"), "Hill Gardeners", "Neighbourhood Round")
		poll := "/polls/" + s.column("select id from poll where state = 'open'")[0]
		thyme.Post(poll+"/vote", "one", "0", "do", "confirm").Want(t, 303, poll)
	})
}

var errBroken = errors.New("the machine stops")

// Wherever the story of the sample breaks off, it goes on when it is told again, and
// nothing is there twice.
func TestDemoBreaksOff(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		if err := s.DemoGroups(ctx); err != nil {
			t.Fatal(err)
		}
		done := 0 // acts of people, each once
		left := 0
		audit := s.Polls.Audit
		breaks := func(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error {
			if left--; left < 0 {
				return errBroken
			}
			return audit(ctx, tx, by, action, subject)
		}
		s.Polls.Audit, s.Coalitions.Audit, s.Assemblies.Audit, s.Ladders.Audit = breaks, breaks, breaks, breaks
		for {
			left = 1
			err := s.DemoStory(ctx)
			if err == nil {
				break
			}
			if done++; !errors.Is(err, errBroken) || done > 100 {
				t.Fatalf("broken off %d times: %v", done, err)
			}
		}
		if done < 15 {
			t.Errorf("broke off %d times only", done)
		}
		was := s.demoRows()
		left = 0
		if err := s.DemoStory(ctx); err != nil {
			t.Fatal(err)
		}
		if now := s.demoRows(); !slices.Equal(was, now) {
			t.Errorf("%v became %v", was, now)
		}
		other := start(t, settings(t, ""))
		other.demo()
		if want := other.demoRows(); !slices.Equal(was, want) {
			t.Errorf("in steps it makes %v, at once %v", was, want)
		}
		s.verified()
	})
}
