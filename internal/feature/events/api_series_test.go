package events_test

import (
	"testing"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
)

// A program calls off what is still to come of a series, and knows when
// somebody changed it meanwhile.
func TestAPIEndsSeries(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f, c := programs(t, d)
		olga := c.As("olga")
		e := f.make(t, tuesday())
		end := "/events/" + string(e) + "/repeat/end"
		olga.Do("POST", end, map[string]any{"scope": "all", "series_version": 0}).Refused(404, "series.not_found")
		f.repeat(t, e, "k1", everyWeek(5))
		var now struct{ Series struct{ Version int } }
		c.Get("/events/"+string(e)).Want(200, &now)
		body := map[string]any{"scope": "after", "series_version": now.Series.Version}
		c.Do("POST", end, body).Refused(401, "token.missing")
		c.As("olga read").Do("POST", end, body).Refused(403, "token.scope")
		c.As("mia").Do("POST", end, body).Refused(403, "authz.forbidden")
		olga.Do("POST", end, map[string]any{"scope": "only", "series_version": 1}).Refused(422, "form.invalid", "#/scope", "api.choice")
		olga.Do("POST", end, map[string]any{"scope": "after"}).Refused(422, "form.invalid", "#/series_version", "api.missing")
		for _, v := range []int{now.Series.Version + 7, -1, -2} {
			olga.Do("POST", end, map[string]any{"scope": "after", "series_version": v}).Refused(409, "series.changed_meanwhile")
		}
		f.want(t, state, "0505 18:00 confirmed, 0512 18:00 confirmed, 0519 18:00 confirmed, 0526 18:00 confirmed, 0602 18:00 confirmed")
		var ended struct {
			CalledOff int `json:"called_off"`
		}
		olga.Do("POST", end, body).Want(200, &ended)
		if ended.CalledOff != 4 {
			t.Errorf("%+v", ended)
		}
		olga.Do("POST", end, body).Refused(409, "series.changed_meanwhile")
		f.want(t, state, "0505 18:00 confirmed, 0512 18:00 cancelled, 0519 18:00 cancelled, 0526 18:00 cancelled, 0602 18:00 cancelled")
	})
}
