package app_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"image/png"
	"slices"
	"strings"
	"testing"

	"convoke/internal/feature/events"
	"convoke/internal/web/webtest"
)

func TestStatesOnPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, sam := s.signIn("sam")
		g := s.group(sam, "riverside", "Riverside Neighbours")
		in := meeting("Open assembly", "2026-05-10")
		path := "/events/" + string(s.event(sam, g, in))
		save := func(change func(*events.Input)) {
			t.Helper()
			change(&in)
			seq := b.Get(path+"/edit").Want(t, 200, "").Attr("main input[name=sequence]", "value")
			b.Post(path+"/edit", asForm(in, "sequence", seq)...).Want(t, 303, path+"?saved=1")
		}
		says := func(texts ...string) {
			t.Helper()
			a := s.visitor().Get(path).Want(t, 200, "")
			for _, want := range texts {
				if !strings.Contains(a.Text("main"), want) {
					t.Errorf("the page does not say %q: %s", want, a.Text("main"))
				}
			}
			if got := titles(s.visitor().Get("/events")); len(got) != 1 {
				t.Errorf("the list shows %q", got)
			}
		}
		badge := func(want string) {
			t.Helper()
			if got := s.visitor().Get("/calendar").Text(".calendar .badge"); got != want {
				t.Errorf("the calendar marks it as %q, not %q", got, want)
			}
		}
		status := func(want, icsWant string) {
			t.Helper()
			var j struct {
				Name, EventStatus string
			}
			if err := json.Unmarshal([]byte(s.visitor().Get(path+".json").Want(t, 200, "").Body), &j); err != nil || j.Name != in.Title || j.EventStatus != "https://schema.org/"+want {
				t.Errorf("JSON: %+v, %v", j, err)
			}
			if ics := s.visitor().Get(path+".ics").Want(t, 200, ""); !strings.Contains(ics.Body, "\r\nSTATUS:"+icsWant+"\r\n") {
				t.Errorf("calendar: %s", ics.Body)
			}
		}
		says("Open assembly")
		badge("")
		status("EventScheduled", "CONFIRMED")
		save(func(in *events.Input) { in.State, in.StartTime, in.Place = events.Moved, "19:30", "Town hall" })
		says("moved", "Old time: ", "6:00", "7:30", "Old place: Leipzig", "New place: Town hall, Leipzig")
		badge("Moved")
		s.toldEverywhere(path, "7:30", "Old place: Leipzig. New place: Town hall, Leipzig.")
		save(func(in *events.Input) { in.State, in.StartDate = events.Postponed, "2026-05-17" })
		says("postponed", "Old time: ", "7:30")
		badge("Postponed")
		s.toldEverywhere(path, "Old time: ", "7:30")
		status("EventPostponed", "TENTATIVE")
		save(func(in *events.Input) { in.State = events.Cancelled })
		says("This event is cancelled.")
		badge("Cancelled")
		status("EventCancelled", "CANCELLED")
		s.visitor().Get(path+"/attend").Want(t, 410, "")
		in.State = events.Draft
		seq := b.Get(path+"/edit").Attr("main input[name=sequence]", "value")
		b.Post(path+"/edit", asForm(in, "sequence", seq)...).Want(t, 422, "")
		in.State, in.Title = events.Cancelled, "Lost update"
		if a := b.Post(path+"/edit", asForm(in, "sequence", "0")...).Want(t, 422, ""); a.Attr("#title", "value") != "Lost update" {
			t.Error("what was typed is lost when somebody else has saved")
		}
		says("Open assembly")
	})
}

