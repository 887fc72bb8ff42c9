package verify_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"convoke/internal/db"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
)

const ladderTime = 1_800_000_000

// rungs is a ladder whose gates wait for all that the record can prove.
func (w *world) rungs() leaf.LadderManifest {
	petition, one := w.petition.ID.String(), 1
	return leaf.LadderManifest{V: 1, Version: 1, Campaign: "benches", Text: strings.Repeat("0a", 32), Time: ladderTime, Steps: []leaf.LadderStep{
		{Key: "sign", MetBy: &leaf.LadderGate{Count: &leaf.LadderCount{Petition: "benches", People: 3, Box: petition}}},
		{Key: "walk", After: []string{"sign"}, Lapses: ladderTime + 9000, Gate: &leaf.LadderGate{All: []leaf.LadderGate{
			{Step: "sign", State: "met"}, {Date: "2027-01-15T09:00", Zone: "UTC", Unix: ladderTime + 3600},
			{Any: []leaf.LadderGate{{Silence: json.RawMessage(`{"petition":"benches"}`)}, {Trigger: json.RawMessage(`{"k":2,"n":3,"name":"it"}`)}}},
		}}},
		{Key: "part", Gate: &leaf.LadderGate{Count: &leaf.LadderCount{Pledge: "tools", People: 1, Box: w.pledge.ID.String(), Part: "@b", Index: &one}}},
		{Key: "both", Gate: &leaf.LadderGate{Count: &leaf.LadderCount{Pledge: "tools", People: 2, Box: w.pledge.ID.String(), Groups: 1}}},
		{Key: "late", After: []string{"walk"}, Lapses: ladderTime + 5000},
		{Key: "last", After: []string{"late"}},
		{Key: "free", Gate: &leaf.LadderGate{Decision: json.RawMessage(`{"proposal":"x"}`)}},
	}}
}

// climb is a ladder with its moves, in their order.
type climb struct {
	m     leaf.LadderManifest
	moves []leaf.StepMove
	next  *leaf.LadderManifest // a second version, behind the moves
}

func (w *world) climb(t *testing.T) climb {
	c := climb{m: w.rungs()}
	counted := map[string]leaf.StepCount{}
	must(t, w.DB.Write(ctx, func(tx *db.Tx) error {
		for name, x := range map[string]struct {
			i      *box.Info
			part   int
			people uint64
		}{"sign": {w.petition, box.Whole, 3}, "all": {w.pledge, box.Whole, 1}, "b": {w.pledge, 1, 1}, "two": {w.pledge, 1, 2}} {
			n, reached, err := w.Watch(ctx, tx, x.i.ID, x.part, x.people)
			if err != nil || !reached {
				return fmt.Errorf("%s is not reached: %+v, %w", name, n, err)
			}
			counted[name] = leaf.StepCount{Box: x.i.ID.String(), Part: x.part, People: x.people, Count: n.Count, Size: n.Size}
		}
		return nil
	}))
	move := func(step, state, reason string, at int64, counts ...string) {
		m := leaf.StepMove{Step: step, State: state, Reason: reason, Time: ladderTime + at}
		for _, n := range counts {
			m.Counts = append(m.Counts, counted[n])
		}
		c.moves = append(c.moves, m)
	}
	move("sign", "open", "gate", 0)
	move("sign", "met", "gate", 60, "sign")
	move("part", "open", "gate", 60, "b")
	move("both", "open", "gate", 61, "all", "two")
	move("free", "halted", "owners", 70)
	move("free", "waiting", "owners", 80)
	move("free", "open", "gate", 90)
	move("walk", "open", "gate", 3600)
	move("walk", "halted", "owners", 4000)
	move("late", "lapsed", "lapse", 5000)
	move("last", "lapsed", "before", 5000)
	move("walk", "open", "owners", 6000)
	move("walk", "met", "owners", 7000)
	second := c.m
	second.Version, second.Time = 2, ladderTime+8000
	second.Steps = append(slices.Clone(c.m.Steps), leaf.LadderStep{Key: "more"})
	c.next = &second
	return c
}

// leaves are the lines of the record.
func (c climb) leaves(t *testing.T) (out [][]byte) {
	t.Helper()
	text := func(v any) []byte {
		b, err := leaf.Canonical(v)
		must(t, err)
		return b
	}
	first := leaf.Ladder{Manifest: text(c.m)}.Encode()
	name := leaf.IDOf(first)
	out = append(out, first)
	for _, m := range c.moves {
		out = append(out, leaf.Step{Ladder: name, JSON: text(m)}.Encode())
	}
	if c.next != nil {
		m := *c.next
		if m.Ladder == "" {
			m.Ladder = name.String()
		}
		out = append(out, leaf.Ladder{Manifest: text(m)}.Encode())
	}
	return out
}

