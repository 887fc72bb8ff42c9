package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"convoke/internal/app"
)

// jobsCmd shows what could not be done, such as mail that was refused.
type jobsCmd struct {
	List    jobsList    `cmd:"" help:"List what failed for good, with the reason; schedules whose last run failed are among it."`
	Retry   jobsRetry   `cmd:"" help:"Try again."`
	Discard jobsDiscard `cmd:"" help:"Give up for good."`
}

type jobsList struct{}

// Run prints a line for each: its number, since when, its kind, how often it was
// tried, and the reason. What it was about, and for whom, is not shown.
func (jobsList) Run(ctx context.Context, p *program, set Settings) error {
	return p.withNode(ctx, set, func(n *app.Node) error {
		failed, err := n.Jobs.Failed(ctx)
		if err != nil {
			return err
		}
		for _, j := range failed {
			if _, err := fmt.Fprintf(p.out, "%d\t%s\t%s\t%d\t%s\n", j.ID, j.Created.Format(time.RFC3339), j.Kind, j.Attempt, j.Error); err != nil {
				return err
			}
		}
		return nil
	})
}

type jobsRetry struct {
	which
}

// Run makes them due at once. A serving process does them within a second.
func (j jobsRetry) Run(ctx context.Context, p *program, set Settings) error {
	return j.each(ctx, p, set, "tried again", func(n *app.Node, id int64) error { return n.Jobs.Retry(ctx, id) })
}

type jobsDiscard struct {
	which
}

// Run deletes them. Schedules cannot be deleted; --all leaves them out.
func (j jobsDiscard) Run(ctx context.Context, p *program, set Settings) error {
	return j.each(ctx, p, set, "discarded", func(n *app.Node, id int64) error { return n.Jobs.Discard(ctx, id) })
}

// which are those that are meant.
type which struct {
	IDs  []int64 `arg:"" optional:"" name:"number" help:"Their numbers, as listed."`
	All  bool    `help:"All that are listed, at most 500 at a time."`
	Kind string  `help:"All of one kind, such as attendance.tell." placeholder:"KIND"`
}

func (w which) each(ctx context.Context, p *program, set Settings, done string, f func(*app.Node, int64) error) error {
	if (len(w.IDs) > 0) == (w.All || w.Kind != "") {
		return usageError{errors.New("name numbers of \"convoke jobs list\", or --all, or --kind")}
	}
	return p.withNode(ctx, set, func(n *app.Node) error {
		ids := w.IDs
		if len(ids) == 0 {
			failed, err := n.Jobs.Failed(ctx)
			if err != nil {
				return err
			}
			for _, j := range failed {
				if w.Kind == j.Kind || w.Kind == "" && !strings.HasPrefix(j.Kind, "every:") {
					ids = append(ids, j.ID)
				}
			}
		}
		for _, id := range ids {
			if err := f(n, id); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(p.out, "%d %s\n", len(ids), done)
		return err
	})
}
