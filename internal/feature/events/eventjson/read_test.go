package eventjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// readAll collects what a reader takes and names, and its error.
func readAll(read func(*strings.Reader, func(Event) error, func(Problem)) error, s string) (all []Event, problems []string, err error) {
	err = read(strings.NewReader(s), func(e Event) error { all = append(all, e); return nil },
		func(p Problem) { problems = append(problems, p.UID+" "+p.Code) })
	return all, problems, err
}

func readOSDI(r *strings.Reader, take func(Event) error, p func(Problem)) error {
	return ReadOSDI(r, take, p)
}

func readMobilize(r *strings.Reader, take func(Event) error, p func(Problem)) error {
	return ReadMobilize(r, take, p)
}

const rally = `{"identifiers":["osdi_sample:1","other:2"],"origin_system":"Sample","title":"Park day","description":"<p>Join us</p>",
	"browser_url":"https://example.org/park","type":"open","status":"confirmed","start_date":"2027-03-14T12:00:00Z","end_date":"2027-03-14T14:00:00Z",
	"capacity":"80","visibility":"public","location":{"venue":"Lafayette Square","address_lines":["1564 H St NW"],"locality":"Washington",
	"region":"DC","postal_code":"20001","country":"us","language":"EN","location":{"latitude":"38.9002101","longitude":-77.0359252,"accuracy":"Rooftop"}},
	"_embedded":{"osdi:creator":{"given_name":"Jane","party_identification":"Green","gender":"Female","ethnicities":["X"],"employer":"Acme",
	"email_addresses":[{"address":"jane@example.org"}]}}}`

func TestOSDI(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]string{
		"one":        rally,
		"a list":     "[" + rally + "]",
		"collection": `{"total_pages":1,"_links":{"osdi:events":[{"href":"https://x.example/1"}]},"_embedded":{"osdi:events":[` + rally + `]}}`,
	} {
		all, problems, err := readAll(readOSDI, s)
		if err != nil || len(problems) != 0 || len(all) != 1 {
			t.Errorf("%s: %d events, %v, %v", name, len(all), problems, err)
			continue
		}
		e := all[0]
		want := Event{
			UID: "osdi_sample:1", Title: "Park day", Description: "<p>Join us</p>", URL: "https://example.org/park", Status: "confirmed",
			Start: time.Date(2027, 3, 14, 12, 0, 0, 0, time.UTC), End: time.Date(2027, 3, 14, 14, 0, 0, 0, time.UTC), Lang: "en",
			Venue: "Lafayette Square", Address: "1564 H St NW", Locality: "Washington", Region: "DC", Country: "US", Postcode: "20001",
			Lat: 38.9002101, Lon: -77.0359252, HasPoint: true, Exact: true, Capacity: 80,
		}
		if e != want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, e, want)
		}
		if s := fmt.Sprintf("%+v", e); strings.Contains(s, "Jane") || strings.Contains(s, "Green") || strings.Contains(s, "Acme") {
			t.Errorf("something of a person was read: %s", s)
		}
	}
}

func TestOSDITimes(t *testing.T) {
	t.Parallel()
	day := func(d int) time.Time { return time.Date(2027, 5, d, 0, 0, 0, 0, time.UTC) }
	for in, want := range map[string]Event{
		`"start_date":"2027-05-08T10:00:00+02:00"`:                                        {Start: day(8).Add(8 * time.Hour)},
		`"start_date":"2027-05-08T10:00:00.000Z"`:                                         {Start: day(8).Add(10 * time.Hour)},
		`"start_date":"2027-05-08T10:00:00"`:                                              {Start: day(8).Add(10 * time.Hour), Floating: true},
		`"all_day":true,"all_day_date":"2027-05-08","start_date":"2027-05-08T00:00:00Z"`:  {Start: day(8), End: day(9), AllDay: true, Floating: true},
		`"all_day":true,"start_date":"2027-05-08","end_date":"2027-05-11T00:00:00+02:00"`: {Start: day(8), End: day(11), AllDay: true, Floating: true},
	} {
		all, problems, err := readAll(readOSDI, `{"identifiers":["a:1"],"title":"x",`+in+`}`)
		if err != nil || len(all) != 1 {
			t.Errorf("%s: %v, %v", in, problems, err)
			continue
		}
		if e := all[0]; !e.Start.Equal(want.Start) || !e.End.Equal(want.End) || e.AllDay != want.AllDay || e.Floating != want.Floating {
			t.Errorf("%s: %+v", in, e)
		}
	}
}

func TestWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	all, problems, err := readAll(readOSDI, `[7, {"title":"x","start_date":"2027-05-08T10:00:00Z"}, {"identifiers":["a:1"],"title":"x","start_date":"soon"},
		{"identifiers":["a:2"],"title":"x","visibility":"Private","start_date":"2027-05-08T10:00:00Z"}, {"identifiers":"a:3","title":"x"}]`)
	if got := strings.Join(problems, ", "); err != nil || len(all) != 0 || got != "event 1 broken, event 2 no_id, a:1 no_time, a:2 private, event 5 broken" {
		t.Errorf("%d taken, %s, %v", len(all), got, err)
	}
	for _, s := range []string{"", "{}", "7", `{"people":[{"given_name":"Jane"}]}`} {
		if _, _, err := readAll(readOSDI, s); !errors.Is(err, ErrNoEvents) {
			t.Errorf("%q: %v", s, err)
		}
	}
	all, _, err = readAll(readOSDI, `{"_embedded":{"osdi:events":[`+rally+`,`)
	if err == nil || errors.Is(err, ErrNoEvents) || len(all) != 1 {
		t.Errorf("a file that breaks off: %d events, %v", len(all), err)
	}
}

