package verify_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/record"
	"convoke/internal/record/blind"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/tally"
	"convoke/internal/record/tally/tallytest"
	"convoke/internal/record/verify"
	"convoke/internal/record/wallet"
)

// polls are what people voted on in every way that there is.
type polls struct {
	*world
	// closed are secret ones of all methods, the first of which was frozen; open is
	// one that is not closed. named and openNamed are by name.
	closed                 []*box.Info
	open, named, openNamed *box.Info
}

// methods are polls of each method, and papers that four people put in; nil takes the
// one before back. Options stand equal in some of them.
var methods = []struct {
	rules  tally.Rules
	papers [][][]byte
}{
	{tally.Rules{Method: tally.YesNo, Options: 1, Quorum: 2}, [][][]byte{{{0}}, {{1}, {0}}, {{1}}, {{2}, nil}}},
	{tally.Rules{Method: tally.Consent, Options: 1}, [][][]byte{{{0}}, {because(3), {0}}, {because(2)}, {{1}}}},
	{tally.Rules{Method: tally.Check, Options: 1, Max: 5}, [][][]byte{{{1}}, {{5}}, {{5}}, {{3}, {2}}}},
	{tally.Rules{Method: tally.Approval, Options: 9, Winners: 2, Support: 2, Lots: []int{8, 7, 6, 5, 4, 3, 2, 1, 0}}, [][][]byte{{{3, 1}}, {{1, 1}}, {{0, 0}}, {{2, 0}}}},
	{tally.Rules{Method: tally.Score, Options: 3, Max: 5, Lots: []int{2, 0, 1}}, [][][]byte{{{5, 0, 5}}, {{5, 5, 0}}, {{0, 0, 5}}, {{0, 1, 0}, nil}}},
	{tally.Rules{Method: tally.Schulze, Options: 3, Quorum: 9, Lots: []int{2, 0, 1}}, [][][]byte{{{1, 2, 3}}, {{3, 1, 2}}, {{2, 3, 1}}, {{0, 0, 0}}}},
	{tally.Rules{Method: tally.STV, Options: 4, Winners: 2, Lots: []int{1, 0, 3, 2}}, [][][]byte{{{1, 2, 0, 0}}, {{1, 0, 2, 3}}, {{1, 3, 0, 2}}, {{0, 0, 1, 2}}}},
}

// why is the reason of a reservation and a block.
var why = box.Reason{Salt: [32]byte{1}, Text: "It costs more than we have."}

func because(says byte) []byte {
	h := why.Hash()
	return append([]byte{says}, h[:]...)
}

func newPolls(t testing.TB) *polls {
	w := &polls{world: newWorld(t, 3)}
	refs := []string{"a", "b", "c", "d", "e"}
	roll := w.roll(t, box.RollInput{Gate: box.GateMembers, References: refs, Slots: len(methods) + 1})
	for n, m := range methods {
		b := leaf.Box{Takes: leaf.TakesSay, Poll: &m.rules}
		if n == 0 {
			b.Freeze, b.Opens = true, dbtest.Now.Add(time.Minute).Unix()
		}
		w.closed = append(w.closed, w.opened(t, roll, uint8(n), b))
	}
	w.open = w.opened(t, roll, uint8(len(methods)), leaf.Box{Takes: leaf.TakesSay, Poll: &methods[0].rules})
	var who [][]*boxtest.Voter
	for _, ref := range refs {
		who = append(who, w.everywhere(t, ref, append(w.closed, w.open)))
	}
	must(t, w.Activate(ctx, roll, (&leaf.Activate{Key: who[0][0].Public(), Auth: [leaf.AuthSize]byte(who[0][0].Auth)}).Encode()))
	w.Clock.Set(dbtest.Now.Add(time.Minute))
	must(t, w.CloseDue(ctx)) // freezes the first
	for n, m := range methods {
		for k, papers := range m.papers {
			for _, p := range papers {
				var r *box.Reason
				if len(p) == 33 {
					r = &why
				}
				_, err := w.CastWith(ctx, w.closed[n].ID, who[k][n].Says(said(p)), r)
				must(t, err)
			}
		}
		w.settle(t, w.closed[n])
	}
	for k := range 2 {
		w.cast(t, w.open, who[k][len(methods)].Says(said([]byte{0})))
	}
	w.named, w.openNamed = w.seated(t), w.seated(t)
	w.settle(t, w.named)
	return w
}

