package subscriptions

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
)

// TestInTheAir: what was in the air when the process died goes out again, and when the alert
// is withdrawn instead, those hear of it to whom it was.
func TestInTheAir(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		for _, next := range []fact.AlertKind{"", fact.AlertWithdraw} {
			t.Run(name+string(next), func(t *testing.T) {
				t.Parallel()
				inTheAir(t, url(t), next)
			})
		}
	}
}

func inTheAir(t *testing.T, url string, next fact.AlertKind) {
	c := clock.NewManual(start)
	var dead atomic.Bool
	x := newFixture(t, dbtest.OpenBefore(t, url, c, func(q string) error {
		if dead.Load() && !strings.HasPrefix(q, "rollback") {
			return dbtest.ErrAborted
		}
		return nil
	}), c)
	at := cell(t, "Leipzig")
	const people = 40
	for i := range people {
		x.join(Choice{Cell: at.String(), Size: "near", Contact: fmt.Sprint("p", i)})
	}
	var taken atomic.Int32
	x.channel.after = func(Parcel) error {
		if taken.Add(1) == people/2 {
			dead.Store(true)
		}
		return nil
	}
	x.sent("a", 1, fact.AlertNew, "fire", 48*time.Hour, at)
	if err := x.Due(x.ctx); err != nil {
		t.Fatal(err)
	}
	_, _ = x.jobs.RunPending(x.ctx)
	before := map[string]bool{}
	for _, p := range x.channel.take() {
		before[p.contact] = true
	}
	dead.Store(false)
	known := x.count("select count(*) from alert_heard where heard = 1")
	if len(before) == people || known >= len(before) {
		t.Fatalf("%d got it, %d are known", len(before), known)
	}
	c.Add(jobFor + 11*time.Second)
	if next != "" {
		x.sent("a", 2, next, "fire", 48*time.Hour, at)
	}
	x.run()
	twice, all := 0, map[string]int{}
	for _, p := range x.channel.take() {
		all[p.contact]++
		if before[p.contact] {
			twice++
		}
		if all[p.contact] > 1 {
			t.Errorf("%s got something twice", p.contact)
		}
	}
	if next != "" {
		// Those too who may have got it: it was in the air.
		if twice != len(before) || len(all) > known+leastAir {
			t.Errorf("%d of %d who got it hear of the withdrawal, and %d others", twice, len(before), len(all)-twice)
		}
		return
	}
	if missed := people - len(before) - (len(all) - twice); missed != 0 || twice > leastAir {
		t.Errorf("%d missed, %d twice", missed, twice)
	}
	t.Logf("%d got it before, %d again", len(before), twice)
}
