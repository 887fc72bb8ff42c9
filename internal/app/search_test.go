package app_test

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/feature/events"
	"convoke/internal/ical"
	"convoke/internal/web/webtest"
)

// town fills a node with a handful of events, of which each search finds others.
func town(s *stand) {
	s.t.Helper()
	_, sam := s.signIn("sam")
	g, other := s.group(sam, "riverside", "Riverside Neighbours"), s.group(sam, "choir", "Market Choir")
	walk, sing, online, far, past := meeting("Walk by the river", "2026-05-03"), meeting("Singing", "2026-05-10"),
		meeting("Tool library", "2026-05-20"), meeting("Soup for all", "2026-06-01"), meeting("Old assembly", "2026-04-01")
	walk.Kind, walk.AccessYes, walk.Lang = "march", []string{"step_free", "toilet"}, "de"
	sing.Near, sing.AccessYes, sing.Place = "Dresden", []string{"step_free"}, "Town hall"
	online.Kind, online.Near, online.OnlineURL, online.Zone = "online", "", "https://example.org/tools", "Europe/Berlin"
	far.Near, far.Kind, far.Description = "Springfield, Illinois, US", "mutual_aid", "Bring a **ladle** and =SUM(1)."
	past.Kind = "assembly"
	for _, in := range []events.Input{walk, online, far, past} {
		s.event(sam, g, in)
	}
	s.event(sam, other, sing)
	draft := meeting("Secret draft", "2026-05-04")
	draft.State = events.Draft
	s.event(sam, g, draft)
}

func TestEverySearch(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		town(s)
		for query, want := range map[string][]string{
			"":                                  {"Walk by the river", "Singing", "Tool library", "Soup for all"},
			"near=Leipzig":                      {"Walk by the river"},
			"near=Leipzig&radius_km=150":        {"Walk by the river", "Singing"},
			"near=51.05,13.74&radius_km=7.5":    {"Singing"},
			"bbox=12,51,14,52":                  {"Walk by the river", "Singing"},
			"bbox=170,-50,-170,50":              nil,
			"bbox=-180,-90,180,90":              {"Walk by the river", "Singing", "Soup for all"},
			"from=2026-05-10":                   {"Singing", "Tool library", "Soup for all"},
			"to=2026-05-10":                     {"Walk by the river", "Singing", "Old assembly"},
			"from=2026-05-04&to=2026-05-20":     {"Singing", "Tool library"},
			"from=2399-12-31":                   nil,
			"from=1970-01-01&to=1970-01-01":     nil,
			"kind=march":                        {"Walk by the river"},
			"kind=march,online&kind=mutual_aid": {"Walk by the river", "Tool library", "Soup for all"},
			"group=riverside":                   {"Walk by the river", "Tool library", "Soup for all"},
			"group=@Choir":                      {"Singing"},
			"group=nobody":                      nil,
			"lang=de":                           {"Walk by the river"},
			"access=step_free":                  {"Walk by the river", "Singing"},
			"access=step_free&access=toilet":    {"Walk by the river"},
			"q=ladle":                           {"Soup for all"},
			"q=RIVER":                           {"Walk by the river"},
			"q=%22%27*%28%29%3A-+%26+%7C+%21+%3C%3E%5C": {"Walk by the river", "Singing", "Tool library", "Soup for all"},
			"q=secret":  nil,
			"when=past": {"Old assembly"},
			"when=all":  {"Soup for all", "Tool library", "Singing", "Walk by the river", "Old assembly"},
			"near=Leipzig&radius_km=2000&kind=meeting&access=step_free&q=singing&from=2026-05-01&to=2026-06-01&group=choir": {"Singing"},
			"kind=&near=&radius_km=&bbox=&from=&to=&group=&lang=&access=&q=&after=&limit=":                                  {"Walk by the river", "Singing", "Tool library", "Soup for all"},
			"unknown=1&q=": {"Walk by the river", "Singing", "Tool library", "Soup for all"},
		} {
			a := s.visitor().Get("/events?"+query).Want(t, 200, "")
			got := titles(a)
			if strings.HasPrefix(query, "to=") { // what is over comes first there
				got, want = sorted(got), sorted(want)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("/events?%s (-want +got):\n%s", query, d)
			}
			sameInEveryFormat(t, s, query, titles(a))
		}
	})
}

// sameInEveryFormat reads the formats of a search with the readers of others.
func sameInEveryFormat(t *testing.T, s *stand, query string, want []string) {
	t.Helper()
	for format, read := range map[string]func(string) ([]string, error){
		"geojson": readGeoJSON, "ics": readICS, "atom": readAtom, "csv": readCSV,
	} {
		a := s.visitor().Get("/events." + format + "?" + query)
		got, err := read(a.Body)
		if err != nil || a.Status != 200 {
			t.Errorf("/events.%s?%s: %d, %v\n%s", format, query, a.Status, err, a.Body)
			continue
		}
		if d := cmp.Diff(sorted(want), sorted(got)); d != "" {
			t.Errorf("/events.%s?%s (-page +format):\n%s", format, query, d)
		}
	}
}

