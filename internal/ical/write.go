package ical

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Calendar describes a calendar to write.
type Calendar struct {
	// Name is shown by calendar programs (RFC 7986, 5.1, and X-WR-CALNAME).
	Name string
	// Host is the domain that publishes it; it becomes part of PRODID.
	Host string
	// Language is the language tag of the name, or "".
	Language string
	// Refresh is how often a subscriber should look again; 0 says nothing.
	Refresh time.Duration
}

// Out is one event to write. Its fields mean what they mean in [Event]; Stamp
// is when it was written (DTSTAMP), by default LastModified, then Start.
type Out struct {
	UID                                                    string
	Sequence                                               int
	Stamp, LastModified                                    time.Time
	Summary, Description, Location, URL, Status, Organizer string
	// Start and End; only the instants count, Zone says how to write them. A
	// zero End or one equal to Start is not written.
	Start, End time.Time
	// Zone is an IANA name; "" writes the wall times of Start and End as
	// floating ones.
	Zone       string
	AllDay     bool
	Lat, Lon   float64
	HasGeo     bool
	Categories []string
	Language   string
}

// ErrEvent is wrapped by what [Writer.Event] returns for an event that cannot
// be written; the calendar stays good and other events may follow.
var ErrEvent = errors.New("ical: event cannot be written")

// Writer writes one calendar. It is not safe for use by several goroutines.
type Writer struct {
	w     *bufio.Writer
	zones map[string]bool // those described already
	err   error           // of the destination, kept
}

// NewWriter writes the header of a calendar. An error of w is returned by the
// next call of Event or Close.
func NewWriter(w io.Writer, c Calendar) *Writer {
	out := &Writer{w: bufio.NewWriter(w), zones: make(map[string]bool)}
	out.put("BEGIN", "VCALENDAR")
	out.put("VERSION", "2.0")
	out.put("PRODID", escape(cleanText("-//Convoke//"+c.Host+"//EN", false)))
	out.put("CALSCALE", "GREGORIAN")
	out.put("METHOD", "PUBLISH")
	if name := cleanText(c.Name, false); name != "" {
		language := ""
		if tag := languageTag(c.Language); tag != "" {
			language = ";LANGUAGE=" + tag
		}
		out.put("NAME"+language, escape(name))
		out.put("X-WR-CALNAME", escape(name))
	}
	if seconds := int64(c.Refresh / time.Second); seconds > 0 {
		d := "PT" + strconv.FormatInt(seconds, 10) + "S"
		if seconds%3600 == 0 {
			d = "PT" + strconv.FormatInt(seconds/3600, 10) + "H"
		}
		out.put("REFRESH-INTERVAL;VALUE=DURATION", d)
		out.put("X-PUBLISHED-TTL", d)
	}
	return out
}

// Event writes one event, and before it the description of its zone when that
// is used for the first time.
func (w *Writer) Event(e Out) error {
	if w.err != nil {
		return w.err
	}
	loc, err := e.check()
	if err != nil {
		return err
	}
	if e.Zone != "" && !e.AllDay && loc != time.UTC && !w.zones[e.Zone] {
		w.zones[e.Zone] = true
		w.describe(e.Zone, loc, e.Start.Year())
	}
	w.put("BEGIN", "VEVENT")
	w.put("UID", escape(cleanText(e.UID, false)))
	w.put("DTSTAMP", utc(e.stamp()))
	if !e.LastModified.IsZero() {
		w.put("LAST-MODIFIED", utc(e.LastModified))
	}
	w.put("SEQUENCE", strconv.Itoa(max(e.Sequence, 0)))
	w.times(e, loc)
	w.texts(e)
	w.put("END", "VEVENT")
	return w.err
}

// Close writes the end of the calendar. It does not close the destination.
func (w *Writer) Close() error {
	w.put("END", "VCALENDAR")
	if w.err == nil {
		if err := w.w.Flush(); err != nil {
			w.err = fmt.Errorf("ical: write: %w", err)
		}
	}
	return w.err
}

