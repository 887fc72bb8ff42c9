package attendance_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/attendance"
	"convoke/internal/id"
)

// stored is every byte that the main database keeps: the SQLite files with the
// write-ahead log, or all rows of all tables of PostgreSQL as text, where bytes
// are hexadecimal.
func (h *hall) stored(t *testing.T) []byte {
	t.Helper()
	if h.db.Engine() == db.SQLite {
		return filesOf(t, h.path(t))
	}
	var out bytes.Buffer
	ctx := t.Context()
	err := h.db.Read(ctx, func(tx *db.Tx) error {
		tables, err := db.Column[string](ctx, tx, "select table_name from information_schema.tables where table_schema = 'public'")
		if err != nil {
			return err
		}
		for _, name := range tables {
			rows, err := db.Column[string](ctx, tx, fmt.Sprintf("select x::text from %q x", name))
			if err != nil {
				return err
			}
			fmt.Fprintln(&out, name, rows)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (h *hall) path(t *testing.T) string {
	t.Helper()
	var p string
	err := h.db.Read(t.Context(), func(tx *db.Tx) error {
		return tx.Get(t.Context(), "select file from pragma_database_list where name = 'main'", nil, &p)
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// filesOf is an SQLite file, its log and what else lies beside it.
func filesOf(t *testing.T, path string) []byte {
	t.Helper()
	names, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b...)
	}
	return out
}

// holds finds s in the bytes, plain or as hexadecimal.
func holds(b []byte, s string) bool {
	return bytes.Contains(b, []byte(s)) || bytes.Contains(b, []byte(hex.EncodeToString([]byte(s))))
}

func TestNothingPersonalIsStoredPlain(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.publish(t, nil).Event
		const email = "canary-5d1f@example.org"
		in := attendance.Input{Party: 3, Needs: []string{"childcare", "interpreting"}, Email: email, Lang: "sw"}
		secret := h.guest(t, e, in)
		in.Party = 4
		if err := h.Change(t.Context(), e, secret, in); err != nil {
			t.Fatal(err)
		}
		cancelled := h.guest(t, e, attendance.Input{Party: 1, Email: "canary-77aa@example.org"})
		if err := h.Cancel(t.Context(), e, cancelled); err != nil {
			t.Fatal(err)
		}
		rec, err := h.Find(t.Context(), e, secret)
		if err != nil || rec.Email != email {
			t.Fatalf("%+v, %v", rec, err)
		}
		kept := append(h.stored(t), filesOf(t, h.keysFile)...)
		for _, s := range []string{"canary-5d1f", "canary-77aa", secret, cancelled, `"childcare","interpreting"`, `"l":"sw"`} {
			if holds(kept, s) {
				t.Errorf("%q is stored", s)
			}
		}
		// The search would find it, and looks at the right place.
		if !holds(kept, string(e)) || !holds(kept, string(id.Hash(secret))) {
			t.Error("the event or the hash is not found, so the search is blind")
		}
		h.insertPlain(t, "canary-5d1f")
		if !holds(h.stored(t), "canary-5d1f") {
			t.Error("a planted text is not found")
		}
	})
}

func (h *hall) insertPlain(t *testing.T, s string) {
	t.Helper()
	h.exec(t, "insert into setting (name, value) values ('planted', $1)", s)
}

func (h *hall) exec(t *testing.T, q string, args ...any) {
	t.Helper()
	err := h.db.Write(t.Context(), func(tx *db.Tx) error {
		n, err := tx.Exec(t.Context(), q, args...)
		if err == nil && n != 1 {
			err = fmt.Errorf("%d rows", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What is sealed for one row opens in no other: neither in another row of the
// event, nor in the same row of another event.
func TestSealedRowsCannotBeSwapped(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e, other := h.publish(t, nil).Event, h.publish(t, nil).Event
		mine := h.guest(t, e, attendance.Input{Party: 1, Email: "mine@example.org"})
		yours := h.guest(t, e, attendance.Input{Party: 1, Email: "yours@example.org"})
		if _, err := h.SignUp(t.Context(), other, yours, attendance.Input{Party: 1, Email: "there@example.org"}); err != nil {
			t.Fatal(err)
		}
		find := func() error {
			_, err := h.Find(t.Context(), e, mine)
			return err
		}
		before := h.sealed(t, e, mine)
		for _, b := range [][]byte{h.sealed(t, e, yours), h.sealed(t, other, yours), before[:len(before)-1], {}} {
			h.putSealed(t, e, mine, b)
			if err := find(); err == nil {
				t.Errorf("%d bytes of another row open", len(b))
			}
		}
		h.putSealed(t, e, mine, before)
		if err := find(); err != nil {
			t.Errorf("put back, it does not open: %v", err)
		}
	})
}

func (h *hall) sealed(t *testing.T, e id.Event, secret string) (b []byte) {
	t.Helper()
	err := h.db.Read(t.Context(), func(tx *db.Tx) error {
		return tx.Get(t.Context(), "select sealed from attendance where event_id = $1 and hash = $2", []any{string(e), id.Hash(secret)}, &b)
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (h *hall) putSealed(t *testing.T, e id.Event, secret string, b []byte) {
	t.Helper()
	h.exec(t, "update attendance set sealed = $3 where event_id = $1 and hash = $2", string(e), id.Hash(secret), b)
}

// What is stored does not tell by its length whether there is an address.
func TestLengthTellsNothing(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.publish(t, nil).Event
		a := h.sealed(t, e, h.guest(t, e, attendance.Input{Party: 1, Lang: "en"}))
		b := h.sealed(t, e, h.guest(t, e, attendance.Input{Party: 1, Lang: "en", Email: "someone@example.org", Needs: []string{"seating"}}))
		if len(a) != len(b) || bytes.Equal(a, b) {
			t.Errorf("%d and %d bytes", len(a), len(b))
		}
	})
}

// Nobody can fill the key database with events that never were, or that take no
// sign-ups.
func TestNoKeyWithoutRoster(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		closed := h.publish(t, func(c *fact.EventChanged) { c.OpensTo = true })
		closed.OpensTo = false
		h.announce(t, closed)
		for e, want := range map[id.Event]fault.Kind{id.Event(h.ids.New()): fault.KindNotFound, closed.Event: fault.KindGone} {
			_, err := h.SignUp(t.Context(), e, h.ids.Secret(), attendance.Input{Party: 1})
			wantKind(t, err, want)
		}
		if n := h.keyCount(t); n != 0 {
			t.Errorf("%d keys", n)
		}
		h.guest(t, h.publish(t, nil).Event, attendance.Input{Party: 1})
		if n := h.keyCount(t); n != 1 {
			t.Errorf("%d keys after a sign-up", n)
		}
	})
}

func (h *hall) keyCount(t *testing.T) (n int) {
	t.Helper()
	err := h.keys.Read(t.Context(), func(tx *db.Tx) error { return tx.Get(t.Context(), "select count(*) from seal_key", nil, &n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// An input that cannot be accepted leaves nothing behind.
func TestRefusedInputStoresNothing(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.publish(t, func(c *fact.EventChanged) { c.Capacity = 10 }).Event
		for _, c := range []struct {
			in   attendance.Input
			code string
		}{
			{attendance.Input{Party: 0}, "attendance.party"},
			{attendance.Input{Party: -1}, "attendance.party"},
			{attendance.Input{Party: 21}, "attendance.party"},
			{attendance.Input{Party: 11}, "attendance.large"},
			{attendance.Input{Party: 1, Email: "someone"}, "attendance.email"},
			{attendance.Input{Party: 1, Email: "someone@localhost"}, "attendance.email"},
			{attendance.Input{Party: 1, Email: "Some One <someone@example.org>"}, "attendance.email"},
			{attendance.Input{Party: 1, Email: "a@example.org\r\nBcc: b@example.org"}, "attendance.email"},
			{attendance.Input{Party: 1, Email: strings.Repeat("a", 250) + "@example.org"}, "attendance.email"},
		} {
			_, err := h.SignUp(t.Context(), e, h.ids.Secret(), c.in)
			wantKind(t, err, fault.KindInvalid)
			if !fault.HasCode(err, c.code) {
				t.Errorf("%+v: %v", c.in, err)
			}
		}
		for _, s := range []string{"", "x", strings.Repeat("u", 26), h.ids.Secret() + "0", "\x00"} {
			_, err := h.SignUp(t.Context(), e, s, attendance.Input{Party: 1})
			wantKind(t, err, fault.KindMalformed)
		}
		if l := h.ledger(t, e); len(l.Rows)+l.Going+l.Waiting+len(l.Needs) != 0 {
			t.Errorf("%+v", l)
		}
	})
}
