package pledges

import "convoke/internal/record/box"

// Everybody is how many have pledged, whatever they wait for.
func Everybody(steps []box.Step) uint64 {
	var n uint64
	for _, s := range steps {
		n += s.People
	}
	return n
}

// Next says what moves the count on: the least number of further people, who wait
// for no more than then stand, that lets others follow, and how many those are. Each
// further person counts themselves; "follow" is without them. Nobody waits when it is
// zero. steps are in the order of their thresholds.
func Next(steps []box.Step) (more, follow uint64) {
	now := box.Standing(steps)
	var sum uint64
	for _, s := range steps {
		sum += s.People
		if s.Threshold <= now {
			continue
		}
		// Up to this threshold there are sum people, so it takes the difference.
		if need := s.Threshold - sum; more == 0 || need < more {
			more = need
		}
	}
	if more == 0 {
		return 0, 0
	}
	return more, box.Standing(with(steps, more)) - now - more
}

// Missing is the least number of further people, each of whom pledges in any case,
// with whom the goal is reached: 0 once it is.
func Missing(steps []box.Step, goal uint64) uint64 {
	if box.Standing(steps) >= goal {
		return 0
	}
	var sum uint64
	for _, s := range steps {
		if s.Threshold <= goal {
			sum += s.People
		}
	}
	least := goal - min(goal, sum) // with exactly as many as the goal
	sum = 0
	for _, s := range steps {
		if sum += s.People; s.Threshold > goal && s.Threshold-min(s.Threshold, sum) < least {
			least = s.Threshold - min(s.Threshold, sum)
		}
	}
	return least
}

// with adds people who pledge in any case.
func with(steps []box.Step, people uint64) []box.Step {
	if len(steps) > 0 && steps[0].Threshold == 1 {
		return append([]box.Step{{Threshold: 1, People: steps[0].People + people}}, steps[1:]...)
	}
	return append([]box.Step{{Threshold: 1, People: people}}, steps...)
}

// Row is one line of the table of a curve: how many wait for at most so many.
type Row struct{ Threshold, People, Sum int }

// maxRows bounds the table on the page; the JSON has all.
const maxRows = 20

// rows sums a curve up; of a long one neighbours are taken together.
func rows(steps []box.Step) []Row {
	var out []Row
	var sum, people uint64
	for i, s := range steps {
		sum += s.People
		people += s.People
		if len(steps) > maxRows && (i+1)*maxRows/len(steps) == i*maxRows/len(steps) {
			continue
		}
		out = append(out, Row{int(s.Threshold), int(people), int(sum)})
		people = 0
	}
	return out
}
