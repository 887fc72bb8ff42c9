package bench

import (
	"slices"
	"time"
)

// median is the middle value; the mean of the middle two of an even number, and
// 0 of none.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	m := len(s) / 2
	if len(s)%2 == 1 {
		return s[m]
	}
	return (s[m-1] + s[m]) / 2
}

// quantile is the smallest duration that at least the share q (0 to 1) of all
// do not exceed. It sorts all.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	i := int(q*float64(len(all)) + 0.999999)
	return all[max(0, min(i, len(all))-1)]
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// pair collects what product and reference did in the same turns.
type pair struct {
	product, reference []float64 // rates
	p50, p99           []float64 // of the product, in milliseconds
	cpu                []float64 // ratios of processor time for the same work
}

func (p *pair) add(product, reference result) {
	p.product = append(p.product, product.rate())
	p.reference = append(p.reference, reference.rate())
	if len(product.took) > 0 {
		p.p50 = append(p.p50, millis(quantile(product.took, 0.50)))
		p.p99 = append(p.p99, millis(quantile(product.took, 0.99)))
	}
	if product.cpu > 0 {
		each := func(r result) float64 { return float64(r.cpu) / float64(r.n) }
		p.cpu = append(p.cpu, each(reference)/each(product))
	}
}

// ratio is the median of the turns' ratios, which drifts less than the ratio of
// the medians when the machine does.
func (p *pair) ratio() float64 {
	var r []float64
	for i := range p.product {
		if p.reference[i] > 0 {
			r = append(r, p.product[i]/p.reference[i])
		}
	}
	return median(r)
}

// line reports the pair as rates a second.
func (p *pair) line(what, unit string, aim Aim) Line {
	return Line{
		What: what, Value: median(p.product), Unit: unit, Times: len(p.product), Reference: median(p.reference), Ratio: p.ratio(),
		CPU: median(p.cpu), Aim: aim,
	}
}
