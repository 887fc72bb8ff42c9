package events_test

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/db/dbtest"
)

// TestWhoIsOfferedToKeepAPage: visitors are, of what is public and not long over.
// What somebody sees who is signed in says no-store, so that it cannot be kept.
func TestWhoIsOfferedToKeepAPage(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	const offer = "data-keep "
	soon := "/events/" + string(p.add("a", dbtest.Now.AddDate(0, 0, 3).Format(time.DateOnly)))
	for path, want := range map[string]bool{
		soon: true,
		"/events/" + string(p.add("b", dbtest.Now.AddDate(0, 0, -6).Format(time.DateOnly))): true,
		"/events/" + string(p.add("c", dbtest.Now.AddDate(0, 0, -9).Format(time.DateOnly))): false,
	} {
		w := p.get(path)
		if w.Code != 200 || strings.Contains(w.Body.String(), offer) != want ||
			strings.Contains(w.Header().Get("Content-Security-Policy"), "trusted-types default keep") != want {
			t.Errorf("%s: %d, want %v: %s", path, w.Code, want, w.Header().Get("Content-Security-Policy"))
		}
		if strings.Contains(w.Header().Get("Cache-Control"), "no-store") {
			t.Errorf("%s cannot be kept", path)
		}
	}
	if w := p.as("olga", soon); w.Code != 200 || strings.Contains(w.Body.String(), offer) || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("who is signed in: %d, %s", w.Code, w.Header().Get("Cache-Control"))
	}
	w := p.get("/events/kept")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "data-keep-list") || w.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("the list of what is kept: %d %v", w.Code, w.Header())
	}
}
