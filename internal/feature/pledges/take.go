package pledges

import (
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/web"
)

// Ask is what the pages on which people take part need to know of a pledge.
type Ask struct {
	Title, Lang, URL string
	Will             string // English, to be translated: "I will strike"
	Parts            []string
	Threshold        uint32   // of everybody; 0: each chooses
	Suggested        []uint32 // to choose from
}

// Subject tells what a box is about. It is a NotFound fault for what the reader may
// not know of.
func (w *Web) Subject(c *web.Call, b leaf.ID) (Ask, error) {
	p, err := w.ForTake(c.Context(), c.Actor(), b)
	if err != nil {
		return Ask{}, err
	}
	a := Ask{Title: p.Title, Lang: p.Lang, URL: urlOf(&p), Will: Will(p.Kind)}
	for _, x := range p.Parts {
		a.Parts = append(a.Parts, x.Label)
	}
	if p.Personal {
		a.Suggested = suggested(p.People)
	} else {
		a.Threshold = uint32(p.People)
	}
	return a, nil
}

// Reference is what the closed roll of a pledge knows the signed-in reader by. The
// roll says whether they are in it.
func (w *Web) Reference(c *web.Call, b leaf.ID) (ref string, ok bool, err error) {
	p, err := w.ForTake(c.Context(), c.Actor(), b)
	if err != nil {
		return "", false, err
	}
	return string(c.Actor().Person), p.Gate == box.GateMembers && !c.Actor().Visitor(), nil
}
