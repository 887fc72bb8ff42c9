package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/take"
	"convoke/internal/record/tally"
	"convoke/internal/record/wallet"
	"convoke/internal/web"
)

// polls are what no feature made: questions by their boxes.
type polls struct {
	mu   sync.Mutex
	asks map[leaf.ID]*take.BallotAsk
}

func (p *polls) Subject(_ *web.Call, b leaf.ID) (take.Subject, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.asks[b]
	if q == nil {
		return take.Subject{}, fault.NotFound("box.not_found", "There is no such box here.")
	}
	return take.Subject{Title: "The garden on Mill Street", Lang: "en", URL: "/about", Kind: leaf.Poll, Verb: "Vote", Ballot: q}, nil
}

func (*polls) Reference(*web.Call, leaf.ID) (string, bool, error) { return "", false, nil }
func (*polls) After(*web.Call, leaf.ID) (template.HTML, error)    { return "", nil }

const rulesOfPoll = "At least 3 of 5 must take part. It closes on Sunday, 6 December 2026, 18:00."

// newPolls is a node with secret polls.
func newPolls(t *testing.T) (*boxes, *polls) {
	t.Helper()
	return newPollsAt(t, nil)
}

// newPollsAt is [newPolls] at the time of a clock; nil is that of the machine.
func newPollsAt(t *testing.T, k clock.Clock) (*boxes, *polls) {
	t.Helper()
	b, p := newBoxesAt(t, k), &polls{asks: map[leaf.ID]*take.BallotAsk{}}
	b.Describe(leaf.Poll, p)
	return b, p
}

// open opens a poll, with codes given out before when it opens later.
func (p *polls) open(b *boxes, question string, r tally.Rules, opens time.Time, options ...string) string {
	b.t.Helper()
	ctx := b.t.Context()
	r.Options = max(1, len(options))
	for n := range options {
		r.Lots = append(r.Lots, n)
	}
	d, err := b.Boxes.Prepare(ctx, box.RollInput{Gate: box.GateBrowser})
	if err != nil {
		b.t.Fatal(err)
	}
	m := leaf.Box{
		Type: leaf.Poll, Takes: leaf.TakesSay, Poll: &r, Text: fmt.Sprintf("%064d", 1), Opens: opens.Unix(), Closes: time.Now().Add(time.Hour).Unix(),
		Freeze: opens.After(time.Now()),
	}
	var id leaf.ID
	err = b.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err := b.Boxes.StoreRoll(ctx, tx, d); err != nil {
			return err
		}
		id, err = b.Boxes.Open(ctx, tx, d.ID, 0, m)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asks[id] = &take.BallotAsk{Question: question, Method: r.Method, Max: r.Max, Options: options, Lang: "en", Hint: rulesOfPoll}
	return "/b/" + id.String()
}

// papers are the ballots of a box that count, once it has closed.
func (b *boxes) papers(path string) (out []box.Paper) {
	b.t.Helper()
	id, err := leaf.ParseID(strings.TrimPrefix(path, "/b/"))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.Boxes.Close(context.Background(), id); err != nil {
		b.t.Fatal(err)
	}
	if out, _, err = b.Boxes.Papers(context.Background(), id, 0, 100); err != nil {
		b.t.Fatal(err)
	}
	return out
}

var gardens = []string{
	"Apple trees", "A meadow for bees that nobody mows before July", "Raised beds", "A pond", "A workshop for bicycles and tools, open on two evenings", "Nothing new",
}

// voting is somebody who votes, with or without script.
type voting struct {
	*Page
	t        *testing.T
	noScript bool
	name     string
}

// look sends the form and comes to the vote in words, which has not been sent.
func (v *voting) look() {
	v.t.Helper()
	if v.noScript {
		v.ClickRole("button", "Vote: let this server do it")
		v.HasText("It has not been sent yet.")
	} else {
		v.ClickRole("button", "Look at my vote")
	}
	v.HasRole("button", "Yes, this is my vote")
	v.HasRole("heading", "Is this your vote?")
}

