package box

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/blind"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/seal"
)

// Reached says that a box has reached a count. It is never taken back. Part is the
// place or group, [Whole] for all together.
type Reached struct {
	Box   leaf.ID
	Kind  string
	Part  int
	Goal  uint64
	Count uint64
	At    time.Time
}

// Whole is the part of a count over all parts.
const Whole = -1

// Listener hears, in the same transaction, what happens to boxes.
type Listener interface {
	Reached(ctx context.Context, tx *db.Tx, r Reached) error
	// Closed says that a box takes nothing more.
	Closed(ctx context.Context, tx *db.Tx, box leaf.ID, kind string) error
}

// Deps are what boxes need.
type Deps struct {
	DB     *db.DB
	Vault  *seal.Vault
	Record *record.Record
	Sets   *keyset.Sets
	Clock  clock.Clock
	Log    *slog.Logger
	// Client is SHA-256 of the scripts that browsers get, for the manifests of boxes.
	Client string
	// Listener and NoMail may be set after New, before the first statement.
	Listener Listener
	// Watcher hears of counts that were asked for with [Boxes.Watch], in the
	// transaction of the statement. It may be set after New.
	Watcher func(ctx context.Context, tx *db.Tx, c Counted) error
	// NoMail is for a node that sends no e-mail: nobody could pass [GateEmail].
	NoMail bool
	// Random shuffles statements that arrive together; nil is a fresh seed.
	Shuffle func(n int, swap func(i, j int))
}

// Boxes is the use cases of rolls and boxes. It is safe for concurrent use.
type Boxes struct {
	Deps

	mu    sync.Mutex
	known map[leaf.ID]*Info   // manifests never change
	slots map[string]*slotKey // opened signing keys, for a minute
	lines map[leaf.ID]*line   // statements that wait for the next commit
	work  sync.WaitGroup
	ended bool
}

// New returns the service.
func New(d Deps) *Boxes {
	d.Record.Withheld, d.Record.Beside = withheld, beside
	return &Boxes{Deps: d, known: map[leaf.ID]*Info{}, slots: map[string]*slotKey{}, lines: map[leaf.ID]*line{}}
}

// Info is what is known of a box for good.
type Info struct {
	ID       leaf.ID
	Roll     leaf.ID
	Origin   string
	Manifest leaf.Box
	Gate     string
	Size     uint32 // members of a closed roll
	// Registrar is the name in the challenges of its roll's credentials.
	Registrar string
	// Key verifies the credentials of its slot, nil in polls by name; challenge and
	// keyID go into them.
	Key       *blind.VerifyKey
	challenge [32]byte
	keyID     [32]byte

	weights atomic.Pointer[[]int64] // of the seats, once they were read
}

// Token is what a credential of the box signs for a key.
func (i *Info) Token(k leaf.Key) []byte {
	return blind.InputFor(ed25519.PublicKey(k[:]), i.challenge, i.keyID)
}

// Log is the box's log.
func (i *Info) Log() string { return record.BoxLog(i.ID) }

// window says whether a box takes statements at a time.
func (i *Info) window(now time.Time) error {
	m := &i.Manifest
	switch {
	case now.Unix() < m.Opens:
		return errEarly()
	case m.Closes != 0 && now.Unix() >= m.Closes:
		return errClosed()
	}
	return nil
}

func errEarly() error {
	return fault.Conflict("box.early", "This is not open yet. Nothing was recorded.")
}

func errClosed() error {
	return fault.Gone("box.closed", "This has closed. Nothing was recorded.")
}

func errNoBox() error { return fault.NotFound("box.not_found", "There is no such box here.") }

func errNoSlot() error {
	return fault.Malformed("box.slot", "There is no such slot here. Nothing was recorded.")
}

