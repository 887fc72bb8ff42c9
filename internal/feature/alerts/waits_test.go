package alerts

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/notify"
	"convoke/internal/web/webtest"
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

// TestAbandonedClaim: when a verifier who took a case on is not heard of for twenty minutes,
// it waits for others again, and they are called.
func TestAbandonedClaim(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		sent := mailed(f)
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		whoIsCalled(t, f, sent)
		c := f.first().ID
		for range 3 {
			must(t, f.Claim(f.ctx(), as("bo"), "near", c))
			advance(f, 15*time.Minute)
			if got := whoIsCalled(t, f, sent); len(got) > 0 || len(waiting(t, f, "near")) > 0 {
				t.Errorf("bo is checking it, and it waits; called: %q", got)
			}
		}
		advance(f, 5*time.Minute)
		if got := whoIsCalled(t, f, sent); len(got) == 0 || len(waiting(t, f, "near")) == 0 {
			t.Errorf("bo is gone for twenty minutes; called: %q", got)
		}
	})
}

// TestCalledForTheSecond: all are called to something trifling, and a minute later there is a
// fire: once five minutes are over they are called to that, too.
func TestCalledForTheSecond(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		sent := mailed(f)
		f.network("bo", "cy")
		in := smoke()
		in.Category = "road"
		_, err := f.report("", in)
		must(t, err)
		if got := whoIsCalled(t, f, sent); len(got) == 0 {
			t.Fatal("nobody is called")
		}
		must(t, f.Claim(f.ctx(), as("bo"), "near", f.first().ID)) // that is taken on
		advance(f, time.Minute)
		_, err = f.report("", smoke())
		must(t, err)
		var got []string
		for range 24 {
			got = append(got, whoIsCalled(t, f, sent)...)
			advance(f, 5*time.Minute)
		}
		if len(got) == 0 {
			t.Error("nobody is called to the fire within two hours")
		}
	})
}

// TestCalledWhenItGrows: a lone rumour was left to wait; an hour later many see it.
func TestCalledWhenItGrows(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		sent := mailed(f)
		f.network("bo", "cy")
		in := smoke()
		in.FirstHand = "heard"
		_, err := f.report("", in)
		must(t, err)
		whoIsCalled(t, f, sent)
		advance(f, time.Hour)
		for range 20 {
			_, err = f.report("", smoke())
			must(t, err)
		}
		_, err = f.report("gus", smoke()) // a member
		must(t, err)
		var got []string
		for range 12 {
			got = append(got, whoIsCalled(t, f, sent)...)
			advance(f, 5*time.Minute)
		}
		if len(got) == 0 {
			t.Error("22 reports, 21 of them first hand, and nobody is called again")
		}
	})
}

// TestSecondIsCalled: the others are called to what a first verifier proposes.
func TestSecondIsCalled(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		sent := mailed(f)
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		whoIsCalled(t, f, sent)
		c := f.first()
		must(t, f.Claim(f.ctx(), as("bo"), "near", c.ID))
		must(t, f.Propose(f.ctx(), as("bo"), "near", c.ID, f.message(c), true, 3))
		var got []string
		for range 23 {
			got = append(got, whoIsCalled(t, f, sent)...)
			advance(f, 5*time.Minute)
		}
		if len(got) == 0 {
			t.Error("nobody is called to confirm it until the draft is over")
		}
	})
}

// TestAddedToWhatIsDenied: what a reporter adds to a case that was denied puts it back into the
// queue.
func TestAddedToWhatIsDenied(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		key, err := f.report("", smoke())
		must(t, err)
		must(t, f.Deny(f.ctx(), as("bo"), "near", f.first().ID))
		advance(f, 20*time.Minute)
		if err := f.More(f.ctx(), key, "Flames come out of the roof now"); err == nil && len(waiting(t, f, "near")) == 0 {
			t.Error("it is thanked for, and nothing waits")
		}
	})
}

