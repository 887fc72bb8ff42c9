package polls

import (
	"slices"
	"strings"
	"time"

	"convoke/internal/fact"
	"convoke/internal/i18n"
	"convoke/internal/record/tally"
)

// until is when a poll ends, or ended, on the clocks of its place. The end of a day is
// said as that day.
func (p *Poll) until(l *i18n.Locale) string {
	at := p.Local(p.ended())
	if at.Hour() == 0 && at.Minute() == 0 {
		return l.DateShort(at.Add(-time.Minute))
	}
	return l.DateShort(at) + ", " + l.Time(at)
}

// percent is a part of a whole in hundredths, with one place.
func percent(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part*1000/whole) / 10
}

// votes is a number of votes in parts of [tally.Unit], as a text takes it: whole where
// it is.
func votes(n int64) any {
	if n%tally.Unit == 0 {
		return n / tally.Unit
	}
	return float64(n) / tally.Unit
}

// ruleLines say by what a poll is decided, in the reader's language.
func ruleLines(l *i18n.Locale, p *Poll) (out []string) {
	r, all := &p.Rules, int64(p.Eligible)
	if n := presetOf(p.Preset); n >= 0 {
		out = append(out, l.T(presets[n].name)+": "+l.T(presets[n].hint))
	}
	if r.Quorum > 0 {
		out = append(out, l.T("Quorum: {n} of {all} votes must take part, which is {percent} %.", "n", r.Quorum, "all", all, "percent", percent(r.Quorum, all)))
	} else if r.Method != tally.Check {
		out = append(out, l.T("There is no quorum: those who take part decide."))
	}
	out = append(append(out, againstLine(l, r)...), weightLine(l, p)...)
	if r.Support > 0 {
		out = append(out, l.T("Support: {n} of all {all} votes must be in favour, which is {percent} %, whoever else takes part.", "n", r.Support, "all", all, "percent", percent(r.Support, all)))
	}
	if s := r.Share; s != nil {
		out = append(out, shareLine(l, r.Method, s))
	}
	if r.Method == tally.Consent {
		out = append(out, l.N("{n} block stops it.", "{n} blocks stop it.", max(r.Blocks, 1)))
	}
	if several(r.Method) && r.Winners > 1 {
		out = append(out, l.N("{n} option wins at most.", "{n} options win at most.", r.Winners))
	}
	if i := slices.Index(p.Candidates, ""); i >= 0 && p.Effect == fact.EffectDemand && i < len(p.Options) {
		out = append(out, l.T("“{name}” is no demand: if it wins, none comes of it.", "name", p.Options[i]))
	}
	if len(r.Lots) > 0 {
		out = append(out, l.T("Ties are broken by lots that were drawn when it opened: {order}.", "order", names(p, r.Lots)))
	}
	if p.ByGroups {
		out = append(out, l.T("Each member group decides in its own poll, and what it decides is entered as its vote, whatever mandate its delegates have. Nobody types it, and a group that has decided nothing has not voted."))
	}
	if p.CodesFirst {
		out = append(out, p.codesLine(l))
	}
	if p.Weights != "" && !p.Named {
		out = append(out, l.T("A recall ends a mandate, not a secret vote: nobody can find one, or a code that somebody already has. Whoever is recalled before that cannot vote in this poll any more, and neither can whoever follows them."))
	}
	if p.Early {
		out = append(out, l.T("Organizers may close it before its time."))
		if p.CodesFirst {
			out = append(out, l.T("Before voting begins they can only call it off, and must say why. Then nothing is decided, and it can be voted on again."))
		}
	}
	return out
}

// codesLine says that voters are settled before voting begins.
func (p *Poll) codesLine(l *i18n.Locale) string {
	return l.T("Each voter gets a code of 26 letters until {time}, and votes with it from then on. Whoever has none by then cannot vote.", "time", p.begins(l))
}

// begins is when votes are taken, on the clocks of its place.
func (p *Poll) begins(l *i18n.Locale) string {
	at := p.Local(p.Opens)
	return l.DateShort(at) + ", " + l.Time(at)
}

// weightLine says how a coalition weighed votes when it opened.
func weightLine(l *i18n.Locale, p *Poll) []string {
	switch p.Weights {
	case "group":
		return []string{l.T("Weights: each group weighs 1, however large it is.")}
	case "bands":
		return []string{l.T("Weights: each group weighs 1 to 8, by the size that it declared.")}
	case "delegates":
		return []string{l.T("Weights: each delegate weighs 1, so a group weighs as much as it has delegates.")}
	}
	return nil
}

