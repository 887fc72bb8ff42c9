package app_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/petitions"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
)

// inTurn is a box that a feature opened for people with codes, and what they say.
type inTurn struct {
	*stand
	box   *box.Info
	codes []string
	says  func(v *boxtest.Voter) []byte
}

// listed opens a petition and a pledge, as their pages do, for a list of people.
func (s *stand) listed(by authz.Actor, people int) []*inTurn {
	s.t.Helper()
	ctx := s.t.Context()
	var codes []string
	for range people {
		codes = append(codes, box.FormatCode(s.IDs.Bytes(12)))
	}
	pledge := toolDay()
	pledge.Gate = box.GateCodes
	p, err := s.Pledges.Create(ctx, by, "riverside", s.IDs.Secret(), pledge)
	ok(s.t, err)
	draft, err := s.Pledges.Editable(ctx, by, p)
	ok(s.t, err)
	ok(s.t, s.Pledges.Open(ctx, by, p, draft.Sequence, strings.Join(codes, "\n")))
	petition, err := s.Petitions.Create(ctx, by, "riverside", s.IDs.Secret(), petitions.Input{
		Title: "A crossing", Addressee: "The town council", Markdown: "Please.", Lang: "en", Stages: "100", Gate: box.GateCodes,
	})
	ok(s.t, err)
	ok(s.t, s.Petitions.OpenUp(ctx, by, petition, 0, strings.Join(codes, "\n")))
	var out []*inTurn
	for q, says := range map[string]func(v *boxtest.Voter) []byte{
		"select box_id from petition where slug = '" + petition + "'": func(v *boxtest.Voter) []byte { return v.Signs() },
		"select box_id from pledge where slug = '" + p + "'": func(v *boxtest.Voter) []byte {
			return v.Says(leaf.Pledge{Threshold: 3}.Encode())
		},
	} {
		b, err := leaf.ParseID(s.column(q)[0])
		ok(s.t, err)
		i, err := s.Boxes.Info(ctx, b)
		ok(s.t, err)
		out = append(out, &inTurn{s, i, codes, says})
	}
	return out
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *inTurn) counted() (n int) {
	b.t.Helper()
	ok(b.t, b.DB.Read(b.t.Context(), func(tx *db.Tx) error {
		x, err := b.Boxes.Numbers(b.t.Context(), tx, b.box.ID)
		n = int(x.Counted)
		return err
	}))
	return n
}

// order lets one after the other take a credential and use it at once, and is how
// much the lines of each batch lie in that order, in which the roll's log names
// people: 1 is exactly so, 0 not at all (the mean of Spearman's rank correlations).
func (b *inTurn) order() float64 {
	b.t.Helper()
	const batch = 20
	ctx, ranks := b.t.Context(), map[string]int{}
	for n, code := range b.codes {
		grant, err := b.Boxes.AdmitCode(ctx, b.box.Roll, b.box.Gate, code)
		ok(b.t, err)
		v, err := boxtest.Issue(ctx, b.Boxes, b.box, grant)
		ok(b.t, err)
		key := v.Public()
		ranks[string(key[:])] = n
		if x := b.counted(); x != n/batch*batch {
			b.t.Fatalf("%s: after %d people %d count", b.box.Manifest.Type, n, x)
		}
		_, err = b.Boxes.Cast(ctx, b.box.ID, b.says(v))
		ok(b.t, err)
		if n%batch == batch-1 {
			until(b.t, fmt.Sprintf("%d count", n+1), func() bool { return b.counted() == n+1 })
		}
	}
	c := &crowd{saved: &saved{stand: b.stand}}
	sum := 0.0
	for at, key := range c.lines(b.box) {
		sum += math.Pow(float64(at-ranks[string(key)]), 2)
	}
	return 1 - 6*sum/float64(len(b.codes)*(batch*batch-1))
}

// TestNoOrderInBoxesOfFeatures proves of petitions and pledges as they are opened
// that nobody's line in the log follows from when the roll's log names them: people
// come one by one, each takes part at once, and each batch is in random order.
func TestNoOrderInBoxesOfFeatures(t *testing.T) {
	t.Parallel()
	const people, most = 100, 0.52 // five times the deviation of five batches, 1/√(5·19)
	each(t, func(t *testing.T, s *stand) {
		_, sam := s.signIn("sam")
		s.group(sam, "riverside", "Riverside Neighbours")
		for _, b := range s.listed(sam, people) {
			if r := b.order(); math.Abs(r) > most {
				t.Errorf("the lines of a %s lie in the order of arrival: %.2f", b.box.Manifest.Type, r)
			}
		}
	})
	t.Run("unshuffled", func(t *testing.T) { // it would see an order
		t.Parallel()
		s := start(t, settings(t, ""))
		s.Boxes.Shuffle = func(int, func(i, j int)) {}
		_, sam := s.signIn("sam")
		s.group(sam, "riverside", "Riverside Neighbours")
		for _, b := range s.listed(sam, 40) {
			if r := b.order(); r != 1 {
				t.Errorf("the lines of a %s are not found to lie in the order of arrival: %.2f", b.box.Manifest.Type, r)
			}
		}
	})
}
