package events_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/feature/events"
	"convoke/internal/id"
	"convoke/internal/web/webtest"
)

func programme() events.ProgrammeInput {
	return events.ProgrammeInput{
		Bring: "Gloves and *water*.", LegalHelp: "Legal office: 555 0100", Offer: "Talk to us at the tea stall.",
		Safety: []events.SafetyAnswer{{Point: "legal_information", Answer: "yes", Note: "Two pages."}, {Point: "permit", Answer: "not_yet"}},
		Contingents: []events.ContingentInput{
			{Row: "contingent_1", Name: "Bicycles", Place: "Bridge", Time: "09:45"},
			{Row: "contingent_2", Name: "Families", Order: "1", Place: "North gate", Time: "09:30"},
		},
		Roles: []events.RoleInput{{Row: "role_medic", Code: "medic", People: "2"}, {Row: "role_1", Name: "Tea", People: "1"}},
	}
}

// marched is an event with a programme.
func marched(t *testing.T, f *fixture) id.Event {
	t.Helper()
	e, err := f.Create(t.Context(), olga, "g1", "march", input())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetProgramme(t.Context(), olga, e, 0, programme()); err != nil {
		t.Fatal(err)
	}
	return e
}

// saidIn is the programme in the API's JSON of an event.
type saidIn struct {
	Programme *struct {
		Bring       string
		Safety      []struct{ Point, Answer, Note string }
		LegalHelp   string `json:"legal_help"`
		Contingents []struct{ Name, Place, Meets string }
		Roles       []struct {
			Role, Name string
			People     int
		}
		Offer string
	}
}

func TestProgrammeIsKeptAndGoesAlong(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f, c := programs(t, d)
		e := marched(t, f)
		read := func() (one saidIn) {
			t.Helper()
			c.Do("GET", "/events/"+string(e), nil).Want(200, &one)
			var list struct{ Items []saidIn }
			c.Do("GET", "/events", nil).Want(200, &list)
			if len(list.Items) != 1 || cmp.Diff(list.Items[0], one) != "" {
				t.Errorf("the list says something else: %s", cmp.Diff(list.Items, one))
			}
			return one
		}
		got, err := json.Marshal(read().Programme)
		want := `{"Bring":"Gloves and *water*.","Safety":[{"Point":"permit","Answer":"not_yet","Note":""},{"Point":"legal_information","Answer":"yes","Note":"Two pages."}],` +
			`"legal_help":"Legal office: 555 0100","Contingents":[{"Name":"Families","Place":"North gate","Meets":"2026-05-09T09:30+02:00"},` +
			`{"Name":"Bicycles","Place":"Bridge","Meets":"2026-05-09T09:45+02:00"}],` +
			`"Roles":[{"Role":"medic","Name":"","People":2},{"Role":"","Name":"Tea","People":1}],"Offer":"Talk to us at the tea stall."}`
		if err != nil || string(got) != want {
			t.Errorf("%s", cmp.Diff(string(got), want))
		}

		// Moved, it keeps all but the times; saved again, they hold for the new day.
		moved := input()
		moved.StartDate = "2026-05-16"
		if err := f.Update(t.Context(), olga, e, 1, moved); err != nil {
			t.Fatal(err)
		}
		if p := read().Programme; p == nil || len(p.Contingents) != 2 || p.Contingents[0].Meets != "" || p.Contingents[0].Place != "North gate" {
			t.Errorf("%+v", p)
		}
		if err := f.SetProgramme(t.Context(), olga, e, 2, programme()); err != nil {
			t.Fatal(err)
		}
		if p := read().Programme; p.Contingents[0].Meets != "2026-05-16T09:30+02:00" {
			t.Errorf("%+v", p)
		}
		moved.State = events.Cancelled
		if err := f.Update(t.Context(), olga, e, 3, moved); err != nil {
			t.Fatal(err)
		}
		if p := read().Programme; p == nil || len(p.Contingents) != 2 || p.Contingents[0].Meets == "" {
			t.Errorf("cancelled: %+v", p)
		}

		// Emptied, nothing is left of it.
		if err := f.SetProgramme(t.Context(), olga, e, 4, events.ProgrammeInput{}); err != nil {
			t.Fatal(err)
		}
		if p := read().Programme; p != nil {
			t.Errorf("%+v", p)
		}
		err = d.Read(t.Context(), func(tx *db.Tx) error {
			for _, table := range []string{"programme", "safety_answer", "contingent", "role_need"} {
				var n int
				if err := tx.Get(t.Context(), "select count(*) from "+table, nil, &n); err != nil || n != 0 {
					t.Errorf("%s: %d rows, %v", table, n, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestProgrammesOfManyEventsStayApart(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f, c := programs(t, d)
		want := map[string]string{}
		for i := range 5 {
			in := input()
			in.StartDate = fmt.Sprintf("2026-06-%02d", i+1)
			e, err := f.Create(t.Context(), olga, "g1", fmt.Sprint("k", i), in)
			if err != nil {
				t.Fatal(err)
			}
			if i == 2 {
				continue
			}
			p := events.ProgrammeInput{Contingents: []events.ContingentInput{{Row: "contingent_1", Name: fmt.Sprint("Block ", i)}}}
			if err := f.SetProgramme(t.Context(), olga, e, 0, p); err != nil {
				t.Fatal(err)
			}
			want[string(e)] = fmt.Sprint("Block ", i)
		}
		var list struct {
			Items []struct {
				ID string
				saidIn
			}
		}
		c.Do("GET", "/events", nil).Want(200, &list)
		got := map[string]string{}
		for _, x := range list.Items {
			if x.Programme != nil {
				got[x.ID] = x.Programme.Contingents[0].Name
			}
		}
		if d := cmp.Diff(got, want); d != "" {
			t.Error(d)
		}
	})
}

func TestProgrammeIsForOrganizersAndOverwritesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		e := marched(t, f)
		if err := f.SetProgramme(t.Context(), olga, e, 0, events.ProgrammeInput{Bring: "Nothing."}); !fault.HasCode(err, "event.changed_meanwhile") {
			t.Errorf("an old form: %v", err)
		}
		if err := f.SetProgramme(t.Context(), mia, e, 1, programme()); !fault.Is(err, fault.KindForbidden) {
			t.Errorf("a member: %v", err)
		}
		if err := f.SetProgramme(t.Context(), authz.Actor{}, e, 1, programme()); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("a visitor: %v", err)
		}
		bad := programme()
		bad.Bring, bad.Roles[0].People = "Tea.", "many"
		if err := f.SetProgramme(t.Context(), olga, e, 1, bad); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("bad input: %v", err)
		}
		if got, err := get(t, f, olga, e); err != nil || got.Sequence != 1 {
			t.Errorf("sequence %d, %v", got.Sequence, err)
		}
	})
}

