package take

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"gate": gatePage.Check, "mailed": mailedPage.Check, "ways": waysPage.Check, "sure": surePage.Check, "done": donePage.Check, "mine": minePage.Check,
		"paste": pastePage.Check, "offline": offlinePage.Check, "again": againPage.Check,
	})
}
