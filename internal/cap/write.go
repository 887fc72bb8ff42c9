package cap

import (
	"bytes"
	"encoding/xml"
	"math"
	"strconv"
	"strings"
	"time"

	"convoke/internal/geo"
)

// Marshal writes the message as a document in UTF-8, in the form that the
// standard's schema accepts. It fails as [Alert.Check] does.
func (a *Alert) Marshal() ([]byte, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	w := &writer{}
	w.b.WriteString(xml.Header)
	w.b.WriteString(`<alert xmlns="` + Namespace + `">`)
	w.all("identifier", a.Identifier, "sender", a.Sender, "sent", formatTime(a.Sent), "status", string(a.Status),
		"msgType", string(a.MsgType), "source", a.Source, "scope", string(a.Scope), "restriction", a.Restriction,
		"addresses", quoted(a.Addresses))
	each(w, "code", a.Code)
	var refs []string
	for _, r := range a.References {
		refs = append(refs, r.Sender+","+r.Identifier+","+formatTime(r.Sent))
	}
	w.all("note", a.Note, "references", strings.Join(refs, " "), "incidents", quoted(a.Incidents))
	for i := range a.Info {
		w.in("info", func() { w.info(&a.Info[i]) })
	}
	w.b.WriteString("\n</alert>\n")
	return w.b.Bytes(), nil
}

type writer struct {
	b     bytes.Buffer
	depth int
}

func (w *writer) info(i *Info) {
	w.all("language", i.Language)
	each(w, "category", i.Category)
	w.all("event", i.Event)
	each(w, "responseType", i.ResponseType)
	w.all("urgency", string(i.Urgency), "severity", string(i.Severity), "certainty", string(i.Certainty), "audience", i.Audience)
	w.pairs("eventCode", i.EventCode)
	w.all("effective", formatTime(i.Effective), "onset", formatTime(i.Onset), "expires", formatTime(i.Expires),
		"senderName", i.SenderName, "headline", i.Headline, "description", i.Description, "instruction", i.Instruction,
		"web", i.Web, "contact", i.Contact)
	w.pairs("parameter", i.Parameter)
	for _, r := range i.Resource {
		w.in("resource", func() {
			w.all("resourceDesc", r.Desc, "mimeType", r.MimeType)
			if r.Size > 0 {
				w.all("size", strconv.FormatInt(r.Size, 10))
			}
			w.all("uri", r.URI, "derefUri", r.DerefURI, "digest", r.Digest)
		})
	}
	for _, a := range i.Area {
		w.in("area", func() { w.area(a) })
	}
}

func (w *writer) area(a Area) {
	w.all("areaDesc", a.Desc)
	for _, p := range a.Polygon {
		var at []string
		for _, corner := range p {
			at = append(at, pair(corner))
		}
		w.all("polygon", strings.Join(at, " "))
	}
	for _, c := range a.Circle {
		w.all("circle", pair(c.Center)+" "+number(c.Radius))
	}
	w.pairs("geocode", a.Geocode)
	if a.Altitude != nil {
		w.all("altitude", number(*a.Altitude))
	}
	if a.Ceiling != nil {
		w.all("ceiling", number(*a.Ceiling))
	}
}

// all takes names and texts by turns and leaves empty ones out.
func (w *writer) all(namesAndTexts ...string) {
	for i := 0; i < len(namesAndTexts); i += 2 {
		if namesAndTexts[i+1] != "" {
			w.leaf(namesAndTexts[i], namesAndTexts[i+1])
		}
	}
}

func (w *writer) leaf(name, text string) {
	w.line()
	w.b.WriteString("<" + name + ">")
	_ = xml.EscapeText(&w.b, []byte(text)) // a buffer takes everything
	w.b.WriteString("</" + name + ">")
}

func (w *writer) in(name string, inner func()) {
	w.line()
	w.b.WriteString("<" + name + ">")
	w.depth++
	inner()
	w.depth--
	w.line()
	w.b.WriteString("</" + name + ">")
}

func (w *writer) line() { w.b.WriteString("\n " + strings.Repeat(" ", w.depth)) }

func (w *writer) pairs(name string, all []Pair) {
	for _, p := range all {
		w.in(name, func() {
			w.leaf("valueName", p.Name)
			w.leaf("value", p.Value)
		})
	}
}

func each[T ~string](w *writer, name string, all []T) {
	for _, v := range all {
		w.leaf(name, string(v))
	}
}

// formatTime is empty for no time. UTC is "-00:00", as section 3.3.2 wants it.
func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	s := t.Format(timeForm)
	if _, offset := t.Zone(); offset == 0 {
		s = strings.TrimSuffix(s, "+00:00") + "-00:00"
	}
	return s
}

func quoted(words []string) string {
	var all []string
	for _, word := range words {
		if strings.ContainsFunc(word, isBlank) {
			word = `"` + word + `"`
		}
		all = append(all, word)
	}
	return strings.Join(all, " ")
}

// number is to nine digits after the point, a tenth of a millimetre.
func number(f float64) string { return strconv.FormatFloat(math.Round(f*1e9)/1e9, 'f', -1, 64) }

func pair(p geo.Point) string { return number(p.Lat) + "," + number(p.Lon) }
