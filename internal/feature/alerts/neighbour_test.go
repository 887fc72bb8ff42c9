package alerts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
)

// far starts a network around Halle, which hears of the alerts of "near". Its verifiers are
// fay and dee.
func (f *fixture) far() {
	f.t.Helper()
	ctx := f.ctx()
	must(f.t, f.Start(ctx, as("fay"), f.ids.Secret(), NetworkInput{Handle: "far", Name: "Far", Group: "river", Area: "Halle; 8", Categories: []string{"fire", "weather"}}))
	must(f.t, f.Ask(ctx, as("fay"), "far", "hill"))
	must(f.t, f.Answer(ctx, as("ada"), "far", "hill", true))
	must(f.t, f.Name(ctx, as("ada"), "far", "hill", "dee"))
	f.member("river", "zoe", "steward", "") // whom nobody here let in
	must(f.t, f.Neighbour(ctx, as("zoe"), "far", "near"))
}

// both lets two verifiers of a network say something.
func (f *fixture) both(network, subject string, m Message, first, second string) (string, error) {
	if err := f.Propose(f.ctx(), as(first), network, subject, m, true, 3); err != nil {
		return "", err
	}
	return f.Confirm(f.ctx(), as(second), network, subject, (&Draft{Subject: subject, Message: m}).Hash(), false, 3)
}

// chain is one, the newest first.
func (f *fixture) chain(id string) (out []Alert) {
	f.t.Helper()
	must(f.t, f.DB.Read(f.ctx(), func(tx *dbTx) (err error) {
		out, err = chainOf(f.ctx(), tx, id)
		return err
	}))
	return out
}

func code(err error) string {
	if e := fault.Of(err); e != nil {
		return e.Code
	}
	return fmt.Sprint(err)
}

