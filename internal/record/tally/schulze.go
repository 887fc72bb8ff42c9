package tally

// unranked stands behind every rank.
const unranked = 255

// schulze adopts the option that no other one beats by the strength of paths: a
// link from a to b is as strong as the weight that prefers a, where that is more
// than prefers b; a path is as strong as its weakest link.
func (c *Counter) schulze(r *Result) {
	c.firsts(r)
	r.Pairs = c.pairs()
	r.Paths = paths(r.Pairs)
	r.ranks(&c.rules, func(left []int) []int {
		var best []int
		for _, o := range left {
			if !beaten(r.Paths, o, left) {
				best = append(best, o)
			}
		}
		return best
	})
	r.Winners = r.Order[:1:1]
}

// firsts are the weights of the papers that rank each option first.
func (c *Counter) firsts(r *Result) {
	r.Sums = make([]int64, c.rules.Options)
	for p, g := range c.groups {
		for o := range r.Sums {
			if p[o] == 1 {
				r.Sums[o] += g.weight
			}
		}
	}
	if r.Abstained == c.weight {
		r.fails(ReasonNobody)
	}
}

func square(n int) [][]int64 {
	m := make([][]int64, n)
	for i := range m {
		m[i] = make([]int64, n)
	}
	return m
}

func (c *Counter) pairs() [][]int64 {
	n := c.rules.Options
	m := square(n)
	var rank [MaxOptions]byte
	for p, g := range c.groups {
		copy(rank[:], p)
		for i := range n {
			if rank[i] == 0 {
				rank[i] = unranked
			}
		}
		for a := range n {
			row := m[a]
			for b := range n {
				if rank[a] < rank[b] {
					row[b] += g.weight
				}
			}
		}
	}
	return m
}

// paths are the strengths of the strongest paths (Floyd and Warshall).
func paths(pairs [][]int64) [][]int64 {
	n := len(pairs)
	m := square(n)
	for a := range n {
		for b := range n {
			if pairs[a][b] > pairs[b][a] {
				m[a][b] = pairs[a][b]
			}
		}
	}
	for via := range n {
		for a := range n {
			for b := range n {
				if a != b && a != via && b != via {
					m[a][b] = max(m[a][b], min(m[a][via], m[via][b]))
				}
			}
		}
	}
	return m
}

// beaten reports whether one of the others has a stronger path to an option than
// the option has to it.
func beaten(paths [][]int64, o int, others []int) bool {
	for _, x := range others {
		if paths[x][o] > paths[o][x] {
			return true
		}
	}
	return false
}
