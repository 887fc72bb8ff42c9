package attendance_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/attendance"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/notify"
	"convoke/internal/notify/notifytest"
	"convoke/internal/seal"
)

// office is a node with one event, its mail and its mail server.
type office struct {
	class notify.Class // of the last message
	*attendance.Service
	t     *testing.T
	db    *db.DB
	vault *seal.Vault
	clock *clock.Manual
	jobs  *job.Queue
	sink  *notifytest.Server
	ids   *id.Source
	event id.Event
	about attendance.NoticeData
	gone  bool // the event is not public any more
}

// Describe implements attendance.Describer.
func (o *office) Describe(_ context.Context, e id.Event, l *i18n.Locale) (attendance.NoticeData, error) {
	if e != o.event {
		return attendance.NoticeData{}, errors.New("another event")
	}
	if o.gone {
		return attendance.NoticeData{}, fault.NotFound("event.not_found", "There is no such event, or it is not public.")
	}
	d := o.about
	d.When = "[" + l.Tag() + "] " + d.When
	return d, nil
}

func offices(t *testing.T, f func(t *testing.T, o *office)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clock.NewManual(dbtest.Now)
			f(t, newOffice(t, dbtest.Open(t, url(t), c), c))
		})
	}
}

func newOffice(t *testing.T, d *db.DB, c *clock.Manual) *office {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	keys, err := db.Open(t.Context(), db.Options{
		URL: filepath.Join(t.TempDir(), "keys.db"), Migrations: migrations.Keys, Clock: c, CacheKiB: 512, SecureDelete: true, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := keys.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := keys.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, db: d, clock: c, jobs: job.New(d, c, log), sink: notifytest.Sink(t), ids: id.NewSource(c, nil)}
	if o.vault, err = seal.Open(keys, seal.BootKey{1, 2, 3}, c); err != nil {
		t.Fatal(err)
	}
	smtp, err := notify.NewSMTP(notify.SMTPOptions{URL: o.sink.URL(), From: "post@riverside.example", Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { smtp.Close() })
	bundle, err := i18n.Load(true)
	if err != nil {
		t.Fatal(err)
	}
	mailer := attendance.NewNotices(attendance.NoticeDeps{
		DB: d, Vault: o.vault, Jobs: o.jobs, Bundle: bundle, Sender: classed{smtp, &o.class}, Describe: o, BaseURL: "https://riverside.example",
	})
	o.Service = attendance.New(attendance.Deps{DB: d, Vault: o.vault, Notices: mailer, Facts: noFacts{}})
	o.event = id.Event(o.ids.New())
	o.about = attendance.NoticeData{Title: "Riverside clean-up", When: "Saturday at ten", Where: "Old Bridge, Springfield"}
	o.insertEvent()
	return o
}

// classed notes the class of the last message.
type classed struct {
	notify.Sender
	last *notify.Class
}

func (s classed) Send(ctx context.Context, m notify.Message) error {
	*s.last = m.Class
	return s.Sender.Send(ctx, m)
}

// insertEvent stores the row that a roster belongs to.
func (o *office) insertEvent() {
	o.t.Helper()
	err := o.db.Write(o.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(o.t.Context(), `insert into event (id, at_key, uid, title, description, description_html, kind, state, listed,
			starts_at, ends_at, zone, all_day, day, place, address, locality, region, country, precise, online_url, lang, access_yes,
			access_no, access_note, capacity, organizer, source_url, picture, picture_alt, sequence, was_place, created_at, updated_at)
			values ($1, 1, '', 'Riverside clean-up', '', '', 'meeting', 'confirmed', true, 0, 0, 'UTC', false, 20260509, '', '', '', '', '',
			'', '', 'en', 0, 0, '', 0, '', '', '', '', 0, '', 0, 0)`, string(o.event))
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// change tells of the event as it is a week after the test's day, but for f.
func (o *office) change(f func(*fact.EventChanged)) {
	o.t.Helper()
	start := dbtest.Now.Add(7 * 24 * time.Hour)
	c := fact.EventChanged{Event: o.event, State: "confirmed", OpensTo: true, Start: start, End: start.Add(2 * time.Hour)}
	f(&c)
	o.about.Cancelled = c.Cancelled
	ctx := o.t.Context()
	if err := o.db.Write(ctx, func(tx *db.Tx) error { return o.EventChanged(ctx, tx, c) }); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) signUp(party int, email, lang string) (secret string) {
	o.t.Helper()
	secret = o.ids.Secret()
	_, err := o.SignUp(o.t.Context(), o.event, secret, attendance.Input{Party: party, Email: email, Lang: lang})
	if err != nil {
		o.t.Fatal(err)
	}
	return secret
}

// work runs all due jobs, none of which may fail, and lists who has mail.
func (o *office) work() []string {
	o.t.Helper()
	if _, err := o.jobs.RunPending(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	to := []string{}
	for _, m := range o.sink.Messages() {
		to = append(to, m.To...)
	}
	slices.Sort(to)
	return to
}

func (o *office) noJobs() {
	o.t.Helper()
	s, err := o.jobs.Stats(o.t.Context())
	if err != nil || s.Waiting != 0 || s.Failed != 0 {
		o.t.Errorf("%+v, %v", s, err)
	}
}

// accented tells the pseudo locale from English.
func accented(s string) bool {
	return strings.ContainsAny(s, "áàâäåéèêëíìîïóòôöúùûüñçš")
}

func TestPromotedIsTold(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		o.change(func(f *fact.EventChanged) { f.Capacity = 3 })
		first := o.signUp(3, "first@example.org", "en")
		o.signUp(2, "second@example.org", "en-XA")
		o.signUp(1, "third@example.org", "en")
		o.signUp(1, "fourth@example.org", "en")
		o.about.WasWhen = "Friday" // of an earlier change: not this message's news
		if err := o.Cancel(t.Context(), o.event, first); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"second@example.org", "third@example.org"}, o.work()); d != "" {
			t.Fatal(d)
		}
		byTo := map[string]notifytest.Mail{}
		for _, m := range o.sink.Messages() {
			byTo[m.To[0]] = m
		}
		m := byTo["third@example.org"]
		want := `You were on the waiting list. Now there is a place for you, and you are signed up.

Riverside clean-up

When: [en] Saturday at ten
Where: Old Bridge, Springfield

The event’s page:
https://riverside.example/events/` + string(o.event) + `

If you cannot come, please cancel with your private link, so that others get the place.

You get this message because you signed up for this event and left your address. The address is deleted a week after the event.

To get no more of them, and keep your place:
` + answerLink.FindString(m.Text) + "\n"
		if d := cmp.Diff(want, m.Text); d != "" {
			t.Error(d)
		}
		if m.Subject != "You have a place: Riverside clean-up" || m.Header.Get("Content-Language") != "en" {
			t.Errorf("%q, %v", m.Subject, m.Header)
		}
		m = byTo["second@example.org"]
		if !strings.Contains(m.Text, "[en-XA] Saturday at ten") || !accented(m.Subject) || !accented(m.Text) ||
			m.Header.Get("Content-Language") != "en-XA" {
			t.Errorf("not in their language: %q\n%s", m.Subject, m.Text)
		}
		if byTo["third@example.org"].Header.Get("Message-Id") == m.Header.Get("Message-Id") {
			t.Error("two messages with one id")
		}
		o.noJobs()
	})
}

// Those who chose a time hear when it changes, and when they get a place in it;
// each message lists what they chose.
func TestSlotNews(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		o.change(func(*fact.EventChanged) {})
		o.about.Zone = time.FixedZone("", 3600)
		start := dbtest.Now.Add(7 * 24 * time.Hour)
		early := attendance.SlotInput{
			Title: "Early shift", StartDate: start.Format(time.DateOnly), StartTime: "01:00", EndTime: "02:00", Capacity: "1",
		}
		late := early
		late.Title, late.StartTime, late.EndTime = "Late shift", "02:00", "03:00"
		keys := []string{o.ids.Secret(), o.ids.Secret()}
		for i, in := range []attendance.SlotInput{early, late} {
			if err := o.AddSlot(t.Context(), o.event, keys[i], start, start.Add(24*time.Hour), in); err != nil {
				t.Fatal(err)
			}
		}
		signUp := func(email string, slots ...string) string {
			t.Helper()
			s := o.ids.Secret()
			in := attendance.Input{Party: 1, Email: email, Lang: "en", Slots: slots}
			if _, err := o.SignUp(t.Context(), o.event, s, in); err != nil {
				t.Fatal(err)
			}
			return s
		}
		first := signUp("first@example.org", keys[0])
		signUp("third@example.org", keys[1])
		signUp("second@example.org", keys...)
		if err := o.Cancel(t.Context(), o.event, first); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"second@example.org"}, o.work()); d != "" {
			t.Fatal(d)
		}
		m := o.sink.Messages()[0].Text
		if !strings.Contains(m, "You have a place in Early shift: ") || !strings.Contains(m, "2:00 AM–3:00 AM") ||
			!strings.Contains(m, "You wait for Late shift: ") {
			t.Errorf("in\n%s", m)
		}
		early.EndTime = "02:30"
		if err := o.ChangeSlot(t.Context(), o.event, keys[0], start, start.Add(24*time.Hour), early); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"second@example.org", "second@example.org"}, o.work()); d != "" {
			t.Error(d)
		}
		if m := o.sink.Messages()[1]; !strings.Contains(m.Text, "2:00 AM–3:30 AM") || m.Subject != "Changed: Riverside clean-up" {
			t.Errorf("%q\n%s", m.Subject, m.Text)
		}
		o.noJobs()
	})
}