// TestPassOn is the way of an alert into the area of a neighbour, by forms.
func TestPassOn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		f.far()
		_, err := f.report("", smoke())
		must(t, err)
		origin, err := f.send(f.first().ID, f.message(f.first()), "bo", "cy")
		must(t, err)
		fay, dee, v := f.browser("fay"), f.browser("dee"), f.browser("")
		if got := v.Get("/alerts/networks/far").Want(t, 200, "").Text("main"); !strings.Contains(got, "Hears of alerts of Near") {
			t.Errorf("%s", got)
		}
		queue := dee.Get("/alerts/queue/far").Want(t, 200, "")
		if got := queue.Text("section[aria-labelledby=beside]"); !strings.Contains(got, "Near") || !strings.Contains(got, "Fire and smoke, Leipzig, Germany") {
			t.Fatalf("%s", got)
		}
		action := queue.Attr("section[aria-labelledby=beside] form", "action")
		f.browser("gus").Post(action, "do", "pass").Want(t, 404, "") // no verifier
		v.Post(action, "do", "pass").Want(t, 401, "")
		dee.Post(action, "do", "x").Want(t, 400, "")
		f.browser("bo").Post(strings.Replace(action, "far", "near", 1), "do", "pass").Want(t, 404, "") // its own
		for range 2 {
			dee.Post(action, "do", "pass").Want(t, 303, "/alerts/queue/far")
		}
		if len(f.heard.all) != 2 || len(f.lines.all) != 2 {
			t.Fatalf("%d went out, %d lines", len(f.heard.all), len(f.lines.all))
		}
		h, l := f.heard.all[1], f.lines.all[1]
		if h.Kind != fact.AlertNew || h.Chain == origin || h.Category != "fire" || len(h.Cells) != maxCells || l.Network != "far" || len(l.Verifiers) != 3 || !l.Verifiers[0].FirstHand || l.Verifiers[1].FirstHand {
			t.Errorf("%+v %+v", h, l)
		}
		for _, c := range h.Cells {
			if geo.Distance(geo.GridCell(c).Middle(), geo.Point{Lat: 51.48, Lon: 11.97}) > 9 {
				t.Errorf("it reaches %s", geo.GridCell(c))
			}
		}
		page := v.Get("/alerts/"+h.Chain).Want(t, 200, "")
		for _, want := range []string{"Fire and smoke, Leipzig, Germany", "Two verifiers of the network Near confirm it; at least one saw it.", "The network Far passes it on.", "What Near says itself", "Stay away from there."} {
			if !strings.Contains(page.Text("main"), want) {
				t.Errorf("%q is missing: %s", want, page.Text("main"))
			}
		}
		if got := v.Get("/alerts").Text("main"); strings.Count(got, "Fire and smoke, Leipzig") != 1 {
			t.Errorf("twice in one list: %s", got)
		}
		if got := v.Get("/alerts?near=Halle").Text("main"); strings.Count(got, "Fire and smoke, Leipzig") != 1 {
			t.Errorf("near the neighbour: %s", got)
		}
		if got := fay.Get("/alerts/queue/far").Text("main"); strings.Contains(got, "From neighbouring") || !strings.Contains(got, "Out now") {
			t.Errorf("%s", got)
		}

		// It changes with what it comes from, and not by itself.
		m := f.chain(origin)[0].Message
		m.Kind, m.Confidence = fact.AlertCorrect, Likely
		changed := m
		changed.Cells = f.chain(h.Chain)[0].Cells
		if _, err := f.both("far", h.Chain, changed, "fay", "dee"); code(err) != "alert.passed_on" {
			t.Errorf("%v", err)
		}
		if got := fay.Get("/alerts/queue/far/send/"+h.Chain).Want(t, 200, ""); strings.Contains(got.Body, `value="propose"`) || !strings.Contains(got.Body, `value="withdraw"`) {
			t.Errorf("%s", got.Text("main"))
		}
		_, err = f.both("near", origin, m, "bo", "cy")
		must(t, err)
		if got := v.Get("/alerts/" + h.Chain).Text("main"); !strings.Contains(got, "Correction: Fire and smoke, Leipzig") || !strings.Contains(got, "It is likely, not certain.") {
			t.Errorf("%s", got)
		}
		_, err = f.Withdraw(f.ctx(), as("bo"), "near", origin)
		must(t, err)
		last := f.heard.all[len(f.heard.all)-1]
		if len(f.heard.all) != 6 || last.Chain != h.Chain || last.Kind != fact.AlertWithdraw {
			t.Errorf("%+v", f.heard.all)
		}
		if got := v.Get("/alerts/" + h.Chain).Text("main"); !strings.Contains(got, "A verifier of the network Near takes it back.") {
			t.Errorf("%s", got)
		}
	})
}

