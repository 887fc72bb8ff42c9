package polls

import (
	"strconv"
	"strings"
	"time"

	"convoke/internal/i18n"
	"convoke/internal/record/box"
	"convoke/internal/record/tally"
)

// The presets: ways to decide, each a method with what is usual for it.
const (
	byConsent  = "consent"
	byMajority = "majority"
	byTwo      = "two_thirds"
	byApproval = "approval"
	byScore    = "score"
	byRank     = "rank"
	byRanks    = "ranks"
	byStrike   = "strike"
	byFeeling  = "check"
)

// presets are those in the order of the form. asks names the fields that matter for
// each; what else is typed is not looked at. form is what a hint says besides to who opens
// a poll: its page says the numbers that they wrote.
var presets = [...]struct{ code, method, name, hint, form, asks string }{
	{byConsent, tally.Consent, i18n.Mark("Consent"), i18n.Mark("Agree, stand aside, agree with a reservation, or block with a reason."), i18n.Mark("One block stops it, or as many as you write."), "quorum blocks"},
	{byMajority, tally.YesNo, i18n.Mark("Simple majority"), i18n.Mark("Yes, no or abstain. More yes than no is enough."), "", "quorum support"},
	{byTwo, tally.YesNo, i18n.Mark("Two thirds"), i18n.Mark("Yes, no or abstain."), i18n.Mark("At least two thirds of yes and no must be yes, or the share that you write."), "quorum support share"},
	{byApproval, tally.Approval, i18n.Mark("Choose one of several"), i18n.Mark("Each approves all options that they can live with. Whatever most approve wins."), "", "quorum support winners"},
	{byScore, tally.Score, i18n.Mark("Score several"), i18n.Mark("Each gives every option from 0 to 5 points. The highest sum wins."), "", "quorum winners"},
	{byRank, tally.Schulze, i18n.Mark("Rank, one winner"), i18n.Mark("Each puts the options in order. Whatever beats every other one in pairs wins (Schulze method)."), "", "quorum"},
	{byRanks, tally.STV, i18n.Mark("Rank, several winners"), i18n.Mark("Each puts the options in order, and all parts of the group get their share of the winners (Scottish STV)."), "", "quorum winners"},
	{byStrike, tally.YesNo, i18n.Mark("Strike ballot"), i18n.Mark("Yes, no or abstain."), i18n.Mark("Write the least turnout and the least support of the whole roll that your law asks for. Your law’s numbers: ask your union."), "quorum support share"},
	{byFeeling, tally.Check, i18n.Mark("Temperature check"), i18n.Mark("From 1 to 5: how does it feel? It decides nothing."), "", ""},
}

// points is the highest score, and the highest mark of a temperature check.
const points = 5

func presetOf(code string) int {
	for i := range presets {
		if presets[i].code == code {
			return i
		}
	}
	return -1
}

// several reports whether a method chooses among options.
func several(method string) bool {
	switch method {
	case tally.Approval, tally.Score, tally.Schulze, tally.STV:
		return true
	}
	return false
}

// OpenInput is how a poll is to be held, as somebody typed it.
type OpenInput struct {
	Sequence               int // of the proposal as it was read
	Amendment              string
	Preset                 string
	Quorum, Support, Share string // see [readAmount]
	Blocks, Winners        string
	Day, Time              string
	FromDay, FromTime      string // when voting begins, if credentials are given out before
	Secrecy                string // "secret" or "named", for delegates
	Gate, Codes            string // "members", or "codes" with one a line
	Early, ByGroups        bool
	Trustees               string // id of the [TrusteeRun] that keeps it shut; "" is nobody
}

// asks reports whether a preset looks at a field.
func asks(preset int, field string) bool {
	return strings.Contains(" "+presets[preset].asks+" ", " "+field+" ")
}