// everywhere gives somebody a credential for each of several polls on one roll.
func (w *polls) everywhere(t testing.TB, ref string, all []*box.Info) (out []*boxtest.Voter) {
	t.Helper()
	grant, err := w.AdmitMember(ctx, all[0].Roll, ref)
	must(t, err)
	c, err := wallet.New(rand.Reader)
	must(t, err)
	in := box.IssueInput{Grant: grant}
	var blinded []*blind.Blinded
	for _, i := range all {
		slot := i.Manifest.Slot
		v := &boxtest.Voter{Part: c.Part(leaf.RollOrigin(recordtest.Node, i.Roll), slot), Box: i}
		b, err := v.Request(i.Key, recordtest.Node, i.Roll, slot)
		must(t, err)
		in.Slots |= 1 << slot
		in.Blinded, blinded, out = append(in.Blinded, b.Message), append(blinded, b), append(out, v)
	}
	signed, err := w.Issue(ctx, all[0].Roll, in)
	must(t, err)
	for n, b := range blinded {
		out[n].Auth, err = b.Finalize(signed[n])
		must(t, err)
	}
	return out
}

func said(paper []byte) []byte {
	if paper == nil {
		return leaf.Withdraw()
	}
	return leaf.Ballot(paper)
}

func (w *polls) opened(t testing.TB, roll leaf.ID, slot uint8, m leaf.Box) *box.Info {
	t.Helper()
	m.Type = leaf.Poll
	return w.world.open(t, roll, slot, m)
}

// seated opens a poll by name on which four groups vote; one of them says nothing.
func (w *polls) seated(t testing.TB) *box.Info {
	t.Helper()
	var seats []box.NamedSeat
	for n := range 4 {
		salt, err := box.Salt()
		must(t, err)
		seats = append(seats, box.NamedSeat{Name: fmt.Sprintf("group %d", n), Salt: salt, Weight: uint32(n + 1)})
	}
	m := leaf.Box{
		Type: leaf.Poll, Poll: &tally.Rules{Method: tally.STV, Options: 3, Winners: 2, Quorum: 3, Lots: []int{0, 2, 1}}, Text: strings.Repeat("0", 64),
		Opens: dbtest.Now.Unix(), Closes: dbtest.Now.Add(time.Hour).Unix(),
	}
	var b leaf.ID
	must(t, w.DB.Write(ctx, func(tx *db.Tx) (err error) {
		b, err = w.OpenNamed(ctx, tx, m, seats)
		return err
	}))
	for _, v := range []struct {
		seat  uint32
		paper []byte
	}{{0, []byte{1, 2, 0}}, {2, []byte{0, 1, 0}}, {1, []byte{0, 0, 0}}, {2, nil}, {2, []byte{2, 1, 3}}, {1, []byte{0, 0, 1}}} {
		must(t, w.DB.Write(ctx, func(tx *db.Tx) error { return w.Vote(ctx, tx, b, v.seat, said(v.paper), nil) }))
	}
	i, err := w.Info(ctx, b)
	must(t, err)
	return i
}

// settle closes a poll, counts it and writes down what came out.
func (w *polls) settle(t testing.TB, i *box.Info) {
	t.Helper()
	must(t, w.Boxes.Close(ctx, i.ID))
	r, err := w.Boxes.Count(ctx, i.ID)
	must(t, err)
	text, err := r.JSON()
	must(t, err)
	must(t, w.DB.Write(ctx, func(tx *db.Tx) error { return w.PutResult(ctx, tx, i.ID, text) }))
}

