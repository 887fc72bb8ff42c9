package verify_test

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"convoke/internal/record/leaf"
)

// TestBothRefuse lets an operator sign what breaks a rule of docs/record.md. The
// anchors and what comes of a close are left out, so that nothing but the rule can tell.
func TestBothRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	right := readLogs(t, w.export(t))
	right["log"] = slices.DeleteFunc(right["log"], ties)
	both(t, build(t, right), true)
	signs, pledges := "b/"+w.petition.ID.String(), "b/"+w.pledge.ID.String()
	open, closed := "r/"+w.petition.Roll.String(), "r/"+w.pledge.Roll.String()
	last := func(b ...[]byte) func([][]byte) [][]byte {
		return func(l [][]byte) [][]byte { return append(slices.Clone(l), b...) }
	}
	signer := w.signers[0]
	bad := leaf.Sign{Key: leaf.Key{1, 2, 3}, Auth: [leaf.AuthSize]byte(signer.Auth)}
	torn, err := leaf.DecodeSay(w.says(0, 9, pledge(2, 0), false))
	must(t, err)
	torn.Counter++
	mark := leaf.Milestone{Box: w.pledge.ID, Part: 1, Goal: 2, Count: 2, Size: 8}
	for name, c := range map[string]struct {
		log  string
		edit func([][]byte) [][]byte
	}{
		"a credential of another key":          {signs, last(bad.Encode())},
		"a key that signs twice":               {signs, last(signer.Sign(signer.Auth))},
		"a credential of another roll":         {signs, last(w.spare.Sign(w.spare.Auth))},
		"a leaf that is too long":              {signs, last(append(signer.Sign(signer.Auth), 0))},
		"a leaf of another version":            {signs, last(append([]byte{2}, leaf.Batch{}.Encode()[1:]...))},
		"a leaf of another log":                {signs, last(leaf.Freeze{}.Encode())},
		"a leaf of no kind":                    {signs, last([]byte{1, 0x77})},
		"an empty leaf":                        {signs, last([]byte{})},
		"an order that milestones deny":        {signs, func(l [][]byte) [][]byte { l = slices.Clone(l); l[2], l[5] = l[5], l[2]; return l }},
		"a pledge in a petition":               {signs, last(signer.Say(w.petition.Origin, nil, 9, pledge(2, 0)))},
		"taken back twice":                     {signs, last(w.signers[1].Say(w.petition.Origin, nil, 2, leaf.Withdraw()))},
		"a signature among pledges":            {pledges, last(w.spare.Sign(w.spare.Auth))},
		"a statement of another box":           {pledges, last(signer.Say(w.petition.Origin, nil, 1, leaf.Withdraw()))},
		"a signature of other words":           {pledges, last(torn.Encode())},
		"a counter that stands still":          {pledges, last(w.says(0, 2, pledge(3, 0), false))},
		"a first statement that shows nothing": {pledges, last(w.says(4, 1, pledge(2, 0), false))},
		"done by who did not pledge":           {pledges, last(w.says(4, 1, leaf.Done(), true))},
		"a place that there is not":            {pledges, last(w.says(4, 1, pledge(2, 2), true))},
		"a threshold of nobody":                {pledges, last(w.says(4, 1, append([]byte{1}, make([]byte, 6)...), true))},
		"a ballot":                             {pledges, last(w.says(4, 1, []byte{2, 0}, true))},
		"nothing said":                         {pledges, last(w.says(4, 1, nil, true))},
		"withdrawn with more bytes":            {pledges, last(w.says(0, 9, []byte{4, 0}, false))},
		"a slot that is not there":             {open, last(leaf.Issue{Member: leaf.NoMember, Slots: 4}.Encode())},
		"a member of an open roll":             {open, last(leaf.Issue{Member: 0, Slots: 1}.Encode())},
		"an issue of a third mode":             {open, last(leaf.Issue{Member: leaf.NoMember, Mode: 2, Slots: 1}.Encode())},
		"a freeze that counted wrong":          {open, last(leaf.Freeze{Slot: 1, Issued: 1}.Encode())},
		"an activation that shows nothing":     {open, last((&leaf.Activate{Slot: 1, Key: signer.Public()}).Encode())},
		"more keys than credentials":           {open, func(l [][]byte) [][]byte { return l[:3] }},
		"issued after the freeze":              {closed, last(leaf.Issue{Member: 0, Slots: 1}.Encode())},
		"frozen twice":                         {closed, last(leaf.Freeze{Issued: 5, Activated: 1}.Encode())},
		"issued twice to a member":             {closed, func(l [][]byte) [][]byte { return slices.Insert(slices.Clone(l), 7, l[6]) }},
		"members in another order":             {closed, func(l [][]byte) [][]byte { l = slices.Clone(l); l[1], l[2] = l[2], l[1]; return l }},
		"a member too few":                     {closed, func(l [][]byte) [][]byte { return slices.Delete(slices.Clone(l), 5, 6) }},
		"a member too many":                    {closed, last(leaf.Member{Commitment: [32]byte{255}}.Encode())},
		"a goal that nobody set":               {"log", last(leaf.Milestone{Box: w.petition.ID, Part: -1, Goal: 2, Count: 2, Size: 2}.Encode())},
		"a goal that was not reached":          {"log", last(leaf.Milestone{Box: w.petition.ID, Part: -1, Goal: 1000, Count: 1000, Size: 6}.Encode())},
		"a goal twice":                         {"log", last(mark.Encode())},
		"a goal of all places":                 {"log", last(leaf.Milestone{Box: w.pledge.ID, Part: -1, Goal: 2, Count: 3, Size: 8}.Encode())},
		"a goal after the end":                 {"log", last(leaf.Milestone{Box: w.petition.ID, Part: -1, Goal: 1000, Count: 1000, Size: 9}.Encode())},
		"closed before the end":                {"log", last(leaf.Close{Box: w.petition.ID, Size: 2, Root: [32]byte(rootOf(hashesOf(right[signs][:2])))}.Encode())},
		"closed with another root":             {"log", last(leaf.Close{Box: w.petition.ID, Size: 6}.Encode())},
		"anchored with another root":           {"log", last(leaf.Anchor{Log: hashOf(w.petition.Origin), Size: 2}.Encode())},
		"anchored beyond the end":              {"log", last(leaf.Anchor{Log: hashOf(w.petition.Origin), Size: math.MaxInt32}.Encode())},
		"an anchor that shrinks": {"log", last(
			leaf.Anchor{Log: hashOf(w.petition.Origin), Size: 2, Root: rootOf(hashesOf(right[signs][:2]))}.Encode(),
			leaf.Anchor{Log: hashOf(w.petition.Origin), Size: 1, Root: rootOf(hashesOf(right[signs][:1]))}.Encode())},
		"an anchor that changes":        {"log", last(leaf.Anchor{Size: 2}.Encode(), leaf.Anchor{Size: 2, Root: [32]byte{1}}.Encode())},
		"an anchor of 2⁶³":              {"log", last(leaf.Anchor{Size: 1 << 63}.Encode())},
		"a goal of 2⁶³":                 {"log", last(leaf.Milestone{Box: w.petition.ID, Part: -1, Goal: 3, Count: 3, Size: 1 << 63}.Encode())},
		"a note of no box":              {"log", last(leaf.Note{Box: leaf.ID{1}, JSON: []byte("{}")}.Encode())},
		"a note with spaces":            {"log", last(leaf.Note{Box: w.petition.ID, JSON: []byte(`{"a": 1}`)}.Encode())},
		"a note with a name twice":      {"log", last(leaf.Note{Box: w.petition.ID, JSON: []byte(`{"a":1,"a":1}`)}.Encode())},
		"a note with a fraction":        {"log", last(leaf.Note{Box: w.petition.ID, JSON: []byte(`{"a":1.5}`)}.Encode())},
		"a note with nothing":           {"log", last(leaf.Note{Box: w.petition.ID, JSON: []byte(`{"a":null}`)}.Encode())},
		"a second box on a slot":        {"log", last(manifest(right["log"][0], `"slot":0`, `"slot":1`))},
		"a box of another node":         {"log", last(manifest(right["log"][0], `"node":"node.example"`, `"node":"other.example"`))},
		"a manifest with other names":   {"log", last(manifest(right["log"][0], `"takes"`, `"takez"`))},
		"a zero that is not left out":   {"log", last(manifest(right["log"][0], `"node":`, `"min_batch":0,"node":`))},
		"a box that closes too early":   {"log", last(manifest(right["log"][0], `"closes":1`, `"closes":`))},
		"a leaf of a box in the node's": {"log", last(leaf.Batch{}.Encode())},
	} {
		t.Run(name, func(t *testing.T) {
			l := logs{}
			for log, leaves := range right {
				l[log] = leaves
			}
			if l[c.log] == nil {
				t.Fatal("no such log")
			}
			l[c.log] = c.edit(l[c.log])
			both(t, build(t, l), false)
		})
	}
}

func manifest(opening []byte, old, new string) []byte {
	b := bytes.Replace(opening, []byte(old), []byte(new), 1)
	if bytes.Equal(b, opening) {
		panic("the manifest has no " + old)
	}
	return b
}
