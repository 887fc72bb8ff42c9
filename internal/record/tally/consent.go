package tally

// yesno adopts what more say yes than no, or the share that the rules ask for. An
// abstention is none of both and takes part.
func (c *Counter) yesno(r *Result) {
	r.Sums = c.said(Yes, Abstain)
	yes, no := r.Sums[Yes], r.Sums[No]
	r.quorum(c.rules.Quorum, c.forQuorum(no))
	share := c.rules.Share
	if share == nil {
		share = &Share{Num: 1, Den: 2, More: true}
	}
	r.favour(&c.rules, share, yes, yes+no)
	r.Winners = []int{0}
}

// consent adopts what somebody agrees to and too few block.
func (c *Counter) consent(r *Result) {
	r.Sums = c.said(Agree, Block)
	agree, aside, block := r.Sums[Agree], r.Sums[Aside], r.Sums[Block]
	r.quorum(c.rules.Quorum, c.forQuorum(block))
	if block >= c.rules.blocks() {
		r.fails(ReasonBlocked)
	}
	r.favour(&c.rules, c.rules.Share, agree, c.weight-aside)
	r.Winners = []int{0}
}

// forQuorum is the weight that takes part in the quorum.
func (c *Counter) forQuorum(against int64) int64 {
	if c.rules.AgainstCounts {
		return c.weight
	}
	return c.weight - against
}
