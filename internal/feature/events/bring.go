package events

import (
	"context"
	"errors"
	"fmt"
	"html/template"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

// followBring fills in what to bring from the campaign of an event, when the
// form leaves it to the campaign: it is empty, or still says what the campaign
// said when the form was opened.
func (s *Service) followBring(ctx context.Context, tx *db.Tx, e *Event, in ProgrammeInput) (bring string, follows int64, err error) {
	now, err := s.templateOf(ctx, tx, e)
	if err != nil {
		return "", 0, err
	}
	if now.Version == 0 { // no template yet, or a campaign that is hidden for now
		was, err := bringOf(ctx, tx, e.ID)
		if err != nil || was != in.Bring {
			return in.Bring, 0, err
		}
		return in.Bring, e.Follows & followBring, nil
	}
	was := now
	if in.Template != now.Version && in.Template > 0 {
		if was, err = s.Campaigns.Template(ctx, tx, e.Campaign, in.Template); err != nil {
			return "", 0, err
		}
	}
	if in.Bring == "" || in.Bring == was.Bring {
		return now.Bring, followBring, nil
	}
	return in.Bring, 0, nil
}

// renderedBring is what to bring as pages show it.
func (s *Service) renderedBring(bring string) (template.HTML, error) {
	if bring == "" {
		return "", nil
	}
	html, err := s.Render(bring)
	return trusted(html), err
}

// bringOf is what an event says to bring.
func bringOf(ctx context.Context, tx *db.Tx, eid id.Event) (string, error) {
	var bring string
	err := tx.Get(ctx, "select bring from programme where event_id = $1", []any{string(eid)}, &bring)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return bring, err
}

// bringsOf is [bringOf] for many events.
func bringsOf(ctx context.Context, tx *db.Tx, es []Event) (map[id.Event]string, error) {
	out := map[id.Event]string{}
	if len(es) == 0 {
		return out, nil
	}
	ids := make([]any, len(es))
	for i := range es {
		ids[i] = string(es[i].ID)
	}
	err := tx.Each(ctx, "select event_id, bring from programme"+amongst(ids), ids, func(scan func(...any) error) error {
		var eid, bring string
		err := scan(&eid, &bring)
		out[id.Event(eid)] = bring
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list what to bring: %w", err)
	}
	return out, nil
}

// putBring changes what an event says to bring, and nothing else that it says.
func putBring(ctx context.Context, tx *db.Tx, e *Event, bring string, html template.HTML) error {
	_, err := tx.Exec(ctx, `insert into programme (event_id, bring, bring_html, legal_help, offer, starts_at) values ($1, $2, $3, '', '', $4)
		on conflict (event_id) do update set bring = excluded.bring, bring_html = excluded.bring_html`,
		string(e.ID), bring, string(html), clock.Micros(e.Start))
	if err != nil {
		return fmt.Errorf("put what to bring: %w", err)
	}
	return nil
}
