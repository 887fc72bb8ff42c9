package groups

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"convoke/internal/archive"
	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/handle"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/plaintext"
	"convoke/internal/web"
)

// Archive writes all that a group owns into w, for stewards. Nobody is in it. Who
// took it is noted once it is whole: on an error, w is of no use.
func (s *Service) Archive(ctx context.Context, by authz.Actor, handle string, w io.Writer) error {
	g, err := s.Archivable(ctx, by, handle, authz.ExportGroup)
	if err != nil {
		return err
	}
	if err := s.Export(ctx, g.ID, w); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, _, err := s.check(ctx, tx, by, handle, authz.ExportGroup); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "export group", string(g.ID))
	})
}

// The parts of an archive that are the group's own.
const (
	groupFile        = "group.json"
	membersFile      = "members.json"
	conductFile      = "conduct.json"
	announcementFile = "announcements.json"
)

// archivedGroup is the group in its archive. Ended and MovedTo tell what happened
// on the server that wrote it, and are not taken in.
type archivedGroup struct {
	ID        id.Group  `json:"id"`
	Handle    string    `json:"handle"`
	Name      string    `json:"name"`
	About     string    `json:"about"` // Markdown
	Place     string    `json:"place"`
	Lat       *float64  `json:"lat,omitempty"`
	Lon       *float64  `json:"lon,omitempty"`
	Zone      string    `json:"zone"`
	Languages []string  `json:"languages"`
	Joining   Joining   `json:"joining"`
	Welcome   string    `json:"welcome"` // Markdown
	Conduct   int       `json:"conduct"` // the version that counts; 0 is none
	Created   time.Time `json:"created"`
	Ended     string    `json:"ended,omitempty"`
	MovedTo   string    `json:"moved_to,omitempty"`
}

// archivedMembers counts the members, and is for reading only.
type archivedMembers struct {
	Stewards   int `json:"stewards"`
	Organizers int `json:"organizers"`
	Members    int `json:"members"`
}

type archivedConduct struct {
	Version int    `json:"version"`
	Body    string `json:"body"` // Markdown
	Day     string `json:"day"`
}

type archivedAnnouncement struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Body  string `json:"body"` // Markdown
	Day   string `json:"day"`
}

func archivedOf(g Group, welcome string) archivedGroup {
	a := archivedGroup{
		ID: g.ID, Handle: g.Handle, Name: g.Name, About: g.About, Place: g.Place, Zone: g.Zone, Languages: append([]string{}, g.Langs...),
		Joining: g.Joining, Welcome: welcome, Conduct: g.Conduct, Created: g.Created, Ended: g.endDay(), MovedTo: g.MovedTo,
	}
	if g.HasPoint {
		a.Lat, a.Lon = &g.Lat, &g.Lon
	}
	return a
}

// ExportGroup writes the group's own parts of its archive.
func (s *Service) ExportGroup(ctx context.Context, tx *db.Tx, gid id.Group, w *archive.Writer) error {
	g, err := groupByID(ctx, tx, gid)
	if err != nil {
		return absent(err)
	}
	welcome, _, err := welcomeOf(ctx, tx, gid)
	if err != nil {
		return err
	}
	if err := w.JSON(groupFile, archivedOf(g, welcome)); err != nil {
		return err
	}
	counts, err := countRoles(ctx, tx, gid)
	if err != nil {
		return err
	}
	if err := w.JSON(membersFile, counts); err != nil {
		return err
	}
	if err := w.List(conductFile, func(add func(any) error) error {
		last, err := lastConduct(ctx, tx, gid)
		for v := 1; v <= last && err == nil; v++ {
			var t Text
			if t, err = conductOf(ctx, tx, gid, v); err == nil {
				err = add(archivedConduct{t.Version, t.Body, day.ISO(t.Day)})
			} else if errors.Is(err, db.ErrNoRows) {
				err = nil // a file that came in without it
			}
		}
		return err
	}); err != nil {
		return err
	}
	return w.List(announcementFile, func(add func(any) error) error {
		all, err := announcements(ctx, tx, gid, maxAnnouncements)
		for _, a := range all {
			if err == nil {
				err = add(archivedAnnouncement{a.ID, a.Title, a.Body, a.Day.Format(time.DateOnly)})
			}
		}
		return err
	})
}

