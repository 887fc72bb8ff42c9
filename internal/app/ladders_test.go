package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/ladders"
	"convoke/internal/feature/petitions"
	"convoke/internal/feature/pledges"
	"convoke/internal/feature/polls"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recounttest"
	"convoke/internal/record/tally"
	"convoke/internal/web/webtest"
)

// climb is a campaign that two groups own: sam's riverside, and hill of kim.
type climb struct {
	*stand
	sam, kim   *webtest.Browser
	by, other  authz.Actor
	petition   leaf.ID
	sequence   int
	walkoutDay string
}

func newClimb(t *testing.T, s *stand) *climb {
	t.Helper()
	x := &climb{stand: s}
	x.sam, x.by = s.signIn("sam")
	x.kim, x.other = s.signIn("kim")
	s.group(x.by, "riverside", "Riverside Neighbours")
	s.group(x.other, "hill", "Hill Gardeners")
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Campaigns.Create(ctx, x.by, "riverside", s.IDs.Secret(), campaigns.Input{Handle: "benches", Title: "Benches for all", Lang: "en", State: campaigns.Open})
	must(err)
	must(s.Campaigns.AddDemand(ctx, x.by, "benches", 0, campaigns.DemandInput{Body: "Benches", Addressee: "The town council"}))
	must(s.Campaigns.Ask(ctx, x.by, "benches", "hill"))
	must(s.Campaigns.Join(ctx, x.other, "benches", "hill"))
	_, err = s.Petitions.Create(ctx, x.by, "riverside", s.IDs.Secret(), petitions.Input{
		Title: "Benches", Slug: "benches", Addressee: "The town council", Markdown: "Please.", Lang: "en", Stages: "100", Gate: box.GateBrowser, Campaign: "benches",
	})
	must(err)
	must(s.Petitions.OpenUp(ctx, x.by, "benches", 0, ""))
	id := s.column("select box_id from petition where slug = 'benches'")[0]
	x.petition, err = leaf.ParseID(id)
	must(err)
	return x
}

// signs has so many more people sign the petition.
func (x *climb) signs(n int) {
	x.t.Helper()
	for range n {
		p := x.pledger(x.petition)
		if _, err := x.Boxes.Cast(background(x.t), x.petition, p.Signs()); err != nil {
			x.t.Fatal(err)
		}
	}
	x.work()
}