// rules turns what was typed into whole numbers for an electorate of that weight. The
// lots are not drawn yet.
func (in *OpenInput) rules(p *parser, options, eligible int) tally.Rules {
	n := presetOf(in.Preset)
	if n < 0 {
		p.fail("preset", "poll.preset", "Choose how it is decided.")
		return tally.Rules{}
	}
	r := tally.Rules{Method: presets[n].method, Options: 1}
	if several(r.Method) {
		if r.Options = options; options < 2 {
			p.fail("preset", "poll.no_options", "This proposal has no options to choose from. Add them to its text, or take a vote with yes and no.")
		}
	} else if options > 0 && in.Preset != byFeeling {
		p.fail("preset", "poll.options", "This proposal has options to choose from, so yes and no would not say which. Take a way to choose or rank them.")
	}
	switch in.Preset {
	case byMajority:
		r.Share = &tally.Share{Num: 1, Den: 2, More: true}
	case byTwo:
		r.Share = &tally.Share{Num: 2, Den: 3}
	case byStrike:
		r.Share, r.AgainstCounts = &tally.Share{Num: 1, Den: 2, More: true}, true
	case byScore, byFeeling:
		r.Max = points
	}
	if asks(n, "quorum") {
		r.Quorum = p.votes("quorum", in.Quorum, eligible)
	}
	if asks(n, "support") {
		r.Support = p.votes("support", in.Support, eligible)
	}
	if asks(n, "share") && strings.TrimSpace(in.Share) != "" {
		r.Share = p.share(in.Share)
	}
	if asks(n, "blocks") {
		r.Blocks = p.count("blocks", in.Blocks, min(eligible, maxPart))
	}
	if asks(n, "winners") {
		r.Winners = p.count("winners", in.Winners, r.Options)
	}
	return r
}

// votes is how many votes an amount is of all; what nobody could reach is refused.
func (p *parser) votes(name, typed string, eligible int) int64 {
	a, ok := readAmount(typed)
	switch {
	case !ok:
		p.fail(name, "poll.amount", "Write a number of votes, or a part of all, such as 20, 50%, 2/3 or >50%.")
		return 0
	case a.zero():
		return 0
	}
	n := a.of(eligible)
	if n > eligible {
		p.fail(name, "poll.amount_over", "There are {n} votes in all, so this could never be reached.", "n", eligible)
	}
	return int64(n)
}

func (p *parser) share(typed string) *tally.Share {
	a, ok := readAmount(typed)
	if !ok || a.Den == 0 || a.Num == 0 || a.More && a.Num == a.Den || a.Den > maxPart {
		p.fail("share", "poll.share", "Write a part of the votes, such as 60%, 2/3 or >50%.")
		return nil
	}
	return &tally.Share{Num: int64(a.Num), Den: int64(a.Den), More: a.More}
}

// maxPart bounds shares and blocks, as package tally does.
const maxPart = 1_000_000

// count is a small number from 1 to most; nothing typed is 1, which the rules leave
// out.
func (p *parser) count(name, typed string, most int) int {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return 0
	}
	n, err := strconv.Atoi(typed)
	if err != nil || n < 1 || n > most {
		p.fail(name, "poll.count", "Write a number from {min} to {max}.", "min", 1, "max", most)
		return 0
	}
	if n == 1 {
		return 0
	}
	return n
}

// open checks how a poll is to be held; what depends on the electorate comes later.
func (in *OpenInput) open(p *parser, zone string, now time.Time) time.Time {
	if in.Gate != box.GateMembers && in.Gate != box.GateCodes {
		p.fail("gate", "poll.gate", "Choose who can vote.")
	}
	return p.deadline(in.Day, in.Time, zone, now)
}

// lots draws an order of n options: Fisher and Yates, with whole random numbers so
// that no order is more likely.
func lots(n int, bytes func(int) []byte) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := draw(i+1, bytes)
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// draw is a number below n, at most 256.
func draw(n int, bytes func(int) []byte) int {
	for {
		if b := int(bytes(1)[0]); b < 256/n*n {
			return b % n
		}
	}
}
