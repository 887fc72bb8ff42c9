package assemblies

import (
	"context"

	"convoke/internal/db"
	"convoke/internal/id"
)

// HeldRole is what a person does in one assembly, for their own eyes.
type HeldRole struct {
	Title, Group string // names
	Facilitates  bool
	Notes        bool
}

// HeldTask is a task that minutes give to a person, for their own eyes.
type HeldTask struct {
	Assembly, Task string
	Until          int // yyyymmdd; 0 is no day
}

// Held lists all that the feature holds about a person.
func (s *Service) Held(ctx context.Context, tx *db.Tx, p id.Person) (roles []HeldRole, tasks []HeldTask, err error) {
	all, err := rolesOf(ctx, tx, p)
	if err != nil {
		return nil, nil, err
	}
	for i := range all {
		a := &all[i]
		g, err := s.Groups.ByID(ctx, tx, a.Group)
		if err != nil {
			return nil, nil, err
		}
		roles = append(roles, HeldRole{a.Title, g.Name, a.Facilitator == p, a.NoteTaker == p})
	}
	tasks, err = tasksOf(ctx, tx, p)
	return roles, tasks, err
}

func rolesOf(ctx context.Context, tx *db.Tx, p id.Person) ([]Assembly, error) {
	return db.Query(ctx, tx, "select "+columns+" from assembly where facilitator_id = $1 or note_taker_id = $1 order by starts_at, id",
		[]any{string(p)}, scanAssembly)
}

func tasksOf(ctx context.Context, tx *db.Tx, p id.Person) ([]HeldTask, error) {
	return db.Query(ctx, tx, `select a.title, l.body, l.until_day from assembly_line l join assembly_item i on i.id = l.item_id
		join assembly a on a.id = i.assembly_id where l.owner_id = $1 order by a.starts_at, a.id, i.n, l.n`, []any{string(p)},
		func(scan func(...any) error) (HeldTask, error) {
			var t HeldTask
			return t, scan(&t.Assembly, &t.Task, &t.Until)
		})
}
