package take

import (
	"encoding/hex"
	"encoding/json"
	"errors"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/record/leaf"
	"convoke/internal/record/wallet"
	"convoke/internal/web"
)

type mineData struct {
	about
	Ticket string
	Do     []web.Choice
	Said   *saidView // after the code was typed
}

var minePage = web.NewPage[mineData](pages, "pages/mine.html", "pages/parts.html")

func (w *Web) mineForm(c *web.Call) error {
	k, err := w.find(c)
	if err != nil {
		return err
	}
	return w.showMine(k, c.NewForm().Set("do", doLook), nil)
}

func (w *Web) showMine(k *call, f *web.Form, s *saidView) error {
	t, err := w.ticket(k.Context(), k.box)
	if err != nil {
		return err
	}
	f.Set("code") // it is typed each time, and never sent back
	d := mineData{about: k.about(f), Said: s}
	if d.Ticket, err = t.text(); err != nil {
		return err
	}
	type choice struct{ do, label string }
	all := []choice{{doLook, i18n.Mark("See what it says now")}}
	if d.Ask != nil {
		all = append(all, choice{doChange, i18n.Mark("Change my pledge, or make it again")}, choice{doDone, i18n.Mark("I did it")})
	}
	all = append(all, choice{doWithdraw, i18n.Mark("Take it back")})
	for _, x := range all {
		d.Do = append(d.Do, web.Choice{Value: x.do, Label: k.Locale.T(x.label), On: f.Has("do", x.do)})
	}
	return minePage.RenderForm(k.Call, f, d)
}

// mine does what somebody wants with their code. The code is in memory for this one
// answer.
func (w *Web) mine(c *web.Call) error {
	k, f, err := w.sent(c)
	if err != nil {
		return err
	}
	s, err := w.doMine(k, f)
	if f.Accepts(err) {
		return w.showMine(k, f, nil)
	}
	if err != nil {
		return err
	}
	return w.showMine(k, f.Set("do", doLook), s)
}

func (w *Web) doMine(k *call, f *web.Form) (*saidView, error) {
	code, err := wallet.Parse(f.Raw("code"))
	if err != nil {
		return nil, fault.Invalid(fault.Field("code", "take.code", "This is no code of 26 letters, or a letter is wrong. Please check each one."))
	}
	var body []byte
	if f.Has("do", doChange) {
		if body, err = k.pledge(f); err != nil {
			return nil, err
		}
	}
	do := f.Line("do")
	if k.what.Pledge == nil && (do == doChange || do == doDone) {
		do = doLook
	}
	s, err := w.later(k.Context(), k.box, code, do, body)
	if errors.Is(err, errWaits) {
		return &saidView{Waits: true}, nil
	}
	if err != nil {
		return nil, err
	}
	v, err := w.view(k, s, w.part(k.box, code).Public())
	return &v, err
}

// saying is what a key says, for programs.
type saying struct {
	Known     bool   `json:"known"`
	Counter   uint32 `json:"counter"`
	Live      bool   `json:"live"`
	Done      bool   `json:"done"`
	Threshold uint32 `json:"threshold,omitempty"`
	Part      uint16 `json:"part,omitempty"`
	Leaf      string `json:"leaf,omitempty"` // hash of its last leaf, hexadecimal
}

// saidFile is what a key says now, for a browser or program that has its code. It
// refuses what could say who asks.
func (w *Web) saidFile(c *web.Call) error {
	for _, h := range []string{"Cookie", "Authorization"} {
		if len(c.R.Header[h]) > 0 {
			return fault.Malformed("take.named", "This request says who sends it, by a cookie or a token, so it was not answered. Send it without.")
		}
	}
	if err := w.slow(c); err != nil {
		return err
	}
	k, err := w.find(c)
	if err != nil {
		return err
	}
	key, err := hex.DecodeString(c.Param("key"))
	if err != nil || len(key) != len(leaf.Key{}) {
		return web.ErrNotFound()
	}
	s, ok, err := w.said(c.Context(), k.box, leaf.Key(key))
	if err != nil {
		return err
	}
	out := saying{Known: ok}
	if ok {
		out = saying{true, s.Counter, s.Live, s.Done, s.Threshold, s.Part, hex.EncodeToString(s.Hash[:])}
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return c.Write(200, "application/json", append(b, '\n'))
}