// TestNotPassedOn: what is over, has changed, is a drill, was left, or is nothing that the
// network warns of, stays where it is; what was passed on is not passed on again.
func TestNotPassedOn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		f.far()
		must(t, f.Neighbour(f.ctx(), as("ada"), "near", "far"))
		sent := func(category string) string {
			t.Helper()
			_, err := f.report("", ReportInput{Category: category, Place: "Leipzig", Network: "near", Ago: "0", FirstHand: "seen"})
			must(t, err)
			c := f.first()
			m := f.message(c)
			m.Guidance = nil
			id, err := f.send(c.ID, m, "bo", "cy")
			must(t, err)
			return id
		}
		refused := func(alert, want string) {
			t.Helper()
			if _, err := f.Pass(f.ctx(), as("dee"), "far", alert); code(err) != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
		road, fire := sent("road"), sent("fire")
		refused(road, "alert.pass_category")
		refused("nothing", "web.not_found")
		m := f.chain(fire)[0].Message
		m.Kind, m.Drill = fact.AlertNew, true
		drill, err := f.both("near", f.ids.Secret(), m, "bo", "cy")
		must(t, err)
		refused(drill, "web.not_found")
		m.Kind, m.Drill = fact.AlertUpdate, false
		update, err := f.both("near", fire, m, "bo", "cy")
		must(t, err)
		refused(fire, "alert.pass_changed")
		must(t, f.Leave(f.ctx(), as("dee"), "far", update))
		if got := f.browser("fay").Get("/alerts/queue/far").Text("main"); strings.Contains(got, "Fire and smoke, Leipzig") || !strings.Contains(got, "Your network does not warn of that.") {
			t.Errorf("%s", got)
		}
		copied, err := f.Pass(f.ctx(), as("fay"), "far", update) // somebody sees that it concerns them after all
		must(t, err)
		must(t, f.Leave(f.ctx(), as("dee"), "far", update)) // too late
		if got := f.browser("bo").Get("/alerts/queue/near").Text("main"); strings.Contains(got, "From neighbouring") {
			t.Errorf("it comes back: %s", got)
		}
		if _, err := f.Pass(f.ctx(), as("bo"), "near", copied); code(err) != "web.not_found" {
			t.Errorf("%v", err)
		}
		must(t, f.Apart(f.ctx(), as("fay"), "far", "near"))
		refused(road, "web.not_found")
		if _, err = f.Withdraw(f.ctx(), as("bo"), "near", fire); err != nil || f.chain(copied)[0].Kind != fact.AlertWithdraw {
			t.Errorf("apart, it is corrected no more: %v", err)
		}
		must(t, f.Neighbour(f.ctx(), as("fay"), "far", "near"))
		must(t, f.SetClosed(f.ctx(), as("fay"), "far", true))
		advance(f, time.Hour)
		weather := sent("weather")
		refused(weather, "alert.network_closed")
		must(t, f.SetClosed(f.ctx(), as("fay"), "far", false))
		if _, err := f.Pass(f.ctx(), as("fay"), "far", weather); code(err) != "alert.pass_named" { // fay named it this time
			t.Errorf("%v", err)
		}
		advance(f, 2*time.Hour-time.Second)
		refused(weather, "alert.pass_changed")
		for other, want := range map[string]string{"far": "alert.no_network", "nowhere": "alert.no_network", "near": "<nil>"} {
			err := f.Neighbour(f.ctx(), as("fay"), "far", other)
			if e := fault.Of(err); e != nil && len(e.Fields) > 0 {
				err = fmt.Errorf("%s", e.Fields[0].Code) //nolint:err113 // for comparison
			}
			if fmt.Sprint(err) != want {
				t.Errorf("%s: %v", other, err)
			}
		}
		if err := f.Neighbour(f.ctx(), as("dee"), "far", "near"); code(err) != "authz.forbidden" {
			t.Errorf("a verifier: %v", err)
		}
	})
}

// passing is the model of what networks pass on.
type passing struct {
	f       *fixture
	t       *rapid.T
	origins []string
	copies  map[string]string // by origin
	mine    string            // an alert of the neighbour itself
	began   map[string]int    // messages of the origin when it was passed on
	told    map[string]int
}

func (p *passing) pick(all []string) string {
	if len(all) == 0 {
		p.t.Skip("there is none")
	}
	return rapid.SampledFrom(all).Draw(p.t, "which")
}

func (p *passing) send(t *rapid.T) {
	p.t = t
	_, err := p.f.report("", ReportInput{Category: "fire", Place: "Leipzig", Network: "near", Ago: "0", FirstHand: "seen"})
	must(p.f.t, err)
	q, err := p.f.Queue(p.f.ctx(), as("bo"), "near", Fresh, "", 0)
	must(p.f.t, err)
	if len(q.Cases) == 0 {
		t.Skip("there is one already")
	}
	c := &q.Cases[0]
	id, err := p.f.send(c.ID, p.says(c.Cell, fact.AlertNew, p.f.clock.Now().Unix()), "bo", "cy")
	if err != nil && code(err) != "alert.often" {
		t.Fatal(err)
	}
	if err == nil {
		p.origins = append(p.origins, id)
	}
}

