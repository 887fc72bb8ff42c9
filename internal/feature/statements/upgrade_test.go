package statements

import (
	"testing"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
)

// TestVersionsOfBefore: versions that were made before hashes were kept stay, and
// nothing is said of their age.
func TestVersionsOfBefore(t *testing.T) {
	t.Parallel()
	dbtest.Upgrade(t, "202611281120", func(t *testing.T, d *db.DB) {
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			for _, q := range []string{
				`insert into groups (id, handle, name, name_folded, handle_look, name_look, about, about_html, place, zone, langs, suspended, sample, created_at)
					values ('g', 'g', 'G', 'g', '', '', '', '', '', 'UTC', 'en', $1, $1, 0)`,
				`insert into statement (id, group_id, uid, slug, state, listed, day, lang, byline, tags, picture, picture_alt, revised, withdrawn, why,
					sequence, created_at, updated_at) values ('s', 'g', 'u', 's', 'published', not $1, 20260101, 'en', '', '', '', '', 0, 0, '', 0, 0, 0)`,
				"insert into statement_text (statement_id, lang, day, listed, title, markdown, html) values ('s', 'en', 20260101, not $1, 'One', 'x', '')",
				"insert into statement_text (statement_id, lang, day, listed, title, markdown, html) values ('s', 'es', 20260101, not $1, 'Uno', 'x', '')",
			} {
				if _, err := tx.Exec(t.Context(), q, false); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}, func(t *testing.T, d *db.DB) {
		err := d.Read(t.Context(), func(tx *db.Tx) error {
			s, err := byID(t.Context(), tx, "s")
			if err == nil && (s.In("es").Title != "Uno" || s.In("es").Credit != "" || s.older(s.In("es"))) {
				t.Errorf("%+v", s.Texts)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
