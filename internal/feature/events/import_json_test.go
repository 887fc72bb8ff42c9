package events_test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/events"
	"convoke/internal/geo"
)

type importJSON func(context.Context, io.Reader, events.ImportOptions, *events.Report) error

// json imports and returns the counts and the report.
func (k *desk) json(do importJSON, text string) ([5]int, string) {
	k.t.Helper()
	var out bytes.Buffer
	rep := events.NewReport(&out, false)
	if err := do(k.t.Context(), strings.NewReader(text), k.options(), rep); err != nil {
		k.t.Fatal(err)
	}
	s := rep.Summary()
	if err := rep.Close(s); err != nil {
		k.t.Fatal(err)
	}
	return counts(s), out.String()
}

const osdiDay = `{"identifiers":["sample:1"],"title":"Neighbourhood assembly","description":"<p>Bring <b>food</b></p><script>x()</script>","browser_url":"https://example.org/1",
	"status":"tentative","start_date":"2026-06-14T16:00:00Z","end_date":"2026-06-14T18:00:00Z","capacity":80,
	"location":{"venue":"Community hall","address_lines":["Main street 4"],"locality":"Leipzig","country":"DE","location":{"latitude":51.34,"longitude":12.37,"accuracy":"Rooftop"}}}`

func TestImportOSDI(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		text := `{"_embedded":{"osdi:events":[` + osdiDay + `,{"identifiers":["sample:2"],"title":"Secret","visibility":"private","start_date":"2026-06-14T16:00:00Z"},
			{"identifiers":["sample:3"],"name":"Market day","all_day":true,"all_day_date":"2026-07-04","location":{"locality":"Denver","region":"CO","country":"US"}}]}}`
		got, out := k.json(k.svc.ImportOSDI, text)
		if got != [5]int{2, 0, 0, 1, 0} || !strings.Contains(out, "sample:2, left out") || !strings.Contains(out, "[private]") {
			t.Fatalf("%v\n%s", got, out)
		}
		e := k.one("sample:1")
		if e.State != events.Proposed || e.Kind != "assembly" || e.Zone != "Europe/Berlin" || e.Capacity != 80 || e.Where.Precise != geo.PrecisionExact ||
			e.Where.Place != "Community hall" || e.Where.Address != "Main street 4" || e.Where.Locality != "Leipzig" || e.SourceURL != "https://example.org/1" {
			t.Errorf("%+v", e)
		}
		if html := string(e.HTML); html != "<p>Bring food</p>\n" {
			t.Errorf("description: %q", html)
		}
		market := k.one("sample:3")
		if want := time.Date(2026, 7, 4, 6, 0, 0, 0, time.UTC); !market.AllDay || !market.Start.Equal(want) || market.Zone != "America/Denver" || !market.Where.HasPoint {
			t.Errorf("%+v", market)
		}
		if got, out := k.json(k.svc.ImportOSDI, text); got != [5]int{0, 0, 2, 1, 0} {
			t.Errorf("again: %v\n%s", got, out)
		}
		if got, _ := k.json(k.svc.ImportOSDI, strings.Replace(text, "16:00:00Z", "15:00:00Z", 1)); got != [5]int{0, 1, 1, 1, 0} {
			t.Errorf("moved: %v", got)
		}
		if e := k.one("sample:1"); e.WasStart.IsZero() {
			t.Error("nothing says that it was moved")
		}
	})
}

const mobilizeEvents = `{"data":[{"id":17,"title":"Riverside clean-up","description":"Come","sponsor":{"name":"Riverside","candidate_name":"Jane Roe"},
	"timeslots":[{"id":5,"start_date":1781532000,"end_date":1781539200},{"id":6,"start_date":1782136800,"end_date":1782144000}],
	"location":{"venue":"This event’s address is private. Sign up for more details","address_lines":["This event’s address is private. Sign up for more details",""],
	"locality":"Seattle","region":"WA","postal_code":"98115","country":"US","location":{"latitude":47.68,"longitude":-122.3},"congressional_district":"7"},
	"timezone":"America/Los_Angeles","event_type":"TRAINING","browser_url":"https://www.example.org/event/17/","visibility":"PUBLIC",
	"contact":{"name":"Jane Roe","email_address":"jane@example.org"},"accessibility_status":"ACCESSIBLE"},
	{"id":18,"title":"Call","timeslots":[{"id":1,"start_date":1781532000,"end_date":1781539200}],"location":null,"timezone":"America/New_York","event_type":"PHONE_BANK","visibility":"PUBLIC","virtual_action_url":"https://meet.example.org/x"}]}`

