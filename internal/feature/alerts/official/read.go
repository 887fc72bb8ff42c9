package official

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"convoke/internal/cap"
	"convoke/internal/db"
	"convoke/internal/fetch"
	"convoke/internal/id"
)

// Bounds of one reading.
const (
	maxFiles    = 100 // of one feed
	maxKept     = 1000
	maxKnown    = 4000             // files of one feed: twice as many as a list may name
	maxReplaced = 10_000           // messages of one feed that others take the place of
	atOnce      = 4                // feeds
	patience    = 40 * time.Second // for one feed
	oneFile     = 10 * time.Second
	notAgain    = 7 * 24 * time.Hour // a file that says when it was changed
	unstamped   = time.Hour          // one that does not
	failed      = 15 * time.Minute   // one that could not be read
)

// Timeout is how long [Reader.Refresh] takes at most for twenty feeds, all of which stall.
const Timeout = 20/atOnce*patience + time.Minute

// Deps are what a reader needs.
type Deps struct {
	DB    *db.DB
	IDs   *id.Source
	From  Source
	Feeds []Feed
	Log   *slog.Logger
	// Patience is how long one feed may take, and File one file; 0 is 40 and 10 seconds.
	Patience, File time.Duration
}

// Reader reads the feeds.
type Reader struct{ Deps }

// New returns a reader.
func New(d Deps) *Reader {
	if d.Patience == 0 {
		d.Patience, d.File = patience, oneFile
	}
	return &Reader{d}
}

// Refresh reads what is new in every feed, and forgets what is over. A feed that fails is
// noted, and keeps no other from being read; an error is one of this node.
func (r *Reader) Refresh(ctx context.Context) error {
	var now time.Time
	err := r.DB.Write(ctx, func(tx *db.Tx) error {
		now = tx.Now()
		return r.forget(ctx, tx)
	})
	if err != nil {
		return err
	}
	var all errgroup.Group
	all.SetLimit(atOnce)
	for _, f := range r.Feeds {
		all.Go(func() error { return r.read(ctx, f, now) })
	}
	return all.Wait()
}

// found is what one reading of a feed brought.
type found struct {
	messages []message
	files    []file
	version  fetch.Version
	// whole says that the list need not be read again until it changes.
	whole bool
}

func (r *Reader) read(ctx context.Context, f Feed, now time.Time) error {
	state, known, err := r.state(ctx, f.Address)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	b, version, err := r.get(limited, f.Address, state.Version)
	var got found
	if err == nil {
		got, err = r.take(limited, f.Address, b, known, now)
		got.version = version
	}
	if ctx.Err() != nil { // the node stops
		return ctx.Err()
	}
	if err != nil && !errors.Is(err, fetch.ErrUnchanged) {
		return r.fail(ctx, f, state, Reason(err))
	}
	return r.DB.Write(ctx, func(tx *db.Tx) error {
		changed, err := r.put(ctx, tx, f.Address, got)
		if err != nil {
			return err
		}
		if got.whole {
			state.Version = got.version
		}
		if changed || state.Reason != "" {
			tx.Touch("alerts")
		}
		return putState(ctx, tx, f.Address, feedState{Version: state.Version, Read: tx.Now()})
	})
}

func (r *Reader) get(ctx context.Context, address string, had fetch.Version) ([]byte, fetch.Version, error) {
	ctx, cancel := context.WithTimeout(ctx, r.File)
	defer cancel()
	return r.From.GetNewer(ctx, address, accept, had)
}

// take reads a list and the files that are new in it. A file that fails is left for a
// while, so that it keeps no other from being read.
func (r *Reader) take(ctx context.Context, feed string, list []byte, known map[string]int64, now time.Time) (out found, err error) {
	l, err := readList(list, feed)
	if err != nil {
		return out, err
	}
	out.whole = true
	if l.Alone != nil {
		out.add(l.Alone, feed, feed, now)
		return out, nil
	}
	for _, e := range l.Entries {
		stamp := stampOf(e.Updated)
		if at, there := known[e.Link]; there && at == stamp {
			continue
		}
		if len(out.files) == maxFiles || ctx.Err() != nil {
			out.whole = false
			return out, nil
		}
		a, err := r.message(ctx, e.Link)
		if err != nil && ctx.Err() != nil { // it is not the file that takes too long
			out.whole = false
			return out, nil
		}
		until := notAgain
		switch {
		case err != nil:
			until, out.whole = failed, false
		case stamp == 0:
			until = unstamped
		}
		if out.files = append(out.files, file{e.Link, stamp, now.Add(until)}); err == nil {
			out.add(a, feed, e.Link, now)
		}
	}
	return out, nil
}

func (r *Reader) message(ctx context.Context, link string) (*cap.Alert, error) {
	b, _, err := r.get(ctx, link, fetch.Version{})
	if err != nil {
		return nil, err
	}
	return cap.Parse(b)
}

func (f *found) add(a *cap.Alert, feed, link string, now time.Time) {
	if m, ok := take(a, feed, link, now); ok {
		f.messages = append(f.messages, m)
	}
}

// fail notes that a feed cannot be read; what it brought before stays until it ends.
func (r *Reader) fail(ctx context.Context, f Feed, s feedState, reason string) error {
	if s.Reason != reason {
		host := ""
		if u, err := url.Parse(f.Address); err == nil {
			host = u.Hostname()
		}
		r.Log.Warn("a feed of official warnings cannot be read", "server", host, "reason", reason)
	}
	return r.DB.Write(ctx, func(tx *db.Tx) error {
		if s.Reason == "" {
			s.Failing = tx.Now()
			tx.Touch("alerts")
		}
		s.Reason = reason
		return putState(ctx, tx, f.Address, s)
	})
}
