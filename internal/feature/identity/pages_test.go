package identity

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"sign_in": signInPage.Check, "words": wordsPage.Check, "gone": gonePage.Check, "me": mePage.Check, "label": labelPage.Check, "operator": operatorPage.Check, "invitation": invitationPage.Check, "setup": setupPage.Check, "reset": resetPage.Check,
	})
}
