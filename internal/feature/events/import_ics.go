package events

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/geo"
	"convoke/internal/ical"
)

// noEnd is how long an event lasts of which nobody says the end, as in forms.
const noEnd = 2 * time.Hour

// Bounds of what an import takes from a calendar.
const (
	maxUID         = 300
	maxImportBytes = 15 << 10 // of Markdown; what renders it takes 16 KiB
)

// ImportICS takes in a calendar: a file or what a feed has answered. Recurring
// events become one event a date, from one year before o.Now to two years
// after. An event is recognised by the source's id, its UID and the date that
// it had before it was moved, so changes and cancellations find it again; an
// older revision than the one that is here changes nothing.
//
// It fails like [Service.ImportCSV].
func (s *Service) ImportICS(ctx context.Context, r io.Reader, o ImportOptions, report *Report) error {
	im, err := s.importer(o, report)
	if err != nil {
		return err
	}
	read := ical.Options{Zone: im.o.Zone}
	if !o.Now.IsZero() {
		read.From, read.To = o.Now.AddDate(-1, 0, 0), o.Now.AddDate(2, 0, 0)
	}
	return im.run(ctx, func(ctx context.Context) error {
		named := 0 // left out by the reader and named one by one
		sum, err := ical.Read(r, read, func(x ical.Event) error {
			in, ok := im.fromICS(&x)
			if !ok {
				return nil
			}
			return im.add(ctx, in)
		}, func(p ical.Problem) {
			left := leavesOut(p.Code)
			if left {
				named++
			}
			msg, args := p.Message()
			report.Problem(ImportProblem{Line: p.Line, UID: p.UID, Code: p.Code, Message: msg, Args: args, Left: left})
		})
		// What is beyond a bound is named once for many.
		report.count(func(s *ImportSummary) { s.Left += max(0, sum.Left-named) })
		if err != nil {
			return fmt.Errorf("read the calendar: %w", err)
		}
		return nil
	})
}

// leavesOut reports whether a problem of package ical means that a component
// was not used.
func leavesOut(code string) bool {
	switch code {
	case "ignored", "no-start", "bad-start", "bad-recurrence-id", "no-dates", "older-version":
		return true
	}
	return false
}

// fromICS makes an event of one date. It returns false when it is left out.
func (im *importer) fromICS(x *ical.Event) (incoming, bool) {
	uid := importUID(x)
	start := x.Start.UTC()
	if !im.inTime(0, uid, start.Year()) {
		return incoming{}, false
	}
	e := Event{
		UID: uid, State: stateOf(x.Status), Start: start, End: x.End.UTC(), AllDay: x.AllDay, Zone: x.Zone,
		Organizer: im.cut(uid, "organizer", line(x.Organizer), maxTitle),
		Where:     im.whereOf(uid, x),
	}
	if e.Zone == "" {
		e.Zone = im.o.Zone
	}
	if !e.End.After(e.Start) {
		e.End = e.Start.Add(noEnd)
	}
	if e.End.Sub(e.Start) > maxLength {
		im.report.Problem(newProblem(0, uid, codeTooLong))
		e.End = e.Start.Add(maxLength)
		if e.AllDay { // whole days stay whole
			loc := im.place.location(e.Zone)
			e.End = e.Start.In(loc).AddDate(1, 0, 0).UTC()
		}
	}
	e.Title = im.cut(uid, "summary", line(x.Summary), maxTitle)
	e.Kind = kindOf(x.Categories, e.Title)
	if e.Title == "" {
		e.Title = "Event"
		if e.Kind != "other" {
			e.Title = e.Kind.Name()
		}
		im.report.Problem(newProblem(0, uid, codeNoTitle, e.Title))
	}
	e.Description = im.description(uid, x.Description)
	if len(x.URL) <= maxURL {
		e.SourceURL = x.URL
	}
	if x.Language != "" && validLang(x.Language) {
		e.Lang = x.Language
	}
	return incoming{event: e, revision: x.Sequence}, true
}

