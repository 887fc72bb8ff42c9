package verify_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"convoke/internal/record/leaf"
)

// chain is a chain of alerts and a drill, as a node writes them.
func chain() (out []leaf.AlertLine) {
	sent := int64(1_800_000_000)
	for i, kind := range []string{"alert", "update", "correct", "clear", "correct", "withdraw"} {
		a := leaf.AlertLine{
			V: 1, Alert: fmt.Sprintf("a%d", i), Chain: "a0", N: i + 1, Kind: kind, Network: "river", Text: strings.Repeat("0b", 32),
			Sent: sent + int64(i)*60, Expires: sent + 7200, Verifiers: []leaf.AlertVerifier{{Role: "verifier", FirstHand: true}, {Role: "verifier"}},
		}
		if kind == "withdraw" {
			a.Verifiers = a.Verifiers[1:]
		}
		out = append(out, a)
	}
	return append(out, leaf.AlertLine{
		V: 1, Alert: "d0", Chain: "d0", N: 1, Kind: "alert", Drill: true, Network: "river", Text: strings.Repeat("0c", 32), Sent: sent, Expires: sent + 600,
		Verifiers: []leaf.AlertVerifier{{Role: "verifier"}, {Role: "verifier"}},
	})
}

// TestBothFollowAlerts: both verifiers find alerts right that went by the rules, and each
// way of breaking them wrong.
func TestBothFollowAlerts(t *testing.T) {
	t.Parallel()
	base := readLogs(t, newWorld(t, 4).export(t))
	with := func(all []leaf.AlertLine) files {
		l := maps.Clone(base)
		l["log"] = slices.Clone(l["log"])
		for _, a := range all {
			b, err := leaf.Canonical(a)
			must(t, err)
			l["log"] = append(l["log"], leaf.Alert{JSON: b}.Encode())
		}
		return build(t, l)
	}
	both(t, with(chain()), true)
	for name, cheat := range map[string]func(all []leaf.AlertLine) []leaf.AlertLine{
		"one verifier":                 func(a []leaf.AlertLine) []leaf.AlertLine { a[0].Verifiers = a[0].Verifiers[:1]; return a },
		"nobody saw it":                func(a []leaf.AlertLine) []leaf.AlertLine { a[0].Verifiers[0].FirstHand = false; return a },
		"one verifier of an update":    func(a []leaf.AlertLine) []leaf.AlertLine { a[1].Verifiers = a[1].Verifiers[:1]; return a },
		"nobody withdraws":             func(a []leaf.AlertLine) []leaf.AlertLine { a[5].Verifiers = a[5].Verifiers[:0]; return a },
		"another role":                 func(a []leaf.AlertLine) []leaf.AlertLine { a[0].Verifiers[1].Role = "operator"; return a },
		"no end":                       func(a []leaf.AlertLine) []leaf.AlertLine { a[0].Expires = a[0].Sent; return a },
		"more than twelve hours":       func(a []leaf.AlertLine) []leaf.AlertLine { a[0].Expires = a[0].Sent + 12*3600 + 1; return a },
		"an update of nothing":         func(a []leaf.AlertLine) []leaf.AlertLine { return a[1:] },
		"one that is left out":         func(a []leaf.AlertLine) []leaf.AlertLine { return slices.Delete(a, 2, 3) },
		"the same one twice":           func(a []leaf.AlertLine) []leaf.AlertLine { return append(a, a[6]) },
		"behind a withdrawal":          func(a []leaf.AlertLine) []leaf.AlertLine { a[4].Kind, a[5].Kind = "withdraw", "correct"; return a },
		"an update behind all-clear":   func(a []leaf.AlertLine) []leaf.AlertLine { a[4].Kind = "update"; return a },
		"a drill that becomes real":    func(a []leaf.AlertLine) []leaf.AlertLine { a[1].Drill = true; return a },
		"another network":              func(a []leaf.AlertLine) []leaf.AlertLine { a[1].Network = "hill"; return a },
		"before the one before":        func(a []leaf.AlertLine) []leaf.AlertLine { a[1].Sent = a[0].Sent - 1; return a },
		"a hash that is none":          func(a []leaf.AlertLine) []leaf.AlertLine { a[0].Text = "0b"; return a },
		"an unknown kind":              func(a []leaf.AlertLine) []leaf.AlertLine { a[1].Kind = "repeat"; return a },
		"a chain that begins in midst": func(a []leaf.AlertLine) []leaf.AlertLine { a[6].N, a[6].Kind = 2, "update"; return a },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, with(cheat(chain())), false)
		})
	}
}
