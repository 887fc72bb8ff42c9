package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"convoke/internal/app"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

// remindedEvents share the sign-ups whose reminders are planned.
const remindedEvents = 100

// reminders measures what the day before very many people come costs until one
// message for each waits to be sent, to the same rows inserted in pages of the same
// size. Sending is the mail server's pace, and not measured.
func (b *bench) reminders(ctx context.Context) (err error) {
	dir := filepath.Join(b.dir, "reminders")
	now := clock.NewManual(b.started)
	// Nothing is sent, so nobody has to listen there.
	node, err := openWith(ctx, dir, map[string]string{"smtp_url": "smtp://127.0.0.1:1", "mail_from": "bench@example.org"}, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	es := make([]id.Event, min(remindedEvents, b.reminded))
	for i := range es {
		if es[i], err = exampleEvent(ctx, node, 0); err != nil {
			return err
		}
	}
	if err := b.crowd(ctx, node, es, b.reminded); err != nil {
		return err
	}
	if err := holdMessages(ctx, node); err != nil {
		return err
	}
	now.Set(b.started.AddDate(0, 0, 13).Truncate(24 * time.Hour).Add(15 * time.Hour))
	b.say("planning")
	resetPeak()
	watch := startWatch()
	if err := node.Attendance.Remind(ctx); err != nil {
		return err
	}
	if _, err := node.Jobs.RunPending(ctx); err != nil {
		return err
	}
	p := watch.stop(b.reminded)
	_, memory := resident(os.Getpid())
	var planned int
	err = node.DB.Read(ctx, readColumn(ctx, "select count(*) from job where kind = 'attendance.tell'", &planned))
	if err != nil || planned != b.reminded {
		return errors.Join(err, fmt.Errorf("%d messages wait for %d sign-ups", planned, b.reminded))
	}
	r, err := b.planBare(ctx, filepath.Join(b.dir, "reminders.db"))
	if err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	var turns pair
	turns.add(p, r)
	b.add(turns.line(number(float64(b.reminded))+" reminders planned, to bare rows", "/s", Aim{}))
	b.add(Line{What: "all of them", Value: p.all.Seconds(), Unit: "s"})
	if memory > 0 {
		b.add(Line{What: "memory resident meanwhile, at most", Value: memory, Unit: "MiB", Aim: Aim{Most: 400}})
	}
	return nil
}

// holdMessages keeps messages from being sent as soon as they are planned.
func holdMessages(ctx context.Context, node *app.Node) error {
	return node.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `create trigger bench_hold after insert on job when new.kind = 'attendance.tell' begin
			update job set run_at = run_at + 864000000000 where id = new.id; end`)
		return err
	})
}

// planBare inserts a job and a mark for each sign-up.
func (b *bench) planBare(ctx context.Context, file string) (r result, err error) {
	d, err := openBare(file)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	_, err = d.ExecContext(ctx, `create table reminded (event_id text not null, hash blob not null, primary key (event_id, hash)) without rowid, strict;
		create table job (id integer primary key, args text not null, unique_key text unique, run_at integer not null) strict;
		create index job_next on job (run_at)`)
	if err != nil {
		return r, err
	}
	c, err := d.Conn(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	random, hash := chance(0), make([]byte, 16)
	watch := startWatch()
	err = inBatches(ctx, c, b.reminded, func(i int) error {
		event := fmt.Sprintf("%026d", i*remindedEvents/b.reminded)
		_, _ = random.Read(hash) // never fails
		if _, err := c.ExecContext(ctx, "insert into reminded values (?, ?)", event, hash); err != nil {
			return err
		}
		args := fmt.Sprintf(`{"event":%q,"hash":"%x","what":"before","stamp":%d}`, event, hash, b.started.UnixMicro())
		_, err := c.ExecContext(ctx, "insert into job (args, unique_key, run_at) values (?, ?, ?)", args, fmt.Sprintf("%s/%x", event, hash), b.started.UnixMicro())
		return err
	})
	return watch.stop(b.reminded), err
}
