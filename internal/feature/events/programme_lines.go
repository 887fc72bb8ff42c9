package events

import (
	"fmt"
	"strings"
)

// contingentLines are the contingents for a table: where and when each meets, a
// line each.
func (p *Programme) contingentLines(e *Event) []string {
	out := make([]string, 0, len(p.Contingents))
	for _, c := range p.Contingents {
		parts := []string{c.Name}
		if c.Place != "" {
			parts = append(parts, c.Place)
		}
		if t, ok := p.meets(e, c); ok {
			parts = append(parts, t.Format(minuteFormat))
		}
		out = append(out, strings.Join(parts, " · "))
	}
	return out
}

// roleLines are the roles for a table: the code or the name, and how many.
func (p *Programme) roleLines() []string {
	out := make([]string, 0, len(p.Roles))
	for _, r := range p.Roles {
		name := r.Name
		if r.Code != "" {
			name = r.Code
		}
		out = append(out, fmt.Sprintf("%s: %d", name, r.People))
	}
	return out
}
