package app_test

import (
	"fmt"
	"html/template"
	"strings"
	"testing"

	"convoke/internal/db"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/take"
	"convoke/internal/web"
)

// onePetition describes all boxes alike.
type onePetition struct{}

func (onePetition) Subject(*web.Call, leaf.ID) (take.Subject, error) {
	return take.Subject{Title: "Keep the library open on Sundays", Lang: "en", URL: "/about", Verb: "Sign"}, nil
}
func (onePetition) Reference(*web.Call, leaf.ID) (string, bool, error) { return "", false, nil }
func (onePetition) After(*web.Call, leaf.ID) (template.HTML, error)    { return "", nil }

// TestTakeKnowsKinds: the pages of a box are there when a feature describes its kind,
// and otherwise nobody learns that the box exists.
func TestTakeKnowsKinds(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	s.Describe(leaf.Petition, onePetition{})
	for n, kind := range []string{leaf.Petition, "attend"} {
		d, err := s.Boxes.Prepare(t.Context(), box.RollInput{Gate: box.GateBrowser})
		if err != nil {
			t.Fatal(err)
		}
		var b leaf.ID
		err = s.DB.Write(t.Context(), func(tx *db.Tx) (err error) {
			if err := s.Boxes.StoreRoll(t.Context(), tx, d); err != nil {
				return err
			}
			b, err = s.Boxes.Open(t.Context(), tx, d.ID, 0, leaf.Box{Type: kind, Text: fmt.Sprintf("%064d", n), Opens: 1, Takes: leaf.TakesSign})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range []string{"", "take", "mine", "paste", "ticket.json", "offline.html"} {
			want := 200
			if kind != leaf.Petition {
				want = 404
			}
			if a := s.visitor().Get(strings.TrimSuffix("/b/"+b.String()+"/"+page, "/")); a.Status != want {
				t.Errorf("%s of a %s: status %d, want %d", page, kind, a.Status, want)
			}
		}
	}
}
