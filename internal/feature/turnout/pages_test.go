package turnout

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"panel": panelPage.Check, "days": daysPage.Check, "new": newPage.Check, "list": listPage.Check,
	})
}
