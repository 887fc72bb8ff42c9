package campaigns

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"convoke/internal/archive"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/plaintext"
)

const (
	archivePart = "campaigns"
	archiveFile = "campaigns.json"
)

// ExportGroup writes the campaigns that a group owns, drafts too, and those that
// it endorses.
func (s *Service) ExportGroup(ctx context.Context, tx *db.Tx, g id.Group, w *archive.Writer) error {
	return w.List(archiveFile, func(add func(any) error) error {
		owned, err := campaignsOf(ctx, tx, g, Owns)
		if err != nil {
			return err
		}
		had := map[id.Campaign]bool{}
		for _, c := range owned {
			had[c.ID] = true
			if err := s.exportCampaign(ctx, tx, g, w, c, partOwner, add); err != nil {
				return err
			}
		}
		endorsed, err := endorsedBy(ctx, tx, g)
		if err != nil {
			return err
		}
		for _, c := range endorsed {
			if had[c.ID] {
				continue
			}
			if err := s.exportCampaign(ctx, tx, g, w, c, partEndorser, add); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) exportCampaign(ctx context.Context, tx *db.Tx, g id.Group, w *archive.Writer, c Campaign, part string, add func(any) error) error {
	x, err := wholeOf(ctx, tx, c, g, part == partOwner)
	if err != nil {
		return fmt.Errorf("read campaign %s: %w", c.Handle, err)
	}
	a := archivedOf(&x, part)
	if a.Picture, err = w.PictureName(ctx, c.Picture); err != nil {
		return err
	}
	owners, err := ownersOf(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	endorsers, err := endorsementsOf(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	for _, o := range owners {
		if o.State == Owns {
			if a.Owners, err = s.archivedName(ctx, tx, a.Owners, o.Group); err != nil {
				return err
			}
		}
	}
	for _, e := range endorsers {
		if a.Endorsers, err = s.archivedName(ctx, tx, a.Endorsers, e.Group); err != nil {
			return err
		}
	}
	return add(a)
}

// archivedName adds a group that everybody may know of.
func (s *Service) archivedName(ctx context.Context, tx *db.Tx, all []archivedGroup, g id.Group) ([]archivedGroup, error) {
	x, err := s.Groups.ByID(ctx, tx, g)
	if err != nil || x.Suspended {
		return all, err
	}
	return append(all, archivedGroup{x.Handle, x.Name}), nil
}

// wholeOf reads a campaign with all that it says; templates are for owners.
func wholeOf(ctx context.Context, tx *db.Tx, c Campaign, g id.Group, owner bool) (whole, error) {
	w := whole{Campaign: c}
	var err error
	if w.texts, err = textsOf(ctx, tx, c.ID); err != nil {
		return w, err
	}
	if w.demands, err = demandsOf(ctx, tx, c.ID); err != nil {
		return w, err
	}
	for v := 1; v <= c.Points; v++ {
		p, err := pointsOf(ctx, tx, c.ID, v)
		if err != nil {
			return w, err
		}
		w.points = append(w.points, p)
	}
	for v := 1; v <= c.Template && owner; v++ {
		t, err := templateOf(ctx, tx, c.ID, v)
		if err != nil {
			return w, err
		}
		w.templates = append(w.templates, t)
	}
	w.endorsed, err = endorsedVersion(ctx, tx, c.ID, g)
	return w, err
}

// ImportGroup takes in the campaigns of an archive. The group owns alone what it
// owned with others: they decide for themselves. A group that was here before is
// only compared.
func (s *Service) ImportGroup(ctx context.Context, tx *db.Tx, in *archive.Import) error {
	in.Campaigns = map[string]id.Campaign{}
	seen := map[string]bool{}
	return archive.Each(in.Reader, archiveFile, func(_ int, row *archivedCampaign) error {
		if seen[row.ID] {
			in.Report.Leave(archivePart, row.ID, archive.CodeInvalid, i18n.Mark("Another row of the file has this id."))
			return nil
		}
		seen[row.ID] = true
		w, err := row.parse(in, s.Events.CheckTemplate)
		if in.Report.Invalid(archivePart, row.ID, err) {
			return nil
		}
		if err != nil {
			return err
		}
		old, err := campaignBy(ctx, tx, "id", row.ID)
		if errors.Is(err, db.ErrNoRows) {
			old, err = campaignBy(ctx, tx, "form", "moved:"+row.ID)
		}
		here := err == nil
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return err
		}
		switch {
		case row.Part == partEndorser:
			return s.importEndorsement(ctx, tx, in, &w, &old, here)
		case row.Part != partOwner:
			in.Report.Leave(archivePart, row.ID, archive.CodeInvalid, i18n.Mark("It does not say what the group is to it."))
			return nil
		case here:
			return s.compareCampaign(ctx, tx, in, &old, &w, row)
		case in.There:
			in.Report.Missing(archivePart, row.ID)
			return nil
		}
		return s.addArchived(ctx, tx, in, &w, row)
	})
}

func (s *Service) importEndorsement(ctx context.Context, tx *db.Tx, in *archive.Import, w *whole, old *Campaign, here bool) error {
	if !here {
		in.Report.Leave(archivePart, string(w.ID), archive.CodeElsewhere,
			i18n.Mark("The group endorses it, and it is not on this server. It can be endorsed there again: {url}"),
			"url", strings.TrimSuffix(in.Manifest.Node, "/")+"/campaigns/"+w.Handle)
		return nil
	}
	version, err := endorsedVersion(ctx, tx, old.ID, in.Group)
	if err != nil {
		return err
	}
	points, err := pointsOf(ctx, tx, old.ID, w.endorsed)
	if err != nil {
		return err
	}
	shown, err := s.shown(ctx, tx, old)
	switch {
	case err != nil:
		return err
	case version == w.endorsed && version > 0:
		in.Report.Unchanged(archivePart)
	case in.There:
		in.Report.Differs(archivePart, string(w.ID))
	case !shown || w.endorsed == 0 || points.Body != w.points[w.endorsed-1].Body:
		in.Report.Leave(archivePart, string(w.ID), archive.CodeDiffers, i18n.Mark("Its points of unity say something else here. Read and endorse them again."))
	default:
		in.Report.New(archivePart)
		if in.Write {
			touch(tx, old.ID)
			return putEndorsement(ctx, tx, old.ID, in.Group, w.endorsed, false)
		}
	}
	return nil
}

// compareCampaign changes nothing. What other groups own here stays theirs, even
// when a file says otherwise.
func (s *Service) compareCampaign(ctx context.Context, tx *db.Tx, in *archive.Import, old *Campaign, w *whole, row *archivedCampaign) error {
	o, err := ownerOf(ctx, tx, old.ID, in.Group)
	if err != nil {
		return err
	}
	if o.State != Owns {
		in.Report.Leave(archivePart, row.ID, archive.CodeOwners, i18n.Mark("Other groups own it here. They can ask this group to join them: {url}"), "url", "/campaigns/"+old.Handle)
		return nil
	}
	in.Campaigns[row.ID] = old.ID
	x, err := wholeOf(ctx, tx, *old, in.Group, true)
	if err != nil {
		return err
	}
	key, _ := in.Picture(row.Picture, old.Picture)
	here, there := archivedOf(&x, partOwner), archivedOf(w, partOwner)
	here.ID, here.Handle, there.ID, there.Handle = "", "", "", ""
	if key == old.Picture && archive.Same(here, there) {
		in.Report.Unchanged(archivePart)
	} else {
		in.Report.Differs(archivePart, row.ID)
	}
	return nil
}

func (s *Service) addArchived(ctx context.Context, tx *db.Tx, in *archive.Import, w *whole, row *archivedCampaign) error {
	free, err := freeHandle(ctx, tx, w.Handle)
	if err != nil {
		return err
	}
	if free == "" {
		in.Report.Leave(archivePart, row.ID, archive.CodeInvalid, i18n.Mark("Other campaigns here have its handle and all that are like it."))
		return nil
	}
	if free != w.Handle {
		in.Report.Rename(archivePart, w.Handle, free)
		w.Handle = free
	}
	var ok bool
	if w.Picture, ok = in.Picture(row.Picture, ""); !ok {
		in.Report.Note(archivePart, row.ID, archive.CodePicture, i18n.Mark("Its picture could not be taken."))
	}
	if len(row.Owners) > 1 {
		var names []string
		for _, o := range row.Owners {
			names = append(names, "@"+plaintext.Line(o.Handle))
		}
		in.Report.Note(archivePart, row.ID, archive.CodeOwners, i18n.Mark("It was owned together by {names}. Here this group owns it; ask the others to join."), "names", strings.Join(names, ", "))
	}
	in.Report.New(archivePart)
	in.Campaigns[row.ID] = w.ID
	if !in.Write {
		return nil
	}
	w.Form = "moved:" + row.ID
	return s.putWhole(ctx, tx, in.Group, w)
}

func (s *Service) putWhole(ctx context.Context, tx *db.Tx, g id.Group, w *whole) error {
	if ok, err := insertCampaign(ctx, tx, &w.Campaign); err != nil || !ok {
		return errors.Join(err, notInserted(ok, err))
	}
	err := putOwner(ctx, tx, w.ID, g, Owns)
	for _, t := range w.texts {
		if err == nil {
			err = putText(ctx, tx, w.ID, t)
		}
	}
	for _, d := range w.demands {
		if err == nil {
			err = insertDemand(ctx, tx, w.ID, d, "")
		}
		for i, h := range d.History {
			if err == nil {
				err = addChange(ctx, tx, w.ID, d.Number, i+1, h)
			}
		}
	}
	for _, p := range w.points {
		if err == nil {
			err = insertPoints(ctx, tx, w.ID, p)
		}
	}
	for _, t := range w.templates {
		if err == nil {
			err = insertTemplate(ctx, tx, w.ID, t)
		}
	}
	if err == nil && w.endorsed > 0 {
		err = putEndorsement(ctx, tx, w.ID, g, w.endorsed, false)
	}
	touch(tx, w.ID)
	return err
}

func notInserted(ok bool, err error) error {
	if ok || err != nil {
		return nil
	}
	return errors.New("a campaign has come meanwhile; please try again")
}

// archivedEntry says that an event is part of a campaign.
type archivedEntry struct {
	Day string `json:"day"`
}

// ExportEntries returns which events are part of a campaign.
func (s *Service) ExportEntries(ctx context.Context, tx *db.Tx, es []id.Event) (map[id.Event]any, error) {
	all, err := acceptedAmong(ctx, tx, es)
	out := make(map[id.Event]any, len(all))
	for e, d := range all {
		out[e] = archivedEntry{day.ISO(d)}
	}
	return out, err
}

// ImportEntry keeps that a new event of a group is part of a campaign of its own;
// c is "" when it is of none.
func (s *Service) ImportEntry(ctx context.Context, tx *db.Tx, e id.Event, g id.Group, c id.Campaign, raw []byte, write bool) error {
	var a archivedEntry
	if err := archive.Strict(raw, &a); err != nil {
		return fmt.Errorf("%w: %w", archive.ErrUnreadable, err)
	}
	since, ok := day.Read(a.Day)
	if !ok {
		since = day.Of(tx.Now())
	}
	if !write || c == "" {
		return nil
	}
	return putEntry(ctx, tx, entry{Event: e, Campaign: c, Group: g, State: Accepted, Day: since})
}