// TestBothFollowLadders: both verifiers find a ladder right that went by its rules, and
// each way of cheating wrong.
func TestBothFollowLadders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	right := w.climb(t)
	base := readLogs(t, w.export(t))
	with := func(c climb) files {
		l := maps.Clone(base)
		l["log"] = slices.Concat(l["log"], c.leaves(t))
		return build(t, l)
	}
	both(t, with(right), true)
	at := func(step, state string) int {
		return slices.IndexFunc(right.moves, func(m leaf.StepMove) bool { return m.Step == step && m.State == state })
	}
	for name, cheat := range map[string]func(c *climb){
		"a date that has not come":        func(c *climb) { c.moves[at("walk", "open")].Time-- },
		"a count that was not there":      func(c *climb) { c.moves[at("sign", "met")].Counts[0].Count++ },
		"a count at another size":         func(c *climb) { c.moves[at("sign", "met")].Counts[0].Size = 3 },
		"a count beyond the end":          func(c *climb) { c.moves[at("sign", "met")].Counts[0].Size = 9999 },
		"no count":                        func(c *climb) { c.moves[at("sign", "met")].Counts = nil },
		"too few people":                  func(c *climb) { c.m.Steps[0].MetBy.Count.People = 4 },
		"the count of another part":       func(c *climb) { c.moves[at("part", "open")].Counts = c.moves[at("both", "open")].Counts[:1] },
		"all together for a part":         func(c *climb) { c.moves[at("both", "open")].Counts = c.moves[at("both", "open")].Counts[:1] },
		"one part of two":                 func(c *climb) { c.m.Steps[3].Gate.Count.Groups = 2 },
		"a part that there is not":        func(c *climb) { c.moves[at("part", "open")].Counts[0].Part = 2 },
		"a step before another":           func(c *climb) { c.moves = slices.Delete(c.moves, at("sign", "open"), at("sign", "met")+1) },
		"met before it opened":            func(c *climb) { c.moves = slices.Delete(c.moves, at("sign", "open"), at("sign", "open")+1) },
		"open twice":                      func(c *climb) { c.moves = slices.Insert(c.moves, 1, c.moves[0]) },
		"a state that there is not":       func(c *climb) { c.moves[0].State = "ajar" },
		"a reason that there is not":      func(c *climb) { c.moves[0].Reason = "whim" },
		"a step that there is not":        func(c *climb) { c.moves[0].Step = "stairs" },
		"back in time":                    func(c *climb) { c.moves[at("sign", "met")].Time = ladderTime - 1 },
		"lapsed too early":                func(c *climb) { c.moves[at("late", "lapsed")].Time-- },
		"lapsed by word":                  func(c *climb) { c.moves[at("late", "lapsed")].Reason = "owners" },
		"lapsed with no other":            func(c *climb) { c.moves = slices.Delete(c.moves, at("late", "lapsed"), at("late", "lapsed")+1) },
		"opened by word":                  func(c *climb) { c.moves[at("free", "open")].Reason = "owners" },
		"opened after its last moment":    func(c *climb) { c.m.Steps[1].Lapses = ladderTime + 3600; c.next = nil },
		"goes on as it was not":           func(c *climb) { c.moves[at("free", "waiting")].State = "open" },
		"a new version without a step":    func(c *climb) { c.next.Steps = c.next.Steps[1:] },
		"a new version with another gate": func(c *climb) { c.next.Steps = slices.Clone(c.next.Steps); c.next.Steps[1].Gate = nil },
		"a version left out":              func(c *climb) { c.next.Version = 3 },
		"a version of no ladder":          func(c *climb) { c.next.Ladder = w.pledge.ID.String() },
		"a version of another campaign":   func(c *climb) { c.next.Campaign = "stairs" },
		"a version before the first":      func(c *climb) { c.next.Time = ladderTime - 1 },
		"a gate of itself":                func(c *climb) { c.m.Steps[1].Gate.All[0].Step = "walk" },
		"a gate of no step":               func(c *climb) { c.m.Steps[1].Gate.All[0].Step = "stairs" },
		"an empty gate":                   func(c *climb) { c.m.Steps[1].Gate = &leaf.LadderGate{} },
		"a date without its second":       func(c *climb) { c.m.Steps[1].Gate.All[1].Unix = 0 },
		"a box that was not opened":       func(c *climb) { c.m.Steps[0].MetBy.Count.Box = leaf.ID{9}.String() },
		"a count in a box not opened": func(c *climb) {
			c.moves[0].Counts = []leaf.StepCount{{Box: leaf.ID{9}.String(), Part: -1, People: 1, Count: 1, Size: 1}}
		},
		"a step twice":        func(c *climb) { c.m.Steps[2].Key = "sign" },
		"after no step":       func(c *climb) { c.m.Steps[1].After = []string{"stairs"} },
		"a hash that is none": func(c *climb) { c.m.Text = "0a" },
	} {
		t.Run(name, func(t *testing.T) {
			c := w.climb(t)
			cheat(&c)
			both(t, with(c), false)
		})
	}
	name := leaf.IDOf(right.leaves(t)[0])
	for what, b := range map[string][]byte{
		"a move that is no object":   leaf.Step{Ladder: name, JSON: []byte(`[]`)}.Encode(),
		"a move with a field more":   leaf.Step{Ladder: name, JSON: []byte(`{"reason":"gate","state":"open","step":"sign","time":1800000000,"why":"x"}`)}.Encode(),
		"a move with a wrong field":  leaf.Step{Ladder: name, JSON: []byte(`{"reason":"gate","state":"open","step":"sign","time":"now"}`)}.Encode(),
		"a ladder with a field more": leaf.Ladder{Manifest: []byte(`{"v":1,"who":"x"}`)}.Encode(),
		"a move of no ladder":        leaf.Step{Ladder: leaf.ID{7}, JSON: []byte(`{"reason":"gate","state":"open","step":"sign","time":1800000000}`)}.Encode(),
		"a move written otherwise":   leaf.Step{Ladder: name, JSON: []byte(`{"step":"sign","reason":"gate","state":"open","time":1800000000}`)}.Encode(),
		"a move cut off":             leaf.Step{Ladder: name}.Encode()[:9],
	} {
		t.Run(what, func(t *testing.T) {
			l := maps.Clone(base)
			l["log"] = slices.Concat(l["log"], right.leaves(t)[:1], [][]byte{b})
			both(t, build(t, l), false)
		})
	}
}
