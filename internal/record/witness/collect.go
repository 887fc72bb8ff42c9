package witness

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"convoke/internal/db"
	"convoke/internal/record"
)

// Poster sends a body to an address and returns the status and the beginning of
// the answer; see fetch.Client.
type Poster interface {
	Exchange(ctx context.Context, address string, header http.Header, body []byte) (status int, answer []byte, err error)
}

// Collector asks the witnesses of a policy to cosign the node's own log.
type Collector struct {
	Record *record.Record
	Policy *Policy
	Post   Poster
	Log    *slog.Logger

	mu   sync.Mutex
	last time.Time // when a quorum last signed, by the database's clock
}

// renew is how old a quorum may get while the log does not grow: cosignatures have
// a time, so that a log which is held back shows.
const renew = 10 * time.Minute

// answer is what came of asking one witness.
type answer struct {
	peer
	size  int64  // what it has cosigned
	lines string // its cosignatures
	err   error
}

// own is the node's log as it is asked about.
type own struct {
	text  string
	size  int64
	sizes map[string]int64
}

// Collect asks all witnesses at once and keeps their cosignatures when they are
// enough. It runs every ten seconds. Its error says which witnesses did not sign
// when the quorum was missed; nothing but the label "unwitnessed" waits for it.
func (c *Collector) Collect(ctx context.Context) error {
	if c.Policy == nil || c.Record.Halted() != "" {
		return nil
	}
	o, due, err := c.due(ctx)
	if err != nil || !due {
		return err
	}
	answers := c.askAll(ctx, o)
	err = c.Record.DB.Write(ctx, func(tx *db.Tx) error {
		for i := range answers {
			if err := heard(ctx, tx, &answers[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	cosigned, failed := o.text, error(nil)
	for _, a := range answers {
		cosigned += a.lines
		if a.err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", strings.TrimSuffix(a.url, "/add-checkpoint"), a.err))
		}
	}
	if !c.Policy.Satisfied([]byte(cosigned)) {
		return errors.Join(errors.New("not enough witnesses have cosigned the log"), failed)
	}
	if failed != nil {
		c.Log.Warn("a witness did not cosign", "error", failed)
	}
	if err := c.Record.StoreCosigned(ctx, cosigned); err != nil {
		return err
	}
	return c.done(ctx)
}

// due reads the node's log and says whether there is something to ask.
func (c *Collector) due(ctx context.Context) (o own, due bool, err error) {
	err = c.Record.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if o.size, err = record.Size(ctx, tx, record.NodeLog); err != nil {
			return err
		}
		if o.text, err = record.Checkpoint(ctx, tx, record.NodeLog); err != nil {
			return err
		}
		had, err := record.Witnessed(ctx, tx, record.NodeLog)
		if err != nil {
			return err
		}
		c.mu.Lock()
		fresh := tx.Now().Sub(c.last) < renew
		c.mu.Unlock()
		due = had != o.size || !fresh
		o.sizes, err = sizesOf(ctx, tx)
		return err
	})
	if err != nil {
		return o, false, fmt.Errorf("read the log to be cosigned: %w", err)
	}
	return o, due, nil
}

func (c *Collector) done(ctx context.Context) error {
	return c.Record.DB.Read(ctx, func(tx *db.Tx) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.last = tx.Now()
		return nil
	})
}

func (c *Collector) askAll(ctx context.Context, o own) []answer {
	all := c.Policy.witnesses()
	out := make([]answer, len(all))
	var wg sync.WaitGroup
	for i, p := range all {
		wg.Go(func() {
			out[i] = answer{peer: p, size: o.sizes[p.url]}
			out[i].err = c.ask(ctx, o, &out[i])
		})
	}
	wg.Wait()
	return out
}

// ask sends a checkpoint to a witness, again when it remembers another size than
// was thought.
func (c *Collector) ask(ctx context.Context, o own, a *answer) error {
	if a.size > o.size {
		a.size = o.size // heard by another process, or of a log before this one
	}
	for range 3 {
		r := request{old: a.size, note: []byte(o.text)}
		err := c.Record.DB.Read(ctx, func(tx *db.Tx) (err error) {
			r.proof, err = record.Consistency(ctx, tx, record.NodeLog, a.size, o.size)
			return err
		})
		if err != nil {
			return err
		}
		status, body, err := c.Post.Exchange(ctx, a.url, http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, r.encode())
		if err != nil {
			return err
		}
		switch status {
		case http.StatusOK:
			a.size = o.size
			return a.take(o.text, body)
		case http.StatusConflict:
			if err := a.conflict(o.size, body); err != nil {
				return err
			}
		default:
			return fmt.Errorf("it answers %d: %.100q", status, body)
		}
	}
	return errors.New("it remembers another size each time it is asked")
}

// conflict takes the size that a witness remembers.
func (a *answer) conflict(size int64, body []byte) error {
	n, err := parseSize(strings.TrimSuffix(string(body), "\n"))
	switch {
	case err != nil:
		return fmt.Errorf("it answers 409 without a size: %w", err)
	case n > size:
		return fmt.Errorf("it has cosigned %d lines, more than the %d here: another process was faster, or this database is older than what was published", n, size)
	case n == a.size:
		return fmt.Errorf("it has cosigned other %d lines than these: two histories were signed", n)
	}
	a.size = n
	return nil
}

// take keeps the cosignatures of a witness that verify.
func (a *answer) take(text string, body []byte) error {
	n, err := note.Open([]byte(text+string(body)), note.VerifierList(a.key))
	if err != nil {
		return fmt.Errorf("its cosignature is not that of its key: %w", err)
	}
	a.lines = linesOf(n.Sigs)
	return nil
}
