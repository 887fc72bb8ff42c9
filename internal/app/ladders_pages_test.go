package app_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/petitions"
	"convoke/internal/feature/pledges"
	"convoke/internal/feature/polls"
	"convoke/internal/record/box"
	"convoke/internal/web/webtest"
)

const ladderPage = "/campaigns/benches/ladder"

// asks opens one more petition of riverside.
func (x *climb) asks(slug, title string) {
	x.t.Helper()
	_, err := x.Petitions.Create(x.t.Context(), x.by, "riverside", x.IDs.Secret(), petitions.Input{
		Title: title, Slug: slug, Addressee: "The town council", Markdown: "Please.", Lang: "en", Stages: "100", Gate: box.GateBrowser, Campaign: "benches",
	})
	x.must(err)
}

func (x *climb) delivers(slug, replyBy string) {
	x.t.Helper()
	x.sam.Post("/petitions/"+slug+"/deliver", "key", x.IDs.Secret(), "day", "2026-05-06", "reply_by", replyBy, "markdown", "By hand.").Want(x.t, 303, "/petitions/"+slug)
}

// lacks fails when a page says something.
func lacks(t *testing.T, a webtest.Answer, texts ...string) {
	t.Helper()
	page := a.Want(t, 200, "").Text("main")
	for _, s := range texts {
		if strings.Contains(page, s) {
			t.Errorf("the page says %q: %s", s, page)
		}
	}
}

// TestLadderUntilWhen: a page says until which day a silence is waited for, and what has
// become of it.
func TestLadderUntilWhen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newClimb(t, s)
		v := s.visitor()
		for _, slug := range []string{"trees", "lamps"} {
			x.asks(slug, strings.ToUpper(slug))
			x.must(s.Petitions.OpenUp(t.Context(), x.by, slug, 0, ""))
		}
		x.publish(`{"steps":[{"key":"walk","title":"Walk","kind":"walkout","gate":{"any":[{"silence":{"petition":"benches"}},{"refusal":{"petition":"benches"}}]}},
			{"key":"plant","title":"Plant","kind":"other","gate":{"any":[{"silence":{"petition":"trees"}},{"refusal":{"petition":"trees"}}]}},
			{"key":"light","title":"Light","kind":"other","gate":{"silence":{"petition":"lamps"}}},
			{"key":"day","title":"A day","kind":"other","gate":{"date":"2026-06-01T18:00","zone":"Europe/Berlin"}}]}`)
		wants(t, v.Get(ladderPage), "“Benches” got no reply in time. not handed over yet", "What “Benches” asks was refused. not handed over yet",
			"It is Jun 1, 2026, 6:00 PM (Europe/Berlin). 30 days from now")
		s.clock.Set(time.Date(2026, 5, 6, 20, 0, 0, 0, time.UTC))
		x.delivers("benches", "2026-05-20")
		x.delivers("trees", "2026-05-20")
		x.delivers("lamps", "")
		s.later()
		wants(t, v.Get(ladderPage), "so if there is no reply by May 20, 2026, 14 days from now", "a reply is awaited until May 20, 2026, 14 days from now",
			"handed over without a day for the reply, so this cannot happen any more")
		var j struct {
			Steps []struct {
				Gate []struct {
					Due   *time.Time
					Never bool
				}
			}
		}
		if err := json.Unmarshal([]byte(v.Get(ladderPage+".json").Want(t, 200, "").Body), &j); err != nil {
			t.Fatal(err)
		}
		over := time.Date(2026, 5, 20, 22, 0, 0, 0, time.UTC) // midnight in Leipzig
		if due := j.Steps[0].Gate[0].Due; due == nil || !due.Equal(over) || j.Steps[0].Gate[1].Due != nil || !j.Steps[2].Gate[0].Never {
			t.Errorf("%+v", j)
		}
		x.sam.Post("/petitions/trees/reply", "key", s.IDs.Secret(), "day", "2026-05-06", "markdown", "Yes.").Want(t, 303, "/petitions/trees")
		s.clock.Set(time.Date(2026, 5, 20, 10, 0, 0, 0, time.UTC))
		page := v.Get(ladderPage)
		wants(t, page, "a reply is awaited until May 20, 2026, which is today")
		if n := strings.Count(page.Text("main"), "a reply came, so this cannot happen any more"); n != 2 {
			t.Errorf("%d of the two conditions on the petition that was answered say so", n)
		}
		s.clock.Set(time.Date(2026, 5, 21, 11, 0, 0, 0, time.UTC))
		x.work()
		x.is("walk", "open")
		wants(t, v.Get(ladderPage), "“Benches” got no reply in time. ✓ since May 21, 2026, 12:00 AM (Europe/Berlin)")
	})
}

