package groups

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"convoke/internal/db"
	"convoke/internal/id"
)

// maxPrefix is how many letters of a word tell it from others in a search.
const maxPrefix = 16

// prefixes are all beginnings of the words of a group, so that a search for one
// reads nothing but the groups that it finds.
func prefixes(g Group, folded string) []string {
	var out []string
	for _, w := range strings.Fields(folded + " " + strings.ReplaceAll(g.Handle, "-", " ")) {
		r := []rune(w)
		for n := range min(len(r), maxPrefix) {
			out = append(out, string(r[:n+1]))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// queryPrefixes are the words of a folded query, the longest first: it is the
// rarest, most likely.
func queryPrefixes(folded string) []string {
	var out []string
	for _, w := range strings.Fields(folded) {
		out = append(out, short(w, maxPrefix))
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(out)
}

// putPrefixes replaces what a group is found by.
func putPrefixes(ctx context.Context, tx *db.Tx, g Group, folded string) error {
	if _, err := tx.Exec(ctx, "delete from group_prefix where group_id = $1", string(g.ID)); err != nil {
		return fmt.Errorf("delete prefixes: %w", err)
	}
	args := []any{folded, string(g.ID)}
	var rows []string
	for _, p := range prefixes(g, folded) {
		args = append(args, p)
		rows = append(rows, fmt.Sprintf("($%d, $1, $2)", len(args)))
	}
	_, err := tx.Exec(ctx, "insert into group_prefix (prefix, name_folded, group_id) values "+strings.Join(rows, ", "), args...)
	if err != nil {
		return fmt.Errorf("insert prefixes: %w", err)
	}
	return nil
}

// cursor is a place in the list; the zero cursor is before all groups.
type cursor struct {
	folded string
	id     id.Group
}

// listQuery walks along one index, in the order of folded names, and stops after
// a page: that of all groups, or that of the longest word.
func listQuery(words []string, from cursor, limit int) (query string, args []any) {
	args = []any{from.folded, string(from.id), false, limit}
	query, key := "from groups g where", "(g.name_folded, g.id)"
	for i, w := range words {
		args = append(args, w)
		if i == 0 {
			query, key = "from group_prefix p join groups g on g.id = p.group_id where p.prefix = $5 and", "(p.name_folded, p.group_id)"
			continue
		}
		query += fmt.Sprintf(" exists (select 1 from group_prefix x where x.prefix = $%d and x.name_folded = p.name_folded and x.group_id = p.group_id) and", len(args))
	}
	query = selectGroup(query) + " " + key + " > ($1, $2) and g.suspended = $3 order by " + strings.Trim(key, "()") + " limit $4"
	return query, args
}

// listGroups reads one page of the public list.
func listGroups(ctx context.Context, tx *db.Tx, words []string, from cursor, limit int) ([]Group, error) {
	q, args := listQuery(words, from, limit)
	return db.Query(ctx, tx, q, args, scanGroup)
}
