package serve

import (
	"errors"
	"strings"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
	"convoke/internal/record/tile"
	"convoke/internal/web"
)

// How long what may be kept is kept: a tile never changes, a checkpoint soon does.
const (
	forEver = "public, max-age=31536000, immutable"
	shortly = "public, max-age=1"
)

func (w *Web) mountFiles(site *web.Site) {
	site.Handle("GET /log/checkpoint", w.nodeFile)
	site.Handle("GET /log/tile/{path...}", w.nodeFile)
	site.Handle("GET /b/{id}/checkpoint", w.boxFile)
	site.Handle("GET /b/{id}/tile/{path...}", w.boxFile)
	site.Handle("GET /b/{id}/record.zip", w.zip)
	site.Handle("GET /b/{id}/"+sealed.TranscriptFile, w.trustees)
	site.Handle("GET /r/{id}/checkpoint", w.rollFile)
	site.Handle("GET /r/{id}/tile/{path...}", w.rollFile)
	site.Handle("GET /.well-known/convoke-policy", w.policy)
}

// policy is the node's key and its witnesses, as a tlog-policy.
func (w *Web) policy(c *web.Call) error {
	text, err := w.Record.Policy()
	if err != nil {
		return err
	}
	h := c.Header()
	h.Set("Cache-Control", shortly)
	h.Set("Access-Control-Allow-Origin", "*")
	return c.Write(200, "text/plain; charset=utf-8", []byte(text))
}

func (w *Web) nodeFile(c *web.Call) error { return w.file(c, record.NodeLog) }

func (w *Web) boxFile(c *web.Call) error {
	b, err := leaf.ParseID(c.Param("id"))
	if err != nil {
		return web.ErrNotFound()
	}
	return w.file(c, record.BoxLog(b))
}

func (w *Web) rollFile(c *web.Call) error {
	r, err := leaf.ParseID(c.Param("id"))
	if err != nil {
		return web.ErrNotFound()
	}
	return w.file(c, record.RollLog(r))
}

// trustees sends what the trustees of a sealed poll said while they made its key.
func (w *Web) trustees(c *web.Call) error {
	b, err := leaf.ParseID(c.Param("id"))
	if err != nil {
		return web.ErrNotFound()
	}
	var text []byte
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		text, err = w.Boxes.Trustees(c.Context(), tx, b)
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return web.ErrNotFound()
	}
	if err != nil {
		return err
	}
	h := c.Header()
	h.Set("Cache-Control", forEver)
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	return c.Write(200, "application/json", text)
}

// file sends a checkpoint, a tile or a bundle.
func (w *Web) file(c *web.Call, log string) error {
	path, isTile := c.Param("path"), strings.Contains(c.R.URL.Path, "/tile/")
	var body []byte
	kind, keep := "text/plain; charset=utf-8", shortly
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		if !isTile {
			s, _, err := w.Record.Published(c.Context(), tx, log)
			body = []byte(s)
			return err
		}
		n, err := tile.Parse("tile/" + path)
		if err != nil {
			return db.ErrNoRows
		}
		hidden, err := w.Record.Hides(c.Context(), tx, log)
		if err != nil {
			return err
		}
		if hidden {
			return errHidden()
		}
		kind, keep = "application/octet-stream", forEver
		body, err = record.File(c.Context(), tx, log, n)
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return web.ErrNotFound()
	}
	if err != nil {
		return err
	}
	h := c.Header()
	h.Set("Cache-Control", keep)
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	return c.Write(200, kind, body)
}

func errHidden() error {
	return fault.NotFound("record.hidden", "The ballots of a poll are published when it has closed, so that nobody votes by how it stands.")
}
