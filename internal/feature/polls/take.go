package polls

import (
	"errors"
	"strings"

	"convoke/internal/db"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/web"
)

func isNone(err error) bool { return errors.Is(err, db.ErrNoRows) }

// Ask is what the pages on which people vote in secret need to know of a poll.
type Ask struct {
	Title, Lang, URL string
	Method           string   // as package tally has it
	Options          []string // none where there is one only to say yes to
	Max              int
	Hint             string // the rules and the end, in the reader's language
}

// forTake finds the poll of a box that the reader may know of. Its fault is NotFound.
func (w *Web) forTake(c *web.Call, b leaf.ID) (p Poll, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		p, _, _, _, err = w.loadPoll(c.Context(), tx, c.Actor(), "box_id", b.String())
		return err
	})
	return p, err
}

// Subject tells what a box is about.
func (w *Web) Subject(c *web.Call, b leaf.ID) (Ask, error) {
	p, err := w.forTake(c, b)
	if err != nil {
		return Ask{}, err
	}
	a := Ask{Title: p.Title, Lang: p.Lang, URL: p.url(), Method: p.Rules.Method, Max: p.Rules.Max}
	if several(p.Rules.Method) {
		a.Options = p.Options
	}
	hint := ruleLines(c.Locale, &p)
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		r, ok, err := w.Trustees.Of(c.Context(), tx, b)
		if ok {
			hint = append(hint, c.Locale.T("Votes are locked until trustees open them.")+" "+keepers(c.Locale, &r)+".")
		}
		return err
	})
	a.Hint = strings.Join(append(hint, c.Locale.T("Vote until {time}.", "time", p.until(c.Locale))), " ")
	return a, err
}

// Reference is what the closed roll of a poll knows the signed-in reader by. The roll
// says whether they are in it; whoever has no mandate any more is refused.
func (w *Web) Reference(c *web.Call, b leaf.ID) (ref string, ok bool, err error) {
	p, err := w.forTake(c, b)
	if err != nil || p.Gate != box.GateMembers || c.Actor().Visitor() {
		return "", false, err
	}
	by := c.Actor().Person
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		weights, _, err := w.coalition(c.Context(), tx, p.Group)
		if err != nil || weights == "" {
			return err
		}
		seats, err := w.Coalitions.SeatsOf(c.Context(), tx, p.Group, by)
		if err == nil && len(seats) == 0 {
			err = errNoSeat()
		}
		return err
	})
	return string(by), err == nil, err
}
