package app_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/app"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/attendance"
	"convoke/internal/web/webtest"
)

// wallClock stands where the files' times are.
type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now().UTC() }

// statusOf is the status of one check, or "" when it was not made.
func statusOf(all []app.Finding, check string) app.Status {
	i := slices.IndexFunc(all, func(f app.Finding) bool { return f.Check == check })
	if i < 0 {
		return ""
	}
	return all[i].Status
}

func TestDoctorFindsAndMends(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{
		"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSaved(t, url(t))
			healthy(t, s.stand)
			for _, q := range []string{
				"update roster set going = going + 5 where going > 0",
				"update turnout_day set events = events + 1",
				"update setting set value = '1' where name = 'event.seq'",
				"delete from event_text where rowid in (select at_key from event)",
				"insert into job (kind, args, priority, run_at, attempt, failed, error, created_at) values ('mail.send', '{}', 0, 0, 12, (select not operator from person), 'refused', 0)",
				"update job set failed = not failed where kind = 'mail.send'",
			} {
				err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
					_, err := tx.Exec(t.Context(), q)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			// The sign-ups drift is of an event that is not over by the machine's clock.
			checks := []string{"turnout", "row numbers", "text index", "jobs"}
			found := doctorAt(t, s, false)
			for _, c := range append(checks, "sign-ups") {
				if got := statusOf(found, c); got != app.Wrong {
					t.Errorf("%s is %q", c, got)
				}
			}
			doctorAt(t, s, true)
			found = doctorAt(t, s, false)
			for _, c := range []string{"turnout", "row numbers", "text index", "sign-ups"} {
				if got := statusOf(found, c); got != app.OK {
					t.Errorf("after the repair %s is %q", c, got)
				}
			}
			if got := statusOf(found, "jobs"); got != app.Wrong {
				t.Errorf("the repair touched jobs: %q", got)
			}
			n, _, err := s.Attendance.Numbers(t.Context(), s.event)
			if err != nil || n.Going != 3 {
				t.Errorf("%d are going, want 3; %v", n.Going, err)
			}
			if a := s.visitor().Get("/events?q=second"); len(titles(a)) != 1 {
				t.Errorf("words find %q", titles(a))
			}
			if _, err := s.Attendance.SignUp(t.Context(), s.event, s.IDs.Secret(), attendance.Input{Party: 1}); err != nil {
				t.Error(err)
			}
		})
	}
}

// doctorAt examines with the node's own clock.
func doctorAt(t *testing.T, s *saved, fix bool) []app.Finding {
	t.Helper()
	d := app.Doctor{Config: s.Config, Log: webtest.Log(t), Clock: s.clock, Fix: fix}
	return d.Run(t.Context())
}

func TestDoctorKnowsItsMachine(t *testing.T) {
	t.Parallel()
	s := newSaved(t, "")
	if got := statusOf(examine(t, s.stand, false), "backup"); got != app.Warning {
		t.Errorf("without a backup: %q", got)
	}
	if err := s.BackupDone(); err != nil {
		t.Fatal(err)
	}
	if got := statusOf(doctorAt(t, s, false), "backup"); got != app.OK {
		t.Errorf("right after a backup: %q", got)
	}
	s.clock.Add(8 * 24 * time.Hour)
	if got := statusOf(doctorAt(t, s, false), "backup"); got != app.Warning {
		t.Errorf("eight days after a backup: %q", got)
	}
	// The files of this test are newer than the clock of the node says.
	if got := statusOf(doctorAt(t, s, false), "clock"); got != app.Wrong {
		t.Errorf("a clock that is behind: %q", got)
	}
	s.clock.Set(time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC))
	if got := statusOf(doctorAt(t, s, false), "clock"); got != app.Wrong {
		t.Errorf("a clock in 1970: %q", got)
	}
}

func TestDoctorReadsADamagedFile(t *testing.T) {
	t.Parallel()
	cfg := settings(t, "")
	n, err := app.Open(t.Context(), cfg, webtest.Log(t), app.Options{Create: true, Migrate: true})
	if err == nil {
		err = n.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(cfg.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	at := 8 * 4096
	copy(b[at:], strings.Repeat("x", 3*4096))
	other := filepath.Join(t.TempDir(), "convoke.db")
	if err := os.WriteFile(other, b, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.DatabaseURL = other
	d := app.Doctor{Config: cfg, Log: webtest.Log(t), Clock: wallClock{}}
	if got := statusOf(d.Run(t.Context()), "database"); got != app.Wrong {
		t.Errorf("a damaged file is %q", got)
	}
}
