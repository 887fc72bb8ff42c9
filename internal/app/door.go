package app

import (
	"context"
	"html/template"
	"strconv"

	"convoke/internal/db"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/door"
	"convoke/internal/feature/feedback"
	"convoke/internal/feature/turnout"
	"convoke/internal/id"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// atTheDoor makes the pages of doors and of feedback, and their parts of the
// private page.
func (n *Node) atTheDoor(limits *limiter) {
	n.doorWeb = &door.Web{Service: n.Door, Events: doorEvents{briefs{n}}, Limiter: limits, Publish: n.publishCount, Published: n.publishedCounts}
	n.feedbackWeb = &feedback.Web{Service: n.Feedback, Events: feedbackEvents{briefs{n}}}
	n.attendWeb.Door = func(c *web.Call, h attendance.Holder) (code, address string) {
		return id.Code(h.Hash), door.Address(c, h.Event, h.Hash)
	}
	n.attendWeb.Panels = append(n.attendWeb.Panels, func(c *web.Call, b attendance.Brief, h attendance.Holder, path string) (template.HTML, error) {
		return n.feedbackWeb.Panel(c, feedbackEvent(b), h.Hash, path)
	})
}

// publishCount implements door.Publish.
func (n *Node) publishCount(c *web.Call, e id.Event, key string, low, high int, source string) error {
	return n.Turnout.AddEstimate(c.Context(), c.Actor(), e, key, turnout.Input{
		Low: strconv.Itoa(low), High: strconv.Itoa(high), Method: "gate", SourceName: source,
	})
}

// publishedCounts implements door.Published.
func (n *Node) publishedCounts(ctx context.Context, e id.Event) ([]door.Range, error) {
	all, err := n.Turnout.Estimates(ctx, e)
	var out []door.Range
	for _, x := range all {
		if x.Method == "gate" {
			out = append(out, door.Range{Low: x.Low, High: x.High})
		}
	}
	return out, err
}

// doorEvents tells doors about events.
type doorEvents struct{ b briefs }

func doorEvent(b attendance.Brief) door.Event {
	return door.Event{
		ID: b.ID, Title: b.Title, Start: b.Start, End: b.End, Datetime: b.Datetime, ThisYear: b.ThisYear, Day: b.Day, When: b.When, Where: b.Where,
		State: b.State,
	}
}

// Brief implements door.Events.
func (d doorEvents) Brief(c *web.Call, e id.Event) (door.Event, error) {
	b, err := d.b.Brief(c, e)
	return doorEvent(b), err
}

// Held implements door.Events.
func (d doorEvents) Held(c *web.Call, e id.Event) (door.Event, error) {
	b, err := d.b.Held(c, e)
	return doorEvent(b), err
}

// Edits implements door.Events.
func (d doorEvents) Edits(c *web.Call, e id.Event) (door.Event, error) {
	b, err := d.b.Edits(c, e)
	return doorEvent(b), err
}

// doorSignUps tells doors about sign-ups: never more than they show.
type doorSignUps struct{ s *attendance.Service }

// Between implements door.SignUps.
func (d doorSignUps) Between(ctx context.Context, tx *db.Tx, e id.Event, from, to []byte, limit int) ([]door.SignUp, error) {
	all, err := d.s.HoldersBetween(ctx, tx, e, from, to, limit)
	if err != nil {
		return nil, err
	}
	out := make([]door.SignUp, len(all))
	for i, h := range all {
		out[i] = door.SignUp{Hash: h.Hash, Place: h.State == attendance.Going, Party: h.Party}
		if out[i].Times, err = d.s.PlacesOf(ctx, tx, h); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Expected implements door.SignUps.
func (d doorSignUps) Expected(ctx context.Context, tx *db.Tx, e id.Event) (int, error) {
	return d.s.Going(ctx, tx, e)
}

// feedbackEvents tells feedback about events.
type feedbackEvents struct{ b briefs }

func feedbackEvent(b attendance.Brief) feedback.Event {
	return feedback.Event{
		ID: b.ID, Title: b.Title, Start: b.Start, End: b.End, Datetime: b.Datetime, ThisYear: b.ThisYear, Day: b.Day, When: b.When, Where: b.Where,
		State: b.State,
	}
}

// Held implements feedback.Events.
func (f feedbackEvents) Held(c *web.Call, e id.Event) (feedback.Event, error) {
	b, err := f.b.Held(c, e)
	return feedbackEvent(b), err
}

// Edits implements feedback.Events.
func (f feedbackEvents) Edits(c *web.Call, e id.Event) (feedback.Event, error) {
	b, err := f.b.Edits(c, e)
	return feedbackEvent(b), err
}

// feedbackSignUps tells feedback whose answer it is.
type feedbackSignUps struct{ s *attendance.Service }

// Hold implements feedback.SignUps.
func (f feedbackSignUps) Hold(ctx context.Context, tx *db.Tx, e id.Event, secret string) (feedback.Held, error) {
	h, err := f.s.Holder(ctx, tx, e, secret)
	if err != nil {
		return feedback.Held{}, err
	}
	end, gone, err := f.s.Ends(ctx, tx, e)
	return feedback.Held{Hash: h.Hash, End: end, Gone: gone}, err
}

// eventKeys are those under which sign-ups are sealed.
type eventKeys struct{ vault *seal.Vault }

// Event implements feedback.Keys.
func (k eventKeys) Event(ctx context.Context, e id.Event) (*seal.Key, error) {
	return k.vault.Existing(ctx, attendance.ScopePrefix+string(e))
}
