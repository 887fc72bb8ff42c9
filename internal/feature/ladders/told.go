package ladders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"time"

	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/record/told"
	"convoke/internal/web"
)

// toldLadder is where a ladder stood on another server on a day, before its group moved
// here. It is that server's word, and can be proven there.
type toldLadder struct {
	Server    string     `json:"server"`
	Day       string     `json:"day"`
	Name      string     `json:"name"` // in the record
	Version   int        `json:"version"`
	Hash      string     `json:"hash"`
	Published time.Time  `json:"published"`
	Steps     []toldStep `json:"steps"`
}

type toldStep struct {
	Key   string     `json:"key"`
	Title string     `json:"title"`
	Kind  string     `json:"kind"`
	State State      `json:"state"`
	Since *time.Time `json:"since"` // null while it waits
}

// tells is a ladder of this server, for an archive of a day; nil when nothing is
// published.
func tells(ctx context.Context, tx *db.Tx, r *row, server, day string) (*toldLadder, error) {
	if r.Version == 0 {
		return nil, nil //nolint:nilnil // a draft
	}
	t := &toldLadder{Server: server, Day: day, Name: r.Name, Version: r.Version, Steps: []toldStep{}}
	v, err := newestOf(ctx, tx, r.Campaign)
	if err != nil {
		return nil, err
	}
	stand, err := standingsOf(ctx, tx, r.Campaign)
	if err != nil {
		return nil, err
	}
	t.Hash, t.Published = v.Hash, v.Published
	for _, s := range v.Plan.Steps {
		x := toldStep{Key: s.Key, Title: s.Title, Kind: s.Kind, State: Waiting}
		if at := stand[s.Key]; at != nil {
			x.State = at.State
			if since := map[State]time.Time{Open: at.Opened, Met: at.Met, Lapsed: at.Lapsed}[at.State]; !since.IsZero() {
				x.Since = &since
			}
		}
		t.Steps = append(t.Steps, x)
	}
	return t, nil
}

// newestOf is what was published last.
func newestOf(ctx context.Context, tx *db.Tx, c id.Campaign) (v Version, err error) {
	return scanVersion(func(dest ...any) error {
		return tx.Get(ctx, `select version, plan, public_text, salt, text_hash, note, published_at from ladder_version
			where campaign_id = $1 order by version desc limit 1`, []any{string(c)}, dest...)
	})
}

// elsewhereOf is nil for a ladder of this server.
func elsewhereOf(ctx context.Context, tx *db.Tx, c id.Campaign) (*toldLadder, error) {
	text := ""
	err := tx.Get(ctx, "select told from ladder_elsewhere where campaign_id = $1", []any{string(c)}, &text)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil //nolint:nilnil // it is of this server
	}
	t := &toldLadder{}
	if err == nil {
		err = json.Unmarshal([]byte(text), t)
	}
	if err != nil {
		return nil, fmt.Errorf("read what another server told of a ladder: %w", err)
	}
	return t, nil
}

func putElsewhere(ctx context.Context, tx *db.Tx, c id.Campaign, t *toldLadder) error {
	text, err := json.Marshal(t)
	if err == nil {
		_, err = tx.Exec(ctx, "insert into ladder_elsewhere (campaign_id, told) values ($1, $2)", string(c), string(text))
	}
	if err != nil {
		return fmt.Errorf("store what another server told of a ladder: %w", err)
	}
	return nil
}

type toldData struct {
	Steps     []toldView
	Host, Day string
}

type toldView struct{ Title, State, StateName, Since string }

var toldPage = web.NewPage[toldData](pages, "pages/told.html", "pages/parts.html")

// ToldPanel is where a campaign stood on the server that its group moved from, on its
// page, until a ladder is published here.
func (w *Web) ToldPanel(c *web.Call, cid id.Campaign) (template.HTML, error) {
	var t *toldLadder
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		if t, err = elsewhereOf(c.Context(), tx, cid); err != nil || t == nil {
			return err
		}
		r, _, err := rowOf(c.Context(), tx, cid)
		if r.Version > 0 {
			t = nil
		}
		return err
	})
	if err != nil || t == nil {
		return "", err
	}
	l := c.Locale
	d := toldData{Host: (&told.Record{Server: t.Server}).Host()}
	if on, err := time.Parse(time.DateOnly, t.Day); err == nil {
		d.Day = l.DateShort(on)
	}
	for _, s := range t.Steps {
		v := toldView{Title: s.Title, State: string(s.State), StateName: l.T(s.State.name())}
		if s.Since != nil {
			v.Since = l.DateShort(*s.Since)
		}
		d.Steps = append(d.Steps, v)
	}
	return toldPage.Fragment(c, d)
}
