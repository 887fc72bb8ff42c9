package groups

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/id"
)

// Tell announces something to all members of a group, for the features that decide in
// it; the same key tells it once. A link to a page of this node begins with "/": only
// whole addresses are links in what is shown.
func (s *Service) Tell(ctx context.Context, tx *db.Tx, g id.Group, key, title, body string) error {
	body = strings.ReplaceAll(body, "](/", "]("+s.BaseURL+"/")
	html, wrong, is := render("body", body)
	if is {
		return fmt.Errorf("tell members: %s", wrong.Code)
	}
	tx.Touch("group:" + string(g))
	return insertAnnouncement(ctx, tx, g, key, Announcement{ID: s.IDs.New(), Title: title, Body: body, HTML: html})
}

// MemberOf lists the groups of a person that can act: of which they are a member, or
// at least that role.
func (s *Service) MemberOf(ctx context.Context, tx *db.Tx, p id.Person, role authz.Role) (out []Brief, err error) {
	all, roles, err := groupsOf(ctx, tx, p)
	for i, g := range all {
		if roles[i].AtLeast(role) && !g.Suspended && !g.Over() {
			out = append(out, g.Brief)
		}
	}
	return out, err
}

var handlesSQL = sync.OnceValue(func() string { return "select id, handle from person where id in (" + idPlaces() + ")" })

// Handles are those of the accounts that there are. They are for people of the same
// group.
func (s *Service) Handles(ctx context.Context, tx *db.Tx, all []id.Person) (map[id.Person]string, error) {
	out := map[id.Person]string{}
	all = slices.Clone(all)
	slices.Sort(all)
	for part := range slices.Chunk(slices.Compact(all), idsAtOnce) {
		err := tx.Each(ctx, handlesSQL(), idArgs(part), func(scan func(...any) error) error {
			var p id.Person
			var handle string
			err := scan(&p, &handle)
			out[p] = handle
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read handles: %w", err)
		}
	}
	return out, nil
}
