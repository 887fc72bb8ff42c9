package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"

	"convoke/internal/db"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/door"
	"convoke/internal/feature/events"
	"convoke/internal/feature/rides"
	"convoke/internal/feature/turnout"
	"convoke/internal/job"
	"convoke/internal/notify/outbox"
	"convoke/internal/seal"
)

func (d *Doctor) database(ctx context.Context, m *db.DB) {
	if !d.engine(ctx, "database", m) {
		return
	}
	if d.Fix {
		d.repair(ctx, m)
	}
	d.sums(ctx, m)
	d.jobs(ctx, m)
	d.returned(ctx, m)
	d.record(ctx, m)
}

// engine checks the file itself. It reports false when it cannot be trusted.
func (d *Doctor) engine(ctx context.Context, check string, m *db.DB) bool {
	version, q := "", "select sqlite_version()"
	if m.Engine() == db.Postgres {
		q = "select current_setting('server_version')"
	}
	var bad []string
	err := m.Read(ctx, func(tx *db.Tx) error {
		if err := tx.Get(ctx, q, nil, &version); err != nil || m.Engine() == db.Postgres {
			return err
		}
		found, err := db.Column[string](ctx, tx, "pragma quick_check(10)")
		if err != nil {
			return err
		}
		for _, s := range found {
			if s != "ok" {
				bad = append(bad, s)
			}
		}
		return tx.Each(ctx, "pragma foreign_key_check", nil, func(scan func(...any) error) error {
			var table, parent string
			var row, key any
			if err := scan(&table, &row, &parent, &key); err != nil {
				return err
			}
			if len(bad) < 10 {
				bad = append(bad, fmt.Sprintf("a row of %s has no row of %s", table, parent))
			}
			return nil
		})
	})
	if err != nil {
		bad = append(bad, err.Error())
	}
	if len(bad) > 0 {
		d.add(check, Wrong, "The database is damaged: "+strings.Join(bad, "; ")+".", "stop the server, move the folder away and restore the last backup")
		return false
	}
	d.add(check, OK, m.Engine().String()+" "+version+", "+redacted(m, d, check), "")
	return true
}

// redacted says where a database is without its password.
func redacted(m *db.DB, d *Doctor, check string) string {
	switch {
	case m.Engine() == db.Postgres:
		return "on its server"
	case check == "keys":
		return d.Config.KeysURL
	}
	return d.Config.DatabaseURL
}

// sums compares what is counted with what it counts.
func (d *Doctor) sums(ctx context.Context, m *db.DB) {
	fix := d.command("doctor --fix")
	err := m.Read(ctx, func(tx *db.Tx) error {
		signUps, err := attendance.Drifts(ctx, tx)
		if err != nil {
			return err
		}
		if len(signUps) == 0 {
			d.add("sign-ups", OK, "counters fit the rows", "")
		} else {
			x := signUps[0]
			d.add("sign-ups", Wrong, fmt.Sprintf("%d counters differ from their rows; event %s counts %d going and %d waiting, the rows say %d and %d.",
				len(signUps), x.Event, x.Going, x.Waiting, x.RowsGoing, x.RowsWaiting), fix)
		}
		came, err := door.Drifts(ctx, tx)
		if err != nil {
			return err
		}
		if len(came) == 0 {
			d.add("doors", OK, "totals fit what was counted", "")
		} else {
			x := came[0]
			d.add("doors", Wrong, fmt.Sprintf("%d totals differ from what was counted; event %s says %d and %d without sign-up, its rows say %d and %d.",
				len(came), x.Event, x.Total.Attended, x.Total.WalkIns, x.Summed.Attended, x.Summed.WalkIns), fix)
		}
		if err := d.roleSums(ctx, tx); err != nil {
			return err
		}
		totals, err := turnout.Drifts(ctx, tx)
		if err != nil {
			return err
		}
		if len(totals) == 0 {
			d.add("turnout", OK, "totals fit the estimates", "")
		} else {
			d.add("turnout", Wrong, "Totals differ from a recount: "+totals[0]+".", fix)
		}
		seats, err := rides.Drifts(ctx, tx)
		if err != nil {
			return err
		}
		if len(seats) == 0 {
			d.add("rides", OK, "counters fit the rows", "")
		} else {
			d.add("rides", Wrong, "Counters of seats differ from their rows at event "+seats[0]+".", fix)
		}
		last, high, err := rowNumbers(ctx, tx)
		if err != nil {
			return err
		}
		if last >= high {
			d.add("row numbers", OK, "the next event has a free one", "")
		} else {
			d.add("row numbers", Wrong, fmt.Sprintf("The counter stands at %d and the newest event has %d, so new events fail.", last, high), fix)
		}
		public, indexed, err := events.TextDrift(ctx, tx)
		if err != nil {
			return err
		}
		if public == indexed {
			d.add("text index", OK, fmt.Sprintf("%d events", indexed), "")
		} else {
			d.add("text index", Wrong, fmt.Sprintf("It has %d events, and %d are public.", indexed, public), fix)
		}
		return nil
	})
	if err != nil {
		d.failed("counters", err, "")
	}
}

