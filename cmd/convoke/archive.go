package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"convoke/internal/app"
	"convoke/internal/archive"
)

// exportGroup writes a whole group.
type exportGroup struct {
	Handle string `arg:"" help:"Handle of the group."`
	Output string `required:"" short:"o" help:"The file to write; - is standard output." placeholder:"FILE"`
}

// Help is shown by convoke export group --help.
func (exportGroup) Help() string {
	return `Everything that the group owns: its page, events and statements with drafts, campaigns, rules of conduct,
announcements, timeslots, turnout and pictures, in formats that other tools read. Nobody is in it: members, requests,
invitations and sign-ups stay here. "convoke import group" takes the file in on another node.`
}

// Run streams the file; one that cannot be finished is removed.
func (e *exportGroup) Run(ctx context.Context, p *program, set Settings) error {
	return p.withNode(ctx, set, func(n *app.Node) error {
		g, err := n.GroupByHandle(ctx, strings.TrimPrefix(e.Handle, "@"))
		if err != nil {
			return err
		}
		if e.Output == "-" {
			return n.ExportGroup(ctx, g, p.out, nil)
		}
		bar := p.progress(-1, "Events")
		defer bar.end()
		return toFile(e.Output, func(w io.Writer) error { return n.ExportGroup(ctx, g, w, bar.set) })
	})
}

// importGroup takes one in.
type importGroup struct {
	File   string `arg:"" help:"What \"convoke export group\" wrote."`
	Handle string `help:"Handle of the group here (default: the one that it had)." placeholder:"HANDLE"`
	DryRun bool   `help:"Read and compare everything, write nothing."`
	JSON   bool   `name:"json" help:"Write the report to standard output as JSON."`
}

// Help is shown by convoke import group --help.
func (importGroup) Help() string {
	return `The group comes in as a whole or not at all, and without members: a link for its first steward is printed, which
works once, for seven days. A group that is here already is compared with the file, and nothing of it is changed.
Everything is checked as if it were typed here; the report names each row that was left out, and why.`
}

// Run ends with 0 when every row was taken or is named in the report, and with
// 1 when the file could not be read.
func (i *importGroup) Run(ctx context.Context, p *program, set Settings) (err error) {
	file, err := os.Open(i.File)
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	st, err := file.Stat()
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	if !st.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file; an archive is read from its end, so it cannot come through a pipe", i.File)
	}
	n, end, err := p.taking(ctx, set, i.DryRun)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	report := archive.NewReport().In(p.locale(n))
	bar := p.progress(-1, "Rows")
	done, err := n.ImportGroup(ctx, file, st.Size(), app.ImportGroupOptions{
		Handle: strings.TrimPrefix(i.Handle, "@"), DryRun: i.DryRun, Progress: bar.set,
	}, report)
	bar.end()
	if err != nil {
		return err
	}
	if i.JSON {
		return report.JSON(p.out, done)
	}
	return printImported(p, report, done)
}

func printImported(p *program, report *archive.Report, done app.ImportedGroup) error {
	if err := report.Print(p.err); err != nil {
		return err
	}
	switch {
	case done.DryRun:
		fmt.Fprintln(p.err, "This was a dry run: nothing was written.")
	case !done.New:
		fmt.Fprintf(p.err, "The group @%s is here already, and nothing of it was changed.\n", done.Handle)
	default:
		fmt.Fprintf(p.err, "The group @%s has come without members. This link makes its first steward, once, within seven days:\n", done.Handle)
		_, err := fmt.Fprintln(p.out, done.Invitation)
		return err
	}
	return nil
}
