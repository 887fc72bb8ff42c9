package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"convoke/internal/archive"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/turnout"
	"convoke/internal/id"
	"convoke/internal/media"
)

// ErrNoGroup says that there is no group with a handle.
var ErrNoGroup = errors.New("there is no group with this handle")

// GroupByHandle finds a group for a command; suspended and ended ones too.
func (n *Node) GroupByHandle(ctx context.Context, handle string) (id.Group, error) {
	var g groups.Brief
	err := n.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		g, err = n.Groups.ByHandle(ctx, tx, handle)
		return err
	})
	if fault.Is(err, fault.KindNotFound) {
		return "", fmt.Errorf("%w: %q", ErrNoGroup, handle)
	}
	return g.ID, err
}

// ExportGroup writes all that a group owns into w as one file, from one moment.
// progress, when not nil, learns how many events are written.
func (n *Node) ExportGroup(ctx context.Context, gid id.Group, w io.Writer, progress func(events int)) error {
	info := n.Site.Info()
	base := strings.TrimSuffix(n.Config.BaseURL, "/")
	err := n.DB.Read(ctx, func(tx *db.Tx) error {
		g, err := n.Groups.ByID(ctx, tx, gid)
		if err != nil {
			return err
		}
		out := archive.NewWriter(w, archive.Manifest{
			Node: base, Name: info.Name, Day: tx.Now().Format(time.DateOnly), Group: archive.Group{ID: g.ID, Handle: g.Handle, Name: g.Name},
		})
		out.Picture = n.archivedPicture
		if err := out.File("README.txt", []byte(archiveReadme)); err != nil {
			return err
		}
		if err := n.Groups.ExportGroup(ctx, tx, gid, out); err != nil {
			return err
		}
		if err := n.Members.ExportGroup(ctx, tx, gid, out); err != nil {
			return err
		}
		if err := n.Tasks.ExportGroup(ctx, tx, gid, out); err != nil {
			return err
		}
		if err := n.Campaigns.ExportGroup(ctx, tx, gid, out); err != nil {
			return err
		}
		if err := n.Statements.ExportGroup(ctx, tx, gid, out); err != nil {
			return err
		}
		if err := n.Petitions.ExportGroup(ctx, tx, gid, out, base); err != nil {
			return err
		}
		if err := n.Pledges.ExportGroup(ctx, tx, gid, out, base); err != nil {
			return err
		}
		if err := n.Coalitions.ExportGroup(ctx, tx, gid, out); err != nil {
			return err
		}
		owned, err := n.Campaigns.OwnedBy(ctx, tx, gid)
		if err != nil {
			return err
		}
		if err := n.Ladders.ExportGroup(ctx, tx, owned, out, base); err != nil {
			return err
		}
		if err := n.Polls.ExportGroup(ctx, tx, gid, out, base); err != nil {
			return err
		}
		if err := n.Assemblies.ExportGroup(ctx, tx, gid, out); err != nil {
			return err
		}
		if err := n.Events.ExportGroup(ctx, tx, gid, out, events.ExportOptions{
			BaseURL: base, Name: g.Name, Locale: n.locales.Match(info.Language), Progress: progress,
		}); err != nil {
			return err
		}
		return out.Close(ctx)
	})
	if err != nil {
		return fmt.Errorf("export the group: %w", err)
	}
	return nil
}

// archiveReadme is for whoever finds such a file.
const archiveReadme = `This is the archive of a group, made by Convoke.

The files that end in .json are all that the group owns. "convoke import group FILE" takes
them in on another server. For other programs there are, beside them, events.ics (a calendar), events.csv
(a table) and statements/ (Markdown files with front matter). pictures/ has the pictures.

Nobody is named here: members, requests, invitations and sign-ups stay on the server that they
were given to, and with them exact places, what people wrote after an event, and rides. manifest.json names every file with its SHA-256.
`

// archiveSlot lets one archive be made at a time for browsers and programs: each
// takes room on the disk and keeps a reader of the database busy. Others are not
// kept waiting but sent away, and of one group a few are made in an hour.
type archiveSlot chan struct{}

func (n *Node) archiveExport(limits *limiter) func(ctx context.Context, g id.Group, w io.Writer) error {
	slot := make(archiveSlot, 1)
	return func(ctx context.Context, g id.Group, w io.Writer) error {
		select {
		case slot <- struct{}{}:
		default:
			return fault.After(fault.Unavailable("archive.busy", "Another archive is being made just now. Please try again in a minute."), time.Minute)
		}
		defer func() { <-slot }()
		if ok, wait := limits.Allow("archive", string(g)); !ok {
			return fault.After(fault.RateLimited("archive.often", "This group’s archive was made several times within an hour. Please try again later."), wait)
		}
		return n.ExportGroup(ctx, g, w, nil)
	}
}