// Info finds a box. Its fault is NotFound.
func (b *Boxes) Info(ctx context.Context, id leaf.ID) (*Info, error) {
	b.mu.Lock()
	i := b.known[id]
	b.mu.Unlock()
	if i != nil {
		return i, nil
	}
	err := b.DB.Read(ctx, func(tx *db.Tx) (err error) {
		i, err = b.load(ctx, tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.known[id] = i
	b.mu.Unlock()
	return i, nil
}

// load reads a box with its roll.
func (b *Boxes) load(ctx context.Context, tx *db.Tx, id leaf.ID) (*Info, error) {
	opening, err := boxManifest(ctx, tx, id)
	if errors.Is(err, db.ErrNoRows) {
		return nil, errNoBox()
	}
	if err != nil {
		return nil, err
	}
	m, err := manifestOf(opening)
	if err != nil {
		return nil, err
	}
	roll, err := leaf.ParseID(m.Roll)
	if err != nil {
		return nil, err
	}
	rm, err := b.rollManifest(ctx, tx, roll)
	if err != nil {
		return nil, err
	}
	i := &Info{ID: id, Roll: roll, Origin: leaf.BoxOrigin(b.Record.Node, id), Manifest: m, Gate: rm.Gate, Size: rm.Size, Registrar: rm.Registrar}
	if rm.Gate == leaf.BySeat {
		return i, nil
	}
	keys, err := rm.SlotKeys()
	if err != nil {
		return nil, err
	}
	if int(m.Slot) >= len(keys) {
		return nil, fmt.Errorf("box %s has slot %d of a roll with %d", id, m.Slot, len(keys))
	}
	i.Key = keys[m.Slot]
	i.challenge, i.keyID = blind.Challenge(rm.Registrar, roll, m.Slot), i.Key.ID()
	return i, nil
}

func manifestOf(opening []byte) (leaf.Box, error) {
	o, err := leaf.DecodeOpen(opening)
	if err != nil {
		return leaf.Box{}, err
	}
	return leaf.ParseBox(o.Manifest)
}

// Open opens a box on a slot of a roll, in the record and in the caller's
// transaction. The manifest's node, version, roll, slot and client are filled in.
func (b *Boxes) Open(ctx context.Context, tx *db.Tx, roll leaf.ID, slot uint8, m leaf.Box) (leaf.ID, error) {
	m.V, m.Node, m.Roll, m.Slot, m.Client = 1, b.Record.Node, roll.String(), slot, b.Client
	text, err := leaf.Canonical(m)
	if err != nil {
		return leaf.ID{}, err
	}
	if _, err := leaf.ParseBox(text); err != nil {
		return leaf.ID{}, fmt.Errorf("open a box: %w", err)
	}
	opening := leaf.Open{Manifest: text}.Encode()
	id := leaf.IDOf(opening)
	if err := insertBox(ctx, tx, id, m, opening); err != nil {
		return id, err
	}
	if err := b.Record.Start(ctx, tx, record.BoxLog(id)); err != nil {
		return id, err
	}
	_, err = b.Record.Append(ctx, tx, record.NodeLog, opening)
	return id, err
}

// Numbers are the counters of a box.
type Numbers struct {
	Counted   int64 // statements that count now
	Withdrawn int64
	Declared  int64 // on paper, counted by hand
	Done      int64 // who said that they did it
	Issued    int64 // credentials given out for its slot
	Assisted  int64 // of the roll, by the server's own hand
	Closed    bool
	Reached   []Reached
}

// Numbers are the counters of a box.
func (b *Boxes) Numbers(ctx context.Context, tx *db.Tx, id leaf.ID) (Numbers, error) {
	n, err := numbersOf(ctx, tx, id)
	if errors.Is(err, db.ErrNoRows) {
		return n, errNoBox()
	}
	if err != nil {
		return n, err
	}
	n.Reached, err = milestonesOf(ctx, tx, id)
	return n, err
}

// Watched is how many leaves a box has, and how many of them a quorum of witnesses
// has cosigned.
func (b *Boxes) Watched(ctx context.Context, tx *db.Tx, id leaf.ID) (leaves, witnessed int64, err error) {
	return record.Watched(ctx, tx, record.BoxLog(id))
}

// Declare puts a batch of signatures on paper into the record: counted by hand and
// entered, shown apart. note is what is published about them.
func (b *Boxes) Declare(ctx context.Context, tx *db.Tx, id leaf.ID, count uint32, note []byte) error {
	if err := addCounts(ctx, tx, id, counts{declared: int64(count)}); err != nil {
		return err
	}
	_, err := b.Record.Append(ctx, tx, record.BoxLog(id), leaf.Batch{Count: count, Hash: sha256.Sum256(note)}.Encode())
	return err
}

// Note puts something that was said about a box later into the node's log: hashes
// of texts, never the texts.
func (b *Boxes) Note(ctx context.Context, tx *db.Tx, id leaf.ID, what any) error {
	text, err := leaf.Canonical(what)
	if err != nil {
		return err
	}
	_, err = b.Record.Append(ctx, tx, record.NodeLog, leaf.Note{Box: id, JSON: text}.Encode())
	return err
}

// Where is the index of a key's leaf with that hash (RFC 6962): the one with which
// it came in, or the one that counts now. It returns db.ErrNoRows when neither is.
func (b *Boxes) Where(ctx context.Context, tx *db.Tx, id leaf.ID, k leaf.Key, hash [32]byte) (int64, error) {
	first, ok, err := b.Sets.Find(ctx, tx, record.BoxLog(id), keyset.Key(k[:16]))
	if err != nil {
		return 0, err
	}
	places := []int64{}
	if ok {
		places = append(places, first)
	}
	s, ok, err := saidBy(ctx, tx, id, k)
	if err != nil {
		return 0, err
	}
	if ok {
		places = append(places, s.idx)
	}
	for _, at := range places {
		h, err := record.LeafHash(ctx, tx, record.BoxLog(id), at)
		if err != nil {
			return 0, err
		}
		if h == hash {
			return at, nil
		}
	}
	return 0, db.ErrNoRows
}

// boxOfLog is the box of a log; ok is false for other logs.
func boxOfLog(log string) (id leaf.ID, ok bool) {
	name, ok := strings.CutPrefix(log, "b/")
	if !ok {
		return id, false
	}
	id, err := leaf.ParseID(name)
	return id, err == nil
}

// withheld says whether a log is that of a poll that is open.
func withheld(ctx context.Context, tx *db.Tx, log string) (bool, error) {
	id, ok := boxOfLog(log)
	if !ok {
		return false, nil
	}
	var n int
	err := tx.Get(ctx, "select count(*) from box where id = $1 and kind = $2 and not closed", []any{id.String(), leaf.Poll}, &n)
	return n > 0, err
}
