package alerts

import (
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/fact"
)

// TestDraftOfAReporter: when somebody of the first verifier's lineage reports the same fire
// while the draft waits, others can propose it.
func TestDraftOfAReporter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy", "fay")
		_, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		m := f.message(c)
		must(t, f.Propose(f.ctx(), as("bo"), "near", c.ID, m, true, 3))
		_, err = f.report("dee", smoke()) // whom bo let in, and who is no verifier
		must(t, err)
		_, err = f.Confirm(f.ctx(), as("cy"), "near", c.ID, (&Draft{Subject: c.ID, Message: m}).Hash(), true, 3)
		wants(t, err, "alert.reporter")
		m.Lasts = 240
		_, err = f.send(c.ID, m, "cy", "fay")
		must(t, err)
	})
}

// TestDraftIsReplaced: what nobody has confirmed for twenty minutes keeps nobody from proposing
// something else.
func TestDraftIsReplaced(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy", "fay")
		_, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		m := f.message(c)
		chain, err := f.send(c.ID, m, "bo", "cy")
		must(t, err)
		advance(f, 10*time.Minute)
		m.Kind = fact.AlertUpdate
		must(t, f.Propose(f.ctx(), as("bo"), "near", chain, m, true, 3))
		m.Kind, m.Confidence = fact.AlertCorrect, Likely
		advance(f, 19*time.Minute)
		wants(t, f.Propose(f.ctx(), as("cy"), "near", chain, m, true, 3), "alert.proposed")
		offered := func() bool {
			a := f.browser("cy").Get("/alerts/queue/near/send/"+chain).Want(t, 200, "")
			return strings.Contains(a.Body, `value="propose"`) && strings.Contains(a.Text("main"), "you can propose something else")
		}
		before := offered()
		advance(f, time.Minute)
		if before || !offered() {
			t.Errorf("offered before %v, after %v", before, offered())
		}
		_, err = f.send(chain, m, "cy", "fay")
		must(t, err)
	})
}

// TestNarrowedMeanwhile: an alert can be corrected when the area was made smaller, or a kind of
// warning given up, since.
func TestNarrowedMeanwhile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		m := f.message(f.first())
		chain, err := f.send(f.first().ID, m, "bo", "cy")
		must(t, err)
		edit := func(in NetworkInput) {
			t.Helper()
			var seq int
			must(t, f.DB.Read(f.ctx(), func(tx *db.Tx) error {
				n, err := f.Service.network(f.ctx(), tx, "near")
				if err == nil {
					seq = n.Sequence
				}
				return err
			}))
			must(t, f.Edit(f.ctx(), as("ada"), "near", seq, in))
		}
		m.Kind, m.Confidence = fact.AlertCorrect, Likely
		edit(NetworkInput{Name: "Near", Area: "Halle; 3", Categories: []string{"fire"}})
		if _, err := f.send(chain, m, "bo", "cy"); err != nil {
			t.Errorf("a smaller area: %v", err)
		}
		edit(NetworkInput{Name: "Near", Area: "Leipzig; 8", Categories: []string{"road"}})
		if _, err := f.send(chain, m, "bo", "cy"); err != nil {
			t.Errorf("a kind less: %v", err)
		}
		if _, err := f.Withdraw(f.ctx(), as("bo"), "near", chain); err != nil {
			t.Error(err)
		}
	})
}

// TestCorrectionIsNoNewAlert: cells that did not hear of an alert hear of it only when somebody
// has seen it, and not at all once it is over.
func TestCorrectionIsNoNewAlert(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy", "fay")
		_, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		m := f.message(c)
		chain, err := f.send(c.ID, m, "bo", "cy")
		must(t, err)
		m.Kind, m.Cells, m.Lasts = fact.AlertCorrect, nil, 720
		for _, x := range f.areaCells() {
			if x != c.Cell && len(m.Cells) < maxCells {
				m.Cells = append(m.Cells, x.String())
			}
		}
		slices.Sort(m.Cells)
		must(t, f.Propose(f.ctx(), as("bo"), "near", chain, m, false, 3))
		_, err = f.Confirm(f.ctx(), as("fay"), "near", chain, (&Draft{Subject: chain, Message: m}).Hash(), false, 3)
		wants(t, err, "alert.first_hand") // for whom it is new somebody has to have seen it
		advance(f, 6*24*time.Hour)
		wants(t, f.Propose(f.ctx(), as("bo"), "near", chain, m, true, 3), "alert.over")
		m.Cells = []string{c.Cell.String()}
		_, err = f.send(chain, m, "bo", "fay")
		must(t, err)
	})
}

// TestPartedMeanwhile: when a group has left a network, the others can take its alerts back.
func TestPartedMeanwhile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		chain, err := f.send(f.first().ID, f.message(f.first()), "bo", "cy")
		must(t, err)
		must(t, f.Part(f.ctx(), as("ada"), "near", "hill"))
		must(t, f.Name(f.ctx(), as("fay"), "near", "river", "gus"))
		_, err = f.Withdraw(f.ctx(), as("gus"), "near", chain)
		must(t, err)
	})
}
