package translate

import (
	"testing"

	"convoke/internal/i18n/po"
)

// A list names a few of the files that use a text; the text's own page all.
func TestWhereATextIsUsed(t *testing.T) {
	t.Parallel()
	m := &po.Entry{Refs: []string{"internal/app/wire.go", "internal/feature/events/http.go", "internal/web/templates/layout.html"}}
	for most, want := range map[int]string{2: "app/wire.go, events/http.go, …", 3: "app/wire.go, events/http.go, web/templates/layout.html"} {
		if got := where(m, most); got != want {
			t.Errorf("at most %d: %q, want %q", most, got, want)
		}
	}
}
