package subscriptions

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
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
	known := x.count("select coalesce(sum(length(ids)), 0) / 26 from alert_reach where sure and n = 1")
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

// Environment of the child process of TestKilled: its database, the folder of its keys, and
// which of the children it is, which tells its time.
const (
	envURL  = "SUBSCRIPTIONS_CRASH_URL"
	envKeys = "SUBSCRIPTIONS_CRASH_KEYS"
	envTurn = "SUBSCRIPTIONS_CRASH_TURN"
)

// TestKilledChild is not a test but the process that TestKilled kills: it sends what there is
// to send, and says on standard output to whom, when they have it.
func TestKilledChild(t *testing.T) {
	if os.Getenv(envURL) == "" {
		t.Skip("started by TestKilled")
	}
	turn, err := strconv.Atoi(os.Getenv(envTurn))
	must(t, err)
	c := clock.NewManual(start.Add(time.Duration(turn) * 10 * time.Minute))
	x := newFixtureAt(t, dbtest.Open(t, os.Getenv(envURL), c), c, os.Getenv(envKeys))
	x.channel.on = func(p Parcel) error {
		fmt.Fprintf(os.Stdout, "to %s\n", p.Contact)
		return nil
	}
	x.run()
	fmt.Fprintln(os.Stdout, "done")
}

// TestKilled: a process that is killed in the middle of a broadcast, over and over, leaves
// nobody out, and twice get it at most those to whom it was in the air.
func TestKilled(t *testing.T) {
	if os.Getenv(envURL) != "" {
		t.Skip("in the child")
	}
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killed(t, url(t))
		})
	}
}

func killed(t *testing.T, url string) {
	const people = 1500
	c, keys := clock.NewManual(start), t.TempDir()
	x := newFixtureAt(t, dbtest.Open(t, url, c), c, keys)
	at := cell(t, "Leipzig")
	for i := range people {
		if _, err := x.Subscribe(x.ctx, Choice{Cell: at.String(), Size: "near", Contact: fmt.Sprint("p", i), Channel: "push"}); err != nil {
			t.Fatal(err)
		}
	}
	x.run()
	x.sent("a", 1, fact.AlertNew, "fire", 48*time.Hour, at)
	got, kills := map[string]int{}, 0
	for turn := 1; ; turn++ {
		if turn > 200 {
			t.Fatal("it never ends")
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestKilledChild$")
		cmd.Env = append(os.Environ(), envURL+"="+url, envKeys+"="+keys, envTurn+"="+strconv.Itoa(turn))
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines, last, done := 0, 60+rand.IntN(200), false //nolint:gosec // no secrets here
		for s := bufio.NewScanner(out); s.Scan(); {
			if who, ok := strings.CutPrefix(s.Text(), "to "); ok {
				got[who]++
				lines++
			}
			done = done || s.Text() == "done"
			if lines == last {
				must(t, cmd.Process.Kill())
			}
		}
		_ = cmd.Wait() // it was killed
		if done {
			break
		}
		kills++
	}
	twice := 0
	for _, n := range got {
		twice += n - 1
	}
	if len(got) != people || kills == 0 || twice > kills*leastAir {
		t.Errorf("%d of %d got it, %d once more than once, after %d kills", len(got), people, twice, kills)
	}
	t.Logf("%d kills: nobody missed, %d messages twice, which is %.1f a kill", kills, twice, float64(twice)/float64(kills))
}