func TestMovedIsTold(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		o.change(func(*fact.EventChanged) {})
		o.signUp(1, "first@example.org", "en")
		o.about.WasWhen, o.about.WasWhere = "Friday at nine", "Market Square"
		o.change(func(f *fact.EventChanged) { f.Moved = true })
		if d := cmp.Diff([]string{"first@example.org"}, o.work()); d != "" {
			t.Fatal(d)
		}
		m := o.sink.Messages()[0]
		want := "When: [en] Saturday at ten\nBefore: Friday at nine\nWhere: Old Bridge, Springfield\nBefore: Market Square\n"
		if m.Subject != "Changed: Riverside clean-up" || !strings.Contains(m.Text, want) {
			t.Errorf("%q\n%s", m.Subject, m.Text)
		}
		// A job that runs once more, as after a crash, has the same id.
		o.change(func(f *fact.EventChanged) { f.Moved = true })
		o.work()
		if m2 := o.sink.Messages()[1]; m2.Header.Get("Message-Id") != m.Header.Get("Message-Id") {
			t.Errorf("%v, %v", m.Header, m2.Header)
		}
		o.clock.Add(time.Second)
		o.change(func(f *fact.EventChanged) { f.Moved = true })
		o.work()
		if m3 := o.sink.Messages()[2]; m3.Header.Get("Message-Id") == m.Header.Get("Message-Id") {
			t.Error("another change has the same id")
		}
		o.change(func(*fact.EventChanged) {}) // nothing that concerns them
		if n := len(o.work()); n != 3 {
			t.Errorf("%d messages", n)
		}
		o.noJobs()
	})
}

