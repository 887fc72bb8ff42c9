package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"convoke/internal/record/leaf"
	"convoke/internal/record/verify"
)

// verifyCmd counts a public record again.
type verifyCmd struct {
	Target string `arg:"" help:"The address of a node or of one box (https://example.org/b/...), a folder, or a zip file."`
	Quick  bool   `help:"Check the credentials of 10,000 leaves by chance, everything else as always."`
	JSON   bool   `name:"json" help:"Write the report as JSON."`
	Key    string `help:"The key of the node's log, got from somebody you trust (default: what the node says)." placeholder:"KEY"`
	Box    string `help:"Only this box." placeholder:"ID"`
	Since  string `help:"A checkpoint of the node's log that you kept: the log must go on from it." placeholder:"FILE"`
}

// Help is shown by convoke verify --help.
func (verifyCmd) Help() string {
	return `Reads the public files of a record and counts everything again, without believing the server in anything but its key.
It ends with 0 when all of it was proven, with 1 when something is wrong (it says where), and with 2 when it could
not be checked. With --since and a checkpoint (log/checkpoint) that you kept from an earlier day, a log that was rolled
back or rewritten since then is wrong too. docs/record.md says how to write a program of your own that does the same.`
}

// errDisproven ends with exit code 1.
var errDisproven = errors.New("this record is wrong")

// Run prints the report.
func (v *verifyCmd) Run(ctx context.Context, p *program) error {
	src, box, c, err := verify.Open(v.Target)
	if err != nil {
		return usageError{err}
	}
	defer c.Close()
	if v.Box != "" {
		box = v.Box
	}
	since, err := v.since()
	if err != nil {
		return usageError{err}
	}
	var bar progress
	last := ""
	o := verify.Options{Box: box, Quick: v.Quick, Key: v.Key, Since: since, Now: time.Now(), Progress: func(log string, done, total int64) {
		if log != last {
			bar.end()
			bar, last = p.progress(total, log), log
		}
		bar.set(int(done))
	}}
	r, err := verify.Verify(ctx, src, o)
	bar.end()
	if err != nil {
		return usageError{fmt.Errorf("could not be checked: %w", err)}
	}
	if v.JSON {
		e := json.NewEncoder(p.out)
		e.SetIndent("", "  ")
		err = e.Encode(r)
	} else {
		err = writeReport(p.out, r, verify.Kept(v.Target))
	}
	if err == nil && !r.Right() {
		err = errDisproven
	}
	return err
}

// since is the checkpoint that was kept, nil when none was given.
func (v *verifyCmd) since() ([]byte, error) {
	if v.Since == "" {
		return nil, nil
	}
	b, err := os.ReadFile(v.Since) //nolint:gosec // the file that was asked for
	if err != nil {
		return nil, fmt.Errorf("read the earlier checkpoint: %w", err)
	}
	return b, nil
}

// writeReport says in plain words what came out; kept is where the checkpoint is.
func writeReport(w io.Writer, r *verify.Report, kept string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Node      %s\nKey       %s\nLines     %d\n", r.Node, r.Key, r.Size)
	switch {
	case r.Cosigned < 0:
		b.WriteString("Witnesses none\n")
	case r.Cosigned == r.Size:
		fmt.Fprintf(&b, "Witnesses enough of them have signed this, at %s\n", time.Unix(r.CosignedAt, 0).UTC().Format(time.RFC3339))
	default:
		b.WriteString("Witnesses not enough of them have signed this\n")
	}
	if r.Since != nil && r.Since.Extended {
		fmt.Fprintf(&b, "Since     goes on from the earlier checkpoint of %d lines\n", r.Since.Size)
	}
	for i := range r.Boxes {
		writeBox(&b, &r.Boxes[i])
	}
	if len(r.Wrong) > 0 {
		b.WriteString("\nWRONG\n")
		for _, x := range r.Wrong {
			fmt.Fprintf(&b, "  %s\n", x)
		}
	} else {
		b.WriteString("\nEverything that was counted is right.\n")
	}
	if len(r.Unproven) > 0 {
		b.WriteString("\nNot proven, and nobody could:\n")
		for _, x := range r.Unproven {
			fmt.Fprintf(&b, "  %s\n", x)
		}
	}
	if r.Right() {
		fmt.Fprintf(&b, "\nKeep a copy of %s. Another day,\n--since COPY shows whether the log was rolled back or rewritten.\n", kept)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeBox(b *strings.Builder, x *verify.Box) {
	state := "open"
	if x.Closed {
		state = "closed"
	}
	fmt.Fprintf(b, "\n%s %s (%s)\n", strings.ToUpper(x.Type[:1])+x.Type[1:], x.ID, state)
	line := func(name string, n int64) { fmt.Fprintf(b, "  %-22s %d\n", name, n) }
	if x.Type == leaf.Poll {
		writePoll(b, x)
	}
	if x.Withheld {
		return
	}
	line("count now", x.Counted)
	if x.Withdrawn > 0 {
		line("were taken back", x.Withdrawn)
	}
	if x.Type == leaf.PledgeTo {
		for n, k := range x.Standing {
			if len(x.Standing) > 1 {
				line(fmt.Sprintf("stand, part %d", n+1), int64(k))
			} else {
				line("stand", int64(k))
			}
		}
		line("say that they did it", x.Done)
	}
	if x.Declared > 0 {
		line("on paper, apart", x.Declared)
	}
	line("credentials given out", x.Issued)
	if x.Frozen {
		b.WriteString("  frozen                 no more are given out\n")
	}
	if x.RollSize > 0 {
		line("people on the list", x.RollSize)
	}
	line("credentials checked", x.Checked)
	line("leaves", x.Leaves)
	line("of them witnessed", x.Witnessed)
	for _, m := range x.Milestones {
		fmt.Fprintf(b, "  %-22s %s\n", fmt.Sprintf("reached %d", m.Goal), time.Unix(m.Time, 0).UTC().Format(time.RFC3339))
	}
}
