package polls

import (
	"slices"
	"strconv"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/record/tally"
)

// Typed is a ballot as somebody filled it in: One for polls with one answer, else a
// number for each option: a rank, a score, or 1 for what is approved.
type Typed struct {
	One  string
	Each []string
}

// Remark is something about a ballot that whoever fills it in should know before they
// confirm it.
type Remark struct {
	Msg  string
	Args []any
}

// read makes a paper of a ballot. Ranks may have gaps: the remark says that what comes
// behind moves up. The same rank twice is a remark, or in [tally.STV] a mistake.
func (t *Typed) read(p *Poll) (paper []byte, remarks []Remark, err error) {
	if !several(p.Rules.Method) {
		n, e := strconv.Atoi(t.One)
		most := map[string]int{tally.YesNo: tally.Abstain, tally.Consent: tally.Block, tally.Check: p.Rules.Max}[p.Rules.Method]
		if e != nil || n < 0 || n > most || p.Rules.Method == tally.Check && n == 0 {
			return nil, nil, fault.Invalid(fault.Field("one", "poll.choose", "Choose one."))
		}
		return []byte{byte(n)}, nil, nil
	}
	each := make([]int, p.Rules.Options)
	most := map[string]int{tally.Approval: 1, tally.Score: p.Rules.Max}[p.Rules.Method]
	if most == 0 {
		most = p.Rules.Options
	}
	for o := range each {
		if o >= len(t.Each) || t.Each[o] == "" {
			continue
		}
		n, e := strconv.Atoi(t.Each[o])
		if e != nil || n < 0 || n > most {
			return nil, nil, fault.Invalid(fault.Field("o"+strconv.Itoa(o), "poll.number", "Choose a number from {min} to {max}.", "min", 0, "max", most))
		}
		each[o] = n
	}
	switch p.Rules.Method {
	case tally.Approval:
		paper = make([]byte, (p.Rules.Options+7)/8)
		for o, n := range each {
			paper[o/8] |= byte(n) << (o % 8)
		}
		return paper, nil, nil
	case tally.Score:
		for _, n := range each {
			paper = append(paper, byte(n))
		}
		return paper, nil, nil
	}
	return ranked(p, each)
}

// ranked closes the gaps of ranks.
func ranked(p *Poll, each []int) (paper []byte, remarks []Remark, err error) {
	paper = make([]byte, len(each))
	next, gap := 1, 0
	for rank := 1; rank <= len(each); rank++ {
		var same []int
		for o, n := range each {
			if n == rank {
				same = append(same, o)
			}
		}
		if len(same) == 0 {
			if gap == 0 {
				gap = rank
			}
			continue
		}
		if gap > 0 {
			remarks = append(remarks, Remark{i18n.Mark("You left out rank {n}. What comes behind it moves up."), []any{"n", gap}})
			gap = 0
		}
		if len(same) > 1 {
			args := []any{"names", names(p, same), "n", rank}
			if p.Rules.Method == tally.STV {
				return nil, nil, fault.Invalid(fault.Field("o"+strconv.Itoa(same[1]), "poll.same_rank", "{names} have the same rank {n}. Give each its own.", args...))
			}
			remarks = append(remarks, Remark{i18n.Mark("{names} have the same rank {n}: you prefer none of them to the others."), args})
		}
		for _, o := range same {
			paper[o] = byte(next)
		}
		next++
	}
	if !slices.ContainsFunc(each, func(n int) bool { return n > 0 }) {
		remarks = append(remarks, Remark{i18n.Mark("You ranked nothing, so this is an abstention."), nil})
	}
	return paper, remarks, nil
}

// typed is a paper as a form shows it.
func (p *Poll) typed(paper []byte) (t Typed) {
	if p.Rules.CheckPaper(paper) != nil {
		return t
	}
	if !several(p.Rules.Method) {
		return Typed{One: strconv.Itoa(int(paper[0]))}
	}
	for o := range p.Rules.Options {
		n := 0
		if p.Rules.Method == tally.Approval {
			n = int(paper[o/8] >> (o % 8) & 1)
		} else {
			n = int(paper[o])
		}
		s := strconv.Itoa(n)
		if n == 0 && p.Rules.Method != tally.Score {
			s = ""
		}
		t.Each = append(t.Each, s)
	}
	return t
}
