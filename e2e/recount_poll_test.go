package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recounttest"
	"convoke/internal/record/tally"
	"convoke/internal/record/tally/tallytest"
	"convoke/internal/record/tile"
)

// TestRecountPollInBrowser downloads the record of a ranked poll while it is open, of
// which nothing can be counted, and when it has closed; and one by name.
func TestRecountPollInBrowser(t *testing.T) {
	t.Parallel()
	b := newBoxes(t)
	b.Describe(leaf.Poll, library{})
	poll := b.open(leaf.Box{Type: leaf.Poll, Takes: leaf.TakesSay, Poll: &tally.Rules{Method: tally.STV, Options: 4, Winners: 2, Quorum: 9, Lots: []int{3, 2, 1, 0}}})
	var leaves [][]byte
	for _, paper := range [][]byte{{1, 2, 0, 0}, {1, 0, 2, 0}, {1, 3, 2, 0}, {1, 0, 0, 2}, {0, 1, 0, 0}, {0, 0, 1, 2}, {0, 0, 0, 1}, {0, 0, 0, 0}, {0, 0, 0, 1}, {0, 2, 1, 0}} {
		leaves = append(leaves, b.voter(poll).Says(leaf.Ballot(paper)))
		b.put(poll, leaves[len(leaves)-1])
	}
	late := b.voter(poll)
	b.anchor()

	p := Browser(t, PageOptions{Base: b.url, Width: 320, Height: 640})
	p.Goto(poll)
	p.HasText("The ballots of this poll are published when it has closed")
	if n := p.Count("a[download]"); n != 0 {
		t.Error("it offers the record of an open poll")
	}
	p.recount(t, b.exported(poll).file(t))
	p.shows(t, "[data-right]")
	p.HasText("Not counted yet (open)")
	p.HasText("its ballots are published when it closes: nothing of it was counted")
	if n := p.Count("[data-boxes] ol"); n != 0 {
		t.Error("it counts an open poll")
	}

	b.settle(poll)
	p.Goto(poll)
	right := b.download(poll + "/record.zip")
	recounttest.Target(t, right.file(t))
	p.recount(t, right.file(t))
	p.shows(t, "[data-right]")
	for _, text := range []string{
		"Counted (closed)", "Ballots that count 10", "Counted by ranking for several seats (STV)", "Took part, by weight 10", "Quorum 10 of 9", "Adopted: Option 1 and Option",
		"First preferences. Votes then: Option 1: 4 · Option 2: 1 · Option 3: 2 · Option 4: 2.", "Elected: Option 1.", "Ties, and what broke them", "their names stand on the page of the poll",
	} {
		p.HasText(text)
	}
	p.sound(t)
	p.reachesAll(t)
	p.Axe(t)
	p.Screenshot("recount-poll")

	log := strings.TrimPrefix(poll, "/")
	entries := log + "/" + tile.Name{Level: tile.Entries, Width: len(leaves)}.Path()
	for name, c := range map[string]recordFiles{
		"a ballot by no rule":  b.forged(right, poll, [][]byte{late.Says(leaf.Ballot([]byte{1, 1, 0, 0}))}),
		"fewer than there are": b.forged(right, poll, leaves[:9]),
		"ballots are missing":  func() recordFiles { c := maps.Clone(right); delete(c, entries); return c }(),
		"another result":       b.told(right, func(l *leaf.Result) { l.File[0] ^= 1 }),
		"the result twice":     b.told(right, nil),
	} {
		file := c.file(t)
		want := b.found(file)
		p.recount(t, file)
		p.shows(t, "[data-wrong]")
		got := p.items("[data-found] li")
		if len(want) == 0 || len(got) != len(want) {
			t.Errorf("%s: the page says %q, want %q", name, got, want)
			continue
		}
		for _, w := range want {
			if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, w) }) {
				t.Errorf("%s: the page says %q, want %s", name, got, w)
			}
		}
	}

	named := b.seated(&tally.Rules{Method: tally.YesNo, Options: 1, Support: 9}, []byte{0}, []byte{1}, []byte{0}, nil)
	p.Goto(named)
	p.recount(t, b.exported(named).file(t))
	p.shows(t, "[data-right]")
	p.HasText("Not counted yet (open)")
	b.settle(named)
	p.recount(t, b.download(named+"/record.zip").file(t))
	p.shows(t, "[data-right]")
	for _, text := range []string{
		"Seats 4", "Ballots that count 3", "Yes 4", "No 2", "Abstain 0", "Took part, by weight 6 of 10", "Support 4 of 9: not enough", "4 of 6, to be more than 1/2",
		"Nothing is adopted: too few were in favour.",
	} {
		p.HasText(text)
	}
	ranked := b.seated(&tally.Rules{Method: tally.Schulze, Options: 3, Lots: []int{2, 1, 0}}, []byte{1, 2, 3}, []byte{2, 1, 0}, []byte{1, 2, 2})
	b.settle(ranked)
	p.Goto(ranked)
	p.recount(t, b.download(ranked+"/record.zip").file(t))
	p.shows(t, "[data-right]")
	p.HasText("Option 1 against Option 2: 4 to 2. Strongest paths: 4 to 0.")
	p.NoErrors(t)
}