// What one saves is on the page that visitors have from the cache, in calendars
// and in JSON at once.
func TestProgrammeIsOnThePageAndInFormats(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	e := p.add("k", "2026-05-09")
	path := "/events/" + string(e)
	visitor, organizer := webtest.NewBrowser(t, p.site), webtest.NewBrowser(t, p.site).WithSession("olga")
	for range 2 {
		a := visitor.Get(path)
		if len(a.All("#gaps"))+len(a.All("#bring"))+len(a.All("#safety"))+len(a.All("#contingents"))+len(a.All("#roles")) > 0 {
			t.Errorf("of nothing it says %s", a.Text("main"))
		}
	}
	for _, from := range []string{"/events.ics", path + ".ics", path + ".json"} {
		if got := p.get(from).Body.String(); strings.Contains(got, "Contingents") || strings.Contains(got, "programme") {
			t.Errorf("%s: %s", from, got)
		}
	}
	a := organizer.Get(path)
	if got := a.Text("#gaps ul"); got != "How accessible it is In which language it is held What to bring Safety: Permit or notification, Way for emergency vehicles, "+
		"Step-free route, Water, Quiet space, Plan for the weather, Legal information" {
		t.Errorf("the gaps are %q", got)
	}
	for _, link := range a.All("#gaps a") {
		to, at, _ := strings.Cut(webtest.Attr(link, "href"), "#")
		if len(organizer.Get(to).All("#"+at)) != 1 {
			t.Errorf("%s leads nowhere", webtest.Attr(link, "href"))
		}
	}

	organizer.Post(path+"/programme", form()...).Want(t, http.StatusSeeOther, path+"/programme?saved=1")
	a = visitor.Get(path)
	for selector, want := range map[string]string{
		"#bring": "What to bring Gloves and *water*.", "#contingents li": "Families , North gate, 9:30 AM", "#contingents time": "9:30 AM",
		"#safety li": "Permit or notification: Not yet", "#safety p": "Legal help: Legal office: 555 0100",
		"#roles ul": "Medics: 2 Tea: 1", "#roles p": "Talk to us at the tea stall.", "#gaps": "",
	} {
		if got := a.Text(selector); got != want {
			t.Errorf("%s says %q, want %q", selector, got, want)
		}
	}
	if got := a.Attr("#contingents time", "datetime"); got != "2026-05-09T09:30+02:00" {
		t.Error(got)
	}
	if got := len(a.All("#contingents li")); got != 2 {
		t.Errorf("%d contingents", got)
	}
	for _, from := range []string{"/events.ics", path + ".ics", "/groups/riverside/events.ics"} {
		ics := strings.ReplaceAll(p.get(from).Body.String(), "\r\n ", "")
		if !strings.Contains(ics, `DESCRIPTION:We pick up litter.\n\nContingents\n1. Families · North gate · 9:30 AM\n2. Bicycles`) {
			t.Errorf("%s: %s", from, ics)
		}
	}
	var j saidIn
	if err := json.Unmarshal(p.get(path+".json").Body.Bytes(), &j); err != nil || j.Programme == nil || len(j.Programme.Roles) != 2 {
		t.Errorf("%+v %v", j, err)
	}
	if got := organizer.Get(path).Text("#gaps ul"); strings.Contains(got, "bring") || strings.Contains(got, "Water") || !strings.Contains(got, "Quiet space") {
		t.Errorf("the gaps are %q", got)
	}
}

