package serve

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
	"convoke/internal/web"
)

const (
	// maxZipLines bounds a record that is offered as one file: some 100 MB. What is
	// larger is read by its tiles.
	maxZipLines = 300_000
	// timeToSend is how long somebody on a slow line may take for it.
	timeToSend = time.Hour
)

// zip sends all that is needed to count one box again, as one file: the node's log,
// the box and its roll, under the paths that a mirror has. It is made as a file first:
// nobody gets half of one.
func (w *Web) zip(c *web.Call) (err error) {
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
	logs := []string{record.NodeLog, record.BoxLog(b), record.RollLog(i.Roll)}
	if err := w.fits(c.Context(), logs); err != nil {
		return err
	}
	file, err := os.CreateTemp("", "convoke-record-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if err := w.writeZip(c, file, logs[1:]); err != nil {
		return err
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	h := c.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", `attachment; filename="`+b.String()+`.zip"`)
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	h.Set("Cache-Control", "no-store")
	_ = http.NewResponseController(c.W).SetWriteDeadline(c.Now().Add(timeToSend)) // where the server can
	c.W.WriteHeader(http.StatusOK)
	_, _ = io.Copy(c.W, file) // the reader left: nothing to do
	return nil
}

// fits refuses what is too large for one file.
func (w *Web) fits(ctx context.Context, logs []string) error {
	var lines int64
	err := w.DB.Read(ctx, func(tx *db.Tx) error {
		lines = 0
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

// writeZip writes the logs into a zip. Keys and signatures do not shrink, so they are
// only stored.
func (w *Web) writeZip(c *web.Call, to io.Writer, logs []string) error {
	z := zip.NewWriter(to)
	want := func(log string) bool { return log == logs[0] || log == logs[1] }
	err := w.Record.Export(c.Context(), want, func(path string, data []byte) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Store})
		if err == nil {
			_, err = f.Write(data)
		}
		return err
	})
	return errors.Join(err, z.Close())
}
