package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"convoke/internal/app"
	"convoke/internal/config"
	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
)

// recordCmd is about the node's own public record.
type recordCmd struct {
	Show   recordShow   `cmd:"" help:"Its name, keys and witnesses, and whether it goes on."`
	Resume recordResume `cmd:"" help:"Go on after a restore."`
	Freeze recordFreeze `cmd:"" help:"End giving out credentials of one box, before it closes."`
}

type recordShow struct{}

// Help is shown by convoke record show --help.
func (recordShow) Help() string {
	return `The key of the log goes into the witness_logs of the nodes that are to cosign it; the key of the witness goes into
the record_policy of the nodes that this one cosigns.`
}

// Run prints one fact a line.
func (recordShow) Run(ctx context.Context, p *program, set Settings) error {
	return p.withNode(ctx, set, func(n *app.Node) error {
		s, err := n.RecordState(ctx)
		if err != nil {
			return err
		}
		var b strings.Builder
		line := func(name, text string) { fmt.Fprintf(&b, "%-12s %s\n", name, text) }
		line("name", s.Name)
		line("log key", s.LogKey)
		line("witness key", s.Witness)
		line("cosigns", fmt.Sprintf("%d logs of others", s.Cosigns))
		line("lines", fmt.Sprint(s.Lines))
		if s.Policy {
			line("witnessed", fmt.Sprint(s.Witnessed))
		} else {
			line("witnessed", "no witnesses are set (record_policy)")
		}
		for _, a := range s.Asked {
			if a.Why == "" {
				line("witness", fmt.Sprintf("%s has cosigned %d", a.URL, a.Size))
			} else {
				line("witness", fmt.Sprintf("%s did not cosign: %s", a.URL, a.Why))
			}
		}
		if s.Halted == "" {
			line("state", "goes on")
		} else {
			line("state", "halted: "+s.Halted)
		}
		_, err = fmt.Fprint(p.out, b.String())
		return err
	})
}

type recordResume struct {
	Name string `help:"Start a new record under this name, a host such as record2.example.org." placeholder:"NAME" xor:"how"`
	Same bool   `help:"Go on under the old name: the server was stopped before the backup was made, and never started again." xor:"how"`
}

// Help is shown by convoke record resume --help.
func (recordResume) Help() string {
	return `After a restore nothing is recorded, because the old server may have signed lines that the backup does not have. Stop
the server, choose one of two ways, and start it again.

--name NEW starts a new record under a new name. Every petition and pledge that was open ends as the backup has it
and takes nothing more; what was signed before stays readable and can be verified with a mirror ("convoke export
record DIR", best made before this). Witnesses and mirrors must be told the new key. This is always right.

--same goes on under the old name. It is right only when the old server was stopped before the backup was made, as in
a move to another machine. Otherwise two histories get signed, and every witness and verifier will say that this
record is forged. It refuses when record-head.json in the data folder shows that more was published.`
}

// Run changes the record and says what that means.
func (r *recordResume) Run(ctx context.Context, p *program, set Settings) error {
	if r.Name == "" && !r.Same {
		return usageError{errors.New("choose --name NEW or --same; convoke record resume --help says what they mean")}
	}
	name := ""
	if r.Name != "" {
		c, err := config.Load(config.Source{Flags: map[string]string{"record_name": r.Name}})
		if err != nil {
			return usageError{err}
		}
		name = c.RecordName
	}
	return p.withNode(ctx, set, func(n *app.Node) error {
		if r.Same {
			return r.same(ctx, p, n)
		}
		ended, err := n.RenameRecord(ctx, name)
		if errors.Is(err, record.ErrNotHalted) {
			return fmt.Errorf("%w: there is nothing to resume", err)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.out, "The record is now %s. %d petitions and pledges have ended. Start the server, and give witnesses and mirrors the new key (convoke record show).\n", name, ended)
		return err
	})
}

func (r *recordResume) same(ctx context.Context, p *program, n *app.Node) error {
	err := n.ContinueRecord(ctx)
	switch {
	case errors.Is(err, record.ErrNotHalted):
		return fmt.Errorf("%w: there is nothing to resume", err)
	case errors.Is(err, record.ErrAhead):
		return fmt.Errorf("%w; use --name", err)
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(p.out, "The record goes on as %s. Start the server.\n", n.Record.Node)
	return err
}

type recordFreeze struct {
	Box string `arg:"" help:"Its name in the record, the 26 letters of its page /b/..."`
}

// Help is shown by convoke record freeze --help.
func (recordFreeze) Help() string {
	return `From then on nobody can be added to those who may take part: how many credentials there are is in the record, and
whoever counts it again finds any that was given out later. Who has one takes part as before, until the box
closes. It can be done while the server runs, and cannot be undone.`
}

// Run freezes the slot of the box and says how many credentials there are.
func (r *recordFreeze) Run(ctx context.Context, p *program, set Settings) error {
	id, err := leaf.ParseID(r.Box)
	if err != nil {
		return usageError{fmt.Errorf("%q is not the name of a box", r.Box)}
	}
	return p.withNode(ctx, set, func(n *app.Node) error {
		i, err := n.Boxes.Info(ctx, id)
		if err != nil {
			return err
		}
		if err := n.Boxes.Freeze(ctx, i.Roll, i.Manifest.Slot); err != nil {
			return err
		}
		var numbers box.Numbers
		err = n.DB.Read(ctx, func(tx *db.Tx) (err error) {
			numbers, err = n.Boxes.Numbers(ctx, tx, id)
			return err
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.out, "Nobody can be added to %s any more. Credentials given out: %d\n", id, numbers.Issued)
		return err
	})
}
