package leaf

import (
	"strings"
	"testing"

	"convoke/internal/record/sealed/sealedtest"
	"convoke/internal/record/tally"
)

// Only a poll with an end is sealed.
func TestSealedManifest(t *testing.T) {
	t.Parallel()
	tr, _, err := sealedtest.Run("node.example", 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	m, err := tr.Manifest(100)
	if err != nil {
		t.Fatal(err)
	}
	right := Box{V: 1, Type: Poll, Node: "node.example", Opens: 1, Closes: 2, Takes: TakesSay, Roll: strings.Repeat("a", 26), Sealed: m, Poll: &tally.Rules{Method: tally.YesNo, Options: 1}}
	for name, f := range map[string]func(*Box){
		"":          func(*Box) {},
		"no end":    func(b *Box) { b.Closes = 0 },
		"pledge":    func(b *Box) { b.Type = PledgeTo },
		"signature": func(b *Box) { b.Takes = TakesSign },
		"need":      func(b *Box) { bad := *m; bad.Need = 1; b.Sealed = &bad },
	} {
		b := right
		f(&b)
		text, err := Canonical(b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseBox(text); (err == nil) != (name == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
