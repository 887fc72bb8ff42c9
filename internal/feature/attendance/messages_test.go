package attendance_test

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/attendance"
	"convoke/internal/notify/notifytest"
)

var answerLink = regexp.MustCompile(`https://riverside\.example(/events/\w+/coming/([\w-]+))`)

func (o *office) remind() []string {
	o.t.Helper()
	if err := o.Remind(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	return o.work()
}

func (o *office) wantMail(when string, to ...string) {
	o.t.Helper()
	if d := cmp.Diff(append([]string{}, to...), o.remind()); d != "" {
		o.t.Errorf("%s:\n%s", when, d)
	}
}

// Those who have a place are asked the day before, once for each date, and
// answer by a link.
func TestReminders(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		shift := time.Duration(0)
		say := func(f func(*fact.EventChanged)) {
			o.change(func(c *fact.EventChanged) {
				c.Zone, c.Capacity = "Europe/Madrid", 2
				c.Start, c.End = c.Start.Add(shift), c.End.Add(shift)
				if f != nil {
					f(c)
				}
			})
		}
		say(nil)
		start := dbtest.Now.Add(7 * 24 * time.Hour)
		first := o.signUp(1, "first@example.org", "en")
		o.signUp(1, "", "en")
		o.signUp(1, "waits@example.org", "en")
		o.wantMail("a week before")
		o.clock.Set(start.Add(-22 * time.Hour))
		say(nil) // an edit when it is due and not sent yet
		o.wantMail("the day before", "first@example.org")
		o.planAgain()
		o.wantMail("when it is planned once more", "first@example.org")
		m := o.sink.Messages()[0]
		link := answerLink.FindStringSubmatch(m.Text)
		if m.Subject != "Tomorrow: Riverside clean-up" || link == nil {
			t.Fatalf("%q\n%s", m.Subject, m.Text)
		}
		o.wantMail("a moment later", "first@example.org")
		say(nil) // an edit that changes no date
		o.clock.Add(time.Minute)
		o.wantMail("after an edit", "first@example.org")

		rec, err := o.Asked(ctx, o.event, link[2])
		if err != nil || rec.State != attendance.Going || rec.Email != "" {
			t.Fatalf("%+v, %v", rec, err)
		}
		coming := func(want int) {
			t.Helper()
			if m, err := o.Messages(ctx, o.event); err != nil || m.Coming != want {
				t.Errorf("%d coming, want %d; %v", m.Coming, want, err)
			}
		}
		coming(0)
		for range 2 {
			if err := o.StillComing(ctx, o.event, link[2]); err != nil {
				t.Fatal(err)
			}
		}
		coming(1)
		wrongMark := link[2][:30] + strings.Map(func(r rune) rune { return 'A' + (r+1)%2 }, link[2][30:])
		for _, token := range []string{"", "x", link[2][:20], strings.Repeat("A", 43), link[2] + "A", strings.Repeat("é", 40), wrongMark} {
			for _, f := range []func() error{
				func() error { _, err := o.Asked(ctx, o.event, token); return err },
				func() error { return o.StillComing(ctx, o.event, token) },
				func() error { return o.CannotCome(ctx, o.event, token) },
			} {
				if err := f(); !fault.Is(err, fault.KindNotFound) {
					t.Errorf("%q: %v", token, err)
				}
			}
		}
		// A new date is asked for anew, and nobody has answered for it.
		shift = 14 * 24 * time.Hour
		say(nil)
		coming(0)
		o.clock.Set(start.Add(shift - 23*time.Hour))
		o.wantMail("the day before the new date", "first@example.org", "first@example.org")
		if err := o.CannotCome(ctx, o.event, link[2]); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Find(ctx, o.event, first); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("still there: %v", err)
		}
		wantKind(t, o.CannotCome(ctx, o.event, link[2]), fault.KindNotFound)
		o.wantMail("for the place that became free", "first@example.org", "first@example.org", "waits@example.org")
		o.noJobs()
	})
}

