package alerts

import (
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/fact"
	"convoke/internal/geo"
)

// whoIsCalled calls, and returns who was.
func whoIsCalled(t *testing.T, f *fixture, sent *outbox) []string {
	t.Helper()
	must(t, f.Call(f.ctx()))
	_, err := f.Jobs.RunPending(f.ctx())
	must(t, err)
	var got []string
	for _, m := range sent.all {
		got = append(got, strings.TrimSuffix(m.To, "@example.org"))
	}
	sent.all = nil
	slices.Sort(got)
	return got
}

func mailed(f *fixture) *outbox {
	sent := &outbox{}
	f.Post, f.BaseURL = &Post{addresses{}, sent}, "https://example.org"
	return sent
}

func waiting(t *testing.T, f *fixture, network string) []Case {
	t.Helper()
	q, err := f.Queue(f.ctx(), as("bo"), network, Fresh, "", 0)
	must(t, err)
	return q.Cases
}

func seenIn(in ReportInput, c geo.GridCell) ReportInput {
	in.Place = coordinates(c.Middle())
	return in
}

// TestCalledAgain: verifiers are called again to a case that comes back into the queue: given
// back, reopened, or because its verifier left.
func TestCalledAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		sent := mailed(f)
		f.network("bo", "cy", "dee")
		for name, back := range map[string]func(c string){
			"given back": func(c string) { must(t, f.Release(f.ctx(), as("bo"), "near", c)) },
			"reopened": func(c string) {
				must(t, f.Deny(f.ctx(), as("bo"), "near", c))
				must(t, f.Reopen(f.ctx(), as("cy"), "near", c))
			},
			"its verifier left": func(string) {
				must(t, f.Unname(f.ctx(), as("ada"), "near", "bo"))
				must(t, f.Name(f.ctx(), as("ada"), "near", "hill", "bo"))
			},
		} {
			advance(f, 13*time.Hour)
			_, err := f.report("", smoke())
			must(t, err)
			if len(whoIsCalled(t, f, sent)) == 0 {
				t.Fatal("nobody is called at first")
			}
			c := f.first().ID
			must(t, f.Claim(f.ctx(), as("bo"), "near", c))
			advance(f, 15*time.Minute)
			back(c)
			var got []string
			for range 12 {
				got = append(got, whoIsCalled(t, f, sent)...)
				advance(f, 5*time.Minute)
			}
			if len(got) == 0 {
				t.Errorf("%s: nobody is called within an hour", name)
			}
			must(t, f.Deny(f.ctx(), as("cy"), "near", c))
		}
	})
}

// TestReportedWhereItWasCorrected: an alert was corrected to somewhere else. What is reported
// where it was waits again.
func TestReportedWhereItWasCorrected(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		m := f.message(c)
		chain, err := f.send(c.ID, m, "bo", "cy")
		must(t, err)
		area := f.areaCells()
		m.Kind, m.Cells = fact.AlertCorrect, []string{area[0].String()}
		_, err = f.send(chain, m, "bo", "cy")
		must(t, err)
		_, err = f.report("", smoke())
		must(t, err)
		if n := len(waiting(t, f, "near")); n != 1 {
			t.Errorf("the alert is about %s now, and of a report from %s nothing waits", area[0], c.Cell)
		}
	})
}

// TestReportedBesideAnAlert: what is reported from the next cell, of which the alert says
// nothing, waits, also while it stands.
func TestReportedBesideAnAlert(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		_, err = f.send(c.ID, f.message(c), "bo", "cy")
		must(t, err)
		advance(f, time.Hour)
		for range 5 {
			_, err = f.report("", seenIn(smoke(), c.Cell.Around()[0]))
			must(t, err)
		}
		if n := len(waiting(t, f, "near")); n != 1 {
			t.Errorf("five saw it in the next cell, which is not warned, and nothing waits")
		}
	})
}
