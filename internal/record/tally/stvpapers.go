package tally

import "math/bits"

// papers are ranked ones on their way, equal ones together: which option each lies
// with, and at what value. They are kept in few large pieces, for there may be a
// million of them.
type papers struct {
	options int
	prefs   []byte  // of each paper its options in their order, then unranked
	at      []uint8 // how many of them it has passed
	weight  []int64
	value   []int32 // in parts of [Unit]
	next    []int32 // the paper below it in the pile; -1 is none
	top     []int32 // of each option's pile
}

func rankedPapers(c *Counter) *papers {
	n, many := c.rules.Options, len(c.groups)
	p := &papers{
		options: n, prefs: make([]byte, 0, n*many), at: make([]uint8, many),
		weight: make([]int64, 0, many), value: make([]int32, many), next: make([]int32, many), top: make([]int32, n),
	}
	for o := range p.top {
		p.top[o] = -1
	}
	for ranks, g := range c.groups {
		var order [MaxOptions]byte
		for i := range order {
			order[i] = unranked
		}
		for o := range n {
			if ranks[o] > 0 {
				order[ranks[o]-1] = byte(o)
			}
		}
		p.prefs = append(p.prefs, order[:n]...)
		p.value[len(p.weight)] = Unit
		p.weight = append(p.weight, g.weight)
	}
	return p
}

// credit lays a paper on the pile of the next option that it names and that can
// have it, and returns the option; -1 is none.
func (p *papers) credit(i int32, can func(byte) bool) int {
	prefs := p.prefs[int(i)*p.options:][:p.options]
	for int(p.at[i]) < len(prefs) {
		o := prefs[p.at[i]]
		if o == unranked {
			break
		}
		p.at[i]++
		if can(o) {
			p.next[i], p.top[o] = p.top[o], i
			return int(o)
		}
	}
	return -1
}

// take takes the pile of an option away and returns its first paper.
func (p *papers) take(o int) int32 {
	i := p.top[o]
	p.top[o] = -1
	return i
}

// mulDiv is a × b ÷ c without the rest, where a is not larger than c.
func mulDiv(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, _ := bits.Div64(hi, lo, uint64(c))
	return int64(q)
}