// A draft is told from nothing only by those who may see it.
func TestDraftsAreAbsent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		own, sam := s.signIn("sam")
		eve, _ := s.signIn("eve")
		in := meeting("Secret draft", "2026-05-10")
		in.State = events.Draft
		draft, nothing := string(s.event(sam, s.group(sam, "riverside", "Riverside Neighbours"), in)), s.IDs.New()
		own.Get("/events/"+draft).Want(t, 200, "")
		same := func(b *webtest.Browser, method, tail string) {
			t.Helper()
			ask := func(eid string) (int, string) {
				a := b.Do(method, "/events/"+eid+tail, strings.NewReader("key=a"), "Content-Type", "application/x-www-form-urlencoded")
				body := strings.ReplaceAll(strings.ReplaceAll(a.Body+a.Location, eid, "ID"), a.Text(".request-id"), "")
				return a.Status, withoutRequest(body)
			}
			got, body := ask(draft)
			want, absent := ask(nothing)
			if got != want || body != absent || got < 300 {
				t.Errorf("%s %s: %d and %d\n%s\n%s", method, tail, got, want, body, absent)
			}
			if strings.Contains(body, "Secret") {
				t.Errorf("%s tells the title", tail)
			}
		}
		for _, b := range []*webtest.Browser{s.visitor(), eve} {
			for _, tail := range []string{"", ".ics", ".json", ".xml", "/edit", "/attend", "/turnout/new"} {
				same(b, "GET", tail)
			}
			for _, tail := range []string{"/edit", "/attend", "/turnout/new"} {
				same(b, "POST", tail)
			}
			a := b.Get("/map/picture.png?event="+draft).Want(t, 404, "")
			if strings.Contains(a.Body, "Secret") {
				t.Error("the map tells the title")
			}
		}
	})
}

// withoutRequest cuts the request's number out of an error page or problem.
func withoutRequest(s string) string {
	for _, mark := range []string{"this number: ", `"request_id":"`} {
		if i := strings.Index(s, mark); i >= 0 {
			s = s[:i] + s[min(len(s), i+len(mark)+12):]
		}
	}
	return s
}

func TestSmallRoutes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		town(s)
		b := s.visitor()
		for path, ctype := range map[string]string{
			"/healthz": "text/plain", "/readyz": "text/plain", "/places?q=Leip": "application/json", "/groups/riverside": "text/html; charset=utf-8",
			"/groups/riverside.json": "application/json", "/groups/riverside/events.ics": "text/calendar; charset=utf-8",
			"/events.csv": "text/csv; charset=utf-8", "/events.atom": "application/atom+xml; charset=utf-8", "/events.geojson": "application/geo+json",
		} {
			if a := b.Get(path).Want(t, 200, ""); a.Header.Get("Content-Type") != ctype {
				t.Errorf("%s is %q", path, a.Header.Get("Content-Type"))
			}
		}
		b.Get("/groups/riverside.ics").Want(t, 302, "/groups/riverside/events.ics")
		if got, err := readICS(b.Get("/groups/riverside/events.ics").Body); err != nil || len(got) != 4 { // and one that is over
			t.Errorf("the group's calendar: %q, %v", got, err)
		}
		var group struct{ Handle, Name, URL string }
		if err := json.Unmarshal([]byte(b.Get("/groups/riverside.json").Body), &group); err != nil || group.Handle != "riverside" || group.URL != "http://localhost/groups/riverside" {
			t.Errorf("%+v, %v", group, err)
		}
		var places []struct{ Label string }
		if err := json.Unmarshal([]byte(b.Get("/places?q=Leipzig").Body), &places); err != nil || len(places) == 0 || !strings.HasPrefix(places[0].Label, "Leipzig") {
			t.Errorf("%+v, %v", places, err)
		}
		if a := b.Get("/calendar?month=2026-06&group=riverside").Want(t, 200, ""); !strings.Contains(a.Text("main"), "Soup for all") || strings.Contains(a.Text("main"), "Tool library") {
			t.Errorf("June: %s", a.Text("main"))
		}
		for month, status := range map[string]int{"": 200, "2026-13": 422, "x": 422, "9999-01": 422, "1971-01": 200, "2398-12": 200} {
			b.Get("/calendar?month="+month).Want(t, status, "")
		}
		for _, query := range []string{"", "?bbox=12,51,14,52", "?near=Leipzig&dark=1", "?bbox=179,-1,-179,1", "?bbox=0,0,0,0"} {
			a := b.Get("/map/picture.png"+query).Want(t, 200, "")
			p, err := png.Decode(strings.NewReader(a.Body))
			if err != nil || p.Bounds().Dx() != 960 || p.Bounds().Dy() != 640 {
				t.Errorf("map%s: %v", query, err)
			}
		}
	})
}

