package identity

import (
	"encoding/json"
	"time"

	"convoke/internal/day"
	"convoke/internal/id"
)

// Held is what one table holds about a person: one row each.
type Held struct {
	Table string // its name in the file
	Title string // its name on the page, a text of the catalogue
	// Note says what else the rows hold that is not shown, as hashes; "" for
	// nothing.
	Note    string
	Columns []Column
	// Rows have a value for each column: a text, a bool, a [Day], a
	// [time.Time] or a [Said].
	Rows [][]any
}

// Column is named for programs and, with a text of the catalogue, for people.
type Column struct{ Name, Label string }

// Day is yyyymmdd, 0 for none.
type Day int

// MarshalJSON writes it as yyyy-mm-dd, or null.
func (d Day) MarshalJSON() ([]byte, error) {
	if d <= 0 {
		return []byte("null"), nil
	}
	return json.Marshal(day.ISO(int(d)))
}

// Said is a word of the server: Raw for programs, Text, of the catalogue, for
// people.
type Said struct{ Raw, Text string }

// MarshalJSON writes the word for programs.
func (s Said) MarshalJSON() ([]byte, error) { return json.Marshal(s.Raw) }

// done is an audited action.
type done string

// report is the file of all that is held about a person: one list a table.
func report(p id.Person, made time.Time, all []Held) ([]byte, error) {
	tables := map[string][]map[string]any{}
	for _, h := range all {
		rows := []map[string]any{}
		for _, r := range h.Rows {
			row := map[string]any{}
			for i, c := range h.Columns {
				row[c.Name] = r[i]
				if t, ok := r[i].(time.Time); ok && t.IsZero() {
					row[c.Name] = nil
				}
			}
			rows = append(rows, row)
		}
		tables[h.Table] = rows
	}
	return json.MarshalIndent(map[string]any{"made": made, "person": p, "tables": tables}, "", "  ")
}
