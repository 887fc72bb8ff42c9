package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"

	"convoke/internal/app"
	"convoke/internal/clock"
	"convoke/internal/fetch"
)

// doctorCmd finds what is wrong.
type doctorCmd struct {
	JSON bool `name:"json" help:"Write the findings as JSON."`
	Fix  bool `help:"Count again what was counted wrong: sign-ups, turnout, row numbers, the text index. Nothing else is changed."`
}

// Help is shown by convoke doctor --help.
func (doctorCmd) Help() string {
	return `The node may go on serving meanwhile. Each line says what was checked, how it is, and how to mend it.
It ends with 0 when all is well, also with warnings, and with 3 when there are problems.`
}

// Run prints all findings.
func (d *doctorCmd) Run(ctx context.Context, p *program, set Settings) error {
	found := d.find(ctx, p, set)
	write := writeFindings
	if d.JSON {
		write = writeJSON
	}
	if err := write(p.out, found); err != nil {
		return err
	}
	for _, f := range found {
		if f.Status == app.Wrong {
			return errProblems
		}
	}
	return nil
}

func (d *doctorCmd) find(ctx context.Context, p *program, set Settings) []app.Finding {
	c, err := set.load(p, nil)
	if err != nil {
		return []app.Finding{{Check: "settings", Status: app.Wrong, Message: err.Error(), Fix: "change what is named, then: convoke config check"}}
	}
	c.LogLevel = max(c.LogLevel, slog.LevelWarn)
	x := app.Doctor{Config: c, Log: p.logger(c), Clock: clock.System{}, Fix: d.Fix, LookupTXT: net.DefaultResolver.LookupTXT, Feeds: fetch.New(nil)}
	return append([]app.Finding{{Check: "settings", Status: app.OK, Message: "fine"}}, x.Run(ctx)...)
}

func writeJSON(w io.Writer, found []app.Finding) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(found)
}

func writeFindings(w io.Writer, found []app.Finding) error {
	for _, f := range found {
		if _, err := fmt.Fprintf(w, "%-8s %-12s %s\n", f.Status, f.Check, f.Message); err != nil {
			return err
		}
		if f.Fix == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-21s fix: %s\n", "", f.Fix); err != nil {
			return err
		}
	}
	return nil
}
