package events_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/events"
	"convoke/internal/web/webtest"
)

// TestProgrammeInTables: what to bring, contingents, roles and legal help stand in
// tables and in the GeoJSON of an event; lists, which maps load, stay light.
func TestProgrammeInTables(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	e := p.add("k", "2026-05-09")
	path := "/events/" + string(e)
	if got := p.get(path + ".geojson").Body.String(); strings.Contains(got, "bring") || strings.Contains(got, "roles") {
		t.Errorf("of nothing it says %s", got)
	}
	organizer := webtest.NewBrowser(t, p.site).WithSession("olga")
	organizer.Post(path+"/programme", form("bring", "=Gloves")...).Want(t, http.StatusSeeOther, path+"/programme?saved=1")
	rows, err := csv.NewReader(p.get("/events.csv").Body).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v, %v", rows, err)
	}
	cell := map[string]string{}
	for i, name := range rows[0] {
		cell[name] = rows[1][i]
	}
	for name, want := range map[string]string{
		"bring": "'=Gloves", "contingents": "Families · North gate · 2026-05-09T09:30+02:00\nBicycles · Bridge", "roles_needed": "medic: 2\nTea: 1",
		"legal_help": "Legal office: 555 0100", "description": "We pick up litter.",
	} {
		if cell[name] != want {
			t.Errorf("%s is %q, want %q", name, cell[name], want)
		}
	}
	type collection struct {
		Features []struct {
			Properties struct {
				Bring       string
				Contingents []struct{ Name, Meets string }
				Roles       []struct{ People int }
			}
		}
	}
	read := func(from string) (c collection) {
		t.Helper()
		if err := json.Unmarshal(p.get(from).Body.Bytes(), &c); err != nil || len(c.Features) != 1 {
			t.Fatalf("%s: %+v, %v", from, c, err)
		}
		return c
	}
	if one := read(path + ".geojson").Features[0].Properties; one.Bring != "=Gloves" || len(one.Contingents) != 2 || one.Contingents[0].Meets == "" || len(one.Roles) != 2 {
		t.Errorf("%+v", one)
	}
	if one := read("/events.geojson").Features[0].Properties; one.Bring != "" || one.Contingents != nil {
		t.Errorf("the list carries %+v", one)
	}
}

// TestTableOfAnEarlierVersion: a table without the columns that came later is
// still known as one of ours.
func TestTableOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	f := setUp(t, dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)))
	in := input()
	in.AccessYes = []string{"toilet"}
	if _, err := f.Create(t.Context(), olga, "g1", "k", in); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(exported(t, f.Service))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	w := csv.NewWriter(&out)
	then := slices.Index(rows[0], "description") + 1
	for _, row := range rows {
		if err := w.Write(row[:then]); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	k := newDesk(t, dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)))
	if s, said := k.csv(out.String()); counts(s) != [5]int{1, 0, 0, 0, 0} {
		t.Errorf("%v\n%s", counts(s), said)
	}
	var got []string
	r, err := k.svc.Search(t.Context(), events.Query{Limit: 5, All: true})
	for _, e := range r.Events {
		got = append(got, e.Title+" in "+e.Where.Label())
	}
	if err != nil || len(got) != 1 || got[0] != "Riverside clean-up in North gate, Leipzig" {
		t.Errorf("%q, %v", got, err)
	}
}
