package sealed

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
)

// A trustee deals once: for other joins than it has dealt for it says nothing, and for
// the same it says the same, also when its secret was stored in between.
func TestDealsOnce(t *testing.T) {
	t.Parallel()
	w := begin(t, "once", 3, 2).join(t, inOrder)
	m, err := w.secrets[0].MakeDeal(w.t)
	must(t, err)
	text, err := json.Marshal(w.secrets[0])
	must(t, err)
	again, err := ParseSecret(text)
	must(t, err)
	if b, err := again.MakeDeal(w.t); err != nil || !bytes.Equal(b, m) {
		t.Errorf("it deals otherwise the second time: %v", err)
	}
	// Seat 3 is taken by somebody else now, who has seen what was dealt.
	other := &Transcript{}
	must(t, other.Add(w.t.Messages()[0]))
	must(t, other.Add(w.secrets[0].Join))
	must(t, other.Add(w.secrets[1].Join))
	late, err := NewSecret(seeded("late"), other, 3, "Somebody", nil)
	must(t, err)
	must(t, other.Add(late.Join))
	if _, err := again.MakeDeal(other); !errors.Is(err, ErrChanged) {
		t.Errorf("it deals for others too: %v", err)
	}
	if err := other.Add(m); err == nil {
		t.Error("what was dealt for some joins fits others")
	}
}

// A transcript in which a trustee has said what it did not say is refused.
func TestSomebodyElse(t *testing.T) {
	t.Parallel()
	w := begin(t, "mine", 3, 2)
	o := begin(t, "other", 3, 2)
	if _, err := o.secrets[0].MakeDeal(w.t); !errors.Is(err, ErrOther) {
		t.Errorf("another run: %v", err)
	}
	if _, err := o.secrets[0].MakeDeal(&Transcript{}); !errors.Is(err, ErrOther) {
		t.Errorf("no run: %v", err)
	}
	w.join(t, inOrder)
	thief, err := NewSecret(seeded("thief"), w.t, 1, "Organisation 1", nil)
	must(t, err)
	if _, err := thief.MakeDeal(w.t); !errors.Is(err, ErrOther) {
		t.Errorf("a seat of somebody else: %v", err)
	}
	w.deal(t, inOrder)
	lost := *w.secrets[0]
	lost.Deal = nil // an old copy of the file
	if _, _, err := lost.MakeCheck(w.t); !errors.Is(err, ErrChanged) {
		t.Errorf("it did not deal this: %v", err)
	}
	if _, err := w.secrets[0].Share(w.t); !errors.Is(err, ErrUndone) {
		t.Errorf("a share before all have confirmed: %v", err)
	}
	w.check(t, backwards)
	if _, err := lost.Share(w.t); err != nil { // what was dealt follows from the seed
		t.Error(err)
	}
}

func TestNewSecret(t *testing.T) {
	t.Parallel()
	w := begin(t, "new", 3, 2)
	for name, f := range map[string]func() error{
		"not begun": func() error { _, err := NewSecret(seeded("x"), &Transcript{}, 1, "A", nil); return err },
		"seat 0":    func() error { _, err := NewSecret(seeded("x"), w.t, 0, "A", nil); return err },
		"seat 4":    func() error { _, err := NewSecret(seeded("x"), w.t, 4, "A", nil); return err },
		"no name":   func() error { _, err := NewSecret(seeded("x"), w.t, 1, "", nil); return err },
		"no chance": func() error { _, err := NewSecret(bytes.NewReader(nil), w.t, 1, "A", nil); return err },
	} {
		if f() == nil {
			t.Errorf("%s is taken", name)
		}
	}
	a, err := NewSecret(seeded("a"), w.t, 1, "A", nil)
	must(t, err)
	b, err := NewSecret(seeded("b"), w.t, 1, "A", a.Identity)
	must(t, err)
	if a.must(t) != b.must(t) || bytes.Equal(a.Seed, b.Seed) || bytes.Equal(a.Seed, a.Identity) {
		t.Error("an identity goes on, a seed does not")
	}
	for name, bad := range map[string]string{
		"nothing": "", "another thing": `{"a":1}`, "an empty one": `{}`, "half": `{"v":1`,
	} {
		if _, err := ParseSecret([]byte(bad)); !errors.Is(err, ErrSecret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
