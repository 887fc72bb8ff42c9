package app_test

import (
	"context"
	"errors"
	"testing"
)

// A load of the sample that breaks off goes on at the next start and makes nothing
// twice.
func TestLoadDemo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx, stop := context.WithCancel(t.Context())
		if _, err := s.LoadDemo(ctx, func(int) { stop() }); !errors.Is(err, context.Canceled) {
			t.Fatalf("broken off: %v", err)
		}
		half := s.count("select count(*) from event")
		if done, err := s.LoadDemo(t.Context(), nil); err != nil || !done {
			t.Fatalf("gone on: %v, %v", done, err)
		}
		groups, all := s.count("select count(*) from groups"), s.count("select count(*) from event")
		polls := s.count("select count(*) from poll")
		if half == 0 || all <= half || groups != 4 || polls != 2 {
			t.Errorf("%d events, then %d, %d groups and %d polls", half, all, groups, polls)
		}
		if done, err := s.LoadDemo(t.Context(), nil); err != nil || done {
			t.Errorf("loaded again: %v, %v", done, err)
		}
		if n := s.count("select count(*) from event"); n != all {
			t.Errorf("%d events became %d", all, n)
		}
	})
}

func TestLoadDemoBesideOthers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		_, sam := s.signIn("sam")
		s.event(sam, s.group(sam, "riverside", "Riverside Neighbours"), meeting("Open assembly", "2026-12-01"))
		if done, err := s.LoadDemo(t.Context(), nil); err != nil || done {
			t.Errorf("loaded beside other events: %v, %v", done, err)
		}
	})
}
