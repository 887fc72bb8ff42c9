package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
)

// Scale is how much is measured.
type Scale string

// The scales. Small takes some minutes, full about two hours, most of which goes
// into filling databases.
const (
	Small Scale = "small"
	Full  Scale = "full"
	tiny  Scale = "tiny" // for tests: every path once
)

// sizes of one scale.
type sizes struct {
	signUps, signUpConns int
	pageEvents           int // on the node whose pages are asked for
	requests, pageConns  int // each turn
	misses               int
	near, text           int // events to search in
	queries              int // of each kind
	imported             int // rows each turn
	starts               int // of the server
	callEvents           int // of one campaign
	callOwners           int
	callSignUps          int
	casts, castConns     int // each turn
	leaves               int // of a box's log
	ballots              int // of a poll
	reminded             int // sign-ups
	blindSigned          int // blind ones each turn
	phones               int // that follow one assembly
	members, delegates   int // groups of one coalition, and of each
	pushed               int // messages to devices each turn
	mailed               int // messages each turn
	subscribed, told     int // who hears of alerts, and who of one
}

func (s Scale) sizes() (sizes, error) {
	switch s {
	case tiny:
		return sizes{
			signUps: 40, signUpConns: 4, pageEvents: 60, requests: 40, pageConns: 2, misses: 2, near: 300, text: 300, queries: 3,
			imported: 60, starts: 1, callEvents: 6, callOwners: 2, callSignUps: 30, casts: 40, castConns: 4, leaves: 600, ballots: 300, blindSigned: 10, reminded: 900, phones: 10, members: 4, delegates: 2, pushed: 40, mailed: 50, subscribed: 300, told: 60,
		}, nil
	case Small:
		return sizes{
			signUps: 10_000, signUpConns: 2000, pageEvents: 3000, requests: 10_000, pageConns: 32, misses: 20, near: 200_000, text: 200_000,
			queries: 300, imported: 5000, starts: 5, callEvents: 3000, callOwners: 200, callSignUps: 100_000,
			casts: 40_000, castConns: 2000, leaves: 200_000, ballots: 100_000, blindSigned: 2000, reminded: 100_000, phones: 1000, members: 2000, delegates: 5, pushed: 20_000, mailed: 4000, subscribed: 200_000, told: 20_000,
		}, nil
	case Full:
		return sizes{
			signUps: 40_000, signUpConns: 2000, pageEvents: 3000, requests: 40_000, pageConns: 32, misses: 50, near: 10_000_000, text: 1_000_000,
			queries: 2000, imported: 50_000, starts: 9, callEvents: 3000, callOwners: 200, callSignUps: 7_000_000,
			casts: 100_000, castConns: 2000, leaves: 7_000_000, ballots: 1_000_000, blindSigned: 5000, reminded: 1_000_000, phones: 1000, members: 2000, delegates: 5, pushed: 100_000, mailed: 20_000, subscribed: 2_000_000, told: 200_000,
		}, nil
	}
	return sizes{}, fmt.Errorf("there is no scale %q: choose %s or %s", s, Small, Full)
}

// Options say what to measure.
type Options struct {
	Names []string // of benchmarks; none means all
	Runs  int      // turns of product and reference; at least 1
	Scale Scale
	// Keep is a folder for the large databases, which a later run with the same
	// folder uses again; "" means a temporary one.
	Keep string
	// Serve is the command that starts the server; the bench appends the data
	// folder. Without it, what needs a process of its own is left out.
	Serve []string
	// Verify is the command that counts a record again and reports as JSON; the bench
	// appends the folder. Without it, that is left out.
	Verify []string
	Clock  clock.Clock
	// Progress is told what happens, a line at a time; nil is nobody.
	Progress func(string)
}

// benchmarks in the order in which they run.
var benchmarks = [...]struct {
	name string
	run  func(*bench, context.Context) error
}{
	{"signup", (*bench).signup}, {"pages", (*bench).pages}, {"near", (*bench).near}, {"import", (*bench).imports},
	{"text", (*bench).text}, {"campaign", (*bench).campaign}, {"footprint", (*bench).footprint},
	{"cast", (*bench).cast}, {"issue", (*bench).issue}, {"append", (*bench).appends}, {"recount", (*bench).recount}, {"poll", (*bench).poll}, {"receipt", (*bench).receipt}, {"petition", (*bench).petition}, {"reminders", (*bench).reminders}, {"assembly", (*bench).assembly}, {"coalition", (*bench).coalition},
	{"webpush", (*bench).webpush}, {"mail", (*bench).mail}, {"recipients", (*bench).recipients}, {"broadcast", (*bench).broadcast},
}

// Names lists the benchmarks.
func Names() []string {
	out := make([]string, len(benchmarks))
	for i, b := range benchmarks {
		out[i] = b.name
	}
	return out
}

// bench is one run of the command.
type bench struct {
	Options
	sizes
	dir     string // temporary
	keep    string
	started time.Time
	current string
	report  Report
}

// Run measures and reports. It returns an error for a name or scale that does
// not exist, and when something could not be measured at all; a missed aim is
// no error.
func Run(ctx context.Context, o Options) (r Report, err error) {
	b := &bench{Options: o, started: o.Clock.Now()}
	if b.sizes, err = o.Scale.sizes(); err != nil {
		return r, err
	}
	if err := known(o.Names); err != nil {
		return r, err
	}
	b.Runs = max(1, o.Runs)
	if b.dir, err = os.MkdirTemp("", "convoke-bench-"); err != nil {
		return r, fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if b.keep = o.Keep; b.keep == "" {
		b.keep = b.dir
	}
	b.report = Report{Started: b.started.Format(time.RFC3339), Scale: o.Scale, Runs: b.Runs, Lines: []Line{}}
	if err := b.identify(ctx); err != nil {
		return r, err
	}
	for _, x := range benchmarks {
		if len(o.Names) > 0 && !slices.Contains(o.Names, x.name) {
			continue
		}
		b.current = x.name
		b.say("begins")
		if err := x.run(b, ctx); err != nil {
			return b.report, fmt.Errorf("%s: %w", x.name, err)
		}
	}
	return b.report, nil
}

func known(names []string) error {
	for _, n := range names {
		if !slices.Contains(Names(), n) {
			return fmt.Errorf("there is no benchmark %q: choose of %s", n, strings.Join(Names(), ", "))
		}
	}
	return nil
}

func (b *bench) identify(ctx context.Context) error {
	n, err := openNode(ctx, filepath.Join(b.dir, "machine"))
	if err != nil {
		return err
	}
	b.report.Machine, err = machine(ctx, n)
	return errors.Join(err, n.Close())
}

func (b *bench) say(format string, args ...any) {
	if b.Progress != nil {
		b.Progress(b.current + ": " + fmt.Sprintf(format, args...))
	}
}

// add reports a line of the current benchmark, measured once unless it says more.
func (b *bench) add(l Line) {
	l.Bench, l.Times = b.current, max(1, l.Times)
	b.report.Lines = append(b.report.Lines, l.judge())
}

// readColumn reads the first row's only column.
func readColumn(ctx context.Context, q string, dest any) func(*db.Tx) error {
	return func(tx *db.Tx) error { return tx.Get(ctx, q, nil, dest) }
}