// parse checks what a file says of a group as strictly as the form does.
func (a archivedGroup) parse(in *archive.Import, fold func(string) string) (g Group, set SettingsInput, err error) {
	var bad []fault.FieldError
	add := func(f fault.FieldError, yes bool) {
		if yes {
			bad = append(bad, f)
		}
	}
	g.ID, g.Handle, g.Name = a.ID, handle.Fold(a.Handle), plaintext.Line(a.Name)
	add(checkName(g.Name, fold))
	add(handles().Check(g.Handle))
	add(g.setAbout(plaintext.Text(a.About)))
	add(g.setLangs(a.Languages))
	g.Place, g.Zone, g.Created, g.Conduct = plaintext.Line(a.Place), a.Zone, in.Moment(a.Created), a.Conduct
	if len(g.Place) > maxPlace {
		bad = append(bad, fault.Field("place", "group.place_long", "Type only the town, or its postcode."))
	}
	if !geo.KnownZone(g.Zone) {
		bad = append(bad, fault.Field("zone", "group.zone", "There is no time zone of that name."))
	}
	if a.Lat != nil && a.Lon != nil {
		g.Lat, g.Lon, g.HasPoint = *a.Lat, *a.Lon, true
		if !(geo.Point{Lat: g.Lat, Lon: g.Lon}).Valid() {
			bad = append(bad, fault.Field("lat", "group.point", "There is no such place on Earth."))
		}
	}
	g.Joining = a.Joining
	set = SettingsInput{Joining: a.Joining, Welcome: plaintext.Text(a.Welcome)}
	if _, err := set.parse(); err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	}
	if a.Conduct < 0 {
		bad = append(bad, fault.Field("conduct", "group.conduct_version", "There is no such version."))
	}
	return g, set, fault.Invalid(bad...)
}

// ErrHandleTaken says that another group here has the handle of an archive.
var ErrHandleTaken = errors.New("another group here has this handle: choose another one with --handle")

// ImportGroup finds the group of an archive here, or makes it, without members.
// as is the handle that it gets, "" for the one that it had. A group that is here
// is only compared.
func (s *Service) ImportGroup(ctx context.Context, tx *db.Tx, in *archive.Import, as string) (Brief, error) {
	var a archivedGroup
	if err := in.JSON(groupFile, &a); err != nil {
		return Brief{}, err
	}
	if a.ID != in.Manifest.Group.ID {
		return Brief{}, fmt.Errorf("%w: %s is about another group than the manifest", archive.ErrUnreadable, groupFile)
	}
	old, err := groupByID(ctx, tx, a.ID)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return Brief{}, err
	}
	if in.There = err == nil; !in.There && as != "" {
		a.Handle = as
	}
	g, set, err := a.parse(in, s.Fold)
	if text, is := in.Report.Wrong(err); is {
		return Brief{}, fmt.Errorf("%w: %s: %s", archive.ErrUnreadable, groupFile, text)
	} else if err != nil {
		return Brief{}, err
	}
	in.Group = g.ID
	if in.There {
		return s.compareGroup(ctx, tx, in, old, g, set, as)
	}
	if _, err := groupByHandle(ctx, tx, g.Handle); err == nil {
		return Brief{}, fmt.Errorf("%w (%s)", ErrHandleTaken, g.Handle)
	} else if !errors.Is(err, db.ErrNoRows) {
		return Brief{}, err
	}
	if g.Name != a.Name || g.About != a.About {
		in.Report.Note("group", string(g.ID), archive.CodeCharacters, i18n.Mark("Characters that could deceive readers were taken out."))
	}
	if other, err := alike(ctx, tx, g); err != nil {
		return Brief{}, err
	} else if other != "" {
		in.Report.Note("group", string(g.ID), archive.CodeLookAlike, i18n.Mark("People could take it for “{name}”, which is here already."), "name", other)
	}
	in.Report.New("group")
	if in.Write {
		if err := s.putImported(ctx, tx, g, set); err != nil {
			return Brief{}, err
		}
	}
	return g.Brief, s.importTexts(ctx, tx, in)
}

func (s *Service) putImported(ctx context.Context, tx *db.Tx, g Group, set SettingsInput) error {
	html, err := set.parse()
	if err != nil {
		return err
	}
	ok, err := insertGroup(ctx, tx, g, s.Fold(g.Name))
	if err == nil && !ok {
		err = ErrHandleTaken
	}
	if err == nil {
		err = putSettings(ctx, tx, g.ID, set, html)
	}
	if err == nil {
		err = putCreated(ctx, tx, g)
	}
	tx.Touch("groups", "group:"+string(g.ID))
	return err
}

// compareGroup changes nothing.
func (s *Service) compareGroup(ctx context.Context, tx *db.Tx, in *archive.Import, old, g Group, set SettingsInput, as string) (Brief, error) {
	if as != "" && handle.Fold(as) != old.Handle {
		return Brief{}, fmt.Errorf("this group is here already, with the handle %q, which never changes", old.Handle)
	}
	welcome, _, err := welcomeOf(ctx, tx, old.ID)
	if err != nil {
		return Brief{}, err
	}
	here, there := archivedOf(old, welcome), archivedOf(g, set.Welcome)
	for _, a := range [...]*archivedGroup{&here, &there} {
		a.Handle, a.Ended, a.MovedTo = "", "", ""
	}
	if archive.Same(here, there) {
		in.Report.Unchanged("group")
	} else {
		in.Report.Differs("group", string(g.ID))
	}
	return old.Brief, s.importTexts(ctx, tx, in)
}

