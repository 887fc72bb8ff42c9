package main

import (
	"fmt"
	"strings"

	"convoke/internal/record/tally"
	"convoke/internal/record/verify"
)

// writePoll says how a poll came out: every round, and which lots broke ties. Options
// have numbers as on the ballot, the first is 1; their names are not in the record.
func writePoll(b *strings.Builder, x *verify.Box) {
	if x.Withheld {
		fmt.Fprintf(b, "  %-22s %d\n  ballots are published when it closes\n", "leaves", x.Leaves)
		return
	}
	if x.Shut {
		b.WriteString("  result                 too few trustees have opened the ballots\n")
	}
	if x.Spoiled > 0 {
		fmt.Fprintf(b, "  %-22s %d\n", "spoiled ballots", x.Spoiled)
	}
	if x.Result == nil {
		return
	}
	r := x.Result
	fmt.Fprintf(b, "  %-22s %s\n", "method", r.Method)
	for n, sum := range r.Sums {
		fmt.Fprintf(b, "  %-22s %d\n", sumName(x.Rules, n), sum)
	}
	fmt.Fprintf(b, "  %-22s %d of %d\n", "took part, by weight", r.Weight, r.Eligible)
	writeNeeds(b, r)
	for n := range r.Rounds {
		writeRound(b, n, &r.Rounds[n])
	}
	writePaths(b, r)
	for _, t := range r.Ties {
		fmt.Fprintf(b, "  tie                    %s among %s: %s, by %s\n", t.For, options(t.Among), option(t.Chosen), t.By)
	}
	if len(r.Order) > 0 {
		fmt.Fprintf(b, "  %-22s %s\n", "order", options(r.Order))
	}
	if r.Adopted {
		fmt.Fprintf(b, "  %-22s %s\n", "adopted", options(r.Winners))
		return
	}
	fmt.Fprintf(b, "  %-22s %s\n", "nothing adopted", strings.Join(r.Reasons, ", "))
}

func writeNeeds(b *strings.Builder, r *tally.Result) {
	need := func(name string, n *tally.Need) {
		if n != nil && n.Needed > 0 {
			fmt.Fprintf(b, "  %-22s %d of %d%s\n", name, n.Reached, n.Needed, missed(n.Met))
		}
	}
	need("quorum", &r.Quorum)
	need("support", r.Support)
	if s := r.Share; s != nil {
		least := "at least"
		if s.More {
			least = "more than"
		}
		fmt.Fprintf(b, "  %-22s %d of %d, %s %d/%d%s\n", "share", s.Reached, s.Of, least, s.Num, s.Den, missed(s.Met))
	}
}

func missed(met bool) string {
	if met {
		return ""
	}
	return ": not enough"
}

// sumName is what a sum counts; see [tally.Result].
func sumName(r *tally.Rules, n int) string {
	switch r.Method {
	case tally.YesNo:
		return [...]string{"yes", "no", "abstain"}[n]
	case tally.Consent:
		return [...]string{"agree", "stand aside", "reservations", "block"}[n]
	case tally.Check:
		return fmt.Sprintf("mark %d", n+1)
	}
	return option(n)
}

func option(n int) string { return fmt.Sprintf("option %d", n+1) }

func options(all []int) string {
	if len(all) == 0 {
		return "none"
	}
	out := make([]string, len(all))
	for i, n := range all {
		out[i] = option(n)
	}
	return strings.Join(out, ", ")
}

// votes writes parts of votes with as many digits as they have.
func votes(n int64) string {
	s := fmt.Sprintf("%d.%05d", n/tally.Unit, n%tally.Unit)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

func writeRound(b *strings.Builder, n int, r *tally.Round) {
	what := "first preferences"
	if r.Option >= 0 {
		moves := make([]string, len(r.Moves))
		for i, m := range r.Moves {
			to := "to nobody"
			if m.To >= 0 {
				to = "to " + option(m.To)
			}
			moves[i] = votes(m.Votes) + " " + to
		}
		what = fmt.Sprintf("%s of %s: %s", r.Action, option(r.Option), strings.Join(moves, ", "))
	}
	fmt.Fprintf(b, "  round %-16d %s\n", n+1, what)
	standing := make([]string, len(r.Votes))
	for i, v := range r.Votes {
		standing[i] = fmt.Sprintf("%d: %s", i+1, votes(v))
	}
	fmt.Fprintf(b, "  %-22s %s\n", "", strings.Join(standing, "  "))
	if won := append(append([]int{}, r.Elected...), r.Filled...); len(won) > 0 {
		fmt.Fprintf(b, "  %-22s elected: %s\n", "", options(won))
	}
}

// writePaths writes how many prefer one option to another, and the strongest paths.
func writePaths(b *strings.Builder, r *tally.Result) {
	for x := range r.Pairs {
		for y := x + 1; y < len(r.Pairs); y++ {
			fmt.Fprintf(b, "  %-22s %d : %d, paths %d : %d\n", fmt.Sprintf("%d against %d", x+1, y+1), r.Pairs[x][y], r.Pairs[y][x], r.Paths[x][y], r.Paths[y][x])
		}
	}
}
