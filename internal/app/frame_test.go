package app_test

import (
	"strings"
	"testing"
)

// The list of a campaign's events may stand in a frame on any site, from the
// cache too. Nothing else may, whoever asks, with or without an answer.
func TestFrames(t *testing.T) {
	t.Parallel()
	x := newAccess(t)
	seen, shown := 0, 0
	for _, role := range []string{"visitor", "steward", "operator"} {
		for _, of := range []string{"", " of a draft"} {
			for _, pattern := range x.Site.Patterns() {
				method, path, ok := x.path(pattern, of)
				if !ok || method != "GET" {
					continue
				}
				for range 2 {
					a := x.browser[role].Get(path)
					want := "frame-ancestors 'none'"
					if pattern == "GET /campaigns/{handle}/embed" && of == "" {
						want = "frame-ancestors *"
						seen++
					}
					if a.Status == 200 {
						shown++
					}
					if got := a.Header.Values("Content-Security-Policy"); len(got) != 1 || !strings.Contains(got[0]+";", want+";") {
						t.Errorf("%s: %s answers %d with %q, want %q", role, path, a.Status, got, want)
					}
				}
			}
		}
	}
	if seen != 6 || shown < 400 {
		t.Errorf("%d frames and %d pages were shown", seen, shown)
	}
}
