package take

import (
	"convoke/internal/db"
	"convoke/internal/web"
)

// againData is the page where a browser counts a record again. Subject and what
// follows are nil or empty where it is about no box in particular.
type againData struct {
	Subject  *Subject
	Name     string // of the box
	Download string // its record as one file; empty while a poll is open
	Address  string // of the box, for programs
}

var againPage = web.NewPage[againData](pages, "pages/again.html", "pages/parts.html")

// again is the page of a box: how to count it again.
func (w *Web) again(c *web.Call) error {
	k, err := w.about(c)
	if err != nil {
		return err
	}
	name := k.box.ID.String()
	d := againData{&k.what, name, "/b/" + name + "/record.zip", c.BaseURL() + "/b/" + name}
	err = w.Boxes.DB.Read(c.Context(), func(tx *db.Tx) error {
		hidden, err := w.Boxes.Record.Hides(c.Context(), tx, k.box.Log())
		if hidden {
			d.Download = ""
		}
		return err
	})
	if err != nil {
		return err
	}
	return w.showAgain(c, d)
}

// againAny is the same for a file of any box, also one of another node.
func (w *Web) againAny(c *web.Call) error { return w.showAgain(c, againData{}) }

func (w *Web) showAgain(c *web.Call, d againData) error {
	c.AllowRecount()
	return againPage.Render(c, d)
}
