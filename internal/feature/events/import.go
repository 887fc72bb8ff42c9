package events

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"convoke/internal/db"
	"convoke/internal/geo"
	"convoke/internal/id"
)

// Gazetteer is what an import asks about places; package geo has one.
type Gazetteer interface {
	Places
	// Lookup finds a place by its parts, each compared in full.
	Lookup(name, region, country string) (geo.Place, bool)
	// Nearest is the town closest to a point and its distance in kilometres.
	Nearest(geo.Point) (geo.Place, float64)
}

// ImportOptions say how to take a file in.
type ImportOptions struct {
	// Source is where the events come from. Its ID and the events' own uids
	// tell what is already here.
	Source Source
	// DryRun reads and compares everything and writes nothing.
	DryRun bool
	// Zone is the IANA zone of times that name none; "" means UTC.
	Zone string
	// Now decides which dates of a recurring event are taken: from one year
	// before it to two years after.
	Now       time.Time
	Gazetteer Gazetteer
	// Progress, when set, is told after each batch how many rows are done.
	Progress func(rows int)
}

// Arrival is a new event, where it counts and what is said of it.
type Arrival struct {
	Event     id.Event
	Spot      *Spot
	Estimates []Estimate
}

// BulkTally is a [Tally] that takes many new events in one call, inside one
// transaction. An import uses it when the tally can do it: the totals of a day
// are then written once for all its events.
type BulkTally interface {
	Tally
	SetNew(ctx context.Context, tx *db.Tx, all []Arrival) error
}

// batchRows is how many rows share one transaction: enough that the commit's
// cost disappears, few enough that other writers wait for milliseconds.
const batchRows = 500

// touchLimit is the number of tags from which on dropping every rendered page
// is cheaper than naming them.
const touchLimit = 200

// ErrNoGazetteer: an import was asked for without a gazetteer.
var ErrNoGazetteer = errors.New("import: no gazetteer")

// incoming is one event on its way in.
type incoming struct {
	event     Event
	estimates []Estimate // never nil: what the file says replaces what is here
	revision  int        // the file's own revision number; 0 when it has none
	hash      []byte
	line      int
}

// importer writes rows in batches. Each batch is one transaction, so an import
// that is killed leaves whole batches and is simply run again: rows that are
// here already and say the same are passed over.
//
// One goroutine reads and places events, another compares and stores them.
type importer struct {
	*Service
	o      ImportOptions
	report *Report
	place  placer          // of the reading goroutine, as are the next two
	batch  []incoming      // being filled
	held   map[string]bool // uids in batch
	full   chan []incoming
	rows   int    // of the storing goroutine
	runID  string // by which it can be undone
}

func (s *Service) importer(o ImportOptions, report *Report) (*importer, error) {
	if o.Gazetteer == nil {
		return nil, ErrNoGazetteer
	}
	if o.Zone == "" {
		o.Zone = "UTC"
	}
	if !geo.KnownZone(o.Zone) {
		return nil, fmt.Errorf("import: there is no time zone called %q", o.Zone)
	}
	report.count(func(sum *ImportSummary) { sum.DryRun = o.DryRun })
	return &importer{
		Service: s, o: o, report: report, place: newPlacer(o.Gazetteer), held: map[string]bool{},
		full: make(chan []incoming, 1), runID: s.IDs.New(),
	}, nil
}

// run reads and stores at once. What could be read is kept when the rest could
// not.
func (im *importer) run(ctx context.Context, read func(context.Context) error) error {
	var readErr error
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(im.full)
		readErr = read(inner)
		return im.handOver(inner)
	})
	group.Go(func() error {
		for batch := range im.full {
			if err := im.take(inner, batch); err != nil {
				return err
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if readErr != nil || im.o.DryRun {
		return readErr
	}
	// Also when nothing was new: the source was looked at.
	err := im.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Touch("sources")
		return putSource(ctx, tx, im.o.Source)
	})
	if err != nil {
		return fmt.Errorf("note the import: %w", err)
	}
	return nil
}

// add takes one event. A full batch is handed over.
func (im *importer) add(ctx context.Context, in incoming) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// Two rows of one uid must not be in one batch: the second is an update.
	if im.held[in.event.UID] {
		if err := im.handOver(ctx); err != nil {
			return err
		}
	}
	in.event.Source = im.o.Source.ID
	if in.estimates == nil {
		in.estimates = []Estimate{}
	}
	in.hash = fingerprint(&in.event, in.estimates, in.revision)
	im.held[in.event.UID] = true
	im.batch = append(im.batch, in)
	if len(im.batch) < batchRows {
		return nil
	}
	return im.handOver(ctx)
}

