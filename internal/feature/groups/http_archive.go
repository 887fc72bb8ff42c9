package groups

import (
	"errors"
	"html/template"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/web"
)

func (s *Service) mountArchive(site *web.Site) {
	site.Handle("GET /groups/{handle}/archive", s.archiveForm)
	site.Handle("POST /groups/{handle}/archive", s.archive)
	site.Handle("GET /groups/{handle}/moved", s.movedForm)
	site.Handle("POST /groups/{handle}/moved", s.moved)
	site.Handle("GET /groups/{handle}/end", s.endForm)
	site.Handle("POST /groups/{handle}/end", s.end)
}

// archiveData is shared by the three pages about parting from this server.
type archiveData struct {
	Form  *web.Form
	Group Group
}

var (
	archivePage = web.NewPage[archiveData](pages, "pages/archive.html")
	movedPage   = web.NewPage[archiveData](pages, "pages/moved.html")
	endPage     = web.NewPage[archiveData](pages, "pages/end.html")
	endedPage   = web.NewPage[Group](pages, "pages/ended.html", "pages/parts.html")
)

func (s *Service) showArchive(c *web.Call, p web.Page[archiveData], f *web.Form, do authz.Action) error {
	g, err := s.Archivable(c.Context(), c.Actor(), c.Param("handle"), do)
	if err != nil {
		return err
	}
	if do == authz.MoveGroup && !f.Failed() {
		f.Set("moved_to", g.MovedTo)
	}
	return p.RenderForm(c, f, archiveData{f, g})
}

func (s *Service) archiveForm(c *web.Call) error {
	return s.showArchive(c, archivePage, c.NewForm(), authz.ExportGroup)
}

// archive makes the file, and sends it when it is whole.
func (s *Service) archive(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	g, err := s.Archivable(c.Context(), c.Actor(), c.Param("handle"), authz.ExportGroup)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err = s.Prove(c, f); f.Accepts(err) {
		return s.showArchive(c, archivePage, f, authz.ExportGroup)
	}
	if err != nil {
		return err
	}
	return s.sendArchive(c, g)
}

// timeToSend is how long somebody on a slow line may take for an archive.
const timeToSend = time.Hour

// sendArchive makes the archive as a file first: nobody who reads slowly keeps
// the database waiting, and nobody gets half of one.
func (s *Service) sendArchive(c *web.Call, g Group) (err error) {
	file, err := os.CreateTemp("", "convoke-archive-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if err := s.Archive(c.Context(), c.Actor(), g.Handle, file); err != nil {
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
	h.Set("Content-Disposition", `attachment; filename="`+g.Handle+"-"+c.Now().Format(time.DateOnly)+`.zip"`)
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	h.Set("Cache-Control", "no-store")
	_ = http.NewResponseController(c.W).SetWriteDeadline(c.Now().Add(timeToSend)) // where the server can
	c.W.WriteHeader(http.StatusOK)
	_, _ = io.Copy(c.W, file) // the reader left: nothing to do
	return nil
}

func (s *Service) movedForm(c *web.Call) error {
	return s.showArchive(c, movedPage, c.NewForm(), authz.MoveGroup)
}

func (s *Service) moved(c *web.Call) error {
	return s.archiveAct(c, movedPage, authz.MoveGroup, func(f *web.Form) error {
		return s.SetMovedTo(c.Context(), c.Actor(), c.Param("handle"), f.Line("moved_to"))
	})
}

func (s *Service) endForm(c *web.Call) error {
	return s.showArchive(c, endPage, c.NewForm(), authz.EndGroup)
}

func (s *Service) end(c *web.Call) error {
	return s.archiveAct(c, endPage, authz.EndGroup, func(f *web.Form) error {
		return s.End(c.Context(), c.Actor(), c.Param("handle"), f.Line("ended") == "1")
	})
}

// archiveAct does something that a steward must prove to be.
func (s *Service) archiveAct(c *web.Call, p web.Page[archiveData], do authz.Action, act func(*web.Form) error) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	if _, err := s.Archivable(c.Context(), c.Actor(), c.Param("handle"), do); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err = s.Prove(c, f); err == nil {
		err = act(f)
	}
	if f.Accepts(err) {
		return s.showArchive(c, p, f, do)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle"))
}

// EndedPanel tells on the page of an event that its group has moved, or has
// ended its work; "" when neither.
func (s *Service) EndedPanel(c *web.Call, gid id.Group) (template.HTML, error) {
	if gid == "" {
		return "", nil
	}
	var g Group
	err := s.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		g, err = groupByID(c.Context(), tx, gid)
		return err
	})
	if err != nil || !g.Over() && g.MovedTo == "" {
		return "", err
	}
	return endedPage.Fragment(c, g)
}
