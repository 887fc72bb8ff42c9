package app_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"convoke/internal/app"
	"convoke/internal/authz"
	"convoke/internal/backup"
	"convoke/internal/config"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/events"
	"convoke/internal/id"
	"convoke/internal/notify/notifytest"
	"convoke/internal/web/webtest"
)

const hidden = "canary@example.org"

// saved is a node that sends mail, with one upcoming event and one sign-up.
type saved struct {
	*stand
	by     authz.Actor
	event  id.Event
	secret string
}

func newSaved(t *testing.T, url string) *saved {
	t.Helper()
	cfg := settings(t, url)
	cfg.SMTPURL, cfg.MailFrom, cfg.BaseURL = notifytest.Sink(t).URL(), "post@example.org", "https://example.org"
	s := &saved{stand: start(t, cfg)}
	_, s.by = s.signIn("olga")
	g := s.group(s.by, "riverside", "Riverside Neighbours")
	in := meeting("Assembly", "2026-06-01")
	in.Capacity = "60"
	s.event = s.stand.event(s.by, g, in)
	s.stand.event(s.by, g, meeting("Second meeting", "2026-06-02"))
	draft := meeting("Not yet", "2026-06-03")
	draft.State = events.Draft
	s.stand.event(s.by, g, draft)
	s.secret = s.IDs.Secret()
	if _, err := s.Attendance.SignUp(t.Context(), s.event, s.secret, attendance.Input{Party: 3, Email: hidden, Lang: "en", Needs: []string{"seating"}}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *saved) export(format string) string {
	s.t.Helper()
	return exported(s.t, s.Node, format)
}

func exported(t *testing.T, n *app.Node, format string) string {
	t.Helper()
	var b bytes.Buffer
	if err := n.Export(t.Context(), &b, format, nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// save writes both files of a backup and returns the path of the main one.
func (s *saved) save() string {
	s.t.Helper()
	to, _, err := s.BackupKey()
	if err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(s.t.TempDir(), "node.backup")
	err = backup.WriteFiles([]string{path, path + backup.KeysSuffix}, func(w []io.Writer) error {
		_, err := s.Backup(s.t.Context(), w[0], w[1], []age.Recipient{to}, "test", nil)
		return err
	})
	if err = errors.Join(err, s.BackupDone()); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// empty are the settings of an empty place for s, with its boot key, and those
// that restore file there.
func (s *saved) empty(url, file string) (config.Config, app.RestoreOptions) {
	s.t.Helper()
	cfg := settings(s.t, url)
	cfg.BaseURL = s.Config.BaseURL
	copied(s.t, s.Config.BootKeyFile, cfg.BootKeyFile)
	return cfg, s.with(file)
}

func (s *saved) with(file string) app.RestoreOptions {
	return app.RestoreOptions{Identity: app.BackupKeyPath(s.Config), Keys: file + backup.KeysSuffix, Clock: s.clock}
}

func copied(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestBackupComesBackOnTheOtherEngine(t *testing.T) {
	t.Parallel()
	t.Run("from sqlite", func(t *testing.T) {
		t.Parallel()
		comesBack(t, "", dbtest.EmptyPostgres(t))
	})
	t.Run("from postgres", func(t *testing.T) {
		t.Parallel()
		comesBack(t, dbtest.Postgres(t), "")
	})
}

func comesBack(t *testing.T, from, to string) {
	s := newSaved(t, from)
	moved := meeting("Assembly", "2026-06-08")
	moved.Capacity = "60"
	if err := s.Events.Update(t.Context(), s.by, s.event, 0, moved); err != nil {
		t.Fatal(err)
	}
	file := s.save()
	cfg, o := s.empty(to, file)
	r, err := app.Restore(t.Context(), cfg, webtest.Log(t), file, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Dropped == 0 || r.Erased != 0 {
		t.Errorf("dropped %d messages and erased %d sign-ups, want some and none", r.Dropped, r.Erased)
	}
	m := start(t, cfg)
	for _, format := range []string{"csv", "ics", "geojson"} {
		if diff := cmp.Diff(s.export(format), exported(t, m.Node, format)); diff != "" {
			t.Errorf("%s differs:\n%s", format, diff)
		}
	}
	var left []string
	err = m.DB.Read(t.Context(), func(tx *db.Tx) error {
		left, err = db.Column[string](t.Context(), tx, "select kind from job")
		return err
	})
	if err != nil || slices.ContainsFunc(left, func(k string) bool { return !strings.HasPrefix(k, "every:") }) {
		t.Errorf("a copy has the jobs %q, %v", left, err)
	}
	if a := m.visitor().Get("/events?q=assembly"); len(titles(a)) != 1 {
		t.Errorf("words find %q", titles(a))
	}
	rec, err := m.Attendance.Find(t.Context(), s.event, s.secret)
	if err != nil || rec.Email != hidden || rec.Party != 3 {
		t.Errorf("the private link shows %+v, %v", rec, err)
	}
	healthy(t, m)
}

func healthy(t *testing.T, s *stand) {
	t.Helper()
	for _, f := range examine(t, s, false) {
		if f.Status == app.Wrong {
			t.Errorf("doctor: %+v", f)
		}
	}
}

func examine(t *testing.T, s *stand, fix bool) []app.Finding {
	t.Helper()
	d := app.Doctor{Config: s.Config, Log: webtest.Log(t), Clock: wallClock{}, Fix: fix}
	if err := os.Chmod(s.Config.Data, 0o700); err != nil { // as a node makes it
		t.Fatal(err)
	}
	return d.Run(t.Context())
}

func TestErasedSignUpsStayErased(t *testing.T) {
	t.Parallel()
	t.Run("with the newest keys file", func(t *testing.T) {
		t.Parallel()
		staysErased(t, func(s *saved, _ config.Config, o *app.RestoreOptions) { *o = s.with(s.save()) })
	})
	t.Run("with the keys that are there", func(t *testing.T) {
		t.Parallel()
		staysErased(t, func(s *saved, cfg config.Config, _ *app.RestoreOptions) {
			if err := s.Keys.Erase(s.t.Context(), "seal_key"); err != nil {
				s.t.Fatal(err)
			}
			copied(s.t, s.Config.KeysURL, cfg.KeysURL)
		})
	})
}

// staysErased restores a backup of before a sign-up expired, with keys of after
// that.
func staysErased(t *testing.T, take func(*saved, config.Config, *app.RestoreOptions)) {
	s := newSaved(t, "")
	file := s.save()
	s.clock.Set(dbtest.Now.AddDate(0, 2, 0))
	if err := s.Attendance.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg, o := s.empty("", file)
	take(s, cfg, &o)
	r, err := app.Restore(t.Context(), cfg, webtest.Log(t), file, o)
	if err != nil || r.Erased != 1 {
		t.Fatalf("erased %d sign-ups, want 1; %v", r.Erased, err)
	}
	m := start(t, cfg)
	m.clock.Set(s.clock.Now())
	if _, err := m.Attendance.Find(t.Context(), s.event, s.secret); err == nil {
		t.Error("an erased sign-up is back")
	}
	nowhere(t, hidden, s.Config.Data, cfg.Data, filepath.Dir(file))
	healthy(t, m)
}

// nowhere fails when a file below the folders holds text.
func nowhere(t *testing.T, text string, dirs ...string) {
	t.Helper()
	seen := 0
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			seen++
			if bytes.Contains(b, []byte(text)) {
				t.Errorf("%s holds %q", path, text)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 5 {
		t.Errorf("only %d files were looked at", seen)
	}
}

// noted writes down when it is written to.
type noted struct {
	name string
	log  *[]string
}

func (n noted) Write(p []byte) (int, error) {
	*n.log = append(*n.log, n.name)
	return len(p), nil
}

// A key that is made while the rows are read has to be in the backup too.
func TestKeysAreReadAfterTheRows(t *testing.T) {
	t.Parallel()
	s := newSaved(t, "")
	to, _, err := s.BackupKey()
	if err != nil {
		t.Fatal(err)
	}
	var log []string
	if _, err := s.Backup(t.Context(), noted{"rows", &log}, noted{"keys", &log}, []age.Recipient{to}, "test", nil); err != nil {
		t.Fatal(err)
	}
	if got := slices.Compact(log); !slices.Equal(got, []string{"rows", "keys"}) {
		t.Errorf("written in the order %q", got)
	}
}

func TestLostBootKeyFreesThePlaces(t *testing.T) {
	t.Parallel()
	s := newSaved(t, "")
	call := campaigns.Input{Handle: "day-of-care", Title: "Day of care", Lang: "en", State: campaigns.Open}
	if _, err := s.Campaigns.Create(t.Context(), s.by, "riverside", s.IDs.Secret(), call); err != nil {
		t.Fatal(err)
	}
	host := campaigns.Host{Near: "Leipzig", Day: "2026-06-06", Start: "10:00", Contact: hidden}
	if err := s.Campaigns.ProposeHost(t.Context(), authz.Actor{}, "day-of-care", s.IDs.Secret(), host); err != nil {
		t.Fatal(err)
	}
	file := s.save()
	cfg := settings(t, "")
	o := s.with(file)
	if _, err := app.Restore(t.Context(), cfg, webtest.Log(t), file, o); !errors.Is(err, backup.ErrNoBootKey) {
		t.Fatalf("without a boot key: %v", err)
	}
	o.WithoutKeys, o.Keys = true, ""
	if _, err := app.Restore(t.Context(), cfg, webtest.Log(t), file, o); err != nil {
		t.Fatal(err)
	}
	m := start(t, cfg)
	proposals := 0
	err := m.DB.Read(t.Context(), func(tx *db.Tx) error {
		return tx.Get(t.Context(), "select count(*) from proposal", nil, &proposals)
	})
	if err != nil || proposals != 0 {
		t.Errorf("%d proposals are left that nobody can open, %v", proposals, err)
	}
	n, _, err := m.Attendance.Numbers(t.Context(), s.event)
	if err != nil || n.Going != 0 || len(n.Needs) != 0 {
		t.Errorf("numbers are %+v, %v; want nobody", n, err)
	}
	if _, err := m.Attendance.SignUp(t.Context(), s.event, m.IDs.Secret(), attendance.Input{Party: 2}); err != nil {
		t.Error(err)
	}
}

func TestExportIsAllThatIsPublic(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		_, by := s.signIn("olga")
		g := s.group(by, "riverside", "Riverside Neighbours")
		var ins []events.Input
		for i := range 450 { // more than two pages, some at the same time, some over
			in := meeting("Meeting", "2026-0"+string(rune('1'+i%9))+"-11")
			if i%50 == 0 {
				in.State = events.Draft
			}
			ins = append(ins, in)
		}
		s.bulk(g, ins)
		rows, err := csv.NewReader(strings.NewReader(exported(t, s.Node, "csv"))).ReadAll()
		if err != nil || len(rows) != 442 {
			t.Fatalf("%d rows, want a header and 441; %v", len(rows), err)
		}
		ids, last := map[string]bool{}, ""
		for _, r := range rows[1:] {
			if ids[r[0]] || r[4] < last {
				t.Fatalf("row %q comes twice or out of order", r)
			}
			ids[r[0]], last = true, r[4]
		}
		if got := strings.Count(exported(t, s.Node, "ics"), "BEGIN:VEVENT"); got != 441 {
			t.Errorf("%d events in the calendar", got)
		}
		if got, err := readGeoJSON(exported(t, s.Node, "geojson")); err != nil || len(got) != 441 {
			t.Errorf("%d events in GeoJSON, %v", len(got), err)
		}
		// The same cells as the page has; this node has no address of its own.
		page := s.visitor().Get("/events.csv?from=2026-01-01&to=2026-12-31&limit=2000")
		if diff := cmp.Diff(strings.ReplaceAll(page.Body, ",http://localhost/", ",/"), exported(t, s.Node, "csv")); diff != "" {
			t.Errorf("the table differs from /events.csv:\n%.2000s", diff)
		}
	})
}
