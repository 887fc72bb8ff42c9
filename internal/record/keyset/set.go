package keyset

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync"

	"convoke/internal/db"
)

// Key is the first 16 bytes of a uniformly random key: two of ten million are the
// same by chance once in 10^24 logs.
type Key [16]byte

// Entry is a key and the leaf that it belongs to.
type Entry struct {
	Key  Key
	Leaf int64
}

// Tuning, measured in docs/performance.md.
const (
	maxFresh    = 1 << 15 // rows before they become a run
	fanIn       = 8       // runs of a level before they are merged
	perPart     = 256     // keys in a blob
	entrySize   = 16 + 8
	partsAWrite = 256 // blobs of a merge in one transaction
)

// Sets are the key sets of all logs. It is safe for concurrent use.
type Sets struct {
	db    *db.DB
	ids   func() string
	fresh int64 // [maxFresh] but in tests

	mu      sync.Mutex
	filters map[string]*filter // by run, which never changes
}

// New returns the sets of a database. ids makes names of runs that nobody else
// makes.
func New(d *db.DB, ids func() string) *Sets {
	return &Sets{db: d, ids: ids, fresh: maxFresh, filters: map[string]*filter{}}
}

type run struct {
	id    string
	level int
	keys  int64
}

// Finder looks up the keys of one log in a transaction. It reads the log's runs
// once, when it is first asked: what is added afterwards need not be seen.
type Finder struct {
	s    *Sets
	tx   *db.Tx
	log  string
	runs []run
	read bool
}

// Finder begins to look up keys of a log.
func (s *Sets) Finder(tx *db.Tx, log string) *Finder { return &Finder{s: s, tx: tx, log: log} }

// Find is the leaf of one key.
func (s *Sets) Find(ctx context.Context, tx *db.Tx, log string, k Key) (leaf int64, ok bool, err error) {
	return s.Finder(tx, log).Find(ctx, k)
}

// Find is the leaf of a key.
func (f *Finder) Find(ctx context.Context, k Key) (leaf int64, ok bool, err error) {
	err = f.tx.Get(ctx, "select idx from record_fresh where set_id = $1 and k = $2", []any{f.log, k[:]}, &leaf)
	if err == nil {
		return leaf, true, nil
	}
	if !errors.Is(err, db.ErrNoRows) {
		return 0, false, err
	}
	if !f.read {
		if f.runs, err = runsOf(ctx, f.tx, f.log); err != nil {
			return 0, false, err
		}
		f.read = true
	}
	for _, r := range f.runs {
		in, err := f.s.filter(ctx, f.tx, r)
		if err != nil {
			return 0, false, err
		}
		if !in.maybe(k) {
			continue
		}
		if leaf, ok, err = search(ctx, f.tx, r.id, k); ok || err != nil {
			return leaf, ok, err
		}
	}
	return 0, false, nil
}

// Add adds keys that are not there. Rows become a run when there are enough.
func (s *Sets) Add(ctx context.Context, tx *db.Tx, log string, all []Entry) error {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b Entry) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	for _, e := range sorted {
		_, err := tx.Exec(ctx, "insert into record_fresh (set_id, k, idx) values ($1, $2, $3)", log, e.Key[:], e.Leaf)
		if err != nil {
			return fmt.Errorf("keep a key of log %s: %w", log, err)
		}
	}
	if !s.counts(all) {
		return nil
	}
	var n int64
	if err := tx.Get(ctx, "select count(*) from record_fresh where set_id = $1", []any{log}, &n); err != nil {
		return err
	}
	if n < s.fresh {
		return nil
	}
	return s.settle(ctx, tx, log)
}

// counts says that it is time to count the rows: some times before there are
// enough, for counting reads them all.
func (s *Sets) counts(all []Entry) bool {
	step := max(s.fresh/16, 1)
	for _, e := range all {
		if e.Leaf%step == step-1 {
			return true
		}
	}
	return false
}

// settle makes a run of all rows.
func (s *Sets) settle(ctx context.Context, tx *db.Tx, log string) error {
	all, err := db.Query(ctx, tx, "select k, idx from record_fresh where set_id = $1 order by k", []any{log},
		func(scan func(...any) error) (Entry, error) {
			var e Entry
			var k []byte
			err := scan(&k, &e.Leaf)
			copy(e.Key[:], k)
			return e, err
		})
	if err != nil {
		return fmt.Errorf("read new keys of log %s: %w", log, err)
	}
	id := s.ids()
	_, err = tx.Exec(ctx, "insert into record_run (id, set_id, level, keys, ready) values ($1, $2, 0, $3, $4)", id, log, len(all), true)
	if err != nil {
		return fmt.Errorf("start a run of log %s: %w", log, err)
	}
	for part := range slices.Chunk(all, perPart) {
		if err := putPart(ctx, tx, id, part); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, "delete from record_fresh where set_id = $1", log); err != nil {
		return fmt.Errorf("empty the new keys of log %s: %w", log, err)
	}
	return nil
}

func putPart(ctx context.Context, tx *db.Tx, run string, part []Entry) error {
	b := make([]byte, 0, len(part)*entrySize)
	for _, e := range part {
		b = binary.BigEndian.AppendUint64(append(b, e.Key[:]...), uint64(e.Leaf))
	}
	_, err := tx.Exec(ctx, "insert into record_run_part (run_id, first, data) values ($1, $2, $3)", run, part[0].Key[:], b)
	if err != nil {
		return fmt.Errorf("write run %s: %w", run, err)
	}
	return nil
}

func runsOf(ctx context.Context, tx *db.Tx, log string) ([]run, error) {
	out, err := db.Query(ctx, tx, "select id, level, keys from record_run where set_id = $1 and ready order by level desc, id", []any{log},
		func(scan func(...any) error) (run, error) {
			var r run
			return r, scan(&r.id, &r.level, &r.keys)
		})
	if err != nil {
		return nil, fmt.Errorf("list the runs of log %s: %w", log, err)
	}
	return out, nil
}

// search looks a key up in a run.
func search(ctx context.Context, tx *db.Tx, run string, k Key) (leaf int64, ok bool, err error) {
	var data []byte
	err = tx.Get(ctx, "select data from record_run_part where run_id = $1 and first <= $2 order by first desc limit 1", []any{run, k[:]}, &data)
	if errors.Is(err, db.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("search run %s: %w", run, err)
	}
	n := len(data) / entrySize
	i := sort.Search(n, func(i int) bool { return bytes.Compare(data[i*entrySize:i*entrySize+16], k[:]) >= 0 })
	if i == n || !bytes.Equal(data[i*entrySize:i*entrySize+16], k[:]) {
		return 0, false, nil
	}
	return int64(binary.BigEndian.Uint64(data[i*entrySize+16:])), true, nil
}

// filter is the filter of a run, made from it when this process first asks.
func (s *Sets) filter(ctx context.Context, tx *db.Tx, r run) (*filter, error) {
	s.mu.Lock()
	f := s.filters[r.id]
	s.mu.Unlock()
	if f != nil {
		return f, nil
	}
	f = newFilter(r.keys)
	err := tx.Each(ctx, "select data from record_run_part where run_id = $1", []any{r.id}, func(scan func(...any) error) error {
		var data []byte
		if err := scan(&data); err != nil {
			return err
		}
		for ; len(data) >= entrySize; data = data[entrySize:] {
			f.add(Key(data[:16]))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read run %s: %w", r.id, err)
	}
	s.mu.Lock()
	s.filters[r.id] = f
	s.mu.Unlock()
	return f, nil
}
