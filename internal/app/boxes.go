package app

import (
	"context"
	"html/template"

	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/take"
	"convoke/internal/web"
)

// listenToBoxes brings what happens to boxes to the features that opened them, and
// lets those say what boxes are about.
func (n *Node) listenToBoxes() {
	n.Boxes.Listener = boxListener{n}
	n.Describe(leaf.Petition, petitionSubjects{n})
	n.Describe(leaf.PledgeTo, pledgeSubjects{n})
	n.Describe(leaf.Poll, pollSubjects{n})
}

type boxListener struct{ n *Node }

// Reached implements box.Listener.
func (l boxListener) Reached(ctx context.Context, tx *db.Tx, r box.Reached) error {
	switch r.Kind {
	case leaf.Petition:
		return l.n.Petitions.Reached(ctx, tx, r)
	case leaf.PledgeTo:
		return l.n.Pledges.BoxReached(ctx, tx, r)
	}
	return nil
}

// Closed implements box.Listener.
func (l boxListener) Closed(ctx context.Context, tx *db.Tx, b leaf.ID, kind string) error {
	if err := l.n.Ladders.BoxClosed(ctx, tx, b); err != nil {
		return err
	}
	switch kind {
	case leaf.Petition:
		return l.n.Petitions.Closed(ctx, tx, b, kind)
	case leaf.PledgeTo:
		return l.n.Pledges.BoxClosed(ctx, tx, b)
	case leaf.Poll:
		return l.n.Polls.BoxClosed(ctx, tx, b)
	}
	return nil
}

// petitionSubjects says what the boxes of petitions are about.
type petitionSubjects struct{ n *Node }

// Subject implements take.Subjects.
func (s petitionSubjects) Subject(c *web.Call, b leaf.ID) (take.Subject, error) {
	x, err := s.n.petitionsWeb.Subject(c, b)
	return take.Subject{Title: x.Title, Lang: x.Lang, URL: x.URL, Kind: x.Kind, Verb: x.Verb}, err
}

// Reference implements take.Subjects.
func (s petitionSubjects) Reference(c *web.Call, b leaf.ID) (string, bool, error) {
	return s.n.petitionsWeb.Reference(c, b)
}

// After implements take.Subjects.
func (s petitionSubjects) After(c *web.Call, b leaf.ID) (template.HTML, error) {
	return s.n.petitionsWeb.After(c, b)
}

// pledgeSubjects says what the boxes of pledges are about.
type pledgeSubjects struct{ n *Node }

// Subject implements take.Subjects.
func (s pledgeSubjects) Subject(c *web.Call, b leaf.ID) (take.Subject, error) {
	x, err := s.n.pledgesWeb.Subject(c, b)
	return take.Subject{
		Title: x.Title, Lang: x.Lang, URL: x.URL, Kind: leaf.PledgeTo, Verb: i18n.Mark("Pledge"),
		Pledge: &take.PledgeAsk{Do: c.Locale.T(x.Will), Parts: x.Parts, Threshold: x.Threshold, Suggested: x.Suggested},
	}, err
}

// Reference implements take.Subjects.
func (s pledgeSubjects) Reference(c *web.Call, b leaf.ID) (string, bool, error) {
	return s.n.pledgesWeb.Reference(c, b)
}

// After implements take.Subjects.
func (s pledgeSubjects) After(c *web.Call, b leaf.ID) (template.HTML, error) {
	return s.n.pledgesWeb.After(c, b)
}
