package assemblies

import (
	"context"
	"errors"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/id"
)

// Sample is an assembly of the demo that took place, with what is in its minutes.
type Sample struct {
	Input
	Form   string // key: stored twice, it is one
	Called int    // days before
	People int
	Items  []SampleItem
}

// SampleItem is an item of its agenda.
type SampleItem struct {
	ItemInput
	NotesInput
}

// CreateSample stores an assembly that took place, with minutes that everybody can read
// and that are approved, without asking who may.
func (s *Service) CreateSample(ctx context.Context, tx *db.Tx, g id.Group, in Sample) (ID, error) {
	group, err := s.Groups.ByID(ctx, tx, g)
	if err != nil {
		return "", err
	}
	old, err := assemblyBy(ctx, tx, "form", in.Form)
	if !errors.Is(err, db.ErrNoRows) {
		return old.ID, err
	}
	var x arriving
	// Its day has passed now, and was to come when it was called.
	if x.Assembly, err = in.parse(group.Zone, tx.Now().AddDate(0, -1, 0)); err != nil {
		return "", err
	}
	x.ID, x.Form, x.Group, x.State, x.Minutes = ID(s.IDs.New()), in.Form, g, Closed, MinutesPublic
	x.Notice, x.People, x.PeopleShown = Notice{Ahead: in.Called}, in.People, true
	x.Created, x.Updated, x.Approved = x.Starts.AddDate(0, 0, -in.Called), x.Ends, x.Ends
	for _, i := range in.Items {
		item, err := i.ItemInput.parse("")
		if err != nil {
			return "", err
		}
		item.ID, item.State = s.IDs.New(), Done
		owners, err := i.NotesInput.parse(&item)
		if err == nil {
			err = s.owners(ctx, tx, &x.Assembly, &item, owners, nil)
		}
		if err != nil {
			return "", err
		}
		x.items = append(x.items, item)
	}
	if err := s.store(ctx, tx, &x); err != nil {
		return "", err
	}
	return x.ID, s.giveTasks(ctx, tx, authz.Actor{}, &x.Assembly, x.items)
}
