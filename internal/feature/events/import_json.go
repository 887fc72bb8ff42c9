package events

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"convoke/internal/feature/events/eventjson"
	"convoke/internal/geo"
	"convoke/internal/i18n"
)

// codePlaceholder: a text stood where an address belongs.
const codePlaceholder = "placeholder"

// ImportOSDI takes in events as the Open Supporter Data Interface writes them:
// the answer of an API, several of them, a list, or one event. An event is
// recognised by the source's id and its first identifier.
//
// It fails like [Service.ImportCSV].
func (s *Service) ImportOSDI(ctx context.Context, r io.Reader, o ImportOptions, report *Report) error {
	return s.importJSON(ctx, r, o, report, eventjson.ReadOSDI)
}

// ImportMobilize is [Service.ImportOSDI] for Mobilize's API. Each timeslot
// becomes an event.
func (s *Service) ImportMobilize(ctx context.Context, r io.Reader, o ImportOptions, report *Report) error {
	return s.importJSON(ctx, r, o, report, eventjson.ReadMobilize)
}

type jsonReader func(r io.Reader, take func(eventjson.Event) error, problem func(eventjson.Problem)) error

func (s *Service) importJSON(ctx context.Context, r io.Reader, o ImportOptions, report *Report, read jsonReader) error {
	im, err := s.importer(o, report)
	if err != nil {
		return err
	}
	return im.run(ctx, func(ctx context.Context) error {
		err := read(r, func(x eventjson.Event) error {
			in, ok := im.fromJSON(&x)
			if !ok {
				return nil
			}
			return im.add(ctx, in)
		}, func(p eventjson.Problem) {
			report.Problem(ImportProblem{UID: p.UID, Code: p.Code, Message: jsonMessage(p.Code), Left: true})
		})
		if err != nil {
			return fmt.Errorf("read the events: %w", err)
		}
		return nil
	})
}

// jsonMessage is the English sentence of a problem of package eventjson.
func jsonMessage(code string) string {
	switch code {
	case eventjson.CodeBroken:
		return i18n.Mark("This is not an event, so it was left out.")
	case eventjson.CodeNoID:
		return i18n.Mark("This event has no id by which it could be known again, so it was left out.")
	case eventjson.CodeNoTime:
		return i18n.Mark("This event or one of its dates has no start that can be read, so that was left out.")
	case eventjson.CodePrivate:
		return i18n.Mark("This event is not public, so it was left out.")
	case codePlaceholder:
		return i18n.Mark("In place of the address it says that there is none to see, so only the town was taken.")
	default: // eventjson.CodeTooMany
		return i18n.Mark("This event has more dates than are taken; the rest was left out.")
	}
}

// fromJSON makes an event. It returns false when it is left out.
func (im *importer) fromJSON(x *eventjson.Event) (incoming, bool) {
	uid := x.UID
	if len(uid) > maxUID {
		sum := sha256.Sum256([]byte(uid))
		uid = "sha256-" + hex.EncodeToString(sum[:hashSize])
	}
	e := Event{
		UID: uid, State: stateOf(x.Status), AllDay: x.AllDay,
		Title: im.cut(uid, "title", line(x.Title), maxTitle), Organizer: im.cut(uid, "organizer", line(x.Organizer), maxTitle),
		Description: im.description(uid, x.Description), SourceURL: webAddress(x.URL), Capacity: min(x.Capacity, maxCapacity),
		Access: Access{Note: im.cut(uid, "access_note", line(x.AccessNote), maxNote)},
	}
	if x.Placeholder != "" {
		im.report.Problem(ImportProblem{UID: uid, Code: codePlaceholder, Message: jsonMessage(codePlaceholder)})
	}
	if x.StepFree != nil && *x.StepFree {
		e.Access.Yes = bits([]string{"step_free"})
	} else if x.StepFree != nil {
		e.Access.No = bits([]string{"step_free"})
	}
	if x.Lang != "" && validLang(x.Lang) {
		e.Lang = x.Lang
	}
	e.Kind = kindOf([]string{mobilizeKind(x.Type)}, e.Title)
	if e.Kind == "other" && x.Virtual {
		e.Kind = "online"
	}
	if e.Title == "" {
		e.Title = "Event"
		im.report.Problem(newProblem(0, uid, codeNoTitle, e.Title))
	}
	im.jsonPlace(&e, x)
	im.jsonTime(&e, x)
	if !im.inTime(0, uid, e.Start.Year()) {
		return incoming{}, false
	}
	return incoming{event: e}, true
}

// jsonPlace settles the place, and the zone there when the file names none.
func (im *importer) jsonPlace(e *Event, x *eventjson.Event) {
	w := &e.Where
	short := func(name, s string) string { return im.cut(e.UID, name, line(s), maxPlace) }
	w.Place, w.Address, w.Locality = short("venue", x.Venue), short("address_lines", x.Address), short("locality", x.Locality)
	w.Region, w.Country = short("region", x.Region), short("country", x.Country)
	w.OnlineURL = webAddress(x.OnlineURL)
	zone, refused := im.place.settle(w, geo.Point{Lat: x.Lat, Lon: x.Lon}, x.HasPoint)
	switch {
	case refused:
		im.report.Problem(newProblem(0, e.UID, codePointOutside, fmt.Sprintf("%.4f, %.4f", x.Lat, x.Lon)))
	case x.HasPoint && x.Exact && w.HasPoint:
		w.Precise = geo.PrecisionExact
	}
	if postcode, _, _ := strings.Cut(x.Postcode, "-"); !x.HasPoint && postcode != "" {
		if f, ok := im.place.lookup(postcode, w.Region, w.Country); ok && f.Precision == geo.PrecisionPostcode {
			w.Point, w.HasPoint, w.Precise = f.Point, true, f.Precision
			if w.Region == "" {
				w.Region = f.Region
			}
			if w.Country == "" {
				w.Country = f.Country
			}
			if f.Zone != "" {
				zone = f.Zone
			}
		}
	}
	e.Zone = zone
	if geo.KnownZone(x.Zone) {
		e.Zone = x.Zone
	}
	if e.Zone == "" {
		e.Zone = im.o.Zone
	}
}

// jsonTime sets the times; those that name no zone are of the place.
func (im *importer) jsonTime(e *Event, x *eventjson.Event) {
	loc := im.place.location(e.Zone)
	at := func(t time.Time) time.Time {
		if x.Floating && !t.IsZero() {
			t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, loc)
		}
		return t.UTC()
	}
	e.Start, e.End = at(x.Start), at(x.End)
	if !e.End.After(e.Start) {
		e.End = e.Start.Add(noEnd)
	}
	if e.End.Sub(e.Start) > maxLength {
		im.report.Problem(newProblem(0, e.UID, codeTooLong))
		e.End = e.Start.Add(maxLength)
		if e.AllDay {
			e.End = e.Start.In(loc).AddDate(1, 0, 0).UTC()
		}
	}
}

// mobilizeKind is one of our words for a type of Mobilize, "" for those that
// have none.
func mobilizeKind(t string) string {
	switch t {
	case "RALLY", "SOLIDARITY_EVENT":
		return "rally"
	case "TOWN_HALL":
		return "assembly"
	case "MEETING", "MEET_GREET", "BARNSTORM":
		return "meeting"
	case "TRAINING":
		return "training"
	}
	return ""
}