func readGeoJSON(body string) ([]string, error) {
	var c struct {
		Type     string `json:"type"`
		Features []struct {
			Type     string `json:"type"`
			ID       string `json:"id"`
			Geometry *struct {
				Type        string    `json:"type"`
				Coordinates []float64 `json:"coordinates"`
			} `json:"geometry"`
			Properties map[string]string `json:"properties"`
		} `json:"features"`
	}
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		return nil, err
	}
	var out []string
	for _, f := range c.Features {
		if g := f.Geometry; g != nil && (g.Type != "Point" || len(g.Coordinates) != 2 || g.Coordinates[1] < -90 || g.Coordinates[1] > 90) {
			return nil, fmt.Errorf("geometry %v", *g)
		}
		if f.Type != "Feature" || f.Properties["url"] != "/events/"+f.ID || f.Properties["start"] == "" {
			return nil, fmt.Errorf("feature %v", f)
		}
		out = append(out, f.Properties["title"])
	}
	if c.Type != "FeatureCollection" {
		return nil, fmt.Errorf("type %q", c.Type)
	}
	return out, nil
}

func readICS(body string) (out []string, err error) {
	for line := range strings.SplitSeq(strings.TrimSuffix(body, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.Contains(line, "\n") {
			return nil, fmt.Errorf("line %q", line)
		}
	}
	_, err = ical.Read(strings.NewReader(body), ical.Options{}, func(e ical.Event) error {
		if e.UID == "" || e.Zone == "" || !e.End.After(e.Start) {
			return fmt.Errorf("event %+v", e)
		}
		out = append(out, e.Summary)
		return nil
	}, func(p ical.Problem) { err = fmt.Errorf("problem: %s", p.Text) })
	return out, err
}

func readAtom(body string) (out []string, err error) {
	var f struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string   `xml:"id"`
		Updated string   `xml:"updated"`
		Entries []struct {
			Title   string `xml:"title"`
			ID      string `xml:"id"`
			Updated string `xml:"updated"`
		} `xml:"entry"`
	}
	err = xml.Unmarshal([]byte(body), &f)
	for _, e := range f.Entries {
		if e.ID == "" || e.Updated == "" {
			return nil, fmt.Errorf("entry %+v", e)
		}
		out = append(out, e.Title)
	}
	if err == nil && (f.ID == "" || f.Updated == "" || strings.HasPrefix(f.Updated, "0001")) {
		err = fmt.Errorf("id %q, updated %q", f.ID, f.Updated)
	}
	return out, err
}

func readCSV(body string) (out []string, err error) {
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		return nil, err
	}
	at := slices.Index(rows[0], "title")
	for _, r := range rows[1:] {
		out = append(out, r[at])
	}
	return out, nil
}

func TestBadSearches(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		town(s)
		b := s.visitor()
		for _, x := range []struct{ name, value string }{
			{"near", "Nowhere<b>"}, {"near", strings.Repeat("x", 301)}, {"near", "91,200"},
			{"radius_km", "0"}, {"radius_km", "-1"}, {"radius_km", "far"}, {"radius_km", "NaN"}, {"radius_km", "1e9"}, {"radius_km", "Inf"},
			{"bbox", "1,2,3"}, {"bbox", "a,b,c,d"}, {"bbox", "0,50,1,40"}, {"bbox", "NaN,0,1,1"}, {"bbox", "0,-91,1,1"},
			{"from", "tomorrow"}, {"from", "2026-02-30"}, {"from", "1969-12-31"}, {"to", "2400-01-01"}, {"to", "0000-00-00"},
			{"kind", "riot"}, {"kind", "march,x"}, {"lang", "klingon!"}, {"lang", "x"}, {"access", "wings"},
			{"q", strings.Repeat("x", 201)}, {"after", "!"}, {"after", "zzzzzzzzzzzzzzzzzzzz"}, {"limit", "0"}, {"limit", "2001"}, {"limit", "many"},
		} {
			query := url.Values{x.name: {x.value}}.Encode()
			for _, path := range []string{"/events", "/calendar"} {
				if path == "/calendar" && (x.name == "from" || x.name == "to") {
					continue // the month counts there
				}
				a := b.Get(path+"?"+query).Want(t, 422, "")
				if a.Text("#"+x.name+"-error")+a.Text("#"+x.name+".error") == "" || a.Text("#problem") == "" {
					t.Errorf("%s?%s: no message beside the field", path, query)
				}
				if href := a.Attr(".error-summary a", "href"); href != "#"+x.name || len(a.All(href)) != 1 {
					t.Errorf("%s?%s: the summary leads to %q", path, query, href)
				}
				if kept := a.Attr("input#"+x.name, "value"); kept != x.value && slices.Contains([]string{"near", "from", "to", "q"}, x.name) {
					t.Errorf("%s?%s: %q is kept", path, query, kept)
				}
			}
			for _, f := range []string{"geojson", "ics", "atom", "csv"} {
				a := b.Get("/events."+f+"?"+query).Want(t, 422, "")
				if f == "geojson" && (a.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(a.Body, `"pointer":"#/`+x.name+`"`)) {
					t.Errorf("%s: %s", query, a.Body)
				}
			}
			b.Get("/map/picture.png?"+query).Want(t, 422, "")
		}
		a := b.Get("/events?from=2026-05-03&to=2026-05-02&radius_km=x").Want(t, 422, "")
		if len(a.All(".error-summary li")) != 2 || a.Attr("#from", "value") != "2026-05-03" || a.Attr("#to", "value") != "2026-05-02" {
			t.Errorf("not all is said or kept: %s", a.Text("main"))
		}
	})
}

