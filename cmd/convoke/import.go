package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"convoke/internal/app"
	"convoke/internal/feature/events"
	"convoke/internal/geo"
)

// importCmd takes in events that exist elsewhere.
type importCmd struct {
	Events   importEvents   `cmd:"" help:"A table (CSV, also gzipped): ours, or the Crowd Counting Consortium's."`
	ICS      importICS      `cmd:"" name:"ics" help:"A calendar file, or the https:// address of a calendar."`
	OSDI     importOSDI     `cmd:"" name:"osdi" help:"Events of an OSDI 1.2 API, as JSON."`
	Mobilize importMobilize `cmd:"" help:"Events of Mobilize's API, as JSON."`
	Group    importGroup    `cmd:"" help:"A group, from the file that export group wrote."`
	Posts    importPosts    `cmd:"" help:"Markdown files with front matter, as statements of a group."`
	List     importList     `cmd:"" help:"The imports of events, so that one can be undone."`
	Undo     importUndo     `cmd:"" help:"Remove what an import of events has brought."`
}

// Help is shown by convoke import --help.
func (importCmd) Help() string {
	return `An import can be repeated: what is here already is updated where it changed, and passed over
where it did not. It can be stopped and run again. The report names each row or file that was left out, and why.`
}

// importFlags are common to all kinds.
type importFlags struct {
	DryRun bool   `help:"Read and compare everything, write nothing."`
	JSON   bool   `name:"json" help:"Write the report to standard output as JSON."`
	Source string `help:"Name of the source (default: the file's name)." placeholder:"NAME"`
	Credit string `help:"Who is to be credited." placeholder:"TEXT"`
}

type importEvents struct {
	importFlags
	File string `arg:"" help:"The table; - is standard input."`
}

// Run ends with 0 when every row was taken or is named in the report, and with
// 1 when the file could not be read.
func (i *importEvents) Run(ctx context.Context, p *program, set Settings) error {
	return i.run(ctx, p, set, i.File, func(n *app.Node, r io.Reader, o events.ImportOptions, rep *events.Report) error {
		o.Source.Kind = "csv"
		return n.Events.ImportCSV(ctx, r, o, rep)
	})
}

type importICS struct {
	importFlags
	File string `arg:"" help:"The calendar: a file, - or an https:// address."`
	Zone string `help:"Time zone of times that name none." placeholder:"ZONE"`
}

// Run is like that of events.
func (i *importICS) Run(ctx context.Context, p *program, set Settings) error {
	return i.run(ctx, p, set, i.File, func(n *app.Node, r io.Reader, o events.ImportOptions, rep *events.Report) error {
		o.Source.Kind, o.Zone = "ics", i.Zone
		return n.Events.ImportICS(ctx, r, o, rep)
	})
}

type importer func(n *app.Node, r io.Reader, o events.ImportOptions, rep *events.Report) error

func (f importFlags) run(ctx context.Context, p *program, set Settings, from string, do importer) (err error) {
	r, size, err := f.open(ctx, p, from)
	if err != nil {
		return err
	}
	defer r.Close()
	n, end, err := p.taking(ctx, set, f.DryRun)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	out := p.err
	if f.JSON {
		out = p.out
	}
	report := events.NewReport(out, f.JSON).In(p.locale(n))
	bar := p.progress(size, "Bytes")
	name, site := f.Source, ""
	if u, err := url.Parse(from); err == nil && u.Scheme == "https" {
		// Everybody reads where events come from, and addresses of calendars are often secret.
		from, site = path.Base(u.Path), u.Scheme+"://"+u.Host
	}
	if name == "" {
		name = filepath.Base(from)
	}
	o := events.ImportOptions{
		Source: events.Source{ID: slug(name), Name: name, URL: site, Credit: f.Credit}, DryRun: f.DryRun, Now: n.Clock.Now(),
		Gazetteer: n.Places,
	}
	err = do(n, &watched{Reader: r, bar: bar}, o, report)
	bar.end()
	sum := report.Summary()
	sum.Seconds = n.Clock.Now().Sub(o.Now).Seconds()
	return errors.Join(err, report.Close(sum))
}

func (importFlags) open(ctx context.Context, p *program, from string) (io.ReadCloser, int64, error) {
	switch {
	case from == "-":
		return io.NopCloser(p.in), -1, nil
	case strings.Contains(from, "://"):
		b, err := p.get(ctx, from, "text/calendar")
		if err != nil {
			return nil, 0, fmt.Errorf("fetch the calendar: %w", err)
		}
		return io.NopCloser(bytes.NewReader(b)), int64(len(b)), nil
	}
	f, err := os.Open(from)
	if err != nil {
		return nil, 0, fmt.Errorf("read the file: %w", err)
	}
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
		return f, st.Size(), nil
	}
	return f, -1, nil // a pipe has no end yet
}

// slug makes an id of a name, so that the same name is the same source.
func slug(name string) string {
	s := strings.Join(strings.Fields(geo.Fold(name)), "-")
	if len(s) > 60 {
		s = s[:60]
	}
	if s == "" {
		return "source"
	}
	return s
}