// importUID names one date of a series. A name of any length is brought to one
// that an index can hold.
func importUID(x *ical.Event) string {
	uid := x.UID
	if x.RecurrenceID != "" {
		uid += "/" + x.RecurrenceID
	}
	if len(uid) <= maxUID {
		return uid
	}
	sum := sha256.Sum256([]byte(uid))
	return "sha256-" + hex.EncodeToString(sum[:hashSize])
}

func stateOf(status string) State {
	switch status {
	case "cancelled":
		return Cancelled
	case "tentative":
		return Proposed
	}
	return Confirmed
}

func (im *importer) whereOf(uid string, x *ical.Event) Where {
	w := im.place.read(x.Location)
	w.Place = im.cut(uid, "location", w.Place, maxPlace)
	if x.HasGeo {
		if at := (geo.Point{Lat: x.Lat, Lon: x.Lon}); at.Valid() {
			im.place.pin(&w, at)
		}
	}
	return w
}

// cut shortens a text to limit characters and says so; name is the property's.
func (im *importer) cut(uid, name, s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	im.report.Problem(newProblem(0, uid, codeCut, name))
	return strings.TrimSpace(string([]rune(s)[:limit-1])) + "…"
}

// description turns plain text into Markdown that shows it as it is.
func (im *importer) description(uid, text string) string {
	text = plainText(text)
	out := plainMarkdown(text)
	if utf8.RuneCountInString(out) <= maxDescription && len(out) <= maxImportBytes {
		return out
	}
	im.report.Problem(newProblem(0, uid, codeCut, "description"))
	runes := []rune(text)
	runes = runes[:min(len(runes), maxDescription)]
	for {
		out = plainMarkdown(strings.TrimSpace(string(runes)) + "…")
		if utf8.RuneCountInString(out) <= maxDescription && len(out) <= maxImportBytes {
			return out
		}
		runes = runes[:len(runes)*9/10]
	}
}

// line makes one line of a text.
func line(s string) string { return strings.Join(strings.Fields(s), " ") }

// kindWords are the words by which a calendar names our kinds, folded. The
// first that is found counts, so what is surest comes first.
var kindWords = [...]struct {
	words string
	kind  Kind
}{
	{"rent strike", "rent_strike"}, {"mutual aid", "mutual_aid"}, {"teach in", "teach_in"}, {"sit in", "presence"},
	{"rally", "rally"}, {"vigil", "vigil"}, {"picket", "picket"}, {"picketing", "picket"}, {"walkout", "walkout"},
	{"boycott", "boycott"}, {"occupation", "presence"}, {"encampment", "presence"}, {"training", "training"},
	{"trainings", "training"}, {"workshop", "training"}, {"assembly", "assembly"}, {"meeting", "meeting"},
	{"meetings", "meeting"}, {"webinar", "online"}, {"online", "online"}, {"strike", "strike"}, {"march", "march"},
}

// kindOf finds one of our kinds in the categories, else in the title.
func kindOf(categories []string, title string) Kind {
	for _, c := range categories {
		if k := kindIn(c); k != "" {
			return k
		}
	}
	if k := kindIn(title); k != "" {
		return k
	}
	return "other"
}

func kindIn(text string) Kind {
	folded := " " + geo.Fold(text) + " "
	for _, k := range kindWords {
		i := strings.Index(folded, " "+k.words+" ")
		if i < 0 {
			continue
		}
		if k.kind == "march" && isMonth(folded, i) {
			continue
		}
		return k.kind
	}
	return ""
}

// isMonth tells the month from the march: a number stands beside it.
func isMonth(folded string, i int) bool {
	digit := func(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }
	after := folded[i+len(" march "):]
	before := strings.Fields(folded[:i])
	return digit(after) || len(before) > 0 && digit(before[len(before)-1])
}