// TestLadderTitles: a draft, “What if?” and the published page name what a step waits for
// to those who may know of it, and lead there.
func TestLadderTitles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newClimb(t, s)
		ctx := t.Context()
		x.asks("trees", "More trees") // a draft of riverside
		in := toolDay()
		in.Split, in.Parts, in.Rule, in.People = pledges.ByGroup, "riverside\nhill", "own", "2"
		slug, b := s.pledge(x.by, "riverside", in)
		for range 2 {
			s.pledger(b).pledge(2, 0)
		}
		eid := s.event(x.by, s.groupID("riverside"), meeting("Walk with us", "2026-08-06"))
		pid, err := s.Polls.Create(ctx, x.by, "riverside", s.IDs.Secret(), polls.Input{Title: "A longer walk", Body: "Two hours.", Lang: "en"})
		x.must(err)
		x.must(s.Polls.Move(ctx, x.by, string(pid), "discuss"))
		plan := func(petition string) string {
			return fmt.Sprintf(`{"steps":[{"key":"a","title":"A","kind":"other","gate":{"all":[{"silence":{"petition":"%s"}},{"count":{"pledge":"%s","people":4,"part":"@riverside"}},
				{"turnout":{"event":"%s","low":9}},{"decision":{"proposal":"%s"}}]}}]}`, petition, slug, eid, pid)
		}
		x.write(plan("trees"))
		title := s.column("select title from pledge")[0]
		public := []string{"4 people in Riverside Neighbours stand in “" + title + "”.", "9 people came to “Walk with us”, by the lowest estimate."}
		inside := append([]string{"“More trees” got no reply in time.", "“A longer walk” is adopted."}, public...)
		for _, path := range []string{"/edit", "/publish", "/simulate", ""} {
			page := x.sam.Get(ladderPage + path)
			wants(t, page, inside...)
			for _, link := range []string{"/petitions/trees", "/pledges/" + slug, "/events/" + string(eid), "/proposals/" + string(pid)} {
				if page.Text(`main a[href=`+link+`]`) == "" {
					t.Errorf("%s does not lead to %s", path, link)
				}
			}
			// Kim organizes the other group, and may not know of what is inside.
			page = x.kim.Get(ladderPage + path)
			wants(t, page, append([]string{"“trees” got no reply in time.", "A proposal is adopted."}, public...)...)
			if page.Text(`main a[href=/petitions/trees]`)+page.Text(`main a[href=/proposals/`+string(pid)+`]`) != "" {
				t.Errorf("%s leads kim to what is not public", path)
			}
		}
		wants(t, x.sam.Get(ladderPage+"/edit"), "2 of 4; 2 more")
		x.must(s.Polls.Move(ctx, x.by, string(pid), "publish"))
		x.publish(plan("benches"))
		x.must(s.Polls.Move(ctx, x.by, string(pid), "unpublish"))
		s.clock.Add(time.Hour)
		page := s.visitor().Get(ladderPage)
		wants(t, page, append([]string{"“Benches” got no reply in time.", "A proposal is adopted."}, public...)...)
		lacks(t, page, "A longer walk")
		wants(t, x.sam.Get(ladderPage), "“A longer walk” is adopted.")
		x.must(s.Polls.Move(ctx, x.by, string(pid), "publish"))
		poll, err := s.Polls.Opens(ctx, x.by, string(pid), s.IDs.Secret(), polls.OpenInput{Sequence: s.sequenceOf(string(pid)), Preset: "majority", Gate: "members", Day: "2026-06-06"})
		x.must(err)
		s.clock.Add(time.Minute)
		wants(t, s.visitor().Get(ladderPage), "“A longer walk” is adopted. there is a vote until Jun 7, 2026, 12:00 AM (Europe/Berlin)")
		s.closes(s.column("select box_id from poll where id = $1", string(poll))[0]) // nobody votes
		s.clock.Add(time.Minute)
		wants(t, s.visitor().Get(ladderPage), "“A longer walk” is adopted. cannot happen any more")
	})
}

