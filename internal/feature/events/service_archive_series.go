package events

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"convoke/internal/archive"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

const (
	archiveSeriesPart = "series"
	archiveSeriesFile = "series.json"
)

// exportSeries writes the series of a group: their rules, and which date is which
// event.
func exportSeries(ctx context.Context, tx *db.Tx, g id.Group, w *archive.Writer) error {
	return w.List(archiveSeriesFile, func(add func(any) error) error {
		all, err := db.Query(ctx, tx, "select "+seriesColumns+" from series where group_id = $1", []any{string(g)}, scanSeries)
		if err != nil {
			return err
		}
		slices.SortFunc(all, func(a, b series) int { return cmp.Compare(a.ID, b.ID) })
		for i := range all {
			dates, err := datesFrom(ctx, tx, all[i].ID, 0)
			if err != nil {
				return err
			}
			if err := add(archivedSeriesOf(&all[i], dates)); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
}

// arrived are the events of a file as they are called here.
type arrived map[string]id.Event

// importSeries takes in the series of an archive, after its events. Files from
// before there were series have none.
func (s *Service) importSeries(ctx context.Context, tx *db.Tx, in *archive.Import, here arrived) error {
	if !in.Reader.Has(archiveSeriesFile) {
		return nil
	}
	seen, linked := map[string]bool{}, map[id.Event]bool{}
	return archive.Each(in.Reader, archiveSeriesFile, func(_ int, row *archivedSeries) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if seen[row.ID] {
			in.Report.Leave(archiveSeriesPart, row.ID, archive.CodeInvalid, i18n.Mark("Another row of the file has this id."))
			return nil
		}
		seen[row.ID] = true
		err := s.importOneSeries(ctx, tx, in, row, here, linked)
		if in.Report.Invalid(archiveSeriesPart, row.ID, err) {
			return nil
		}
		return err
	})
}

func (s *Service) importOneSeries(
	ctx context.Context, tx *db.Tx, in *archive.Import, row *archivedSeries, here arrived, linked map[id.Event]bool,
) error {
	x, dates, err := row.parse()
	if err != nil {
		return err
	}
	lost := false
	for i := range dates {
		k := &dates[i]
		if k.Event == "" {
			continue
		}
		if k.Event = here[string(k.Event)]; k.Event == "" { // left out, so nothing takes place
			lost = true
		} else if linked[k.Event] {
			return fault.Invalid(fault.Field("dates", "series.twice", "An event is one date of one series."))
		}
		linked[k.Event] = k.Event != ""
	}
	x.Group, x.UID = in.Group, "moved:"+row.ID
	old, err := oneSeries(ctx, tx, "group_id = $1 and (id = $2 or uid = $3)", string(in.Group), row.ID, x.UID)
	switch {
	case err == nil:
		return compareSeries(ctx, tx, in, &old, archivedSeriesOf(&x, dates), row)
	case !errors.Is(err, db.ErrNoRows):
		return err
	case in.There:
		in.Report.Missing(archiveSeriesPart, row.ID)
		return nil
	}
	if lost {
		in.Report.Note(archiveSeriesPart, row.ID, archive.CodeDates, i18n.Mark("Some of its dates could not be taken."))
	}
	return s.addSeries(ctx, tx, in, &x, dates, row)
}

// compareSeries changes nothing. there is the row with its events as they are
// called here.
func compareSeries(ctx context.Context, tx *db.Tx, in *archive.Import, old *series, there archivedSeries, row *archivedSeries) error {
	dates, err := datesFrom(ctx, tx, old.ID, 0)
	if err != nil {
		return err
	}
	a := archivedSeriesOf(old, dates)
	a.ID, there.ID, there.Continues = "", "", row.Continues
	if archive.Same(a, there) {
		in.Report.Unchanged(archiveSeriesPart)
	} else {
		in.Report.Differs(archiveSeriesPart, row.ID)
	}
	return nil
}

func (s *Service) addSeries(ctx context.Context, tx *db.Tx, in *archive.Import, x *series, dates []dated, row *archivedSeries) error {
	if _, err := oneSeries(ctx, tx, "id = $1", x.ID); err == nil {
		x.ID = s.IDs.New()
		in.Report.Rename(archiveSeriesPart, row.ID, x.ID)
	} else if !errors.Is(err, db.ErrNoRows) {
		return err
	}
	in.Report.New(archiveSeriesPart)
	if !in.Write {
		return nil
	}
	if row.Continues {
		x.Next = tx.Now().Add(rollEvery)
	}
	if err := putSeries(ctx, tx, x); err != nil {
		return err
	}
	for _, k := range dates {
		k.Series = x.ID
		if err := putLink(ctx, tx, k); err != nil {
			return fmt.Errorf("series %s: %w", row.ID, err)
		}
	}
	return nil
}