const canvass = `{"id":17,"title":"Clean-up","summary":"","description":"Come","sponsor":{"id":1,"name":"Riverside","candidate_name":"Jane","race_type":"SENATE","district":"14"},
	"timeslots":[{"id":5,"start_date":1809856800,"end_date":1809864000},{"start_date":1810461600,"end_date":1810468800},{"id":7,"start_date":null}],
	"location":{"venue":"Town hall","address_lines":["204 E 13th St",""],"locality":"New York","region":"NY","postal_code":"10003","country":"",
	"location":{"latitude":40.7322535,"longitude":-73.9874105},"congressional_district":"12"},"timezone":"America/New_York","event_type":"COMMUNITY",
	"browser_url":"https://www.example.org/event/17/","visibility":"PUBLIC","contact":{"name":"Jane","email_address":"jane@example.org"},
	"accessibility_status":"NOT_ACCESSIBLE","accessibility_notes":"Two steps"}`

func TestMobilize(t *testing.T) {
	t.Parallel()
	all, problems, err := readAll(readMobilize, `{"count":1,"next":null,"previous":null,"data":[`+canvass+`]} {"data":`+strings.Replace(canvass, "17", "18", 1)+`}`)
	if got := strings.Join(problems, ", "); err != nil || len(all) != 4 || got != "17 no_time, 18 no_time" {
		t.Fatalf("%d taken, %s, %v", len(all), got, err)
	}
	e := all[0]
	if e.UID != "17/5" || all[1].UID != "17/1810461600" || all[2].UID != "18/5" || !e.Start.Equal(time.Unix(1809856800, 0)) || e.Organizer != "Riverside" ||
		e.Country != "US" || !e.Exact || e.StepFree == nil || *e.StepFree || e.AccessNote != "Two steps" || e.Zone != "America/New_York" || e.Virtual {
		t.Errorf("%+v", e)
	}
	b, err := json.Marshal(e)
	if err != nil || strings.Contains(string(b), "Jane") || strings.Contains(string(b), "SENATE") {
		t.Errorf("something of a person was read: %s, %v", b, err)
	}
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	private := "This event’s address is private. Sign up for more details"
	s := strings.NewReplacer(`"Town hall"`, `"`+private+`"`, `"204 E 13th St"`, `"`+private+`"`).Replace(canvass)
	all, _, err := readAll(readMobilize, "["+s+"]")
	if err != nil || len(all) != 2 {
		t.Fatal(err)
	}
	if e := all[0]; e.Placeholder != private || e.Venue != "" || e.Address != "" || e.HasPoint || e.Locality != "New York" || e.Postcode != "10003" {
		t.Errorf("%+v", e)
	}
	// Also when the file holds the address that is not to be shown.
	all, _, err = readAll(readMobilize, "["+strings.Replace(canvass, `"visibility"`, `"address_visibility":"PRIVATE","visibility"`, 1)+"]")
	if err != nil || len(all) != 2 {
		t.Fatal(err)
	}
	if e := all[0]; e.Placeholder != "private" || e.Venue != "" || e.Address != "" || e.HasPoint || e.Locality != "New York" {
		t.Errorf("%+v", e)
	}
	for text, want := range map[string]bool{
		"TBD": true, "tba.": true, "N/A": true, "Online": true, "Private residence": true, "This event address is private. Sign up for more details": true,
		"Private Street 4": false, "Zoomstraße": false, "Town hall": false, "": false,
	} {
		if placeholder(text) != want {
			t.Errorf("%q is a placeholder: %v", text, !want)
		}
	}
	all, _, err = readAll(readOSDI, strings.NewReplacer(`"38.9002101"`, `0`, `-77.0359252`, `"0.0"`).Replace(rally))
	if err != nil || all[0].HasPoint {
		t.Errorf("a point in the sea is a place: %+v, %v", all, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{rally, canvass, "[" + rally + "]", `{"data":[` + canvass + `]}`, `{"_embedded":{"osdi:events":[{}]}}`, "[[", `{"data":{"data":{"data":[]}}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		check := func(e Event) error {
			if e.UID == "" || e.Start.IsZero() && !e.AllDay && e.Start.Year() != 1 {
				t.Errorf("%+v", e)
			}
			if strings.ContainsRune(e.Title, 0) || strings.ContainsRune(e.Description, 0) {
				t.Errorf("control characters in %+v", e)
			}
			return nil
		}
		_ = ReadOSDI(strings.NewReader(s), check, func(Problem) {})
		_ = ReadMobilize(strings.NewReader(s), check, func(Problem) {})
	})
}