func (n *Node) archivedPicture(ctx context.Context, key string) ([]byte, string, error) {
	b, err := n.blobs.Get(ctx, key)
	if pictureType(b) == "image/png" {
		return b, ".png", err
	}
	return b, ".jpg", err
}

// ImportGroupOptions say how to take a group in.
type ImportGroupOptions struct {
	Handle   string // "" is the one that it had
	DryRun   bool
	Progress func(rows int)
}

// ImportedGroup is what became of an archive.
type ImportedGroup struct {
	Group      id.Group `json:"group"`
	Handle     string   `json:"handle"`
	New        bool     `json:"new"` // it was not here before
	DryRun     bool     `json:"dry_run"`
	From       string   `json:"from"` // the server that wrote the file
	Invitation string   `json:"invitation,omitempty"`
}

// ImportGroup takes a group in from its archive, as a whole or not at all. A
// group that is here is compared, and nothing of it is changed. An error that
// wraps [archive.ErrUnreadable] says what is wrong with the file.
func (n *Node) ImportGroup(ctx context.Context, file io.ReaderAt, size int64, o ImportGroupOptions, report *archive.Report) (ImportedGroup, error) {
	r, err := archive.Open(file, size)
	if err != nil {
		return ImportedGroup{}, err
	}
	if err := r.Verify(ctx, nil); err != nil {
		return ImportedGroup{}, err
	}
	in := &archive.Import{Reader: r, Report: report, Now: n.Clock.Now(), Kept: map[string]string{}}
	done := ImportedGroup{DryRun: o.DryRun, From: r.Manifest.Node}
	fresh, err := n.keepPictures(ctx, in, !o.DryRun)
	if err == nil {
		err = n.takeGroup(ctx, in, o, &done)
	}
	if err != nil || in.There { // then nothing that came is shown anywhere
		for _, key := range fresh {
			err = errors.Join(err, n.blobs.Delete(context.WithoutCancel(ctx), key))
		}
	}
	return done, err
}

// takeGroup stores what the file holds, once a first look has found nothing wrong
// with it.
func (n *Node) takeGroup(ctx context.Context, in *archive.Import, o ImportGroupOptions, done *ImportedGroup) error {
	err := n.DB.Read(ctx, func(tx *db.Tx) error { return n.importGroup(ctx, tx, in, o, done) })
	if err != nil || o.DryRun || in.There {
		return err
	}
	in.Write, in.Report.Progress = true, o.Progress
	return n.DB.Write(ctx, func(tx *db.Tx) error {
		if err := n.importGroup(ctx, tx, in, o, done); err != nil || in.There {
			return err
		}
		if err := n.Identity.Audit(ctx, tx, "", "import group", string(in.Group)); err != nil {
			return err
		}
		path, err := n.Groups.InviteFirst(ctx, tx, in.Group)
		done.Invitation = strings.TrimSuffix(n.Config.BaseURL, "/") + path
		return err
	})
}

// importGroup is one look at the file, within a transaction that may run again.
func (n *Node) importGroup(ctx context.Context, tx *db.Tx, in *archive.Import, o ImportGroupOptions, done *ImportedGroup) error {
	in.Report.Reset()
	in.Now = tx.Now()
	g, err := n.Groups.ImportGroup(ctx, tx, in, o.Handle)
	if err != nil {
		return err
	}
	done.Group, done.Handle, done.New = g.ID, g.Handle, !in.There
	if err := n.Members.ImportGroup(ctx, tx, in); err != nil {
		return err
	}
	if err := n.Tasks.ImportGroup(ctx, tx, in); err != nil {
		return err
	}
	if err := n.Campaigns.ImportGroup(ctx, tx, in); err != nil {
		return err
	}
	if err := n.Events.ImportGroup(ctx, tx, in); err != nil {
		return err
	}
	sg, err := toStatementGroup(g, nil)
	if err != nil {
		return err
	}
	if err := n.Statements.ImportGroup(ctx, tx, in, sg); err != nil {
		return err
	}
	if err := n.Petitions.ImportGroup(ctx, tx, in, sg.Zone); err != nil {
		return err
	}
	if err := n.Pledges.ImportGroup(ctx, tx, in); err != nil {
		return err
	}
	if err := n.Coalitions.ImportGroup(ctx, tx, in); err != nil {
		return err
	}
	base := strings.TrimSuffix(n.Config.BaseURL, "/")
	if err := n.Ladders.ImportGroup(ctx, tx, in, base); err != nil {
		return err
	}
	if err := n.Polls.ImportGroup(ctx, tx, in, base); err != nil {
		return err
	}
	return n.Assemblies.ImportGroup(ctx, tx, in)
}