// work has the jobs run that wait.
func (x *climb) work() {
	x.t.Helper()
	if _, err := x.Jobs.RunPending(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
}

// write puts a ladder into the draft.
func (x *climb) write(plan string) {
	x.t.Helper()
	d, err := x.Ladders.Editable(x.t.Context(), x.by, "benches")
	if err != nil {
		x.t.Fatal(err)
	}
	if err := x.Ladders.SaveText(x.t.Context(), x.by, "benches", d.Sequence, plan); err != nil {
		x.t.Fatal(err)
	}
	if d, err = x.Ladders.Editable(x.t.Context(), x.by, "benches"); err != nil {
		x.t.Fatal(err)
	}
	x.sequence = d.Sequence
}

func (x *climb) publish(plan string) {
	x.t.Helper()
	x.write(plan)
	if err := x.Ladders.Publish(x.t.Context(), x.by, "benches", x.sequence, "It is so now."); err != nil {
		x.t.Fatal(err)
	}
}

// state is that of a step.
func (x *climb) state(step string) string {
	x.t.Helper()
	return strings.Join(x.column("select state from ladder_step where step = $1", step), " ")
}

func (x *climb) is(step, state string) {
	x.t.Helper()
	if got := x.state(step); got != state {
		x.t.Errorf("the step %s is %s, want %s", step, got, state)
	}
}

// proven counts the record again.
func (x *climb) proven() {
	x.t.Helper()
	recounttest.Record(x.t, x.Record)
}

const climbing = `{"steps":[
	{"key":"petition","title":"Sign","kind":"petition","link":"/petitions/benches","met_by":{"count":{"petition":"benches","people":3}}},
	{"key":"walkout","title":"Walk out","kind":"walkout","after":["petition"],"gate":{"all":[{"step":"petition","state":"met"},{"any":[{"silence":{"petition":"benches"}},{"date":"2026-07-01T18:00","zone":"Europe/Berlin"}]}]}},
	{"key":"strike","title":"Strike","kind":"strike","after":["walkout"],"gate":{"turnout":{"campaign":true,"low":1000}},"lapses":{"date":"2026-09-01T00:00","zone":"Europe/Berlin"}}]}`

// TestLadder: a petition is signed and goes unanswered, the walkout opens, the demand is
// met, and the campaign stands down and says so everywhere; and the record proves it.
func TestLadder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newClimb(t, s)
		v := s.visitor()
		page := "/campaigns/benches/ladder"
		v.Get(page).Want(t, 404, "")
		x.write(climbing)
		v.Get(page).Want(t, 404, "")
		v.Get("/campaigns/benches").Want(t, 200, "")
		wants(t, x.sam.Get(page), "A draft", "Walk out")
		if err := s.Ladders.Publish(t.Context(), x.by, "benches", x.sequence, ""); err != nil {
			t.Fatal(err)
		}
		x.is("petition", "open")
		wants(t, x.sam.Get("/campaigns/benches/demands"), "Several groups own this campaign", "Propose it in Riverside Neighbours")
		x.signs(2)
		s.later()
		wants(t, v.Get(page), "Where it stands", "2 of 3; 1 more", "3 people have signed “Benches”", "Walk out", "Waiting", "Next:")
		wants(t, v.Get("/campaigns/benches"), "Ladder", "Walk out")
		x.signs(1)
		x.is("petition", "met")
		x.is("walkout", "waiting")
		s.clock.Set(time.Date(2026, 7, 1, 15, 59, 59, 0, time.UTC)) // a second before six in Leipzig
		due(t, s)
		x.is("walkout", "waiting")
		s.clock.Add(time.Second)
		due(t, s)
		x.is("walkout", "open")
		x.proven()
		var j struct {
			Version int
			Steps   []struct{ Key, State string }
			Moves   []struct{ Step, State, Reason string }
		}
		if err := json.Unmarshal([]byte(v.Get(page+".json").Want(t, 200, "").Body), &j); err != nil || j.Version != 1 || len(j.Moves) != 3 || j.Steps[1].State != "open" {
			t.Errorf("%v: %+v", err, j)
		}
		eid := s.event(x.by, s.groupID("riverside"), meeting("Walk with us", "2026-08-06"))
		if err := s.Campaigns.Propose(t.Context(), x.by, "benches", eid); err != nil {
			t.Fatal(err)
		}
		in := toolDay()
		in.Campaign, in.Day = "benches", "2026-08-10"
		slug, _ := s.pledge(x.by, "riverside", in)
		about := []string{"/campaigns/benches", "/petitions/benches", "/pledges/" + slug, "/events/" + string(eid)}
		for _, path := range about {
			if a := v.Get(path).Want(t, 200, ""); strings.Contains(a.Text("main"), "stood down") {
				t.Errorf("%s says it too early", path)
			}
		}
		refused(t, s.Campaigns.ChangeDemand(t.Context(), x.by, "benches", 1, campaigns.DemandInput{State: "met"}), "demand.decision")
		_, box := s.opened(x.other, s.proposed(x.other, "hill", polls.Input{Title: "It is met", Body: "All benches stand.", Lang: "en", Effect: "met", Campaign: "benches", Subject: "1:met"}), "majority")
		s.votes(x.other, box, []byte{tally.Yes})
		s.closes(box)
		x.is("walkout", "halted")
		x.is("strike", "halted")
		x.is("petition", "met")
		s.later()
		for _, path := range append(about, page) {
			wants(t, v.Get(path), "This campaign has stood down on", "its demands are met")
		}
		x.proven()
		// It was a mistake: two owners let it go on.
		for i, who := range []struct {
			by    authz.Actor
			group string
		}{{x.by, "riverside"}, {x.by, "riverside"}, {x.other, "hill"}} {
			done, err := s.Ladders.Act(t.Context(), who.by, "benches", ladders.ActInput{Group: who.group, Do: "up"})
			if err != nil || done != (i == 2) {
				t.Errorf("%d: %v, %v", i, done, err)
			}
			if i < 2 {
				x.is("walkout", "halted")
			}
		}
		x.is("walkout", "open")
		x.is("strike", "waiting")
		s.later()
		for _, path := range about {
			if a := v.Get(path).Want(t, 200, ""); strings.Contains(a.Text("main"), "stood down") {
				t.Errorf("%s still says it", path)
			}
		}
		s.clock.Set(time.Date(2026, 8, 31, 22, 0, 0, 0, time.UTC))
		due(t, s)
		x.is("strike", "lapsed")
		x.proven()
	})
}

