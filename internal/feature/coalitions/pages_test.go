package coalitions

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"list": listPage.Check, "edit": editPage.Check, "points": pointsPage.Check, "show": showPage.Check, "delegates": delegatesPage.Check,
		"appoint": appointPage.Check, "working": workingPage.Check, "panel": panelPage.Check,
	})
}