// leaves are those of all logs, also of polls that are open.
func (w *polls) leaves(t testing.TB, m files) logs {
	t.Helper()
	c := maps.Clone(m)
	out := logs{}
	must(t, w.DB.Read(ctx, func(tx *db.Tx) error {
		for _, i := range []*box.Info{w.open, w.openNamed} {
			delete(c, i.Log()+"/checkpoint")
			n, err := record.Size(ctx, tx, i.Log())
			if err != nil {
				return err
			}
			err = record.Leaves(ctx, tx, i.Log(), 0, n, func(_ int64, raw []byte) error {
				out[i.Log()] = append(out[i.Log()], bytes.Clone(raw))
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	maps.Copy(out, readLogs(t, c))
	return out
}

// only is the record of some boxes; of the results it has those of polls.
func only(l logs, all ...*box.Info) logs {
	out := logs{}
	for _, i := range all {
		out[i.Log()], out["r/"+i.Roll.String()] = l[i.Log()], l["r/"+i.Roll.String()]
	}
	for _, b := range l["log"] {
		if k := leaf.Kind(b[1]); k != leaf.KindAnchor && slices.ContainsFunc(all, func(i *box.Info) bool {
			if k == leaf.KindOpen {
				return leaf.IDOf(b) == i.ID
			}
			return bytes.Equal(b[2:18], i.ID[:]) && (k != leaf.KindResult || i.Manifest.Type == leaf.Poll)
		}) {
			out["log"] = append(out["log"], b)
		}
	}
	return out
}

// decided is what both verifiers say of a poll.
type decided struct {
	ID       string
	Withheld bool
	Result   *tally.Result
}

// TestBothCountPolls counts polls of all methods twice: the results are the same, and
// of open ones both say that nothing was counted.
func TestBothCountPolls(t *testing.T) {
	t.Parallel()
	w := newPolls(t)
	m := w.export(t)
	dir := m.folder(t)
	got, out := python(t, dir)
	r, err := verify.Verify(ctx, m, verify.Options{})
	must(t, err)
	if got.Exit != 0 || !r.Right() {
		t.Fatalf("the first says %v, the second %s", r.Wrong, out)
	}
	var second struct {
		Boxes []struct {
			Box      string
			Withheld bool
			Result   *tally.Result
		}
	}
	must(t, json.Unmarshal(out, &second))
	var a, b []decided
	for _, x := range r.Boxes {
		a = append(a, decided{x.ID, x.Withheld, x.Result})
	}
	for _, x := range second.Boxes {
		b = append(b, decided{x.Box, x.Withheld, x.Result})
	}
	if d := cmp.Diff(a, b); d != "" {
		t.Errorf("first (-) and second (+) verifier differ:\n%s", d)
	}
	open := 0
	for _, x := range a {
		if x.Withheld {
			open++
		}
	}
	if open != 2 {
		t.Errorf("%d are withheld", open)
	}
	for _, program := range [][]string{{"python3", "-I", "verify.py"}, append(convoke(), "verify")} {
		text, err := exec.CommandContext(t.Context(), program[0], append(program[1:], dir)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", program, err, text)
		}
		for _, s := range []string{
			"ballots are published when it closes", "round 2 ", "surplus of option 1: 0.33333 to option 2", "tie                    exclude among option 2, option 4: option 4, by lot",
			"1 against 2            ", "nothing adopted        check", "quorum                 4 of 9: not enough", "elected: option 1",
		} {
			if !strings.Contains(string(text), s) {
				t.Errorf("%v does not say %q:\n%s", program, s, text)
			}
		}
	}
	both(t, build(t, w.leaves(t, m)), true)
	// Nothing of an open one is looked for, and what is not there of a closed one is missed.
	for path := range m {
		if strings.HasPrefix(path, w.open.Log()+"/tile") || strings.HasPrefix(path, w.openNamed.Log()+"/tile") {
			t.Errorf("%s is there", path)
		}
	}
	c := maps.Clone(m)
	maps.DeleteFunc(c, func(path string, _ []byte) bool { return strings.HasPrefix(path, w.closed[6].Log()+"/tile") })
	both(t, c, false)
}

// TestBothRefusePolls lets an operator sign polls that break a rule of docs/record.md.
func TestBothRefusePolls(t *testing.T) {
	t.Parallel()
	w := newPolls(t)
	petition, err := w.Info(ctx, w.petition.ID)
	must(t, err)
	right := only(w.leaves(t, w.export(t)), petition, w.closed[6], w.closed[0], w.named, w.open)
	both(t, build(t, right), true)
	secret, named, roll := w.closed[6].Log(), w.named.Log(), "r/"+w.named.Roll.String()
	vote := func(seat, counter uint32, body []byte) []byte {
		return (&leaf.Vote{Seat: seat, Counter: counter, Body: body}).Encode()
	}
	more := func(b ...[]byte) func([][]byte) [][]byte {
		return func(l [][]byte) [][]byte { return append(slices.Clone(l), b...) }
	}
	swap := func(kind leaf.Kind, f func(b []byte) []byte) func([][]byte) [][]byte {
		return func(l [][]byte) [][]byte {
			l = slices.Clone(l)
			at := slices.IndexFunc(l, func(b []byte) bool { return b[1] == byte(kind) })
			l[at] = f(slices.Clone(l[at]))
			return l
		}
	}
	flip := func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
	result := leaf.Result{Box: w.named.ID}.Encode()
	for name, c := range map[string]struct {
		log  string
		edit func([][]byte) [][]byte
	}{
		"what came out, by another vote":  {named, more(vote(3, 1, leaf.Ballot([]byte{1, 0, 0})))},
		"a paper by no rule":              {named, more(vote(3, 1, leaf.Ballot([]byte{1, 1, 0})))},
		"a seat that there is not":        {named, more(vote(4, 1, leaf.Ballot([]byte{1, 0, 0})))},
		"a vote with an older counter":    {named, more(vote(2, 1, leaf.Ballot([]byte{2, 1, 3})))},
		"nothing to take back":            {named, more(vote(3, 1, leaf.Withdraw()))},
		"a pledge of a seat":              {named, more(vote(3, 1, pledge(1, 0)))},
		"a vote that is too long":         {named, more(append(vote(3, 1, leaf.Ballot([]byte{1, 0, 0})), 0))},
		"a ballot of a key by name":       {named, more(right[secret][0])},
		"a batch in a poll":               {secret, more(leaf.Batch{Count: 2}.Encode())},
		"a vote of a seat among keys":     {secret, more(vote(0, 1, leaf.Ballot([]byte{1, 2, 3, 0})))},
		"what came out, by a ballot less": {secret, func(l [][]byte) [][]byte { return l[:len(l)-1] }},
		"a ballot in a petition":          {"b/" + w.petition.ID.String(), more(vote(0, 1, leaf.Ballot([]byte{0})))},
		"a seat without weight":           {roll, more(leaf.Seat{}.Encode())},
		"a seat too many":                 {roll, more(leaf.Seat{Weight: 1}.Encode())},
		"a seat less":                     {roll, func(l [][]byte) [][]byte { return l[:len(l)-1] }},
		"a seat of another weight":        {roll, swap(leaf.KindSeat, func(b []byte) []byte { b[len(b)-1] = 9; return b })},
		"a member among seats":            {roll, more(leaf.Member{Commitment: [32]byte{255}}.Encode())},
		"a credential among seats":        {roll, more(leaf.Issue{Member: 0, Slots: 1}.Encode())},
		"a member in place of a seat":     {roll, func(l [][]byte) [][]byte { l = slices.Clone(l); l[4] = leaf.Member{}.Encode(); return l }},
		"a seat in place of a member": {"r/" + w.open.Roll.String(), func(l [][]byte) [][]byte {
			l = slices.Clone(l)
			l[5] = leaf.Seat{Weight: 1}.Encode()
			return l
		}},
		"a seat among members":                 {"r/" + w.open.Roll.String(), more(leaf.Seat{Weight: 1}.Encode())},
		"another result":                       {"log", swap(leaf.KindResult, flip)}, // the first is that of the ranking
		"a second result":                      {"log", more(result)},
		"a result of an open poll":             {"log", more(leaf.Result{Box: w.open.ID}.Encode())},
		"a goal of an open poll":               {"log", more(leaf.Milestone{Box: w.open.ID, Part: -1, Goal: 1, Count: 1, Size: 1}.Encode())},
		"a goal of a closed poll":              {"log", more(leaf.Milestone{Box: w.named.ID, Part: -1, Goal: 3, Count: 3, Size: 6}.Encode())},
		"an open poll shorter than its anchor": {"log", more(leaf.Anchor{Log: hashOf(w.open.Origin), Size: 99}.Encode())},
		"an open poll with another root":       {"log", more(leaf.Anchor{Log: hashOf(w.open.Origin), Size: 2}.Encode())},
		"no freeze where there must be one": {"r/" + w.closed[0].Roll.String(), func(l [][]byte) [][]byte {
			return slices.DeleteFunc(slices.Clone(l), func(b []byte) bool { return b[1] == byte(leaf.KindFreeze) })
		}},
		"closed by hand": {"log", more(leaf.Close{Box: w.open.ID, Size: 2}.Encode())},
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
			l["log"] = reclosed(l, strings.HasPrefix(name, "what came out"))
			both(t, build(t, l), false)
		})
	}
}

// reclosed is the node's log where boxes are closed as they are now, so that nothing but
// the rule can tell what is wrong with them; what came out of boxes that changed is not
// told, unless that is what has to tell.
func reclosed(l logs, told bool) (out [][]byte) {
	changed := map[leaf.ID]bool{}
	for _, b := range l["log"] {
		if c, err := leaf.DecodeClose(b); err == nil && c.Root != [32]byte{} {
			leaves := l["b/"+c.Box.String()]
			if root := [32]byte(rootOf(hashesOf(leaves))); c.Root != root {
				changed[c.Box], c.Size, c.Root = true, uint64(len(leaves)), root
				b = c.Encode()
			}
		}
		if r, err := leaf.DecodeResult(b); err != nil || told || !changed[r.Box] {
			out = append(out, b)
		}
	}
	return out
}

// TestBothReadPollManifests gives both verifiers the manifest of a poll with other rules:
// both take it, or both refuse it.
func TestBothReadPollManifests(t *testing.T) {
	t.Parallel()
	text, err := leaf.Canonical(leaf.Box{
		V: 1, Type: leaf.Poll, Node: recordtest.Node, Text: strings.Repeat("0", 64), Opens: 1, Closes: 2, Takes: leaf.TakesVote, Roll: strings.Repeat("a", 26),
		Poll: &tally.Rules{Method: tally.STV, Options: 3, Winners: 2, Quorum: 3, Lots: []int{0, 2, 1}},
	})
	must(t, err)
	opening := leaf.Open{Manifest: text}.Encode()
	old := `"poll":{"lots":[0,2,1],"method":"stv","options":3,"quorum":3,"winners":2}`
	doc := map[string][]row{}
	for name, c := range map[string]struct {
		old, new string
		right    bool
	}{
		"the same":                  {old, old, true},
		"another quorum":            {`"quorum":3`, `"quorum":90000000000`, true},
		"one winner, said":          {`"winners":2`, `"winners":1`, true},
		"too much of a quorum":      {`"quorum":3`, `"quorum":90000000001`, false},
		"no quorum, said":           {`"quorum":3`, `"quorum":0`, false},
		"too many winners":          {`"winners":2`, `"winners":4`, false},
		"lots of others":            {`[0,2,1]`, `[0,2,2]`, false},
		"lots of fewer":             {`[0,2,1]`, `[0,1]`, false},
		"no lots":                   {`"lots":[0,2,1],`, ``, false},
		"lots for yes and no":       {old, `"poll":{"lots":[0],"method":"yesno","options":1}`, false},
		"yes or no of two":          {old, `"poll":{"method":"yesno","options":2}`, false},
		"no method":                 {`"stv"`, `"draw"`, false},
		"a method of an object":     {`"stv"`, `{}`, false},
		"32 options":                {old, optionsOf(32), true},
		"33 options":                {old, optionsOf(33), false},
		"a score in a ranking":      {`"method"`, `"max":3,"method"`, false},
		"blocks of no consent":      {`"lots"`, `"blocks":1,"lots"`, false},
		"no rules":                  {old, `"poll":{}`, false},
		"no poll":                   {old + ",", ``, false},
		"rules of nothing":          {old, `"poll":[]`, false},
		"true for one":              {`"winners":2`, `"winners":true`, false},
		"consent":                   {old, `"poll":{"against_counts":true,"blocks":3,"method":"consent","options":1,"share":{"den":3,"more":true,"num":2},"support":2}`, true},
		"more than all":             {old, `"poll":{"method":"yesno","options":1,"share":{"den":3,"more":true,"num":3}}`, false},
		"all":                       {old, `"poll":{"method":"yesno","options":1,"share":{"den":3,"num":3}}`, true},
		"a share of more than all":  {old, `"poll":{"method":"yesno","options":1,"share":{"den":3,"num":4}}`, false},
		"a share that says no more": {old, `"poll":{"method":"yesno","options":1,"share":{"den":3,"more":false,"num":2}}`, false},
		"a share of nothing":        {old, `"poll":{"method":"yesno","options":1,"share":{}}`, false},
		"against counts, not":       {old, `"poll":{"against_counts":false,"method":"yesno","options":1}`, false},
		"against in a check":        {old, `"poll":{"against_counts":true,"max":3,"method":"check","options":1}`, false},
		"a quorum of a check":       {old, `"poll":{"max":3,"method":"check","options":1,"quorum":2}`, false},
		"a check of one mark":       {old, `"poll":{"max":1,"method":"check","options":1}`, false},
		"a score of 11":             {old, `"poll":{"lots":[1,0],"max":11,"method":"score","options":2}`, false},
		"a score of one":            {old, `"poll":{"lots":[1,0],"max":1,"method":"score","options":2}`, true},
		"goals":                     {`"node"`, `"goals":[3],"node"`, false},
		"parts":                     {`"poll"`, `"parts":2,"poll"`, false},
		"frozen by name":            {`"node"`, `"freeze":true,"node"`, false},
		"signed":                    {`"vote"`, `"sign"`, false},
		"a pledge by name":          {`"type":"poll"`, `"type":"pledge"`, false},
	} {
		b := bytes.Replace(opening, []byte(c.old), []byte(c.new), 1)
		if bytes.Equal(b, opening) != (c.old == c.new) {
			t.Fatalf("the manifest has no %s", c.old)
		}
		if _, err := leaf.ParseBox(b[2:]); (err == nil) != c.right {
			t.Errorf("%s: the first verifier says %v", name, err)
		}
		hash := tlog.RecordHash(b)
		section := map[bool]string{true: "leaves", false: "refused"}[c.right]
		doc[section] = append(doc[section], row{"name": name, "kind": 1, "leaf": hexOf(b), "hash": hexOf(hash[:])})
	}
	b, err := json.Marshal(doc)
	must(t, err)
	file := t.TempDir() + "/manifests.json"
	must(t, os.WriteFile(file, b, 0o600))
	checked(t, file, len(doc["leaves"])+len(doc["refused"]))
}

func optionsOf(n int) string {
	var lots []string
	for i := range n {
		lots = append(lots, fmt.Sprint(i))
	}
	return fmt.Sprintf(`"poll":{"lots":[%s],"method":"stv","options":%d}`, strings.Join(lots, ","), n)
}

// TestBothFindTheRoll opens a poll on a roll of another kind, or another slot.
func TestBothFindTheRoll(t *testing.T) {
	t.Parallel()
	w := newPolls(t)
	all := w.leaves(t, w.export(t))
	l := only(all, w.openNamed)
	l["r/"+w.open.Roll.String()] = all["r/"+w.open.Roll.String()]
	for name, c := range map[string]struct {
		old, new string
		right    bool
	}{
		"the same":                 {`"vote"`, `"vote"`, true},
		"by name with credentials": {`"vote"`, `"say"`, false},
		"on a roll of members":     {w.openNamed.Roll.String(), w.open.Roll.String(), false},
		"on another slot":          {`"slot":0`, `"slot":1`, false},
	} {
		t.Run(name, func(t *testing.T) {
			text := bytes.Replace(l["log"][0], []byte(c.old), []byte(c.new), 1)
			forged := maps.Clone(l)
			delete(forged, w.openNamed.Log())
			forged["b/"+leaf.IDOf(text).String()] = l[w.openNamed.Log()]
			forged["log"] = [][]byte{text}
			both(t, build(t, forged), c.right)
		})
	}
	// Seats weigh as much together as can be counted, and no more.
	for n, right := range map[int]bool{20: true, 21: false} {
		m := leaf.RollManifest{V: 1, Node: recordtest.Node, Gate: leaf.BySeat, Closed: true, Size: uint32(n), Registrar: recordtest.Node, Salt: "5a"}
		roll := [][]byte{leaf.Roll{Manifest: canonical(m)}.Encode()}
		for range n {
			roll = append(roll, leaf.Seat{Weight: math.MaxUint32}.Encode())
		}
		id := leaf.IDOf(roll[0]).String()
		text := bytes.Replace(l["log"][0], []byte(w.openNamed.Roll.String()), []byte(id), 1)
		both(t, build(t, logs{"log": {text}, "r/" + id: roll, "b/" + leaf.IDOf(text).String(): l[w.openNamed.Log()]}), right)
	}
}

// TestBothJudgePolls changes one leaf of a poll or its roll at random; both verifiers
// judge alike.
func TestBothJudgePolls(t *testing.T) {
	t.Parallel()
	w := newPolls(t)
	right := w.leaves(t, w.export(t))
	// They are closed by hand after each change, so that what was changed is read.
	seed := mathrand.Uint64()
	r := mathrand.New(mathrand.NewPCG(seed, 2))
	names := []string{w.named.Log(), "r/" + w.named.Roll.String(), "r/" + w.open.Roll.String()}
	for _, i := range w.closed {
		names = append(names, i.Log())
	}
	node := slices.DeleteFunc(slices.Clone(right["log"]), ties)
	for n := range *differ {
		l := logs{}
		for log, leaves := range right {
			l[log] = slices.Clone(leaves)
		}
		log := names[r.IntN(len(names))]
		what := "nothing"
		if n > 0 {
			what = change(r, l, log)
		}
		l["log"] = slices.Clone(node)
		for _, i := range append(w.closed, w.named) {
			leaves := l[i.Log()]
			root := [32]byte(rootOf(hashesOf(leaves)))
			if len(leaves) == 0 {
				root = sha256.Sum256(nil)
			}
			l["log"] = append(l["log"], leaf.Close{Box: i.ID, Size: uint64(len(leaves)), Root: root}.Encode())
		}
		m := build(t, l)
		first, err := verify.Verify(ctx, m, verify.Options{Workers: 1})
		second, out := python(t, m.folder(t))
		if ok := err == nil && first.Right(); ok != (second.Exit == 0) || n == 0 && !ok {
			t.Errorf("change %d of seed %d, %s of %s: the first says %v (%v), the second %s", n, seed, what, log, first, err, out)
		}
	}
}

// TestBothCountAlike gives the second verifier polls that the first has counted: those
// of the documentation, and others at random.
func TestBothCountAlike(t *testing.T) {
	t.Parallel()
	const documented = "../../docs/counting-vectors.json"
	var doc struct{ Polls, Refused []json.RawMessage }
	b, err := os.ReadFile(documented)
	must(t, err)
	must(t, json.Unmarshal(b, &doc))
	checked(t, documented, len(doc.Polls)+len(doc.Refused))
	seed := mathrand.IntN(1 << 40)
	t.Logf("seed %d", seed)
	file := t.TempDir() + "/polls.json"
	write := func(v []tallytest.Vector) {
		b, err := json.Marshal(map[string]any{"polls": v})
		must(t, err)
		must(t, os.WriteFile(file, b, 0o600))
	}
	all := tallytest.Vectors(25**differ, seed)
	write(all)
	checked(t, file, len(all))
	// A result that is wrong is found.
	all[0].Papers = append(all[0].Papers, tallytest.Weighed{Paper: "ff", Weight: 1})
	write(all)
	if r, out := python(t, "--vectors", file); r.Exit != 1 {
		t.Errorf("%s", out)
	}
}