func (v *voting) shot(what string) { v.Screenshot(v.name + "-" + what) }

// says checks what the page shows as the vote.
func (v *voting) says(want ...string) {
	v.t.Helper()
	if !until(func() bool {
		text := fold(v.body())
		at := 0
		for _, w := range want {
			i := strings.Index(text[at:], w)
			if i < 0 {
				return false
			}
			at += i + len(w)
		}
		return true
	}) {
		v.t.Errorf("%s does not say %q in this order: %s", v.URL(), want, fold(v.body()))
	}
}

// code is the code on the last page.
func (v *voting) code() string {
	v.t.Helper()
	shown := "#done-code"
	if v.noScript {
		shown = "#code"
	}
	code := v.Text(shown)
	if !walletCode.MatchString(code) {
		v.t.Fatalf("the code is %q", code)
	}
	return code
}

// TestVoting votes yes or no, blocks a consent with a reason, and ranks six options on a
// narrow phone, with script and without: skips a rank, is told so, looks, changes,
// confirms, changes later, and takes back.
func TestVoting(t *testing.T) {
	t.Parallel()
	b, p := newPolls(t)
	now := time.Now().Add(-time.Minute)
	yesno := p.open(b, "Do we plant in March?", tally.Rules{Method: tally.YesNo}, now)
	consent := p.open(b, "We plant apple trees along the fence.", tally.Rules{Method: tally.Consent}, now)
	ranks := p.open(b, "What comes first?", tally.Rules{Method: tally.Schulze}, now, gardens...)
	for _, noScript := range []bool{true, false} {
		name := map[bool]string{true: "noscript", false: "script"}[noScript]
		t.Run(name, func(t *testing.T) {
			v := &voting{Browser(t, PageOptions{Base: b.url, NoScript: noScript, Width: 360, Height: 700}), t, noScript, name}
			v.yesNo(yesno)
			v.consent(consent)
			v.rank(ranks)
			if !noScript {
				v.NoErrors(t)
			}
		})
	}
	if got := b.papers(yesno); len(got) != 0 {
		t.Errorf("taken back, there are %v", got)
	}
	if got := b.papers(consent); len(got) != 2 || len(got[0].Paper) != 33 || got[1].Paper[0] != tally.Block || bytes.Equal(got[0].Paper, got[1].Paper) {
		t.Errorf("blocks are %v", got)
	}
	for _, x := range b.papers(ranks) {
		if !bytes.Equal(x.Paper, []byte{0, 1, 2, 2, 0, 0}) {
			t.Errorf("a ranking is %v", x.Paper)
		}
	}
}

func (v *voting) yesNo(path string) {
	t := v.t
	v.Goto(path + "/take")
	v.HasText(rulesOfPoll)
	v.sound(t)
	v.shot("yesno")
	v.lookBad("Please choose one.")
	v.Check("No", true)
	v.look()
	v.says("Is this your vote?", "No")
	v.sound(t)
	v.ClickRole("button", "Change")
	v.Check("Yes", true)
	v.look()
	v.ClickRole("button", "Yes, this is my vote")
	v.HasText("Thank you. It is in the record.")
	v.sound(t)
	code := v.code()
	v.mine(path, code, "See what it says now")
	v.says("Your vote is in the record", "Yes")
	v.mine(path, code, "Take my vote back")
	v.HasText("Your vote was taken back, and does not count.")
	v.shot("yesno-back")
}

// lookBad sends the form and is told what is wrong.
func (v *voting) lookBad(says string) {
	v.t.Helper()
	if v.noScript {
		v.ClickRole("button", "Vote: let this server do it")
	} else {
		v.ClickRole("button", "Look at my vote")
	}
	v.HasText(says)
	v.sound(v.t)
}

// mine does something later with the code.
func (v *voting) mine(path, code, do string) {
	v.t.Helper()
	v.Goto(path + "/mine")
	v.sound(v.t)
	v.Fill("Your code", code)
	v.Check(do, true)
	v.ClickRole("button", "Go on")
}