func (s *stand) sequenceOf(proposal string) int {
	s.t.Helper()
	return s.count("select sequence from poll_proposal where id = $1", proposal)
}

// decides has riverside adopt something by a vote, and returns its poll.
func (x *climb) decides(title, effect, subject string, public bool) string {
	x.t.Helper()
	ctx := x.t.Context()
	pid, err := x.Polls.Create(ctx, x.by, "riverside", x.IDs.Secret(), polls.Input{
		Title: title, Body: "So be it.", Lang: "en", Effect: effect, Subject: subject, Campaign: "benches",
	})
	x.must(err)
	x.must(x.Polls.Move(ctx, x.by, string(pid), "discuss"))
	if public {
		x.must(x.Polls.Move(ctx, x.by, string(pid), "publish"))
	}
	poll, err := x.Polls.Opens(ctx, x.by, string(pid), x.IDs.Secret(), polls.OpenInput{
		Sequence: x.sequenceOf(string(pid)), Preset: "majority", Gate: "members", Day: x.clock.Now().AddDate(0, 0, 7).Format(time.DateOnly),
	})
	x.must(err)
	b := x.column("select box_id from poll where id = $1", string(poll))[0]
	x.votes(x.by, b, []byte{0})
	x.closes(b)
	x.later()
	return "/polls/" + string(poll)
}

// TestLadderDownWhy: all that belongs to a campaign says why it has stood down, and leads
// to the vote that decided it.
func TestLadderDownWhy(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newClimb(t, s)
		x.publish(`{"steps":[{"key":"a","title":"A","kind":"other"}]}`)
		eid := s.event(x.by, s.groupID("riverside"), meeting("Walk with us", "2026-08-06"))
		x.must(s.Campaigns.Propose(t.Context(), x.by, "benches", eid))
		in := toolDay()
		in.Campaign, in.Day = "benches", "2026-08-10"
		slug, _ := s.pledge(x.by, "riverside", in)
		about := []string{"/campaigns/benches", "/petitions/benches", "/pledges/" + slug, "/events/" + string(eid), ladderPage}
		down := func(v *webtest.Browser, why, title, poll string) {
			t.Helper()
			for _, path := range about {
				page := v.Get(path)
				wants(t, page, why)
				notice := page.Text(".warn")
				if got := page.Text(`.warn a[href=` + poll + `]`); title != "" && got != title || title == "" && strings.Contains(notice, "The vote") {
					t.Errorf("%s says %q, and leads to %q, want %q", path, notice, got, title)
				}
			}
		}
		up := func() {
			t.Helper()
			x.act(x.by, "riverside", "", "up")
			x.act(x.other, "hill", "", "up")
			s.later()
			lacks(t, s.visitor().Get(ladderPage), "This campaign has stood down")
		}
		poll := x.decides("Let us stop", "down", "", true)
		down(s.visitor(), ": a vote decided it.", "Let us stop", poll)
		if j := s.visitor().Get(ladderPage+".json").Want(t, 200, "").Body; !strings.Contains(j, poll+`"`) {
			t.Errorf("the JSON does not name the vote: %s", j)
		}
		up()
		poll = x.decides("Let us rest", "down", "", false)
		down(s.visitor(), ": a vote decided it.", "", poll)
		down(x.sam, ": a vote decided it.", "Let us rest", poll)
		up()
		x.act(x.by, "riverside", "", "down")
		s.later()
		down(s.visitor(), ": a group that owns it decided so.", "", "")
		up()
		poll = x.decides("They are there", "met", "1:met", true)
		down(s.visitor(), ": its demands are met.", "They are there", poll)
		up()
		x.must(s.Campaigns.Leave(t.Context(), x.other, "benches", "hill")) // who owns it alone moves its demands
		x.must(s.Campaigns.ChangeDemand(t.Context(), x.by, "benches", 1, campaigns.DemandInput{State: "open"}))
		x.must(s.Campaigns.ChangeDemand(t.Context(), x.by, "benches", 1, campaigns.DemandInput{State: "met"}))
		s.later()
		down(s.visitor(), ": its demands are met.", "", "")
	})
}

