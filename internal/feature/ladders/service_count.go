package ladders

import (
	"context"
	"fmt"
	"slices"

	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
)

// countSubject is where a count of a box is found by: part is "*" for any of its parts.
func countSubject(b leaf.ID, people int, part string) string {
	return fmt.Sprintf("%s %d %s", b, people, part)
}

func (r *resolver) count(ctx context.Context, tx *db.Tx, n *Count, w *watch) error {
	find := r.s.Elsewhere.Petition
	if n.Pledge != "" {
		find = r.s.Elsewhere.Pledge
	}
	x, ok, err := r.counting(find(ctx, tx, everybody, n.Petition+n.Pledge))
	if err != nil || !ok {
		return err
	}
	n.Box, w.Label, n.Index = x.Box.String(), x.Title, nil
	part := "-1"
	switch {
	case n.Part != "":
		at := x.part(n.Part)
		if at < 0 {
			r.fail(r.at, "gate.no_part", "“{title}” has no place or group “{part}” that counts apart.", "title", x.Title, "part", n.Part)
			return nil
		}
		n.Index, part = &at, fmt.Sprint(at)
	case n.Groups > 0:
		if n.Groups > len(x.Parts) {
			r.fail(r.at, "gate.groups", "“{title}” has {n} places or groups that count apart.", "title", x.Title, "n", len(x.Parts))
			return nil
		}
		part = "*"
	}
	w.Subject = countSubject(x.Box, n.People, part)
	if !x.Over || r.happened(w) {
		return nil
	}
	had, err := r.s.had(ctx, tx, x.Box, n, len(x.Parts))
	if err == nil && had < w.Need {
		r.fail(r.at, "gate.over", "“{title}” is closed, and had fewer people, so this can never happen.", "title", x.Title)
	}
	return err
}

// parts are those of a box of so many that a count looks at.
func (n *Count) parts(of int) (out []int) {
	switch {
	case n.Index != nil:
		return []int{*n.Index}
	case n.Groups == 0:
		return []int{box.Whole}
	}
	for p := range of {
		out = append(out, p)
	}
	return out
}

// had is how far a count is or has been, as [Gate.need] says it. of is how many parts the
// box has, 0 where that is not known.
func (s *Service) had(ctx context.Context, tx *db.Tx, b leaf.ID, n *Count, of int) (have int, err error) {
	seen, err := s.Boxes.Seen(ctx, tx, b, uint64(n.People))
	if err != nil {
		return 0, err
	}
	had := func(p int) bool { return slices.ContainsFunc(seen, func(c box.Counted) bool { return c.Part == p }) }
	if n.Groups > 0 {
		have = apart(seen)
	}
	for _, p := range n.parts(of) {
		people, err := s.Boxes.People(ctx, tx, b, p)
		switch {
		case err != nil:
			return 0, err
		case n.Groups > 0 && !had(p) && people >= uint64(n.People):
			have++
		case n.Groups == 0 && had(p):
			have = int(max(people, uint64(n.People)))
		case n.Groups == 0:
			have = int(people)
		}
	}
	return have, nil
}

// apart is how many places or groups are among what a box was seen to have.
func apart(seen []box.Counted) (n int) {
	for _, x := range seen {
		if x.Part != box.Whole {
			n++
		}
	}
	return n
}

// watchCount asks the box to tell, and takes what it has already.
func (s *Service) watchCount(ctx context.Context, tx *db.Tx, c id.Campaign, g *Gate) error {
	n := g.Count
	b, err := leaf.ParseID(n.Box)
	if err != nil {
		return err
	}
	of := 0
	if n.Groups > 0 {
		x, err := s.Elsewhere.Pledge(ctx, tx, everybody, n.Pledge)
		if err != nil {
			return err
		}
		of = len(x.Parts)
	}
	have := 0
	for _, p := range n.parts(of) {
		x, reached, err := s.Boxes.Watch(ctx, tx, b, p, uint64(n.People))
		if err != nil {
			return err
		}
		switch {
		case reached && n.Groups > 0:
			have++
		case reached:
			have = int(x.Count)
		}
	}
	if have < g.need() {
		return nil
	}
	return s.fire(ctx, tx, c, g.atom(), have, tx.Now())
}
