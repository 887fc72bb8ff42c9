package attendance_test

import (
	"path/filepath"
	"testing"
	"time"

	"convoke/internal/db/dbtest"
	"convoke/internal/feature/attendance"
)

type fillingJSON struct {
	Made, There int
	Slots       []struct {
		Title, Start, End string
		Capacity          int
	}
	Skipped []struct{ Title, Day, Why string }
}

// Days are filled once for each key, after a look that changes nothing.
func TestAPIFill(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			d, c := programs(t, newHall(t, url(t), filepath.Join(t.TempDir(), "keys.db")), false)
			e, path := d.held(0)
			begin := time.Date(2026, 6, 6, 10, 0, 0, 0, time.UTC) // a Saturday
			d.brief = func(b *attendance.Brief) { b.Start, b.End = begin, begin.AddDate(0, 0, 2) }
			fill := "/events/" + string(e.Event) + "/timeslots/fill"
			body := map[string]any{
				"from": "2026-06-06", "to": "2026-06-08", "weekday": []string{"SA", "SU"},
				"shifts": []map[string]any{{"title": "Morning", "start": "06:00", "end": "12:00", "capacity": 4}, {"title": "Night", "start": "22:00", "end": "02:00", "least": 2}},
			}
			olga := c.As("olga")
			c.Do("POST", fill, body, "Idempotency-Key", "shifts-1").Refused(401, "token.missing")
			olga.Do("POST", fill, body, "Idempotency-Key", "shifts-1").Refused(403, "authz.forbidden")
			d.edits = true
			c.As("olga read").Do("POST", fill, body, "Idempotency-Key", "shifts-1").Refused(403, "token.scope")
			olga.Do("POST", fill, body).Refused(400, "api.key")
			count := func(want int) {
				t.Helper()
				var n struct{ Slots []struct{ ID string } }
				c.Get(path).Want(200, &n)
				if len(n.Slots) != want {
					t.Errorf("%d times, want %d", len(n.Slots), want)
				}
			}
			var look, made, again fillingJSON
			olga.Do("POST", fill+"?dry_run=true", body, "Idempotency-Key", "shifts-1").Want(200, &look)
			count(0)
			olga.Do("POST", fill, body, "Idempotency-Key", "shifts-1").Want(200, &made)
			olga.Do("POST", fill, body, "Idempotency-Key", "shifts-1").Want(200, &again)
			count(3)
			for _, f := range []fillingJSON{look, made, again} {
				if f.Made != 3 || f.There != 0 || len(f.Slots) != 3 || f.Slots[0].Title != "Night" || f.Slots[0].Start != "2026-06-06T22:00Z" ||
					f.Slots[0].End != "2026-06-07T02:00Z" || f.Slots[1].Capacity != 4 || len(f.Skipped) != 1 || f.Skipped[0].Day != "2026-06-06" || f.Skipped[0].Why != "outside" {
					t.Errorf("%+v", f)
				}
			}
			var other fillingJSON
			olga.Do("POST", fill, body, "Idempotency-Key", "shifts-2").Want(200, &other)
			if other.Made != 0 || other.There != 3 {
				t.Errorf("%+v", other)
			}
			count(3)
			body["shifts"] = []map[string]any{{"title": "Morning", "start": "06:00", "end": "12:00", "capacity": 5}, {"title": "Late", "start": "18:00", "end": "20:00"}}
			olga.Do("POST", fill, body, "Idempotency-Key", "shifts-1").Refused(409, "api.key_reused")
			body["shifts"] = []map[string]any{{"title": "Morning", "start": "06:00", "end": "12:00"}, {"title": "", "start": "25:00", "end": "12:00"}}
			olga.Do("POST", fill, body, "Idempotency-Key", "shifts-3").Refused(422, "form.invalid", "#/shifts/1/title", "slot.title", "#/shifts/1/start", "slot.time")
			body["from"] = "2026-06-01"
			olga.Do("POST", fill, body, "Idempotency-Key", "shifts-3").Refused(422, "form.invalid", "#/from", "slot.fill_day")
			body["weekday"] = []string{"XX"}
			olga.Do("POST", fill, body, "Idempotency-Key", "shifts-3").Refused(422, "form.invalid", "#/weekday/0", "api.choice")
			count(3)
		})
	}
}

type messagesJSON struct {
	Morning            bool
	Feedback, Next, At string
	Notices            []struct{ Day, Text string }
}

// A program says which reminders there are, and tells people something once.
func TestAPIMessages(t *testing.T) {
	t.Parallel()
	d, c := programs(t, newHall(t, dbtest.SQLite(t), filepath.Join(t.TempDir(), "keys.db")), true)
	e, path := d.held(0)
	at := "/events/" + string(e.Event) + "/messages"
	olga := c.As("olga")
	c.Get(at).Refused(401, "token.missing")
	olga.Get(at).Refused(403, "authz.forbidden")
	olga.Do("POST", at+"/notices", map[string]any{"text": "Bring gloves."}).Refused(403, "authz.forbidden")
	d.edits = true
	c.As("olga read").Get(at).Refused(403, "token.scope")
	olga.Do("POST", at+"/notices", map[string]any{"text": "Bring gloves."}).Refused(409, "notice.nobody")
	c.Do("POST", path, map[string]any{"party": 2, "email": "ada@example.org"}, "Idempotency-Key", aKey).Want(201, nil)
	var m messagesJSON
	olga.Get(at).Want(200, &m)
	if m.Morning || m.Next != "before" || m.At == "" || len(m.Notices) != 0 {
		t.Errorf("%+v", m)
	}
	olga.Do("PUT", at, map[string]any{"feedback": "nonsense"}).Refused(422, "form.invalid", "#/feedback", "reminder.feedback")
	olga.Do("PUT", at, map[string]any{"morning": true, "feedback": "https://feedback.example"}).Want(200, &m)
	if !m.Morning || m.Feedback != "https://feedback.example" {
		t.Errorf("%+v", m)
	}
	olga.Do("POST", at+"/notices", map[string]any{"text": " "}).Refused(422, "form.invalid", "#/text", "notice.empty")
	for range 2 {
		olga.Do("POST", at+"/notices", map[string]any{"text": "Bring gloves."}).Want(201, &m)
	}
	if len(m.Notices) != 1 || m.Notices[0].Text != "Bring gloves." || m.Notices[0].Day != d.clock.Now().Format(time.DateOnly) {
		t.Errorf("%+v", m)
	}
	olga.Do("POST", at+"/notices", map[string]any{"text": "More."}).Refused(409, "notice.today")
	olga.Get("/events/"+d.ids.New()+"/messages").Refused(404, "event.not_found")
}
