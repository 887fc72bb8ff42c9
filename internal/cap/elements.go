package cap

import (
	"strconv"
	"strings"

	"convoke/internal/geo"
)

func readAlert(r *reader) *Alert {
	a := &Alert{
		Identifier: r.text("identifier"), Sender: r.text("sender"), Sent: r.time("sent"),
		Status: Status(r.text("status")), MsgType: MsgType(r.text("msgType")), Source: r.text("source"), Scope: Scope(r.text("scope")),
		Restriction: r.text("restriction"), Addresses: words(r.text("addresses")), Code: r.texts("code"), Note: r.text("note"),
		References: r.references(), Incidents: words(r.text("incidents")),
	}
	r.each("info", func(r *reader) { a.Info = append(a.Info, readInfo(r)) })
	r.done()
	return a
}

func readInfo(r *reader) Info {
	i := Info{
		Language: r.text("language"), Category: codes[Category](r.texts("category")), Event: r.text("event"),
		ResponseType: codes[Response](r.texts("responseType")), Urgency: Urgency(r.text("urgency")),
		Severity: Severity(r.text("severity")), Certainty: Certainty(r.text("certainty")), Audience: r.text("audience"),
		EventCode: r.pairs("eventCode"), Effective: r.time("effective"), Onset: r.time("onset"), Expires: r.time("expires"),
		SenderName: r.text("senderName"), Headline: r.text("headline"), Description: r.text("description"),
		Instruction: r.text("instruction"), Web: r.text("web"), Contact: r.text("contact"), Parameter: r.pairs("parameter"),
	}
	if i.Certainty == "Very Likely" { // of CAP 1.0; section 3.2.2 says what it means
		i.Certainty = CertaintyLikely
	}
	r.each("resource", func(r *reader) {
		i.Resource = append(i.Resource, Resource{
			Desc: r.text("resourceDesc"), MimeType: r.text("mimeType"), Size: r.size(), URI: r.text("uri"),
			DerefURI: r.text("derefUri"), Digest: r.text("digest"),
		})
	})
	r.each("area", func(r *reader) {
		i.Area = append(i.Area, Area{
			Desc: r.text("areaDesc"), Polygon: r.polygons(), Circle: r.circles(), Geocode: r.pairs("geocode"),
			Altitude: r.number("altitude"), Ceiling: r.number("ceiling"),
		})
	})
	return i
}

func codes[T ~string](texts []string) []T {
	var all []T
	for _, s := range texts {
		all = append(all, T(s))
	}
	return all
}

// pairs keep empty values, which agencies send and the schema allows.
func (r *reader) pairs(name string) (all []Pair) {
	r.each(name, func(r *reader) { all = append(all, Pair{r.text("valueName"), r.text("value")}) })
	return all
}

func (r *reader) size() int64 {
	text := r.text("size")
	n, err := strconv.ParseInt(text, 10, 64)
	if text != "" && (err != nil || n < 0) {
		r.fail("size", "cap.number", "{value} is not a number.", "value", text)
	}
	return n
}

func (r *reader) references() (all []Reference) {
	for _, word := range strings.Fields(r.text("references")) {
		parts := strings.Split(word, ",")
		var ref Reference
		ok := len(parts) == 3
		if ok {
			ref.Sender, ref.Identifier = parts[0], parts[1]
			ref.Sent, ok = parseTime(parts[2])
		}
		if !ok {
			r.fail("references", "cap.references_form",
				"{value} is not of the form sender,identifier,time; between two of them stands a space.", "value", word)
		}
		all = append(all, ref)
	}
	return all
}

func (r *reader) polygons() (all []Polygon) {
	for _, text := range r.texts("polygon") {
		var p Polygon
		for _, pair := range strings.Fields(text) {
			at, ok := parsePair(pair)
			if !ok {
				r.fail(nth("polygon", len(all)), "cap.pair", "{value} is not a pair of latitude and longitude such as 38.47,-120.14.", "value", pair)
				break
			}
			p = append(p, at)
		}
		all = append(all, p)
	}
	return all
}

func (r *reader) circles() (all []Circle) {
	for _, text := range r.texts("circle") {
		center, radius, _ := strings.Cut(text, " ")
		at, ok := parsePair(center)
		km, isNumber := decimal(strings.TrimSpace(radius))
		if !ok || !isNumber {
			r.fail(nth("circle", len(all)), "cap.circle",
				"{value} is not a circle: latitude,longitude, a space and a radius in kilometres, as in 38.47,-120.14 5.", "value", text)
		}
		all = append(all, Circle{at, km})
	}
	return all
}

func parsePair(s string) (geo.Point, bool) {
	lat, lon, _ := strings.Cut(s, ",")
	p := geo.Point{}
	var okLat, okLon bool
	p.Lat, okLat = decimal(lat)
	p.Lon, okLon = decimal(lon)
	return p, okLat && okLon
}

func nth(name string, i int) string { return name + "[" + strconv.Itoa(i+1) + "]" }

// words splits a list by blanks; names with blanks stand in quotes (section
// 3.2.1).
func words(s string) (all []string) {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		end := strings.IndexFunc(s, isBlank)
		if s[0] == '"' {
			if quoted, rest, ok := strings.Cut(s[1:], `"`); ok {
				if word := strings.TrimSpace(quoted); word != "" {
					all = append(all, word)
				}
				s = rest
				continue
			}
		}
		if end < 0 {
			end = len(s)
		}
		all = append(all, s[:end])
		s = s[end:]
	}
	return all
}

func isBlank(r rune) bool { return strings.ContainsRune(" \t\r\n", r) }
