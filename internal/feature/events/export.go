package events

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/ical"
)

// exportPage is how many events an export holds in memory.
const exportPage = 200

// ExportOptions say how [Service.Export] writes.
type ExportOptions struct {
	Format  string // "csv", "ics" or "geojson": as /events.csv and the others
	BaseURL string // begins links, as in "https://example.org"
	Name    string // of the node, for calendars
	Locale  *i18n.Locale
	// Progress, when not nil, learns how many events are written.
	Progress func(events int)
}

// exporter writes one format.
type exporter interface {
	event(e *Event, p *Programme) error
	end() error
}

// Export writes all listed events, past ones too, in the order of their start
// and of one snapshot. Its memory does not grow with them.
func (s *Service) Export(ctx context.Context, w io.Writer, o ExportOptions) error {
	out := bufio.NewWriterSize(w, 64<<10)
	x, err := s.exporter(out, o)
	if err != nil {
		return err
	}
	n := 0
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		q := Query{From: time.Unix(0, 0).UTC(), Limit: exportPage}
		for more := true; more; {
			if err := ctx.Err(); err != nil {
				return err
			}
			r, err := find(ctx, tx, q)
			if err != nil {
				return err
			}
			all, err := programmesOf(ctx, tx, r.Events...)
			if err != nil {
				return err
			}
			for i := range r.Events {
				if err := x.event(&r.Events[i], all.of(&r.Events[i])); err != nil {
					return fmt.Errorf("write event %s: %w", r.Events[i].ID, err)
				}
			}
			n += len(r.Events)
			if o.Progress != nil {
				o.Progress(n)
			}
			q.After, more = r.Next, r.More
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("export events: %w", err)
	}
	if err := x.end(); err != nil {
		return fmt.Errorf("export events: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("export events: %w", err)
	}
	return nil
}

func (s *Service) exporter(w io.Writer, o ExportOptions) (exporter, error) {
	switch o.Format {
	case "csv":
		x := &csvExport{csv.NewWriter(w), o.BaseURL}
		x.w.UseCRLF = true
		return x, x.w.Write(csvHeader())
	case "ics":
		return &icsExport{ical.NewWriter(w, ical.Calendar{Name: o.Name, Host: hostOf(o.BaseURL), Language: o.Locale.Tag()}), o.BaseURL, s.Plain, o.Locale}, nil
	case "geojson":
		_, err := io.WriteString(w, `{"type":"FeatureCollection","features":[`)
		return &geoExport{w: w, base: o.BaseURL, locale: o.Locale}, err
	}
	return nil, fmt.Errorf("there is no format %q", o.Format)
}

type csvExport struct {
	w    *csv.Writer
	base string
}

func (x *csvExport) event(e *Event, p *Programme) error { return x.w.Write(csvCells(x.base, e, p)) }

func (x *csvExport) end() error {
	x.w.Flush()
	return x.w.Error()
}

type icsExport struct {
	w      *ical.Writer
	base   string
	plain  func(string, int) string
	locale *i18n.Locale
}

func (x *icsExport) event(e *Event, p *Programme) error {
	return x.w.Event(icsOut(x.base, x.plain, e, calendarText(x.locale, e, p)))
}

func (x *icsExport) end() error { return x.w.Close() }

type geoExport struct {
	w      io.Writer
	base   string
	locale *i18n.Locale
	begun  bool
}

func (x *geoExport) event(e *Event, p *Programme) error {
	f := featureOf(x.locale, e)
	f.Properties.prepare(e, p)
	f.Properties.URL = x.base + f.Properties.URL
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	sep := "\n"
	if x.begun {
		sep = ",\n"
	}
	x.begun = true
	_, err = x.w.Write(append([]byte(sep), b...))
	return err
}

func (x *geoExport) end() error {
	_, err := io.WriteString(x.w, "\n],\"more\":false}\n")
	return err
}

// hostOf is the host name of a base URL, for identifiers.
func hostOf(base string) string {
	h := strings.TrimPrefix(strings.TrimPrefix(base, "https://"), "http://")
	h, _, _ = strings.Cut(h, ":")
	return h
}

// csvHeader names the columns of [csvCells].
func csvHeader() []string {
	return append(csvBegin(), "bring", "contingents", "roles_needed", "legal_help", "was_start", "was_place", "was_zone")
}

// csvBegin are the columns with which every table of ours begins. More may follow,
// never others.
func csvBegin() []string {
	return []string{
		"id", "title", "kind", "state", "start", "end", "zone", "all_day", "place", "address", "locality", "region", "country",
		"lat", "lon", "precision", "online_url", "language", "access", "capacity", "organizer", "source_url", "url", "updated",
		"description",
	}
}

// csvCells is one event as a row of RFC 4180, with formula cells made harmless.
func csvCells(base string, e *Event, p *Programme) []string {
	var lat, lon, capacity string
	if e.Where.HasPoint {
		lat, lon = strconv.FormatFloat(e.Where.Point.Lat, 'f', -1, 64), strconv.FormatFloat(e.Where.Point.Lon, 'f', -1, 64)
	}
	if e.Capacity > 0 {
		capacity = strconv.Itoa(e.Capacity)
	}
	var access []string
	for _, f := range e.Access.Has() {
		access = append(access, f.Code)
	}
	cells := []string{
		string(e.ID), e.Title, string(e.Kind), string(e.State), datetime(e, e.Local(e.Start)), datetime(e, e.Local(e.End)), e.Zone,
		strconv.FormatBool(e.AllDay), e.Where.Place, e.Where.Address, e.Where.Locality, e.Where.Region, e.Where.Country, lat, lon,
		string(e.Where.Precise), e.Where.OnlineURL, e.Lang, strings.Join(access, " "), capacity, e.Organizer, e.SourceURL,
		base + "/events/" + string(e.ID), clock.FromMicros(clock.Micros(e.Updated)).Format(time.RFC3339),
		e.Description, p.Bring, strings.Join(p.contingentLines(e), "\n"), strings.Join(p.roleLines(), "\n"), p.LegalHelp,
		wasStart(e), e.WasPlace, e.WasZone,
	}
	for i := range cells {
		cells[i] = SafeCell(cells[i])
	}
	return cells
}

// wasStart is the time before the last move, "" when that did not change it.
func wasStart(e *Event) string {
	if e.WasStart.IsZero() {
		return ""
	}
	return stamp(e.Was(), e.WasAllDay)
}

// calendarText ends the description of an event in a calendar: what was moved,
// and what its programme says.
func calendarText(l *i18n.Locale, e *Event, p *Programme) string {
	was := wasNote(l, e)
	if was != "" {
		was = "\n\n" + was
	}
	return was + p.calendarText(l, e)
}

// icsOut is one event for a calendar file. more is put behind its description.
func icsOut(base string, plain func(string, int) string, e *Event, more string) ical.Out {
	o := ical.Out{
		UID: string(e.ID) + "@" + hostOf(base), Sequence: e.Sequence, Stamp: e.Updated, LastModified: e.Updated,
		Summary: e.Title, Description: strings.TrimSpace(plain(e.Description, 2000) + more), Location: e.Where.Label(),
		URL: base + "/events/" + string(e.ID), Organizer: e.Organizer, Status: "CONFIRMED",
		Start: e.Local(e.Start), End: e.Local(e.End), Zone: e.Zone, AllDay: e.AllDay,
		Lat: e.Where.Point.Lat, Lon: e.Where.Point.Lon, HasGeo: e.Where.HasPoint,
		Categories: []string{e.Kind.Name()}, Language: e.Lang,
	}
	switch e.State {
	case Cancelled:
		o.Status = "CANCELLED"
	case Proposed, Postponed:
		o.Status = "TENTATIVE"
	}
	return o
}

// featureOf is one event as GeoJSON (RFC 7946, section 3.2).
func featureOf(l *i18n.Locale, e *Event) feature {
	start := e.Local(e.Start)
	f := feature{Type: "Feature", ID: string(e.ID), Properties: properties{
		Title: e.Title, Lang: e.Lang, When: l.DateShort(start) + ", " + hours(l, e), Start: datetime(e, start),
		End: datetime(e, e.Local(e.End)), Kind: e.Kind, State: e.State, Place: e.Where.Label(), URL: "/events/" + string(e.ID),
		WasStart: wasStart(e), WasPlace: e.WasPlace,
	}}
	if e.Where.HasPoint {
		f.Geometry = &geometry{"Point", [2]float64{e.Where.Point.Lon, e.Where.Point.Lat}}
	}
	return f
}