func (v *voting) consent(path string) {
	t := v.t
	v.Goto(path + "/take")
	v.sound(t)
	v.Check("Block This must not happen as it is. A block needs its reason.", true)
	v.lookBad("A block needs its reason: others can only answer what they know.")
	v.shot("consent-wrong")
	v.Fill("Your reason (optional)", "The fence belongs to the school. Ask there first.")
	v.look()
	v.says("Is this your vote?", "Block", "The fence belongs to the school.")
	v.shot("consent-review")
	v.sound(t)
	v.ClickRole("button", "Yes, this is my vote")
	v.HasText("Thank you. It is in the record.")
	v.mine(path, v.code(), "See what it says now")
	v.says("Your vote is in the record", "Block", "The fence belongs to the school.")
	v.sound(t)
	v.shot("consent-said")
}

func (v *voting) rank(path string) {
	t := v.t
	v.Goto(path + "/take")
	v.sound(t)
	v.shot("ranks")
	v.Select("A pond", "1, first choice")
	v.Select("Raised beds", "3")
	v.lookBad("Rank 2 is left out, but a later one is given.")
	v.shot("ranks-gap")
	v.Select("Raised beds", "2")
	v.Select("Apple trees", "2")
	v.look()
	v.says("Is this your vote?", "A pond", "Apple trees", "Raised beds", "Not ranked:", "A meadow for bees", "A workshop", "Nothing new")
	v.sound(t)
	v.shot("ranks-review")
	if !v.noScript {
		// Another change takes the shown vote away: it must be looked at again.
		v.Select("Apple trees", "3")
		v.has(t, 1, "[data-review][hidden]")
		v.HasRole("button", "Look at my vote")
		v.look()
	}
	v.ClickRole("button", "Yes, this is my vote")
	v.HasText("Thank you. It is in the record.")
	v.shot("ranks-done")
	code := v.code()
	v.mine(path, code, "See what it says now")
	v.says("Your vote is in the record", "A pond", "Apple trees")
	v.shot("ranks-said")
	// The form has what was voted, to be changed from there.
	v.Fill("Your code", code)
	v.Check("Vote, or change my vote", true)
	v.ClickRole("DisclosureTriangle", "To vote or change: your vote")
	if got := v.Value("A pond"); got != "1, first choice" {
		t.Errorf("the form has the pond at %q", got)
	}
	v.Select("A pond", "2")
	v.Select("Raised beds", "2")
	v.Select("Apple trees", "not ranked")
	v.Select("A meadow for bees that nobody mows before July", "1, first choice")
	v.ClickRole("button", "Go on")
	v.says("Is this your vote?", "A meadow", "Raised beds", "A pond", "Not ranked:", "Apple trees")
	v.ClickRole("button", "Yes, this is my vote")
	v.says("Your vote is in the record", "A meadow", "Raised beds", "A pond")
	v.sound(t)
	v.shot("ranks-changed")
}

// TestVotingLater gets a code before a poll opens and votes with it afterwards.
func TestVotingLater(t *testing.T) {
	t.Parallel()
	k := clock.NewManual(time.Now())
	b, p := newPollsAt(t, k)
	opens := k.Now().Add(30 * time.Minute)
	poll := p.open(b, "Do we plant in March?", tally.Rules{Method: tally.YesNo}, opens)
	codes := map[bool]string{}
	for _, noScript := range []bool{true, false} {
		name := map[bool]string{true: "noscript", false: "script"}[noScript]
		v := &voting{Browser(t, PageOptions{Base: b.url, NoScript: noScript, Width: 360, Height: 700}), t, noScript, name}
		v.Goto(poll + "/take")
		v.HasText("Voting begins on")
		v.sound(t)
		v.shot("early")
		v.ClickRole("button", map[bool]string{true: "Get my code: let this server do it", false: "Get my code"}[noScript])
		v.HasText("This is your code. Nothing is voted yet.")
		v.sound(t)
		v.shot("early-done")
		codes[noScript] = v.code()
		v.mine(poll, codes[noScript], "See what it says now")
		v.HasText("With this code you can vote, and you have not yet.")
		v.sound(t)
	}
	k.Set(opens)
	if err := b.Boxes.CloseDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, noScript := range []bool{true, false} {
		name := map[bool]string{true: "noscript", false: "script"}[noScript]
		v := &voting{Browser(t, PageOptions{Base: b.url, NoScript: noScript, Width: 360, Height: 700}), t, noScript, name}
		v.Goto(poll + "/take")
		v.HasText("nobody can be added any more")
		v.sound(t)
		v.shot("settled")
		v.ClickRole("link", "Vote with my code")
		v.sound(t)
		v.Fill("Your code", codes[noScript])
		v.Check("Yes", true)
		v.ClickRole("button", "Go on")
		v.says("Is this your vote?", "Yes")
		v.ClickRole("button", "Yes, this is my vote")
		v.says("Your vote is in the record", "Yes")
		v.sound(t)
		v.shot("settled-voted")
	}
	if got := b.papers(poll); len(got) != 2 {
		t.Errorf("the votes are %v", got)
	}
}

