package events

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"convoke/internal/feature/events/eventcsv"
	"convoke/internal/geo"
)

// The years that at_key can order.
const (
	firstYear = 1971
	lastYear  = 2399
)

// ImportCSV takes in a table of events: one that this program has exported, or
// one of the layouts of package eventcsv.
// Events are new, changed or unchanged by the source's id and their uid, so the
// same file can be imported again. Rows that a newer file no longer holds stay.
//
// It fails when the file cannot be read or the database cannot be written; what
// came before is kept. What is wrong with single rows is in the report.
func (s *Service) ImportCSV(ctx context.Context, r io.Reader, o ImportOptions, report *Report) error {
	im, err := s.importer(o, report)
	if err != nil {
		return err
	}
	in := bufio.NewReader(r)
	return im.run(ctx, func(ctx context.Context) error {
		if ownTable(in) {
			return im.readOwn(ctx, in)
		}
		_, err := eventcsv.Read(in, func(row eventcsv.Row) error {
			in, ok := im.fromRow(&row)
			if !ok {
				return nil
			}
			return im.add(ctx, in)
		}, func(p eventcsv.Problem) {
			report.Problem(ImportProblem{Line: p.Line, UID: p.UID, Code: p.Code, Message: p.Message, Args: p.Args, Left: p.Left})
		})
		if err != nil {
			return fmt.Errorf("read the table: %w", err)
		}
		return nil
	})
}

// fromRow makes an event of a row. It returns false when the row is left out.
func (im *importer) fromRow(r *eventcsv.Row) (incoming, bool) {
	if !im.inTime(r.Line, r.UID, r.Date.Year) {
		return incoming{}, false
	}
	e := Event{
		UID: r.UID, Title: r.Title, Description: r.Description, Kind: Kind(r.Kind), State: Confirmed,
		AllDay: true, Organizer: r.Organizer,
		Where: Where{Place: r.Place, Locality: r.Locality, Region: r.Region, Country: r.Country},
	}
	if e.Where.Locality == "" {
		e.Where.Locality = r.County
	}
	if !e.Kind.Valid() {
		e.Kind = "other"
	}
	if r.Online && e.Kind == "other" {
		e.Kind = "online"
	}
	at := geo.Point{Lat: r.Lat, Lon: r.Lon}
	zone, refused := im.place.settle(&e.Where, at, r.HasPoint)
	if refused {
		im.report.Problem(newProblem(r.Line, r.UID, codePointOutside, fmt.Sprintf("%.4f, %.4f", r.Lat, r.Lon)))
	}
	if e.Zone = zone; zone == "" {
		e.Zone = im.o.Zone
	}
	loc := im.place.location(e.Zone)
	day := func(n int) time.Time {
		return time.Date(r.Date.Year, time.Month(r.Date.Month), r.Date.Day+n, 0, 0, 0, 0, loc).UTC()
	}
	e.Start, e.End = day(0), day(1)
	if len(r.Sources) > 0 {
		e.SourceURL = r.Sources[0]
	}
	in := incoming{event: e, line: r.Line}
	if r.HasSize {
		in.estimates = []Estimate{{
			Low: r.Low, High: r.High, Words: r.SizeText, Method: "reported",
			SourceName: im.nameOf(e.SourceURL), SourceURL: e.SourceURL,
		}}
	}
	return in, true
}

// nameOf is who says a number: the site of the link, or the source itself.
func (im *importer) nameOf(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Hostname() == "" {
		return im.o.Source.Name
	}
	return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
}
