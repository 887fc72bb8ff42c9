package ladders

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/fault"
)

func mustParse(t testing.TB, s string) *Gate {
	t.Helper()
	g, err := Parse([]byte(s))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return g
}

func planOf(t testing.TB, s string) Plan {
	t.Helper()
	p, err := ParsePlan([]byte(s))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return p
}

var start = time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"all":[`, 4) + `{"step":"a","state":"met"}` + strings.Repeat(`]}`, 4)
	many := `{"any":[` + strings.Repeat(`{"step":"a","state":"met"},`, 20) + `{"step":"a","state":"met"}]}`
	for _, s := range []string{"", "null", "[]", `{"al":[]}`, `{"step":"a"} {}`, deep, many, `{"date":1}`, `{"count":{"box":1}}`, strings.Repeat(" ", maxGate+1)} {
		if g, err := Parse([]byte(s)); !errors.Is(err, ErrGate) {
			t.Errorf("%.60q is %v, %v", s, g, err)
		}
	}
	if g := mustParse(t, `{"date":"2027-05-01T18:00","zone":"UTC","unix":7}`); g.Unix != 0 {
		t.Error("what publishing fills in can be written")
	}
}

// one is a plan whose second step has a gate and more fields.
func one(gate, more string) string {
	return `{"steps":[{"key":"first","title":"First","kind":"petition","lapses":{"date":"2027-03-01T00:00","zone":"UTC"}},
		{"key":"second","title":"Second","kind":"walkout","gate":` + gate + more + `}]}`
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ plan, code string }{
		"right":                        {one(`{"date":"2027-05-01T18:00","zone":"Europe/Berlin"}`, ""), ""},
		"nothing":                      {`{"steps":[]}`, "ladder.empty"},
		"no title":                     {`{"steps":[{"key":"a","title":" ","kind":"other"}]}`, "ladder.no_title"},
		"a key with capitals":          {`{"steps":[{"key":"A","title":"A","kind":"other"}]}`, "ladder.key"},
		"a key of an address":          {`{"steps":[{"key":"new","title":"A","kind":"other"}]}`, "ladder.key"},
		"a key twice":                  {`{"steps":[{"key":"a","title":"A","kind":"other"},{"key":"a","title":"B","kind":"other"}]}`, "ladder.twice"},
		"a kind":                       {`{"steps":[{"key":"a","title":"A","kind":"sabotage"}]}`, "ladder.kind"},
		"a link elsewhere":             {`{"steps":[{"key":"a","title":"A","kind":"other","link":"https://a.example"}]}`, "ladder.link"},
		"a link without scheme":        {`{"steps":[{"key":"a","title":"A","kind":"other","link":"//a.example"}]}`, "ladder.link"},
		"nothing in a gate":            {one(`{}`, ""), "gate.one"},
		"nothing in all":               {one(`{"all":[]}`, ""), "gate.one"},
		"two in one":                   {one(`{"step":"first","state":"met","silence":{"petition":"a"}}`, ""), "gate.one"},
		"a zone without date":          {one(`{"step":"first","state":"met","zone":"UTC"}`, ""), "gate.one"},
		"itself":                       {one(`{"step":"second","state":"open"}`, ""), "gate.self"},
		"itself in any":                {one(`{"any":[{"step":"first","state":"met"},{"step":"second","state":"met"}]}`, ""), "gate.self"},
		"after itself":                 {one(`{"step":"first","state":"met"}`, `,"after":["second"]`), "gate.self"},
		"no such step":                 {one(`{"step":"third","state":"met"}`, ""), "gate.no_step"},
		"after no such step":           {one(`{"step":"first","state":"met"}`, `,"after":["third"]`), "gate.no_step"},
		"a state":                      {one(`{"step":"first","state":"halted"}`, ""), "gate.state"},
		"no zone":                      {one(`{"date":"2027-05-01T18:00"}`, ""), "gate.date"},
		"a wrong zone":                 {one(`{"date":"2027-05-01T18:00","zone":"Mars/Base"}`, ""), "gate.date"},
		"a wrong date":                 {one(`{"date":"2027-02-30T18:00","zone":"UTC"}`, ""), "gate.date"},
		"a skipped hour":               {one(`{"date":"2027-03-28T02:30","zone":"Europe/Berlin"}`, ""), "gate.skipped"},
		"a skipped hour to lapse":      {one(`{"step":"first","state":"met"}`, `,"lapses":{"date":"2027-03-28T02:30","zone":"Europe/Berlin"}`), "gate.skipped"},
		"nobody":                       {one(`{"count":{"petition":"a","people":0}}`, ""), "gate.people"},
		"no box":                       {one(`{"count":{"people":5}}`, ""), "gate.slug"},
		"two boxes":                    {one(`{"count":{"petition":"a","pledge":"b","people":5}}`, ""), "gate.slug"},
		"places of a petition":         {one(`{"count":{"petition":"a","people":5,"groups":2}}`, ""), "gate.part"},
		"a place and how many":         {one(`{"count":{"pledge":"a","people":5,"groups":2,"part":"x"}}`, ""), "gate.part"},
		"a proposal":                   {one(`{"decision":{"proposal":"x"}}`, ""), "gate.proposal"},
		"turnout of nothing":           {one(`{"turnout":{"low":5}}`, ""), "gate.turnout"},
		"turnout of nobody":            {one(`{"turnout":{"campaign":true,"low":0}}`, ""), "gate.turnout"},
		"no delegates":                 {one(`{"trigger":{"name":"x","k":1}}`, ""), "gate.delegates"},
		"a delegate twice":             {one(`{"trigger":{"name":"x","k":1,"delegates":["ana","ana"]}}`, ""), "gate.delegates"},
		"more than there are":          {one(`{"trigger":{"name":"x","k":3,"delegates":["ana","ben"]}}`, ""), "gate.k"},
		"nameless":                     {one(`{"trigger":{"name":" ","k":1,"delegates":["ana"]}}`, ""), "gate.trigger"},
		"lapsed already":               {one(`{"step":"first","state":"met"}`, `,"lapses":{"date":"2026-12-31T00:00","zone":"UTC"}`), "gate.lapsed"},
		"a date after the end":         {one(`{"date":"2027-05-01T18:00","zone":"UTC"}`, `,"lapses":{"date":"2027-05-01T18:00","zone":"UTC"}`), "gate.late"},
		"of any, one too late":         {one(`{"any":[{"step":"first","state":"met"},{"date":"2027-05-01T18:00","zone":"UTC"}]}`, `,"lapses":{"date":"2027-04-01T00:00","zone":"UTC"}`), "gate.late"},
		"the end in another zone":      {one(`{"date":"2027-05-01T18:00","zone":"America/New_York"}`, `,"lapses":{"date":"2027-05-01T23:00","zone":"Europe/Berlin"}`), "gate.late"},
		"met and lapsed":               {one(`{"all":[{"step":"first","state":"met"},{"step":"first","state":"lapsed"}]}`, ""), "gate.never"},
		"after one that lapsed":        {one(`{"step":"first","state":"lapsed"}`, `,"after":["first"]`), "gate.never"},
		"of any, one never":            {one(`{"any":[{"date":"2027-02-01T00:00","zone":"UTC"},{"all":[{"step":"first","state":"open"},{"step":"first","state":"lapsed"}]}]}`, ""), "gate.never"},
		"lapses that cannot":           {`{"steps":[{"key":"a","title":"A","kind":"other"},{"key":"b","title":"B","kind":"other","gate":{"step":"a","state":"lapsed"}}]}`, "gate.never"},
		"lapsed, before it can":        {one(`{"step":"first","state":"lapsed"}`, `,"lapses":{"date":"2027-02-01T00:00","zone":"UTC"}`), "gate.late"},
		"met contradicts":              {one(`{"step":"first","state":"met"}`, `,"met_by":{"all":[{"step":"first","state":"open"},{"step":"first","state":"lapsed"}]}`), "gate.never_met"},
		"two triggers of one name":     {one(`{"all":[{"trigger":{"name":"x","k":1,"delegates":["ana"]}},{"trigger":{"name":"x","k":1,"delegates":["ben"]}}]}`, ""), "gate.trigger_twice"},
		"in a circle by coming after":  {`{"steps":[{"key":"a","title":"A","kind":"other","after":["b"]},{"key":"b","title":"B","kind":"other","after":["a"]}]}`, "gate.circle"},
		"in a circle by gates":         {`{"steps":[{"key":"a","title":"A","kind":"other","gate":{"step":"b","state":"open"}},{"key":"b","title":"B","kind":"other","gate":{"step":"c","state":"met"}},{"key":"c","title":"C","kind":"other","after":["a"]}]}`, "gate.circle"},
		"in a circle by what is met":   {`{"steps":[{"key":"a","title":"A","kind":"other","met_by":{"step":"b","state":"open"}},{"key":"b","title":"B","kind":"other","gate":{"step":"a","state":"met"}}]}`, "gate.circle"},
		"a step after one that cannot": {`{"steps":[{"key":"z","title":"Z","kind":"other"},{"key":"a","title":"A","kind":"other","gate":{"date":"2027-05-01T18:00","zone":"UTC"}},{"key":"b","title":"B","kind":"other","after":["a"],"lapses":{"date":"2027-04-01T00:00","zone":"UTC"}}]}`, "gate.late"},
	} {
		p := planOf(t, c.plan)
		var codes []string
		for _, f := range Check(&p, start, nil) {
			codes = append(codes, f.Code)
		}
		if c.code == "" && len(codes) > 0 || c.code != "" && !slices.Contains(codes, c.code) {
			t.Errorf("%s: got %v, want %s", name, codes, c.code)
		}
	}
}

// TestCheckEnds: forty steps, each after all before it, are checked at once; a step comes
// after another once.
func TestCheckEnds(t *testing.T) {
	p := Plan{Steps: []Step{{Key: "s0", Title: "S", Kind: "other", Lapses: &Moment{Date: "2027-05-01T18:00", Zone: "UTC"}}}}
	for i := 1; i < maxSteps; i++ {
		s := Step{Key: fmt.Sprintf("s%d", i), Title: "S", Kind: "other"}
		for k := range i {
			s.After = append(s.After, fmt.Sprintf("s%d", k))
		}
		if i == maxSteps-1 {
			s.After, s.Gate = nil, &Gate{Step: fmt.Sprintf("s%d", i-1), State: Lapsed}
		}
		p.Steps = append(p.Steps, s)
	}
	done := make(chan []fault.FieldError, 1)
	go func() { done <- Check(&p, start, nil) }()
	select {
	case fields := <-done:
		if len(fields) > 0 {
			t.Errorf("%+v", fields)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
	p.Steps[2].After = []string{"s0", "s1", "s0"}
	if _, err := ParsePlan([]byte(p.JSON())); !errors.Is(err, ErrPlan) {
		t.Errorf("a step twice: %v", err)
	}
	in := Input{Key: "s2", Title: "S", Kind: "other", After: []string{"s1", "s0", "s1"}}
	s, err := in.parse()
	if err != nil || !slices.Equal(s.After, []string{"s1", "s0"}) {
		t.Errorf("a step twice in a form: %v, %v", s.After, err)
	}
}

// TestMovedStepsAreNotAskedAgain: what has opened may have a last moment in the past.
func TestMovedStepsAreNotAskedAgain(t *testing.T) {
	t.Parallel()
	p := planOf(t, one(`{"step":"first","state":"open"}`, ""))
	now := time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
	if len(Check(&p, now, nil)) == 0 || len(Check(&p, now, map[string]bool{"first": true, "second": true})) > 0 {
		t.Error("it is asked all the same")
	}
}

// TestClocks: deadlines are on the clocks of their place, in summer and winter, also in
// the nights in which the clocks change.
func TestClocks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ date, zone, want string }{
		{"2027-01-15T18:00", "Europe/Berlin", "2027-01-15T17:00:00Z"},
		{"2027-07-15T18:00", "Europe/Berlin", "2027-07-15T16:00:00Z"},
		{"2027-03-28T01:59", "Europe/Berlin", "2027-03-28T00:59:00Z"}, // the minute before they go forward
		{"2027-03-28T03:00", "Europe/Berlin", "2027-03-28T01:00:00Z"},
		{"2027-03-28T02:00", "Europe/Berlin", ""},
		{"2027-10-31T02:30", "Europe/Berlin", "2027-10-31T00:30:00Z"}, // comes twice: the first
		{"2027-10-31T03:00", "Europe/Berlin", "2027-10-31T02:00:00Z"},
		{"2027-11-07T01:30", "America/New_York", "2027-11-07T05:30:00Z"},
		{"2027-03-14T02:30", "America/New_York", ""},
		{"2027-04-04T01:45", "Australia/Lord_Howe", "2027-04-03T14:45:00Z"}, // half an hour back: the first
		{"2011-12-30T12:00", "Pacific/Apia", ""},                            // a day that there was not
		{"2027-05-01T18:00", "Asia/Kathmandu", "2027-05-01T12:15:00Z"},
	} {
		got, err := (Moment{Date: c.date, Zone: c.zone}).Time()
		if c.want == "" {
			if !errors.Is(err, errSkipped) {
				t.Errorf("%s in %s: %v, %v", c.date, c.zone, got, err)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339) != c.want {
			t.Errorf("%s in %s is %v, %v; want %s", c.date, c.zone, got, err, c.want)
		}
	}
}

func TestEval(t *testing.T) {
	t.Parallel()
	g := mustParse(t, `{"all":[{"count":{"petition":"benches","people":400}},{"any":[{"silence":{"petition":"benches"}},{"date":"2027-05-01T18:00","zone":"UTC"}]}]}`)
	may := time.Date(2027, 5, 1, 18, 0, 0, 0, time.UTC)
	count, silence := "count petition benches 400/0 ", "silence benches"
	p := Eval(g, Known{count: {Have: 280}}, start)
	if p.Open || p.Of[0].Have != 280 || p.Of[0].Need != 400 || p.Have != 0 {
		t.Errorf("%+v", p)
	}
	known := Known{count: {Have: 401, Since: start}}
	if p = Eval(g, known, may.Add(-time.Minute)); p.Open {
		t.Error("it opens a minute too early")
	}
	if p = Eval(g, known, may); !p.Open || !p.Since.Equal(may) {
		t.Errorf("it does not open in time: %+v", p)
	}
	known[silence] = Fact{Have: 1, Since: start.Add(time.Hour)}
	if p = Eval(g, known, may.AddDate(0, 1, 0)); !p.Since.Equal(start.Add(time.Hour)) {
		t.Errorf("it opened at %v", p.Since)
	}
	never := Known{count: {Have: 401, Since: start}, silence: {Never: true}}
	if p = Eval(mustParse(t, `{"all":[{"silence":{"petition":"benches"}},{"date":"2027-05-01T18:00","zone":"UTC"}]}`), never, start); !p.Never {
		t.Error("it could still open")
	}
	if !Eval(nil, nil, start).Open {
		t.Error("no gate is shut")
	}
}

// TestSimulate asks what the issue asks: what if 400 sign and nobody answers by May?
func TestSimulate(t *testing.T) {
	t.Parallel()
	p := planOf(t, `{"steps":[
		{"key":"petition","title":"Petition","kind":"petition","met_by":{"count":{"petition":"benches","people":400}}},
		{"key":"talk","title":"Talk","kind":"delegation","after":["petition"],"gate":{"refusal":{"petition":"benches"}},"lapses":{"date":"2027-05-01T00:00","zone":"UTC"}},
		{"key":"walkout","title":"Walkout","kind":"walkout","after":["petition"],"gate":{"all":[{"step":"petition","state":"met"},{"silence":{"petition":"benches"}}]}},
		{"key":"strike","title":"Strike","kind":"strike","after":["talk"]}]}`)
	if bad := Check(&p, start, nil); len(bad) > 0 {
		t.Fatal(bad)
	}
	may := time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)
	moves, stand := Simulate(&p, nil, Known{"count petition benches 400/0 ": {Have: 400, Since: start.AddDate(0, 2, 0)}, "silence benches": {Have: 1, Since: may}}, start, may.AddDate(1, 0, 0))
	want := []Move{
		{"petition", Open, ByGate, start}, {"petition", Met, ByGate, start.AddDate(0, 2, 0)}, {"walkout", Open, ByGate, may},
		{"talk", Lapsed, ByLapse, may}, {"strike", Lapsed, ByBefore, may},
	}
	if !slices.Equal(moves, want) {
		t.Errorf("got %v, want %v", moves, want)
	}
	if stand["walkout"].State != Open || stand["strike"].State != Lapsed {
		t.Error("it ends otherwise")
	}
	if moves, _ = Simulate(&p, nil, nil, start, may); len(moves) != 3 { // it opens, and two lapse
		t.Errorf("%v", moves)
	}
}

// TestLapseIsNotBeaten: what is heard of late is dated by when it came true, so a server
// that was down at the moment does as if it had been up.
func TestLapseIsNotBeaten(t *testing.T) {
	t.Parallel()
	p := planOf(t, `{"steps":[
		{"key":"b","title":"B","kind":"other","after":["a"],"lapses":{"date":"2027-02-01T18:30","zone":"UTC"}},
		{"key":"a","title":"A","kind":"other","gate":{"date":"2027-02-01T18:00","zone":"UTC"}}]}`)
	_, stand := Simulate(&p, nil, nil, start, start.AddDate(1, 0, 0))
	if stand["b"].State != Open || !stand["b"].Opened.Equal(time.Date(2027, 2, 1, 18, 0, 0, 0, time.UTC)) {
		t.Errorf("b is %+v", stand["b"])
	}
	// What comes at the last moment comes too late.
	p = planOf(t, `{"steps":[{"key":"c","title":"C","kind":"other","gate":{"silence":{"petition":"x"}},"lapses":{"date":"2027-02-01T18:30","zone":"UTC"}}]}`)
	for early, want := range map[time.Duration]State{0: Lapsed, time.Second: Open} {
		_, stand = Simulate(&p, nil, Known{"silence x": {Have: 1, Since: time.Date(2027, 2, 1, 18, 30, 0, 0, time.UTC).Add(-early)}}, start, start.AddDate(1, 0, 0))
		if stand["c"].State != want {
			t.Errorf("%v before its last moment it is %s", early, stand["c"].State)
		}
	}
}

// TestEvalOnlyOpens: more that has happened, or a later hour, shuts no gate; and it opens
// at the same moment whoever asks later.
func TestEvalOnlyOpens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := drawGate(rt, []string{"a", "b"}, 3)
		known := Known{}
		g.leaves(func(x *Gate) {
			if rapid.Bool().Draw(rt, "happened") {
				known[x.atom()] = Fact{Have: x.need(), Since: start.Add(time.Duration(rapid.IntRange(0, 99).Draw(rt, "since")) * time.Hour)}
			}
		})
		now := start.Add(time.Duration(rapid.IntRange(0, 120).Draw(rt, "now")) * time.Hour)
		p := Eval(g, known, now)
		g.leaves(func(x *Gate) {
			if _, ok := known[x.atom()]; !ok {
				known[x.atom()] = Fact{Have: x.need(), Since: now.Add(time.Hour)}
			}
		})
		q := Eval(g, known, now.Add(100*time.Hour))
		if p.Open && (!q.Open || !q.Since.Equal(p.Since)) || p.Open && p.Since.After(now) {
			rt.Fatalf("%s: %+v became %+v", g, p, q)
		}
		if !q.Open && q.Of == nil {
			rt.Fatalf("%s stays shut: %+v", g, q)
		}
	})
}

// drawGate is any gate over steps, dates of the first 100 hours and things that happen.
func drawGate(rt *rapid.T, steps []string, depth int) *Gate {
	kinds := []string{"date", "turnout", "decision"}
	if len(steps) > 0 {
		kinds = append(kinds, "step", "step")
	}
	if depth > 1 {
		kinds = append(kinds, "all", "any", "all", "any")
	}
	switch rapid.SampledFrom(kinds).Draw(rt, "kind") {
	case "date":
		return &Gate{Date: start.Add(time.Duration(rapid.IntRange(1, 99).Draw(rt, "hour")) * time.Hour).Format("2006-01-02T15:04"), Zone: "UTC"}
	case "turnout":
		return &Gate{Turnout: &Turnout{Campaign: true, Low: rapid.SampledFrom([]int{100, 200}).Draw(rt, "low")}}
	case "decision":
		return &Gate{Decision: &Decision{rapid.SampledFrom(polls).Draw(rt, "poll")}}
	case "step":
		return &Gate{Step: rapid.SampledFrom(steps).Draw(rt, "step"), State: rapid.SampledFrom([]State{Open, Met, Lapsed}).Draw(rt, "state")}
	case "all":
		return &Gate{All: drawGates(rt, steps, depth-1)}
	}
	return &Gate{Any: drawGates(rt, steps, depth-1)}
}

func drawGates(rt *rapid.T, steps []string, depth int) (out []Gate) {
	for range rapid.IntRange(1, 3).Draw(rt, "of") {
		out = append(out, *drawGate(rt, steps, depth))
	}
	return out
}

var polls = []string{"01kqm8ymg00000000000000001", "01kqm8ymg00000000000000002"}

// drawPlan is any ladder whose steps wait only for ones before them.
func drawPlan(rt *rapid.T) Plan {
	var p Plan
	var keys []string
	for i := range rapid.IntRange(1, 5).Draw(rt, "steps") {
		s := Step{Key: string(rune('a' + i)), Title: "Step", Kind: "other"}
		for _, k := range keys {
			if rapid.IntRange(0, 3).Draw(rt, "after") == 0 {
				s.After = append(s.After, k)
			}
		}
		if rapid.IntRange(0, 3).Draw(rt, "gated") > 0 {
			s.Gate = drawGate(rt, keys, 2)
		}
		if rapid.Bool().Draw(rt, "lapses") {
			s.Lapses = drawEnd(rt, 99)
		}
		if rapid.Bool().Draw(rt, "meets") {
			s.MetBy = drawGate(rt, keys, 2)
		}
		p.Steps = append(p.Steps, s)
		keys = append(keys, s.Key)
	}
	if rapid.Bool().Draw(rt, "short") { // seldom decided in time, so that some steps lapse
		p.Steps = append(p.Steps, Step{Key: "z", Title: "Step", Kind: "other", Gate: &Gate{Decision: &Decision{polls[0]}}, Lapses: drawEnd(rt, 24)})
	}
	if rapid.Bool().Draw(rt, "turned") {
		slices.Reverse(p.Steps)
	}
	return p
}

func drawEnd(rt *rapid.T, hours int) *Moment {
	return &Moment{Date: start.Add(time.Duration(rapid.IntRange(1, hours).Draw(rt, "end")) * time.Hour).Format("2006-01-02T15:04"), Zone: "UTC"}
}

// FuzzParse: what is read as a gate is written and read as the same, and can be judged.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"all":[{"date":"2027-05-01T18:00","zone":"Europe/Berlin"},{"any":[{"count":{"pledge":"a","people":400,"groups":3}}]}]}`,
		`{"trigger":{"name":"x","delegates":["ana"],"k":1}}`, `{"step":"a","state":"met"}`, `{"turnout":{"campaign":true,"low":5}}`, `{}`, `{"all":null}`, `{"date":"2027-13-01T18:00","zone":"x"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := Parse(b)
		if err != nil {
			return
		}
		again, err := Parse([]byte(g.String()))
		if err != nil || again.String() != g.String() {
			t.Fatalf("%s is written as %s: %v", b, g, err)
		}
		p := Plan{Steps: []Step{{Key: "a", Title: "A", Kind: "other"}, {Key: "b", Title: "B", Kind: "other", Gate: g, MetBy: g}}}
		if len(Check(&p, start, nil)) == 0 {
			Simulate(&p, nil, nil, start, start.AddDate(1, 0, 0))
		}
	})
}

// FuzzParsePlan: what is read as a ladder is written and read as the same.
func FuzzParsePlan(f *testing.F) {
	f.Add([]byte(one(`{"step":"first","state":"met"}`, `,"after":["first"]`)))
	f.Add([]byte(`{"steps":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePlan(b)
		if err != nil {
			return
		}
		again, err := ParsePlan([]byte(p.JSON()))
		if err != nil || again.JSON() != p.JSON() {
			t.Fatalf("%s is written as %s: %v", b, p.JSON(), err)
		}
		Check(&p, start, nil)
	})
}