// importTexts takes in rules of conduct and announcements.
func (s *Service) importTexts(ctx context.Context, tx *db.Tx, in *archive.Import) error {
	last, kept := 0, 0
	current := 0
	err := archive.Each(in.Reader, conductFile, func(n int, row *archivedConduct) error {
		ok, err := s.importConduct(ctx, tx, in, row, last)
		last = max(last, row.Version)
		if ok {
			kept = row.Version
		}
		return err
	})
	if err != nil {
		return err
	}
	var a archivedGroup
	if err := in.JSON(groupFile, &a); err != nil {
		return err
	}
	if current = a.Conduct; current > kept {
		current = 0 // its text was left out
	}
	if in.Write && !in.There {
		if err := setConduct(ctx, tx, in.Group, current); err != nil {
			return err
		}
	}
	return archive.Each(in.Reader, announcementFile, func(n int, row *archivedAnnouncement) error {
		return s.importAnnouncement(ctx, tx, in, row)
	})
}

func (s *Service) importConduct(ctx context.Context, tx *db.Tx, in *archive.Import, row *archivedConduct, last int) (bool, error) {
	const part = "conduct"
	name := fmt.Sprint(row.Version)
	d, ok := day.Read(row.Day)
	t := Text{Version: row.Version, Body: plaintext.Text(row.Body), Day: d}
	html, wrong, is := render("body", t.Body)
	switch {
	case is:
		in.Report.Leave(part, name, archive.CodeInvalid, wrong.Msg, wrong.Args...)
		return false, nil
	case !ok, row.Version <= last, row.Version > 1_000_000, t.Body == "":
		in.Report.Leave(part, name, archive.CodeInvalid, i18n.Mark("The version, its day or its text is not one."))
		return false, nil
	}
	t.HTML = html
	if in.There {
		old, err := conductOf(ctx, tx, in.Group, t.Version)
		switch {
		case errors.Is(err, db.ErrNoRows):
			in.Report.Missing(part, name)
		case err != nil:
			return false, err
		case old.Body == t.Body && old.Day == t.Day:
			in.Report.Unchanged(part)
		default:
			in.Report.Differs(part, name)
		}
		return true, nil
	}
	in.Report.New(part)
	if !in.Write {
		return true, nil
	}
	return true, putConduct(ctx, tx, in.Group, t)
}

func (s *Service) importAnnouncement(ctx context.Context, tx *db.Tx, in *archive.Import, row *archivedAnnouncement) error {
	const part = "announcements"
	d, ok := day.Read(row.Day)
	typed := AnnounceInput{Key: row.ID, Title: plaintext.Line(row.Title), Body: plaintext.Text(row.Body)}
	html, err := typed.parse()
	if in.Report.Invalid(part, row.ID, err) {
		return nil
	}
	if err != nil || !ok || !id.Valid(row.ID) || day.Time(d).After(in.Now) {
		in.Report.Leave(part, row.ID, archive.CodeInvalid, i18n.Mark("It has no day or no name that could be right."))
		return nil
	}
	old, err := announcementIn(ctx, tx, in.Group, movedUID(row.ID), row.ID)
	switch {
	case err == nil && old.Title == typed.Title && old.Body == typed.Body && old.Day.Equal(day.Time(d)):
		in.Report.Unchanged(part)
		return nil
	case err == nil:
		in.Report.Differs(part, row.ID)
		return nil
	case !errors.Is(err, db.ErrNoRows):
		return err
	case in.There:
		in.Report.Missing(part, row.ID)
		return nil
	case !day.Time(d).Add(keepAnnouncement).After(in.Now):
		in.Report.Leave(part, row.ID, archive.CodeExpired, i18n.Mark("It was to be kept for 90 days, which are over."))
		return nil
	}
	a := Announcement{ID: row.ID, Title: typed.Title, Body: typed.Body, HTML: html, Day: day.Time(d)}
	if taken, err := announcementTaken(ctx, tx, row.ID); err != nil {
		return err
	} else if taken {
		a.ID = s.IDs.New()
		in.Report.Rename(part, row.ID, a.ID)
	}
	in.Report.New(part)
	if !in.Write {
		return nil
	}
	return putAnnouncement(ctx, tx, in.Group, movedUID(row.ID), a)
}

// movedUID is by what something is found again that came in with an archive.
func movedUID(old string) string { return "moved:" + old }

// InviteFirst makes the link for the first steward of a group that came in with an
// archive, for whoever runs the server.
func (s *Service) InviteFirst(ctx context.Context, tx *db.Tx, g id.Group) (path string, err error) {
	b, err := s.ByID(ctx, tx, g)
	if err != nil {
		return "", err
	}
	if b.Over() || b.Suspended {
		return "", web.ErrNotFound()
	}
	secret, err := s.Invitations.Invite(ctx, tx, g, authz.Steward, "", invitationTTL, "")
	return "/invitations/" + secret, err
}
