package petitions

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"list": listPage.Check, "panel": panelPage.Check, "show": showPage.Check, "edit": editPage.Check, "act": actPage.Check,
		"codes": codesPage.Check, "sheets": sheetsPage.Check, "comments": commentsPage.Check, "moderate": queuePage.Check,
		"after": afterPage.Check, "afterpanel": afterFragment.Check, "mine": minePage.Check, "followed": followedPage.Check,
	})
}
