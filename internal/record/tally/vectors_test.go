package tally_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"convoke/internal/record/tally"
)

var update = flag.Bool("update", false, "write the vectors anew")

const vectorsFile = "../../../docs/counting-vectors.json"

// vectors are what another program tries itself on.
type vectors struct {
	V       int           `json:"v"`
	Polls   []pollVector  `json:"polls"`
	Refused []paperVector `json:"refused"`
}

type pollVector struct {
	Rules    tally.Rules `json:"rules"`
	Eligible int64       `json:"eligible"`
	Papers   []weighed   `json:"papers"`
	Result   string      `json:"result"`
}

type weighed struct {
	Paper  string `json:"paper"`
	Weight int64  `json:"weight"`
}

type paperVector struct {
	Rules  tally.Rules `json:"rules"`
	Papers []string    `json:"papers"`
}

// The vectors in the documentation are what is counted here.
func TestVectors(t *testing.T) {
	t.Parallel()
	if *update {
		writeVectors(t)
	}
	b, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var all vectors
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Polls) < 40 || len(all.Refused) < 7 {
		t.Fatalf("%d polls and %d refused", len(all.Polls), len(all.Refused))
	}
	for i, p := range all.Polls {
		if got := p.count(t); got != p.Result {
			t.Errorf("poll %d: %s\nnot %s", i, got, p.Result)
		}
	}
	for _, r := range all.Refused {
		for _, s := range r.Papers {
			if p, err := hex.DecodeString(s); err != nil || r.Rules.CheckPaper(p) == nil {
				t.Errorf("%s: %s is taken", r.Rules.Method, s)
			}
		}
	}
}

// The example in the text is what is counted here.
func TestExample(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../../docs/counting.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "```json\n")
	example, _, _ := strings.Cut(rest, "\n```")
	p := pollVector{Rules: pool(tally.STV, 4, 2)}
	for paper, weight := range map[string]int64{
		"01020000": 7, "01000200": 3, "01000000": 2, "00010000": 3, "00020100": 2, "00000201": 1, "00000000": 4,
	} {
		p.Papers = append(p.Papers, weighed{paper, weight})
	}
	if got := p.count(t); got != example {
		t.Errorf("%s\nis not in docs/counting.md", got)
	}
}

func (p *pollVector) count(t *testing.T) string {
	t.Helper()
	if err := p.Rules.Check(); err != nil {
		t.Fatal(err)
	}
	c := tally.New(p.Rules)
	for _, w := range p.Papers {
		b, err := hex.DecodeString(w.Paper)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Add(b, w.Weight); err != nil {
			t.Fatal(err)
		}
	}
	return text(t, c.Result(p.Eligible))
}

func writeVectors(t *testing.T) {
	t.Helper()
	g := rand.New(rand.NewPCG(47, 1))
	all := vectors{V: 1}
	for _, s := range vectorRules() {
		var r tally.Rules
		if err := json.Unmarshal([]byte(s), &r); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			p := pollVector{Rules: r, Eligible: int64(g.IntN(2) * (60 + g.IntN(40)))}
			for range g.IntN(14) {
				p.Papers = append(p.Papers, weighed{hex.EncodeToString(randomPaper(g, r)), 1 + int64(g.IntN(5)*g.IntN(4))})
			}
			if p.Papers == nil {
				p.Papers = []weighed{}
			}
			p.Result = p.count(t)
			all.Polls = append(all.Polls, p)
		}
	}
	all.Refused = []paperVector{
		{tally.Rules{Method: tally.YesNo, Options: 1}, []string{"", "03", "0000"}},
		{tally.Rules{Method: tally.Consent, Options: 1}, []string{"", "03", "04", "00" + strings.Repeat("00", 32), "03" + strings.Repeat("00", 31)}},
		{tally.Rules{Method: tally.Check, Options: 1, Max: 5}, []string{"", "00", "06", "0101"}},
		{pool(tally.Approval, 9, 0), []string{"", "01", "0002", "000000"}},
		{tally.Rules{Method: tally.Score, Options: 2, Max: 5, Lots: lots(2)}, []string{"", "00", "0006", "000000"}},
		{pool(tally.Schulze, 3, 0), []string{"", "0102", "020000", "010300", "040102", "01020300"}},
		{pool(tally.STV, 3, 0), []string{"", "010100", "020000", "010300", "040102", "01020300"}},
	}
	b, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorsFile, append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func vectorRules() []string {
	return []string{
		`{"method":"yesno","options":1}`,
		`{"method":"yesno","options":1,"quorum":20,"support":10,"share":{"num":2,"den":3}}`,
		`{"method":"yesno","options":1,"quorum":20,"against_counts":true,"share":{"num":1,"den":2}}`,
		`{"method":"consent","options":1,"quorum":10,"blocks":6}`,
		`{"method":"consent","options":1,"blocks":9,"support":4,"share":{"num":1,"den":3,"more":true}}`,
		`{"method":"check","options":1,"max":5}`,
		`{"method":"approval","options":3,"lots":[2,0,1]}`,
		`{"method":"approval","options":10,"winners":4,"support":12,"share":{"num":1,"den":2},"lots":[9,7,5,3,1,0,2,4,6,8]}`,
		`{"method":"score","options":4,"winners":2,"max":5,"quorum":15,"lots":[1,0,3,2]}`,
		`{"method":"schulze","options":3,"lots":[1,2,0]}`,
		`{"method":"schulze","options":5,"quorum":15,"lots":[4,1,0,3,2]}`,
		`{"method":"stv","options":3,"lots":[2,1,0]}`,
		`{"method":"stv","options":5,"winners":2,"lots":[3,0,4,1,2]}`,
		`{"method":"stv","options":7,"winners":4,"lots":[6,5,4,3,2,1,0]}`,
		`{"method":"stv","options":4,"winners":3,"quorum":25,"lots":[0,1,2,3]}`,
	}
}

func randomPaper(g *rand.Rand, r tally.Rules) []byte {
	switch r.Method {
	case tally.YesNo:
		return []byte{byte(g.IntN(3))}
	case tally.Check:
		return []byte{byte(1 + g.IntN(r.Max))}
	case tally.Consent:
		says := byte(g.IntN(4))
		p := []byte{says}
		if says == tally.Block || says == tally.Reservation && g.IntN(2) == 0 {
			for range 32 {
				p = append(p, byte(g.IntN(256)))
			}
		}
		return p
	case tally.Approval:
		p := make([]byte, (r.Options+7)/8)
		for o := range r.Options {
			p[o/8] |= byte(g.IntN(2) << (o % 8))
		}
		return p
	case tally.Score:
		p := make([]byte, r.Options)
		for o := range p {
			p[o] = byte(g.IntN(r.Max + 1))
		}
		return p
	}
	p := make([]byte, r.Options)
	rank := byte(0)
	for i, o := range g.Perm(r.Options)[:g.IntN(r.Options+1)] {
		if i == 0 || r.Method == tally.STV || g.IntN(3) > 0 {
			rank++
		}
		p[o] = rank
	}
	return p
}
