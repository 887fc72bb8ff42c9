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
	Show   bool      // the questions are not folded away
}

var minePage = web.NewPage[mineData](pages, "pages/mine.html", "pages/parts.html")

func (w *Web) mineForm(c *web.Call) error {
	k, err := w.find(c)
	if err != nil {
		return err
	}
	do := doLook
	if k.box.Settled(w.Boxes.Clock.Now().Unix()) {
		do = doChange // this is where one votes
	}
	return w.showMine(k, c.NewForm().Set("do", do), nil)
}

func (w *Web) showMine(k *call, f *web.Form, s *saidView) error {
	t, err := w.ticket(k.Context(), k.box)
	if err != nil {
		return err
	}
	if k.early, err = w.Boxes.Early(k.Context(), k.box); err != nil && !fault.Is(err, fault.KindGone) {
		return err
	}
	if !f.Has("sure", "change") {
		f.Set("code") // it is typed each time, and not sent back
	}
	d := mineData{about: k.about(f), Said: s, Show: f.Has("do", doChange) || f.Failed()}
	if d.Ticket, err = t.text(); err != nil {
		return err
	}
	type choice struct{ do, label string }
	all := []choice{{doLook, i18n.Mark("See what it says now")}}
	if d.Ask != nil {
		all = append(all, choice{doChange, i18n.Mark("Change my pledge, or make it again")}, choice{doDone, i18n.Mark("I did it")})
	}
	if d.Ballot != nil {
		all = append(all, choice{doChange, i18n.Mark("Vote, or change my vote")}, choice{doWithdraw, i18n.Mark("Take my vote back")})
	} else {
		all = append(all, choice{doWithdraw, i18n.Mark("Take it back")})
	}
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
	s, unsure, err := w.doMine(k, f)
	if unsure != nil {
		return k.sure(f, unsure, "mine")
	}
	if f.Accepts(err) || err == nil && s == nil {
		return w.showMine(k, f, nil)
	}
	if err != nil {
		return err
	}
	return w.showMine(k, f.Set("do", doLook), s)
}

// doMine does it. unsure is a vote that is to be shown first; neither is there when
// somebody wants to change it.
func (w *Web) doMine(k *call, f *web.Form) (v *saidView, unsure *vote, err error) {
	code, err := wallet.Parse(f.Raw("code"))
	if err != nil {
		return nil, nil, fault.Invalid(fault.Field("code", "take.code", "This is no code of 26 letters, or a letter is wrong. Please check each one."))
	}
	var x wish
	do := f.Line("do")
	if k.box.Manifest.Takes == leaf.TakesSign && do == doChange || k.what.Pledge == nil && do == doDone {
		do = doLook
	}
	if do == doChange {
		if x, err = k.wish(f); err != nil || f.Has("sure", "change") {
			return nil, nil, err
		}
		if x.vote != nil && !f.Has("sure", "yes") {
			return nil, x.vote, nil
		}
	}
	s, err := w.later(k.Context(), k.box, code, do, x)
	if errors.Is(err, errWaits) {
		return &saidView{Waits: true, Poll: k.rules() != nil}, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if say := said(k.rules(), s.Body, s.Reason); say != nil && s.Live {
		writeVote(k.rules(), f, say) // to be changed from here
	}
	view, err := w.view(k, &s, w.part(k.box, code).Public())
	return &view, nil, err
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
	// Ready says that it has said nothing, but needs no credential.
	Ready  bool   `json:"ready,omitempty"`
	Body   []byte `json:"body,omitempty"` // of a poll
	Reason string `json:"reason,omitempty"`
}

// asked refuses whoever has only the key of a ballot: it stands in the log of the roll
// when it was shown before, and nobody is to see how others vote.
func (k *call) asked(key leaf.Key) error {
	if k.rules() == nil {
		return nil
	}
	proof, err := hex.DecodeString(k.Query().Get("proof"))
	if err != nil || !wallet.Asked(key, k.box.Origin, proof) {
		return fault.Forbidden("take.proof", "Only who has the code of a ballot can see what it says. Sign the question with its key.")
	}
	return nil
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
	if err := k.asked(leaf.Key(key)); err != nil {
		return err
	}
	s, err := w.stands(c.Context(), k.box, leaf.Key(key))
	if err != nil {
		return err
	}
	out := saying{Known: s.In, Ready: s.Ready}
	if s.In {
		out = saying{true, s.Counter, s.Live, s.Done, s.Threshold, s.Part, hex.EncodeToString(s.Hash[:]), false, s.Body, s.Reason}
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return c.Write(200, "application/json", append(b, '\n'))
}