func TestCancelledReachesAllWithAnAddress(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		o.change(func(*fact.EventChanged) {})
		want := map[string]bool{}
		for i := range 450 { // three pages
			email := ""
			if i%3 == 0 {
				email = fmt.Sprintf("person%d@example.org", i)
				want[email] = true
			}
			o.signUp(1, email, "en")
		}
		left := o.signUp(1, "left@example.org", "en")
		o.change(func(f *fact.EventChanged) { f.State, f.OpensTo, f.Cancelled, f.Moved = "cancelled", false, true, true })
		if err := o.Cancel(t.Context(), o.event, left); err != nil { // gone before its turn
			t.Fatal(err)
		}
		if d := cmp.Diff(slices.Sorted(maps.Keys(want)), o.work()); d != "" {
			t.Error(d)
		}
		for _, m := range o.sink.Messages() {
			if m.Subject != "Cancelled: Riverside clean-up" || len(m.To) != 1 {
				t.Fatalf("%q to %v", m.Subject, m.To)
			}
		}
		o.noJobs()
	})
}

// While jobs wait, they hold no address and no secret.
func TestJobsHoldNothingPersonal(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		o.change(func(f *fact.EventChanged) { f.Capacity = 1 })
		first := o.signUp(1, "first@example.org", "en")
		second := o.signUp(1, "second@example.org", "en")
		if err := o.Cancel(t.Context(), o.event, first); err != nil {
			t.Fatal(err)
		}
		o.change(func(f *fact.EventChanged) { f.Moved = true })
		var rows []string
		err := o.db.Read(t.Context(), func(tx *db.Tx) (err error) {
			rows, err = db.Column[string](t.Context(), tx, "select args || ' ' || coalesce(unique_key, '') from job")
			return err
		})
		if err != nil || len(rows) != 2 {
			t.Fatalf("%v, %v", rows, err)
		}
		for _, r := range rows {
			if strings.Contains(r, "@") || strings.Contains(r, first) || strings.Contains(r, second) {
				t.Error(r)
			}
		}
	})
}

func TestNothingToTell(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		tellAfter := func(what string, before, after func()) {
			o.signUp(1, "first@example.org", "en")
			before()
			o.change(func(f *fact.EventChanged) { f.Moved = true })
			after()
			if got := o.work(); len(got) != 0 {
				t.Errorf("%s: %v", what, got)
			}
			o.noJobs()
		}
		nothing := func() {}
		o.change(func(*fact.EventChanged) {})
		tellAfter("the event is not public any more", nothing, func() { o.gone = true })
		o.gone = false
		tellAfter("it was cancelled meanwhile", nothing, func() { o.about.Cancelled = true })
		o.about.Cancelled = false
		tellAfter("its key is destroyed", nothing, func() {
			if err := o.vault.Destroy(t.Context(), "event:"+string(o.event)); err != nil {
				t.Fatal(err)
			}
		})
	})
}

func TestOverIsNotTold(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		o.change(func(*fact.EventChanged) {})
		o.signUp(1, "first@example.org", "en")
		o.change(func(f *fact.EventChanged) { f.Moved = true })
		o.clock.Add(8 * 24 * time.Hour)
		if got := o.work(); len(got) != 0 {
			t.Errorf("%v", got)
		}
		o.noJobs()
		o.clock.Add(8 * 24 * time.Hour)
		if err := o.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.change(func(f *fact.EventChanged) { f.Moved, f.End = true, o.clock.Now().Add(time.Hour) })
		if got := o.work(); len(got) != 0 {
			t.Errorf("%v", got)
		}
	})
}