func due(t *testing.T, s *stand) {
	t.Helper()
	if err := s.Ladders.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestLadderForms: an organizer writes, tries and publishes a ladder with forms alone.
func TestLadderForms(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	x := newClimb(t, s)
	url := "/campaigns/benches/ladder"
	wants(t, x.sam.Get("/campaigns/benches"), "Write how the campaign steps up or stands down")
	wants(t, x.sam.Get(url+"/edit"), "There is no step yet.")
	x.sam.Get(url+"/steps/new").Want(t, 200, "")
	first := []string{"sequence", "0", "title", "Sign", "key", "petition", "kind", "petition", "link", "/petitions/benches", "zone", "Europe/Berlin", "join", "all", "do", "save",
		"kind-m1", "petition", "what-m1", "http://localhost/petitions/benches", "number-m1", "3"}
	for range 2 { // sent twice, it makes one
		x.sam.Post(url+"/steps/new", first...).Want(t, 303, url+"/edit")
	}
	second := func(sequence, day string) []string {
		return []string{"sequence", sequence, "title", "Walk out", "key", "walkout", "kind", "walkout", "after", "petition", "zone", "Europe/Berlin", "join", "any", "do", "save",
			"kind-1", "silence", "what-1", "/petitions/benches", "kind-2", "date", "day-2", day, "time-2", "02:30", "lapse_day", "2027-06-01"}
	}
	a := x.sam.Post(url+"/steps/new", second("1", "2027-03-28")...)
	if a.Status != 422 || !strings.Contains(a.Text(".error-summary"), "The clocks go forward that night") || a.Attr("#what-1", "value") != "/petitions/benches" {
		t.Errorf("%d: %s", a.Status, a.Text("main"))
	}
	x.sam.Post(url+"/steps/new", second("1", "2027-03-29")...).Want(t, 303, url+"/edit")
	wants(t, x.sam.Get(url+"/edit"), "Sign", "Walk out", "One of these:", "“Benches” got no reply in time.", "not handed over yet")
	if v := x.sam.Get(url+"/steps/walkout").Want(t, 200, ""); v.Attr("#what-1", "value") != "/petitions/benches" || v.Attr("#day-2", "value") != "2027-03-29" {
		t.Error("the form does not show what is stored")
	}
	if a := x.kim.Post(url+"/steps/petition", append(first[:0:0], append([]string{"sequence", "1"}, first[2:]...)...)...); a.Status != 303 {
		t.Errorf("what changes nothing is refused: %d", a.Status)
	}
	changed := append([]string{"sequence", "1"}, first[2:]...)
	changed[3] = "Sign the petition"
	if a := x.kim.Post(url+"/steps/petition", changed...); a.Status != 422 || !strings.Contains(a.Text("main"), "Somebody else has changed this ladder meanwhile") {
		t.Errorf("two organizers at once: %d", a.Status)
	}
	wants(t, x.sam.Get(url+"/simulate"), "What if?", "Look until")
	q := url + "/simulate?until=2027-12-31&n0=3&d0=2026-06-01&d1=2027-02-01"
	wants(t, x.sam.Get(q), "So it would go", "Walk out", "Met")
	if a := x.sam.Get(url + "/simulate?until=never"); a.Status != 422 {
		t.Errorf("no day: %d", a.Status)
	}
	x.sam.Get(url+"/text").Want(t, 200, "")
	if a := x.sam.Post(url+"/text", "sequence", "2", "text", "{"); a.Status != 422 {
		t.Errorf("no ladder: %d", a.Status)
	}
	x.sam.Get(url+"/publish").Want(t, 200, "")
	x.sam.Post(url+"/publish", "sequence", "1").Want(t, 422, "")
	for range 2 {
		x.sam.Post(url+"/publish", "sequence", "2").Want(t, 303, url)
	}
	wants(t, s.visitor().Get(url), "Sign", "Walk out", "Versions")
	// A new version: what has opened keeps its gate; the rest may change.
	if a := x.sam.Post(url+"/steps/petition", "sequence", "3", "do", "remove"); a.Status != 409 {
		t.Errorf("an open step is removed: %d", a.Status)
	}
	x.sam.Post(url+"/steps/walkout", "sequence", "3", "do", "remove").Want(t, 303, url+"/edit")
	if a := x.sam.Post(url+"/publish", "sequence", "4"); a.Status != 422 || a.Text("#note-error") == "" {
		t.Errorf("nobody says what changed: %d", a.Status)
	}
	x.sam.Post(url+"/publish", "sequence", "4", "note", "No walkout now.").Want(t, 303, url)
	s.later()
	wants(t, s.visitor().Get(url), "No walkout now.")
	x.is("walkout", "")
	x.is("petition", "open")
	s.visitor().Get(url+"/edit").Want(t, 303, "/sign-in?next=%2Fcampaigns%2Fbenches%2Fladder%2Fedit")
	wants(t, x.sam.Get(url+"/act?step=petition"), "Halt this step", "It is met")
	x.sam.Post(url+"/act", "step", "petition", "group", "riverside", "do", "halt", "note", "It rains.").Want(t, 303, url)
	wants(t, x.sam.Post(url+"/act", "step", "petition", "group", "riverside", "do", "resume"), "Somebody of another owner has to say so, too")
	s.later()
	wants(t, s.visitor().Get(url), "It rains.", "One owner wants this step to go on.")
	x.is("petition", "halted")
	x.kim.Post(url+"/act", "step", "petition", "group", "hill", "do", "resume").Want(t, 303, url)
	x.is("petition", "open")
	x.proven()
}

// TestLadderRefuses: each bad input is refused with its own code.
func TestLadderRefuses(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	x := newClimb(t, s)
	step := func(gate string) string {
		return `{"steps":[{"key":"a","title":"A","kind":"other"},{"key":"b","title":"B","kind":"other","gate":` + gate + `}]}`
	}
	for gate, code := range map[string]string{
		`{"silence":{"petition":"nowhere"}}`:                                  "gate.unknown",
		`{"count":{"pledge":"nowhere","people":4}}`:                           "gate.unknown",
		`{"turnout":{"event":"01kqm8ymg00000000000000000","low":4}}`:          "gate.no_event",
		`{"trigger":{"name":"x","k":1,"delegates":["nobody"]}}`:               "gate.no_person",
		`{"step":"b","state":"met"}`:                                          "gate.self",
		`{"all":[{"step":"a","state":"open"},{"step":"a","state":"lapsed"}]}`: "gate.never",
		`{"date":"2027-03-28T02:30","zone":"Europe/Berlin"}`:                  "gate.skipped",
		`{"trigger":{"name":"x","k":2,"delegates":["kim"]}}`:                  "gate.k",
	} {
		x.write(step(gate))
		refused(t, s.Ladders.Publish(t.Context(), x.by, "benches", x.sequence, ""), code)
	}
	inside, err := s.Polls.Create(t.Context(), x.other, "hill", s.IDs.Secret(), polls.Input{Title: "Inside", Body: "So be it.", Lang: "en"})
	if err != nil {
		t.Fatal(err)
	}
	gone, lost := x.proposal("Gone"), x.proposal("Lost")
	if err := s.Polls.Move(t.Context(), x.other, string(gone), "withdraw"); err != nil {
		t.Fatal(err)
	}
	_, ballots := s.opened(x.other, lost, "majority")
	s.closes(ballots)
	for pid, code := range map[string]string{string(inside): "gate.no_proposal", s.IDs.New(): "gate.no_proposal", string(gone): "gate.not_adopted", string(lost): "gate.not_adopted"} {
		x.write(step(`{"any":[{"date":"2027-03-29T02:30","zone":"Europe/Berlin"},{"decision":{"proposal":"` + pid + `"}}]}`))
		refused(t, s.Ladders.Publish(t.Context(), x.by, "benches", x.sequence, ""), code)
	}
	in := toolDay()
	in.Split, in.Parts = pledges.ByGroup, "riverside\nhill"
	slug, _ := s.pledge(x.by, "riverside", in)
	for gate, code := range map[string]string{`"part":"Paris"`: "gate.no_part", `"groups":3`: "gate.groups"} {
		x.write(step(`{"count":{"pledge":"` + slug + `","people":2,` + gate + `}}`))
		refused(t, s.Ladders.Publish(t.Context(), x.by, "benches", x.sequence, ""), code)
	}
	x.publish(step(`{"count":{"pledge":"` + slug + `","people":3,"groups":2}}`))
	x.write(`{"steps":[{"key":"a","title":"A","kind":"other","gate":{"date":"2027-03-29T02:30","zone":"Europe/Berlin"}}]}`)
	refused(t, s.Ladders.Publish(t.Context(), x.by, "benches", x.sequence, "x"), "ladder.moved")
	for _, do := range []ladders.ActInput{{Step: "a", Do: "fly"}, {Do: "halt"}, {Step: "b", Do: "met"}} {
		do.Group = "riverside"
		_, err := s.Ladders.Act(t.Context(), x.by, "benches", do)
		refused(t, err, "ladder.no_act")
	}
	_, err = s.Ladders.Act(t.Context(), x.by, "benches", ladders.ActInput{Step: "a", Group: "hill", Do: "halt"})
	refused(t, err, "ladder.group")
	_, err = s.Ladders.Act(t.Context(), x.by, "benches", ladders.ActInput{Step: "zz", Group: "riverside", Do: "halt"})
	refused(t, err, "ladder.no_step")
	// A poll of a group that does not own the campaign does nothing there.
	_, lee := s.signIn("lee")
	far := s.group(lee, "faraway", "Far Away")
	for _, g := range []struct {
		of   id.Group
		want string
	}{{far, "open"}, {s.groupID("hill"), "halted"}} {
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			return s.Ladders.PollDecided(t.Context(), tx, fact.PollDecided{
				Proposal: s.IDs.New(), Group: g.of, Title: "Halt it", Effect: fact.EffectHalt, Subject: "benches#a", Adopted: true,
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		x.is("a", g.want)
	}
}

// twoGroups is a pledge in which two groups count apart, of two people at least, and hill
// has two already.
func (x *climb) twoGroups() (slug string, b leaf.ID) {
	in := toolDay()
	in.Split, in.Parts, in.People = pledges.ByGroup, "riverside\nhill", "2"
	slug, b = x.pledge(x.by, "riverside", in)
	for range 2 {
		x.pledger(b).pledge(2, 1)
	}
	return slug, b
}

// TestLadderGroups: places or groups that count apart open a step when enough of them
// have enough people, and the record proves each.
func TestLadderGroups(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newClimb(t, s)
		slug, b := x.twoGroups()
		x.publish(fmt.Sprintf(`{"steps":[
			{"key":"one","title":"One","kind":"other","gate":{"count":{"pledge":"%[1]s","people":2,"part":"@riverside"}}},
			{"key":"both","title":"Both","kind":"other","gate":{"count":{"pledge":"%[1]s","people":2,"groups":2}}},
			{"key":"all","title":"All","kind":"other","gate":{"count":{"pledge":"%[1]s","people":4}}},
			{"key":"two","title":"Two","kind":"other","gate":{"count":{"pledge":"%[1]s","people":2}}},
			{"key":"hill","title":"Hill","kind":"other","gate":{"count":{"pledge":"%[1]s","people":2,"part":"@hill"}}}]}`, slug))
		for _, step := range []string{"one", "both", "all"} {
			x.is(step, "waiting")
		}
		x.is("hill", "open")
		x.is("two", "open") // all together are no place or group
		wants(t, s.visitor().Get("/campaigns/benches/ladder"), "1 of 2; 1 more", "2 of 4; 2 more")
		s.pledger(b).pledge(2, 0)
		x.work()
		x.is("one", "waiting")
		p := s.pledger(b).pledge(2, 0)
		x.work()
		for _, step := range []string{"one", "both", "all"} {
			x.is(step, "open")
		}
		if err := p.says(leaf.Withdraw()); err != nil { // what has happened stays so
			t.Fatal(err)
		}
		x.is("one", "open")
		x.proven()
	})
}

// TestLadderTrigger: k of n delegates declare it; nobody sees who.
func TestLadderTrigger(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newClimb(t, s)
		url := "/campaigns/benches/ladder"
		x.publish(`{"steps":[{"key":"walk","title":"Walk","kind":"walkout","gate":{"trigger":{"name":"the council adopts the plan","delegates":["sam","kim"],"k":2}}}]}`)
		for _, path := range []string{url, url + ".json", "/campaigns/benches.json"} {
			if a := s.visitor().Get(path).Want(t, 200, ""); strings.Contains(a.Body, "kim") {
				t.Errorf("%s names a delegate", path)
			}
		}
		other, _ := s.signIn("lou")
		other.Get(url+"/declare").Want(t, 404, "")
		other.Post(url+"/declare", "trigger", "the council adopts the plan", "do", "declare").Want(t, 404, "")
		for range 2 {
			x.sam.Post(url+"/declare", "trigger", "the council adopts the plan", "do", "declare").Want(t, 303, url)
		}
		s.later()
		wants(t, s.visitor().Get(url), "2 of 2 delegates declare", "1 of 2; 1 more")
		x.sam.Post(url+"/declare", "trigger", "the council adopts the plan", "do", "back").Want(t, 303, url)
		x.kim.Post(url+"/declare", "trigger", "the council adopts the plan", "do", "declare").Want(t, 303, url)
		x.is("walk", "waiting")
		wants(t, x.sam.Get(url+"/declare"), "the council adopts the plan", "It has happened")
		x.sam.Post(url+"/declare", "trigger", "the council adopts the plan", "do", "declare").Want(t, 303, url)
		x.is("walk", "open")
		if n := s.count("select count(*) from ladder_delegate where atom <> ''"); n != 0 {
			t.Error("who declared it is kept")
		}
		x.proven()
	})
}

