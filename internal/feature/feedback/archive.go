package feedback

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"convoke/internal/archive"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// archivedTotal is how many gave one answer, in the archive of a group. What they
// wrote stays behind.
type archivedTotal struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
	People   int    `json:"people"`
}

const maxArchived = 20_000_000 // people

// ExportTotals returns how many gave which answer, of events where so many did
// that nobody can be known by it.
func (s *Service) ExportTotals(ctx context.Context, tx *db.Tx, es []id.Event) (map[id.Event]any, error) {
	if len(es) == 0 {
		return nil, nil
	}
	args, list := make([]any, len(es)), make([]string, len(es))
	for i, e := range es {
		args[i], list[i] = string(e), fmt.Sprintf("$%d", i+1)
	}
	rows, people := map[id.Event][]archivedTotal{}, map[id.Event]int{}
	err := tx.Each(ctx, `select event_id, question, answer, people from feedback_total where people > 0
		and event_id in (`+strings.Join(list, ", ")+") order by event_id, question, answer", args, func(scan func(...any) error) error {
		var e id.Event
		var a archivedTotal
		err := scan(&e, &a.Question, &a.Answer, &a.People)
		if a.Question == "mood" { // which everybody answers
			people[e] += a.People
		}
		rows[e] = append(rows[e], a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read totals of feedback: %w", err)
	}
	out := map[id.Event]any{}
	for e, all := range rows {
		if people[e] >= fewAnswers {
			out[e] = all
		}
	}
	return out, nil
}

// ImportTotals takes them in for a new event; see events.Attached.
func (s *Service) ImportTotals(ctx context.Context, tx *db.Tx, e id.Event, raw []byte, write bool) error {
	var all []archivedTotal
	if err := archive.Strict(raw, &all); err != nil {
		return fmt.Errorf("%w: %w", archive.ErrUnreadable, err)
	}
	seen := map[archivedTotal]bool{}
	for _, a := range all {
		key := archivedTotal{a.Question, a.Answer, 0}
		if !a.known() || seen[key] {
			return fault.Invalid(fault.Field("feedback", "feedback.answer", "Choose one of the answers."))
		}
		seen[key] = true
	}
	if !write {
		return nil
	}
	for _, a := range all {
		_, err := tx.Exec(ctx, "insert into feedback_total (event_id, question, answer, people) values ($1, $2, $3, $4)",
			string(e), a.Question, a.Answer, a.People)
		if err != nil {
			return fmt.Errorf("store totals of feedback: %w", err)
		}
	}
	return nil
}

func (a archivedTotal) known() bool {
	i := slices.IndexFunc(questions[:], func(q question) bool { return q.code == a.Question })
	return i >= 0 && a.People >= 1 && a.People <= maxArchived &&
		slices.ContainsFunc(questions[i].options, func(o option) bool { return o.code == a.Answer })
}