// keepPictures makes every picture of the file anew, and with store keeps it. It
// returns the keys of those that were not here before.
func (n *Node) keepPictures(ctx context.Context, in *archive.Import, store bool) (fresh []string, err error) {
	for _, name := range in.Pictures() {
		if err := ctx.Err(); err != nil {
			return fresh, err
		}
		data, err := n.normalized(ctx, in, name)
		if errors.Is(err, archive.ErrUnreadable) {
			return fresh, err
		}
		if err != nil {
			in.Kept[name] = "" // the report names the rows that have it
			continue
		}
		key := media.Key(data)
		in.Kept[name] = key
		if !store {
			continue
		}
		if _, err := n.blobs.Get(ctx, key); errors.Is(err, fs.ErrNotExist) {
			fresh = append(fresh, key)
		}
		if err := n.blobs.Put(ctx, key, data); err != nil {
			return fresh, fmt.Errorf("keep a picture: %w", err)
		}
	}
	return fresh, nil
}

func (n *Node) normalized(ctx context.Context, in *archive.Import, name string) ([]byte, error) {
	part, err := in.Part(name)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(part)
	if err := errors.Join(err, part.Close()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	pic, err := n.pictures.norm.Normalize(ctx, bytes.NewReader(b), media.Limits{MaxBytes: max(n.pictures.maxBytes, int64(len(b)))})
	return pic.Data, err
}

// attached is what other features hold of events and moves with them.
func (n *Node) attached() []events.Attached {
	slots := func(e events.Arriving) attendance.Arriving {
		return attendance.Arriving{ID: e.ID, Start: e.Start, End: e.End}
	}
	return []events.Attached{
		attachment{"timeslots", true, n.Attendance.ExportSlots, func(ctx context.Context, tx *db.Tx, e events.Arriving, raw []byte, write bool) error {
			return n.Attendance.ImportSlots(ctx, tx, slots(e), raw, write)
		}},
		attachment{"messages", false, n.Attendance.ExportMessages, func(ctx context.Context, tx *db.Tx, e events.Arriving, raw []byte, write bool) error {
			return n.Attendance.ImportMessages(ctx, tx, slots(e), raw, write)
		}},
		attachment{"sign_ups", false, n.Attendance.ExportTotals, func(ctx context.Context, tx *db.Tx, e events.Arriving, raw []byte, write bool) error {
			return n.Attendance.ImportTotals(ctx, tx, slots(e), raw, write)
		}},
		attachment{"estimates", true, n.Turnout.ExportEstimates, func(ctx context.Context, tx *db.Tx, e events.Arriving, raw []byte, write bool) error {
			return n.Turnout.ImportEstimates(ctx, tx, e.ID, (*turnout.Spot)(e.Spot), raw, write)
		}},
		attachment{"roles", false, n.Roles.ExportRules, func(ctx context.Context, tx *db.Tx, e events.Arriving, raw []byte, write bool) error {
			return n.Roles.ImportRule(ctx, tx, e.ID, raw, write)
		}},
		attachment{"door", false, n.Door.ExportTotals, func(ctx context.Context, tx *db.Tx, e events.Arriving, raw []byte, write bool) error {
			return n.Door.ImportTotals(ctx, tx, e.ID, e.Start, e.End, raw, write)
		}},
		attachment{"feedback", false, n.Feedback.ExportTotals, func(ctx context.Context, tx *db.Tx, e events.Arriving, raw []byte, write bool) error {
			return n.Feedback.ImportTotals(ctx, tx, e.ID, raw, write)
		}},
		attachment{"campaign", false, n.Campaigns.ExportEntries, func(ctx context.Context, tx *db.Tx, e events.Arriving, raw []byte, write bool) error {
			return n.Campaigns.ImportEntry(ctx, tx, e.ID, e.Group, e.Campaign, raw, write)
		}},
	}
}

// attachment implements events.Attached.
type attachment struct {
	name     string
	compared bool
	out      func(ctx context.Context, tx *db.Tx, es []id.Event) (map[id.Event]any, error)
	in       func(ctx context.Context, tx *db.Tx, e events.Arriving, raw []byte, write bool) error
}

func (a attachment) Name() string   { return a.name }
func (a attachment) Compared() bool { return a.compared }

func (a attachment) Export(ctx context.Context, tx *db.Tx, es []id.Event) (map[id.Event]any, error) {
	return a.out(ctx, tx, es)
}

func (a attachment) Import(ctx context.Context, tx *db.Tx, e events.Arriving, raw []byte, write bool) error {
	return a.in(ctx, tx, e, raw, write)
}
