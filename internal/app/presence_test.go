package app_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"time"

	"convoke/internal/api/apitest"
	"convoke/internal/db"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/turnout"
)

// An occupation of three weeks, as a visitor and its organizer see it.
func TestPresence(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, sam := s.signIn("sam")
		in := meeting("Vigil at the bridge", "2026-05-09")
		in.StartTime, in.EndDate, in.EndTime = "00:00", "2026-05-30", "00:00"
		e := s.event(sam, s.group(sam, "riverside", "Riverside Neighbours"), in)
		path := "/events/" + string(e)
		form := b.Get(path+"/timeslots/fill").Want(t, 200, "")
		typed := []string{
			"key", form.Attr("main input[name=key]", "value"), "from", form.Attr("#from", "value"), "to", form.Attr("#to", "value"),
		}
		for i := range 6 {
			n := fmt.Sprint(i + 1)
			typed = append(typed, "title"+n, "Watch "+n, "start"+n, fmt.Sprintf("%02d:00", 4*i), "end"+n, fmt.Sprintf("%02d:00", (4*i+4)%24),
				"capacity"+n, "8", "least"+n, "3")
		}
		seen := b.Post(path+"/timeslots/fill", typed...).Want(t, 200, "").Attr("main input[name=seen]", "value")
		b.Post(path+"/timeslots/fill", append(typed, "do", "make", "seen", seen)...).Want(t, 303, path+"/timeslots?saved=1&made=126")

		s.clock.Set(time.Date(2026, 5, 13, 6, 0, 0, 0, time.UTC)) // eight in the morning of day 5, in Leipzig
		page := s.visitor().Get(path).Want(t, 200, "")
		if got := page.Text(".event-badges"); !strings.Contains(got, "Day 5 of 21") {
			t.Errorf("the page says %q", got)
		}
		panel := page.Text(".attend")
		if strings.Contains(panel, "May 15") || !strings.Contains(panel, "May 13") || !strings.Contains(panel, "May 14") || strings.Contains(panel, "Watch 2 , May 13") {
			t.Errorf("the panel shows %s", panel)
		}
		v := s.visitor()
		if got := v.Get(path+"/rota").Want(t, 200, "").Text("main"); !strings.Contains(got, "day 5 of 21") || !strings.Contains(got, "3 more needed") {
			t.Errorf("the rota: %s", got)
		}
		for _, p := range []string{path, path + "/rota", path + "/attend", path + "/attend?day=2026-05-25"} {
			var w bytes.Buffer
			z := gzip.NewWriter(&w)
			if _, err := z.Write([]byte(v.Get(p).Want(t, 200, "").Body)); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil || w.Len() > 14<<10 {
				t.Errorf("%s: %d bytes compressed, %v", p, w.Len(), err)
			}
		}
		for _, x := range [][2]string{{"2026-05-12", "200"}, {"2026-05-13", "120"}, {"2026-05-13", "150"}} {
			count := b.Get(path+"/turnout/new").Want(t, 200, "")
			if got := count.Attr("#day", "value"); got != "2026-05-13" {
				t.Errorf("the form begins with %q", got)
			}
			b.Post(path+"/turnout/new", "key", count.Attr("main input[name=key]", "value"), "day", x[0], "low", x[1], "method", "eye", "source_name", "Us").
				Want(t, 303, path+"#turnout")
		}
		if got := s.visitor().Get(path).Text("#turnout"); !strings.Contains(got, "May 13, 2026: 120–150") || !strings.Contains(got, "On the fullest day: 200") {
			t.Errorf("the page says %s", got)
		}
		var numbers struct{ Slots []struct{ Least, Going int } }
		var said struct {
			Items []struct{ Day string }
		}
		api := apitest.New(t, s.Site)
		api.Do("GET", path+"/attendance", nil).Want(200, &numbers)
		api.Do("GET", path+"/estimates", nil).Want(200, &said)
		if len(numbers.Slots) != 126 || numbers.Slots[0].Least != 3 || len(said.Items) != 3 || said.Items[0].Day != "2026-05-12" || said.Items[2].Day != "2026-05-13" {
			t.Errorf("programs see %d times and %+v", len(numbers.Slots), said)
		}
		err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
			a, err := attendance.Drifts(t.Context(), tx)
			if err != nil {
				return err
			}
			d, err := turnout.Drifts(t.Context(), tx)
			if len(a) > 0 || len(d) > 0 {
				t.Errorf("%v %v", a, d)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
