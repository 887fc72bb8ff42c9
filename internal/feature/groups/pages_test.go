package groups

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"list": listPage.Check, "mine": minePage.Check, "show": showPage.Check, "edit": editPage.Check, "members": membersPage.Check, "confirm": confirmPage.Check, "invitations": invitationsPage.Check, "role": rolePage.Check, "suspend": suspendPage.Check,
		"archive": archivePage.Check, "moved": movedPage.Check, "end": endPage.Check, "ended": endedPage.Check,
		"announcements": announcementsPage.Check, "lineage": lineagePage.Check, "lineage_remove": removeLineagePage.Check, "join": joinPage.Check, "requests": requestsPage.Check, "newcomers": newcomersPage.Check, "welcome": welcomePage.Check, "conduct": conductPage.Check, "conduct_edit": editConductPage.Check,
	})
}
