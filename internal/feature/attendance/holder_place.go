package attendance

import (
	"context"
	"errors"
	"slices"
	"strings"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/ical"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Places tells whoever holds a sign-up where exactly the event is, when that is
// not for everybody.
type Places interface {
	// Place is what the holder may know now.
	Place(c *web.Call, h Holder) (HeldPlace, error)
	// Calendar answers with the event, and with what the holder may know, as a
	// calendar.
	Calendar(c *web.Call, h Holder) error
}

// HeldPlace is where exactly an event is, as far as a holder may know.
type HeldPlace struct {
	Known                          bool // there is an exact place, shown or not
	Address, Directions, OnlineURL string
}

// Lines are the directions, line for line.
func (p HeldPlace) Lines() []string {
	if p.Directions == "" {
		return nil
	}
	return strings.Split(p.Directions, "\n")
}

// place is the zero HeldPlace where nobody knows of exact places.
func (w *Web) place(c *web.Call, b Brief, rec Record) (HeldPlace, error) {
	if w.Places == nil {
		return HeldPlace{}, nil
	}
	return w.Places.Place(c, holderOf(c, b, rec))
}

func holderOf(c *web.Call, b Brief, rec Record) Holder {
	return Holder{Event: b.ID, Hash: id.Hash(c.Param("secret")), State: rec.State, Party: rec.Party}
}

// eventCalendar is the event as its holder may know it, as a calendar.
func (w *Web) eventCalendar(c *web.Call) error {
	b, rec, err := w.find(c)
	if err != nil {
		return err
	}
	if w.Places == nil {
		return c.SeeOther("/events/" + string(b.ID) + ".ics")
	}
	return w.Places.Calendar(c, holderOf(c, b, rec))
}

// in says in a span of a calendar where exactly it is.
func (p HeldPlace) in(c *web.Call, e *ical.Out) {
	if p.Address != "" {
		e.Location = strings.TrimSuffix(p.Address+", "+e.Location, ", ")
	}
	parts := []string{e.Description, p.Directions}
	if p.OnlineURL != "" {
		parts = append(parts, c.Locale.T("Take part online")+": "+p.OnlineURL)
	}
	e.Description = strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n\n")
}

// apiHeldPlace is where exactly the event is, for who holds a sign-up.
type apiHeldPlace struct {
	Address    string `json:"address"`
	Directions string `json:"directions"`
	OnlineURL  string `json:"online_url"`
}

// apiPlace is nil when there is nothing that the holder may know.
func (w *Web) apiPlace(c *web.Call, b Brief, secret string, rec Record) (*apiHeldPlace, error) {
	if w.Places == nil {
		return nil, nil //nolint:nilnil // no place is no error
	}
	p, err := w.Places.Place(c, Holder{Event: b.ID, Hash: id.Hash(secret), State: rec.State, Party: rec.Party})
	if err != nil || p.Address == "" && p.Directions == "" && p.OnlineURL == "" {
		return nil, err
	}
	return &apiHeldPlace{p.Address, p.Directions, p.OnlineURL}, nil
}

// PlaceChanged tells those who have a place that where exactly the event is has
// changed, and not where it is.
func (s *Service) PlaceChanged(ctx context.Context, tx *db.Tx, f fact.PlaceChanged) error {
	_, err := rosterOf(ctx, tx, f.Event)
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Notices.PlaceChanged(ctx, tx, f.Event)
}

// PlaceChanged implements [Notices].
func (NoNotices) PlaceChanged(context.Context, *db.Tx, id.Event) error { return nil }

// PlaceChanged leaves messages to those who have a place.
func (m *Mailer) PlaceChanged(ctx context.Context, tx *db.Tx, e id.Event) error {
	return m.page(ctx, tx, tellAll{Event: e, What: placed, Stamp: clock.Micros(tx.Now())})
}
