package box_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/id"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/tile"
)

// aborting is a record whose process ends before a chosen statement, and starts again.
type aborting struct {
	*child
	t    *testing.T
	stop dbtest.Abort
	said bytes.Buffer
	head string
}

// again is a process that starts: it knows what the database and the noted head say.
func (a *aborting) again() {
	a.t.Helper()
	r, err := record.Open(ctx, record.Deps{DB: a.DB, Vault: a.Vault, Log: a.Record.Log, Node: a.Node, HeadFile: a.head})
	if err != nil {
		a.t.Fatal(err)
	}
	a.stand = &stand{Stand: &recordtest.Stand{Record: r, DB: a.DB, Vault: a.Vault, Clock: a.Clock}, ids: a.ids}
	a.Boxes = box.New(box.Deps{DB: a.DB, Vault: a.Vault, Record: r, Sets: keyset.New(a.DB, a.ids.New), Clock: a.Clock})
}

// lines are what was said so far.
func (a *aborting) lines() []string { return strings.Split(strings.TrimSpace(a.said.String()), "\n") }

// each runs f with an end before its first statement, its second and so on until it
// runs through; before prepares each. After every end the record is right.
func (a *aborting) each(name string, before func(), f func() error) {
	a.t.Helper()
	for n := 1; ; n++ {
		if before != nil {
			before()
		}
		if err := a.checkpoints(); err != nil {
			a.t.Fatal(err)
		}
		a.stop.At(n)
		err := f()
		aborted := a.stop.Off()
		if err != nil && !aborted {
			a.t.Fatalf("%s, statement %d: %v", name, n, err)
		}
		a.again()
		if err := a.checkpoints(); err != nil {
			a.t.Fatal(err)
		}
		if lost := a.lost(a.t, a.lines()); lost > 0 {
			a.t.Fatalf("%s, statement %d: %d acknowledged statements are lost", name, n, lost)
		}
		a.recount(a.t)
		if err == nil { // on PostgreSQL a lock is given back after the commit
			a.t.Logf("%s: %d statements", name, n-1)
			if n < 6 {
				a.t.Errorf("%s has %d statements, so little was tried", name, n-1)
			}
			return
		}
	}
}

// size is that of a log.
func (a *aborting) size(log string) (n int64) {
	a.t.Helper()
	err := a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		n, err = record.Size(ctx, tx, log)
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return n
}

// Whatever statement a process dies before, when it appends to the record: rows are
// what the leaves say, every checkpoint that anybody was answered is one of the history
// of now, and what was not acknowledged can be sent again and counts once.
func TestAbortedAtEachStatement(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, p place) {
		a := &aborting{t: t, head: p.dir + "/" + p.head}
		r := recordtest.OpenBefore(t, p.url, p.dir+"/keys.db", a.head, a.stop.Before)
		a.child = &child{stand: &stand{Stand: r, ids: id.NewSource(r.Clock, nil)}, to: &a.said}
		a.again()
		roll := a.roll(t, box.RollInput{Gate: box.GateBrowser, Slots: 2})
		signs := a.open(t, roll, 0, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign, MinBatch: 3, Goals: []uint64{3}})
		pledges := a.open(t, roll, 1, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Parts: 2, Goals: []uint64{1, 2}})
		a.boxes = []*box.Info{signs, pledges}
		a.issues(signs)
		a.batches(signs)
		a.changes(pledges)
		a.endings(signs, pledges)
	})
}

// issues gives out a credential.
func (a *aborting) issues(i *box.Info) {
	a.t.Helper()
	g, err := a.AdmitAnybody(ctx, i.Roll, a.ids.Secret())
	if err != nil {
		a.t.Fatal(err)
	}
	c := code(a.t)
	a.each("an issue", nil, func() error {
		_, err := a.issue(i, g, c)
		return err
	})
	if n := a.numbers(a.t, i).Issued; n != 1 {
		a.t.Errorf("%d credentials were given out for one", n)
	}
}

// batches puts three signatures at once into a box, which reach its goal and fill a
// tile.
func (a *aborting) batches(i *box.Info) {
	a.t.Helper()
	a.write(a.t, func(tx *db.Tx) error {
		for range tile.Width - 2 {
			if err := a.Declare(ctx, tx, i.ID, 1, a.ids.Bytes(8)); err != nil {
				return err
			}
		}
		return nil
	})
	var all [][]byte
	for range 3 {
		all = append(all, a.anybody(a.t, i).Signs())
	}
	before := a.size(i.Log())
	a.each("a batch", nil, func() error {
		for _, b := range all {
			if _, err := a.Cast(ctx, i.ID, b); err != nil {
				return err
			}
		}
		a.Boxes.Stop()
		if a.size(i.Log()) == before {
			return errors.New("nothing was recorded")
		}
		return nil
	})
	for _, b := range all {
		if _, err := a.Cast(ctx, i.ID, b); err != nil { // once more, all of them
			a.t.Fatal(err)
		}
	}
	a.Boxes.Stop()
	a.again()
	if n := a.numbers(a.t, i); n.Counted != 3 || len(n.Reached) != 1 || a.size(i.Log()) != before+3 {
		a.t.Errorf("%+v of %d leaves", n, a.size(i.Log()))
	}
}

// changes pledges, reaches goals, moves to another place, and takes back.
func (a *aborting) changes(i *box.Info) {
	a.t.Helper()
	v := a.anybody(a.t, i)
	for _, c := range []struct {
		name string
		v    *boxtest.Voter
		body []byte
	}{
		{"a pledge", v, leaf.Pledge{Threshold: 1}.Encode()},
		{"another pledge", a.anybody(a.t, i), leaf.Pledge{Threshold: 2}.Encode()},
		{"another place", v, leaf.Pledge{Threshold: 1, Part: 1}.Encode()},
		{"done", v, leaf.Done()},
		{"taking back", v, leaf.Withdraw()},
	} {
		b := c.v.Says(c.body)
		at := a.size(i.Log())
		a.each(c.name, nil, func() error { return a.put(i, b) })
		if r := a.cast(a.t, i, b); !r.Again || r.Index != at {
			a.t.Errorf("%s: once more, the receipt is %+v", c.name, r)
		}
	}
	if n := a.numbers(a.t, i); n.Counted != 1 || n.Withdrawn != 1 || n.Done != 1 {
		a.t.Errorf("%+v", n)
	}
}

// endings anchor what grew, and close the boxes and with the second one the roll.
func (a *aborting) endings(first, second *box.Info) {
	a.t.Helper()
	grow := func() {
		a.write(a.t, func(tx *db.Tx) error { return a.Declare(ctx, tx, first.ID, 1, a.ids.Bytes(8)) })
	}
	a.each("an anchor", grow, func() error { return a.Anchor(ctx) })
	for n, i := range []*box.Info{first, second} {
		a.each([]string{"a close", "the last close"}[n], nil, func() error { return a.Close(ctx, i.ID) })
		if !a.numbers(a.t, i).Closed {
			a.t.Error("it is not closed")
		}
	}
	closes := 0
	for _, l := range a.leaves(a.t, record.NodeLog) {
		if _, err := leaf.DecodeClose(l); err == nil {
			closes++
		}
	}
	if closes != 2 {
		a.t.Errorf("%d closes in the record", closes)
	}
}