// saved opens the page of a poll from a file and gets a credential for its code, through
// another page without script. Both are as they are before the statement is made.
func (b *boxes) saved(t *testing.T, poll string) (saved, pasting *Page) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "saved.html")
	text, err := httpGet(t, b.url+poll+"/offline.html")
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	saved = Browser(t, PageOptions{Base: b.url, Width: 360, Height: 700})
	saved.Goto("file://" + file)
	saved.ClickRole("button", "Make a code")
	saved.ClickRole("button", "Make the request")
	request := untilValue(t, saved, "The request: paste it into the page where you take part.")
	pasting = Browser(t, PageOptions{Base: b.url, NoScript: true, Width: 360, Height: 700})
	pasting.Goto(poll + "/take")
	pasting.ClickRole("DisclosureTriangle", "With a page that you save, or with the command line")
	pasting.Fill("The request", request)
	pasting.ClickRole("button", "Get the answer")
	saved.Fill("The answer that the page gave", pasting.Text("#answer"))
	return saved, pasting
}

// TestSavedBallot blocks with the page that is opened from a file.
func TestSavedBallot(t *testing.T) {
	t.Parallel()
	b, p := newPolls(t)
	poll := p.open(b, "We plant apple trees along the fence.", tally.Rules{Method: tally.Consent}, time.Now().Add(-time.Minute))
	saved, q := b.saved(t, poll)
	saved.Check("Block This must not happen as it is. A block needs its reason.", true)
	saved.ClickRole("button", "Make the statement")
	saved.HasText("A block needs its reason: others can only answer what they know.")
	saved.Fill("Your reason (optional)", "Ask the school first.")
	saved.ClickRole("button", "Make the statement")
	statement := untilValue(t, saved, "Paste it, best later and over another connection, into the page without cookies: in a private window.")
	saved.HasText("Is this your vote?")
	saved.Axe(t)
	saved.NoOverflow(t)
	saved.Screenshot("saved-ballot")
	q.Fill("The statement", statement)
	q.sound(t)
	q.Screenshot("paste-ballot")
	q.ClickRole("button", "Put it into the record")
	q.HasText("c2sp.org/tlog-proof")
	if got := b.papers(poll); len(got) != 1 || got[0].Paper[0] != tally.Block {
		t.Errorf("the votes are %v", got)
	}
}

// paperScript fills the form of a page with each ballot and makes it again.
const paperScript = `async v => {
	const r = await import("/static/record.js"), form = document.getElementById("take"), out = [];
	const box = await r.openBox(JSON.parse(form.dataset.ticket)), p = await r.part(v.code, box);
	for (const x of v.ballots) {
		r.fill(form, r.fromBase64(x.body), x.reason);
		try {
			const [body, why] = await r.ballot(form, p, box.manifest);
			out.push({ body: r.toBase64(body), salt: why?.salt, reason: why?.reason });
		} catch (e) {
			out.push({ body: "", reason: String(e.text) });
		}
	}
	return out;
}`

