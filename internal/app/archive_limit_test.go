package app_test

import (
	"io"
	"testing"

	"convoke/internal/app"
	"convoke/internal/authz"
	"convoke/internal/fault"
	"convoke/internal/feature/roles"
	"convoke/internal/id"
)

func newStand(t *testing.T) *stand { return start(t, settings(t, "")) }

func importAll() app.ImportGroupOptions { return app.ImportGroupOptions{} }

func (h *helpers) confirmRole(by authz.Actor, code string) error {
	all := h.column("select role from role_count")
	return h.Roles.Answer(h.t.Context(), by, h.event, roles.IDOf(all[0]), code, roles.Answer{Confirm: true})
}

// writerFunc is a function that is written to.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// One archive is made at a time, and a few of one group in an hour: others are
// told when to come back, and nothing waits for them.
func TestArchivesAreLimited(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	_, sam := s.signIn("sam")
	g := s.group(sam, "riverside", "Riverside Neighbours")
	other := s.group(sam, "hillside", "Hillside Neighbours")
	export := func(g id.Group) error { return s.Groups.Export(t.Context(), g, io.Discard) }
	var during error
	asked := false
	err := s.Groups.Export(t.Context(), g, writerFunc(func(b []byte) (int, error) {
		if !asked {
			asked, during = true, export(other)
		}
		return len(b), nil
	}))
	if err != nil || !fault.HasCode(during, "archive.busy") || fault.Of(during).RetryAfter <= 0 {
		t.Fatalf("%v; a second one meanwhile: %v", err, during)
	}
	for range 5 {
		if err := export(g); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Groups.Archive(t.Context(), sam, "riverside", io.Discard); !fault.HasCode(err, "archive.often") || fault.Of(err).RetryAfter <= 0 {
		t.Errorf("the seventh: %v", err)
	}
	if n := s.count("select count(*) from audit where action = 'export group'"); n != 0 {
		t.Errorf("%d archives are noted that were not made", n)
	}
	if err := s.Groups.Archive(t.Context(), sam, "hillside", io.Discard); err != nil {
		t.Errorf("of another group: %v", err)
	}
}
