package events

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

// putProgramme replaces what is said of an event. Parts go with their row.
func putProgramme(ctx context.Context, tx *db.Tx, eid id.Event, p *Programme) error {
	exec := func(q string, args ...any) error {
		if _, err := tx.Exec(ctx, q, append([]any{string(eid)}, args...)...); err != nil {
			return fmt.Errorf("put programme: %w", err)
		}
		return nil
	}
	if err := exec("delete from programme where event_id = $1"); err != nil || p.Empty() {
		return err
	}
	err := exec("insert into programme (event_id, bring, bring_html, legal_help, offer, starts_at) values ($1, $2, $3, $4, $5, $6)",
		p.Bring, string(p.BringHTML), p.LegalHelp, p.Offer, clock.Micros(p.Start))
	for _, a := range p.Safety {
		if err == nil {
			err = exec("insert into safety_answer (event_id, point, answer, note) values ($1, $2, $3, $4)", a.Point, a.Answer, a.Note)
		}
	}
	for i, c := range p.Contingents {
		if err == nil {
			err = exec("insert into contingent (event_id, position, name, place, day, minute) values ($1, $2, $3, $4, $5, $6)",
				i+1, c.Name, c.Place, c.Day, c.Minute)
		}
	}
	for i, r := range p.Roles {
		if err == nil {
			err = exec("insert into role_need (event_id, position, role, name, people) values ($1, $2, $3, $4, $5)", i+1, r.Code, r.Name, r.People)
		}
	}
	return err
}

// LegalHelp is who helps when somebody is arrested at an event, "" when its
// programme does not say.
func (s *Service) LegalHelp(ctx context.Context, eid id.Event) (string, error) {
	var help string
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		err := tx.Get(ctx, "select legal_help from programme where event_id = $1", []any{string(eid)}, &help)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read who helps: %w", err)
	}
	return help, nil
}

// programmes are what is said of these events, by event; never nil.
type programmes map[id.Event]*Programme

// of is what is said of an event, in the language it was brought to; the zero
// Programme when nothing is.
func (ps programmes) of(e *Event) *Programme {
	p := ps[e.ID]
	if p == nil {
		return &Programme{}
	}
	if v := e.Said; v != nil && v.Bring != "" && p.Bring != "" {
		said := *p
		said.Bring, said.BringHTML = v.Bring, v.BringHTML
		return &said
	}
	return p
}

func programmesOf(ctx context.Context, tx *db.Tx, es ...Event) (programmes, error) {
	out := programmes{}
	if len(es) == 0 {
		return out, nil
	}
	ids := make([]any, len(es))
	for i := range es {
		ids[i] = string(es[i].ID)
	}
	err := tx.Each(ctx, "select event_id, bring, bring_html, legal_help, offer, starts_at from programme"+amongst(ids), ids, func(scan func(...any) error) error {
		var (
			eid, html string
			start     int64
			p         Programme
		)
		err := scan(&eid, &p.Bring, &html, &p.LegalHelp, &p.Offer, &start)
		p.BringHTML, p.Start = trusted(html), clock.FromMicros(start)
		out[id.Event(eid)] = &p
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list programmes: %w", err)
	}
	if ids = ids[:0]; len(out) == 0 {
		return out, nil
	}
	for eid := range out {
		ids = append(ids, string(eid))
	}
	return out, out.fill(ctx, tx, ids)
}

// fill adds the parts of the programmes.
func (ps programmes) fill(ctx context.Context, tx *db.Tx, ids []any) error {
	err := tx.Each(ctx, "select event_id, point, answer, note from safety_answer"+amongst(ids), ids, func(scan func(...any) error) error {
		var eid string
		var a SafetyAnswer
		if err := scan(&eid, &a.Point, &a.Answer, &a.Note); err != nil {
			return err
		}
		p := ps[id.Event(eid)]
		p.Safety = append(p.Safety, a)
		return nil
	})
	if err != nil {
		return fmt.Errorf("list safety answers: %w", err)
	}
	for _, p := range ps {
		slices.SortFunc(p.Safety, func(a, b SafetyAnswer) int { return rank(a.Point) - rank(b.Point) })
	}
	err = tx.Each(ctx, "select event_id, name, place, day, minute from contingent"+amongst(ids)+" order by event_id, position", ids, func(scan func(...any) error) error {
		var eid string
		var c Contingent
		if err := scan(&eid, &c.Name, &c.Place, &c.Day, &c.Minute); err != nil {
			return err
		}
		p := ps[id.Event(eid)]
		p.Contingents = append(p.Contingents, c)
		return nil
	})
	if err != nil {
		return fmt.Errorf("list contingents: %w", err)
	}
	err = tx.Each(ctx, "select event_id, role, name, people from role_need"+amongst(ids)+" order by event_id, position", ids, func(scan func(...any) error) error {
		var eid string
		var r RoleNeed
		if err := scan(&eid, &r.Code, &r.Name, &r.People); err != nil {
			return err
		}
		p := ps[id.Event(eid)]
		p.Roles = append(p.Roles, r)
		return nil
	})
	if err != nil {
		return fmt.Errorf("list roles: %w", err)
	}
	return nil
}

func amongst(ids []any) string { return " where event_id in ($1" + placeholders(2, len(ids)-1) + ")" }

// rank is the place of a point in the checklist.
func rank(point string) int {
	return slices.IndexFunc(checklist[:], func(x named) bool { return x.Code == point })
}