// Whoever wants no more messages keeps the place and the rest of what they wrote.
func TestMute(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		o.change(func(*fact.EventChanged) {})
		secret := o.signUp(2, "first@example.org", "en")
		o.signUp(1, "second@example.org", "en")
		o.about.WasWhen = "Friday"
		o.change(func(f *fact.EventChanged) { f.Moved = true })
		if d := cmp.Diff([]string{"first@example.org", "second@example.org"}, o.work()); d != "" {
			t.Fatal(d)
		}
		var m notifytest.Mail
		for _, x := range o.sink.Messages() {
			if x.To[0] == "first@example.org" {
				m = x
			}
		}
		link := answerLink.FindStringSubmatch(m.Text)
		if link == nil || m.Header.Get("List-Unsubscribe") != "<"+link[0]+">" {
			t.Fatalf("no way to end it: %v\n%s", m.Header, m.Text)
		}
		for range 2 {
			if err := o.Mute(ctx, o.event, link[2]); err != nil {
				t.Fatal(err)
			}
		}
		wantKind(t, o.Mute(ctx, o.event, strings.Repeat("A", 43)), fault.KindNotFound)
		rec, err := o.Find(ctx, o.event, secret)
		if err != nil || rec.State != attendance.Going || rec.Party != 2 || rec.Email != "" {
			t.Errorf("%+v, %v", rec, err)
		}
		o.change(func(f *fact.EventChanged) { f.Cancelled = true })
		if d := cmp.Diff([]string{"first@example.org", "second@example.org", "second@example.org"}, o.work()); d != "" {
			t.Error(d)
		}
	})
}

// In the morning and after the event only when organizers want it, and never
// when it is cancelled, moved or too late.
func TestOtherReminders(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		zone := func(c *fact.EventChanged) { c.Zone = "Europe/Madrid" }
		o.change(zone)
		start := dbtest.Now.Add(7 * 24 * time.Hour)
		o.signUp(1, "first@example.org", "en")
		for _, bad := range []string{"nonsense", "javascript:alert(1)", "https://", "https://sam@a.example/", "https://fragebögen.example/", "https://a.example/" + strings.Repeat("a", 500)} {
			wantKind(t, o.SetReminders(ctx, o.event, true, bad), fault.KindInvalid)
		}
		if err := o.SetReminders(ctx, o.event, true, "https://feedback.example/form"); err != nil {
			t.Fatal(err)
		}
		// The node was down all the day before, and until the night.
		madrid, err := time.LoadLocation("Europe/Madrid")
		if err != nil {
			t.Fatal(err)
		}
		local := start.In(madrid)
		night := time.Date(local.Year(), local.Month(), local.Day()-1, 23, 0, 0, 0, madrid)
		o.clock.Set(night)
		o.wantMail("at night")
		o.clock.Set(night.Add(9*time.Hour + time.Minute))
		o.wantMail("in the morning", "first@example.org")
		o.clock.Set(start.Add(time.Hour))
		n := len(o.remind())
		o.clock.Set(start.Add(30 * time.Hour))
		if err := o.db.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "update reminder set feedback = $1", "https://umfrägen.example/form") // from when more was taken
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if got := o.remind(); len(got) != n+1 {
			t.Errorf("%d messages, want thanks after %d", len(got), n)
		}
		all := o.sink.Messages()
		if m := all[len(all)-1]; m.Subject != "Thank you: Riverside clean-up" || !strings.Contains(m.Text, "https://umfrägen.example/form") {
			t.Errorf("%q\n%s", m.Subject, m.Text)
		}
		o.clock.Add(48 * time.Hour)
		if got := o.remind(); len(got) != n+1 {
			t.Errorf("%d messages", len(got))
		}
		o.noJobs()
	})
}

// planAgain is what a copy of the plan would be that knows less.
func (o *office) planAgain() {
	o.t.Helper()
	err := o.db.Write(o.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(o.t.Context(), "update reminder set next = 'before', next_at = 1")
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// What was moved between the plan and the message is asked for at its new date.
func TestMovedIsNotReminded(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		o.change(func(c *fact.EventChanged) { c.Zone = "Europe/Madrid" })
		o.signUp(1, "first@example.org", "en")
		o.clock.Set(dbtest.Now.Add(6*24*time.Hour + time.Hour))
		if err := o.Remind(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.change(func(c *fact.EventChanged) {
			c.Zone, c.Start, c.End = "Europe/Madrid", c.Start.Add(2*time.Hour), c.End.Add(2*time.Hour)
		})
		if d := cmp.Diff([]string{}, o.work()); d != "" {
			t.Errorf("for the old hour:\n%s", d)
		}
		o.clock.Add(2 * time.Hour)
		o.wantMail("for the new hour", "first@example.org")
		o.noJobs()
	})
}

func TestCancelledIsNotReminded(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		o.change(func(c *fact.EventChanged) { c.Zone = "Europe/Madrid" })
		o.signUp(1, "first@example.org", "en")
		o.clock.Set(dbtest.Now.Add(6*24*time.Hour + time.Hour))
		if err := o.Remind(t.Context()); err != nil { // planned, but not sent yet
			t.Fatal(err)
		}
		o.change(func(c *fact.EventChanged) { c.Zone, c.OpensTo = "Europe/Madrid", false })
		o.wantMail("when sign-up is closed")
		o.noJobs()
	})
}

