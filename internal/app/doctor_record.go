package app

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/witness"
)

// maxCheckedLogs bounds the logs of which one run compares tree and leaves.
const maxCheckedLogs = 2000

// record compares what is stored of the public record. Nothing of it is repaired: a
// log that is wrong is so in public.
func (d *Doctor) record(ctx context.Context, m *db.DB) {
	var s record.Status
	there := false
	err := m.Read(ctx, func(tx *db.Tx) (err error) {
		s, there, err = record.StatusOf(ctx, tx)
		return err
	})
	if err != nil {
		d.failed("record", err, "")
		return
	}
	if !there {
		d.add("record", OK, "none yet", "")
		return
	}
	d.recordState(ctx, m, s)
	if err := m.Read(ctx, func(tx *db.Tx) error { return d.recordLogs(ctx, tx) }); err != nil {
		d.failed("record logs", err, "")
	}
	if err := m.Read(ctx, func(tx *db.Tx) error { return d.boxes(ctx, tx) }); err != nil {
		d.failed("boxes", err, "")
	}
	if err := m.Read(ctx, func(tx *db.Tx) error { return d.witnesses(ctx, tx, s) }); err != nil {
		d.failed("witnesses", err, "")
	}
}

// recordState says whether the record goes on.
func (d *Doctor) recordState(ctx context.Context, m *db.DB, s record.Status) {
	resume := d.command("record resume --help")
	lines, ahead, err := record.Ahead(ctx, m, s.Node, filepath.Join(d.Config.Data, recordHeadFile))
	switch {
	case err != nil:
		d.failed("record", err, "")
	case ahead:
		d.add("record", Wrong, fmt.Sprintf("It is halted: %d lines were published and the database has %d, or others.", lines, s.Lines), resume)
	case s.Restored:
		d.add("record", Warning, "It is halted since the restore: petitions and pledges take nothing.", resume)
	default:
		d.add("record", OK, fmt.Sprintf("%s, %d lines", s.Node, s.Lines), "")
	}
}

func (d *Doctor) recordLogs(ctx context.Context, tx *db.Tx) error {
	logs, all, err := record.Logs(ctx, tx, maxCheckedLogs)
	if err != nil {
		return err
	}
	for _, log := range logs {
		wrong, err := record.CheckLog(ctx, tx, log)
		if err != nil {
			return err
		}
		if wrong != "" {
			d.add("record logs", Wrong, fmt.Sprintf("The log %s is damaged: %s.", log, wrong), "stop the server, move the folder away and restore the last backup")
			return nil
		}
	}
	text := fmt.Sprintf("trees and leaves of %d logs fit", all)
	if len(logs) < all {
		text = fmt.Sprintf("trees and leaves of %d of %d logs fit", len(logs), all)
	}
	d.add("record logs", OK, text, "")
	return nil
}

func (d *Doctor) boxes(ctx context.Context, tx *db.Tx) error {
	wrong, err := box.Drifts(ctx, tx)
	if err != nil {
		return err
	}
	if len(wrong) == 0 {
		d.add("boxes", OK, "counters fit what was put in", "")
		return nil
	}
	x := wrong[0]
	d.add("boxes", Wrong, fmt.Sprintf("%d boxes count wrongly; box %s counts %d of %d keys, its rows say %d of %d.",
		len(wrong), x.Box, x.Counted, x.Keys, x.Rows, x.Known),
		"count it again from the record itself: "+d.command("export record DIR")+", then convoke verify DIR; restore a backup where they differ")
	return nil
}

// witnesses says how much is witnessed, and compares the clock with theirs.
func (d *Doctor) witnesses(ctx context.Context, tx *db.Tx, s record.Status) error {
	if late := s.Signed.Sub(d.Clock.Now()); late > clockSlack {
		d.add("clock of witnesses", Wrong, fmt.Sprintf("A witness signed %s in the future, by this clock.", late.Round(time.Minute)), "timedatectl set-ntp true")
	}
	if d.Config.RecordPolicy == "" {
		d.add("witnesses", OK, "none are set: nobody can tell whether all see the same record (record_policy)", "")
		return nil
	}
	if _, err := readPolicy(d.Config.RecordPolicy); err != nil {
		d.failed("witnesses", err, "mend the file, or unset record_policy")
		return nil
	}
	asked, err := witness.AllAsked(ctx, tx)
	if err != nil {
		return err
	}
	text, silent := fmt.Sprintf("%d of %d lines are witnessed", s.Witnessed, s.Lines), 0
	for _, a := range asked {
		if a.Why == "" {
			continue
		}
		if silent++; silent == 1 {
			text += fmt.Sprintf("; %s: %s", a.URL, a.Why)
		}
	}
	if s.Witnessed == s.Lines && silent == 0 {
		d.add("witnesses", OK, text, "")
		return nil
	}
	d.add("witnesses", Warning, text+".", "look at "+d.command("record show")+"; ask the operators of silent witnesses whether they know the log key")
	return nil
}
