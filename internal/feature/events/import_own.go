package events

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"convoke/internal/feature/events/eventcsv"
	"convoke/internal/geo"
)

// ownTable reports whether r begins with the header that [Service.Export] and
// /events.csv write.
func ownTable(r *bufio.Reader) bool {
	head := strings.Join(csvBegin(), ",")
	b, _ := r.Peek(len(head)) // shorter is another table
	return string(b) == head
}

// readOwn takes in a table of another node, or of this one. What no export
// holds, such as pictures and who organizes here, stays behind, and so does the
// programme, which a table holds for people only.
func (im *importer) readOwn(ctx context.Context, r io.Reader) error {
	in := csv.NewReader(r)
	at := map[string]int{}
	head, err := in.Read()
	if err != nil {
		return fmt.Errorf("read the header: %w", err)
	}
	for i, name := range head {
		at[name] = i
	}
	for {
		cells, err := in.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &broken):
			im.leave(broken.StartLine, "", eventcsv.CodeCells)
			continue
		case err != nil:
			return err
		}
		n, _ := in.FieldPos(0)
		e, ok := im.fromOwn(n, func(name string) string {
			i, ok := at[name]
			if !ok { // a table of an earlier version
				return ""
			}
			return rawCell(cells[i])
		})
		if !ok {
			continue
		}
		if err := im.add(ctx, incoming{event: e, line: n}); err != nil {
			return err
		}
	}
}

func (im *importer) leave(n int, uid, code string, value ...string) {
	p := newProblem(n, uid, code, value...)
	p.Left = true
	im.report.Problem(p)
}

// inTime says whether an event of that year can be kept; else its row is left out.
func (im *importer) inTime(n int, uid string, year int) bool {
	if year >= firstYear && year <= lastYear {
		return true
	}
	im.leave(n, uid, codeYear, strconv.Itoa(year))
	return false
}

// fromOwn makes an event of the cells of a row. It returns false when the row is
// left out.
func (im *importer) fromOwn(n int, cell func(name string) string) (Event, bool) {
	uid := line(cell("id"))
	short := func(name string, limit int) string { return im.cut(uid, name, line(cell(name)), limit) }
	e := Event{
		UID: uid, Title: short("title", maxTitle), Kind: Kind(cell("kind")), State: State(cell("state")),
		Zone: cell("zone"), AllDay: cell("all_day") == "true", Lang: cell("language"),
		Access:    Access{Yes: bits(strings.Fields(cell("access")))},
		Organizer: short("organizer", maxTitle), Description: im.cut(uid, "description", cell("description"), maxDescription),
		Where: Where{
			Place: short("place", maxPlace), Address: short("address", maxPlace), Locality: short("locality", maxPlace),
			Region: short("region", maxPlace), Country: short("country", maxPlace), Precise: geo.PrecisionNone,
		},
	}
	if uid == "" || len(uid) > maxUID {
		im.leave(n, "", eventcsv.CodeCells)
		return e, false
	}
	if !geo.KnownZone(e.Zone) {
		e.Zone = im.o.Zone
	}
	var ok bool
	if e.Start, ok = im.ownTime(&e, cell("start")); ok {
		e.End, ok = im.ownTime(&e, cell("end"))
	}
	if !ok || !e.End.After(e.Start) || e.End.Sub(e.Start) > maxLength {
		im.leave(n, uid, eventcsv.CodeDate, cell("start")+", "+cell("end"))
		return e, false
	}
	if !im.inTime(n, uid, e.Start.Year()) {
		return e, false
	}
	im.ownMove(&e, cell("was_start"), cell("was_zone"), short("was_place", 4*maxPlace))
	lat, latErr := strconv.ParseFloat(cell("lat"), 64)
	lon, lonErr := strconv.ParseFloat(cell("lon"), 64)
	if p := (geo.Point{Lat: lat, Lon: lon}); latErr == nil && lonErr == nil && p.Valid() {
		e.Where.Point, e.Where.HasPoint, e.Where.Precise = p, true, precision(cell("precision"))
	}
	e.Where.OnlineURL, e.SourceURL = webAddress(cell("online_url")), webAddress(cell("source_url"))
	e.Capacity, _ = wholeNumber(cell("capacity"))
	e.Capacity = min(max(e.Capacity, 0), maxCapacity)
	if e.Title == "" {
		e.Title = "Event"
		im.report.Problem(newProblem(n, uid, codeNoTitle, e.Title))
	}
	if !e.Kind.Valid() {
		e.Kind = "other"
	}
	if !e.State.Valid() || e.State == Draft {
		e.State = Confirmed
	}
	if !validLang(e.Lang) {
		e.Lang = ""
	}
	return e, true
}

// ownMove takes in what an event was before it was moved.
func (im *importer) ownMove(e *Event, start, zone, place string) {
	e.WasPlace = place
	if !geo.KnownZone(zone) { // a table of an earlier version, or the same
		zone = e.Zone
	}
	was := Event{Zone: zone, AllDay: len(start) == len(time.DateOnly)}
	if t, ok := im.ownTime(&was, start); ok && t.Year() >= firstYear && t.Year() <= lastYear {
		e.wasAt(t, zone, was.AllDay)
	}
}

// ownTime reads what [datetime] has written.
func (im *importer) ownTime(e *Event, s string) (time.Time, bool) {
	layout := "2006-01-02T15:04Z07:00"
	if e.AllDay {
		layout = time.DateOnly
	}
	t, err := time.ParseInLocation(layout, s, im.place.location(e.Zone))
	return t.UTC(), err == nil
}

// precision of a point; what is not known is no exact place.
func precision(s string) geo.Precision {
	switch p := geo.Precision(s); p {
	case geo.PrecisionExact, geo.PrecisionStreet, geo.PrecisionPostcode, geo.PrecisionRegion, geo.PrecisionCountry:
		return p
	}
	return geo.PrecisionLocality
}

// rawCell takes off the apostrophe that [SafeCell] puts on, and what no form
// would let through.
func rawCell(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
	if rest, ok := strings.CutPrefix(s, "'"); ok && SafeCell(rest) != rest {
		return rest
	}
	return s
}
