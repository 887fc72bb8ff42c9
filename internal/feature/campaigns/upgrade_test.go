package campaigns

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
)

// TestEventsOfBeforeFollow: events that were part of a campaign before it could
// say what to bring follow it in that, unless they say it themselves.
func TestEventsOfBeforeFollow(t *testing.T) {
	t.Parallel()
	dbtest.Upgrade(t, "202611280980", func(t *testing.T, d *db.DB) {
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return ofBefore(t, tx) }); err != nil {
			t.Fatal(err)
		}
	}, func(t *testing.T, d *db.DB) {
		got := map[string]int{}
		err := d.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Each(t.Context(), "select id, follows from event", nil, func(scan func(...any) error) error {
				var id string
				var n int
				err := scan(&id, &n)
				got[id] = n
				return err
			})
		})
		if diff := cmp.Diff(map[string]int{"follows": 3 + 16, "own": 3, "alone": 0}, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}

// ofBefore makes a campaign with an event that says nothing to bring, one that
// does, and an event of no campaign.
func ofBefore(t *testing.T, tx *db.Tx) error {
	t.Helper()
	exec := func(q string, args ...any) error {
		_, err := tx.Exec(t.Context(), q, args...)
		return err
	}
	err := exec(`insert into campaign (id, handle, form, title, lang, statement, statement_html, dates, first_day, last_day, picture, picture_alt,
		state, shown, points, template, sequence, created_at, updated_at)
		values ('c', 'c', 'c', 'C', 'en', '', '', '', 0, 0, '', '', 'open', $1, 0, 0, 0, 0, 0)`, true)
	if err != nil {
		return err
	}
	for i, e := range []struct {
		id       string
		campaign any
		follows  int
	}{{"follows", "c", 3}, {"own", "c", 3}, {"alone", nil, 0}} {
		err := exec(`insert into event (id, at_key, group_id, uid, title, description, description_html, kind, state, listed, starts_at, ends_at,
			zone, all_day, day, place, address, locality, region, country, precise, online_url, lang, access_yes, access_no, access_note,
			capacity, organizer, source_url, picture, picture_alt, sequence, was_place, created_at, updated_at, campaign_id, follows) values
			($1, $2, null, $1, 'E', '', '', 'other', 'confirmed', $3, 0, 1, 'UTC', $4, 20260101,
			'', '', '', '', '', '', '', 'en', 0, 0, '', 0, '', '', '', '', 0, '', 1, 2, $5, $6)`, e.id, i+1, true, false, e.campaign, e.follows)
		if err != nil {
			return err
		}
	}
	return exec("insert into programme (event_id, bring, bring_html, legal_help, offer, starts_at) values ('own', 'Tea', '', '', '', 0)")
}
