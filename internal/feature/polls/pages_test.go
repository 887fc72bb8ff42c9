package polls

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPages(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"list": listPage.Check, "panel": panelPage.Check, "edit": editPage.Check, "show": showPage.Check, "amend": amendPage.Check,
		"amendment": amendmentPage.Check, "open": openPage.Check, "poll": pollPage.Check, "ballots": ballotsPage.Check, "vote": votePage.Check,
	})
}