func (p *passing) says(c geo.GridCell, kind fact.AlertKind, seen int64) Message {
	return Message{
		Kind: kind, Category: "fire", Basis: Seen, Confidence: rapid.SampledFrom([]Confidence{Certain, Likely}).Draw(p.t, "confidence"), Cells: []string{c.String()}, Seen: seen,
		Guidance: rapid.SampledFrom([][]string{nil, {"away"}, {"windows"}}).Draw(p.t, "guidance"), Lasts: rapid.SampledFrom([]int{10, 30, 120, 720}).Draw(p.t, "lasts"),
	}
}

func (p *passing) pass(t *rapid.T) {
	p.t = t
	o := p.pick(p.origins)
	all := p.f.chain(o)
	sent, err := p.f.Pass(p.f.ctx(), as(rapid.SampledFrom([]string{"fay", "dee"}).Draw(t, "who")), "far", all[0].ID)
	over := all[0].over(p.f.clock.Now()) || all[0].Expires.Sub(p.f.clock.Now()) < time.Minute
	switch {
	case p.copies[o] != "" && p.f.chain(p.copies[o])[0].Kind == fact.AlertWithdraw:
		if code(err) != "alert.withdrawn" {
			t.Fatalf("what was taken back: %v", err)
		}
	case p.copies[o] != "":
		if err != nil || sent != p.copies[o] {
			t.Fatalf("again: %s %v", sent, err)
		}
	case over:
		if code(err) != "alert.pass_changed" {
			t.Fatalf("what is over: %v", err)
		}
	case err == nil:
		p.copies[o], p.began[o] = sent, len(all)
		p.told["passed"]++
	case code(err) != "alert.often":
		t.Fatal(err)
	}
}

func (p *passing) change(t *rapid.T) {
	p.t = t
	o := p.pick(p.origins)
	all := p.f.chain(o)
	kind := rapid.SampledFrom([]fact.AlertKind{fact.AlertUpdate, fact.AlertUpdate, fact.AlertCorrect, fact.AlertClear}).Draw(t, "kind")
	_, err := p.f.both("near", o, p.says(all[0].cells()[0], kind, all[0].Seen), "bo", "cy")
	if c := code(err); err != nil && c != "alert.often" && c != "alert.over" && c != "alert.withdrawn" {
		t.Fatal(err)
	}
	if err == nil && p.copies[o] != "" {
		p.told[string(kind)]++
	}
}

func (p *passing) withdraw(t *rapid.T) {
	p.t = t
	_, err := p.f.Withdraw(p.f.ctx(), as("cy"), "near", p.pick(p.origins))
	must(p.f.t, err)
}

func (p *passing) takeBack(t *rapid.T) {
	p.t = t
	if rapid.IntRange(0, 4).Draw(t, "seldom") > 0 {
		t.Skip("it stays")
	}
	var all []string
	for _, c := range p.copies {
		all = append(all, c)
	}
	slices.Sort(all)
	_, err := p.f.Withdraw(p.f.ctx(), as("fay"), "far", p.pick(all))
	must(p.f.t, err)
	p.told["taken back"]++
}

// own is an alert of the neighbour itself, to a cell that it passes others on to, or an
// update of it: then there is less room for what it passes on.
func (p *passing) own(t *rapid.T) {
	p.t = t
	if p.mine != "" {
		m := p.f.chain(p.mine)[0].Message
		m.Kind = fact.AlertUpdate
		_, _ = p.f.both("far", p.mine, m, "fay", "dee") // it may be over, or one too many
		return
	}
	var all []string
	for _, c := range p.copies {
		all = append(all, c)
	}
	slices.Sort(all)
	cell := p.f.chain(p.pick(all))[0].cells()[0]
	at := cell.Middle()
	_, err := p.f.report("", ReportInput{Category: "weather", Place: fmt.Sprintf("%f, %f", at.Lat, at.Lon), Network: "far", Ago: "0", FirstHand: "seen"})
	must(p.f.t, err)
	q, err := p.f.Queue(p.f.ctx(), as("dee"), "far", Fresh, "", 0)
	must(p.f.t, err)
	m := p.says(cell, fact.AlertNew, p.f.clock.Now().Unix())
	m.Category, m.Guidance, m.Lasts = "weather", nil, 720
	if p.mine, err = p.f.both("far", q.Cases[0].ID, m, "fay", "dee"); err != nil && code(err) != "alert.often" {
		t.Fatal(err)
	}
}