// TestAddedByMessage: the same by a message, with the code of the report.
func TestAddedByMessage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		d, out := f.door()
		m := Letter{Way: ByText, From: "+491701234567", Text: "FIRE Leipzig seen now"}
		first := f.says(d, out, m)
		code := strings.Fields(first[strings.Index(first, ": add ")+2:])[1]
		must(t, f.Deny(f.ctx(), as("bo"), "near", f.first().ID))
		m.Text = "add " + code + " flames come out of the roof now"
		if a := f.says(d, out, m); strings.Contains(a, "verifiers read it") && len(waiting(t, f, "near")) == 0 {
			t.Errorf("answered %q, and nothing waits", a)
		}
	})
}

// TestSaidAgain: the same message once more, after it was denied, waits: a fire that starts again.
func TestSaidAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		d, out := f.door()
		m := Letter{Way: ByText, From: "+491701234567", Text: "FIRE Leipzig seen now"}
		f.clock.Set(f.clock.Now().Truncate(time.Hour))
		f.says(d, out, m)
		must(t, f.Deny(f.ctx(), as("bo"), "near", f.first().ID))
		advance(f, 50*time.Minute)
		if a := f.says(d, out, m); strings.Contains(a, "Thank you") && len(waiting(t, f, "near")) == 0 {
			t.Errorf("50 minutes later, answered %q, and nothing waits", a)
		}
	})
}

// TestOfficialAgain: a warning was not confirmed in the morning. It holds, and in the evening
// the storm is there.
func TestOfficialAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		f.warns(authority{"https://a.example/1": says("Sturm", "Met", "51.34,12.37")})
		var wid string
		must(t, f.DB.Read(f.ctx(), func(tx *db.Tx) error {
			all, err := f.warnings(f.ctx(), tx, nil, "")
			if err == nil {
				wid = all[0].ID
			}
			return err
		}))
		press := func() {
			must(t, f.ReportOfficial(f.ctx(), as("bo"), "near", f.ids.Secret(), wid, "An official warning says so."))
		}
		press()
		must(t, f.Deny(f.ctx(), as("bo"), "near", f.first().ID))
		advance(f, 5*time.Hour)
		press()
		if n := len(waiting(t, f, "near")); n == 0 {
			t.Error("“Make a report of it” says yes, and nothing waits")
		}
	})
}

// TestReporterTakesNothingOn: a case is not kept from others by somebody who may not verify it.
func TestReporterTakesNothingOn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		_, err := f.report("bo", smoke())
		must(t, err)
		if err := f.Claim(f.ctx(), as("bo"), "near", f.first().ID); err == nil {
			t.Error("bo, who reported it and may not verify it, keeps it from the queue")
		}
	})
}

// TestOnCallWhoMayNot: where nobody on call may verify, all are called at once.
func TestOnCallWhoMayNot(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		sent := mailed(f)
		f.network("bo", "fay")
		now := f.clock.Now()
		must(t, f.AddShift(f.ctx(), as("fay"), "near", f.ids.Secret(), "fay", now.Add(-time.Hour), now.Add(5*time.Hour)))
		f.groups.all["river"].Suspended = true
		_, err := f.report("", smoke())
		must(t, err)
		if got := whoIsCalled(t, f, sent); len(got) == 0 {
			t.Error("nobody is called at once: the one on call may not verify")
		}
	})
}

// TestNobodyVerifies: a network takes no reports that nobody could check.
func TestNobodyVerifies(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(f *fixture){
		"no verifier is left": func(f *fixture) {
			for _, v := range []string{"ada", "bo"} {
				must(f.t, f.Unname(f.ctx(), as("ada"), "near", v))
			}
		},
		"its groups have ended":    func(f *fixture) { f.groups.all["hill"].Ended, f.groups.all["river"].Ended = true, true },
		"its groups are suspended": func(f *fixture) { f.groups.all["hill"].Suspended, f.groups.all["river"].Suspended = true, true },
		"its groups are deleted": func(f *fixture) {
			for _, g := range []id.Group{"hill", "river"} {
				must(f.t, f.DB.Write(f.ctx(), func(tx *dbTx) error { return f.GroupCleared(f.ctx(), tx, fact.GroupCleared{Group: g}) }))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				f.network("bo")
				end(f)
				if key, err := f.report("", smoke()); err == nil {
					t.Errorf("the report is taken: %s", f.browser("").Get("/alerts/report/"+key).Text("main"))
				}
			})
		})
	}
}

