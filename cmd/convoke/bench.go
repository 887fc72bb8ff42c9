package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"convoke/internal/bench"
	"convoke/internal/clock"
)

// benchCmd measures the machine.
type benchCmd struct {
	Name  []string `arg:"" optional:"" help:"Which benchmarks: signup, pages, near, import, text, campaign, footprint, cast, issue, append, recount, poll, receipt, petition, reminders, assembly, coalition, webpush, mail, recipients, broadcast (default: all)."`
	JSON  bool     `name:"json" help:"Write the report to standard output as JSON."`
	Runs  int      `help:"Turns of product and reference, whose median a figure is; what takes minutes has one turn." default:"5"`
	Scale string   `help:"small (minutes) or full (ten million events, seven million signatures; two hours and 35 GB of disk)." enum:"small,full" default:"small"`
	Keep  string   `help:"Keep the large databases in this folder, and use them again." placeholder:"DIR"`
}

// Help is shown by convoke bench --help.
func (benchCmd) Help() string {
	return `Every figure that can be is a ratio: this program against a small one that does only the one thing,
taken in turns, so that two machines or two hours can be compared. It works in a temporary folder and
reads none of the settings; docs/performance.md tells what each line means and what it should be.`
}

// Run ends with 0 also when an aim is missed: the table says so.
func (c *benchCmd) Run(ctx context.Context, p *program) error {
	if c.Runs < 1 {
		return usageError{fmt.Errorf("--runs must be at least 1")}
	}
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	r, err := bench.Run(ctx, bench.Options{
		Names: c.Name, Runs: c.Runs, Scale: bench.Scale(c.Scale), Keep: c.Keep, Clock: clock.System{},
		Serve:    []string{exe, "serve", "--listen", "127.0.0.1:0", "--data"},
		Verify:   []string{exe, "verify", "--json"},
		Progress: func(s string) { fmt.Fprintln(p.err, strings.TrimSpace(s)) },
	})
	if err != nil {
		return err
	}
	if c.JSON {
		e := json.NewEncoder(p.out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return r.Write(p.out)
}