// form is the page's form as a browser without script sends it.
func form(changes ...string) []string {
	all := []string{
		"sequence", "0", "bring", "Gloves and *water*.", "legal_help", "Legal office: 555 0100", "offer", "Talk to us at the tea stall.",
		"safety_permit", "not_yet", "note_permit", "", "safety_water", "yes", "note_water", "Two taps.",
		"contingent_1_name", "Bicycles", "contingent_1_place", "Bridge", "contingent_1_time", "", "contingent_1_order", "",
		"contingent_2_name", "Families", "contingent_2_place", "North gate", "contingent_2_time", "09:30", "contingent_2_order", "1",
		"role_marshal_people", "", "role_medic_people", "2", "role_1_name", "Tea", "role_1_people", "1",
	}
	for i := 0; i+1 < len(changes); i += 2 {
		if at := slices.Index(all, changes[i]); at >= 0 {
			all[at+1] = changes[i+1]
		} else {
			all = append(all, changes[i], changes[i+1])
		}
	}
	return all
}

func TestProgrammeForm(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	e := p.add("k", "2026-05-09")
	path := "/events/" + string(e) + "/programme"
	webtest.NewBrowser(t, p.site).WithSession("mia").Get(path).Want(t, http.StatusForbidden, "")
	if a := webtest.NewBrowser(t, p.site).Get(path); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, "/sign-in") {
		t.Errorf("a visitor: %d %s", a.Status, a.Location)
	}
	b := webtest.NewBrowser(t, p.site).WithSession("olga")
	a := b.Get(path).Want(t, http.StatusOK, "")
	if rows := len(a.All("input[name=contingent_2_name]")) + len(a.All("input[name=contingent_3_name]")) + len(a.All("[name=contingent_1_date]")); rows != 1 {
		t.Errorf("%d rows and days", rows)
	}

	bad := form("bring", strings.Repeat("x", 1001), "safety_water", "", "contingent_2_time", "noon", "contingent_1_name", "", "role_1_people", "some")
	a = b.Post(path, bad...).Want(t, http.StatusUnprocessableEntity, "")
	for name, said := range map[string]string{
		"bring": "Error: This is too long: at most 1,000 characters, please.", "safety_water": "Error: Choose an answer, so that the note says something.",
		"contingent_2_time": "Error: Write the time with hours and minutes, such as 18:30.", "contingent_1_name": "Error: Give it a name, such as “Families” or “Bicycles”.",
		"role_1_people": "Error: Write how many are needed, from 1 to 10,000.",
	} {
		if got := a.Text("#" + name + "-error"); got != said {
			t.Errorf("beside %s: %q", name, got)
		}
		if len(a.All("#problem")) != 1 || len(a.All("a[href=#"+name+"]")) != 1 || len(a.All("#"+name)) != 1 {
			t.Errorf("the summary does not lead to %s", name)
		}
	}
	for name, kept := range map[string]string{"contingent_1_place": "Bridge", "contingent_2_time": "noon", "contingent_2_order": "1", "note_water": "Two taps.", "role_1_name": "Tea", "role_1_people": "some", "role_medic_people": "2", "sequence": "0"} {
		if got := a.Attr("input[name="+name+"]", "value"); got != kept {
			t.Errorf("%s keeps %q, want %q", name, got, kept)
		}
	}
	if got := a.Text("textarea#bring"); len(got) != 1001 {
		t.Errorf("what to bring keeps %d characters", len(got))
	}
	if got := a.Attr("select[name=safety_permit] option[selected=]", "value"); got != "not_yet" {
		t.Errorf("the permit keeps %q", got)
	}

	a = b.Post(path, form("sequence", "7")...).Want(t, http.StatusUnprocessableEntity, "")
	if !strings.Contains(a.Text("main"), "Somebody else has changed this event meanwhile") || a.Attr("input[name=contingent_2_name]", "value") != "Families" {
		t.Error(a.Text("main"))
	}

	b.Post(path, form()...).Want(t, http.StatusSeeOther, path+"?saved=1")
	a = b.Get(path + "?saved=1")
	if a.Text("[role=status]") != "Saved." {
		t.Error(a.Text("main"))
	}
	for name, want := range map[string]string{
		"sequence": "1", "contingent_1_name": "Families", "contingent_1_time": "09:30", "contingent_1_order": "1", "contingent_2_name": "Bicycles",
		"contingent_2_time": "", "contingent_2_order": "2", "contingent_4_name": "", "role_1_name": "Tea", "role_medic_people": "2", "note_water": "Two taps.",
	} {
		if got := a.Attr("input[name="+name+"]", "value"); got != want || len(a.All("input[name="+name+"]")) != 1 {
			t.Errorf("%s is filled with %q, want %q", name, got, want)
		}
	}

	// A moved event asks for the times anew.
	moved := input()
	moved.StartTime, moved.EndTime = "14:00", "16:00"
	if err := p.Update(t.Context(), olga, e, 1, moved); err != nil {
		t.Fatal(err)
	}
	if a = b.Get(path); !strings.Contains(a.Text("div.warn"), "The event was moved") || a.Attr("input[name=contingent_1_time]", "value") != "09:30" {
		t.Error(a.Text("div.warn"))
	}
	visitor := webtest.NewBrowser(t, p.site).Get("/events/" + string(e))
	if len(visitor.All("#contingents time")) != 0 || !strings.Contains(visitor.Text("#contingents p"), "The event was moved") {
		t.Error(visitor.Text("#contingents"))
	}
}

