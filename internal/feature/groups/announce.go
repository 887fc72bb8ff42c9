package groups

import (
	"context"
	"html/template"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// How long an announcement is kept, its title at most in characters, and how
// many a page shows.
const (
	keepAnnouncement = 90 * 24 * time.Hour
	maxTitle         = 120
	maxAnnouncements = 100
	panelSize        = 3
)

// Announcement is what organizers tell the members of a group.
type Announcement struct {
	ID, Title, Body string
	HTML            template.HTML
	Day             time.Time
	Key             string // tells it once: that of its form, or what [Service.Tell] was given
}

// AnnounceInput is one as it was typed. Key names the form.
type AnnounceInput struct{ Key, Title, Body string }

func (in AnnounceInput) parse() (template.HTML, error) {
	if !id.ValidSecret(in.Key) {
		return "", fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	var bad []fault.FieldError
	switch n := len([]rune(in.Title)); {
	case n == 0:
		bad = append(bad, fault.Field("title", "group.no_title", "Give it a title."))
	case n > maxTitle:
		bad = append(bad, fault.Field("title", "group.title_long", "A title has at most {max} characters.", "max", maxTitle))
	}
	html, wrong, is := render("body", in.Body)
	if strings.TrimSpace(in.Body) == "" {
		wrong, is = fault.Field("body", "group.no_body", "Write what you want to say."), true
	}
	if is {
		bad = append(bad, wrong)
	}
	return html, fault.Invalid(bad...)
}

// Announcements lists what members are told, the newest first; may says that the
// actor may tell them more.
func (s *Service) Announcements(ctx context.Context, by authz.Actor, handle string) (g Group, list []Announcement, may bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var sub authz.Subject
		var err error
		if g, sub, err = s.check(ctx, tx, by, handle, authz.SeeInside); err != nil {
			return err
		}
		may = authz.May(by, authz.Announce, sub)
		list, err = announcements(ctx, tx, g.ID, maxAnnouncements)
		return err
	})
	return g, list, may, err
}

// Announce tells the members something, for organizers. The same form twice
// tells it once.
func (s *Service) Announce(ctx context.Context, by authz.Actor, handle string, in AnnounceInput) error {
	html, wrong := in.parse()
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, _, err := s.check(ctx, tx, by, handle, authz.Announce)
		if err != nil {
			return err
		}
		if wrong != nil {
			return wrong
		}
		return insertAnnouncement(ctx, tx, g.ID, in.Key, Announcement{ID: s.IDs.New(), Title: in.Title, Body: in.Body, HTML: html})
	})
}

// Retract deletes an announcement, for organizers.
func (s *Service) Retract(ctx context.Context, by authz.Actor, handle, aid string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, _, err := s.check(ctx, tx, by, handle, authz.Announce)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, "delete from announcement where group_id = $1 and id = $2", string(g.ID), aid)
		if err == nil && n == 0 {
			err = web.ErrNotFound()
		}
		return err
	})
}
