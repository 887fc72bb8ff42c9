package take

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/web"
)

type pasteData struct {
	about
	Grant  string
	Answer string // base64, after a request was pasted
	Ticket string
	Cast   string // the address that takes statements
	Waits  bool   // the statement that was just put in
	Ready  bool   // a credential was just shown
	Show   string // the address that takes credentials before the box opens, or ""
	Box    string // its name
	Names  []string
}

var pastePage = web.NewPage[pasteData](pages, "pages/paste.html", "pages/parts.html")

func (w *Web) pasteForm(c *web.Call) error {
	k, err := w.find(c)
	if err != nil {
		return err
	}
	if k.early, err = w.Boxes.Early(c.Context(), k.box); err != nil && !fault.Is(err, fault.KindGone) {
		return err
	}
	return w.showPaste(k, c.NewForm(), "", "")
}

func (w *Web) showPaste(k *call, f *web.Form, grant, answer string) error {
	t, err := w.ticket(k.Context(), k.box)
	if err != nil {
		return err
	}
	d := pasteData{
		about: k.about(f), Grant: grant, Answer: answer, Cast: k.BaseURL() + "/b/" + k.box.ID.String() + "/cast",
		Waits: k.Query().Has("waits"), Ready: k.Query().Has("ready"), Box: k.box.ID.String(),
	}
	if k.early {
		d.Show = k.BaseURL() + "/r/" + k.box.Roll.String() + "/activate"
	}
	if r := k.rules(); r != nil && r.Options > 1 {
		d.Names = k.names()
	}
	if d.Ticket, err = t.text(); err != nil {
		return err
	}
	return pastePage.RenderForm(k.Call, f, d)
}

// paste signs a blinded request that was made elsewhere.
func (w *Web) paste(c *web.Call) error {
	k, f, err := w.sent(c)
	if err != nil {
		return err
	}
	settled, err := w.begin(k)
	if err == nil && settled {
		err = box.ErrSettled()
	}
	if err != nil {
		return err
	}
	grant := f.Line("grant")
	answer, err := w.signPasted(k, grant, f.Raw("blinded"))
	if f.Accepts(err) {
		if fault.HasCode(err, "box.grant") {
			grant = "" // it has expired: the page says where to get a new one
		}
		return w.showPaste(k, f, grant, "")
	}
	if err != nil {
		return err
	}
	return w.showPaste(k, f, "", answer)
}

func (w *Web) signPasted(k *call, grant, pasted string) (string, error) {
	wrong := fault.Invalid(fault.Field("blinded", "take.request", "This is no request for this box, or not all of it. Please copy it again from its first to its last letter."))
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(pasted), ""))
	if err != nil {
		return "", wrong
	}
	out, err := w.Boxes.Issue(k.Context(), k.box.Roll, box.IssueInput{
		Grant: grant, Slots: 1 << k.box.Manifest.Slot, Blinded: [][]byte{b}, Mode: leaf.Blind,
	})
	if fault.HasCode(err, "box.blinded") {
		return "", fault.Because(wrong, err)
	}
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(out[0]), nil
}

// ticketFile is the ticket for the command line.
func (w *Web) ticketFile(c *web.Call) error {
	k, err := w.find(c)
	if err != nil {
		return err
	}
	t, err := w.ticket(c.Context(), k.box)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	return c.Write(200, "application/json", append(b, '\n'))
}
