package bench

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"convoke/internal/app"
)

// openBare opens an SQLite file as plainly as can be, with the settings that
// decide how safe and how fast it is equal to the product's.
func openBare(path string) (*sql.DB, error) {
	v := url.Values{"_pragma": {"journal_mode(wal)", "synchronous(full)", "cache_size(-32768)", "temp_store(memory)"}}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: v.Encode()}
	d, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	d.SetMaxOpenConns(1)
	return d, nil
}

// bareWriter is the reference of signing up and of casting: it reads the body,
// stores a row of the same size under a random key, and counts it, all waiting ones
// in one durable commit. It checks, seals and limits nothing.
type bareWriter struct {
	db    *sql.DB
	row   bareRow
	queue chan *bareWrite
	done  sync.WaitGroup
}

// bareRow says what a row is like: how long its blob is, and whether it is counted by
// itself or with all others of its commit.
type bareRow struct {
	size   int
	single bool
}

// bareSignUp has as many bytes as a sign-up's sealed part.
var bareSignUp = bareRow{64 + 28, true}

type bareWrite struct {
	hash [sha256.Size]byte
	err  error
	done chan struct{}
}

func newBareWriter(ctx context.Context, path string, row bareRow) (*bareWriter, error) {
	d, err := openBare(path)
	if err != nil {
		return nil, err
	}
	_, err = d.ExecContext(ctx, `create table roster (event_id text primary key, going integer not null) without rowid, strict;
		create table attendance (event_id text not null, hash blob not null, state text not null, party integer not null,
			queue integer not null, sealed blob not null, primary key (event_id, hash)) without rowid, strict;
		insert into roster values ('`+bareEvent+`', 0)`)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make the reference's tables: %w", err), d.Close())
	}
	w := &bareWriter{db: d, row: row, queue: make(chan *bareWrite, 20_000)}
	c, err := d.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	w.done.Go(func() { w.run(context.WithoutCancel(ctx), c) })
	return w, nil
}

const bareEvent = "01jd0000000000000000000000"

func (w *bareWriter) close() error {
	close(w.queue)
	w.done.Wait()
	return w.db.Close()
}

func (w *bareWriter) run(ctx context.Context, c *sql.Conn) {
	defer c.Close()
	var batch []*bareWrite
	st, prepared := prepareBare(ctx, c)
	for first := range w.queue {
		batch = append(batch[:0], first)
		for more := true; more && len(batch) < 2000; {
			select {
			case x, ok := <-w.queue:
				if more = ok; ok {
					batch = append(batch, x)
				}
			default:
				more = false
			}
		}
		err := prepared
		if err == nil {
			err = st.commit(ctx, batch, w.row)
		}
		for _, x := range batch {
			x.err = err
			close(x.done)
		}
	}
}

type bareStatements struct{ begin, insert, count, commitSQL *sql.Stmt }

func prepareBare(ctx context.Context, c *sql.Conn) (s bareStatements, err error) {
	for _, p := range []struct {
		to **sql.Stmt
		q  string
	}{
		{&s.begin, "begin immediate"}, {&s.commitSQL, "commit"},
		{&s.insert, "insert into attendance values ('" + bareEvent + "', ?, 'going', 1, 0, ?)"},
		{&s.count, "update roster set going = going + ? where event_id = '" + bareEvent + "'"},
	} {
		if *p.to, err = c.PrepareContext(ctx, p.q); err != nil { //nolint:sqlclosecheck // closed with the connection
			return s, fmt.Errorf("prepare %q: %w", p.q, err)
		}
	}
	return s, nil
}

func (s *bareStatements) commit(ctx context.Context, batch []*bareWrite, row bareRow) error {
	if _, err := s.begin.ExecContext(ctx); err != nil {
		return err
	}
	sealed := make([]byte, row.size)
	for _, x := range batch {
		copy(sealed, x.hash[:])
		if _, err := s.insert.ExecContext(ctx, x.hash[:16], sealed); err != nil {
			return err
		}
		if !row.single {
			continue
		}
		if _, err := s.count.ExecContext(ctx, 1); err != nil {
			return err
		}
	}
	if !row.single {
		if _, err := s.count.ExecContext(ctx, len(batch)); err != nil {
			return err
		}
	}
	_, err := s.commitSQL.ExecContext(ctx)
	return err
}

// ServeHTTP answers after the commit.
func (w *bareWriter) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	x := &bareWrite{hash: sha256.Sum256(body), done: make(chan struct{})}
	w.queue <- x
	<-x.done
	if x.err != nil {
		panic(http.ErrAbortHandler)
	}
	rw.Header()["Location"] = []string{"/"}
	rw.WriteHeader(http.StatusSeeOther)
}

// besideBare serves a node to a crowd, and a bare writer beside it.
func besideBare(ctx context.Context, node *app.Node, file string, row bareRow, do func(addr, ref string) error) (err error) {
	site, err := serve(ctx, crowd(node.Site))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.close()) }()
	bare, err := newBareWriter(ctx, file, row)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.close()) }()
	ref, err := serve(ctx, bare)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ref.close()) }()
	return do(site.addr, ref.addr)
}

// plainHandler sends the same bytes with the same headers to whoever asks.
type plainHandler struct {
	header http.Header
	body   []byte
}

// ServeHTTP does as little as net/http lets it.
func (p *plainHandler) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	for k, v := range p.header {
		h[k] = v
	}
	_, _ = w.Write(p.body) // a client that left breaks its own measurement
}