// proposal is one of hill that everybody may read.
func (x *climb) proposal(title string) polls.ID {
	x.t.Helper()
	return x.proposed(x.other, "hill", polls.Input{Title: title, Body: "So be it.", Lang: "en"})
}

// impossible says for how many steps the page tells that something cannot happen any more.
func (x *climb) impossible(want int) {
	x.t.Helper()
	x.later()
	if got := strings.Count(x.visitor().Get("/campaigns/benches/ladder").Want(x.t, 200, "").Text("main"), "cannot happen any more"); got != want {
		x.t.Errorf("%d cannot happen any more, want %d", got, want)
	}
}

// TestLadderNever: what a published ladder waits for and cannot happen any more is told as
// that, and a ladder that waits for it is not published.
func TestLadderNever(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newClimb(t, s)
		slug, b := x.twoGroups()
		x.signs(2)
		step := func(key, gate string) string {
			return `{"key":"` + key + `","title":"` + key + `","kind":"other","gate":` + gate + `}`
		}
		count := func(key, more string) string {
			return step(key, `{"count":{"pledge":"`+slug+`",`+more+`}}`)
		}
		open := []string{
			step("silence", `{"silence":{"petition":"benches"}}`), step("refusal", `{"refusal":{"petition":"benches"}}`), step("signed", `{"count":{"petition":"benches","people":3}}`),
			count("part", `"people":1,"part":"@riverside"`), count("groups", `"people":2,"groups":2`), count("whole", `"people":3`),
		}
		had := []string{
			step("had", `{"count":{"petition":"benches","people":2}}`), count("hill", `"people":2,"part":"@hill"`), count("one", `"people":2,"groups":1`), count("two", `"people":2`),
		}
		x.publish(`{"steps":[` + strings.Join(append(open, had...), ",") + `]}`)
		x.impossible(0)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.Boxes.Close(t.Context(), b))
		x.impossible(3)
		x.sam.Post("/petitions/benches/deliver", "key", s.IDs.Secret(), "reply_by", "2026-05-20", "markdown", "By hand.").Want(t, 303, "/petitions/benches")
		x.impossible(4)
		x.sam.Post("/petitions/benches/reply", "key", s.IDs.Secret(), "markdown", "Yes.").Want(t, 303, "/petitions/benches")
		x.impossible(6)
		for i, code := range []string{"gate.answered", "gate.answered", "gate.over", "gate.over", "gate.over", "gate.over"} {
			x.write(`{"steps":[` + strings.Join(append(had, open[i]), ",") + `]}`)
			refused(t, s.Ladders.Publish(t.Context(), x.by, "benches", x.sequence, "x"), code)
		}
		// What was so once stays so, and what a closed box has it has.
		again := strings.ReplaceAll(strings.ReplaceAll(strings.Join(had, ","), `"key":"`, `"key":"more-`), `"people":2`, `"people":1`)
		x.write(`{"steps":[` + strings.Join(had, ",") + "," + again + `]}`)
		must(s.Ladders.Publish(t.Context(), x.by, "benches", x.sequence, "x"))
		for _, key := range []string{"had", "hill", "one", "two", "more-had", "more-hill", "more-one", "more-two"} {
			x.is(key, "open")
		}
		x.proven()
	})
}