// No query makes the server fail, whatever it holds.
func TestHostileQueries(t *testing.T) {
	t.Parallel()
	search := []string{"near", "radius_km", "bbox", "from", "to", "when", "kind", "group", "lang", "access", "q", "after", "limit"}
	paths := map[string][]string{
		"/events": search, "/events.csv": {"group", "q", "after"}, "/calendar": {"month", "group", "q"}, "/map/picture.png": {"bbox", "event", "group"},
		"/places": {"q"}, "/groups": {"q", "after"}, "/turnout": {"month", "country", "region", "by", "before"},
	}
	values := []string{
		"%00", "a%00b", "%ff", "%ed%a0%80", "%F4%90%80%80", "%E2%80%AE", "%27%3B--", "-1", "9223372036854775807", "-9223372036854775808",
		"%25", "_", "%5C", "%", "a;b", strings.Repeat("%C3%9F", 3000),
	}
	each(t, func(t *testing.T, s *stand) {
		town(s)
		b := s.visitor()
		for path, names := range paths {
			for _, name := range names {
				for _, v := range values {
					b.Get(path + "?" + name + "=" + v) // the browser complains of 5xx
				}
			}
		}
	})
}

// Pages and feeds that follow their links give every event once.
func TestPagingIsComplete(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		_, sam := s.signIn("sam")
		g := s.group(sam, "riverside", "Riverside Neighbours")
		var ins []events.Input
		var want, past []string
		for i := range 95 {
			in := meeting(fmt.Sprintf("Meeting %02d", i), fmt.Sprintf("2026-05-%02d", 4+i/12)) // many at one time
			ins, want = append(ins, in), append(want, in.Title)
			if i%3 == 0 {
				old := meeting(fmt.Sprintf("Past %02d", i), fmt.Sprintf("2026-04-%02d", 4+i/12))
				ins, past = append(ins, old), append(past, old.Title)
			}
		}
		s.bulk(g, ins)
		for path, all := range map[string][]string{
			"/events": want, "/events?when=past": past, "/events?near=Leipzig": want, "/events?q=meeting&limit=7": want,
			"/events?kind=meeting&group=riverside": want, "/events?when=all": append(slices.Clone(want), past...),
		} {
			got := walk(t, s.visitor(), path, func(a webtest.Answer) ([]string, string) {
				return titles(a), a.Attr("a[rel=next]", "href")
			})
			if d := cmp.Diff(sorted(all), sorted(got)); d != "" {
				t.Errorf("%s (-want +got):\n%s", path, d)
			}
		}
		for _, path := range []string{"/events.geojson?limit=10", "/events.geojson?limit=94&near=Leipzig"} {
			got := walk(t, s.visitor(), path, func(a webtest.Answer) ([]string, string) {
				found, err := readGeoJSON(a.Body)
				if err != nil || len(found) > 94 {
					t.Errorf("%s: %d, %v", path, len(found), err)
				}
				next, _, ok := strings.Cut(strings.TrimPrefix(a.Header.Get("Link"), "<http://localhost"), `>; rel="next"`)
				if !ok {
					return found, ""
				}
				return found, next
			})
			if d := cmp.Diff(sorted(want), sorted(got)); d != "" {
				t.Errorf("%s (-want +got):\n%s", path, d)
			}
		}
	})
}

// walk follows the links to the next page.
func walk(t *testing.T, b *webtest.Browser, path string, read func(webtest.Answer) ([]string, string)) []string {
	t.Helper()
	var all []string
	for i := 0; path != ""; i++ {
		if i > 50 {
			t.Fatalf("no end: %s", path)
		}
		var found []string
		found, path = read(b.Get(path).Want(t, 200, ""))
		all = append(all, found...)
	}
	return all
}
