package assemblies

import (
	"context"
	"fmt"
	"slices"
	"time"

	"convoke/internal/db"
	"convoke/internal/id"
)

// news is what members are told of an assembly.
type news string

const (
	newCall  news = "called"
	newPlace news = "moved"
	newOff   news = "off"
)

// TellKey begins the key of what members are told of assemblies.
const TellKey = "assembly "

// maxTold is how long the title of what members are told can be.
const maxTold = 120

// tell announces a call, or what became of it, to the members of the group. Those of a
// coalition are groups: their members are told, too, unless the assembly is for members
// of the coalition only, who are its delegates.
func (s *Service) tell(ctx context.Context, tx *db.Tx, a *Assembly, g Group, what news) error {
	to := []id.Group{g.ID}
	if a.Public {
		parts, err := s.Coalitions.Members(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		to = append(to, parts...)
	}
	l := s.Locales.Match(append(slices.Clone(g.Langs), a.Lang)...)
	title := l.T("Assembly: {title}", "title", a.Title)
	switch what {
	case newPlace:
		title = l.T("Assembly moved: {title}", "title", a.Title)
	case newOff:
		title = l.T("Assembly called off: {title}", "title", a.Title)
	case newCall:
	}
	if r := []rune(title); len(r) > maxTold {
		title = string(r[:maxTold-1]) + "…"
	}
	body := when(l, a) + " (" + a.Zone + ")"
	if a.Notice.Urgent {
		body = l.T("Urgent.") + " " + body
	}
	if a.Place != "" {
		body += "\n\n" + l.T("Place") + ": " + plain(a.Place)
	}
	body += "\n\n[" + l.T("Read the call") + "](" + a.url() + ")"
	key := fmt.Sprintf("%s%s %s %d", TellKey, a.ID, what, a.Sequence)
	for _, gid := range to {
		if err := s.Groups.Tell(ctx, tx, gid, key, title, body); err != nil {
			return err
		}
	}
	return nil
}

// moved reports whether those who come would come to the wrong place, or at the wrong time.
func (a *Assembly) moved(next *Assembly) bool {
	return !a.Starts.Equal(next.Starts) || !a.Ends.Equal(next.Ends) || a.Place != next.Place || a.OnlineURL != next.OnlineURL
}

// Changed lists assemblies of a group that are still to come, or would be, and were called,
// changed or called off from one moment until another: for members, or those that everybody
// may know of.
func (s *Service) Changed(ctx context.Context, tx *db.Tx, g id.Group, members bool, from, until time.Time, limit int) ([]Assembly, error) {
	return changedOf(ctx, tx, g, members, from, until, limit)
}