// againstLine says whether a no can complete a quorum.
func againstLine(l *i18n.Locale, r *tally.Rules) []string {
	switch {
	case r.Quorum == 0 || r.Method != tally.YesNo && r.Method != tally.Consent:
		return nil
	case r.AgainstCounts:
		return []string{l.T("Whoever is against takes part in the quorum, too, as laws on strike ballots have it: a no can complete it.")}
	}
	return []string{l.T("Whoever is against does not count for the quorum: a no can never complete it and so help something pass.")}
}

func shareLine(l *i18n.Locale, method string, s *tally.Share) string {
	args := []any{"num", s.Num, "den", s.Den, "percent", percent(s.Num, s.Den)}
	switch {
	case method == tally.YesNo && s.More:
		return l.T("Share: more than {num}/{den} of yes and no must be yes, which is more than {percent} %.", args...)
	case method == tally.YesNo:
		return l.T("Share: at least {num}/{den} of yes and no must be yes, which is {percent} %.", args...)
	case s.More:
		return l.T("Share: more than {num}/{den} of the votes must be in favour.", args...)
	}
	return l.T("Share: at least {num}/{den} of the votes must be in favour.", args...)
}

// names lists options by their indexes.
func names(p *Poll, all []int) string {
	var out []string
	for _, o := range all {
		out = append(out, p.option(o))
	}
	return strings.Join(out, ", ")
}

// option is the name of an option on the ballot as a sentence takes it: without the full
// stop of its own that a demand has.
func (p *Poll) option(o int) string {
	if all := p.ballot(); o >= 0 && o < len(all) {
		return strings.TrimSuffix(all[o], ".")
	}
	return "?"
}

// resultLines say what came out.
func resultLines(l *i18n.Locale, p *Poll) (out []string) {
	r := p.Result
	out = append(out, l.N("{n} vote was cast, with a weight of {weight}, of {all}.", "{n} votes were cast, with a weight of {weight}, of {all}.", int(r.Papers), "weight", r.Weight, "all", r.Eligible))
	out = append(out, weightLine(l, p)...)
	if n := r.Quorum; n.Needed > 0 {
		out = append(out, l.T("Quorum: {have} of the {need} that it takes.", "have", n.Reached, "need", n.Needed)+" "+metWord(l, n.Met))
	}
	if n := r.Support; n != nil {
		out = append(out, l.T("Support: {have} of the {need} that it takes.", "have", n.Reached, "need", n.Needed)+" "+metWord(l, n.Met))
	}
	if s := r.Share; s != nil {
		out = append(out, l.T("Share: {have} of {of}, which is {percent} %; it takes {num}/{den}.", "have", s.Reached, "of", s.Of, "percent", percent(s.Reached, s.Of),
			"num", s.Num, "den", s.Den)+" "+metWord(l, s.Met))
	}
	for _, why := range r.Reasons {
		switch why {
		case tally.ReasonBlocked:
			out = append(out, l.T("It was blocked."))
		case tally.ReasonNobody:
			out = append(out, l.T("Nobody was in favour."))
		}
	}
	return out
}

func metWord(l *i18n.Locale, met bool) string {
	if met {
		return l.T("Reached.")
	}
	return l.T("Not reached.")
}

// sums are the names of what [tally.Result.Sums] adds up.
func sums(l *i18n.Locale, p *Poll) []string {
	switch p.Rules.Method {
	case tally.YesNo:
		return []string{l.T("Yes"), l.T("No"), l.T("Abstain")}
	case tally.Consent:
		return []string{l.T("Agree"), l.T("Stand aside"), l.T("Reservation"), l.T("Block")}
	case tally.Check:
		var out []string
		for n := 1; n <= p.Rules.Max; n++ {
			out = append(out, l.Plain(n))
		}
		return out
	}
	return p.ballot()
}

// roundLines tell an STV count stage by stage, one sentence each.
func roundLines(l *i18n.Locale, p *Poll) (out []string) {
	r := p.Result
	if r.Quota > 0 {
		out = append(out, l.T("Whoever has {n} votes is elected (the quota).", "n", votes(r.Quota)))
	}
	for i := range r.Rounds {
		x := &r.Rounds[i]
		switch x.Action {
		case "first":
			var all []string
			for o, v := range x.Votes {
				all = append(all, p.option(o)+" "+valueOf(l, v))
			}
			out = append(out, l.T("First preferences: {all}.", "all", strings.Join(all, ", ")))
		default:
			out = append(out, moveLine(l, p, x))
		}
		if len(x.Elected) > 0 {
			out = append(out, l.N("{names} reaches the quota and is elected.", "{names} reach the quota and are elected.", len(x.Elected), "names", names(p, x.Elected)))
		}
		if len(x.Filled) > 0 {
			out = append(out, l.N("No more are left than places, so {names} is elected.", "No more are left than places, so {names} are elected.", len(x.Filled), "names", names(p, x.Filled)))
		}
	}
	return out
}

