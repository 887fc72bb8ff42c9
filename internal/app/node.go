package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"convoke/internal/api"
	"convoke/internal/clock"
	"convoke/internal/config"
	"convoke/internal/db"
	"convoke/internal/db/migrations"
	"convoke/internal/feature/about"
	"convoke/internal/feature/alerts"
	"convoke/internal/feature/assemblies"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/coalitions"
	"convoke/internal/feature/door"
	"convoke/internal/feature/events"
	"convoke/internal/feature/feedback"
	"convoke/internal/feature/grants"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/feature/ladders"
	"convoke/internal/feature/mailings"
	"convoke/internal/feature/members"
	"convoke/internal/feature/petitions"
	"convoke/internal/feature/pledges"
	"convoke/internal/feature/polls"
	"convoke/internal/feature/rides"
	"convoke/internal/feature/roles"
	"convoke/internal/feature/statements"
	"convoke/internal/feature/subscriptions"
	"convoke/internal/feature/tasks"
	"convoke/internal/feature/translate"
	"convoke/internal/feature/trustees"
	"convoke/internal/feature/turnout"
	"convoke/internal/feature/webhooks"
	"convoke/internal/geo"
	"convoke/internal/geo/basemap"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/media"
	"convoke/internal/notify"
	"convoke/internal/notify/outbox"
	"convoke/internal/notify/webpush"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/keyset"
	"convoke/internal/record/take"
	"convoke/internal/record/witness"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// Node is one opened installation. Commands use its services directly; serve
// also answers requests.
type Node struct {
	Config config.Config
	Log    *slog.Logger
	Clock  clock.Clock
	IDs    *id.Source

	DB     *db.DB
	Keys   *db.DB
	Vault  *seal.Vault
	Jobs   *job.Queue
	Site   *web.Site
	Places *geo.Gazetteer
	Record *record.Record
	Boxes  *box.Boxes

	Identity   *identity.Service
	Groups     *groups.Service
	Assemblies *assemblies.Service
	Events     *events.Service
	Attendance *attendance.Service
	Turnout    *turnout.Service
	Door       *door.Service
	Feedback   *feedback.Service
	Roles      *roles.Service
	Campaigns  *campaigns.Service
	Statements *statements.Service
	Petitions  *petitions.Service
	Pledges    *pledges.Service
	Coalitions *coalitions.Service
	Polls      *polls.Service
	Trustees   *trustees.Service
	Ladders    *ladders.Service
	Alerts     *alerts.Service
	Rides      *rides.Service
	Webhooks   *webhooks.Service
	Grants     *grants.Service
	Translate  *translate.Service
	Tasks      *tasks.Service
	Members    *members.Service
	API        *api.API

	Subscriptions    *subscriptions.Service
	subscriptionsWeb *subscriptions.Web
	Mailings         *mailings.Service
	mailingsWeb      *mailings.Web
	push             *webpush.Sender // nil where browsers take no messages

	eventsWeb     *events.Web
	attendWeb     *attendance.Web
	grantsWeb     *grants.Web
	turnoutWeb    *turnout.Web
	doorWeb       *door.Web
	feedbackWeb   *feedback.Web
	rolesWeb      *roles.Web
	ridesWeb      *rides.Web
	campaignsWeb  *campaigns.Web
	statementsWeb *statements.Web
	petitionsWeb  *petitions.Web
	pledgesWeb    *pledges.Web
	coalitionsWeb *coalitions.Web
	tasksWeb      *tasks.Web
	membersWeb    *members.Web
	pollsWeb      *polls.Web
	trusteesWeb   *trustees.Web
	assembliesWeb *assemblies.Web
	laddersWeb    *ladders.Web
	alertsWeb     *alerts.Web
	aboutWeb      *about.Web
	basemap       *basemap.Archive
	locales       *i18n.Bundle
	blobs         *media.Folder
	pictures      *pictures
	metrics       *metrics
	sets          *keyset.Sets
	witness       *witness.Witness
	collector     *witness.Collector
	mailer        notify.Sender            // nil where no mail server is set up
	outbox        *outbox.Box              // likewise
	mailBoxes     map[string]mailBox       // who gets letters, by the part before the @
	subjects      map[string]take.Subjects // by the kind of box

	infoChanged chan struct{} // what every page shows may have changed

	// Reload asks [Node.Serve] to read the translations again. It may be nil.
	Reload <-chan os.Signal
}

