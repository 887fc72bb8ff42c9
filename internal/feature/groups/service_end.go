package groups

import (
	"context"
	"net/url"
	"strings"
	"time"
	"unicode"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// keepEnded is how long a group that ended can go on after all. Then what only
// served its members is deleted.
const keepEnded = 30 * 24 * time.Hour

// maxMoved bounds the address at which a group is now.
const maxMoved = 500

// Archivable returns a group for a steward who may do that to it.
func (s *Service) Archivable(ctx context.Context, by authz.Actor, handle string, do authz.Action) (Group, error) {
	var g Group
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		g, _, err = s.check(ctx, tx, by, handle, do)
		return err
	})
	return g, err
}

// End ends a group's work for good, or within [keepEnded] takes it up again, for
// stewards. Its pages, events and texts stay; nothing is added to them.
func (s *Service) End(ctx context.Context, by authz.Actor, handle string, ended bool) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, _, err := s.check(ctx, tx, by, handle, authz.EndGroup)
		if err != nil || g.Over() == ended {
			return err
		}
		action, at := "end group", tx.Now()
		if !ended {
			if !g.Ended.Add(keepEnded).After(tx.Now()) {
				return fault.Conflict("group.ended_for_good", "This group ended its work more than 30 days ago, so it cannot take it up again. Start a new one.")
			}
			action, at = "reopen group", time.Time{}
		}
		if err := setEnded(ctx, tx, g.ID, at); err != nil {
			return err
		}
		tx.Touch("*")
		if err := s.Audit(ctx, tx, by.Person, action, string(g.ID)); err != nil {
			return err
		}
		return s.Facts.Emit(ctx, tx, fact.GroupEnded{Group: g.ID, Ended: ended})
	})
}

// SetMovedTo says at which address a group is now, "" for this one, for
// stewards. Its page and those of its events lead there.
func (s *Service) SetMovedTo(ctx context.Context, by authz.Actor, handle, to string) error {
	wrong := checkMoved(to)
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, _, err := s.check(ctx, tx, by, handle, authz.MoveGroup)
		if err != nil {
			return err
		}
		if wrong != nil {
			return wrong
		}
		if g.MovedTo == to {
			return nil
		}
		if err := setMovedTo(ctx, tx, g.ID, to); err != nil {
			return err
		}
		tx.Touch("*")
		return s.Audit(ctx, tx, by.Person, "move group", string(g.ID))
	})
}

func checkMoved(to string) error {
	if to == "" {
		return nil
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(to) > maxMoved ||
		strings.ContainsFunc(to, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return fault.Invalid(fault.Field("moved_to", "group.moved_to", "Write a full address that begins with https://, or leave it empty."))
	}
	return nil
}

// endDay is the day on which the group ended its work, as 2026-11-28, or "".
func (b Brief) endDay() string {
	if !b.Over() {
		return ""
	}
	return b.Ended.Format(time.DateOnly)
}

// Until is the last moment at which the group can take its work up again.
func (b Brief) Until() time.Time { return b.Ended.Add(keepEnded) }

// clearEnded deletes what only served the members of groups that ended.
func (s *Service) clearEnded(ctx context.Context) error {
	for {
		var due []id.Group
		err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
			due, err = clearable(ctx, tx, tx.Now().Add(-keepEnded), 20)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		for _, g := range due {
			if err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.clear(ctx, tx, g) }); err != nil {
				return err
			}
		}
	}
}

func (s *Service) clear(ctx context.Context, tx *db.Tx, gid id.Group) error {
	g, err := groupByID(ctx, tx, gid)
	if err != nil || !g.Over() || g.Ended.Add(keepEnded).After(tx.Now()) {
		return err // it went on meanwhile
	}
	if err := clearGroup(ctx, tx, gid); err != nil {
		return err
	}
	tx.Touch("group:" + string(gid))
	return s.Facts.Emit(ctx, tx, fact.GroupCleared{Group: gid})
}
