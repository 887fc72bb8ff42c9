package app_test

import (
	"fmt"
	"strings"
	"testing"

	"convoke/internal/db"
	"convoke/internal/feature/events"
)

// An import goes again from pages, totals and search, also where they were shown
// before; what people signed up for stays.
func TestAnUndoneImportIsNowhere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		var table strings.Builder
		table.WriteString("id,date,locality,region,country,place,lat,lon,event_type,title,size_text,size_low,size_high,sources\n")
		for i := range 40 {
			fmt.Fprintf(&table, "w%d,2026-04-%02d,Leipzig,SN,DE,Market square,51.34,12.37,meeting,Wrong assembly %d,about 40,30,50,https://example.org/1\n", i, i%28+1, i)
		}
		_, sam := s.signIn("sam")
		s.event(sam, s.group(sam, "riverside", "Riverside Neighbours"), meeting("Our own", "2026-06-06"))
		visitor := s.visitor()
		paths := []string{"/events.csv", "/events?when=past&q=assembly", "/turnout", "/about/sources", "/events?q=own"}
		read := func() (out []string) {
			for _, p := range paths {
				a := visitor.Get(p)
				out = append(out, fmt.Sprint(a.Status, " ", a.Text("main"), a.Header.Get("Content-Type")))
			}
			return out
		}
		before := read()
		report := events.NewReport(t.Output(), false)
		err := s.Events.ImportCSV(t.Context(), strings.NewReader(table.String()), events.ImportOptions{
			Source: events.Source{ID: "wrong", Name: "Wrong table", Kind: "csv"}, Now: s.clock.Now(), Gazetteer: s.Places,
		}, report)
		if err != nil {
			t.Fatal(err)
		}
		run := report.Summary().Run
		var gone, used string
		err = s.DB.Write(t.Context(), func(tx *db.Tx) error {
			if err := tx.Get(t.Context(), "select id from event where uid = 'w3'", nil, &gone); err != nil {
				return err
			}
			if err := tx.Get(t.Context(), "select id from event where uid = 'w7'", nil, &used); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), "update event set group_id = (select id from groups) where id = $1", used)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		visitor.Get("/events/"+gone).Want(t, 200, "")
		during := read()
		for _, i := range []int{2, 3} {
			if during[i] == before[i] {
				t.Errorf("%s does not show the import: %s", paths[i], during[i])
			}
		}
		undo := func(removed, stay int) {
			t.Helper()
			sum, err := s.Events.UndoImport(t.Context(), events.UndoOptions{Run: run}, events.NewReport(t.Output(), false))
			if err != nil || sum.Removed != removed || sum.Stay != stay {
				t.Errorf("%+v, %v", sum, err)
			}
			drifts(t, s)
		}
		undo(39, 1)
		visitor.Get("/events/"+gone).Want(t, 404, "")
		visitor.Get("/events/"+used).Want(t, 200, "")
		err = s.DB.Write(t.Context(), func(tx *db.Tx) error { // it is nobody's again
			_, err := tx.Exec(t.Context(), "update event set group_id = null where id = $1", used)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		undo(1, 0)
		visitor.Get("/events/"+used).Want(t, 404, "")
		for i, text := range read() {
			if text != before[i] {
				t.Errorf("%s still differs: %s", paths[i], text)
			}
		}
		if n := s.count("select count(*) from turnout") + s.count("select count(*) from estimate") + s.count("select count(*) from roster where going > 0"); n != 0 {
			t.Errorf("%d rows stay behind", n)
		}
	})
}
