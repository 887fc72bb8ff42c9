package pledges

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"list": listPage.Check, "panel": panelPage.Check, "show": showPage.Check, "edit": editPage.Check, "open": openPage.Check,
		"groups": groupsPage.Check, "codes": codesPage.Check, "news": subscribePage.Check, "after": afterPage.Check,
	})
}
