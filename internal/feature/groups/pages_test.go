package groups

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"list": listPage.Check, "mine": minePage.Check, "show": showPage.Check, "edit": editPage.Check, "members": membersPage.Check, "confirm": confirmPage.Check, "invitations": invitationsPage.Check,
	})
}
