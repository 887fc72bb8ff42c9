package verify_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tile"
	"convoke/internal/record/verify"
)

// busy is a node on which, before each file that it gives, somebody takes a credential
// and takes part with it in each of two boxes on one roll, and its log is told.
type busy struct {
	*world
	mu    sync.Mutex
	boxes []*box.Info
	n     int
}

// Get implements [verify.Source].
func (b *busy) Get(_ context.Context, path string) (data []byte, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.takePart(); err != nil {
		return nil, err
	}
	if path == verify.PolicyPath {
		text, err := b.Policy()
		return []byte(text), err
	}
	err = b.DB.Read(ctx, func(tx *db.Tx) error {
		if log, ok := strings.CutSuffix(path, "/checkpoint"); ok {
			text, _, err := b.Published(ctx, tx, log)
			data = []byte(text)
			return err
		}
		at := strings.Index(path, "/tile/")
		name, err := tile.Parse(path[at+1:])
		if err == nil {
			data, err = record.File(ctx, tx, path[:at], name)
		}
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		err = verify.ErrAbsent
	}
	return data, err
}

func (b *busy) takePart() error {
	b.n++
	for _, i := range b.boxes {
		grant, err := b.AdmitAnybody(ctx, i.Roll, b.ids.Secret())
		if err != nil {
			return err
		}
		p, err := boxtest.Issue(ctx, b.Boxes, i, grant)
		if err != nil {
			return err
		}
		if _, err := b.Cast(ctx, i.ID, p.Sign(p.Auth)); err != nil {
			return err
		}
	}
	return b.Anchor(ctx)
}

// ServeHTTP gives the same over HTTP.
func (b *busy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, err := b.Get(r.Context(), r.URL.Path[1:])
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	_, _ = w.Write(data)
}

// TestBothReadABusyNode verifies a node that gives out credentials and takes statements
// all the while: it is honest, and neither verifier accuses it.
func TestBothReadABusyNode(t *testing.T) {
	t.Parallel()
	b := &busy{world: newWorld(t, 3)}
	roll := b.roll(t, box.RollInput{Gate: box.GateBrowser, Slots: 2})
	for slot := range uint8(2) {
		b.boxes = append(b.boxes, b.open(t, roll, slot, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign, Goals: []uint64{9, 30}}))
	}
	must(t, b.Anchor(ctx))
	for name, o := range map[string]verify.Options{"all": {}, "one box": {Box: b.boxes[1].ID.String()}, "quickly": {Quick: true}} {
		if r, err := verify.Verify(ctx, b, o); err != nil || !r.Right() {
			t.Errorf("%s: the first verifier finds %v, %v", name, r, err)
		}
	}
	s := httptest.NewServer(b)
	defer s.Close()
	got, out := python(t, s.URL)
	if got.Exit != 0 || len(got.Boxes) != 5 {
		t.Errorf("the second says %s", out)
	}
	if b.n < 40 {
		t.Errorf("only %d took part meanwhile", b.n)
	}
}
