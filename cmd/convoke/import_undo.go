package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"convoke/internal/app"
	"convoke/internal/feature/events"
)

type importList struct {
	JSON bool `name:"json" help:"Write the list to standard output as JSON."`
}

// Help is shown by convoke import list --help.
func (importList) Help() string {
	return `The latest 200 imports of events that wrote something, the last one first.`
}

// Run prints one import a line.
func (i *importList) Run(ctx context.Context, p *program, set Settings) error {
	return p.withNode(ctx, set, func(n *app.Node) error {
		all, err := n.Events.Runs(ctx)
		if err != nil {
			return fmt.Errorf("list imports: %w", err)
		}
		if i.JSON {
			return json.NewEncoder(p.out).Encode(map[string]any{"runs": append([]events.Run{}, all...)})
		}
		if len(all) == 0 {
			_, err := fmt.Fprintln(p.err, "Nothing was imported yet.")
			return err
		}
		w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "run\tday (UTC)\tkind\tsource\tnew\tupdated\tremoved")
		for _, r := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%d\n", r.ID, r.At.Format(time.DateOnly+" 15:04"), r.Kind, r.Name, r.New, r.Updated, r.Removed)
		}
		return w.Flush()
	})
}

type importUndo struct {
	Import string `arg:"" name:"run" help:"The import, as it was named at its end, or by convoke import list."`
	DryRun bool   `help:"Look at everything, remove nothing."`
	JSON   bool   `name:"json" help:"Write the report to standard output as JSON."`
}

// Help is shown by convoke import undo --help.
func (importUndo) Help() string {
	return `Removes the events that this import made and that nobody has touched since. What was here before, what a later
import changed and what belongs to a group now stays, and the report names it.`
}

// Run ends with 0 when every event is removed or is named in the report, and
// with 1 when there is no such import.
func (i *importUndo) Run(ctx context.Context, p *program, set Settings) error {
	return p.withNode(ctx, set, func(n *app.Node) error {
		out := p.err
		if i.JSON {
			out = p.out
		}
		report := events.NewReport(out, i.JSON).In(p.locale(n))
		bar := p.progress(-1, "Rows")
		sum, err := n.Events.UndoImport(ctx, events.UndoOptions{Run: i.Import, DryRun: i.DryRun, Progress: bar.set}, report)
		bar.end()
		if errors.Is(err, events.ErrNoRun) {
			return fmt.Errorf("%w: %q; convoke import list names them", err, i.Import)
		}
		return errors.Join(err, report.CloseUndo(sum))
	})
}
