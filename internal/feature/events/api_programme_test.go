package events_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
)

type programmeJSON struct {
	Bring, Offer string
	Safety       []struct{ Point, Answer, Note string }
	Contingents  []struct{ Name, Place, Meets string }
	Roles        []struct {
		Role, Name string
		People     int
	}
}

// A program says all that an event's page says, and is told which member is wrong.
func TestAPIProgramme(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f, c := programs(t, d)
		olga := c.As("olga")
		e := f.make(t, tuesday())
		at := "/events/" + string(e) + "/programme"
		type list = []map[string]any
		body := map[string]any{
			"sequence": 0, "bring": "Water.", "offer": "Come at five.",
			"safety":      list{{"point": "water", "answer": "yes"}, {"point": "permit", "answer": "not_yet", "note": "We asked."}},
			"contingents": list{{"name": "Families", "place": "Old Bridge", "time": "17:30"}, {"name": "Bicycles"}},
			"roles":       list{{"name": "Cooks", "people": 3}, {"role": "medic", "people": 2}},
		}
		c.Do("PUT", at, body).Refused(401, "token.missing")
		c.As("mia").Do("PUT", at, body).Refused(403, "authz.forbidden")
		c.As("olga read").Do("PUT", at, body).Refused(403, "token.scope")
		var got struct {
			Sequence  int
			Programme *programmeJSON
		}
		olga.Do("PUT", at, body).Want(200, &got)
		want := &programmeJSON{Bring: "Water.", Offer: "Come at five."}
		want.Safety = append(want.Safety, struct{ Point, Answer, Note string }{"permit", "not_yet", "We asked."}, struct{ Point, Answer, Note string }{"water", "yes", ""})
		want.Contingents = append(want.Contingents, struct{ Name, Place, Meets string }{"Families", "Old Bridge", "2026-05-05T17:30+02:00"}, struct{ Name, Place, Meets string }{Name: "Bicycles"})
		want.Roles = append(want.Roles, struct {
			Role, Name string
			People     int
		}{"medic", "", 2}, struct {
			Role, Name string
			People     int
		}{"", "Cooks", 3})
		if d := cmp.Diff(want, got.Programme); d != "" {
			t.Error(d)
		}
		body["sequence"] = got.Sequence + 7
		olga.Do("PUT", at, body).Refused(409, "event.changed_meanwhile")
		seq := got.Sequence
		olga.Do("PUT", at, map[string]any{
			"sequence": seq, "contingents": list{{"name": "A"}, {"name": "", "place": "x"}, {"name": "B", "time": "25:00"}, {"name": "C", "time": "10:00", "date": "2026-05-09"}},
			"roles": list{{"people": 1}, {"role": "medic", "people": 0}}, "safety": list{{"point": "water", "answer": "yes", "note": strings.Repeat("x", 1000)}},
		}).Refused(422, "form.invalid", "#/contingents/1/name", "programme.contingent_name", "#/contingents/3/date", "programme.day",
			"#/roles/0/name", "programme.role_name", "#/safety/0/note", "form.long", "#/contingents/2/time", "event.time")
		olga.Do("PUT", at, map[string]any{
			"sequence": seq, "roles": list{{"role": "medic", "people": 1}, {"role": "medic", "people": 2}},
			"safety": list{{"point": "water", "answer": "yes"}, {"point": "water", "answer": "no"}},
		}).Refused(422, "form.invalid", "#/roles/1/role", "programme.twice", "#/safety/1/point", "programme.twice")
		olga.Do("PUT", at, map[string]any{"sequence": seq, "safety": list{{"point": "lions", "answer": "yes"}}}).Refused(422, "form.invalid", "#/safety/0/point", "api.choice")
		got.Programme = nil
		olga.Do("PUT", at, map[string]any{"sequence": seq}).Want(200, &got)
		if got.Programme != nil {
			t.Errorf("%+v", got.Programme)
		}
	})
}
