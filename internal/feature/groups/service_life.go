package groups

import (
	"context"
	"errors"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

// Acting is [Service.Role] for whoever acts: asked in a transaction that writes, it
// notes that the group's organizers are at work. A feature asks it for the actor of a
// use case, and never for somebody whom it only looks up.
func (s *Service) Acting(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (authz.Role, error) {
	r, err := s.Role(ctx, tx, g, p)
	if err != nil || s.Acted == nil || r == authz.None || !tx.Writes() {
		return r, err
	}
	return r, s.Acted(ctx, tx, g, r)
}

// Belonging is somebody's role in a group and the day since when they belong to it;
// none and 0 for a stranger.
func (s *Service) Belonging(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (r authz.Role, since int, err error) {
	err = tx.Get(ctx, "select role, since_day from member where group_id = $1 and person_id = $2", []any{string(g), string(p)}, &r, &since)
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return r, since, err
}

// Stewards are the accounts of a group's stewards. They must not be shown.
func (s *Service) Stewards(ctx context.Context, tx *db.Tx, g id.Group) ([]id.Person, error) {
	return stewardsBut(ctx, tx, g, "")
}

// MakeSteward gives a member the helm of a quiet group, by rule. Who is no member gets
// nothing, and a coalition is refused: who looks after it is sent.
func (s *Service) MakeSteward(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error {
	if err := s.persons(ctx, tx, g); err != nil {
		return err
	}
	r, err := s.Role(ctx, tx, g, p)
	if err != nil || r == authz.None {
		return err
	}
	return putMember(ctx, tx, g, p, authz.Steward, day.Of(tx.Now()))
}

// Announced lists what members were told from one day until another, which is not
// among them, the oldest first.
func (s *Service) Announced(ctx context.Context, tx *db.Tx, g id.Group, from, until time.Time) (out []Announcement, err error) {
	all, err := announcements(ctx, tx, g, maxAnnouncements)
	for i := len(all) - 1; i >= 0; i-- {
		if a := all[i]; !a.Day.Before(from) && a.Day.Before(until) {
			out = append(out, a)
		}
	}
	return out, err
}

// Whole is [Service.ByID] with all that the group's page shows.
func (s *Service) Whole(ctx context.Context, tx *db.Tx, g id.Group) (Group, error) {
	x, err := groupByID(ctx, tx, g)
	return x, absent(err)
}