// TestLadderNoReplyAwaited: where nobody awaits a reply, there is no silence.
func TestLadderNoReplyAwaited(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	x := newClimb(t, s)
	const silence = `"title":"S","kind":"other","gate":{"silence":{"petition":"benches"}}}`
	x.publish(`{"steps":[{"key":"s",` + silence + `]}`)
	x.sam.Post("/petitions/benches/deliver", "key", s.IDs.Secret(), "markdown", "By hand.").Want(t, 303, "/petitions/benches")
	x.impossible(1)
	x.write(`{"steps":[{"key":"z",` + silence + `]}`)
	refused(t, s.Ladders.Publish(t.Context(), x.by, "benches", x.sequence, "x"), "gate.answered")
}

// TestLadderFacts: answers, decisions and turnout open steps, also those that came before
// the ladder was published.
func TestLadderFacts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newClimb(t, s)
		eid := s.event(x.by, s.groupID("riverside"), meeting("Walk with us", "2026-05-06"))
		if err := s.Campaigns.Propose(t.Context(), x.by, "benches", eid); err != nil {
			t.Fatal(err)
		}
		early, late, no, gone := x.proposal("Early"), x.proposal("Late"), x.proposal("No"), x.proposal("Gone")
		decide := func(pid polls.ID, paper byte) {
			t.Helper()
			_, box := s.opened(x.other, pid, "majority")
			s.votes(x.other, box, []byte{paper})
			s.closes(box)
		}
		decide(early, tally.Yes)
		x.publish(fmt.Sprintf(`{"steps":[
			{"key":"early","title":"E","kind":"poll","gate":{"decision":{"proposal":"%s"}}},{"key":"late","title":"L","kind":"poll","gate":{"decision":{"proposal":"%s"}}},
			{"key":"no","title":"N","kind":"poll","gate":{"decision":{"proposal":"%s"}}},{"key":"gone","title":"G","kind":"poll","gate":{"decision":{"proposal":"%s"}}},
			{"key":"refused","title":"R","kind":"other","gate":{"refusal":{"petition":"benches"}}},
			{"key":"here","title":"H","kind":"other","gate":{"turnout":{"event":"%s","low":100}}},{"key":"all","title":"A","kind":"other","gate":{"turnout":{"campaign":true,"low":150}}}]}`,
			early, late, no, gone, eid))
		x.is("early", "open")
		decide(late, tally.Yes)
		decide(no, tally.No)
		x.is("late", "open")
		x.is("no", "waiting")
		x.impossible(1)
		if err := s.Polls.Move(t.Context(), x.other, string(gone), "withdraw"); err != nil {
			t.Fatal(err)
		}
		x.impossible(2)
		s.clock.Set(time.Date(2026, 5, 6, 20, 0, 0, 0, time.UTC))
		count := func(low string) {
			t.Helper()
			x.sam.Post("/events/"+string(eid)+"/turnout/new", "key", s.IDs.Secret(), "low", low, "high", "300", "method", "eye", "source_name", "We").Want(t, 303, "/events/"+string(eid)+"#turnout")
		}
		count("120")
		x.is("here", "open")
		x.is("all", "waiting")
		// What was counted before is heard of when the event becomes part of the campaign.
		more := s.event(x.by, s.groupID("riverside"), meeting("Walk again", "2026-05-06"))
		x.sam.Post("/events/"+string(more)+"/turnout/new", "key", s.IDs.Secret(), "low", "30", "high", "300", "method", "eye", "source_name", "We").Want(t, 303, "/events/"+string(more)+"#turnout")
		x.is("all", "waiting")
		if err := s.Campaigns.Propose(t.Context(), x.by, "benches", more); err != nil {
			t.Fatal(err)
		}
		x.is("all", "open")
		x.sam.Post("/petitions/benches/deliver", "key", s.IDs.Secret(), "day", "2026-05-06", "reply_by", "2026-05-20", "markdown", "By hand.").Want(t, 303, "/petitions/benches")
		x.sam.Post("/petitions/benches/reply", "key", s.IDs.Secret(), "day", "2026-05-06", "markdown", "No.", "refused", "1").Want(t, 303, "/petitions/benches")
		x.is("refused", "open")
		x.proven()
	})
}