// check finds the zone and what would make a broken file.
func (e Out) check() (*time.Location, error) {
	loc := e.Start.Location()
	if e.Zone != "" {
		z, ok := place(ianaName(e.Zone))
		if !ok {
			return nil, fmt.Errorf("%w: unknown zone %q", ErrEvent, e.Zone)
		}
		loc = z.loc
		if z.name == "UTC" || z.name == "Etc/UTC" {
			loc = time.UTC
		}
	}
	switch {
	case cleanText(e.UID, false) == "":
		return nil, fmt.Errorf("%w: no UID", ErrEvent)
	case e.Start.IsZero() || e.Start.Year() < 1 || e.Start.Year() > 9998:
		return nil, fmt.Errorf("%w: start %v", ErrEvent, e.Start)
	case !e.End.IsZero() && (e.End.Before(e.Start) || e.End.Year() > 9999):
		return nil, fmt.Errorf("%w: end %v", ErrEvent, e.End)
	}
	return loc, nil
}

func (e Out) stamp() time.Time {
	for _, t := range []time.Time{e.Stamp, e.LastModified} {
		if !t.IsZero() {
			return t
		}
	}
	return e.Start
}

func utc(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

func (w *Writer) times(e Out, loc *time.Location) {
	if e.AllDay {
		const day = "20060102"
		w.put("DTSTART;VALUE=DATE", e.Start.In(loc).Format(day))
		if e.End.After(e.Start) {
			w.put("DTEND;VALUE=DATE", e.End.In(loc).Format(day))
		}
		if e.Zone != "" {
			w.put(zoneProperty, e.Zone)
		}
		return
	}
	w.time("DTSTART", e.Zone, e.Start, loc)
	if e.End.After(e.Start) {
		w.time("DTEND", e.Zone, e.End, loc)
	}
}

// time writes a time in its zone. The second of two equal wall times, when the
// clocks go back, has no form of its own and is written in UTC.
func (w *Writer) time(name, zoneName string, t time.Time, loc *time.Location) {
	local := t.In(loc)
	wall := local.Format("20060102T150405")
	written := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
	switch {
	case zoneName == "":
		w.put(name, wall)
	case loc == time.UTC, zone{loc: loc}.instant(written).Unix() != t.Unix():
		w.put(name, utc(t))
	default:
		w.put(name+";TZID="+zoneName, wall)
	}
}

func (w *Writer) texts(e Out) {
	language := ""
	if tag := languageTag(e.Language); tag != "" {
		language = ";LANGUAGE=" + tag
	}
	if s := cleanText(e.Summary, false); s != "" || language != "" {
		w.put("SUMMARY"+language, escape(s))
	}
	if s := cleanText(e.Description, true); s != "" {
		w.put("DESCRIPTION", escape(s))
	}
	if s := cleanText(e.Location, true); s != "" {
		w.put("LOCATION", escape(s))
	}
	if s := webAddress(e.URL); s != "" {
		w.put("URL", s)
	}
	if s := cleanText(e.Organizer, false); s != "" && !strings.Contains(s, "@") {
		// The property must hold an address; this one says that there is none.
		// Backslashes mean nothing here, but some readers take them as escapes.
		w.put("ORGANIZER;CN="+encodeParam(strings.ReplaceAll(s, `\`, "/")), "invalid:nomail")
	}
	if e.HasGeo {
		f := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
		w.put("GEO", f(e.Lat)+";"+f(e.Lon))
	}
	var list []string
	for _, one := range e.Categories {
		if s := cleanText(one, false); s != "" {
			list = append(list, escape(s))
		}
	}
	if len(list) > 0 {
		w.put("CATEGORIES", strings.Join(list, ","))
	}
	status := strings.ToUpper(e.Status)
	if status != "TENTATIVE" && status != "CANCELLED" {
		status = "CONFIRMED"
	}
	w.put("STATUS", status)
}

// put writes one line, folded so that none is longer than 75 octets and no
// character is split (RFC 5545, 3.1).
func (w *Writer) put(name, value string) {
	line := strings.ToValidUTF8(name+":"+value, "")
	room := 75
	for len(line) > room {
		cut := room
		for !utf8.RuneStart(line[cut]) {
			cut--
		}
		w.raw(line[:cut] + "\r\n ")
		line, room = line[cut:], 74
	}
	w.raw(line + "\r\n")
}

func (w *Writer) raw(s string) {
	if w.err != nil {
		return
	}
	if _, err := w.w.WriteString(s); err != nil {
		w.err = fmt.Errorf("ical: write: %w", err)
	}
}
