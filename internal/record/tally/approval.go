package tally

// approval adopts the options that most approve, as many as can win, of those that
// have the support and the share.
func (c *Counter) approval(r *Result) {
	r.Sums = make([]int64, c.rules.Options)
	for p, g := range c.groups {
		for o := range r.Sums {
			if p[o/8]>>(o%8)&1 == 1 {
				r.Sums[o] += g.weight
			}
		}
	}
	r.bySums(&c.rules)
	of := c.weight - r.Abstained
	r.favour(&c.rules, c.rules.Share, r.Sums[r.Order[0]], of)
	for _, o := range r.Order[:c.rules.seats()] {
		sum := r.Sums[o]
		if sum > 0 && sum >= c.rules.Support && (c.rules.Share == nil || c.rules.Share.reached(sum, of)) {
			r.Winners = append(r.Winners, o)
		}
	}
}

// score adopts the options with the highest sums of scores, as many as can win; an
// option that nobody gave anything wins never.
func (c *Counter) score(r *Result) {
	r.Sums = make([]int64, c.rules.Options)
	for p, g := range c.groups {
		for o := range r.Sums {
			r.Sums[o] += g.weight * int64(p[o])
		}
	}
	r.bySums(&c.rules)
	for _, o := range r.Order[:c.rules.seats()] {
		if r.Sums[o] > 0 {
			r.Winners = append(r.Winners, o)
		}
	}
	if len(r.Winners) == 0 {
		r.fails(ReasonNobody)
	}
}

// bySums orders the options by their sums.
func (r *Result) bySums(rules *Rules) {
	r.ranks(rules, func(left []int) []int {
		var best []int
		for _, o := range left {
			switch {
			case len(best) == 0 || r.Sums[o] > r.Sums[best[0]]:
				best = append(best[:0:0], o)
			case r.Sums[o] == r.Sums[best[0]]:
				best = append(best, o)
			}
		}
		return best
	})
}