// Organizers tell something once a day; who signed up reads it, and nobody else.
func TestNotices(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		o.change(func(c *fact.EventChanged) { c.Zone = "Europe/Madrid" })
		wantKind(t, o.Tell(ctx, o.event, "Bring gloves."), fault.KindConflict)
		o.signUp(1, "first@example.org", "en")
		o.signUp(1, "", "en")
		wantKind(t, o.Tell(ctx, o.event, ""), fault.KindInvalid)
		wantKind(t, o.Tell(ctx, o.event, strings.Repeat("é", 1001)), fault.KindInvalid)
		for range 2 { // sent twice
			if err := o.Tell(ctx, o.event, "Bring canary gloves."); err != nil {
				t.Fatal(err)
			}
		}
		wantKind(t, o.Tell(ctx, o.event, "And boots."), fault.KindConflict)
		o.wantMail("today", "first@example.org")
		if m := o.sink.Messages()[0]; m.Subject != "From the organizers: Riverside clean-up" || !strings.HasPrefix(m.Text, "Bring canary gloves.\n") {
			t.Errorf("%q\n%s", m.Subject, m.Text)
		}
		err := o.db.Read(ctx, func(tx *db.Tx) error {
			var sealed []byte
			err := tx.Get(ctx, "select sealed from event_notice", nil, &sealed)
			if bytes.Contains(sealed, []byte("canary")) {
				t.Error("a notice is stored open")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		o.clock.Add(24 * time.Hour)
		if err := o.Tell(ctx, o.event, "And boots."); err != nil {
			t.Fatal(err)
		}
		ns, err := o.NoticesOf(ctx, o.event)
		if err != nil || len(ns) != 2 || ns[0].Text != "And boots." {
			t.Fatalf("%+v, %v", ns, err)
		}
		o.clock.Add(20 * 24 * time.Hour)
		if err := o.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		if ns, err := o.NoticesOf(ctx, o.event); err != nil || len(ns) != 0 {
			t.Errorf("%+v, %v", ns, err)
		}
	})
}

func TestMessagesDesk(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, form := d.event(0)
	mine := d.arrive(form, "party", "2")
	path := "/events/" + string(c.Event) + "/messages"
	for _, r := range []reply{d.get(path), d.post(path), d.post(path+"/notice", "text", "Bring gloves.")} {
		r.want(t, 403)
	}
	d.edits = true
	d.get(path).want(t, 200, "What they should know", "Next: Reminder of the day before")
	d.post(path, "morning", "1", "feedback", "nonsense").want(t, 422, `id="feedback-error"`, `value="nonsense"`, `value="1" checked`)
	d.post(path, "morning", "1", "feedback", "https://feedback.example").want(t, 303)
	d.get(path+"?saved=1").want(t, 200, "Saved.", `value="https://feedback.example"`, `value="1" checked`)
	d.post(path+"/notice", "text", " ").want(t, 422, `id="text-error"`, `value="https://feedback.example"`)
	d.post(path+"/notice", "text", "Bring <b>gloves</b>.\nAnd boots.").want(t, 303)
	d.post(path+"/notice", "text", "More").want(t, 422, "today already", "More")
	d.edits = false
	d.get(mine).want(t, 200, "<p>Bring &lt;b&gt;gloves&lt;/b&gt;.</p>", "<p>And boots.</p>")
	if r := d.get(form); strings.Contains(r.body, "gloves") {
		t.Error("others see it")
	}
	bare := newDesk(t)
	bare.edits = true
	draft := "/events/" + bare.ids.New() + "/messages"
	bare.get(draft).want(t, 404)
}

// The link of a reminder changes nothing when it is only looked at.
func TestComingPage(t *testing.T) {
	t.Parallel()
	h := newHall(t, dbtest.SQLite(t), filepath.Join(t.TempDir(), "keys.db"))
	o := newOffice(t, h.db, h.clock)
	h.Service = o.Service
	d := newDeskOf(t, h)
	o.change(func(f *fact.EventChanged) { f.Zone = "Europe/Madrid" })
	d.known[o.event] = true
	o.signUp(2, "first@example.org", "en")
	o.clock.Add(6*24*time.Hour + time.Hour)
	o.wantMail("the day before", "first@example.org")
	path := answerLink.FindStringSubmatch(o.sink.Messages()[0].Text)[1]
	d.get(path).want(t, 200, "Are you still coming?", "Riverside clean-up")
	d.get(path).want(t, 200)
	d.post(path).want(t, 400)
	d.post(path, "answer", "perhaps").want(t, 400)
	d.post(path, "answer", "yes").want(t, 200, "Your place is kept.")
	d.get(path+"x").want(t, 404)
	for range 2 {
		d.post(path, "answer", "no").want(t, 200, "You are not coming")
	}
	d.get(path).want(t, 404)
	d.post(path, "answer", "yes").want(t, 404)
}