// TestClosedAndOpened: verifiers are called to what waits when a network opens again.
func TestClosedAndOpened(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		sent := mailed(f)
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		must(t, f.SetClosed(f.ctx(), as("ada"), "near", true)) // by mistake
		whoIsCalled(t, f, sent)
		advance(f, 6*time.Minute)
		must(t, f.SetClosed(f.ctx(), as("ada"), "near", false))
		var got []string
		for range 12 {
			got = append(got, whoIsCalled(t, f, sent)...)
			advance(f, 5*time.Minute)
		}
		if len(got) == 0 {
			t.Error("it waits, and nobody is called")
		}
	})
}

// TestCallsWhenMailWasDown: calls that the mail server refused go out when it is back.
func TestCallsWhenMailWasDown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		sent := mailed(f)
		down := &failingMail{}
		f.Post.Sender = down
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		must(t, f.Call(f.ctx()))
		_, _ = f.Jobs.RunPending(f.ctx())
		f.Post.Sender = sent
		var got []string
		for range 12 {
			advance(f, 5*time.Minute)
			must(t, f.Call(f.ctx()))
			_, _ = f.Jobs.RunPending(f.ctx())
		}
		for _, m := range sent.all {
			got = append(got, m.To)
		}
		if len(got) == 0 {
			t.Error("nobody is called when it is back")
		}
	})
}

type failingMail struct{}

func (failingMail) Send(context.Context, notify.Message) error { return errors.New("down") }

// TestAddedToWhatIsOut: a reporter says that they were wrong while the alert stands. Verifiers
// see at the alert that something was added, and where.
func TestAddedToWhatIsOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		key, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		_, err = f.send(c.ID, f.message(c), "bo", "cy")
		must(t, err)
		queue := func() webtest.Answer { return f.browser("bo").Get("/alerts/queue/near").Want(t, 200, "") }
		if a := queue(); !strings.Contains(a.Body, `href="/alerts/queue/near/cases/`+c.ID) || strings.Contains(a.Text("main"), "addition") {
			t.Errorf("%s", a.Text("main"))
		}
		must(t, f.More(f.ctx(), key, "I was wrong, it is a barbecue"))
		if a := queue(); !strings.Contains(a.Text("main"), "1 report, 1 addition by those who reported it") {
			t.Errorf("%s", a.Text("main"))
		}
	})
}

// TestCalledThoughReportsGoOn: those on call do not come to a fire that is reported each minute,
// and were last called at different times. After ten minutes the others are called.
func TestCalledThoughReportsGoOn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		sent := mailed(f)
		f.network("bo", "cy", "fay")
		now := f.clock.Now()
		for _, v := range []string{"bo", "cy"} {
			must(t, f.AddShift(f.ctx(), as("ada"), "near", f.ids.Secret(), v, now.Add(-time.Hour), now.Add(time.Hour)))
		}
		f.exec("update alert_verifier set called_at = $1 where person_id = 'bo'", clock.Micros(now.Add(-3*time.Minute)))
		called := map[string]int{}
		for range 20 {
			_, err := f.report("", smoke())
			must(t, err)
			for _, v := range whoIsCalled(t, f, sent) {
				called[v]++
			}
			advance(f, time.Minute)
		}
		if called["fay"] != 1 || called["bo"] > 3 || called["cy"] > 3 {
			t.Errorf("called within twenty minutes: %v", called)
		}
	})
}

// TestSentAgainAndAgain: one reporter puts a denied case back into the queue so often, and no
// more.
func TestSentAgainAndAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		key := f.ids.Secret()
		again := 0
		for range maxMore + 5 {
			must(t, f.Report(f.ctx(), authz.Actor{}, key, smoke()))
			if all := waiting(t, f, "near"); len(all) == 1 {
				again++
				must(t, f.Deny(f.ctx(), as("bo"), "near", all[0].ID))
			}
		}
		if again != maxMore+1 {
			t.Errorf("it waited %d times", again)
		}
	})
}