// TestStepForm: only what is in use is open, a problem is said beside its field, and a
// condition is taken out by its box.
func TestStepForm(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	x := newClimb(t, s)
	open := func(a webtest.Answer) int { return len(a.Want(t, 200, "").All("main details[open=]")) }
	if n := open(x.sam.Get(ladderPage + "/steps/new")); n != 0 {
		t.Errorf("%d parts of an empty form are open", n)
	}
	form := func(more ...string) []string {
		return append([]string{"sequence", strconv.Itoa(s.count("select coalesce(max(sequence), 0) from ladder")), "title", "Walk out", "key", "walkout",
			"kind", "walkout", "zone", "Europe/Berlin", "join", "all", "do", "save"}, more...)
	}
	for field, row := range map[string][]string{
		"what-3":   {"kind-3", "petition", "number-3", "7"},
		"number-3": {"kind-3", "petition", "what-3", "/petitions/benches"},
		"more-3":   {"kind-3", "pledge_part", "what-3", "/pledges/tool-day", "number-3", "7"},
		"day-3":    {"kind-3", "date", "day-3", "", "time-3", "18:00"},
		"day-m2":   {"kind-m2", "date", "day-m2", "2027-03-28", "time-m2", "02:30"},
		"more-m1":  {"kind-m1", "trigger", "what-m1", "They say so", "number-m1", "1"},
	} {
		a := x.sam.Post(ladderPage+"/steps/new", form(row...)...).Want(t, 422, "")
		if a.Text("#"+field+"-error") == "" || a.Attr(`.error-summary a[href=#`+field+`]`, "href") == "" || len(a.All("main details[open=] #"+field)) == 0 {
			t.Errorf("nothing is said beside %s: %s", field, a.Text("main"))
		}
	}
	if s.count("select count(*) from ladder") != 0 {
		t.Error("what was refused is stored")
	}
	x.sam.Post(ladderPage+"/steps/new", form("kind-1", "date", "kind-2", "petition", "what-2", "/petitions/benches", "number-2", "400", "kind-3", "silence", "what-3", "/petitions/benches",
		"kind-4", "campaign", "kind-5", "step_met", "what-5", "", "kind-m1", "petition", "what-m1", "/petitions/benches", "number-m1", "500", "kind-m2", "campaign", "number-m2", "9")...).Want(t, 303, ladderPage+"/edit")
	if draft := s.column("select draft from ladder")[0]; strings.Contains(draft, "turnout\":null") || strings.Count(draft, `"petition": "benches"`) != 3 || strings.Count(draft, `"low": 9`) != 1 || strings.Count(draft, `"all"`) != 2 {
		t.Errorf("stored is %s", draft)
	}
	page := x.sam.Get(ladderPage + "/steps/walkout")
	if n := open(page); n != 4 || page.Attr("#number-2", "value")+page.Attr("#number-1", "value")+page.Attr("#what-m1", "value") != "400/petitions/benches" {
		t.Errorf("%d parts of the form are open", n)
	}
	x.sam.Post(ladderPage+"/steps/walkout", form("kind-1", "petition", "what-1", "/petitions/benches", "number-1", "400", "drop-1", "1", "kind-2", "silence", "what-2", "/petitions/benches")...).Want(t, 303, ladderPage+"/edit")
	if draft := s.column("select draft from ladder")[0]; strings.Contains(draft, "count") || !strings.Contains(draft, "silence") {
		t.Errorf("stored is %s", draft)
	}
}

