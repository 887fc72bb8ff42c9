package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Limits of what is worth a word.
const (
	lowDisk    = 1 << 30 // bytes
	noDisk     = 64 << 20
	oldBackup  = 7 * 24 * time.Hour
	clockSlack = 5 * time.Minute
)

func (d *Doctor) disk() {
	free, ok, err := freeBytes(d.Config.Data)
	switch {
	case err != nil:
		d.failed("disk", err, "")
	case !ok:
		d.add("disk", OK, "free space cannot be asked on this system", "")
	case free < noDisk:
		d.add("disk", Wrong, fmt.Sprintf("Only %d MiB are free.", free>>20), "make room on the disk of "+d.Config.Data)
	case free < lowDisk:
		d.add("disk", Warning, fmt.Sprintf("Only %d MiB are free.", free>>20), "make room on the disk of "+d.Config.Data)
	default:
		d.add("disk", OK, fmt.Sprintf("%.1f GiB free", float64(free)/(1<<30)), "")
	}
}

// clock finds a clock that is years off, or behind what it wrote itself.
func (d *Doctor) clock() {
	now := d.Clock.Now()
	if y := now.Year(); y < 2026 || y > 2100 {
		d.add("clock", Wrong, fmt.Sprintf("The clock says %d.", y), "timedatectl set-ntp true")
		return
	}
	newest, err := newestFile(d.Config.Data)
	if err != nil {
		d.failed("clock", err, "")
		return
	}
	if late := newest.Sub(now); late > clockSlack {
		d.add("clock", Wrong, fmt.Sprintf("The clock is behind: a file of this node was written %s in the future.", late.Round(time.Minute)),
			"timedatectl set-ntp true")
		return
	}
	d.add("clock", OK, now.Format(time.RFC3339), "")
}

func newestFile(dir string) (time.Time, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return time.Time{}, fmt.Errorf("look at the files: %w", err)
	}
	var newest time.Time
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // a write-ahead log may go at any time
		}
		if err != nil {
			return newest, fmt.Errorf("look at the files: %w", err)
		}
		if info.Mode().IsRegular() && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return newest, nil
}

func (d *Doctor) backups() {
	last, err := lastBackup(d.Config)
	fix := d.command("backup FILE") + ", each night, to another machine"
	age := d.Clock.Now().Sub(last)
	switch {
	case err != nil:
		d.failed("backup", err, "rm "+filepath.Join(d.Config.Data, backupLastFile))
	case last.IsZero():
		d.add("backup", Warning, "There is none yet.", fix)
	case age > oldBackup:
		d.add("backup", Warning, fmt.Sprintf("The last one is %d days old.", int(age.Hours()/24)), fix)
	default:
		d.add("backup", OK, "the last one is of "+last.Format(time.RFC3339), "")
	}
}
