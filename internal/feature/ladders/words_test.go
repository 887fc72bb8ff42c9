package ladders

import (
	"testing"
	"time"

	"convoke/internal/i18n"
)

func english(t *testing.T) *i18n.Locale {
	t.Helper()
	all, err := i18n.Load(false)
	if err != nil {
		t.Fatal(err)
	}
	return all.Match("en")
}

// TestReasons: why a step moved is said as it was, whatever it waited for.
func TestReasons(t *testing.T) {
	t.Parallel()
	w, gate := words{Locale: english(t)}, &Gate{Step: "a", State: Met}
	for _, c := range []struct {
		move Move
		step *Step
		want string
	}{
		{Move{State: Open, Reason: ByGate}, &Step{}, "nothing had to happen before it"},
		{Move{State: Open, Reason: ByGate}, &Step{After: []string{"a"}}, "the step before it has opened"},
		{Move{State: Open, Reason: ByGate}, &Step{After: []string{"a", "b"}}, "the steps before it have opened"},
		{Move{State: Open, Reason: ByGate}, &Step{Gate: gate}, "its gate opened"},
		{Move{State: Open, Reason: ByGate}, &Step{Gate: gate, After: []string{"a"}}, "its gate and the step before it have opened"},
		{Move{State: Open, Reason: ByGate}, &Step{Gate: gate, After: []string{"a", "b"}}, "its gate and the steps before it have opened"},
		{Move{State: Open, Reason: ByGate}, nil, "its gate opened"},
		{Move{State: Met, Reason: ByGate}, &Step{Gate: gate, MetBy: gate}, "its aim is reached"},
		{Move{State: Met, Reason: ByOwners}, &Step{}, "the groups that own the campaign said so"},
		{Move{State: Halted, Reason: ByOwners}, &Step{}, "a group that owns the campaign said so"},
		{Move{State: Halted, Reason: ByDown}, &Step{}, "the campaign stood down"},
		{Move{State: Open, Reason: ByPoll}, &Step{}, "a poll decided it"},
		{Move{State: Lapsed, Reason: ByLapse}, &Step{}, "its last moment has passed"},
		{Move{State: Lapsed, Reason: ByBefore}, &Step{}, "a step lapsed that had to come first"},
	} {
		if got := w.reason(&c.move, c.step); got != c.want {
			t.Errorf("%+v of %+v: %q, want %q", c.move, c.step, got, c.want)
		}
	}
}

// TestFar: how far away a condition is that waits for a time.
func TestFar(t *testing.T) {
	t.Parallel()
	until := time.Date(2027, 5, 12, 0, 0, 0, 0, time.UTC)
	silence, refusal := &Gate{Silence: &Asked{"a"}}, &Gate{Refusal: &Asked{"a"}}
	decision := &Gate{Decision: &Decision{"01kqm8ymg00000000000000001"}}
	date := func(s string) *Gate { return &Gate{Date: s, Zone: "Europe/Berlin"} }
	for _, c := range []struct {
		gate  *Gate
		about about
		want  string
	}{
		{silence, about{Reply: &Reply{}}, "not handed over yet"},
		{refusal, about{Reply: &Reply{}}, "not handed over yet"},
		{silence, about{Reply: &Reply{Delivered: true, Until: until, Left: 9}}, "so if there is no reply by May 12, 2027, 9 days from now"},
		{silence, about{Reply: &Reply{Delivered: true, Until: until, Left: 1}}, "so if there is no reply by May 12, 2027, 1 day from now"},
		{silence, about{Reply: &Reply{Delivered: true, Until: until}}, "a reply is awaited until May 12, 2027, which is today"},
		{silence, about{Reply: &Reply{Delivered: true, Until: until, Left: -1}}, "no reply by May 12, 2027"},
		{silence, about{Never: true, Reply: &Reply{Delivered: true}}, "handed over without a day for the reply, so this cannot happen any more"},
		{silence, about{Never: true, Reply: &Reply{Delivered: true, Answered: true}}, "a reply came, so this cannot happen any more"},
		{refusal, about{Reply: &Reply{Delivered: true, Until: until, Left: 9}}, "a reply is awaited until May 12, 2027, 9 days from now"},
		{refusal, about{Reply: &Reply{Delivered: true}}, "handed over; no reply yet"},
		{refusal, about{Never: true, Reply: &Reply{Delivered: true, Answered: true}}, "a reply came, so this cannot happen any more"},
		{silence, about{}, "not yet"},
		{decision, about{}, "not yet"},
		{decision, about{Never: true}, "cannot happen any more"},
		{decision, about{Closes: until, Zone: "Europe/Berlin"}, "there is a vote until May 12, 2027, 2:00 AM (Europe/Berlin)"},
		{date("2027-01-02T00:30"), about{}, "1 day from now"},
		{date("2027-01-01T23:30"), about{}, "today"},
		{date("2027-01-11T12:00"), about{}, "10 days from now"},
	} {
		d := &Ladder{About: map[string]about{c.gate.atom(): c.about}}
		p := Eval(c.gate, d.live(false, start), start)
		if got := (words{english(t), d, &Plan{}}).far(&p, start); got != c.want {
			t.Errorf("%s, %+v: %q, want %q", c.gate, c.about, got, c.want)
		}
	}
}

// TestDrafts: of a draft, what is so already has happened now; of what is published, only
// what it heard of.
func TestDrafts(t *testing.T) {
	t.Parallel()
	g := &Gate{Count: &Count{Petition: "a", People: 3}}
	d := &Ladder{About: map[string]about{g.atom(): {Have: 4, So: true}}}
	if p := Eval(g, d.live(true, start), start); !p.Open || !p.Since.Equal(start) {
		t.Errorf("a draft: %+v", p)
	}
	if p := Eval(g, d.live(false, start), start); p.Open || p.Have != 4 {
		t.Errorf("published: %+v", p)
	}
}

// TestAsks: of the same people one number is asked for.
func TestAsks(t *testing.T) {
	t.Parallel()
	count := func(petition, people string) string {
		return `{"count":{"petition":"` + petition + `","people":` + people + `}}`
	}
	p := planOf(t, one(`{"all":[`+count("a", "200")+`,`+count("a", "400")+`,`+count("b", "200")+`,{"silence":{"petition":"a"}},`+count("a", "100")+`,`+count("a", "9")+`]}`, ""))
	d := &Ladder{About: map[string]about{(&Gate{Count: &Count{Petition: "a", People: 9}}).atom(): {Have: 9, So: true}}}
	all := words{english(t), d, &p}.asks(d.live(true, start), start)
	var got []int
	for _, a := range all {
		got = append(got, a.waits[0].need(), len(a.waits))
	}
	if want := []int{400, 3, 200, 1, 1, 1, 9, 1}; len(got) != len(want) || !all[2].Silence || !all[3].Settled || len(all[0].Lower) != 2 {
		t.Errorf("got %v, want %v: %+v", got, want, all)
	} else {
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	}
}