// TestForms: what a form shows of a step makes the same step again.
func TestForms(t *testing.T) {
	t.Parallel()
	for _, gate := range []string{
		`{"date":"2027-05-01T18:00","zone":"UTC"}`, `{"all":[{"count":{"petition":"a","people":400}},{"silence":{"petition":"a"}},{"refusal":{"petition":"a"}}]}`,
		`{"any":[{"count":{"pledge":"a","people":4}},{"count":{"pledge":"a","people":4,"part":"Leipzig"}},{"count":{"pledge":"a","people":4,"groups":3}}]}`,
		`{"any":[{"turnout":{"campaign":true,"low":5}},{"turnout":{"event":"01kqm8ymg00000000000000001","low":5}},{"decision":{"proposal":"01kqm8ymg00000000000000001"}}]}`,
		`{"all":[{"trigger":{"name":"the plan","delegates":["ana","ben"],"k":2}},{"step":"first","state":"lapsed"}]}`,
		`{"any":[{"all":[{"step":"first","state":"met"}]},{"step":"first","state":"open"}]}`,
	} {
		s := planOf(t, one(gate, `,"after":["first"],"lapses":{"date":"2028-05-01T18:00","zone":"UTC"},"met_by":{"step":"first","state":"lapsed"}`)).Steps[1]
		in := typedStep(&s, "Europe/Berlin")
		got, err := in.parse()
		if err != nil || !sameStep(&got, &s) {
			t.Errorf("%s: %+v makes %+v, %v", gate, in, got, err)
		}
	}
}

// TestReady: what comes after a step that waits or is halted is not next.
func TestReady(t *testing.T) {
	t.Parallel()
	s := &Step{Key: "walkout", After: []string{"petition", "pledge"}}
	for state, want := range map[State]bool{Waiting: false, Halted: false, Lapsed: false, Open: true, Met: true} {
		stand := map[string]*Standing{"petition": {State: Open}, "pledge": {State: state}}
		if got := ready(s, stand); got != want {
			t.Errorf("after one that is %s: %v", state, got)
		}
	}
	if !ready(&Step{Key: "petition"}, nil) {
		t.Error("the first step is held back by none")
	}
}
