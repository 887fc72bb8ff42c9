package app

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"convoke/internal/clock"
	"convoke/internal/config"
	"convoke/internal/db"
	"convoke/internal/db/migrations"
	"convoke/internal/feature/alerts/official"
)

// Status is how one check ended.
type Status string

// The statuses. Only a problem makes doctor end with an error.
const (
	OK      Status = "ok"
	Warning Status = "warning" // works, but should be looked at
	Wrong   Status = "problem"
)

// Finding is what one check found.
type Finding struct {
	Check   string `json:"check"`
	Status  Status `json:"status"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"` // a command, or what to do
}

// Doctor examines the node that the settings name, without starting it. With
// Fix it first counts derived numbers again.
type Doctor struct {
	Config config.Config
	Log    *slog.Logger
	Clock  clock.Clock
	Fix    bool
	// LookupTXT asks the DNS for texts; nil asks nobody.
	LookupTXT func(ctx context.Context, name string) ([]string, error)
	// Roots are the authorities that certificates of the mail server and the gateway are
	// checked against; nil means the system's.
	Roots *x509.CertPool
	// Feeds reads feeds of official warnings; nil reads none.
	Feeds official.Source

	found []Finding
}

func (d *Doctor) add(check string, s Status, message, fix string) {
	d.found = append(d.found, Finding{check, s, message, fix})
}

// failed adds an error that kept a check from being made.
func (d *Doctor) failed(check string, err error, fix string) { d.add(check, Wrong, err.Error(), fix) }

// Run makes all checks that can be made, in a fixed order.
func (d *Doctor) Run(ctx context.Context) []Finding {
	d.settings()
	d.textMessages(ctx)
	d.otherWays()
	d.reportDoors()
	d.mail(ctx)
	d.warnings(ctx)
	if !d.folder() {
		return d.found
	}
	boot := d.bootKey()
	d.withDB(ctx, "database", db.Options{URL: d.Config.DatabaseURL, Migrations: migrations.Main}, func(m *db.DB) {
		d.database(ctx, m)
	})
	d.withDB(ctx, "keys", db.Options{
		URL: d.Config.KeysURL, Migrations: migrations.Keys, SecureDelete: true, Readers: 1, CacheKiB: 512,
	}, func(k *db.DB) { d.keys(ctx, k, boot) })
	d.translations()
	d.disk()
	d.clock()
	d.backups()
	return d.found
}

// command is how to run convoke for this node.
func (d *Doctor) command(args string) string {
	if d.Config.Data != "data" {
		args += " --data " + d.Config.Data
	}
	return "convoke " + args
}

func (d *Doctor) settings() {
	c := d.Config
	u, err := url.Parse(c.BaseURL)
	switch {
	case err != nil:
		d.failed("address", err, "set base_url")
	case u.Scheme == "http" && !loopback(u.Hostname()) && !strings.HasSuffix(u.Hostname(), ".onion"):
		d.add("address", Warning, c.BaseURL+" is not encrypted: others in the network can read who signs up, and browsers refuse some functions.",
			"put a web server with a certificate in front and set base_url to https://...")
	default:
		d.add("address", OK, c.BaseURL, "")
	}
	if c.Onion == "" {
		d.add("onion", OK, "none is set", "")
	} else {
		d.add("onion", OK, c.Onion, "") // its form was checked with the settings
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// folder reports false when there is nothing to examine.
func (d *Doctor) folder() bool {
	info, err := os.Stat(d.Config.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.add("folder", Wrong, "There is no folder "+d.Config.Data+".", d.command("serve")+" makes one")
		return false
	case err != nil:
		d.failed("folder", err, "")
		return false
	case !info.IsDir():
		d.add("folder", Wrong, d.Config.Data+" is not a folder.", "name another one with --data")
		return false
	case info.Mode().Perm()&0o077 != 0:
		d.add("folder", Wrong, fmt.Sprintf("Other users of this machine can look into %s (mode %04o).", d.Config.Data, info.Mode().Perm()),
			"chmod 700 "+d.Config.Data)
	default:
		d.add("folder", OK, d.Config.Data, "")
	}
	return true
}

// withDB opens a database as it is and gives it to f.
func (d *Doctor) withDB(ctx context.Context, check string, o db.Options, f func(*db.DB)) {
	o.Clock, o.Log = d.Clock, d.Log
	if !strings.Contains(o.URL, "://") {
		if _, err := os.Stat(o.URL); err != nil {
			fix := d.command("serve") + " makes it, or restore a backup"
			if _, err := os.Stat(o.URL + ".restoring"); err == nil {
				fix = d.command("restore FILE") + " again: the last one did not end"
			}
			d.add(check, Wrong, "There is no file "+o.URL+".", fix)
			return
		}
	}
	m, err := db.Open(ctx, o)
	if err != nil {
		d.failed(check, err, "check the address, and that the server runs")
		return
	}
	defer func() {
		if err := m.Close(); err != nil {
			d.failed(check, err, "")
		}
	}()
	pending, err := m.Pending(ctx)
	switch {
	case err != nil:
		d.failed(check, err, "install the version of convoke that wrote it last")
		return
	case len(pending) > 0:
		d.add(check, Wrong, fmt.Sprintf("%d migrations are to be applied.", len(pending)), d.command("migrate"))
		return
	}
	f(m)
}

// beside reports whether file lies in dir or below.
func beside(dir, file string) bool {
	rel, err := filepath.Rel(dir, file)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