// TestWhatIf: 400 sign and nobody replies by the end of May.
func TestWhatIf(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	x := newClimb(t, s)
	url := ladderPage + "/simulate"
	wants(t, x.sam.Get(url), "There is no step yet.")
	x.write(`{"steps":[{"key":"sign","title":"Sign","kind":"petition","met_by":{"count":{"petition":"benches","people":400}}},
		{"key":"call","title":"Call","kind":"other","gate":{"count":{"petition":"benches","people":200}}},
		{"key":"walk","title":"Walk","kind":"walkout","after":["sign"],"gate":{"all":[{"step":"sign","state":"met"},{"silence":{"petition":"benches"}}]}},
		{"key":"small","title":"Small","kind":"other","gate":{"count":{"petition":"benches","people":2}}}]}`)
	x.signs(2)
	page := x.sam.Get(url)
	wants(t, page, "400 people have signed “Benches”.", "On the way: 200 people have signed “Benches”.", "Now: 2 of 400; 398 more", "Now: not handed over yet",
		"2 people have signed “Benches”. ✓ It is so already")
	if page.Attr("#n0", "value") != "400" || page.Attr("#d0", "value") != "" || len(page.All("main fieldset")) != 2 {
		t.Errorf("asked is %s", page.Text("form"))
	}
	page = x.sam.Get(url + "?until=2026-12-31&n0=400&d0=2026-05-15&d1=2026-05-31")
	wants(t, page, "On the clocks of Europe/Berlin", "May 15, 2026, 12:00 PM Sign Met its aim is reached", "May 15, 2026, 12:00 PM Call Open its gate opened",
		"Jun 1, 2026, 12:00 AM Walk Open its gate and the step before it have opened", "May 2, 2026, 2:00 PM Small Open", "Where it would stand on Dec 31, 2026")
	page = x.sam.Get(url + "?until=2026-12-31&n0=300&d0=2026-05-15&d1=2026-05-31")
	wants(t, page, "Call Open its gate opened", "Walk Waiting")
	lacks(t, page, "Sign Met")
	lacks(t, x.sam.Get(url+page.Attr("#nothing", "href")), "Walk Open", "Sign Met")
	wants(t, x.sam.Get(url+page.Attr("#at-once", "href")), "Sign Met", "Walk Open")
	for field, q := range map[string]string{"n0": "n0=many&d0=2026-05-15", "d0": "d0=May", "d1": "d1=2026-02-30"} {
		if a := x.sam.Get(url + "?until=2026-12-31&" + q); a.Status != 422 || a.Text("#"+field+"-error") == "" || strings.Contains(a.Text("main"), "So it would go") {
			t.Errorf("%s: %d %s", q, a.Status, a.Text("main"))
		}
	}
	s.clock.Set(time.Date(2026, 5, 6, 20, 0, 0, 0, time.UTC))
	x.delivers("benches", "2026-05-20")
	if page := x.sam.Get(url); page.Attr("#d1", "value") != "2026-05-20" {
		t.Errorf("a reply is awaited until %q", page.Attr("#d1", "value"))
	}
}
