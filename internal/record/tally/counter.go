package tally

import (
	"errors"
	"fmt"
)

// ErrWeight says that a paper weighs nothing, or all of them too much together.
var ErrWeight = errors.New("this is no weight of a paper")

// ErrAbsent says that a paper is taken away that was not put in.
var ErrAbsent = errors.New("no such paper was counted")

// Counter holds the papers of a poll, equal ones together. It is not safe for
// concurrent use.
type Counter struct {
	rules  Rules
	groups map[string]group
	papers int64
	weight int64
}

// group is what equal papers are together.
type group struct {
	papers, weight int64
}

// New makes a counter without papers. [Rules.Check] has found the rules right.
func New(r Rules) *Counter {
	return &Counter{rules: r, groups: map[string]group{}}
}

// Add puts a paper in that counts as weight equal ones.
func (c *Counter) Add(paper []byte, weight int64) error { return c.AddEqual(paper, 1, weight) }

// AddEqual puts in so many equal papers, which weigh so much together.
func (c *Counter) AddEqual(paper []byte, papers, weight int64) error {
	if err := c.rules.CheckPaper(paper); err != nil {
		return err
	}
	if papers < 1 || weight < papers || weight > MaxWeight-c.weight {
		return fmt.Errorf("%w: %d papers, %d", ErrWeight, papers, weight)
	}
	p := c.rules.counts(paper)
	g := c.groups[string(p)]
	c.groups[string(p)] = group{g.papers + papers, g.weight + weight}
	c.papers += papers
	c.weight += weight
	return nil
}

// Remove takes a paper away that was put in with the same weight.
func (c *Counter) Remove(paper []byte, weight int64) error {
	if err := c.rules.CheckPaper(paper); err != nil {
		return err
	}
	if weight < 1 {
		return fmt.Errorf("%w: %d", ErrWeight, weight)
	}
	p := c.rules.counts(paper)
	g := c.groups[string(p)]
	g.papers--
	g.weight -= weight
	switch {
	case g.papers < 0 || g.weight < g.papers || g.papers == 0 && g.weight != 0:
		return ErrAbsent
	case g.papers == 0:
		delete(c.groups, string(p))
	default:
		c.groups[string(p)] = g
	}
	c.papers--
	c.weight -= weight
	return nil
}

// Papers is how many there are, and what they weigh.
func (c *Counter) Papers() (papers, weight int64) { return c.papers, c.weight }

// Result counts. It may be asked again when further papers have come. eligible is
// the weight of all who may vote; 0 is unknown.
func (c *Counter) Result(eligible int64) Result {
	r := &Result{
		V: 1, Method: c.rules.Method, Eligible: eligible, Papers: c.papers, Weight: c.weight,
		Order: []int{}, Reasons: []string{}, Sums: []int64{}, Ties: []Tie{}, Winners: []int{},
	}
	for p, g := range c.groups {
		if c.rules.Abstains([]byte(p)) {
			r.Abstained += g.weight
		}
	}
	r.quorum(c.rules.Quorum, c.weight)
	switch c.rules.Method {
	case Consent:
		c.consent(r)
	case YesNo:
		c.yesno(r)
	case Check:
		r.Sums = c.said(1, c.rules.Max)
		r.fails(ReasonCheck)
	case Approval:
		c.approval(r)
	case Score:
		c.score(r)
	case Schulze:
		c.schulze(r)
	case STV:
		c.stv(r)
	}
	return r.decided()
}

// said is the weight of the papers whose first byte is from first to last.
func (c *Counter) said(first, last int) []int64 {
	out := make([]int64, last-first+1)
	for p, g := range c.groups {
		out[int(p[0])-first] += g.weight
	}
	return out
}
