package app_test

import (
	"context"
	"fmt"
	"slices"

	"convoke/internal/record/leaf"
	"convoke/internal/record/verify"
	"convoke/internal/web/webtest"
)

// served is the record as a stranger gets it over HTTP.
type served struct{ b *webtest.Browser }

// Get implements [verify.Source].
func (s served) Get(_ context.Context, path string) ([]byte, error) {
	a := s.b.Get("/" + path)
	switch a.Status {
	case 404:
		return nil, verify.ErrAbsent
	case 200:
		return []byte(a.Body), nil
	}
	return nil, fmt.Errorf("%s: status %d", path, a.Status)
}

// recounted counts a box again from what the node serves, place by place or group by
// group.
func (s *stand) recounted(b leaf.ID, standing []uint64) {
	s.t.Helper()
	if err := s.Record.Anchor(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	r, err := verify.Verify(s.t.Context(), served{s.visitor()}, verify.Options{Box: b.String()})
	if err != nil || !r.Right() || len(r.Boxes) != 1 || !slices.Equal(r.Boxes[0].Standing, standing) {
		s.t.Errorf("counted again: %+v, %v, want %d", r, err, standing)
	}
}
