package door

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"doors": doorsPage.Check, "door": doorPage.Check, "shown": shownPage.Check, "panel": panelPage.Check,
	})
}