// Options change how a node is opened.
type Options struct {
	Clock clock.Clock // nil is the machine's
	// Migrate applies pending migrations; without it a database that needs one
	// is refused.
	Migrate bool
	// Create makes the data folder and the boot key when they are missing.
	Create bool
}

// ErrPending says that migrations must be applied first.
var ErrPending = errors.New("the database needs a migration: run \"convoke migrate\", or start \"convoke serve\", which does it")

// Open opens the databases and makes every service. Close ends it.
func Open(ctx context.Context, cfg config.Config, log *slog.Logger, o Options) (*Node, error) {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	n := &Node{Config: cfg, Log: log, Clock: o.Clock, IDs: id.NewSource(o.Clock, nil), infoChanged: make(chan struct{}, 1)}
	if err := n.open(ctx, o); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// openStores opens the databases and the keys.
func (n *Node) openStores(ctx context.Context, o Options) error {
	if o.Create {
		if err := os.MkdirAll(n.Config.Data, 0o700); err != nil {
			return fmt.Errorf("make the data folder: %w", err)
		}
	}
	var err error
	if n.DB, err = n.database(ctx, o, db.Options{URL: n.Config.DatabaseURL, Migrations: migrations.Main}); err != nil {
		return err
	}
	if n.Keys, err = n.database(ctx, o, db.Options{
		URL: n.Config.KeysURL, Migrations: migrations.Keys, SecureDelete: true, Readers: 1, CacheKiB: 512,
	}); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	boot, err := seal.LoadBootKey(n.Config.BootKeyFile, o.Create)
	if err != nil {
		return err
	}
	if n.Vault, err = seal.Open(n.Keys, boot, n.Clock); err != nil {
		return err
	}
	return n.Vault.Check(ctx)
}

func (n *Node) open(ctx context.Context, o Options) error {
	err := n.openStores(ctx, o)
	if err != nil {
		return err
	}
	if n.Places, err = geo.Load(); err != nil {
		return fmt.Errorf("load the gazetteer: %w", err)
	}
	if n.basemap, err = n.openBasemap(); err != nil {
		return err
	}
	if n.locales, err = openLocales(n.Config); err != nil {
		return fmt.Errorf("load the translations: %w", err)
	}
	n.warnOfTranslations()
	if n.blobs, err = media.OpenFolder(filepath.Join(n.Config.Data, "blobs")); err != nil {
		return fmt.Errorf("open the picture store: %w", err)
	}
	if err := n.openRecord(ctx); err != nil {
		return err
	}
	return n.wire(ctx)
}

func (n *Node) database(ctx context.Context, o Options, do db.Options) (*db.DB, error) {
	do.Clock, do.Log = n.Clock, n.Log
	if !o.Create && !strings.Contains(do.URL, "://") {
		if _, err := os.Stat(do.URL); err != nil {
			return nil, fmt.Errorf("there is no node in this folder yet: %w", err)
		}
	}
	d, err := db.Open(ctx, do)
	if err != nil {
		return nil, err
	}
	if o.Migrate {
		names, err := d.Migrate(ctx)
		if err != nil {
			return nil, errors.Join(err, d.Close())
		}
		for _, m := range names {
			n.Log.Info("migrated", "name", m)
		}
		return d, nil
	}
	pending, err := d.Pending(ctx)
	if err == nil && len(pending) > 0 {
		err = ErrPending
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// openBasemap opens the operator's map file, or the bundled one. The file stays
// open as long as the process lives.
func (n *Node) openBasemap() (*basemap.Archive, error) {
	if n.Config.Basemap == "" {
		return basemap.Bundled()
	}
	f, err := os.Open(n.Config.Basemap)
	if err != nil {
		return nil, fmt.Errorf("open the map file: %w", err)
	}
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open the map file: %w", err)
	}
	return basemap.Open(f, st.Size())
}

// Close closes the databases. Writes under way are finished first.
func (n *Node) Close() error {
	if n.Boxes != nil {
		n.Boxes.Stop()
	}
	var errs []error
	for _, d := range []*db.DB{n.DB, n.Keys} {
		if d != nil {
			errs = append(errs, d.Close())
		}
	}
	return errors.Join(errs...)
}

func (n *Node) baseURL() (*url.URL, error) {
	if n.Config.BaseURL == "" {
		return nil, nil
	}
	u, err := url.Parse(n.Config.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	return u, nil
}