func (d *Doctor) jobs(ctx context.Context, m *db.DB) {
	failed, err := job.New(m, d.Clock, d.Log).Failed(ctx)
	if err != nil {
		d.failed("jobs", err, "")
		return
	}
	if len(failed) == 0 {
		d.add("jobs", OK, "none has failed", "")
		return
	}
	kinds := map[string]int{}
	for _, f := range failed {
		kinds[f.Kind]++
	}
	var parts []string
	for k, n := range kinds {
		parts = append(parts, fmt.Sprintf("%d of %q", n, k))
	}
	sort.Strings(parts)
	d.add("jobs", Wrong, fmt.Sprintf("%d failed: %s. The last error: %s.", len(failed), strings.Join(parts, ", "), strings.TrimSuffix(failed[len(failed)-1].Error, ".")),
		"mend what the error names (mail that fails: smtp_url); each is in "+d.command("jobs list")+", then: "+d.command("jobs retry --all")+
			" or "+d.command("jobs discard --all")+"; schedules try again by themselves")
}

// returned says how many addresses mail came back from for good.
func (d *Doctor) returned(ctx context.Context, m *db.DB) {
	n, err := outbox.New(outbox.Options{DB: m, Clock: d.Clock}).Silent(ctx)
	switch {
	case err != nil:
		d.failed("mail that came back", err, "")
	case n > 0:
		d.add("mail that came back", OK, fmt.Sprintf("%d addresses get no news for a month, because their server does not know them", n), "")
	}
}

// bootKey returns nil when it cannot be used.
func (d *Doctor) bootKey() *seal.BootKey {
	path := d.Config.BootKeyFile
	k, err := seal.LoadBootKey(path, false)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.add("boot key", Wrong, "There is no file "+path+": what people who signed up wrote cannot be read.",
			"copy it back from where you keep it; a new node makes one when it starts")
		return nil
	case err != nil:
		d.failed("boot key", err, "chmod 600 "+path)
		return nil
	case beside(d.Config.Data, path):
		d.add("boot key", Warning, path+" lies beside the data, so who takes the disk has both.",
			"move it to another medium and set boot_key_file; keep a copy apart from backups")
	default:
		d.add("boot key", OK, path, "")
	}
	return &k
}

func (d *Doctor) keys(ctx context.Context, k *db.DB, boot *seal.BootKey) {
	if !d.engine(ctx, "keys", k) || boot == nil {
		return
	}
	v, err := seal.Open(k, *boot, d.Clock)
	if err == nil {
		err = v.Check(ctx)
	}
	if err != nil {
		d.failed("keys fit", err, "put the boot key back that made them at "+d.Config.BootKeyFile)
		return
	}
	d.add("keys fit", OK, "the boot key opens them", "")
	d.webPush(ctx, v)
}