// crowded is an update of what is passed on at a time when the neighbour says much.
func (p *passing) crowded(t *rapid.T) {
	for range 3 {
		p.own(t)
	}
	p.change(t)
}

func (p *passing) wait(t *rapid.T) {
	advance(p.f, time.Duration(rapid.SampledFrom([]int{1, 9, 31, 61, 121}).Draw(t, "minutes"))*time.Minute)
	if rapid.Bool().Draw(t, "by the clock") {
		must(p.f.t, p.f.CatchUp(p.f.ctx()))
	}
}

// check: what is passed on ends no later than what it comes from, says what that says or
// said before mere updates, and was corrected and taken back as often.
func (p *passing) check(t *rapid.T) {
	now := p.f.clock.Now()
	for o, c := range p.copies {
		of, its := p.f.chain(o), p.f.chain(c)
		last := &its[0]
		if last.Kind == fact.AlertWithdraw && last.Passed.Network == "Far" {
			continue // they took it back themselves
		}
		if !last.over(now) && (of[0].over(now) || last.Expires.After(of[0].Expires)) {
			t.Fatalf("%s until %v outlives %s until %v", last.Kind, last.Expires, of[0].Kind, of[0].Expires)
		}
		for _, kind := range []fact.AlertKind{fact.AlertCorrect, fact.AlertWithdraw} {
			count := func(all []Alert) (n int) {
				for i := range all {
					if all[i].Kind == kind {
						n++
					}
				}
				return n
			}
			if want := count(of[:len(of)-p.began[o]]); count(its) != want {
				t.Fatalf("%d times %s, and %d were passed on", want, kind, count(its))
			}
		}
		same := func(a Alert) bool {
			return slices.Equal(a.Cells, last.Passed.Cells) && slices.Equal(a.Guidance, last.Guidance) && a.Confidence == last.Confidence && a.Seen == last.Seen && a.Basis == last.Basis
		}
		i := slices.IndexFunc(of, same)
		if !last.over(now) && (i < 0 || slices.ContainsFunc(of[:i], func(a Alert) bool { return a.Kind != fact.AlertUpdate })) {
			t.Fatalf("%+v is not what they say: %+v", last.Message, of[0].Message)
		}
		if i > 0 && !last.over(now) {
			p.told["behind"]++
		}
	}
}

// TestPassingModel: whatever a network and its neighbour do, what is passed on never
// outlives nor contradicts what it comes from.
func TestPassingModel(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("many steps")
	}
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		f.far()
		told := map[string]int{}
		rapid.Check(t, func(rt *rapid.T) {
			advance(f, 25*time.Hour)
			must(t, f.Expire(f.ctx()))
			p := &passing{f: f, t: rt, copies: map[string]string{}, began: map[string]int{}, told: told}
			p.send(rt)
			if rapid.Bool().Draw(rt, "later") {
				advance(f, 90*time.Second)
			}
			p.pass(rt)
			rt.Repeat(map[string]func(*rapid.T){
				"": p.check, "send": p.send, "pass": p.pass, "pass again": p.pass, "change": p.change, "change again": p.change, "withdraw": p.withdraw, "take back": p.takeBack,
				"own": p.own, "crowded": p.crowded, "wait": p.wait,
			})
		})
		for _, what := range []string{"passed", "update", "correct", "clear", "taken back", "behind"} {
			if told[what] < 5 {
				t.Errorf("%s: only %d times", what, told[what])
			}
		}
		t.Log(told)
	})
}