// An event of several days asks for the day, and says it.
func TestContingentsOfSeveralDays(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	in := input()
	in.EndDate = "2026-05-11"
	e, err := p.Create(t.Context(), olga, "g1", "days", in)
	if err != nil {
		t.Fatal(err)
	}
	path := "/events/" + string(e) + "/programme"
	b := webtest.NewBrowser(t, p.site).WithSession("olga")
	if len(b.Get(path).All("input[name=contingent_1_date]")) != 1 {
		t.Error("it does not ask for the day")
	}
	a := b.Post(path, form("contingent_1_date", "", "contingent_2_date", "2026-05-12")...).Want(t, http.StatusUnprocessableEntity, "")
	if got := a.Text("#contingent_2_date-error"); got != "Error: Choose a day of the event, from May 9, 2026 to May 11, 2026." {
		t.Error(got)
	}
	b.Post(path, form("contingent_1_date", "", "contingent_2_date", "2026-05-11")...).Want(t, http.StatusSeeOther, path+"?saved=1")
	if got := b.Get(path).Attr("input[name=contingent_1_date]", "value"); got != "2026-05-11" {
		t.Error(got)
	}
	if got := b.Get("/events/" + string(e)).Text("#contingents time"); got != "May 11, 2026, 9:30 AM" {
		t.Error(got)
	}
}