func TestImportMobilize(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		got, out := k.json(k.svc.ImportMobilize, mobilizeEvents)
		if got != [5]int{3, 0, 0, 0, 2} || !strings.Contains(out, "[placeholder]") {
			t.Fatalf("%v\n%s", got, out)
		}
		e := k.one("17/5")
		if e.Kind != "training" || e.Organizer != "Riverside" || e.Zone != "America/Los_Angeles" || e.Where.Place != "" || e.Where.Address != "" ||
			e.Where.Locality != "Seattle" || e.Where.Precise != geo.PrecisionPostcode || len(e.Access.Has()) != 1 {
			t.Errorf("%+v", e)
		}
		if second := k.one("17/6"); !second.Start.Equal(time.Unix(1782136800, 0)) {
			t.Errorf("%+v", second)
		}
		if call := k.one("18/1"); call.Kind != "online" || call.Where.OnlineURL != "https://meet.example.org/x" || call.Zone != "America/New_York" {
			t.Errorf("%+v", call)
		}
		for _, row := range k.rows() {
			for _, word := range []string{"Jane", "example.org/hidden", "private", "jane@"} {
				if strings.Contains(row, word) {
					t.Errorf("%q is in %s", word, row)
				}
			}
		}
	})
}

// What the API writes in these forms is read again on another node, and says the
// same.
func TestForeignFormatsComeBack(t *testing.T) {
	t.Parallel()
	f, c := programs(t, dbtest.Open(t, dbtest.SQLite(t), clockAt()))
	in := input()
	in.AccessYes, in.Capacity, in.Lang, in.Kind, in.Address = []string{"step_free"}, "40", "de", "assembly", "Main street 4"
	in.Title = "Neighbourhood assembly"
	first, err := f.Create(t.Context(), olga, "g1", "k1", in)
	if err != nil {
		t.Fatal(err)
	}
	in.StartTime, in.EndTime, in.StartDate, in.EndDate, in.State = "", "", "2026-06-01", "2026-06-03", events.Cancelled
	if _, err := f.Create(t.Context(), olga, "g1", "k2", in); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		accept string
		do     func(*desk) importJSON
	}{
		{"application/hal+json", func(k *desk) importJSON { return k.svc.ImportOSDI }},
		{"application/vnd.mobilize+json, */*;q=0.1", func(k *desk) importJSON { return k.svc.ImportMobilize }},
	} {
		a := c.Get("/events?limit=10", "Accept", x.accept).Want(200, nil)
		if got := a.Header.Get("Content-Type"); !strings.HasPrefix(x.accept, got) {
			t.Errorf("type %q", got)
		}
		c.Get("/events?limit=10", "Accept", x.accept, "If-None-Match", a.Header.Get("ETag")).Want(304, nil)
		one := c.Get("/events/"+string(first), "Accept", x.accept).Want(200, nil)
		k := newDesk(t, dbtest.Open(t, dbtest.SQLite(t), clockAt()))
		if got, out := k.json(x.do(k), string(a.Body)); got != [5]int{2, 0, 0, 0, 0} {
			t.Errorf("%s: %v\n%s", x.accept, got, out)
		}
		if got, out := k.json(x.do(k), string(one.Body)); got != [5]int{0, 0, 1, 0, 0} {
			t.Errorf("%s: the same by itself: %v\n%s", x.accept, got, out)
		}
		r, err := k.svc.Search(t.Context(), events.Query{All: true, Limit: 10})
		if err != nil || len(r.Events) != 2 {
			t.Fatalf("%v, %v", r, err)
		}
		slices.SortFunc(r.Events, func(a, b events.Event) int { return a.Start.Compare(b.Start) })
		e := r.Events[0]
		if !e.Start.Equal(time.Date(2026, 5, 9, 8, 0, 0, 0, time.UTC)) || e.Title != in.Title || e.Kind != "assembly" || e.Zone != "Europe/Berlin" ||
			e.Where.Locality != "Leipzig" || e.Where.Place != "North gate" || e.Where.Address != "Main street 4" || !e.Where.HasPoint {
			t.Errorf("%s: %+v", x.accept, e)
		}
		if days := r.Events[1].End.Sub(r.Events[1].Start); days != 72*time.Hour {
			t.Errorf("%s: three days became %v", x.accept, days)
		}
	}
	c.Get("/events?kind=party", "Accept", "application/hal+json").Refused(422, "form.invalid", "#/kind", "search.kind")
	c.Get("/events/x", "Accept", "application/hal+json").Refused(404, "event.not_found")
	if a := c.Get("/events", "Accept", "*/*").Want(200, nil); a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("type %q", a.Header.Get("Content-Type"))
	}
}
