package grants

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"people": peoplePage.Check, "roster": rosterPage.Check, "helping": helpingPage.Check,
	})
}
