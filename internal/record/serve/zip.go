package serve

import (
	"archive/zip"
	"context"
	"io"
	"net/http"
	"slices"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
	"convoke/internal/web"
)

const (
	// maxZipLines bounds a box, with its roll, that is offered as one file: some 100 MB.
	// What is larger is read by its tiles.
	maxZipLines = 300_000
	// timeToSend is how long somebody on a slow line may take for it.
	timeToSend = time.Hour
)

// zip sends all that is needed to count one box again, as one file: the node's log,
// the box and its roll, under the paths that a mirror has. It is written as it is read,
// and takes no room: that log only grows, and many may ask at once. Nobody gets half of
// one that looks whole.
func (w *Web) zip(c *web.Call) error {
	b, err := leaf.ParseID(c.Param("id"))
	if err != nil {
		return web.ErrNotFound()
	}
	if ok, wait := w.Limiter.Allow("copy", w.Client(c)); !ok {
		return fault.After(fault.RateLimited("record.often", "Records were downloaded very often from your connection. Please try again in a few minutes."), wait)
	}
	i, err := w.Boxes.Info(c.Context(), b)
	if err != nil {
		return err
	}
	logs := []string{record.BoxLog(b), record.RollLog(i.Roll)}
	if err := w.fits(c.Context(), logs); err != nil {
		return err
	}
	out := &download{c: c, name: b.String() + ".zip"}
	err = w.writeZip(c.Context(), out, logs)
	if err != nil && out.begun {
		c.Cut(err)
	}
	return err
}

// download is a file that is being sent: the headers go with its first bytes.
type download struct {
	c     *web.Call
	name  string
	begun bool
}

// Write implements io.Writer.
func (d *download) Write(b []byte) (int, error) {
	if !d.begun {
		d.begun = true
		h := d.c.Header()
		h.Set("Content-Type", "application/zip")
		h.Set("Content-Disposition", `attachment; filename="`+d.name+`"`)
		h.Set("Cache-Control", "no-store")
		_ = http.NewResponseController(d.c.W).SetWriteDeadline(d.c.Now().Add(timeToSend)) // where the server can
	}
	return d.c.W.Write(b)
}

// fits refuses boxes that are too large for one file. How long the node's log has
// become meanwhile does not count: else none would be offered on a busy node.
func (w *Web) fits(ctx context.Context, logs []string) error {
	var lines int64
	err := w.DB.Read(ctx, func(tx *db.Tx) error {
		lines = 0
		hidden, err := w.Record.Hides(ctx, tx, logs[0])
		if err != nil {
			return err
		}
		if hidden {
			return errHidden()
		}
		for _, log := range logs {
			n, err := record.Size(ctx, tx, log)
			if err != nil {
				return err
			}
			lines += n
		}
		return nil
	})
	if err == nil && lines > maxZipLines {
		err = fault.Conflict("record.large", "This record is too large for one file. Count it from its address, with a program: “convoke verify” or verify.py.")
	}
	return err
}

// writeZip writes the node's log and these into a zip. Keys and signatures do not
// shrink, so they are only stored.
func (w *Web) writeZip(ctx context.Context, to io.Writer, logs []string) error {
	z := zip.NewWriter(to)
	err := w.Record.Export(ctx, func(log string) bool { return slices.Contains(logs, log) }, func(path string, data []byte) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Store})
		if err == nil {
			_, err = f.Write(data)
		}
		return err
	})
	if err != nil {
		return err // without the list at its end it is no zip
	}
	return z.Close()
}
