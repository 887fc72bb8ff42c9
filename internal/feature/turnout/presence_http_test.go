package turnout

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/id"
)

// longEvent lasts three weeks on an island where it is tomorrow already.
type longEvent struct{ stubEvents }

func (l longEvent) About(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event) (About, authz.Subject, error) {
	a, sub, err := l.stubEvents.About(ctx, tx, by, e)
	if err != nil {
		return a, sub, err
	}
	island, err := time.LoadLocation("Pacific/Kiritimati")
	if err != nil {
		return a, sub, err
	}
	a.Spot.Day, a.Start = 20260428, time.Date(2026, 4, 28, 10, 0, 0, 0, island)
	a.End = a.Start.AddDate(0, 0, 21)
	return a, sub, nil
}

// Somebody on the spot counts: the form begins with today, where they are; what
// is said stands by day, on the page and for programs.
func TestCountOnTheSpot(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.web.Service.Events = longEvent{stubEvents{s.e}}
	path := "/events/" + string(s.e) + "/turnout"
	_, body := s.get(path+"/new", "org")
	if !strings.Contains(body, `name="day" type="date" value="2026-05-03"`) {
		t.Fatalf("the form does not begin with today:\n%s", body)
	}
	for i, x := range []struct {
		day, low, high string
		code           int
		want           string
	}{
		{"2026-05-03", "200", "300", 303, ""}, {"2026-05-03", "250", "280", 303, ""}, {"2026-05-01", "500", "", 303, ""},
		{"2026-05-02", "90", "100", 303, ""}, {"2026-04-28", "40", "50", 303, ""},
		{"2026-05-04", "1", "2", 422, "from 2026-04-28 to 2026-05-03"}, {"", "1", "2", 422, `id="day-error"`},
		{"2026-04-27", "1", "none", 422, `id="high-error"`}, {"2026-04-27", "1", "none", 422, `id="day-error"`},
	} {
		key := keyField.FindStringSubmatch(body)[1]
		code, got := s.do("POST", path+"/new", "org", url.Values{
			"key": {key[:len(key)-1] + string("0123456789"[i])}, "day": {x.day}, "low": {x.low}, "high": {x.high}, "method": {"eye"}, "source_name": {"Us"},
		})
		if code != x.code || !strings.Contains(got, x.want) {
			t.Errorf("%+v: %d\n%s", x, code, got)
		}
	}
	_, panel := s.get("/panel", "")
	for _, want := range []string{"Day by day", "On the fullest day: 500", "May 3, 2026: 200–300", "May 1, 2026</h3>", "<strong>500</strong>", `href="` + path + `"`} {
		if !strings.Contains(panel, want) {
			t.Errorf("the panel lacks %q:\n%s", want, panel)
		}
	}
	if strings.Contains(panel, "Apr 28") {
		t.Errorf("the panel shows more than the latest days:\n%s", panel)
	}
	code, all := s.get(path, "")
	if i, k := strings.Index(all, "May 3, 2026: 200–300"), strings.Index(all, "Apr 28, 2026</h2>"); code != 200 || i < 0 || k < i {
		t.Errorf("%d: the days are not all there, the latest first:\n%s", code, all)
	}
	if code, _ := s.get("/events/01haaaaaaaaaaaaaaaaaaaaaaa/turnout", ""); code != 404 {
		t.Errorf("no event: %d", code)
	}
}