// moveLine is one transfer: "Option C's 12 votes move: 7 to A, 5 to B".
func moveLine(l *i18n.Locale, p *Poll, x *tally.Round) string {
	var sum int64
	var to []string
	for _, m := range x.Moves {
		sum += m.Votes
		if m.To < 0 {
			to = append(to, l.T("{n} to nobody", "n", votes(m.Votes)))
			continue
		}
		to = append(to, l.T("{n} to {name}", "n", votes(m.Votes), "name", p.option(m.To)))
	}
	args := []any{"name", p.option(x.Option), "votes", votes(sum), "moves", strings.Join(to, ", ")}
	switch {
	case len(to) == 0:
		return l.T("{name} goes out, and had no votes to move.", args...)
	case x.Action == "surplus":
		return l.T("{name} has {votes} votes more than it needs; they move: {moves}.", args...)
	}
	return l.T("{name} goes out; its {votes} votes move: {moves}.", args...)
}

func valueOf(l *i18n.Locale, n int64) string { return l.T("{n}", "n", votes(n)) }

// pairLines tell a Schulze count: how the winner stands against each other option.
func pairLines(l *i18n.Locale, p *Poll) (out []string) {
	r := p.Result
	if len(r.Pairs) == 0 || len(r.Order) == 0 {
		return nil
	}
	out = append(out, l.T("In order: {all}.", "all", names(p, r.Order)))
	first := r.Order[0]
	for _, o := range r.Order[1:] {
		a, b := r.Pairs[first][o], r.Pairs[o][first]
		args := []any{"a", p.option(first), "b", p.option(o), "n", a, "m", b}
		switch {
		case a > b:
			out = append(out, l.T("{a} is before {b} on {n} votes, {b} before {a} on {m}.", args...))
		case r.Paths[first][o] > r.Paths[o][first]:
			out = append(out, l.T("{b} is before {a} on {m} votes, {a} before {b} on {n}; but {a} is stronger over others.", args...))
		default:
			out = append(out, l.T("{a} and {b} stand equal.", args...))
		}
	}
	return out
}

// tieLines say which lots broke ties.
func tieLines(l *i18n.Locale, p *Poll) (out []string) {
	for _, t := range p.Result.Ties {
		args := []any{"among", names(p, t.Among), "name", p.option(t.Chosen)}
		switch {
		case t.By != "lot":
			out = append(out, l.T("{among} stood equal; an earlier round told them apart: {name}.", args...))
		case t.For == "exclude":
			out = append(out, l.T("{among} stood equal; by lot, {name} went out.", args...))
		default:
			out = append(out, l.T("{among} stood equal; by lot, {name} came first.", args...))
		}
	}
	return out
}

// paperWords is what a paper says. Whatever it is, it is no more than the paper.
func paperWords(l *i18n.Locale, p *Poll, paper []byte) string {
	if p.Rules.CheckPaper(paper) != nil {
		return "?"
	}
	switch p.Rules.Method {
	case tally.YesNo, tally.Consent:
		return sums(l, p)[paper[0]]
	case tally.Check:
		return l.Plain(int(paper[0]))
	}
	if p.Rules.Abstains(paper) {
		return l.T("Abstain")
	}
	var out []string
	switch p.Rules.Method {
	case tally.Approval:
		for o := range p.ballot() {
			if paper[o/8]>>(o%8)&1 == 1 {
				out = append(out, p.option(o))
			}
		}
	case tally.Score:
		for o := range p.ballot() {
			out = append(out, p.option(o)+" "+l.Plain(int(paper[o])))
		}
	case tally.Schulze, tally.STV:
		for rank := 1; rank <= len(paper); rank++ {
			var same []string
			for o, at := range paper {
				if int(at) == rank {
					same = append(same, p.option(o))
				}
			}
			if len(same) > 0 {
				out = append(out, l.Plain(rank)+". "+strings.Join(same, " = "))
			}
		}
	}
	return strings.Join(out, ", ")
}
