package events

import (
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
)

// Bounds of one search.
const (
	pageSize  = 30
	maxResult = 2000
	maxRadius = 2000.0
)

// Query is what somebody looks for. The zero Query is every upcoming event.
type Query struct {
	Near     string // as typed
	Place    geo.Place
	HasPlace bool
	Radius   float64 // km
	Box      geo.Box
	HasBox   bool
	From, To time.Time // local days are read in UTC; To is exclusive; zero is open
	Past     bool      // what is over, latest first
	All      bool      // past and upcoming, latest first
	Kinds    []Kind
	Handle   string // group
	Group    id.Group
	Campaign string // handle
	Under    id.Campaign
	Lang     string // has a text in this language
	In       string // the language to show texts in, where there is a version; "" is the original
	Access   int64
	Text     string
	After    int64 // at_key of the last result seen; 0 at the start
	Limit    int
}

// searchParams are the names of the parameters that [ParseQuery] reads.
func searchParams() []string {
	return []string{"near", "radius_km", "bbox", "from", "to", "when", "kind", "group", "campaign", "lang", "access", "q", "after", "limit"}
}

// ParseQuery reads the parameters that /events and its formats share.
func ParseQuery(v url.Values, places Places) (Query, error) {
	q := Query{Radius: 25, Limit: pageSize}
	p := parser{}
	q.Near = p.text("near", strings.TrimSpace(v.Get("near")), maxPlace)
	if q.Near != "" {
		found := places.Find(q.Near, 1)
		if len(found) == 0 {
			p.fail("near", "search.place_unknown", "We do not know a place called “{near}”. Try the nearest town or a postcode.", "near", q.Near)
		} else {
			q.Place, q.HasPlace = found[0], true
		}
	}
	if s := v.Get("radius_km"); s != "" {
		r, err := strconv.ParseFloat(s, 64)
		if err != nil || !(r > 0 && r <= maxRadius) {
			p.fail("radius_km", "search.radius", "Choose a distance between 1 and {max} km.", "max", int(maxRadius))
		}
		q.Radius = r
	}
	if s := v.Get("bbox"); s != "" {
		b, err := geo.ParseBox(s)
		if err != nil {
			p.fail("bbox", "search.bbox", "The map window is west,south,east,north in degrees.")
		}
		q.Box, q.HasBox = b, err == nil
	}
	q.From, q.To = p.day(v, "from"), p.day(v, "to")
	if !q.To.IsZero() {
		q.To = q.To.AddDate(0, 0, 1)
		if !q.From.IsZero() && !q.To.After(q.From) {
			p.fail("to", "search.to_before_from", "The last day must not be before the first.")
		}
	}
	q.Past, q.All = v.Get("when") == "past", v.Get("when") == "all"
	p.words(v, &q)
	if s := v.Get("after"); s != "" {
		n, err := strconv.ParseInt(s, 36, 64)
		if err != nil {
			p.fail("after", "search.cursor", "This page link cannot be read. Please search again.")
		}
		q.After = n
	}
	if s := v.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxResult {
			p.fail("limit", "search.limit", "Ask for 1 to {max} events at a time.", "max", maxResult)
		}
		q.Limit = n
	}
	return q, fault.Invalid(p.fields...)
}

func (p *parser) words(v url.Values, q *Query) {
	for _, s := range v["kind"] {
		for k := range strings.SplitSeq(s, ",") {
			if k == "" {
				continue
			}
			if !Kind(k).Valid() {
				p.fail("kind", "search.kind", "There is no kind of event called “{kind}”.", "kind", k)
				continue
			}
			q.Kinds = append(q.Kinds, Kind(k))
		}
	}
	q.Handle = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(v.Get("group")), "@"))
	q.Campaign = strings.ToLower(strings.TrimSpace(v.Get("campaign")))
	if q.Lang = v.Get("lang"); q.Lang != "" && !validLang(q.Lang) {
		p.fail("lang", "search.lang", "There is no language called “{lang}”.", "lang", q.Lang)
	}
	for _, s := range v["access"] {
		for a := range strings.SplitSeq(s, ",") {
			if a == "" {
				continue
			}
			b := bits([]string{a})
			if b == 0 {
				p.fail("access", "search.access", "There is no kind of access called “{access}”.", "access", a)
			}
			q.Access |= b
		}
	}
	q.Text = p.text("q", strings.TrimSpace(v.Get("q")), maxTitle)
}

func (p *parser) day(v url.Values, name string) time.Time {
	s := strings.TrimSpace(v.Get(name))
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse("2006-01-02", s)
	if err != nil || t.Year() < 1970 || t.Year() > 2399 {
		p.fail(name, "search.day", "Write the day as year-month-day, such as 2026-11-28.")
		return time.Time{}
	}
	return t
}

// Values is the query as address parameters, in a fixed order, without the
// cursor: links, feeds and cache keys agree on it.
func (q *Query) Values() url.Values {
	v := url.Values{}
	set := func(k, s string) {
		if s != "" {
			v.Set(k, s)
		}
	}
	set("near", q.Near)
	if q.HasPlace {
		v.Set("radius_km", strconv.FormatFloat(q.Radius, 'f', -1, 64))
	}
	if q.HasBox {
		v.Set("bbox", formatBox(q.Box))
	}
	if !q.From.IsZero() {
		v.Set("from", q.From.Format("2006-01-02"))
	}
	if !q.To.IsZero() {
		v.Set("to", q.To.AddDate(0, 0, -1).Format("2006-01-02"))
	}
	if q.Past {
		v.Set("when", "past")
	}
	if q.All {
		v.Set("when", "all")
	}
	for _, k := range q.Kinds {
		v.Add("kind", string(k))
	}
	sort.Strings(v["kind"])
	set("group", q.Handle)
	set("campaign", q.Campaign)
	set("lang", q.Lang)
	for _, f := range pick(q.Access) {
		v.Add("access", f.Code)
	}
	set("q", q.Text)
	return v
}

func formatBox(b geo.Box) string {
	f := func(x float64) string { return strconv.FormatFloat(x, 'f', 5, 64) }
	return f(b.West) + "," + f(b.South) + "," + f(b.East) + "," + f(b.North)
}

// area is the box to search in: the map window, or the square around the place.
func (q *Query) area() (geo.Box, bool) {
	if q.HasBox {
		return q.Box, true
	}
	if q.HasPlace {
		return geo.BoxAround(q.Place.Point, q.Radius), true
	}
	return geo.Box{}, false
}

// holds decides exactly what cells and boxes decide roughly.
func (q *Query) holds(p geo.Point) bool {
	if q.HasBox && !q.Box.Contains(p) {
		return false
	}
	return !q.HasPlace || geo.Distance(q.Place.Point, p) <= q.Radius
}

// latestFirst reports the order of the results.
func (q *Query) latestFirst() bool { return q.Past || q.All }

// Filtered reports whether anything was asked at all.
func (q *Query) Filtered() bool { return len(q.Values()) > 0 }
