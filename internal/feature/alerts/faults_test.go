package alerts

import (
	"testing"
	"time"

	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
)

// TestWhoProposedMayReportSince: who proposed an alert and then reports the same while it
// waits has reported it.
func TestWhoProposedMayReportSince(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		must(t, f.Propose(t.Context(), as("bo"), "near", c.ID, f.message(c), true, 3))
		_, err = f.report("bo", smoke())
		must(t, err)
		v, err := f.Case(t.Context(), as("cy"), "near", c.ID)
		must(t, err)
		_, err = f.Confirm(t.Context(), as("cy"), "near", c.ID, v.Draft.Hash(), true, 3)
		wants(t, err, "alert.reporter")
	})
}

// TestMessagesThatAreNone: what the record could not hold, or is not about its subject, is
// refused before anybody can confirm it.
func TestMessagesThatAreNone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		m := f.message(c)
		m.Category, m.Guidance = "road", nil
		wants(t, f.Propose(ctx, as("bo"), "near", c.ID, m, true, 3), "form.unreadable")
		chain, err := f.send(c.ID, f.message(c), "bo", "cy")
		must(t, err)
		for _, kind := range []fact.AlertKind{"", "cancel", fact.AlertWithdraw} {
			m := f.message(c)
			m.Kind = kind
			wants(t, f.Propose(ctx, as("bo"), "near", chain, m, true, 3), "alert.kind")
		}
		m.Kind = fact.AlertUpdate
		wants(t, f.Propose(ctx, as("bo"), "near", chain, m, true, 3), "form.unreadable")
		for _, subject := range []string{c.ID, chain} { // a drill that would stand in the way
			m := f.message(c)
			m.Drill = true
			wants(t, f.Propose(ctx, as("bo"), "near", subject, m, true, 0), "form.key")
		}
	})
}

// TestCorrectedAfterDays: a mistake can be told as long as anybody can read it, and a chain
// that was changed as often as one may be can still be withdrawn.
func TestCorrectedAfterDays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		m := f.message(c)
		chain, err := f.send(c.ID, m, "bo", "cy")
		must(t, err)
		m.Kind = fact.AlertCorrect
		for range maxChain - 2 {
			advance(f, 3*time.Hour)
			m.Seen = f.clock.Now().Unix() // which is not when it was seen first
			_, err = f.send(chain, m, "bo", "cy")
			must(t, err)
		}
		must(t, f.DB.Read(t.Context(), func(tx *dbTx) error {
			last, _, err := newestOf(t.Context(), tx, chain)
			if err == nil && last.Seen != dbtest.Now.Unix() {
				t.Errorf("it was seen at %d", last.Seen)
			}
			return err
		}))
		if f.lines.all[0].N != 1 || f.lines.all[maxChain-2].N != maxChain-1 {
			t.Errorf("%d lines", len(f.lines.all))
		}
		_, err = f.send(chain, m, "bo", "cy")
		wants(t, err, "alert.long_chain")
		_, err = f.Withdraw(t.Context(), as("bo"), "near", chain)
		must(t, err)
	})
}