// handOver gives the batch to the storing goroutine.
func (im *importer) handOver(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(im.batch) == 0 {
		return nil
	}
	select {
	case im.full <- im.batch:
	case <-ctx.Done():
		return ctx.Err()
	}
	im.batch = make([]incoming, 0, batchRows)
	clear(im.held)
	return nil
}

// outcome counts what became of rows.
type outcome struct{ fresh, changed, same int }

// take compares a batch with what is stored and writes the difference.
// Comparing needs no write lock, so importing the same file again disturbs
// nobody.
func (im *importer) take(ctx context.Context, batch []incoming) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var known map[string][]byte
	err := im.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		known, err = storedHashes(ctx, tx, im.o.Source.ID, batch)
		return err
	})
	if err != nil {
		return fmt.Errorf("compare with what is here: %w", err)
	}
	todo, done := im.sift(batch, known)
	if !im.o.DryRun && len(todo) > 0 {
		stored, err := im.store(ctx, todo)
		if err != nil {
			return fmt.Errorf("store events: %w", err)
		}
		done.fresh, done.changed, done.same = stored.fresh, stored.changed, done.same+stored.same
	}
	im.report.count(func(sum *ImportSummary) {
		if !im.o.DryRun && done.fresh+done.changed > 0 {
			sum.Run = im.runID
		}
		sum.New += done.fresh
		sum.Updated += done.changed
		sum.Unchanged += done.same
	})
	im.rows += len(batch)
	if im.o.Progress != nil {
		im.o.Progress(im.rows)
	}
	return nil
}

// sift keeps what is new or says something else than what is known.
func (im *importer) sift(batch []incoming, known map[string][]byte) (todo []incoming, done outcome) {
	for i := range batch {
		in := &batch[i]
		old, found := known[in.event.UID]
		switch {
		case found && im.outdated(in, old):
			done.same++
			continue
		case found:
			done.changed++
		default:
			done.fresh++
		}
		todo = append(todo, *in)
	}
	return todo, done
}

// outdated reports an event that is here already as it is, or in a newer
// revision (RFC 5545, section 3.8.7.4).
func (im *importer) outdated(in *incoming, stored []byte) bool {
	if bytes.Equal(stored[:min(len(stored), hashSize)], in.hash[:hashSize]) {
		return true // only the number of the revision differs
	}
	if in.revision >= revisionOf(stored) {
		return false
	}
	im.report.Problem(newProblem(in.line, in.event.UID, codeOutdated))
	return true
}

// store writes one batch. Descriptions are rendered before the transaction, so
// that other writers do not wait for that. Rows go in by start, which is the
// order of at_key: SQLite's full text index takes ascending rows many times
// faster.
func (im *importer) store(ctx context.Context, todo []incoming) (outcome, error) {
	slices.SortStableFunc(todo, func(a, b incoming) int { return a.event.Start.Compare(b.event.Start) })
	for i := range todo {
		e := &todo[i].event
		if e.Description == "" {
			continue
		}
		html, err := im.Render(e.Description)
		if err != nil {
			im.report.Problem(newProblem(todo[i].line, e.UID, codeUnreadable))
			e.Description = ""
			continue
		}
		e.HTML = trusted(html)
	}
	var done outcome
	err := im.DB.Write(ctx, func(tx *db.Tx) error {
		var err error
		done, err = im.write(ctx, tx, todo)
		return err
	})
	return done, err
}