type made struct {
	Body   []byte `json:"body"`
	Salt   []byte `json:"salt,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// TestSamePapers: the script makes the ballots that the node makes, with every method.
func TestSamePapers(t *testing.T) {
	t.Parallel()
	b, p := newPolls(t)
	now := time.Now().Add(-time.Minute)
	ten := slices.Repeat([]string{"An option"}, 10)
	rnd := rand.New(rand.NewPCG(1, 2))
	page := Browser(t, PageOptions{Base: b.url})
	for _, r := range []tally.Rules{
		{Method: tally.YesNo}, {Method: tally.Consent}, {Method: tally.Check, Max: 5}, {Method: tally.Approval}, {Method: tally.Score, Max: 10},
		{Method: tally.Schulze}, {Method: tally.STV},
	} {
		options := ten
		if slices.Contains([]string{tally.YesNo, tally.Consent, tally.Check}, r.Method) {
			options = nil
		}
		poll := p.open(b, "What comes first?", r, now, options...)
		page.Goto(poll + "/take")
		i := b.info(poll)
		code, err := wallet.Parse("00000-00000-00000-00000-000006")
		if err != nil {
			t.Fatal(err)
		}
		part := code.Part(leaf.RollOrigin(b.Record.Node, i.Roll), i.Manifest.Slot)
		var ballots []made
		for range 40 {
			ballots = append(ballots, randomBallot(rnd, i.Manifest.Poll, part))
		}
		in, err := json.Marshal(map[string]any{"code": "00000000000000000000000006", "ballots": ballots})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := page.evaluate(0, "("+paperScript+")("+string(in)+")")
		if err != nil {
			t.Fatal(err)
		}
		var got []made
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		for n, want := range ballots {
			if !bytes.Equal(got[n].Body, want.Body) || !bytes.Equal(got[n].Salt, want.Salt) || got[n].Reason != strings.TrimSpace(want.Reason) {
				t.Errorf("%s: the script makes %x %x %q of %s", r.Method, got[n].Body, got[n].Salt, got[n].Reason, base64.StdEncoding.EncodeToString(want.Body))
			}
			if err := i.Manifest.Poll.CheckPaper(got[n].Body[1:]); err != nil {
				t.Error(err)
			}
		}
	}
}

// randomBallot is any that the rules allow, and for some reasons what to type.
func randomBallot(rnd *rand.Rand, r *tally.Rules, p *wallet.Part) made {
	one := func(least, most int) made {
		return made{Body: leaf.Ballot([]byte{byte(least + rnd.IntN(most-least+1))})}
	}
	paper := make([]byte, r.Options)
	switch r.Method {
	case tally.YesNo:
		return one(0, 2)
	case tally.Check:
		return one(1, r.Max)
	case tally.Consent:
		m := one(0, 3)
		reasons := []string{"Too early.", "Zu früh:\nder Boden ist gefroren.", "  مبكر جدا\t", "🌱 e\u0301"}
		if typed := reasons[rnd.IntN(len(reasons))]; m.Body[1] > tally.Aside {
			clean := strings.TrimSpace(strings.ReplaceAll(typed, "e\u0301", "\u00e9"))
			salt := p.Salt(clean)
			return made{Body: p.Ballot(m.Body[1:], clean), Salt: salt[:], Reason: clean}
		}
		return m
	case tally.Approval:
		paper = make([]byte, (r.Options+7)/8)
		for o := range r.Options {
			paper[o/8] |= byte(rnd.IntN(2)) << (o % 8)
		}
	case tally.Score:
		for o := range paper {
			paper[o] = byte(rnd.IntN(r.Max + 1))
		}
	default:
		next := byte(0)
		for i, o := range rnd.Perm(r.Options)[:rnd.IntN(r.Options+1)] {
			if i == 0 || r.Method == tally.STV || rnd.IntN(2) == 0 {
				next++
			}
			paper[o] = next
		}
	}
	return made{Body: leaf.Ballot(paper)}
}
