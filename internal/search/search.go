// Package search finds rows by words, with the same results on both engines.
//
// Words are made here, not by the engines: folded (no case, no diacritics) and
// separated, so that FTS5 and tsvector only keep sets of them. A row is found
// when it has all words of the query. The row id orders the results; callers
// choose one that sorts by time.
package search

import (
	"context"
	"fmt"
	"strings"

	"convoke/internal/db"
	"convoke/internal/geo"
)

// Bounds of what is indexed and asked.
const (
	maxWords      = 3000
	maxWord       = 64 // bytes; longer words are cut
	maxQueryWords = 12
)

// Words folds and separates text.
func Words(text string) []string {
	ws := strings.Fields(geo.Fold(text))
	if len(ws) > maxWords {
		ws = ws[:maxWords]
	}
	for i, w := range ws {
		if len(w) > maxWord {
			ws[i] = strings.ToValidUTF8(w[:maxWord], "")
		}
	}
	return ws
}

// tag makes a word that no text holds: folded words never mix a digit between
// these letters, and both engines keep it whole.
func tag(t string) string {
	return "q9z" + strings.ReplaceAll(geo.Fold(t), " ", "x") + "z9q"
}

// Put indexes text and tags under row, which must not be indexed yet. Tags are
// exact: they are found by [Match]'s tags, never by its words.
func Put(ctx context.Context, tx *db.Tx, row int64, text string, tags ...string) error {
	ws := Words(text)
	for _, t := range tags {
		ws = append(ws, tag(t))
	}
	q := "insert into event_text (rowid, words) values ($1, $2)"
	if tx.Engine() == db.Postgres {
		q = "insert into event_text (rowid, words) values ($1, array_to_tsvector(array_remove(string_to_array($2, ' '), '')))"
	}
	if _, err := tx.Exec(ctx, q, row, strings.Join(ws, " ")); err != nil {
		return fmt.Errorf("index words: %w", err)
	}
	return nil
}

// Remove forgets row.
func Remove(ctx context.Context, tx *db.Tx, row int64) error {
	if _, err := tx.Exec(ctx, "delete from event_text where rowid = $1", row); err != nil {
		return fmt.Errorf("unindex words: %w", err)
	}
	return nil
}

// Match is the argument that [Condition] compares with; ok is false when the
// query holds no word and there is no tag.
func Match(e db.Engine, query string, tags ...string) (arg string, ok bool) {
	ws := Words(query)
	if len(ws) > maxQueryWords {
		ws = ws[:maxQueryWords]
	}
	for _, t := range tags {
		ws = append(ws, tag(t))
	}
	if len(ws) == 0 {
		return "", false
	}
	for i, w := range ws {
		// Folded words hold letters, marks and digits only, but quoting does not
		// depend on that.
		if e == db.Postgres {
			ws[i] = "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(w) + "'"
		} else {
			ws[i] = `"` + strings.ReplaceAll(w, `"`, `""`) + `"`
		}
	}
	if e == db.Postgres {
		return strings.Join(ws, " & "), true
	}
	return strings.Join(ws, " "), true
}

// AnyOf narrows an argument made by [Match], or an empty one, to rows that have
// at least one of the tags.
func AnyOf(e db.Engine, match string, tags ...string) string {
	or, and, quote := " OR ", " AND ", `"`
	if e == db.Postgres {
		or, and, quote = " | ", " & ", "'"
	}
	all := make([]string, len(tags))
	for i, t := range tags {
		all[i] = quote + tag(t) + quote
	}
	group := "(" + strings.Join(all, or) + ")"
	if match == "" {
		return group
	}
	return match + and + group
}

// Condition is the SQL that restricts event_text, named t, to what matches the
// placeholder.
func Condition(e db.Engine, placeholder string) string {
	if e == db.Postgres {
		return "t.words @@ cast(" + placeholder + " as tsquery)"
	}
	return "t.event_text match " + placeholder
}