// write compares once more, for another import may have run meanwhile.
func (im *importer) write(ctx context.Context, tx *db.Tx, todo []incoming) (outcome, error) {
	var done outcome
	if err := putSource(ctx, tx, im.o.Source); err != nil {
		return done, fmt.Errorf("store the source: %w", err)
	}
	known, err := storedHashes(ctx, tx, im.o.Source.ID, todo)
	if err != nil {
		return done, err
	}
	seq, err := nextSeq(ctx, tx, len(todo)-len(known))
	if err != nil {
		return done, fmt.Errorf("reserve rows: %w", err)
	}
	first := seq
	tags := make([]string, 0, len(todo))
	fresh := make([]freshEvent, 0, len(todo)-len(known))
	for i := range todo {
		in := &todo[i]
		e := in.event
		old, found := known[e.UID]
		switch {
		case found && bytes.Equal(old, in.hash):
			done.same++
			continue
		case found:
			if err := im.replace(ctx, tx, &e, in); err != nil {
				return done, fmt.Errorf("line %d: %w", in.line, err)
			}
			done.changed++
		default:
			e.ID, e.Seq = id.Event(im.IDs.New()), seq
			e.Created, e.Updated = tx.Now(), tx.Now()
			fresh = append(fresh, freshEvent{e, in})
			seq++
		}
		tags = append(tags, "event:"+string(e.ID))
	}
	if err := im.insertAll(ctx, tx, fresh); err != nil {
		return done, err
	}
	done.fresh = len(fresh)
	if done.fresh+done.changed > 0 {
		if err := countRun(ctx, tx, im.runID, im.o.Source, done, first, seq-1); err != nil {
			return done, err
		}
	}
	if len(tags) > touchLimit {
		tags = []string{"*"}
	}
	tx.Touch(append(tags, "events", "sources")...)
	return done, nil
}

// freshEvent is an event that is not here yet, ready to be inserted.
type freshEvent struct {
	Event
	in *incoming
}

// insertAll stores new events. PostgreSQL takes many in one statement twice as
// fast, for each statement travels; SQLite takes them one by one faster, for it
// looks numbered parameters up by name.
func (im *importer) insertAll(ctx context.Context, tx *db.Tx, all []freshEvent) error {
	rest := all
	for ; len(rest) >= insertRows && tx.Engine() == db.Postgres; rest = rest[insertRows:] {
		if err := insertMany(ctx, tx, rest[:insertRows]); err != nil {
			return fmt.Errorf("from line %d: %w", rest[0].in.line, err)
		}
	}
	for i := range rest {
		if err := insertEvent(ctx, tx, &rest[i].Event, rest[i].in.hash); err != nil {
			return fmt.Errorf("line %d: %w", rest[i].in.line, err)
		}
	}
	return im.tallyNew(ctx, tx, all)
}

func (im *importer) tallyNew(ctx context.Context, tx *db.Tx, all []freshEvent) error {
	if bulk, ok := im.Tally.(BulkTally); ok {
		arrivals := make([]Arrival, len(all))
		for i := range all {
			arrivals[i] = Arrival{all[i].ID, all[i].Spot(), all[i].in.estimates}
		}
		return bulk.SetNew(ctx, tx, arrivals)
	}
	for i := range all {
		if err := im.Tally.Set(ctx, tx, all[i].ID, nil, all[i].Spot(), all[i].in.estimates); err != nil {
			return fmt.Errorf("line %d: %w", all[i].in.line, err)
		}
	}
	return nil
}

// replace updates the stored event. People who plan to come must see that it
// moved; that a past one was corrected concerns nobody.
func (im *importer) replace(ctx context.Context, tx *db.Tx, e *Event, in *incoming) error {
	old, err := oneEvent(ctx, tx, "where e.source_id = $1 and e.uid = $2", e.Source, e.UID)
	if err != nil {
		return err
	}
	e.ID, e.Picture, e.PictureAlt, e.Created = old.ID, old.Picture, old.PictureAlt, old.Created
	told := !e.WasStart.IsZero() || e.WasPlace != "" // the table knows of the move itself
	if !told {
		e.WasPlace = old.WasPlace
		e.wasAt(old.WasStart, cmp.Or(old.WasZone, old.Zone), old.WasAllDay)
	}
	e.Sequence, e.Updated = old.Sequence+1, tx.Now()
	if !told && !old.Past(tx.Now()) {
		if !old.Start.Equal(e.Start) {
			e.wasAt(old.Start, old.Zone, old.AllDay)
		}
		if old.Where.Label() != e.Where.Label() {
			e.WasPlace = old.Where.Label()
		}
	}
	if err := updateEvent(ctx, tx, &old, e, in.hash); err != nil {
		return err
	}
	if err := noteChanged(ctx, tx, im.runID, e); err != nil {
		return err
	}
	return im.Tally.Set(ctx, tx, e.ID, old.Spot(), e.Spot(), in.estimates)
}
