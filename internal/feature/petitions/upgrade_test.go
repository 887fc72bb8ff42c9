package petitions

import (
	"testing"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
)

// TestConfirmedOfBefore: of addresses that were confirmed before, it is forgotten
// when they came; those that wait are still dropped in time. Rolls stay.
func TestConfirmedOfBefore(t *testing.T) {
	t.Parallel()
	dbtest.Upgrade(t, "202611281130", func(t *testing.T, d *db.DB) {
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return followed(t, tx) }); err != nil {
			t.Fatal(err)
		}
	}, func(t *testing.T, d *db.DB) {
		var asked, waiting, issued int
		err := d.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), `select (select asked_at from petition_follower where confirmed),
				(select asked_at from petition_follower where not confirmed),
				(select r.issued from petition p join box b on b.id = p.box_id join roll r on r.id = b.roll_id)`, nil, &asked, &waiting, &issued)
		})
		if err != nil || asked != 0 || waiting != 5 || issued != 3 {
			t.Errorf("confirmed %d, waiting %d, issued %d: %v", asked, waiting, issued, err)
		}
	})
}

// followed makes an open petition of members, with one address that is confirmed
// and one that is not.
func followed(t *testing.T, tx *db.Tx) error {
	t.Helper()
	for _, x := range []struct {
		q    string
		args []any
	}{
		{`insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)
			values ('g', 'g', 'G', 'g', '', '', '', 'UTC', 'en', $1, $1, 0)`, []any{false}},
		{"insert into roll (id, manifest, gate, group_id, ended, issued, assisted) values ('r', $1, 'members', 'g', $2, 3, 0)", []any{[]byte{1}, false}},
		{`insert into box (id, roll_id, slot, kind, manifest, closed, closes_at, counted, withdrawn, declared, done)
			values ('b', 'r', 0, 'petition', $1, $2, 0, 0, 0, 0, 0)`, []any{[]byte{1}, false}},
		{`insert into petition (id, group_id, campaign_id, form, slug, state, listed, placed, gate, lang, addressee, title, markdown, html, stages,
			opens, closes, box_id, roll_id, salt, eligible, codes, delivered, reply_by, silent_at, silent, refused, expires_at, told_at,
			sequence, created_at, updated_at) values ('p', 'g', null, 'f', 's', 'open', $1, 0, 'members', 'en', '', '', '', '', '',
			0, 0, 'b', 'r', '', 0, 0, 0, 0, 0, $2, $2, 0, 0, 0, 0, 0)`, []any{true, false}},
		{"insert into petition_follower (petition_id, tag, link, confirmed, asked_at, sealed) values ('p', $1, $1, $2, 5, $1)", []any{[]byte{1}, true}},
		{"insert into petition_follower (petition_id, tag, link, confirmed, asked_at, sealed) values ('p', $1, $1, $2, 5, $1)", []any{[]byte{2}, false}},
	} {
		if _, err := tx.Exec(t.Context(), x.q, x.args...); err != nil {
			return err
		}
	}
	return nil
}
