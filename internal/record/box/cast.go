package box

import (
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"time"

	"convoke/internal/fault"
	"convoke/internal/record/leaf"
)

// Bounds of a commit.
const (
	maxBatch = 10_000
	maxLine  = 50_000
)

// Receipt says where a statement is.
type Receipt struct {
	Box   leaf.ID
	Index int64
	// Again says that it was there already; it counts once.
	Again bool
	// Pending says that it waits for others and is not counted yet: it must be sent
	// again when it is not in the box after a quarter of an hour.
	Pending bool
}

// statement is one that waits.
type statement struct {
	leaf    []byte
	key     leaf.Key
	say     *leaf.Say // nil for a signature
	reason  *Reason   // of a ballot that gives one
	done    chan struct{}
	receipt Receipt
	err     error
}

// line is the statements of a box that wait for the next commit.
type line struct {
	waiting []*statement
	running bool
	now     bool // the box closes: nobody waits for others any more
	wake    chan struct{}
}

// Cast puts a leaf that somebody made into a box and returns after the commit that
// holds it. It checks all that can be checked without the database first, so that
// nonsense costs no write.
func (b *Boxes) Cast(ctx context.Context, id leaf.ID, encoded []byte) (Receipt, error) {
	return b.CastWith(ctx, id, encoded, nil)
}

// CastWith is [Boxes.Cast] of a ballot that says why; reason is nil for others.
func (b *Boxes) CastWith(ctx context.Context, id leaf.ID, encoded []byte, reason *Reason) (Receipt, error) {
	i, err := b.Info(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	if err := i.window(b.Clock.Now()); err != nil {
		return Receipt{}, err
	}
	s, err := i.check(encoded)
	if err != nil {
		return Receipt{}, err
	}
	if s.reason = reason; s.say != nil {
		if err := i.reasoned(s.say.Body, reason); err != nil {
			return Receipt{}, err
		}
	}
	if i.quiet() {
		return b.castQuiet(ctx, i, s)
	}
	if _, err := b.join(i, s); err != nil {
		return Receipt{}, err
	}
	<-s.done // whether it was recorded must be known
	return s.receipt, s.err
}

// check decodes a statement and verifies what it shows.
func (i *Info) check(encoded []byte) (*statement, error) {
	kind, err := leaf.KindOf(encoded)
	if err != nil {
		return nil, errLeaf(err)
	}
	s := &statement{leaf: encoded, done: make(chan struct{})}
	switch kind {
	case leaf.KindSign:
		l, err := leaf.DecodeSign(encoded)
		if err != nil {
			return nil, errLeaf(err)
		}
		if i.Manifest.Takes != leaf.TakesSign {
			return nil, errLeaf(errors.New("this box takes statements, not signatures"))
		}
		s.key = l.Key
		return s, i.authentic(l.Key, l.Auth[:])
	case leaf.KindSay:
		l, err := leaf.DecodeSay(encoded)
		if err == nil && i.Manifest.Takes == leaf.TakesVote {
			err = errors.New("this box takes votes of seats")
		}
		if err != nil {
			return nil, errLeaf(err)
		}
		if !l.Verify(i.Origin) {
			return nil, fault.Malformed("box.signature", "The signature of this statement does not fit. Nothing was recorded.")
		}
		if err := i.allows(l.Body); err != nil {
			return nil, err
		}
		s.key, s.say = l.Key, &l
		if len(l.Auth) == 0 {
			return s, nil
		}
		return s, i.authentic(l.Key, l.Auth)
	}
	return nil, errLeaf(errors.New("a box takes no leaf of this kind"))
}

func errLeaf(err error) error {
	return fault.Because(fault.Malformed("box.leaf", "This is no statement for this box. Nothing was recorded."), err)
}

// authentic checks a credential.
func (i *Info) authentic(k leaf.Key, auth []byte) error {
	if err := i.Key.Verify(i.Token(k), auth); err != nil {
		return fault.Because(fault.Forbidden("box.credential", "This credential is not one for this box. Nothing was recorded."), err)
	}
	return nil
}

// join queues a statement and wakes who commits. there says that it waits already.
func (b *Boxes) join(i *Info, s *statement) (there bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return false, fault.After(fault.Unavailable("box.stopping", "This server is being restarted. Nothing was recorded. Please send it again in a few seconds."), 5*time.Second)
	}
	l := b.lines[i.ID]
	if l == nil {
		l = &line{wake: make(chan struct{}, 1)}
		b.lines[i.ID] = l
	}
	if i.quiet() {
		if there, err = l.has(s); there || err != nil {
			return there, err
		}
	}
	if len(l.waiting) >= maxLine {
		return false, fault.After(fault.Unavailable("box.busy",
			"Very many people take part just now. Nothing was recorded. Please send it again in a few seconds."), 3*time.Second)
	}
	l.waiting = append(l.waiting, s)
	select {
	case l.wake <- struct{}{}:
	default:
	}
	if !l.running {
		l.running = true
		b.work.Go(func() { b.run(i, l) })
	}
	return false, nil
}

// run commits what waits until nothing does. The next commit holds all that came
// during the last one, so batches grow by themselves and nobody waits when the
// node is idle.
func (b *Boxes) run(i *Info, l *line) {
	for {
		batch := b.next(i, l)
		if batch == nil {
			return
		}
		b.shuffle(batch)
		b.commit(i, batch)
		for _, s := range batch {
			close(s.done)
		}
	}
}

// next is the next batch, nil when nothing waits any more.
func (b *Boxes) next(i *Info, l *line) []*statement {
	hold := time.NewTimer(i.hold(b.Clock.Now()))
	defer hold.Stop()
	for late := false; ; {
		b.mu.Lock()
		n := len(l.waiting)
		if n == 0 {
			l.running = false
			delete(b.lines, i.ID)
			b.mu.Unlock()
			return nil
		}
		if n >= i.Manifest.MinBatch || late || l.now || b.ended {
			n = min(n, maxBatch)
			batch := l.waiting[:n:n]
			l.waiting = l.waiting[n:]
			b.mu.Unlock()
			return batch
		}
		b.mu.Unlock()
		select {
		case <-l.wake:
		case <-hold.C:
			late = true
		}
	}
}

// shuffle hides in which order statements came.
func (b *Boxes) shuffle(batch []*statement) {
	swap := func(i, j int) { batch[i], batch[j] = batch[j], batch[i] }
	if b.Shuffle != nil {
		b.Shuffle(len(batch), swap)
		return
	}
	rand.Shuffle(len(batch), swap) // ChaCha8, seeded by the system
}

// Stop commits what waits and then takes nothing more.
func (b *Boxes) Stop() {
	b.mu.Lock()
	b.ended = true
	for _, l := range b.lines {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
	b.mu.Unlock()
	b.work.Wait()
}

// leafName is what tells a leaf from others: the first 16 bytes of its SHA-256.
func leafName(encoded []byte) []byte {
	h := sha256.Sum256(encoded)
	return h[:16]
}
