package verify_test

import (
	"bytes"
	"crypto/rand"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"testing"

	"convoke/internal/record/blind"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/verify"
)

var differ = flag.Int("differ", 12, "how many random changes both verifiers judge")

// TestBothJudgeAlike changes one leaf of a record at random, lets an operator sign
// the result, and asks both verifiers: right or wrong, they agree.
func TestBothJudgeAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	right := readLogs(t, w.export(t))
	right["log"] = slices.DeleteFunc(right["log"], ties)
	both(t, build(t, right), true) // or all changes would be judged alike
	seed := mathrand.Uint64()
	r := mathrand.New(mathrand.NewPCG(seed, 1))
	var names []string
	for log, leaves := range right {
		if len(leaves) > 0 {
			names = append(names, log)
		}
	}
	slices.Sort(names)
	for n := range *differ {
		l := logs{}
		for log, leaves := range right {
			l[log] = slices.Clone(leaves)
		}
		log := names[r.IntN(len(names))]
		what := change(r, l, log)
		m := build(t, l)
		first, err := verify.Verify(ctx, m, verify.Options{Workers: 1})
		second, out := python(t, m.folder(t))
		if ok := err == nil && first.Right(); ok != (second.Exit == 0) {
			t.Errorf("change %d of seed %d, %s of %s: the first says %v (%v), the second %s", n, seed, what, log, first, err, out)
		}
	}
}

// ties reports whether a leaf of the node's log says how another log is, or was in the end.
func ties(b []byte) bool {
	k := leaf.Kind(b[1])
	return k == leaf.KindAnchor || k == leaf.KindClose || k == leaf.KindResult
}

// change changes one thing in a log.
func change(r *mathrand.Rand, l logs, log string) string {
	at := r.IntN(len(l[log]))
	b := bytes.Clone(l[log][at])
	switch r.IntN(5) {
	case 0:
		l[log] = slices.Delete(l[log], at, at+1)
		return fmt.Sprintf("leaf %d taken out", at)
	case 1:
		l[log] = slices.Insert(l[log], r.IntN(len(l[log])+1), b)
		return fmt.Sprintf("leaf %d again", at)
	case 2:
		to := r.IntN(len(l[log]))
		l[log][at], l[log][to] = l[log][to], l[log][at]
		return fmt.Sprintf("leaves %d and %d swapped", at, to)
	case 3:
		n := r.IntN(len(b))
		l[log][at] = b[:n]
		return fmt.Sprintf("leaf %d cut to %d", at, n)
	}
	n := r.IntN(len(b))
	b[n] ^= 1 << r.IntN(8)
	l[log][at] = b
	return fmt.Sprintf("byte %d of leaf %d", n, at)
}

// TestSmallOrder gives a credential to a key of small order, under which one
// signature fits every statement. It may sign, which takes no signature of the key,
// and can say nothing.
func TestSmallOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	key := leaf.Key{1} // the neutral point
	b, err := blind.Blind(w.other.Key, w.other.Token(key), rand.Reader)
	must(t, err)
	grant, err := w.AdmitAnybody(ctx, w.other.Roll, w.ids.Secret())
	must(t, err)
	signed, err := w.Issue(ctx, w.other.Roll, box.IssueInput{Grant: grant, Slots: 2, Blinded: [][]byte{b.Message}})
	must(t, err)
	auth, err := b.Finalize(signed[0])
	must(t, err)
	l := readLogs(t, w.export(t))
	log := "b/" + w.other.ID.String()
	l["log"] = slices.DeleteFunc(l["log"], func(b []byte) bool { return b[1] == byte(leaf.KindAnchor) })
	sign := leaf.Sign{Key: key, Auth: [leaf.AuthSize]byte(auth)}
	l[log] = [][]byte{sign.Encode()}
	both(t, build(t, l), true)
	say := leaf.Say{Key: key, Counter: 1, Body: leaf.Withdraw(), Sig: [64]byte{1}}
	l[log] = append(l[log], say.Encode())
	both(t, build(t, l), false)
}
