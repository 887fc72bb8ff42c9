package rides

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"mine": minePage.Check, "offer": offerPage.Check, "need": needPage.Check, "held": heldPage.Check, "panel": panelPage.Check,
		"desk": deskPage.Check,
	})
}