func TestUnchangedIsNotSentAgain(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	town(s)
	b := s.visitor()
	for _, path := range []string{"/", "/events", "/events.geojson", "/events.ics", "/events.atom", "/events.csv", "/calendar", "/groups/riverside", "/groups/riverside.json"} {
		a := b.Get(path).Want(t, 200, "")
		etag := a.Header.Get("ETag")
		if etag == "" || strings.HasPrefix(etag, "W/") {
			t.Errorf("%s has the ETag %q", path, etag)
		}
		if again := b.Get(path, "If-None-Match", etag).Want(t, 304, ""); again.Body != "" {
			t.Errorf("%s: 304 with a body", path)
		}
		head := b.Do("HEAD", path, nil)
		if head.Status != 200 || head.Body != "" || head.Header.Get("ETag") != etag {
			t.Errorf("HEAD %s: %d, %q", path, head.Status, head.Header.Get("ETag"))
		}
	}
	before := b.Get("/events").Header.Get("ETag")
	_, ada := s.signIn("ada")
	s.event(ada, s.group(ada, "cooks", "Cooks"), meeting("New", "2026-05-05"))
	if a := b.Get("/events", "If-None-Match", before).Want(t, 200, ""); !strings.Contains(a.Body, "New") {
		t.Error("a new event is not shown")
	}
}

// No cell of the table is a formula, whatever people typed.
func TestFormulasAreHarmless(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	_, sam := s.signIn("sam")
	g := s.group(sam, "riverside", "Riverside Neighbours")
	var ins []events.Input
	for _, evil := range []string{"=SUM(1)", "+1+cmd|'/C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "＝1+1", "=1\n=2"} {
		in := meeting(evil, "2026-05-05")
		in.Place, in.Address = evil, evil
		ins = append(ins, in)
	}
	s.bulk(g, ins)
	rows, err := csv.NewReader(strings.NewReader(s.visitor().Get("/events.csv").Body)).ReadAll()
	if err != nil || len(rows) != len(ins)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		for i, cell := range r {
			if cell != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(cell)[0]) {
				t.Errorf("column %s: %q", rows[0][i], cell)
			}
		}
	}
	if !bytes.Contains([]byte(s.visitor().Get("/events.csv").Body), []byte("'=SUM(1)")) {
		t.Error("the text is lost")
	}
}

// toldEverywhere says whether people find old and new where they look for an
// event, and programs where they read it.
func (s *stand) toldEverywhere(path string, texts ...string) {
	s.t.Helper()
	unfold := strings.NewReplacer("\r\n ", "", "\\,", ",", "&#39;", "'")
	rows, err := csv.NewReader(strings.NewReader(s.visitor().Get("/events.csv").Want(s.t, 200, "").Body)).ReadAll()
	if err != nil || len(rows) != 2 {
		s.t.Fatalf("%q, %v", rows, err)
	}
	month := rows[1][slices.Index(rows[0], "start")][:len("2006-01")]
	for _, from := range []string{"/events", "/calendar?month=" + month, path + "/print?lang=en", "/groups/riverside", "/events.atom", path + ".ics", "/events.ics", "/groups/riverside/events.ics"} {
		body := unfold.Replace(s.visitor().Get(from).Want(s.t, 200, "").Body)
		for _, want := range texts {
			if !strings.Contains(body, want) {
				s.t.Errorf("%s does not say %q: %s", from, want, body)
			}
		}
	}
	for _, from := range []string{"/events.geojson", path + ".geojson"} {
		var all struct {
			Features []struct {
				Properties struct {
					WasStart string `json:"was_start"`
					WasPlace string `json:"was_place"`
				}
			}
		}
		err := json.Unmarshal([]byte(s.visitor().Get(from).Want(s.t, 200, "").Body), &all)
		if err != nil || len(all.Features) != 1 || all.Features[0].Properties.WasStart == "" {
			s.t.Errorf("%s says %+v, %v", from, all, err)
		}
	}
	last := len(rows[0]) - 1
	if strings.Join(rows[0][last-2:], " ") != "was_start was_place was_zone" || rows[1][last-2] == "" {
		s.t.Errorf("the table says %q", rows)
	}
}