// settle closes a poll, counts it and writes down what came out.
func (b *boxes) settle(path string) {
	b.t.Helper()
	ctx, id := b.t.Context(), b.info(path).ID
	err := b.Boxes.Close(ctx, id)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := b.Boxes.Count(ctx, id)
	if err != nil {
		b.t.Fatal(err)
	}
	text, err := r.JSON()
	if err == nil {
		err = b.DB.Write(ctx, func(tx *db.Tx) error { return b.Boxes.PutResult(ctx, tx, id, text) })
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.anchor()
}

// exported is the record of a box as a mirror has it, also while it is withheld.
func (b *boxes) exported(path string) recordFiles {
	b.t.Helper()
	i, m := b.info(path), recordFiles{}
	err := b.Record.Export(b.t.Context(), func(log string) bool { return log == i.Log() || log == record.RollLog(i.Roll) }, func(path string, data []byte) error {
		m[path] = data
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

// seated opens a poll by name: the seats weigh 1, 2 and so on, and put in these papers.
func (b *boxes) seated(r *tally.Rules, papers ...[]byte) string {
	b.t.Helper()
	ctx := b.t.Context()
	seats := make([]box.NamedSeat, len(papers))
	for n := range seats {
		seats[n] = box.NamedSeat{Name: fmt.Sprintf("group %d", n), Salt: [32]byte{byte(n)}, Weight: uint32(n + 1)}
	}
	m := leaf.Box{Type: leaf.Poll, Poll: r, Text: fmt.Sprintf("%064d", 2), Opens: time.Now().Add(-time.Minute).Unix(), Closes: time.Now().Add(time.Hour).Unix()}
	var id leaf.ID
	err := b.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if id, err = b.Boxes.OpenNamed(ctx, tx, m, seats); err != nil {
			return err
		}
		for n, p := range papers {
			if p != nil && err == nil {
				err = b.Boxes.Vote(ctx, tx, id, uint32(n), leaf.Ballot(p), nil)
			}
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.anchor()
	return "/b/" + id.String()
}

// told is the record with another result in the node's log; without a change, with the
// same once more.
func (b *boxes) told(m recordFiles, change func(*leaf.Result)) recordFiles {
	b.t.Helper()
	var leaves [][]byte
	err := b.DB.Read(b.t.Context(), func(tx *db.Tx) error {
		n, err := record.Size(b.t.Context(), tx, record.NodeLog)
		if err != nil {
			return err
		}
		return record.Leaves(b.t.Context(), tx, record.NodeLog, 0, n, func(_ int64, raw []byte) error {
			raw = slices.Clone(raw)
			if l, err := leaf.DecodeResult(raw); err == nil {
				if change == nil {
					leaves = append(leaves, raw)
				} else {
					change(&l)
					raw = l.Encode()
				}
			}
			leaves = append(leaves, raw)
			return nil
		})
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.forged(m, record.NodeLog, leaves)
}

// TestRecountCounts counts polls with the script that were counted before: those of the
// documentation, and others at random.
func TestRecountCounts(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../docs/counting-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Polls   []tallytest.Vector `json:"polls"`
		Refused []any              `json:"refused"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	seed := int(time.Now().Unix())
	t.Logf("seed %d", seed)
	doc.Polls = append(doc.Polls, tallytest.Vectors(300, seed)...)
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	p := Browser(t, PageOptions{Base: newBoxes(t).url})
	p.Goto("/record/recount")
	if raw, err = p.evaluate(0, "("+countScript+")("+string(text)+")"); err != nil {
		t.Fatal(err)
	}
	var out struct {
		Wrong         []string
		Polls, Papers int
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	for _, w := range out.Wrong {
		t.Error(w)
	}
	if out.Polls != len(doc.Polls) || out.Papers == 0 {
		t.Errorf("%d polls and %d refused papers were checked", out.Polls, out.Papers)
	}
}

const countScript = `async v => {
	const t = await import("/static/recount/tally.js"), wrong = [];
	const sorted = x => x === null || typeof x !== "object" || Array.isArray(x) ? x : Object.fromEntries(Object.keys(x).sort().map(k => [k, x[k]]));
	const unhex = s => Uint8Array.from(s.match(/../g) ?? [], x => parseInt(x, 16));
	let papers = 0;
	for (const [i, p] of v.polls.entries()) {
		const all = p.papers.map(x => [unhex(x.paper), x.weight]);
		if (!t.areRules(p.rules) || !all.every(([x]) => t.isPaper(p.rules, x))) wrong.push("poll " + i + " is refused");
		const got = JSON.stringify(t.count(p.rules, all, p.eligible), (k, x) => sorted(x));
		if (got !== p.result) wrong.push("poll " + i + ": " + got + ", want " + p.result);
	}
	for (const r of v.refused) for (const p of r.papers) {
		papers++;
		if (t.isPaper(r.rules, unhex(p))) wrong.push(r.rules.method + ": " + p + " is taken");
	}
	return { wrong, polls: v.polls.length, papers };
}`
