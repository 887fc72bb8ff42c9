package take

import (
	"encoding/hex"
	"html/template"
	"strconv"

	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/wallet"
	"convoke/internal/web"
)

func itoa(n int) string { return strconv.Itoa(n) }

// waysData is the page of somebody who passed the gate.
type waysData struct {
	about
	Grant  string
	Ticket string
	Line   *line // of a closed roll's list
	After  template.HTML
}

// line is what a member checks their place on the list with.
type line struct{ Reference, Salt, Hash, Roll string }

var waysPage = web.NewPage[waysData](pages, "pages/ways.html", "pages/parts.html")

func (w *Web) ways(k *call, f *web.Form, grant string) error {
	t, err := w.ticket(k.Context(), k.box)
	if err != nil {
		return err
	}
	if !id.ValidSecret(f.Line("key")) {
		f.Set("key", k.NewKey())
	}
	d := waysData{about: k.about(f), Grant: grant}
	if d.Ticket, err = t.text(); err != nil {
		return err
	}
	if d.Frozen, err = w.Boxes.Frozen(k.Context(), k.box); err != nil {
		return err
	}
	if k.box.Gate == box.GateMembers {
		if d.Line, err = w.line(k); err != nil {
			return err
		}
	}
	if d.After, err = w.Subjects.After(k.Call, k.box.ID); err != nil {
		return err
	}
	return waysPage.RenderForm(k.Call, f, d)
}

// line is that of the signed-in reader.
func (w *Web) line(k *call) (*line, error) {
	ref, ok, err := w.Subjects.Reference(k.Call, k.box.ID)
	if err != nil || !ok {
		return nil, err
	}
	salt, err := w.Boxes.Salt(k.Context(), k.box.Roll, ref)
	if err != nil {
		return nil, err
	}
	b, err := hex.DecodeString(salt)
	if err != nil {
		return nil, err
	}
	h := leaf.Commitment([32]byte(b), ref)
	return &line{ref, salt, hex.EncodeToString(h[:]), k.box.Roll.String()}, nil
}

// wish is what a form wants to say.
func (k *call) wish(f *web.Form) (x wish, err error) {
	if r := k.rules(); r != nil {
		x.vote, err = readVote(r, f)
		return x, err
	}
	x.pledge, err = k.pledge(f)
	return x, err
}

// pledge is the body of the statement that a form makes; empty where one signs.
func (k *call) pledge(f *web.Form) ([]byte, error) {
	m := &k.box.Manifest
	if m.Type != leaf.PledgeTo {
		return nil, nil
	}
	p := leaf.Pledge{Threshold: m.Threshold}
	var wrong []fault.FieldError
	if m.Threshold == 0 {
		n, ok := f.Int("threshold")
		if !ok || n < 1 || n > box.MaxThreshold {
			wrong = append(wrong, fault.Field("threshold", "take.threshold", "Please write how many people it takes, from 1 to {max}.",
				"max", box.MaxThreshold))
		}
		p.Threshold = uint32(max(0, min(n, box.MaxThreshold)))
	}
	if m.Parts > 0 {
		n, ok := f.Int("part")
		if !ok || n < 0 || n >= int(m.Parts) {
			wrong = append(wrong, fault.Field("part", "take.part", "Please choose a place or group."))
		}
		p.Part = uint16(max(0, min(n, int(m.Parts))))
	}
	if len(wrong) > 0 {
		return nil, fault.Invalid(wrong...)
	}
	return p.Encode(), nil
}

// sureData is the page that shows a vote before it is sent.
type sureData struct {
	about
	Vote *paper
	To   string // the page that is asked again
	Rest []web.Typed
}

var surePage = web.NewPage[sureData](pages, "pages/sure.html", "pages/parts.html")

// sure shows a vote in words, and sends the same form again when it is confirmed: with
// the code that was typed, so that nobody has to type it twice.
func (k *call) sure(f *web.Form, v *vote, page string) error {
	return surePage.Render(k.Call, sureData{k.about(f), k.inWords(v), "/b/" + k.box.ID.String() + "/" + page, f.Rest("sure")})
}

type doneData struct {
	about
	Code  string
	Said  saidView
	After template.HTML
}

// saidView is what a code says now.
type saidView struct {
	Waits     bool // for others; the rest is not known yet
	None      bool // nothing was said with this code, but may be
	Counts    bool
	Done      bool
	Threshold int // of a pledge, 0 otherwise
	Part      string
	Vote      *paper // in a poll
	Poll      bool
	Shut      bool // and nobody can read the vote yet
	Next      int  // number of the next statement, for the command line
	// Receipt is the text itself: a link to it would say with its cookies whose it is.
	Receipt string
}

func (w *Web) view(k *call, s *stands, key leaf.Key) (saidView, error) {
	v := saidView{
		None: !s.In, Counts: s.Live, Done: s.Done, Threshold: int(s.Threshold), Next: int(s.Counter) + 1, Poll: k.rules() != nil,
		Shut: k.shut(),
	}
	if p := k.what.Pledge; p != nil && k.box.Manifest.Parts > 0 {
		v.Part = partName(p.Parts, int(s.Part))
	}
	if s.Live {
		v.Vote = k.inWords(said(k.rules(), s.Body, s.Reason))
	}
	if !s.In {
		return v, nil
	}
	var err error
	v.Receipt, err = w.receipt(k.Context(), k.box, key, s.Hash)
	return v, err
}

var donePage = web.NewPage[doneData](pages, "pages/done.html", "pages/parts.html")

// assisted takes part in somebody's place and shows their code. Nothing of it is
// kept.
func (w *Web) assisted(k *call, f *web.Form) error {
	if !id.ValidSecret(f.Line("key")) {
		return w.gate(k, f)
	}
	grant := f.Line("grant")
	var x wish
	if !k.early {
		var err error
		x, err = k.wish(f)
		if f.Accepts(err) || err == nil && f.Has("sure", "change") {
			return w.ways(k, f, grant)
		}
		if err != nil {
			return err
		}
		if x.vote != nil && !f.Has("sure", "yes") {
			return k.sure(f, x.vote, "take")
		}
	}
	code, err := codeOf(f.Line("key"), k.box.ID)
	if err != nil {
		return err
	}
	err = w.assist(k.Context(), k, grant, code, x)
	if f.Accepts(err) {
		if fault.HasCode(err, "box.grant") {
			return w.gate(k, f)
		}
		return w.ways(k, f, grant)
	}
	if err != nil {
		return err
	}
	return w.done(k, f, code)
}

func (w *Web) done(k *call, f *web.Form, code wallet.Code) error {
	d := doneData{about: k.about(f), Code: code.String(), Said: saidView{Waits: true, Poll: k.rules() != nil}}
	key := w.part(k.box, code).Public()
	s, err := w.stands(k.Context(), k.box, key)
	if err != nil {
		return err
	}
	if s.In || k.early {
		if d.Said, err = w.view(k, &s, key); err != nil {
			return err
		}
	}
	if d.After, err = w.Subjects.After(k.Call, k.box.ID); err != nil {
		return err
	}
	return donePage.Render(k.Call, d)
}
